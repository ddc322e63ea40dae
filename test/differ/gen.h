/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gen.h - random traces.
 *
 * Everything follows from the seed.  Half of the seeds, the odd ones, have few
 * frames.  The next operation is chosen with a look at the model, so that most
 * of them hit something that is there.
 */
#ifndef TEST_DIFFER_GEN_H
#define TEST_DIFFER_GEN_H

#include "test/differ/model.h"

struct gen {
	uint64_t state;
	size_t nops; /* made so far */
};

void gen_init(struct gen *, uint64_t seed, struct trace_config *);
void gen_op(struct gen *, const struct model *, struct op *);

/* A number from 0 to n - 1. */
uint64_t gen_below(struct gen *, uint64_t n);

#endif
