/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pool.h - pools of objects of one size.
 *
 * A pool takes slabs from an allocator and cuts objects off the newest one;
 * what comes back goes on a list and is handed out again first, last in first
 * out, while it is warm in the cache.
 *
 *	slab +------+-----+-----+-----+-------------------+
 *	     | next | obj | obj | obj | not yet cut       |
 *	     +------+-----+-----+-----+-------------------+
 *	                              ^fresh              ^fresh_end
 *
 * Slabs go back to the allocator in pool_fini() and no earlier.
 *
 * Not thread-safe: the caller has a lock, or a pool per thread.
 *
 * With VM_CHECKS, objects not in use are filled with POOL_POISON, which
 * pool_get() verifies, and pool_put() verifies that the object is the pool's.
 */

#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <stddef.h>

#include "base/alloc.h"

enum { POOL_POISON = 0xdb };

struct pool_slab;
struct pool_free;

/*
 * stride	bytes from one object to the next
 * used		objects handed out
 * total	objects in all slabs, in use or not
 */
struct pool {
	struct pool_free *free;
	char *fresh, *fresh_end;
	size_t stride;
	size_t used, total;
	size_t align, slab_bytes;
	struct pool_slab *slabs;
	const struct base_alloc *alloc;
};

/*
 * pool_init: an empty pool; takes no memory yet.
 *
 * alloc	where slabs come from; lives as long as the pool
 * size, align	of an object, in bytes; align is a power of two
 * slab_bytes	what is asked of the allocator at a time; at least one object,
 *		one pointer and align - 1 bytes
 */
void pool_init(struct pool *pool, const struct base_alloc *alloc, size_t size,
    size_t align, size_t slab_bytes);

/* pool_get: an object, contents undefined; NULL when there is no memory. */
void *pool_get(struct pool *pool);

/* pool_put: give back an object that pool_get() of this pool returned. */
void pool_put(struct pool *pool, void *obj);

/* pool_fini: give all slabs back; no object may be out. */
void pool_fini(struct pool *pool);

static inline size_t
pool_used(const struct pool *pool)
{
	return pool->used;
}

/* pool_used_bytes: what the objects handed out take, with their padding. */
static inline size_t
pool_used_bytes(const struct pool *pool)
{
	return pool->used * pool->stride;
}

static inline size_t
pool_total(const struct pool *pool)
{
	return pool->total;
}

#endif /* BASE_POOL_H */
