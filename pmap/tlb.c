/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tlb.c - see tlb.h.
 */
#include "pmap/tlb.h"

#include "base/mem.h"

void
tlb_init(struct tlb *tlb, struct tlb_entry *entries, unsigned n,
    const struct vm_env *env)
{
	VM_ASSERT(n != 0);
	VM_ASSERT((n & (n - 1)) == 0);
	memset(entries, 0, n * sizeof(*entries));
	vm_mutex_init(&tlb->lock, env);
	tlb->entries = entries;
	tlb->mask = n - 1;
}

static void
drop_one(struct tlb *tlb, const struct pmap *pmap, vaddr_t va)
{
	struct tlb_entry *e = tlb_place(tlb, pmap, va);

	if (tlb_holds(e, pmap, va))
		e->pmap = NULL;
}

/* More pages than entries: look at the entries instead. */
static void
drop_many(struct tlb *tlb, const struct pmap *pmap, vaddr_t start, vaddr_t end)
{
	struct tlb_entry *e;

	for (e = tlb->entries; e <= &tlb->entries[tlb->mask]; e++) {
		if (e->pmap == pmap && e->va >= start && e->va < end)
			e->pmap = NULL;
	}
}

void
tlb_drop(struct tlb *tlb, const struct pmap *pmap, vaddr_t start, vaddr_t end)
{
	vaddr_t va;

	vm_mutex_lock(&tlb->lock);
	if (vm_atop(end - start) > tlb->mask) {
		drop_many(tlb, pmap, start, end);
	} else {
		for (va = start; va < end; va += VM_PAGE_SIZE)
			drop_one(tlb, pmap, va);
	}
	vm_mutex_unlock(&tlb->lock);
}

const struct tlb_entry *
tlb_find_page(const struct tlb *tlb, const struct vm_page *pg, bool lost)
{
	const struct tlb_entry *e;

	for (e = tlb->entries; e <= &tlb->entries[tlb->mask]; e++) {
		if (e->pmap != NULL && e->page == pg && (e->lost || !lost))
			return e;
	}
	return NULL;
}

void
tlb_ranges_add(struct tlb_ranges *r, vaddr_t va)
{
	if (tlb_ranges_have(r, va))
		return;
	if (r->n > 0 && r->range[r->n - 1].end == va) {
		r->range[r->n - 1].end = va + VM_PAGE_SIZE;
	} else if (r->n < TLB_RANGES) {
		r->range[r->n].start = va;
		r->range[r->n++].end = va + VM_PAGE_SIZE;
	} else {
		r->n = 1;
		r->range[0].start = 0;
		r->range[0].end = UINT64_MAX;
	}
}

bool
tlb_ranges_have(const struct tlb_ranges *r, vaddr_t va)
{
	unsigned i;

	for (i = 0; i < r->n; i++) {
		if (va >= r->range[i].start && va < r->range[i].end)
			return true;
	}
	return false;
}
