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
 * A caller that does not sleep (vm_fault_try) has the read begun, and is told
 * what to wait for in the place of sleeping.  It comes again, and from the top.
 *
 * Three kinds of pages are entered around the one that faulted.  Neighbours
 * are resident already and cost little; how many is the design's policy.
 * Pages ahead are made - zero-filled or copied - before anybody asks, for
 * ports whose faults are dear: as many as there are in a row right before the
 * fault, or right behind it when somebody goes downwards.  So the window
 * doubles while faults follow each other, any number of readers and writers
 * may work in one entry, and a fault apart from others gets its page only.
 * And a caller that names a range (vm_fault_range) gets as much of it as
 * possible.
 *
 *	#####x......	fault at x: as many again to the right
 *	......x#####	or to the left
 *
 * Sources: UVM uvm_fault.c for the cases and the neighbours; restarting from
 * the top is alternative 1 of its head comment, and Zircon's page requests.
 */
#include "vm/vm_fault.h"

#include "vm/vm_pageout.h"
#include "vm/vm_pageq.h"
#include "vm/vm_swapin.h"

#define AHEAD_FIRST  4    /* the first fault at an end: a 4th of the window */
#define AHEAD_SCARCE 8    /* none ahead when less than an 8th is free */
#define RECLAIMS_MAX 1000 /* times that memory is made in one fault */

struct vm_fault {
	struct vm_map *map;
	struct vm_map_entry *entry; /* while the map is locked */
	vaddr_t va;                 /* page aligned */
	vm_prot_t wanted;           /* what the caller asks for */
	vm_prot_t access;           /* wanted, or all the entry's when wired */
	unsigned flags;
	bool wire;         /* the page is to be wired, now */
	unsigned reclaims; /* times that memory had to be made */
	struct vm_fault_wait
	    *wait;          /* of a caller that does not sleep, or NULL */
	vm_pindex_t span;   /* pages that the caller wants from va on */
	vm_pindex_t ahead;  /* pages to make after va, */
	vm_pindex_t behind; /* and before it */
	bool has_read;      /* the page, or what is around it */
	bool steady;        /* as the reader has done for long, in order */
	bool goes_on;       /* who reads in order wants what is in `next` */
	struct vm_resolve r;
	struct vm_read read, next;
};

/* ---- entering ---- */

static void
count_how(struct vm_system *sys, enum vm_resolved_how how)
{
	switch (how) {
	case VM_FOUND_ANON:
		VM_COUNT(sys, flt_anon);
		break;
	case VM_COPIED_ANON:
		VM_COUNT(sys, flt_acow);
		break;
	case VM_FOUND_OBJECT:
		VM_COUNT(sys, flt_obj);
		break;
	case VM_COPIED_OBJECT:
		VM_COUNT(sys, flt_prcopy);
		break;
	case VM_MADE_ZERO:
		VM_COUNT(sys, flt_przero);
		break;
	case VM_MADE_OBJECT_ZERO:
		VM_COUNT(sys, fault_object_zero);
		break;
	}
}

static bool
made_page(enum vm_resolved_how how)
{
	return how != VM_FOUND_ANON && how != VM_FOUND_OBJECT;
}

/* Whether a page that is found, and clean, gets dirty: by this access, or, of a
 * file, maybe by any that needs no fault. */
static bool
gets_dirty(const struct vm_resolve *r)
{
	struct vm_page *pg = r->page;

	if ((r->prot & VM_PROT_WRITE) == 0 || pg->fictitious)
		return false;
	return ((r->access & VM_PROT_WRITE) ||
		   pg->owner_ops->store(pg) == VM_STORE_PAGER) &&
	    !vm_page_is_dirty(r->sys, pg);
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
	bool dirties = made_page(f->r.how) || gets_dirty(&f->r);

	if ((f->access & VM_PROT_WRITE) && !f->r.page->dirty)
		vm_swapout_forget(f->map->sys, f->r.page);
	if (f->wire) {
		move_wiring(f);
		flags |= PMAP_WIRED;
	}
	vm_page_proved(f->map->sys, f->r.page, true);
	vm_pageq_activate(f->map->sys, f->r.page);
	if (pmap_enter(f->map->pmap, f->va, f->r.page, f->r.prot, flags) != 0) {
		if (f->wire)
			vm_page_unwire(f->map->sys, f->r.page);
		return VM_RESOLVE_NOMEM;
	}
	count_how(f->map->sys, f->r.how);
	if (dirties)
		vm_throttle_note(f->map->sys, &f->map->writer);
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

/*
 * Whether a neighbour that is mapped already is mapped well enough.  One that
 * a fork has write-protected may be writable again: where faults are dear, a
 * write looks at those too.
 */
static bool
is_entered(struct vm_fault *f, vaddr_t va, bool *mapped)
{
	struct pmap_mapping at;

	*mapped = pmap_extract(f->map->pmap, va, &at);
	return *mapped &&
	    (at.wired || (at.prot & VM_PROT_WRITE) ||
		(f->access & VM_PROT_WRITE) == 0 ||
		f->map->sys->machine->neighbour_factor <= 1);
}

/* Enter the page at va if it is resident, as far as that costs nothing. */
static void
enter_neighbour(struct vm_fault *f, vaddr_t va)
{
	struct vm_resolve r;
	bool mapped, dirties;

	if (is_entered(f, va, &mapped))
		return;
	r = f->r;
	r.va = va;
	r.unmapped = false;
	r.access = f->entry->prot & (VM_PROT_READ | VM_PROT_EXEC);
	r.depth = VM_RESOLVE_RESIDENT;
	if (f->map->design->cow->resolve(&r) != VM_RESOLVE_OK ||
	    (mapped && (r.prot & VM_PROT_WRITE) == 0))
		return;
	vm_pageq_keep(f->map->sys, r.page);
	dirties = gets_dirty(&r);
	if (pmap_enter(f->map->pmap, va, r.page, r.prot,
		PMAP_CANFAIL | PMAP_AHEAD) != 0)
		return;
	VM_COUNT(f->map->sys, neighbours);
	if (dirties)
		vm_throttle_note(f->map->sys, &f->map->writer);
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

/* ---- pages behind ---- */

static void
retire(const struct vm_cow_page *at, void *arg)
{
	if (at->page != NULL)
		vm_pageout_retire(arg, at->page);
}

/* Who goes through memory in order does not come back soon: by advice or, in
 * blocks, by what he has read. */
static bool
leaves_behind(const struct vm_fault *f)
{
	bool told = f->entry->advice == VM_ADV_SEQUENTIAL;

	if (f->map->design->behind.block)
		return f->has_read && (told || f->steady);
	return told;
}

static void
retire_behind(struct vm_fault *f)
{
	struct vm_behind behind = f->map->design->behind;
	struct vm_map_entry *e = f->entry;
	vm_pindex_t n = vm_entry_page(e, f->va), first = 0;
	unsigned factor = f->map->sys->machine->neighbour_factor;
	vm_pindex_t npages = behind.npages * (factor > 1 ? factor : 1u);

	if (!leaves_behind(f))
		return;
	if (behind.block)
		n -= n % npages;
	if (n > npages)
		first = n - npages;
	if (n > first)
		f->map->design->cow->walk(e, first, n - first, retire,
		    f->map->sys);
}

/* ---- pages ahead ---- */

static bool
is_scarce(const struct vm_system *sys, vm_pindex_t wanted)
{
	return vm_page_free_count(sys) <
	    vm_page_count(sys) / AHEAD_SCARCE + wanted;
}

/* How many pages in a row below va, none of them below lo, are in use. */
static vm_pindex_t
used_below(struct vm_fault *f, vaddr_t va, vaddr_t lo, vm_pindex_t max)
{
	vm_pindex_t n = 0;

	while (
	    n < max && va > lo && is_mapped(f, va - VM_PAGE_SIZE, f->access)) {
		va -= VM_PAGE_SIZE;
		n++;
	}
	return n;
}

/* The same from va on, up to hi. */
static vm_pindex_t
used_from(struct vm_fault *f, vaddr_t va, vaddr_t hi, vm_pindex_t max)
{
	vm_pindex_t n = 0;

	while (n < max && va < hi && is_mapped(f, va, f->access)) {
		va += VM_PAGE_SIZE;
		n++;
	}
	return n;
}

/* Two entries that follow each other may be chunks of one sparse mapping. */
static bool
are_chunks(const struct vm_map_entry *lo, const struct vm_map_entry *hi)
{
	return lo != NULL && hi != NULL && lo->end == hi->start &&
	    lo->object == NULL && hi->object == NULL && lo->prot == hi->prot &&
	    lo->advice == hi->advice;
}

/* How many pages to make above a fault; 0 unless somebody goes upwards. */
static vm_pindex_t
window_ahead(struct vm_fault *f, vm_pindex_t max)
{
	const struct vm_map_entry *e = f->entry, *prev;
	vaddr_t lo = e->start;

	if (f->va == lo) {
		prev = lo == 0 ? NULL : vm_map_lookup(f->map, lo - 1);
		if (!are_chunks(prev, e))
			return max / AHEAD_FIRST;
		lo = prev->start;
	}
	return used_below(f, f->va, lo, max);
}

/* The same below it. */
static vm_pindex_t
window_behind(struct vm_fault *f, vm_pindex_t max)
{
	struct vm_map_entry *e = f->entry, *next;
	vaddr_t at = f->va + VM_PAGE_SIZE, hi = e->end;

	if (at == hi) {
		next = vm_map_next(f->map, e);
		if (!are_chunks(e, next))
			return max / AHEAD_FIRST;
		hi = next->end;
	}
	return used_from(f, at, hi, max);
}

static vm_pindex_t
least(vm_pindex_t a, vm_pindex_t b)
{
	return a < b ? a : b;
}

/*
 * How many pages are to be made around va, whoever asks for them.  Those below
 * only when there is nobody who goes upwards.
 */
static void
plan_ahead(struct vm_fault *f)
{
	const struct vm_map_entry *e = f->entry;
	vm_pindex_t max = f->map->sys->machine->zero_ahead_max;

	f->ahead = f->behind = 0;
	if (f->wire || (f->flags & VM_FAULT_NARROW))
		return;
	f->ahead = f->span - 1;
	if (max != 0 && e->advice != VM_ADV_RANDOM && f->ahead == 0) {
		f->ahead = least(window_ahead(f, max), max);
		if (f->ahead == 0)
			f->behind = least(window_behind(f, max), max);
	}
	f->ahead = least(f->ahead, vm_atop(e->end - f->va) - 1);
	f->behind = least(f->behind, vm_atop(f->va - e->start));
	if (is_scarce(f->map->sys, f->ahead + f->behind))
		f->ahead = f->behind = 0;
}

/* Make and enter one page ahead; false when it is better to stop. */
static bool
make_ahead(struct vm_fault *f, vaddr_t va)
{
	struct vm_resolve *r = &f->r;
	struct pmap_mapping at;

	r->unmapped = !pmap_extract(f->map->pmap, va, &at);
	if (!r->unmapped && (at.wired || (at.prot & f->access) == f->access))
		return true;
	r->va = va;
	r->near = r->page;
	r->depth = VM_RESOLVE_MAKE;
	r->page_flags = 0;
	if (f->map->design->cow->resolve(r) != VM_RESOLVE_OK)
		return false;
	vm_pageq_keep(f->map->sys, r->page);
	if (pmap_enter(f->map->pmap, va, r->page, r->prot,
		f->access | PMAP_CANFAIL | PMAP_AHEAD) != 0)
		return false;
	if (made_page(r->how))
		vm_throttle_note(f->map->sys, &f->map->writer);
	if (r->how == VM_MADE_ZERO || r->how == VM_MADE_OBJECT_ZERO)
		VM_COUNT(f->map->sys, fault_ahead_zero);
	else if (r->how == VM_COPIED_ANON || r->how == VM_COPIED_OBJECT)
		VM_COUNT(f->map->sys, fault_ahead_copy);
	return true;
}

static void
make_run(struct vm_fault *f, vaddr_t va, vm_pindex_t n)
{
	for (; n > 0 && make_ahead(f, va); n--)
		va += VM_PAGE_SIZE;
}

static void
enter_ahead(struct vm_fault *f)
{
	make_run(f, f->va + VM_PAGE_SIZE, f->ahead);
	make_run(f, f->va - vm_ptoa(f->behind), f->behind);
}

/* A write above an object, which has private pages already: its neighbours
 * are probably mapped. */
static bool
is_between_layers(const struct vm_fault *f)
{
	return (f->access & VM_PROT_WRITE) && vm_entry_is_cow(f->entry) &&
	    vm_entry_has_upper(f->entry) && f->entry->object != NULL;
}

static bool
wants_neighbours(const struct vm_fault *f, bool made)
{
	if (f->span > 1)
		return false;
	if (!f->map->design->around_made)
		return !made;
	return !is_between_layers(f) ||
	    (!made && f->map->sys->machine->neighbour_factor > 1);
}

static void
enter_around(struct vm_fault *f)
{
	bool made = made_page(f->r.how);

	if (f->wire || (f->flags & VM_FAULT_NARROW))
		return;
	retire_behind(f);
	if (made || f->span > 1)
		enter_ahead(f);
	if (wants_neighbours(f, made))
		enter_neighbours(f);
}

/* ---- one attempt ---- */

/* Find the entry and decide what is wanted of it; VM_EAGAIN: it is a gap that a
 * stack may grow into. => map read-locked */
static int
find_entry(struct vm_fault *f)
{
	struct vm_map_entry *e = vm_map_lookup(f->map, f->va);

	if (e == NULL || (e->flags & VM_ENTRY_FOREIGN)) {
		VM_COUNT(f->map->sys, fault_nomap);
		return VM_EFAULT;
	}
	if (e->marks & VM_MARK_GAP)
		return VM_EAGAIN;
	if ((e->prot & f->wanted) != f->wanted || e->prot == VM_PROT_NONE) {
		VM_COUNT(f->map->sys, fault_noaccess);
		return VM_EACCES;
	}
	f->wire = vm_entry_is_wired(e) ||
	    vm_map_is_held(f->map, f->va, f->va + VM_PAGE_SIZE);
	f->access = f->wire ? e->prot : f->wanted;
	f->entry = e;
	plan_ahead(f);
	return 0;
}

static enum vm_verdict
resolve(struct vm_fault *f)
{
	f->r = (struct vm_resolve){
		.sys = f->map->sys,
		.pmap = f->map->pmap,
		.entry = f->entry,
		.va = f->va,
		.access = f->access,
		.depth = VM_RESOLVE_ALL,
		.page_flags = f->reclaims != 0 ? VM_PAGE_RESERVE : 0,
		.read = &f->read,
	};
	return f->map->design->cow->resolve(&f->r);
}

/* Who reads in order uses what has been read for him while more comes in. */
static void
plan_next(struct vm_fault *f)
{
	const struct vm_map_entry *e = f->entry;
	struct vm_resolve r = {
		.sys = f->map->sys,
		.pmap = f->map->pmap,
		.entry = f->entry,
		.va = f->va + vm_ptoa(f->r.wants.in),
		.access = e->prot & VM_PROT_READ,
		.depth = VM_RESOLVE_READ,
		.read = &f->next,
	};

	if (f->r.wants.in == 0 || e->advice == VM_ADV_RANDOM ||
	    (f->flags & VM_FAULT_NARROW))
		return;
	f->has_read = true;
	f->steady = f->r.wants.steady;
	if (f->r.wants.in < vm_atop(e->end - f->va))
		f->goes_on = f->map->design->cow->resolve(&r) == VM_RESOLVE_IO;
	f->next.unasked = true;
}

static enum vm_verdict
attempt(struct vm_fault *f)
{
	const struct vm_cow_ops *cow = f->map->design->cow;
	enum vm_verdict v;

	cow->lock(f->entry);
	v = resolve(f);
	f->goes_on = false;
	if (v == VM_RESOLVE_OK || v == VM_RESOLVE_BUSY)
		plan_next(f);
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
	error = vm_map_settle(f->map, f->va, f->ahead + f->behind + 1);
	vm_map_unlock(f->map);
	return error;
}

/*
 * Others may take what is reclaimed, or the next attempt may need just that:
 * who has made memory may take of the reserve, and tries a number of times.
 */
static int
make_memory(struct vm_fault *f)
{
	struct vm_system *sys = f->map->sys;
	int error = VM_ENOMEM;

	if (f->reclaims++ < RECLAIMS_MAX)
		error = f->wait == NULL ?
		    vm_pageout_wait(sys) :
		    vm_pageout_try(sys, f->reclaims > 1, &f->wait->wait);
	if (error == VM_ENOMEM)
		VM_COUNT(sys, fault_nomem);
	return error;
}

/* What became of the read that the caller has waited for, or is to. */
static int
follow_reading(struct vm_fault_wait *w)
{
	struct vm_reading *r = w->reading;

	if (r == NULL)
		return 0;
	if (vm_reading_wait(r, &w->wait))
		return VM_EWAIT;
	w->reading = NULL;
	return vm_reading_take(r);
}

static void
start_reading(struct vm_reading *r)
{
	if (r->read.obj != NULL)
		vm_object_read_start(r);
	else
		vm_swapin_start(r);
}

static int
read_waiting(struct vm_system *sys, struct vm_read *rd)
{
	return rd->obj != NULL ? vm_object_read(rd) : vm_swapin(sys, rd);
}

/* Without memory to keep a read in it is waited for all the same. */
static int
read_in(struct vm_fault *f)
{
	struct vm_system *sys = f->map->sys;
	struct vm_reading *r = NULL;

	if (f->wait != NULL)
		r = vm_reading_make(sys, &f->read);
	if (r == NULL)
		return read_waiting(sys, &f->read);
	f->wait->reading = r;
	start_reading(r);
	return follow_reading(f->wait);
}

/* Nobody waits for it, but without memory for that. */
static void
read_on(struct vm_fault *f)
{
	struct vm_reading *r = vm_reading_make(f->map->sys, &f->next);

	if (r == NULL) {
		(void)read_waiting(f->map->sys, &f->next);
		return;
	}
	start_reading(r);
	vm_reading_leave(r);
}

static int
wait_page(struct vm_fault *f)
{
	struct vm_system *sys = f->map->sys;

	if (f->wait == NULL) {
		vm_page_wait(sys, f->r.page, f->r.seen);
		return 0;
	}
	vm_wait_begin(&f->wait->wait, vm_page_event(sys, f->r.page), f->r.seen);
	return VM_EWAIT;
}

/* Do what the verdict asks for, with nothing locked. */
static int
follow(struct vm_fault *f, enum vm_verdict v)
{
	switch (v) {
	case VM_RESOLVE_OK:
	case VM_RESOLVE_ABSENT:
		break;
	case VM_RESOLVE_IO:
		f->has_read = true;
		f->steady = f->read.steady;
		return read_in(f);
	case VM_RESOLVE_BUSY:
		return wait_page(f);
	case VM_RESOLVE_NOMEM:
		return make_memory(f);
	case VM_RESOLVE_SETTLE:
		return settle(f) == 0 ? 0 : make_memory(f);
	}
	VM_UNREACHABLE();
}

/* What has grown on a wired stack is wired as far as there is memory for it;
 * the rest will be when it is used. */
static void
wire_growth(struct vm_fault *f)
{
	struct vm_map_entry *e;
	struct pmap_mapping at;
	vaddr_t va = 0, end = 0;
	int error = 0;

	vm_map_lock_read(f->map);
	e = vm_map_lookup(f->map, f->va);
	if (e != NULL && vm_entry_is_wired(e) &&
	    (e->marks & VM_MARK_ONFAULT) == 0) {
		va = e->start;
		end = e->end;
	}
	vm_map_unlock_read(f->map);
	for (; error == 0 && va < end; va += VM_PAGE_SIZE) {
		if (!pmap_extract(f->map->pmap, va, &at) || !at.wired)
			error = vm_fault(f->map, va, VM_PROT_NONE,
			    VM_FAULT_NARROW);
	}
}

/* The fault is in a gap.  What comes of it another look will tell. */
static int
grow_stack(struct vm_fault *f)
{
	int error;

	vm_map_lock(f->map);
	error = vm_map_grow_stack(f->map, f->va);
	vm_map_unlock(f->map);
	if (error == 0)
		wire_growth(f);
	if (error == VM_EACCES)
		VM_COUNT(f->map->sys, fault_noaccess);
	return error == VM_ENOMEM ? make_memory(f) : error;
}

static int
fault_loop(struct vm_fault *f)
{
	enum vm_verdict v = VM_RESOLVE_ABSENT;
	int error;

	for (;;) {
		vm_map_lock_read(f->map);
		error = find_entry(f);
		if (error == 0)
			v = attempt(f);
		vm_map_unlock_read(f->map);
		if (error == 0 && f->goes_on)
			read_on(f);
		if (error == VM_EAGAIN) {
			error = grow_stack(f);
			if (error == 0)
				continue;
		}
		if (error != 0 || v == VM_RESOLVE_OK)
			return error;
		error = follow(f, v);
		if (error != 0)
			return error;
		VM_COUNT(f->map->sys, fault_retries);
	}
}

/* Whether a heavy writer may have to wait before such a fault: not while a
 * range is wired, with a lock. */
static bool
may_throttle(vm_prot_t wanted, unsigned flags)
{
	return (wanted & VM_PROT_WRITE) && (flags & VM_FAULT_NARROW) == 0;
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
	f.reclaims = 0;
	f.has_read = f.steady = false;
	f.wait = NULL;
	VM_COUNT(map->sys, faults);
	if (may_throttle(access, flags))
		vm_throttle_wait(map->sys, map->design->throttle, &map->writer);
	return fault_loop(&f);
}

/* ---- without sleeping ---- */

int
vm_fault_try(struct vm_map *map, vaddr_t va, vm_prot_t access, unsigned flags,
    struct vm_fault_wait *w)
{
	struct vm_fault f;
	int error;

	vm_wait_end(&w->wait);
	if (w->tries++ == 0)
		VM_COUNT(map->sys, faults);
	else
		VM_COUNT(map->sys, fault_retries);
	f.has_read = w->reading != NULL;
	f.steady = f.has_read && w->reading->read.steady;
	error = follow_reading(w);
	if (error != 0)
		return error;
	f.map = map;
	f.va = vm_trunc_page(va);
	f.wanted = access;
	f.flags = flags;
	f.span = 1;
	f.reclaims = w->reclaims;
	f.wait = w;
	if (may_throttle(access, flags) && !f.has_read && f.reclaims == 0 &&
	    vm_throttle_try(map->sys, map->design->throttle, &map->writer,
		&w->throttled, &w->wait))
		return VM_EWAIT;
	error = fault_loop(&f);
	w->reclaims = f.reclaims;
	return error;
}

void
vm_fault_leave(struct vm_fault_wait *w)
{
	vm_wait_end(&w->wait);
	if (w->reading != NULL)
		vm_reading_leave(w->reading);
	w->reading = NULL;
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
		f.reclaims = 0;
		f.has_read = f.steady = false;
		f.wait = NULL;
		VM_COUNT(map->sys, faults);
		f.span = vm_atop(end - f.va + VM_PAGE_MASK);
		error = fault_loop(&f);
		if (error != 0)
			break;
	}
	*stopped = f.va < end ? f.va : end;
	return error;
}
