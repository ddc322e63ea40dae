/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * index/list.c - the ordered list alone, as 4.4BSD has it.
 *
 * A lookup begins at the entry found last: forwards from there, or, when the
 * address lies before it, forwards from the first entry.  The search for space
 * is a walk too; it leaves out the run of entries without a gap between them
 * that begins at the bottom of the map, or for space at the top, ends there:
 *
 *	min                    full.low      full.high            max
 *	 |[  )[    )[      )[  )   [ )  [  )   [  )[    )[        )|
 *
 * Source: 4.4BSD vm_map.c (vm_map_lookup_entry, vm_map_findspace, hint,
 * first_free).  Differs: 4.4BSD looks from below only, and so has no
 * full.high; and its first_free moves past one entry a time, at insertion.
 */
#include <stdatomic.h>

#include "vm/index/gaps.h"

static void
index_init(struct vm_index *ix)
{
	(void)ix;
}

static void
index_insert(struct vm_index *ix, struct vm_map_entry *e)
{
	struct vm_map_entry *prev = vm_index_prev(ix, e);
	struct vm_map_entry *next = vm_index_next(ix, e);

	if (prev == ix->full.low &&
	    e->start == (prev == NULL ? ix->min : prev->end))
		ix->full.low = e;
	if (next == ix->full.high &&
	    e->end == (next == NULL ? ix->max : next->start))
		ix->full.high = e;
}

/* The hint goes to a neighbour, where somebody is likely to look next. */
static void
index_remove(struct vm_index *ix, struct vm_map_entry *e)
{
	struct vm_map_entry *prev = vm_index_prev(ix, e);

	if (atomic_load_explicit(&ix->hint, memory_order_relaxed) == e)
		atomic_store_explicit(&ix->hint, prev, memory_order_relaxed);
	if (ix->full.low != NULL && e->start <= ix->full.low->start)
		ix->full.low = prev;
	if (ix->full.high != NULL && e->start >= ix->full.high->start)
		ix->full.high = vm_index_next(ix, e);
}

static void
index_resized(struct vm_index *ix, struct vm_map_entry *e)
{
	if (e->gap == 0)
		return;
	if (ix->full.low != NULL && e->start < ix->full.low->start)
		ix->full.low = e;
	if (ix->full.high != NULL && e->start >= ix->full.high->start)
		ix->full.high = vm_index_next(ix, e);
}

static struct vm_map_entry *
index_floor(struct vm_index *ix, vaddr_t va)
{
	struct vm_map_entry *next, *e;

	e = atomic_load_explicit(&ix->hint, memory_order_relaxed);
	if (e != NULL && e->start <= va && va < e->end)
		return e;
	if (e == NULL || e->start > va)
		e = vm_index_next(ix, NULL);
	if (e == NULL || e->start > va)
		return NULL;
	while ((next = vm_index_next(ix, e)) != NULL && next->start <= va)
		e = next;
	atomic_store_explicit(&ix->hint, e, memory_order_relaxed);
	return e;
}

/* The entry behind which, from below, the first gap is; NULL: before all. */
static struct vm_map_entry *
first_free(struct vm_index *ix)
{
	struct vm_map_entry *e = ix->full.low;

	if (e == NULL && ix->first_gap == 0)
		e = vm_index_next(ix, NULL);
	while (e != NULL && e->gap == 0 && vm_index_next(ix, e) != NULL)
		e = vm_index_next(ix, e);
	ix->full.low = e;
	return e;
}

/* The same from above. */
static struct vm_map_entry *
last_free(struct vm_index *ix)
{
	struct vm_map_entry *e, *high = ix->full.high;
	struct list *last = list_last(&ix->entries);

	if (high != NULL)
		e = vm_index_prev(ix, high);
	else
		e = last == NULL ? NULL :
				   LIST_ENTRY(last, struct vm_map_entry, link);
	for (; e != NULL && e->gap == 0; e = vm_index_prev(ix, e))
		high = e;
	ix->full.high = high;
	return e;
}

static bool
index_find_gap(struct vm_index *ix, const struct vm_gap_want *w, vaddr_t *start)
{
	struct vm_map_entry *from, *at;

	from = w->topdown ? last_free(ix) : first_free(ix);
	if (w->topdown && from != NULL && w->max <= from->end)
		from = index_floor(ix, w->max - 1);
	at = w->topdown ? NULL : index_floor(ix, w->min);
	if (at != NULL && (from == NULL || at->start > from->start))
		from = at;
	return vm_gap_walk(ix, w, from, start);
}

/* Nothing is free below the one mark and above the other. */
static void
index_check(const struct vm_index *ix)
{
	struct vm_map_entry *e;

	if (ix->full.low != NULL) {
		VM_VERIFY(ix->first_gap == 0);
		for (e = vm_index_next(ix, NULL); e != ix->full.low;
		     e = vm_index_next(ix, e))
			VM_VERIFY(e->gap == 0);
	}
	for (e = ix->full.high; e != NULL; e = vm_index_next(ix, e))
		VM_VERIFY(e->gap == 0);
	VM_VERIFY(ix->tree.root == NULL);
}

const struct vm_index_ops vm_index_list = {
	.name = "list",
	.init = index_init,
	.insert = index_insert,
	.remove = index_remove,
	.resized = index_resized,
	.floor = index_floor,
	.find_gap = index_find_gap,
	.check = index_check,
};
