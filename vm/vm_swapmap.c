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
	radix_init(&m->blocks, &sys->index_alloc);
	m->count = 0;
	m->block = 0;
	m->used = false;
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
	m->used = true;
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

/* The slots of block b, made at first sight; 0: no room, no memory. */
static vm_slot_t
block_at(struct vm_system *sys, struct vm_swapmap *m, vm_pindex_t b)
{
	vm_slot_t first = (vm_slot_t)(uintptr_t)radix_lookup(&m->blocks, b);
	unsigned got = 0;

	if (first != 0)
		return first;
	first = vm_swap_alloc(sys, m->block, &got);
	if (first == 0)
		return 0;
	if (got == m->block &&
	    radix_insert(&m->blocks, b, (void *)(uintptr_t)first) == 0)
		return first;
	vm_swap_free(sys, first, got);
	return 0;
}

vm_slot_t
vm_swapmap_place(struct vm_system *sys, struct vm_swapmap *m, vm_pindex_t i,
    unsigned block)
{
	vm_slot_t slot;

	if (m->block == 0)
		m->block = block;
	slot = block_at(sys, m, i / m->block);
	if (slot == 0 || vm_swap_is_retired(sys, slot))
		return 0;
	slot += (vm_slot_t)(i % m->block);
	if (vm_swap_refs(sys, slot) != 1 || vm_swap_is_bad(sys, slot))
		return 0;
	vm_swap_ref(sys, slot);
	return slot;
}

void
vm_swapmap_leave(struct vm_system *sys, struct vm_swapmap *m, unsigned id)
{
	uint64_t b = 0;
	vm_slot_t first;

	for (; (first = (vm_slot_t)(uintptr_t)radix_next(&m->blocks, &b)) != 0;
	     b++) {
		if (!vm_swap_is_on(sys, first, id))
			continue;
		(void)radix_remove(&m->blocks, b);
		vm_swap_free(sys, first, m->block);
	}
}

void
vm_swapmap_fini(struct vm_system *sys, struct vm_swapmap *m)
{
	uint64_t b = 0;
	void *first;

	for (; (first = radix_next(&m->blocks, &b)) != NULL; b++) {
		vm_swap_free(sys, (vm_slot_t)(uintptr_t)first, m->block);
		(void)radix_remove(&m->blocks, b);
	}
}

vm_pindex_t
vm_swapmap_check(const struct vm_swapmap *m)
{
	vm_pindex_t n = radix_check(&m->slots);

	VM_VERIFY(n == m->count);
	return n;
}
