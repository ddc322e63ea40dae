/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nth.h - every request to swap or a file goes wrong, one after the other.
 */
#ifndef TEST_DIFFER_NTH_H
#define TEST_DIFFER_NTH_H

#include "test/differ/run.h"

/*
 * nth_run: a short trace of each seed of [first, end) again and again, in
 * which the first request fails, the second, ... until none does any more;
 * and the same with all after it; says how many there were.
 * => false: the report has what failed
 */
bool nth_run(struct run_report *, const char *design, uint64_t first,
    uint64_t end);

#endif
