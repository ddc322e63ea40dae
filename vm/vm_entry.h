/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_entry.h - one mapped range with the same attributes: data only.
 *
 * Every design of copy-on-write finds its backing here: `object` at `offset`
 * is the lower layer (a file, shared memory; nothing for private zero-fill),
 * and above it, private to the entry, the upper layer: the amap of the UVM
 * designs, or the stack of objects of the Mach family.
 *
 *	start      end
 *	  [ entry )
 *	    | aref: amap, first slot       private pages
 *	    | or layers: top, first page
 *	    ` object, offset               what lies below
 *
 * Fields are guarded by the lock of the map: read-locked to read, write-locked
 * to write.
 */
#ifndef VM_ENTRY_H
#define VM_ENTRY_H

#include "base/list.h"
#include "base/rbtree.h"
#include "vm/vm_types.h"

struct vm_amap;
struct vm_layer;
struct vm_object;

/* The part of an amap that an entry uses: page 0 is at slot `slot`. */
struct vm_aref {
	struct vm_amap *amap;
	uint32_t slot;
};

/* The part of a stack of layers that an entry uses: its page 0 is page `first`
 * of the top layer. */
struct vm_layers_ref {
	struct vm_layer *top;
	vm_pindex_t first;
};

#define VM_ENTRY_COW        0x01 /* private: writes go to the upper layer */
#define VM_ENTRY_NEEDS_COPY 0x02 /* the upper layer, if any, is another's too */
#define VM_ENTRY_FOREIGN    0x04 /* reserved; mapped by the host, no faults */
#define VM_ENTRY_STACK      0x08 /* asked for as a stack */
#define VM_ENTRY_LOCKED     0x10 /* wired, until it is unlocked */
#define VM_ENTRY_WIRING     0x20 /* by the wiring that goes on in the map */
#define VM_ENTRY_SHARED     0x40 /* private memory that was once shared */

#define VM_MARK_IMMUTABLE 0x01 /* neither unmapped nor changed till the end */
#define VM_MARK_GUARD     0x02 /* nothing is here, and nothing will be, */
#define VM_MARK_GAP       0x04 /* but a stack that grows down into it */
#define VM_MARK_DOWN      0x08 /* the host makes it longer, downwards */
#define VM_MARK_ONFAULT   0x10 /* LOCKED, but a page is when it is faulted in */
#define VM_MARK_CHARGED   0x20 /* private, once writable: pages are promised */
#define VM_MARK_RESERVED \
	0x40 /* foreign, until entries come (vm_map_extract.h) */
#define VM_MARK_WAS_LOCKED \
	0x80 /* of a frozen map: what it is a copy of was LOCKED */

struct vm_map_entry {
	struct list link;    /* neighbours in address order */
	struct rb_node node; /* index: by address */
	struct rb_node size; /* index: by gap */
	vaddr_t start, end;
	vsize_t gap;     /* free space from end to the next entry */
	vsize_t max_gap; /* largest gap in the subtree */
	struct vm_object *object;
	vm_pindex_t offset; /* page of the object at start; of a gap: how many
	                     * pages the stack must leave */
	union {             /* of each the first member is the pointer */
		struct vm_aref aref;
		struct vm_layers_ref layers;
	};
	vm_prot_t prot, max_prot;
	uint8_t inherit; /* enum vm_inherit */
	uint8_t advice;  /* enum vm_advice */
	uint8_t flags;   /* VM_ENTRY_* */
	uint8_t marks;   /* VM_MARK_*: what some designs know */
};

static inline vm_pindex_t
vm_entry_npages(const struct vm_map_entry *e)
{
	return vm_atop(e->end - e->start);
}

/* Which page of the entry holds va. */
static inline vm_pindex_t
vm_entry_page(const struct vm_map_entry *e, vaddr_t va)
{
	return vm_atop(va - e->start);
}

static inline bool
vm_entry_is_cow(const struct vm_map_entry *e)
{
	return (e->flags & VM_ENTRY_COW) != 0;
}

static inline bool
vm_entry_needs_copy(const struct vm_map_entry *e)
{
	return (e->flags & VM_ENTRY_NEEDS_COPY) != 0;
}

static inline bool
vm_entry_has_upper(const struct vm_map_entry *e)
{
	return e->aref.amap != NULL; /* pointers to structures are all alike */
}

/* May neither be unmapped nor changed. */
static inline bool
vm_entry_is_fixed(const struct vm_map_entry *e)
{
	return (e->flags & VM_ENTRY_FOREIGN) != 0 ||
	    (e->marks & VM_MARK_IMMUTABLE) != 0;
}

static inline bool
vm_entry_is_guard(const struct vm_map_entry *e)
{
	return (e->marks & VM_MARK_GUARD) != 0;
}

/* A place for entries that are to come. */
static inline bool
vm_entry_is_reserved(const struct vm_map_entry *e)
{
	return (e->marks & VM_MARK_RESERVED) != 0;
}

/* Foreign, with nothing behind it. */
static inline bool
vm_entry_is_empty(const struct vm_map_entry *e)
{
	return (e->flags & VM_ENTRY_FOREIGN) != 0 && e->object == NULL &&
	    !vm_entry_has_upper(e) && e->prot == VM_PROT_NONE;
}

/* The bytes that count against a limit: a guard is a place, but no memory. */
static inline vsize_t
vm_entry_size(const struct vm_map_entry *e)
{
	return vm_entry_is_guard(e) ? 0 : e->end - e->start;
}

static inline bool
vm_entry_is_wired(const struct vm_map_entry *e)
{
	return (e->flags & (VM_ENTRY_LOCKED | VM_ENTRY_WIRING)) != 0;
}

#endif
