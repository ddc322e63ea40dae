/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_swapin.h - pages come back from swap.
 */
#ifndef VM_SWAPIN_H
#define VM_SWAPIN_H

#include "vm/vm_read.h"
#include "vm/vm_system.h"

/*
 * vm_swapin: read a run of busy pages, which have one lock and whose slots
 * follow each other; their owner is held (vm_page_owner).
 * => no lock held; blocks; the hold is dropped
 * => 0; VM_EIO: the wanted page could not be read, or was not what had been
 *    written.  Pages that failed are gone, their slots stay
 */
int vm_swapin(struct vm_system *, struct vm_read *);

#endif
