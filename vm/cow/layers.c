/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cow/layers.c - finding, copying and making pages in a stack of objects.
 *
 *	found in the top, which is the entry's alone	map it as it is
 *	found below, or the top is shared, read		map it read-only
 *	found below, write				copy it into the top,
 *							or take it over
 *	found nowhere					the entry's object, or
 *							a new page of zeroes
 *
 * Sources: 4.4BSD and FreeBSD vm_fault.c.  Differs: a fault never sleeps here
 * (vm_cow.h), and under the family's lock nobody races it down the stack, so
 * no busy page holds its place in the top meanwhile.
 */
#include "vm/cow/layers.h"

#include "vm/cow/lower.h"
#include "vm/vm_charge.h"
#include "vm/vm_page_loan.h"
#include "vm/vm_pageq.h"

struct vm_layer_at
vm_layers_find(const struct vm_map_entry *e, vm_pindex_t n)
{
	struct vm_layer_at at = { e->layers.top, e->layers.first + n, NULL, 0 };
	struct vm_object *obj;

	for (; at.layer != NULL; at.layer = at.layer->below) {
		obj = at.layer->obj;
		at.page = vm_object_lookup(obj, at.pindex);
		if (at.page != NULL || vm_swapmap_at(&obj->swap, at.pindex))
			break;
		at.pindex += at.layer->offset;
		at.depth++;
	}
	return at;
}

/* ---- resolve ---- */

static vm_pindex_t
top_index(const struct vm_resolve *r)
{
	return r->entry->layers.first + vm_entry_page(r->entry, r->va);
}

/* The page whose next frame a new one of the top should have. */
static const struct vm_page *
near_page(const struct vm_resolve *r)
{
	vm_pindex_t i = top_index(r);

	if (r->near != NULL || i == 0)
		return r->near;
	return vm_object_lookup(r->entry->layers.top->obj, i - 1);
}

/* A new page of the top layer, with a copy of pg or zeroes. */
static enum vm_verdict
fill_top(struct vm_resolve *r, struct vm_page *pg, enum vm_resolved_how how)
{
	struct vm_map_entry *e = r->entry;
	struct vm_page *new;

	if ((r->depth & VM_RESOLVE_MAKE) == 0)
		return VM_RESOLVE_ABSENT;
	new = vm_object_grab(e->layers.top->obj, top_index(r), near_page(r),
	    r->page_flags | (pg == NULL ? VM_PAGE_ZERO : 0));
	if (new == NULL)
		return VM_RESOLVE_NOMEM;
	/* The new page hides the old from here on, and nobody may go on seeing
	 * the old one where it is hidden: it has left our pmap before there is
	 * a copy that can be written, and those of others who have this top
	 * before the lock goes, under which they look again. */
	vm_cow_leave_pmap(r);
	if (pg != NULL)
		vm_page_copy(r->sys, pg, new);
	if (pg != NULL && (e->flags & VM_ENTRY_SHARED))
		vm_page_unshare(r->sys, pg); /* our partners look again */
	return vm_cow_answer(r, new,
	    vm_entry_needs_copy(e) ? vm_cow_readonly(e) : e->prot, how);
}

static enum vm_verdict
copy_up(struct vm_resolve *r, const struct vm_layer_at *at,
    const struct vm_layers_policy *policy)
{
	enum vm_verdict v;

	if ((r->depth & VM_RESOLVE_MAKE) && policy->take != NULL &&
	    policy->take(r->entry, at)) {
		VM_COUNT(r->sys, cow_moves);
		return vm_cow_answer(r, at->page, r->entry->prot,
		    VM_FOUND_ANON);
	}
	v = fill_top(r, at->page, VM_COPIED_ANON);
	if (v == VM_RESOLVE_OK && policy->copied != NULL)
		policy->copied(r->entry);
	return v;
}

/* The page is in swap or in transit: it comes to the layer that has it. */
static enum vm_verdict
await(struct vm_resolve *r, const struct vm_layer_at *at)
{
	const struct vm_map_entry *e = r->entry;
	vm_pindex_t first = at->pindex - vm_entry_page(e, r->va);
	struct vm_object_want want = {
		.io = (r->depth & VM_RESOLVE_READ) != 0,
		.advice = (enum vm_advice)e->advice,
		.first = first,
		.limit = first + vm_entry_npages(e),
		.read = r->read,
		.near = r->near,
		.page_flags = r->page_flags,
	};
	enum vm_verdict v;

	v = vm_object_resolve(at->layer->obj, at->pindex, &want);
	r->page = want.page;
	r->seen = want.seen;
	return v;
}

static enum vm_verdict
found(struct vm_resolve *r, const struct vm_layer_at *at,
    const struct vm_layers_policy *policy)
{
	struct vm_map_entry *e = r->entry;
	bool own = at->depth == 0 && !vm_entry_needs_copy(e);
	enum vm_verdict v;

	VM_COUNT_PEAK(r->sys, shadow_depth_peak, at->depth + 1);
	if (at->page == NULL || at->page->busy) {
		v = await(r, at);
		r->wants = vm_object_wants(at->layer->obj, at->pindex);
		return v;
	}
	r->wants = vm_object_wants(at->layer->obj, at->pindex);
	if ((r->access & VM_PROT_WRITE) && !own)
		return copy_up(r, at, policy);
	return vm_cow_answer(r, at->page, own ? e->prot : vm_cow_readonly(e),
	    VM_FOUND_ANON);
}

static enum vm_verdict
found_nowhere(struct vm_resolve *r, vm_pindex_t n)
{
	struct vm_map_entry *e = r->entry;
	enum vm_verdict v;

	if (e->object == NULL)
		return fill_top(r, NULL, VM_MADE_ZERO);
	v = vm_cow_lower(r, n);
	if (v == VM_RESOLVE_OK && vm_entry_is_cow(e) &&
	    (r->access & VM_PROT_WRITE))
		return fill_top(r, r->page, VM_COPIED_OBJECT);
	return v;
}

/* Whether the page can only be had with a top layer that is not there yet. */
static bool
must_settle(const struct vm_resolve *r, const struct vm_layers_policy *policy)
{
	const struct vm_map_entry *e = r->entry;

	if (!vm_entry_needs_copy(e))
		return false;
	if (r->access & VM_PROT_WRITE)
		return true;
	return e->layers.top == NULL &&
	    (e->object == NULL || policy->settles_on_read);
}

enum vm_verdict
vm_layers_resolve(struct vm_resolve *r, const struct vm_layers_policy *policy)
{
	vm_pindex_t n = vm_entry_page(r->entry, r->va);
	struct vm_layer_at at;

	if (must_settle(r, policy))
		return (r->depth & VM_RESOLVE_MAKE) == 0 ? VM_RESOLVE_ABSENT :
							   VM_RESOLVE_SETTLE;
	at = vm_layers_find(r->entry, n);
	return at.layer != NULL ? found(r, &at, policy) : found_nowhere(r, n);
}

void
vm_layers_chunk(const struct vm_map_entry *e, vm_pindex_t n, vm_pindex_t want,
    vm_pindex_t *first, vm_pindex_t *last)
{
	(void)n;
	(void)want;
	*first = 0; /* an object costs by its pages, not by its size */
	*last = vm_entry_npages(e);
}

/* ---- the pages of a range ---- */

/* The first page at or after n, of any layer or the object: where to look. */
static vm_pindex_t
next_present(const struct vm_map_entry *e, vm_pindex_t n, vm_pindex_t end)
{
	vm_pindex_t at, shift = e->layers.first;
	const struct vm_layer *l;

	for (l = e->layers.top; l != NULL; shift += l->offset, l = l->below) {
		at = n + shift;
		if (vm_object_next_place(l->obj, &at) && at - shift < end)
			end = at - shift;
	}
	at = n + e->offset;
	if (e->object != NULL && vm_object_next(e->object, &at) != NULL &&
	    at - e->offset < end)
		end = at - e->offset;
	return end;
}

/* What has been freed and is still busy lies there, but is nobody's. */
static bool
is_in_layer(const struct vm_layer_at *at)
{
	return at->layer != NULL && (at->page == NULL || !at->page->released);
}

void
vm_layers_walk(struct vm_map_entry *e, vm_pindex_t n, vm_pindex_t len,
    vm_cow_walk_fn *fn, void *arg)
{
	vm_pindex_t end = n + len;
	struct vm_layer_at found;
	struct vm_cow_page at;

	for (n = next_present(e, n, end); n < end;
	     n = next_present(e, n + 1, end)) {
		at.n = n;
		found = vm_layers_find(e, n);
		at.upper = is_in_layer(&found);
		at.page = at.upper ? found.page :
				     vm_object_lookup(e->object, e->offset + n);
		fn(&at, arg);
	}
}

void
vm_layers_dump(const struct vm_map_entry *e, const struct fmt_out *out)
{
	const struct vm_layer *l = e->layers.top;
	unsigned long long first = e->layers.first;

	for (; l != NULL; first += l->offset, l = l->below)
		fmt_printf(out,
		    "object %p page %llu: refs %u, resident %llu, "
		    "in swap %llu%s",
		    (const void *)l->obj, first, l->obj->refs,
		    (unsigned long long)l->obj->npages,
		    (unsigned long long)l->obj->swap.count,
		    l->below == NULL ? "\n" : " over ");
}

/*
 * Whoever writes to a page while it is copied has to wait for us, or the copy
 * has some of what is written and not what was written before.  Pages that are
 * wired stay as they are mapped.
 */
static void
stop_writers(struct vm_map_entry *e, struct vm_machine *m)
{
	vm_pindex_t n, end = vm_entry_npages(e);
	struct vm_page *pg;

	for (n = next_present(e, 0, end); n < end;
	     n = next_present(e, n + 1, end)) {
		pg = vm_layers_find(e, n).page;
		if (pg != NULL && pg->wire_count == 0)
			(void)pmap_page_protect(m, pg,
			    VM_PROT_READ | VM_PROT_EXEC);
	}
	pmap_update_all(m);
}

/* Not what only the entry's object has, nor what is being freed. */
static bool
is_to_copy(const struct vm_layer_at *at)
{
	return at->layer != NULL && (at->page == NULL || !at->page->released);
}

/* How many new pages copies would need: those in swap need none. */
static vm_pindex_t
must_make(const struct vm_map_entry *e, const struct vm_object *to,
    vm_pindex_t first)
{
	vm_pindex_t n, end = vm_entry_npages(e), pages = 0;
	struct vm_layer_at at;

	for (n = next_present(e, 0, end); n < end;
	     n = next_present(e, n + 1, end)) {
		at = vm_layers_find(e, n);
		if (is_to_copy(&at) && at.page != NULL && !at.page->filling &&
		    !vm_object_has(to, first + n))
			pages++;
	}
	return pages;
}

int
vm_layers_copy_pages(struct vm_map_entry *e, struct vm_object *to,
    vm_pindex_t first)
{
	vm_pindex_t n, end = vm_entry_npages(e);
	struct vm_layer_at at;
	int error = 0;

	if (must_make(e, to, first) + vm_page_reserve(to->sys) >
	    vm_page_free_count(to->sys))
		return VM_ENOMEM;
	stop_writers(e, to->sys->machine);
	for (n = next_present(e, 0, end); error == 0 && n < end;
	     n = next_present(e, n + 1, end)) {
		at = vm_layers_find(e, n);
		if (is_to_copy(&at) && !vm_object_has(to, first + n))
			error = vm_object_copy(at.layer->obj, at.pindex, to,
			    first + n);
	}
	return error;
}

/* The page itself takes a place in the top.  false: no memory */
static bool
adopt(struct vm_object *obj, vm_pindex_t i, struct vm_page *pg)
{
	if (vm_object_insert(obj, pg, i) != 0) {
		pg->owner = NULL;
		return false;
	}
	vm_page_adopt(pg);
	vm_pageq_put(obj->sys, pg, VM_PAGE_ACTIVE);
	vm_charge_give(obj->sys, &(struct vm_charge){ .wired = 1 });
	return true;
}

enum vm_verdict
vm_layers_give(struct vm_system *sys, struct vm_map_entry *e, vm_pindex_t n,
    struct vm_page *pg)
{
	struct vm_object *obj = e->layers.top->obj;
	vm_pindex_t i = e->layers.first + n;
	struct vm_page *copy;

	if (vm_page_is_left(pg))
		return adopt(obj, i, pg) ? VM_RESOLVE_OK : VM_RESOLVE_NOMEM;
	copy = vm_object_grab(obj, i, NULL, 0);
	if (copy == NULL)
		return VM_RESOLVE_NOMEM;
	vm_page_copy(sys, pg, copy);
	VM_COUNT(sys, loan_copies);
	return VM_RESOLVE_OK;
}

static int
push_page(struct vm_object *from, struct vm_object *to, vm_pindex_t i)
{
	struct vm_page *pg = vm_object_lookup(from, i);

	if (pg != NULL && pg->wire_count != 0)
		return vm_object_copy(from, i, to, i);
	if (pg != NULL)
		(void)pmap_page_protect(from->sys->machine, pg,
		    VM_PROT_READ | VM_PROT_EXEC);
	return vm_object_move(from, i, to, i);
}

int
vm_layers_push_down(struct vm_object *from, struct vm_object *to,
    vm_pindex_t start, vm_pindex_t end)
{
	vm_pindex_t i = start;
	int error = 0;

	for (; error == 0 && vm_object_next_place(from, &i) && i < end; i++)
		error = push_page(from, to, i);
	pmap_update_all(from->sys->machine);
	return error;
}

void
vm_layers_unmap_top(struct vm_rewind *rw)
{
	const struct vm_map_entry *e = rw->entry;
	vm_pindex_t first = e->layers.first, i = first;
	vm_pindex_t end = first + vm_entry_npages(e);
	struct vm_object *obj = e->layers.top->obj;
	vaddr_t va;

	for (; vm_object_next(obj, &i) != NULL && i < end; i++) {
		va = e->start + vm_ptoa(i - first);
		pmap_remove(rw->pmap, va, va + VM_PAGE_SIZE);
		rw->npages++;
	}
	pmap_update(rw->pmap);
}

bool
vm_layers_hides(const struct vm_map_entry *e, vm_pindex_t n, vm_pindex_t len)
{
	vm_pindex_t at, shift = e->layers.first;
	const struct vm_layer *l;

	for (l = e->layers.top; l->below != NULL; l = l->below) {
		shift += l->offset;
		at = n + shift;
		if (vm_object_next_place(l->below->obj, &at) &&
		    at - shift < n + len)
			return true;
	}
	return false;
}
