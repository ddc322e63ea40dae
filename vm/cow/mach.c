/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cow/mach.c - copy-on-write as Mach has it: shadow objects, in two strengths.
 *
 * A fork gives parent and child the same object and marks both entries as
 * needing a copy; the first write of either makes a shadow above it, to which
 * it copies page by page what it writes.
 *
 *			 mach (4.4BSD)		freebsd
 *	only user left	 still makes a shadow	writes in place
 *	chains shortened at a copying fault	when a reference goes, at fork
 *	page below	 copied			moved up, if nobody else
 *						refers to its object
 *	partial unmap	 frees nothing		frees what one entry mapped
 *	first fault of a makes its shadow	reads the file's page
 *	  private file
 *	fork again	 protects all pages	no work in the pmap
 *
 * Sources: 4.4BSD vm_object.c, vm_map.c, vm_fault.c; FreeBSD 13 the same and
 * its OBJ_ONEMAPPING.  Differs: the file's object is never part of a chain but
 * the entry's own, below it, so a chain has anonymous memory only.
 */
#include "vm/cow/lower.h"
#include "vm/cow/shadow.h"
#include "vm/pmap.h"
#include "vm/vm_page.h"

static struct vm_shadow *
top_of(const struct vm_map_entry *e)
{
	return vm_shadow_of(e->layers.top);
}

static const struct vm_shadow_policy mach_policy, freebsd_policy;

/* ---- lock ---- */

static void
mach_lock(struct vm_map_entry *e)
{
	if (e->layers.top != NULL)
		vm_shadow_lock(top_of(e));
	if (e->object != NULL)
		vm_object_lock(e->object);
}

static void
mach_unlock(struct vm_map_entry *e)
{
	if (e->object != NULL)
		vm_object_unlock(e->object);
	if (e->layers.top != NULL)
		vm_shadow_unlock(top_of(e));
}

/* ---- resolve ---- */

static enum vm_verdict
mach_resolve(struct vm_resolve *r)
{
	return vm_layers_resolve(r, &mach_policy.layers);
}

static enum vm_verdict
freebsd_resolve(struct vm_resolve *r)
{
	return vm_layers_resolve(r, &freebsd_policy.layers);
}

/* 4.4BSD tries once after each copy, from the top alone. */
static void
collapse_top(struct vm_map_entry *e)
{
	vm_shadow_collapse(top_of(e));
}

/* FreeBSD vm_fault_cow: from right below the top, and only ours. */
static bool
take_page(struct vm_map_entry *e, const struct vm_layer_at *at)
{
	struct vm_layer *top = e->layers.top;

	if (at->depth != 1 || vm_shadow_refs(vm_shadow_of(at->layer)) != 1)
		return false;
	return vm_object_move(at->layer->obj, at->pindex, top->obj,
		   at->pindex - top->offset) == 0;
}

/* ---- settle ---- */

static bool
may_take_over(struct vm_shadow *s)
{
	bool sole;

	if (!s->policy->takes_over)
		return false;
	vm_shadow_lock(s);
	sole = vm_shadow_refs(s) == 1;
	vm_shadow_unlock(s);
	return sole;
}

static int
settle(struct vm_system *sys, struct vm_map_entry *e,
    const struct vm_shadow_policy *policy, const struct vm_pageindex_ops *index)
{
	vm_pindex_t npages = vm_entry_npages(e);
	struct vm_shadow *s;

	if (!vm_entry_needs_copy(e))
		return 0;
	if (e->layers.top != NULL && may_take_over(top_of(e))) {
		VM_COUNT(sys, shadow_takes);
		e->flags &= (uint8_t)~VM_ENTRY_NEEDS_COPY;
		return 0;
	}
	if (e->layers.top == NULL)
		s = vm_shadow_create(sys, policy, index, npages);
	else
		s = vm_shadow_create_over(sys, top_of(e), e->layers.first,
		    npages);
	if (s == NULL)
		return VM_ENOMEM;
	e->layers.top = &s->layer;
	e->layers.first = 0;
	e->flags &= (uint8_t)~VM_ENTRY_NEEDS_COPY;
	return 0;
}

static int
mach_settle(struct vm_system *sys, struct vm_map_entry *e,
    const struct vm_pageindex_ops *index)
{
	return settle(sys, e, &mach_policy, index);
}

static int
freebsd_settle(struct vm_system *sys, struct vm_map_entry *e,
    const struct vm_pageindex_ops *index)
{
	return settle(sys, e, &freebsd_policy, index);
}

/* ---- fork ---- */

/* dst uses the same part of the same shadow. */
static void
ref_top(const struct vm_map_entry *src, struct vm_map_entry *dst)
{
	struct vm_shadow *s = top_of(src);

	dst->layers = src->layers;
	if (s == NULL)
		return;
	vm_shadow_lock(s);
	vm_object_ref(s->layer.obj);
	s->one_mapping = false;
	vm_shadow_unlock(s);
}

/*
 * Write-protect page by page what the object has, whoever maps it: 4.4BSD's
 * vm_object_pmap_copy, the cost that each fork pays again.  => locked
 */
static void
protect_pages(const struct vm_map_entry *e)
{
	struct vm_object *obj = e->layers.top->obj;
	vm_pindex_t i = e->layers.first, end = i + vm_entry_npages(e);
	struct vm_page *pg;

	for (; (pg = vm_object_next(obj, &i)) != NULL && i < end; i++)
		(void)pmap_page_protect(obj->sys->machine, pg,
		    VM_PROT_READ | VM_PROT_EXEC);
}

/*
 * The entry is one of several that use parts of the object: its pages move
 * into an object of its own, so that the child refers to no more than it
 * maps.  FreeBSD vm_object_split.  First the new one shadows the old; once it
 * has all pages of its window it leaves the old one out.  => locked
 */
static void
move_window(struct vm_shadow *s, struct vm_shadow *old)
{
	vm_pindex_t i = s->layer.offset, end = i + s->npages;
	bool others;

	for (; vm_object_next_place(old->layer.obj, &i) && i < end; i++) {
		if (vm_object_move(old->layer.obj, i, s->layer.obj,
			i - s->layer.offset) != 0)
			return;
	}
	others = vm_shadow_refs(old) > 1;
	vm_shadow_collapse(s); /* leaves old out, or merges it */
	if (others)
		old->one_mapping = s->layer.below != &old->layer;
}

static void
split_off(struct vm_system *sys, struct vm_map_entry *e)
{
	struct vm_shadow *old = top_of(e), *s;

	s = vm_shadow_create_over(sys, old, e->layers.first,
	    vm_entry_npages(e));
	if (s == NULL)
		return; /* the whole object will do */
	vm_shadow_lock(s);
	move_window(s, old);
	vm_shadow_unlock(s);
	e->layers.top = &s->layer;
	e->layers.first = 0;
	VM_COUNT(sys, object_splits);
}

/* FreeBSD vm_map_copy_swap_object: before others get to see the object. */
static void
tidy_before_copy(struct vm_system *sys, struct vm_map_entry *e)
{
	struct vm_shadow *s = top_of(e);
	bool split;

	vm_shadow_lock(s);
	if (s->policy->merges_always)
		vm_shadow_collapse(s);
	split = s->policy->one_mapping && s->one_mapping &&
	    vm_shadow_refs(s) > 1;
	vm_shadow_unlock(s);
	if (split)
		split_off(sys, e);
}

/*
 * A copy of what src must go on using as it is, because it is wired or others
 * have it too: the pages go down into a shadow of their own, which the copy
 * refers to; but wired ones are copied.
 */
static int
mach_copy_now(struct vm_system *sys, struct vm_map_entry *src,
    struct vm_map_entry *dst)
{
	struct vm_shadow *s = top_of(src), *down;

	if (s == NULL || vm_entry_needs_copy(src)) {
		ref_top(src, dst);
	} else {
		down = vm_shadow_push_down(sys, s, src->layers.first,
		    vm_entry_npages(src));
		if (down == NULL)
			return VM_ENOMEM;
		dst->layers.top = &down->layer;
		dst->layers.first = src->layers.first;
	}
	dst->flags |= VM_ENTRY_COW | VM_ENTRY_NEEDS_COPY;
	vm_cow_ref_lower(src, dst);
	return 0;
}

/* Who shares the memory with src would be separated from it by a copy made
 * later; so it is made now. */
static int
mach_copy(struct vm_system *sys, struct pmap *pm, struct vm_map_entry *src,
    struct vm_map_entry *dst)
{
	struct vm_shadow *s = top_of(src);

	if (src->flags & VM_ENTRY_SHARED)
		return mach_copy_now(sys, src, dst);
	if (s != NULL && !vm_entry_needs_copy(src)) {
		tidy_before_copy(sys, src);
		src->flags |= VM_ENTRY_NEEDS_COPY;
		vm_cow_protect(pm, src);
	}
	ref_top(src, dst);
	vm_cow_ref_lower(src, dst);
	dst->flags |= VM_ENTRY_COW | VM_ENTRY_NEEDS_COPY;
	s = top_of(src);
	if (s != NULL && pm != NULL && s->policy->marks_pages) {
		vm_shadow_lock(s);
		protect_pages(src);
		vm_shadow_unlock(s);
	}
	return 0;
}

static int
mach_share(struct vm_system *sys, struct vm_map_entry *src,
    struct vm_map_entry *dst)
{
	(void)sys;
	VM_ASSERT(!vm_entry_needs_copy(src));
	ref_top(src, dst);
	vm_cow_ref_lower(src, dst);
	if (vm_entry_is_cow(src))
		dst->flags |= VM_ENTRY_SHARED;
	return 0;
}

/* ---- entries cut and joined ---- */

static void
mach_split(struct vm_system *sys, struct vm_map_entry *lo,
    struct vm_map_entry *hi, vm_pindex_t n)
{
	(void)sys;
	if (lo->layers.top != NULL) {
		/* Not locked: whoever acts because there is but one reference
		 * has that one, and here lo has it. */
		vm_object_ref(lo->layers.top->obj);
		hi->layers.first = lo->layers.first + n;
	}
	vm_cow_split_lower(lo, hi, n);
}

/*
 * Make the object longer for memory that has been mapped behind it: nobody
 * else may have what would then be its end.  4.4BSD's, which does not know who
 * maps what, only does so for the last user.  vm_object_coalesce.
 */
static bool
coalesce(struct vm_map_entry *lo, vm_pindex_t more)
{
	struct vm_shadow *s = top_of(lo);
	vm_pindex_t end = lo->layers.first + vm_entry_npages(lo);
	bool can;

	vm_shadow_lock(s);
	if (s->policy->merges_always)
		vm_shadow_collapse(s);
	can = s->layer.below == NULL && s->nshadows == 0 &&
	    !vm_shadow_was_paged(s) &&
	    (vm_shadow_refs(s) == 1 ||
		(s->policy->one_mapping && s->one_mapping && s->npages == end));
	if (can) {
		/* of an end that was cut off, when one entry is left */
		vm_object_free(s->layer.obj, end, UINT64_MAX);
		s->npages = end + more;
	}
	vm_shadow_unlock(s);
	return can;
}

static bool
tops_join(struct vm_map_entry *lo, struct vm_map_entry *hi)
{
	if (vm_entry_needs_copy(lo) != vm_entry_needs_copy(hi) &&
	    hi->layers.top != NULL)
		return false;
	if (hi->layers.top == lo->layers.top)
		return lo->layers.top == NULL ||
		    lo->layers.first + vm_entry_npages(lo) == hi->layers.first;
	return hi->layers.top == NULL && !vm_entry_needs_copy(lo) &&
	    coalesce(lo, vm_entry_npages(hi));
}

static bool
mach_join(struct vm_system *sys, struct vm_map_entry *lo,
    struct vm_map_entry *hi)
{
	(void)sys;
	if (!vm_cow_may_join(lo, hi) || !tops_join(lo, hi))
		return false;
	/* never the last references: lo has them too */
	if (hi->layers.top != NULL)
		vm_shadow_unref(top_of(hi));
	vm_cow_drop_lower(hi);
	return true;
}

/* ---- the end of pages ---- */

/* FreeBSD vm_map_entry_delete: what only this entry mapped goes with it. */
static void
free_unmapped(struct vm_map_entry *e)
{
	struct vm_shadow *s = top_of(e);
	vm_pindex_t end = e->layers.first + vm_entry_npages(e);

	vm_shadow_lock(s);
	if (s->policy->one_mapping && s->one_mapping &&
	    vm_shadow_refs(s) != 1) {
		vm_shadow_collapse(s);
		vm_object_free(s->layer.obj, e->layers.first, end);
		if (end == s->npages)
			s->npages = e->layers.first;
	}
	vm_shadow_unlock(s);
}

static void
drop_top(struct vm_map_entry *e)
{
	if (e->layers.top == NULL)
		return;
	free_unmapped(e);
	vm_shadow_unref(top_of(e));
	e->layers.top = NULL;
}

static void
mach_drop(struct vm_system *sys, struct vm_map_entry *e)
{
	(void)sys;
	drop_top(e);
	vm_cow_drop_lower(e);
}

/*
 * Pages that the chain hides would come to light again; then the entry, cut to
 * the range, starts anew without a chain.
 */
static int
mach_discard(struct vm_system *sys, struct vm_map_entry *e, vm_pindex_t n,
    vm_pindex_t len)
{
	bool hides;

	(void)sys;
	if ((e->flags & VM_ENTRY_SHARED) || e->layers.top == NULL)
		return 0;
	vm_shadow_lock(top_of(e));
	hides = vm_entry_needs_copy(e) || vm_layers_hides(e, n, len);
	if (!hides)
		vm_object_free(e->layers.top->obj, e->layers.first + n,
		    e->layers.first + n + len);
	vm_shadow_unlock(top_of(e));
	if (!hides)
		return 0;
	if (len != vm_entry_npages(e))
		return VM_EAGAIN;
	drop_top(e);
	e->flags |= VM_ENTRY_NEEDS_COPY;
	return 0;
}

/* ---- checkpoints ---- */

/* Whether the entry's top lies right over what the base has, so that all that
 * is not the same is in the top.  => locked */
static bool
lies_over(const struct vm_rewind *rw)
{
	const struct vm_layers_ref *is = &rw->entry->layers;
	const struct vm_layers_ref *was = &rw->base->layers;

	return was->top != NULL && is->top->below == was->top &&
	    is->first + is->top->offset == was->first + rw->n;
}

static void
unmap_own(struct vm_rewind *rw)
{
	struct vm_shadow *s = top_of(rw->entry);
	bool known = false;

	if (s != NULL) {
		vm_shadow_lock(s);
		known = lies_over(rw);
		if (known)
			vm_layers_unmap_top(rw);
		vm_shadow_unlock(s);
	}
	if (!known)
		vm_cow_unmap(rw);
}

static void
mach_rewind(struct vm_rewind *rw)
{
	struct vm_map_entry *e = rw->entry, old = *e;

	if (e->layers.top == rw->base->layers.top &&
	    (e->layers.top == NULL ||
		e->layers.first == rw->base->layers.first + rw->n))
		return;
	unmap_own(rw);
	ref_top(rw->base, e);
	e->layers.first += rw->n;
	e->flags |= VM_ENTRY_NEEDS_COPY;
	drop_top(&old);
}

/* ---- looking ---- */

static void
mach_check(const struct vm_map_entry *e)
{
	const struct vm_shadow *s = top_of(e);

	vm_cow_check_entry(e);
	if (s == NULL)
		return;
	VM_VERIFY(e->layers.first + vm_entry_npages(e) <= s->npages);
	for (; s != NULL; s = vm_shadow_below(s))
		vm_shadow_check(s);
}

static void
mach_audit(const struct vm_map_entry *e, struct vm_audit *au)
{
	const struct vm_shadow *s = top_of(e);

	while (s != NULL && au->ref(au, s, vm_shadow_refs(s)))
		s = vm_shadow_below(s);
}

/* ---- the two ---- */

static const struct vm_shadow_policy mach_policy = {
	.layers = { .copied = collapse_top, .settles_on_read = true },
	.marks_pages = true,
	.paged_stays = true,
};

static const struct vm_shadow_policy freebsd_policy = {
	.layers = { .take = take_page },
	.takes_over = true,
	.merges_always = true,
	.one_mapping = true,
};

const struct vm_cow_ops vm_cow_mach = {
	.name = "shadow (4.4BSD)",
	.lock = mach_lock,
	.unlock = mach_unlock,
	.resolve = mach_resolve,
	.chunk = vm_layers_chunk,
	.settle = mach_settle,
	.copy = mach_copy,
	.copy_now = mach_copy_now,
	.share = mach_share,
	.split = mach_split,
	.join = mach_join,
	.drop = mach_drop,
	.discard = mach_discard,
	.rewind = mach_rewind,
	.give = vm_layers_give,
	.walk = vm_layers_walk,
	.check = mach_check,
	.audit = mach_audit,
	.dump = vm_layers_dump,
};

const struct vm_cow_ops vm_cow_freebsd = {
	.name = "shadow (FreeBSD)",
	.lock = mach_lock,
	.unlock = mach_unlock,
	.resolve = freebsd_resolve,
	.chunk = vm_layers_chunk,
	.settle = freebsd_settle,
	.copy = mach_copy,
	.copy_now = mach_copy_now,
	.share = mach_share,
	.split = mach_split,
	.join = mach_join,
	.drop = mach_drop,
	.discard = mach_discard,
	.rewind = mach_rewind,
	.give = vm_layers_give,
	.walk = vm_layers_walk,
	.check = mach_check,
	.audit = mach_audit,
	.dump = vm_layers_dump,
};
