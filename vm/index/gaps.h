/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * index/gaps.h - whether a gap serves, and looking at one gap after another.
 * Shared by the indexes; asks nothing of them but the ordered list.
 */
#ifndef VM_INDEX_GAPS_H
#define VM_INDEX_GAPS_H

#include "vm/vm_index.h"

/* Whether the wanted space fits into [lo, hi), and where. */
bool vm_gap_fits(const struct vm_gap_want *, vaddr_t lo, vaddr_t hi,
    vaddr_t *start);

/* The same for the gap behind an entry, and that before the first one. */
static inline bool
vm_gap_behind(const struct vm_gap_want *w, const struct vm_map_entry *e,
    vaddr_t *start)
{
	return vm_gap_fits(w, e->end, e->end + e->gap, start);
}

static inline bool
vm_gap_before_all(const struct vm_index *ix, const struct vm_gap_want *w,
    vaddr_t *start)
{
	return vm_gap_fits(w, ix->min, ix->min + ix->first_gap, start);
}

/*
 * vm_gap_walk: look at gap after gap in the wanted direction, beginning with
 * the one behind `from`, or with NULL that before the first entry.
 */
bool vm_gap_walk(const struct vm_index *, const struct vm_gap_want *,
    const struct vm_map_entry *from, vaddr_t *start);

/* The entry behind e, with NULL the first; NULL behind the last. */
static inline struct vm_map_entry *
vm_index_next(const struct vm_index *ix, const struct vm_map_entry *e)
{
	if (e == NULL)
		return LIST_FIRST(struct vm_map_entry, &ix->entries, link);
	return LIST_NEXT(struct vm_map_entry, e, &ix->entries, link);
}

#endif
