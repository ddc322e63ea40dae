/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_willneed.c - bringing in what will be needed.
 *
 * A page in swap is faulted in by one who does not sleep, and who leaves as
 * soon as its read has begun: so a number of reads are under way at once, and
 * each design reads along with them what it does for any fault.
 *
 *	in swap   . x x . x x x . .		a window of the range
 *		    |-> |-> |->			tried, left
 *
 * It takes what memory there is, down to where the daemon would have to make
 * more: nobody has to go for what may be needed.  And no more requests than a
 * device gets done in a moment, for who comes next waits behind them.
 *
 * Source: Linux madvise(2).  Differs: files are waited for.
 */
#include "vm/vm_willneed.h"

#include "base/bits.h"
#include "vm/vm_fault.h"
#include "vm/vm_pageout.h"

#define WINDOW_PAGES 64
#define READS_MOST   256 /* under way in the system, of anybody */

/* A piece of the range, and which of its pages are in swap: a bit each. */
struct window {
	vaddr_t start, end;
	vm_pindex_t first; /* its first page in the entry */
	uint64_t out;
};

static bool
has_room(struct vm_system *sys)
{
	struct vm_pageout_levels levels;

	vm_pageout_get_levels(sys, &levels);
	return vm_pageout_available(sys) > levels.min;
}

/* ---- in swap ---- */

static void
note_out(const struct vm_cow_page *at, void *arg)
{
	struct window *w = arg;

	if (at->page == NULL)
		w->out |= (uint64_t)1 << (at->n - w->first);
}

/* The same of shared memory, of which walk tells what is in memory alone. */
static void
note_object(struct window *w, const struct vm_map_entry *e, vm_pindex_t npages)
{
	vm_pindex_t first = e->offset + w->first, i = first;

	for (; vm_object_next_place(e->object, &i) && i - first < npages; i++) {
		if (vm_object_lookup(e->object, i) == NULL)
			w->out |= (uint64_t)1 << (i - first);
	}
}

static bool
may_be_out(const struct vm_map_entry *e)
{
	return (e->prot & VM_PROT_READ) != 0 &&
	    (vm_entry_has_upper(e) || e->object != NULL);
}

/* A part of which nothing can be out is one window, however long. */
static void
look(struct window *w, const struct vm_map_part *p)
{
	const struct vm_cow_ops *cow = p->map->design->cow;
	vm_pindex_t npages = vm_atop(p->end - p->start);

	*w = (struct window){ .start = p->start, .end = p->end };
	if (!may_be_out(p->entry))
		return;
	if (npages > WINDOW_PAGES)
		npages = WINDOW_PAGES;
	w->end = w->start + vm_ptoa(npages);
	w->first = vm_entry_page(p->entry, p->start);
	cow->lock(p->entry);
	cow->walk(p->entry, w->first, npages, note_out, w);
	if (p->entry->object != NULL)
		note_object(w, p->entry, npages);
	cow->unlock(p->entry);
}

/* The next window at or after va; false: nothing is mapped there any more. */
static bool
next_window(struct vm_map *map, vaddr_t va, vaddr_t end, struct window *w)
{
	struct vm_map_part p;
	bool found;

	vm_map_lock_read(map);
	found = vm_map_part(map, va, end, &p);
	if (found)
		look(w, &p);
	vm_map_unlock_read(map);
	return found;
}

static bool
may_begin(struct vm_system *sys)
{
	return has_room(sys) && vm_reads_under_way(sys) < READS_MOST;
}

static void
begin(struct vm_map *map, vaddr_t va)
{
	struct vm_fault_wait w = { .tries = 0 };

	(void)vm_fault_try(map, va, VM_PROT_READ, VM_FAULT_NARROW, &w);
	vm_fault_leave(&w);
}

static void
begin_swapped(struct vm_map *map, vaddr_t start, vaddr_t end)
{
	struct window w;

	for (; next_window(map, start, end, &w); start = w.end) {
		for (; w.out != 0; w.out &= w.out - 1) {
			if (!may_begin(map->sys))
				return;
			begin(map, w.start + vm_ptoa(bits_lowest(w.out)));
		}
	}
}

/* ---- in files ---- */

/* The next stored, readable part at or after *va; *va moves behind it. */
static bool
next_stored(struct vm_map *map, vaddr_t *va, vaddr_t end, struct vm_map_part *p)
{
	bool found = false;

	vm_map_lock_read(map);
	while (!found && vm_map_part(map, *va, end, p)) {
		found = p->entry->object != NULL &&
		    p->entry->object->ops->get != NULL &&
		    (p->entry->prot & VM_PROT_READ);
		*va = p->end;
	}
	vm_map_unlock_read(map);
	return found;
}

static void
read_stored(struct vm_map *map, vaddr_t start, vaddr_t end)
{
	struct vm_map_part p;
	vaddr_t stopped;

	while (next_stored(map, &start, end, &p)) {
		if (vm_page_free_count(map->sys) / 2 > vm_atop(p.end - p.start))
			(void)vm_fault_range(map, p.start, p.end, VM_PROT_READ,
			    &stopped);
	}
}

void
vm_willneed(struct vm_map *map, vaddr_t start, vaddr_t end)
{
	begin_swapped(map, start, end);
	read_stored(map, start, end);
}
