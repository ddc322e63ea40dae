/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * radix.h - radix trees: from a uint64_t index to a pointer that is not NULL.
 *
 * Each level takes six bits of the index, the root as many levels up as the
 * largest index needs.  A node has 64 slots and three maps of 64 bits: a bit
 * of a map is set when something under its slot is present, has tag 0, has
 * tag 1.  With them "next entry" and "next tagged entry" are one walk that
 * skips what is empty.
 *
 *	tree.root -> shift 6 +---+---+- - -+---+
 *			     | 0 | 1 |     |63 |
 *			     +-|-+-|-+- - -+---+
 *	      indices 0..63 <--+   +--> shift 0 +---+- - -+---+
 *					        |64 |     |127|  entries
 *
 * Nodes exist only where entries are, and the height shrinks again.  Only
 * radix_insert() needs memory and can fail.
 *
 * Not thread-safe; reading may be shared.
 */

#ifndef BASE_RADIX_H
#define BASE_RADIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/alloc.h"
#include "base/check.h"

enum {
	RADIX_BITS = 6,
	RADIX_SLOTS = 1 << RADIX_BITS,
	RADIX_TAGS = 2,
	RADIX_PRESENT = RADIX_TAGS, /* the map after those of the tags */
	RADIX_MAPS
};

/*
 * parent	NULL for the root
 * first	lowest index under this node
 * shift	a slot spans 1 << shift indices; 0: the slots are entries
 * slot		which slot of parent this is
 * map		bit i: something under slots[i] has that tag or is present
 * slots	nodes or entries, NULL where nothing is present
 */
struct radix_node {
	struct radix_node *parent;
	uint64_t first;
	unsigned shift;
	unsigned slot;
	uint64_t map[RADIX_MAPS];
	void *slots[RADIX_SLOTS];
};

/* shift is that of the root, 0 without one. */
struct radix_tree {
	struct radix_node *root;
	unsigned shift;
	const struct base_alloc *alloc;
};

static inline void
radix_init(struct radix_tree *tree, const struct base_alloc *alloc)
{
	tree->root = NULL;
	tree->shift = 0;
	tree->alloc = alloc;
}

static inline bool
radix_is_empty(const struct radix_tree *tree)
{
	return tree->root == NULL;
}

/* radix_lookup: the entry at index; NULL if there is none. */
static inline void *
radix_lookup(const struct radix_tree *tree, uint64_t index)
{
	unsigned shift = tree->shift;
	void *p = tree->root;

	if (VM_UNLIKELY(index >> shift >= RADIX_SLOTS))
		return NULL;
	while (VM_LIKELY(p != NULL)) {
		p = ((struct radix_node *)p)
			->slots[(index >> shift) % RADIX_SLOTS];
		if (shift == 0)
			break;
		shift -= RADIX_BITS;
	}
	return p;
}

/*
 * radix_insert: enter ptr, not NULL, at index, which must be empty.
 *
 * => allocates only if no neighbour within the index's 64 is present
 * => 0; -1 if there is no memory, with the tree unchanged
 * => the entry has no tags
 */
int radix_insert(struct radix_tree *tree, uint64_t index, void *ptr);

/*
 * radix_replace: put ptr, not NULL, in the place of the entry at index, which
 * must be present; it keeps the tags.
 *
 * => returns the old entry; cannot fail
 */
void *radix_replace(struct radix_tree *tree, uint64_t index, void *ptr);

/*
 * radix_remove: take the entry at index and its tags out, and free the nodes
 * that become empty.
 *
 * => returns the entry, NULL if there is none; cannot fail
 */
void *radix_remove(struct radix_tree *tree, uint64_t index);

/*
 * radix_next: the first entry at or after *index, and its index in *index.
 *
 * => NULL if there is none, *index unchanged
 * => to go on, add 1 to *index, unless it is UINT64_MAX: that was the last
 */
void *radix_next(const struct radix_tree *tree, uint64_t *index);

/* radix_next_tagged: radix_next() among the entries that have the tag. */
void *radix_next_tagged(const struct radix_tree *tree, uint64_t *index,
    unsigned tag);

/*
 * radix_tag_set, radix_tag_clear, radix_tag_get: the tags of an entry.
 *
 * tag	0 or 1
 * => set: the entry must be present; clear: nothing if not; get: false if not
 */
void radix_tag_set(struct radix_tree *tree, uint64_t index, unsigned tag);
void radix_tag_clear(struct radix_tree *tree, uint64_t index, unsigned tag);
bool radix_tag_get(const struct radix_tree *tree, uint64_t index, unsigned tag);

/*
 * radix_fini: free all nodes; entries are the caller's.  The tree is empty
 * afterwards and may be used again.
 */
void radix_fini(struct radix_tree *tree);

/*
 * radix_check: assert that the tree is sound: links, maps, no empty node, no
 * level too many.
 *
 * => returns the number of entries; does not return if the tree is broken
 */
uint64_t radix_check(const struct radix_tree *tree);

#endif /* BASE_RADIX_H */
