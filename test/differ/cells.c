/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cells.c - the same traces with less and less memory, with swap and without.
 *
 *		     1/2     1/4     1/16  of what was in use at once
 *	swap	   [     ] [     ] [     ]
 *	no swap	   [     ] [     ] [     ]
 *
 * How much a trace wants is measured, by running it with more than that.  With
 * swap, devices come, go, and fail in the middle as the trace says.  A trace of
 * which a sixteenth is too small for any system is passed over.
 */
#include "test/differ/cells.h"

#include <inttypes.h>

enum {
	ENOUGH = 2048,    /* frames */
	FRAMES_MIN = 16,  /* with which a system can begin */
	SWAP_MORE = 1024, /* slots of a device: more than all can have */
	PARTS = 3,
	TRIES = 50, /* seeds for one that wants enough */
};

static const uint64_t parts[PARTS] = { 2, 4, 16 };

/* What traces have come to in a cell. */
struct cell_sum {
	uint64_t traces, wanted, frames;
	struct run_tally tally;
};

static void
give_enough(struct trace_config *c)
{
	c->frames = ENOUGH;
	c->swap = 0;
}

static void
add(struct cell_sum *sum, const struct run_report *rep, uint64_t wanted)
{
	sum->traces++;
	sum->wanted += wanted;
	sum->frames += rep->trace.config.frames;
	sum->tally.out += rep->tally.out;
	sum->tally.in += rep->tally.in;
	sum->tally.refused += rep->tally.refused;
}

static bool
run_cell(struct run_report *rep, uint64_t wanted, uint64_t part, bool swap,
    struct cell_sum *sum)
{
	struct trace_config *c = &rep->trace.config;

	c->frames = wanted / part;
	c->swap = swap ? SWAP_MORE : 0;
	if (!run_trace(rep, true))
		return false;
	add(sum, rep, wanted);
	return true;
}

/* Nothing, for a trace that wants too little. */
static bool
run_seed(struct run_report *rep, const char *design, uint64_t seed, size_t nops,
    struct cell_sum sums[][2])
{
	bool good = run_seeds(rep, design, seed, seed + 1, nops);
	uint64_t wanted = rep->tally.used;

	if (wanted / parts[PARTS - 1] < FRAMES_MIN)
		return good;
	for (unsigned i = 0; i < PARTS * 2 && good; i++)
		good = run_cell(rep, wanted, parts[i / 2], i % 2 != 0,
		    &sums[i / 2][i % 2]);
	return good;
}

static void
say(const char *design, uint64_t part, bool swap, const struct cell_sum *sum)
{
	printf("ok differ %s 1/%" PRIu64 " of memory, %s swap: %" PRIu64
	       " traces, %" PRIu64 " pages in %" PRIu64 " frames, %" PRIu64
	       " out, %" PRIu64 " in, %" PRIu64 " times none\n",
	    design, part, swap ? "with" : "no", sum->traces, sum->wanted,
	    sum->frames, sum->tally.out, sum->tally.in, sum->tally.refused);
}

bool
cells_run(struct run_report *rep, const char *design, uint64_t first,
    uint64_t n, size_t nops)
{
	struct cell_sum sums[PARTS][2] = { 0 };
	bool good = true;

	rep->adjust = give_enough;
	for (uint64_t i = 0; sums[0][0].traces < n && i < n * TRIES && good;
	     i++)
		good = run_seed(rep, design, first + i, nops, sums);
	rep->adjust = NULL;
	for (unsigned i = 0; i < PARTS * 2 && good; i++)
		say(design, parts[i / 2], i % 2 != 0, &sums[i / 2][i % 2]);
	return good;
}
