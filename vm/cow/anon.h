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
 */
#ifndef VM_COW_ANON_H
#define VM_COW_ANON_H

#include "vm/cow/family.h"
#include "vm/vm_page.h"

struct vm_anon {
	uint32_t refs;        /* amap slots that name it */
	vm_slot_t slot;       /* in swap, or 0 */
	struct vm_page *page; /* its page; NULL: only in swap */
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
 * vm_anon_revive: a busy, clean page for an anon that is only in swap, to be
 * read there.  => lock held    => NULL: no page
 */
struct vm_page *vm_anon_revive(struct vm_system *, struct vm_family *,
    struct vm_anon *, const struct vm_page *near, unsigned flags);

#endif
