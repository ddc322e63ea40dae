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

static int
lock(struct vmspace *vs, vaddr_t addr, vsize_t len, unsigned how)
{
	vaddr_t start, end;
	int error;

	if (len == 0)
		return 0;
	if (!page_range(vs, addr, len, &start, &end))
		return VM_ENOMEM;
	error = vm_map_wire(&vs->map, start, end, how);
	return error == VM_ERANGE || error == VM_EIO ? VM_ENOMEM : error;
}

int
vm_mlock(struct vmspace *vs, vaddr_t addr, vsize_t len)
{
	return lock(vs, addr, len, VM_WIRE_ALL);
}

int
vm_mlock_onfault(struct vmspace *vs, vaddr_t addr, vsize_t len)
{
	return lock(vs, addr, len, VM_WIRE_ONFAULT);
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
static enum vm_wire_future
set_future(struct vm_map *map, enum vm_wire_future on)
{
	enum vm_wire_future was;

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
	enum vm_wire_future was,
	    wired = (flags & VM_MCL_ONFAULT) ? VM_FUTURE_ONFAULT :
					       VM_FUTURE_WIRED;
	int error = 0;

	if ((flags & (VM_MCL_CURRENT | VM_MCL_FUTURE)) == 0 ||
	    flags > (VM_MCL_CURRENT | VM_MCL_FUTURE | VM_MCL_ONFAULT))
		return VM_EINVAL;
	was = set_future(map,
	    (flags & VM_MCL_FUTURE) ? wired : VM_FUTURE_PLAIN);
	if (flags & VM_MCL_CURRENT)
		error = vm_map_wire(map, map->index.min, map->index.max,
		    vm_wire_how(wired));
	if (error != 0)
		(void)set_future(map, was);
	return error;
}

int
vm_munlockall(struct vmspace *vs)
{
	struct vm_map *map = &vs->map;

	(void)set_future(map, VM_FUTURE_PLAIN);
	return vm_map_unwire(map, map->index.min, map->index.max,
	    VM_WIRE_THERE);
}
