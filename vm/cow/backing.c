/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cow/backing.c - copy-on-write as DragonFly has it: a list of backing objects
 * for each entry.
 *
 * A fork gives the child a list of its own of the same objects; the first
 * write of either puts a new object at the head of its list.  Chains are not
 * mended while they are in use.  Instead a fork that finds the limit reached
 * brings all that the entry sees into the head, and drops the rest of the
 * list; so does one that finds the head complete, which copies nothing.
 *
 * Sources: DragonFly vm_map.c (vm_map_copy_entry, vm_map_backing_replicated,
 * vm_map_entry_shadow), vm_fault.c (vm_fault_collapse).  Differs: the file's
 * object is not on the list but the entry's own, below it.
 */
#include "vm/cow/backing.h"

#include "vm/cow/cow_pool.h"
#include "vm/cow/lower.h"
#include "vm/pmap.h"
#include "vm/vm_page.h"

#define LIMIT 5 /* layers of a list, DragonFly's vm.map_backing_limit */

static struct vm_backing *
backing_of(struct vm_layer *l)
{
	return (struct vm_backing *)l; /* its first member */
}

static struct vm_family *
family_of(const struct vm_map_entry *e)
{
	return e->layers.top->obj->pager;
}

/* ---- objects and layers ---- */

static void
object_destroy(struct vm_system *sys, void *pager)
{
	vm_family_unref(sys, pager);
}

static const struct vm_pager_ops backing_pager = {
	.name = "backing",
	.destroy = object_destroy,
	.swap = true,
};

/* Takes over the reference to the family, if there is one. */
static struct vm_object *
create_object(struct vm_system *sys, struct vm_family *family,
    const struct vm_pageindex_ops *index)
{
	struct vm_object *obj;

	if (family == NULL)
		return NULL;
	obj = vm_object_create_under(sys, index, &backing_pager, family,
	    &family->mutex);
	if (obj == NULL)
		vm_family_unref(sys, family);
	return obj;
}

/* A layer that takes over the references to its object and what is below. */
static struct vm_layer *
create_layer(struct vm_system *sys, struct vm_object *obj,
    struct vm_layer *below, vm_pindex_t offset)
{
	struct vm_backing *b = vm_cow_get(sys, VM_COW_BACKING);

	if (b == NULL)
		return NULL;
	b->layer = (struct vm_layer){ obj, below, offset };
	atomic_init(&b->refs, 1);
	return &b->layer;
}

static bool
is_sole_object(const struct vm_layer *l)
{
	return atomic_load_explicit(&l->obj->refs, memory_order_acquire) == 1;
}

static bool
is_sole_layer(struct vm_layer *l)
{
	return atomic_load_explicit(&backing_of(l)->refs,
		   memory_order_acquire) == 1;
}

/* A reference to a list less.  => family not locked */
static void
unref_list(struct vm_system *sys, struct vm_layer *l)
{
	struct vm_layer *below;

	for (; l != NULL; l = below) {
		if (atomic_fetch_sub(&backing_of(l)->refs, 1) != 1)
			return;
		below = l->below;
		vm_object_unref(l->obj);
		vm_cow_put(sys, VM_COW_BACKING, backing_of(l));
	}
}

/* A list of one's own, of the same objects. */
static int
replicate(struct vm_system *sys, const struct vm_layer *l,
    struct vm_layer **copy)
{
	struct vm_layer **end = copy;

	for (*copy = NULL; l != NULL; l = l->below) {
		*end = create_layer(sys, l->obj, NULL, l->offset);
		if (*end == NULL) {
			unref_list(sys, *copy);
			*copy = NULL;
			return VM_ENOMEM;
		}
		vm_object_ref(l->obj);
		end = &(*end)->below;
	}
	return 0;
}

/* ---- lock, resolve ---- */

static void
backing_lock(struct vm_map_entry *e)
{
	if (e->layers.top != NULL)
		vm_mutex_lock(&family_of(e)->mutex);
	if (e->object != NULL)
		vm_object_lock(e->object);
}

static void
backing_unlock(struct vm_map_entry *e)
{
	if (e->object != NULL)
		vm_object_unlock(e->object);
	if (e->layers.top != NULL)
		vm_mutex_unlock(&family_of(e)->mutex);
}

static enum vm_verdict
backing_resolve(struct vm_resolve *r)
{
	static const struct vm_layers_policy policy = { 0 };

	return vm_layers_resolve(r, &policy);
}

/* ---- settle ---- */

/* Put a new object at the head of the list. */
static int
push_head(struct vm_system *sys, struct vm_map_entry *e,
    const struct vm_pageindex_ops *index)
{
	struct vm_layer *old = e->layers.top, *head;
	struct vm_object *obj;

	obj = create_object(sys,
	    old == NULL ? vm_family_create(sys) : vm_family_ref(family_of(e)),
	    index);
	if (obj == NULL)
		return VM_ENOMEM;
	head = create_layer(sys, obj, old, e->layers.first);
	if (head == NULL) {
		vm_object_unref(obj);
		return VM_ENOMEM;
	}
	e->layers.top = head;
	e->layers.first = 0;
	VM_COUNT(sys, shadows);
	return 0;
}

static int
backing_settle(struct vm_system *sys, struct vm_map_entry *e,
    const struct vm_pageindex_ops *index)
{
	int error = 0;

	if (!vm_entry_needs_copy(e))
		return 0;
	if (e->layers.top != NULL && is_sole_object(e->layers.top))
		VM_COUNT(sys, shadow_takes);
	else
		error = push_head(sys, e, index);
	if (error == 0)
		e->flags &= (uint8_t)~VM_ENTRY_NEEDS_COPY;
	return error;
}

/* ---- fork ---- */

static unsigned
depth_of(const struct vm_map_entry *e)
{
	const struct vm_layer *l = e->layers.top;
	unsigned n = 0;

	for (; l != NULL; l = l->below)
		n++;
	return n;
}

/* Whether the head has every page of the entry: the rest is never seen. */
static bool
is_complete(const struct vm_map_entry *e)
{
	const struct vm_object *obj = e->layers.top->obj;
	vm_pindex_t n = vm_entry_npages(e), i = e->layers.first;

	if (obj->npages + obj->swap.count < n)
		return false;
	while (n-- != 0) {
		if (!vm_object_has(obj, i++))
			return false;
	}
	return true;
}

/* => VM_ENOMEM: some have moved */
static int
move_pages(struct vm_object *from, vm_pindex_t i, vm_pindex_t npages,
    struct vm_object *to, vm_pindex_t j)
{
	vm_pindex_t first = i, end = i + npages;
	int error = 0;

	vm_object_lock(from);
	for (; error == 0 && vm_object_next_place(from, &i) && i < end; i++)
		error = vm_object_move(from, i, to, j + (i - first));
	vm_object_unlock(from);
	return error;
}

static void
pop_head(struct vm_system *sys, struct vm_map_entry *e)
{
	struct vm_layer *head = e->layers.top;

	e->layers.top = head->below;
	e->layers.first += head->offset;
	head->below = NULL;
	unref_list(sys, head);
}

/*
 * Entries cut from this one have the head, too, and need the rest: the entry's
 * part of it goes to a head of its own.  When there is no memory for that, nor
 * for the way back, the one stays over the other.
 */
static int
part_head(struct vm_system *sys, struct vm_map_entry *e)
{
	struct vm_object *from = e->layers.top->obj, *to;
	vm_pindex_t first = e->layers.first, npages = vm_entry_npages(e);
	int error = push_head(sys, e, from->pages.ops);

	if (error != 0)
		return error;
	to = e->layers.top->obj;
	error = move_pages(from, first, npages, to, 0);
	if (error != 0 && move_pages(to, 0, npages, from, first) == 0)
		pop_head(sys, e);
	return error;
}

/* The list becomes its head alone. */
static int
drop_rest(struct vm_system *sys, struct vm_map_entry *e)
{
	struct vm_layer *head = e->layers.top, *below;

	if (!is_sole_layer(head) && part_head(sys, e) != 0)
		return VM_ENOMEM;
	head = e->layers.top;
	below = head->below;
	head->below = NULL;
	unref_list(sys, below);
	return 0;
}

/* Bring all that the entry sees into its head. */
static int
collapse(struct vm_map_entry *e)
{
	int error;

	vm_mutex_lock(&family_of(e)->mutex);
	error = vm_layers_copy_pages(e, e->layers.top->obj, e->layers.first);
	vm_mutex_unlock(&family_of(e)->mutex);
	return error;
}

/*
 * Fork is the time to shorten the list.  What is mapped may be from layers that
 * the head hides then: it has left the pmap, on every processor, before others
 * can find that they have the layer for themselves, and write to it.
 */
static int
shorten(struct vm_system *sys, struct pmap *pm, struct vm_map_entry *e)
{
	bool complete;
	int error = 0;

	if (e->layers.top->below == NULL)
		return 0;
	vm_mutex_lock(&family_of(e)->mutex);
	complete = is_complete(e);
	vm_mutex_unlock(&family_of(e)->mutex);
	if (!complete) {
		if (depth_of(e) < LIMIT)
			return 0;
		error = collapse(e);
		pmap_remove(pm, e->start, e->end);
		pmap_update(pm);
	}
	if (error == 0)
		error = drop_rest(sys, e);
	if (error == 0 && complete)
		VM_COUNT(sys, backing_drops);
	else if (error == 0)
		VM_COUNT(sys, backing_collapses);
	return error;
}

/*
 * A copy of what src must go on using as it is, because it is wired or others
 * have it too.  Their lists cannot be changed from here: the pages are copied.
 */
static int
backing_copy_now(struct vm_system *sys, struct vm_map_entry *src,
    struct vm_map_entry *dst)
{
	struct vm_map_entry own = *dst;
	int error = 0;

	own.flags |= VM_ENTRY_COW | VM_ENTRY_NEEDS_COPY;
	if (src->layers.top != NULL) {
		own.layers.top = NULL;
		own.flags &= (uint8_t)~VM_ENTRY_NEEDS_COPY;
		error = push_head(sys, &own, src->layers.top->obj->pages.ops);
	}
	if (error == 0 && src->layers.top != NULL) {
		vm_mutex_lock(&family_of(src)->mutex);
		error = vm_layers_copy_pages(src, own.layers.top->obj, 0);
		vm_mutex_unlock(&family_of(src)->mutex);
		if (error != 0)
			unref_list(sys, own.layers.top);
	}
	if (error != 0)
		return error;
	dst->layers = own.layers;
	dst->flags = own.flags;
	vm_cow_ref_lower(src, dst);
	return 0;
}

static int
backing_copy(struct vm_system *sys, struct pmap *pm, struct vm_map_entry *src,
    struct vm_map_entry *dst)
{
	int error = 0;

	if (src->flags & VM_ENTRY_SHARED)
		return backing_copy_now(sys, src, dst);
	if (src->layers.top != NULL) {
		if (!vm_entry_needs_copy(src)) {
			vm_cow_protect(pm, src);
			error = shorten(sys, pm, src);
		}
		if (error == 0)
			error = replicate(sys, src->layers.top,
			    &dst->layers.top);
		if (error != 0)
			return error;
		dst->layers.first = src->layers.first;
		src->flags |= VM_ENTRY_NEEDS_COPY;
	}
	vm_cow_ref_lower(src, dst);
	dst->flags |= VM_ENTRY_COW | VM_ENTRY_NEEDS_COPY;
	return 0;
}

static int
backing_share(struct vm_system *sys, struct vm_map_entry *src,
    struct vm_map_entry *dst)
{
	VM_ASSERT(!vm_entry_needs_copy(src));
	if (replicate(sys, src->layers.top, &dst->layers.top) != 0)
		return VM_ENOMEM;
	dst->layers.first = src->layers.first;
	vm_cow_ref_lower(src, dst);
	if (vm_entry_is_cow(src))
		dst->flags |= VM_ENTRY_SHARED;
	return 0;
}

/* ---- entries cut and joined ---- */

static void
backing_split(struct vm_system *sys, struct vm_map_entry *lo,
    struct vm_map_entry *hi, vm_pindex_t n)
{
	(void)sys;
	if (lo->layers.top != NULL) {
		atomic_fetch_add(&backing_of(lo->layers.top)->refs, 1);
		hi->layers.first = lo->layers.first + n;
	}
	vm_cow_split_lower(lo, hi, n);
}

/* An object that only lo uses may get longer: what it has there is left from
 * an end that was cut off. */
static bool
coalesce(struct vm_map_entry *lo)
{
	struct vm_layer *top = lo->layers.top;

	if (vm_entry_needs_copy(lo) || top->below != NULL ||
	    !is_sole_layer(top) || !is_sole_object(top))
		return false;
	vm_object_lock(top->obj);
	vm_object_free(top->obj, lo->layers.first + vm_entry_npages(lo),
	    UINT64_MAX);
	vm_object_unlock(top->obj);
	return true;
}

static bool
lists_join(struct vm_map_entry *lo, struct vm_map_entry *hi)
{
	struct vm_layer *low = lo->layers.top, *high = hi->layers.top;

	if (low == high) {
		if (vm_entry_needs_copy(lo) != vm_entry_needs_copy(hi))
			return false;
		return low == NULL ||
		    lo->layers.first + vm_entry_npages(lo) == hi->layers.first;
	}
	return low != NULL && high == NULL && coalesce(lo);
}

static bool
backing_join(struct vm_system *sys, struct vm_map_entry *lo,
    struct vm_map_entry *hi)
{
	if (!vm_cow_may_join(lo, hi) || !lists_join(lo, hi))
		return false;
	/* never the last references: lo has them too */
	unref_list(sys, hi->layers.top);
	vm_cow_drop_lower(hi);
	return true;
}

/* ---- the end of pages ---- */

/* What no other map sees, and no other entry of this one, goes at once; but
 * layers that go themselves take their pages with them. */
static void
free_unmapped(struct vm_map_entry *e)
{
	vm_pindex_t i = e->layers.first;
	struct vm_layer *l = e->layers.top;
	bool stays = false;

	vm_mutex_lock(&family_of(e)->mutex);
	for (; l != NULL; i += l->offset, l = l->below) {
		stays = stays || !is_sole_layer(l);
		if (stays && is_sole_object(l))
			vm_object_free(l->obj, i, i + vm_entry_npages(e));
	}
	vm_mutex_unlock(&family_of(e)->mutex);
}

static void
drop_list(struct vm_system *sys, struct vm_map_entry *e)
{
	if (e->layers.top == NULL)
		return;
	free_unmapped(e);
	unref_list(sys, e->layers.top);
	e->layers.top = NULL;
}

static void
backing_drop(struct vm_system *sys, struct vm_map_entry *e)
{
	drop_list(sys, e);
	vm_cow_drop_lower(e);
}

/* As in cow/mach.c: what the list hides must not come to light. */
static int
backing_discard(struct vm_system *sys, struct vm_map_entry *e, vm_pindex_t n,
    vm_pindex_t len)
{
	bool hides;

	if ((e->flags & VM_ENTRY_SHARED) || e->layers.top == NULL)
		return 0;
	backing_lock(e);
	hides = vm_entry_needs_copy(e) || vm_layers_hides(e, n, len);
	if (!hides)
		vm_object_free(e->layers.top->obj, e->layers.first + n,
		    e->layers.first + n + len);
	backing_unlock(e);
	if (!hides)
		return 0;
	if (len != vm_entry_npages(e))
		return VM_EAGAIN;
	drop_list(sys, e);
	e->flags |= VM_ENTRY_NEEDS_COPY;
	return 0;
}

/* ---- checkpoints ---- */

/* Both lists begin with the same object. */
static bool
is_unchanged(const struct vm_rewind *rw)
{
	const struct vm_layers_ref *is = &rw->entry->layers;
	const struct vm_layers_ref *was = &rw->base->layers;

	if (is->top == NULL || was->top == NULL)
		return is->top == was->top;
	return is->top->obj == was->top->obj && is->first == was->first + rw->n;
}

/* Whether what the base has is what lies under the entry's head. */
static bool
lies_over(const struct vm_rewind *rw)
{
	const struct vm_layers_ref *is = &rw->entry->layers;
	const struct vm_layers_ref *was = &rw->base->layers;

	return was->top != NULL && is->top != NULL && is->top->below != NULL &&
	    is->top->below->obj == was->top->obj &&
	    is->first + is->top->offset == was->first + rw->n;
}

static bool
backing_may_rewind(const struct vm_rewind *rw)
{
	return rw->base->layers.top == NULL || is_unchanged(rw) ||
	    lies_over(rw);
}

/* Entries cut from this one may have the head, too. */
static void
leave_head(struct vm_system *sys, struct vm_map_entry *e)
{
	struct vm_layer *head = e->layers.top;

	if (is_sole_layer(head)) {
		pop_head(sys, e);
		return;
	}
	backing_lock(e);
	if (is_sole_object(head))
		vm_object_free(head->obj, e->layers.first,
		    e->layers.first + vm_entry_npages(e));
	backing_unlock(e);
	atomic_fetch_add(&backing_of(head->below)->refs, 1);
	e->layers.top = head->below;
	e->layers.first += head->offset;
	unref_list(sys, head);
}

static void
backing_rewind(struct vm_rewind *rw)
{
	struct vm_map_entry *e = rw->entry;

	if (is_unchanged(rw))
		return;
	e->flags |= VM_ENTRY_NEEDS_COPY;
	if (rw->base->layers.top == NULL) {
		vm_cow_unmap(rw);
		drop_list(rw->sys, e);
		return;
	}
	backing_lock(e);
	vm_layers_unmap_top(rw);
	backing_unlock(e);
	leave_head(rw->sys, e);
}

/* ---- looking ---- */

static void
backing_check(const struct vm_map_entry *e)
{
	const struct vm_layer *l = e->layers.top;

	vm_cow_check_entry(e);
	VM_VERIFY(depth_of(e) <= LIMIT + 1); /* S4 */
	for (; l != NULL; l = l->below) {
		VM_VERIFY(l->obj->ops == &backing_pager);
		VM_VERIFY(l->obj->pager == family_of(e));
	}
}

static void
backing_audit(const struct vm_map_entry *e, struct vm_audit *au)
{
	struct vm_layer *l = e->layers.top;

	for (; l != NULL && au->ref(au, l, backing_of(l)->refs); l = l->below)
		(void)au->ref(au, l->obj, l->obj->refs);
}

const struct vm_cow_ops vm_cow_backing = {
	.name = "backing lists",
	.lock = backing_lock,
	.unlock = backing_unlock,
	.resolve = backing_resolve,
	.chunk = vm_layers_chunk,
	.settle = backing_settle,
	.copy = backing_copy,
	.copy_now = backing_copy_now,
	.share = backing_share,
	.split = backing_split,
	.join = backing_join,
	.drop = backing_drop,
	.discard = backing_discard,
	.may_rewind = backing_may_rewind,
	.rewind = backing_rewind,
	.give = vm_layers_give,
	.walk = vm_layers_walk,
	.check = backing_check,
	.audit = backing_audit,
	.dump = vm_layers_dump,
};
