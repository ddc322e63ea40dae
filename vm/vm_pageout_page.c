/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_pageout_page.c - what becomes of one page that a pass has come to.
 *
 *	not used any more	clean		free, or spare
 *				dirty		to swap, or to its pager: free
 *						when it is there
 *	used, wired, busy			back on a queue
 *	dirty, nowhere to go			the same, and stuck
 *
 * What has nowhere to go stays mapped: nobody needs to know whether it is used,
 * and whoever uses it would fault once for each pass.
 *
 * Everything here holds the lock of the page's owner, and looks at no other
 * page.  Which pages come here, and in which order, is up to the scans.
 *
 * Sources: UVM uvm_pdaemon.c; 4.4BSD vm_pageout.c, vm_page_deactivate.
 * Differs: a page is gone when it is written; nobody scans for it again.
 */
#include "vm/pmap.h"
#include "vm/vm_pageout_pass.h"
#include "vm/vm_pageq.h"
#include "vm/vm_swap.h"

/* Whether there is no place but memory for the page, as far as is known; with
 * the cluster that is being filled, if there is one. */
static bool
is_homeless(struct vm_system *sys, const struct vm_swapout *out,
    struct vm_page *pg)
{
	switch (pg->owner_ops->store(pg)) {
	case VM_STORE_NONE:
		return true;
	case VM_STORE_PAGER:
		return false;
	case VM_STORE_SWAP:
		break;
	}
	if (sys->paging->place->keeps && vm_swap_total(sys) != 0)
		return false;
	if (out != NULL && out->room != 0)
		return false;
	return vm_page_is_dirty(sys, pg) && vm_swap_is_full(sys);
}

/* ---- it goes ---- */

/*
 * True: the page is needed.  A port may know that it is being used this moment:
 * then it is referenced again at once.
 */
static bool
recheck_reference(const struct vm_pageout_pass *p, struct vm_page *pg)
{
	struct vm_machine *m = p->sys->machine;

	if (p->last || !m->references_by_fault)
		return false;
	(void)pmap_clear_reference(m, pg);
	return pmap_is_referenced(m, pg);
}

void
vm_pageout_requeue(struct vm_system *sys, struct vm_page *pg,
    enum vm_page_state where)
{
	if (pg->wire_count == 0)
		vm_pageq_put(sys, pg, where);
	vm_mutex_unlock(pg->lock);
}

static void
free_clean(struct vm_pageout_pass *p, struct vm_page *pg, bool file)
{
	struct vm_mutex *lock = pg->lock;

	if (p->spare)
		vm_pageq_put(p->sys, pg, VM_PAGE_SPARE);
	else
		vm_page_evict(p->sys, pg);
	vm_mutex_unlock(lock);
	p->freed++;
	p->freed_files += file;
}

static void
to_swap(struct vm_pageout_pass *p, struct vm_page *pg, enum vm_page_state stuck)
{
	struct vm_mutex *lock = pg->lock;

	if (vm_swapout_add(&p->out, pg)) {
		vm_mutex_unlock(lock);
	} else {
		p->full++;
		vm_pageout_requeue(p->sys, pg, stuck);
	}
	vm_swapout_flush_full(&p->out);
}

static void
to_pager(struct vm_pageout_pass *p, struct vm_page *pg, enum vm_page_state stay)
{
	vm_pageq_put(p->sys, pg, stay);
	p->written += pg->owner_ops->write(p->sys, pg);
}

void
vm_pageout_page(struct vm_pageout_pass *p, struct vm_page *pg,
    enum vm_page_state stay, enum vm_page_state stuck)
{
	enum vm_page_store store = pg->owner_ops->store(pg);

	VM_COUNT(p->sys, pd_scanned);
	p->scanned++;
	if (vm_page_is_pinned(pg) || recheck_reference(p, pg)) {
		vm_pageout_requeue(p->sys, pg,
		    vm_page_is_lent(pg) ? VM_PAGE_ACTIVE : stay);
		return;
	}
	if (is_homeless(p->sys, &p->out, pg)) {
		p->full += store == VM_STORE_SWAP;
		vm_pageout_requeue(p->sys, pg, stuck);
		return;
	}
	vm_page_withdraw(p->sys, pg);
	if (!pg->dirty)
		free_clean(p, pg, store == VM_STORE_PAGER);
	else if (store == VM_STORE_SWAP)
		to_swap(p, pg, stuck);
	else
		to_pager(p, pg, stay);
}

/* ---- it stays ---- */

/* Whether the page was used; from now on it is known only here. */
static bool
take_reference(struct vm_system *sys, struct vm_page *pg)
{
	bool used = pmap_clear_reference(sys->machine, pg);

	if (used)
		vm_page_proved(sys, pg, true);
	return used;
}

/* Where a use of an inactive page would not be seen, or the design has it so,
 * it is in no pmap, if it may go. */
static void
hide(struct vm_system *sys, const struct vm_swapout *out, struct vm_page *pg)
{
	struct vm_machine *m = sys->machine;

	if ((m->references_by_fault || sys->paging->unmaps) && !pg->busy &&
	    pg->wire_count == 0 && !is_homeless(sys, out, pg))
		(void)pmap_page_protect(m, pg, VM_PROT_NONE);
}

void
vm_pageout_retire(struct vm_system *sys, struct vm_page *pg)
{
	enum vm_page_state to = VM_PAGE_INACTIVE;

	if (vm_page_is_pinned(pg) || pg->state == VM_PAGE_SPARE)
		return;
	(void)take_reference(sys, pg);
	if (sys->paging->launders && vm_page_is_dirty(sys, pg))
		to = VM_PAGE_LAUNDRY;
	hide(sys, NULL, pg);
	if (pg->state == VM_PAGE_ACTIVE) {
		vm_pageq_put(sys, pg, to);
		VM_COUNT(sys, retired);
	}
}

/* Busy pages go there as well: they are being used. */
void
vm_pageout_deactivate(struct vm_pageout_pass *p, struct vm_page *pg)
{
	(void)take_reference(p->sys, pg);
	if (vm_page_is_lent(pg) || recheck_reference(p, pg)) {
		vm_pageout_requeue(p->sys, pg, VM_PAGE_ACTIVE);
		return;
	}
	hide(p->sys, &p->out, pg);
	VM_COUNT(p->sys, pd_deactivated);
	vm_pageout_requeue(p->sys, pg, VM_PAGE_INACTIVE);
}

bool
vm_pageout_was_used(struct vm_system *sys, struct vm_page *pg)
{
	return pg->busy || take_reference(sys, pg);
}

void
vm_pageout_reactivate(struct vm_pageout_pass *p, struct vm_page *pg)
{
	VM_COUNT(p->sys, pd_reactivated);
	vm_pageout_requeue(p->sys, pg, VM_PAGE_ACTIVE);
}
