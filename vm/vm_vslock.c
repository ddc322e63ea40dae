/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_vslock.c - see vm_vslock.h.
 *
 * The range is put on the map's list first, and from then on any fault in it
 * wires, and nobody unwires what is in it; then its pages are faulted in with
 * the map unlocked.  Releasing takes it off the list and unwires what has no
 * other reason to be wired.  The promise of its pages goes with the range, not
 * with entries, so a change of these meanwhile has nothing to count.
 */
#include "vm/vm_vslock.h"

#include "vm/vm_fault.h"

static vm_pindex_t
npages_of(const struct vm_held *h)
{
	return vm_atop(h->end - h->start);
}

/* => locked */
static int
check_access(struct vm_map *map, const struct vm_held *h, vm_prot_t access)
{
	struct vm_map_part p;
	vaddr_t va;

	if (!vm_map_is_full(map, h->start, h->end))
		return VM_EFAULT;
	for (va = h->start; vm_map_part(map, va, h->end, &p); va = p.end) {
		if (p.entry->flags & VM_ENTRY_FOREIGN)
			return VM_EFAULT;
		if (p.entry->prot == VM_PROT_NONE ||
		    (p.entry->prot & access) != access)
			return VM_EACCES;
	}
	return 0;
}

/* Put a range on the list.  => write-locked; on error it is not */
static int
begin(struct vm_map *map, struct vm_held *h, vm_prot_t access)
{
	struct vm_charge more = { .wired = npages_of(h) };
	int error = check_access(map, h, access);

	if (error == 0)
		error = vm_map_charge(map, &more);
	if (error == 0 && map->design->hold_cuts)
		error = vm_map_clip(map, h->start, h->end);
	if (error != 0)
		return error;
	vm_charge_add(&map->need, &more);
	list_insert_tail(&map->held, &h->link);
	return 0;
}

/* Whether another reason has wired the page already. */
static bool
is_wired(struct vm_map *map, vaddr_t va, vm_prot_t access)
{
	struct pmap_mapping at;

	return pmap_extract(map->pmap, va, &at) && at.wired &&
	    (at.prot & access) == access;
}

static int
fault_in(struct vm_map *map, const struct vm_held *h, vm_prot_t access)
{
	vaddr_t va;
	int error = 0;

	for (va = h->start; error == 0 && va < h->end; va += VM_PAGE_SIZE) {
		if (!is_wired(map, va, access))
			error = vm_fault(map, va, access, VM_FAULT_NARROW);
	}
	return error;
}

int
vm_vslock(struct vmspace *vs, vaddr_t addr, vsize_t len, vm_prot_t access,
    struct vm_held *held)
{
	struct vm_map *map = &vs->map;
	int error;

	list_init(&held->link);
	held->start = held->end = vm_trunc_page(addr);
	if (len == 0)
		return 0;
	if (!vm_range_fits(addr, len))
		return VM_EFAULT;
	held->end = vm_round_page(addr + len);
	vm_map_lock(map);
	error = begin(map, held, access);
	vm_map_unlock(map);
	if (error != 0)
		return error;
	error = fault_in(map, held, access);
	if (error != 0)
		vm_vsunlock(vs, held);
	return error;
}

void
vm_vsunlock(struct vmspace *vs, struct vm_held *held)
{
	struct vm_map *map = &vs->map;
	struct vm_charge less = { .wired = npages_of(held) };
	struct vm_map_part p;
	vaddr_t va;

	vm_map_lock(map);
	list_remove(&held->link);
	map->need = vm_charge_beyond(&map->need, &less);
	for (va = held->start; vm_map_part(map, va, held->end, &p); va = p.end)
		vm_map_unwire_rest(&p);
	if (map->design->hold_cuts)
		vm_map_simplify(map, held->start, held->end);
	vm_map_unlock(map);
}
