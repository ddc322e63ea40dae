/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_wire.h - wiring: pages that stay resident and mapped.
 *
 * Wiring a range counts it in its entries and faults every page in for all
 * that its protection allows, so that no later access faults.  A page is wired
 * once for each wired mapping of it: page->wire_count is their number.
 */
#ifndef VM_WIRE_H
#define VM_WIRE_H

#include "vm/vm_map.h"

/*
 * vm_map_wire, vm_map_unwire: wiring does not nest: one unwire undoes all.
 * => no lock held; wire blocks
 * => VM_ENOMEM: a hole in the range, or no memory; VM_EAGAIN: over the
 *    system's limit of wired pages; other errors as vm_fault.  On error the
 *    range is wired as before.
 */
int vm_map_wire(struct vm_map *, vaddr_t start, vaddr_t end);
int vm_map_unwire(struct vm_map *, vaddr_t start, vaddr_t end);

/*
 * vm_map_rewire: wire what wired entries of the range lack: pages that moved,
 * and copies for private ones that may be written since a moment ago.
 * => no lock held; blocks      => as vm_fault
 */
int vm_map_rewire(struct vm_map *, vaddr_t start, vaddr_t end);

#endif
