/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cow/cow_pool.c - the pools under one lock, which is the innermost of the
 * core: held for a few instructions, and nothing is taken inside it.
 */
#include "vm/cow/cow_pool.h"

#include "base/pool.h"
#include "vm/cow/backing.h"
#include "vm/cow/shadow.h"
#include "vm/cow/slots_chunks.h"

#define SLAB_BYTES 32768

struct vm_cow_pools {
	struct vm_mutex lock;
	struct pool pools[VM_COW_KINDS];
};

static const size_t sizes[VM_COW_KINDS] = {
	[VM_COW_ANON] = sizeof(struct vm_anon),
	[VM_COW_AMAP] = sizeof(struct vm_amap),
	[VM_COW_AMAP_SMALL] = sizeof(struct vm_amap_small),
	[VM_COW_CHUNK] = sizeof(struct vm_chunk),
	[VM_COW_FAMILY] = sizeof(struct vm_family),
	[VM_COW_SHADOW] = sizeof(struct vm_shadow),
	[VM_COW_BACKING] = sizeof(struct vm_backing),
};

void *
vm_cow_get(struct vm_system *sys, enum vm_cow_kind kind)
{
	void *p;

	vm_mutex_lock(&sys->cow_pools->lock);
	p = pool_get(&sys->cow_pools->pools[kind]);
	vm_mutex_unlock(&sys->cow_pools->lock);
	return p;
}

void
vm_cow_put(struct vm_system *sys, enum vm_cow_kind kind, void *p)
{
	vm_mutex_lock(&sys->cow_pools->lock);
	pool_put(&sys->cow_pools->pools[kind], p);
	vm_mutex_unlock(&sys->cow_pools->lock);
}

size_t
vm_cow_bytes(struct vm_system *sys, enum vm_cow_kind kind)
{
	const struct pool *pool = &sys->cow_pools->pools[kind];
	size_t bytes;

	vm_mutex_lock(&sys->cow_pools->lock);
	bytes = pool_used_bytes(pool);
	vm_mutex_unlock(&sys->cow_pools->lock);
	return bytes;
}

int
vm_cow_init(struct vm_system *sys)
{
	struct vm_cow_pools *a = vm_alloc(sys, sizeof(*a));
	unsigned i;

	if (a == NULL)
		return VM_ENOMEM;
	vm_mutex_init(&a->lock, sys->env);
	for (i = 0; i < VM_COW_KINDS; i++)
		pool_init(&a->pools[i], &sys->alloc, sizes[i], 16, SLAB_BYTES);
	sys->cow_pools = a;
	return 0;
}

void
vm_cow_fini(struct vm_system *sys)
{
	struct vm_cow_pools *a = sys->cow_pools;
	unsigned i;

	for (i = 0; i < VM_COW_KINDS; i++)
		pool_fini(&a->pools[i]);
	vm_free(sys, a, sizeof(*a));
	sys->cow_pools = NULL;
}
