/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_swapmap.h - where the pages of an object are in swap: slots by index.
 *
 * A page that is in memory too is clean, or its slot is of no use: it is up to
 * the object to know.  Guarded by the object's lock.
 *
 * A system that gives each page a fixed place takes slots in blocks; the map
 * has a reference to each slot of its blocks, and what is there has another.
 *
 * Source: FreeBSD swap_pager.c keeps a trie of slots in each object, UVM
 * uvm_aobj.c an array or a hash, 4.4BSD swap_pager.c a table of blocks.
 */
#ifndef VM_SWAPMAP_H
#define VM_SWAPMAP_H

#include "base/radix.h"
#include "vm/vm_system.h"
#include "vm/vm_types.h"

struct vm_swapmap {
	struct radix_tree slots; /* slot as a pointer */
	vm_pindex_t count;
	struct radix_tree blocks; /* the first slot of each block */
	unsigned block;           /* slots of a block; 0: none yet */
	bool used;                /* there has been one, at some time */
};

void vm_swapmap_init(struct vm_swapmap *, struct vm_system *);

/* The slot at an index, or 0. */
static inline vm_slot_t
vm_swapmap_at(const struct vm_swapmap *m, vm_pindex_t i)
{
	if (m->count == 0)
		return 0;
	return (vm_slot_t)(uintptr_t)radix_lookup(&m->slots, i);
}

/*
 * vm_swapmap_set: put a slot in the place of what is there, which is the
 * caller's from now on; slot 0 makes the place empty, and cannot fail.
 * => false: no memory, nothing has changed
 */
bool vm_swapmap_set(struct vm_swapmap *, vm_pindex_t, vm_slot_t);

/* The first slot at or after *i, which is set to its index; 0: none. */
vm_slot_t vm_swapmap_next(const struct vm_swapmap *, vm_pindex_t *i);

/* Give the slots of [start, end) back. */
void vm_swapmap_free(struct vm_system *, struct vm_swapmap *, vm_pindex_t start,
    vm_pindex_t end);

/*
 * vm_swapmap_place: the slot in which this index always is, with a reference
 * for the caller.  Slots for `block` indices in a row are taken at once, and
 * stay the map's, whether something is there or not.
 * => 0: no room for a block, no memory, or the slot is bad, its device is to
 *    go, or what was there is still referred to by others
 */
vm_slot_t vm_swapmap_place(struct vm_system *, struct vm_swapmap *, vm_pindex_t,
    unsigned block);

/* Give back the blocks that lie on a device; what is there stays until it is
 * put elsewhere. */
void vm_swapmap_leave(struct vm_system *, struct vm_swapmap *, unsigned id);

/* Give all blocks back: no place will be asked for any more.  What is there
 * goes one by one. */
void vm_swapmap_fini(struct vm_system *, struct vm_swapmap *);

/* The number of slots, after a look at all of them. */
vm_pindex_t vm_swapmap_check(const struct vm_swapmap *);

#endif
