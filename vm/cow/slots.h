/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cow/slots.h - how an amap keeps its slots: a family of two.
 *
 *	array	 one place for every slot, in a row; can grow	(NetBSD)
 *	chunks	 sixteen slots in the amap itself, or a hash of	(OpenBSD)
 *		 chunks of sixteen, made when they are first used
 *
 * An array costs what could be there and finds a slot by adding; chunks cost
 * what is there and find it by a hash.  Everything above the slots - parts,
 * references, copies - is the same for both, in amap.c and amap_runs.c.
 *
 * => the amap is locked, or nobody else knows it, unless said otherwise
 */
#ifndef VM_COW_SLOTS_H
#define VM_COW_SLOTS_H

#include "vm/cow/anon.h"
#include "vm/cow/cow_pool.h"

struct vm_amap;
struct vm_aref;
struct vm_chunk;

/* A walk over the slots of [lo, hi) that have an anon, in no order. */
struct vm_slots_walk {
	uint32_t lo, hi;
	bool by_used; /* among those in use, else by their places */
	uint32_t at;  /* array: how many are left; chunks: the next place */
	struct vm_chunk *chunk; /* chunks: the next in use; */
	uint32_t bits, base;    /* what is left of the one before */
};

struct vm_slots_ops {
	const char *name;
	uint32_t small_max; /* amaps up to here have their slots with them */
	/* Slots for am->nslots, all empty; sets room, and anons when they lie
	 * in a row.  false: no memory */
	bool (*init)(struct vm_system *, struct vm_amap *);
	/* => all empty */
	void (*fini)(struct vm_system *, struct vm_amap *);
	/* Where a slot is kept; NULL: nowhere, and it is empty. */
	struct vm_anon **(*where)(const struct vm_amap *, uint32_t slot);
	/* Have a place for a slot, so that set cannot fail.  false: no memory
	 */
	bool (*reserve)(struct vm_system *, struct vm_amap *, uint32_t slot);
	/* Fill an empty slot, which has a place; empty one. */
	void (*set)(struct vm_amap *, uint32_t slot, struct vm_anon *);
	struct vm_anon *(
	    *clear)(struct vm_system *, struct vm_amap *, uint32_t slot);
	/* The first slot of [slot, end) that has an anon, or end. */
	uint32_t (*next)(const struct vm_amap *, uint32_t slot, uint32_t end);
	/* A walk; the slot it is at may be emptied, no other changed. */
	void (*walk)(const struct vm_amap *, struct vm_slots_walk *,
	    uint32_t lo, uint32_t hi);
	bool (*walk_next)(const struct vm_amap *, struct vm_slots_walk *,
	    uint32_t *slot);
	/* NULL, or as vm_amap_extend: more slots in the same amap. */
	bool (*extend)(struct vm_system *, struct vm_aref *, uint32_t more,
	    bool forward);
	/* Panic unless sound. */
	void (*check)(const struct vm_amap *);
};

extern const struct vm_slots_ops vm_slots_array;
extern const struct vm_slots_ops vm_slots_chunks;

#endif
