/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cow/uvm_resolve.c - pages as UVM finds, copies and makes them.
 *
 *	case 1: the amap has an anon      case 2: it has none
 *
 *	1A read, or sole owner:           2A object's page, not to be written
 *	   map it as it is                   privately: map it (read-only when
 *	1B write, anon is shared:            the entry is private)
 *	   copy to a new anon, which      2B promote: a new anon with a copy of
 *	   takes its place                   the object's page, or with zeroes
 *
 * Before a copy is made the old page leaves the pmap: no other processor may
 * go on reading it once the copy has been written.
 *
 * Sources: Cranor 1998 §5; NetBSD uvm_fault.c.  Differs: never sleeps, see
 * vm_cow.h; the object is locked together with the amap.
 */
#include "vm/cow/lower.h"
#include "vm/cow/uvm.h"
#include "vm/vm_page.h"
#include "vm/vm_pageout_pass.h"
#include "vm/vm_swap.h"

/* ---- resolve ---- */

/* The page whose next frame a new one at page n should have. */
static const struct vm_page *
near_page(const struct vm_resolve *r, vm_pindex_t n)
{
	const struct vm_anon *an = NULL;

	if (r->near != NULL)
		return r->near;
	if (n != 0)
		an = vm_amap_lookup(&r->entry->aref, n - 1);
	return an == NULL || an->borrowed ? NULL : an->page;
}

/* An anon with a copy of pg, or with zeroes when pg is NULL. */
static struct vm_anon *
promote(struct vm_resolve *r, vm_pindex_t n, struct vm_page *pg)
{
	struct vm_anon *an;

	an = vm_anon_create(r->sys, r->entry->aref.amap->family,
	    near_page(r, n), r->page_flags | (pg == NULL ? VM_PAGE_ZERO : 0));
	if (an == NULL)
		return NULL;
	if (!vm_amap_reserve(r->sys, &r->entry->aref, n)) {
		vm_anon_unref(r->sys, an);
		return NULL;
	}
	vm_cow_leave_pmap(r);
	if (pg != NULL)
		vm_page_copy(r->sys, pg, an->page);
	return an;
}

/* 1B: an anon of our own takes the place of a shared one. */
static enum vm_verdict
copy_anon(struct vm_resolve *r, vm_pindex_t n, struct vm_anon *old)
{
	struct vm_map_entry *e = r->entry;
	struct vm_anon *an;

	if ((r->depth & VM_RESOLVE_MAKE) == 0)
		return VM_RESOLVE_ABSENT;
	an = promote(r, n, old->page);
	if (an == NULL)
		return VM_RESOLVE_NOMEM;
	(void)vm_amap_replace(&e->aref, n, an);
	if (e->aref.amap->shared)
		vm_anon_unshare(r->sys, old); /* partners look again */
	vm_anon_unref(r->sys, old);
	return vm_cow_answer(r, an->page, e->prot, VM_COPIED_ANON);
}

/* The anon at page n, if a page for slot can be read there. */
static struct vm_anon *
readable(const struct vm_resolve *r, vm_pindex_t n, vm_slot_t slot)
{
	struct vm_anon *an;

	if (n >= vm_entry_npages(r->entry))
		return NULL;
	an = vm_amap_lookup(&r->entry->aref, n);
	if (an == NULL || an->page != NULL || an->slot != slot)
		return NULL;
	return vm_swap_follows(r->sys, slot - 1, slot) ? an : NULL;
}

/* Begin to read an anon from swap, and up to max with it, those behind it
 * whose slots follow. */
static enum vm_verdict
begin_read(struct vm_resolve *r, vm_pindex_t n, struct vm_anon *an,
    unsigned max)
{
	struct vm_family *family = r->entry->aref.amap->family;
	const struct vm_page *near = near_page(r, n);
	unsigned flags = r->page_flags;
	struct vm_read *rd = r->read;
	struct vm_page *pg;

	*rd = (struct vm_read){ .slot = an->slot };
	while (an != NULL && rd->npages < max) {
		pg = vm_anon_revive(r->sys, family, an, near, flags);
		if (pg == NULL)
			break;
		rd->pages[rd->npages++] = pg;
		near = pg;
		flags = 0;
		an = readable(r, n + rd->npages, rd->slot + rd->npages);
	}
	if (rd->npages == 0)
		return VM_RESOLVE_NOMEM;
	vm_anon_owner.hold(rd->pages[0]);
	return VM_RESOLVE_IO;
}

/* Who reads in order is given those that come next, too. */
static enum vm_verdict
page_in(struct vm_resolve *r, vm_pindex_t n, struct vm_anon *an)
{
	const struct vm_readahead *ra = &r->sys->paging->swapin;
	const struct vm_aref *ar = &r->entry->aref;
	struct vm_reader *reader = &ar->amap->reader;
	enum vm_verdict v;
	struct vm_window w;

	if ((r->depth & VM_RESOLVE_READ) == 0)
		return VM_RESOLVE_ABSENT;
	w = vm_readahead_plan(r->sys, ra, reader, ar->slot + n,
	    r->entry->advice);
	v = begin_read(r, n, an, w.in_order ? w.npages : ra->first);
	if (v == VM_RESOLVE_IO)
		vm_reader_went(reader, &w, ar->slot + n + r->read->npages);
	r->wants = vm_reader_wants(r->sys, ra, reader, ar->slot + n);
	return v;
}

/* A borrowed page, which nobody changes, as it is. */
static enum vm_verdict
read_borrowed(struct vm_resolve *r, const struct vm_anon *an)
{
	r->page = an->page;
	r->prot = vm_cow_readonly(r->entry);
	r->how = VM_FOUND_ANON;
	return VM_RESOLVE_OK;
}

/* The anon of a borrowed page gets one of its own. */
static enum vm_verdict
unborrow(struct vm_resolve *r, vm_pindex_t n, struct vm_anon *an)
{
	struct vm_family *family = r->entry->aref.amap->family;

	if ((r->depth & VM_RESOLVE_MAKE) == 0)
		return VM_RESOLVE_ABSENT;
	return vm_anon_unborrow(r->sys, family, an, near_page(r, n),
		   r->page_flags) ?
	    VM_RESOLVE_OK :
	    VM_RESOLVE_NOMEM;
}

/* Whether the page is borrowed, and stays so.  What is only looked at is left
 * as it is. */
static bool
is_borrowed(const struct vm_resolve *r, struct vm_anon *an)
{
	if (!an->borrowed || (r->depth & VM_RESOLVE_MAKE) == 0)
		return an->borrowed;
	return !vm_anon_inherit(r->sys, r->entry->aref.amap->family, an);
}

static enum vm_verdict
upper(struct vm_resolve *r, vm_pindex_t n, struct vm_anon *an)
{
	struct vm_map_entry *e = r->entry;
	bool sole = an->refs == 1 && !vm_entry_needs_copy(e);
	bool write = (r->access & VM_PROT_WRITE) != 0;
	enum vm_verdict v;

	if (an->page == NULL)
		return page_in(r, n, an);
	if (is_borrowed(r, an)) {
		if (write && !sole)
			return copy_anon(r, n, an);
		if (!write && !r->wire)
			return read_borrowed(r, an);
		v = unborrow(r, n, an);
		if (v != VM_RESOLVE_OK)
			return v;
	}
	r->wants = vm_reader_wants(r->sys, &r->sys->paging->swapin,
	    &e->aref.amap->reader, e->aref.slot + n);
	if (an->page->busy)
		return vm_cow_busy(r, an->page);
	if (write && !sole)
		return copy_anon(r, n, an);
	return vm_cow_answer(r, an->page, sole ? e->prot : vm_cow_readonly(e),
	    VM_FOUND_ANON);
}

/* 2B: the page becomes private. */
static enum vm_verdict
promote_lower(struct vm_resolve *r, vm_pindex_t n, struct vm_page *pg)
{
	struct vm_map_entry *e = r->entry;
	struct vm_anon *an;

	if ((r->depth & VM_RESOLVE_MAKE) == 0)
		return VM_RESOLVE_ABSENT;
	an = promote(r, n, pg);
	if (an == NULL)
		return VM_RESOLVE_NOMEM;
	vm_amap_add(&e->aref, n, an);
	if (pg != NULL && e->aref.amap->shared)
		vm_page_unshare(r->sys, pg);
	return vm_cow_answer(r, an->page, e->prot,
	    pg == NULL ? VM_MADE_ZERO : VM_COPIED_OBJECT);
}

static enum vm_verdict
lower(struct vm_resolve *r, vm_pindex_t n)
{
	struct vm_map_entry *e = r->entry;
	enum vm_verdict v;

	if (e->object == NULL)
		return promote_lower(r, n, NULL);
	v = vm_cow_lower(r, n);
	if (v == VM_RESOLVE_OK && vm_entry_is_cow(e) &&
	    (r->access & VM_PROT_WRITE))
		return promote_lower(r, n, r->page);
	return v;
}

/* Whether the page can only be had by giving the entry an amap of its own. */
static bool
must_settle(const struct vm_resolve *r, const struct vm_anon *an)
{
	const struct vm_map_entry *e = r->entry;

	if (!vm_entry_needs_copy(e))
		return false;
	return (r->access & VM_PROT_WRITE) || (an == NULL && e->object == NULL);
}

enum vm_verdict
vm_uvm_resolve(struct vm_resolve *r)
{
	struct vm_map_entry *e = r->entry;
	vm_pindex_t n = vm_entry_page(e, r->va);
	struct vm_anon *an = NULL;

	if (e->aref.amap != NULL)
		an = vm_amap_lookup(&e->aref, n);
	if (must_settle(r, an))
		return (r->depth & VM_RESOLVE_MAKE) == 0 ? VM_RESOLVE_ABSENT :
							   VM_RESOLVE_SETTLE;
	return an != NULL ? upper(r, n, an) : lower(r, n);
}

/* ---- a device goes ---- */

/* One anon, at page n. */
static enum vm_recalled
recall_anon(struct vm_map_entry *e, vm_pindex_t n, struct vm_anon *an,
    struct vm_recall *rc)
{
	struct vm_resolve r = {
		.sys = rc->sys,
		.entry = e,
		.read = &rc->read,
	};

	if (an->slot == 0 || !vm_swap_is_on(rc->sys, an->slot, rc->id))
		return VM_RECALL_DONE;
	if (an->page != NULL) {
		vm_recall_page(rc, an->page);
		return VM_RECALL_DONE;
	}
	return begin_read(&r, n, an, VM_SWAPIN_MAX) == VM_RESOLVE_IO ?
	    VM_RECALL_READ :
	    VM_RECALL_NOMEM;
}

/* The anons of an entry, which `whose` stands for. */
static enum vm_recalled
recall_anons(struct vm_map_entry *e, const void *whose, struct vm_recall *rc)
{
	vm_pindex_t n = vm_recall_from(rc, whose), end = vm_entry_npages(e);
	enum vm_recalled v;

	while ((n = vm_uvm_next(e, n, end)) < end) {
		v = recall_anon(e, n, vm_amap_lookup(&e->aref, n), rc);
		if (v != VM_RECALL_DONE) {
			vm_recall_stop(rc, whose, n);
			return v;
		}
		n++;
	}
	return VM_RECALL_DONE;
}

/* Parts of an amap that have been lost have no entry of their own: any one of
 * the amap's stands for all of it. */
enum vm_recalled
vm_uvm_recall(struct vm_map_entry *e, struct vm_recall *rc)
{
	struct vm_amap *am = e->aref.amap;
	struct vm_map_entry all = *e;

	if (am == NULL || !am->runs_lost)
		return recall_anons(e, e, rc);
	all.aref.slot = 0;
	all.start = 0;
	all.end = vm_ptoa((vm_pindex_t)am->nslots);
	return recall_anons(&all, am, rc);
}
