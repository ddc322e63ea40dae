/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_page_loan.h - pages that others have who are not their owner.
 *
 * A page that is lent does not change.  Nobody may write to it, nor wire it:
 * for its owner that means a copy, which takes its place; then, and when the
 * owner goes, the page is an orphan, which belongs to those it is lent to, and
 * the last of them frees it or makes it his own.
 *
 *	owned, lent --- written to, wired: the owner gets a copy ---.
 *	    |  ^ \---- given up by its owner ----------------------.  |
 *	    |  |						   v  v
 *	    |  `- lent					 orphan, lent
 *	    v							|
 *	  owned <------------- adopted -----------------------+--> free
 *
 * So who has a loan reads the page, and may map it for reading, without its
 * owner's lock, which he need not know; and both ends of a loan are one atomic
 * number: how many have it, and whether it has lost its owner.
 *
 * The page daemon leaves pages that are lent where they are.
 *
 * Source: UVM uvm_loan.c, uvm_loanbreak.  Differs: there the number is under
 * two locks, which are tried in turns.
 */
#ifndef VM_PAGE_LOAN_H
#define VM_PAGE_LOAN_H

#include "vm/vm_page.h"

/* In vm_page.loans, beside how many have the page: it has no owner. */
#define VM_PAGE_ORPHAN ((uint32_t)1 << 31)

static inline bool
vm_page_is_orphan(const struct vm_page *pg)
{
	return (atomic_load_explicit(&pg->loans, memory_order_relaxed) &
		   VM_PAGE_ORPHAN) != 0;
}

/* How many have it. */
static inline uint32_t
vm_page_loans(const struct vm_page *pg)
{
	return atomic_load_explicit(&pg->loans, memory_order_relaxed) &
	    ~VM_PAGE_ORPHAN;
}

/*
 * vm_page_lend: one more has the page.  Nobody can write to it from now on;
 * who could may go on until pmap_update_all().
 * => its owner's lock is held, or the caller has a loan; it is neither busy nor
 *    wired
 */
void vm_page_lend(struct vm_system *, struct vm_page *);

/* vm_page_return: one less; the last frees an orphan.
 * => nobody maps it by this loan, complete on every processor */
void vm_page_return(struct vm_system *, struct vm_page *);

/* Whether the page is an orphan that only the caller has, who has it. */
static inline bool
vm_page_is_left(const struct vm_page *pg)
{
	return atomic_load(&pg->loans) == (VM_PAGE_ORPHAN | 1);
}

/*
 * vm_page_adopt: the caller, to whom the page is left, is its owner now; it is
 * as one that has just been allocated, but for its contents and his mappings.
 */
void vm_page_adopt(struct vm_page *);

/* vm_page_unmap_lent, _unshare_lent: vm_page_unmap, _unshare for who has a loan
 * and does not know the owner's lock. */
void vm_page_unmap_lent(struct vm_system *, struct vm_page *);
void vm_page_unshare_lent(struct vm_system *, struct vm_page *);

/* vm_page_abandon: the page loses its owner; false: and nobody has it.
 * => for vm_page_free() */
bool vm_page_abandon(struct vm_system *, struct vm_page *);

/*
 * vm_page_unlend: a copy takes the place of the page, mapped nowhere, as dirty
 * as it was; near and flags as in vm_page_alloc.  The page is mapped nowhere
 * either, and an orphan.
 * => owner's lock held; not busy    => NULL: no page; nothing has changed
 */
struct vm_page *vm_page_unlend(struct vm_system *, struct vm_page *,
    const struct vm_page *near, unsigned flags);

#endif
