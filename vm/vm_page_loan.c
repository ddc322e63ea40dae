/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_page_loan.c - see vm_page_loan.h.
 */
#include "vm/vm_page_loan.h"

#include "vm/pmap.h"
#include "vm/vm_pageq.h"

void
vm_page_lend(struct vm_system *sys, struct vm_page *pg)
{
	uint32_t had = atomic_fetch_add_explicit(&pg->loans, 1,
	    memory_order_relaxed);

	VM_ASSERT((had & ~VM_PAGE_ORPHAN) < VM_PAGE_ORPHAN - 1);
	VM_COUNT(sys, loans);
	if (had == 0 && pg->pv != NULL)
		(void)pmap_page_protect(sys->machine, pg,
		    VM_PROT_READ | VM_PROT_EXEC);
}

void
vm_page_return(struct vm_system *sys, struct vm_page *pg)
{
	uint32_t had = atomic_fetch_sub(&pg->loans, 1);

	VM_ASSERT((had & ~VM_PAGE_ORPHAN) != 0);
	if (had != (VM_PAGE_ORPHAN | 1))
		return;
	atomic_store_explicit(&pg->loans, 0, memory_order_relaxed);
	vm_page_free(sys, pg);
}

void
vm_page_adopt(struct vm_page *pg)
{
	VM_ASSERT(vm_page_is_left(pg));
	pg->dirty = true;
	pg->released = false;
	pg->ahead = false;
	atomic_store(&pg->loans, 0);
}

/* What is lent is not wired: no wirings have gone with mappings. */
static void
unmapped(struct vm_system *sys, unsigned wired)
{
	VM_ASSERT(wired == 0);
	(void)wired;
	pmap_update_all(sys->machine);
}

void
vm_page_unmap_lent(struct vm_system *sys, struct vm_page *pg)
{
	unmapped(sys, pmap_page_protect(sys->machine, pg, VM_PROT_NONE));
}

void
vm_page_unshare_lent(struct vm_system *sys, struct vm_page *pg)
{
	unmapped(sys, pmap_page_unshare(sys->machine, pg));
}

bool
vm_page_abandon(struct vm_system *sys, struct vm_page *pg)
{
	if (atomic_fetch_or(&pg->loans, VM_PAGE_ORPHAN) != 0) {
		VM_COUNT(sys, loan_orphans);
		return true;
	}
	atomic_store_explicit(&pg->loans, 0, memory_order_relaxed);
	return false;
}

struct vm_page *
vm_page_unlend(struct vm_system *sys, struct vm_page *old,
    const struct vm_page *near, unsigned flags)
{
	struct vm_page *pg = vm_page_alloc(sys, near, flags);

	VM_ASSERT(!old->busy && old->wire_count == 0);
	if (pg == NULL)
		return NULL;
	vm_page_withdraw(sys, old);
	vm_page_copy(sys, old, pg);
	pg->dirty = old->dirty;
	vm_page_own(pg, old->owner_ops, old->owner, old->lock, old->pindex);
	old->owner_ops->replace(old, pg);
	vm_pageq_put(sys, pg, VM_PAGE_ACTIVE);
	vm_page_free(sys, old);
	VM_COUNT(sys, loan_breaks);
	return pg;
}
