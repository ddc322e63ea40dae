/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tlb.h - a model of one processor's translation buffer.
 *
 * It is wrong for as long as nobody tells it: an entry stays until it is
 * dropped or another takes its place, whatever became of the table it came
 * from.  Like real ones it remembers that it has set "modified", and does not
 * look at the bit again; `lost` tells of a store that therefore went
 * unrecorded after the bit was cleared.
 *
 * Entries are tagged with their pmap, and each address has one place.
 *
 *	processor --hit--> tlb                     lock of the tlb
 *	    '------miss---> table --load--> tlb    lock of the machine, then it
 *	pmap_update ---------------drop---> tlb    the same
 *
 * Because a processor moves its bytes with the lock of its buffer held, nobody
 * uses an entry any more when a drop returns.
 *
 * tlb_ranges collects what has to be dropped later.
 */
#ifndef PMAP_TLB_H
#define PMAP_TLB_H

#include "base/hash.h"
#include "vm/vm_lock.h"
#include "vm/vm_types.h"

struct pmap;
struct vm_page;

struct tlb_entry {
	const struct pmap *pmap; /* NULL: empty */
	vaddr_t va;
	struct vm_page *page;
	unsigned char *bytes; /* the frame */
	vm_prot_t prot;
	bool modified; /* has set the page's bit */
	bool lost;     /* has not set it, though it was clear */
};

struct tlb {
	struct vm_mutex lock;
	struct tlb_entry *entries; /* under lock; the caller's storage */
	unsigned mask;             /* (c) entries - 1 */
};

#define TLB_RANGES 8

/* What has to be dropped; when it is too much, a little more than that. */
struct tlb_ranges {
	unsigned n;
	struct {
		vaddr_t start, end;
	} range[TLB_RANGES];
};

/* tlb_init: n is a power of two. */
void tlb_init(struct tlb *, struct tlb_entry *, unsigned n,
    const struct vm_env *);

/*
 * tlb_place: where an entry for (pmap, va) may be; va is that of a page.
 * tlb_holds: whether it is there.  => locked
 */
static inline struct tlb_entry *
tlb_place(const struct tlb *tlb, const struct pmap *pmap, vaddr_t va)
{
	uint64_t space = hash_mix64((uintptr_t)pmap);

	return &tlb->entries[((va >> VM_PAGE_SHIFT) + space) & tlb->mask];
}

static inline bool
tlb_holds(const struct tlb_entry *e, const struct pmap *pmap, vaddr_t va)
{
	return e->pmap == pmap && e->va == va;
}

/* tlb_drop: forget what is in [start, end) of the pmap.  => takes the lock */
void tlb_drop(struct tlb *, const struct pmap *, vaddr_t start, vaddr_t end);

/*
 * tlb_find_page: an entry that names pg (and is `lost`), or NULL.  => locked
 */
const struct tlb_entry *tlb_find_page(const struct tlb *,
    const struct vm_page *, bool lost);

/* tlb_ranges_add: the page at va too. */
void tlb_ranges_add(struct tlb_ranges *, vaddr_t va);
bool tlb_ranges_have(const struct tlb_ranges *, vaddr_t va);

#endif
