/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * paging/place_index.c - pages go together that follow each other in an object.
 *
 *	object	[ . d d c d d P d . | d ... ]	P is to go; d dirty, c clean
 *			  `-----'		what goes, in a row
 *		  `-- aligned window --'
 *
 * In one placement the run gets new slots each time, in the other each page
 * has its own, in blocks as long as the window.  Pages without neighbours, of
 * anons, go alone.
 *
 * Sources: FreeBSD vm_pageout_cluster, swap_pager_putpages; 4.4BSD
 * swap_pager.c.
 */
#include "vm/vm_pageq.h"
#include "vm/vm_swap.h"
#include "vm/vm_swapout.h"

struct run {
	struct vm_page *pages[VM_CLUSTER_MAX];
	unsigned n;
	unsigned at; /* pages[at] is the one that the run is for */
};

/* Unmap a neighbour that may go as well; false: it stays. */
static bool
take_along(struct vm_system *sys, struct vm_page *pg)
{
	if (pg == NULL || vm_page_is_pinned(pg) ||
	    pg->state == VM_PAGE_ACTIVE || pg->state == VM_PAGE_USED)
		return false;
	vm_page_withdraw(sys, pg);
	return pg->dirty;
}

static void
gather(const struct vm_swapout *c, struct vm_page *pg, struct run *run)
{
	unsigned at = (unsigned)(pg->pindex % c->max), back = 0, ahead = 0, i;
	struct vm_page *near;

	while (back < at) {
		near = pg->owner_ops->neighbour(pg, -(int)(back + 1));
		if (!take_along(c->sys, near))
			break;
		back++;
	}
	while (at + ahead + 1 < c->max) {
		near = pg->owner_ops->neighbour(pg, (int)(ahead + 1));
		if (!take_along(c->sys, near))
			break;
		ahead++;
	}
	run->at = back;
	run->n = back + 1 + ahead;
	for (i = 0; i < run->n; i++)
		run->pages[i] = i == back ?
		    pg :
		    pg->owner_ops->neighbour(pg, (int)i - (int)back);
}

/* Put pages [first, end) of the run to the slots from `slot` on. */
static bool
put_run(struct vm_swapout *c, struct run *run, unsigned first, unsigned end,
    vm_slot_t slot)
{
	struct vm_page *pg = run->pages[run->at];
	unsigned i;

	vm_swapout_open(c, slot, end - first);
	c->closed = true;
	for (i = first; i < end; i++) {
		vm_pageq_put(c->sys, run->pages[i], VM_PAGE_USED);
		if (!vm_swapout_put(c, run->pages[i])) {
			if (i != run->at)
				vm_pageq_put(c->sys, run->pages[i],
				    VM_PAGE_INACTIVE);
			break;
		}
	}
	return pg->busy;
}

static bool
object_add(struct vm_swapout *c, struct vm_page *pg)
{
	struct run run;
	vm_slot_t slot;
	unsigned got, first = 0;

	gather(c, pg, &run);
	slot = vm_swap_alloc(c->sys, run.n, &got);
	if (slot == 0)
		return false;
	if (run.at >= got)
		first = run.at - got + 1;
	return put_run(c, &run, first, first + got, slot);
}

const struct vm_placement vm_place_object = { "object", object_add, false };

/* ---- each its own slot ---- */

static vm_slot_t
take_place(struct vm_swapout *c, struct vm_page *pg)
{
	vm_swapout_forget(c->sys, pg);
	return pg->owner_ops->place(c->sys, pg, c->max);
}

/* Take the place of a page; false: that is not where the run needs it. */
static bool
take_wanted(struct vm_swapout *c, struct vm_page *pg, vm_slot_t wanted)
{
	vm_slot_t slot = take_place(c, pg);

	if (slot != 0 && slot != wanted)
		vm_swap_free(c->sys, slot, 1);
	return slot == wanted;
}

/* The run has no slot of its own for the page, as others still have what was
 * there, or there is no room for a block: any slot will do. */
static bool
put_alone(struct vm_swapout *c, struct run *run)
{
	unsigned got;
	vm_slot_t slot = vm_swap_alloc(c->sys, 1, &got);

	return slot != 0 && put_run(c, run, run->at, run->at + 1, slot);
}

static bool
fixed_add(struct vm_swapout *c, struct vm_page *pg)
{
	struct run run;
	unsigned first, end;
	vm_slot_t slot;

	gather(c, pg, &run);
	slot = take_place(c, pg);
	if (slot == 0)
		return put_alone(c, &run);
	for (first = run.at; first > 0; first--, slot--) {
		if (!take_wanted(c, run.pages[first - 1], slot - 1))
			break;
	}
	for (end = run.at + 1; end < run.n; end++) {
		if (!take_wanted(c, run.pages[end], slot + end - first))
			break;
	}
	return put_run(c, &run, first, end, slot);
}

const struct vm_placement vm_place_fixed = { "fixed", fixed_add, true };
