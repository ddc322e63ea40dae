/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_wire.c - wiring and unwiring of ranges.
 *
 * The entries are counted first, with the map locked, and from then on any
 * fault in them wires; then every page is faulted in with the map unlocked.
 * What goes wrong on the way is undone by counting the entries down again.
 * Source: UVM uvm_map_pageable, uvm_fault_wire.
 */
#include "vm/vm_wire.h"

#include "vm/vm_fault.h"
#include "vm/vm_page.h"

#define WIRED_SHARE 3 /* at most a third of memory may be left unwired: the */
/* wired part never exceeds the other two */

static bool
too_many_wired(struct vm_system *sys, vaddr_t start, vaddr_t end)
{
	size_t max = vm_page_count(sys) - vm_page_count(sys) / WIRED_SHARE;

	return vm_atop(end - start) > max ||
	    vm_page_wired_count(sys) > max - vm_atop(end - start);
}

/* Count every entry of the range once more.  => write-locked */
static int
count_up(struct vm_map *map, vaddr_t start, vaddr_t end)
{
	struct vm_map_entry *e;
	int error;

	if (!vm_map_is_full(map, start, end))
		return VM_ENOMEM;
	error = vm_map_clip(map, start, end);
	if (error != 0)
		return error;
	for (e = vm_map_lookup(map, start); e != NULL && e->start < end;
	     e = vm_map_next(map, e)) {
		VM_ASSERT(e->wired_count < UINT16_MAX);
		e->wired_count++;
		e->flags |= VM_ENTRY_WIRING;
	}
	return 0;
}

/*
 * Set the counts of the range: down to none, down by one, or, as wiring does
 * not nest, down to one.  Entries of others that came in between and are not
 * wired are left alone.
 */
enum count_to { TO_NONE, TO_ONE_LESS, TO_ONE };

static void
count_down(struct vm_map *map, vaddr_t start, vaddr_t end, enum count_to to)
{
	struct vm_map_entry *e;
	unsigned n;

	for (e = vm_map_ceiling(map, start); e != NULL && e->start < end;
	     e = vm_map_next(map, e)) {
		if (e->wired_count == 0 || e->start < start || e->end > end)
			continue;
		n = to == TO_NONE ? 0 : to == TO_ONE ? 1 : e->wired_count - 1u;
		if (n == 0)
			vm_map_unwire_pages(map, e);
		e->wired_count = (uint16_t)n;
		e->flags &= (uint8_t)~VM_ENTRY_WIRING;
	}
	vm_map_simplify(map, start, end);
}

static bool
is_wired(struct vm_map *map, vaddr_t va)
{
	struct pmap_mapping at;

	return pmap_extract(map->pmap, va, &at) && at.wired;
}

/* A page whose entry allows no access, or that somebody has unmapped
 * meanwhile, has nothing to be wired. */
static int
wire_page(struct vm_map *map, vaddr_t va)
{
	int error = vm_fault(map, va, VM_PROT_NONE, VM_FAULT_NARROW);

	return error == VM_EACCES || error == VM_EFAULT ? 0 : error;
}

static int
wire_pages(struct vm_map *map, vaddr_t start, vaddr_t end)
{
	vaddr_t va;
	int error = 0;

	for (va = start; va < end && error == 0; va += VM_PAGE_SIZE) {
		if (!is_wired(map, va))
			error = wire_page(map, va);
	}
	return error;
}

int
vm_map_wire(struct vm_map *map, vaddr_t start, vaddr_t end)
{
	int error;

	if (too_many_wired(map->sys, start, end))
		return VM_EAGAIN;
	vm_map_lock(map);
	error = count_up(map, start, end);
	vm_map_unlock(map);
	if (error != 0)
		return error;
	error = wire_pages(map, start, end);
	vm_map_lock(map);
	count_down(map, start, end, error == 0 ? TO_ONE : TO_ONE_LESS);
	vm_map_unlock(map);
	return error;
}

int
vm_map_unwire(struct vm_map *map, vaddr_t start, vaddr_t end)
{
	int error = VM_ENOMEM;

	vm_map_lock(map);
	if (vm_map_is_full(map, start, end))
		error = vm_map_clip(map, start, end);
	if (error == 0)
		count_down(map, start, end, TO_NONE);
	vm_map_unlock(map);
	return error;
}

/* Whether the entry at va is wired and its page is not, or not for all. */
static bool
lacks_wiring(struct vm_map *map, vaddr_t va)
{
	struct vm_map_entry *e;
	struct pmap_mapping at;
	bool lacks;

	vm_map_lock_read(map);
	e = vm_map_lookup(map, va);
	lacks = e != NULL && vm_entry_is_wired(e) && e->prot != VM_PROT_NONE &&
	    !(pmap_extract(map->pmap, va, &at) && at.wired &&
		(at.prot & e->prot) == e->prot);
	vm_map_unlock_read(map);
	return lacks;
}

int
vm_map_rewire(struct vm_map *map, vaddr_t start, vaddr_t end)
{
	vaddr_t va;
	int error = 0;

	for (va = start; va < end && error == 0; va += VM_PAGE_SIZE) {
		if (lacks_wiring(map, va))
			error = wire_page(map, va);
	}
	return error;
}
