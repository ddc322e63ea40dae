/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * metadata: what the library's structures take under each design, in bytes.
 *
 *	mapping	a mapping of its own: one page, private, not touched
 *	anon	a resident private page, one of many in a mapping
 *	object	a resident page of shared memory, one of many
 *
 * The last two with the struct vm_page of the frame, which every design has;
 * a page's part of whatever serves many is in them.
 */
#include <stdio.h>

#include "bench/rig.h"

enum { MAPPINGS = 1000, PAGES = 10000, NFRAMES = 2 * PAGES + 4000 };

static const vaddr_t base_va = (vaddr_t)1 << 30;

static vaddr_t
map(struct vmspace *space, vaddr_t va, size_t npages, unsigned flags)
{
	struct vm_mmap_args args = {
		.addr = va,
		.len = vm_ptoa(npages),
		.prot = VM_PROT_RW,
		.flags = flags | VM_MMAP_FIXED,
	};

	must(vm_mmap(space, &args, &va), "vm_mmap");
	return va;
}

static void
map_apart(struct vmspace *space)
{
	for (size_t i = 0; i < MAPPINGS; i++)
		(void)map(space, base_va + vm_ptoa(2 * i), 1, VM_MMAP_PRIVATE);
}

static void
touch(struct vmspace *space, unsigned flags)
{
	vaddr_t va = map(space, 2 * base_va, PAGES, flags);

	for (size_t i = 0; i < PAGES; i++)
		must(vm_fault(&space->map, va + vm_ptoa(i), VM_PROT_WRITE, 0),
		    "vm_fault");
}

static void
touch_private(struct vmspace *space)
{
	touch(space, VM_MMAP_PRIVATE);
}

static void
touch_shared(struct vmspace *space)
{
	touch(space, VM_MMAP_SHARED);
}

/* Bytes that came with it, for each of n. */
static double
cost(const struct vm_design *design, void (*act)(struct vmspace *), size_t n)
{
	struct vm_metadata before, after;
	struct vmspace *space;
	struct rig rig;

	rig_init(&rig, design, NFRAMES);
	must(vmspace_create(rig.sys, design, &space), "vmspace_create");
	vm_metadata_get(rig.sys, &before);
	act(space);
	vm_metadata_get(rig.sys, &after);
	vmspace_unref(space);
	rig_fini(&rig);
	return (double)(vm_metadata_total(&after) -
		   vm_metadata_total(&before)) /
	    (double)n;
}

int
main(void)
{
	const double frame = (double)sizeof(struct vm_page);
	const struct vm_design *d;

	(void)printf("%-10s %8s %8s %8s\n", "design", "mapping", "anon",
	    "object");
	for (unsigned i = 0; (d = vm_design_nth(i)) != NULL; i++)
		(void)printf("%-10s %8.1f %8.1f %8.1f\n", d->name,
		    cost(d, map_apart, MAPPINGS),
		    frame + cost(d, touch_private, PAGES),
		    frame + cost(d, touch_shared, PAGES));
	return 0;
}
