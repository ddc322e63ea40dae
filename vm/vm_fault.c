/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_fault.c - the fault loop.
 *
 *	look the entry up, check the access
 *	resolve the page			(the design: vm_cow.h)
 *	    OK		enter it, then what is worth it (vm_fault_around.c)
 *	    IO		read it in		\
 *	    BUSY	wait for the page	 | with nothing locked,
 *	    NOMEM	make memory, or give up	 | then from the top
 *	    SETTLE	give the entry its amap /
 *
 * A caller that does not sleep (vm_fault_try) has the read begun, and is told
 * what to wait for in the place of sleeping.  It comes again, and from the top.
 *
 * Sources: UVM uvm_fault.c for the cases; restarting from the top is
 * alternative 1 of its head comment, and Zircon's page requests.
 */
#include "vm/vm_fault.h"

#include "vm/vm_fault_around.h"
#include "vm/vm_pageout.h"
#include "vm/vm_pageq.h"
#include "vm/vm_swapin.h"

#define RECLAIMS_MAX 1000 /* times that memory is made in one fault */

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
	unsigned flags = f->access | PMAP_CANFAIL | vm_fault_shared(f->entry);
	bool dirties = vm_fault_gets_dirty(&f->r);

	if ((f->access & VM_PROT_WRITE) && !f->r.page->dirty)
		vm_swapout_forget(f->map->sys, f->r.page);
	if (f->wire) {
		move_wiring(f);
		flags |= PMAP_WIRED;
	}
	if (!vm_page_is_lent(f->r.page)) { /* else it may have another owner */
		vm_page_proved(f->map->sys, f->r.page, true);
		vm_pageq_activate(f->map->sys, f->r.page);
	}
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
	vm_fault_plan_around(f);
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
		.wire = f->wire,
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
		vm_fault_enter_around(f);
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
	error = vm_map_settle(f->map, f->va, f->above + f->below + 1);
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

/* What is read is not set: it is large, and seldom looked at. */
static void
begin(struct vm_fault *f, struct vm_map *map, vaddr_t va, vm_prot_t wanted,
    unsigned flags)
{
	f->map = map;
	f->va = vm_trunc_page(va);
	f->wanted = wanted;
	f->flags = flags;
	f->span = 1;
	f->reclaims = 0;
	f->has_read = f->steady = false;
	f->wait = NULL;
}

int
vm_fault(struct vm_map *map, vaddr_t va, vm_prot_t access, unsigned flags)
{
	struct vm_fault f;

	begin(&f, map, va, access, flags);
	VM_COUNT(map->sys, faults);
	if (may_throttle(access, flags))
		vm_throttle_wait(map->sys, map->design->throttle, &map->writer);
	return fault_loop(&f);
}

/* ---- without sleeping ---- */

static int
try_span(struct vm_fault *f, struct vm_fault_wait *w)
{
	struct vm_map *map = f->map;
	int error;

	vm_wait_end(&w->wait);
	if (w->tries++ == 0)
		VM_COUNT(map->sys, faults);
	else
		VM_COUNT(map->sys, fault_retries);
	f->has_read = w->reading != NULL;
	f->steady = f->has_read && w->reading->read.steady;
	error = follow_reading(w);
	if (error != 0)
		return error;
	f->reclaims = w->reclaims;
	f->wait = w;
	if (may_throttle(f->wanted, f->flags) && !f->has_read &&
	    f->reclaims == 0 &&
	    vm_throttle_try(map->sys, map->design->throttle, &map->writer,
		&w->throttled, &w->wait))
		return VM_EWAIT;
	error = fault_loop(f);
	w->reclaims = f->reclaims;
	return error;
}

int
vm_fault_try(struct vm_map *map, vaddr_t va, vm_prot_t access, unsigned flags,
    struct vm_fault_wait *w)
{
	struct vm_fault f;

	begin(&f, map, va, access, flags);
	return try_span(&f, w);
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
	while (va < end && pmap_allows(map->pmap, va, access))
		va += VM_PAGE_SIZE;
	return va;
}

/* What was waited for has come, or is not wanted any more. */
static void
begin_other(struct vm_fault_wait *w, vaddr_t va)
{
	vm_fault_leave(w);
	*w = (struct vm_fault_wait){ .va = va };
}

int
vm_fault_range(struct vm_map *map, vaddr_t start, vaddr_t end, vm_prot_t access,
    vaddr_t *stopped)
{
	struct vm_fault f;
	vaddr_t va = skip_usable(map, vm_trunc_page(start), end, access);
	int error = 0;

	while (va < end && error == 0) {
		begin(&f, map, va, access, 0);
		f.span = vm_atop(end - va + VM_PAGE_MASK);
		VM_COUNT(map->sys, faults);
		error = fault_loop(&f);
		if (error == 0)
			va = skip_usable(map, va + VM_PAGE_SIZE, end, access);
	}
	*stopped = va < end ? va : end;
	return error;
}

int
vm_fault_try_range(struct vm_map *map, vaddr_t start, vaddr_t *end,
    vm_prot_t access, struct vm_fault_wait *w)
{
	struct vm_fault f;
	vaddr_t va = skip_usable(map, vm_trunc_page(start), *end, access);
	int error = 0;

	while (va < *end && error == 0) {
		if (w->va != va)
			begin_other(w, va);
		begin(&f, map, va, access, 0);
		f.span = vm_atop(*end - va + VM_PAGE_MASK);
		error = try_span(&f, w);
		if (error == 0)
			va = skip_usable(map, va + VM_PAGE_SIZE, *end, access);
	}
	if (error != VM_EWAIT)
		begin_other(w, 0);
	if (va < *end)
		*end = va;
	return error;
}
