/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_cow.h - the copy-on-write interface: what a map entry is backed by.
 *
 * A design (UVM's amaps; shadow objects; ...) is one struct vm_cow_ops.  The
 * map, the fault loop and everything above talk to it only through this.
 *
 * No operation waits.  resolve answers what to wait for, and the fault loop
 * does that with nothing locked and asks again: so no lower layer unlocks a
 * lock that it did not take, and nothing needs to be revalidated.
 *
 *	lock(entry)
 *	    resolve(fault, va)  ->  OK: pmap_enter, more pages, ...
 *	unlock(entry)		    else: unlock, wait, look up again
 */
#ifndef VM_COW_H
#define VM_COW_H

#include "base/fmt.h"
#include "vm/pmap.h"
#include "vm/vm_entry.h"
#include "vm/vm_object.h"
#include "vm/vm_system.h"

/* Which way a page was found; one counter each. */
enum vm_resolved_how {
	VM_FOUND_ANON,       /* 1A */
	VM_COPIED_ANON,      /* 1B */
	VM_FOUND_OBJECT,     /* 2A */
	VM_COPIED_OBJECT,    /* 2B from the object */
	VM_MADE_ZERO,        /* 2B from nothing */
	VM_MADE_OBJECT_ZERO, /* a new page of a shared anonymous object */
};

/* How far resolve goes for a page, beyond what is there and usable as it is:
 * two bits. */
enum vm_resolve_depth {
	VM_RESOLVE_RESIDENT = 0,
	VM_RESOLVE_MAKE = 1, /* make a page or a copy */
	VM_RESOLVE_READ = 2, /* read it in, unless that is waited for */
	VM_RESOLVE_ALL = VM_RESOLVE_MAKE | VM_RESOLVE_READ, /* even then */
};

/* One question of the fault loop, and the design's answer. */
struct vm_resolve {
	struct vm_system *sys;
	struct pmap *pmap;
	struct vm_map_entry *entry;
	vaddr_t va;       /* page aligned, inside the entry */
	vm_prot_t access; /* what is wanted, a subset of entry->prot */
	enum vm_resolve_depth depth; /* how far to go for it; else ABSENT */
	const struct vm_page *near;  /* a frame to be next to, or NULL */
	unsigned page_flags;         /* VM_PAGE_RESERVE, or 0 */
	bool unmapped;               /* pmap is known to have nothing at va */
	bool wire;                   /* the page will be wired: not lent */

	struct vm_page *page;     /* out (OK, BUSY) */
	vm_prot_t prot;           /* out (OK): map it with at most this */
	enum vm_resolved_how how; /* out (OK) */
	uint32_t seen;            /* out (BUSY): for vm_page_wait */
	struct vm_wants wants;    /* out: of who reads there, in order */
	struct vm_read *read;     /* in: where an IO verdict leaves its run */
};

/* What walk tells of one page that is there. */
struct vm_cow_page {
	vm_pindex_t n;        /* page of the entry */
	struct vm_page *page; /* resident page, or NULL when paged out */
	bool upper;           /* private to the entry's upper layer */
};
typedef void vm_cow_walk_fn(const struct vm_cow_page *, void *arg);

/* What audit tells to who checks the whole system. */
struct vm_audit {
	/* A reference to something that says it has refs of them; true when it
	 * is seen for the first time, and what it refers to is to be told. */
	bool (*ref)(struct vm_audit *, const void *what, uint32_t refs);
	/* A page that no object owns; a slot that no object has. */
	void (*page)(struct vm_audit *, struct vm_page *);
	void (*slot)(struct vm_audit *, vm_slot_t);
	/* The lock of something: the same, whoever refers to it. */
	void (*guard)(struct vm_audit *, const void *what, const void *lock);
	/* The entry refers to n parts from `first` on of what has nparts. */
	void (*parts)(struct vm_audit *, const void *what, uint32_t nparts,
	    uint32_t first, uint32_t n);
	/* How many entries refer to a part; NULL: not all have been seen. */
	uint32_t (*part_refs)(struct vm_audit *, const void *what, uint32_t);
};

/* An entry that is to have again what a frozen one has. */
struct vm_rewind {
	struct vm_system *sys;
	struct pmap *pmap; /* the entry's */
	struct vm_map_entry *entry;
	const struct vm_map_entry *base; /* frozen, private, needs a copy */
	vm_pindex_t n;      /* the page of base that the entry begins at */
	vm_pindex_t npages; /* out: added, how many pages were given up */
};

struct vm_cow_ops {
	const char *name;
	bool prompt; /* a private page goes as soon as nobody can reach it */

	/*
	 * lock, unlock: what backs the entry stays as it is between them.
	 * => map locked (read or write)
	 */
	void (*lock)(struct vm_map_entry *);
	void (*unlock)(struct vm_map_entry *);

	/*
	 * resolve: find, copy or make the page at r->va; never blocks.
	 * => entry locked
	 * => OK: the page is valid, not busy, and may be entered until
	 *    unlock.  A copy took the old page out of r->pmap first.
	 * => SETTLE: settle() the entry first.  Others: vm_object.h
	 */
	enum vm_verdict (*resolve)(struct vm_resolve *);

	/*
	 * chunk: the part of the entry around page n that settle should be
	 * given alone, when the whole is better not settled at once (a sparse
	 * mapping, or one too large for one upper layer).  want is how many
	 * pages the caller is about to touch.  Sets [*first, *last), which
	 * holds n; the map clips to it.
	 */
	void (*chunk)(const struct vm_map_entry *, vm_pindex_t n,
	    vm_pindex_t want, vm_pindex_t *first, vm_pindex_t *last);

	/*
	 * settle: make the entry own its upper layer (clear NEEDS_COPY, or
	 * make the first one, and if that is an object, with that index; those
	 * that come over and under it later have the same).
	 * => map write-locked; the entry is no longer than chunk said
	 * => VM_ENOMEM
	 */
	int (*settle)(struct vm_system *, struct vm_map_entry *,
	    const struct vm_pageindex_ops *);

	/*
	 * copy: dst, a clone of the fields of src without references, becomes
	 * a private copy of it, made lazily: what src's pmap maps there can no
	 * longer be written to.  The caller updates the pmap; NULL: src maps
	 * nothing, and needs a copy already.
	 * => maps of both write-locked; dst's is not in use yet
	 * => VM_ENOMEM: dst has no backing; src sees what it saw
	 */
	int (*copy)(struct vm_system *, struct pmap *, struct vm_map_entry *src,
	    struct vm_map_entry *dst);

	/*
	 * copy_now: like copy, but src keeps every wired page as it is mapped:
	 * those are copied at once.  VM_ENOMEM as copy.
	 */
	int (*copy_now)(struct vm_system *, struct vm_map_entry *src,
	    struct vm_map_entry *dst);

	/* share: dst, as above, becomes the same memory as src, which has been
	 * settled if it is private.  VM_ENOMEM; the caller marks src as shared
	 * (vm_entry.h) once nothing can fail any more */
	int (*share)(struct vm_system *, struct vm_map_entry *src,
	    struct vm_map_entry *dst);

	/*
	 * split: hi, a clone of lo without references, takes over its pages
	 * from n on; both have their new ranges already.  Cannot fail.
	 * => map write-locked
	 */
	void (*split)(struct vm_system *, struct vm_map_entry *lo,
	    struct vm_map_entry *hi, vm_pindex_t n);

	/*
	 * join: true when lo, made longer, can stand for hi too; then hi has
	 * no backing any more.  lo->end == hi->start, the attributes agree.
	 * Either may be new, with no upper layer yet.  => map write-locked
	 */
	bool (*join)(struct vm_system *, struct vm_map_entry *lo,
	    struct vm_map_entry *hi);

	/*
	 * give: page n of the entry, which is settled and has nothing there,
	 * is to have what a page has that the caller has on loan.  The page
	 * itself, and the loan with it, if it is left to him, or if the design
	 * can do with a page that others own; else a copy.
	 * => entry locked      => OK or NOMEM
	 */
	enum vm_verdict (*give)(struct vm_system *, struct vm_map_entry *,
	    vm_pindex_t n, struct vm_page *);

	/*
	 * drop: the entry goes; its private pages go with it, and its
	 * reference to the object.  => no lock held; may block.  A map may be
	 * locked when the reference is not the object's last
	 */
	void (*drop)(struct vm_system *, struct vm_map_entry *);

	/*
	 * discard: forget the private pages of [n, n + len), so that the next
	 * fault finds what lies below, or zeroes; but private memory that was
	 * once shared is not the entry's alone, and stays.  The caller has
	 * taken the range out of its own pmap.
	 * => map write-locked
	 * => VM_ENOMEM; VM_EAGAIN: cut the entry to the range and ask again
	 */
	int (*discard)(struct vm_system *, struct vm_map_entry *, vm_pindex_t n,
	    vm_pindex_t len);

	/*
	 * keep: the private entry, which needs a copy and which nobody runs
	 * in, is what others will be rewound to.  NULL: nothing to remember.
	 * => map write-locked; does not fail
	 */
	void (*keep)(struct vm_system *, struct vm_map_entry *);

	/*
	 * may_rewind: whether rewind can do it.  NULL: always.
	 * rewind: the private entry, not wired and never shared, has the upper
	 * layer again that base has; what went is in no pmap.  At the cost of
	 * what has changed, where the design can tell.  Cannot fail.
	 * => maps of both write-locked, no longer than the base's pages from n
	 *    on; the attributes and the object below agree
	 */
	bool (*may_rewind)(const struct vm_rewind *);
	void (*rewind)(struct vm_rewind *);

	/*
	 * recall: what the entry has on a device that is to go, but for what
	 * objects have (vm_object_recall).  NULL: nothing.
	 * => entry locked; does not block
	 */
	enum vm_recalled (*recall)(struct vm_map_entry *, struct vm_recall *);

	/* walk: fn for each page of [n, n + len) that is there, in order.
	 * => entry locked */
	void (*walk)(struct vm_map_entry *, vm_pindex_t n, vm_pindex_t len,
	    vm_cow_walk_fn *fn, void *arg);

	/* check: panic unless the entry's backing is sound. => entry locked */
	void (*check)(const struct vm_map_entry *);

	/* audit: tell the references of the entry's upper layer, and from there
	 * on down; panic when they are not as it knows them.
	 * => entry locked, or nobody else runs */
	void (*audit)(const struct vm_map_entry *, struct vm_audit *);

	/* dump: print the upper layer, which is there, in one line or more.
	 * => entry locked */
	void (*dump)(const struct vm_map_entry *, const struct fmt_out *);
};

extern const struct vm_cow_ops vm_cow_uvm;     /* cow/uvm.c: amaps, anons */
extern const struct vm_cow_ops vm_cow_openbsd; /* the same, slots in chunks */
extern const struct vm_cow_ops vm_cow_mach;    /* cow/mach.c: shadow objects */
extern const struct vm_cow_ops vm_cow_freebsd; /* the same, kept short */
extern const struct vm_cow_ops vm_cow_backing; /* cow/backing.c: lists */

#endif
