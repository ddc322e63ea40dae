/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report.h - the report of `bsdvm compare PROGRAM`, in three formats.
 */
#ifndef CMD_REPORT_H
#define CMD_REPORT_H

#include "host/result.h"
#include "vm/vm_types.h"

#include <stdio.h>

enum report_format { REPORT_TABLE, REPORT_CSV, REPORT_JSON };
extern const char *const report_formats[]; /* their names; NULL at the end */

struct report {
	char **argv;
	vsize_t memory; /* bytes */
	const struct run_result *const *results;
	size_t count;
	bool same;  /* output and exit status were */
	bool glued; /* the output before it did not end in a newline */
};

/* A file for a report, NULL being standard output.  => NULL, false: an error,
 * of which a message has been given */
FILE *report_open(const char *path);
bool report_close(FILE *, const char *path);

/* => false: no memory, a message has been given */
bool report_print(const struct report *, enum report_format, FILE *);

#endif
