/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_object.c - objects: their pages, their life, and the cache of those that
 * nobody maps any more.
 *
 * Every object is on one list, and on a hash chain when it has a key.  An
 * object without references is on the LRU list `cached` as well and owns its
 * pages until memory is wanted.  refs goes from 0 to 1 and from 1 to 0 only
 * under the objects lock, so finding and forgetting cannot miss each other.
 *
 * Lock order: the objects lock, then an object's lock.
 *
 * Sources: UVM uvm_object.c, uvm_vnode.c (pages live as long as the vnode);
 * 4.4BSD's object cache is what it replaces.
 */
#include "vm/vm_object.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/pool.h"
#include "vm/pmap.h"
#include "vm/vm_pageq.h"
#include "vm/vm_swap.h"

#define HASH_CHAINS 256
#define SLAB_BYTES  16384
#define READ_FIRST  16 /* pages of the first request of a reader */

struct vm_objects {
	struct vm_mutex lock;
	struct pool pool;
	struct list all;
	struct list cached; /* unreferenced, least recently used first, */
	size_t ncached, cached_max; /* so many, and no more for long */
	struct list chains[HASH_CHAINS];
};

/* ---- creation and finding ---- */

static struct list *
chain_of(struct vm_objects *os, struct vm_object_key key)
{
	return &os->chains[hash_mix64(key.device ^ hash_mix64(key.inode)) %
	    HASH_CHAINS];
}

static bool
key_is_set(struct vm_object_key key)
{
	return key.device != 0 || key.inode != 0;
}

/* => objects locked */
static struct vm_object *
find_locked(struct vm_objects *os, struct vm_object_key key)
{
	LIST_FOREACH(struct vm_object, obj, chain_of(os, key), chain) {
		if (obj->key.device == key.device &&
		    obj->key.inode == key.inode)
			return obj;
	}
	return NULL;
}

/* One more reference, also from none. => objects locked */
static void
revive(struct vm_system *sys, struct vm_object *obj)
{
	if (atomic_fetch_add(&obj->refs, 1) == 0) {
		list_remove(&obj->cached);
		sys->objects->ncached--;
		VM_COUNT(sys, object_cache_hits);
	}
}

struct vm_object *
vm_object_find(struct vm_system *sys, struct vm_object_key key)
{
	struct vm_objects *os = sys->objects;
	struct vm_object *obj;

	vm_mutex_lock(&os->lock);
	obj = find_locked(os, key);
	if (obj != NULL)
		revive(sys, obj);
	vm_mutex_unlock(&os->lock);
	return obj;
}

/* => objects locked */
static struct vm_object *
make_locked(struct vm_system *sys, const struct vm_pageindex_ops *index,
    const struct vm_pager_ops *ops, void *pager, struct vm_object_key key)
{
	struct vm_objects *os = sys->objects;
	struct vm_object *obj = pool_get(&os->pool);

	if (obj == NULL)
		return NULL;
	memset(obj, 0, sizeof(*obj));
	obj->pages.ops = index;
	obj->pages.sys = sys;
	obj->pages.owner = obj;
	if (index->init(&obj->pages) != 0) {
		pool_put(&os->pool, obj);
		return NULL;
	}
	vm_swapmap_init(&obj->swap, sys);
	vm_mutex_init(&obj->own_lock, sys->env);
	obj->lock = &obj->own_lock;
	obj->sys = sys;
	obj->ops = ops;
	obj->pager = pager;
	obj->key = key;
	atomic_init(&obj->refs, 1);
	list_init(&obj->cached);
	list_init(&obj->chain);
	list_insert_tail(&os->all, &obj->link);
	if (key_is_set(key))
		list_insert_head(chain_of(os, key), &obj->chain);
	return obj;
}

struct vm_object *
vm_object_create_keyed(struct vm_system *sys, const struct vm_pager_ops *ops,
    void *pager, struct vm_object_key key, bool *made)
{
	struct vm_objects *os = sys->objects;
	struct vm_object *obj = NULL;

	vm_mutex_lock(&os->lock);
	if (key_is_set(key))
		obj = find_locked(os, key);
	*made = obj == NULL;
	if (obj != NULL)
		revive(sys, obj);
	else
		obj = make_locked(sys, sys->pageindex, ops, pager, key);
	vm_mutex_unlock(&os->lock);
	return obj;
}

struct vm_object *
vm_object_create_indexed(struct vm_system *sys,
    const struct vm_pageindex_ops *index, const struct vm_pager_ops *ops,
    void *pager)
{
	struct vm_objects *os = sys->objects;
	struct vm_object_key none = { 0, 0 };
	struct vm_object *obj;

	vm_mutex_lock(&os->lock);
	obj = make_locked(sys, index, ops, pager, none);
	vm_mutex_unlock(&os->lock);
	return obj;
}

struct vm_object *
vm_object_create(struct vm_system *sys, const struct vm_pager_ops *ops,
    void *pager)
{
	return vm_object_create_indexed(sys, sys->pageindex, ops, pager);
}

struct vm_object *
vm_object_create_under(struct vm_system *sys,
    const struct vm_pageindex_ops *index, const struct vm_pager_ops *ops,
    void *pager, struct vm_mutex *lock)
{
	struct vm_objects *os = sys->objects;
	struct vm_object_key none = { 0, 0 };
	struct vm_object *obj;

	vm_mutex_lock(&os->lock);
	obj = make_locked(sys, index, ops, pager, none);
	if (obj != NULL)
		obj->lock = lock;
	vm_mutex_unlock(&os->lock);
	return obj;
}

static void flush_dirty(struct vm_object *, vm_pindex_t, vm_pindex_t);
static void wait_busy(struct vm_object *, struct vm_page *);

/* ---- references and the end ---- */

void
vm_object_ref(struct vm_object *obj)
{
	uint32_t was = atomic_fetch_add(&obj->refs, 1);

	VM_ASSERT(was != 0);
	(void)was;
}

/* Take a page out of the object and free it. => locked, not busy, unmapped */
static void
remove_page(struct vm_object *obj, struct vm_page *pg)
{
	obj->pages.ops->remove(&obj->pages, pg, pg->pindex);
	obj->npages--;
	if (!pg->fictitious)
		vm_page_free(obj->sys, pg);
}

/* Whoever reads or writes a page of ours at this moment has no reference. */
static void
remove_all_pages(struct vm_object *obj)
{
	struct vm_page *pg;
	uint64_t i = 0;

	vm_object_lock(obj);
	while ((pg = vm_object_next(obj, &i)) != NULL) {
		if (pg->busy) {
			wait_busy(obj, pg);
			continue;
		}
		vm_page_unmap(obj->sys, pg);
		remove_page(obj, pg);
	}
	VM_ASSERT(obj->npages == 0);
	vm_object_unlock(obj);
}

/* The object is on no list any more and has no references. */
static void
destroy(struct vm_object *obj)
{
	struct vm_system *sys = obj->sys;
	struct vm_objects *os = sys->objects;

	if (obj->npages != 0) /* who lets an empty one go may hold its lock */
		remove_all_pages(obj);
	vm_swapmap_free(sys, &obj->swap, 0, UINT64_MAX);
	obj->pages.ops->fini(&obj->pages);
	if (obj->ops->destroy != NULL)
		obj->ops->destroy(sys, obj->pager);
	vm_mutex_lock(&os->lock);
	pool_put(&os->pool, obj);
	vm_mutex_unlock(&os->lock);
}

static bool
page_is_dirty(struct vm_object *obj, struct vm_page *pg)
{
	return pg->dirty || pmap_is_modified(obj->sys->machine, pg);
}

/* Whether the object, which nobody else can reach now, has unwritten pages. */
static bool
is_unwritten(struct vm_object *obj)
{
	struct vm_page *pg;
	uint64_t i = 0;
	bool found = false;

	if (obj->ops->put == NULL)
		return false;
	vm_object_lock(obj);
	while (!found && (pg = vm_object_next(obj, &i)) != NULL) {
		found = page_is_dirty(obj, pg);
		i++;
	}
	vm_object_unlock(obj);
	return found;
}

/* Whether an object lives on without references.  => objects locked */
static bool
is_kept(struct vm_object *obj)
{
	return obj->ops->cache && key_is_set(obj->key) && obj->npages != 0;
}

/* Where in the cache an object without references goes, or that it may not, or
 * only for what could not be written. */
enum keep { AS_NEWEST, AS_OLDEST, NOWHERE, UNWRITTEN };

/* => objects locked */
static void
cache(struct vm_objects *os, struct vm_object *obj, enum keep keep)
{
	os->ncached++;
	if (keep == AS_OLDEST)
		list_insert_head(&os->cached, &obj->cached);
	else
		list_insert_tail(&os->cached, &obj->cached);
}

/* => objects locked */
static bool
is_dead(struct vm_object *obj, enum keep keep)
{
	if (keep == NOWHERE)
		return true;
	return (keep == UNWRITTEN || !is_kept(obj)) && !is_unwritten(obj);
}

/*
 * Drop the last reference; true when the object is to be destroyed.  While it
 * was flushed somebody may have found it, written, and gone again: so what has
 * unwritten pages stays for another flush, unless it is to go in any case.
 */
static bool
drop_last(struct vm_object *obj, enum keep keep)
{
	struct vm_objects *os = obj->sys->objects;
	bool dead = false;

	vm_mutex_lock(&os->lock);
	if (atomic_fetch_sub(&obj->refs, 1) == 1) {
		dead = is_dead(obj, keep);
		if (dead) {
			list_remove(&obj->link);
			list_remove(&obj->chain);
		} else {
			cache(os, obj, keep);
		}
	}
	vm_mutex_unlock(&os->lock);
	return dead;
}

/* Take one off unless it is the last. */
static bool
unref_not_last(struct vm_object *obj)
{
	uint32_t n = atomic_load(&obj->refs);

	while (n > 1) {
		if (atomic_compare_exchange_weak(&obj->refs, &n, n - 1))
			return true;
	}
	VM_ASSERT(n == 1);
	return false;
}

/* Take the oldest cached object off the cache, with a reference of ours. */
static struct vm_object *
oldest_cached(struct vm_objects *os)
{
	struct list *first;
	struct vm_object *obj = NULL;

	vm_mutex_lock(&os->lock);
	first = list_first(&os->cached);
	if (first != NULL) {
		obj = LIST_ENTRY(first, struct vm_object, cached);
		list_remove(first);
		os->ncached--;
		atomic_store(&obj->refs, 1);
	}
	vm_mutex_unlock(&os->lock);
	return obj;
}

static size_t
cache_excess(struct vm_objects *os)
{
	size_t n;

	vm_mutex_lock(&os->lock);
	n = os->ncached > os->cached_max ? os->ncached - os->cached_max : 0;
	vm_mutex_unlock(&os->lock);
	return n;
}

/* Let go of the oldest objects beyond the limit, with their pages; but not of
 * those that could not be written, which go to the end. */
static void
trim_cache(struct vm_system *sys)
{
	size_t n = cache_excess(sys->objects);
	struct vm_object *obj;

	for (; n > 0; n--) {
		obj = oldest_cached(sys->objects);
		if (obj == NULL)
			return;
		flush_dirty(obj, 0, UINT64_MAX);
		if (drop_last(obj, UNWRITTEN)) {
			destroy(obj);
			VM_COUNT(sys, object_cache_drops);
		}
	}
}

void
vm_object_unref(struct vm_object *obj)
{
	struct vm_system *sys = obj->sys;

	if (unref_not_last(obj))
		return;
	flush_dirty(obj, 0, UINT64_MAX);
	if (drop_last(obj, AS_NEWEST))
		destroy(obj);
	else
		trim_cache(sys);
}

void
vm_object_cache_limit(struct vm_system *sys, size_t n)
{
	vm_mutex_lock(&sys->objects->lock);
	sys->objects->cached_max = n;
	vm_mutex_unlock(&sys->objects->lock);
	trim_cache(sys);
}

/* ---- pages ---- */

int
vm_object_insert(struct vm_object *obj, struct vm_page *pg, vm_pindex_t pindex)
{
	int error;

	vm_page_own(pg, &vm_object_owner, obj, obj->lock, pindex);
	error = obj->pages.ops->insert(&obj->pages, pg);
	if (error == 0)
		obj->npages++;
	return error;
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

bool
vm_object_next_place(struct vm_object *obj, vm_pindex_t *pindex)
{
	vm_pindex_t paged = *pindex;
	bool resident = vm_object_next(obj, pindex) != NULL;

	if (vm_swapmap_next(&obj->swap, &paged) == 0)
		return resident;
	if (!resident || paged < *pindex)
		*pindex = paged;
	return true;
}

static void
free_slot(struct vm_object *obj, vm_pindex_t pindex)
{
	vm_slot_t slot = vm_swapmap_at(&obj->swap, pindex);

	if (slot == 0)
		return;
	(void)vm_swapmap_set(&obj->swap, pindex, 0);
	vm_swap_free(obj->sys, slot, 1);
}

int
vm_object_move_page(struct vm_page *pg, struct vm_object *to,
    vm_pindex_t pindex)
{
	struct vm_object *from = pg->owner;
	vm_pindex_t was = pg->pindex;
	int error;

	VM_ASSERT(from->lock == to->lock && !pg->busy);
	error = vm_pageindex_move(&from->pages, &to->pages, pg, pindex);
	if (error != 0)
		return error;
	from->npages--;
	to->npages++;
	free_slot(from, was);
	pg->dirty = true;
	return 0;
}

int
vm_object_move(struct vm_object *from, vm_pindex_t i, struct vm_object *to,
    vm_pindex_t j)
{
	struct vm_page *pg = vm_object_lookup(from, i);
	vm_slot_t slot;

	if (pg != NULL)
		return vm_object_move_page(pg, to, j);
	slot = vm_swapmap_at(&from->swap, i);
	if (!vm_swapmap_set(&to->swap, j, slot))
		return VM_ENOMEM;
	(void)vm_swapmap_set(&from->swap, i, 0);
	return 0;
}

int
vm_object_copy(struct vm_object *from, vm_pindex_t i, struct vm_object *to,
    vm_pindex_t j)
{
	struct vm_page *pg = vm_object_lookup(from, i), *copy;
	vm_slot_t slot;

	if (pg == NULL) {
		slot = vm_swapmap_at(&from->swap, i);
		if (!vm_swapmap_set(&to->swap, j, slot))
			return VM_ENOMEM;
		vm_swap_ref(to->sys, slot);
		return 0;
	}
	VM_ASSERT(!pg->busy);
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
	remove_page(obj, pg);
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
	vm_swapmap_free(obj->sys, &obj->swap, start, end);
}

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
	unsigned around = obj->sys->machine->read_around;
	unsigned window = read_window(obj, pindex, want->advice);
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
		remove_page(obj, rd->pages[--rd->npages]);
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

	if (pg != NULL) {
		vm_page_busy(pg);
		pg->dirty = false;
	}
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
			remove_page(obj, rd->pages[i]);
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
			remove_page(obj, rd->pages[i]);
	}
	vm_object_unlock(obj);
	vm_object_unref(obj);
	return error;
}

/* ---- writing back ---- */

/* Wait for a busy page; the object is unlocked meanwhile. */
static void
wait_busy(struct vm_object *obj, struct vm_page *pg)
{
	uint32_t seen = vm_page_want(obj->sys, pg);

	vm_object_unlock(obj);
	vm_page_wait(obj->sys, pg, seen);
	vm_object_lock(obj);
}

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
			wait_busy(obj, pg);
			continue;
		}
		if (page_is_dirty(obj, pg)) {
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

/* Write the dirty pages; a failure stays in obj->error for who asks next. */
static void
flush_dirty(struct vm_object *obj, vm_pindex_t start, vm_pindex_t end)
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

	flush_dirty(obj, start, end);
	vm_object_lock(obj);
	error = obj->error;
	obj->error = 0;
	vm_object_unlock(obj);
	return error;
}

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
			wait_busy(obj, pg);
			continue;
		}
		i++;
		if (clean_only && pg->wire_count != 0)
			continue;
		vm_page_unmap(obj->sys, pg);
		if (!clean_only || !page_is_dirty(obj, pg))
			remove_page(obj, pg);
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

/* ---- what the page daemon asks ---- */

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

static void
object_evict(struct vm_system *sys, struct vm_page *pg)
{
	(void)sys;
	remove_page(pg->owner, pg);
}

static void
object_discard(struct vm_system *sys, struct vm_page *pg)
{
	(void)sys;
	free_slot(pg->owner, pg->pindex);
	remove_page(pg->owner, pg);
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
		    !page_is_dirty(obj, before))
			break;
	}
	return i;
}

/* While one of its pages is busy the object lives, and its lock with it. */
static void
object_write(struct vm_system *sys, struct vm_page *pg)
{
	struct vm_object *obj = pg->owner;
	vm_pindex_t start = run_start(obj, pg);
	struct write_run run;

	if (next_run(obj, start, start + VM_CLUSTER_MAX, &run))
		write_run(obj, &run);
	(void)sys;
	vm_object_unlock(obj);
}

static void
object_hold(struct vm_page *pg)
{
	(void)pg;
}

static void
object_unhold(struct vm_system *sys, struct vm_mutex *lock)
{
	(void)sys;
	(void)lock;
}

const struct vm_page_owner vm_object_owner = {
	.name = "object",
	.store = object_store,
	.slot = object_slot,
	.set_slot = object_set_slot,
	.evict = object_evict,
	.discard = object_discard,
	.neighbour = object_neighbour,
	.write = object_write,
	.hold = object_hold,
	.unhold = object_unhold,
};

/* ---- reclaiming ---- */

/* Two steps: compilers join them into one load, of what is not ours too. */
static bool
is_pinned(const struct vm_page *pg)
{
	if (pg->busy || pg->fictitious)
		return true;
	return pg->wire_count != 0;
}

/* Free a page if it is clean, and with `spare` not used lately. => locked */
static bool
take_page(struct vm_object *obj, struct vm_page *pg, bool spare)
{
	if (is_pinned(pg) || page_is_dirty(obj, pg) ||
	    (pmap_clear_reference(obj->sys->machine, pg) && spare))
		return false;
	vm_page_unmap(obj->sys, pg);
	if (page_is_dirty(obj, pg))
		return false;
	remove_page(obj, pg);
	return true;
}

/* Free clean pages of an object that can be read again, going on where the
 * last time ended. => locked */
static size_t
take_pages(struct vm_object *obj, size_t npages, bool spare)
{
	struct vm_page *pg;
	vm_pindex_t left = obj->npages;
	uint64_t i = obj->rotor;
	size_t taken = 0;

	for (; left > 0 && taken < npages; left--, i++) {
		pg = vm_object_next(obj, &i);
		if (pg == NULL) {
			i = 0;
			pg = vm_object_next(obj, &i);
		}
		if (pg != NULL)
			taken += take_page(obj, pg, spare);
	}
	obj->rotor = i;
	return taken;
}

static size_t
take_cached(struct vm_object *obj, size_t npages)
{
	size_t taken;

	vm_object_lock(obj);
	taken = take_pages(obj, npages, false);
	vm_object_unlock(obj);
	return taken;
}

/* Give the object back to the cache, or let it go: how many pages went with
 * it. */
static size_t
return_oldest(struct vm_object *obj, enum keep keep)
{
	struct vm_system *sys = obj->sys;
	size_t npages;

	if (!drop_last(obj, keep))
		return 0;
	npages = obj->npages;
	destroy(obj);
	VM_COUNT(sys, object_cache_drops);
	return npages;
}

/* Cached objects lose their pages first, and go when they have none left; or
 * when their pages cannot be saved. */
static size_t
reclaim_cached(struct vm_system *sys, size_t npages)
{
	struct vm_object *obj;
	size_t freed = 0, taken;

	while (freed < npages && (obj = oldest_cached(sys->objects)) != NULL) {
		taken = take_cached(obj, npages - freed);
		if (taken == 0 && vm_object_flush(obj, 0, UINT64_MAX) == 0)
			taken = take_cached(obj, npages - freed);
		freed += taken;
		freed += return_oldest(obj, taken != 0 ? AS_OLDEST : NOWHERE);
	}
	return freed;
}

/* Pages of all stored objects, the one that was last looked at last. */
static size_t
reclaim_mapped(struct vm_system *sys, size_t npages, bool spare)
{
	struct vm_objects *os = sys->objects;
	size_t freed = 0, left = 0;

	vm_mutex_lock(&os->lock);
	LIST_FOREACH(struct vm_object, each, &os->all, link)
		left++;
	for (; freed < npages && left > 0; left--) {
		struct vm_object *obj = LIST_FIRST(struct vm_object, &os->all,
		    link);

		list_remove(&obj->link);
		list_insert_tail(&os->all, &obj->link);
		if (obj->ops->get == NULL || obj->ops->put == NULL)
			continue;
		vm_object_lock(obj);
		freed += take_pages(obj, npages - freed, spare);
		vm_object_unlock(obj);
	}
	vm_mutex_unlock(&os->lock);
	return freed;
}

/* A busy page of an object, to wait for.  => locked */
static struct vm_page *
want_busy(struct vm_object *obj, uint32_t *seen)
{
	struct vm_page *pg;
	uint64_t i = 0;

	while ((pg = vm_object_next(obj, &i)) != NULL && !pg->busy)
		i++;
	if (pg != NULL)
		*seen = vm_page_want(obj->sys, pg);
	return pg;
}

/* Wait until one page is no longer read or written; false: there is none. */
static bool
wait_transit(struct vm_system *sys)
{
	struct vm_objects *os = sys->objects;
	struct vm_page *pg = NULL;
	uint32_t seen = 0;

	vm_mutex_lock(&os->lock);
	LIST_FOREACH(struct vm_object, obj, &os->all, link) {
		/* Nothing is read; and who has locked it may want os->lock. */
		if (obj->ops->get == NULL)
			continue;
		vm_object_lock(obj);
		pg = want_busy(obj, &seen);
		vm_object_unlock(obj);
		if (pg != NULL)
			break;
	}
	vm_mutex_unlock(&os->lock);
	if (pg != NULL)
		vm_page_wait(sys, pg, seen);
	return pg != NULL;
}

size_t
vm_object_reclaim(struct vm_system *sys, size_t npages)
{
	size_t freed = reclaim_cached(sys, npages);

	if (freed < npages)
		freed += reclaim_mapped(sys, npages - freed, true);
	if (freed < npages)
		freed += reclaim_mapped(sys, npages - freed, false);
	if (freed == 0 && wait_transit(sys))
		return 1;
	return freed;
}

/* ---- the whole ---- */

void
vm_object_foreach(struct vm_system *sys, vm_object_fn *fn, void *arg)
{
	struct vm_objects *os = sys->objects;

	vm_mutex_lock(&os->lock);
	LIST_FOREACH(struct vm_object, obj, &os->all, link)
		fn(obj, arg);
	vm_mutex_unlock(&os->lock);
}

size_t
vm_object_bytes(struct vm_system *sys)
{
	struct vm_objects *os = sys->objects;
	size_t bytes;

	vm_mutex_lock(&os->lock);
	bytes = pool_used_bytes(&os->pool);
	vm_mutex_unlock(&os->lock);
	return bytes;
}

int
vm_object_init(struct vm_system *sys)
{
	struct vm_objects *os = vm_alloc(sys, sizeof(*os));
	unsigned i;

	if (os == NULL)
		return VM_ENOMEM;
	vm_mutex_init(&os->lock, sys->env);
	pool_init(&os->pool, &sys->alloc, sizeof(struct vm_object), 16,
	    SLAB_BYTES);
	list_init(&os->all);
	list_init(&os->cached);
	os->ncached = 0;
	os->cached_max = SIZE_MAX;
	for (i = 0; i < HASH_CHAINS; i++)
		list_init(&os->chains[i]);
	sys->objects = os;
	sys->pageindex = &vm_pageindex_radix;
	vm_pageindex_init_system(sys);
	return 0;
}

void
vm_object_fini(struct vm_system *sys)
{
	struct vm_objects *os = sys->objects;

	(void)reclaim_cached(sys, SIZE_MAX);
	VM_ASSERT(list_is_empty(&os->all));
	pool_fini(&os->pool);
	vm_pageindex_fini_system(sys);
	vm_free(sys, os, sizeof(*os));
	sys->objects = NULL;
}

void
vm_object_check(struct vm_object *obj)
{
	struct vm_page *pg;
	uint64_t i = 0;
	vm_pindex_t n = 0;

	for (; (pg = vm_object_next(obj, &i)) != NULL; i++, n++) {
		VM_VERIFY(pg->owner_ops == &vm_object_owner);
		VM_VERIFY(pg->owner == obj);
		VM_VERIFY(pg->pindex == i);
		VM_VERIFY(pg->fictitious || vm_page_is_used(pg));
		VM_VERIFY(pg->fictitious || pg->lock == obj->lock);
	}
	VM_VERIFY(n == obj->npages);
	VM_VERIFY(n == obj->pages.ops->check(&obj->pages));
	VM_VERIFY(vm_swapmap_check(&obj->swap) == 0 || obj->ops->get == NULL);
	VM_VERIFY(obj->refs != 0 || !list_is_empty(&obj->cached));
}
