/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_index.h - how a map finds entries and holes.
 *
 * Entries are always on an ordered list as well, which serves iteration and
 * neighbours; an index adds lookup by address and the search for free space.
 * The map sets entry->gap before it calls insert, remove or resized.
 */
#ifndef VM_INDEX_H
#define VM_INDEX_H

#include "base/list.h"
#include "base/rbtree.h"
#include "vm/vm_entry.h"

struct vm_index_ops;

/* The entries of one map.  The list head stands for the end of the range. */
struct vm_index {
	const struct vm_index_ops *ops;
	struct list entries; /* in address order */
	struct rb_tree tree;
	struct vm_map_entry *_Atomic hint; /* last found; readers set it too */
	vaddr_t min, max;
	vsize_t first_gap; /* free space from min to the first entry */
};

/* Where free space is wanted. */
struct vm_gap_want {
	vaddr_t min, max; /* inside which range */
	vsize_t len;      /* bytes, page aligned, not 0 */
	vsize_t align;    /* power of two, at least a page */
	bool topdown;     /* as high as possible, else as low */
};

struct vm_index_ops {
	const char *name;
	void (*init)(struct vm_index *); /* tree; the map does the rest */
	void (*insert)(struct vm_index *, struct vm_map_entry *);
	void (*remove)(struct vm_index *, struct vm_map_entry *);
	/* The entry's gap has changed (its end, or the next one's start). */
	void (*resized)(struct vm_index *, struct vm_map_entry *);
	/* The last entry that starts at or before va, or NULL. */
	struct vm_map_entry *(*floor)(struct vm_index *, vaddr_t va);
	/* Find free space; false when there is none. */
	bool (*find_gap)(struct vm_index *, const struct vm_gap_want *,
	    vaddr_t *start);
	void (*check)(const struct vm_index *);
};

extern const struct vm_index_ops vm_index_rbtree;

#endif
