/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * index/rbtree.c - a red-black tree by address in which each node knows the
 * largest gap below it, so that lookup and the search for space are
 * logarithmic; and the entry found last, which is often wanted again.
 *
 * This is NetBSD's index (gap, maxgap, map->hint), and serves for FreeBSD's:
 * a splay tree with the same summary (max_free) and the same bounds, whose
 * root is what the hint is here.  Differs: a lookup never changes the tree, so
 * readers need no lock against each other.
 */
#include <stdatomic.h>

#include "vm/index/addrtree.h"

static void
index_init(struct vm_index *ix)
{
	vm_addrtree_init(ix, true);
}

static void
index_remove(struct vm_index *ix, struct vm_map_entry *e)
{
	if (atomic_load_explicit(&ix->hint, memory_order_relaxed) == e)
		atomic_store_explicit(&ix->hint, NULL, memory_order_relaxed);
	rb_remove(&ix->tree, &e->node);
}

static void
index_resized(struct vm_index *ix, struct vm_map_entry *e)
{
	rb_update(&ix->tree, &e->node);
}

static struct vm_map_entry *
index_floor(struct vm_index *ix, vaddr_t va)
{
	struct vm_map_entry *e;

	e = atomic_load_explicit(&ix->hint, memory_order_relaxed);
	if (e != NULL && e->start <= va && va < e->end)
		return e;
	e = vm_addrtree_floor(ix, va);
	if (e != NULL && va < e->end)
		atomic_store_explicit(&ix->hint, e, memory_order_relaxed);
	return e;
}

static bool
index_find_gap(struct vm_index *ix, const struct vm_gap_want *w, vaddr_t *start)
{
	return vm_addrtree_first_fit(ix, w, start);
}

const struct vm_index_ops vm_index_rbtree = {
	.name = "rbtree",
	.init = index_init,
	.insert = vm_addrtree_insert,
	.remove = index_remove,
	.resized = index_resized,
	.floor = index_floor,
	.find_gap = index_find_gap,
	.check = vm_addrtree_check,
};
