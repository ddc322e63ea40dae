/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_object_write.c - pages of an object go to their store.
 *
 * Dirty pages are written in runs of neighbours, several at a time:
 *
 *	fill	a run of pages is busy from now on
 *	begin	nobody can write to them any more; the pager has them
 *	  ended	whoever sees the end makes them ready, or frees them
 *
 * A store that comes later waits for the end and makes the page dirty again.
 * All that writing needs is there from the beginning: it never waits for
 * memory, but for another run to end.
 *
 * Source: UVM uvm_pager.c (uvm_aio_aiodone), genfs_io.c (genfs_do_putpages).
 */
#include "vm/vm_object_write.h"

#include "base/mem.h"
#include "vm/pmap.h"
#include "vm/vm_idle.h"
#include "vm/vm_object_page.h"
#include "vm/vm_pageq.h"
#include "vm/vm_swapout.h"

#define RUNS_EACH 4 /* under way at once of one object, for the page daemon */

/* A run of neighbouring pages that are being written. */
struct run {
	struct vm_io io;
	struct vm_object *obj;
	struct vm_system *sys;
	vm_pindex_t pindex;
	unsigned npages;
	uint64_t going; /* bits: the pages that are to be free afterwards */
	struct vm_page *pages[VM_CLUSTER_MAX];
};

_Static_assert(VM_CLUSTER_MAX <= 64, "a bit for each page of a run");

struct vm_writes {
	struct vm_idle idle;
	struct run runs[VM_IDLE_MAX];
};

static bool
is_going(const struct run *run, unsigned i)
{
	return ((run->going >> i) & 1) != 0;
}

static unsigned
count_going(const struct run *run)
{
	unsigned i, n = 0;

	for (i = 0; i < run->npages; i++)
		n += is_going(run, i);
	return n;
}

/* ---- the end of a run ---- */

/* It is not in the store: it stays, and stays dirty. */
static void
bounce(struct run *run, struct vm_page *pg)
{
	pg->dirty = true;
	if (pg->wire_count == 0)
		vm_pageq_put(run->sys, pg, VM_PAGE_ACTIVE);
	vm_page_ready(run->sys, pg);
}

/* The store has it, and nobody has asked for it meanwhile. */
static bool
may_go(const struct run *run, unsigned i)
{
	const struct vm_page *pg = run->pages[i];

	return is_going(run, i) && !pg->wanted && pg->wire_count == 0;
}

/* So many pages are inside the store; the others have no place any more. */
static void
settle_page(struct run *run, unsigned i, unsigned inside)
{
	struct vm_object *obj = run->obj;
	struct vm_page *pg = run->pages[i];

	if (i >= inside || pg->released) {
		vm_page_unmap(run->sys, pg);
		vm_object_remove_page(obj, pg);
	} else if (may_go(run, i)) {
		vm_object_remove_page(obj, pg);
	} else {
		vm_page_ready(run->sys, pg);
	}
}

/* => locked */
static void
settle(struct run *run)
{
	bool failed = run->io.error != 0 && run->io.error != VM_ERANGE;
	unsigned i, inside = run->io.error == 0 ? run->io.npages : 0;

	for (i = 0; i < run->npages; i++) {
		if (failed)
			bounce(run, run->pages[i]);
		else
			settle_page(run, i, inside);
	}
	if (failed) {
		run->obj->error = VM_EIO;
		VM_COUNT_N(run->sys, pageout_errors, run->npages);
	} else {
		run->obj->unsynced = true;
		VM_COUNT_N(run->sys, pageouts, inside);
	}
}

/* Called by the store, from any thread.  The object may be gone as soon as
 * none of its pages is busy and it is unlocked. */
static void
ended(struct vm_io *io)
{
	struct run *run = (struct run *)(void *)io;
	struct vm_system *sys = run->sys;
	struct vm_mutex *lock = run->obj->lock;

	VM_COUNT(sys, pageout_io);
	vm_mutex_lock(lock);
	run->obj->writing--;
	settle(run);
	vm_mutex_unlock(lock);
	vm_swapout_ended(sys, count_going(run));
	vm_idle_put(&sys->writes->idle, run);
}

/* ---- its beginning ---- */

/*
 * Find the next dirty page of [start, end) and those right behind it; they
 * come back busy.  A busy page in the way is waited for, or passed over, as is
 * one that is being read: it is clean.
 * => locked
 */
static bool
fill(struct vm_object *obj, vm_pindex_t start, vm_pindex_t end, bool wait,
    struct run *run)
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
		if (pg->busy && !pg->filling && wait) {
			vm_object_wait_busy(obj, pg);
			continue;
		}
		if (!pg->busy && vm_page_is_dirty(obj->sys, pg)) {
			if (run->npages == 0)
				run->pindex = i;
			vm_page_busy(obj->sys, pg);
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
clean(struct run *run)
{
	struct vm_machine *m = run->sys->machine;
	unsigned i;

	for (i = 0; i < run->npages; i++)
		(void)pmap_page_protect(m, run->pages[i],
		    is_going(run, i) ? VM_PROT_NONE :
				       VM_PROT_READ | VM_PROT_EXEC);
	pmap_update_all(m);
	for (i = 0; i < run->npages; i++) {
		(void)pmap_clear_modify(m, run->pages[i]);
		run->pages[i]->dirty = false;
	}
}

/* => locked; unlocks */
static void
begin(struct vm_object *obj, struct run *run)
{
	run->obj = obj;
	run->io.npages = run->npages;
	run->io.write = true;
	clean(run);
	obj->writing++;
	vm_swapout_begun(run->sys, count_going(run));
	vm_object_unlock(obj);
	obj->ops->put(obj, run->pindex, run->pages, &run->io);
}

void
vm_object_write_begin(struct vm_object *obj, vm_pindex_t start, vm_pindex_t end,
    bool wait)
{
	struct vm_writes *w = obj->sys->writes;
	struct run *run;

	if (obj->ops->put == NULL)
		return;
	while (start < end) {
		run = vm_idle_get(&w->idle);
		run->going = 0;
		vm_object_lock(obj);
		if (!fill(obj, start, end, wait, run)) {
			vm_object_unlock(obj);
			vm_idle_put(&w->idle, run);
			return;
		}
		start = run->pindex + run->npages;
		begin(obj, run);
	}
}

/* Wait for what is under way. */
static void
wait_written(struct vm_object *obj, vm_pindex_t start, vm_pindex_t end)
{
	struct vm_page *pg;
	uint64_t i = start;

	vm_object_lock(obj);
	while (obj->writing != 0 && (pg = vm_object_next(obj, &i)) != NULL &&
	    i < end) {
		if (pg->busy && !pg->filling)
			vm_object_wait_busy(obj, pg);
		else
			i++;
	}
	vm_object_unlock(obj);
}

void
vm_object_write_back(struct vm_object *obj, vm_pindex_t start, vm_pindex_t end)
{
	if (obj->ops->put == NULL)
		return; /* nor is the object locked, maybe the caller's */
	vm_object_write_begin(obj, start, end, true);
	wait_written(obj, start, end);
}

static int
take_error(struct vm_object *obj)
{
	int error;

	vm_object_lock(obj);
	error = obj->error;
	obj->error = 0;
	vm_object_unlock(obj);
	return error;
}

int
vm_object_flush(struct vm_object *obj, vm_pindex_t start, vm_pindex_t end)
{
	vm_object_write_back(obj, start, end);
	return take_error(obj);
}

int
vm_object_flush_begin(struct vm_object *obj, vm_pindex_t start, vm_pindex_t end)
{
	int error = take_error(obj);

	vm_object_write_begin(obj, start, end, false);
	return error;
}

/* Whether the store is to be told that what it has shall last. */
static bool
take_unsynced(struct vm_object *obj)
{
	bool was;

	vm_object_lock(obj);
	was = obj->unsynced;
	obj->unsynced = false;
	vm_object_unlock(obj);
	return was && obj->ops->sync != NULL;
}

static void
sync_failed(struct vm_object *obj)
{
	vm_object_lock(obj);
	obj->unsynced = true;
	vm_object_unlock(obj);
}

int
vm_object_sync(struct vm_object *obj, vm_pindex_t start, vm_pindex_t end)
{
	int error = vm_object_flush(obj, start, end);

	if (take_unsynced(obj) && obj->ops->sync(obj->pager) != 0) {
		sync_failed(obj);
		error = VM_EIO;
	}
	return error;
}

/* ---- for the page daemon ---- */

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
		    !vm_page_is_dirty(obj->sys, before))
			break;
	}
	return i;
}

/* Whether the daemon would come for the page soon, to let it go. */
static bool
is_next(const struct run *run, struct vm_page *pg)
{
	uint8_t state = atomic_load_explicit(&pg->state, memory_order_relaxed);

	return (state == VM_PAGE_INACTIVE || state == VM_PAGE_LAUNDRY) &&
	    pg->wire_count == 0 && !vm_page_is_lent(pg) &&
	    !pmap_is_referenced(run->sys->machine, pg);
}

static void
choose_going(struct run *run, const struct vm_page *wanted)
{
	unsigned i;

	run->going = 0;
	for (i = 0; i < run->npages; i++)
		if (run->pages[i] == wanted || is_next(run, run->pages[i]))
			run->going |= (uint64_t)1 << i;
}

size_t
vm_object_write_around(struct vm_object *obj, const struct vm_page *pg)
{
	struct vm_writes *w = obj->sys->writes;
	vm_pindex_t start = run_start(obj, pg);
	struct run *run = NULL;
	uint32_t seen = 0;
	size_t n;

	if (obj->writing >= RUNS_EACH) {
		vm_object_unlock(obj);
		return 0;
	}
	run = vm_idle_try_get(&w->idle, &seen);
	if (run == NULL) {
		vm_object_unlock(obj);
		vm_idle_wait(&w->idle, seen);
		return 0;
	}
	(void)fill(obj, start, start + VM_CLUSTER_MAX, false, run);
	choose_going(run, pg);
	n = obj->error == 0 ? run->npages : 0;
	begin(obj, run);
	return n;
}

/* ---- the whole ---- */

int
vm_writes_init(struct vm_system *sys)
{
	struct vm_writes *w = vm_alloc(sys, sizeof(*w));
	unsigned i;

	if (w == NULL)
		return VM_ENOMEM;
	memset(w, 0, sizeof(*w));
	vm_idle_init(&w->idle, sys->env);
	for (i = 0; i < VM_IDLE_MAX; i++) {
		w->runs[i].sys = sys;
		w->runs[i].io.done = ended;
		vm_idle_add(&w->idle, &w->runs[i]);
	}
	sys->writes = w;
	return 0;
}

void
vm_writes_fini(struct vm_system *sys)
{
	/* the end of a run may be known before it has ended altogether */
	vm_idle_wait_all(&sys->writes->idle);
	vm_free(sys, sys->writes, sizeof(*sys->writes));
	sys->writes = NULL;
}
