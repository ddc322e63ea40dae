/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_swapin.h - pages come back from swap.
 */
#ifndef VM_SWAPIN_H
#define VM_SWAPIN_H

#include "vm/vm_read.h"
#include "vm/vm_system.h"

struct vm_page;

/*
 * vm_swapin: read a run of busy pages, which have one lock and whose slots
 * follow each other; their owner is held (vm_page_owner).
 * => no lock held; blocks; the hold is dropped
 * => 0; VM_EIO: the wanted page could not be read, or was not what had been
 *    written.  Pages that failed are gone, their slots stay
 */
int vm_swapin(struct vm_system *, struct vm_read *);

/* Page i of a run has arrived, and is busy no longer.  If it is not the wanted
 * one it was read along, and has yet to be used.  => its owner locked */
void vm_read_arrived(struct vm_system *, const struct vm_read *, unsigned i);

/*
 * vm_swapin_start: the same, while the caller does something else.
 * => no lock held; does not wait.  May have ended on return
 */
void vm_swapin_start(struct vm_reading *);

/*
 * A device is to go: everything on it is brought back.  Whoever has pages in
 * swap goes over them, locked, from where it has stopped before:
 *
 *	in memory, idle		its slot goes, and it is dirty
 *	in memory, busy		`busy` is it: wait, and come again
 *	not in memory		begins to read it, and stops there
 */
enum vm_recalled {
	VM_RECALL_DONE,  /* nothing is left but what was busy */
	VM_RECALL_READ,  /* a run is to be read: vm_swapin; then go on */
	VM_RECALL_NOMEM, /* there is no page to read to */
};

struct vm_recall {
	struct vm_system *sys;
	unsigned id;          /* the device, which is retired */
	struct vm_read read;  /* out (READ) */
	unsigned tries;       /* the caller's */
	uint64_t ngone;       /* slots given back, reads begun */
	const void *whose;    /* who stopped last, NULL: nobody, */
	uint64_t from;        /* and at which page */
	struct vm_page *busy; /* out: one that was met, or NULL, */
	uint32_t seen;        /* for vm_page_wait */
};

/* A page in memory that has a slot.  => owner locked */
void vm_recall_page(struct vm_recall *, struct vm_page *);

/*
 * vm_recall_stop: a walk over the pages of somebody stops at one.
 * vm_recall_from: where the next is to begin.  Who has gone meanwhile, and
 * another is in its place, may be the wrong one: walks are repeated from the
 * beginning until the device is empty.
 */
void vm_recall_stop(struct vm_recall *, const void *whose, uint64_t at);
uint64_t vm_recall_from(const struct vm_recall *, const void *whose);

#endif
