/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_map_limit.c - how much may be wired: by a map, and of all memory.
 *
 * A map counts address space that is locked, pages or not, since that is what
 * its owner was promised; the system counts pages.
 * Source: NetBSD uvm_map_pageable, whose two limits these are.
 */
#include "vm/vm_map.h"

#include "vm/vm_page.h"

#define UNWIRED_SHARE 3 /* a third of memory always stays unwired */

static vsize_t
locked_bytes(struct vm_map *map)
{
	struct vm_map_entry *e;
	vsize_t bytes = 0;

	for (e = vm_map_first(map); e != NULL; e = vm_map_next(map, e)) {
		if (e->flags & VM_ENTRY_LOCKED)
			bytes += e->end - e->start;
	}
	return bytes;
}

int
vm_map_may_wire(struct vm_map *map, vsize_t bytes, vsize_t pages)
{
	struct vm_system *sys = map->sys;
	size_t max = vm_page_count(sys) - vm_page_count(sys) / UNWIRED_SHARE;
	vsize_t have;

	if (bytes != 0 && map->wired_limit != UINT64_MAX) {
		have = locked_bytes(map);
		if (have > map->wired_limit || bytes > map->wired_limit - have)
			return VM_ENOMEM;
	}
	if (pages != 0 &&
	    (vm_atop(pages) > max ||
		vm_page_wired_count(sys) > max - vm_atop(pages)))
		return VM_EAGAIN;
	return 0;
}
