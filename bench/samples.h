/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * samples.h - a clock, and many times that it took: their distribution.
 */
#ifndef BENCH_SAMPLES_H
#define BENCH_SAMPLES_H

#include <stddef.h>
#include <time.h>

struct samples {
	double *v;
	size_t n, max;
};

/* Microseconds by a clock; by the one that goes on always. */
double samples_clock(clockid_t);
double now(void);

/* Note one.  => exits with a message when there is no memory */
void samples_add(struct samples *, double);

/* The value that this part of all are not larger than: 0.5, the median; 1, the
 * largest.  => 0 when there are none; they are sorted now */
double samples_part(struct samples *, double part);

#endif
