/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * result.h - what a run came to: its exit status and all that was counted.
 *
 * Plain data, without anything of the run's: it can be kept in memory that
 * two processes share.
 */
#ifndef HOST_RESULT_H
#define HOST_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define RESULT_MAX     160
#define RESULT_UNKNOWN UINT64_MAX

/* Names are constants of the program and outlive every result. */
struct result_number {
	const char *name;
	uint64_t value; /* RESULT_UNKNOWN: could not be counted here */
};

struct run_result {
	bool complete; /* the run came to its end; else nothing else holds */
	int status;    /* as the command exits */
	const char *design;
	double wall_seconds;
	size_t count;
	struct result_number numbers[RESULT_MAX];
};

/* => NULL: nothing of that name is counted */
const struct result_number *result_find(const struct run_result *,
    const char *name);
/* The same; 0 when there is no such number. */
uint64_t result_value(const struct run_result *, const char *name);

/* One JSON object, without a newline; more members may be put in between. */
void result_begin_json(FILE *, const struct run_result *);
void result_end_json(FILE *, const struct run_result *);

#endif
