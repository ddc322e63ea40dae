/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cranor_faults.c - Table 2: page faults of commands.
 *
 * As csh's `time` saw them: fork, exec and the command, with its files in
 * memory from an earlier time.  So a shell runs the command twice, and what a
 * run of it once had to do is taken off.
 */
#include "cmd/cranor_part.h"

#include <stdio.h>

struct faults_case {
	const char *label;
	double bsd, uvm;
	const char *command; /* for cranor_shell */
};

static const struct faults_case cases[] = {
	{ "ls /", 59, 33, "ls /" },
	{ "finger chuck: pinky root", 128, 74, "pinky -l root" },
	{ "cc hello.c", 1086, 590, "cc -o \"$2/hello\" \"$1\"" },
	{ "man csh: man man", 114, 64, "man -P cat man" },
	{ "newaliases: ldconfig", 229, 127,
	    "/sbin/ldconfig -X -C \"$2/cache\"" },
};

static double
count(struct cranor *c, const struct vm_design *d, const char *script)
{
	struct run_result r;

	return cranor_shell(c, d, script, &r) ?
	    (double)result_value(&r, "faults") :
	    (double)NAN;
}

static double
count_second(struct cranor *c, const struct vm_design *d, const void *the_case)
{
	const struct faults_case *fc = the_case;
	char once[160], twice[320];
	double first;

	(void)snprintf(once, sizeof(once), "(exec %s) || exit; :", fc->command);
	(void)snprintf(twice, sizeof(twice), "(exec %s) || exit; %s",
	    fc->command, once);
	first = count(c, d, once);
	return isnan(first) ? first : count(c, d, twice) - first;
}

bool
cranor_faults(struct cranor *c)
{
	for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
		const struct figure_row like = { .figure = "table2",
			.title = "Table 2",
			.measure = "page faults",
			.label = cases[k].label,
			.bsd = cases[k].bsd,
			.uvm = cases[k].uvm };

		if (!cranor_row(c, &like, count_second, &cases[k]))
			return false;
	}
	return true;
}
