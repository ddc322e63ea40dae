/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_mlock.c - the mlock family: arguments and errors of vm_wire.h's work.
 *
 * mlock wants every page, and says VM_ENOMEM of what cannot be had, as POSIX
 * does; mlockall takes what is there, as it wires mappings that nobody has
 * looked at: reservations, and files shorter than their mappings.
 */
#include "vm/vm_mmap.h"
#include "vm/vm_wire.h"

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
	int error;

	if (len == 0)
		return 0;
	if (!page_range(vs, addr, len, &start, &end))
		return VM_ENOMEM;
	error = vm_map_wire(&vs->map, start, end, VM_WIRE_ALL);
	return error == VM_ERANGE || error == VM_EIO ? VM_ENOMEM : error;
}

int
vm_munlock(struct vmspace *vs, vaddr_t addr, vsize_t len)
{
	vaddr_t start, end;

	if (len == 0)
		return 0;
	if (!page_range(vs, addr, len, &start, &end))
		return VM_ENOMEM;
	return vm_map_unwire(&vs->map, start, end, VM_WIRE_ALL);
}

/* Set whether new mappings are wired; tells how it was. */
static bool
set_future(struct vm_map *map, bool on)
{
	bool was;

	vm_map_lock(map);
	was = map->wire_future;
	map->wire_future = on;
	vm_map_unlock(map);
	return was;
}

int
vm_mlockall(struct vmspace *vs, unsigned flags)
{
	struct vm_map *map = &vs->map;
	bool was;
	int error = 0;

	if (flags == 0 || flags > (VM_MCL_CURRENT | VM_MCL_FUTURE))
		return VM_EINVAL;
	was = set_future(map, (flags & VM_MCL_FUTURE) != 0);
	if (flags & VM_MCL_CURRENT)
		error = vm_map_wire(map, map->index.min, map->index.max,
		    VM_WIRE_THERE);
	if (error != 0)
		(void)set_future(map, was);
	return error;
}

int
vm_munlockall(struct vmspace *vs)
{
	struct vm_map *map = &vs->map;

	(void)set_future(map, false);
	return vm_map_unwire(map, map->index.min, map->index.max,
	    VM_WIRE_THERE);
}
