/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * index/rbtree.c - entries in a red-black tree by address, in which each node
 * knows the largest gap below it, so that lookup and the search for space are
 * logarithmic.  Source: NetBSD uvm_map.c (gap, maxgap), FreeBSD's max_free.
 *
 *	gap of an entry: the free space from its end to the next entry
 */
#include <stdatomic.h>

#include "vm/vm_index.h"

static struct vm_map_entry *
entry_of(struct rb_node *node)
{
	return node == NULL ? NULL :
			      container_of(node, struct vm_map_entry, node);
}

static vsize_t
gap_below(struct rb_node *node)
{
	return node == NULL ? 0 : entry_of(node)->max_gap;
}

static bool
augment(struct rb_node *node)
{
	struct vm_map_entry *e = entry_of(node);
	vsize_t max = e->gap, was = e->max_gap;

	if (gap_below(node->left) > max)
		max = gap_below(node->left);
	if (gap_below(node->right) > max)
		max = gap_below(node->right);
	e->max_gap = max;
	return max != was;
}

static void
index_init(struct vm_index *ix)
{
	rb_init(&ix->tree, augment);
}

static void
index_insert(struct vm_index *ix, struct vm_map_entry *e)
{
	struct rb_node **at = &ix->tree.root, *parent = NULL;

	while (*at != NULL) {
		parent = *at;
		at = e->start < entry_of(parent)->start ? &parent->left :
							  &parent->right;
	}
	rb_insert(&ix->tree, &e->node, parent, at);
}

static void
index_remove(struct vm_index *ix, struct vm_map_entry *e)
{
	if (atomic_load_explicit(&ix->hint, memory_order_relaxed) == e)
		atomic_store_explicit(&ix->hint, NULL, memory_order_relaxed);
	rb_remove(&ix->tree, &e->node);
}

static void
index_resized(struct vm_index *ix, struct vm_map_entry *e)
{
	rb_update(&ix->tree, &e->node);
}

static struct vm_map_entry *
index_floor(struct vm_index *ix, vaddr_t va)
{
	struct vm_map_entry *best, *e;
	struct rb_node *node = ix->tree.root;

	best = atomic_load_explicit(&ix->hint, memory_order_relaxed);
	if (best != NULL && best->start <= va && va < best->end)
		return best;
	best = NULL;
	while (node != NULL) {
		e = entry_of(node);
		if (e->start <= va) {
			best = e;
			node = node->right;
		} else {
			node = node->left;
		}
	}
	if (best != NULL && va < best->end)
		atomic_store_explicit(&ix->hint, best, memory_order_relaxed);
	return best;
}

/* Whether the wanted space fits into [lo, hi), and where. */
static bool
fits(const struct vm_gap_want *w, vaddr_t lo, vaddr_t hi, vaddr_t *start)
{
	vaddr_t s;

	if (lo < w->min)
		lo = w->min;
	if (hi > w->max)
		hi = w->max;
	if (lo >= hi || hi - lo < w->len)
		return false;
	if (w->topdown) {
		s = (hi - w->len) & ~(w->align - 1);
	} else {
		if (lo > UINT64_MAX - (w->align - 1))
			return false;
		s = (lo + w->align - 1) & ~(w->align - 1);
	}
	*start = s;
	return s >= lo && s < hi && hi - s >= w->len;
}

/*
 * Search the subtree in the wanted direction, leaving out what has no gap
 * large enough and what lies outside of [min, max).
 */
static bool
search(struct rb_node *node, const struct vm_gap_want *w, vaddr_t *start)
{
	struct vm_map_entry *e = entry_of(node);
	struct rb_node *first, *second;
	bool go_right, go_left;

	if (node == NULL || e->max_gap < w->len)
		return false;
	go_right = e->end + e->gap < w->max;
	go_left = e->start > w->min;
	first = w->topdown ? (go_right ? node->right : NULL) :
			     (go_left ? node->left : NULL);
	second = w->topdown ? (go_left ? node->left : NULL) :
			      (go_right ? node->right : NULL);
	return search(first, w, start) ||
	    fits(w, e->end, e->end + e->gap, start) || search(second, w, start);
}

static bool
index_find_gap(struct vm_index *ix, const struct vm_gap_want *w, vaddr_t *start)
{
	vaddr_t first_end = ix->min + ix->first_gap;

	if (!w->topdown && fits(w, ix->min, first_end, start))
		return true;
	if (search(ix->tree.root, w, start))
		return true;
	return w->topdown && fits(w, ix->min, first_end, start);
}

static int
compare(const struct rb_node *a, const struct rb_node *b)
{
	const struct vm_map_entry *x, *y;

	x = container_of(a, const struct vm_map_entry, node);
	y = container_of(b, const struct vm_map_entry, node);
	return x->start < y->start ? -1 : x->start > y->start;
}

static void
index_check(const struct vm_index *ix)
{
	size_t n = 0;

	LIST_FOREACH(struct vm_map_entry, e, &ix->entries, link) {
		vsize_t max = e->gap;

		if (gap_below(e->node.left) > max)
			max = gap_below(e->node.left);
		if (gap_below(e->node.right) > max)
			max = gap_below(e->node.right);
		VM_VERIFY(e->max_gap == max);
		n++;
	}
	VM_VERIFY(rb_check(&ix->tree, compare) == n);
}

const struct vm_index_ops vm_index_rbtree = {
	.name = "rbtree",
	.init = index_init,
	.insert = index_insert,
	.remove = index_remove,
	.resized = index_resized,
	.floor = index_floor,
	.find_gap = index_find_gap,
	.check = index_check,
};
