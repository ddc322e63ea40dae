/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_metadata.h - what the library's own structures take.  Public.
 *
 * Bytes of structures in use now: not what pools keep for later, nor page
 * tables, which are the port's.  A frame's struct vm_page is there whether the
 * frame is used or not, so `frames` is constant.
 */
#ifndef VM_METADATA_H
#define VM_METADATA_H

#include "vm/vm_system.h"

struct vm_metadata {
	size_t frames;     /* one struct vm_page for each */
	size_t entries;    /* map entries */
	size_t anons;      /* one for each private page of a UVM design */
	size_t layers;     /* amaps, shadow objects, backings; their families */
	size_t slots;      /* arrays of amaps */
	size_t objects;    /* those that hold the pages of layers too */
	size_t page_index; /* nodes and tables outside of pages */
};

/* => no lock held; parts are summed one after the other */
void vm_metadata_get(struct vm_system *, struct vm_metadata *);

/* All of it. */
size_t vm_metadata_total(const struct vm_metadata *);

#endif
