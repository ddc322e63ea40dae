/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_object_write.c - pages of an object go to their store, or are forgotten.
 *
 * Dirty pages are written in runs of neighbours.  A run is busy while it is
 * written; nobody can write to it by then, so that a store that comes later
 * makes the page dirty again.
 */
#include "vm/vm_object_write.h"

#include "vm/pmap.h"
#include "vm/vm_object_page.h"

/* ---- writing back ---- */

/* A run of dirty pages that is being written. */
struct write_run {
	vm_pindex_t pindex;
	unsigned npages;
	struct vm_page *pages[VM_CLUSTER_MAX];
};

/*
 * Find the next dirty page of [start, end) and those right behind it; they
 * come back busy.  A busy page in the way is waited for.  => locked
 */
static bool
next_run(struct vm_object *obj, vm_pindex_t start, vm_pindex_t end,
    struct write_run *run)
{
	struct vm_page *pg;
	uint64_t i = start;

	run->npages = 0;
	while (run->npages < VM_CLUSTER_MAX &&
	    (pg = vm_object_next(obj, &i)) != NULL && i < end) {
		if (run->npages != 0 && i != run->pindex + run->npages)
			break;
		if (pg->busy && run->npages != 0)
			break;
		if (pg->busy) {
			vm_object_wait_busy(obj, pg);
			continue;
		}
		if (vm_object_page_is_dirty(obj, pg)) {
			if (run->npages == 0)
				run->pindex = i;
			vm_page_busy(pg);
			run->pages[run->npages++] = pg;
		} else if (run->npages != 0) {
			break;
		}
		i++;
	}
	return run->npages != 0;
}

/*
 * The pages of a run become clean: first nobody may write to them any more,
 * on any processor; only then is "modified" cleared, so no write is missed.
 */
static void
clean_run(struct vm_object *obj, struct write_run *run)
{
	struct vm_machine *m = obj->sys->machine;
	unsigned i;

	for (i = 0; i < run->npages; i++)
		(void)pmap_page_protect(m, run->pages[i],
		    VM_PROT_READ | VM_PROT_EXEC);
	pmap_update_all(m);
	for (i = 0; i < run->npages; i++) {
		(void)pmap_clear_modify(m, run->pages[i]);
		run->pages[i]->dirty = false;
	}
}

static void
finish_run(struct vm_object *obj, struct write_run *run, int error)
{
	unsigned i;

	bool failed = error != 0 && error != VM_ERANGE;

	for (i = 0; i < run->npages; i++) {
		if (failed)
			run->pages[i]->dirty = true;
		vm_page_ready(obj->sys, run->pages[i]);
	}
	if (failed) {
		obj->error = VM_EIO;
		VM_COUNT_N(obj->sys, pageout_errors, run->npages);
	}
}

static void
write_run(struct vm_object *obj, struct write_run *run)
{
	int error;

	clean_run(obj, run);
	vm_object_unlock(obj);
	error = obj->ops->put(obj, run->pindex, run->pages, run->npages);
	VM_COUNT(obj->sys, pageout_io);
	VM_COUNT_N(obj->sys, pageouts, error == 0 ? run->npages : 0);
	vm_object_lock(obj);
	finish_run(obj, run, error);
}

void
vm_object_write_back(struct vm_object *obj, vm_pindex_t start, vm_pindex_t end)
{
	struct write_run run;

	if (obj->ops->put == NULL)
		return;
	vm_object_lock(obj);
	while (start < end && next_run(obj, start, end, &run)) {
		write_run(obj, &run);
		start = run.pindex + run.npages;
	}
	vm_object_unlock(obj);
}

int
vm_object_flush(struct vm_object *obj, vm_pindex_t start, vm_pindex_t end)
{
	int error;

	vm_object_write_back(obj, start, end);
	vm_object_lock(obj);
	error = obj->error;
	obj->error = 0;
	vm_object_unlock(obj);
	return error;
}

/* The first of the dirty pages in a row that lead to pg. */
static vm_pindex_t
run_start(struct vm_object *obj, const struct vm_page *pg)
{
	vm_pindex_t i = pg->pindex, least = 0;
	struct vm_page *before;

	if (i > VM_CLUSTER_MAX / 2)
		least = i - VM_CLUSTER_MAX / 2;
	for (; i > least; i--) {
		before = vm_object_lookup(obj, i - 1);
		if (before == NULL || before->busy ||
		    !vm_object_page_is_dirty(obj, before))
			break;
	}
	return i;
}

/* While one of its pages is busy the object lives, and its lock with it. */
void
vm_object_write_around(struct vm_object *obj, const struct vm_page *pg)
{
	vm_pindex_t start = run_start(obj, pg);
	struct write_run run;

	if (next_run(obj, start, start + VM_CLUSTER_MAX, &run))
		write_run(obj, &run);
	vm_object_unlock(obj);
}

/* ---- forgetting ---- */

/* Take pages out of every map and free them; with clean_only, what is dirty
 * or wired stays. */
static void
toss(struct vm_object *obj, vm_pindex_t start, vm_pindex_t end, bool clean_only)
{
	struct vm_page *pg;
	uint64_t i = start;

	vm_object_lock(obj);
	while ((pg = vm_object_next(obj, &i)) != NULL && i < end) {
		if (pg->busy) {
			vm_object_wait_busy(obj, pg);
			continue;
		}
		i++;
		if (clean_only && pg->wire_count != 0)
			continue;
		vm_page_unmap(obj->sys, pg);
		if (!clean_only || !vm_object_page_is_dirty(obj, pg))
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
