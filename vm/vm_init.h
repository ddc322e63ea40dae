/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_init.h - the beginning and the end of a system.  Public.
 */
#ifndef VM_INIT_H
#define VM_INIT_H

#include "vm/pmap.h"
#include "vm/vm_design.h"
#include "vm/vm_system.h"

/*
 * vm_system_create: a system on a host and a machine, which both outlive it.
 * => VM_ENOMEM; VM_EINVAL: frames above VM_FRAME_MAX
 * vm_system_destroy: => every vmspace is gone, every object unreferenced
 */
int vm_system_create(const struct vm_env *, struct vm_machine *,
    struct vm_system **);
void vm_system_destroy(struct vm_system *);

/*
 * vm_system_prefer: what is made without a space, as the objects of files, is
 * made from now on as that design has it.  => nobody else uses the system
 */
void vm_system_prefer(struct vm_system *, const struct vm_design *);

/*
 * vm_system_overcommit: whether more anonymous memory may be mapped than memory
 * and swap can ever hold; at first, it may.  If not, what may be written is
 * charged when it is mapped, forked, or its protection changed, and refused
 * with VM_ENOMEM when the sum of all would be too much.
 * => nothing has been mapped yet
 * Source: FreeBSD vm.overcommit, its first bit.
 */
void vm_system_overcommit(struct vm_system *, bool allowed);

#endif
