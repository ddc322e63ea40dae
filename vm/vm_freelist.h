/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_freelist.h - free pages, for vm_page.c; how many there are everybody asks
 * by vm_page.h.
 */
#ifndef VM_FREELIST_H
#define VM_FREELIST_H

#include "vm/vm_page.h"

/*
 * vm_freelist_take: a free page, its fields as they were when it was put but
 * for its state; near and flags as in vm_page_alloc.
 * => does not block     => NULL when only the reserve is left
 * vm_freelist_put: a page is free.  => nobody else can reach it
 */
struct vm_page *vm_freelist_take(struct vm_system *, const struct vm_page *near,
    unsigned flags);
void vm_freelist_put(struct vm_system *, struct vm_page *);

/* The pages from this one on have never been looked at. */
size_t vm_freelist_nset(const struct vm_system *);

/* => VM_ENOMEM; VM_EINVAL: frames beyond VM_FRAME_MAX */
int vm_freelist_init(struct vm_system *);
void vm_freelist_fini(struct vm_system *);
/* P1, P3, L1.  => nobody else runs */
void vm_freelist_check(const struct vm_system *);

#endif
