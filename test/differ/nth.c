/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nth.c - every request to swap goes wrong, one after the other.
 *
 * The space is small, and memory smaller, so that a short trace pages all the
 * time.  Each device counts its own requests, from when it comes.
 */
#include "test/differ/nth.h"

#include <inttypes.h>

#include "env/faultyswap.h"

enum {
	OPS = 200,
	CELLS = 40, /* pages of a space */
	FRAMES = 18,
	SLOTS = 128,
};

static const char *const names[FAULTYSWAP_WHATS] = {
	[FAULTYSWAP_READ] = "read fails",
	[FAULTYSWAP_WRITE] = "write fails",
	[FAULTYSWAP_CHANGE] = "read is wrong",
	[FAULTYSWAP_LOSE] = "write is lost",
};

static void
make_small(struct trace_config *c)
{
	c->va_max = c->va_min + CELLS * UINT64_C(4096);
	c->frames = FRAMES;
	c->swap = SLOTS;
	c->fail = c->nth = c->for_ever = 0;
	c->counted = 0;
}

/* Without the faults that the trace has by itself. */
static void
leave_out_faults(struct trace *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->nops; i++) {
		if (t->ops[i].kind != OP_SWAP_FAIL)
			t->ops[n++] = t->ops[i];
	}
	t->nops = n;
}

/* *n: out, how many requests there were to go wrong. */
static bool
run_each(struct run_report *rep, enum faultyswap_what what, bool for_ever,
    uint64_t *n)
{
	struct trace_config *c = &rep->trace.config;
	bool good;

	c->fail = 1 + (uint64_t)what;
	c->for_ever = for_ever;
	c->nth = 0;
	do {
		c->nth++;
		good = run_trace(rep, true);
	} while (good && rep->tally.faults != 0);
	*n += c->nth - 1;
	return good;
}

static bool
run_seed(struct run_report *rep, const char *design, uint64_t seed,
    uint64_t counts[][2])
{
	bool good = run_seeds(rep, design, seed, seed + 1, OPS);

	leave_out_faults(&rep->trace);
	for (unsigned i = 0; i < FAULTYSWAP_WHATS * 2 && good; i++)
		good = run_each(rep, i / 2, i % 2 != 0, &counts[i / 2][i % 2]);
	return good;
}

bool
nth_run(struct run_report *rep, const char *design, uint64_t first,
    uint64_t end)
{
	uint64_t counts[FAULTYSWAP_WHATS][2] = { 0 };
	bool good = true;

	rep->adjust = make_small;
	for (uint64_t seed = first; seed < end && good; seed++)
		good = run_seed(rep, design, seed, counts);
	rep->adjust = NULL;
	for (unsigned i = 0; i < FAULTYSWAP_WHATS && good; i++)
		printf("ok differ %s a %s: each of %" PRIu64
		       ", and all from each of %" PRIu64 " on\n",
		    design, names[i], counts[i][0], counts[i][1]);
	return good;
}
