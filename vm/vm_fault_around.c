/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_fault_around.c - what a fault does besides its page.
 *
 * Three kinds of pages are entered around it.
 *
 * Neighbours are resident already and cost little; how many is the design's
 * policy.
 *
 * Pages ahead are made - zero-filled or copied - before anybody asks, for ports
 * whose faults are dear: as many as there are in a row right before the fault,
 * or right behind it when somebody goes downwards.  So the window doubles while
 * faults follow each other, any number of readers and writers may work in one
 * entry, and a fault apart from others gets its page only.
 *
 *	#####x......	fault at x: as many again to the right
 *	......x#####	or to the left
 *
 * And a caller that names a range (vm_fault_range) gets as much of it as
 * possible.
 *
 * Pages behind who goes through memory in order are retired.
 *
 * Source: UVM uvm_fault.c for the neighbours and the pages behind.
 */
#include "vm/vm_fault_around.h"

#include "vm/vm_pageout.h"
#include "vm/vm_pageq.h"

#define AHEAD_FIRST  4 /* the first fault at an end: a 4th of the window */
#define AHEAD_SCARCE 8 /* none ahead when less than an 8th is free */

/* Whether the page is a new one, of zeroes or a copy. */
static bool
is_new(const struct vm_resolve *r)
{
	return r->how != VM_FOUND_ANON && r->how != VM_FOUND_OBJECT;
}

bool
vm_fault_gets_dirty(const struct vm_resolve *r)
{
	struct vm_page *pg = r->page;

	if (is_new(r))
		return true;
	if ((r->prot & VM_PROT_WRITE) == 0 || pg->fictitious)
		return false;
	return ((r->access & VM_PROT_WRITE) ||
		   pg->owner_ops->store(pg) == VM_STORE_PAGER) &&
	    !vm_page_is_dirty(r->sys, pg);
}

/* A page that is held has to be wired, by a fault of its own. */
static bool
is_held(const struct vm_fault *f, vaddr_t va)
{
	return vm_map_is_held(f->map, va, va + VM_PAGE_SIZE);
}

/* ---- neighbours ---- */

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
	    ((at.prot & VM_PROT_WRITE) || (f->access & VM_PROT_WRITE) == 0 ||
		f->map->sys->machine->neighbour_factor <= 1);
}

/* Enter the page at va if it is resident, as far as that costs nothing. */
static void
enter_neighbour(struct vm_fault *f, vaddr_t va)
{
	struct vm_resolve r;
	bool mapped, dirties;

	if (is_held(f, va) || is_entered(f, va, &mapped))
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
	dirties = vm_fault_gets_dirty(&r);
	if (pmap_enter(f->map->pmap, va, r.page, r.prot,
		PMAP_CANFAIL | PMAP_AHEAD | vm_fault_shared(f->entry)) != 0)
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

	while (n < max && va > lo &&
	    pmap_allows(f->map->pmap, va - VM_PAGE_SIZE, f->access)) {
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

	while (n < max && va < hi && pmap_allows(f->map->pmap, va, f->access)) {
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

/* How many pages to make above va; 0 unless somebody goes upwards. */
static vm_pindex_t
window_above(struct vm_fault *f, vm_pindex_t max)
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
window_below(struct vm_fault *f, vm_pindex_t max)
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
void
vm_fault_plan_around(struct vm_fault *f)
{
	const struct vm_map_entry *e = f->entry;
	vm_pindex_t max = f->map->sys->machine->zero_ahead_max;

	f->above = f->below = 0;
	if (f->wire || (f->flags & VM_FAULT_NARROW))
		return;
	f->above = f->span - 1;
	if (max != 0 && e->advice != VM_ADV_RANDOM && f->above == 0) {
		f->above = least(window_above(f, max), max);
		if (f->above == 0)
			f->below = least(window_below(f, max), max);
	}
	f->above = least(f->above, vm_atop(e->end - f->va) - 1);
	f->below = least(f->below, vm_atop(f->va - e->start));
	if (is_scarce(f->map->sys, f->above + f->below))
		f->above = f->below = 0;
}

/* Make and enter one page ahead; false when it is better to stop. */
static bool
make_ahead(struct vm_fault *f, vaddr_t va)
{
	struct vm_resolve *r = &f->r;
	struct pmap_mapping at;
	bool dirties;

	r->unmapped = !pmap_extract(f->map->pmap, va, &at);
	if (!r->unmapped && (at.prot & f->access) == f->access)
		return true;
	if (is_held(f, va))
		return false;
	r->va = va;
	r->near = r->page;
	r->depth = VM_RESOLVE_MAKE;
	r->page_flags = 0;
	if (f->map->design->cow->resolve(r) != VM_RESOLVE_OK)
		return false;
	vm_pageq_keep(f->map->sys, r->page);
	dirties = vm_fault_gets_dirty(r);
	if (pmap_enter(f->map->pmap, va, r->page, r->prot,
		f->access | PMAP_CANFAIL | PMAP_AHEAD |
		    vm_fault_shared(f->entry)) != 0)
		return false;
	if (dirties)
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
	make_run(f, f->va + VM_PAGE_SIZE, f->above);
	make_run(f, f->va - vm_ptoa(f->below), f->below);
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

void
vm_fault_enter_around(struct vm_fault *f)
{
	bool made = is_new(&f->r);

	if (f->wire || (f->flags & VM_FAULT_NARROW))
		return;
	retire_behind(f);
	if (made || f->span > 1)
		enter_ahead(f);
	if (wants_neighbours(f, made))
		enter_neighbours(f);
}
