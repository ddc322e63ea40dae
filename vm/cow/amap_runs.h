/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cow/amap_runs.h - reference counts of the parts of an amap (UVM's ppref).
 */
#ifndef VM_COW_AMAP_RUNS_H
#define VM_COW_AMAP_RUNS_H

#include "vm/cow/amap.h"

/*
 * vm_amap_runs_make: begin to count by parts, when all references so far are
 * to [slot, slot + len).  Without memory the amap remembers that it cannot.
 * => locked
 */
void vm_amap_runs_make(struct vm_system *, struct vm_amap *, uint32_t slot,
    uint32_t len);

/* Stop counting by parts: one reference is left, and it knows its range. */
void vm_amap_runs_drop(struct vm_system *, struct vm_amap *);

/*
 * vm_amap_runs_add: one reference more (delta 1) or less (-1) on each slot of
 * [slot, slot + len).  Anons of slots that fall to none are freed.
 * => locked; runs are made, or lost (then nothing is done)
 */
void vm_amap_runs_add(struct vm_system *, struct vm_amap *, uint32_t slot,
    uint32_t len, int delta);

/* How many references a slot has.  => runs are made */
uint32_t vm_amap_runs_at(const struct vm_amap *, uint32_t slot);

void vm_amap_runs_check(const struct vm_amap *);

#endif
