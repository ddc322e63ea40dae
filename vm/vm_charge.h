/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_charge.h - promises of memory, in pages, before any page is taken.
 *
 * Who is about to wire a range, or to map memory that will need a page or a
 * slot of swap for each page written, takes a charge for all of it first, and
 * is refused when the sum of all charges would pass what there is.  So two who
 * ask at the same moment cannot both get what is enough for one.
 *
 * Maps hold the charges of their entries (vm_map_charge), objects of shared
 * memory those of their pages.
 */
#ifndef VM_CHARGE_H
#define VM_CHARGE_H

#include "vm/vm_system.h"
#include "vm/vm_types.h"

struct vm_charge {
	uint64_t wired; /* pages that may become wired, once a mapping */
	uint64_t anon;  /* pages of anonymous memory, if they are counted */
};

/*
 * vm_charge_take: all of it, or nothing.
 * => any lock may be held; does not block
 * => VM_EAGAIN: more than may be wired; VM_ENOMEM: more than memory and swap
 * Source: FreeBSD swap_reserve_by_cred, vm_map_wire_user_count_add.
 */
int vm_charge_take(struct vm_system *, const struct vm_charge *);
/* vm_charge_again: what was given a moment ago is charged again, whatever the
 * others have taken since: for who undoes what he did. */
void vm_charge_again(struct vm_system *, const struct vm_charge *);
void vm_charge_give(struct vm_system *, const struct vm_charge *);

/* What is charged now, and the most that may be. */
void vm_charge_get(struct vm_system *, struct vm_charge *now,
    struct vm_charge *max);

/* What is more in a than in b. */
static inline struct vm_charge
vm_charge_beyond(const struct vm_charge *a, const struct vm_charge *b)
{
	return (struct vm_charge){
		.wired = a->wired > b->wired ? a->wired - b->wired : 0,
		.anon = a->anon > b->anon ? a->anon - b->anon : 0,
	};
}

static inline void
vm_charge_add(struct vm_charge *to, const struct vm_charge *more)
{
	to->wired += more->wired;
	to->anon += more->anon;
}

#endif
