/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_object_write.h - what the object's other parts want written.
 */
#ifndef VM_OBJECT_WRITE_H
#define VM_OBJECT_WRITE_H

#include "vm/vm_object.h"

/*
 * vm_object_write_back: write the dirty pages of [start, end), in clusters.  A
 * failure stays in the object's error, for who asks next.
 * => no lock held; blocks
 */
void vm_object_write_back(struct vm_object *, vm_pindex_t start,
    vm_pindex_t end);

/*
 * vm_object_write_around: write a dirty page and the dirty ones next to it.
 * => locked, the page not busy; unlocks
 */
void vm_object_write_around(struct vm_object *, const struct vm_page *);

#endif
