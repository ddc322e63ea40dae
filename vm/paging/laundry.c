/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * paging/laundry.c - counts of activity, and a queue for what must be written.
 *
 *	active       each pass: used, the count goes up; not used, down by one
 *	    |  at zero
 *	    v
 *	inactive     used meanwhile: active again;  clean: free
 *	    |  dirty
 *	    v
 *	laundry	     written as far as memory is short, or, before that, a few
 *	    |	     at a time, when more is dirty than is clean
 *	    v
 *	unswappable  there was no room: again when there is, or passes get hard
 *
 * Writing is dearer than freeing: so clean pages go first, though they may have
 * been used later than dirty ones.
 *
 * Source: FreeBSD vm_pageout.c (vm_pageout_scan_active, _inactive,
 * vm_pageout_laundry_worker).  Differs: one pass does the work of the two
 * threads, one after the other.
 */
#include "vm/vm_pageout_pass.h"
#include "vm/vm_pageq.h"
#include "vm/vm_swap.h"

#define ACT_ADVANCE    3  /* a use adds so much, */
#define ACT_MAX        64 /* up to here */
#define INACTIVE_SHARE 3  /* a third of the pages is to be inactive */
#define BACKGROUND     8  /* pages laundered while there is no need */
#define STUCK_MOST     16 /* dirty pages that a pass finds no room for */

/* Dirty pages are sorted out, for others to write. */
static void
sort_out(struct vm_pageout_pass *p, struct vm_page *pg)
{
	if (!p->hard && vm_pageout_was_used(p->sys, pg))
		vm_pageout_reactivate(p, pg);
	else if (vm_page_is_dirty(p->sys, pg))
		vm_pageout_requeue(p->sys, pg, VM_PAGE_LAUNDRY);
	else
		vm_pageout_page(p, pg, VM_PAGE_INACTIVE, VM_PAGE_ACTIVE);
}

static void
scan_inactive(struct vm_pageout_pass *p)
{
	size_t left = vm_pageq_count(p->sys, VM_PAGE_INACTIVE);
	struct vm_page *pg;

	for (; left > 0 && !vm_pageout_enough(p); left--) {
		vm_pageout_prepare(p);
		pg = vm_pageq_take(p->sys, VM_PAGE_INACTIVE);
		if (pg == NULL)
			return;
		sort_out(p, pg);
	}
}

/* How much to launder though there is no shortage. */
static size_t
background(const struct vm_pageout_pass *p)
{
	return vm_pageq_count(p->sys, VM_PAGE_LAUNDRY) >
		vm_pageq_count(p->sys, VM_PAGE_INACTIVE) ?
	    BACKGROUND :
	    0;
}

static void
launder(struct vm_pageout_pass *p)
{
	size_t left = vm_pageq_count(p->sys, VM_PAGE_LAUNDRY);
	size_t more = background(p);
	struct vm_page *pg;

	for (; left > 0 && (p->hard || p->full < STUCK_MOST); left--) {
		if (vm_pageout_enough(p) && more-- == 0)
			return;
		if (vm_pageout_is_held_up(p))
			return;
		vm_pageout_prepare(p);
		pg = vm_pageq_take(p->sys, VM_PAGE_LAUNDRY);
		if (pg == NULL)
			return;
		if (!p->hard && vm_pageout_was_used(p->sys, pg))
			vm_pageout_reactivate(p, pg);
		else
			vm_pageout_page(p, pg, VM_PAGE_INACTIVE,
			    VM_PAGE_UNSWAPPABLE);
	}
}

/* One page of the active queue; true when it became inactive. */
static bool
age(struct vm_pageout_pass *p, struct vm_page *pg)
{
	unsigned n = vm_pageq_activity(pg);

	if (vm_pageout_was_used(p->sys, pg)) {
		n = n + ACT_ADVANCE < ACT_MAX ? n + ACT_ADVANCE : ACT_MAX;
	} else {
		n -= n != 0;
		if (n == 0 || p->hard) {
			vm_pageout_deactivate(p, pg);
			return true;
		}
	}
	vm_pageq_set_activity(pg, (uint8_t)n);
	vm_pageout_requeue(p->sys, pg, VM_PAGE_ACTIVE);
	return false;
}

static void
scan_active(struct vm_pageout_pass *p)
{
	struct vm_system *sys = p->sys;
	size_t left = vm_pageq_count(sys, VM_PAGE_ACTIVE);
	size_t have = vm_pageq_count(sys, VM_PAGE_INACTIVE) +
	    vm_pageq_count(sys, VM_PAGE_LAUNDRY);
	size_t all = left + have;
	size_t want = p->hard ? all : all / INACTIVE_SHARE + 1;
	struct vm_page *pg;

	for (; left > 0 && have < want; left--) {
		pg = vm_pageq_take(sys, VM_PAGE_ACTIVE);
		if (pg == NULL)
			return;
		have += age(p, pg);
	}
}

/* Or may be: then what is in the way is tried, too. */
static bool
has_room(const struct vm_pageout_pass *p)
{
	return p->hard || vm_swap_in_use(p->sys) < vm_swap_total(p->sys);
}

static void
try_unswappable(struct vm_pageout_pass *p)
{
	size_t left = vm_pageq_count(p->sys, VM_PAGE_UNSWAPPABLE);
	struct vm_page *pg;

	for (; left > 0; left--) {
		pg = vm_pageq_take(p->sys, VM_PAGE_UNSWAPPABLE);
		if (pg == NULL)
			return;
		vm_pageout_requeue(p->sys, pg, VM_PAGE_LAUNDRY);
	}
}

void
vm_scan_laundry(struct vm_pageout_pass *p)
{
	if (has_room(p))
		try_unswappable(p);
	scan_inactive(p);
	launder(p);
	scan_active(p);
}
