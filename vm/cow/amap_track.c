/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cow/amap_track.c - see amap_track.h.
 */
#include "vm/cow/amap_track.h"

#include "vm/cow/amap.h"

static size_t
bytes_of(size_t nslots)
{
	return sizeof(struct vm_amap_track) +
	    BITMAP_WORDS(nslots) * sizeof(uint64_t);
}

/* A track for so many slots, of which none has changed. */
static struct vm_amap_track *
create(struct vm_system *sys, size_t nslots)
{
	struct vm_amap_track *t;

	t = vm_alloc_counted(sys, bytes_of(nslots), &sys->slot_bytes);
	if (t == NULL)
		return NULL;
	t->name = t->origin = 0;
	t->first = 0;
	bitmap_init(&t->changed, t->words, nslots);
	return t;
}

void
vm_amap_keep(struct vm_system *sys, struct vm_amap *am)
{
	VM_ASSERT(vm_amap_is_locked(am));
	if (am->track == NULL)
		am->track = create(sys, 0);
	if (am->track != NULL && am->track->name == 0)
		am->track->name = atomic_fetch_add(&sys->amap_names, 1) + 1;
}

void
vm_amap_track_clone(struct vm_system *sys, const struct vm_amap *from,
    uint32_t first, struct vm_amap *clone)
{
	if (from->track == NULL || from->track->name == 0)
		return;
	clone->track = create(sys, clone->nslots);
	if (clone->track == NULL)
		return;
	clone->track->origin = from->track->name;
	clone->track->first = first;
}

void
vm_amap_forget_name(struct vm_amap *am)
{
	if (am->track != NULL)
		am->track->name = 0;
}

void
vm_amap_track_drop(struct vm_system *sys, struct vm_amap *am)
{
	if (am->track == NULL)
		return;
	vm_free_counted(sys, am->track, bytes_of(am->track->changed.nbits),
	    &sys->slot_bytes);
	am->track = NULL;
}

/* ---- turning back ---- */

bool
vm_amap_knows(const struct vm_aref *ref, vm_pindex_t npages,
    const struct vm_aref *from, vm_pindex_t n)
{
	const struct vm_amap_track *t = ref->amap->track;
	const struct vm_amap_track *kept = from->amap->track;

	return t != NULL && kept != NULL && t->origin != 0 &&
	    t->origin == kept->name && ref->slot + npages <= t->changed.nbits &&
	    t->first + ref->slot == from->slot + n;
}

vm_pindex_t
vm_amap_next_changed(const struct vm_aref *ref, vm_pindex_t n, vm_pindex_t end)
{
	size_t slot = bitmap_find_first_set(&ref->amap->track->changed,
	    ref->slot + n);

	return slot < ref->slot + end ? slot - ref->slot : end;
}

/* An empty slot, which was not when the amap was cloned. */
static bool
put_back(struct vm_system *sys, const struct vm_aref *ref, vm_pindex_t n,
    struct vm_anon *an)
{
	if (!vm_amap_reserve(sys, ref, n))
		return false;
	an->refs++;
	vm_amap_add(ref, n, an);
	return true;
}

bool
vm_amap_turn_back(struct vm_system *sys, const struct vm_aref *ref,
    vm_pindex_t n, const struct vm_aref *from, vm_pindex_t m)
{
	struct vm_anon *was = vm_amap_lookup(from, m);
	struct vm_anon *is = vm_amap_lookup(ref, n);

	if (is == NULL && was != NULL && !put_back(sys, ref, n, was))
		return false;
	if (is != NULL && was != NULL) {
		was->refs++;
		vm_anon_unref(sys, vm_amap_replace(ref, n, was));
	} else if (is != NULL) {
		vm_anon_unref(sys, vm_amap_take(sys, ref, n));
	}
	bitmap_clear(&ref->amap->track->changed, ref->slot + n);
	return true;
}
