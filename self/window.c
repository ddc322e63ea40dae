/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * window.c - see window.h.
 */
#include "self/window.h"

#include "pmap/host_self.h"

#include <sys/mman.h>

#define TABLE_BITS 18 /* of addresses of 48 bits */

static _Atomic(struct bsdvm_space *) table[1 << TABLE_BITS];

/* Order: below the locks of the core, above that of a port. */
static struct {
	pthread_mutex_t lock;
	pthread_once_t once;
	struct bsdvm_space *first; /* (w) */
} windows = { .lock = PTHREAD_MUTEX_INITIALIZER, .once = PTHREAD_ONCE_INIT };

static size_t
granule_of(const void *addr)
{
	return (uintptr_t)addr / WINDOW_GRANULE;
}

struct bsdvm_space *
window_of(const void *addr)
{
	size_t i = granule_of(addr);

	if (i >= sizeof(table) / sizeof(table[0]))
		return NULL;
	return atomic_load_explicit(&table[i], memory_order_acquire);
}

static void
fill(const struct bsdvm_space *of, struct bsdvm_space *with)
{
	size_t i = granule_of(of->window);
	size_t end = i + of->size / WINDOW_GRANULE;

	for (; i < end; i++)
		atomic_store_explicit(&table[i], with, memory_order_release);
}

static void
lock(void)
{
	(void)pthread_mutex_lock(&windows.lock);
}

static void
unlock(void)
{
	(void)pthread_mutex_unlock(&windows.lock);
}

/* In the child of a fork, which has this thread alone. */
static void
drop_all(void)
{
	struct bsdvm_space *space;

	for (space = windows.first; space != NULL; space = space->next) {
		fill(space, NULL);
		(void)munmap(space->window, space->size);
	}
	windows.first = NULL;
	unlock();
}

static void
watch_fork(void)
{
	(void)pthread_atfork(lock, unlock, drop_all);
}

int
window_add(struct bsdvm_space *space)
{
	(void)pthread_once(&windows.once, watch_fork);
	if (granule_of(space->window + space->size) >
	    sizeof(table) / sizeof(table[0]))
		return VM_ENOMEM;
	lock();
	space->next = windows.first;
	windows.first = space;
	fill(space, space);
	unlock();
	return 0;
}

void
window_remove(struct bsdvm_space *space)
{
	struct bsdvm_space **at = &windows.first;

	lock();
	while (*at != space)
		at = &(*at)->next;
	*at = space->next;
	fill(space, NULL);
	unlock();
}

void
window_give_back(const struct bsdvm_space *but)
{
	struct bsdvm_space *space;

	lock();
	for (space = windows.first; space != NULL; space = space->next)
		if (space != but)
			host_self_forget(self_pmap(space));
	unlock();
}

bool
self_range(const void *addr, size_t len, struct self_range *r)
{
	struct bsdvm_space *space = window_of(addr);

	if (space == NULL)
		return false;
	r->space = space;
	r->va = (vaddr_t)((const char *)addr - space->window);
	return len <= space->size - r->va;
}
