/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pager/device.h - objects of frames that belong to somebody else.  Public.
 */
#ifndef VM_PAGER_DEVICE_H
#define VM_PAGER_DEVICE_H

#include "vm/vm_object.h"

/*
 * vm_device_object: the frames [first_frame, first_frame + npages), not none,
 * as an object.  Its pages are fictitious: always resident, never freed to the
 * system, written or paged.
 * => VM_ENOTSUP: the port can map no frame of a device; VM_EINVAL: not all of
 *    these, or none were asked for; VM_ENOMEM: no memory of the host
 */
int vm_device_object(struct vm_system *, uint64_t first_frame,
    vm_pindex_t npages, struct vm_object **);

#endif
