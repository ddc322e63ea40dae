/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * index/addrtree.h - entries in a red-black tree by address, with or without
 * the largest gap below each node.  What the indexes with a tree share.
 */
#ifndef VM_INDEX_ADDRTREE_H
#define VM_INDEX_ADDRTREE_H

#include "vm/vm_index.h"

/* Begin with no entries.  gaps: each node knows the largest gap below it. */
void vm_addrtree_init(struct vm_index *, bool gaps);

/* Put an entry, which is on the ordered list already, into the tree. */
void vm_addrtree_insert(struct vm_index *, struct vm_map_entry *);

/* The last entry that starts at or before va, or NULL. */
struct vm_map_entry *vm_addrtree_floor(const struct vm_index *, vaddr_t va);

/*
 * vm_addrtree_first_fit: the wanted space at the lowest place, or the highest.
 * => the tree has gaps
 * => logarithmic, but for gaps that are long enough and badly aligned
 */
bool vm_addrtree_first_fit(const struct vm_index *, const struct vm_gap_want *,
    vaddr_t *start);

/* Panic unless the tree agrees with the list. */
void vm_addrtree_check(const struct vm_index *);

#endif
