/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_design.h - a design is data: which parts, which policies.  Public.
 */
#ifndef VM_DESIGN_H
#define VM_DESIGN_H

#include "vm/vm_cow.h"
#include "vm/vm_index.h"

/* Which resident neighbours a fault enters: so many behind, so many ahead. */
struct vm_neighbours {
	uint8_t behind, ahead;
};

struct vm_design {
	const char *name;
	const struct vm_cow_ops *cow;
	const struct vm_index_ops *index;
	enum vm_fit fit; /* which gap is taken for a new mapping */
	/* of objects made for a space, and of all once vm_system_prefer says */
	const struct vm_pageindex_ops *pageindex;
	struct vm_neighbours neighbours[3]; /* by enum vm_advice */
};

extern const struct vm_design vm_design_mach, vm_design_freebsd;
extern const struct vm_design vm_design_dragonfly;
extern const struct vm_design vm_design_netbsd, vm_design_openbsd;

/* The design of that name, or NULL. */
const struct vm_design *vm_design_named(const char *name);
/* The i-th design, NULL past the last. */
const struct vm_design *vm_design_nth(unsigned i);

#endif
