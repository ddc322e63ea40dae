/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_loan.h - page loanout: a program's pages for the kernel to read.  Public.
 *
 * Who sends what a program has in memory need not copy it: he borrows the pages
 * and hands them on, to a device or a socket.  They are what the program had at
 * that moment, whatever it does next: one that it writes to gets a copy, and
 * what it unmaps, or leaves by its exit, lives until it is given back.
 *
 *	program  [ a ][ b ][ c ]     writes B     [ a ][ B ][ c ]
 *		   |    |    |	    -------->	    |	      |
 *	pages	 { a ,  b ,  c }		  { a ,  b ,  c }
 *
 * Private and shared memory alike, files, and memory that has been lent before.
 * The page daemon leaves lent pages where they are, so that they count as
 * wired (vm_charge.h): a third of memory is never lent.
 *
 * Source: Cranor 1998 ch. 7; NetBSD uvm_loan.c (UVM_LOAN_TOPAGE).
 */
#ifndef VM_LOAN_H
#define VM_LOAN_H

#include "vm/pmap.h"
#include "vm/vmspace.h"

/*
 * vm_loan: borrow the pages of [addr, addr + len), which are read in if need
 * be.  pages has room for len / VM_PAGE_SIZE; with pages[i] comes a loan of the
 * i-th page, to be given back one by one, in any order, when all spaces have
 * gone too.
 *
 * => no lock held; may block, as vm_fault
 * => VM_EINVAL: not page aligned; VM_EBUSY: a page is wired; VM_ENOTSUP: a
 *    device's; VM_EAGAIN: more than may be wired; others as vm_fault
 * => on error nothing is lent
 */
int vm_loan(struct vmspace *, vaddr_t addr, vsize_t len,
    struct vm_page **pages);

/* vm_unloan: give loans back.  => any lock may be held but those of page and
 * free list; does not block */
void vm_unloan(struct vm_system *, struct vm_page *const *pages, size_t npages);

/* The bytes of a page that is lent; with a port whose frames the host can
 * reach. */
static inline const void *
vm_loan_data(struct vm_system *sys, struct vm_page *pg)
{
	return pmap_page_data(sys->machine, pg);
}

#endif
