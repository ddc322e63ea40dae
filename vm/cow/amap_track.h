/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cow/amap_track.h - which slots of an amap differ from those of the one that
 * it was cloned from.
 *
 *	kept	[ a b . c ]	named 7
 *	clone	[ a d . . ]	of 7, at its slot 0; changed: 0 1 0 1
 *
 * An amap that a checkpoint refers to is kept: it gets a name.  Clones of it
 * note where they were changed, so that they can be turned back at the cost of
 * that.  The name goes as soon as somebody may write to it, and is never given
 * again; so a clone needs no reference to what it came from.
 *
 * All others have no track, and pay nothing but a look.  Without memory for one
 * there is none, and turning back costs more.
 */
#ifndef VM_COW_AMAP_TRACK_H
#define VM_COW_AMAP_TRACK_H

#include "base/bitmap.h"
#include "vm/vm_entry.h"
#include "vm/vm_system.h"

struct vm_amap;

struct vm_amap_track {
	uint64_t name;         /* 0: may have changed since it was kept */
	uint64_t origin;       /* the name of the other; 0: there is none */
	uint32_t first;        /* slot 0 was this one there */
	struct bitmap changed; /* as many slots as were cloned */
	uint64_t words[];
};

/* vm_amap_keep: name it, and those that are cloned from now on.  => locked */
void vm_amap_keep(struct vm_system *, struct vm_amap *);

/* An amap has been cloned from another one's slot `first` on.  => locked */
void vm_amap_track_clone(struct vm_system *, const struct vm_amap *from,
    uint32_t first, struct vm_amap *clone);

/* A slot is about to be changed.  => locked; who writes to what was kept has
 * let it forget its name before */
static inline void
vm_amap_track_note(struct vm_amap_track *t, uint32_t slot)
{
	if (slot < t->changed.nbits)
		bitmap_set(&t->changed, slot);
}

/* The last user is about to write to it.  => locked */
void vm_amap_forget_name(struct vm_amap *);

/* The amap goes, or its slots are about to be at other places. */
void vm_amap_track_drop(struct vm_system *, struct vm_amap *);

/*
 * vm_amap_knows: whether npages of ref were cloned from page n on of another
 * reference, and the track tells what has changed since.  => locked
 */
bool vm_amap_knows(const struct vm_aref *, vm_pindex_t npages,
    const struct vm_aref *from, vm_pindex_t n);

/* The first page of [n, end) of ref, which is known, that has changed, or end.
 */
vm_pindex_t vm_amap_next_changed(const struct vm_aref *, vm_pindex_t n,
    vm_pindex_t end);

/*
 * vm_amap_turn_back: page n of ref, which has changed, has the anon that page m
 * of `from` has.
 * => locked; no translation of the page is left
 * => false: no memory; it is as it was
 */
bool vm_amap_turn_back(struct vm_system *, const struct vm_aref *,
    vm_pindex_t n, const struct vm_aref *from, vm_pindex_t m);

#endif
