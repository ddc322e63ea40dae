/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * paging/laundry.c - counts of activity, and a queue for what must be written.
 *
 *	active       each pass: used, the count goes up; not used, down by one
 *	    |  at zero
 *	    v
 *	inactive     used meanwhile: active again;  clean: free
 *	    |  dirty
 *	    v
 *	laundry	     written as far as memory is short; or, when it is not, some
 *	    |	     each time, when too much is dirty beside what is clean
 *	    v
 *	unswappable  there was no room: again when there is, or passes get hard
 *
 * Writing is dearer than freeing: so clean pages go first, though they may have
 * been used later than dirty ones.
 *
 * What is too much grows less while clean pages go: where dirty pages come to
 * the laundry and nothing but clean ones is freed, there would soon be none.
 *
 * Source: FreeBSD vm_pageout.c (vm_pageout_scan_active, _inactive,
 * vm_pageout_laundry_worker).  Differs: one pass does the work of the two
 * threads, one after the other, so the background runs when the daemon does,
 * and has no rate by the clock; how much is short is what is missing now, with
 * no controller that looks at how that has changed (pidctrl); the active queue
 * is looked at as far as pages are wanted, not all of it in a period of time; a
 * page is unmapped to be written, where FreeBSD takes write permission only.
 */
#include "vm/vm_pageout_pass.h"
#include "vm/vm_pageq.h"
#include "vm/vm_swap.h"

#define ACT_ADVANCE    3  /* a use adds so much, */
#define ACT_MAX        64 /* up to here */
#define INACTIVE_SHARE 3  /* a third of the pages is to be inactive */
#define BACKGROUND     10 /* a tenth of a shortage is laundered without one */
#define STUCK_MOST     16 /* dirty pages that a pass finds no room for */

static void
count_use(struct vm_page *pg)
{
	unsigned n = vm_pageq_activity(pg) + ACT_ADVANCE;

	vm_pageq_set_activity(pg, (uint8_t)(n < ACT_MAX ? n : ACT_MAX));
}

/* A use while it was to go counts as one before: else the next look at it would
 * send it back. */
static void
reactivate(struct vm_pageout_pass *p, struct vm_page *pg)
{
	count_use(pg);
	vm_pageout_reactivate(p, pg);
}

/* Dirty pages are sorted out, for others to write. */
static void
sort_out(struct vm_pageout_pass *p, struct vm_page *pg)
{
	if (!p->hard && vm_pageout_was_used(p->sys, pg))
		reactivate(p, pg);
	else if (vm_page_is_dirty(p->sys, pg))
		vm_pageout_requeue(p->sys, pg, VM_PAGE_LAUNDRY);
	else
		vm_pageout_page(p, pg, VM_PAGE_INACTIVE, VM_PAGE_ACTIVE);
}

static void
scan_inactive(struct vm_pageout_pass *p)
{
	size_t left = vm_pageq_count(p->sys, VM_PAGE_INACTIVE);
	struct vm_page *pg;

	for (; left > 0 && !vm_pageout_enough(p); left--) {
		vm_pageout_prepare(p);
		pg = vm_pageq_take(p->sys, VM_PAGE_INACTIVE);
		if (pg == NULL)
			return;
		sort_out(p, pg);
	}
}

/* From where the daemon begins to where it is content: one more, as it may be
 * asked for nothing. */
static size_t
shortage(const struct vm_pageout_pass *p)
{
	const struct vm_paging *paging = p->sys->paging;
	size_t least = p->enough / paging->target.times * paging->target.by;

	return p->enough - least + 1;
}

/* Rounded down. */
static size_t
square_root(size_t n)
{
	size_t root = 0;

	while ((root + 1) * (root + 1) <= n)
		root++;
	return root;
}

/* One page; false: there is none, or no use in going on. */
static bool
launder_one(struct vm_pageout_pass *p)
{
	struct vm_page *pg;

	if ((!p->hard && p->full >= STUCK_MOST) || vm_pageout_is_held_up(p))
		return false;
	vm_pageout_prepare(p);
	pg = vm_pageq_take(p->sys, VM_PAGE_LAUNDRY);
	if (pg == NULL)
		return false;
	if (!p->hard && vm_pageout_was_used(p->sys, pg))
		reactivate(p, pg);
	else
		vm_pageout_page(p, pg, VM_PAGE_INACTIVE, VM_PAGE_UNSWAPPABLE);
	return true;
}

/* How much to launder though there is no shortage: nothing, unless the dirty
 * pages, times a weight that grows with the clean ones that have been freed
 * since the last time, are as many as clean ones are left. */
static size_t
background(const struct vm_pageout_pass *p)
{
	struct vm_system *sys = p->sys;
	size_t n = shortage(p);
	size_t dirty = vm_pageq_count(sys, VM_PAGE_LAUNDRY);
	size_t clean = vm_pageout_available(sys) +
	    vm_pageq_count(sys, VM_PAGE_INACTIVE);

	if (dirty * square_root((sys->freed_clean + n) / n) < clean)
		return 0;
	sys->freed_clean = 0;
	return n / BACKGROUND + 1;
}

/* Pages that go along count; one that is used counts, too: it has been looked
 * at, which is the point of it. */
static void
launder_more(struct vm_pageout_pass *p, size_t left)
{
	size_t n, before, done;

	if (left == 0 || p->enough == 0 || vm_pageout_is_held_up(p))
		return;
	n = background(p);
	for (; left > 0 && n > 0; left--) {
		before = vm_pageout_made(p);
		if (!launder_one(p))
			return;
		done = vm_pageout_made(p) - before;
		if (done == 0)
			done = 1;
		n -= done < n ? done : n;
	}
}

static void
launder(struct vm_pageout_pass *p)
{
	size_t left = vm_pageq_count(p->sys, VM_PAGE_LAUNDRY);

	for (; left > 0 && !vm_pageout_enough(p); left--)
		if (!launder_one(p))
			return;
	launder_more(p, left);
}

/* One page of the active queue; true when it became inactive. */
static bool
age(struct vm_pageout_pass *p, struct vm_page *pg)
{
	unsigned n = vm_pageq_activity(pg);

	if (vm_pageout_was_used(p->sys, pg)) {
		count_use(pg);
	} else if (n <= 1 || p->hard) {
		vm_pageout_deactivate(p, pg);
		return true;
	} else {
		vm_pageq_set_activity(pg, (uint8_t)(n - 1));
	}
	vm_pageout_requeue(p->sys, pg, VM_PAGE_ACTIVE);
	return false;
}

static void
scan_active(struct vm_pageout_pass *p)
{
	struct vm_system *sys = p->sys;
	size_t left = vm_pageq_count(sys, VM_PAGE_ACTIVE);
	size_t have = vm_pageq_count(sys, VM_PAGE_INACTIVE) +
	    vm_pageq_count(sys, VM_PAGE_LAUNDRY);
	size_t all = left + have;
	size_t want = p->hard ? all : all / INACTIVE_SHARE + 1;
	struct vm_page *pg;

	for (; left > 0 && have < want; left--) {
		pg = vm_pageq_take(sys, VM_PAGE_ACTIVE);
		if (pg == NULL)
			return;
		have += age(p, pg);
	}
}

/* Or may be: then what is in the way is tried, too. */
static bool
has_room(const struct vm_pageout_pass *p)
{
	return p->hard || !vm_swap_is_full(p->sys);
}

static void
try_unswappable(struct vm_pageout_pass *p)
{
	size_t left = vm_pageq_count(p->sys, VM_PAGE_UNSWAPPABLE);
	struct vm_page *pg;

	for (; left > 0; left--) {
		pg = vm_pageq_take(p->sys, VM_PAGE_UNSWAPPABLE);
		if (pg == NULL)
			return;
		vm_pageout_requeue(p->sys, pg, VM_PAGE_LAUNDRY);
	}
}

void
vm_scan_laundry(struct vm_pageout_pass *p)
{
	if (has_room(p))
		try_unswappable(p);
	scan_inactive(p);
	p->sys->freed_clean += p->freed;
	launder(p);
	scan_active(p);
}
