/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_read.h - a run of pages that are to be read in: what the lower layers
 * leave to who may wait.
 *
 * They have allocated the pages, busy, and put them in their place.  Whoever
 * gets the run drops every lock and has it read: from the pager of its object
 * (vm_object_read) or from swap (vm_swapin).
 *
 * Who cannot wait for it makes a struct vm_reading of the run, which is read
 * while he does something else (vm_object_read_start, vm_swapin_start):
 *
 *	make --> started --> under way --> ended --> take
 *			          `-- leave: it goes when it has ended
 *
 * Whoever sees its end makes the pages ready, as for anybody else; what is left
 * for who has begun it is the error, if it was one.
 */
#ifndef VM_READ_H
#define VM_READ_H

#include "vm/vm_swap.h"

#define VM_SWAPIN_MAX 16 /* pages of a run that is read from swap */

struct vm_object;

struct vm_read {
	struct vm_object *obj;   /* and a reference to it; NULL: from swap */
	vm_pindex_t pindex;      /* of the first page in obj */
	vm_slot_t slot;          /* of the first page in swap */
	unsigned npages, wanted; /* the one it is for is pages[wanted] */
	bool steady;             /* who reads has long gone on in order */
	bool unasked;            /* nobody wants even that page yet */
	struct vm_page *pages[VM_CLUSTER_MAX];
};

/* Field letters: (c) constant, (r) lock of all of them, (e) once ended. */
struct vm_reading {
	struct vm_system *sys;         /* (c) */
	struct vm_read read;           /* of who reads */
	union {                        /* likewise: */
		struct vm_swapio swap; /* from swap, */
		struct vm_io io;       /* or from a store */
	};
	bool again;         /* it was too short, and is tried again */
	bool left;          /* (r) nobody wants to know of its end */
	_Atomic bool ended; /* (r) to write */
	int error;          /* (e) 0; that of the wanted page */
};

/*
 * vm_reading_make: a reading of a run, to be started.
 * => does not block    => NULL: no memory of the host; the run is as it was
 */
struct vm_reading *vm_reading_make(struct vm_system *, const struct vm_read *);

/* For who sees its end, from any thread; it, and the system, may be gone then.
 * => no lock held */
void vm_reading_end(struct vm_reading *, int error);

/*
 * vm_reading_wait: how to wait for its end without sleeping.
 * => false: it has ended already, and nothing has begun
 */
bool vm_reading_wait(const struct vm_reading *, struct vm_wait *);

/* Whether it has ended.  => what has is seen by the caller, too */
static inline bool
vm_reading_has_ended(const struct vm_reading *r)
{
	return atomic_load(&r->ended);
}

/* It has ended: its error; and it is gone. */
int vm_reading_take(struct vm_reading *);

/* Nobody wants to know of its end; it is gone then. */
void vm_reading_leave(struct vm_reading *);

/* How many readings are under way, anybody's. */
unsigned vm_reads_under_way(struct vm_system *);

/* Wait until none is under way.  => nobody begins one; no lock held */
void vm_reads_drain(struct vm_system *);

int vm_reads_init(struct vm_system *);
void vm_reads_fini(struct vm_system *);

#endif
