/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cow/shadow.c - the life of shadow objects, and the chains they form.
 *
 * A chain gets longer by each fork that is followed by a write, and shorter in
 * two ways:
 *
 *	collapse: B has no other reference	bypass: all that B has under
 *	than S's: its pages move up		S's window, S has too
 *
 *	S [ . a . ]	   S [ b a c ]		S [ a' c' ]	  S [ a' c' ]
 *	B [ b b c ]  -->   |			B [ a  c  ] -->   |   B ...
 *	C [ . . . ]	   C [ . . . ]		C [ .  .  ]	  C [ .  . ]
 *
 * Sources: FreeBSD vm_object_collapse, vm_object_scan_all_shadowed,
 * vm_object_deallocate.
 */
#include "vm/cow/shadow.h"

#include "base/mem.h"
#include "vm/cow/cow_pool.h"
#include "vm/vm_page.h"

/* ---- creation and end ---- */

static void
shadow_destroy(struct vm_system *sys, void *pager)
{
	struct vm_shadow *s = pager;

	VM_ASSERT(s->layer.below == NULL && s->nshadows == 0);
	VM_ASSERT(s->dead == NULL);
	vm_family_unref(sys, s->family);
	vm_cow_put(sys, VM_COW_SHADOW, s);
}

static const struct vm_pager_ops shadow_pager = {
	.name = "shadow",
	.destroy = shadow_destroy,
	.swap = true,
};

/* Takes over the reference to the family. */
static struct vm_shadow *
create(struct vm_system *sys, const struct vm_shadow_policy *policy,
    const struct vm_pageindex_ops *index, struct vm_family *family,
    vm_pindex_t npages)
{
	struct vm_shadow *s = vm_cow_get(sys, VM_COW_SHADOW);

	if (s == NULL)
		goto no_shadow;
	memset(s, 0, sizeof(*s));
	s->policy = policy;
	s->family = family;
	s->npages = npages;
	s->one_mapping = true;
	list_init(&s->shadows);
	list_init(&s->sibling);
	s->layer.obj = vm_object_create_under(sys, index, &shadow_pager, s,
	    &family->mutex);
	if (s->layer.obj == NULL)
		goto no_object;
	VM_COUNT(sys, shadows);
	return s;
no_object:
	vm_cow_put(sys, VM_COW_SHADOW, s);
no_shadow:
	vm_family_unref(sys, family);
	return NULL;
}

struct vm_shadow *
vm_shadow_create(struct vm_system *sys, const struct vm_shadow_policy *policy,
    const struct vm_pageindex_ops *index, vm_pindex_t npages)
{
	struct vm_family *family = vm_family_create(sys);

	return family == NULL ? NULL :
				create(sys, policy, index, family, npages);
}

/* One more of the same chain, with nothing above or below. */
static struct vm_shadow *
create_like(struct vm_system *sys, const struct vm_shadow *s,
    vm_pindex_t npages)
{
	return create(sys, s->policy, s->layer.obj->pages.ops,
	    vm_family_ref(s->family), npages);
}

/* Put s over `below`, a reference to which it takes over. => locked */
static void
put_over(struct vm_shadow *s, struct vm_shadow *below, vm_pindex_t offset)
{
	s->layer.below = &below->layer;
	s->layer.offset = offset;
	list_insert_tail(&below->shadows, &s->sibling);
	below->nshadows++;
}

/* The reverse: the reference is the caller's. => locked */
static struct vm_shadow *
take_off(struct vm_shadow *s)
{
	struct vm_shadow *below = vm_shadow_below(s);

	list_remove(&s->sibling);
	below->nshadows--;
	s->layer.below = NULL;
	return below;
}

struct vm_shadow *
vm_shadow_create_over(struct vm_system *sys, struct vm_shadow *below,
    vm_pindex_t offset, vm_pindex_t npages)
{
	struct vm_shadow *s = create_like(sys, below, npages);

	if (s == NULL)
		return NULL;
	vm_shadow_lock(s);
	put_over(s, below, offset);
	below->one_mapping = false;
	vm_shadow_unlock(s);
	return s;
}

/* The only shadow above s, when it is also the only one who refers to it. */
static struct vm_shadow *
sole_shadow(const struct vm_shadow *s)
{
	if (vm_shadow_refs(s) != 1 || s->nshadows != 1)
		return NULL;
	return LIST_FIRST(struct vm_shadow, &s->shadows, sibling);
}

void
vm_shadow_unlock(struct vm_shadow *s)
{
	struct vm_layer *l, *dead = s->dead;

	s->dead = NULL;
	vm_mutex_unlock(&s->family->mutex);
	while ((l = dead) != NULL) {
		dead = l->below;
		l->below = NULL;
		vm_object_unref(l->obj);
	}
}

/* Others remain: what can they do now that they could not before? => locked;
 * unlocks */
static void
after_unref(struct vm_shadow *s)
{
	struct vm_shadow *above = sole_shadow(s);

	if (above != NULL && s->policy->merges_always) {
		vm_shadow_collapse(above);
		s = above;
	} else if (vm_shadow_refs(s) == 1 && s->nshadows == 0) {
		s->one_mapping = true;
	}
	vm_shadow_unlock(s);
}

/* One reference less; the one below comes back when s went. => locked by us,
 * unlocked on return */
static struct vm_shadow *
unref_one(struct vm_shadow *s)
{
	struct vm_mutex *lock = &s->family->mutex;
	struct vm_object *obj = s->layer.obj;
	struct vm_shadow *below = NULL;

	vm_mutex_lock(lock);
	if (vm_shadow_refs(s) == 1) {
		if (s->layer.below != NULL)
			below = take_off(s);
		vm_mutex_unlock(lock);
		vm_object_unref(obj);
		return below;
	}
	vm_object_unref(obj); /* not the last */
	after_unref(s);
	return NULL;
}

void
vm_shadow_unref(struct vm_shadow *s)
{
	while (s != NULL)
		s = unref_one(s);
}

struct vm_shadow *
vm_shadow_push_down(struct vm_system *sys, struct vm_shadow *s,
    vm_pindex_t first, vm_pindex_t len)
{
	struct vm_shadow *down = create_like(sys, s, s->npages);
	int error;

	if (down == NULL)
		return NULL;
	vm_shadow_lock(s);
	if (s->layer.below != NULL) {
		vm_pindex_t offset = s->layer.offset;

		put_over(down, take_off(s), offset);
	}
	put_over(s, down, 0);
	vm_object_ref(down->layer.obj); /* s has one, the caller the other */
	down->one_mapping = false;
	error = vm_layers_push_down(s->layer.obj, down->layer.obj, first,
	    first + len);
	vm_shadow_unlock(s);
	if (error == 0)
		return down;
	vm_shadow_unref(down);
	return NULL;
}

/* ---- shorter chains ---- */

/* Where page pi of the one below lies in s; false: outside of its window. */
static bool
index_above(const struct vm_shadow *s, vm_pindex_t pi, vm_pindex_t *at)
{
	*at = pi - s->layer.offset;
	return pi >= s->layer.offset && *at < s->npages;
}

/* Give s all pages of the one below that it does not hide. */
static bool
move_pages_up(struct vm_shadow *s)
{
	struct vm_object *to = s->layer.obj, *from = s->layer.below->obj;
	vm_pindex_t at, i = 0;

	for (; vm_object_next_place(from, &i); i++) {
		if (!index_above(s, i, &at) || vm_object_has(to, at))
			vm_object_free(from, i, i + 1);
		else if (vm_object_move(from, i, to, at) != 0)
			return false;
		VM_COUNT(to->sys, collapse_pages);
	}
	return true;
}

/* s is put over what lies under the one below, which comes back. */
static struct vm_shadow *
skip_below(struct vm_shadow *s, bool with_reference)
{
	vm_pindex_t offset = s->layer.offset;
	struct vm_shadow *b = take_off(s), *next = vm_shadow_below(b);

	if (next == NULL)
		return b;
	offset += b->layer.offset;
	if (with_reference)
		vm_object_ref(next->layer.obj);
	else
		(void)take_off(b); /* its reference becomes ours */
	put_over(s, next, offset);
	return b;
}

static bool
merge_below(struct vm_shadow *s)
{
	struct vm_swapmap *swap = &s->layer.obj->swap;
	struct vm_layer *below;

	if (!move_pages_up(s))
		return false;
	below = &skip_below(s, false)->layer;
	if (below->obj->swap.used)
		swap->used = true;
	/* Its pages are gone, or go when they are idle; its end needs locks
	 * that are taken before ours. */
	below->below = s->dead;
	s->dead = below;
	VM_COUNT(s->layer.obj->sys, collapses);
	return true;
}

/* The least number of pages that the one below may have in our window. */
static vm_pindex_t
least_below(const struct vm_shadow *s)
{
	const struct vm_shadow *b = vm_shadow_below(s);
	const struct vm_object *obj = b->layer.obj;
	vm_pindex_t n = obj->npages, outside = b->npages;

	if (n < obj->swap.count)
		n = obj->swap.count;
	if (s->layer.offset < b->npages) {
		outside = b->npages - s->layer.offset;
		outside = s->npages < outside ? b->npages - s->npages :
						s->layer.offset;
	}
	return n > outside ? n - outside : 0;
}

/*
 * Whether s has a page wherever the one below has one under its window.  As
 * long as it has fewer it cannot, and that is known without looking at each:
 * who writes to a page after the other asks after each.
 */
static bool
hides_below(const struct vm_shadow *s)
{
	struct vm_object *top = s->layer.obj, *below = s->layer.below->obj;
	vm_pindex_t at, i = s->layer.offset;

	if (top->npages + top->swap.count < least_below(s))
		return false;
	for (; vm_object_next_place(below, &i); i++) {
		if (!index_above(s, i, &at))
			return true;
		if (!vm_object_has(top, at))
			return false;
	}
	return true;
}

static void
bypass_below(struct vm_shadow *s)
{
	struct vm_shadow *b = skip_below(s, true);

	vm_object_unref(b->layer.obj); /* not the last */
	VM_COUNT(b->layer.obj->sys, bypasses);
}

void
vm_shadow_collapse(struct vm_shadow *s)
{
	while (s->layer.below != NULL && !vm_shadow_was_paged(s)) {
		if (vm_shadow_refs(vm_shadow_below(s)) == 1) {
			if (!merge_below(s))
				return;
		} else if (!vm_shadow_was_paged(vm_shadow_below(s)) &&
		    hides_below(s)) {
			bypass_below(s);
		} else {
			return;
		}
	}
}

/* ---- checking ---- */

void
vm_shadow_check(const struct vm_shadow *s)
{
	uint32_t n = 0;

	LIST_FOREACH(const struct vm_shadow, above, &s->shadows, sibling) {
		VM_VERIFY(above->layer.below == &s->layer);
		VM_VERIFY(above->family == s->family);
		n++;
	}
	VM_VERIFY(n == s->nshadows);
	VM_VERIFY(n <= vm_shadow_refs(s));
	VM_VERIFY(s->layer.obj->pager == s);
	VM_VERIFY(s->layer.obj->lock == &s->family->mutex);
}
