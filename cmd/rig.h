/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rig.h - a system of one design on the soft MMU, to be measured.
 *
 * Files are made of nothing: any length, their pages filled at each page-in.
 * Errors of the system end bsdvm with a message: the rig has memory enough, so
 * there are none.
 */
#ifndef CMD_RIG_H
#define CMD_RIG_H

#include "env/ramswap.h"
#include "vm/vm.h"

struct rig_file {
	uint64_t number, size; /* bytes */
};

struct rig {
	struct vm_machine *machine;
	struct pmap_ops ops; /* of the soft MMU, some of them ours */
	const struct pmap_ops *soft;
	struct vm_system *sys;
	struct vmspace *space;
	struct ramswap swap; /* when it is on */
};

/* What to map. */
struct rig_mapping {
	struct rig_file *file; /* NULL: anonymous memory */
	vsize_t len;           /* bytes */
	vm_prot_t prot;
	bool shared;
};

void rig_init(struct rig *, const struct vm_design *, vm_pindex_t npages);
void rig_fini(struct rig *);

/* So many pages of swap, which is memory. */
void rig_swap_on(struct rig *, uint64_t npages);

/* From now on no page is filled or copied: that is memory's cost, not ours. */
void rig_leave_contents(struct rig *);

/* Map as a process maps a file that it has just opened.  => where */
vaddr_t rig_map(struct rig *, const struct rig_mapping *);
void rig_unmap(struct rig *, vaddr_t, vsize_t len);
/* A child of the space. */
struct vmspace *rig_fork(struct rig *);
/* An access of the program: faults if it must. */
void rig_touch(struct vmspace *, vaddr_t, vm_prot_t access);
void rig_touch_all(struct vmspace *, vaddr_t, vsize_t len, vm_prot_t access);

uint64_t rig_count(const _Atomic uint64_t *counter);

#endif
