/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cow/anon.h - an anon: one page of private memory, shared by reference.
 *
 * A fork copies no page; it lets two amaps name the same anon.  While it has
 * more than one reference it is read-only; who wants to write makes an anon of
 * his own.  All amaps that name an anon share one lock, which guards it.
 */
#ifndef VM_COW_ANON_H
#define VM_COW_ANON_H

#include "vm/vm_page.h"

struct vm_anon {
	uint32_t refs;        /* amap slots that name it */
	struct vm_page *page; /* its page */
};

extern const struct vm_page_owner vm_anon_owner;

/*
 * vm_anon_create: an anon with one reference that owns a new page, of zeroes
 * with VM_PAGE_ZERO; near as in vm_page_alloc.
 * => lock of its amap held; does not block     => NULL: no page, no memory
 */
struct vm_anon *vm_anon_create(struct vm_system *, const struct vm_page *near,
    unsigned flags);

/*
 * vm_anon_unref: one reference less; with the last, page and anon go.
 * => lock held; with the last, nobody maps the page any more, complete on
 *    every processor
 */
void vm_anon_unref(struct vm_system *, struct vm_anon *);

#endif
