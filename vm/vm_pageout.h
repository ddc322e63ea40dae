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
 * A pass looks at pages in the order of their queues, as the paging policy
 * says, frees those that need not be written and begins to write others.  A
 * thread of the host may run them for everybody (vm_pageout_daemon), or one
 * that has other things to do makes one at a time (vm_pageout_step).  In a
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

#include "vm/vm_readahead.h"
#include "vm/vm_swapout.h"

/* How many free pages are few, and how many enough. */
struct vm_pageout_levels {
	size_t min, target;
};

/* One pass. */
struct vm_pageout_pass {
	struct vm_system *sys;
	size_t enough; /* free pages, */
	size_t ahead;  /* or so many more, with those under way */
	bool hard;     /* the last ones made nothing: use is no excuse */
	bool last;     /* nor did a hard one: not even use this moment */
	bool waits;    /* for a transfer to write with, if none is left */
	struct vm_swapout out; /* what goes to swap */
	size_t freed;          /* clean pages that are free now */
	size_t freed_files;    /* those of them that were of files */
	size_t written;        /* pages that owners have begun to write */
	size_t full;           /* dirty pages for which there was no room */
	size_t scanned;        /* pages that were to go */
	bool spare;            /* what is clean stays, and is spare */
};

/* Which pages go, in which order, and where: a part of a design. */
struct vm_paging {
	const char *name;
	/* One pass over the queues; each page once at most. */
	void (*scan)(struct vm_pageout_pass *);
	const struct vm_placement *place; /* where in swap */
	unsigned cluster;                 /* pages of a transfer, at most */
	/* how much is read along, of files and from swap */
	struct vm_readahead file, swapin;
	struct {
		uint8_t times, by; /* target: times / by of the least */
	} target;
	unsigned patience; /* fruitless passes, before they get hard */
	bool launders;     /* dirty pages that are inactive have a queue */
	bool unmaps;       /* inactive pages are in no pmap */
	bool encrypt;      /* what is in swap, if the host can */
};

extern const struct vm_paging vm_paging_mach, vm_paging_freebsd;
extern const struct vm_paging vm_paging_dragonfly;
extern const struct vm_paging vm_paging_netbsd, vm_paging_openbsd;

/* Page as a design does.  => no space is there yet */
void vm_pageout_prefer(struct vm_system *, const struct vm_paging *);

/* The scans of vm_paging. */
void vm_scan_clock(struct vm_pageout_pass *);   /* paging/clock.c */
void vm_scan_laundry(struct vm_pageout_pass *); /* paging/laundry.c */
void vm_scan_spare(struct vm_pageout_pass *);   /* paging/clock.c */

/* What has become of a page. */
enum vm_pageout_fate {
	VM_PAGEOUT_FREED,
	VM_PAGEOUT_BEGUN, /* it is written, and free after that */
	VM_PAGEOUT_BUSY,  /* others are at it, or hold it */
	VM_PAGEOUT_STUCK, /* it is dirty, and there is nowhere to write it */
};

/*
 * vm_pageout_prepare: before each page: the pass has what it needs to write.
 * => no lock held; may wait for a transfer to end, unless it is held up: a pass
 *    that does not wait ends then
 * vm_pageout_page: let a page go that is not to be used any longer.
 * => owner's lock held, on no queue.  On return it is unlocked, and a page that
 *    stays is on the queue `stay`, or with STUCK on the queue `stuck`
 */
void vm_pageout_prepare(struct vm_pageout_pass *);
bool vm_pageout_is_held_up(const struct vm_pageout_pass *);
enum vm_pageout_fate vm_pageout_page(struct vm_pageout_pass *, struct vm_page *,
    enum vm_page_state stay, enum vm_page_state stuck);

/* What a scan does with a page that stays: back on a queue; active, as it is
 * used.  => locked; unlocks */
void vm_pageout_requeue(struct vm_system *, struct vm_page *,
    enum vm_page_state);
void vm_pageout_reactivate(struct vm_pageout_pass *, struct vm_page *);

/*
 * vm_pageout_deactivate: the page goes to the inactive queue, and whoever uses
 * it there will be seen.  => as vm_pageout_page
 */
void vm_pageout_deactivate(struct vm_pageout_pass *, struct vm_page *);

/*
 * vm_pageout_retire: who used the page will not do so soon: it goes to the
 * inactive queue, or where dirty pages wait to be written, as if nobody had
 * used it.  What is busy or wired stays.
 * => owner's lock held; any page.  The caller updates every pmap
 */
void vm_pageout_retire(struct vm_system *, struct vm_page *);

/* Pages that are free, or as good as that. */
size_t vm_pageout_available(const struct vm_system *);

/* Whether there are as many pages as the pass wants, or soon will be, or it
 * is held up. */
bool vm_pageout_enough(const struct vm_pageout_pass *);

/* Whether the page has been used since the last time it was asked; a page in
 * transit is used.  => locked */
bool vm_pageout_was_used(struct vm_system *, struct vm_page *);

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
 * vm_pageout: free pages until so many are, as far as that can be had, by
 * passes of the caller's own, and wait until all that was begun is written.
 * => no lock held; blocks       => the number of free pages
 */
size_t vm_pageout(struct vm_system *, size_t nfree);

/*
 * vm_pageout_more: the same, for so many more than are free now.
 * => no lock held; blocks        => false: there is nothing more to be had, not one
 */
bool vm_pageout_more(struct vm_system *, size_t npages);

/*
 * vm_pageout_once: one pass, with so many free pages as its aim; a hard one
 * takes pages though they are used.  Waits for no more than transfers to write
 * the next pages with.
 * => no lock held; may block
 * => whether it has made memory, or brought it nearer
 */
bool vm_pageout_once(struct vm_system *, size_t nfree, bool hard);

/*
 * vm_pageout_daemon: make memory whenever it is short, until it is told to
 * stop.  For a thread that does nothing else; one for a system.
 * vm_pageout_stop: tell it, or the next one, if none has begun yet: that ends at
 * once.  The host joins its thread before the system is destroyed.
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
