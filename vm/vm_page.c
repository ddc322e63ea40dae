/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_page.c - pages in use: they come and go, are busy, wired, mapped.
 *
 * Where they come from, and go, is vm_freelist.c.  Spare pages (vm_pageq.h) are
 * as good as free, and become so when there is no other.
 *
 * Source: UVM uvm_page.c.
 */
#include "vm/vm_page.h"

#include "base/mem.h"
#include "vm/pmap.h"
#include "vm/vm_freelist.h"
#include "vm/vm_page_loan.h"
#include "vm/vm_pageq.h"

#define EVENTS 64

struct vm_pages {
	_Atomic size_t nwired;
	struct vm_event events[EVENTS]; /* pages that stop being busy */
	struct vm_event arrival;        /* any of them */
};

/* ---- spare pages ---- */

/* Whether a spare page is still as it was when it became one. => locked */
static bool
is_spare(struct vm_system *sys, struct vm_page *pg)
{
	return !pg->busy && pg->pv == NULL && !vm_page_is_dirty(sys, pg);
}

/* Make a spare page a free one; false: there is none that nobody is at. */
static bool
free_spare(struct vm_system *sys)
{
	struct vm_page *pg;
	struct vm_mutex *lock;

	if (sys->pageq == NULL || vm_pageq_count(sys, VM_PAGE_SPARE) == 0)
		return false;
	pg = vm_pageq_take(sys, VM_PAGE_SPARE);
	if (pg == NULL)
		return false;
	lock = pg->lock;
	if (is_spare(sys, pg))
		vm_page_evict(sys, pg);
	else
		vm_pageq_put(sys, pg, VM_PAGE_INACTIVE);
	vm_mutex_unlock(lock);
	return true;
}

void
vm_page_free_spares(struct vm_system *sys, size_t nfree)
{
	while (vm_page_free_count(sys) < nfree && free_spare(sys))
		;
}

/* ---- the end of transit ---- */

/* Who wants the page is told that it is busy no longer; */
static void
end_busy(struct vm_system *sys, struct vm_page *pg)
{
	VM_ASSERT(pg->busy);
	pg->busy = pg->filling = false;
	if (pg->wanted) {
		pg->wanted = false;
		vm_event_signal(vm_page_event(sys, pg), sys->env);
	}
}

/* and then who wants any. */
static void
tell_arrival(struct vm_system *sys)
{
	(void)atomic_fetch_sub(&sys->busy_pages, 1);
	vm_event_signal(&sys->pages->arrival, sys->env);
}

/* ---- allocation ---- */

static void
page_reset(struct vm_page *pg)
{
	atomic_store_explicit(&pg->state, VM_PAGE_USED, memory_order_relaxed);
	pg->owner = NULL;
	pg->owner_ops = NULL;
	pg->pindex = 0;
	pg->dirty = true;
	pg->released = false;
	pg->ahead = false;
	vm_pageq_set_activity(pg, VM_PAGEQ_ACTIVITY_FIRST);
	VM_ASSERT(pg->pv == NULL && !pg->busy && pg->wire_count == 0);
}

struct vm_page *
vm_page_alloc(struct vm_system *sys, const struct vm_page *near, unsigned flags)
{
	struct vm_page *pg;

	while ((pg = vm_freelist_take(sys, near, flags)) == NULL) {
		if (!free_spare(sys))
			return NULL;
	}
	page_reset(pg);
	if ((flags & VM_PAGE_ZERO) && !pg->zeroed) {
		pmap_zero_page(sys->machine, pg);
		VM_COUNT(sys, pages_zeroed);
	}
	pg->zeroed = false;
	return pg;
}

/* From here on anybody may take the page. */
static void
put_free(struct vm_system *sys, struct vm_page *pg)
{
	const struct pmap_ops *ops = sys->machine->ops;

	VM_ASSERT(pg->pv == NULL);
	atomic_store_explicit(&pg->pmap_bits, 0, memory_order_relaxed);
	pg->zeroed = ops->page_idle != NULL &&
	    ops->page_idle(sys->machine, pg, 1);
	vm_freelist_put(sys, pg);
}

void
vm_page_free(struct vm_system *sys, struct vm_page *pg)
{
	bool busy = pg->busy;

	VM_ASSERT(pg->wire_count == 0);
	VM_ASSERT(vm_page_is_used(pg));
	VM_ASSERT(!pg->fictitious);
	if (busy)
		end_busy(sys, pg);
	if (atomic_load_explicit(&pg->state, memory_order_relaxed) !=
	    VM_PAGE_USED)
		vm_pageq_put(sys, pg, VM_PAGE_USED);
	pg->owner = NULL;
	if (!vm_page_is_lent(pg) || !vm_page_abandon(sys, pg))
		put_free(sys, pg);
	if (busy)
		tell_arrival(sys);
}

/* ---- busy, wired, mapped ---- */

static bool
is_of_file(const struct vm_page *pg)
{
	return !pg->fictitious && pg->owner != NULL &&
	    pg->owner_ops->store(pg) == VM_STORE_PAGER;
}

void
vm_page_count_file(struct vm_system *sys, const struct vm_page *pg, int by)
{
	if (is_of_file(pg))
		(void)atomic_fetch_add_explicit(&sys->file_pages, (size_t)by,
		    memory_order_relaxed);
}

struct vm_event *
vm_page_event(struct vm_system *sys, const struct vm_page *pg)
{
	return &sys->pages->events[pg->frame % EVENTS];
}

void
vm_page_ready(struct vm_system *sys, struct vm_page *pg)
{
	end_busy(sys, pg);
	tell_arrival(sys);
}

bool
vm_page_any_busy(const struct vm_system *sys)
{
	return atomic_load(&sys->busy_pages) != 0;
}

struct vm_event *
vm_page_arrival(const struct vm_system *sys)
{
	return &sys->pages->arrival;
}

void
vm_page_prove(struct vm_system *sys, struct vm_page *pg, bool used)
{
	pg->ahead = false;
	if (used)
		VM_COUNT(sys, ra_used);
	else
		VM_COUNT(sys, ra_unused);
	pg->owner_ops->read_along(pg, used);
}

uint32_t
vm_page_want(struct vm_system *sys, struct vm_page *pg)
{
	VM_ASSERT(pg->busy);
	pg->wanted = true;
	return vm_event_count(vm_page_event(sys, pg));
}

void
vm_page_wait(struct vm_system *sys, const struct vm_page *pg, uint32_t seen)
{
	vm_event_wait(vm_page_event(sys, pg), seen, sys->env);
}

void
vm_page_wire(struct vm_system *sys, struct vm_page *pg)
{
	VM_ASSERT(pg->wire_count < UINT32_MAX);
	if (pg->wire_count++ != 0 || pg->fictitious)
		return;
	atomic_fetch_add(&sys->pages->nwired, 1);
	vm_page_count_file(sys, pg, -1);
	vm_pageq_put(sys, pg, VM_PAGE_USED);
}

void
vm_page_evict(struct vm_system *sys, struct vm_page *pg)
{
	vm_page_proved(sys, pg, pmap_is_referenced(sys->machine, pg));
	pg->owner_ops->evict(sys, pg);
}

static void
unwire_n(struct vm_system *sys, struct vm_page *pg, unsigned n)
{
	VM_ASSERT(pg->wire_count >= n);
	pg->wire_count -= n;
	if (n == 0 || pg->wire_count != 0 || pg->fictitious)
		return;
	atomic_fetch_sub(&sys->pages->nwired, 1);
	vm_page_count_file(sys, pg, 1);
	vm_pageq_put(sys, pg, VM_PAGE_ACTIVE);
}

void
vm_page_unwire(struct vm_system *sys, struct vm_page *pg)
{
	unwire_n(sys, pg, 1);
}

void
vm_page_unmap(struct vm_system *sys, struct vm_page *pg)
{
	unwire_n(sys, pg, pmap_page_protect(sys->machine, pg, VM_PROT_NONE));
	pmap_update_all(sys->machine);
}

void
vm_page_unshare(struct vm_system *sys, struct vm_page *pg)
{
	unwire_n(sys, pg, pmap_page_unshare(sys->machine, pg));
	pmap_update_all(sys->machine);
}

bool
vm_page_is_dirty(const struct vm_system *sys, struct vm_page *pg)
{
	return pg->dirty || pmap_is_modified(sys->machine, pg);
}

void
vm_page_withdraw(struct vm_system *sys, struct vm_page *pg)
{
	vm_page_unmap(sys, pg);
	if (pmap_clear_modify(sys->machine, pg))
		pg->dirty = true;
}

void
vm_page_copy(struct vm_system *sys, struct vm_page *from, struct vm_page *to)
{
	pmap_copy_page(sys->machine, from, to);
	VM_COUNT(sys, pages_copied);
}

size_t
vm_page_wired_count(const struct vm_system *sys)
{
	return atomic_load(&sys->pages->nwired);
}

/* ---- beginning and end ---- */

int
vm_page_init(struct vm_system *sys)
{
	struct vm_pages *ps = vm_alloc(sys, sizeof(*ps));
	int error;

	if (ps == NULL)
		return VM_ENOMEM;
	error = vm_freelist_init(sys);
	if (error != 0) {
		vm_free(sys, ps, sizeof(*ps));
		return error;
	}
	memset(ps, 0, sizeof(*ps));
	sys->pages = ps;
	return 0;
}

void
vm_page_fini(struct vm_system *sys)
{
	VM_ASSERT(sys->busy_pages == 0);
	vm_freelist_fini(sys);
	vm_free(sys, sys->pages, sizeof(*sys->pages));
	sys->pages = NULL;
}

void
vm_page_check(const struct vm_system *sys)
{
	size_t i, n = vm_freelist_nset(sys), nwired = 0, nfile = 0;

	vm_freelist_check(sys);
	for (i = 0; i < n; i++) {
		const struct vm_page *pg = vm_page_nth(sys, i);

		nwired += pg->wire_count != 0;
		nfile += vm_page_is_used(pg) && pg->wire_count == 0 &&
		    is_of_file(pg);
	}
	VM_VERIFY(nwired == atomic_load(&sys->pages->nwired));
	VM_VERIFY(nfile == atomic_load(&sys->file_pages));
}
