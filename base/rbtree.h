/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rbtree.h - intrusive red-black trees whose nodes may carry a summary.
 *
 * The tree keeps itself balanced; comparing keys is left to the caller, who
 * walks down on its own and says where the new node goes:
 *
 *	link = &tree->root;
 *	parent = NULL;
 *	while (*link != NULL) {
 *		parent = *link;
 *		link = key < KEY(parent) ? &parent->left : &parent->right;
 *	}
 *	rb_insert(tree, node, parent, link);
 *
 * A summary is something a node knows about the whole subtree below it, as
 * the largest gap between its map entries.  The tree's augment function
 * recomputes it from the node and its two children.  It must depend on the
 * nodes of the subtree and their order only, not on the subtree's shape, as
 * rotations change just that.
 *
 * Not thread-safe; reading may be shared.  Nothing here allocates or fails.
 *
 * Source: Guibas and Sedgewick 1978; Cormen et al., Introduction to
 * Algorithms, ch. 13 and 14.
 */

#ifndef BASE_RBTREE_H
#define BASE_RBTREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* parent_color holds the parent's address, and in bit 0 the colour. */
struct rb_node {
	uintptr_t parent_color;
	struct rb_node *left, *right;
};

/*
 * augment	recomputes a node's summary, returns whether it changed; NULL
 *		for a tree without summaries.  On a node that is being
 *		inserted it finds the old summary undefined.
 */
struct rb_tree {
	struct rb_node *root;
	bool (*augment)(struct rb_node *node);
};

static inline void
rb_init(struct rb_tree *tree, bool (*augment)(struct rb_node *))
{
	tree->root = NULL;
	tree->augment = augment;
}

static inline bool
rb_is_empty(const struct rb_tree *tree)
{
	return tree->root == NULL;
}

/* rb_parent: the node above; NULL for the root. */
static inline struct rb_node *
rb_parent(const struct rb_node *node)
{
	return (struct rb_node *)(node->parent_color & ~(uintptr_t)1);
}

/*
 * rb_insert: put node into the tree at *link.
 *
 * parent, link	where the caller's search ended: link is &parent->left or
 *		&parent->right, or &tree->root with parent NULL; *link is NULL
 * => node: everything its summary depends on is set
 * => summaries are right on return
 */
void rb_insert(struct rb_tree *tree, struct rb_node *node,
    struct rb_node *parent, struct rb_node **link);

/*
 * rb_remove: take node, which must be in the tree, out of it.
 *
 * => summaries are right on return; node's own fields are undefined
 */
void rb_remove(struct rb_tree *tree, struct rb_node *node);

/*
 * rb_update: bring the summaries up to date after what node contributes to
 * them changed, from node towards the root, ending where nothing changes.
 */
void rb_update(struct rb_tree *tree, struct rb_node *node);

/* In order; NULL when there is none. */
struct rb_node *rb_first(const struct rb_tree *tree);
struct rb_node *rb_last(const struct rb_tree *tree);
struct rb_node *rb_next(const struct rb_node *node);
struct rb_node *rb_prev(const struct rb_node *node);

/*
 * rb_check: assert that the tree is sound: parents, colours, black heights,
 * summaries, and that cmp() of each node and the next is negative.
 *
 * cmp	<0, 0, >0 as a is before, equal to, after b; NULL: do not check order
 * => returns the number of nodes; does not return if the tree is broken
 */
size_t rb_check(const struct rb_tree *tree,
    int (*cmp)(const struct rb_node *a, const struct rb_node *b));

#endif /* BASE_RBTREE_H */
