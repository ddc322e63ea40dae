/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_map_entry.c - the entries of a map: their memory, their order, and which
 * one an address is in.
 *
 * Every entry is on the ordered list and in the index.  `gap` of an entry is
 * the free space behind it, so each change of an end, or of a neighbour, is
 * followed by set_gap() on the entry before the change.
 *
 *	first_gap	      gap	     gap
 *	|-------|[ entry )|------------|[ entry )|---|
 *	min						max
 *
 * Source: UVM uvm_map.c.
 */
#include "vm/vm_map.h"

#include "base/mem.h"
#include "base/pool.h"

#define SLAB_BYTES 16384

struct vm_entries {
	struct vm_mutex lock;
	struct pool pool;
};

/* ---- memory of entries ---- */

struct vm_map_entry *
vm_entry_alloc(struct vm_system *sys)
{
	struct vm_map_entry *e;

	vm_mutex_lock(&sys->entries->lock);
	e = pool_get(&sys->entries->pool);
	vm_mutex_unlock(&sys->entries->lock);
	if (e != NULL) {
		memset(e, 0, sizeof(*e));
		VM_COUNT(sys, entries_allocated);
	}
	return e;
}

void
vm_entry_free(struct vm_system *sys, struct vm_map_entry *e)
{
	vm_mutex_lock(&sys->entries->lock);
	pool_put(&sys->entries->pool, e);
	vm_mutex_unlock(&sys->entries->lock);
	VM_COUNT(sys, entries_freed);
}

size_t
vm_entry_bytes(struct vm_system *sys)
{
	size_t bytes;

	vm_mutex_lock(&sys->entries->lock);
	bytes = pool_used_bytes(&sys->entries->pool);
	vm_mutex_unlock(&sys->entries->lock);
	return bytes;
}

struct vm_map_entry *
vm_entry_make(struct vm_system *sys, const struct vm_map_insert_args *a)
{
	struct vm_map_entry *e = vm_entry_alloc(sys);

	if (e == NULL)
		return NULL;
	e->start = a->start;
	e->end = a->start + a->len;
	e->object = a->object;
	e->offset = a->offset;
	e->prot = a->prot;
	e->max_prot = a->max_prot;
	e->inherit = (uint8_t)a->inherit;
	e->advice = (uint8_t)a->advice;
	e->flags = a->flags;
	e->marks = a->marks;
	if (!a->uncharged)
		e->marks |= vm_charge_mark(sys, a->flags, a->prot);
	if (a->flags & VM_ENTRY_COW)
		e->flags |= VM_ENTRY_NEEDS_COPY;
	return e;
}

/* ---- neighbours and gaps ---- */

struct vm_map_entry *
vm_map_first(const struct vm_map *map)
{
	return LIST_FIRST(struct vm_map_entry, &map->index.entries, link);
}

struct vm_map_entry *
vm_map_next(const struct vm_map *map, const struct vm_map_entry *e)
{
	return LIST_NEXT(struct vm_map_entry, e, &map->index.entries, link);
}

/* Set the gap behind e, or with NULL that before the first entry. */
static void
set_gap(struct vm_map *map, struct vm_map_entry *e)
{
	struct vm_index *ix = &map->index;
	struct vm_map_entry *next = e == NULL ? vm_map_first(map) :
						vm_map_next(map, e);
	vaddr_t end = next == NULL ? ix->max : next->start;

	if (e == NULL) {
		ix->first_gap = end - ix->min;
		return;
	}
	e->gap = end - e->end;
	ix->ops->resized(ix, e);
}

/* ---- lookup ---- */

struct vm_map_entry *
vm_map_lookup(struct vm_map *map, vaddr_t va)
{
	struct vm_map_entry *e = map->index.ops->floor(&map->index, va);

	VM_ASSERT(vm_rwlock_is_locked(&map->lock));
	return e != NULL && va < e->end ? e : NULL;
}

struct vm_map_entry *
vm_map_ceiling(struct vm_map *map, vaddr_t va)
{
	struct vm_map_entry *e = map->index.ops->floor(&map->index, va);

	if (e == NULL)
		return vm_map_first(map);
	return va < e->end ? e : vm_map_next(map, e);
}

bool
vm_map_part(struct vm_map *map, vaddr_t va, vaddr_t end, struct vm_map_part *p)
{
	struct vm_map_entry *e = va < end ? vm_map_ceiling(map, va) : NULL;

	if (e == NULL || e->start >= end)
		return false;
	p->map = map;
	p->entry = e;
	p->start = e->start > va ? e->start : va;
	p->end = e->end < end ? e->end : end;
	return true;
}

bool
vm_map_is_full(struct vm_map *map, vaddr_t start, vaddr_t end)
{
	struct vm_map_entry *e = vm_map_lookup(map, start);

	while (e != NULL && e->end < end && e->gap == 0)
		e = vm_map_next(map, e);
	return e != NULL && e->end >= end;
}

/* ---- linking ---- */

void
vm_entry_link(struct vm_map *map, struct vm_map_entry *e)
{
	struct vm_index *ix = &map->index;
	struct vm_map_entry *prev = ix->ops->floor(ix, e->start);
	struct vm_map_entry *next;

	VM_ASSERT(prev == NULL || prev->end <= e->start);
	list_insert_after(prev == NULL ? &ix->entries : &prev->link, &e->link);
	next = vm_map_next(map, e);
	VM_ASSERT(e->start < e->end);
	VM_ASSERT(next == NULL || e->end <= next->start);
	e->gap = (next == NULL ? ix->max : next->start) - e->end;
	ix->ops->insert(ix, e);
	atomic_fetch_add(&map->serial, 1);
	set_gap(map, prev);
	vm_map_count_in(map, e);
	if (++map->nentries > map->nentries_peak)
		map->nentries_peak = map->nentries;
}

void
vm_entry_unlink(struct vm_map *map, struct vm_map_entry *e)
{
	struct vm_map_entry *prev = vm_index_prev(&map->index, e);

	map->index.ops->remove(&map->index, e);
	list_remove(&e->link);
	atomic_fetch_add(&map->serial, 1);
	set_gap(map, prev);
	vm_map_count_out(map, e);
	map->nentries--;
}

/* ---- beginning and end ---- */

int
vm_map_init_system(struct vm_system *sys)
{
	struct vm_entries *es = vm_alloc(sys, sizeof(*es));

	if (es == NULL)
		return VM_ENOMEM;
	vm_mutex_init(&es->lock, sys->env);
	pool_init(&es->pool, &sys->alloc, sizeof(struct vm_map_entry), 16,
	    SLAB_BYTES);
	sys->entries = es;
	return 0;
}

void
vm_map_fini_system(struct vm_system *sys)
{
	pool_fini(&sys->entries->pool);
	vm_free(sys, sys->entries, sizeof(*sys->entries));
	sys->entries = NULL;
}
