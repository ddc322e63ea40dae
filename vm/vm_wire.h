/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_wire.h - wiring: pages that stay resident and mapped.
 *
 * Wiring a range marks its entries and faults every page in for all that its
 * protection allows.  Its pages stay from then on, mapped; an access may still
 * fault after write permission was taken to write a page back.  A page is
 * wired once for each wired mapping of it: page->wire_count is their number.
 *
 *	flags of an entry	   - ----> WIRING ----> LOCKED ----> -
 *				     wire    |  done		unwire
 *				   - <-------'  failed
 */
#ifndef VM_WIRE_H
#define VM_WIRE_H

#include "vm/vm_map.h"

/* How vm_map_wire goes about it; else every page of the range has to be
 * there, and is wired at once. */
#define VM_WIRE_ALL     0
#define VM_WIRE_THERE   1 /* pass over holes, and pages that cannot be read */
#define VM_WIRE_ONFAULT 2 /* what is mapped now; the rest when faulted in */

/* What a map wants for its new mappings, which are to be wired. */
static inline unsigned
vm_wire_how(enum vm_wire_future future)
{
	return future == VM_FUTURE_ONFAULT ? VM_WIRE_THERE | VM_WIRE_ONFAULT :
					     VM_WIRE_THERE;
}

/*
 * vm_map_wire, vm_map_unwire: wiring does not nest: one unwire undoes all.
 * Foreign entries, guards, and pages without access, are passed over.
 *
 * => no lock held; wire blocks, and waits for another wiring in this map
 * => VM_ENOMEM: a hole in the range, over the map's wired_limit, or no memory;
 *    VM_EAGAIN: more than the system allows to be wired, of which every wired
 *    mapping has its share; other errors as vm_fault
 * => on error the range is wired as before
 */
int vm_map_wire(struct vm_map *, vaddr_t start, vaddr_t end, unsigned how);
int vm_map_unwire(struct vm_map *, vaddr_t start, vaddr_t end, unsigned how);

/*
 * vm_map_rewire: wire what wired entries of the range lack: pages that moved,
 * and copies for private ones that may be written since a moment ago.  What is
 * wired on faults is when it is next used.
 * => no lock held; blocks      => as vm_fault
 */
int vm_map_rewire(struct vm_map *, vaddr_t start, vaddr_t end);

#endif
