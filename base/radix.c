/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * radix.c - see radix.h.
 *
 * Invariants, between calls:
 *	- slots[i] is NULL exactly where bit i of map[RADIX_PRESENT] is clear;
 *	- bit i of a map of an inner node is set exactly where that map of
 *	  the child in slots[i] is not 0;
 *	- a node has something present, or it does not exist;
 *	- the root is at shift 0 or has a child in a slot other than 0; its
 *	  own slot is 0, as that of every node that was or becomes the root.
 *
 * So a mark goes up from a leaf only while a map was, or becomes, 0.  And
 * undoing a half-built way to a new leaf is the same work as removing the
 * last entry of a leaf: radix_prune().
 */

#include "base/bits.h"
#include "base/mem.h"
#include "base/radix.h"

static inline unsigned
radix_slot(uint64_t index, unsigned shift)
{
	return (unsigned)(index >> shift) % RADIX_SLOTS;
}

static inline bool
radix_covers(const struct radix_tree *tree, uint64_t index)
{
	return index >> tree->shift < RADIX_SLOTS;
}

/* The leaf that has or would have the entry at index; NULL if none does. */
static inline struct radix_node *
radix_leaf(const struct radix_tree *tree, uint64_t index)
{
	struct radix_node *node = tree->root;
	unsigned shift = tree->shift;

	if (VM_UNLIKELY(!radix_covers(tree, index)))
		return NULL;
	while (shift != 0 && node != NULL) {
		node = node->slots[radix_slot(index, shift)];
		shift -= RADIX_BITS;
	}
	return node;
}

static inline void
radix_mark(struct radix_node *node, unsigned slot, unsigned which)
{
	uint64_t old;

	do {
		old = node->map[which];
		node->map[which] = old | (uint64_t)1 << slot;
		slot = node->slot;
		node = node->parent;
	} while (old == 0 && node != NULL);
}

static inline void
radix_unmark(struct radix_node *node, unsigned slot, unsigned which)
{
	uint64_t left;

	if ((node->map[which] >> slot & 1) == 0)
		return;
	do {
		left = node->map[which] & ~((uint64_t)1 << slot);
		node->map[which] = left;
		slot = node->slot;
		node = node->parent;
	} while (left == 0 && node != NULL);
}

static struct radix_node *
radix_node_create(const struct radix_tree *tree, unsigned shift)
{
	const struct base_alloc *alloc = tree->alloc;
	struct radix_node *node;

	node = alloc->alloc(alloc->ctx, sizeof(*node));
	if (node == NULL)
		return NULL;
	memset(node, 0, sizeof(*node));
	node->shift = shift;
	return node;
}

static void
radix_node_destroy(const struct radix_tree *tree, struct radix_node *node)
{
	tree->alloc->free(tree->alloc->ctx, node, sizeof(*node));
}

static void
radix_set_root(struct radix_tree *tree, struct radix_node *root, unsigned shift)
{
	tree->root = root;
	tree->shift = shift;
	if (root != NULL)
		root->parent = NULL;
}

/* Create the root of an empty tree, as high as index needs. */
static int
radix_plant(struct radix_tree *tree, uint64_t index)
{
	struct radix_node *root;
	unsigned shift = 0;

	while (index >> shift >= RADIX_SLOTS)
		shift += RADIX_BITS;
	root = radix_node_create(tree, shift);
	if (root == NULL)
		return -1;
	radix_set_root(tree, root, shift);
	return 0;
}

/* Put a level on top of a tree that is not empty. */
static int
radix_raise(struct radix_tree *tree)
{
	struct radix_node *old = tree->root, *root;

	root = radix_node_create(tree, tree->shift + RADIX_BITS);
	if (root == NULL)
		return -1;
	root->slots[0] = old;
	for (unsigned which = 0; which < RADIX_MAPS; which++)
		root->map[which] = old->map[which] != 0;
	radix_set_root(tree, root, root->shift);
	old->parent = root;
	return 0;
}

/* Hang a new node into a slot of parent; without a mark, as it is empty. */
static struct radix_node *
radix_sprout(struct radix_tree *tree, struct radix_node *parent, unsigned slot)
{
	struct radix_node *node;

	node = radix_node_create(tree, parent->shift - RADIX_BITS);
	if (node == NULL)
		return NULL;
	node->parent = parent;
	node->slot = slot;
	node->first = parent->first + ((uint64_t)slot << parent->shift);
	parent->slots[slot] = node;
	return node;
}

/* Free node and those above it as far as they are empty, and spare levels. */
static VM_NOINLINE void
radix_prune(struct radix_tree *tree, struct radix_node *node)
{
	struct radix_node *parent;

	while (node != NULL && node->map[RADIX_PRESENT] == 0) {
		parent = node->parent;
		if (parent == NULL)
			radix_set_root(tree, NULL, 0);
		else
			parent->slots[node->slot] = NULL;
		radix_node_destroy(tree, node);
		node = parent;
	}
	while (tree->shift != 0 && tree->root->map[RADIX_PRESENT] == 1) {
		node = tree->root;
		radix_set_root(tree, node->slots[0], tree->shift - RADIX_BITS);
		radix_node_destroy(tree, node);
	}
}

/* Build the way to index, which has no leaf; returns the leaf or NULL. */
static struct radix_node *
radix_build(struct radix_tree *tree, uint64_t index)
{
	struct radix_node *child, *node;
	unsigned slot;

	if (tree->root == NULL && radix_plant(tree, index) != 0)
		return NULL;
	while (!radix_covers(tree, index)) {
		if (radix_raise(tree) != 0) {
			radix_prune(tree, tree->root);
			return NULL;
		}
	}
	for (node = tree->root; node->shift != 0; node = child) {
		slot = radix_slot(index, node->shift);
		child = node->slots[slot];
		if (child == NULL)
			child = radix_sprout(tree, node, slot);
		if (child == NULL) {
			radix_prune(tree, node);
			return NULL;
		}
	}
	return node;
}

static inline void
radix_enter(struct radix_node *leaf, uint64_t index, void *ptr)
{
	unsigned slot = radix_slot(index, 0);

	VM_ASSERT(ptr != NULL);
	VM_ASSERT(leaf->slots[slot] == NULL);
	leaf->slots[slot] = ptr;
	radix_mark(leaf, slot, RADIX_PRESENT);
}

/* Apart, so that an insertion that has its leaf does not pay for this one. */
static VM_NOINLINE int
radix_build_and_enter(struct radix_tree *tree, uint64_t index, void *ptr)
{
	struct radix_node *leaf = radix_build(tree, index);

	if (leaf == NULL)
		return -1;
	radix_enter(leaf, index, ptr);
	return 0;
}

int
radix_insert(struct radix_tree *tree, uint64_t index, void *ptr)
{
	struct radix_node *leaf = radix_leaf(tree, index);

	if (VM_UNLIKELY(leaf == NULL))
		return radix_build_and_enter(tree, index, ptr);
	radix_enter(leaf, index, ptr);
	return 0;
}

void *
radix_replace(struct radix_tree *tree, uint64_t index, void *ptr)
{
	struct radix_node *leaf = radix_leaf(tree, index);
	unsigned slot = radix_slot(index, 0);
	void *old;

	VM_ASSERT(ptr != NULL);
	VM_ASSERT(leaf != NULL);
	old = leaf->slots[slot];
	VM_ASSERT(old != NULL);
	leaf->slots[slot] = ptr;
	return old;
}

void *
radix_remove(struct radix_tree *tree, uint64_t index)
{
	struct radix_node *leaf = radix_leaf(tree, index);
	unsigned slot = radix_slot(index, 0);
	void *old;

	if (leaf == NULL || leaf->slots[slot] == NULL)
		return NULL;
	old = leaf->slots[slot];
	leaf->slots[slot] = NULL;
	for (unsigned which = 0; which < RADIX_MAPS; which++)
		radix_unmark(leaf, slot, which);
	if (leaf->map[RADIX_PRESENT] == 0)
		radix_prune(tree, leaf);
	return old;
}

/* The lowest node on the way to index that still has the mark there. */
static const struct radix_node *
radix_descend(const struct radix_tree *tree, uint64_t index, unsigned which)
{
	const struct radix_node *node = tree->root;
	unsigned slot;

	while (node->shift != 0) {
		slot = radix_slot(index, node->shift);
		if ((node->map[which] >> slot & 1) == 0)
			break;
		node = node->slots[slot];
	}
	return node;
}

/*
 * Down towards the index, up to the first node with a mark at or after it,
 * and down again along the first marks.
 */
static void *
radix_seek_next(const struct radix_tree *tree, uint64_t *index, unsigned which)
{
	const struct radix_node *node;
	uint64_t marks;
	unsigned slot;

	if (tree->root == NULL || !radix_covers(tree, *index))
		return NULL;
	node = radix_descend(tree, *index, which);
	slot = radix_slot(*index, node->shift);
	while ((marks = node->map[which] & ~bits_below(slot)) == 0) {
		if (node->parent == NULL)
			return NULL;
		slot = node->slot + 1;
		node = node->parent;
	}
	slot = bits_lowest(marks);
	while (node->shift != 0) {
		node = node->slots[slot];
		slot = bits_lowest(node->map[which]);
	}
	*index = node->first + slot;
	return node->slots[slot];
}

void *
radix_next(const struct radix_tree *tree, uint64_t *index)
{
	return radix_seek_next(tree, index, RADIX_PRESENT);
}

void *
radix_next_tagged(const struct radix_tree *tree, uint64_t *index, unsigned tag)
{
	VM_ASSERT(tag < RADIX_TAGS);
	return radix_seek_next(tree, index, tag);
}

void
radix_tag_set(struct radix_tree *tree, uint64_t index, unsigned tag)
{
	struct radix_node *leaf = radix_leaf(tree, index);
	unsigned slot = radix_slot(index, 0);

	VM_ASSERT(tag < RADIX_TAGS);
	VM_ASSERT(leaf != NULL);
	VM_ASSERT(leaf->slots[slot] != NULL);
	radix_mark(leaf, slot, tag);
}

void
radix_tag_clear(struct radix_tree *tree, uint64_t index, unsigned tag)
{
	struct radix_node *leaf = radix_leaf(tree, index);

	VM_ASSERT(tag < RADIX_TAGS);
	if (leaf != NULL)
		radix_unmark(leaf, radix_slot(index, 0), tag);
}

bool
radix_tag_get(const struct radix_tree *tree, uint64_t index, unsigned tag)
{
	const struct radix_node *leaf = radix_leaf(tree, index);

	VM_ASSERT(tag < RADIX_TAGS);
	if (leaf == NULL)
		return false;
	return (leaf->map[tag] >> radix_slot(index, 0) & 1) != 0;
}

/* Down into what is present, erasing the mark, and up from what has none. */
void
radix_fini(struct radix_tree *tree)
{
	struct radix_node *node = tree->root, *parent;
	uint64_t *present;
	unsigned slot;

	while (node != NULL) {
		present = &node->map[RADIX_PRESENT];
		if (node->shift != 0 && *present != 0) {
			slot = bits_lowest(*present);
			*present &= *present - 1;
			node = node->slots[slot];
		} else {
			parent = node->parent;
			radix_node_destroy(tree, node);
			node = parent;
		}
	}
	radix_set_root(tree, NULL, 0);
}

static void
radix_check_child(const struct radix_node *node, unsigned slot)
{
	const struct radix_node *child = node->slots[slot];

	VM_VERIFY(child->parent == node);
	VM_VERIFY(child->slot == slot);
	VM_VERIFY(child->shift == node->shift - RADIX_BITS);
	VM_VERIFY(
	    child->first == node->first + ((uint64_t)slot << node->shift));
	VM_VERIFY(child->map[RADIX_PRESENT] != 0);
	for (unsigned which = 0; which < RADIX_MAPS; which++)
		VM_VERIFY(
		    (node->map[which] >> slot & 1) == (child->map[which] != 0));
}

/* Recursive, but no deeper than an index has groups of six bits. */
static uint64_t
radix_check_node(const struct radix_node *node)
{
	const uint64_t present = node->map[RADIX_PRESENT];
	uint64_t n = 0;

	for (unsigned tag = 0; tag < RADIX_TAGS; tag++)
		VM_VERIFY((node->map[tag] & ~present) == 0);
	for (unsigned slot = 0; slot < RADIX_SLOTS; slot++) {
		VM_VERIFY((present >> slot & 1) == (node->slots[slot] != NULL));
		if (node->slots[slot] == NULL)
			continue;
		if (node->shift == 0) {
			n++;
			continue;
		}
		radix_check_child(node, slot);
		n += radix_check_node(node->slots[slot]);
	}
	return n;
}

uint64_t
radix_check(const struct radix_tree *tree)
{
	const struct radix_node *root = tree->root;

	if (root == NULL) {
		VM_VERIFY(tree->shift == 0);
		return 0;
	}
	VM_VERIFY(root->parent == NULL);
	VM_VERIFY(root->slot == 0);
	VM_VERIFY(root->first == 0);
	VM_VERIFY(root->shift == tree->shift);
	VM_VERIFY(root->map[RADIX_PRESENT] != 0);
	VM_VERIFY(root->shift == 0 || root->map[RADIX_PRESENT] != 1);
	return radix_check_node(root);
}
