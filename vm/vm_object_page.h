/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_object_page.h - the pages that an object has: they come, go, and move to
 * relatives.  What the object's other parts, reading, writing and its life,
 * stand on; others find what they may use in vm_object.h.
 */
#ifndef VM_OBJECT_PAGE_H
#define VM_OBJECT_PAGE_H

#include "vm/vm_object.h"
#include "vm/vm_page.h"
#include "vm/vm_pageout_pass.h"

/* Whether its pages are read from a store; else from swap. */
static inline bool
vm_object_is_stored(const struct vm_object *obj)
{
	return obj->ops->get != NULL;
}

/* How the design reads them ahead. */
static inline const struct vm_readahead *
vm_object_readahead(const struct vm_object *obj)
{
	const struct vm_paging *paging = obj->sys->paging;

	return vm_object_is_stored(obj) ? &paging->file : &paging->swapin;
}

/* Take a page out of the object and free it, but for a device's.
 * => locked, not busy to others, unmapped */
void vm_object_remove_page(struct vm_object *, struct vm_page *);

/* Free what is in swap at an index.  => locked */
void vm_object_free_slot(struct vm_object *, vm_pindex_t);

/* The last page of a dying object has gone.  => locked; nobody knows of it any
 * more when it is unlocked, and who does that calls vm_object_reap then */
void vm_object_emptied(struct vm_object *);

/* The end of dying objects that have no pages any more.  => no lock held */
void vm_object_reap(struct vm_system *);

/* Wait for a busy page.  => locked; the object is unlocked meanwhile */
void vm_object_wait_busy(struct vm_object *, struct vm_page *);

#endif
