/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_pageout.h - making memory: when, how much, and who waits for it.
 *
 *	 0    reserve    min	      target		       npages
 *	 |-------|--------|-------------|-------------------------|  free
 *	   for whom	daemon		daemon is
 *	   memory was	wakes up	content
 *	   made
 *
 * A thread of the host may make passes for everybody (vm_pageout_daemon), or
 * one that has other things to do makes one at a time (vm_pageout_step).  In a
 * system that has no daemon, whoever runs out of memory makes passes by itself,
 * and then everything happens in an order that can be repeated.
 *
 * Nobody who makes memory waits for memory.  No lock is held across I/O, but
 * that which orders the passes.
 *
 * Public: vm_pageout_daemon, _stop, _step, vm_pageout.
 */
#ifndef VM_PAGEOUT_H
#define VM_PAGEOUT_H

#include "vm/vm_pageout_pass.h"

/* How many free pages are few, and how many enough. */
struct vm_pageout_levels {
	size_t min, target;
	size_t enough; /* the target or beyond it: where a pass ends */
};

/* Page as a design does.  => no space is there yet */
void vm_pageout_prefer(struct vm_system *, const struct vm_paging *);

/*
 * vm_pageout_wait: there is no page to be had: wait until there may be one.
 * => no lock held but those above the pass's (docs/locking.md), no page busy
 *    that is the caller's; blocks
 * => 0: try again; VM_ENOMEM: no memory can be made
 */
int vm_pageout_wait(struct vm_system *);

/*
 * vm_pageout_try: the same for who does not sleep.
 *
 * asked  this is not the first time, for what is wanted
 * => 0, VM_ENOMEM as above; VM_EWAIT: try again when the wait, which has begun,
 *    is over
 */
int vm_pageout_try(struct vm_system *, bool asked, struct vm_wait *);

/*
 * vm_pageout_coming: whether more memory is on its way, written or looked for
 * by a daemon; what to wait for.  It ends, whatever comes of it.
 */
bool vm_pageout_coming(struct vm_system *, struct vm_event **, uint32_t *seen);
bool vm_pageout_has_daemon(const struct vm_system *);

/*
 * vm_pageout: free pages until so many are, as far as that can be had, by
 * passes of the caller's own, and wait until all that was begun is written.
 * => no lock held; blocks       => the number of free pages
 */
size_t vm_pageout(struct vm_system *, size_t nfree);

/*
 * vm_pageout_more: the same, for so many more than are free now.
 * => no lock held; blocks
 * => false: there is nothing more to be had, not one
 */
bool vm_pageout_more(struct vm_system *, size_t npages);

/*
 * vm_pageout_once: one pass, with so many free pages as its aim; a hard one
 * takes pages though they are used.  Waits for no more than transfers to write
 * the next pages with.
 * => no lock held; may block
 */
enum vm_pageout_end vm_pageout_once(struct vm_system *, size_t nfree,
    bool hard);

/*
 * vm_pageout_daemon: make memory whenever it is short, until it is told to
 * stop.  For a thread that does nothing else; one for a system.
 * vm_pageout_stop: tell it, or the next one, if none has begun yet: that ends
 * at once.  The host joins its thread before the system is destroyed.
 */
void vm_pageout_daemon(struct vm_system *);
void vm_pageout_stop(struct vm_system *);

/*
 * vm_pageout_step: one pass, if memory is short; for a host that comes here
 * often, in the place of a daemon.
 * => no lock held; waits for no transfer to swap, for one to files only when as
 *    many are under way as can be
 */
void vm_pageout_step(struct vm_system *);

void vm_pageout_get_levels(const struct vm_system *,
    struct vm_pageout_levels *);

int vm_pageout_init(struct vm_system *);
void vm_pageout_fini(struct vm_system *);

#endif
