/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_fault.c - the fault loop.
 *
 *	look the entry up, check the access
 *	resolve the page			(the design: vm_cow.h)
 *	    OK		enter it, then what is worth entering near it
 *	    IO		read it in		\
 *	    BUSY	wait for the page	 | with nothing locked,
 *	    NOMEM	make memory, or give up	 | then from the top
 *	    SETTLE	give the entry its amap /
 *
 * Three kinds of pages are entered around the one that faulted.  Neighbours
 * are resident already and cost little; how many is the design's policy.
 * Pages ahead are made - zero-filled or copied - before anybody asks, for
 * ports whose faults are dear: a window per entry doubles while faults follow
 * each other, and is closed by a fault elsewhere and by scarce memory.  And a
 * caller that names a range (vm_fault_range) gets as much of it as possible.
 *
 * Sources: UVM uvm_fault.c for the cases and the neighbours; restarting from
 * the top is alternative 1 of its head comment, and Zircon's page requests.
 */
#include "vm/vm_fault.h"

#include "vm/vm_page.h"

#define AHEAD_FIRST   4  /* pages ahead after the first fault of an entry */
#define AHEAD_SCARCE  8  /* none ahead when less than an 8th is free */
#define RECLAIM_PAGES 32 /* pages asked for when none is left, */
#define RECLAIMS_MAX  64 /* so many times in one fault */

struct vm_fault {
	struct vm_map *map;
	struct vm_map_entry *entry; /* while the map is locked */
	vaddr_t va;                 /* page aligned */
	vm_prot_t wanted;           /* what the caller asks for */
	vm_prot_t access;           /* wanted, or all the entry's when wired */
	unsigned flags;
	bool wire;          /* the entry is wired, now */
	unsigned reclaims;  /* times that memory had to be made */
	vm_pindex_t span;   /* pages that the caller wants from va on */
	vm_pindex_t window; /* the entry's window, by its history */
	vm_pindex_t ahead;  /* pages to make ahead, by all that counts */
	struct vm_resolve r;
	struct vm_read read;
};

/* ---- entering ---- */

static void
count_how(struct vm_system *sys, enum vm_resolved_how how)
{
	switch (how) {
	case VM_FOUND_ANON:
		VM_COUNT(sys, fault_anon);
		break;
	case VM_COPIED_ANON:
		VM_COUNT(sys, fault_acow);
		break;
	case VM_FOUND_OBJECT:
		VM_COUNT(sys, fault_obj);
		break;
	case VM_COPIED_OBJECT:
		VM_COUNT(sys, fault_prcopy);
		break;
	case VM_MADE_ZERO:
		VM_COUNT(sys, fault_przero);
		break;
	case VM_MADE_OBJECT_ZERO:
		VM_COUNT(sys, fault_object_zero);
		break;
	}
}

/*
 * The page that a wired mapping is about to be replaced by, or to become: each
 * wired mapping is one wiring of its page.
 */
static void
move_wiring(struct vm_fault *f)
{
	struct vm_system *sys = f->map->sys;
	struct pmap_mapping old;

	if (pmap_extract(f->map->pmap, f->va, &old) && old.wired)
		vm_page_unwire(sys, old.page);
	vm_page_wire(sys, f->r.page);
	VM_COUNT(sys, fault_wire);
}

static enum vm_verdict
enter(struct vm_fault *f)
{
	unsigned flags = f->access | PMAP_CANFAIL;

	if (f->wire) {
		move_wiring(f);
		flags |= PMAP_WIRED;
	}
	if (pmap_enter(f->map->pmap, f->va, f->r.page, f->r.prot, flags) != 0) {
		if (f->wire)
			vm_page_unwire(f->map->sys, f->r.page);
		return VM_RESOLVE_NOMEM;
	}
	count_how(f->map->sys, f->r.how);
	return VM_RESOLVE_OK;
}

/* ---- neighbours ---- */

static bool
is_mapped(struct vm_fault *f, vaddr_t va, vm_prot_t access)
{
	struct pmap_mapping at;

	return pmap_extract(f->map->pmap, va, &at) &&
	    (at.prot & access) == access;
}

/* Enter the page at va if it is resident, as far as that costs nothing. */
static void
enter_neighbour(struct vm_fault *f, vaddr_t va)
{
	struct vm_resolve r = f->r;

	r.va = va;
	r.access = f->entry->prot & (VM_PROT_READ | VM_PROT_EXEC);
	r.depth = VM_RESOLVE_RESIDENT;
	if (is_mapped(f, va, VM_PROT_NONE) ||
	    f->map->design->cow->resolve(&r) != VM_RESOLVE_OK)
		return;
	if (pmap_enter(f->map->pmap, va, r.page, r.prot,
		PMAP_CANFAIL | PMAP_AHEAD) == 0)
		VM_COUNT(f->map->sys, neighbours);
}

static void
enter_neighbours(struct vm_fault *f)
{
	const struct vm_map_entry *e = f->entry;
	struct vm_neighbours nb = f->map->design->neighbours[e->advice];
	unsigned factor = f->map->sys->machine->neighbour_factor;
	vsize_t behind = vm_ptoa(nb.behind), ahead = vm_ptoa(nb.ahead);
	vaddr_t va, lo = e->start, hi = e->end;

	if (factor > 1) {
		behind *= factor;
		ahead *= factor;
	}
	if (f->va - lo > behind)
		lo = f->va - behind;
	if (hi - f->va > ahead + VM_PAGE_SIZE)
		hi = f->va + ahead + VM_PAGE_SIZE;
	for (va = lo; va < hi; va += VM_PAGE_SIZE) {
		if (va != f->va)
			enter_neighbour(f, va);
	}
}

/* ---- pages ahead ---- */

static bool
is_scarce(const struct vm_system *sys, vm_pindex_t wanted)
{
	return vm_page_free_count(sys) <
	    vm_page_count(sys) / AHEAD_SCARCE + wanted;
}

/*
 * The window for this fault: it doubles when the fault is where the last
 * window ended, begins small at the beginning of an entry, and is closed by
 * any other fault.  Hints: a lost update costs one window.
 */
static vm_pindex_t
ahead_window(const struct vm_fault *f)
{
	const struct vm_map_entry *e = f->entry;
	unsigned max = f->map->sys->machine->zero_ahead_max;
	vaddr_t next = atomic_load_explicit(&e->ahead_next,
	    memory_order_relaxed);
	unsigned last = atomic_load_explicit(&e->ahead_window,
	    memory_order_relaxed);
	vm_pindex_t window = 0;

	if (max == 0 || e->advice == VM_ADV_RANDOM)
		return 0;
	if (f->va == next)
		window = last == 0 ? AHEAD_FIRST : 2 * last;
	else if (f->va == e->start)
		window = AHEAD_FIRST;
	if (window > max)
		window = max;
	return window < UINT16_MAX ? window : UINT16_MAX;
}

/* How many pages after va are to be made, whoever asks for them. */
static vm_pindex_t
plan_ahead(const struct vm_fault *f)
{
	vm_pindex_t left = vm_atop(f->entry->end - f->va) - 1;
	vm_pindex_t want = f->span - 1;

	if (f->wire || (f->flags & VM_FAULT_NARROW))
		return 0;
	if (want < f->window)
		want = f->window;
	if (want > left)
		want = left;
	return is_scarce(f->map->sys, want) ? 0 : want;
}

/* Make and enter one page ahead; false when it is better to stop. */
static bool
make_ahead(struct vm_fault *f, vaddr_t va)
{
	struct vm_resolve *r = &f->r;
	struct pmap_mapping at;

	r->unmapped = !pmap_extract(f->map->pmap, va, &at);
	if (!r->unmapped && (at.prot & f->access) == f->access)
		return true;
	r->va = va;
	r->near = r->page;
	r->depth = VM_RESOLVE_MAKE;
	if (f->map->design->cow->resolve(r) != VM_RESOLVE_OK)
		return false;
	if (pmap_enter(f->map->pmap, va, r->page, r->prot,
		f->access | PMAP_CANFAIL | PMAP_AHEAD) != 0)
		return false;
	if (r->how == VM_MADE_ZERO || r->how == VM_MADE_OBJECT_ZERO)
		VM_COUNT(f->map->sys, fault_ahead_zero);
	else if (r->how == VM_COPIED_ANON || r->how == VM_COPIED_OBJECT)
		VM_COUNT(f->map->sys, fault_ahead_copy);
	return true;
}

static void
note_ahead(struct vm_map_entry *e, vm_pindex_t window, vaddr_t next)
{
	atomic_store_explicit(&e->ahead_window, (uint16_t)window,
	    memory_order_relaxed);
	atomic_store_explicit(&e->ahead_next, next, memory_order_relaxed);
}

/* The entry may be one chunk of a sparse mapping that goes on behind it. */
static void
enter_ahead(struct vm_fault *f)
{
	struct vm_map_entry *e = f->entry;
	vaddr_t va = f->va + VM_PAGE_SIZE;
	vaddr_t end = va + vm_ptoa(f->ahead);

	while (va < end && make_ahead(f, va))
		va += VM_PAGE_SIZE;
	note_ahead(e, f->window, va);
	if (va == e->end && e->gap == 0 && vm_map_next(f->map, e) != NULL)
		note_ahead(vm_map_next(f->map, e), f->window, va);
}

static bool
made_page(enum vm_resolved_how how)
{
	return how != VM_FOUND_ANON && how != VM_FOUND_OBJECT;
}

static void
enter_around(struct vm_fault *f)
{
	if (f->wire || (f->flags & VM_FAULT_NARROW))
		return;
	if (made_page(f->r.how) || f->span > 1)
		enter_ahead(f);
	else
		enter_neighbours(f);
}

/* ---- one attempt ---- */

/* Find the entry and decide what is wanted of it. => map read-locked */
static int
find_entry(struct vm_fault *f)
{
	struct vm_map_entry *e = vm_map_lookup(f->map, f->va);

	if (e == NULL || (e->flags & VM_ENTRY_FOREIGN)) {
		VM_COUNT(f->map->sys, fault_nomap);
		return VM_EFAULT;
	}
	if ((e->prot & f->wanted) != f->wanted || e->prot == VM_PROT_NONE) {
		VM_COUNT(f->map->sys, fault_noaccess);
		return VM_EACCES;
	}
	f->wire = vm_entry_is_wired(e);
	f->access = f->wire ? e->prot : f->wanted;
	f->entry = e;
	f->window = ahead_window(f);
	f->ahead = plan_ahead(f);
	return 0;
}

static enum vm_verdict
attempt(struct vm_fault *f)
{
	const struct vm_cow_ops *cow = f->map->design->cow;
	enum vm_verdict v;

	f->r = (struct vm_resolve){
		.sys = f->map->sys,
		.pmap = f->map->pmap,
		.entry = f->entry,
		.va = f->va,
		.access = f->access,
		.depth = VM_RESOLVE_ALL,
		.read = &f->read,
	};
	cow->lock(f->entry);
	v = cow->resolve(&f->r);
	if (v == VM_RESOLVE_OK)
		v = enter(f);
	if (v == VM_RESOLVE_OK)
		enter_around(f);
	cow->unlock(f->entry);
	pmap_update(f->map->pmap);
	return v;
}

/* ---- waiting ---- */

static int
settle(struct vm_fault *f)
{
	int error;

	vm_map_lock(f->map);
	error = vm_map_settle(f->map, f->va, f->ahead + 1);
	vm_map_unlock(f->map);
	return error;
}

/* What is reclaimed may be just what the next attempt needs: so not forever. */
static int
make_memory(struct vm_fault *f)
{
	if (f->reclaims++ < RECLAIMS_MAX &&
	    vm_object_reclaim(f->map->sys, RECLAIM_PAGES) != 0)
		return 0;
	VM_COUNT(f->map->sys, fault_nomem);
	return VM_ENOMEM;
}

/* Do what the verdict asks for, with nothing locked. */
static int
follow(struct vm_fault *f, enum vm_verdict v)
{
	struct vm_system *sys = f->map->sys;

	switch (v) {
	case VM_RESOLVE_OK:
	case VM_RESOLVE_ABSENT:
		break;
	case VM_RESOLVE_IO:
		return vm_object_read(&f->read);
	case VM_RESOLVE_BUSY:
		vm_page_wait(sys, f->r.page, f->r.seen);
		return 0;
	case VM_RESOLVE_NOMEM:
		return make_memory(f);
	case VM_RESOLVE_SETTLE:
		return settle(f) == 0 ? 0 : make_memory(f);
	}
	VM_UNREACHABLE();
}

static int
fault_loop(struct vm_fault *f)
{
	enum vm_verdict v = VM_RESOLVE_ABSENT;
	int error;

	VM_COUNT(f->map->sys, faults);
	f->reclaims = 0;
	for (;;) {
		vm_map_lock_read(f->map);
		error = find_entry(f);
		if (error == 0)
			v = attempt(f);
		vm_map_unlock_read(f->map);
		if (error != 0 || v == VM_RESOLVE_OK)
			return error;
		error = follow(f, v);
		if (error != 0)
			return error;
		VM_COUNT(f->map->sys, fault_retries);
	}
}

int
vm_fault(struct vm_map *map, vaddr_t va, vm_prot_t access, unsigned flags)
{
	struct vm_fault f;

	f.map = map;
	f.va = vm_trunc_page(va);
	f.wanted = access;
	f.flags = flags;
	f.span = 1;
	return fault_loop(&f);
}

/* ---- ranges ---- */

/* The first page of [va, end) that the pmap does not let be used so. */
static vaddr_t
skip_usable(struct vm_map *map, vaddr_t va, vaddr_t end, vm_prot_t access)
{
	struct pmap_mapping at;

	while (va < end && pmap_extract(map->pmap, va, &at) &&
	    (at.prot & access) == access)
		va += VM_PAGE_SIZE;
	return va;
}

int
vm_fault_range(struct vm_map *map, vaddr_t start, vaddr_t end, vm_prot_t access,
    vaddr_t *stopped)
{
	struct vm_fault f;
	int error = 0;

	f.map = map;
	for (f.va = skip_usable(map, vm_trunc_page(start), end, access);
	     f.va < end && error == 0;
	     f.va = skip_usable(map, f.va + VM_PAGE_SIZE, end, access)) {
		f.wanted = access;
		f.flags = 0;
		f.span = vm_atop(end - f.va + VM_PAGE_MASK);
		error = fault_loop(&f);
		if (error != 0)
			break;
	}
	*stopped = f.va < end ? f.va : end;
	return error;
}
