/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_msync.c - msync.
 *
 * msync writes the pages of files, never private copies: those have no home
 * (a private mapping of a file flushes the file's pages, which is harmless).
 * The map is unlocked while pages are written; each step looks up again.
 *
 * A write that fails is reported once, to whoever asks next for the object's
 * pages to be written, as the store cannot tell whose they were.
 */
#include "vm/vm_mmap.h"

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
	struct vm_map_part p;

	vm_map_lock_read(map);
	if (!vm_map_part(map, va, end, &p)) {
		vm_map_unlock_read(map);
		return false;
	}
	b->hole = p.start != va;
	b->end = p.end;
	b->wired = vm_entry_is_wired(p.entry);
	b->obj = p.entry->object;
	b->first = p.entry->offset + vm_entry_page(p.entry, p.start);
	b->last = b->first + vm_atop(p.end - p.start);
	if (b->obj != NULL)
		vm_object_ref(b->obj);
	vm_map_unlock_read(map);
	return true;
}

static int
write_backed(const struct backed *b, unsigned flags)
{
	if (flags & VM_MS_SYNC)
		return vm_object_sync(b->obj, b->first, b->last);
	if ((flags & VM_MS_ASYNC) && !(flags & VM_MS_INVALIDATE))
		return vm_object_flush_begin(b->obj, b->first, b->last);
	return vm_object_flush(b->obj, b->first, b->last);
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
		error = write_backed(b, flags);
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
