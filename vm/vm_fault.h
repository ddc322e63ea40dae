/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_fault.h - faults: make an address usable.  Public.
 */
#ifndef VM_FAULT_H
#define VM_FAULT_H

#include "vm/vm_map.h"

/* Flags of vm_fault. */
#define VM_FAULT_NARROW 1 /* only this page: no neighbours, none ahead */

/*
 * vm_fault: make va usable for access (VM_PROT_READ, WRITE or EXEC).  In a
 * wired entry the page is entered wired, and for all that the entry allows.
 *
 * => no lock held; blocks for I/O and busy pages
 * => VM_EFAULT: nothing mapped (SIGSEGV, SEGV_MAPERR); VM_EACCES: protection
 *    (SIGSEGV, SEGV_ACCERR); VM_ERANGE: past the end of a file (SIGBUS,
 *    BUS_ADRERR); VM_EIO: the backing store failed (SIGBUS, BUS_OBJERR);
 *    VM_ENOMEM: no page to be had
 * => 0: the pmap allows the access, or did: somebody may have taken the page
 *    away again already, then the access faults once more
 * Source: UVM uvm_fault; restart from the top instead of relocking.
 */
int vm_fault(struct vm_map *, vaddr_t va, vm_prot_t access, unsigned flags);

/*
 * A fault that is tried without sleeping.  All zeroes at first; the same one
 * for each try of that fault, up to its end or to vm_fault_leave.  It stays
 * where it is meanwhile.
 */
struct vm_fault_wait {
	struct vm_wait wait;        /* when to try again: vm_wait_is_over() */
	struct vm_reading *reading; /* of its own, or NULL */
	vaddr_t va;                 /* of a range: the page waited for */
	unsigned tries, reclaims, throttled;
};

/*
 * vm_fault_try: as vm_fault, but a page that has to be read, one that is busy,
 * and memory that has to be made, are not slept for.  (The pages of a wired
 * stack that grows are, and a read by a pager that has no get_start.)
 *
 * => VM_EWAIT: call again when the wait is over: of that the host is told as
 *    of a thread that wakes up.  The access may be another one by then
 * => no lock held.  Sleeps for a read if the host has no memory to begin it,
 *    and as vm_object_unref does if nobody else has a reference any more to the
 *    object that is read
 */
int vm_fault_try(struct vm_map *, vaddr_t va, vm_prot_t access, unsigned flags,
    struct vm_fault_wait *);

/* vm_fault_leave: nobody wants it any more; what was begun goes on by itself.
 * => also when nothing is waited for */
void vm_fault_leave(struct vm_fault_wait *);

/*
 * vm_fault_range: make [start, end) usable for access, as by one fault a page
 * but entering what can be in one go.  Stops at the first page that fails and
 * tells where in *stopped (== end when all went well).
 */
int vm_fault_range(struct vm_map *, vaddr_t start, vaddr_t end,
    vm_prot_t access, vaddr_t *stopped);

/*
 * vm_fault_try_range: the same for [start, *end), by faults that are tried.
 * *end is where it stopped, which is the page to wait for at VM_EWAIT.
 *
 * wait  as for one fault.  To try with another range, or to begin in another
 *       place, forgets what was waited for
 * => as vm_fault_try
 */
int vm_fault_try_range(struct vm_map *, vaddr_t start, vaddr_t *end,
    vm_prot_t access, struct vm_fault_wait *wait);

#endif
