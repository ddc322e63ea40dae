/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_object_read.c - finding a page of an object, or bringing it in.
 *
 * A request reads more than the page that is wanted: what is likely to be
 * wanted next, as far as there is memory, and never across a page that is
 * resident.
 *
 *	resident   start	wanted		end    resident
 *	   |#|      |-----------|#|--------------|      |#|
 *		     read around    read ahead
 */
#include "vm/pmap.h"
#include "vm/vm_object_page.h"
#include "vm/vm_pageout.h"
#include "vm/vm_swap.h"

#define READ_FIRST 16 /* pages of the first request of a reader */
#define READ_SHARE 4  /* of what is free one request takes a 4th at most */

/* ---- from the store ---- */

/* Which pages a request reads: [start, end), with the wanted one in it. */
struct read_plan {
	vm_pindex_t start, wanted, end;
	unsigned window;
};

static bool
goes_on(const struct vm_object *obj, vm_pindex_t pindex)
{
	return pindex == obj->read_next && obj->read_ahead != 0;
}

/* What nobody has asked for yet is read as far as there is memory: it must not
 * be why what is in use has to go. */
static unsigned
clip_window(const struct vm_system *sys, unsigned window)
{
	size_t has = vm_pageout_available(sys), least = vm_page_reserve(sys);
	size_t most = has > least ? (has - least) / READ_SHARE : 0;

	if (window > most + 1)
		window = (unsigned)most + 1;
	return window;
}

/*
 * How many pages to read from pindex on: what the advice says; without advice
 * a window that doubles while the reader goes on where the last request ended.
 */
static unsigned
read_window(struct vm_object *obj, vm_pindex_t pindex, enum vm_advice advice)
{
	unsigned window;

	switch (advice) {
	case VM_ADV_RANDOM:
		return 1;
	case VM_ADV_SEQUENTIAL:
		return VM_CLUSTER_MAX;
	case VM_ADV_NORMAL:
		break;
	}
	window = READ_FIRST;
	if (goes_on(obj, pindex))
		window = 2 * obj->read_ahead;
	return window < VM_CLUSTER_MAX ? window : VM_CLUSTER_MAX;
}

/*
 * Forward from the wanted page; or, for a port whose faults are dear, all of
 * the aligned block around it, unless somebody reads in sequence.  Pages that
 * are resident bound it on both sides. => locked
 */
static struct read_plan
plan_read(struct vm_object *obj, vm_pindex_t pindex,
    const struct vm_object_want *want)
{
	unsigned around = clip_window(obj->sys, obj->sys->machine->read_around);
	unsigned window = clip_window(obj->sys,
	    read_window(obj, pindex, want->advice));
	struct read_plan p = { pindex, pindex, pindex + window, window };
	vm_pindex_t lo = pindex;

	if (around > 1 && want->advice == VM_ADV_NORMAL &&
	    !goes_on(obj, pindex)) {
		lo = pindex - pindex % around;
		p.end = lo + around;
	}
	if (p.end > want->limit)
		p.end = want->limit;
	while (p.start > lo && p.start > want->first &&
	    vm_object_lookup(obj, p.start - 1) == NULL)
		p.start--;
	return p;
}

static void
cancel_read(struct vm_object *obj, struct vm_read *rd)
{
	while (rd->npages > 0)
		vm_object_remove_page(obj, rd->pages[--rd->npages]);
}

/* The page whose next frame a new one should have. */
static const struct vm_page *
near_page(struct vm_object *obj, vm_pindex_t pindex,
    const struct vm_object_want *want)
{
	if (want->near != NULL || pindex == 0)
		return want->near;
	return vm_object_lookup(obj, pindex - 1);
}

/* A busy page, to be read, at an index that has none. => locked */
static struct vm_page *
grab_busy(struct vm_object *obj, vm_pindex_t pindex, const struct vm_page *near,
    unsigned flags)
{
	struct vm_page *pg = vm_object_grab(obj, pindex, near, flags);

	if (pg != NULL)
		vm_page_fill(pg);
	return pg;
}

/* Allocate the pages of a plan, as far as there is memory. => locked */
static void
allocate_read(struct vm_object *obj, const struct read_plan *p,
    const struct vm_object_want *want, struct vm_read *rd)
{
	const struct vm_page *near = near_page(obj, p->start, want);
	unsigned flags = p->start == p->wanted ? want->page_flags : 0;
	vm_pindex_t pi;

	rd->npages = 0;
	rd->pindex = p->start;
	for (pi = p->start; pi == p->wanted || pi < p->end; pi++) {
		struct vm_page *pg;

		if (pi > p->wanted && vm_object_lookup(obj, pi) != NULL)
			return;
		pg = grab_busy(obj, pi, near, rd->npages == 0 ? flags : 0);
		if (pg == NULL)
			return;
		rd->pages[rd->npages++] = pg;
		near = pg;
	}
}

/* Allocate the busy pages of a read: at least the wanted one. => locked */
static enum vm_verdict
begin_read(struct vm_object *obj, vm_pindex_t pindex,
    struct vm_object_want *want)
{
	struct vm_read *rd = want->read;
	struct read_plan p = plan_read(obj, pindex, want);

	allocate_read(obj, &p, want, rd);
	if (p.start + rd->npages <= pindex && p.start < pindex) {
		cancel_read(obj, rd);
		p.start = pindex;
		allocate_read(obj, &p, want, rd);
	}
	if (rd->npages == 0)
		return VM_RESOLVE_NOMEM;
	vm_object_ref(obj);
	rd->obj = obj;
	rd->wanted = (unsigned)(pindex - rd->pindex);
	obj->read_ahead = p.window;
	obj->read_next = rd->pindex + rd->npages;
	return VM_RESOLVE_IO;
}

/* ---- from swap ---- */

/* Whether the next page of a run can be read with it. */
static bool
run_goes_on(const struct vm_object *obj, vm_pindex_t pindex, vm_slot_t slot)
{
	return vm_swapmap_at(&obj->swap, pindex) == slot &&
	    vm_object_lookup(obj, pindex) == NULL &&
	    vm_swap_follows(obj->sys, slot - 1, slot);
}

/* Begin to read a page from swap, and those whose slots follow. => locked */
static enum vm_verdict
begin_swapin(struct vm_object *obj, vm_pindex_t pindex,
    struct vm_object_want *want)
{
	unsigned max = want->advice == VM_ADV_RANDOM ? 1 : VM_SWAPIN_MAX;
	struct vm_page *pg = grab_busy(obj, pindex, want->near,
	    want->page_flags);
	struct vm_read *rd = want->read;

	if (pg == NULL)
		return VM_RESOLVE_NOMEM;
	rd->obj = NULL;
	rd->slot = vm_swapmap_at(&obj->swap, pindex);
	rd->wanted = 0;
	for (rd->npages = 0; pg != NULL;) {
		rd->pages[rd->npages++] = pg;
		if (rd->npages == max || pindex + rd->npages == want->limit ||
		    !run_goes_on(obj, pindex + rd->npages,
			rd->slot + rd->npages))
			break;
		pg = grab_busy(obj, pindex + rd->npages, pg, 0);
	}
	rd->pages[0]->owner_ops->hold(rd->pages[0]);
	return VM_RESOLVE_IO;
}

enum vm_recalled
vm_object_recall_from(struct vm_object *obj, struct vm_recall *rc)
{
	struct vm_object_want want = {
		.limit = UINT64_MAX,
		.read = &rc->read,
	};
	struct vm_page *pg;
	vm_pindex_t i = 0;
	vm_slot_t slot;

	vm_swapmap_leave(obj->sys, &obj->swap, rc->id);
	for (; (slot = vm_swapmap_next(&obj->swap, &i)) != 0; i++) {
		if (!vm_swap_is_on(obj->sys, slot, rc->id))
			continue;
		pg = vm_object_lookup(obj, i);
		if (pg != NULL)
			vm_recall_page(rc, pg);
		else if (begin_swapin(obj, i, &want) == VM_RESOLVE_IO)
			return VM_RECALL_READ;
		else
			return VM_RECALL_NOMEM;
	}
	return VM_RECALL_DONE;
}

enum vm_verdict
vm_object_resolve(struct vm_object *obj, vm_pindex_t pindex,
    struct vm_object_want *want)
{
	struct vm_page *pg = vm_object_lookup(obj, pindex);

	VM_ASSERT(vm_mutex_is_locked(obj->lock));
	want->zeroed = false;
	want->page = pg;
	if (pg != NULL && !pg->busy)
		return VM_RESOLVE_OK;
	if (pg != NULL) {
		if (!want->io)
			return VM_RESOLVE_ABSENT;
		want->seen = vm_page_want(obj->sys, pg);
		return VM_RESOLVE_BUSY;
	}
	if (obj->ops->get != NULL)
		return want->io ? begin_read(obj, pindex, want) :
				  VM_RESOLVE_ABSENT;
	if (vm_swapmap_at(&obj->swap, pindex) != 0)
		return want->io ? begin_swapin(obj, pindex, want) :
				  VM_RESOLVE_ABSENT;
	if (!want->make)
		return VM_RESOLVE_ABSENT;
	want->page = vm_object_grab(obj, pindex, near_page(obj, pindex, want),
	    want->page_flags | VM_PAGE_ZERO);
	want->zeroed = true;
	return want->page != NULL ? VM_RESOLVE_OK : VM_RESOLVE_NOMEM;
}

/* ---- reading ---- */

/* Only the wanted page: the others go, they may be why it failed. */
static int
read_wanted(struct vm_read *rd)
{
	struct vm_object *obj = rd->obj;
	struct vm_page *wanted = rd->pages[rd->wanted];
	unsigned i, got = 1;

	vm_object_lock(obj);
	for (i = 0; i < rd->npages; i++)
		if (i != rd->wanted)
			vm_object_remove_page(obj, rd->pages[i]);
	vm_object_unlock(obj);
	rd->pindex += rd->wanted;
	rd->pages[0] = wanted;
	rd->npages = 1;
	rd->wanted = 0;
	return obj->ops->get(obj, rd->pindex, rd->pages, &got);
}

int
vm_object_read(struct vm_read *rd)
{
	struct vm_object *obj = rd->obj;
	struct vm_system *sys = obj->sys;
	unsigned i, got = rd->npages;
	int error;

	error = obj->ops->get(obj, rd->pindex, rd->pages, &got);
	if (error == VM_EIO && rd->npages > 1) {
		got = 1;
		error = read_wanted(rd);
	}
	if (error != 0)
		got = 0;
	VM_COUNT(sys, pagein_io);
	VM_COUNT_N(sys, pageins, got);
	vm_object_lock(obj);
	for (i = 0; i < rd->npages; i++) {
		if (i < got)
			vm_page_ready(sys, rd->pages[i]);
		else
			vm_object_remove_page(obj, rd->pages[i]);
	}
	vm_object_unlock(obj);
	vm_object_unref(obj);
	return error;
}
