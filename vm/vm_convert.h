/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_convert.h - cargo for a space of another design.
 *
 * Upper layers of one design mean nothing to another, so their pages are
 * copied, through two spaces that nobody else has: one of the old design, in
 * which the entries lie where they did, and one of the new, which gets the
 * same.  What has no upper layer, as mappings of files that nobody has written
 * to, shared memory and guards, is the same in every design.
 *
 *	cargo --> [ old space ]	 pages -->  [ new space ] --> cargo
 */
#ifndef VM_CONVERT_H
#define VM_CONVERT_H

#include "vm/vm_map_extract.h"
#include "vm/vmspace.h"

/*
 * vm_convert: make cargo of from's design one of to's.  What it was made of
 * comes back in a space of its own.
 * => no lock held; blocks: pages are read and written as by a program
 * => VM_ENOMEM, or as vm_fault: cargo is as it was
 */
int vm_convert(struct vm_map *from, struct vm_map *to, struct vm_map_cargo *,
    struct vmspace **originals);

#endif
