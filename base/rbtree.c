/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rbtree.c - see rbtree.h.
 *
 * Five rules make the tree balanced: a node is red or black, the root is
 * black, a red node has no red child, and every way down from a node to a
 * missing child passes equally many black nodes.
 *
 * The one step that changes shape is rb_rotate_up(): a node changes places
 * with its parent and keeps the order,
 *
 *	      p            n			n moves up and p down; b, the
 *	     / \          / \			subtree between them, changes
 *	    n   c   =>   a   p			its parent; a and c stay
 *	   / \              / \			where they are
 *	  a   b            b   c
 *
 * or the mirror image.  Since it looks itself which side n is on, neither
 * insertion nor removal has a second, mirrored half.
 *
 * Summaries are right before a rotation and after it: the two nodes of it
 * are recomputed, and those above see the same set of nodes as before.
 *
 * A red node's colour bit is 0, so its parent_color is its parent's address.
 */

#include "base/check.h"
#include "base/rbtree.h"

enum { RB_RED, RB_BLACK };

static inline bool
rb_is_red(const struct rb_node *node)
{
	return (node->parent_color & RB_BLACK) == 0;
}

/* A missing child counts as black. */
static inline bool
rb_is_red_child(const struct rb_node *node)
{
	return node != NULL && rb_is_red(node);
}

static inline void
rb_set_red(struct rb_node *node)
{
	node->parent_color &= ~(uintptr_t)RB_BLACK;
}

static inline void
rb_set_black(struct rb_node *node)
{
	node->parent_color |= RB_BLACK;
}

static inline void
rb_set_parent(struct rb_node *node, struct rb_node *parent)
{
	node->parent_color = (uintptr_t)parent |
	    (node->parent_color & RB_BLACK);
}

static inline struct rb_node *
rb_other_child(const struct rb_node *parent, const struct rb_node *child)
{
	return parent->left == child ? parent->right : parent->left;
}

/* Make parent, or the root if it is NULL, point to now instead of old. */
static inline void
rb_replace_child(struct rb_tree *tree, struct rb_node *parent,
    const struct rb_node *old, struct rb_node *now)
{
	if (parent == NULL)
		tree->root = now;
	else if (parent->left == old)
		parent->left = now;
	else
		parent->right = now;
}

static void
rb_rotate_up(struct rb_tree *tree, struct rb_node *node)
{
	struct rb_node *between, *parent = rb_parent(node);
	struct rb_node *above = rb_parent(parent);

	if (parent->left == node) {
		between = node->right;
		parent->left = between;
		node->right = parent;
	} else {
		between = node->left;
		parent->right = between;
		node->left = parent;
	}
	if (between != NULL)
		rb_set_parent(between, parent);
	rb_replace_child(tree, above, parent, node);
	rb_set_parent(node, above);
	rb_set_parent(parent, node);
	if (tree->augment != NULL) {
		(void)tree->augment(parent);
		(void)tree->augment(node);
	}
}

void
rb_update(struct rb_tree *tree, struct rb_node *node)
{
	if (tree->augment == NULL)
		return;
	while (node != NULL && tree->augment(node))
		node = rb_parent(node);
}

/*
 * node is red, and its parent may be too.  Where the parent's sibling is red,
 * recolouring moves the trouble two levels up; else one or two rotations end
 * it.
 */
static void
rb_fix_red(struct rb_tree *tree, struct rb_node *node)
{
	struct rb_node *above, *parent, *uncle;

	while ((parent = rb_parent(node)) != NULL && rb_is_red(parent)) {
		above = rb_parent(parent);
		uncle = rb_other_child(above, parent);
		rb_set_red(above);
		if (rb_is_red_child(uncle)) {
			rb_set_black(parent);
			rb_set_black(uncle);
			node = above;
			continue;
		}
		if ((parent->left == node) != (above->left == parent)) {
			rb_rotate_up(tree, node);
			parent = node;
		}
		rb_set_black(parent);
		rb_rotate_up(tree, parent);
		break;
	}
	rb_set_black(tree->root);
}

void
rb_insert(struct rb_tree *tree, struct rb_node *node, struct rb_node *parent,
    struct rb_node **link)
{
	VM_ASSERT(*link == NULL);
	node->parent_color = (uintptr_t)parent;
	node->left = node->right = NULL;
	*link = node;
	if (tree->augment != NULL) {
		(void)tree->augment(node);
		rb_update(tree, parent);
	}
	rb_fix_red(tree, node);
}

/*
 * Give a child of parent one black node more on the way down, where its
 * sibling is black: by rotation if the sibling has a red child.  Returns
 * whether it had.
 */
static bool
rb_borrow_black(struct rb_tree *tree, struct rb_node *parent,
    struct rb_node *sibling)
{
	struct rb_node *inner, *outer;

	outer = parent->left == sibling ? sibling->left : sibling->right;
	inner = rb_other_child(sibling, outer);
	if (rb_is_red_child(outer)) {
		rb_set_black(outer);
	} else if (rb_is_red_child(inner)) {
		rb_rotate_up(tree, inner);
		sibling = inner;
	} else {
		return false;
	}
	if (rb_is_red(parent))
		rb_set_red(sibling);
	else
		rb_set_black(sibling);
	rb_set_black(parent);
	rb_rotate_up(tree, sibling);
	return true;
}

/*
 * The ways down through node, a child of parent and possibly missing, have
 * one black node too few.  A red node just turns black.
 */
static void
rb_fix_black(struct rb_tree *tree, struct rb_node *parent, struct rb_node *node)
{
	struct rb_node *sibling;

	while (parent != NULL && !rb_is_red_child(node)) {
		sibling = rb_other_child(parent, node);
		if (rb_is_red(sibling)) {
			rb_set_black(sibling);
			rb_set_red(parent);
			rb_rotate_up(tree, sibling);
			sibling = rb_other_child(parent, node);
		}
		if (rb_borrow_black(tree, parent, sibling))
			return;
		rb_set_red(sibling);
		node = parent;
		parent = rb_parent(node);
	}
	if (node != NULL)
		rb_set_black(node);
}

/* Let next, which is not in the tree, take the place and colour of node. */
static void
rb_take_place(struct rb_tree *tree, struct rb_node *node, struct rb_node *next)
{
	*next = *node;
	rb_replace_child(tree, rb_parent(node), node, next);
	if (next->left != NULL)
		rb_set_parent(next->left, next);
	if (next->right != NULL)
		rb_set_parent(next->right, next);
}

/*
 * A node below parent went away, and moved, if not NULL, came to a new place
 * at or above parent.  What moved knew is about its old place: recompute it
 * in any case, and do not take it for a sign that nothing changed.
 */
static void
rb_update_removed(struct rb_tree *tree, struct rb_node *parent,
    struct rb_node *moved)
{
	if (tree->augment == NULL)
		return;
	if (moved != NULL) {
		while (parent != moved && tree->augment(parent))
			parent = rb_parent(parent);
		(void)tree->augment(moved);
		parent = rb_parent(moved);
	}
	rb_update(tree, parent);
}

static struct rb_node *
rb_leftmost(struct rb_node *node)
{
	while (node->left != NULL)
		node = node->left;
	return node;
}

static struct rb_node *
rb_rightmost(struct rb_node *node)
{
	while (node->right != NULL)
		node = node->right;
	return node;
}

/*
 * A node with two children cannot be taken out of its place, but the next
 * one, which has no left child, can, and then fills the place.
 */
void
rb_remove(struct rb_tree *tree, struct rb_node *node)
{
	struct rb_node *child, *leaver = node, *moved = NULL, *parent;
	bool was_red;

	if (node->left != NULL && node->right != NULL)
		leaver = moved = rb_leftmost(node->right);
	child = leaver->left != NULL ? leaver->left : leaver->right;
	parent = rb_parent(leaver);
	was_red = rb_is_red(leaver);

	rb_replace_child(tree, parent, leaver, child);
	if (child != NULL)
		rb_set_parent(child, parent);
	if (moved != NULL) {
		rb_take_place(tree, node, moved);
		if (parent == node)
			parent = moved;
	}
	rb_update_removed(tree, parent, moved);
	if (!was_red)
		rb_fix_black(tree, parent, child);
}

struct rb_node *
rb_first(const struct rb_tree *tree)
{
	return tree->root == NULL ? NULL : rb_leftmost(tree->root);
}

struct rb_node *
rb_last(const struct rb_tree *tree)
{
	return tree->root == NULL ? NULL : rb_rightmost(tree->root);
}

struct rb_node *
rb_next(const struct rb_node *node)
{
	struct rb_node *parent;

	if (node->right != NULL)
		return rb_leftmost(node->right);
	while ((parent = rb_parent(node)) != NULL && parent->right == node)
		node = parent;
	return parent;
}

struct rb_node *
rb_prev(const struct rb_node *node)
{
	struct rb_node *parent;

	if (node->left != NULL)
		return rb_rightmost(node->left);
	while ((parent = rb_parent(node)) != NULL && parent->left == node)
		node = parent;
	return parent;
}

/* How many black nodes there are from node up to the root. */
static size_t
rb_black_depth(const struct rb_node *node)
{
	size_t depth = 0;

	for (; node != NULL; node = rb_parent(node))
		depth += !rb_is_red(node);
	return depth;
}

static void
rb_check_child(const struct rb_node *parent, const struct rb_node *child,
    size_t black_depth)
{
	if (child == NULL) {
		VM_VERIFY(rb_black_depth(parent) == black_depth);
	} else {
		VM_VERIFY(rb_parent(child) == parent);
		VM_VERIFY(!rb_is_red(parent) || !rb_is_red(child));
	}
}

/* A walk in order instead of a recursion: the stack may be small. */
size_t
rb_check(const struct rb_tree *tree,
    int (*cmp)(const struct rb_node *a, const struct rb_node *b))
{
	struct rb_node *node, *prev = NULL;
	size_t black_depth, n = 0;

	if (tree->root == NULL)
		return 0;
	VM_VERIFY(tree->root->parent_color == RB_BLACK);
	black_depth = rb_black_depth(rb_first(tree));
	for (node = rb_first(tree); node != NULL; node = rb_next(node)) {
		rb_check_child(node, node->left, black_depth);
		rb_check_child(node, node->right, black_depth);
		VM_VERIFY(tree->augment == NULL || !tree->augment(node));
		VM_VERIFY(prev == NULL || cmp == NULL || cmp(prev, node) < 0);
		prev = node;
		n++;
	}
	return n;
}
