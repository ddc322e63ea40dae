/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cow/amap.c - anonymous maps.
 *
 * Sources: Cranor 1998 ch. 5, NetBSD uvm_amap.c (amap_alloc, amap_copy,
 * amap_extend, amap_splitref, amap_wipeout).  Differs: an amap is never asked
 * to cut its entry; sparse entries are cut by the map before (vm_cow.h,
 * chunk).
 */
#include "vm/cow/amap.h"

#include "base/mem.h"
#include "vm/cow/amap_runs.h"
#include "vm/cow/cow_pool.h"
#include "vm/pmap.h"

/* ---- memory of an amap ---- */

/* The smallest have their slots with them.  What grows was never small. */
static enum vm_cow_kind
kind_for(const struct vm_slots_ops *slots, vm_pindex_t nslots)
{
	return nslots <= slots->small_max ? VM_COW_AMAP_SMALL : VM_COW_AMAP;
}

/* Free an amap that has no anons; its lock is not held. */
static void
destroy(struct vm_system *sys, struct vm_amap *am)
{
	enum vm_cow_kind kind = kind_for(am->slots, am->nslots);

	VM_ASSERT(am->nused == 0);
	if (am->runs != NULL)
		vm_amap_runs_drop(sys, am);
	vm_amap_track_drop(sys, am);
	am->slots->fini(sys, am);
	vm_family_unref(sys, am->family);
	vm_cow_put(sys, kind, am);
}

/* A member of a family, whose reference is taken over unless it fails. */
static struct vm_amap *
create_in(struct vm_system *sys, const struct vm_slots_ops *slots,
    vm_pindex_t npages, struct vm_family *family)
{
	struct vm_amap *am;

	if (npages > VM_AMAP_SLOTS_MAX ||
	    (am = vm_cow_get(sys, kind_for(slots, npages))) == NULL)
		return NULL;
	memset(am, 0, sizeof(*am));
	am->family = family;
	am->slots = slots;
	am->refs = 1;
	am->nslots = (uint32_t)npages;
	if (slots->init(sys, am))
		return am;
	vm_cow_put(sys, kind_for(slots, npages), am);
	return NULL;
}

struct vm_amap *
vm_amap_create(struct vm_system *sys, const struct vm_slots_ops *slots,
    vm_pindex_t npages)
{
	struct vm_family *family = vm_family_create(sys);
	struct vm_amap *am;

	if (family == NULL)
		return NULL;
	am = create_in(sys, slots, npages, family);
	if (am == NULL)
		vm_family_unref(sys, family);
	return am;
}

void
vm_amap_wipe(struct vm_system *sys, struct vm_amap *am, uint32_t slot,
    uint32_t len)
{
	struct vm_slots_walk w = vm_amap_walk(am, slot, len);
	uint32_t at;

	VM_ASSERT(vm_amap_is_locked(am));
	while (vm_amap_walk_next(am, &w, &at)) {
		vm_amap_changed(am, at);
		vm_anon_unref(sys, am->slots->clear(sys, am, at));
	}
}

/* ---- references ---- */

void
vm_amap_ref(struct vm_system *sys, const struct vm_aref *ref, vm_pindex_t len)
{
	VM_ASSERT(vm_amap_is_locked(ref->amap));
	ref->amap->refs++;
	vm_amap_runs_add(sys, ref->amap, ref->slot, (uint32_t)len, 1);
}

struct vm_aref
vm_amap_ref_part(struct vm_system *sys, const struct vm_aref *whole,
    vm_pindex_t npages, vm_pindex_t n, vm_pindex_t len)
{
	struct vm_aref part = { whole->amap, whole->slot + (uint32_t)n };

	vm_amap_lock(part.amap);
	if (len != npages)
		vm_amap_runs_make(sys, part.amap, whole->slot,
		    (uint32_t)npages);
	vm_amap_ref(sys, &part, len);
	vm_amap_unlock(part.amap);
	return part;
}

void
vm_amap_unref(struct vm_system *sys, struct vm_aref *ref, vm_pindex_t len)
{
	struct vm_amap *am = ref->amap;
	bool last;

	ref->amap = NULL;
	vm_amap_lock(am);
	last = am->refs == 1;
	if (last)
		vm_amap_wipe(sys, am, 0, am->nslots);
	else
		vm_amap_runs_add(sys, am, ref->slot, (uint32_t)len, -1);
	am->refs--;
	if (am->refs == 1)
		am->shared = false;
	vm_amap_unlock(am);
	if (last)
		destroy(sys, am);
}

struct vm_aref
vm_amap_cut(struct vm_system *sys, struct vm_aref *ref, vm_pindex_t len,
    vm_pindex_t n)
{
	struct vm_amap *am = ref->amap;
	struct vm_aref hi = { am, ref->slot + (uint32_t)n };

	vm_amap_lock(am);
	vm_amap_runs_make(sys, am, ref->slot, (uint32_t)len);
	am->refs++;
	vm_amap_unlock(am);
	return hi;
}

void
vm_amap_uncut(struct vm_aref *lo, struct vm_aref *hi)
{
	struct vm_amap *am = lo->amap;

	VM_ASSERT(am == hi->amap);
	hi->amap = NULL;
	vm_amap_lock(am);
	VM_ASSERT(am->refs > 1);
	am->refs--;
	vm_amap_unlock(am);
}

/* ---- growing ---- */

/* Only one entry is left: what lies outside of its range is nobody's. */
static void
trim(struct vm_system *sys, const struct vm_aref *ref, uint32_t len)
{
	struct vm_amap *am = ref->amap;
	uint32_t end = ref->slot + len;

	vm_amap_wipe(sys, am, 0, ref->slot);
	vm_amap_wipe(sys, am, end, am->nslots - end);
	vm_amap_runs_drop(sys, am);
	am->nslots = end;
}

bool
vm_amap_extend(struct vm_system *sys, struct vm_aref *ref, vm_pindex_t len,
    vm_pindex_t more, bool forward)
{
	struct vm_amap *am = ref->amap;
	uint32_t slot = ref->slot;
	bool done = false;

	if (am->slots->extend == NULL)
		return false;
	vm_amap_lock(am);
	if (am->refs == 1 && !am->shared && more <= VM_AMAP_SLOTS_MAX &&
	    ref->slot + len + more <= VM_AMAP_SLOTS_MAX) {
		trim(sys, ref, (uint32_t)len);
		done = am->slots->extend(sys, ref, (uint32_t)more, forward);
	}
	if (!forward || ref->slot != slot)
		vm_amap_track_drop(sys, am);
	if (done)
		VM_COUNT(sys, amap_extends);
	vm_amap_unlock(am);
	return done;
}

/* ---- copying ---- */

/* A second anon with the same contents, for a page that must stay where its
 * owner has it. */
static struct vm_anon *
copy_wired(struct vm_system *sys, struct vm_family *family, struct vm_anon *an)
{
	struct vm_anon *copy = vm_anon_create(sys, family, NULL, 0);

	if (copy != NULL)
		vm_page_copy(sys, an->page, copy->page);
	return copy;
}

/*
 * Without protect nobody can write to the anons: who wired one of them for
 * reading keeps it, and a copy would not be what its pmap has.
 */
static struct vm_anon *
clone_anon(struct vm_system *sys, struct vm_family *family, struct vm_anon *an,
    bool protect)
{
	protect = protect && an->page != NULL && !an->borrowed;
	if (protect && an->page->wire_count != 0)
		return copy_wired(sys, family, an);
	if (protect)
		(void)pmap_page_protect(sys->machine, an->page,
		    VM_PROT_READ | VM_PROT_EXEC);
	an->refs++;
	return an;
}

/* One slot of the clone, from one of its source. */
static bool
clone_slot(struct vm_system *sys, struct vm_amap *copy, uint32_t slot,
    struct vm_anon *an, bool protect)
{
	struct vm_aref to = { copy, 0 };

	if (!vm_amap_reserve(sys, &to, slot))
		return false;
	an = clone_anon(sys, copy->family, an, protect);
	if (an != NULL)
		copy->slots->set(copy, slot, an);
	return an != NULL;
}

static bool
clone_slots(struct vm_system *sys, const struct vm_aref *ref,
    struct vm_amap *copy, bool protect)
{
	struct vm_amap *am = ref->amap;
	struct vm_slots_walk w = vm_amap_walk(am, ref->slot, copy->nslots);
	uint32_t slot;

	while (vm_amap_walk_next(am, &w, &slot)) {
		if (!clone_slot(sys, copy, slot - ref->slot,
			vm_amap_at(am, slot), protect)) {
			vm_amap_wipe(sys, copy, 0, copy->nslots);
			return false;
		}
	}
	if (protect)
		pmap_update_all(sys->machine);
	return true;
}

struct vm_amap *
vm_amap_clone(struct vm_system *sys, const struct vm_aref *ref, vm_pindex_t len,
    bool protect)
{
	struct vm_amap *am = ref->amap;
	struct vm_amap *copy = create_in(sys, am->slots, len, am->family);
	bool done;

	if (copy == NULL)
		return NULL;
	(void)vm_family_ref(am->family);
	vm_amap_lock(am);
	done = clone_slots(sys, ref, copy, protect);
	if (done && !protect)
		vm_amap_track_clone(sys, am, ref->slot, copy);
	vm_amap_unlock(am);
	if (!done) {
		destroy(sys, copy);
		return NULL;
	}
	VM_COUNT(sys, amap_copies);
	return copy;
}

/* ---- checking ---- */

static void
check_anon(const struct vm_anon *an, const struct vm_mutex *lock)
{
	const struct vm_page *pg = an->page;

	VM_VERIFY(an->refs != 0);
	VM_VERIFY(pg != NULL || an->slot != 0);
	VM_VERIFY(!an->borrowed || (vm_page_is_lent(pg) && an->slot == 0));
	if (pg == NULL || an->borrowed)
		return;
	VM_VERIFY(pg->owner == an);
	VM_VERIFY(pg->owner_ops == &vm_anon_owner);
	VM_VERIFY(vm_page_is_used(pg));
	VM_VERIFY(pg->lock == lock);
	VM_VERIFY(pg->dirty || an->slot != 0);
}

void
vm_amap_check(const struct vm_amap *am)
{
	struct vm_slots_walk w = vm_amap_walk(am, 0, am->nslots);
	uint32_t slot, n = 0;

	VM_VERIFY(am->refs != 0);
	VM_VERIFY(am->nslots <= am->room && am->nused <= am->nslots);
	am->slots->check(am);
	for (; vm_amap_walk_next(am, &w, &slot); n++)
		check_anon(vm_amap_at(am, slot), &am->family->mutex);
	VM_VERIFY(n == am->nused);
	vm_amap_runs_check(am);
}
