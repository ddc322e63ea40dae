/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cow/family.h - relatives by copy-on-write share one lock.
 *
 * What a fork has made related - amaps that name common anons, shadow objects
 * above one another - is looked at and changed together; so it has one lock,
 * made with the first of them and gone with the last.
 * Source: NetBSD shares an amap's lock among its copies in the same way.
 */
#ifndef VM_COW_FAMILY_H
#define VM_COW_FAMILY_H

#include "vm/vm_lock.h"
#include "vm/vm_system.h"

struct vm_family {
	struct vm_mutex mutex;
	_Atomic uint32_t refs; /* members */
};

/* A family of one.  => NULL: no memory */
struct vm_family *vm_family_create(struct vm_system *);

/* One member more, one less.  => unref: not locked when it is the last */
struct vm_family *vm_family_ref(struct vm_family *);
void vm_family_unref(struct vm_system *, struct vm_family *);

#endif
