/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pager/device.h - objects of frames that belong to somebody else.  Public.
 */
#ifndef VM_PAGER_DEVICE_H
#define VM_PAGER_DEVICE_H

#include "vm/vm_object.h"

/*
 * vm_device_object: the frames first_frame .. first_frame + npages as an
 * object.  Its pages are fictitious: always resident, never freed to the
 * system, written or paged.  NULL: no memory of the host.
 */
struct vm_object *vm_device_object(struct vm_system *, uint64_t first_frame,
    vm_pindex_t npages);

#endif
