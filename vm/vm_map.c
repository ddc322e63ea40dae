/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_map.c - ranges of a map: finding room for them, inserting and removing
 * them.
 *
 * What is mapped in the place of something else is made first, and everything
 * that can fail is tried; then both changes are one.  Entries that are removed
 * leave the map at once and are dropped later, with nothing locked.
 *
 * The entries themselves are in vm_map_entry.c, cutting and joining them in
 * vm_map_clip.c, attributes in vm_map_attr.c, forking in vm_map_fork.c.
 *
 * Sources: UVM uvm_map.c (one-step insert with merging, two-phase unmap,
 * findspace on gaps).
 */
#include "vm/vm_map.h"

#include "base/mem.h"
#include "vm/vm_page.h"

/* ---- findspace ---- */

static bool
is_free(struct vm_map *map, vaddr_t start, vsize_t len)
{
	struct vm_map_entry *e = vm_map_ceiling(map, start);

	return e == NULL || e->start >= start + len;
}

static bool
is_inside(const struct vm_map *map, vaddr_t start, vsize_t len)
{
	return start >= map->index.min && start < map->index.max &&
	    len <= map->index.max - start;
}

static bool
hint_serves(struct vm_map *map, const struct vm_map_insert_args *a)
{
	vaddr_t hint = vm_trunc_page(a->start);

	return hint != 0 && (a->align == 0 || hint % a->align == 0) &&
	    is_inside(map, hint, a->len) && is_free(map, hint, a->len);
}

int
vm_map_findspace(struct vm_map *map, const struct vm_map_insert_args *a,
    vaddr_t *start)
{
	struct vm_gap_want w = {
		.min = map->place_min,
		.max = map->place_max,
		.len = a->len,
		.align = a->align < VM_PAGE_SIZE ? VM_PAGE_SIZE : a->align,
		.topdown = !a->bottomup,
		.fit = map->design->fit,
	};

	if ((a->align & (a->align - 1)) != 0)
		return VM_EINVAL;
	if (hint_serves(map, a)) {
		*start = vm_trunc_page(a->start);
		return 0;
	}
	if (map->index.ops->find_gap(&map->index, &w, start))
		return 0;
	w.min = map->index.min;
	w.max = map->index.max;
	return map->index.ops->find_gap(&map->index, &w, start) ? 0 : VM_ENOMEM;
}

/* ---- removing ---- */

void
vm_map_dead_init(struct vm_map_dead *dead)
{
	list_init(&dead->entries);
}

void
vm_map_bury(struct vm_map *map, struct vm_map_dead *dead)
{
	LIST_FOREACH_SAFE(struct vm_map_entry, e, next, &dead->entries, link) {
		list_remove(&e->link);
		map->design->cow->drop(map->sys, e);
		vm_entry_free(map->sys, e);
	}
}

int
vm_map_count(struct vm_map *map, vaddr_t start, vaddr_t end, vsize_t *bytes)
{
	struct vm_map_part p;

	*bytes = 0;
	for (; vm_map_part(map, start, end, &p); start = p.end) {
		if (vm_entry_is_fixed(p.entry))
			return VM_EPERM;
		if (!vm_entry_is_guard(p.entry))
			*bytes += p.end - p.start;
	}
	return 0;
}

void
vm_map_remove_whole(struct vm_map *map, vaddr_t start, vaddr_t end,
    struct vm_map_dead *dead)
{
	struct vm_map_entry *e = vm_map_ceiling(map, start), *next;
	struct vm_map_part all;
	bool any = false;

	for (; e != NULL && e->start < end; e = next, any = true) {
		next = vm_map_next(map, e);
		all = vm_map_whole(map, e);
		if (vm_map_may_be_wired(map, e))
			vm_map_unwire_pages(&all);
		vm_entry_unlink(map, e);
		list_insert_tail(&dead->entries, &e->link);
	}
	if (any) {
		pmap_remove(map->pmap, start, end);
		pmap_update(map->pmap);
	}
}

int
vm_map_remove(struct vm_map *map, vaddr_t start, vaddr_t end,
    struct vm_map_dead *dead)
{
	vsize_t bytes;
	int error;

	VM_ASSERT(vm_rwlock_is_write_locked(&map->lock));
	error = vm_map_count(map, start, end, &bytes);
	if (error == 0)
		error = vm_map_clip(map, start, end);
	if (error == 0)
		vm_map_remove_whole(map, start, end, dead);
	return error;
}

/* ---- inserting ---- */

/* Decide where, and how many bytes that are charged now will go from there. */
static int
choose_place(struct vm_map *map, const struct vm_map_insert_args *a,
    vaddr_t *start, vsize_t *replaced)
{
	*replaced = 0;
	if (!a->fixed)
		return vm_map_findspace(map, a, start);
	*start = a->start;
	if (!is_inside(map, a->start, a->len))
		return VM_EINVAL;
	if (is_free(map, a->start, a->len))
		return 0;
	if (!a->replace)
		return VM_EEXIST;
	return vm_map_count(map, a->start, a->start + a->len, replaced);
}

bool
vm_map_fits(const struct vm_map *map, vsize_t len, vsize_t replaced)
{
	vsize_t size = map->size - replaced;

	return size <= map->size_limit && len <= map->size_limit - size;
}

/* Take what the entry needs more than what is at its place now. */
static int
charge_instead(struct vm_map *map, const struct vm_map_entry *e, vaddr_t start)
{
	struct vm_charge more = vm_entry_need(e);
	struct vm_charge less = vm_map_need(map, start,
	    start + (e->end - e->start));

	more = vm_charge_beyond(&more, &less);
	return vm_map_charge(map, &more);
}

int
vm_map_insert(struct vm_map *map, const struct vm_map_insert_args *a,
    struct vm_map_dead *dead, vaddr_t *start)
{
	struct vm_map_entry *e;
	vsize_t replaced;
	int error;

	VM_ASSERT(vm_rwlock_is_write_locked(&map->lock));
	VM_ASSERT(a->len != 0 && a->len % VM_PAGE_SIZE == 0);
	error = choose_place(map, a, start, &replaced);
	if (error != 0)
		return error;
	if ((a->marks & VM_MARK_GUARD) == 0 &&
	    !vm_map_fits(map, a->len, replaced))
		return VM_ENOMEM;
	e = vm_entry_make(map->sys, a);
	if (e == NULL)
		return VM_ENOMEM;
	error = charge_instead(map, e, *start);
	if (error == 0 && a->fixed)
		error = vm_map_clip(map, *start, *start + a->len);
	if (error == 0 && e->object != NULL)
		error = vm_object_charge(e->object,
		    e->offset + vm_entry_npages(e));
	if (error != 0) {
		vm_entry_free(map->sys, e);
		return error;
	}
	if (a->fixed)
		vm_map_remove_whole(map, *start, *start + a->len, dead);
	e->start = *start;
	e->end = *start + a->len;
	vm_entry_link(map, e);
	if (!a->alone)
		vm_map_join_new(map, e);
	return 0;
}

/* ---- beginning and end ---- */

void
vm_map_init(struct vm_map *map, struct vm_system *sys,
    const struct vm_design *design, struct pmap *pmap)
{
	vaddr_t min = sys->machine->va_min, max = sys->machine->va_max;

	memset(map, 0, sizeof(*map));
	vm_rwlock_init(&map->lock, sys->env);
	vm_mutex_init(&map->wire_lock, sys->env);
	map->sys = sys;
	map->design = design;
	map->pmap = pmap;
	map->index.ops = design->index;
	map->index.min = map->place_min = min;
	map->index.max = map->place_max = max;
	map->index.first_gap = max - min;
	map->size_limit = map->wired_limit = map->stack_limit = UINT64_MAX;
	atomic_init(&map->serial, 1);
	list_init(&map->index.entries);
	list_init(&map->held);
	design->index->init(&map->index);
}

void
vm_map_fini(struct vm_map *map)
{
	VM_ASSERT(map->nentries == 0 && map->size == 0 && map->locked == 0);
	VM_ASSERT(map->taken.wired == 0 && map->taken.anon == 0);
	VM_ASSERT(list_is_empty(&map->held));
	(void)map;
}

/* ---- checking ---- */

static void
check_frozen(const struct vm_map_entry *e)
{
	VM_VERIFY(!vm_entry_is_wired(e) && !vm_entry_is_reserved(e));
	VM_VERIFY(!vm_entry_is_cow(e) || vm_entry_needs_copy(e) ||
	    (e->flags & VM_ENTRY_SHARED) != 0);
}

static void
check_entry(const struct vm_map *map, const struct vm_map_entry *e)
{
	struct vm_map_entry *next = vm_map_next(map, e);

	VM_VERIFY(e->start < e->end);
	VM_VERIFY(e->start >= map->index.min && e->end <= map->index.max);
	VM_VERIFY((e->start & VM_PAGE_MASK) == 0);
	VM_VERIFY((e->end & VM_PAGE_MASK) == 0);
	VM_VERIFY((e->prot & ~e->max_prot) == 0);
	VM_VERIFY(!vm_entry_is_reserved(e) || vm_entry_is_empty(e)); /* M8 */
	if (map->frozen)                                             /* K1 */
		check_frozen(e);
	VM_VERIFY(next == NULL || e->end <= next->start);
	VM_VERIFY(
	    e->gap == (next == NULL ? map->index.max : next->start) - e->end);
}

void
vm_map_check(struct vm_map *map)
{
	struct vm_map_entry *e;
	vsize_t size = 0, locked = 0;
	struct vm_charge need = { 0 }, more;
	size_t n = 0;

	for (e = vm_map_first(map); e != NULL; e = vm_map_next(map, e), n++) {
		check_entry(map, e);
		size += vm_entry_size(e);
		locked += vm_entry_is_wired(e) ? e->end - e->start : 0;
		more = vm_entry_need(e);
		vm_charge_add(&need, &more);
		map->design->cow->lock(e);
		map->design->cow->check(e);
		map->design->cow->unlock(e);
	}
	LIST_FOREACH(struct vm_held, h, &map->held, link)
		need.wired += vm_atop(h->end - h->start);
	VM_VERIFY(!map->frozen || pmap_resident_count(map->pmap) == 0);
	e = vm_map_first(map);
	VM_VERIFY(map->index.first_gap ==
	    (e == NULL ? map->index.max : e->start) - map->index.min);
	VM_VERIFY(n == map->nentries);
	VM_VERIFY(size == map->size && locked == map->locked); /* M3 */
	VM_VERIFY(need.wired == map->need.wired && need.anon == map->need.anon);
	map->index.ops->check(&map->index);
}
