/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_object_cache.c - objects by their keys, and the cache of those that nobody
 * maps any more.
 *
 * An object with a key is on a hash chain.  One without references is on an
 * LRU list as well, and owns its pages until memory is wanted.  refs goes from
 * 0 to 1 and from 1 to 0 only under the objects lock, so finding and forgetting
 * cannot miss each other.
 *
 *	     find				    unref
 *	refs 1 <--- cached: oldest .. newest <------- last reference
 *			       `--> drop_last --> vm_object_end
 *
 * Sources: 4.4BSD vm_object.c (the cache and its limit), UVM uvm_vnode.c (pages
 * live as long as the vnode).
 */
#include "base/hash.h"
#include "vm/vm_object_page.h"
#include "vm/vm_object_write.h"
#include "vm/vm_objects.h"

#define SWEEP_LEAST 16 /* cached objects, before empty ones are in the way */

/* ---- finding ---- */

static struct list *
chain_of(struct vm_objects *os, struct vm_object_key key)
{
	uint64_t h = hash_mix64(key.device ^ hash_mix64(key.inode));

	return &os->cache.chains[h % VM_OBJECT_CHAINS];
}

static bool
key_is_set(struct vm_object_key key)
{
	return key.device != 0 || key.inode != 0;
}

/* One more reference, also from none. => objects locked */
static void
revive(struct vm_system *sys, struct vm_object *obj)
{
	if (atomic_fetch_add(&obj->refs, 1) == 0) {
		list_remove(&obj->cached);
		sys->objects->cache.n--;
		VM_COUNT(sys, object_cache_hits);
	}
}

/* => objects locked */
static struct vm_object *
find(struct vm_system *sys, struct vm_object_key key)
{
	LIST_FOREACH(struct vm_object, obj, chain_of(sys->objects, key),
	    chain) {
		if (obj->key.device == key.device &&
		    obj->key.inode == key.inode) {
			revive(sys, obj);
			return obj;
		}
	}
	return NULL;
}

struct vm_object *
vm_object_find(struct vm_system *sys, struct vm_object_key key)
{
	struct vm_object *obj;

	vm_mutex_lock(&sys->objects->lock);
	obj = find(sys, key);
	vm_mutex_unlock(&sys->objects->lock);
	return obj;
}

/* => objects locked */
static struct vm_object *
make_with_key(struct vm_system *sys, const struct vm_pager_ops *ops,
    void *pager, struct vm_object_key key)
{
	struct vm_object *obj = vm_object_make(sys, sys->pageindex, ops, pager);

	if (obj == NULL)
		return NULL;
	obj->key = key;
	if (key_is_set(key))
		list_insert_head(chain_of(sys->objects, key), &obj->chain);
	return obj;
}

struct vm_object *
vm_object_create_keyed(struct vm_system *sys, const struct vm_pager_ops *ops,
    void *pager, struct vm_object_key key, bool *made)
{
	struct vm_object *obj;

	vm_mutex_lock(&sys->objects->lock);
	obj = key_is_set(key) ? find(sys, key) : NULL;
	*made = obj == NULL;
	if (obj == NULL)
		obj = make_with_key(sys, ops, pager, key);
	vm_mutex_unlock(&sys->objects->lock);
	return obj;
}

/* ---- the last reference ---- */

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
	os->cache.n++;
	if (keep == AS_OLDEST)
		list_insert_head(&os->cache.lru, &obj->cached);
	else
		list_insert_tail(&os->cache.lru, &obj->cached);
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
 * Drop the last reference; true when the object is to end.  While it was
 * flushed somebody may have found it, written, and gone again: so what has
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
	os->cache.n--;
	atomic_store(&obj->refs, 1);
}

/* The oldest cached object, taken off, or NULL. */
static struct vm_object *
oldest_cached(struct vm_objects *os)
{
	struct list *first;
	struct vm_object *obj = NULL;

	vm_mutex_lock(&os->lock);
	first = list_first(&os->cache.lru);
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
	if (os->cache.n > os->cache.sweep) {
		LIST_FOREACH(struct vm_object, obj, &os->cache.lru, cached) {
			if (is_empty(obj)) {
				found = obj;
				break;
			}
		}
		if (found != NULL)
			take_off(os, found);
		else
			os->cache.sweep = 2 * os->cache.n + SWEEP_LEAST;
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
		(void)vm_object_end(obj);
		VM_COUNT(sys, object_cache_drops);
	}
}

static size_t
cache_excess(struct vm_objects *os)
{
	size_t n;

	vm_mutex_lock(&os->lock);
	n = os->cache.n > os->cache.max ? os->cache.n - os->cache.max : 0;
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
			(void)vm_object_end(obj);
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
		(void)vm_object_end(obj);
		return;
	}
	sweep_cache(sys);
	trim_cache(sys);
}

void
vm_object_cache_limit(struct vm_system *sys, size_t n)
{
	vm_mutex_lock(&sys->objects->lock);
	sys->objects->cache.max = n;
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
	return vm_object_end(obj);
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

/* ---- beginning ---- */

void
vm_object_cache_init(struct vm_object_cache *c)
{
	unsigned i;

	list_init(&c->lru);
	c->n = 0;
	c->max = SIZE_MAX;
	c->sweep = SWEEP_LEAST;
	for (i = 0; i < VM_OBJECT_CHAINS; i++)
		list_init(&c->chains[i]);
}
