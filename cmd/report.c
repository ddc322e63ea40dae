/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report.c - see report.h.
 */
#include "cmd/report.h"

#include "cmd/table.h"
#include "host/json.h"
#include "host/message.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

const char *const report_formats[] = { "table", "csv", "json", NULL };

FILE *
report_open(const char *path)
{
	FILE *f = path == NULL ? stdout : fopen(path, "we");

	if (f == NULL)
		message("%s: %s", path, strerror(errno));
	return f;
}

bool
report_close(FILE *f, const char *path)
{
	bool ok = fflush(f) == 0 && !ferror(f);

	if (!ok)
		message("%s: %s", path == NULL ? "standard output" : path,
		    strerror(errno));
	if (f != stdout)
		(void)fclose(f);
	return ok;
}

/* ---------------------------------------------------------------- table */

/* What the table has, in words; NULL: an empty line. */
static const struct line {
	const char *label, *name;
} lines[] = {
	{ "map entries, peak of one process", "map_entries_peak" },
	{ "map entries, peak of all", "entries_in_use_peak" },
	{ "", NULL },
	{ "faults", "faults" },
	{ "  zero-filled", "fault_zero_fill" },
	{ "  private page, mapped", "fault_anon" },
	{ "  private page, copied", "fault_cow" },
	{ "  object's page, mapped", "fault_object" },
	{ "  object's page, copied", "fault_object_cow" },
	{ "neighbours entered", "neighbours_entered" },
	{ "zero-filled ahead", "fault_ahead_zero" },
	{ "copied ahead", "fault_ahead_copy" },
	{ "", NULL },
	{ "pages zeroed, used before", "pages_zeroed" },
	{ "pages copied", "pages_copied" },
	{ "pages read in", "pageins" },
	{ "  requests", "pagein_io" },
	{ "pages in use, peak of all", "pages_used_peak" },
	{ "metadata bytes, peak", "metadata_bytes_peak" },
	{ "", NULL },
	{ "processes", "processes" },
	{ "forks", "forks" },
	{ "stops of the program", "host_stops" },
	{ "instructions of the VM", "instructions" },
};

#define NLINES (sizeof(lines) / sizeof(lines[0]))

static bool
has_line(const char *name)
{
	/* What does not depend on the design, or is said otherwise, as
	 * docs/compare.md tells. */
	static const char *const left_out[] = { "pages_total", "pages_free",
		"swap_pages", "swap_in_use", "entries_freed", "anons_freed" };

	for (size_t i = 0; i < NLINES; i++)
		if (lines[i].name != NULL && strcmp(lines[i].name, name) == 0)
			return true;
	for (size_t i = 0; i < sizeof(left_out) / sizeof(left_out[0]); i++)
		if (strcmp(left_out[i], name) == 0)
			return true;
	return strncmp(name, "host_", 5) == 0;
}

static void
put_number(struct table *t, uint64_t value)
{
	if (value == RESULT_UNKNOWN)
		table_cell(t, "-");
	else
		table_cell(t, "%" PRIu64, value);
}

/* The most of all runs, as a multiple of the least. */
static void
put_spread(struct table *t, const struct report *r, const char *name)
{
	uint64_t least = UINT64_MAX, most = 0, value;

	for (size_t i = 0; i < r->count; i++) {
		value = result_value(r->results[i], name);
		least = value < least ? value : least;
		most = value > most ? value : most;
	}
	if (most != RESULT_UNKNOWN && least != most && least != 0)
		table_cell(t, "%.2f", (double)most / (double)least);
	table_end_row(t);
}

static void
put_line(struct table *t, const struct report *r, const struct line *line)
{
	table_cell(t, "%s", line->label);
	if (line->name == NULL) {
		table_end_row(t);
		return;
	}
	for (size_t i = 0; i < r->count; i++)
		put_number(t, result_value(r->results[i], line->name));
	put_spread(t, r, line->name);
}

static void
put_wall(struct table *t, const struct report *r)
{
	table_cell(t, "wall seconds, of one run");
	for (size_t i = 0; i < r->count; i++)
		table_cell(t, "%.3f", r->results[i]->wall_seconds);
	table_end_row(t);
}

static bool
says_something(const struct report *r, const char *name)
{
	for (size_t i = 0; i < r->count; i++)
		if (result_value(r->results[i], name) != 0)
			return true;
	return false;
}

/* Counters that have no line of their own above. */
static void
put_others(struct table *t, const struct report *r)
{
	const struct run_result *first = r->results[0];

	for (size_t i = 0; i < first->count; i++) {
		const char *name = first->numbers[i].name;
		struct line line = { name, name };

		if (!has_line(name) && says_something(r, name))
			put_line(t, r, &line);
	}
}

static void
print_verdict(const struct report *r, FILE *f)
{
	if (!r->same)
		fprintf(f, "\nthe runs DIFFER: standard error says where\n");
	else if (r->count > 1)
		fprintf(f,
		    "\nsame output and exit status %d under all %zu designs\n",
		    r->results[0]->status, r->count);
	else
		fprintf(f, "\nexit status %d\n", r->results[0]->status);
}

static bool
print_table(const struct report *r, FILE *f)
{
	struct table t;
	bool ok;

	table_init(&t, r->count + 2);
	table_cell(&t, "%s", "");
	for (size_t i = 0; i < r->count; i++)
		table_cell(&t, "%s", r->results[i]->design);
	table_cell(&t, "%s", r->count > 1 ? "most/least" : "");
	for (size_t i = 0; i < NLINES; i++)
		put_line(&t, r, &lines[i]);
	put_wall(&t, r);
	put_line(&t, r, &(struct line){ "", NULL });
	put_others(&t, r);
	(void)fputc('\n', f);
	ok = table_print(&t, f);
	table_fini(&t);
	print_verdict(r, f);
	if (!ok)
		message("out of memory");
	return ok;
}

/* ------------------------------------------------------------- machines */

static void
print_csv(const struct report *r, FILE *f)
{
	const struct run_result *first = r->results[0];

	fprintf(f, "design,status");
	for (size_t i = 0; i < first->count; i++)
		fprintf(f, ",%s", first->numbers[i].name);
	fprintf(f, ",wall_seconds\n");
	for (size_t k = 0; k < r->count; k++) {
		const struct run_result *run = r->results[k];

		fprintf(f, "%s,%d", run->design, run->status);
		for (size_t i = 0; i < run->count; i++)
			if (run->numbers[i].value == RESULT_UNKNOWN)
				fprintf(f, ",");
			else
				fprintf(f, ",%" PRIu64, run->numbers[i].value);
		fprintf(f, ",%.6f\n", run->wall_seconds);
	}
}

static void
print_json(const struct report *r, FILE *f)
{
	fprintf(f, "{\"program\":[");
	for (size_t i = 0; r->argv[i] != NULL; i++) {
		(void)fputs(i == 0 ? "" : ",", f);
		json_string(f, r->argv[i]);
	}
	fprintf(f, "],\"memory\":%" PRIu64 ",\"same\":%s,\"runs\":[", r->memory,
	    r->same ? "true" : "false");
	for (size_t i = 0; i < r->count; i++) {
		(void)fputs(i == 0 ? "" : ",", f);
		result_begin_json(f, r->results[i]);
		fprintf(f, ",\"status\":%d", r->results[i]->status);
		result_end_json(f, r->results[i]);
	}
	fprintf(f, "]}\n");
}

bool
report_print(const struct report *r, enum report_format format, FILE *f)
{
	bool ok = true;

	if (r->glued)
		(void)fputc('\n', f);
	switch (format) {
	case REPORT_TABLE:
		ok = print_table(r, f);
		break;
	case REPORT_CSV:
		print_csv(r, f);
		break;
	case REPORT_JSON:
		print_json(r, f);
		break;
	}
	return ok;
}
