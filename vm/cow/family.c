/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cow/family.c - see family.h.
 */
#include "vm/cow/family.h"

#include "vm/cow/cow_pool.h"

struct vm_family *
vm_family_create(struct vm_system *sys)
{
	struct vm_family *f = vm_cow_get(sys, VM_COW_FAMILY);

	if (f != NULL) {
		vm_mutex_init(&f->mutex, sys->env);
		atomic_init(&f->refs, 1);
	}
	return f;
}

struct vm_family *
vm_family_ref(struct vm_family *f)
{
	atomic_fetch_add(&f->refs, 1);
	return f;
}

void
vm_family_unref(struct vm_system *sys, struct vm_family *f)
{
	if (atomic_fetch_sub(&f->refs, 1) == 1)
		vm_cow_put(sys, VM_COW_FAMILY, f);
}
