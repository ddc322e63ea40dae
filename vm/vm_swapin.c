/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_swapin.c - pages come back from swap.
 *
 * A page that came back is clean, and its slot goes on being its place, so
 * that it can go again without being written.  Unless its device is to go, or
 * memory is short and swap full: then it is dirty, and its slot free for what
 * has to go in its place.
 */
#include "vm/vm_swapin.h"

#include "base/mem.h"
#include "vm/vm_pageq.h"
#include "vm/vm_swap.h"
#include "vm/vm_swapout.h"

#define SHORT_SHARE 8 /* memory is short when less than an 8th is free */

static bool
is_bad(uint64_t bad, unsigned i)
{
	return ((bad >> i) & 1) != 0;
}

void
vm_read_arrived(struct vm_system *sys, const struct vm_read *rd, unsigned i)
{
	struct vm_page *pg = rd->pages[i];

	vm_page_ready(sys, pg);
	if (i == rd->wanted && !rd->unasked)
		return;
	pg->ahead = true;
	vm_pageq_put(sys, pg, VM_PAGE_INACTIVE);
	VM_COUNT(sys, ra_pages);
}

static bool
are_slots_wanted(struct vm_system *sys)
{
	return vm_page_free_count(sys) < vm_page_count(sys) / SHORT_SHARE &&
	    vm_swap_is_full(sys);
}

/* From a device that is to go it comes for good.  => locked */
static void
arrived(struct vm_system *sys, const struct vm_read *rd, unsigned i)
{
	struct vm_page *pg = rd->pages[i];

	vm_read_arrived(sys, rd, i);
	if (vm_swap_is_retired(sys, pg->owner_ops->slot(pg)))
		vm_swapout_forget(sys, pg);
	else if (are_slots_wanted(sys))
		vm_swapout_yield(sys, pg);
}

/* => locked */
static void
settle(struct vm_system *sys, const struct vm_read *rd, unsigned i, bool failed)
{
	struct vm_page *pg = rd->pages[i];

	if (pg->released)
		pg->owner_ops->discard(sys, pg);
	else if (failed)
		pg->owner_ops->evict(sys, pg);
	else
		arrived(sys, rd, i);
}

/* The run has been read, but for the pages that are bad.  => the error */
static int
settle_run(struct vm_system *sys, struct vm_read *rd, uint64_t bad)
{
	const struct vm_page_owner *ops = rd->pages[0]->owner_ops;
	struct vm_mutex *lock = rd->pages[0]->lock;
	unsigned i, nbad = 0;

	vm_mutex_lock(lock);
	for (i = 0; i < rd->npages; i++) {
		nbad += is_bad(bad, i);
		settle(sys, rd, i, is_bad(bad, i));
	}
	vm_mutex_unlock(lock);
	ops->unhold(sys, lock);
	VM_COUNT(sys, pagein_io);
	VM_COUNT_N(sys, pageins, rd->npages - nbad);
	return is_bad(bad, rd->wanted) ? VM_EIO : 0;
}

int
vm_swapin(struct vm_system *sys, struct vm_read *rd)
{
	uint64_t bad = 0;

	(void)vm_swap_read(sys, rd->slot, rd->pages, rd->npages, &bad);
	return settle_run(sys, rd, bad);
}

/* Called by the device, from any thread. */
static void
ended(struct vm_swapio *sio)
{
	struct vm_reading *r = sio->arg;

	vm_reading_end(r, settle_run(sio->sys, &r->read, sio->bad));
}

void
vm_swapin_start(struct vm_reading *r)
{
	struct vm_swapio *sio = &r->swap;

	sio->sys = r->sys;
	sio->slot = r->read.slot;
	sio->npages = r->read.npages;
	memcpy(sio->pages, r->read.pages, sio->npages * sizeof(*sio->pages));
	sio->done = ended;
	sio->arg = r;
	vm_swap_start(sio);
}

void
vm_recall_stop(struct vm_recall *rc, const void *whose, uint64_t at)
{
	rc->whose = whose;
	rc->from = at;
}

uint64_t
vm_recall_from(const struct vm_recall *rc, const void *whose)
{
	return rc->whose == whose ? rc->from : 0;
}

void
vm_recall_page(struct vm_recall *rc, struct vm_page *pg)
{
	if (pg->busy) {
		rc->busy = pg;
		rc->seen = vm_page_want(rc->sys, pg);
		return;
	}
	vm_swapout_forget(rc->sys, pg);
	rc->ngone++;
}
