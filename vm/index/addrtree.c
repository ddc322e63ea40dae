/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * index/addrtree.c - the tree by address.
 *
 *	gap of an entry: the free space from its end to the next entry
 *	max_gap: the largest gap of the entries in its subtree
 *
 * No search is needed to insert: in a binary tree, of two neighbours one has
 * no child on the side of the other, and the ordered list knows neighbours.
 *
 * Sources: NetBSD uvm_map.c (gap, maxgap), FreeBSD vm_map.c (max_free),
 * OpenBSD uvm_map.c (fspace_augment), which all keep the same summary.
 */
#include "vm/index/addrtree.h"

#include "vm/index/gaps.h"

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

static vsize_t
largest_gap(const struct vm_map_entry *e)
{
	vsize_t max = e->gap;

	if (gap_below(e->node.left) > max)
		max = gap_below(e->node.left);
	if (gap_below(e->node.right) > max)
		max = gap_below(e->node.right);
	return max;
}

static bool
augment(struct rb_node *node)
{
	struct vm_map_entry *e = entry_of(node);
	vsize_t was = e->max_gap;

	e->max_gap = largest_gap(e);
	return e->max_gap != was;
}

void
vm_addrtree_init(struct vm_index *ix, bool gaps)
{
	rb_init(&ix->tree, gaps ? augment : NULL);
}

void
vm_addrtree_insert(struct vm_index *ix, struct vm_map_entry *e)
{
	struct vm_map_entry *prev = vm_index_prev(ix, e);
	struct vm_map_entry *next = vm_index_next(ix, e);
	struct rb_node **at = &ix->tree.root, *parent = NULL;

	if (prev != NULL && prev->node.right == NULL) {
		parent = &prev->node;
		at = &parent->right;
	} else if (next != NULL) {
		parent = &next->node;
		at = &parent->left;
	}
	VM_ASSERT(*at == NULL);
	rb_insert(&ix->tree, &e->node, parent, at);
}

struct vm_map_entry *
vm_addrtree_floor(const struct vm_index *ix, vaddr_t va)
{
	struct rb_node *node = ix->tree.root, *best = NULL;

	while (node != NULL) {
		if (entry_of(node)->start <= va) {
			best = node;
			node = node->right;
		} else {
			node = node->left;
		}
	}
	return entry_of(best);
}

/* ---- the first fit ---- */

/*
 * A walk through the tree in the wanted direction, upwards through addresses
 * or with `down` the other way, that leaves out subtrees with no gap large
 * enough, and those outside of [min, max).
 */

/* The child on one side of a node, unless it is left out. */
static inline struct rb_node *
child_of(struct rb_node *node, const struct vm_gap_want *w, bool right)
{
	const struct vm_map_entry *e = entry_of(node);
	struct rb_node *child = right ? node->right : node->left;

	if (gap_below(child) < w->len)
		return NULL;
	return (right ? e->end + e->gap < w->max : e->start > w->min) ? child :
									NULL;
}

/* Where a walk through the subtree begins. */
static inline struct rb_node *
walk_begin(struct rb_node *node, const struct vm_gap_want *w, bool down)
{
	struct rb_node *child;

	while ((child = child_of(node, w, down)) != NULL)
		node = child;
	return node;
}

static inline struct rb_node *
walk_next(struct rb_node *node, const struct vm_gap_want *w, bool down)
{
	struct rb_node *child = child_of(node, w, !down);

	if (child != NULL)
		return walk_begin(child, w, down);
	do {
		child = node;
		node = rb_parent(node);
	} while (node != NULL && child != (down ? node->right : node->left));
	return node;
}

static inline bool
walk(struct rb_node *node, const struct vm_gap_want *w, bool down,
    vaddr_t *start)
{
	if (gap_below(node) < w->len)
		return false;
	for (node = walk_begin(node, w, down); node != NULL;
	     node = walk_next(node, w, down)) {
		if (entry_of(node)->gap >= w->len &&
		    vm_gap_behind(w, entry_of(node), start))
			return true;
	}
	return false;
}

/*
 * The first gap of all that is large enough, which mostly serves: then it is
 * the answer, and was found without a look at [min, max) on the way.
 */
static inline bool
guess(struct rb_node *node, const struct vm_gap_want *w, bool down,
    vaddr_t *start)
{
	struct rb_node *first;

	if (gap_below(node) < w->len)
		return false;
	for (;;) {
		first = down ? node->right : node->left;
		if (first != NULL && entry_of(first)->max_gap >= w->len)
			node = first;
		else if (entry_of(node)->gap >= w->len)
			return vm_gap_behind(w, entry_of(node), start);
		else
			node = down ? node->left : node->right;
	}
}

static inline bool
search(struct rb_node *root, const struct vm_gap_want *w, bool down,
    vaddr_t *start)
{
	return guess(root, w, down, start) || walk(root, w, down, start);
}

bool
vm_addrtree_first_fit(const struct vm_index *ix, const struct vm_gap_want *w,
    vaddr_t *start)
{
	if (w->topdown)
		return search(ix->tree.root, w, true, start) ||
		    vm_gap_before_all(ix, w, start);
	return vm_gap_before_all(ix, w, start) ||
	    search(ix->tree.root, w, false, start);
}

/* ---- checking ---- */

static int
compare(const struct rb_node *a, const struct rb_node *b)
{
	const struct vm_map_entry *x, *y;

	x = container_of(a, const struct vm_map_entry, node);
	y = container_of(b, const struct vm_map_entry, node);
	return x->start < y->start ? -1 : x->start > y->start;
}

void
vm_addrtree_check(const struct vm_index *ix)
{
	size_t n = 0;

	LIST_FOREACH(struct vm_map_entry, e, &ix->entries, link) {
		if (ix->tree.augment != NULL)
			VM_VERIFY(e->max_gap == largest_gap(e));
		n++;
	}
	VM_VERIFY(rb_check(&ix->tree, compare) == n);
}
