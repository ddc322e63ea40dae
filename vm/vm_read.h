/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_read.h - a run of pages that are to be read in: what the lower layers
 * leave to who may wait.
 *
 * They have allocated the pages, busy, and put them in their place.  Whoever
 * gets the run drops every lock and has it read: from the pager of its object
 * (vm_object_read) or from swap (vm_swapin).
 */
#ifndef VM_READ_H
#define VM_READ_H

#include "vm/vm_io.h"
#include "vm/vm_types.h"

#define VM_SWAPIN_MAX 16 /* pages of a run that is read from swap */

struct vm_object;
struct vm_page;

struct vm_read {
	struct vm_object *obj;   /* and a reference to it; NULL: from swap */
	vm_pindex_t pindex;      /* of the first page in obj */
	vm_slot_t slot;          /* of the first page in swap */
	unsigned npages, wanted; /* the one it is for is pages[wanted] */
	struct vm_page *pages[VM_CLUSTER_MAX];
};

#endif
