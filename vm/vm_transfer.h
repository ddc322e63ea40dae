/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_transfer.h - page transfer: pages come into an address space as private
 * memory, without being copied.  Public.
 *
 * What is handed over is what the caller has on loan (vm_loan.h): pages of
 * another program, or those it has left.
 *
 *	left by their owner	the space owns them: nothing is copied
 *	still owned		amaps of UVM have pages that others own, and
 *				copy when one of both writes; other designs
 *				copy at once (counted, loan_copies)
 *
 * Source: Cranor 1998 ch. 7; NetBSD uvm_loan.c (UVM_LOAN_TOANON).
 */
#ifndef VM_TRANSFER_H
#define VM_TRANSFER_H

#include "vm/vm_loan.h"

/*
 * vm_transfer_pages: npages loans become private memory of a space, readable
 * and writable, at an address that is found for it.
 *
 * addr   in: where to look first, or 0; out: where it is
 * => no lock held; may block, for memory
 * => VM_EINVAL: no pages; VM_ENOMEM: no room, no memory, or a limit; VM_EAGAIN:
 *    the space locks all it maps, and more than may be wired
 * => 0: the loans are no longer the caller's; else they are, and nothing has
 *    changed
 */
int vm_transfer_pages(struct vmspace *, struct vm_page *const *pages,
    size_t npages, vaddr_t *addr);

/*
 * vm_loan_to: lend the pages of [addr, addr + len) to another space, or the
 * same, as private memory there: it has what `from` had at this moment, and
 * both may write.
 *
 * at     in: where to look first, or 0; out: where it is
 * => errors as vm_loan and vm_transfer_pages; then nothing has changed
 */
int vm_loan_to(struct vmspace *from, vaddr_t addr, vsize_t len,
    struct vmspace *to, vaddr_t *at);

/*
 * vm_transfer: hand bytes over: another space, or the same, has them as private
 * memory, and `from` no longer.  Only the ends are copied, where they are parts
 * of pages, which stay in `from`; the whole pages go, and leave a hole.  What
 * is in front of the bytes and behind them in their pages is zero.
 *
 * Pages come without a copy where they can be borrowed (see above) until they
 * have left `from`; else they are copied, and counted.
 *
 * addr, len  bytes, aligned to nothing
 * at	 in: where to look first, or 0; out: where the first byte is, at the
 *	 same place in its page
 * => errors as vm_loan_to and vm_munmap; VM_EINVAL: len is 0.  Then nothing has
 *    changed
 * Source: Cranor 1998 ch. 7 (page transfer).
 */
int vm_transfer(struct vmspace *from, vaddr_t addr, vsize_t len,
    struct vmspace *to, vaddr_t *at);

#endif
