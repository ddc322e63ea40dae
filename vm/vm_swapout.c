/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_swapout.c - pages go to swap.
 *
 *	add		the page gets its slot, and is busy from now on
 *	flush		the transfer begins; the caller goes on
 *	  arrived	whoever sees its end frees the pages
 *
 * Source: UVM uvm_pdaemon.c (swapcluster), uvm_pager.c (uvm_aio_aiodone).
 */
#include "vm/vm_swapout.h"

#include "base/mem.h"
#include "vm/vm_idle.h"
#include "vm/vm_pageq.h"
#include "vm/vm_swap.h"

struct vm_swapouts {
	struct vm_idle idle;
	struct vm_swapio ios[VM_IDLE_MAX];
};

/* ---- the end of a transfer ---- */

/* It was not written: the page stays, and stays dirty; the slot is bad if that
 * was the device's fault.  Its owner may have given it back.  => locked */
static void
bounce(struct vm_system *sys, struct vm_page *pg, int error)
{
	vm_slot_t slot = pg->owner_ops->slot(pg);

	pg->dirty = true;
	(void)pg->owner_ops->set_slot(pg, 0);
	if (slot != 0 && error == VM_ENOMEM)
		vm_swap_free(sys, slot, 1);
	else if (slot != 0)
		vm_swap_bad(sys, slot, 1);
	VM_COUNT(sys, pageout_errors);
}

/* => locked */
static void
settle(struct vm_system *sys, struct vm_page *pg)
{
	if (pg->released) {
		pg->owner_ops->discard(sys, pg);
	} else if (pg->dirty || pg->wanted) {
		vm_page_ready(sys, pg);
		vm_pageq_put(sys, pg, VM_PAGE_ACTIVE);
	} else {
		pg->owner_ops->evict(sys, pg);
	}
}

/* The end of the pages from i on that have one lock: they settle under it all
 * at once, so that who wants it waits once at most. */
static unsigned
end_of_run(const struct vm_swapio *io, unsigned i)
{
	const struct vm_mutex *lock = io->pages[i]->lock;

	do
		i++;
	while (i < io->npages && io->pages[i]->lock == lock);
	return i;
}

static void
settle_run(struct vm_swapio *io, unsigned first, unsigned end)
{
	const struct vm_page_owner *ops = io->pages[first]->owner_ops;
	struct vm_mutex *lock = io->pages[first]->lock;

	vm_mutex_lock(lock);
	for (unsigned i = first; i < end; i++) {
		if (io->error != 0)
			bounce(io->sys, io->pages[i], io->error);
		settle(io->sys, io->pages[i]);
	}
	vm_mutex_unlock(lock);
	for (unsigned i = first; i < end; i++)
		ops->unhold(io->sys, lock);
}

/* Called by the device, from any thread. */
static void
ended(struct vm_swapio *io)
{
	struct vm_system *sys = io->sys;
	unsigned n = io->npages, end;

	VM_COUNT(sys, pageout_io);
	if (io->error == 0)
		VM_COUNT_N(sys, pageouts, n);
	for (unsigned i = 0; i < n; i = end) {
		end = end_of_run(io, i);
		settle_run(io, i, end);
	}
	atomic_fetch_sub(&sys->paging_pages, n);
	vm_idle_put(&sys->swapouts->idle, io);
}

/* ---- filling a cluster ---- */

void
vm_swapout_begin(struct vm_swapout *c, struct vm_system *sys,
    const struct vm_placement *place, unsigned max)
{
	*c = (struct vm_swapout){ .sys = sys, .place = place, .max = max };
}

bool
vm_swapout_is_held_up(const struct vm_swapout *c)
{
	return c->io == NULL && vm_idle_is_none(&c->sys->swapouts->idle);
}

void
vm_swapout_ready(struct vm_swapout *c)
{
	if (c->io != NULL)
		return;
	c->io = vm_idle_get(&c->sys->swapouts->idle);
	c->io->npages = 0;
}

bool
vm_swapout_add(struct vm_swapout *c, struct vm_page *pg)
{
	return c->place->add(c, pg);
}

void
vm_swapout_open(struct vm_swapout *c, vm_slot_t first, unsigned n)
{
	VM_ASSERT(c->io->npages == 0 && c->room == 0);
	c->io->slot = first;
	c->room = n;
}

bool
vm_swapout_put(struct vm_swapout *c, struct vm_page *pg)
{
	struct vm_swapio *io = c->io;
	vm_slot_t old = pg->owner_ops->slot(pg);

	VM_ASSERT(c->room != 0 && !pg->busy && pg->wire_count == 0);
	if (!pg->owner_ops->set_slot(pg, io->slot + io->npages))
		return false;
	if (old != 0)
		vm_swap_free(c->sys, old, 1);
	pg->dirty = false;
	vm_page_busy(c->sys, pg);
	pg->owner_ops->hold(pg);
	io->pages[io->npages++] = pg;
	c->room--;
	c->begun++;
	atomic_fetch_add(&c->sys->paging_pages, 1);
	return true;
}

void
vm_swapout_flush(struct vm_swapout *c)
{
	struct vm_swapio *io = c->io;

	if (io == NULL)
		return;
	if (c->room != 0)
		vm_swap_free(c->sys, io->slot + io->npages, c->room);
	c->room = 0;
	c->closed = false;
	c->io = NULL;
	if (io->npages != 0)
		vm_swap_start(io);
	else
		vm_idle_put(&c->sys->swapouts->idle, io);
}

void
vm_swapout_flush_full(struct vm_swapout *c)
{
	if (c->closed || (c->room == 0 && c->io->npages != 0))
		vm_swapout_flush(c);
}

void
vm_swapout_forget(struct vm_system *sys, struct vm_page *pg)
{
	vm_slot_t slot = pg->owner_ops->slot(pg);

	if (slot == 0)
		return;
	pg->dirty = true;
	(void)pg->owner_ops->set_slot(pg, 0);
	vm_swap_free(sys, slot, 1);
}

void
vm_swapout_yield(struct vm_system *sys, struct vm_page *pg)
{
	vm_slot_t slot = pg->owner_ops->slot(pg);

	if (slot != 0 && vm_swap_refs(sys, slot) == 1)
		vm_swapout_forget(sys, pg);
}

/* ---- what goes elsewhere ---- */

void
vm_swapout_begun(struct vm_system *sys, size_t npages)
{
	atomic_fetch_add(&sys->paging_pages, npages);
}

void
vm_swapout_ended(struct vm_system *sys, size_t npages)
{
	atomic_fetch_sub(&sys->paging_pages, npages);
	vm_event_signal(vm_swapout_event(sys), sys->env);
}

/* ---- the whole ---- */

size_t
vm_swapout_paging(const struct vm_system *sys)
{
	return atomic_load(&sys->paging_pages);
}

struct vm_event *
vm_swapout_event(const struct vm_system *sys)
{
	return &sys->swapouts->idle.back;
}

void
vm_swapout_drain(struct vm_system *sys)
{
	vm_idle_wait_all(&sys->swapouts->idle);
}

int
vm_swapout_init(struct vm_system *sys)
{
	struct vm_swapouts *so = vm_alloc(sys, sizeof(*so));
	unsigned i;

	if (so == NULL)
		return VM_ENOMEM;
	memset(so, 0, sizeof(*so));
	vm_idle_init(&so->idle, sys->env);
	for (i = 0; i < VM_IDLE_MAX; i++) {
		so->ios[i].sys = sys;
		so->ios[i].io.write = true;
		so->ios[i].done = ended;
		vm_idle_add(&so->idle, &so->ios[i]);
	}
	sys->swapouts = so;
	return 0;
}

void
vm_swapout_fini(struct vm_system *sys)
{
	VM_ASSERT(sys->swapouts->idle.n == VM_IDLE_MAX);
	vm_free(sys, sys->swapouts, sizeof(*sys->swapouts));
	sys->swapouts = NULL;
}
