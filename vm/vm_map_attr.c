/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_map_attr.c - attributes of ranges: protection, inheritance, advice; and
 * moving a range to another address.
 *
 * Each operation has the same shape: check all entries, cut at both ends,
 * change whole entries, join what has become alike.
 */
#include "vm/vm_map.h"

#include "vm/vm_page.h"

/* ---- protection ---- */

static int
check_protect(struct vm_map *map, vaddr_t start, vaddr_t end, vm_prot_t prot)
{
	struct vm_map_entry *e;

	if (!vm_map_is_full(map, start, end))
		return VM_ENOMEM;
	for (e = vm_map_lookup(map, start); e != NULL && e->start < end;
	     e = vm_map_next(map, e)) {
		if (vm_entry_is_fixed(e))
			return VM_EPERM;
		if (!vm_entry_is_guard(e) && (prot & ~e->max_prot) != 0)
			return VM_EACCES;
	}
	return 0;
}

static void
set_prot(const struct vm_map *map, struct vm_map_entry *e, vm_prot_t prot)
{
	if (vm_entry_is_guard(e))
		return;
	e->prot = prot;
	e->marks |= vm_charge_mark(map->sys, e->flags, prot);
}

/* What can be accessed from now on counts as wired, where entries are; and what
 * can be written is charged, from then on. */
static int
charge_protect(struct vm_map *map, vaddr_t start, vaddr_t end, vm_prot_t prot)
{
	struct vm_charge sum = { 0 }, more, less;
	struct vm_map_entry some;
	struct vm_map_part p;

	for (; vm_map_part(map, start, end, &p); start = p.end) {
		some = vm_map_part_entry(&p);
		less = vm_entry_need(&some);
		set_prot(map, &some, prot);
		more = vm_entry_need(&some);
		more = vm_charge_beyond(&more, &less);
		vm_charge_add(&sum, &more);
	}
	return vm_map_charge(map, &sum) == 0 ? 0 : VM_ENOMEM;
}

static void
protect_entry(struct vm_map *map, struct vm_map_entry *e, vm_prot_t prot,
    bool set_max)
{
	if (vm_entry_is_guard(e))
		return;
	if ((e->prot & ~prot) != 0)
		pmap_protect(map->pmap, e->start, e->end, prot);
	vm_map_count_out(map, e);
	set_prot(map, e, prot);
	vm_map_count_in(map, e);
	if (set_max)
		e->max_prot = prot;
}

int
vm_map_protect(struct vm_map *map, vaddr_t start, vaddr_t end, vm_prot_t prot,
    bool set_max)
{
	struct vm_map_entry *e;
	struct vm_map_part all;
	int error = check_protect(map, start, end, prot);

	if (error == 0)
		error = charge_protect(map, start, end, prot);
	if (error == 0)
		error = vm_map_clip(map, start, end);
	if (error != 0)
		return error;
	for (e = vm_map_lookup(map, start); e != NULL && e->start < end;
	     e = vm_map_next(map, e)) {
		all = vm_map_whole(map, e);
		if (prot == VM_PROT_NONE && vm_map_may_be_wired(map, e))
			vm_map_unwire_pages(&all);
		protect_entry(map, e, prot, set_max);
	}
	pmap_update(map->pmap);
	vm_map_simplify(map, start, end);
	return 0;
}

/* ---- inheritance, advice, marks ---- */

static int
check_mutable(struct vm_map *map, vaddr_t start, vaddr_t end)
{
	struct vm_map_part p;

	for (; vm_map_part(map, start, end, &p); start = p.end) {
		if (p.entry->marks & VM_MARK_IMMUTABLE)
			return VM_EPERM;
	}
	return 0;
}

typedef void set_fn(struct vm_map_entry *, uint8_t value);

static void
set_inherit(struct vm_map_entry *e, uint8_t inherit)
{
	e->inherit = inherit;
}

static void
set_advice(struct vm_map_entry *e, uint8_t advice)
{
	e->advice = advice;
}

static void
add_marks(struct vm_map_entry *e, uint8_t marks)
{
	e->marks |= marks;
}

/* Where nothing is mapped there is nothing to set. */
static int
set_all(struct vm_map *map, vaddr_t start, vaddr_t end, set_fn *set,
    uint8_t value)
{
	struct vm_map_entry *e;
	int error = vm_map_clip(map, start, end);

	if (error != 0)
		return error;
	for (e = vm_map_ceiling(map, start); e != NULL && e->start < end;
	     e = vm_map_next(map, e))
		set(e, value);
	vm_map_simplify(map, start, end);
	return 0;
}

int
vm_map_inherit(struct vm_map *map, vaddr_t start, vaddr_t end,
    enum vm_inherit inherit)
{
	int error = check_mutable(map, start, end);

	if (error != 0)
		return error;
	return set_all(map, start, end, set_inherit, (uint8_t)inherit);
}

int
vm_map_advise(struct vm_map *map, vaddr_t start, vaddr_t end,
    enum vm_advice advice)
{
	return set_all(map, start, end, set_advice, (uint8_t)advice);
}

int
vm_map_freeze(struct vm_map *map, vaddr_t start, vaddr_t end)
{
	return set_all(map, start, end, add_marks, VM_MARK_IMMUTABLE);
}

/* ---- moving ---- */

/* Wirings of pages do not move: they are wired again at their new place when
 * they are next touched (vm_map_rewire does it at once).  An entry that is
 * being wired counts as locked already. */
int
vm_map_move(struct vm_map *map, vaddr_t start, vsize_t len, vaddr_t to)
{
	vaddr_t end = start + len;
	struct vm_map_entry *e, *next;
	struct vm_map_part all;
	int error = vm_map_clip(map, start, end);

	if (error != 0)
		return error;
	for (e = vm_map_ceiling(map, start); e != NULL && e->start < end;
	     e = next) {
		next = vm_map_next(map, e);
		all = vm_map_whole(map, e);
		if (vm_map_may_be_wired(map, e))
			vm_map_unwire_pages(&all);
		if (vm_entry_is_wired(e)) {
			e->flags |= VM_ENTRY_LOCKED;
			e->flags &= (uint8_t)~VM_ENTRY_WIRING;
		}
		pmap_remove(map->pmap, e->start, e->end);
		vm_entry_unlink(map, e);
		e->end = e->end - start + to;
		e->start = e->start - start + to;
		vm_entry_link(map, e);
	}
	pmap_update(map->pmap);
	vm_map_simplify(map, to, to + len);
	return 0;
}
