/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_pageq.h - the paging queues: pages in use, in the order in which they are
 * to be looked at when memory is short.
 *
 *		 used, faulted in		clean, not used lately
 *	 -----------> active ----------> inactive ----------> free
 *			^		  |    ^ \
 *			`--- used again --'    |  `--> laundry --> free
 *					       `-- written --'	(some designs)
 *
 * A page in use that is not wired is on one queue, or is being looked at; what
 * the queues mean is the paging policy's business.  One lock, a leaf, guards
 * them all.  A page leaves its queue before its owner may go: as long as the
 * queues are locked, the owner's lock of a page on them is there, and can be
 * tried; that is how who starts from the page gets to its owner.
 *
 * Sources: 4.4BSD and UVM (active, inactive); FreeBSD (laundry, unswappable).
 * The way to the owner's lock is OpenBSD's.
 */
#ifndef VM_PAGEQ_H
#define VM_PAGEQ_H

#include "vm/vm_page.h"

/* Put a page at the end of a queue, from wherever it is; VM_PAGE_USED: on
 * none.  => owner's lock held */
void vm_pageq_put(struct vm_system *, struct vm_page *, enum vm_page_state);

/* Somebody uses the page: it is active, unless it is wired.  => as above */
static inline void
vm_pageq_activate(struct vm_system *sys, struct vm_page *pg)
{
	uint8_t state;

	state = atomic_load_explicit(&pg->state, memory_order_relaxed);
	if (state == VM_PAGE_SPARE)
		VM_COUNT(sys, spare_uses);
	if (state != VM_PAGE_ACTIVE && pg->wire_count == 0 && !pg->fictitious)
		vm_pageq_put(sys, pg, VM_PAGE_ACTIVE);
}

/* The page is going to be mapped though nobody asked for it: it is no longer
 * spare.  => as above */
static inline void
vm_pageq_keep(struct vm_system *sys, struct vm_page *pg)
{
	if (atomic_load_explicit(&pg->state, memory_order_relaxed) ==
	    VM_PAGE_SPARE)
		vm_pageq_put(sys, pg, VM_PAGE_INACTIVE);
}

/* How active a page is, for policies that count; at first ACTIVITY_FIRST.
 * => owner's lock held */
#define VM_PAGEQ_ACTIVITY_FIRST 5

static inline uint8_t
vm_pageq_activity(const struct vm_page *pg)
{
	return atomic_load_explicit(&pg->activity, memory_order_relaxed);
}

static inline void
vm_pageq_set_activity(struct vm_page *pg, uint8_t n)
{
	atomic_store_explicit(&pg->activity, n, memory_order_relaxed);
}

/*
 * vm_pageq_take: take the first page off a queue whose owner could be locked.
 * Only some are tried: an owner is not locked for long, and a queue whose pages
 * are all of one that is should not be gone through again and again.  Each time
 * in vain makes them twice as many.
 * => locks of owners are only tried: one of them may be held; on return that of
 *    the page's is as well
 * => NULL: there is none, or hindered
 */
struct vm_page *vm_pageq_take(struct vm_system *, enum vm_page_state);

/* How often there were pages, but the owners that were tried were all locked by
 * others. */
uint64_t vm_pageq_hindered(const struct vm_system *);

size_t vm_pageq_count(const struct vm_system *, enum vm_page_state);

int vm_pageq_init(struct vm_system *);
void vm_pageq_fini(struct vm_system *);
/* vm_check's part: pages on queues know it, the counts agree. */
void vm_pageq_check(const struct vm_system *);

#endif
