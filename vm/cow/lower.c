/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cow/lower.c - see lower.h.
 */
#include "vm/cow/lower.h"

#include "vm/vm_page_loan.h"

/* A page that is lent may be read as it is; for more its owner gets a copy. */
static enum vm_verdict
answer_lent(struct vm_resolve *r)
{
	if ((r->access & VM_PROT_WRITE) == 0 && !r->wire) {
		r->prot &= (vm_prot_t)~VM_PROT_WRITE;
		return VM_RESOLVE_OK;
	}
	if ((r->depth & VM_RESOLVE_MAKE) == 0)
		return VM_RESOLVE_ABSENT;
	r->page = vm_page_unlend(r->sys, r->page, r->near, r->page_flags);
	return r->page == NULL ? VM_RESOLVE_NOMEM : VM_RESOLVE_OK;
}

enum vm_verdict
vm_cow_answer(struct vm_resolve *r, struct vm_page *pg, vm_prot_t prot,
    enum vm_resolved_how how)
{
	VM_ASSERT((prot & r->access) == r->access);
	VM_ASSERT(!pg->busy);
	r->page = pg;
	r->prot = prot;
	r->how = how;
	return VM_UNLIKELY(vm_page_is_lent(pg)) ? answer_lent(r) :
						  VM_RESOLVE_OK;
}

enum vm_verdict
vm_cow_busy(struct vm_resolve *r, struct vm_page *pg)
{
	if ((r->depth & VM_RESOLVE_READ) == 0)
		return VM_RESOLVE_ABSENT;
	r->page = pg;
	r->seen = vm_page_want(r->sys, pg);
	return VM_RESOLVE_BUSY;
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

void
vm_cow_unmap(struct vm_rewind *rw)
{
	const struct vm_map_entry *e = rw->entry;

	rw->npages += pmap_resident_count(rw->pmap);
	pmap_remove(rw->pmap, e->start, e->end);
	pmap_update(rw->pmap);
	rw->npages -= pmap_resident_count(rw->pmap);
}

/* What nobody has asked for is not waited for. */
static bool
may_read(const struct vm_resolve *r)
{
	return r->depth == VM_RESOLVE_ALL ||
	    ((r->depth & VM_RESOLVE_READ) &&
		!vm_object_is_waited_for(r->entry->object));
}

enum vm_verdict
vm_cow_lower(struct vm_resolve *r, vm_pindex_t n)
{
	struct vm_map_entry *e = r->entry;
	struct vm_object_want want = {
		.make = (r->depth & VM_RESOLVE_MAKE) != 0,
		.io = may_read(r),
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
	r->wants = vm_object_wants(e->object, e->offset + n);
	r->prot = vm_entry_is_cow(e) ? vm_cow_readonly(e) : e->prot;
	r->how = want.zeroed ? VM_MADE_OBJECT_ZERO : VM_FOUND_OBJECT;
	if (v != VM_RESOLVE_OK || (r->access & ~r->prot) != 0)
		return v;
	return vm_cow_answer(r, want.page, r->prot, r->how);
}

/* ---- entries copied, cut, joined, dropped ---- */

void
vm_cow_ref_lower(const struct vm_map_entry *src, struct vm_map_entry *dst)
{
	dst->object = src->object;
	dst->offset = src->offset;
	if (dst->object != NULL)
		vm_object_ref(dst->object);
}

void
vm_cow_split_lower(const struct vm_map_entry *lo, struct vm_map_entry *hi,
    vm_pindex_t n)
{
	if (lo->object == NULL)
		return;
	vm_object_ref(lo->object);
	hi->offset = lo->offset + n;
}

void
vm_cow_drop_lower(struct vm_map_entry *e)
{
	if (e->object != NULL)
		vm_object_unref(e->object);
	e->object = NULL;
}

bool
vm_cow_may_join(const struct vm_map_entry *lo, const struct vm_map_entry *hi)
{
	const uint8_t alike = (uint8_t)~VM_ENTRY_NEEDS_COPY;

	if ((lo->flags & alike) != (hi->flags & alike) ||
	    lo->object != hi->object)
		return false;
	return lo->object == NULL ||
	    lo->offset + vm_entry_npages(lo) == hi->offset;
}

void
vm_cow_check_entry(const struct vm_map_entry *e)
{
	bool upper = vm_entry_has_upper(e);

	if (vm_entry_is_cow(e)) {
		VM_VERIFY(upper || vm_entry_needs_copy(e)); /* M6 */
		return;
	}
	VM_VERIFY(!upper && !vm_entry_needs_copy(e));
	VM_VERIFY(e->object != NULL || (e->flags & VM_ENTRY_FOREIGN));
}
