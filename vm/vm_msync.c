/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_msync.c - msync, and the mlock family.
 *
 * msync writes the pages of files, never private copies: those have no home
 * (a private mapping of a file flushes the file's pages, which is harmless).
 * The map is unlocked while pages are written; each step looks up again.
 */
#include "vm/vm_mmap.h"
#include "vm/vm_wire.h"

/* ---- msync ---- */

/* A run of an object behind a part of the range, with a reference. */
struct backed {
	struct vm_object *obj; /* NULL: nothing to write there */
	vm_pindex_t first, last;
	vaddr_t end; /* where the part ends */
	bool hole;   /* something before the part is not mapped */
	bool wired;
};

static bool
next_backed(struct vm_map *map, vaddr_t va, vaddr_t end, struct backed *b)
{
	struct vm_map_entry *e;
	vaddr_t start;

	vm_map_lock_read(map);
	e = vm_map_ceiling(map, va);
	if (e == NULL || e->start >= end) {
		vm_map_unlock_read(map);
		return false;
	}
	start = e->start > va ? e->start : va;
	b->hole = start != va;
	b->end = e->end < end ? e->end : end;
	b->wired = vm_entry_is_wired(e);
	b->obj = e->object;
	b->first = e->offset + vm_entry_page(e, start);
	b->last = b->first + vm_atop(b->end - start);
	if (b->obj != NULL)
		vm_object_ref(b->obj);
	vm_map_unlock_read(map);
	return true;
}

static int
sync_backed(struct backed *b, unsigned flags)
{
	int error = 0;

	if ((flags & VM_MS_INVALIDATE) && b->wired)
		error = VM_EBUSY;
	if (b->obj == NULL)
		return error;
	if (error == 0)
		error = vm_object_flush(b->obj, b->first, b->last);
	if (error == 0 && (flags & VM_MS_INVALIDATE) &&
	    b->obj->ops->get != NULL && b->obj->ops->put != NULL)
		vm_object_invalidate(b->obj, b->first, b->last);
	vm_object_unref(b->obj);
	return error;
}

int
vm_msync(struct vmspace *vs, vaddr_t addr, vsize_t len, unsigned flags)
{
	struct backed b;
	vaddr_t va, end;
	bool hole = false;
	int error = 0;

	if ((addr & VM_PAGE_MASK) != 0 ||
	    (flags & (VM_MS_ASYNC | VM_MS_SYNC)) == (VM_MS_ASYNC | VM_MS_SYNC))
		return VM_EINVAL;
	if (!vm_range_fits(addr, len))
		return VM_ENOMEM;
	end = addr + vm_round_page(len);
	for (va = addr; va < end && error == 0; va = b.end) {
		if (!next_backed(&vs->map, va, end, &b))
			break;
		hole |= b.hole;
		error = sync_backed(&b, flags);
	}
	if (error == 0 && (hole || va < end))
		error = VM_ENOMEM;
	return error;
}

/* ---- mlock ---- */

/* The bytes of [start, end) that are not wired yet. */
static vsize_t
unwired_bytes(struct vm_map *map, vaddr_t start, vaddr_t end)
{
	struct vm_map_entry *e;
	vsize_t bytes = end - start;

	vm_map_lock_read(map);
	for (e = vm_map_ceiling(map, start); e != NULL && e->start < end;
	     e = vm_map_next(map, e)) {
		vaddr_t lo = e->start > start ? e->start : start;
		vaddr_t hi = e->end < end ? e->end : end;

		if (vm_entry_is_wired(e))
			bytes -= hi - lo;
	}
	vm_map_unlock_read(map);
	return bytes;
}

/* Any address will do: the range is what its bytes touch. */
static bool
page_range(const struct vmspace *vs, vaddr_t addr, vsize_t len, vaddr_t *start,
    vaddr_t *end)
{
	if (!vm_range_fits(addr, len))
		return false;
	*start = vm_trunc_page(addr);
	*end = vm_round_page(addr + len);
	return *start >= vs->map.index.min && *end <= vs->map.index.max;
}

int
vm_mlock(struct vmspace *vs, vaddr_t addr, vsize_t len)
{
	vaddr_t start, end;

	if (len == 0)
		return 0;
	if (!page_range(vs, addr, len, &start, &end))
		return VM_ENOMEM;
	if (!vmspace_may_wire(vs, unwired_bytes(&vs->map, start, end)))
		return VM_ENOMEM;
	return vm_map_wire(&vs->map, start, end);
}

int
vm_munlock(struct vmspace *vs, vaddr_t addr, vsize_t len)
{
	vaddr_t start, end;

	if (len == 0)
		return 0;
	if (!page_range(vs, addr, len, &start, &end))
		return VM_ENOMEM;
	return vm_map_unwire(&vs->map, start, end);
}

/* The next entry at or after va that can be wired; false at the end. */
static bool
next_entry(struct vm_map *map, vaddr_t va, vaddr_t *start, vaddr_t *end)
{
	struct vm_map_entry *e;

	vm_map_lock_read(map);
	e = vm_map_ceiling(map, va);
	while (e != NULL && (e->flags & VM_ENTRY_FOREIGN))
		e = vm_map_next(map, e);
	if (e != NULL) {
		*start = e->start > va ? e->start : va;
		*end = e->end;
	}
	vm_map_unlock_read(map);
	return e != NULL;
}

static vsize_t
mapped_bytes(struct vm_map *map)
{
	vaddr_t va, start, end;
	vsize_t bytes = 0;

	for (va = 0; next_entry(map, va, &start, &end); va = end)
		bytes += end - start;
	return bytes;
}

/* On error what has been wired stays so: munlockall is for that. */
int
vm_mlockall(struct vmspace *vs, unsigned flags)
{
	struct vm_map *map = &vs->map;
	vaddr_t va, start, end;
	int error = 0;

	if (flags == 0 || flags > (VM_MCL_CURRENT | VM_MCL_FUTURE))
		return VM_EINVAL;
	if ((flags & VM_MCL_CURRENT) && mapped_bytes(map) > vs->wired_limit)
		return VM_ENOMEM;
	vm_map_lock(map);
	map->wire_future = (flags & VM_MCL_FUTURE) != 0;
	vm_map_unlock(map);
	if (!(flags & VM_MCL_CURRENT))
		return 0;
	for (va = 0; error == 0 && next_entry(map, va, &start, &end); va = end)
		error = vm_map_wire(map, start, end);
	return error;
}

int
vm_munlockall(struct vmspace *vs)
{
	struct vm_map *map = &vs->map;
	vaddr_t va, start, end;

	vm_map_lock(map);
	map->wire_future = false;
	vm_map_unlock(map);
	for (va = 0; next_entry(map, va, &start, &end); va = end)
		(void)vm_map_unwire(map, start, end);
	return 0;
}
