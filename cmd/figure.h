/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * figure.h - tables of the suite: the paper's values beside ours.
 *
 *	figure		row	    paper's BSD, UVM	values by design
 *	"table3"	"read/..."	24	21	[mach] [netbsd] ...
 *
 * Rows that follow each other and agree in figure and measure are one table.
 * A value that is not known is NAN.
 */
#ifndef CMD_FIGURE_H
#define CMD_FIGURE_H

#include "cmd/options.h"
#include "cmd/report.h"
#include "vm/vm_design.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

struct figure_row {
	const char *figure;  /* "table1": for machines */
	const char *title;   /* of the table: for people */
	const char *measure; /* what the values are: "faults" */
	const char *label;   /* of the row */
	double bsd, uvm;     /* of the paper, in the unit of `paper` */
	const char *paper;   /* "us"; the same as measure when NULL */
	double values[OPTION_DESIGNS_MAX]; /* ours, in order of the designs */
};

struct figures {
	const struct vm_design *const *designs;
	size_t ndesigns;
	struct figure_row *rows;
	size_t count, room;
};

void figures_init(struct figures *, const struct vm_design *const *, size_t n);
void figures_fini(struct figures *);
/*
 * figures_add: a row like this one, with no values yet; it stays where it is
 * until the next is added.  => NULL: no memory, a message has been given
 */
struct figure_row *figures_add(struct figures *, const struct figure_row *);

/* => false: no memory */
bool figures_print(const struct figures *, enum report_format, FILE *);

#endif
