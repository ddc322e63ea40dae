/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vmspace.h - address spaces: a map, its pmap, and the heap's break.  Public.
 */
#ifndef VMSPACE_H
#define VMSPACE_H

#include "vm/vm_map.h"

struct vmspace {
	struct vm_map map;
	struct list link; /* (spaces_lock) all spaces of the system */
	_Atomic uint32_t refs;
	struct vm_mutex
	    brk_lock; /* held while the break moves; above the map */
	vaddr_t brk_start, brk_end; /* (brk_lock) heap; equal: empty */
	vsize_t data_limit;         /* (brk_lock) RLIMIT_DATA for brk */
	_Atomic vsize_t rss_limit;  /* bytes; vm_swapper.h */
	_Atomic uint64_t slept;     /* since that pass; 0: it runs */
	_Atomic uint64_t out;       /* swapped out since that pass; 0: in */
	_Atomic bool wakes;         /* it is out, and would like to run */
};

/*
 * vmspace_create: an empty space with one reference, of a design, over all
 * addresses of the machine.  => VM_ENOMEM
 */
int vmspace_create(struct vm_system *, const struct vm_design *,
    struct vmspace **);
void vmspace_ref(struct vmspace *);
/* The same for who has found it in the list: false when it is about to go.
 * => spaces_lock held */
bool vmspace_try_ref(struct vmspace *);
/* => no lock held; the last one unmaps everything; may block */
void vmspace_unref(struct vmspace *);

/*
 * vmspace_fork: a child as the inheritance of each entry says.
 * => no lock held; may block       => VM_ENOMEM: no child, parent unchanged
 * Source: UVM uvmspace_fork.
 */
int vmspace_fork(struct vmspace *parent, struct vmspace **child);

/*
 * vmspace_copy: a new space with a twin of each entry that `what` wants one of,
 * and the limits and the break of the other; `done` when all are there, with
 * both maps write-locked, may be NULL.
 * => no lock held; may block       => VM_ENOMEM: none, nothing has changed
 */
struct vmspace_copying {
	vm_map_inherit_fn *what;
	void (*done)(struct vm_map *from, struct vm_map *to);
};
int vmspace_copy(struct vmspace *from, const struct vmspace_copying *,
    struct vmspace **to);
/* => the map and the break of `to` locked, and of `from` or it is frozen */
void vmspace_inherit_limits(const struct vmspace *from, struct vmspace *to);

/*
 * vmspace_get_memory: what copies at once needs a page for each that it copies,
 * all at the same time, and does not say how many: ask for some, and for more
 * each time it still fails.
 * => no lock held; blocks   => false: there is no more, or it was often enough
 */
struct vmspace_tries {
	unsigned n;
	size_t npages;
};
bool vmspace_get_memory(struct vm_system *, struct vmspace_tries *);

/* vmspace_reset: unmap everything, foreign entries too (exec). */
void vmspace_reset(struct vmspace *);

/*
 * vmspace_read, vmspace_write: copy between the space and a buffer, as the
 * program itself would access it: faults are resolved, protection counts.
 * buf must not itself be memory of a space of this system: it is accessed with
 * locks held that a fault needs.
 * *done tells how far it came.  => no lock held; may block  => as vm_fault
 */
int vmspace_read(struct vmspace *, vaddr_t, void *buf, size_t len,
    size_t *done);
int vmspace_write(struct vmspace *, vaddr_t, const void *buf, size_t len,
    size_t *done);

#endif
