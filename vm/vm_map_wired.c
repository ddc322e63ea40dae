/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_map_wired.c - how pages of a map cease to be wired: each wired mapping is
 * one wiring of its page, which goes with the mapping, or before it.
 *
 * Faults wire (vm_fault.c), and vm_wire.c says what.
 */
#include "vm/vm_map.h"

#include "vm/vm_page.h"

static void
unwire_page(struct vm_map *map, vaddr_t va)
{
	struct pmap_mapping at;

	if (pmap_extract(map->pmap, va, &at) && at.wired) {
		pmap_unwire(map->pmap, va);
		vm_page_unwire(map->sys, at.page);
	}
}

void
vm_map_unwire_pages(const struct vm_map_part *p)
{
	const struct vm_cow_ops *cow = p->map->design->cow;
	struct pmap *pm = p->map->pmap;
	vaddr_t va;

	cow->lock(p->entry);
	for (va = pmap_next(pm, p->start, p->end); va < p->end;
	     va = pmap_next(pm, va + VM_PAGE_SIZE, p->end))
		unwire_page(p->map, va);
	cow->unlock(p->entry);
}
