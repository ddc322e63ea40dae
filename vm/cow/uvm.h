/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cow/uvm.h - the parts of UVM's copy-on-write for each other.
 */
#ifndef VM_COW_UVM_H
#define VM_COW_UVM_H

#include "vm/cow/amap.h"
#include "vm/vm_cow.h"

/* The first page of [n, end) with an anon, or end. */
static inline vm_pindex_t
vm_uvm_next(const struct vm_map_entry *e, vm_pindex_t n, vm_pindex_t end)
{
	if (e->aref.amap == NULL || e->aref.amap->nused == 0)
		return end;
	return vm_amap_next(&e->aref, n, end);
}

/* The operations of these names (vm_cow.h): cow/uvm_resolve.c. */
enum vm_verdict vm_uvm_resolve(struct vm_resolve *);
enum vm_recalled vm_uvm_recall(struct vm_map_entry *, struct vm_recall *);

#endif
