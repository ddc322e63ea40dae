/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_vslock.h - wiring for the time of a system call, as vslock(9).  Public.
 *
 * Who has to have a program's buffer in memory for a while holds its range.
 * The pages are faulted in for all that their mappings allow and stay, mapped,
 * until the range is released.  Ranges may overlap each other, and what the
 * program has locked: a page goes back when nobody wants it wired any more.
 *
 *	map	[     entry                   ]
 *	held	      (-------)   (----)		mach, freebsd, dragonfly
 *		[    )[	     )[   )[   )[     ]		make entries of them
 *
 * What is held is the addresses.  So the same holds in all designs of what the
 * program does meanwhile:
 *
 *	unmap, move, discard, no access	  ends with the mapping
 *	map something there		  held from its first use on
 *	allow to write			  copied when written to, and held
 *	fork				  copied now; the child holds nothing
 *	truncate, punch a hole		  the page goes, as a locked one
 *	lock, unlock			  two reasons, one page
 *
 * Sources: UVM uvm_vslock, which leaves entries alone; 4.4BSD vslock, which is
 * vm_map_pageable, and FreeBSD's, vm_map_wire: both cut them.  Differs: those
 * lose count when the range is unmapped in between.
 */
#ifndef VM_VSLOCK_H
#define VM_VSLOCK_H

#include "vm/vmspace.h"

/*
 * vm_vslock: hold the pages that [addr, addr + len) touches, which allow
 * `access`; no pages when len is 0.
 *
 * held   storage of the caller's, until vm_vsunlock; not to be looked at
 * => no lock held; blocks, for pages and for memory
 * => VM_EFAULT: a hole, or foreign; VM_EACCES; VM_EAGAIN: more than the system
 *    allows to be wired, of which every range has its share (wired_limit is for
 *    what programs lock); VM_ENOMEM; other errors as vm_fault
 * => on error nothing is held, nor to be released
 */
int vm_vslock(struct vmspace *, vaddr_t addr, vsize_t len, vm_prot_t access,
    struct vm_held *held);

/*
 * vm_vsunlock: release a range, whatever is mapped there by now; before the
 * last reference to the space goes.
 * => no lock held; does not block, cannot fail
 */
void vm_vsunlock(struct vmspace *, struct vm_held *held);

#endif
