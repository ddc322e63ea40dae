/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_objects.h - all objects of a system, as what makes and ends them
 * (vm_object.c) and what keeps them (vm_object_cache.c) share them.
 *
 * Lock order: the objects lock, then an object's lock, then that of `dead`.
 */
#ifndef VM_OBJECTS_H
#define VM_OBJECTS_H

#include "base/pool.h"
#include "vm/vm_object.h"

#define VM_OBJECT_CHAINS 256

struct vm_object_cache {
	struct list lru; /* objects without references, oldest first, */
	size_t n, max;   /* so many, and no more for long */
	size_t sweep;    /* when there are more, look for empty ones */
	struct list chains[VM_OBJECT_CHAINS]; /* all that have keys */
};

struct vm_objects {
	struct vm_mutex lock;
	struct pool pool;             /* (lock) */
	struct list all;              /* (lock) */
	struct vm_object_cache cache; /* (lock) */
	struct vm_mutex dead_lock;
	struct list dead; /* (dead_lock) ended, and have lost their last page */
};

/* A new object without a key, with one reference.  => objects locked
 * => NULL: no memory of the host */
struct vm_object *vm_object_make(struct vm_system *,
    const struct vm_pageindex_ops *, const struct vm_pager_ops *, void *pager);

/* An object without references, that nobody can find, ends: now, or when the
 * last of its pages has arrived.  => no lock held; waits for what is written to
 * a store
 * => how many of its pages are free */
size_t vm_object_end(struct vm_object *);

void vm_object_cache_init(struct vm_object_cache *);

#endif
