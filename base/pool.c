/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pool.c - see pool.h.
 *
 * A slab begins with the link to the next slab; objects follow from the first
 * aligned address.  They are cut off one at a time, so that a new slab costs
 * nothing for memory nobody has asked for.  The first word of an object that
 * came back links the free list.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/pool.h"

struct pool_slab {
	struct pool_slab *next;
};

struct pool_free {
	struct pool_free *next;
};

static inline size_t
pool_round_up(size_t n, size_t align)
{
	return (n + align - 1) & ~(align - 1);
}

void
pool_init(struct pool *pool, const struct base_alloc *alloc, size_t size,
    size_t align, size_t slab_bytes)
{
	VM_ASSERT(size > 0);
	VM_ASSERT(align != 0);
	VM_ASSERT((align & (align - 1)) == 0);
	if (align < sizeof(struct pool_free))
		align = sizeof(struct pool_free);
	*pool = (struct pool){
		.alloc = alloc,
		.stride = pool_round_up(size, align),
		.align = align,
		.slab_bytes = slab_bytes,
	};
	VM_ASSERT(pool->stride >= size);
	VM_ASSERT(slab_bytes >= sizeof(struct pool_slab) + align - 1);
	VM_ASSERT(slab_bytes - sizeof(struct pool_slab) - (align - 1) >=
	    pool->stride);
}

static char *
pool_first_object(const struct pool *pool, struct pool_slab *slab)
{
	uintptr_t start = (uintptr_t)slab;
	size_t offset;

	offset = pool_round_up(start + sizeof(*slab), pool->align) - start;
	return (char *)slab + offset;
}

static size_t
pool_slab_objects(const struct pool *pool, struct pool_slab *slab)
{
	char *end = (char *)slab + pool->slab_bytes;

	return (size_t)(end - pool_first_object(pool, slab)) / pool->stride;
}

/* Get a slab, when nothing is left of the last one; false without memory. */
static bool
pool_grow(struct pool *pool)
{
	struct pool_slab *slab;
	size_t n;

	slab = pool->alloc->alloc(pool->alloc->ctx, pool->slab_bytes);
	if (slab == NULL)
		return false;
	slab->next = pool->slabs;
	pool->slabs = slab;
	n = pool_slab_objects(pool, slab);
	pool->total += n;
	pool->fresh = pool_first_object(pool, slab);
	pool->fresh_end = pool->fresh + n * pool->stride;
	if (VM_CHECKS_ON)
		memset(pool->fresh, POOL_POISON, n * pool->stride);
	return true;
}

/* Has nobody written to an object that was not in use, but for its link? */
static bool
pool_is_poisoned(const struct pool *pool, const void *obj)
{
	const unsigned char *bytes = obj;

	for (size_t i = sizeof(struct pool_free); i < pool->stride; i++) {
		if (bytes[i] != POOL_POISON)
			return false;
	}
	return true;
}

static bool
pool_owns(const struct pool *pool, const void *obj)
{
	struct pool_slab *slab;
	uintptr_t offset;

	for (slab = pool->slabs; slab != NULL; slab = slab->next) {
		offset = (uintptr_t)obj -
		    (uintptr_t)pool_first_object(pool, slab);
		if (offset < pool_slab_objects(pool, slab) * pool->stride)
			return offset % pool->stride == 0;
	}
	return false;
}

void *
pool_get(struct pool *pool)
{
	struct pool_free *obj = pool->free;

	if (VM_LIKELY(obj != NULL)) {
		pool->free = obj->next;
	} else {
		if (pool->fresh == pool->fresh_end && !pool_grow(pool))
			return NULL;
		obj = (struct pool_free *)(void *)pool->fresh;
		pool->fresh += pool->stride;
	}
	VM_CHECK(pool_is_poisoned(pool, obj));
	pool->used++;
	return obj;
}

void
pool_put(struct pool *pool, void *obj)
{
	struct pool_free *freed = obj;

	VM_ASSERT(pool->used > 0);
	VM_CHECK(pool_owns(pool, obj));
	if (VM_CHECKS_ON)
		memset(obj, POOL_POISON, pool->stride);
	freed->next = pool->free;
	pool->free = freed;
	pool->used--;
}

void
pool_fini(struct pool *pool)
{
	struct pool_slab *slab;

	VM_ASSERT(pool->used == 0);
	while ((slab = pool->slabs) != NULL) {
		pool->slabs = slab->next;
		pool->alloc->free(pool->alloc->ctx, slab, pool->slab_bytes);
	}
	pool->free = NULL;
	pool->fresh = pool->fresh_end = NULL;
	pool->total = 0;
}
