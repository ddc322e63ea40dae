/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * index/twotrees.c - entries by address, and the gaps behind them by size.
 *
 *	by address:  [ a )..[ b ).......[ c )....	each with largest gap
 *	by size:     (a, 2) (c, 4) (b, 7)
 *
 * A best fit is the smallest gap that is large enough, of equal ones the
 * lowest; of the first few, if alignment or the wanted range speak against
 * one.  After that, and when the first fit is wanted, the tree by address
 * answers.
 *
 * Source: OpenBSD uvm_map.c (uvm_map_addr, fspace_augment) and uvm_addr.c
 * (uaddr_free_rbtree, the selectors bestfit and lin).  Differs: OpenBSD has a
 * tree of sizes for each selector that wants one, and selectors that choose at
 * random; which fit is wanted comes with the question here, and an answer can
 * be foretold.
 */
#include "vm/index/addrtree.h"
#include "vm/index/gaps.h"

/* Gaps tried by size before the tree by address is asked. */
enum { TRIES = 8 };

static struct vm_map_entry *
entry_of(struct rb_node *node)
{
	return node == NULL ? NULL :
			      container_of(node, struct vm_map_entry, size);
}

/* ---- gaps by size ---- */

/* An entry with no gap behind it is not in the tree and its own child. */
static bool
is_listed(const struct vm_map_entry *e)
{
	return e->size.left != &e->size;
}

static bool
is_smaller(const struct vm_map_entry *a, const struct vm_map_entry *b)
{
	return a->gap != b->gap ? a->gap < b->gap : a->start < b->start;
}

static void
list_gap(struct vm_index *ix, struct vm_map_entry *e)
{
	struct rb_node **at = &ix->by_size.root, *parent = NULL;

	if (e->gap == 0) {
		e->size.left = &e->size;
		return;
	}
	while (*at != NULL) {
		parent = *at;
		at = is_smaller(e, entry_of(parent)) ? &parent->left :
						       &parent->right;
	}
	rb_insert(&ix->by_size, &e->size, parent, at);
}

static void
unlist_gap(struct vm_index *ix, struct vm_map_entry *e)
{
	if (is_listed(e))
		rb_remove(&ix->by_size, &e->size);
}

/* The entry with the smallest gap of at least len, the lowest of them. */
static struct vm_map_entry *
smallest_from(const struct vm_index *ix, vsize_t len)
{
	struct rb_node *node = ix->by_size.root, *best = NULL;

	while (node != NULL) {
		if (entry_of(node)->gap >= len) {
			best = node;
			node = node->left;
		} else {
			node = node->right;
		}
	}
	return entry_of(best);
}

/* Try gaps in order of size; the one before the first entry has its turn. */
static bool
best_fit(const struct vm_index *ix, const struct vm_gap_want *w, vaddr_t *start)
{
	struct vm_map_entry *e = smallest_from(ix, w->len);
	bool first = ix->first_gap >= w->len;

	for (unsigned i = 0; i < TRIES && (e != NULL || first); i++) {
		if (first && (e == NULL || ix->first_gap <= e->gap)) {
			if (vm_gap_before_all(ix, w, start))
				return true;
			first = false;
		} else {
			if (vm_gap_behind(w, e, start))
				return true;
			e = entry_of(rb_next(&e->size));
		}
	}
	return false;
}

/* ---- the index ---- */

static void
index_init(struct vm_index *ix)
{
	vm_addrtree_init(ix, true);
	rb_init(&ix->by_size, NULL);
}

static void
index_insert(struct vm_index *ix, struct vm_map_entry *e)
{
	vm_addrtree_insert(ix, e);
	list_gap(ix, e);
}

static void
index_remove(struct vm_index *ix, struct vm_map_entry *e)
{
	rb_remove(&ix->tree, &e->node);
	unlist_gap(ix, e);
}

static void
index_resized(struct vm_index *ix, struct vm_map_entry *e)
{
	rb_update(&ix->tree, &e->node);
	unlist_gap(ix, e);
	list_gap(ix, e);
}

static struct vm_map_entry *
index_floor(struct vm_index *ix, vaddr_t va)
{
	return vm_addrtree_floor(ix, va);
}

static bool
index_find_gap(struct vm_index *ix, const struct vm_gap_want *w, vaddr_t *start)
{
	if (w->fit == VM_FIT_BEST && best_fit(ix, w, start))
		return true;
	return vm_addrtree_first_fit(ix, w, start);
}

static int
compare(const struct rb_node *a, const struct rb_node *b)
{
	const struct vm_map_entry *x, *y;

	x = container_of(a, const struct vm_map_entry, size);
	y = container_of(b, const struct vm_map_entry, size);
	return is_smaller(x, y) ? -1 : is_smaller(y, x);
}

static void
index_check(const struct vm_index *ix)
{
	size_t n = 0;

	vm_addrtree_check(ix);
	LIST_FOREACH(struct vm_map_entry, e, &ix->entries, link) {
		VM_VERIFY(is_listed(e) == (e->gap != 0));
		n += e->gap != 0;
	}
	VM_VERIFY(rb_check(&ix->by_size, compare) == n);
}

const struct vm_index_ops vm_index_twotrees = {
	.name = "twotrees",
	.init = index_init,
	.insert = index_insert,
	.remove = index_remove,
	.resized = index_resized,
	.floor = index_floor,
	.find_gap = index_find_gap,
	.check = index_check,
};
