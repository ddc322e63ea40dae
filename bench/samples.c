/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * samples.c - see samples.h.
 */
#include "bench/samples.h"

#include <err.h>
#include <stdlib.h>

double
samples_clock(clockid_t clock)
{
	struct timespec ts;

	(void)clock_gettime(clock, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

double
now(void)
{
	return samples_clock(CLOCK_MONOTONIC);
}

void
samples_add(struct samples *s, double v)
{
	if (s->n == s->max) {
		s->max = s->max == 0 ? 64 : 2 * s->max;
		s->v = realloc(s->v, s->max * sizeof(*s->v));
		if (s->v == NULL)
			err(1, "memory");
	}
	s->v[s->n++] = v;
}

static int
compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

double
samples_part(struct samples *s, double part)
{
	if (s->n == 0)
		return 0;
	qsort(s->v, s->n, sizeof(*s->v), compare);
	return s->v[(size_t)(part * (double)(s->n - 1))];
}
