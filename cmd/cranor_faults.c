/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cranor_faults.c - Table 2: page faults of commands.
 *
 * As csh's `time` saw them: fork, exec and the command, with its files in
 * memory from an earlier time.  So a shell runs the command twice, and what a
 * run of it once had to do is taken off.
 */
#include "cmd/cranor_part.h"

#include "cmd/progress.h"

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

static bool
count(struct cranor *c, const struct vm_design *d, const char *script,
    double *faults)
{
	struct run_result r;

	if (!cranor_shell(c, d, script, &r))
		return false;
	*faults = (double)result_value(&r, "faults");
	return true;
}

static void
measure(struct cranor *c, struct figure_row *row, const char *command, size_t i)
{
	const struct vm_design *d = c->options->designs[i];
	char once[160], twice[320];
	double first, both;

	c->doing = row->label;
	progress("Table 2: %s, %s", row->label, d->name);
	(void)snprintf(once, sizeof(once), "(exec %s) || exit; :", command);
	(void)snprintf(twice, sizeof(twice), "(exec %s) || exit; %s", command,
	    once);
	if (count(c, d, once, &first) && count(c, d, twice, &both))
		row->values[i] = both - first;
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
		struct figure_row *row = figures_add(&c->figures, &like);

		if (row == NULL)
			return false;
		for (size_t i = 0; i < c->options->count; i++) {
			measure(c, row, cases[k].command, i);
			if (trial_signal() != 0)
				return false;
		}
	}
	return true;
}
