/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_object_toss.c - pages of an object are forgotten: what they were is no
 * longer so, or is in the store.
 *
 * A page that is being read or written is waited for.  Whoever else waits for
 * it looks again, and finds none.  What is behind may come back meanwhile: as
 * zeroes, since its slots have gone before.
 */
#include "base/mem.h"
#include "vm/pmap.h"
#include "vm/vm_object_page.h"
#include "vm/vm_page_loan.h"
#include "vm/vm_pageout.h"

/* Take pages out of every map and free them, and what is in swap; with
 * clean_only, that, and what is dirty or wired, stays. */
static void
toss(struct vm_object *obj, vm_pindex_t start, vm_pindex_t end, bool clean_only)
{
	struct vm_page *pg;
	uint64_t i = start;

	vm_object_lock(obj);
	while ((pg = vm_object_next(obj, &i)) != NULL && i < end) {
		if (pg->busy) {
			if (!clean_only)
				vm_swapmap_free(obj->sys, &obj->swap, start, i);
			start = i;
			vm_object_wait_busy(obj, pg);
			continue;
		}
		i++;
		if (clean_only && pg->wire_count != 0)
			continue;
		vm_page_unmap(obj->sys, pg);
		if (!clean_only || !vm_page_is_dirty(obj->sys, pg))
			vm_object_remove_page(obj, pg);
	}
	if (!clean_only)
		vm_swapmap_free(obj->sys, &obj->swap, start, end);
	vm_object_unlock(obj);
}

void
vm_object_toss(struct vm_object *obj, vm_pindex_t start, vm_pindex_t end)
{
	toss(obj, start, end, false);
}

/* Memory for a copy of a page of ours.  => locked, unlocked meanwhile */
static int
wait_for_memory(struct vm_object *obj)
{
	int error;

	vm_object_unlock(obj);
	error = vm_pageout_wait(obj->sys);
	vm_object_lock(obj);
	return error;
}

struct vm_page *
vm_object_claim(struct vm_object *obj, vm_pindex_t pindex)
{
	struct vm_page *pg, *own;
	int error = 0;

	while ((pg = vm_object_lookup(obj, pindex)) != NULL) {
		if (pg->busy) {
			vm_object_wait_busy(obj, pg);
			continue;
		}
		if (error != 0 || !vm_page_is_lent(pg))
			break;
		own = vm_page_unlend(obj->sys, pg, NULL, VM_PAGE_RESERVE);
		if (own != NULL)
			return own;
		error = wait_for_memory(obj);
	}
	return pg;
}

/* Zero a page from a byte on, if it is resident. */
static void
zero_rest(struct vm_object *obj, vm_pindex_t pindex, size_t from)
{
	struct vm_page *pg;
	char *bytes;

	vm_object_lock(obj);
	pg = vm_object_claim(obj, pindex);
	if (pg != NULL) {
		bytes = pmap_page_data(obj->sys->machine, pg);
		memset(bytes + from, 0, VM_PAGE_SIZE - from);
	}
	vm_object_unlock(obj);
}

void
vm_object_truncate(struct vm_object *obj, uint64_t bytes)
{
	size_t used = bytes & VM_PAGE_MASK;

	vm_object_toss(obj, vm_atop(bytes) + (used != 0), UINT64_MAX);
	if (used != 0)
		zero_rest(obj, vm_atop(bytes), used);
}

int
vm_object_punch(struct vm_object *obj, vm_pindex_t start, vm_pindex_t end)
{
	int error = 0;

	if (obj->ops->punch != NULL)
		error = obj->ops->punch(obj->pager, start, end - start);
	else if (obj->ops->get != NULL)
		error = VM_EINVAL;
	if (error == 0)
		vm_object_toss(obj, start, end);
	return error;
}

void
vm_object_invalidate(struct vm_object *obj, vm_pindex_t start, vm_pindex_t end)
{
	toss(obj, start, end, true);
}
