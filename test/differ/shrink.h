/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shrink.h - the shortest part of a trace that still fails.
 */
#ifndef TEST_DIFFER_SHRINK_H
#define TEST_DIFFER_SHRINK_H

#include "test/differ/run.h"

/*
 * shrink: the trace in the report fails; take out what is not needed, and
 * make the numbers of the rest smaller.  At most `seconds` of trying.
 * => the report has the short trace and its complaint
 */
void shrink(struct run_report *, unsigned seconds);

#endif
