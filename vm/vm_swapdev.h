/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_swapdev.h - a device to swap to, as the parts of swap see it.
 *
 * A device has a range of the drum's numbers while it is there; all about its
 * slots stands in arrays that are allocated with it, so that nothing done to
 * slots later can fail for want of memory:
 *
 *	drum     first                      first + npages
 *	          |  free: a bit list           |
 *	          |  refs: BAD bit, references  |
 *	          |  sums: checksums            |
 *	          |region|region| . . . . . .   |  keys, when there is a cipher
 *
 * A device goes only when no slot of it is referenced.  So who holds a
 * reference may use the device without the lock.
 *
 * Field letters: (c) constant, (l) vm_swap.lock, (a) atomic, (r) guarded by
 * holding a reference to the slot: written before it is written to, read
 * after it has been read, and when it is taken or becomes free.
 */
#ifndef VM_SWAPDEV_H
#define VM_SWAPDEV_H

#include "base/blist.h"
#include "vm/vm_lock.h"
#include "vm/vm_swap.h"

struct vm_swapcrypt;

#define VM_SWAP_BAD    0x80000000u /* in refs: the device failed there */
#define VM_SWAP_EVENTS 16

struct vm_swapdev {
	struct list link;               /* (l) in vm_swap.devs */
	struct list turn;               /* (l) in vm_swap.order */
	struct vm_swap_device is;       /* (c) what was added */
	unsigned id;                    /* (c) */
	vm_slot_t first;                /* (c) */
	uint32_t npages;                /* (c) */
	struct blist free;              /* (l) */
	uint32_t cursor;                /* (l) where the last run ended */
	uint32_t used;                  /* (l) slots with references */
	uint32_t nbad;                  /* (l) slots that are bad */
	bool retired;                   /* (l) */
	uint32_t *refs;                 /* (l) */
	uint32_t *sums;                 /* (r) */
	struct vm_swapcrypt *crypt;     /* (c) vm_swapcrypt.c; or NULL */
	uint64_t reads, writes, errors; /* (l) */
};

struct vm_swap {
	struct vm_mutex lock;
	struct list devs;  /* (l) in the order of adding */
	struct list order; /* (l) by priority; who had a turn goes behind its
			      equals */
	unsigned next_id;  /* (l) */
	_Atomic uint64_t total, in_use;        /* (a) written under the lock */
	const struct vm_swap_cipher *cipher;   /* (c) once set */
	struct vm_event ended[VM_SWAP_EVENTS]; /* reads somebody waits for */
};

/* The device of a slot; NULL: none.  => lock held */
struct vm_swapdev *vm_swapdev_of(struct vm_swap *, vm_slot_t);

/* The place of a slot in the arrays of its device. */
static inline uint32_t
vm_swapdev_index(const struct vm_swapdev *sd, vm_slot_t slot)
{
	VM_ASSERT(slot >= sd->first && slot - sd->first < sd->npages);
	return slot - sd->first;
}

/* Slots that a device adds to vm_swap_total.  => lock held */
static inline uint32_t
vm_swapdev_offers(const struct vm_swapdev *sd)
{
	return sd->retired ? 0 : sd->npages - sd->nbad;
}

/* Move a device that had its turn behind those of its priority.
 * => lock held */
void vm_swapdev_had_turn(struct vm_swap *, struct vm_swapdev *);

#endif
