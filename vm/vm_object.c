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
 * The last reference goes, and the object with it; but for pages that are on
 * their way to or from swap, or from a store while nobody waits, which take it
 * along when they have arrived:
 *
 *	drop_last --> end --> destroy
 *		       `--> dying: its last page goes --> `dead` --> reap
 *
 * Lock order: the objects lock, then an object's lock, then that of `dead`.
 *
 * Sources: UVM uvm_object.c, uvm_vnode.c (pages live as long as the vnode);
 * 4.4BSD's object cache is what it replaces.
 */
#include "vm/vm_charge.h"
#include "vm/vm_object.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/pool.h"
#include "vm/pmap.h"
#include "vm/vm_object_page.h"
#include "vm/vm_object_write.h"

#define HASH_CHAINS 256
#define SLAB_BYTES  16384
#define SWEEP_LEAST 16 /* cached objects, before empty ones are in the way */

struct vm_objects {
	struct vm_mutex lock;
	struct pool pool;
	struct list all;
	struct list cached; /* unreferenced, least recently used first, */
	size_t ncached, cached_max; /* so many, and no more for long */
	size_t sweep; /* when there are more, look for empty ones */
	struct list chains[HASH_CHAINS];
	struct vm_mutex dead_lock;
	struct list dead; /* (dead_lock) ended, and have lost their last page */
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

/* ---- references and the end ---- */

void
vm_object_ref(struct vm_object *obj)
{
	uint32_t was = atomic_fetch_add(&obj->refs, 1);

	VM_ASSERT(was != 0);
	(void)was;
}

int
vm_object_charge(struct vm_object *obj, vm_pindex_t end)
{
	struct vm_charge more = { 0 };
	int error;

	if (!obj->sys->counts_anon || !obj->ops->swap)
		return 0;
	vm_mutex_lock(obj->lock);
	if (end > obj->charged)
		more.anon = end - obj->charged;
	error = vm_charge_take(obj->sys, &more);
	if (error == 0)
		obj->charged += more.anon;
	vm_mutex_unlock(obj->lock);
	return error;
}

/* => locked */
static void
uncharge(struct vm_object *obj)
{
	struct vm_charge all = { .anon = obj->charged };

	obj->charged = 0;
	vm_charge_give(obj->sys, &all);
}

/* Nothing is left but the object itself, and nobody can reach it. */
static void
destroy(struct vm_object *obj)
{
	struct vm_system *sys = obj->sys;
	struct vm_objects *os = sys->objects;
	const struct vm_pager_ops *ops = obj->ops;
	void *pager = obj->pager;

	VM_ASSERT(obj->npages == 0 && obj->swap.count == 0);
	vm_mutex_lock(&os->lock);
	list_remove(&obj->link);
	obj->pages.ops->fini(&obj->pages);
	pool_put(&os->pool, obj);
	vm_mutex_unlock(&os->lock);
	if (ops->destroy != NULL)
		ops->destroy(sys, pager);
}

/*
 * All pages go.  Whoever reads or writes one at this moment has no reference:
 * one that is on its way to a store is waited for, as what is written shall be
 * there; others go when they have arrived.  => locked
 */
static void
free_all(struct vm_object *obj)
{
	struct vm_page *pg;
	vm_pindex_t i = 0;

	while (!obj->ops->swap && (pg = vm_object_next(obj, &i)) != NULL) {
		if (pg->busy && !pg->filling) {
			vm_object_wait_busy(obj, pg);
			continue;
		}
		vm_object_free(obj, i, i + 1);
		i++;
	}
	vm_object_free(obj, 0, UINT64_MAX);
	vm_swapmap_fini(obj->sys, &obj->swap);
}

/* The object has no references any more, and no key.  => how many of its pages
 * are free */
static size_t
end(struct vm_object *obj)
{
	size_t had, left;

	vm_object_lock(obj);
	had = obj->npages;
	free_all(obj);
	uncharge(obj);
	left = obj->npages;
	obj->dying = left != 0;
	vm_object_unlock(obj);
	if (left == 0)
		destroy(obj);
	return had - left;
}

void
vm_object_emptied(struct vm_object *obj)
{
	struct vm_objects *os = obj->sys->objects;

	vm_mutex_lock(&os->dead_lock);
	list_insert_tail(&os->dead, &obj->cached);
	vm_mutex_unlock(&os->dead_lock);
}

static struct vm_object *
take_dead(struct vm_objects *os)
{
	struct list *first;

	vm_mutex_lock(&os->dead_lock);
	first = list_first(&os->dead);
	if (first != NULL)
		list_remove(first);
	vm_mutex_unlock(&os->dead_lock);
	return first == NULL ? NULL :
			       LIST_ENTRY(first, struct vm_object, cached);
}

void
vm_object_reap(struct vm_system *sys)
{
	struct vm_object *obj;

	while ((obj = take_dead(sys->objects)) != NULL) {
		/* who took its last page out has to unlock first */
		vm_object_lock(obj);
		vm_object_unlock(obj);
		destroy(obj);
	}
}

/* Whether the object, which nobody else can reach, has a page that is so. */
static bool
has_page(struct vm_object *obj,
    bool (*is)(const struct vm_system *, struct vm_page *))
{
	struct vm_page *pg;
	uint64_t i = 0;
	bool found = false;

	vm_object_lock(obj);
	while (!found && (pg = vm_object_next(obj, &i)) != NULL) {
		found = is(obj->sys, pg);
		i++;
	}
	vm_object_unlock(obj);
	return found;
}

static bool
is_unwritten(struct vm_object *obj)
{
	return obj->ops->put != NULL && has_page(obj, vm_page_is_dirty);
}

static bool
is_filling(const struct vm_system *sys, struct vm_page *pg)
{
	(void)sys;
	return pg->filling;
}

/* Whether the object is of a kind that lives on without references. */
static bool
is_lasting(const struct vm_object *obj)
{
	return obj->ops->cache && key_is_set(obj->key);
}

/* The page daemon may be at its pages.  => objects locked */
static bool
is_empty(struct vm_object *obj)
{
	bool empty;

	vm_object_lock(obj);
	empty = obj->npages == 0;
	vm_object_unlock(obj);
	return empty;
}

/* Where in the cache an object without references goes, or that it may not, or
 * only for what could not be written, or is on its way from the store. */
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
	if (is_lasting(obj) &&
	    (keep == UNWRITTEN ? has_page(obj, is_filling) : !is_empty(obj)))
		return false;
	return !is_unwritten(obj);
}

/*
 * Drop the last reference; true when the object is to end.  While it
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
		if (dead)
			list_remove(&obj->chain);
		else
			cache(os, obj, keep);
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

/* Take an object off the cache, with a reference of ours. => objects locked */
static void
take_off(struct vm_objects *os, struct vm_object *obj)
{
	list_remove(&obj->cached);
	os->ncached--;
	atomic_store(&obj->refs, 1);
}

/* The oldest cached object, taken off, or NULL. */
static struct vm_object *
oldest_cached(struct vm_objects *os)
{
	struct list *first;
	struct vm_object *obj = NULL;

	vm_mutex_lock(&os->lock);
	first = list_first(&os->cached);
	if (first != NULL) {
		obj = LIST_ENTRY(first, struct vm_object, cached);
		take_off(os, obj);
	}
	vm_mutex_unlock(&os->lock);
	return obj;
}

/* A cached object without pages, taken off, or NULL and none will be looked
 * for until there are twice as many. */
static struct vm_object *
empty_cached(struct vm_objects *os)
{
	struct vm_object *found = NULL;

	vm_mutex_lock(&os->lock);
	if (os->ncached > os->sweep) {
		LIST_FOREACH(struct vm_object, obj, &os->cached, cached) {
			if (is_empty(obj)) {
				found = obj;
				break;
			}
		}
		if (found != NULL)
			take_off(os, found);
		else
			os->sweep = 2 * os->ncached + SWEEP_LEAST;
	}
	vm_mutex_unlock(&os->lock);
	return found;
}

/* Let go of objects whose pages the page daemon has taken, now and then. */
static void
sweep_cache(struct vm_system *sys)
{
	struct vm_object *obj;

	while ((obj = empty_cached(sys->objects)) != NULL) {
		if (!drop_last(obj, AS_NEWEST))
			return;
		(void)end(obj);
		VM_COUNT(sys, object_cache_drops);
	}
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
 * those that could not be written or are being read, which go to the end. */
static void
trim_cache(struct vm_system *sys)
{
	size_t n = cache_excess(sys->objects);
	struct vm_object *obj;

	for (; n > 0; n--) {
		obj = oldest_cached(sys->objects);
		if (obj == NULL)
			return;
		vm_object_write_back(obj, 0, UINT64_MAX);
		if (drop_last(obj, UNWRITTEN)) {
			(void)end(obj);
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
	if (is_lasting(obj))
		vm_object_write_begin(obj, 0, UINT64_MAX, false);
	else
		vm_object_write_back(obj, 0, UINT64_MAX);
	if (drop_last(obj, AS_NEWEST)) {
		(void)end(obj);
		return;
	}
	sweep_cache(sys);
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

/* ---- reclaiming ---- */

/* Free a page if it is clean. => locked */
static bool
take_page(struct vm_object *obj, struct vm_page *pg)
{
	if (vm_page_is_pinned(pg) || vm_page_is_dirty(obj->sys, pg))
		return false;
	vm_page_unmap(obj->sys, pg);
	if (vm_page_is_dirty(obj->sys, pg))
		return false;
	vm_object_remove_page(obj, pg);
	return true;
}

static size_t
take_cached(struct vm_object *obj, size_t npages)
{
	struct vm_page *pg;
	uint64_t i = 0;
	size_t taken = 0;

	vm_object_lock(obj);
	for (; taken < npages && (pg = vm_object_next(obj, &i)) != NULL; i++)
		taken += take_page(obj, pg);
	vm_object_unlock(obj);
	return taken;
}

/* Give the object back to the cache, or let it go: how many pages went with
 * it. */
static size_t
return_oldest(struct vm_object *obj, enum keep keep)
{
	if (!drop_last(obj, keep))
		return 0;
	VM_COUNT(obj->sys, object_cache_drops);
	return end(obj);
}

/* Cached objects lose their pages first, and go when they have none left; or
 * when their pages cannot be saved. */
size_t
vm_object_reclaim(struct vm_system *sys, size_t npages)
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

/* => objects locked */
static enum vm_recalled
recall(struct vm_object *obj, struct vm_recall *rc)
{
	enum vm_recalled v;

	if (!vm_mutex_trylock(obj->lock)) /* its owner may want our lock */
		return VM_RECALL_DONE;
	v = vm_object_recall_from(obj, rc);
	vm_object_unlock(obj);
	return v;
}

/* Those that have been gone through go to the end, so that the next call goes
 * on where this one stops. */
enum vm_recalled
vm_object_recall(struct vm_recall *rc)
{
	struct vm_objects *os = rc->sys->objects;
	enum vm_recalled v = VM_RECALL_DONE;
	size_t left = 0;

	vm_mutex_lock(&os->lock);
	LIST_FOREACH(struct vm_object, each, &os->all, link)
		left++;
	for (; left > 0; left--) {
		struct vm_object *obj = LIST_FIRST(struct vm_object, &os->all,
		    link);

		v = recall(obj, rc);
		if (v != VM_RECALL_DONE)
			break;
		list_remove(&obj->link);
		list_insert_tail(&os->all, &obj->link);
	}
	vm_mutex_unlock(&os->lock);
	return v;
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
	if (vm_writes_init(sys) != 0) {
		vm_free(sys, os, sizeof(*os));
		return VM_ENOMEM;
	}
	vm_mutex_init(&os->lock, sys->env);
	pool_init(&os->pool, &sys->alloc, sizeof(struct vm_object), 16,
	    SLAB_BYTES);
	vm_mutex_init(&os->dead_lock, sys->env);
	list_init(&os->all);
	list_init(&os->cached);
	list_init(&os->dead);
	os->ncached = 0;
	os->sweep = SWEEP_LEAST;
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

	(void)vm_object_reclaim(sys, SIZE_MAX);
	VM_ASSERT(list_is_empty(&os->all));
	vm_writes_fini(sys);
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
		VM_VERIFY(!obj->ops->swap || pg->dirty ||
		    vm_swapmap_at(&obj->swap, i) != 0);
		VM_VERIFY(!obj->dying || (pg->busy && pg->released));
	}
	VM_VERIFY(n == obj->npages);
	VM_VERIFY(n == obj->pages.ops->check(&obj->pages));
	VM_VERIFY(vm_swapmap_check(&obj->swap) == 0 || obj->ops->get == NULL);
	VM_VERIFY(obj->refs != 0 || !list_is_empty(&obj->cached) || obj->dying);
}
