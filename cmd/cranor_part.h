/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cranor_part.h - the parts of the suite, and what they share.
 *
 * Each part adds its rows.  A part returns false when the whole has to end: a
 * signal has come, or memory is out; what it could not measure otherwise is
 * left unknown.
 */
#ifndef CMD_CRANOR_PART_H
#define CMD_CRANOR_PART_H

#include "cmd/count.h"
#include "cmd/cranor.h"
#include "cmd/figure.h"
#include "cmd/trial.h"

_Static_assert(COUNT_ARGS_MAX >= OPTION_DESIGNS_MAX,
    "all designs take their turns");

struct cranor {
	const struct cranor_options *options;
	struct figures figures;
	struct trial_set set;    /* runs of programs; their input is empty */
	const char *doing;       /* the row that is being measured */
	char dir[64];            /* for files of theirs */
	char cat[80], hello[80]; /* a static program; a source, in dir */
};

bool cranor_entries(struct cranor *); /* Table 1 */
bool cranor_faults(struct cranor *);  /* Table 2 */
bool cranor_cases(struct cranor *);   /* Table 3 */
bool cranor_paging(struct cranor *);  /* Figure 5 */
bool cranor_fork(struct cranor *);    /* Figure 6 */
bool cranor_files(struct cranor *);   /* Figure 2 */

/*
 * cranor_row: add a row, and measure its values one design after the other.
 *
 * value	what is measured of the case under a design; NAN: not known
 * => false: no memory, or the whole has to end
 */
typedef double cranor_value_fn(struct cranor *, const struct vm_design *,
    const void *the_case);
bool cranor_row(struct cranor *, const struct figure_row *like,
    cranor_value_fn *value, const void *the_case);

/*
 * cranor_points: add tables that have the same rows, and measure them row by
 * row, in all designs at once.
 *
 * measure	is given the row of a point in the first table; those in the
 *		others are npoints further on each
 * => false: no memory, or the whole has to end
 */
struct cranor_point {
	const char *label;
	unsigned size;   /* what is varied, in the part's own unit */
	double bsd, uvm; /* of the paper, in seconds */
};
struct cranor_points {
	const char *figure, *title;
	const struct cranor_point *points;
	size_t npoints;
	const char *const *measures;
	size_t ntables;
	void (*measure)(struct cranor *, struct figure_row *, unsigned size);
};
bool cranor_points(struct cranor *, const struct cranor_points *);

#define CRANOR_WORDS_MAX 8

/*
 * cranor_program: run a program under a design, unseen; its words end in NULL.
 * cranor_shell: the same of a script for sh, whose $1 is hello.c, $2 the
 * directory.  => false: no program, or it failed; or the whole has to end:
 * trial_signal
 */
bool cranor_program(struct cranor *, const struct vm_design *,
    const char *const *words, struct run_result *);
bool cranor_shell(struct cranor *, const struct vm_design *, const char *script,
    struct run_result *);

#endif
