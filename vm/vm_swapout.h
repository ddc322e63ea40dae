/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_swapout.h - pages go to swap, many in one transfer.
 *
 * A cluster is a run of slots that is filled with pages and written when it is
 * full.  Which pages go together, and where, is the placement:
 *
 *	any	 whatever is dirty, one after the other		(UVM)
 *	object	 pages that follow each other in one object, in
 *		 new slots each time				(FreeBSD)
 *	fixed	 the same, and a page has its slot for life	(4.4BSD)
 *
 * Everything that writing needs is reserved beforehand: it never waits
 * for memory, but for another transfer to end.
 */
#ifndef VM_SWAPOUT_H
#define VM_SWAPOUT_H

#include "vm/vm_page.h"

struct vm_swapio;
struct vm_swapout;

struct vm_placement {
	const char *name;
	/* add: as vm_swapout_add, with what is to go with the page */
	bool (*add)(struct vm_swapout *, struct vm_page *);
	bool keeps; /* who has had a slot may go, though swap is full */
};

extern const struct vm_placement vm_place_any;    /* paging/place_any.c */
extern const struct vm_placement vm_place_object; /* paging/place_index.c */
extern const struct vm_placement vm_place_fixed;  /* paging/place_index.c */

/* A cluster that is being filled. */
struct vm_swapout {
	struct vm_system *sys;
	const struct vm_placement *place;
	unsigned max;         /* pages of a cluster */
	struct vm_swapio *io; /* ready to take pages; NULL: none yet */
	unsigned room;        /* slots that are left of its run */
	bool closed;          /* nothing else is to go with it */
	size_t begun;         /* pages, in all */
};

void vm_swapout_begin(struct vm_swapout *, struct vm_system *,
    const struct vm_placement *, unsigned max);

/*
 * vm_swapout_ready: have what the next page needs.
 * => no lock held; may wait for a transfer
 */
void vm_swapout_ready(struct vm_swapout *);

/* Whether vm_swapout_ready would wait; vm_swapout_event tells when no longer.
 * => nobody else begins transfers: there is one pass at a time */
bool vm_swapout_is_held_up(const struct vm_swapout *);

/*
 * vm_swapout_add: the page goes to swap, and is free when it is there, unless
 * somebody waits for it.
 * => ready; owner's lock held, the page dirty, idle, on no queue and not mapped
 * => false: there is no room; nothing has changed
 */
bool vm_swapout_add(struct vm_swapout *, struct vm_page *);

/*
 * For placements: the cluster, empty yet, gets a run of slots, with a reference
 * to each; the page goes to the next slot of the run.
 * => put: false when there is no memory to remember it in
 */
void vm_swapout_open(struct vm_swapout *, vm_slot_t first, unsigned n);
bool vm_swapout_put(struct vm_swapout *, struct vm_page *);

/* Write what has been added, when the cluster is full; in any case.
 * => no lock held */
void vm_swapout_flush_full(struct vm_swapout *);
void vm_swapout_flush(struct vm_swapout *);

/* Others need its slot more: it is theirs, unless relatives have it, too, so
 * that it would not be free.  => owner's lock held */
void vm_swapout_yield(struct vm_system *, struct vm_page *);

/* The page is about to be written: what is in swap is of no use any more.
 * => owner's lock held */
void vm_swapout_forget(struct vm_system *, struct vm_page *);

/* Pages under way to swap, or to files, and free when they are there; an event
 * for when some have arrived. */
size_t vm_swapout_paging(const struct vm_system *);
struct vm_event *vm_swapout_event(const struct vm_system *);

/* Wait until nothing is under way, and nobody is at it any more.
 * => nobody begins anything; no lock held */
void vm_swapout_drain(struct vm_system *);

/* So many pages are under way to files; are no longer. */
void vm_swapout_begun(struct vm_system *, size_t npages);
void vm_swapout_ended(struct vm_system *, size_t npages);

int vm_swapout_init(struct vm_system *);
void vm_swapout_fini(struct vm_system *);

#endif
