/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * index/hinted.c - a red-black tree by address that knows nothing of gaps, and
 * a few searches for space remembered.
 *
 * A hint says of one question (size, alignment, range, direction) that there
 * is no answer before a certain address; the search goes on from there, gap by
 * gap.  A gap that opens before it, and in which the question has an answer,
 * moves the hint back.
 *
 *	[  )[ )[   )..[ )[  ).....[  ).......
 *	                 ^at	nothing of 3 pages before this
 *
 * So the same question again costs a lookup, while one not asked lately walks
 * from the beginning.
 *
 * Source: DragonFly vm_map.c (freehint[], vm_map_freehint_find, _update,
 * _hole).  Differs: DragonFly looks from below only, and its hints know size
 * and alignment.
 */
#include "vm/index/addrtree.h"
#include "vm/index/gaps.h"

static void
index_init(struct vm_index *ix)
{
	vm_addrtree_init(ix, false);
}

/* ---- hints ---- */

/* Whether the answer s lies before the hint, in its direction. */
static bool
is_before(const struct vm_gap_hint *h, vaddr_t s)
{
	return h->want.topdown ? s + h->want.len > h->at : s < h->at;
}

static void
move_to(struct vm_gap_hint *h, vaddr_t s)
{
	h->at = h->want.topdown ? s + h->want.len : s;
}

/* There is a gap [lo, hi), which may be new. */
static void
note_gap(struct vm_index *ix, vaddr_t lo, vaddr_t hi)
{
	struct vm_gap_hint *h = ix->searched.hints;
	vaddr_t s;

	for (unsigned i = 0; i < VM_GAP_HINTS; i++, h++) {
		if (h->want.len != 0 && hi - lo >= h->want.len &&
		    vm_gap_fits(&h->want, lo, hi, &s) && is_before(h, s))
			move_to(h, s);
	}
}

static bool
is_same(const struct vm_gap_want *a, const struct vm_gap_want *b)
{
	return a->len == b->len && a->align == b->align &&
	    a->topdown == b->topdown && a->min == b->min && a->max == b->max;
}

/* The hint of a question, which may be new; then it takes an old one's place */
static struct vm_gap_hint *
hint_of(struct vm_index *ix, const struct vm_gap_want *w)
{
	struct vm_gap_hint *h = ix->searched.hints;

	for (unsigned i = 0; i < VM_GAP_HINTS; i++) {
		if (is_same(&h[i].want, w))
			return &h[i];
	}
	h += ix->searched.next;
	ix->searched.next = (ix->searched.next + 1) % VM_GAP_HINTS;
	h->want = *w;
	h->at = w->topdown ? w->max : w->min;
	return h;
}

/* ---- the index ---- */

/* A gap before the first entry is nobody's, so it is noted here. */
static void
index_remove(struct vm_index *ix, struct vm_map_entry *e)
{
	rb_remove(&ix->tree, &e->node);
	if (vm_index_prev(ix, e) == NULL)
		note_gap(ix, ix->min, e->end + e->gap);
}

static void
index_resized(struct vm_index *ix, struct vm_map_entry *e)
{
	if (e->gap != 0)
		note_gap(ix, e->end, e->end + e->gap);
}

static struct vm_map_entry *
index_floor(struct vm_index *ix, vaddr_t va)
{
	return vm_addrtree_floor(ix, va);
}

static bool
index_find_gap(struct vm_index *ix, const struct vm_gap_want *w, vaddr_t *start)
{
	struct vm_gap_hint *h = hint_of(ix, w);
	struct vm_map_entry *from;
	struct vm_gap_want rest = *w;

	if (w->topdown)
		rest.max = h->at;
	else
		rest.min = h->at;
	if (rest.min >= rest.max)
		return false;
	from = vm_addrtree_floor(ix, w->topdown ? h->at - 1 : h->at);
	if (vm_gap_walk(ix, &rest, from, start)) {
		move_to(h, *start);
		return true;
	}
	h->at = w->topdown ? w->min : w->max;
	return false;
}

static void
index_check(const struct vm_index *ix)
{
	const struct vm_gap_hint *h = ix->searched.hints;
	struct list *last = list_last(&ix->entries);
	struct vm_map_entry *from;
	vaddr_t s;

	vm_addrtree_check(ix);
	for (unsigned i = 0; i < VM_GAP_HINTS; i++, h++) {
		if (h->want.len == 0)
			continue;
		from = h->want.topdown && last != NULL ?
		    LIST_ENTRY(last, struct vm_map_entry, link) :
		    NULL;
		if (vm_gap_walk(ix, &h->want, from, &s))
			VM_VERIFY(!is_before(h, s));
	}
}

const struct vm_index_ops vm_index_hinted = {
	.name = "hinted",
	.init = index_init,
	.insert = vm_addrtree_insert,
	.remove = index_remove,
	.resized = index_resized,
	.floor = index_floor,
	.find_gap = index_find_gap,
	.check = index_check,
};
