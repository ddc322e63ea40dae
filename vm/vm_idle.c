/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_idle.c - a stack of what is not in use.
 *
 * The event is signalled with the lock held: who waits for all of them frees
 * this as soon as it has seen the last one come back, which takes the lock.
 */
#include "vm/vm_idle.h"

void
vm_idle_init(struct vm_idle *idle, const struct vm_env *env)
{
	*idle = (struct vm_idle){ .n = 0 };
	vm_mutex_init(&idle->lock, env);
}

void
vm_idle_add(struct vm_idle *idle, void *item)
{
	VM_ASSERT(idle->total < VM_IDLE_MAX);
	idle->total++;
	idle->all[idle->n++] = item;
}

void *
vm_idle_try_get(struct vm_idle *idle, uint32_t *seen)
{
	void *item = NULL;

	vm_mutex_lock(&idle->lock);
	*seen = vm_event_count(&idle->back);
	if (idle->n != 0)
		item = idle->all[--idle->n];
	vm_mutex_unlock(&idle->lock);
	return item;
}

void
vm_idle_wait(struct vm_idle *idle, uint32_t seen)
{
	vm_event_wait(&idle->back, seen, idle->lock.env);
}

void *
vm_idle_get(struct vm_idle *idle)
{
	void *item;
	uint32_t seen;

	while ((item = vm_idle_try_get(idle, &seen)) == NULL)
		vm_idle_wait(idle, seen);
	return item;
}

bool
vm_idle_is_none(struct vm_idle *idle)
{
	bool none;

	vm_mutex_lock(&idle->lock);
	none = idle->n == 0;
	vm_mutex_unlock(&idle->lock);
	return none;
}

void
vm_idle_put(struct vm_idle *idle, void *item)
{
	vm_mutex_lock(&idle->lock);
	idle->all[idle->n++] = item;
	vm_event_signal(&idle->back, idle->lock.env);
	vm_mutex_unlock(&idle->lock);
}

static bool
is_all(struct vm_idle *idle, uint32_t *seen)
{
	bool all;

	vm_mutex_lock(&idle->lock);
	*seen = vm_event_count(&idle->back);
	all = idle->n == idle->total;
	vm_mutex_unlock(&idle->lock);
	return all;
}

void
vm_idle_wait_all(struct vm_idle *idle)
{
	uint32_t seen;

	while (!is_all(idle, &seen))
		vm_idle_wait(idle, seen);
}
