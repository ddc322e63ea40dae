/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_object_page.c - see vm_object_page.h.
 */
#include "vm/vm_object_page.h"

#include "vm/vm_pageq.h"
#include "vm/vm_swap.h"

int
vm_object_insert(struct vm_object *obj, struct vm_page *pg, vm_pindex_t pindex)
{
	int error;

	vm_page_own(pg, &vm_object_owner, obj, obj->lock, pindex);
	error = obj->pages.ops->insert(&obj->pages, pg);
	if (error != 0)
		return error;
	obj->npages++;
	vm_page_count_file(obj->sys, pg, 1);
	return 0;
}

void
vm_object_remove_page(struct vm_object *obj, struct vm_page *pg)
{
	obj->pages.ops->remove(&obj->pages, pg, pg->pindex);
	obj->npages--;
	vm_page_count_file(obj->sys, pg, -1);
	if (!pg->fictitious)
		vm_page_free(obj->sys, pg);
}

struct vm_page *
vm_object_grab(struct vm_object *obj, vm_pindex_t pindex,
    const struct vm_page *near, unsigned flags)
{
	struct vm_page *pg = vm_page_alloc(obj->sys, near, flags);

	if (pg == NULL)
		return NULL;
	if (vm_object_insert(obj, pg, pindex) != 0) {
		vm_page_free(obj->sys, pg);
		return NULL;
	}
	vm_pageq_put(obj->sys, pg, VM_PAGE_ACTIVE);
	return pg;
}

/* As vm_object_next_place, and what is about to be freed, too. */
static bool
next_taken(struct vm_object *obj, vm_pindex_t *pindex)
{
	vm_pindex_t paged = *pindex;
	bool resident = vm_object_next(obj, pindex) != NULL;

	if (vm_swapmap_next(&obj->swap, &paged) == 0)
		return resident;
	if (!resident || paged < *pindex)
		*pindex = paged;
	return true;
}

bool
vm_object_next_place(struct vm_object *obj, vm_pindex_t *pindex)
{
	const struct vm_page *pg;

	for (; next_taken(obj, pindex); ++*pindex) {
		pg = vm_object_lookup(obj, *pindex);
		if (pg == NULL || !pg->released)
			return true;
	}
	return false;
}

void
vm_object_free_slot(struct vm_object *obj, vm_pindex_t pindex)
{
	vm_slot_t slot = vm_swapmap_at(&obj->swap, pindex);

	if (slot == 0)
		return;
	(void)vm_swapmap_set(&obj->swap, pindex, 0);
	vm_swap_free(obj->sys, slot, 1);
}

static int
move_page(struct vm_page *pg, struct vm_object *to, vm_pindex_t pindex)
{
	struct vm_object *from = pg->owner;
	int error = vm_pageindex_move(&from->pages, &to->pages, pg, pindex);

	if (error != 0)
		return error;
	from->npages--;
	to->npages++;
	return 0;
}

int
vm_object_move(struct vm_object *from, vm_pindex_t i, struct vm_object *to,
    vm_pindex_t j)
{
	struct vm_page *pg = vm_object_lookup(from, i);

	VM_ASSERT(from->lock == to->lock);
	if (!vm_swapmap_set(&to->swap, j, vm_swapmap_at(&from->swap, i)))
		return VM_ENOMEM;
	if (pg != NULL && move_page(pg, to, j) != 0) {
		(void)vm_swapmap_set(&to->swap, j, 0);
		return VM_ENOMEM;
	}
	(void)vm_swapmap_set(&from->swap, i, 0);
	return 0;
}

static int
copy_slot(vm_slot_t slot, struct vm_object *to, vm_pindex_t pindex)
{
	if (!vm_swapmap_set(&to->swap, pindex, slot))
		return VM_ENOMEM;
	vm_swap_ref(to->sys, slot);
	return 0;
}

int
vm_object_copy(struct vm_object *from, vm_pindex_t i, struct vm_object *to,
    vm_pindex_t j)
{
	struct vm_page *pg = vm_object_lookup(from, i), *copy;

	if (pg == NULL || pg->filling)
		return copy_slot(vm_swapmap_at(&from->swap, i), to, j);
	copy = vm_object_grab(to, j, NULL, 0);
	if (copy == NULL)
		return VM_ENOMEM;
	vm_page_copy(to->sys, pg, copy);
	return 0;
}

/* => the page is not busy */
static void
free_page(struct vm_object *obj, struct vm_page *pg)
{
	vm_page_unmap(obj->sys, pg);
	vm_object_remove_page(obj, pg);
}

void
vm_object_free(struct vm_object *obj, vm_pindex_t start, vm_pindex_t end)
{
	struct vm_page *pg;
	vm_pindex_t i = start;

	for (; (pg = vm_object_next(obj, &i)) != NULL && i < end; i++) {
		if (pg->busy)
			pg->released = true;
		else
			free_page(obj, pg);
	}
	for (i = start; vm_swapmap_next(&obj->swap, &i) != 0 && i < end; i++)
		if (vm_object_lookup(obj, i) == NULL)
			vm_object_free_slot(obj, i);
}

/* ---- their state ---- */

void
vm_object_wait_busy(struct vm_object *obj, struct vm_page *pg)
{
	uint32_t seen = vm_page_want(obj->sys, pg);

	vm_object_unlock(obj);
	vm_page_wait(obj->sys, pg, seen);
	vm_object_lock(obj);
}
