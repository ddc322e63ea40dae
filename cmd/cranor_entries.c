/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cranor_entries.c - Table 1: map entries in use, the most at any time, in all
 * processes of a run.
 */
#include "cmd/cranor_part.h"

struct entries_case {
	const char *label;
	double bsd, uvm;
	const char *script;   /* for cranor_shell; or NULL, and */
	const char *words[2]; /* a program and its first argument */
};

/* Stand for files that are made for the suite. */
static const char CAT[] = "cat", HELLO[] = "hello.c";

static const struct entries_case cases[] = {
	{ "cat (static)", 11, 6, NULL, { CAT, NULL } },
	{ "od (dynamic)", 21, 12, NULL, { "od", HELLO } },
	{ "single-user boot", 50, 26,
	    "sh -c 'ls / && cat /proc/mounts && (sleep 0.1; :)'",
	    { NULL, NULL } },
	{ "multi-user boot", 400, 242,
	    "for d in 1 2 3 4 5 6 7 8 9 10; do sleep 0.7 & done;"
	    "for d in a b c d; do (while sleep 0.6; do break; done) & done;"
	    "sh -c 'ls / && cat /proc/mounts && (sleep 0.3; :)'; wait",
	    { NULL, NULL } },
	{ "nine processes", 275, 186,
	    "(sleep 0.4; ls /) | sort | uniq | tr a b | sed s/b/a/ | awk 1 |"
	    "grep . | od | wc",
	    { NULL, NULL } },
};

static const char *
file_of(const struct cranor *c, const char *word)
{
	return word == CAT ? c->cat : word == HELLO ? c->hello : word;
}

static bool
run(struct cranor *c, const struct entries_case *ec, const struct vm_design *d,
    struct run_result *r)
{
	const char *const words[] = { file_of(c, ec->words[0]),
		file_of(c, ec->words[1]), NULL };

	if (ec->script != NULL)
		return cranor_shell(c, d, ec->script, r);
	return cranor_program(c, d, words, r);
}

static double
count(struct cranor *c, const struct vm_design *d, const void *the_case)
{
	struct run_result r;

	return run(c, the_case, d, &r) ?
	    (double)result_value(&r, "entries_in_use_peak") :
	    (double)NAN;
}

bool
cranor_entries(struct cranor *c)
{
	for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
		const struct figure_row like = { .figure = "table1",
			.title = "Table 1",
			.measure = "map entries in use",
			.label = cases[k].label,
			.bsd = cases[k].bsd,
			.uvm = cases[k].uvm };

		if (!cranor_row(c, &like, count, &cases[k]))
			return false;
	}
	return true;
}
