/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ptab.h - page tables in software, with the way back from page to mappings.
 *
 * For ports that have no tables in hardware.  A table leads from the pages of
 * an address space to slots; a slot is one mapping.  64 slots are a leaf, and
 * leaves hang in a radix tree, so that what was never touched costs nothing
 * and is skipped 64 pages at a time or more:
 *
 *	ptab.leaves --> radix tree --> leaf +------+------+- - -+------+
 *	     .last -------------------->    |slot 0|slot 1|     |  63  |
 *					    +------+--|---+- - -+------+
 *	vm_page.pv --> slot of another table <-next---'
 *
 * The slot itself is the entry of the page's list of mappings, and finds its
 * leaf, table and address by its index.  So only a new leaf needs memory, and
 * nothing else here can fail.
 *
 * A leaf that becomes empty is freed, but for the one used last: a page that
 * comes and goes does not take its leaf with it each time.
 *
 * Locking is the port's: one mutex for a machine guards its ptab_memory, all
 * tables on it and the pv lists of all pages.  It must be held in every
 * function here; only ptab_mark() and the like, which are atomic, need none.
 */
#ifndef PMAP_PTAB_H
#define PMAP_PTAB_H

#include "base/pool.h"
#include "base/radix.h"
#include "vm/vm_env.h"
#include "vm/vm_page.h"

#define PTAB_LEAF_SLOTS 64
#define PTAB_LEAF_SHIFT (VM_PAGE_SHIFT + 6)
#define PTAB_LEAF_SIZE  ((vsize_t)1 << PTAB_LEAF_SHIFT)
#define PTAB_LEAF_MASK  (PTAB_LEAF_SIZE - 1)

/* vm_page.pmap_bits */
#define PTAB_MODIFIED   1
#define PTAB_REFERENCED 2

/* One mapping.  All but `port` change only through the functions below. */
struct ptab_slot {
	struct vm_page *page;     /* NULL: nothing is mapped here */
	struct ptab_slot *next;   /* next mapping of the page */
	struct ptab_slot **prevp; /* what points to this one */
	uint32_t port;            /* the port's own; 0 in a new mapping */
	vm_prot_t prot;           /* may be changed by the port */
	bool wired;
	bool shared;   /* PMAP_SHARED; may be changed by the port */
	uint8_t index; /* place in the leaf; valid once made */
};

struct ptab_leaf {
	struct ptab_slot slots[PTAB_LEAF_SLOTS];
	struct ptab *tab;
	vaddr_t start; /* address of slots[0] */
	uint64_t used; /* bit i: slots[i] is in use */
};

/* Where the tables of one machine get their memory. */
struct ptab_memory {
	struct base_alloc host;  /* the vm_env's */
	struct base_alloc inner; /* nodes of the radix trees, from `nodes` */
	struct pool leaves, nodes;
};

struct ptab {
	struct radix_tree leaves; /* by va >> PTAB_LEAF_SHIFT */
	struct ptab_leaf *last;   /* used last, or NULL */
	vaddr_t last_start;       /* its start; not a page address if none */
	struct ptab_memory *memory;
	vm_pindex_t resident, wired; /* mappings */
};

void ptab_memory_init(struct ptab_memory *, const struct vm_env *);
/* => every table on it is gone */
void ptab_memory_fini(struct ptab_memory *);

/* ptab_init: an empty table; takes no memory. */
void ptab_init(struct ptab *, struct ptab_memory *);
/* ptab_fini: => nothing is mapped any more */
void ptab_fini(struct ptab *);

/*
 * ptab_leaf_slow: the leaf of va, NULL if there is none; it becomes `last`.
 * ptab_leaf_make: the same, but makes one; NULL: no memory, nothing changed.
 */
struct ptab_leaf *ptab_leaf_slow(struct ptab *, vaddr_t va);
struct ptab_leaf *ptab_leaf_make(struct ptab *, vaddr_t va);

/*
 * ptab_set: map pg in an empty slot that ptab_make returned.
 * ptab_clear: empty a slot; it must be in use.  Its leaf may be gone then.
 * ptab_wire: change whether it is wired.
 */
void ptab_set(struct ptab_slot *, struct vm_page *pg, vm_prot_t, bool wired);
void ptab_clear(struct ptab_slot *);
void ptab_wire(struct ptab_slot *, bool wired);

/*
 * ptab_next: the first slot in use in [*va, end), and its address in *va.
 *
 * => NULL if there is none, *va undefined
 * => a loop over a range goes on with *va + VM_PAGE_SIZE, and may clear the
 *    slot it was given:
 *
 *	for (va = start; (slot = ptab_next(tab, &va, end)) != NULL;
 *	    va += VM_PAGE_SIZE)
 */
static inline struct ptab_slot *ptab_next(struct ptab *, vaddr_t *va,
    vaddr_t end);
struct ptab_slot *ptab_next_slow(struct ptab *, vaddr_t *va, vaddr_t end);

/* ptab_share: the mappings of [start, end) are shared from now on. */
void ptab_share(struct ptab *, vaddr_t start, vaddr_t end);

/* ptab_wirings: how many mappings of the page are wired. */
unsigned ptab_wirings(const struct vm_page *);

/*
 * ptab_check: assert that the table is sound: leaves, maps of used slots,
 * counts, the links of each slot; and of each page whose list begins in this
 * table, the whole list.
 *
 * => returns how many mappings are on the lists that begin here: over all
 *    tables of a machine the sum is that of `resident`
 */
vm_pindex_t ptab_check(const struct ptab *);

static inline struct ptab_leaf *
ptab_leaf(struct ptab *tab, vaddr_t va)
{
	if (VM_LIKELY(tab->last_start == (va & ~PTAB_LEAF_MASK)))
		return tab->last;
	return ptab_leaf_slow(tab, va);
}

static inline unsigned
ptab_index(vaddr_t va)
{
	return (unsigned)(va >> VM_PAGE_SHIFT) % PTAB_LEAF_SLOTS;
}

/* ptab_lookup: the mapping at va, NULL if there is none. */
static inline struct ptab_slot *
ptab_lookup(struct ptab *tab, vaddr_t va)
{
	struct ptab_leaf *leaf = ptab_leaf(tab, va);
	struct ptab_slot *slot;

	if (leaf == NULL)
		return NULL;
	slot = &leaf->slots[ptab_index(va)];
	return slot->page == NULL ? NULL : slot;
}

/*
 * ptab_make: the slot of va, in use or not; NULL if there is no memory.
 *
 * => an empty slot stays good until the next call that looks in its table
 */
static inline struct ptab_slot *
ptab_make(struct ptab *tab, vaddr_t va)
{
	struct ptab_leaf *leaf = ptab_leaf(tab, va);
	struct ptab_slot *slot;

	if (VM_UNLIKELY(leaf == NULL)) {
		leaf = ptab_leaf_make(tab, va);
		if (leaf == NULL)
			return NULL;
	}
	slot = &leaf->slots[ptab_index(va)];
	slot->index = (uint8_t)ptab_index(va);
	return slot;
}

static inline struct ptab_slot *
ptab_next(struct ptab *tab, vaddr_t *va, vaddr_t end)
{
	struct ptab_slot *slot;

	if (*va < end && tab->last_start == (*va & ~PTAB_LEAF_MASK)) {
		slot = &tab->last->slots[ptab_index(*va)];
		if (VM_LIKELY(slot->page != NULL))
			return slot;
	}
	return ptab_next_slow(tab, va, end);
}

static inline struct ptab_leaf *
ptab_slot_leaf(struct ptab_slot *slot)
{
	return (struct ptab_leaf *)(void *)(slot - slot->index);
}

/* ptab_slot_tab, ptab_slot_va: whose mapping it is, and where. */
static inline struct ptab *
ptab_slot_tab(struct ptab_slot *slot)
{
	return ptab_slot_leaf(slot)->tab;
}

static inline vaddr_t
ptab_slot_va(struct ptab_slot *slot)
{
	return ptab_slot_leaf(slot)->start +
	    ((vaddr_t)slot->index << VM_PAGE_SHIFT);
}

/*
 * ptab_mark: set modified, referenced; ptab_unmark: clear them, and tell
 * which of them were set; ptab_marks: those that are.
 */
static inline unsigned
ptab_marks(const struct vm_page *pg)
{
	return atomic_load_explicit(&pg->pmap_bits, memory_order_relaxed);
}

static inline void
ptab_mark(struct vm_page *pg, unsigned bits)
{
	if ((ptab_marks(pg) & bits) != bits)
		(void)atomic_fetch_or_explicit(&pg->pmap_bits, (uint8_t)bits,
		    memory_order_relaxed);
}

static inline unsigned
ptab_unmark(struct vm_page *pg, unsigned bits)
{
	return bits &
	    atomic_fetch_and_explicit(&pg->pmap_bits, (uint8_t)~bits,
		memory_order_relaxed);
}

#endif
