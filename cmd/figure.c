/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * figure.c - see figure.h.
 *
 * The columns are those of the paper, then mach and netbsd, which stand for
 * its two systems, with their ratio, then the other designs.  A design that was
 * not asked for has no column.
 */
#include "cmd/figure.h"

#include "cmd/table.h"
#include "host/json.h"
#include "host/message.h"

#include <stdlib.h>
#include <string.h>

#define MIDDLE 6 /* columns before other designs, at most, but the label */

void
figures_init(struct figures *f, const struct vm_design *const *designs,
    size_t n)
{
	*f = (struct figures){ .designs = designs, .ndesigns = n };
}

void
figures_fini(struct figures *f)
{
	free(f->rows);
}

struct figure_row *
figures_add(struct figures *f, const struct figure_row *like)
{
	struct figure_row *rows;
	size_t room;

	if (f->count == f->room) {
		room = f->room == 0 ? 32 : 2 * f->room;
		rows = reallocarray(f->rows, room, sizeof(*rows));
		if (rows == NULL) {
			message("out of memory");
			return NULL;
		}
		f->rows = rows;
		f->room = room;
	}
	f->rows[f->count] = *like;
	for (size_t i = 0; i < OPTION_DESIGNS_MAX; i++)
		f->rows[f->count].values[i] = (double)NAN;
	return &f->rows[f->count++];
}

/* ---------------------------------------------------------------- values */

/* Its values in the row; NULL: it was not asked for. */
static const double *
value_of(const struct figures *f, const struct figure_row *row,
    const char *design)
{
	for (size_t i = 0; i < f->ndesigns; i++)
		if (strcmp(f->designs[i]->name, design) == 0)
			return &row->values[i];
	return NULL;
}

static double
ratio(double uvm, double bsd)
{
	return bsd > 0 ? uvm / bsd : (double)NAN;
}

static bool
is_other(const struct vm_design *d)
{
	return strcmp(d->name, "mach") != 0 && strcmp(d->name, "netbsd") != 0;
}

struct column {
	const char *csv, *text;
	double value;
	bool ratio;
};

/* => how many columns of the middle */
static size_t
middle(const struct figures *f, const struct figure_row *row, struct column *c)
{
	const double *mach = value_of(f, row, "mach");
	const double *netbsd = value_of(f, row, "netbsd");
	size_t n = 0;

	c[n++] = (struct column){ "paper_bsd", "paper BSD", row->bsd, false };
	c[n++] = (struct column){ "paper_uvm", "paper UVM", row->uvm, false };
	c[n++] = (struct column){ "paper_ratio", "UVM/BSD",
		ratio(row->uvm, row->bsd), true };
	if (mach != NULL)
		c[n++] = (struct column){ "mach", "mach", *mach, false };
	if (netbsd != NULL)
		c[n++] = (struct column){ "netbsd", "netbsd", *netbsd, false };
	if (mach != NULL && netbsd != NULL)
		c[n++] = (struct column){ "ratio", "netbsd/mach",
			ratio(*netbsd, *mach), true };
	return n;
}

/* All columns of a row but the label. */
static size_t
columns(const struct figures *f, const struct figure_row *row, struct column *c)
{
	size_t n = middle(f, row, c);

	for (size_t i = 0; i < f->ndesigns; i++)
		if (is_other(f->designs[i]))
			c[n++] = (struct column){ f->designs[i]->name,
				f->designs[i]->name, row->values[i], false };
	return n;
}

/* ---------------------------------------------------------------- people */

/* Counts are whole; of the others, three figures say enough. */
static int
decimals(const struct column *c)
{
	if (c->ratio)
		return 2;
	if (c->value == rint(c->value) || c->value >= 100)
		return 0;
	return c->value < 10 ? 2 : 1;
}

static void
put_value(struct table *t, const struct column *c)
{
	if (isnan(c->value))
		table_cell(t, "-");
	else
		table_cell(t, "%.*f", decimals(c), c->value);
}

static bool
same_table(const struct figure_row *a, const struct figure_row *b)
{
	return strcmp(a->figure, b->figure) == 0 &&
	    strcmp(a->measure, b->measure) == 0;
}

static void
put_head(struct table *t, const struct figures *f, const struct figure_row *row)
{
	struct column c[MIDDLE + OPTION_DESIGNS_MAX];
	size_t n = columns(f, row, c);

	table_cell(t, "%s", "");
	for (size_t i = 0; i < n; i++)
		table_cell(t, "%s", c[i].text);
}

static void
put_row(struct table *t, const struct figures *f, const struct figure_row *row)
{
	struct column c[MIDDLE + OPTION_DESIGNS_MAX];
	size_t n = columns(f, row, c);

	table_cell(t, "%s", row->label);
	for (size_t i = 0; i < n; i++)
		put_value(t, &c[i]);
}

/* One table, from row first on.  => where the next begins; 0: no memory */
static size_t
print_table(const struct figures *f, size_t first, FILE *out)
{
	const struct figure_row *row = &f->rows[first];
	struct column c[MIDDLE + OPTION_DESIGNS_MAX];
	size_t i = first;
	struct table t;
	bool ok;

	fprintf(out, "%s%s: %s", first == 0 ? "" : "\n", row->title,
	    row->measure);
	if (row->paper != NULL && !isnan(row->bsd))
		fprintf(out, " (the paper: %s)", row->paper);
	fprintf(out, "\n\n");
	table_init(&t, 1 + columns(f, row, c));
	put_head(&t, f, row);
	for (; i < f->count && same_table(row, &f->rows[i]); i++)
		put_row(&t, f, &f->rows[i]);
	ok = table_print(&t, out);
	table_fini(&t);
	return ok ? i : 0;
}

/* -------------------------------------------------------------- machines */

static void
put_csv_strings(const struct figure_row *row, FILE *out)
{
	const char *const strings[] = { row->figure, row->measure,
		row->paper == NULL ? row->measure : row->paper, row->label };

	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		table_csv_string(out, strings[i]);
		(void)fputs(i + 1 < sizeof(strings) / sizeof(strings[0]) ? "," :
									   "",
		    out);
	}
}

static void
print_csv(const struct figures *f, FILE *out)
{
	struct column c[MIDDLE + OPTION_DESIGNS_MAX];
	size_t n = f->count == 0 ? 0 : columns(f, &f->rows[0], c);

	fprintf(out, "figure,measure,paper_unit,case");
	for (size_t i = 0; i < n; i++)
		fprintf(out, ",%s", c[i].csv);
	(void)fputc('\n', out);
	for (size_t k = 0; k < f->count; k++) {
		const struct figure_row *row = &f->rows[k];

		put_csv_strings(row, out);
		n = columns(f, row, c);
		for (size_t i = 0; i < n; i++)
			if (isnan(c[i].value))
				(void)fputc(',', out);
			else
				fprintf(out, ",%.10g", c[i].value);
		(void)fputc('\n', out);
	}
}

static void
print_json_row(const struct figures *f, const struct figure_row *row, FILE *out)
{
	struct column c[MIDDLE + OPTION_DESIGNS_MAX];
	size_t n = columns(f, row, c);

	fprintf(out,
	    "{\"figure\":\"%s\",\"measure\":\"%s\",\"paper_unit\":\"%s\","
	    "\"case\":",
	    row->figure, row->measure,
	    row->paper == NULL ? row->measure : row->paper);
	json_string(out, row->label);
	for (size_t i = 0; i < n; i++)
		if (isnan(c[i].value))
			fprintf(out, ",\"%s\":null", c[i].csv);
		else
			fprintf(out, ",\"%s\":%.10g", c[i].csv, c[i].value);
	(void)fputc('}', out);
}

static void
print_json(const struct figures *f, FILE *out)
{
	fprintf(out, "{\"suite\":\"cranor\",\"rows\":[");
	for (size_t i = 0; i < f->count; i++) {
		(void)fputs(i == 0 ? "" : ",", out);
		print_json_row(f, &f->rows[i], out);
	}
	fprintf(out, "]}\n");
}

bool
figures_print(const struct figures *f, enum report_format format, FILE *out)
{
	switch (format) {
	case REPORT_TABLE:
		for (size_t i = 0; i < f->count;) {
			i = print_table(f, i, out);
			if (i == 0) {
				message("out of memory");
				return false;
			}
		}
		break;
	case REPORT_CSV:
		print_csv(f, out);
		break;
	case REPORT_JSON:
		print_json(f, out);
		break;
	}
	return true;
}
