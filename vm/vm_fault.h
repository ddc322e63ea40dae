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
 * vm_fault_range: make [start, end) usable for access, as by one fault a page
 * but entering what can be in one go.  Stops at the first page that fails and
 * tells where in *stopped (== end when all went well).
 */
int vm_fault_range(struct vm_map *, vaddr_t start, vaddr_t end,
    vm_prot_t access, vaddr_t *stopped);

#endif
