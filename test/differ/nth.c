/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nth.c - every request to swap or a file goes wrong, one after the other.
 *
 * The space is small, and memory smaller, so that a short trace pages all the
 * time.  Each device counts its own requests, from when it comes, and so does
 * each file.
 */
#include "test/differ/nth.h"

#include <inttypes.h>

#include "env/faultyswap.h"
#include "test/differ/badfile.h"

enum {
	OPS = 200,
	OPS_FILES = 800, /* with files there are fewer requests */
	CELLS = 40,      /* pages of a space */
	FRAMES = 18,
	SLOTS = 128,
};

enum { FAULTS = FAULTYSWAP_WHATS + BADFILE_WHATS };

static const char *const names[FAULTS] = {
	[FAULTYSWAP_READ] = "read of swap fails",
	[FAULTYSWAP_WRITE] = "write to swap fails",
	[FAULTYSWAP_CHANGE] = "read of swap is wrong",
	[FAULTYSWAP_LOSE] = "write to swap is lost",
	[FAULTYSWAP_WHATS + BADFILE_READ] = "read of a file fails",
	[FAULTYSWAP_WHATS + BADFILE_SHORT] = "read of a file is short",
	[FAULTYSWAP_WHATS + BADFILE_WRITE] = "write to a file fails",
	[FAULTYSWAP_WHATS + BADFILE_PART] = "write to a file is cut",
	[FAULTYSWAP_WHATS + BADFILE_LOSE] = "write to a file is lost",
};

_Static_assert(TRACE_FAIL_FILE == TRACE_FAIL_SWAP + FAULTYSWAP_WHATS,
    "all that fails has a number in a row");

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
		if (t->ops[i].kind != OP_SWAP_FAIL &&
		    t->ops[i].kind != OP_FILE_FAIL)
			t->ops[n++] = t->ops[i];
	}
	t->nops = n;
}

/* *n: out, how many requests there were to go wrong. */
static bool
run_each(struct run_report *rep, unsigned what, bool for_ever, uint64_t *n)
{
	struct trace_config *c = &rep->trace.config;
	bool good;

	c->fail = TRACE_FAIL_SWAP + (uint64_t)what;
	c->for_ever = for_ever;
	c->nth = 0;
	do {
		c->nth++;
		good = run_trace(rep, true);
	} while (good && rep->tally.faults != 0);
	*n += c->nth - 1;
	return good;
}

/* Each fault of a kind: of swap, or of files. */
static bool
run_seed(struct run_report *rep, const char *design, uint64_t seed, bool files,
    uint64_t counts[][2])
{
	bool good = run_seeds(rep, design, seed, seed + 1,
	    files ? OPS_FILES : OPS);
	unsigned end = files ? FAULTS : FAULTYSWAP_WHATS;
	unsigned i = files ? FAULTYSWAP_WHATS : 0;

	leave_out_faults(&rep->trace);
	for (; i < end && good; i++)
		good = run_each(rep, i, false, &counts[i][0]) &&
		    run_each(rep, i, true, &counts[i][1]);
	return good;
}

bool
nth_run(struct run_report *rep, const char *design, uint64_t first,
    uint64_t end)
{
	uint64_t counts[FAULTS][2] = { 0 };
	bool good = true;

	rep->adjust = make_small;
	for (uint64_t seed = first; seed < end && good; seed++)
		good = run_seed(rep, design, seed, false, counts) &&
		    run_seed(rep, design, seed, true, counts);
	rep->adjust = NULL;
	for (unsigned i = 0; i < FAULTS && good; i++)
		printf("ok differ %s a %s: each of %" PRIu64
		       ", and all from each of %" PRIu64 " on\n",
		    design, names[i], counts[i][0], counts[i][1]);
	return good;
}
