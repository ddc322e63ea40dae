/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cow/amap.h - anonymous maps: which anon lies at which page of an entry.
 *
 *	entry  --aref: amap, slot-->  amap  [ . a . . b c . . ]  by slot
 *
 * How the slots are kept is a part of its own: slots.h.
 *
 * An entry may use a part of an amap, and a part may have lost its last entry
 * while others live: `runs` counts references by runs of slots (ppref of UVM),
 * and what falls to zero is freed at once.  It is made at the first partial
 * reference (until then all entries refer to the same range); without memory
 * for it such a part lives as long as the amap.
 *
 * Amaps that name common anons are one family (family.h) and share its lock.
 * All functions want the map of the entry write-locked, unless they say
 * otherwise.
 * Source: Cranor 1998 ch. 5; NetBSD and OpenBSD uvm_amap.c.
 */
#ifndef VM_COW_AMAP_H
#define VM_COW_AMAP_H

#include "vm/cow/amap_track.h"
#include "vm/cow/anon.h"
#include "vm/cow/family.h"
#include "vm/cow/slots.h"
#include "vm/vm_entry.h"
#include "vm/vm_lock.h"
#include "vm/vm_readahead.h"

#define VM_AMAP_CHUNK     16         /* slots settled at once in sparse ones */
#define VM_AMAP_SLOTS_MAX (1u << 22) /* slots of the largest amap: 16 GB */

/* A run of slots with as many references each. */
struct vm_amap_run {
	uint32_t refs, len; /* valid at its first slot */
	uint32_t first;     /* its first slot: valid at its last */
};

struct vm_amap {
	struct vm_family *family;         /* (c) */
	const struct vm_slots_ops *slots; /* (c) how slots are kept */
	uint32_t refs;                    /* entries that use it */
	uint32_t nslots;        /* slots in use by entries, now or before */
	uint32_t room;          /* slots there is a number for */
	uint32_t nused;         /* slots with an anon */
	struct vm_anon **anons; /* [room] in a row; NULL: ask `slots` */
	union {
		struct {                /* slots_array.c */
			uint32_t *used; /* [room] */
			uint32_t *back; /* [room] */
		} row;
		struct {                            /* slots_chunks.c */
			struct vm_chunk *only;      /* in the amap itself; */
			struct vm_chunk_hash *hash; /* or many */
		} chunks;
	};
	struct vm_amap_run *runs; /* [room] or NULL: refs counts for all */
	uint32_t run_hint;        /* first slot of a run, to begin looking */
	struct vm_reader reader;  /* by slots: what is read along from swap */
	struct vm_amap_track *track; /* NULL, or what has changed */
	bool runs_lost; /* no memory for runs when they were needed */
	bool shared;    /* MAP_INHERIT_SHARE: entries see each other */
};

static inline void
vm_amap_lock(struct vm_amap *am)
{
	vm_mutex_lock(&am->family->mutex);
}

static inline void
vm_amap_unlock(struct vm_amap *am)
{
	vm_mutex_unlock(&am->family->mutex);
}

static inline bool
vm_amap_is_locked(const struct vm_amap *am)
{
	return vm_mutex_is_locked(&am->family->mutex);
}

/* ---- slots.  => locked ---- */

/* Where a slot is kept; NULL: nowhere, and it is empty. */
static inline struct vm_anon **
vm_amap_where(const struct vm_amap *am, uint32_t slot)
{
	return am->anons != NULL ? &am->anons[slot] :
				   am->slots->where(am, slot);
}

static inline struct vm_anon *
vm_amap_at(const struct vm_amap *am, uint32_t slot)
{
	struct vm_anon **at = vm_amap_where(am, slot);

	return at == NULL ? NULL : *at;
}

/* The anon at page n of the reference, or NULL. */
static inline struct vm_anon *
vm_amap_lookup(const struct vm_aref *ref, vm_pindex_t n)
{
	return vm_amap_at(ref->amap, ref->slot + (uint32_t)n);
}

/* The first page of [n, end) of the reference with an anon, or end. */
static inline vm_pindex_t
vm_amap_next(const struct vm_aref *ref, vm_pindex_t n, vm_pindex_t end)
{
	return ref->amap->slots->next(ref->amap, ref->slot + (uint32_t)n,
		   ref->slot + (uint32_t)end) -
	    ref->slot;
}

/* Have a place for page n, so that add cannot fail.  false: no memory */
static inline bool
vm_amap_reserve(struct vm_system *sys, const struct vm_aref *ref, vm_pindex_t n)
{
	return ref->amap->anons != NULL ||
	    ref->amap->slots->reserve(sys, ref->amap, ref->slot + (uint32_t)n);
}

/* Whoever changes a slot says so. */
static inline void
vm_amap_changed(struct vm_amap *am, uint32_t slot)
{
	if (VM_UNLIKELY(am->track != NULL))
		vm_amap_track_note(am->track, slot);
}

/* Put an anon into an empty slot, which has a place; take it out. */
static inline void
vm_amap_add(const struct vm_aref *ref, vm_pindex_t n, struct vm_anon *an)
{
	VM_ASSERT(vm_amap_is_locked(ref->amap));
	vm_amap_changed(ref->amap, ref->slot + (uint32_t)n);
	ref->amap->slots->set(ref->amap, ref->slot + (uint32_t)n, an);
}

static inline struct vm_anon *
vm_amap_take(struct vm_system *sys, const struct vm_aref *ref, vm_pindex_t n)
{
	VM_ASSERT(vm_amap_is_locked(ref->amap));
	vm_amap_changed(ref->amap, ref->slot + (uint32_t)n);
	return ref->amap->slots->clear(sys, ref->amap, ref->slot + (uint32_t)n);
}

/* Put another anon in the place of one; the old one comes back. */
static inline struct vm_anon *
vm_amap_replace(const struct vm_aref *ref, vm_pindex_t n, struct vm_anon *an)
{
	struct vm_anon **at = vm_amap_where(ref->amap, ref->slot + (uint32_t)n);
	struct vm_anon *old = *at;

	VM_ASSERT(vm_amap_is_locked(ref->amap));
	VM_ASSERT(old != NULL);
	vm_amap_changed(ref->amap, ref->slot + (uint32_t)n);
	*at = an;
	return old;
}

/* Begin a walk over the slots with an anon in [slot, slot + len); go on. */
static inline struct vm_slots_walk
vm_amap_walk(const struct vm_amap *am, uint32_t slot, uint32_t len)
{
	struct vm_slots_walk w;

	am->slots->walk(am, &w, slot, slot + len);
	return w;
}

static inline bool
vm_amap_walk_next(const struct vm_amap *am, struct vm_slots_walk *w,
    uint32_t *slot)
{
	return am->slots->walk_next(am, w, slot);
}

/* Empty the slots of [slot, slot + len), and take a reference off each anon.
 * => locked */
void vm_amap_wipe(struct vm_system *, struct vm_amap *, uint32_t slot,
    uint32_t len);

/* ---- amaps ---- */

/* vm_amap_create: an empty amap with one reference.  => NULL: VM_ENOMEM */
struct vm_amap *vm_amap_create(struct vm_system *, const struct vm_slots_ops *,
    vm_pindex_t npages);

/* One more reference to the len pages of ref. => locked */
void vm_amap_ref(struct vm_system *, const struct vm_aref *, vm_pindex_t len);

/* One more reference, to len pages from page n on of one to npages.
 * => not locked */
struct vm_aref vm_amap_ref_part(struct vm_system *, const struct vm_aref *,
    vm_pindex_t npages, vm_pindex_t n, vm_pindex_t len);

/*
 * vm_amap_unref: a reference to len pages goes, with the anons that nobody
 * else refers to, and with the last the amap.
 * => not locked; no translation of the entry is left
 */
void vm_amap_unref(struct vm_system *, struct vm_aref *, vm_pindex_t len);

/*
 * vm_amap_cut: a reference to len pages becomes two, to [0, n) and, as the
 * result, to [n, len).  Cannot fail.  vm_amap_uncut: and one again.
 */
struct vm_aref vm_amap_cut(struct vm_system *, struct vm_aref *,
    vm_pindex_t len, vm_pindex_t n);
void vm_amap_uncut(struct vm_aref *lo, struct vm_aref *hi);

/*
 * vm_amap_extend: make the range of ref, len pages now, longer by more pages
 * behind (or, forward false, before it: then ref->slot is where it starts).
 * Only for an amap with a single reference, whose slots can grow.
 * => false: cannot
 */
bool vm_amap_extend(struct vm_system *, struct vm_aref *, vm_pindex_t len,
    vm_pindex_t more, bool forward);

/*
 * vm_amap_clone: an amap of its own for len pages of ref, with the same anons.
 * With protect, pages that are wired are copied at once, and the others lose
 * write permission in every pmap.  Without, nobody may have had it.
 * => NULL: no memory, nothing has changed
 */
struct vm_amap *vm_amap_clone(struct vm_system *, const struct vm_aref *,
    vm_pindex_t len, bool protect);

void vm_amap_check(const struct vm_amap *);

#endif
