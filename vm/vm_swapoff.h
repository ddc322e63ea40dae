/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_swapoff.h - take a device to swap to away while everything runs.  Public.
 *
 * Nothing more is written there; what is there comes back into memory, and is
 * dirty, so that it goes elsewhere when memory is short.  What is freed
 * meanwhile need not come back.
 */
#ifndef VM_SWAPOFF_H
#define VM_SWAPOFF_H

#include "vm/vm_system.h"

/*
 * vm_swapoff: empty and remove a device, the id being that of vm_swap_add.
 *
 * => no lock held; blocks
 * => 0: it has been closed; VM_EINVAL: no such; VM_ENOMEM: what is there does
 *    not fit into memory and on the other devices; VM_EIO: it cannot be read;
 *    VM_EBUSY: somebody else removes it, or holds what is there and does not
 *    let go
 * => on error the device is used as before, and nobody has lost anything
 * Source: UVM uvm_swap_off, amap_swap_off, uao_swap_off.
 */
int vm_swapoff(struct vm_system *, unsigned id);

#endif
