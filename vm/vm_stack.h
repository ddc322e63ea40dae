/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_stack.h - stacks as the BSDs make them, and as OpenBSD checks them.
 * Public.
 *
 *	below			 soft			top
 *	 [ cannot be used	   ][ stack	       )   whole (NetBSD)
 *	 [ gap: guard |		 ][ used at first      )   grows (FreeBSD)
 */
#ifndef VM_STACK_H
#define VM_STACK_H

#include "vm/vmspace.h"

struct vm_stack_args {
	vaddr_t top;   /* its end; page aligned, as all lengths are */
	vsize_t max;   /* bytes it may ever have, guard included */
	vsize_t soft;  /* bytes it may have now (RLIMIT_STACK) */
	vsize_t first; /* bytes a growing one has at first; not 0 */
	vsize_t guard; /* bytes a growing one never grows into */
	vm_prot_t prot;
};

/*
 * vm_stack_map: map a stack over [top - max, top), which is free.  Where a
 * design has stacks that grow, it begins with `first` bytes; elsewhere all of
 * it is mapped, and what is below `soft` cannot be used (and where entries can
 * be immutable, that part is).
 * => no lock held; may block
 * => VM_EINVAL, VM_ENOMEM, VM_EEXIST, and where new mappings are wired errors
 *    of vm_map_wire: nothing is mapped
 * Source: NetBSD exec_subr.c; OpenBSD; FreeBSD vm_map_stack.
 */
int vm_stack_map(struct vmspace *, const struct vm_stack_args *);

/* Where a thread's stack pointer was found last; zeroed at first. */
struct vm_stack_spot {
	vaddr_t start, end;
	uint64_t serial; /* of the map, then; 0: never */
};

/*
 * vm_stack_check: is sp inside an entry that was mapped as a stack?  One entry
 * is remembered in *spot until the map changes.
 * => no map lock held; the spot is the caller's alone
 * => 0; VM_EFAULT: it is not.  Designs that do not check say 0.
 * Source: OpenBSD uvm_map_inentry.
 */
int vm_stack_check(struct vmspace *, struct vm_stack_spot *, vaddr_t sp);

#endif
