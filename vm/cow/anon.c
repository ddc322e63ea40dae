/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cow/anon.c - the life of anons.
 */
#include "vm/cow/anon.h"

#include "vm/cow/cow_pool.h"

const struct vm_page_owner vm_anon_owner = { "anon" };

struct vm_anon *
vm_anon_create(struct vm_system *sys, const struct vm_page *near,
    unsigned flags)
{
	struct vm_anon *an = vm_cow_get(sys, VM_COW_ANON);

	if (an == NULL)
		return NULL;
	an->page = vm_page_alloc(sys, near, flags);
	if (an->page == NULL) {
		vm_cow_put(sys, VM_COW_ANON, an);
		return NULL;
	}
	an->refs = 1;
	vm_page_own(an->page, &vm_anon_owner, an, 0);
	VM_COUNT(sys, anons_allocated);
	return an;
}

void
vm_anon_unref(struct vm_system *sys, struct vm_anon *an)
{
	VM_ASSERT(an->refs != 0);
	if (--an->refs != 0)
		return;
	vm_page_free(sys, an->page);
	vm_cow_put(sys, VM_COW_ANON, an);
	VM_COUNT(sys, anons_freed);
}
