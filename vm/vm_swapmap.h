/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_swapmap.h - where the pages of an object are in swap: slots by index.
 *
 * A page that is in memory too is clean, or its slot is of no use: it is up to
 * the object to know.  Guarded by the object's lock.
 *
 * Source: FreeBSD swap_pager.c keeps a trie of slots in each object, UVM
 * uvm_aobj.c an array or a hash.
 */
#ifndef VM_SWAPMAP_H
#define VM_SWAPMAP_H

#include "base/radix.h"
#include "vm/vm_system.h"
#include "vm/vm_types.h"

struct vm_swapmap {
	struct radix_tree slots; /* slot as a pointer */
	vm_pindex_t count;
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

/* The number of slots, after a look at all of them. */
vm_pindex_t vm_swapmap_check(const struct vm_swapmap *);

#endif
