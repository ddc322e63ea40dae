/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_index.h - how a map finds entries and holes.  Public, to name one.
 *
 * Entries are always on an ordered list as well, which serves iteration and
 * neighbours; an index adds lookup by address and the search for free space.
 *
 *	list      nothing but the list, and where its first hole is: 4.4BSD
 *	rbtree    a tree that knows the largest gaps: NetBSD, FreeBSD
 *	twotrees  the same, and a second tree of gaps by size: OpenBSD
 *	hinted    a plain tree, and what the last searches came to: DragonFly
 *
 * The map puts an entry on the list and sets its gap before it calls insert,
 * takes it off after remove, and calls resized for every other gap that has
 * changed, but that before the first entry.  It is locked: to write, but for
 * floor, which may run many times at once.
 */
#ifndef VM_INDEX_H
#define VM_INDEX_H

#include "base/list.h"
#include "base/rbtree.h"
#include "vm/vm_entry.h"

struct vm_index_ops;

/* Which of the gaps that are large enough. */
enum vm_fit {
	VM_FIT_FIRST, /* the lowest, or highest */
	VM_FIT_BEST,  /* the smallest; an index by address takes the first */
};

/* Where free space is wanted. */
struct vm_gap_want {
	vaddr_t min, max; /* inside which range */
	vsize_t len;      /* bytes, page aligned, not 0 */
	vsize_t align;    /* power of two, at least a page */
	bool topdown;     /* as high as possible, else as low */
	enum vm_fit fit;
};

/* An answer remembered: in the wanted direction nothing is free before at. */
struct vm_gap_hint {
	struct vm_gap_want want; /* len 0: none */
	vaddr_t at;
};

enum { VM_GAP_HINTS = 4 };

/* The entries of one map.  The list head stands for the end of the range. */
struct vm_index {
	const struct vm_index_ops *ops;
	struct list entries; /* in address order */
	vaddr_t min, max;    /* what the map spans */
	vsize_t first_gap;   /* free space from min to the first entry */
	struct rb_tree tree; /* by address: all but list */
	struct vm_map_entry *_Atomic hint; /* list, rbtree: last found */
	union {
		struct rb_tree by_size; /* twotrees: gaps that are not 0 */
		struct {                /* list: no gap */
			struct vm_map_entry *low;  /* before its end */
			struct vm_map_entry *high; /* behind its start */
		} full;
		struct { /* hinted */
			struct vm_gap_hint hints[VM_GAP_HINTS];
			unsigned next; /* to be replaced */
		} searched;
	};
};

struct vm_index_ops {
	const char *name;
	void (*init)(struct vm_index *); /* its own part, zeroed */
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

/* The entry before e, NULL before the first. */
static inline struct vm_map_entry *
vm_index_prev(const struct vm_index *ix, const struct vm_map_entry *e)
{
	struct list *prev = list_prev(&ix->entries, &e->link);

	return prev == NULL ? NULL :
			      LIST_ENTRY(prev, struct vm_map_entry, link);
}

extern const struct vm_index_ops vm_index_list;
extern const struct vm_index_ops vm_index_rbtree;
extern const struct vm_index_ops vm_index_twotrees;
extern const struct vm_index_ops vm_index_hinted;

#endif
