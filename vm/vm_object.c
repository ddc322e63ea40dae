/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_object.c - objects: their beginning and their end.
 *
 * When the last reference goes the object goes with it; but for pages that are
 * on their way to or from swap, or from a store while nobody waits, which take
 * it along when they have arrived:
 *
 *	vm_object_end --> destroy
 *		   `----> dying: its last page goes --> `dead` --> reap
 *
 * One that is found by a key may stay: vm_object_cache.c.
 *
 * Source: UVM uvm_object.c.
 */
#include "vm/vm_object.h"

#include "base/mem.h"
#include "vm/pmap.h"
#include "vm/vm_charge.h"
#include "vm/vm_object_page.h"
#include "vm/vm_object_write.h"
#include "vm/vm_objects.h"

#define SLAB_BYTES 16384

/* ---- creation ---- */

struct vm_object *
vm_object_make(struct vm_system *sys, const struct vm_pageindex_ops *index,
    const struct vm_pager_ops *ops, void *pager)
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
	atomic_init(&obj->refs, 1);
	list_init(&obj->cached);
	list_init(&obj->chain);
	list_insert_tail(&os->all, &obj->link);
	return obj;
}

struct vm_object *
vm_object_create_indexed(struct vm_system *sys,
    const struct vm_pageindex_ops *index, const struct vm_pager_ops *ops,
    void *pager)
{
	struct vm_objects *os = sys->objects;
	struct vm_object *obj;

	vm_mutex_lock(&os->lock);
	obj = vm_object_make(sys, index, ops, pager);
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
	struct vm_object *obj;

	vm_mutex_lock(&os->lock);
	obj = vm_object_make(sys, index, ops, pager);
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

size_t
vm_object_end(struct vm_object *obj)
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
	list_init(&os->dead);
	vm_object_cache_init(&os->cache);
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
