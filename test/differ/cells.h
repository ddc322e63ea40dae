/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cells.h - the same traces with less and less memory, with swap and without.
 */
#ifndef TEST_DIFFER_CELLS_H
#define TEST_DIFFER_CELLS_H

#include "test/differ/run.h"

/*
 * cells_run: each seed of [first, end) with all the memory that it wants, and
 * the same operations with a half, a fourth and a sixteenth of that, with and
 * without swap; says how often each was had.
 * => false: the report has what failed
 */
bool cells_run(struct run_report *, const char *design, uint64_t first,
    uint64_t end, size_t nops);

#endif
