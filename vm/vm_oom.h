/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_oom.h - out of memory: who has most of it.  Public.
 *
 * When a fault fails with VM_ENOMEM no memory can be made any more.  The host
 * decides what becomes of its processes; the design says what its kernel does
 * (vm_design.oom).
 */
#ifndef VM_OOM_H
#define VM_OOM_H

#include "vm/vmspace.h"

/* What a space has, in pages. */
struct vm_oom_size {
	vm_pindex_t resident, swapped; /* of its own */
	vm_pindex_t shared; /* in both, of memory that is no file's */
};

/*
 * vm_oom_size: pages of the upper layers of its entries, which nobody else has,
 * or only relatives of it; and of what it shares, whoever has that, too.
 * Nothing of a checkpoint, in which nobody runs who could be ended.
 * => no lock held
 */
void vm_oom_size(struct vmspace *, struct vm_oom_size *);

/*
 * vm_oom_largest: the space that has most, of its own and shared, resident and
 * in swap together.
 * => no lock held        => NULL: no space has any; else with a reference more
 * Sources: DragonFly vm_pageout_scan (bigproc, vmspace_anonymous_count);
 * FreeBSD vm_pageout_oom, which counts what is resident of files, too.
 */
struct vmspace *vm_oom_largest(struct vm_system *, struct vm_oom_size *);

#endif
