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
 * Of a file, what is not in memory and not hidden by private pages is read as
 * it is, in requests as long as the design makes them for who reads in order,
 * and mapped by who comes.
 *
 * It takes what memory there is, down to where the daemon would have to make
 * more: nobody has to go for what may be needed.  And no more requests than a
 * device gets done in a moment, for who comes next waits behind them.
 *
 * Source: Linux madvise(2).
 */
#include "vm/vm_willneed.h"

#include "base/bits.h"
#include "vm/vm_fault.h"
#include "vm/vm_pageout.h"

#define WINDOW_PAGES 64
#define READS_MOST   256 /* under way in the system, of anybody */

/* A piece of the range, and which of its pages are in swap, or only in a file:
 * a bit each. */
struct window {
	vaddr_t start, end;
	vaddr_t part_end;  /* of what is mapped alike, and comes next */
	vm_pindex_t first; /* its first page in the entry */
	uint64_t here;     /* in memory, or in swap */
	uint64_t out;
	uint64_t stored;
	struct vm_object *file; /* a reference, if anything is stored */
	vm_pindex_t pindex;     /* of the first page in it */
};

_Static_assert(WINDOW_PAGES <= 64, "a bit for each page of a window");
_Static_assert(WINDOW_PAGES <= VM_CLUSTER_MAX, "a request has room for all");

static bool
has_room(struct vm_system *sys)
{
	struct vm_pageout_levels levels;

	vm_pageout_get_levels(sys, &levels);
	return vm_pageout_available(sys) > levels.min;
}

/* ---- what is where ---- */

static void
note(const struct vm_cow_page *at, void *arg)
{
	struct window *w = arg;
	uint64_t bit = (uint64_t)1 << (at->n - w->first);

	w->here |= bit;
	if (at->page == NULL)
		w->out |= bit;
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

/* The rest is in the file, whose pages in memory walk has told of. */
static void
note_file(struct window *w, const struct vm_map_entry *e, vm_pindex_t npages)
{
	w->stored = bits_below((unsigned)npages) & ~w->here;
	if (w->stored == 0)
		return;
	w->file = e->object;
	w->pindex = e->offset + w->first;
	vm_object_ref(w->file);
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

	*w = (struct window){ .start = p->start,
		.end = p->end,
		.part_end = p->end };
	if (!may_be_out(p->entry))
		return;
	if (npages > WINDOW_PAGES)
		npages = WINDOW_PAGES;
	w->end = w->start + vm_ptoa(npages);
	w->first = vm_entry_page(p->entry, p->start);
	cow->lock(p->entry);
	cow->walk(p->entry, w->first, npages, note, w);
	if (p->entry->object != NULL && p->entry->object->ops->get == NULL)
		note_object(w, p->entry, npages);
	cow->unlock(p->entry);
	if (p->entry->object != NULL && p->entry->object->ops->get != NULL)
		note_file(w, p->entry, npages);
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

static bool
begin_swapped(struct vm_map *map, struct window *w)
{
	for (; w->out != 0; w->out &= w->out - 1) {
		if (!may_begin(map->sys))
			return false;
		begin(map, w->start + vm_ptoa(bits_lowest(w->out)));
	}
	return true;
}

/* ---- in files ---- */

/* How many pages in a row, of those that are stored, one request reads. */
static unsigned
request_length(struct vm_system *sys, uint64_t stored)
{
	uint64_t run = stored >> bits_lowest(stored);
	unsigned n = run == UINT64_MAX ? WINDOW_PAGES : bits_lowest(~run);

	if (n > sys->paging->file.most)
		n = sys->paging->file.most;
	return vm_readahead_clip(sys, n);
}

/* After an error, the end of the file most likely, what is mapped behind it is
 * not tried. */
static bool
begin_stored(struct vm_system *sys, struct window *w)
{
	unsigned i, n;

	while (w->stored != 0) {
		if (!may_begin(sys))
			return false;
		i = bits_lowest(w->stored);
		n = request_length(sys, w->stored);
		w->stored &= ~(bits_below(n) << i);
		if (vm_object_read_ahead(w->file, w->pindex + i,
			w->pindex + i + n) != 0) {
			w->stored = 0;
			w->end = w->part_end;
		}
	}
	return true;
}

void
vm_willneed(struct vm_map *map, vaddr_t start, vaddr_t end)
{
	struct window w;
	bool more = true;

	for (; more && next_window(map, start, end, &w); start = w.end) {
		more = begin_swapped(map, &w) && begin_stored(map->sys, &w);
		if (w.file != NULL)
			vm_object_unref(w.file);
	}
}
