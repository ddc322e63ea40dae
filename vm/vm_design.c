/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_design.c - the presets: which parts make which system.
 */
#include "vm/vm_design.h"

#define BYTES(n) ((n) / VM_PAGE_SIZE) /* in pages */

/* NetBSD UVM: Cranor's amaps, tree with gaps, -3/+4 neighbours. */
const struct vm_design vm_design_netbsd = {
	.name = "netbsd",
	.cow = &vm_cow_uvm,
	.index = &vm_index_rbtree,
	.fit = VM_FIT_FIRST,
	.pageindex = &vm_pageindex_radix,
	.paging = &vm_paging_netbsd,
	.neighbours = {
		[VM_ADV_NORMAL] = { 3, 4 },
		[VM_ADV_RANDOM] = { 0, 0 },
		[VM_ADV_SEQUENTIAL] = { 0, 7 },
	},
	.behind = { .npages = 8 },
	.around_made = true,
	.inherit_zero = true,
	.throttle = VM_THROTTLE_SEVERE,
};

/* OpenBSD UVM: the same in chunks, gaps by size too; neighbours by bytes. */
const struct vm_design vm_design_openbsd = {
	.name = "openbsd",
	.cow = &vm_cow_openbsd,
	.index = &vm_index_twotrees,
	.fit = VM_FIT_BEST,
	.pageindex = &vm_pageindex_tree,
	.paging = &vm_paging_openbsd,
	.neighbours = {
		[VM_ADV_NORMAL] = { BYTES(16384) - 1, BYTES(16384) },
		[VM_ADV_RANDOM] = { 0, 0 },
		[VM_ADV_SEQUENTIAL] = { 0, BYTES(32768) - 1 },
	},
	.behind = { .npages = BYTES(32768) },
	.around_made = true,
	.inherit_zero = true,
	.immutable = true,
	.stack_check = true,
	.throttle = VM_THROTTLE_SEVERE,
};

/* 4.4BSD: Mach's shadow objects with a weak collapse; a list; no neighbours. */
const struct vm_design vm_design_mach = {
	.name = "mach",
	.cow = &vm_cow_mach,
	.index = &vm_index_list,
	.fit = VM_FIT_FIRST,
	.pageindex = &vm_pageindex_hash,
	.paging = &vm_paging_mach,
	.merge = VM_MERGE_NEW,
	.hold_cuts = true,
	.two_steps = true,
	.object_cache = 100,
};

/* FreeBSD: shadow objects kept short; four resident neighbours each way. */
const struct vm_design vm_design_freebsd = {
	.name = "freebsd",
	.cow = &vm_cow_freebsd,
	.index = &vm_index_rbtree,
	.fit = VM_FIT_FIRST,
	.pageindex = &vm_pageindex_radix,
	.paging = &vm_paging_freebsd,
	.neighbours = {
		[VM_ADV_NORMAL] = { 4, 4 },
		[VM_ADV_RANDOM] = { 0, 0 },
		[VM_ADV_SEQUENTIAL] = { 4, 4 },
	},
	.behind = { .npages = BYTES(1048576), .block = true },
	.hold_cuts = true,
	.inherit_zero = true,
	.guards = true,
	.stack = VM_STACK_GROWS,
	.oom = VM_OOM_LARGEST,
	.throttle = VM_THROTTLE_SEVERE,
};

/* DragonFly: backing lists of each entry; neighbours as FreeBSD once had. */
const struct vm_design vm_design_dragonfly = {
	.name = "dragonfly",
	.cow = &vm_cow_backing,
	.index = &vm_index_hinted,
	.fit = VM_FIT_FIRST,
	.pageindex = &vm_pageindex_tree,
	.paging = &vm_paging_dragonfly,
	.neighbours = {
		[VM_ADV_NORMAL] = { 4, 4 },
		[VM_ADV_RANDOM] = { 0, 0 },
		[VM_ADV_SEQUENTIAL] = { 4, 4 },
	},
	.behind = { .npages = BYTES(1048576), .block = true },
	.hold_cuts = true,
	.stack = VM_STACK_GROWS,
	.oom = VM_OOM_LARGEST,
	.throttle = VM_THROTTLE_MIN,
};

static const struct vm_design *const designs[] = {
	&vm_design_mach,
	&vm_design_freebsd,
	&vm_design_dragonfly,
	&vm_design_netbsd,
	&vm_design_openbsd,
};

const struct vm_design *
vm_design_nth(unsigned i)
{
	return i < sizeof(designs) / sizeof(designs[0]) ? designs[i] : NULL;
}

static bool
same_name(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

const struct vm_design *
vm_design_named(const char *name)
{
	const struct vm_design *d;
	unsigned i;

	for (i = 0; (d = vm_design_nth(i)) != NULL; i++) {
		if (same_name(d->name, name))
			return d;
	}
	return NULL;
}
