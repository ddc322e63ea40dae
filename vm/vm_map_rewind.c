/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_map_rewind.c - see vm_map_rewind.h.
 *
 *	plan	cut the map where the frozen one is cut; make an entry for
 *		each piece of that which has no like in the map
 *	charge	for what those need more
 *	act	take out what has no like, or no place; turn back what is
 *		left; put the new entries in
 *
 * All that can fail is in the first two, which change nothing that anybody
 * could tell.
 */
#include "vm/vm_map_rewind.h"

struct rewinding {
	struct vm_map *map, *frozen;
	struct list fresh; /* for pieces without a like, in order */
	struct vm_map_dead *dead;
	struct vm_charge more;
	vm_pindex_t npages;
};

/* ---- frozen entries ---- */

static bool
is_private(const struct vm_map_entry *e)
{
	return vm_entry_is_cow(e) && !(e->flags & VM_ENTRY_SHARED);
}

enum vm_inherit
vm_map_keeps(const struct vm_map_entry *e)
{
	if (vm_entry_is_reserved(e))
		return VM_INHERIT_NONE;
	if (is_private(e) || (e->flags & VM_ENTRY_FOREIGN))
		return VM_INHERIT_COPY;
	return VM_INHERIT_SHARE;
}

/* That the memory was locked, which a copy of it never is. */
static void
remember_wiring(struct vm_map *map, struct vm_map_entry *e)
{
	const struct vm_map_entry *src = vm_map_lookup(map, e->start);

	if ((src->flags & VM_ENTRY_LOCKED) == 0)
		return;
	e->marks |= VM_MARK_WAS_LOCKED;
	e->marks |= src->marks & VM_MARK_ONFAULT;
}

void
vm_map_freeze_copies(struct vm_map *map, struct vm_map *frozen)
{
	const struct vm_cow_ops *cow = map->design->cow;
	struct vm_map_entry *e;

	frozen->frozen = true;
	frozen->wire_future = map->wire_future;
	for (e = vm_map_first(frozen); e != NULL; e = vm_map_next(frozen, e)) {
		remember_wiring(map, e);
		if (!is_private(e))
			continue;
		e->flags |= VM_ENTRY_NEEDS_COPY;
		if (cow->keep != NULL)
			cow->keep(map->sys, e);
	}
}

/* ---- who agrees ---- */

static bool
attributes_agree(const struct vm_map_entry *a, const struct vm_map_entry *b)
{
	const uint8_t flags = VM_ENTRY_COW | VM_ENTRY_FOREIGN | VM_ENTRY_STACK |
	    VM_ENTRY_SHARED;

	return a->prot == b->prot && a->max_prot == b->max_prot &&
	    a->inherit == b->inherit && a->advice == b->advice &&
	    ((a->flags ^ b->flags) & flags) == 0 &&
	    ((a->marks ^ b->marks) & (uint8_t)~VM_MARK_WAS_LOCKED) == 0 &&
	    vm_entry_is_wired(a) == ((b->marks & VM_MARK_WAS_LOCKED) != 0);
}

/* Places without memory agree as a whole or not at all. */
static bool
may_be_cut(const struct vm_map_entry *e)
{
	return (e->flags & VM_ENTRY_FOREIGN) == 0 && !vm_entry_is_guard(e);
}

static bool
is_inside(const struct vm_map_entry *e, const struct vm_map_entry *base)
{
	return e->start >= base->start && e->end <= base->end;
}

/* The same object at the same place; a place without memory is one piece. */
static bool
objects_agree(const struct vm_map_entry *e, const struct vm_map_entry *base)
{
	if (e->object != base->object)
		return false;
	if (e->object != NULL)
		return e->offset ==
		    base->offset + vm_entry_page(base, e->start);
	if (may_be_cut(e))
		return true;
	return e->start == base->start && e->end == base->end &&
	    e->offset == base->offset;
}

static struct vm_rewind
rewind_of(struct rewinding *r, struct vm_map_entry *e,
    const struct vm_map_entry *base)
{
	return (struct vm_rewind){
		.sys = r->map->sys,
		.pmap = r->map->pmap,
		.entry = e,
		.base = base,
		.n = vm_entry_page(base, e->start),
	};
}

/* Whether the entry can stay. */
static bool
agrees(struct rewinding *r, struct vm_map_entry *e,
    const struct vm_map_entry *base)
{
	const struct vm_cow_ops *cow = r->map->design->cow;
	struct vm_rewind rw;

	if (!is_inside(e, base) || !attributes_agree(e, base) ||
	    !objects_agree(e, base))
		return false;
	if (!vm_entry_is_cow(e))
		return true;
	rw = rewind_of(r, e, base);
	return is_private(e) && !vm_map_may_be_wired(r->map, e) &&
	    (cow->may_rewind == NULL || cow->may_rewind(&rw));
}

/* ---- plan ---- */

static int
cut_at(struct rewinding *r, vaddr_t va)
{
	const struct vm_map_entry *e = vm_map_lookup(r->map, va);

	return e != NULL && may_be_cut(e) ? vm_map_clip(r->map, va, va) : 0;
}

static int
cut_alike(struct rewinding *r)
{
	struct vm_map_entry *e;
	int error = 0;

	for (e = vm_map_first(r->frozen); error == 0 && e != NULL;
	     e = vm_map_next(r->frozen, e)) {
		error = cut_at(r, e->start);
		if (error == 0)
			error = cut_at(r, e->end);
	}
	return error;
}

static void
lock_as_it_was(struct vm_map_entry *e, const struct vm_map_entry *base)
{
	if ((base->marks & VM_MARK_WAS_LOCKED) == 0)
		return;
	e->flags |= VM_ENTRY_LOCKED;
	e->marks |= base->marks & VM_MARK_ONFAULT;
}

/* Make an entry for [start, end) of base, and count what it will need. */
static int
make_fresh(struct rewinding *r, struct vm_map_entry *base, vaddr_t start,
    vaddr_t end)
{
	struct vm_map_part p = { r->frozen, base, start, end };
	struct vm_map_entry *e;
	struct vm_charge need;
	int error = vm_map_twin_part(&p, vm_map_keeps(base), r->dead, &e);

	if (error != 0)
		return error;
	lock_as_it_was(e, base);
	list_insert_tail(&r->fresh, &e->link);
	need = vm_entry_need(e);
	vm_charge_add(&r->more, &need);
	return 0;
}

/* The end of what begins at va, inside base, and has no like there. */
static vaddr_t
end_of_unlike(struct rewinding *r, const struct vm_map_entry *base, vaddr_t va)
{
	struct vm_map_entry *e = vm_map_ceiling(r->map, va);

	while (e != NULL && e->start < base->end && !agrees(r, e, base))
		e = vm_map_next(r->map, e);
	return e != NULL && e->start < base->end ? e->start : base->end;
}

static int
plan_for(struct rewinding *r, struct vm_map_entry *base)
{
	vaddr_t va = base->start, end;
	struct vm_map_entry *e;
	int error = 0;

	for (; error == 0 && va < base->end; va = end) {
		e = vm_map_lookup(r->map, va);
		if (e != NULL && agrees(r, e, base)) {
			end = e->end;
			continue;
		}
		end = end_of_unlike(r, base, va);
		error = make_fresh(r, base, va, end);
	}
	return error;
}

static int
plan(struct rewinding *r)
{
	struct vm_map_entry *e;
	int error = cut_alike(r);

	for (e = vm_map_first(r->frozen); error == 0 && e != NULL;
	     e = vm_map_next(r->frozen, e))
		error = plan_for(r, e);
	return error;
}

/* ---- charge ---- */

typedef void gap_fn(struct rewinding *, vaddr_t start, vaddr_t end);

/* Go over what of the map will go: where the frozen one has nothing, and where
 * there is something fresh. */
static void
for_each_gone(struct rewinding *r, gap_fn *fn)
{
	vaddr_t va = r->map->index.min;
	struct vm_map_entry *e;

	for (e = vm_map_first(r->frozen); e != NULL;
	     e = vm_map_next(r->frozen, e)) {
		if (e->start != va)
			fn(r, va, e->start);
		va = e->end;
	}
	if (va != r->map->index.max)
		fn(r, va, r->map->index.max);
	LIST_FOREACH(struct vm_map_entry, f, &r->fresh, link)
		fn(r, f->start, f->end);
}

static void
need_less(struct rewinding *r, vaddr_t start, vaddr_t end)
{
	struct vm_charge less = vm_map_need(r->map, start, end);

	r->more = vm_charge_beyond(&r->more, &less);
}

/* ---- act ---- */

static void
take_out(struct rewinding *r, vaddr_t start, vaddr_t end)
{
	vm_map_remove_whole(r->map, start, end, r->dead);
}

/* What is left lies inside of what the frozen map has. */
static void
turn_back(struct rewinding *r)
{
	const struct vm_cow_ops *cow = r->map->design->cow;
	struct vm_map_entry *e, *base = vm_map_first(r->frozen);
	struct vm_rewind rw;

	for (e = vm_map_first(r->map); e != NULL; e = vm_map_next(r->map, e)) {
		while (base->end <= e->start)
			base = vm_map_next(r->frozen, base);
		VM_ASSERT(base->start <= e->start && e->end <= base->end);
		if (!vm_entry_is_cow(e))
			continue;
		rw = rewind_of(r, e, base);
		cow->rewind(&rw);
		r->npages += rw.npages;
	}
}

static void
put_in(struct rewinding *r)
{
	vaddr_t start, end;

	LIST_FOREACH_SAFE(struct vm_map_entry, e, next, &r->fresh, link) {
		start = e->start;
		end = e->end;
		list_remove(&e->link);
		vm_entry_link(r->map, e);
		vm_map_simplify(r->map, start, end);
	}
}

static void
act(struct rewinding *r)
{
	vm_pindex_t mapped = pmap_resident_count(r->map->pmap);

	for_each_gone(r, take_out);
	r->npages += mapped - pmap_resident_count(r->map->pmap);
	turn_back(r);
	put_in(r);
	r->map->wire_future = r->frozen->wire_future;
}

static void
give_up(struct rewinding *r)
{
	LIST_FOREACH_SAFE(struct vm_map_entry, e, next, &r->fresh, link) {
		list_remove(&e->link);
		list_insert_tail(&r->dead->entries, &e->link);
	}
	vm_map_simplify(r->map, r->map->index.min, r->map->index.max);
}

int
vm_map_rewind(struct vm_map *map, struct vm_map *frozen,
    struct vm_map_dead *dead, struct vm_map_rewound *done)
{
	struct rewinding r = { .map = map, .frozen = frozen, .dead = dead };
	int error;

	list_init(&r.fresh);
	*done = (struct vm_map_rewound){ 0 };
	error = plan(&r);
	if (error == 0) {
		for_each_gone(&r, need_less);
		error = vm_map_charge(map, &r.more);
		done->refused = error != 0;
	}
	if (error == 0)
		act(&r);
	else
		give_up(&r);
	done->locked = map->locked != 0;
	done->npages = r.npages;
	return error;
}
