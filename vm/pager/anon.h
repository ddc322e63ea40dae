/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pager/anon.h - objects of shared anonymous memory (UVM's aobj).  Public.
 */
#ifndef VM_PAGER_ANON_H
#define VM_PAGER_ANON_H

#include "vm/vm_object.h"

/*
 * vm_anon_object: an object whose pages begin as zeroes and live as long as
 * it does.  NULL: no memory of the host.
 */
struct vm_object *vm_anon_object(struct vm_system *);
/* The same with a page index that is not the system's own choice. */
struct vm_object *vm_anon_object_indexed(struct vm_system *,
    const struct vm_pageindex_ops *);

#endif
