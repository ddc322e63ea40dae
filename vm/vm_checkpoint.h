/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_checkpoint.h - checkpoints of live address spaces, branches that begin
 * there, and the way back.  Public.
 *
 *	space ----o--------- ... ---- reset: as it was at o
 *		  |
 *		  o checkpoint: what the space was then
 *		 / \
 *	  branch     branch ---o	of which one may take checkpoints, too
 *
 * Nothing is copied but what is written afterwards.  Taking a checkpoint costs
 * by entries, and by the pages whose mappings lose the right to write; a branch
 * costs by entries; a reset by entries, and by the pages that were written
 * since.  In all designs it costs more to reset a space that does not come from
 * the checkpoint by taking it or as a branch, or of which others have been
 * taken or forked since: then all its mappings go.
 *
 * All of a space is kept: every entry with its attributes, whatever children
 * inherit, the break, the limits, which memory is locked, and whether new
 * mappings are.  But what is shared - mapped so, or once inherited so - stays
 * shared: checkpoint, branch and space all see what is written to it, and a
 * reset does not take it back.  Reserved places (vm_reserve) are left out, and
 * a reset ends them.  A branch has nothing locked, as a child.  Wired private
 * pages are copied at once, and a reset makes all of locked memory anew.
 *
 * A checkpoint is an address space in which nobody runs.  It counts as one for
 * what the system promises (vm_system_overcommit), its pages may be paged out,
 * and those that it alone has come back when it goes.
 *
 * Sources: none of the BSDs has it; the parts are vmspace_fork and amap_copy.
 */
#ifndef VM_CHECKPOINT_H
#define VM_CHECKPOINT_H

#include "vm/vmspace.h"

struct vm_checkpoint;

/*
 * vm_checkpoint_take: what the space is now, with one reference.
 * => no lock held; may block, for memory to copy wired pages to
 * => VM_ENOMEM: none; the space goes on unchanged
 */
int vm_checkpoint_take(struct vmspace *, struct vm_checkpoint **);

/*
 * vm_checkpoint_branch: a new space that begins there, with one reference.
 * => no lock held; may block       => VM_ENOMEM: none
 */
int vm_checkpoint_branch(struct vm_checkpoint *, struct vmspace **);

/*
 * vm_checkpoint_reset: the space, any of the same system and design, becomes
 * what the checkpoint is, at one moment: who uses it meanwhile finds the one or
 * the other.  A wiring under way, or a range that is held, ends as if its
 * memory had been unmapped and mapped again.
 * => no lock held; may block
 * => VM_EINVAL: of another system or design; VM_ENOMEM, VM_EAGAIN (more wired
 *    than the system allows): the space goes on unchanged
 */
int vm_checkpoint_reset(struct vm_checkpoint *, struct vmspace *);

/* One reference more, or less; with the last it goes.  Branches stay, and in
 * any order.  => unref: no lock held; may block */
void vm_checkpoint_ref(struct vm_checkpoint *);
void vm_checkpoint_unref(struct vm_checkpoint *);

#endif
