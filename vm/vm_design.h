/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_design.h - a design is data: which parts, which policies.  Public.
 */
#ifndef VM_DESIGN_H
#define VM_DESIGN_H

#include "vm/vm_cow.h"
#include "vm/vm_index.h"
#include "vm/vm_pageout_pass.h"
#include "vm/vm_throttle.h"

/* Which resident neighbours a fault enters: so many behind, so many ahead. */
struct vm_neighbours {
	uint8_t behind, ahead;
};

/*
 * What a fault retires: with sequential advice so many pages right behind it;
 * or, when it had to read, the block of so many before the one that it is in,
 * then also when requests have long been in order.
 */
struct vm_behind {
	uint16_t npages;
	bool block;
};

/* Which entries of a map become one. */
enum vm_merge {
	VM_MERGE_ALIKE, /* all that are alike, whenever they become so */
	VM_MERGE_NEW,   /* a new anonymous mapping with the one before it */
};

/* What a stack is made of (vm_stack_map). */
enum vm_stack {
	VM_STACK_WHOLE, /* all of it is mapped; what is over the limit cannot
	                 * be used */
	VM_STACK_GROWS, /* a gap, which faults next to the stack shrink */
};

/* Who is killed when no memory can be made; the host does it (vm_oom.h). */
enum vm_oom {
	VM_OOM_FAULTING, /* whose fault cannot be answered */
	VM_OOM_LARGEST,  /* who has most memory, resident and in swap */
};

struct vm_design {
	const char *name;
	const struct vm_cow_ops *cow;
	const struct vm_index_ops *index;
	enum vm_fit fit; /* which gap is taken for a new mapping */
	/* of objects made for a space, shadows too; and of those that belong to
	 * nobody, once vm_system_prefer says */
	const struct vm_pageindex_ops *pageindex;
	struct vm_neighbours neighbours[3]; /* by enum vm_advice */
	struct vm_behind behind;
	bool around_made; /* also around a page that the fault has made, but
	                      * not at a write to what is private above an
	                      * object */
	enum vm_merge merge;
	bool hold_cuts; /* vm_vslock makes entries of what it holds */
	bool two_steps; /* mapped with default attributes, changed after */
	const struct vm_paging *paging; /* of the system, as below */
	size_t object_cache; /* objects kept without references; 0: any number;
	                      * of the system, once vm_system_prefer says */
	bool inherit_zero;   /* vm_minherit knows VM_INHERIT_ZERO; the advice
	                      * WIPEONFORK, which programs for Linux need, works
	                      * in every design */
	bool immutable;      /* vm_mimmutable */
	bool guards;         /* VM_MMAP_GUARD */
	enum vm_stack stack;
	enum vm_oom oom;
	enum vm_throttle throttle;
	bool stack_check; /* vm_stack_check looks */
};

extern const struct vm_design vm_design_mach, vm_design_freebsd;
extern const struct vm_design vm_design_dragonfly;
extern const struct vm_design vm_design_netbsd, vm_design_openbsd;

/* The design of that name, or NULL. */
const struct vm_design *vm_design_named(const char *name);
/* The i-th design, NULL past the last. */
const struct vm_design *vm_design_nth(unsigned i);

#endif
