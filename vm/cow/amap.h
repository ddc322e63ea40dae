/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cow/amap.h - anonymous maps: which anon lies at which page of an entry.
 *
 *	entry  --aref: amap, slot-->  amap
 *				       anons  [ . a . . b c . . ]  by slot
 *				       used   [ 1 4 5 ]		   slots in use
 *				       back   [ - 0 - - 1 2 - - ]  where in used
 *
 * `used` and `back` let a walk cost what is there, and not what could be.
 * An amap has room for more slots than it uses, so that it can grow in place.
 *
 * An entry may use a part of an amap, and a part may have lost its last entry
 * while others live: `runs` counts references by runs of slots (ppref of UVM),
 * and what falls to zero is freed at once.  It is made at the first partial
 * reference (until then all entries refer to the same range); without memory
 * for it such a part lives as long as the amap.
 *
 * Amaps that name common anons are one family (family.h) and share its lock.  All functions want the map of
 * the entry write-locked, unless they say otherwise.
 * Source: Cranor 1998 ch. 5; NetBSD uvm_amap.c.
 */
#ifndef VM_COW_AMAP_H
#define VM_COW_AMAP_H

#include "vm/cow/anon.h"
#include "vm/cow/family.h"
#include "vm/vm_entry.h"
#include "vm/vm_lock.h"

#define VM_AMAP_CHUNK     16         /* slots settled at once in sparse ones */
#define VM_AMAP_SLOTS_MAX (1u << 22) /* slots of the largest amap: 16 GB */

/* A run of slots with as many references each. */
struct vm_amap_run {
	uint32_t refs, len; /* valid at its first slot */
	uint32_t first;     /* its first slot: valid at its last */
};

struct vm_amap {
	struct vm_family *family; /* (c) */
	uint32_t refs;            /* entries that use it */
	uint32_t nslots;          /* slots in use by entries, now or before */
	uint32_t room;            /* slots there is memory for */
	uint32_t nused;           /* slots with an anon */
	struct vm_anon **anons;   /* [room] */
	uint32_t *used;           /* [room] */
	uint32_t *back;           /* [room] */
	struct vm_amap_run *runs; /* [room] or NULL: refs counts for all */
	uint32_t run_hint;        /* first slot of a run, to begin looking */
	bool runs_lost;           /* no memory for runs when they were needed */
	bool shared; /* MAP_INHERIT_SHARE: entries see each other */
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

/* The anon at page n of the reference, or NULL.  => locked */
static inline struct vm_anon *
vm_amap_lookup(const struct vm_aref *ref, vm_pindex_t n)
{
	return ref->amap->anons[ref->slot + n];
}

/*
 * vm_amap_create: an empty amap with one reference.  with: an amap whose lock
 * it shares, or NULL.   => VM_ENOMEM as NULL
 */
struct vm_amap *vm_amap_create(struct vm_system *, vm_pindex_t npages,
    const struct vm_amap *with);

/* Put an anon into an empty slot; take it out.  => locked */
void vm_amap_add(struct vm_aref *, vm_pindex_t n, struct vm_anon *);
struct vm_anon *vm_amap_take(struct vm_aref *, vm_pindex_t n);
/* Put another anon in the place of one; the old one comes back. => locked */
struct vm_anon *vm_amap_replace(struct vm_aref *, vm_pindex_t n,
    struct vm_anon *);

/* One more reference to the len pages of ref. => locked */
void vm_amap_ref(struct vm_system *, const struct vm_aref *, vm_pindex_t len);

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
void vm_amap_uncut(struct vm_system *, struct vm_aref *lo, struct vm_aref *hi);

/*
 * vm_amap_extend: make the range of ref, len pages now, longer by more pages
 * behind (or, forward false, before it: then ref->slot is where it starts).
 * Only for an amap with a single reference.   => false: cannot
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

/* Free the anons of [slot, slot + len) one reference each.  => locked */
void vm_amap_wipe(struct vm_system *, struct vm_amap *, uint32_t slot,
    uint32_t len);

void vm_amap_check(const struct vm_amap *);

#endif
