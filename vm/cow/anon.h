/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cow/anon.h - an anon: one page of private memory, shared by reference.
 *
 * A fork copies no page; it lets two amaps name the same anon.  While it has
 * more than one reference it is read-only; who wants to write makes an anon of
 * his own.  All amaps that name an anon share one lock, which guards it.
 *
 * The page is in memory, in a slot of swap, or in both, and then the slot has
 * what the page had when it was last written out: good as long as the page is
 * clean.
 *
 * Or the page is borrowed (vm_page_loan.h): then it has another owner, or none,
 * nothing of it but its bytes is the anon's business, and there is no slot.  It
 * becomes the anon's own when it is left to it, and a copy does when it is to
 * be written or wired.
 */
#ifndef VM_COW_ANON_H
#define VM_COW_ANON_H

#include "vm/cow/family.h"
#include "vm/vm_page.h"

struct vm_anon {
	uint32_t refs : 31;    /* amap slots that name it */
	uint32_t borrowed : 1; /* its page is lent to it */
	vm_slot_t slot;        /* in swap, or 0 */
	struct vm_page *page;  /* its page; NULL: only in swap */
};

extern const struct vm_page_owner vm_anon_owner;

/*
 * vm_anon_create: an anon with one reference that owns a new page, of zeroes
 * with VM_PAGE_ZERO; near as in vm_page_alloc.
 * => family's lock held; does not block     => NULL: no page, no memory
 */
struct vm_anon *vm_anon_create(struct vm_system *, struct vm_family *,
    const struct vm_page *near, unsigned flags);

/*
 * vm_anon_unref: one reference less; with the last, page, slot and anon go; a
 * busy page, and the anon with it, when it is no longer busy.
 * => lock held; with the last, nobody maps the page any more, complete on
 *    every processor
 */
void vm_anon_unref(struct vm_system *, struct vm_anon *);

/*
 * vm_anon_borrow: an anon with one reference for a page that the caller has on
 * loan, which it takes over: it owns the page if that is left to it.
 * => family's lock held     => NULL: no memory, the loan is still the caller's
 */
struct vm_anon *vm_anon_borrow(struct vm_system *, struct vm_family *,
    struct vm_page *);

/*
 * vm_anon_inherit: own the borrowed page, if it is left to the anon; or not.
 * vm_anon_unborrow: own a copy of it, which is mapped nowhere, near and flags
 * as in vm_page_alloc; false: no page.
 * => family's lock held
 */
bool vm_anon_inherit(struct vm_system *, struct vm_family *, struct vm_anon *);
bool vm_anon_unborrow(struct vm_system *, struct vm_family *, struct vm_anon *,
    const struct vm_page *near, unsigned flags);

/* vm_anon_unshare: vm_page_unshare, of its page, whosever that is.
 * => family's lock held */
void vm_anon_unshare(struct vm_system *, struct vm_anon *);

/*
 * vm_anon_revive: a busy, clean page for an anon that is only in swap, to be
 * read there.  => lock held    => NULL: no page
 */
struct vm_page *vm_anon_revive(struct vm_system *, struct vm_family *,
    struct vm_anon *, const struct vm_page *near, unsigned flags);

#endif
