/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_map_extract.c - see vm_map_extract.h.
 *
 * A reservation is a foreign entry with a mark.  It may be cut by who goes over
 * ranges (advice); its pieces know each other by a name, which stands in
 * `offset`: where it began or, for the places of entries on their way, whose
 * cargo they are.
 *
 * Charges are not given back and taken again, or somebody else could have them
 * in between: what a map has taken for entries leaves and arrives with them.
 */
#include "vm/vm_map_extract.h"

/* ---- reservations ---- */

/* No page of a map has this bit in its number. */
#define NAME_OF_CARGO ((vm_pindex_t)1 << 63)

static vm_pindex_t
name_of(const struct vm_map_cargo *cargo)
{
	return NAME_OF_CARGO | (uintptr_t)cargo;
}

static bool
is_reserved(const struct vm_map_entry *e, vm_pindex_t name)
{
	return vm_entry_is_reserved(e) && e->offset == name;
}

int
vm_map_reserve(struct vm_map *map, const struct vm_map_place *p, vaddr_t *start)
{
	struct vm_map_insert_args a = {
		.start = p->start,
		.len = p->len,
		.align = p->align,
		.inherit = VM_INHERIT_NONE,
		.advice = VM_ADV_NORMAL,
		.flags = VM_ENTRY_FOREIGN,
		.marks = VM_MARK_RESERVED,
		.alone = true,
		.fixed = p->fixed,
	};
	struct vm_map_dead none;
	int error;

	vm_map_dead_init(&none);
	error = vm_map_insert(map, &a, &none, start);
	if (error == 0)
		vm_map_lookup(map, *start)->offset = vm_atop(*start);
	VM_ASSERT(list_is_empty(&none.entries));
	return error;
}

/* Whether all of [start, end) is one reservation, or part of one. */
static bool
is_place(struct vm_map *map, vaddr_t start, vaddr_t end, vm_pindex_t name)
{
	struct vm_map_part p;
	vaddr_t va = start;

	while (vm_map_part(map, va, end, &p) && p.start == va &&
	    is_reserved(p.entry, name))
		va = p.end;
	return va == end;
}

/* Whether a reservation is longer than up to va. */
static bool
goes_on(struct vm_map *map, vaddr_t va, vm_pindex_t name)
{
	const struct vm_map_entry *e = vm_map_lookup(map, va);

	return e != NULL && is_reserved(e, name);
}

/* Take the pieces of a reservation that begin in [start, end) out. */
static void
release(struct vm_map *map, vaddr_t start, vaddr_t end, vm_pindex_t name,
    struct vm_map_dead *dead)
{
	struct vm_map_entry *e = vm_map_ceiling(map, start), *next;

	for (; e != NULL && e->start < end; e = next) {
		next = vm_map_next(map, e);
		if (!is_reserved(e, name))
			continue;
		vm_entry_unlink(map, e);
		list_insert_tail(&dead->entries, &e->link);
	}
}

/* ---- cargo ---- */

static void
give_up(struct list *entries, struct vm_map_dead *dead)
{
	LIST_FOREACH_SAFE(struct vm_map_entry, e, next, entries, link) {
		list_remove(&e->link);
		list_insert_tail(&dead->entries, &e->link);
	}
}

void
vm_map_cargo_init(struct vm_map_cargo *cargo,
    const struct vm_map_rights *rights)
{
	vm_map_dead_init(&cargo->entries);
	cargo->charge = (struct vm_charge){ 0 };
	cargo->rights = *rights;
	cargo->refused = false;
}

void
vm_map_cargo_shift(struct vm_map_cargo *cargo, vaddr_t distance)
{
	LIST_FOREACH(struct vm_map_entry, e, &cargo->entries.entries, link) {
		e->start += distance;
		e->end += distance;
	}
}

void
vm_map_cargo_take_over(struct vm_map_cargo *to, struct vm_map_cargo *from)
{
	VM_ASSERT(list_is_empty(&to->entries.entries));
	give_up(&from->entries.entries, &to->entries);
	vm_charge_add(&to->charge, &from->charge);
	from->charge = (struct vm_charge){ 0 };
}

void
vm_map_put(struct vm_map *map, struct vm_map_cargo *cargo)
{
	vm_charge_add(&map->taken, &cargo->charge);
	cargo->charge = (struct vm_charge){ 0 };
	vm_map_link(map, &cargo->entries);
}

/* An entry goes out of the map and the pmap, and its charge with it.  => the
 * caller updates */
static void
take(struct vm_map *map, struct vm_map_entry *e, struct vm_map_cargo *cargo)
{
	struct vm_charge need = vm_entry_need(e);

	pmap_remove(map->pmap, e->start, e->end);
	vm_entry_unlink(map, e);
	list_insert_tail(&cargo->entries.entries, &e->link);
	map->taken = vm_charge_beyond(&map->taken, &need);
	vm_charge_add(&cargo->charge, &need);
}

void
vm_map_take_all(struct vm_map *map, struct vm_map_cargo *cargo)
{
	struct vm_map_entry *e;

	while ((e = vm_map_first(map)) != NULL)
		take(map, e, cargo);
	pmap_update(map->pmap);
}

void
vm_map_cargo_drop(struct vm_map *map, struct vm_map_cargo *cargo)
{
	vm_charge_give(map->sys, &cargo->charge);
	cargo->charge = (struct vm_charge){ 0 };
	vm_map_bury(map, &cargo->entries);
}

/* What an entry is where it arrives. */
static void
grant(const struct vm_system *sys, struct vm_map_entry *e,
    const struct vm_map_rights *r)
{
	if (vm_entry_is_guard(e))
		return;
	if (r->all)
		e->max_prot = VM_PROT_ALL;
	e->max_prot &= r->limit;
	e->prot = r->all || r->maximum ? e->max_prot : e->prot & e->max_prot;
	e->marks |= vm_charge_mark(sys, e->flags, e->prot);
}

/* ---- arrival ---- */

int
vm_map_replace(struct vm_map *map, vaddr_t start, vaddr_t end,
    struct vm_map_cargo *cargo, struct vm_map_dead *dead)
{
	vm_pindex_t name = vm_atop(start);

	VM_ASSERT(vm_rwlock_is_write_locked(&map->lock));
	if (!is_place(map, start, end, name) || goes_on(map, end, name))
		return VM_EFAULT;
	release(map, start, end, name, dead);
	LIST_FOREACH(struct vm_map_entry, e, &cargo->entries.entries, link) {
		VM_ASSERT(e->start >= start && e->end <= end);
		grant(map->sys, e, &cargo->rights);
	}
	vm_map_put(map, cargo);
	vm_map_simplify(map, start, end);
	return 0;
}

void
vm_map_put_back(struct vm_map *map, const struct vm_map_pick *pick,
    struct vm_map_cargo *cargo, struct vm_map_dead *dead)
{
	vm_pindex_t name = name_of(cargo);

	LIST_FOREACH_SAFE(struct vm_map_entry, e, next, &cargo->entries.entries,
	    link) {
		if (is_place(map, e->start, e->end, name)) {
			release(map, e->start, e->end, name, dead);
			continue;
		}
		list_remove(&e->link);
		list_insert_tail(&dead->entries, &e->link);
	}
	vm_map_put(map, cargo);
	vm_map_simplify(map, pick->start, pick->end);
}

/* ---- what may be picked ---- */

/* The first part of [va, end) that is more than a reserved place. */
static bool
next_part(struct vm_map *map, vaddr_t va, vaddr_t end, struct vm_map_part *p)
{
	while (vm_map_part(map, va, end, p)) {
		if (!vm_entry_is_reserved(p->entry))
			return true;
		va = p->end;
	}
	return false;
}

static int
check_part(const struct vm_map_part *p, const struct vm_map_pick *pick)
{
	const struct vm_map_entry *e = p->entry;

	if (e->flags & VM_ENTRY_FOREIGN)
		return VM_EFAULT;
	switch (pick->how) {
	case VM_PASS_SHARE:
		return pick->foreign && vm_entry_is_cow(e) &&
			!vm_entry_is_guard(e) ?
		    VM_ENOTSUP :
		    0;
	case VM_PASS_COPY:
		return 0;
	case VM_PASS_DONATE:
		if (e->marks & VM_MARK_IMMUTABLE)
			return VM_EPERM;
		return vm_entry_is_wired(e) ||
			vm_map_is_held(p->map, p->start, p->end) ?
		    VM_EBUSY :
		    0;
	}
	VM_UNREACHABLE();
}

static int
check_range(struct vm_map *map, const struct vm_map_pick *pick)
{
	struct vm_map_part p;
	vaddr_t va = pick->start;
	int error = 0;

	if (!next_part(map, va, pick->end, &p))
		return VM_EFAULT;
	for (; error == 0 && next_part(map, va, pick->end, &p); va = p.end) {
		if (pick->contiguous && p.start != va)
			return VM_EFAULT;
		error = check_part(&p, pick);
	}
	if (error == 0 && pick->contiguous && va != pick->end)
		error = VM_EFAULT;
	return error;
}

/* ---- twins ---- */

/* Shared memory that becomes a private mapping is inherited as one. */
static void
become_private(const struct vm_map_entry *src, struct vm_map_entry *twin)
{
	if (!vm_entry_is_cow(src) && vm_entry_is_cow(twin))
		twin->inherit = VM_INHERIT_COPY;
}

static int
add_twin(const struct vm_map_part *p, enum vm_pass how,
    struct vm_map_cargo *cargo, struct vm_map_dead *rest)
{
	struct vm_map_entry *twin;
	int error = vm_map_twin_part(p,
	    how == VM_PASS_SHARE ? VM_INHERIT_SHARE : VM_INHERIT_COPY, rest,
	    &twin);

	if (error != 0)
		return error;
	twin->marks &= (uint8_t)~VM_MARK_IMMUTABLE; /* the place is another */
	become_private(p->entry, twin);
	list_insert_tail(&cargo->entries.entries, &twin->link);
	return 0;
}

/* Settling what is to be shared may cut it: then it is looked at again. */
static int
add_twins(struct vm_map *map, const struct vm_map_pick *pick,
    struct vm_map_cargo *cargo, struct vm_map_dead *rest)
{
	vaddr_t va = pick->start;
	struct vm_map_part p;
	int error = 0;

	while (error == 0 && next_part(map, va, pick->end, &p)) {
		if (pick->how == VM_PASS_SHARE && !vm_entry_is_guard(p.entry))
			error = vm_map_settle_first(map, p.entry);
		if (error != 0 || p.entry->end <= p.start)
			continue;
		if (p.end > p.entry->end)
			p.end = p.entry->end;
		error = add_twin(&p, pick->how, cargo, rest);
		va = p.end;
	}
	pmap_update(map->pmap);
	return error;
}

static void
mark_shared(struct vm_map *map, const struct vm_map_pick *pick)
{
	vaddr_t va = pick->start;
	struct vm_map_part p;

	for (; next_part(map, va, pick->end, &p); va = p.end)
		vm_map_mark_shared(map, p.entry);
}

/* What an entry will need where it arrives. */
static struct vm_charge
need_on_arrival(const struct vm_system *sys, struct vm_map_entry e,
    const struct vm_map_rights *rights)
{
	grant(sys, &e, rights);
	return vm_entry_need(&e);
}

int
vm_map_cargo_charge(struct vm_system *sys, struct vm_map_cargo *cargo)
{
	struct vm_charge sum = { 0 }, need;

	LIST_FOREACH(struct vm_map_entry, e, &cargo->entries.entries, link) {
		need = need_on_arrival(sys, *e, &cargo->rights);
		vm_charge_add(&sum, &need);
	}
	sum = vm_charge_beyond(&sum, &cargo->charge);
	cargo->refused = vm_charge_take(sys, &sum) != 0;
	if (cargo->refused)
		return VM_ENOMEM;
	vm_charge_add(&cargo->charge, &sum);
	return 0;
}

static int
pick_twins(struct vm_map *map, const struct vm_map_pick *pick,
    struct vm_map_cargo *cargo, struct vm_map_dead *dead)
{
	int error = add_twins(map, pick, cargo, dead);

	if (error == 0)
		error = vm_map_cargo_charge(map->sys, cargo);
	if (error == 0 && pick->how == VM_PASS_SHARE)
		mark_shared(map, pick);
	if (error != 0)
		give_up(&cargo->entries.entries, dead);
	return error;
}

/* ---- entries that leave ---- */

/* A placeholder for each entry of the range.  => VM_ENOMEM: some are there */
static int
make_places(struct vm_map *map, const struct vm_map_pick *pick,
    vm_pindex_t name, struct list *places)
{
	struct vm_map_insert_args a = {
		.inherit = VM_INHERIT_NONE,
		.flags = VM_ENTRY_FOREIGN,
		.marks = VM_MARK_RESERVED,
		.offset = name,
	};
	vaddr_t va = pick->start;
	struct vm_map_entry *e;
	struct vm_map_part p;

	for (; next_part(map, va, pick->end, &p); va = p.end) {
		a.start = p.start;
		a.len = p.end - p.start;
		e = vm_entry_make(map->sys, &a);
		if (e == NULL)
			return VM_ENOMEM;
		list_insert_tail(places, &e->link);
	}
	return 0;
}

/* Each entry changes places with its placeholder. */
static void
leave(struct vm_map *map, struct list *places, struct vm_map_cargo *cargo)
{
	LIST_FOREACH_SAFE(struct vm_map_entry, e, next, places, link) {
		take(map, vm_map_lookup(map, e->start), cargo);
		list_remove(&e->link);
		vm_entry_link(map, e);
	}
	pmap_update(map->pmap);
}

static int
pick_entries(struct vm_map *map, const struct vm_map_pick *pick,
    struct vm_map_cargo *cargo, struct vm_map_dead *dead)
{
	struct list places;
	int error;

	list_init(&places);
	error = make_places(map, pick, name_of(cargo), &places);
	if (error != 0) {
		give_up(&places, dead);
		return error;
	}
	leave(map, &places, cargo);
	error = vm_map_cargo_charge(map->sys, cargo);
	if (error != 0)
		vm_map_put_back(map, pick, cargo, dead);
	return error;
}

int
vm_map_pick(struct vm_map *map, const struct vm_map_pick *pick,
    struct vm_map_cargo *cargo, struct vm_map_dead *dead)
{
	int error = check_range(map, pick);

	VM_ASSERT(vm_rwlock_is_write_locked(&map->lock));
	VM_ASSERT(!pick->whole || pick->how != VM_PASS_DONATE);
	if (error == 0 && !pick->whole)
		error = vm_map_clip(map, pick->start, pick->end);
	if (error != 0)
		return error;
	error = pick->how == VM_PASS_DONATE ?
	    pick_entries(map, pick, cargo, dead) :
	    pick_twins(map, pick, cargo, dead);
	if (!pick->whole)
		vm_map_simplify(map, pick->start, pick->end);
	return error;
}

void
vm_map_pick_done(struct vm_map *map, const struct vm_map_pick *pick,
    const struct vm_map_cargo *cargo, struct vm_map_dead *dead)
{
	release(map, pick->start, pick->end, name_of(cargo), dead);
}
