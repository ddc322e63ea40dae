/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_object_read.c - finding a page of an object, or bringing it in.
 *
 * A request reads more than the page that is wanted: what is likely to be
 * wanted next (vm_readahead.h), as far as there is memory, and never across a
 * page that is resident; from swap, what is there in a row.
 *
 *	resident   start	wanted		end    resident
 *	   |#|      |-----------|#|--------------|      |#|
 *		     read around    read ahead
 *
 * Who sleeps for a read has a reference to the object.  A read that nobody
 * sleeps for has none: the object lives on by the busy pages, and goes with the
 * last of them if nobody else has one (vm_object.c).
 */
#include "base/mem.h"
#include "vm/pmap.h"
#include "vm/vm_object_page.h"
#include "vm/vm_pageout_pass.h"
#include "vm/vm_readahead.h"
#include "vm/vm_swap.h"

/* Which pages a request reads: [start, end), with the wanted one in it. */
struct read_plan {
	vm_pindex_t start, wanted, end;
};

/* ---- which pages ---- */

/* Whether what is stored of a page, and of the next, is in a row. */
static bool
is_in_row(const struct vm_object *obj, vm_pindex_t pindex)
{
	return vm_object_is_stored(obj) ||
	    vm_swap_follows(obj->sys, vm_swapmap_at(&obj->swap, pindex),
		vm_swapmap_at(&obj->swap, pindex + 1));
}

static bool
goes_before(const struct vm_object *obj, vm_pindex_t pindex)
{
	return vm_object_lookup(obj, pindex - 1) == NULL &&
	    is_in_row(obj, pindex - 1);
}

static bool
goes_on(const struct vm_object *obj, vm_pindex_t pindex)
{
	return vm_object_lookup(obj, pindex) == NULL &&
	    is_in_row(obj, pindex - 1);
}

/*
 * From the wanted page on, or the aligned block around it.  Pages that are
 * resident, or in swap not in a row, bound it on both sides.  => locked
 */
static struct read_plan
plan_read(const struct vm_object *obj, vm_pindex_t pindex,
    const struct vm_object_want *want, const struct vm_window *window)
{
	struct read_plan p = { pindex, pindex, pindex + window->npages };
	vm_pindex_t lo = pindex;

	if (window->around) {
		lo = pindex - pindex % window->npages;
		p.end = lo + window->npages;
	}
	if (p.end > want->limit)
		p.end = want->limit;
	while (
	    p.start > lo && p.start > want->first && goes_before(obj, p.start))
		p.start--;
	return p;
}

/* ---- their pages ---- */

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
		vm_page_fill(obj->sys, pg);
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
	rd->steady = rd->unasked = false;
	rd->pindex = p->start;
	for (pi = p->start; pi == p->wanted || pi < p->end; pi++) {
		struct vm_page *pg;

		if (pi > p->wanted && !goes_on(obj, pi))
			return;
		pg = grab_busy(obj, pi, near, rd->npages == 0 ? flags : 0);
		if (pg == NULL)
			return;
		rd->pages[rd->npages++] = pg;
		near = pg;
	}
}

/* Where the run comes from is there until it has been read. */
static void
hold_store(struct vm_object *obj, struct vm_read *rd)
{
	rd->obj = NULL;
	if (vm_object_is_stored(obj)) {
		vm_object_ref(obj);
		rd->obj = obj;
	} else {
		rd->slot = vm_swapmap_at(&obj->swap, rd->pindex);
		rd->pages[0]->owner_ops->hold(rd->pages[0]);
	}
}

/* Allocate the busy pages of a plan: at least the wanted one. => locked */
static enum vm_verdict
begin_plan(struct vm_object *obj, struct read_plan *p,
    const struct vm_object_want *want)
{
	struct vm_read *rd = want->read;

	allocate_read(obj, p, want, rd);
	if (p->start + rd->npages <= p->wanted && p->start < p->wanted) {
		cancel_read(obj, rd);
		p->start = p->wanted;
		allocate_read(obj, p, want, rd);
	}
	if (rd->npages == 0)
		return VM_RESOLVE_NOMEM;
	rd->wanted = (unsigned)(p->wanted - rd->pindex);
	hold_store(obj, rd);
	return VM_RESOLVE_IO;
}

static void
note_reader(struct vm_object *obj, const struct vm_window *w,
    struct vm_read *rd)
{
	rd->steady = w->steady;
	vm_reader_went(&obj->reader, w, rd->pindex + rd->npages);
	if (w->in_order)
		VM_COUNT(obj->sys, ra_hit);
	else
		VM_COUNT(obj->sys, ra_miss);
}

/* => locked */
static enum vm_verdict
begin_read(struct vm_object *obj, vm_pindex_t pindex,
    const struct vm_object_want *want)
{
	struct vm_window w = vm_readahead_plan(obj->sys,
	    vm_object_readahead(obj), &obj->reader, pindex, want->advice);
	struct read_plan p = plan_read(obj, pindex, want, &w);
	enum vm_verdict v = begin_plan(obj, &p, want);

	if (v == VM_RESOLVE_IO && want->advice != VM_ADV_RANDOM)
		note_reader(obj, &w, want->read);
	return v;
}

struct vm_wants
vm_object_wants(const struct vm_object *obj, vm_pindex_t pindex)
{
	if (vm_object_is_waited_for(obj))
		return (struct vm_wants){ .in = 0 };
	return vm_reader_wants(obj->sys, vm_object_readahead(obj), &obj->reader,
	    pindex);
}

/* ---- a device goes ---- */

/* As much at once as can be, whatever the design reads otherwise. */
static enum vm_recalled
begin_recall(struct vm_object *obj, vm_pindex_t pindex, struct vm_recall *rc)
{
	struct vm_object_want want = { .limit = UINT64_MAX, .read = &rc->read };
	struct read_plan p = { pindex, pindex, pindex + VM_SWAPIN_MAX };

	vm_recall_stop(rc, obj, pindex);
	return begin_plan(obj, &p, &want) == VM_RESOLVE_IO ? VM_RECALL_READ :
							     VM_RECALL_NOMEM;
}

enum vm_recalled
vm_object_recall_from(struct vm_object *obj, struct vm_recall *rc)
{
	vm_pindex_t i = vm_recall_from(rc, obj);
	struct vm_page *pg;
	vm_slot_t slot;

	vm_swapmap_leave(obj->sys, &obj->swap, rc->id);
	for (; (slot = vm_swapmap_next(&obj->swap, &i)) != 0; i++) {
		if (!vm_swap_is_on(obj->sys, slot, rc->id))
			continue;
		pg = vm_object_lookup(obj, i);
		if (pg != NULL)
			vm_recall_page(rc, pg);
		else
			return begin_recall(obj, i, rc);
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
	if (vm_object_is_stored(obj) || vm_swapmap_at(&obj->swap, pindex) != 0)
		return want->io ? begin_read(obj, pindex, want) :
				  VM_RESOLVE_ABSENT;
	if (!want->make)
		return VM_RESOLVE_ABSENT;
	want->page = vm_object_grab(obj, pindex, near_page(obj, pindex, want),
	    want->page_flags | VM_PAGE_ZERO);
	want->zeroed = true;
	return want->page != NULL ? VM_RESOLVE_OK : VM_RESOLVE_NOMEM;
}

/* ---- the end of a read ---- */

/* => locked; unlocked, the object may be gone with its last page */
static void
finish_page(const struct vm_read *rd, unsigned i, bool got)
{
	struct vm_object *obj = rd->obj;
	struct vm_page *pg = rd->pages[i];

	if (pg->released)
		pg->owner_ops->discard(obj->sys, pg);
	else if (got)
		vm_read_arrived(obj->sys, rd, i);
	else
		vm_object_remove_page(obj, pg);
}

/* So many pages from pindex on are read: how many of them were before, at
 * least?  Each time that there are more than indices.  => locked */
static vm_pindex_t
count_again(struct vm_object *obj, vm_pindex_t pindex, vm_pindex_t n)
{
	vm_pindex_t new;

	if (pindex + n > obj->seen.end) {
		obj->seen.new += pindex + n - obj->seen.end;
		obj->seen.end = pindex + n;
	}
	new = obj->seen.new < n ? obj->seen.new : n;
	obj->seen.new -= new;
	return n - new;
}

/* So many pages have come, the others go. */
static void
finish(const struct vm_read *rd, unsigned got)
{
	struct vm_object *obj = rd->obj;
	unsigned i;

	VM_COUNT(obj->sys, pagein_io);
	VM_COUNT_N(obj->sys, pageins, got);
	vm_object_lock(obj);
	VM_COUNT_N(obj->sys, rereads, count_again(obj, rd->pindex, got));
	for (i = 0; i < rd->npages; i++)
		finish_page(rd, i, i < got);
	vm_object_unlock(obj);
}

static bool
is_still_wanted(const struct vm_read *rd)
{
	return rd->wanted < rd->npages && !rd->pages[rd->wanted]->released;
}

/*
 * Only the wanted page: the others go, they may be why it failed.  False: it
 * was alone, or nobody wants it.
 */
static bool
narrow(struct vm_read *rd)
{
	struct vm_object *obj = rd->obj;
	unsigned i;
	bool wanted;

	if (rd->npages == 1)
		return false;
	vm_object_lock(obj);
	wanted = is_still_wanted(rd);
	for (i = 0; wanted && i < rd->npages; i++)
		if (i != rd->wanted)
			finish_page(rd, i, false);
	vm_object_unlock(obj);
	if (!wanted)
		return false;
	rd->pindex += rd->wanted;
	rd->pages[0] = rd->pages[rd->wanted];
	rd->npages = 1;
	rd->wanted = 0;
	return true;
}

/* ---- reading ---- */

static int
get(struct vm_read *rd, unsigned *got)
{
	*got = rd->npages;
	return rd->obj->ops->get(rd->obj, rd->pindex, rd->pages, got);
}

int
vm_object_read(struct vm_read *rd)
{
	struct vm_object *obj = rd->obj;
	unsigned got;
	int error = get(rd, &got);

	if (error == VM_EIO && narrow(rd))
		error = get(rd, &got);
	finish(rd, error == 0 ? got : 0);
	vm_object_unref(obj);
	return error;
}

/* ---- while nobody waits ---- */

/* => the pages that have come, the last of them with zeroes behind the end */
static unsigned
fill_up(const struct vm_reading *r)
{
	size_t len = r->io.len, used = len & VM_PAGE_MASK;
	char *last;

	VM_ASSERT(len <= vm_ptoa(r->read.npages));
	if (used != 0) {
		last = pmap_page_data(r->sys->machine,
		    r->read.pages[vm_atop(len)]);
		memset(last + used, 0, VM_PAGE_SIZE - used);
	}
	return (unsigned)vm_atop(len + VM_PAGE_MASK);
}

/* When reading stopped before the end of the file only whole pages are good:
 * what would be zeroes behind is something else.  => true: it did */
static bool
cut_to_pages(struct vm_io *io)
{
	if (io->error != 0 || io->len >= io->inside)
		return false;
	io->len -= io->len & VM_PAGE_MASK;
	return true;
}

/* Whether a page is wanted that is not among those.  The file may have become
 * shorter, which another try tells. */
static bool
is_missing(const struct vm_reading *r)
{
	const struct vm_read *rd = &r->read;

	return rd->wanted < rd->npages && vm_atop(r->io.len) <= rd->wanted;
}

static bool
try_again(struct vm_reading *r, bool missing)
{
	if (narrow(&r->read))
		return true;
	if (!missing || r->again)
		return false;
	r->again = true;
	return true;
}

static void begin(struct vm_reading *);

/* Called by the pager, from any thread.  The object lives as long as it has
 * pages that are busy. */
static void
ended(struct vm_io *io)
{
	struct vm_reading *r = container_of(io, struct vm_reading, io);
	struct vm_system *sys = r->sys;
	bool missing = cut_to_pages(io) && is_missing(r);
	int error = missing ? VM_EIO : io->error;

	if (error == VM_EIO && try_again(r, missing)) {
		begin(r);
		return;
	}
	if (error == 0 && io->len == 0)
		error = VM_ERANGE;
	finish(&r->read, error == 0 ? fill_up(r) : 0);
	vm_object_reap(sys);
	vm_reading_end(r, error);
}

static void
begin(struct vm_reading *r)
{
	const struct vm_read *rd = &r->read;

	r->io.write = false;
	r->io.npages = rd->npages;
	r->io.len = vm_ptoa(rd->npages);
	r->io.inside = 0;
	r->io.done = ended;
	rd->obj->ops->get_start(rd->obj, rd->pindex, rd->pages, &r->io);
}

void
vm_object_read_start(struct vm_reading *r)
{
	struct vm_object *obj = r->read.obj;

	if (obj->ops->get_start == NULL) {
		vm_reading_end(r, vm_object_read(&r->read));
		return;
	}
	begin(r);
	vm_object_unref(obj);
}

static int
read_and_leave(struct vm_system *sys, struct vm_read *rd)
{
	struct vm_reading *r = vm_reading_make(sys, rd);

	if (r == NULL)
		return vm_object_read(rd);
	vm_object_read_start(r);
	if (vm_reading_has_ended(r))
		return vm_reading_take(r);
	vm_reading_leave(r);
	return 0;
}

int
vm_object_read_ahead(struct vm_object *obj, vm_pindex_t start, vm_pindex_t end)
{
	struct vm_read rd = { .npages = 0 };
	struct vm_object_want want = { .limit = end, .read = &rd };
	struct read_plan p = { start, start, end };
	enum vm_verdict v = VM_RESOLVE_OK;

	VM_ASSERT(vm_object_is_stored(obj));
	VM_ASSERT(start < end && end - start <= VM_CLUSTER_MAX);
	vm_object_lock(obj);
	if (vm_object_lookup(obj, start) == NULL)
		v = begin_plan(obj, &p, &want);
	vm_object_unlock(obj);
	if (v != VM_RESOLVE_IO)
		return v == VM_RESOLVE_NOMEM ? VM_ENOMEM : 0;
	rd.wanted = rd.npages;
	return read_and_leave(obj->sys, &rd);
}
