/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * table.c - see table.h.
 */
#include "cmd/table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define GAP 2 /* spaces between columns */

void
table_init(struct table *t, size_t columns)
{
	*t = (struct table){ .columns = columns };
}

void
table_fini(struct table *t)
{
	for (size_t i = 0; i < t->count; i++)
		free(t->cells[i]);
	free(t->cells);
}

static bool
make_room(struct table *t)
{
	size_t room = t->room == 0 ? 64 : 2 * t->room;
	char **cells;

	if (t->count < t->room)
		return true;
	cells = reallocarray(t->cells, room, sizeof(*cells));
	if (cells == NULL)
		return false;
	t->cells = cells;
	t->room = room;
	return true;
}

void
table_cell(struct table *t, const char *format, ...)
{
	char *cell;
	va_list ap;

	va_start(ap, format);
	if (!make_room(t) || vasprintf(&cell, format, ap) < 0)
		t->failed = true;
	else
		t->cells[t->count++] = cell;
	va_end(ap);
}

void
table_end_row(struct table *t)
{
	while (t->count % t->columns != 0 && !t->failed)
		table_cell(t, "%s", "");
}

static size_t
width(const struct table *t, size_t column)
{
	size_t widest = 0;

	for (size_t i = column; i < t->count; i += t->columns)
		if (widest < strlen(t->cells[i]))
			widest = strlen(t->cells[i]);
	return widest;
}

static void
print_cell(const struct table *t, size_t i, FILE *f)
{
	int w = (int)width(t, i % t->columns);

	if (i % t->columns == 0)
		fprintf(f, "%-*s", w, t->cells[i]);
	else
		fprintf(f, "%*s", w + GAP, t->cells[i]);
}

/* Where the row that begins at cell i has nothing more to show. */
static size_t
row_end(const struct table *t, size_t i)
{
	size_t end = i + t->columns < t->count ? i + t->columns : t->count;

	while (end > i + 1 && t->cells[end - 1][0] == '\0')
		end--;
	return end;
}

bool
table_print(const struct table *t, FILE *f)
{
	for (size_t row = 0; row < t->count; row += t->columns) {
		size_t end = row_end(t, row);

		if (end == row + 1)
			fprintf(f, "%s", t->cells[row]);
		else
			for (size_t i = row; i < end; i++)
				print_cell(t, i, f);
		(void)fputc('\n', f);
	}
	return !t->failed;
}

void
table_csv_string(FILE *f, const char *s)
{
	if (s[strcspn(s, ",\"\r\n")] == '\0') {
		(void)fputs(s, f);
		return;
	}
	(void)fputc('"', f);
	for (; *s != '\0'; s++) {
		if (*s == '"')
			(void)fputc('"', f);
		(void)fputc(*s, f);
	}
	(void)fputc('"', f);
}
