/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cow/anon_pool.c - three pools under one lock, which is the innermost of the
 * core: held for a few instructions, and nothing is taken inside it.
 */
#include "vm/cow/anon_pool.h"

#include "base/pool.h"
#include "vm/cow/amap.h"

#define SLAB_BYTES 32768

struct vm_anons {
	struct vm_mutex lock;
	struct pool anons, amaps, locks;
};

static void *
get(struct vm_system *sys, struct pool *pool)
{
	void *p;

	vm_mutex_lock(&sys->anons->lock);
	p = pool_get(pool);
	vm_mutex_unlock(&sys->anons->lock);
	return p;
}

static void
put(struct vm_system *sys, struct pool *pool, void *p)
{
	vm_mutex_lock(&sys->anons->lock);
	pool_put(pool, p);
	vm_mutex_unlock(&sys->anons->lock);
}

struct vm_anon *
vm_anon_get(struct vm_system *sys)
{
	return get(sys, &sys->anons->anons);
}

void
vm_anon_put(struct vm_system *sys, struct vm_anon *an)
{
	put(sys, &sys->anons->anons, an);
}

struct vm_amap *
vm_amap_get(struct vm_system *sys)
{
	return get(sys, &sys->anons->amaps);
}

void
vm_amap_put(struct vm_system *sys, struct vm_amap *am)
{
	put(sys, &sys->anons->amaps, am);
}

struct vm_amap_lock *
vm_amap_lock_get(struct vm_system *sys)
{
	return get(sys, &sys->anons->locks);
}

void
vm_amap_lock_put(struct vm_system *sys, struct vm_amap_lock *lock)
{
	put(sys, &sys->anons->locks, lock);
}

int
vm_amap_init(struct vm_system *sys)
{
	struct vm_anons *a = vm_alloc(sys, sizeof(*a));

	if (a == NULL)
		return VM_ENOMEM;
	vm_mutex_init(&a->lock, sys->env);
	pool_init(&a->anons, &sys->alloc, sizeof(struct vm_anon), 16,
	    SLAB_BYTES);
	pool_init(&a->amaps, &sys->alloc, sizeof(struct vm_amap), 16,
	    SLAB_BYTES);
	pool_init(&a->locks, &sys->alloc, sizeof(struct vm_amap_lock), 16,
	    SLAB_BYTES);
	sys->anons = a;
	return 0;
}

void
vm_amap_fini(struct vm_system *sys)
{
	struct vm_anons *a = sys->anons;

	pool_fini(&a->anons);
	pool_fini(&a->amaps);
	pool_fini(&a->locks);
	vm_free(sys, a, sizeof(*a));
	sys->anons = NULL;
}
