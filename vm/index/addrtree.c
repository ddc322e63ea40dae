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
	struct rb_node *node = ix->tree.root;
	struct vm_map_entry *best = NULL, *e;

	while (node != NULL) {
		e = entry_of(node);
		if (e->start <= va) {
			best = e;
			node = node->right;
		} else {
			node = node->left;
		}
	}
	return best;
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
	return search(first, w, start) || vm_gap_behind(w, e, start) ||
	    search(second, w, start);
}

bool
vm_addrtree_first_fit(const struct vm_index *ix, const struct vm_gap_want *w,
    vaddr_t *start)
{
	if (!w->topdown && vm_gap_before_all(ix, w, start))
		return true;
	if (search(ix->tree.root, w, start))
		return true;
	return w->topdown && vm_gap_before_all(ix, w, start);
}

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
