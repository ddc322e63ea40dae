/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cow/slots_array.c - the slots of an amap in a row.
 *
 *	anons  [ . a . . b c . . ]  by slot
 *	used   [ 1 4 5 ]	    slots in use
 *	back   [ - 0 - - 1 2 - - ]  where in used
 *
 * `used` and `back` let a walk cost what is there, and not what could be.
 * There is room for more slots than are used, and it grows by half, so growing
 * page by page costs a constant each.
 *
 * Source: NetBSD uvm_amap.c (am_anon, am_slots, am_bckptr; amap_extend).
 */
#include "base/mem.h"
#include "vm/cow/amap.h"

static void
array_fini(struct vm_system *sys, struct vm_amap *am)
{
	vm_free_counted(sys, am->anons, am->room * sizeof(*am->anons),
	    &sys->slot_bytes);
	vm_free_counted(sys, am->row.used, am->room * sizeof(*am->row.used),
	    &sys->slot_bytes);
	vm_free_counted(sys, am->row.back, am->room * sizeof(*am->row.back),
	    &sys->slot_bytes);
	am->anons = NULL;
	am->row.used = am->row.back = NULL;
}

static bool
alloc_arrays(struct vm_system *sys, struct vm_amap *am, uint32_t room)
{
	am->room = room;
	am->anons = vm_alloc_counted(sys, room * sizeof(*am->anons),
	    &sys->slot_bytes);
	am->row.used = vm_alloc_counted(sys, room * sizeof(*am->row.used),
	    &sys->slot_bytes);
	am->row.back = vm_alloc_counted(sys, room * sizeof(*am->row.back),
	    &sys->slot_bytes);
	if (am->anons != NULL && am->row.used != NULL && am->row.back != NULL)
		return true;
	array_fini(sys, am);
	return false;
}

static bool
array_init(struct vm_system *sys, struct vm_amap *am)
{
	if (!alloc_arrays(sys, am, am->nslots))
		return false;
	memset(am->anons, 0, am->nslots * sizeof(*am->anons));
	return true;
}

/* ---- one slot ---- */

static struct vm_anon **
array_where(const struct vm_amap *am, uint32_t slot)
{
	return &am->anons[slot];
}

static bool
array_reserve(struct vm_system *sys, struct vm_amap *am, uint32_t slot)
{
	(void)sys, (void)am, (void)slot;
	return true;
}

static void
array_set(struct vm_amap *am, uint32_t slot, struct vm_anon *an)
{
	VM_ASSERT(slot < am->nslots && am->anons[slot] == NULL);
	am->anons[slot] = an;
	am->row.back[slot] = am->nused;
	am->row.used[am->nused++] = slot;
}

/* The last slot in use takes the place of the one that goes. */
static struct vm_anon *
array_clear(struct vm_system *sys, struct vm_amap *am, uint32_t slot)
{
	struct vm_anon *an = am->anons[slot];
	uint32_t last = am->row.used[--am->nused];

	am->row.used[am->row.back[slot]] = last;
	am->row.back[last] = am->row.back[slot];
	am->anons[slot] = NULL;
	(void)sys;
	return an;
}

/* ---- many ---- */

static uint32_t
array_next(const struct vm_amap *am, uint32_t slot, uint32_t end)
{
	while (slot < end && am->anons[slot] == NULL)
		slot++;
	return slot;
}

/* From the back, by way of `used` where that is shorter. */
static void
array_walk(const struct vm_amap *am, struct vm_slots_walk *w, uint32_t lo,
    uint32_t hi)
{
	w->lo = lo;
	w->hi = hi;
	w->by_used = am->nused < hi - lo;
	w->at = w->by_used ? am->nused : hi - lo;
}

static bool
array_walk_next(const struct vm_amap *am, struct vm_slots_walk *w,
    uint32_t *slot)
{
	while (w->at != 0) {
		w->at--;
		*slot = w->by_used ? am->row.used[w->at] : w->lo + w->at;
		if (*slot >= w->lo && *slot < w->hi && am->anons[*slot] != NULL)
			return true;
	}
	return false;
}

/* ---- growing ---- */

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
	memcpy(am->row.back + shift, old.row.back,
	    old.nslots * sizeof(*am->row.back));
	for (i = 0; i < old.nused; i++)
		am->row.used[i] = old.row.used[i] + shift;
	am->nslots = old.nslots + shift;
	array_fini(sys, &old);
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
	memcpy(am->row.back, am->row.back + ref->slot,
	    len * sizeof(*am->row.back));
	for (i = 0; i < am->nused; i++)
		am->row.used[i] -= ref->slot;
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

static bool
array_extend(struct vm_system *sys, struct vm_aref *ref, uint32_t more,
    bool forward)
{
	return forward ? extend_behind(sys, ref, more) :
			 extend_before(sys, ref, more);
}

static void
array_check(const struct vm_amap *am)
{
	uint32_t i;

	VM_VERIFY(am->nslots <= am->room && am->nused <= am->nslots);
	for (i = 0; i < am->nslots; i++) {
		if (am->anons[i] == NULL)
			continue;
		VM_VERIFY(am->row.back[i] < am->nused);
		VM_VERIFY(am->row.used[am->row.back[i]] == i);
	}
}

const struct vm_slots_ops vm_slots_array = {
	.name = "array",
	.init = array_init,
	.fini = array_fini,
	.where = array_where,
	.reserve = array_reserve,
	.set = array_set,
	.clear = array_clear,
	.next = array_next,
	.walk = array_walk,
	.walk_next = array_walk_next,
	.extend = array_extend,
	.check = array_check,
};
