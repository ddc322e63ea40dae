/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_swapmap.c - where the pages of an object are in swap.
 */
#include "vm/vm_swapmap.h"

#include "vm/vm_swap.h"

void
vm_swapmap_init(struct vm_swapmap *m, struct vm_system *sys)
{
	radix_init(&m->slots, &sys->index_alloc);
	m->count = 0;
}

static vm_slot_t
take(struct vm_swapmap *m, vm_pindex_t i)
{
	m->count--;
	return (vm_slot_t)(uintptr_t)radix_remove(&m->slots, i);
}

bool
vm_swapmap_set(struct vm_swapmap *m, vm_pindex_t i, vm_slot_t slot)
{
	void *as_pointer = (void *)(uintptr_t)slot;

	if (vm_swapmap_at(m, i) != 0) {
		if (slot == 0)
			(void)take(m, i);
		else
			(void)radix_replace(&m->slots, i, as_pointer);
		return true;
	}
	if (slot == 0)
		return true;
	if (radix_insert(&m->slots, i, as_pointer) != 0)
		return false;
	m->count++;
	return true;
}

vm_slot_t
vm_swapmap_next(const struct vm_swapmap *m, vm_pindex_t *i)
{
	if (m->count == 0)
		return 0;
	return (vm_slot_t)(uintptr_t)radix_next(&m->slots, i);
}

void
vm_swapmap_free(struct vm_system *sys, struct vm_swapmap *m, vm_pindex_t start,
    vm_pindex_t end)
{
	vm_pindex_t i = start;

	while (vm_swapmap_next(m, &i) != 0 && i < end)
		vm_swap_free(sys, take(m, i), 1);
}

vm_pindex_t
vm_swapmap_check(const struct vm_swapmap *m)
{
	vm_pindex_t n = radix_check(&m->slots);

	VM_VERIFY(n == m->count);
	return n;
}
