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

#endif
