/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * index/gaps.c - the arithmetic of free space, in one place for all indexes.
 *
 *	w->min	     e->end		     e->end + e->gap	   w->max
 *	  |   [ e )....lo...[ start, start+len )...hi....[ next )    |
 */
#include "vm/index/gaps.h"

bool
vm_gap_fits(const struct vm_gap_want *w, vaddr_t lo, vaddr_t hi, vaddr_t *start)
{
	vaddr_t s;

	if (lo < w->min)
		lo = w->min;
	if (hi > w->max)
		hi = w->max;
	if (lo >= hi || hi - lo < w->len)
		return false;
	if (w->topdown) {
		s = (hi - w->len) & ~(w->align - 1);
	} else {
		if (lo > UINT64_MAX - (w->align - 1))
			return false;
		s = (lo + w->align - 1) & ~(w->align - 1);
	}
	*start = s;
	return s >= lo && s < hi && hi - s >= w->len;
}

static bool
walk_up(const struct vm_index *ix, const struct vm_gap_want *w,
    const struct vm_map_entry *e, vaddr_t *start)
{
	if (e == NULL) {
		if (vm_gap_before_all(ix, w, start))
			return true;
		e = vm_index_next(ix, NULL);
	}
	for (; e != NULL && e->end < w->max; e = vm_index_next(ix, e)) {
		if (e->gap >= w->len && vm_gap_behind(w, e, start))
			return true;
	}
	return false;
}

static bool
walk_down(const struct vm_index *ix, const struct vm_gap_want *w,
    const struct vm_map_entry *e, vaddr_t *start)
{
	for (; e != NULL; e = vm_index_prev(ix, e)) {
		if (e->gap >= w->len && vm_gap_behind(w, e, start))
			return true;
		if (e->start <= w->min)
			return false;
	}
	return vm_gap_before_all(ix, w, start);
}

bool
vm_gap_walk(const struct vm_index *ix, const struct vm_gap_want *w,
    const struct vm_map_entry *from, vaddr_t *start)
{
	return w->topdown ? walk_down(ix, w, from, start) :
			    walk_up(ix, w, from, start);
}
