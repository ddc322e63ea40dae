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
 * vm_object_write_begin: do not wait for the end; without `wait`, nor for
 * pages that are being read or written already, which are left out.
 * => no lock held; blocks
 */
void vm_object_write_back(struct vm_object *, vm_pindex_t start,
    vm_pindex_t end);
void vm_object_write_begin(struct vm_object *, vm_pindex_t start,
    vm_pindex_t end, bool wait);

/*
 * vm_object_write_around: begin to write a dirty page and the dirty ones next
 * to it.  Those that nobody uses are free when they are written.
 * => locked, the page idle and not mapped; unlocks; may wait for a run
 * => how many are under way, or were; 0: none, because the store has enough to
 *    do, or has failed of late and may fail again
 */
size_t vm_object_write_around(struct vm_object *, const struct vm_page *);

int vm_writes_init(struct vm_system *);
void vm_writes_fini(struct vm_system *);

#endif
