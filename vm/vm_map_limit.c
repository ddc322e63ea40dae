/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_map_limit.c - how much a map may have, and what it has taken of the
 * system for it.
 *
 *	need	what the entries come to, kept exact whenever one changes
 *	taken	what has been charged to the system
 *
 * Who is about to change entries takes first what they will need more; what
 * has not come to be needed is given back when the map is unlocked.  So a
 * change that fails half way has nothing to undo here, and taken is need
 * whenever the map is not locked for writing.
 *
 * A map counts address space that is locked, pages or not, since that is what
 * its owner was promised; the system counts what can have pages.
 * Sources: NetBSD uvm_map_pageable; FreeBSD vm_map_wire, swap_reserve.
 */
#include "vm/vm_map.h"

struct vm_charge
vm_entry_need(const struct vm_map_entry *e)
{
	bool wired = vm_entry_is_wired(e) && e->prot != VM_PROT_NONE;

	return (struct vm_charge){
		.wired = wired ? vm_entry_npages(e) : 0,
		.anon = e->marks & VM_MARK_CHARGED ? vm_entry_npages(e) : 0,
	};
}

uint8_t
vm_charge_mark(const struct vm_system *sys, uint8_t flags, vm_prot_t prot)
{
	bool charged = sys->counts_anon && (flags & VM_ENTRY_COW) != 0 &&
	    (prot & VM_PROT_WRITE) != 0;

	return charged ? VM_MARK_CHARGED : 0;
}

struct vm_charge
vm_map_need(struct vm_map *map, vaddr_t start, vaddr_t end)
{
	struct vm_charge sum = { 0 }, need;
	struct vm_map_entry some;
	struct vm_map_part p;

	for (; vm_map_part(map, start, end, &p); start = p.end) {
		some = vm_map_part_entry(&p);
		need = vm_entry_need(&some);
		vm_charge_add(&sum, &need);
	}
	return sum;
}

void
vm_map_count_in(struct vm_map *map, const struct vm_map_entry *e)
{
	struct vm_charge need = vm_entry_need(e);

	vm_charge_add(&map->need, &need);
	map->size += vm_entry_size(e);
	if (vm_entry_is_wired(e))
		map->locked += e->end - e->start;
}

void
vm_map_count_out(struct vm_map *map, const struct vm_map_entry *e)
{
	struct vm_charge need = vm_entry_need(e);

	map->need = vm_charge_beyond(&map->need, &need);
	map->size -= vm_entry_size(e);
	if (vm_entry_is_wired(e))
		map->locked -= e->end - e->start;
}

int
vm_map_charge(struct vm_map *map, const struct vm_charge *more)
{
	struct vm_charge want = map->need;
	int error;

	VM_ASSERT(vm_rwlock_is_write_locked(&map->lock));
	vm_charge_add(&want, more);
	want = vm_charge_beyond(&want, &map->taken);
	error = vm_charge_take(map->sys, &want);
	if (error == 0)
		vm_charge_add(&map->taken, &want);
	return error;
}

void
vm_map_give_back(struct vm_map *map)
{
	struct vm_charge rest = vm_charge_beyond(&map->taken, &map->need);

	VM_ASSERT(map->taken.wired >= map->need.wired);
	VM_ASSERT(map->taken.anon >= map->need.anon);
	vm_charge_give(map->sys, &rest);
	map->taken = map->need;
}

int
vm_map_may_wire(struct vm_map *map, vsize_t bytes, vsize_t pages)
{
	struct vm_charge more = { .wired = vm_atop(pages) };

	if (bytes != 0 &&
	    (map->locked > map->wired_limit ||
		bytes > map->wired_limit - map->locked))
		return VM_ENOMEM;
	return vm_map_charge(map, &more);
}
