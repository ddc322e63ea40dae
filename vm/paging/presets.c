/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * paging/presets.c - how each design pages: which scan, which placement, and
 * the numbers that go with them.
 */
#include "vm/vm_io.h"
#include "vm/vm_pageout_pass.h"

/* A few seconds of a program that does nothing but wait for them. */
#define TURNS 40960

/* Files, where a system does not say otherwise. */
#define FILES                                       \
	{                                           \
		.first = 16, .least = 4, .most = 64 \
	}

/* Swap, a page at a time. */
#define ONE                                       \
	{                                         \
		.first = 1, .least = 1, .most = 1 \
	}

/* The same, but to who goes on in order, up to 16: UVM has that for files. */
#define IN_ORDER                                                 \
	{                                                        \
		.first = 1, .least = 1, .most = 16, .deep = true \
	}

/* 4.4BSD: a page keeps its slot, of blocks of 16 KB. */
const struct vm_paging vm_paging_mach = {
	.name = "clock",
	.scan = vm_scan_clock,
	.place = &vm_place_fixed,
	.cluster = 4,
	.file = FILES,
	.swapin = ONE,
	.patience = 1,
	.turns = TURNS,
	.target = { 4, 3 },
	.enough = 1,
};

/* FreeBSD: a laundry, and runs of consecutive indices. */
const struct vm_paging vm_paging_freebsd = {
	.name = "laundry",
	.scan = vm_scan_laundry,
	.place = &vm_place_object,
	.cluster = 32,
	.file = { .first = 16,
	    .least = 16,
	    .most = 32,
	    .step = 8,
	    .around = true },
	.swapin = { .first = 16,
	    .least = 16,
	    .most = 32,
	    .step = 8,
	    .around = true,
	    .deep = true },
	.launders = true,
	.patience = 8,
	.turns = TURNS,
	.target = { 4, 1 },
	.enough = 1,
};

/* DragonFly: what is clean stays to be had again until it is needed. */
const struct vm_paging vm_paging_dragonfly = {
	.name = "clock with spare pages",
	.scan = vm_scan_spare,
	.place = &vm_place_object,
	.cluster = 32,
	.file = FILES,
	.swapin = { .first = 16, .least = 4, .most = 32, .deep = true },
	.patience = 1,
	.turns = TURNS,
	.target = { 2, 1 },
	.enough = 1,
};

/* UVM: any dirty pages make one cluster. */
const struct vm_paging vm_paging_netbsd = {
	.name = "clock",
	.scan = vm_scan_clock,
	.place = &vm_place_any,
	.cluster = VM_CLUSTER_MAX,
	.file = FILES,
	.swapin = IN_ORDER,
	.patience = 1,
	.turns = TURNS,
	.target = { 4, 3 },
	.enough = 4,
};

const struct vm_paging vm_paging_openbsd = {
	.name = "clock",
	.scan = vm_scan_clock,
	.place = &vm_place_any,
	.cluster = VM_CLUSTER_MAX,
	.file = FILES,
	.swapin = IN_ORDER,
	.patience = 1,
	.turns = TURNS,
	.target = { 4, 3 },
	.enough = 4,
	.unmaps = true,
	.encrypt = true,
};
