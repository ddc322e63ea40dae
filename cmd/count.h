/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * count.h - what a piece of our own work costs: instructions and time.
 */
#ifndef CMD_COUNT_H
#define CMD_COUNT_H

#include <stddef.h>

typedef void count_fn(void *arg);

/*
 * count_instructions: of one call of fn, in user mode.  The processor counts
 * them where it can.  Where it cannot, a copy of this process makes the call
 * one instruction at a time, traced by us: exact, but slow (some 10 us each),
 * and our own memory is as it was before the call.
 * => NAN: neither is to be had
 */
double count_instructions(count_fn *, void *arg);
/* How it does it: "counted by the processor", "counted by single steps". */
const char *count_method(void);

/*
 * count_times: nanoseconds of one call for each of n arguments, the medians of
 * several measurements that each make so many calls.  The arguments take
 * turns, so that a change of the machine's mind reaches all of them.
 */
void count_times(count_fn *, void *const *args, size_t n, unsigned calls,
    double *ns);

/* count_times takes at most so many arguments. */
#define COUNT_ARGS_MAX 16

#endif
