/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cow/amap.c - anonymous maps.
 *
 * Sources: Cranor 1998 ch. 5, NetBSD uvm_amap.c (amap_alloc, amap_copy,
 * amap_extend, amap_splitref, amap_wipeout).  Differs: an amap is never asked
 * to cut its entry; sparse entries are cut by the map before (vm_cow.h,
 * chunk).  Room grows by doubling, so growing page by page costs a constant
 * each.
 */
#include "vm/cow/amap.h"

#include "base/mem.h"
#include "vm/cow/amap_runs.h"
#include "vm/cow/cow_pool.h"
#include "vm/pmap.h"

/* ---- memory of an amap ---- */

static void
free_arrays(struct vm_system *sys, struct vm_amap *am)
{
	vm_free(sys, am->anons, am->room * sizeof(*am->anons));
	vm_free(sys, am->used, am->room * sizeof(*am->used));
	vm_free(sys, am->back, am->room * sizeof(*am->back));
	am->anons = NULL;
	am->used = am->back = NULL;
}

static bool
alloc_arrays(struct vm_system *sys, struct vm_amap *am, uint32_t room)
{
	am->room = room;
	am->anons = vm_alloc(sys, room * sizeof(*am->anons));
	am->used = vm_alloc(sys, room * sizeof(*am->used));
	am->back = vm_alloc(sys, room * sizeof(*am->back));
	if (am->anons != NULL && am->used != NULL && am->back != NULL)
		return true;
	free_arrays(sys, am);
	return false;
}

/* Of its own, or the one of another amap. */
static struct vm_family *
family_for(struct vm_system *sys, const struct vm_amap *with)
{
	return with == NULL ? vm_family_create(sys) :
			      vm_family_ref(with->family);
}

/* Free an amap that has no anons; its lock is not held. */
static void
destroy(struct vm_system *sys, struct vm_amap *am)
{
	VM_ASSERT(am->nused == 0);
	if (am->runs != NULL)
		vm_amap_runs_drop(sys, am);
	free_arrays(sys, am);
	vm_family_unref(sys, am->family);
	vm_cow_put(sys, VM_COW_AMAP, am);
}

struct vm_amap *
vm_amap_create(struct vm_system *sys, vm_pindex_t npages,
    const struct vm_amap *with)
{
	struct vm_amap *am;

	if (npages > VM_AMAP_SLOTS_MAX ||
	    (am = vm_cow_get(sys, VM_COW_AMAP)) == NULL)
		return NULL;
	memset(am, 0, sizeof(*am));
	am->refs = 1;
	am->nslots = (uint32_t)npages;
	if (!alloc_arrays(sys, am, am->nslots))
		goto out;
	memset(am->anons, 0, am->nslots * sizeof(*am->anons));
	am->family = family_for(sys, with);
	if (am->family != NULL)
		return am;
	free_arrays(sys, am);
out:
	vm_cow_put(sys, VM_COW_AMAP, am);
	return NULL;
}

/* ---- slots ---- */

static void
slot_set(struct vm_amap *am, uint32_t slot, struct vm_anon *an)
{
	VM_ASSERT(slot < am->nslots && am->anons[slot] == NULL);
	am->anons[slot] = an;
	am->back[slot] = am->nused;
	am->used[am->nused++] = slot;
}

/* The last slot in use takes the place of the one that goes. */
static struct vm_anon *
slot_clear(struct vm_amap *am, uint32_t slot)
{
	struct vm_anon *an = am->anons[slot];
	uint32_t last = am->used[--am->nused];

	am->used[am->back[slot]] = last;
	am->back[last] = am->back[slot];
	am->anons[slot] = NULL;
	return an;
}

void
vm_amap_add(struct vm_aref *ref, vm_pindex_t n, struct vm_anon *an)
{
	VM_ASSERT(vm_amap_is_locked(ref->amap));
	slot_set(ref->amap, ref->slot + (uint32_t)n, an);
}

struct vm_anon *
vm_amap_take(struct vm_aref *ref, vm_pindex_t n)
{
	VM_ASSERT(vm_amap_is_locked(ref->amap));
	return slot_clear(ref->amap, ref->slot + (uint32_t)n);
}

struct vm_anon *
vm_amap_replace(struct vm_aref *ref, vm_pindex_t n, struct vm_anon *an)
{
	struct vm_anon **at = &ref->amap->anons[ref->slot + n];
	struct vm_anon *old = *at;

	VM_ASSERT(vm_amap_is_locked(ref->amap));
	VM_ASSERT(old != NULL);
	*at = an;
	return old;
}

/*
 * A walk over the slots of [lo, hi) that have an anon, from the back, by way
 * of `used` where that is shorter.  The current slot may be cleared.
 */
struct slot_walk {
	uint32_t lo, hi;
	uint32_t left; /* how many places are still to be looked at */
	bool by_used;
};

static struct slot_walk
slot_walk(const struct vm_amap *am, uint32_t slot, uint32_t len)
{
	struct slot_walk w = { slot, slot + len, len, am->nused < len };

	if (w.by_used)
		w.left = am->nused;
	return w;
}

static bool
slot_next(const struct vm_amap *am, struct slot_walk *w, uint32_t *slot)
{
	while (w->left != 0) {
		w->left--;
		*slot = w->by_used ? am->used[w->left] : w->lo + w->left;
		if (*slot >= w->lo && *slot < w->hi && am->anons[*slot] != NULL)
			return true;
	}
	return false;
}

void
vm_amap_wipe(struct vm_system *sys, struct vm_amap *am, uint32_t slot,
    uint32_t len)
{
	struct slot_walk w = slot_walk(am, slot, len);

	VM_ASSERT(vm_amap_is_locked(am));
	while (slot_next(am, &w, &slot))
		vm_anon_unref(sys, slot_clear(am, slot));
}

/* ---- references ---- */

void
vm_amap_ref(struct vm_system *sys, const struct vm_aref *ref, vm_pindex_t len)
{
	VM_ASSERT(vm_amap_is_locked(ref->amap));
	ref->amap->refs++;
	vm_amap_runs_add(sys, ref->amap, ref->slot, (uint32_t)len, 1);
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
vm_amap_uncut(struct vm_system *sys, struct vm_aref *lo, struct vm_aref *hi)
{
	struct vm_amap *am = lo->amap;

	VM_ASSERT(am == hi->amap);
	hi->amap = NULL;
	vm_amap_lock(am);
	VM_ASSERT(am->refs > 1);
	am->refs--;
	vm_amap_unlock(am);
	(void)sys;
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

/*
 * Move to new arrays with room for `room` slots, every slot by `shift` up.
 */
static bool
move_arrays(struct vm_system *sys, struct vm_amap *am, uint32_t room,
    uint32_t shift)
{
	struct vm_amap old = *am;
	uint32_t i;

	if (!alloc_arrays(sys, am, room)) {
		*am = old;
		return false;
	}
	memset(am->anons, 0, shift * sizeof(*am->anons));
	memcpy(am->anons + shift, old.anons, old.nslots * sizeof(*am->anons));
	memcpy(am->back + shift, old.back, old.nslots * sizeof(*am->back));
	for (i = 0; i < old.nused; i++)
		am->used[i] = old.used[i] + shift;
	am->nslots = old.nslots + shift;
	free_arrays(sys, &old);
	return true;
}

static uint32_t
more_room(uint32_t need)
{
	uint32_t room = need + need / 2;

	return room < VM_AMAP_SLOTS_MAX ? room : VM_AMAP_SLOTS_MAX;
}

/* A range that slides upward leaves slots behind: use them again. */
static void
move_down(struct vm_aref *ref)
{
	struct vm_amap *am = ref->amap;
	uint32_t i, len = am->nslots - ref->slot;

	memcpy(am->anons, am->anons + ref->slot, len * sizeof(*am->anons));
	memcpy(am->back, am->back + ref->slot, len * sizeof(*am->back));
	for (i = 0; i < am->nused; i++)
		am->used[i] -= ref->slot;
	am->nslots = len;
	ref->slot = 0;
}

static bool
extend_behind(struct vm_system *sys, struct vm_aref *ref, uint32_t more)
{
	struct vm_amap *am = ref->amap;
	uint32_t need;

	if (am->nslots + more > am->room && ref->slot > am->nslots - ref->slot)
		move_down(ref);
	need = am->nslots + more;
	if (need > am->room && !move_arrays(sys, am, more_room(need), 0))
		return false;
	memset(am->anons + am->nslots, 0, more * sizeof(*am->anons));
	am->nslots = need;
	return true;
}

static bool
extend_before(struct vm_system *sys, struct vm_aref *ref, uint32_t more)
{
	struct vm_amap *am = ref->amap;
	uint32_t room, shift;

	if (ref->slot < more) {
		room = more_room(am->nslots + more - ref->slot);
		shift = room - am->nslots;
		if (!move_arrays(sys, am, room, shift))
			return false;
		ref->slot += shift;
	}
	ref->slot -= more;
	return true;
}

bool
vm_amap_extend(struct vm_system *sys, struct vm_aref *ref, vm_pindex_t len,
    vm_pindex_t more, bool forward)
{
	struct vm_amap *am = ref->amap;
	bool done = false;

	vm_amap_lock(am);
	if (am->refs == 1 && !am->shared && more <= VM_AMAP_SLOTS_MAX &&
	    ref->slot + len + more <= VM_AMAP_SLOTS_MAX) {
		trim(sys, ref, (uint32_t)len);
		done = forward ? extend_behind(sys, ref, (uint32_t)more) :
				 extend_before(sys, ref, (uint32_t)more);
	}
	if (done)
		VM_COUNT(sys, amap_extends);
	vm_amap_unlock(am);
	return done;
}

/* ---- copying ---- */

/* A second anon with the same contents, for a page that must stay where its
 * owner has it. */
static struct vm_anon *
copy_wired(struct vm_system *sys, struct vm_anon *an)
{
	struct vm_anon *copy = vm_anon_create(sys, NULL, 0);

	if (copy != NULL)
		vm_page_copy(sys, an->page, copy->page);
	return copy;
}

/*
 * Without protect nobody can write to the anons: who wired one of them for
 * reading keeps it, and a copy would not be what its pmap has.
 */
static struct vm_anon *
clone_anon(struct vm_system *sys, struct vm_anon *an, bool protect)
{
	if (protect && an->page->wire_count != 0)
		return copy_wired(sys, an);
	if (protect)
		(void)pmap_page_protect(sys->machine, an->page,
		    VM_PROT_READ | VM_PROT_EXEC);
	an->refs++;
	return an;
}

static bool
clone_slots(struct vm_system *sys, const struct vm_aref *ref,
    struct vm_amap *copy, bool protect)
{
	struct vm_amap *am = ref->amap;
	struct slot_walk w = slot_walk(am, ref->slot, copy->nslots);
	struct vm_anon *an;
	uint32_t slot;

	while (slot_next(am, &w, &slot)) {
		an = clone_anon(sys, am->anons[slot], protect);
		if (an == NULL) {
			vm_amap_wipe(sys, copy, 0, copy->nslots);
			return false;
		}
		slot_set(copy, slot - ref->slot, an);
	}
	if (protect)
		pmap_update_all(sys->machine);
	return true;
}

struct vm_amap *
vm_amap_clone(struct vm_system *sys, const struct vm_aref *ref, vm_pindex_t len,
    bool protect)
{
	struct vm_amap *copy = vm_amap_create(sys, len, ref->amap);
	bool done;

	if (copy == NULL)
		return NULL;
	vm_amap_lock(ref->amap);
	done = clone_slots(sys, ref, copy, protect);
	vm_amap_unlock(ref->amap);
	if (!done) {
		destroy(sys, copy);
		return NULL;
	}
	VM_COUNT(sys, amap_copies);
	return copy;
}

/* ---- checking ---- */

static void
check_anon(const struct vm_anon *an)
{
	VM_VERIFY(an->refs != 0);
	VM_VERIFY(an->page != NULL);
	VM_VERIFY(an->page->owner == an);
	VM_VERIFY(an->page->owner_ops == &vm_anon_owner);
	VM_VERIFY(an->page->state == VM_PAGE_USED);
}

void
vm_amap_check(const struct vm_amap *am)
{
	uint32_t i, n = 0;

	VM_VERIFY(am->refs != 0);
	VM_VERIFY(am->nslots <= am->room && am->nused <= am->nslots);
	for (i = 0; i < am->nslots; i++) {
		if (am->anons[i] == NULL)
			continue;
		n++;
		VM_VERIFY(am->back[i] < am->nused);
		VM_VERIFY(am->used[am->back[i]] == i);
		check_anon(am->anons[i]);
	}
	VM_VERIFY(n == am->nused);
	vm_amap_runs_check(am);
}
