/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_pageout_pass.h - one pass of the page daemon, and how a design pages.
 *
 * A pass looks at pages in the order of their queues, as the paging policy
 * says, frees those that need not be written and begins to write others:
 *
 *	run ---> scan ---> prepare, take a page, was it used?
 *		  |			 |	     |
 *		  |			page	 requeue, reactivate, deactivate
 *		  `-- until enough	 |
 *				   free; to swap; to its pager
 *
 * When passes are made, for whom, and what follows from one in vain, is up to
 * vm_pageout.h.
 */
#ifndef VM_PAGEOUT_PASS_H
#define VM_PAGEOUT_PASS_H

#include "vm/vm_readahead.h"
#include "vm/vm_swapout.h"

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
	uint8_t enough;    /* targets: where a pass ends, if memory is large */
	unsigned patience; /* fruitless passes, before they get hard */
	unsigned turns;    /* file pages that may go and come back, in vain */
	bool launders;     /* dirty pages that are inactive have a queue */
	bool unmaps;       /* inactive pages are in no pmap */
	bool encrypt;      /* what is in swap, if the host can */
};

extern const struct vm_paging vm_paging_mach, vm_paging_freebsd;
extern const struct vm_paging vm_paging_dragonfly;
extern const struct vm_paging vm_paging_netbsd, vm_paging_openbsd;

/* The scans of vm_paging. */
void vm_scan_clock(struct vm_pageout_pass *);   /* paging/clock.c */
void vm_scan_laundry(struct vm_pageout_pass *); /* paging/laundry.c */
void vm_scan_spare(struct vm_pageout_pass *);   /* paging/clock.c */

/* ---- a pass: vm_pageout_pass.c ---- */

/* What a pass has come to. */
enum vm_pageout_end {
	VM_PAGEOUT_MADE,     /* memory, or it has brought it nearer */
	VM_PAGEOUT_HINDERED, /* others had locked all it could have taken */
	VM_PAGEOUT_VAIN,
};

/*
 * vm_pageout_run: make the pass.
 * => the lock of passes held (vm_pageout.c); blocks as the pass says
 */
enum vm_pageout_end vm_pageout_run(struct vm_pageout_pass *);

/* Pages that it has freed, or begun to write. */
size_t vm_pageout_made(const struct vm_pageout_pass *);

/* Pages that are free, or as good as that. */
size_t vm_pageout_available(const struct vm_system *);

/* Whether there are as many pages as the pass wants, or soon will be, or it
 * is held up. */
bool vm_pageout_enough(const struct vm_pageout_pass *);

/*
 * vm_pageout_prepare: before each page: the pass has what it needs to write.
 * => no lock held; may wait for a transfer to end, unless it is held up: a pass
 *    that does not wait ends then
 */
void vm_pageout_prepare(struct vm_pageout_pass *);
bool vm_pageout_is_held_up(const struct vm_pageout_pass *);

/* ---- what becomes of a page: vm_pageout_page.c ---- */

/*
 * vm_pageout_page: let a page go that is not to be used any longer.
 * => owner's lock held, on no queue.  On return it is unlocked, and a page that
 *    stays is on the queue `stay`, or on the queue `stuck`, if it is dirty and
 *    there is nowhere to write it
 */
void vm_pageout_page(struct vm_pageout_pass *, struct vm_page *,
    enum vm_page_state stay, enum vm_page_state stuck);

/* Whether the page has been used since the last time it was asked; a page in
 * transit is used.  => locked */
bool vm_pageout_was_used(struct vm_system *, struct vm_page *);

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
 * used it.  What is busy or wired stays.  No pass is needed.
 * => owner's lock held; any page.  The caller updates every pmap
 */
void vm_pageout_retire(struct vm_system *, struct vm_page *);

#endif
