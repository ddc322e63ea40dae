/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_map_clip.c - entries cut where a range begins and ends, and joined where
 * nobody could tell the difference; and settled, which may do both.
 *
 *	clip	 [     a	)  ->  [ a )[  a  )[ a )
 *	simplify [ a )[  a  )[ a ) ->  [     a	       )
 *
 * Sources: 4.4BSD vm_map.c (clip, simplify), UVM uvm_map.c.
 */
#include "vm/vm_map.h"

#include "base/mem.h"

/* ---- cutting and joining ---- */

struct vm_map_entry *
vm_entry_cut(struct vm_map *map, struct vm_map_entry *e, vaddr_t va)
{
	struct vm_map_entry *hi = vm_entry_alloc(map->sys);
	vm_pindex_t n = vm_entry_page(e, va);

	VM_ASSERT(va > e->start && va < e->end);
	if (hi == NULL)
		return NULL;
	memcpy(hi, e, sizeof(*hi));
	hi->start = va;
	e->end = va;
	map->design->cow->split(map->sys, e, hi, n);
	return hi;
}

/* Cut e, which is in the map. */
static int
clip_at(struct vm_map *map, struct vm_map_entry *e, vaddr_t va)
{
	struct vm_map_entry *hi;

	vm_map_count_out(map, e);
	hi = vm_entry_cut(map, e, va);
	vm_map_count_in(map, e);
	if (hi == NULL)
		return VM_ENOMEM;
	vm_entry_link(map, hi);
	VM_COUNT(map->sys, entries_clipped);
	return 0;
}

static int
clip_boundary(struct vm_map *map, vaddr_t va)
{
	struct vm_map_entry *e = vm_map_lookup(map, va);

	return e == NULL || e->start == va ? 0 : clip_at(map, e, va);
}

int
vm_map_clip(struct vm_map *map, vaddr_t start, vaddr_t end)
{
	int error = clip_boundary(map, start);

	if (error == 0)
		error = clip_boundary(map, end);
	if (error != 0)
		vm_map_simplify(map, start, end);
	return error;
}

static bool
attributes_agree(const struct vm_map_entry *a, const struct vm_map_entry *b)
{
	return a->prot == b->prot && a->max_prot == b->max_prot &&
	    a->inherit == b->inherit && a->advice == b->advice &&
	    ((a->flags ^ b->flags) &
		(VM_ENTRY_LOCKED | VM_ENTRY_WIRING | VM_ENTRY_STACK)) == 0 &&
	    a->marks == b->marks && (a->marks & VM_MARK_GAP) == 0 &&
	    ((a->flags | b->flags) & VM_ENTRY_FOREIGN) == 0;
}

/* Where wiring cuts entries they stay cut at the ends of what is held. */
static bool
is_cut(const struct vm_map *map, vaddr_t va)
{
	if (!map->design->hold_cuts)
		return false;
	LIST_FOREACH(struct vm_held, h, &map->held, link) {
		if (h->start == va || h->end == va)
			return true;
	}
	return false;
}

/* Join hi into lo where nobody could tell the difference. */
static bool
try_join(struct vm_map *map, struct vm_map_entry *lo, struct vm_map_entry *hi)
{
	if (lo->end != hi->start || !attributes_agree(lo, hi) ||
	    is_cut(map, hi->start) || !map->design->cow->join(map->sys, lo, hi))
		return false;
	vm_map_count_out(map, lo);
	lo->end = hi->end; /* first, so that the index sees no gap open */
	vm_map_count_in(map, lo);
	vm_entry_unlink(map, hi);
	vm_entry_free(map->sys, hi);
	VM_COUNT(map->sys, entries_merged);
	return true;
}

void
vm_map_simplify(struct vm_map *map, vaddr_t start, vaddr_t end)
{
	struct vm_map_entry *e, *next;

	if (map->design->merge == VM_MERGE_NEW)
		return;
	e = vm_map_ceiling(map, start == 0 ? 0 : start - 1);
	while (e != NULL && e->start <= end) {
		next = vm_map_next(map, e);
		if (next == NULL || next->start > end)
			return;
		if (!try_join(map, e, next))
			e = next;
	}
}

void
vm_map_join_new(struct vm_map *map, struct vm_map_entry *e)
{
	struct vm_map_entry *prev = vm_index_prev(&map->index, e);

	if (map->design->merge != VM_MERGE_NEW)
		vm_map_simplify(map, e->start, e->end);
	else if (prev != NULL && e->object == NULL)
		(void)try_join(map, prev, e);
}

/* ---- settling ---- */

static bool
is_unsettled(const struct vm_map_entry *e)
{
	return e != NULL && (e->flags & VM_ENTRY_NEEDS_COPY) != 0;
}

/* Let a settled neighbour grow over e; true when one did. */
static bool
join_settled(struct vm_map *map, struct vm_map_entry *e)
{
	struct vm_map_entry *prev = vm_index_prev(&map->index, e);
	struct vm_map_entry *next = vm_map_next(map, e);

	if (vm_entry_has_upper(e) || map->design->merge == VM_MERGE_NEW)
		return false;
	if (prev != NULL && !is_unsettled(prev) && try_join(map, prev, e))
		return true;
	return next != NULL && !is_unsettled(next) && try_join(map, e, next);
}

/* Cut out of e the part around va that is better settled alone. */
static int
clip_chunk(struct vm_map *map, struct vm_map_entry *e, vaddr_t va,
    vm_pindex_t want)
{
	vm_pindex_t first, last;
	vaddr_t base = e->start;

	map->design->cow->chunk(e, vm_entry_page(e, va), want, &first, &last);
	return vm_map_clip(map, base + vm_ptoa(first), base + vm_ptoa(last));
}

static int
settle(struct vm_map *map, struct vm_map_entry *e)
{
	const struct vm_design *d = map->design;

	return d->cow->settle(map->sys, e, d->pageindex);
}

int
vm_map_settle_first(struct vm_map *map, struct vm_map_entry *e)
{
	int error;

	if (!is_unsettled(e))
		return 0;
	error = clip_chunk(map, e, e->start, vm_entry_npages(e));
	return error != 0 ? error : settle(map, e);
}

int
vm_map_settle(struct vm_map *map, vaddr_t va, vm_pindex_t want)
{
	struct vm_map_entry *e = vm_map_lookup(map, va);
	int error;

	if (!is_unsettled(e))
		return 0;
	error = clip_chunk(map, e, va, want);
	if (error != 0)
		return error;
	e = vm_map_lookup(map, va);
	if (!is_unsettled(e) || join_settled(map, e))
		return 0;
	return settle(map, e);
}
