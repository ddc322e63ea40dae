/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cow/lower.c - the common part of every resolve.
 */
#include "vm/cow/lower.h"

#include "vm/vm_page.h"

enum vm_verdict
vm_cow_answer(struct vm_resolve *r, struct vm_page *pg, vm_prot_t prot,
    enum vm_resolved_how how)
{
	VM_ASSERT((prot & r->access) == r->access);
	VM_ASSERT(!pg->busy);
	r->page = pg;
	r->prot = prot;
	r->how = how;
	return VM_RESOLVE_OK;
}

void
vm_cow_leave_pmap(struct vm_resolve *r)
{
	struct pmap_mapping old;

	if (r->unmapped || !pmap_extract(r->pmap, r->va, &old))
		return;
	if (old.wired)
		vm_page_unwire(r->sys, old.page);
	pmap_remove(r->pmap, r->va, r->va + VM_PAGE_SIZE);
	pmap_update(r->pmap);
}

enum vm_verdict
vm_cow_lower(struct vm_resolve *r, vm_pindex_t n)
{
	struct vm_map_entry *e = r->entry;
	struct vm_object_want want = {
		.make = r->depth != VM_RESOLVE_RESIDENT,
		.io = r->depth == VM_RESOLVE_ALL,
		.advice = (enum vm_advice)e->advice,
		.first = e->offset,
		.limit = e->offset + vm_entry_npages(e),
		.read = r->read,
		.near = r->near,
		.page_flags = r->page_flags,
	};
	enum vm_verdict v;

	v = vm_object_resolve(e->object, e->offset + n, &want);
	r->page = want.page;
	r->seen = want.seen;
	r->prot = vm_entry_is_cow(e) ? vm_cow_readonly(e) : e->prot;
	r->how = want.zeroed ? VM_MADE_OBJECT_ZERO : VM_FOUND_OBJECT;
	return v;
}
