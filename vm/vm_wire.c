/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_wire.c - wiring and unwiring of ranges.
 *
 * The entries are marked first, with the map locked, and from then on any
 * fault in them wires; then every page is faulted in with the map unlocked.
 * What goes wrong on the way is undone by taking the marks off again.
 *
 * A map has one wiring at a time, so the marks are those of that one: they
 * cannot be mistaken for another's, whatever is unmapped, mapped and moved
 * meanwhile.  Lock order: wire_lock, which is held while pages are read, map.
 * Source: UVM uvm_map_pageable, uvm_fault_wire.
 */
#include "vm/vm_wire.h"

#include "vm/vm_fault.h"
#include "vm/vm_page.h"

/* ---- limits ---- */

static bool
is_locked(const struct vm_map_entry *e)
{
	return (e->flags & VM_ENTRY_LOCKED) != 0;
}

/* What never has a page of ours. */
static bool
is_empty(const struct vm_map_entry *e)
{
	return (e->flags & VM_ENTRY_FOREIGN) != 0 || vm_entry_is_guard(e);
}

/* What of the range is not locked yet must fit. */
static int
check_range(struct vm_map *map, vaddr_t start, vaddr_t end)
{
	struct vm_map_part p;
	vsize_t bytes = 0, pages = 0;

	for (; vm_map_part(map, start, end, &p); start = p.end) {
		if (is_locked(p.entry) || is_empty(p.entry))
			continue;
		bytes += p.end - p.start;
		if (p.entry->prot != VM_PROT_NONE)
			pages += p.end - p.start;
	}
	return vm_map_may_wire(map, bytes, pages);
}

/* ---- marks ---- */

/* Add some marks to an entry, take others away. */
static void
set_marks(struct vm_map *map, struct vm_map_entry *e, uint8_t more,
    uint8_t less)
{
	vm_map_count_out(map, e);
	e->flags = (uint8_t)((e->flags | more) & ~less);
	vm_map_count_in(map, e);
}

/* Mark the entries of the range.  => write-locked */
static int
mark(struct vm_map *map, vaddr_t start, vaddr_t end, unsigned how)
{
	struct vm_map_entry *e;
	int error;

	if (!(how & VM_WIRE_THERE) && !vm_map_is_full(map, start, end))
		return VM_ENOMEM;
	error = check_range(map, start, end);
	if (error == 0)
		error = vm_map_clip(map, start, end);
	if (error != 0)
		return error;
	for (e = vm_map_ceiling(map, start); e != NULL && e->start < end;
	     e = vm_map_next(map, e)) {
		if (!is_empty(e))
			set_marks(map, e, VM_ENTRY_WIRING, 0);
	}
	return 0;
}

static void
unwire_entry(struct vm_map *map, struct vm_map_entry *e, uint8_t mark)
{
	struct vm_map_part all = vm_map_whole(map, e);

	if (!(e->flags & mark))
		return;
	set_marks(map, e, 0, mark);
	if (!vm_entry_is_wired(e)) {
		vm_map_unwire_rest(&all);
		e->marks &= (uint8_t)~VM_MARK_ONFAULT;
	}
}

static void
become_locked(struct vm_map_entry *e, unsigned how)
{
	e->flags |= VM_ENTRY_LOCKED;
	e->marks &= (uint8_t)~VM_MARK_ONFAULT;
	if (how & VM_WIRE_ONFAULT)
		e->marks |= VM_MARK_ONFAULT;
}

/* Take the marks off, whose entries all lie inside of the range.  What has
 * been locked before stays locked. */
static void
unmark(struct vm_map *map, vaddr_t start, vaddr_t end, bool done, unsigned how)
{
	struct vm_map_entry *e;

	vm_map_lock(map);
	for (e = vm_map_ceiling(map, start); e != NULL && e->start < end;
	     e = vm_map_next(map, e)) {
		if (done && (e->flags & VM_ENTRY_WIRING))
			become_locked(e, how);
		unwire_entry(map, e, VM_ENTRY_WIRING);
	}
	vm_map_simplify(map, start, end);
	vm_map_unlock(map);
}

/* ---- pages ---- */

/* Whether a page is wired for all that the entry allows, or need not be. */
static bool
is_served(const struct vm_map_part *p, vaddr_t va, bool onfault)
{
	struct pmap_mapping at;

	if (!pmap_extract(p->map->pmap, va, &at))
		return onfault;
	return at.wired && (at.prot & p->entry->prot) == p->entry->prot;
}

static vaddr_t
first_lacking(const struct vm_map_part *p, unsigned how)
{
	bool onfault = (how & VM_WIRE_ONFAULT) ||
	    (p->entry->marks & VM_MARK_ONFAULT &&
		!(p->entry->flags & VM_ENTRY_WIRING));
	vaddr_t va = p->start;

	while (va < p->end && is_served(p, va, onfault))
		va += VM_PAGE_SIZE;
	return va;
}

/* Move *va on to the next page of a wired entry that lacks its wiring. */
static bool
next_lacking(struct vm_map *map, vaddr_t *va, vaddr_t end, unsigned how)
{
	struct vm_map_part p;
	bool lacks = false;

	vm_map_lock_read(map);
	while (!lacks && vm_map_part(map, *va, end, &p)) {
		*va = p.end;
		if (vm_entry_is_wired(p.entry) && p.entry->prot != VM_PROT_NONE)
			*va = first_lacking(&p, how);
		lacks = *va < p.end;
	}
	vm_map_unlock_read(map);
	return lacks;
}

/* What somebody has unmapped or protected meanwhile has nothing to wire. */
static bool
is_passed(int error, unsigned how)
{
	if (error == VM_EACCES || error == VM_EFAULT)
		return true;
	return (how & VM_WIRE_THERE) && (error == VM_ERANGE || error == VM_EIO);
}

static int
wire_pages(struct vm_map *map, vaddr_t start, vaddr_t end, unsigned how)
{
	int error = 0;

	for (; error == 0 && next_lacking(map, &start, end, how);
	     start += VM_PAGE_SIZE) {
		error = vm_fault(map, start, VM_PROT_NONE, VM_FAULT_NARROW);
		if (is_passed(error, how))
			error = 0;
	}
	return error;
}

/* ---- the whole ---- */

int
vm_map_wire(struct vm_map *map, vaddr_t start, vaddr_t end, unsigned how)
{
	int error;

	vm_mutex_lock(&map->wire_lock);
	vm_map_lock(map);
	error = mark(map, start, end, how);
	vm_map_unlock(map);
	if (error == 0) {
		error = wire_pages(map, start, end, how);
		unmark(map, start, end, error == 0, how);
	}
	vm_mutex_unlock(&map->wire_lock);
	return error;
}

int
vm_map_unwire(struct vm_map *map, vaddr_t start, vaddr_t end, unsigned how)
{
	struct vm_map_entry *e;
	int error = 0;

	vm_map_lock(map);
	if (!(how & VM_WIRE_THERE) && !vm_map_is_full(map, start, end))
		error = VM_ENOMEM;
	if (error == 0)
		error = vm_map_clip(map, start, end);
	if (error == 0) {
		for (e = vm_map_ceiling(map, start);
		     e != NULL && e->start < end; e = vm_map_next(map, e))
			unwire_entry(map, e, VM_ENTRY_LOCKED);
		vm_map_simplify(map, start, end);
	}
	vm_map_unlock(map);
	return error;
}

int
vm_map_rewire(struct vm_map *map, vaddr_t start, vaddr_t end)
{
	return wire_pages(map, start, end, VM_WIRE_ALL);
}
