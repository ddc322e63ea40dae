/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_loan.c - see vm_loan.h.
 *
 * What is in memory is lent in runs, under one lock of the map and of what
 * backs an entry; what is not there is faulted in, as if the program had read
 * it, and then looked at again.  What a loan means to its owner is in
 * vm_page_loan.h, and how he gets a copy in cow/lower.c.
 */
#include "vm/vm_loan.h"

#include "vm/vm_fault.h"
#include "vm/vm_page_loan.h"
#include "vm/vm_pageq.h"

struct lending {
	struct vm_map *map;
	vaddr_t va, end;        /* what is still to be lent */
	struct vm_page **pages; /* room for the next */
};

/* => owner's lock held, or the page is lent already */
static int
lend_page(struct vm_system *sys, struct vm_page *pg)
{
	if (!vm_page_is_lent(pg)) {
		if (pg->fictitious)
			return VM_ENOTSUP;
		if (pg->wire_count != 0)
			return VM_EBUSY;
		vm_page_proved(sys, pg, true);
		vm_pageq_activate(sys, pg);
	}
	vm_page_lend(sys, pg);
	return 0;
}

/* Lend the pages of an entry that can be had at once.  => entry locked */
static int
lend_resident(struct lending *l, struct vm_map_entry *e)
{
	vaddr_t end = e->end < l->end ? e->end : l->end;
	struct vm_resolve r = {
		.sys = l->map->sys,
		.pmap = l->map->pmap,
		.entry = e,
		.access = VM_PROT_READ,
		.depth = VM_RESOLVE_RESIDENT,
	};
	int error;

	for (; l->va < end; l->va += VM_PAGE_SIZE) {
		r.va = l->va;
		if (l->map->design->cow->resolve(&r) != VM_RESOLVE_OK)
			break;
		error = lend_page(r.sys, r.page);
		if (error != 0)
			return error;
		*l->pages++ = r.page;
	}
	return 0;
}

static bool
is_readable(const struct vm_map_entry *e)
{
	return e != NULL && (e->flags & VM_ENTRY_FOREIGN) == 0 &&
	    (e->marks & VM_MARK_GAP) == 0 && (e->prot & VM_PROT_READ);
}

/* The next run of pages, as far as there is one.  => map read-locked */
static int
lend_run(struct lending *l)
{
	const struct vm_cow_ops *cow = l->map->design->cow;
	struct vm_map_entry *e = vm_map_lookup(l->map, l->va);
	int error;

	if (!is_readable(e))
		return 0; /* a fault will say why */
	cow->lock(e);
	error = lend_resident(l, e);
	pmap_update_all(l->map->sys->machine); /* nobody writes any more */
	cow->unlock(e);
	return error;
}

static int
lend_all(struct lending *l)
{
	vaddr_t began;
	int error = 0;

	while (error == 0 && l->va < l->end) {
		began = l->va;
		vm_map_lock_read(l->map);
		error = lend_run(l);
		vm_map_unlock_read(l->map);
		if (error == 0 && l->va == began)
			error = vm_fault(l->map, l->va, VM_PROT_READ,
			    VM_FAULT_NARROW);
	}
	return error;
}

static void
give_back(struct vm_system *sys, struct vm_page *const *pages, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		vm_page_return(sys, pages[i]);
}

int
vm_loan(struct vmspace *vs, vaddr_t addr, vsize_t len, struct vm_page **pages)
{
	struct lending l = { &vs->map, addr, addr + len, pages };
	struct vm_charge all = { .wired = vm_atop(len) };
	struct vm_system *sys = vs->map.sys;
	int error;

	if (((addr | len) & VM_PAGE_MASK) != 0)
		return VM_EINVAL;
	if (!vm_range_fits(addr, len))
		return VM_EFAULT;
	error = vm_charge_take(sys, &all);
	if (error != 0)
		return error;
	error = lend_all(&l);
	if (error != 0) {
		give_back(sys, pages, (size_t)(l.pages - pages));
		vm_charge_give(sys, &all);
	}
	return error;
}

void
vm_unloan(struct vm_system *sys, struct vm_page *const *pages, size_t npages)
{
	struct vm_charge all = { .wired = npages };

	give_back(sys, pages, npages);
	vm_charge_give(sys, &all);
}
