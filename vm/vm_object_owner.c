/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_object_owner.c - what the page daemon asks of a page that an object owns
 * (struct vm_page_owner).
 *
 * An object lives while it has pages, and its lock with it.  So nothing has to
 * be held; but whoever takes the last one from a dying object has to see to it
 * that the object goes, too.
 */
#include "vm/vm_object_page.h"
#include "vm/vm_object_write.h"

static enum vm_page_store
object_store(const struct vm_page *pg)
{
	const struct vm_object *obj = pg->owner;

	if (obj->ops->swap)
		return VM_STORE_SWAP;
	return obj->ops->put != NULL ? VM_STORE_PAGER : VM_STORE_NONE;
}

static vm_slot_t
object_slot(const struct vm_page *pg)
{
	const struct vm_object *obj = pg->owner;

	return vm_swapmap_at(&obj->swap, pg->pindex);
}

static bool
object_set_slot(struct vm_page *pg, vm_slot_t slot)
{
	struct vm_object *obj = pg->owner;

	return vm_swapmap_set(&obj->swap, pg->pindex, slot);
}

static vm_slot_t
object_place(struct vm_system *sys, struct vm_page *pg, unsigned block)
{
	struct vm_object *obj = pg->owner;

	return vm_swapmap_place(sys, &obj->swap, pg->pindex, block);
}

static void
object_evict(struct vm_system *sys, struct vm_page *pg)
{
	(void)sys;
	vm_object_remove_page(pg->owner, pg);
}

static void
object_discard(struct vm_system *sys, struct vm_page *pg)
{
	struct vm_object *obj = pg->owner;

	(void)sys;
	vm_object_free_slot(obj, pg->pindex);
	vm_object_remove_page(obj, pg);
	if (obj->dying && obj->npages == 0)
		vm_object_emptied(obj);
}

static struct vm_page *
object_neighbour(const struct vm_page *pg, int distance)
{
	const struct vm_object *obj = pg->owner;
	vm_pindex_t back = (vm_pindex_t)-distance;

	if (distance < 0 && back > pg->pindex)
		return NULL;
	return vm_object_lookup(obj, pg->pindex + (vm_pindex_t)distance);
}

static void
object_read_along(struct vm_page *pg, bool used)
{
	struct vm_object *obj = pg->owner;

	if (used)
		vm_reader_used(&obj->reader, vm_object_readahead(obj));
	else
		vm_reader_unused(&obj->reader);
}

static void
object_replace(struct vm_page *old, struct vm_page *new)
{
	struct vm_object *obj = old->owner;

	vm_pageindex_replace(&obj->pages, old, new);
}

static size_t
object_write(struct vm_system *sys, struct vm_page *pg)
{
	(void)sys;
	return vm_object_write_around(pg->owner, pg);
}

static void
object_hold(struct vm_page *pg)
{
	(void)pg;
}

static void
object_unhold(struct vm_system *sys, struct vm_mutex *lock)
{
	(void)lock;
	vm_object_reap(sys);
}

const struct vm_page_owner vm_object_owner = {
	.name = "object",
	.store = object_store,
	.slot = object_slot,
	.set_slot = object_set_slot,
	.place = object_place,
	.evict = object_evict,
	.discard = object_discard,
	.neighbour = object_neighbour,
	.read_along = object_read_along,
	.replace = object_replace,
	.write = object_write,
	.hold = object_hold,
	.unhold = object_unhold,
};
