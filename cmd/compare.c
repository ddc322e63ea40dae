/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * compare.c - see compare.h.
 *
 * The program's output comes first, as the first run makes it, then our
 * report: a table for people, with a column for each design; or one line of
 * JSON; or CSV, with a line for each design.  The last two have every counter
 * that --stats has; the table has the ones below, and those of the designs' own
 * that say something.
 */
#include "cmd/compare.h"

#include "cmd/cranor.h"
#include "cmd/options.h"
#include "cmd/progress.h"
#include "cmd/report.h"
#include "cmd/trial.h"
#include "host/message.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME_ROOM 48

struct compare {
	struct run_options run;
	const struct vm_design *designs[OPTION_DESIGNS_MAX];
	size_t count;  /* of designs; so many runs are made */
	uint64_t keep; /* bytes of input, and of each output stream */
	enum report_format format;
	const char *output; /* a file for the report; NULL: standard output */
	bool suite;
	struct trial_set set;
	struct trial trials[OPTION_DESIGNS_MAX];
};

/* -------------------------------------------------------------- verdict */

static const char *const stream_names[] = { "standard output",
	"standard error" };

static void
say_where(const char *name, const char *a, const char *b,
    const struct trial_stream *s)
{
	unsigned long long at = s->at, line = s->line;

	if (line == 0)
		message("%s under %s differs from that under %s, somewhere "
			"behind byte %llu",
		    name, b, a, at);
	else
		message("%s under %s differs from that under %s, from byte "
			"%llu on (line %llu)",
		    name, b, a, at, line);
}

/* The design of run i; with its number, when it is not the only one. */
static void
name_run(const struct compare *c, size_t i, char *name, size_t room)
{
	size_t same = 0;

	for (size_t k = 0; k < c->count; k++)
		same += c->designs[k] == c->designs[i];
	if (same > 1)
		(void)snprintf(name, room, "%s (run %zu)", c->designs[i]->name,
		    i + 1);
	else
		(void)snprintf(name, room, "%s", c->designs[i]->name);
}

/* Say how run i differs from the first one. */
static bool
is_same(const struct compare *c, size_t i)
{
	const struct trial *first = &c->trials[0], *t = &c->trials[i];
	bool same = t->result.status == first->result.status;
	char a[NAME_ROOM], b[NAME_ROOM];

	name_run(c, 0, a, sizeof(a));
	name_run(c, i, b, sizeof(b));
	if (!same)
		message("exit status %d under %s, %d under %s",
		    t->result.status, b, first->result.status, a);
	for (int k = 0; k < TRIAL_STREAMS; k++) {
		const struct trial_stream *s = &t->streams[k];

		if (!s->differs)
			continue;
		say_where(stream_names[k], a, b, s);
		same = false;
	}
	return same;
}

static bool
all_same(const struct compare *c)
{
	bool same = true;

	for (size_t i = 1; i < c->count; i++)
		if (!is_same(c, i))
			same = false;
	return same;
}

/* --------------------------------------------------------------- report */

static bool
report(const struct compare *c, bool same, FILE *f)
{
	const struct run_result *results[OPTION_DESIGNS_MAX];
	struct report r = { .argv = c->run.argv,
		.memory = c->run.memory,
		.results = results,
		.count = c->count,
		.same = same,
		.glued = c->output == NULL &&
		    c->trials[0].streams[TRIAL_OUT].length != 0 &&
		    c->trials[0].streams[TRIAL_OUT].last != '\n' };

	for (size_t i = 0; i < c->count; i++)
		results[i] = &c->trials[i].result;
	return report_print(&r, c->format, f);
}

/* ----------------------------------------------------------------- runs */

/* A program that was never loaded has nothing to compare. */
static bool
has_run(const struct trial *t)
{
	return result_value(&t->result, "faults") != 0;
}

static bool
run_all(struct compare *c)
{
	for (size_t i = 0; i < c->count; i++) {
		c->run.design = c->designs[i];
		if (i > 0)
			progress("%s, %zu of %zu", c->designs[i]->name, i + 1,
			    c->count);
		if (!trial_run(&c->set, &c->run,
			i == 0 ? TRIAL_PASS : TRIAL_COMPARE, &c->trials[i])) {
			progress_end();
			return false;
		}
		if (!has_run(&c->trials[0]))
			break;
	}
	progress_end();
	return true;
}

static int
run_and_report(struct compare *c, FILE *f)
{
	bool same;

	if (!trial_read_input(&c->set) || !run_all(c))
		return trial_signal() != 0 ? 128 + trial_signal() : RUN_FAILED;
	if (!has_run(&c->trials[0]))
		return c->trials[0].result.status;
	same = all_same(c);
	if (!report(c, same, f) || c->trials[0].lost)
		return RUN_FAILED;
	return same ? c->trials[0].result.status : COMPARE_DIFFERS;
}

static int
compare_program(struct compare *c, FILE *f)
{
	int status = RUN_FAILED;

	trial_catch_signals();
	if (trial_set_open(&c->set, c->keep)) {
		status = run_and_report(c, f);
		trial_set_close(&c->set);
	}
	return status;
}

/* -------------------------------------------------------------- options */

enum { OPT_DESIGNS = 256, OPT_FORMAT, OPT_SUITE, OPT_KEEP };

static const struct option longs[] = {
	{ "designs", required_argument, NULL, OPT_DESIGNS },
	{ "format", required_argument, NULL, OPT_FORMAT },
	{ "suite", required_argument, NULL, OPT_SUITE },
	{ "keep", required_argument, NULL, OPT_KEEP },
	{ "output", required_argument, NULL, 'o' },
	{ NULL, 0, NULL, 0 },
};

static bool
set_option(struct compare *c, int opt, char **argv)
{
	static const char *const suites[] = { "cranor", NULL };
	unsigned which;

	switch (opt) {
	case 'm':
		return option_memory(optarg, &c->run.memory);
	case 's':
		return option_swap(optarg, &c->run);
	case 'o':
		c->output = optarg;
		return option_is_file("--output", optarg);
	case OPT_DESIGNS:
		return option_designs(optarg, c->designs, OPTION_DESIGNS_MAX,
		    &c->count);
	case OPT_FORMAT:
		if (!option_word("--format", optarg, report_formats, &which))
			return false;
		c->format = (enum report_format)which;
		return true;
	case OPT_KEEP:
		return option_keep(optarg, &c->keep);
	case OPT_SUITE:
		c->suite = true;
		return option_word("--suite", optarg, suites, &which);
	case 'd':
		message("compare has no -d: see --designs=A,B,...");
		return false;
	default:
		message("%s: not an option of compare, or without its value; "
			"see bsdvm help compare",
		    argv[optind - 1]);
		return false;
	}
}

static bool
set_options(struct compare *c, int argc, char **argv)
{
	int opt;

	c->run.memory = OPTION_MEMORY_DEFAULT;
	c->keep = OPTION_KEEP_DEFAULT;
	c->count = option_all_designs(c->designs, OPTION_DESIGNS_MAX);
	opterr = 0;
	while ((opt = getopt_long(argc, argv, "+d:m:s:o:", longs, NULL)) != -1)
		if (!set_option(c, opt, argv))
			return false;
	c->run.argv = argv + optind;
	if (c->suite && optind != argc)
		message("compare: a suite or a program, not both");
	else if (c->suite && c->run.nswaps > 0)
		message("compare: a suite does not swap");
	else if (!c->suite && optind == argc)
		message("compare what? see bsdvm help compare");
	else
		return true;
	return false;
}

static int
compare_suite(const struct compare *c, FILE *f)
{
	struct cranor_options options = { .designs = c->designs,
		.count = c->count,
		.format = c->format,
		.memory = c->run.memory,
		.output = f };

	return cranor_run(&options);
}

/* The report's file is opened first: the runs may take long. */
static int
compare(struct compare *c)
{
	FILE *f = report_open(c->output);
	int status;

	if (f == NULL)
		return RUN_FAILED;
	status = c->suite ? compare_suite(c, f) : compare_program(c, f);
	return report_close(f, c->output) ? status : RUN_FAILED;
}

int
cmd_compare(int argc, char **argv)
{
	struct compare *c = calloc(1, sizeof(*c));
	int status = RUN_FAILED;

	if (c == NULL)
		message("out of memory");
	else if (set_options(c, argc, argv))
		status = compare(c);
	free(c);
	return status;
}
