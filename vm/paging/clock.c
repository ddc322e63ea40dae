/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * paging/clock.c - first in, first out, with a second chance: 4.4BSD and UVM.
 *
 *	active    [ oldest ... newest ]		not looked at
 *	    |  deactivated while inactive pages are less than a third
 *	    v
 *	inactive  [ oldest ... newest ]		used meanwhile: active again;
 *	    |					else it goes
 *	    v
 *	spare	  [ oldest ... newest ]		DragonFly: clean, not mapped
 *
 * Pages become inactive in the order in which they became active, used or
 * not; what counts is whether they are used while they are inactive.
 *
 * When swap is full, but of pages that are in memory as well, these give up
 * their slots, if that makes them free: others need them more.
 *
 * Sources: 4.4BSD vm_pageout_scan; UVM uvm_pdpolicy_clock.c; DragonFly's cache
 * queue.  Differs: UVM spares pages of files, of programs or private ones as
 * long as there are less of that kind than it has a share for.  DragonFly ages
 * active pages by counts, as FreeBSD does (laundry.c), passes over dirty pages
 * at first, while clean ones may do, and has a second daemon for when the first
 * is stuck.
 */
#include "vm/vm_pageout_pass.h"
#include "vm/vm_pageq.h"

#define INACTIVE_SHARE 3  /* so much of the pages is to be inactive */
#define STUCK_MOST     16 /* dirty pages that a pass finds no room for */

/* Behind the dirty pages there may be clean ones: a hard pass goes on. */
static bool
is_stuck(const struct vm_pageout_pass *p)
{
	return !p->hard && p->full >= STUCK_MOST;
}

static void
scan_inactive(struct vm_pageout_pass *p)
{
	struct vm_system *sys = p->sys;
	size_t left = vm_pageq_count(sys, VM_PAGE_INACTIVE);
	struct vm_page *pg;

	for (; left > 0 && !is_stuck(p) && !vm_pageout_enough(p); left--) {
		vm_pageout_prepare(p);
		pg = vm_pageq_take(sys, VM_PAGE_INACTIVE);
		if (pg == NULL)
			return;
		if (!p->hard && vm_pageout_was_used(sys, pg))
			vm_pageout_reactivate(p, pg);
		else
			vm_pageout_page(p, pg, VM_PAGE_INACTIVE,
			    VM_PAGE_ACTIVE);
	}
}

static size_t
inactive_target(const struct vm_pageout_pass *p)
{
	size_t n = vm_pageq_count(p->sys, VM_PAGE_ACTIVE) +
	    vm_pageq_count(p->sys, VM_PAGE_INACTIVE);

	return p->hard ? n : n / INACTIVE_SHARE + 1;
}

static void
refill_inactive(struct vm_pageout_pass *p)
{
	struct vm_system *sys = p->sys;
	size_t target = inactive_target(p);
	size_t left = vm_pageq_count(sys, VM_PAGE_ACTIVE);
	struct vm_page *pg;

	while (left-- > 0 && vm_pageq_count(sys, VM_PAGE_INACTIVE) < target) {
		pg = vm_pageq_take(sys, VM_PAGE_ACTIVE);
		if (pg == NULL)
			return;
		if (p->full != 0 && !pg->busy)
			vm_swapout_yield(sys, pg);
		vm_pageout_deactivate(p, pg);
	}
}

void
vm_scan_clock(struct vm_pageout_pass *p)
{
	scan_inactive(p);
	refill_inactive(p);
}

void
vm_scan_spare(struct vm_pageout_pass *p)
{
	p->spare = true;
	vm_scan_clock(p);
}
