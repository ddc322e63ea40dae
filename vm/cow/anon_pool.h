/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cow/anon_pool.h - where anons, amaps and their locks are allocated.
 */
#ifndef VM_COW_ANON_POOL_H
#define VM_COW_ANON_POOL_H

#include "vm/vm_system.h"

struct vm_amap;
struct vm_amap_lock;
struct vm_anon;

/* Contents undefined; NULL: no memory.  => does not block */
struct vm_anon *vm_anon_get(struct vm_system *);
void vm_anon_put(struct vm_system *, struct vm_anon *);
struct vm_amap *vm_amap_get(struct vm_system *);
void vm_amap_put(struct vm_system *, struct vm_amap *);
struct vm_amap_lock *vm_amap_lock_get(struct vm_system *);
void vm_amap_lock_put(struct vm_system *, struct vm_amap_lock *);

#endif
