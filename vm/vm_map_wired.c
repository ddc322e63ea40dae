/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_map_wired.c - which pages of a map are to be wired, and how they cease to
 * be.
 *
 * A page is wired for one of two reasons, or for both: its entry says so, or it
 * lies in a range that is held (vm_vslock.h).  Held ranges may overlap, and cut
 * no entry: that is for who holds them.
 *
 *	entries	   [   LOCKED   ][              ]
 *	held	          (------)   (----)
 *			             (--------)
 *	wired	    WWWWWWWWWWWW     WWWWWW
 *
 * When a mapping goes its wiring goes, whatever the reason; when a reason goes
 * only what has no other.
 */
#include "vm/vm_map.h"

#include "vm/vm_page.h"

bool
vm_map_is_held(const struct vm_map *map, vaddr_t start, vaddr_t end)
{
	LIST_FOREACH(struct vm_held, h, &map->held, link) {
		if (h->start < end && start < h->end)
			return true;
	}
	return false;
}

bool
vm_map_may_be_wired(const struct vm_map *map, const struct vm_map_entry *e)
{
	return vm_entry_is_wired(e) || vm_map_is_held(map, e->start, e->end);
}

static void
unwire_page(struct vm_map *map, vaddr_t va)
{
	struct pmap_mapping at;

	if (pmap_extract(map->pmap, va, &at) && at.wired) {
		pmap_unwire(map->pmap, va);
		vm_page_unwire(map->sys, at.page);
	}
}

static void
unwire(const struct vm_map_part *p, bool spare_held)
{
	const struct vm_cow_ops *cow = p->map->design->cow;
	struct pmap *pm = p->map->pmap;
	vaddr_t va;

	cow->lock(p->entry);
	for (va = pmap_next(pm, p->start, p->end); va < p->end;
	     va = pmap_next(pm, va + VM_PAGE_SIZE, p->end)) {
		if (!spare_held ||
		    !vm_map_is_held(p->map, va, va + VM_PAGE_SIZE))
			unwire_page(p->map, va);
	}
	cow->unlock(p->entry);
}

void
vm_map_unwire_pages(const struct vm_map_part *p)
{
	unwire(p, false);
}

void
vm_map_unwire_rest(const struct vm_map_part *p)
{
	if (!vm_entry_is_wired(p->entry))
		unwire(p, true);
}
