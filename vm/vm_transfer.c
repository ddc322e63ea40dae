/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_transfer.c - see vm_transfer.h.
 *
 * A mapping is made and gets its pages under one write lock of the map, so
 * nobody sees it half full.  If it cannot get them all, those that it has are
 * lent to the caller once more before it goes, which leaves every page as it
 * was: a loan of the caller's.
 */
#include "vm/vm_transfer.h"

#include "vm/vm_page_loan.h"
#include "vm/vm_pageout.h"

#define TRIES 64 /* each time for twice as much memory, as a fork */

struct transfer {
	struct vm_map *map;
	struct vm_page *const *pages;
	size_t npages;
	size_t given; /* so many of them have their place */
	vaddr_t start;
	bool lacks; /* there was no memory for the next */
};

static vaddr_t
place(const struct transfer *t, size_t i)
{
	return t->start + vm_ptoa(i);
}

/* ---- pages given ---- */

/* As many as the entry holds.  => map write-locked, entry settled */
static int
give_entry(struct transfer *t, struct vm_map_entry *e)
{
	const struct vm_cow_ops *cow = t->map->design->cow;
	enum vm_verdict v = VM_RESOLVE_OK;

	cow->lock(e);
	while (t->given < t->npages && place(t, t->given) < e->end) {
		v = cow->give(t->map->sys, e,
		    vm_entry_page(e, place(t, t->given)), t->pages[t->given]);
		if (v != VM_RESOLVE_OK)
			break;
		t->given++;
	}
	cow->unlock(e);
	t->lacks = v != VM_RESOLVE_OK;
	return t->lacks ? VM_ENOMEM : 0;
}

static int
give_all(struct transfer *t)
{
	struct vm_map_entry *e;
	int error = 0;

	while (error == 0 && t->given < t->npages) {
		e = vm_map_lookup(t->map, place(t, t->given));
		error = vm_map_settle_first(t->map, e);
		if (error == 0)
			error = give_entry(t, e);
	}
	return error;
}

/* ---- whose the loans are then ---- */

/* Whether the space has the page itself, and not a copy.  => entry locked */
static bool
has_page(const struct transfer *t, struct vm_map_entry *e, size_t i)
{
	struct vm_resolve r = {
		.sys = t->map->sys,
		.pmap = t->map->pmap,
		.entry = e,
		.va = place(t, i),
		.access = VM_PROT_READ,
		.depth = VM_RESOLVE_RESIDENT,
	};

	return t->map->design->cow->resolve(&r) == VM_RESOLVE_OK &&
	    r.page == t->pages[i];
}

/* A loan that was taken over is the caller's again, too. */
static void
lend_again(struct transfer *t, size_t i)
{
	vm_charge_again(t->map->sys, &(struct vm_charge){ .wired = 1 });
	vm_page_lend(t->map->sys, t->pages[i]);
}

/* Settle what was given.  => map write-locked */
static void
finish(struct transfer *t, bool done)
{
	const struct vm_cow_ops *cow = t->map->design->cow;
	struct vm_map_entry *e = NULL;
	size_t i;
	bool has;

	for (i = 0; i < t->given; i++) {
		e = vm_map_lookup(t->map, place(t, i));
		cow->lock(e);
		has = has_page(t, e, i);
		cow->unlock(e);
		if (has && !done)
			lend_again(t, i);
		if (!has && done)
			vm_unloan(t->map->sys, &t->pages[i], 1);
	}
}

/* ---- the whole ---- */

/* Who locks all that he maps locks it when it is used. */
static struct vm_map_insert_args
insert_args(const struct transfer *t)
{
	bool locks = t->map->wire_future != VM_FUTURE_PLAIN;

	return (struct vm_map_insert_args){
		.start = t->start,
		.len = vm_ptoa(t->npages),
		.prot = VM_PROT_RW,
		.max_prot = VM_PROT_ALL,
		.inherit = VM_INHERIT_COPY,
		.advice = VM_ADV_NORMAL,
		.flags = VM_ENTRY_COW | (locks ? VM_ENTRY_LOCKED : 0),
		.marks = locks ? VM_MARK_ONFAULT : 0,
		.alone = true,
	};
}

/* => map write-locked */
static int
make_mapping(struct transfer *t, struct vm_map_dead *dead)
{
	struct vm_map_insert_args ia = insert_args(t);
	int error = vm_map_insert(t->map, &ia, dead, &t->start), gone;

	if (error != 0)
		return error;
	error = give_all(t);
	finish(t, error == 0);
	if (error != 0) {
		gone = vm_map_remove(t->map, t->start,
		    t->start + vm_ptoa(t->npages), dead);
		VM_ASSERT(gone == 0); /* whole entries */
		(void)gone;
	}
	return error;
}

static int
try_transfer(struct transfer *t)
{
	struct vm_map_dead dead;
	int error;

	vm_map_dead_init(&dead);
	vm_map_lock(t->map);
	error = make_mapping(t, &dead);
	vm_map_unlock(t->map);
	vm_map_bury(t->map, &dead);
	return error;
}

int
vm_transfer_pages(struct vmspace *vs, struct vm_page *const *pages,
    size_t npages, vaddr_t *addr)
{
	struct transfer t = {
		.map = &vs->map,
		.pages = pages,
		.npages = npages,
	};
	size_t more = npages, most = vm_page_count(vs->map.sys);
	unsigned tries = 0;
	int error = VM_EINVAL;

	if (npages == 0 || npages > UINT64_MAX >> VM_PAGE_SHIFT)
		return error;
	do {
		t.given = 0;
		t.lacks = false;
		t.start = *addr;
		error = try_transfer(&t);
		more = 2 * more < most ? 2 * more : most;
	} while (
	    t.lacks && tries++ < TRIES && vm_pageout_more(vs->map.sys, more));
	if (error == 0)
		*addr = t.start;
	return error;
}

/* ---- lent to another space ---- */

int
vm_loan_to(struct vmspace *from, vaddr_t addr, vsize_t len, struct vmspace *to,
    vaddr_t *at)
{
	struct vm_system *sys = from->map.sys;
	size_t npages = vm_atop(len), bytes = npages * sizeof(struct vm_page *);
	struct vm_page **pages;
	int error;

	if (npages == 0 || (len & VM_PAGE_MASK) != 0)
		return VM_EINVAL;
	if (npages > vm_page_count(sys))
		return VM_EAGAIN;
	pages = vm_alloc(sys, bytes);
	if (pages == NULL)
		return VM_ENOMEM;
	error = vm_loan(from, addr, len, pages);
	if (error == 0) {
		error = vm_transfer_pages(to, pages, npages, at);
		if (error != 0)
			vm_unloan(sys, pages, npages);
	}
	vm_free(sys, pages, bytes);
	return error;
}
