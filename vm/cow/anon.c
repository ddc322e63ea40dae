/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cow/anon.c - the life of anons, in memory and in swap.
 */
#include "vm/cow/anon.h"

#include "vm/cow/cow_pool.h"
#include "vm/vm_charge.h"
#include "vm/vm_page_loan.h"
#include "vm/vm_pageq.h"
#include "vm/vm_swap.h"

struct vm_anon *
vm_anon_create(struct vm_system *sys, struct vm_family *family,
    const struct vm_page *near, unsigned flags)
{
	struct vm_anon *an = vm_cow_get(sys, VM_COW_ANON);

	if (an == NULL)
		return NULL;
	an->page = vm_page_alloc(sys, near, flags);
	if (an->page == NULL) {
		vm_cow_put(sys, VM_COW_ANON, an);
		return NULL;
	}
	an->refs = 1;
	an->borrowed = 0;
	an->slot = 0;
	vm_page_own(an->page, &vm_anon_owner, an, &family->mutex, 0);
	vm_pageq_put(sys, an->page, VM_PAGE_ACTIVE);
	VM_COUNT(sys, anons_allocated);
	return an;
}

/* ---- borrowed pages ---- */

static void
own(struct vm_system *sys, struct vm_family *family, struct vm_anon *an,
    struct vm_page *pg)
{
	an->page = pg;
	an->borrowed = 0;
	vm_page_own(pg, &vm_anon_owner, an, &family->mutex, 0);
	vm_pageq_put(sys, pg, VM_PAGE_ACTIVE);
}

/* The loan has been charged as a wired page. */
static void
uncharge(struct vm_system *sys)
{
	vm_charge_give(sys, &(struct vm_charge){ .wired = 1 });
}

static void
return_page(struct vm_system *sys, struct vm_anon *an)
{
	vm_page_return(sys, an->page);
	uncharge(sys);
}

struct vm_anon *
vm_anon_borrow(struct vm_system *sys, struct vm_family *family,
    struct vm_page *pg)
{
	struct vm_anon *an = vm_cow_get(sys, VM_COW_ANON);

	if (an == NULL)
		return NULL;
	an->refs = 1;
	an->borrowed = 1;
	an->slot = 0;
	an->page = pg;
	VM_COUNT(sys, anons_allocated);
	(void)vm_anon_inherit(sys, family, an);
	return an;
}

bool
vm_anon_inherit(struct vm_system *sys, struct vm_family *family,
    struct vm_anon *an)
{
	if (!vm_page_is_left(an->page))
		return false;
	vm_page_adopt(an->page);
	own(sys, family, an, an->page);
	uncharge(sys);
	return true;
}

bool
vm_anon_unborrow(struct vm_system *sys, struct vm_family *family,
    struct vm_anon *an, const struct vm_page *near, unsigned flags)
{
	struct vm_page *pg = vm_page_alloc(sys, near, flags);

	if (pg == NULL)
		return false;
	vm_page_unmap_lent(sys, an->page);
	vm_page_copy(sys, an->page, pg);
	return_page(sys, an);
	own(sys, family, an, pg);
	VM_COUNT(sys, loan_breaks);
	return true;
}

void
vm_anon_unshare(struct vm_system *sys, struct vm_anon *an)
{
	if (an->borrowed)
		vm_page_unshare_lent(sys, an->page);
	else
		vm_page_unshare(sys, an->page);
}

/* ---- the end ---- */

static void
drop_slot(struct vm_system *sys, struct vm_anon *an)
{
	if (an->slot != 0)
		vm_swap_free(sys, an->slot, 1);
	an->slot = 0;
}

/* Nobody names it any more, and its page, if there is one, is idle. */
static void
destroy(struct vm_system *sys, struct vm_anon *an)
{
	drop_slot(sys, an);
	if (an->borrowed)
		return_page(sys, an);
	else if (an->page != NULL)
		vm_page_free(sys, an->page);
	vm_cow_put(sys, VM_COW_ANON, an);
	VM_COUNT(sys, anons_freed);
}

void
vm_anon_unref(struct vm_system *sys, struct vm_anon *an)
{
	VM_ASSERT(an->refs != 0);
	if (--an->refs != 0)
		return;
	if (an->page != NULL && !an->borrowed && an->page->busy)
		an->page->released = true;
	else
		destroy(sys, an);
}

struct vm_page *
vm_anon_revive(struct vm_system *sys, struct vm_family *family,
    struct vm_anon *an, const struct vm_page *near, unsigned flags)
{
	struct vm_page *pg = vm_page_alloc(sys, near, flags);

	VM_ASSERT(an->page == NULL && an->slot != 0);
	if (pg == NULL)
		return NULL;
	vm_page_own(pg, &vm_anon_owner, an, &family->mutex, 0);
	vm_page_fill(sys, pg);
	an->page = pg;
	vm_pageq_put(sys, pg, VM_PAGE_INACTIVE);
	return pg;
}

/* ---- what the page daemon asks ---- */

static enum vm_page_store
anon_store(const struct vm_page *pg)
{
	(void)pg;
	return VM_STORE_SWAP;
}

static vm_slot_t
anon_slot(const struct vm_page *pg)
{
	const struct vm_anon *an = pg->owner;

	return an->slot;
}

static bool
anon_set_slot(struct vm_page *pg, vm_slot_t slot)
{
	struct vm_anon *an = pg->owner;

	an->slot = slot;
	return true;
}

static vm_slot_t
anon_place(struct vm_system *sys, struct vm_page *pg, unsigned block)
{
	(void)sys;
	(void)pg;
	(void)block;
	return 0;
}

static void
anon_evict(struct vm_system *sys, struct vm_page *pg)
{
	struct vm_anon *an = pg->owner;

	VM_ASSERT(an->slot != 0);
	an->page = NULL;
	vm_page_free(sys, pg);
}

static void
anon_discard(struct vm_system *sys, struct vm_page *pg)
{
	VM_ASSERT(pg->released);
	destroy(sys, pg->owner);
}

static struct vm_page *
anon_neighbour(const struct vm_page *pg, int distance)
{
	(void)pg;
	(void)distance;
	return NULL;
}

/* Nobody reads anons in an order of their own. */
static void
anon_read_along(struct vm_page *pg, bool used)
{
	(void)pg;
	(void)used;
}

static void
anon_replace(struct vm_page *old, struct vm_page *new)
{
	struct vm_anon *an = old->owner;

	an->page = new;
}

/* The lock is the first member of its family. */
static void
anon_hold(struct vm_page *pg)
{
	(void)vm_family_ref((struct vm_family *)pg->lock);
}

static void
anon_unhold(struct vm_system *sys, struct vm_mutex *lock)
{
	vm_family_unref(sys, (struct vm_family *)lock);
}

const struct vm_page_owner vm_anon_owner = {
	.name = "anon",
	.store = anon_store,
	.slot = anon_slot,
	.set_slot = anon_set_slot,
	.place = anon_place,
	.evict = anon_evict,
	.discard = anon_discard,
	.neighbour = anon_neighbour,
	.read_along = anon_read_along,
	.replace = anon_replace,
	.hold = anon_hold,
	.unhold = anon_unhold,
};
