/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_pageindex.h - which page of an object lies where: the interface of a
 * family.  Public, to name one.
 *
 *	radix   nodes of 64 slots: NetBSD, FreeBSD
 *	tree    a red-black tree through the pages: DragonFly, OpenBSD
 *	hash    a list through the pages of the object, and one hash table for
 *		the pages of all objects: 4.4BSD
 *
 * A page carries its own links (vm_page.place) for an index that is threaded
 * through it: then to insert costs no memory and cannot fail, but a page is in
 * one index only.
 *
 * The owner's lock is held for everything; the page's owner and pindex are set
 * before it is inserted and stay until it is removed.
 */
#ifndef VM_PAGEINDEX_H
#define VM_PAGEINDEX_H

#include "base/radix.h"
#include "vm/vm_page.h"

struct vm_pageindex_ops;

struct vm_pageindex {
	const struct vm_pageindex_ops *ops; /* (c) */
	struct vm_system *sys;              /* (c) */
	void *owner;                        /* (c) that of its pages */
	union {
		struct radix_tree radix;
		struct rb_tree tree;
		struct {                      /* hash */
			struct list pages;    /* in order */
			struct vm_page *last; /* found or inserted last */
		} listed;
	};
};

struct vm_pageindex_ops {
	const char *name;
	bool threaded; /* through the pages: insert cannot fail */

	/* Begin empty; ops, sys and owner are set.  => VM_ENOMEM */
	int (*init)(struct vm_pageindex *);
	/* => empty */
	void (*fini)(struct vm_pageindex *);

	/* The page at an index, or NULL. */
	struct vm_page *(*lookup)(const struct vm_pageindex *, vm_pindex_t);

	/* Put a page in at pg->pindex, where none is.
	 * => VM_ENOMEM: nothing has changed */
	int (*insert)(struct vm_pageindex *, struct vm_page *);

	/* Take the page out that was put in at pindex. */
	void (*remove)(struct vm_pageindex *, struct vm_page *, vm_pindex_t);

	/* Put a page in the place of one; owner and pindex are the same.
	 * NULL: threaded, and it comes to remove and insert. */
	void (*replace)(struct vm_pageindex *, struct vm_page *old,
	    struct vm_page *new);

	/* The first page at or after *pindex, and its place in *pindex; NULL:
	 * there is none, and *pindex is unchanged. */
	struct vm_page *(*next)(struct vm_pageindex *, vm_pindex_t *pindex);

	/* Panic unless it is sound; the number of pages. */
	size_t (*check)(struct vm_pageindex *);
};

extern const struct vm_pageindex_ops vm_pageindex_radix;
extern const struct vm_pageindex_ops vm_pageindex_tree;
extern const struct vm_pageindex_ops vm_pageindex_hash;

/*
 * vm_pageindex_move: a page, with no other page at pindex of `to`, goes from
 * one index to another.  Sets its owner's pointer and its pindex.
 * => both owners locked       => VM_ENOMEM: nothing has changed
 */
int vm_pageindex_move(struct vm_pageindex *from, struct vm_pageindex *to,
    struct vm_page *, vm_pindex_t pindex);

/* vm_pageindex_replace: a page takes the place of another, which has the same
 * owner and pindex.  => owner locked; cannot fail */
void vm_pageindex_replace(struct vm_pageindex *, struct vm_page *old,
    struct vm_page *new);

/* What all indexes of a system have in common comes and goes with it. */
void vm_pageindex_init_system(struct vm_system *);
void vm_pageindex_fini_system(struct vm_system *);

#endif
