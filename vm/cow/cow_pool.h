/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cow/cow_pool.h - where the small structures of copy-on-write are allocated:
 * one pool for each kind, all of a system's under one lock.
 */
#ifndef VM_COW_COW_POOL_H
#define VM_COW_COW_POOL_H

#include "vm/vm_system.h"

enum vm_cow_kind {
	VM_COW_ANON,
	VM_COW_AMAP,
	VM_COW_AMAP_SMALL,
	VM_COW_CHUNK,
	VM_COW_FAMILY,
	VM_COW_SHADOW,
	VM_COW_BACKING,
	VM_COW_KINDS,
};

/* Contents undefined; NULL: no memory.  => does not block */
void *vm_cow_get(struct vm_system *, enum vm_cow_kind);
void vm_cow_put(struct vm_system *, enum vm_cow_kind, void *);

/* Bytes of those of a kind that are in use. */
size_t vm_cow_bytes(struct vm_system *, enum vm_cow_kind);

int vm_cow_init(struct vm_system *);
void vm_cow_fini(struct vm_system *);

#endif
