/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_oom.c - see vm_oom.h.
 */
#include "vm/vm_oom.h"

static void
count_page(const struct vm_cow_page *p, void *arg)
{
	struct vm_oom_size *size = arg;

	if (!p->upper)
		return;
	if (p->page != NULL)
		size->resident++;
	else
		size->swapped++;
}

static void
count_shared(struct vm_map_entry *e, struct vm_oom_size *size)
{
	vm_pindex_t pindex = e->offset, end = pindex + vm_entry_npages(e);
	struct vm_object *obj = e->object;

	if (vm_entry_is_cow(e) || obj == NULL || !obj->ops->swap)
		return;
	vm_object_lock(obj);
	for (; vm_object_next_place(obj, &pindex) && pindex < end; pindex++)
		size->shared++;
	vm_object_unlock(obj);
}

void
vm_oom_size(struct vmspace *vs, struct vm_oom_size *size)
{
	struct vm_map *map = &vs->map;
	const struct vm_cow_ops *cow = map->design->cow;
	struct vm_map_entry *e;

	*size = (struct vm_oom_size){ 0, 0, 0 };
	vm_map_lock_read(map);
	for (e = vm_map_first(map); e != NULL && !map->frozen;
	     e = vm_map_next(map, e)) {
		cow->lock(e);
		cow->walk(e, 0, vm_entry_npages(e), count_page, size);
		cow->unlock(e);
		count_shared(e, size);
	}
	vm_map_unlock_read(map);
}

static vm_pindex_t
total(const struct vm_oom_size *size)
{
	return size->resident + size->swapped + size->shared;
}

/* => spaces_lock held */
static struct vmspace *
largest(struct vm_system *sys, struct vm_oom_size *most)
{
	struct vmspace *found = NULL;
	struct vm_oom_size size;

	*most = (struct vm_oom_size){ 0, 0, 0 };
	LIST_FOREACH(struct vmspace, vs, &sys->spaces, link) {
		if (vs->refs == 0)
			continue;
		vm_oom_size(vs, &size);
		if (total(&size) <= total(most))
			continue;
		*most = size;
		found = vs;
	}
	return found;
}

struct vmspace *
vm_oom_largest(struct vm_system *sys, struct vm_oom_size *size)
{
	struct vmspace *found;

	vm_mutex_lock(&sys->spaces_lock);
	do
		found = largest(sys, size);
	while (found != NULL && !vmspace_try_ref(found));
	vm_mutex_unlock(&sys->spaces_lock);
	return found;
}
