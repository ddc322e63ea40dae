/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_fault_around.h - one fault, as its loop (vm_fault.c) and what is entered
 * around its page (vm_fault_around.c) share it.
 */
#ifndef VM_FAULT_AROUND_H
#define VM_FAULT_AROUND_H

#include "vm/vm_fault.h"
#include "vm/vm_read.h"

struct vm_fault {
	struct vm_map *map;
	struct vm_map_entry *entry; /* while the map is locked */
	vaddr_t va;                 /* page aligned */
	vm_prot_t wanted;           /* what the caller asks for */
	vm_prot_t access;           /* wanted, or all the entry's when wired */
	unsigned flags;
	bool wire;                  /* the page is to be wired, now */
	unsigned reclaims;          /* times that memory had to be made */
	struct vm_fault_wait *wait; /* of who does not sleep, or NULL */
	vm_pindex_t span;           /* pages that the caller wants from va on */
	vm_pindex_t above; /* pages to make ahead, from the next one on, */
	vm_pindex_t below; /* and down from the one before */
	bool has_read;     /* the page, or what is around it */
	bool steady;       /* as the reader has done for long, in order */
	bool goes_on;      /* who reads in order wants what is in `next` */
	struct vm_resolve r;
	struct vm_read read, next;
};

/* The flag of mappings whose page a partner may have another in place of. */
static inline unsigned
vm_fault_shared(const struct vm_map_entry *e)
{
	return e->flags & VM_ENTRY_SHARED ? PMAP_SHARED : 0;
}

/*
 * Whether a page counts as made dirty (vm_throttle.h): a new one does, of
 * zeroes or a copy; one that is found, and clean, if it gets dirty by this
 * access, or, of a file, maybe by any that needs no fault.
 * => entry locked, the page not entered yet
 */
bool vm_fault_gets_dirty(const struct vm_resolve *);

/* Decide how many pages are to be made around the page, whoever asks for them.
 * => f->entry, access, wire and span are known; map locked */
void vm_fault_plan_around(struct vm_fault *);

/* Enter what is worth it around the page, which has been entered, and retire
 * what lies behind.  => map and entry locked; the caller updates the pmap */
void vm_fault_enter_around(struct vm_fault *);

#endif
