/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_willneed.h - bringing in what will be needed.
 */
#ifndef VM_WILLNEED_H
#define VM_WILLNEED_H

#include "vm/vm_map.h"

/*
 * vm_willneed: read what is in swap or in files, of [start, end), as far as
 * that may be read and memory is not short.
 *
 * start, end  bytes, page aligned
 * => no lock held.  All is only begun to be read, so many requests at a time;
 *    only a pager that has no get_start is waited for
 * => errors are for who needs the page
 */
void vm_willneed(struct vm_map *, vaddr_t start, vaddr_t end);

#endif
