/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_readahead.c - see vm_readahead.h.
 */
#include "vm/vm_readahead.h"

#include "vm/pmap.h"
#include "vm/vm_pageout.h"

#define SHARE      4 /* of what is free a request takes a 4th at most, */
#define SHARE_DEEP 2 /* in order from swap, half */
#define FLOOR      2 /* a shorter window would have nothing to learn from */

/* At most a share of what there is above a floor; but a page in any case. */
static unsigned
clip(const struct vm_system *sys, unsigned npages, size_t floor, unsigned share)
{
	size_t has = vm_pageout_available(sys);
	size_t most = has > floor ? (has - floor) / share : 0;

	return npages > most + 1 ? (unsigned)most + 1 : npages;
}

unsigned
vm_readahead_clip(const struct vm_system *sys, unsigned npages)
{
	struct vm_pageout_levels levels;

	vm_pageout_get_levels(sys, &levels);
	return clip(sys, npages, levels.min, SHARE);
}

/* What is read in order from swap will be used, and may be why others go: all
 * counts but the reserve. */
static unsigned
clip_window(const struct vm_system *sys, const struct vm_readahead *ra,
    const struct vm_window *w)
{
	if (ra->deep && w->in_order)
		return clip(sys, w->npages, vm_page_reserve(sys), SHARE_DEEP);
	return vm_readahead_clip(sys, w->npages);
}

/* Whether there is room for what nobody has asked for, in order. */
static bool
has_room(const struct vm_system *sys, const struct vm_readahead *ra)
{
	const struct vm_window least = { .npages = 2, .in_order = true };

	return clip_window(sys, ra, &least) == least.npages;
}

static unsigned
longer(const struct vm_readahead *ra, const struct vm_reader *rd)
{
	unsigned n = 2u * rd->window;

	if (ra->step != 0)
		n = (rd->in_order ? rd->window : 0u) + ra->step;
	return n < ra->most ? n : ra->most;
}

/* Half, but not below `least`; what is shorter than that stays so. */
static unsigned
shorter(const struct vm_reader *rd, unsigned least)
{
	if (rd->window <= least)
		return rd->window;
	return rd->window / 2u > least ? rd->window / 2u : least;
}

/* A port whose faults are dear wants its block. */
static struct vm_window
plan_elsewhere(const struct vm_readahead *ra, const struct vm_reader *rd,
    unsigned block)
{
	struct vm_window w = { .npages = ra->first, .around = ra->around };
	unsigned least = ra->least;

	if (block > 1) {
		w.npages = least = block;
		w.around = true;
	}
	if (rd->window != 0 && shorter(rd, least) < w.npages)
		w.npages = shorter(rd, least);
	return w;
}

static struct vm_window
plan(const struct vm_system *sys, const struct vm_readahead *ra,
    const struct vm_reader *rd, vm_pindex_t pindex, enum vm_advice advice)
{
	switch (advice) {
	case VM_ADV_RANDOM:
		return (struct vm_window){ .npages = 1 };
	case VM_ADV_SEQUENTIAL:
		return (
		    struct vm_window){ .npages = ra->most, .in_order = true };
	case VM_ADV_NORMAL:
		break;
	}
	if (rd->window != 0 && pindex == rd->next)
		return (struct vm_window){ .npages = longer(ra, rd),
			.in_order = true };
	return plan_elsewhere(ra, rd, sys->machine->read_around);
}

struct vm_window
vm_readahead_plan(const struct vm_system *sys, const struct vm_readahead *ra,
    const struct vm_reader *rd, vm_pindex_t pindex, enum vm_advice advice)
{
	struct vm_window w = plan(sys, ra, rd, pindex, advice);

	w.steady = w.in_order && w.npages == ra->most;
	w.npages = clip_window(sys, ra, &w);
	return w;
}

void
vm_reader_went(struct vm_reader *rd, const struct vm_window *w,
    vm_pindex_t next)
{
	rd->next = next;
	rd->window = w->npages > FLOOR ? (uint8_t)w->npages : FLOOR;
	rd->in_order = w->in_order;
	rd->steady = w->steady;
}

struct vm_wants
vm_reader_wants(const struct vm_system *sys, const struct vm_readahead *ra,
    const struct vm_reader *rd, vm_pindex_t pindex)
{
	bool there = pindex < rd->next && rd->next - pindex <= rd->window;

	if (!rd->in_order || !there || ra->most == 1 || !has_room(sys, ra))
		return (struct vm_wants){ .in = 0 };
	return (
	    struct vm_wants){ .in = rd->next - pindex, .steady = rd->steady };
}

void
vm_reader_used(struct vm_reader *rd, const struct vm_readahead *ra)
{
	if (rd->window != 0 && rd->window < ra->first)
		rd->window++;
}

void
vm_reader_unused(struct vm_reader *rd)
{
	if (rd->window > FLOOR)
		rd->window--;
}
