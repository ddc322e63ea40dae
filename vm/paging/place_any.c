/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * paging/place_any.c - whatever is dirty goes together.
 *
 * A page has no place of its own: it gets the next slot of the cluster, and
 * what it had before is free.  So any pages that are to go make one transfer,
 * wherever they belong.
 *
 * Source: Cranor 1998 §6; UVM uvm_pdaemon.c.
 */
#include "vm/vm_swap.h"
#include "vm/vm_swapout.h"

static bool
any_add(struct vm_swapout *c, struct vm_page *pg)
{
	vm_slot_t first;
	unsigned n;

	if (c->room == 0) {
		first = vm_swap_alloc(c->sys, c->max, &n);
		if (first == 0)
			return false;
		vm_swapout_open(c, first, n);
	}
	return vm_swapout_put(c, pg);
}

const struct vm_placement vm_place_any = { "any", any_add, false };
