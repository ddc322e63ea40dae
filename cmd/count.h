/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * count.h - what a piece of our own work costs: instructions and time.
 */
#ifndef CMD_COUNT_H
#define CMD_COUNT_H

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
 * count_time: nanoseconds of one call, the median of several measurements
 * that each make so many calls.
 */
double count_time(count_fn *, void *arg, unsigned calls);

#endif
