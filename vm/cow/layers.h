/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cow/layers.h - private pages in a stack of anonymous objects.
 *
 * The Mach family of designs keeps what an entry has of its own in objects
 * that lie one above the other.  The first page found from the top is the one
 * that counts; under the last layer is the entry's own object, or zeroes.
 *
 *	entry  --top, first-->  layer  [ . a . . ]	writes go here
 *				  | below, offset
 *				layer  [ . b c . ]	read-only: shared with
 *				  |			   others of the family
 *				entry's object [ d d d d ]
 *
 *	what the entry sees:	       d a c d
 *
 * What is one here, and differs, is who owns a layer: in cow/shadow.c it is
 * part of its object, as Mach has it; in cow/backing.c each entry has a list
 * of layers of its own, as DragonFly has it.  How stacks are kept short is
 * theirs as well.
 *
 * A page of a layer may be in swap instead, or on its way: it hides what is
 * below it all the same.  It is read into the layer where it is found; copied,
 * by a reference to its slot, and moved it is as it is.
 *
 * The objects of a stack share the lock of their family.  All functions want
 * it held, unless they say otherwise.
 */
#ifndef VM_COW_LAYERS_H
#define VM_COW_LAYERS_H

#include "vm/cow/family.h"
#include "vm/vm_cow.h"

struct vm_layer {
	struct vm_object *obj;  /* its pages, and a reference to it */
	struct vm_layer *below; /* NULL: the entry's object is next */
	vm_pindex_t offset;     /* our page i lies over page i + offset below */
};

/* Where a page was found. */
struct vm_layer_at {
	struct vm_layer *layer; /* NULL: in none */
	vm_pindex_t pindex;     /* in the layer's object */
	struct vm_page *page;   /* maybe busy; NULL: it is in swap */
	unsigned depth;         /* layers that were passed */
};

/* Page n of the entry, in the layers alone. */
struct vm_layer_at vm_layers_find(const struct vm_map_entry *, vm_pindex_t n);

/* What a design does in its own way. */
struct vm_layers_policy {
	/*
	 * take: give the page to the top layer without a copy, if nobody else
	 * sees it.  May be NULL.
	 */
	bool (*take)(struct vm_map_entry *, const struct vm_layer_at *);
	/* copied: the top has a copy of its own now.  May be NULL. */
	void (*copied)(struct vm_map_entry *);
	bool settles_on_read; /* a private mapping gets its layer at once */
};

/* resolve, chunk and walk of vm_cow.h. */
enum vm_verdict vm_layers_resolve(struct vm_resolve *,
    const struct vm_layers_policy *);
void vm_layers_chunk(const struct vm_map_entry *, vm_pindex_t n,
    vm_pindex_t want, vm_pindex_t *first, vm_pindex_t *last);
void vm_layers_walk(struct vm_map_entry *, vm_pindex_t n, vm_pindex_t len,
    vm_cow_walk_fn *, void *arg);
enum vm_verdict vm_layers_give(struct vm_system *, struct vm_map_entry *,
    vm_pindex_t n, struct vm_page *);

/* dump of vm_cow.h: one line a layer. */
void vm_layers_dump(const struct vm_map_entry *, const struct fmt_out *);

/*
 * vm_layers_copy_pages: copy what the entry sees in its layers into an object,
 * page n to index first + n, but for pages that this has already.
 * => VM_ENOMEM: none is copied when there are too few free pages; but some are
 *    when these, or memory to remember them in, went on the way
 */
int vm_layers_copy_pages(struct vm_map_entry *, struct vm_object *to,
    vm_pindex_t first);

/*
 * vm_layers_push_down: move the pages of [start, end) of an object into
 * another one of the family, at the same indices; nobody may write to them any
 * more.  What is wired stays, and is copied.
 * => VM_ENOMEM: some have moved
 */
int vm_layers_push_down(struct vm_object *from, struct vm_object *to,
    vm_pindex_t start, vm_pindex_t end);

/* vm_layers_unmap_top: what the top layer has of an entry that is rewound
 * leaves its pmap, complete on every processor, and counts. */
void vm_layers_unmap_top(struct vm_rewind *);

/*
 * vm_layers_hides: whether a layer below the top has a page in [n, n + len) of
 * the entry: one that would come to light if the top's went.
 */
bool vm_layers_hides(const struct vm_map_entry *, vm_pindex_t n,
    vm_pindex_t len);

#endif
