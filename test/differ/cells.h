/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cells.h - the same traces with less and less memory, with swap and without.
 */
#ifndef TEST_DIFFER_CELLS_H
#define TEST_DIFFER_CELLS_H

#include "test/differ/run.h"

/*
 * cells_run: n seeds, from `first` on, that want memory of 16 times what a
 * system needs: each with all that it wants, and the same operations with a
 * half, a fourth and a sixteenth of that, with and without swap; says what came
 * of it.  Of few operations there is no such seed, and less than n are had.
 * => false: the report has what failed
 */
bool cells_run(struct run_report *, const char *design, uint64_t first,
    uint64_t n, size_t nops);

#endif
