/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_metadata.c - asks each layer what its structures take.
 *
 * Pools know how many of their objects are in use; only what has no fixed size
 * is counted as it comes and goes.
 */
#include "vm/vm_metadata.h"

#include "vm/cow/cow_pool.h"
#include "vm/vm_map.h"
#include "vm/vm_object.h"
#include "vm/vm_page.h"

static size_t
layer_bytes(struct vm_system *sys)
{
	size_t bytes = 0;

	for (unsigned kind = 0; kind < VM_COW_KINDS; kind++) {
		if (kind != VM_COW_ANON)
			bytes += vm_cow_bytes(sys, (enum vm_cow_kind)kind);
	}
	return bytes;
}

void
vm_metadata_get(struct vm_system *sys, struct vm_metadata *md)
{
	md->frames = vm_page_count(sys) * sizeof(struct vm_page);
	md->entries = vm_entry_bytes(sys);
	md->anons = vm_cow_bytes(sys, VM_COW_ANON);
	md->layers = layer_bytes(sys);
	md->slots = atomic_load_explicit(&sys->slot_bytes,
	    memory_order_relaxed);
	md->objects = vm_object_bytes(sys);
	md->page_index = atomic_load_explicit(&sys->index_bytes,
	    memory_order_relaxed);
}

size_t
vm_metadata_total(const struct vm_metadata *md)
{
	return md->frames + md->entries + md->anons + md->layers + md->slots +
	    md->objects + md->page_index;
}
