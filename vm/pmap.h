/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pmap.h - the MMU contract: what a port supplies.  Public.
 *
 * The names and the meaning are those of pmap(9).  A port fills in a struct
 * pmap_ops; the core calls it through the functions below.
 *
 * Rules that hold for every port, checked by test/contract:
 *
 * 1. A pmap is a cache.  It may forget any mapping that is not wired, at any
 *    time; it never forgets a wired one.
 * 2. "Modified" is exact, "referenced" may always say no.  Both belong to the
 *    page, outlive its mappings, and are cleared only by the clear functions.
 * 3. pmap_enter over a mapping of another page makes the old one unusable, on
 *    every processor, before the new one can be used.
 * 4. A wired mapping never takes a fault to emulate these bits: they are set
 *    from the access when it is entered, and a port that cannot see stores
 *    without a fault calls a page modified that is wired with write permission.
 * 5. Removals and losses of permission are complete only after pmap_update
 *    (of that pmap) or pmap_update_all.  A frame may be freed or reused, and
 *    a page may be called clean, only after that.  pmap_destroy completes what
 *    it removes.  A gain of permission may be late: the fault it causes finds
 *    it.
 * 6. pmap_protect and pmap_page_protect only take permission away.
 * 7. The core holds the lock of the page's owner around every function that
 *    names a page.  Functions that name only addresses come under the lock of
 *    the map.  A port has its own lock below both.
 *
 * No function blocks, but for the wait of a port for other processors.
 */
#ifndef PMAP_H
#define PMAP_H

#include "vm/vm_types.h"

struct vm_page;
struct pmap;
struct vm_machine;

#define PMAP_WIRED   0x10 /* the mapping must stay (flag of pmap_enter) */
#define PMAP_CANFAIL 0x20 /* out of memory is an error, not a panic */
#define PMAP_AHEAD   0x40 /* nobody waits for it: the port may ignore it */
#define PMAP_SHARED  0x80 /* private memory that has partners: page_unshare */

/* What pmap_extract finds. */
struct pmap_mapping {
	struct vm_page *page;
	vm_prot_t prot;
	bool wired;
};

struct pmap_ops {
	const char *name;

	/*
	 * create: an empty pmap, or VM_ENOMEM.  destroy: all mappings are
	 * forgotten, wired or not, and pages get their bits first.
	 */
	int (*create)(struct vm_machine *, struct pmap **);
	void (*destroy)(struct pmap *);

	/*
	 * enter: map the page at va with prot.  flags holds the access that
	 * caused it (a subset of prot: referenced is set by any, modified by
	 * VM_PROT_WRITE) and PMAP_*.  Entering the same page again changes
	 * protection, wiring and PMAP_SHARED.  VM_ENOMEM only with
	 * PMAP_CANFAIL, never where a wired mapping is, and then nothing is
	 * mapped at va.
	 */
	int (*enter)(struct pmap *, vaddr_t va, struct vm_page *,
	    vm_prot_t prot, unsigned flags);

	/*
	 * remove: wired mappings too; the caller knows of them.
	 * protect: VM_PROT_NONE may leave a mapping that allows nothing.
	 * unwire: the mapping at va, if there is one, need not stay.
	 * share: mappings become as if entered with PMAP_SHARED.
	 */
	void (*remove)(struct pmap *, vaddr_t start, vaddr_t end);
	void (*protect)(struct pmap *, vaddr_t start, vaddr_t end, vm_prot_t);
	void (*unwire)(struct pmap *, vaddr_t va);
	void (*share)(struct pmap *, vaddr_t start, vaddr_t end);

	/* extract: what is mapped at va; false when nothing is.  With nothing
	 * locked the answer is a hint, and page must not be used. */
	bool (*extract)(struct pmap *, vaddr_t va, struct pmap_mapping *);

	/*
	 * next: the first address in [start, end) with a mapping, or end.
	 * Lets range operations skip what was never touched.
	 */
	vaddr_t (*next)(struct pmap *, vaddr_t start, vaddr_t end);

	/* copy: advice that dst will soon want what src has.  May do nothing;
	 * must never make a writable mapping.  NULL: does nothing. */
	void (*copy)(struct pmap *dst, struct pmap *src, vaddr_t start,
	    vaddr_t end);

	void (*update)(struct pmap *);
	void (*update_all)(struct vm_machine *);

	/*
	 * page_protect: all mappings of the page lose what is not in prot;
	 * VM_PROT_NONE removes them, wired ones too.  Returns how many wired
	 * mappings went, which the caller takes off the page's wire count.
	 * page_unshare: those with PMAP_SHARED go, likewise; others stay.
	 */
	unsigned (*page_protect)(struct vm_machine *, struct vm_page *,
	    vm_prot_t prot);
	unsigned (*page_unshare)(struct vm_machine *, struct vm_page *);

	/* clear: tells whether it was set; clear_modify is a loss (rule 5). */
	bool (*is_modified)(struct vm_machine *, struct vm_page *);
	bool (*clear_modify)(struct vm_machine *, struct vm_page *);
	bool (*is_referenced)(struct vm_machine *, struct vm_page *);
	bool (*clear_reference)(struct vm_machine *, struct vm_page *);

	/*
	 * The frame of a page, of the system or, with a port that can, of a
	 * device: its bytes where the core can reach them, valid
	 * until the page is freed; filled with zeroes; copied.  These touch
	 * neither bit.
	 */
	void *(*page_data)(struct vm_machine *, struct vm_page *);
	void (*zero_page)(struct vm_machine *, struct vm_page *);
	void (*copy_page)(struct vm_machine *, struct vm_page *from,
	    struct vm_page *to);

	/* The frames [page, page + n) are about to be free: the port may drop
	 * contents.  Returns true when they read as zeroes from now on.  May
	 * be NULL. */
	bool (*page_idle)(struct vm_machine *, struct vm_page *, size_t n);

	/* Mappings, a page as often as it is mapped. */
	vm_pindex_t (*resident_count)(const struct pmap *);
	vm_pindex_t (*wired_count)(const struct pmap *);
};

/* An MMU port at work in one vm_system; the port's own struct begins so. */
struct vm_machine {
	const struct pmap_ops *ops;
	vaddr_t va_min, va_max;    /* addresses a map may use: [min, max) */
	paddr_t pa_base;           /* first frame; all are below VM_FRAME_MAX */
	vm_pindex_t npages;        /* frames from there on */
	uint64_t device_frame;     /* the first that devices have, */
	vm_pindex_t device_npages; /* and how many; 0: none can be mapped */
	bool frames_zeroed;        /* frames read as zeroes at the start */
	unsigned zero_ahead_max;   /* pages worth zero-filling ahead of a fault
				  * because faults are dear; 0: none */
	unsigned neighbour_factor; /* for the same reason, so many times the
				    * neighbours that the design enters; 0: 1 */
	bool references_by_fault;  /* a use of a page that is mapped does not
				    * show: only faults do */
	unsigned read_around;      /* likewise, pages of the aligned block to be
				    * read around a fault on a file, at most
				    * VM_CLUSTER_MAX; 0: from the fault on */
};

/* An address space of the port; the port's own struct begins so. */
struct pmap {
	struct vm_machine *machine;
};

static inline int
pmap_create(struct vm_machine *m, struct pmap **out)
{
	return m->ops->create(m, out);
}

static inline void
pmap_destroy(struct pmap *pm)
{
	pm->machine->ops->destroy(pm);
}

static inline int
pmap_enter(struct pmap *pm, vaddr_t va, struct vm_page *pg, vm_prot_t prot,
    unsigned flags)
{
	return pm->machine->ops->enter(pm, va, pg, prot, flags);
}

static inline void
pmap_remove(struct pmap *pm, vaddr_t start, vaddr_t end)
{
	pm->machine->ops->remove(pm, start, end);
}

static inline void
pmap_protect(struct pmap *pm, vaddr_t start, vaddr_t end, vm_prot_t prot)
{
	pm->machine->ops->protect(pm, start, end, prot);
}

static inline void
pmap_unwire(struct pmap *pm, vaddr_t va)
{
	pm->machine->ops->unwire(pm, va);
}

static inline void
pmap_share(struct pmap *pm, vaddr_t start, vaddr_t end)
{
	pm->machine->ops->share(pm, start, end);
}

static inline bool
pmap_extract(struct pmap *pm, vaddr_t va, struct pmap_mapping *out)
{
	return pm->machine->ops->extract(pm, va, out);
}

/* Whether an access at va needs no fault. */
static inline bool
pmap_allows(struct pmap *pm, vaddr_t va, vm_prot_t access)
{
	struct pmap_mapping at;

	return pmap_extract(pm, va, &at) && (at.prot & access) == access;
}

static inline vm_pindex_t
pmap_resident_count(const struct pmap *pm)
{
	return pm->machine->ops->resident_count(pm);
}

static inline vaddr_t
pmap_next(struct pmap *pm, vaddr_t start, vaddr_t end)
{
	return pm->machine->ops->next(pm, start, end);
}

static inline void
pmap_copy(struct pmap *dst, struct pmap *src, vaddr_t start, vaddr_t end)
{
	if (dst->machine->ops->copy != NULL)
		dst->machine->ops->copy(dst, src, start, end);
}

static inline void
pmap_update(struct pmap *pm)
{
	pm->machine->ops->update(pm);
}

static inline void
pmap_update_all(struct vm_machine *m)
{
	m->ops->update_all(m);
}

static inline unsigned
pmap_page_protect(struct vm_machine *m, struct vm_page *pg, vm_prot_t prot)
{
	return m->ops->page_protect(m, pg, prot);
}

static inline unsigned
pmap_page_unshare(struct vm_machine *m, struct vm_page *pg)
{
	return m->ops->page_unshare(m, pg);
}

static inline bool
pmap_is_modified(struct vm_machine *m, struct vm_page *pg)
{
	return m->ops->is_modified(m, pg);
}

static inline bool
pmap_clear_modify(struct vm_machine *m, struct vm_page *pg)
{
	return m->ops->clear_modify(m, pg);
}

static inline bool
pmap_is_referenced(struct vm_machine *m, struct vm_page *pg)
{
	return m->ops->is_referenced(m, pg);
}

static inline bool
pmap_clear_reference(struct vm_machine *m, struct vm_page *pg)
{
	return m->ops->clear_reference(m, pg);
}

static inline void *
pmap_page_data(struct vm_machine *m, struct vm_page *pg)
{
	return m->ops->page_data(m, pg);
}

static inline void
pmap_zero_page(struct vm_machine *m, struct vm_page *pg)
{
	m->ops->zero_page(m, pg);
}

static inline void
pmap_copy_page(struct vm_machine *m, struct vm_page *from, struct vm_page *to)
{
	m->ops->copy_page(m, from, to);
}

#endif
