/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * soft.h - the port `soft`: a machine in C, and a mean one.  Public.
 *
 * Frames are plain memory, tables are ptab.h, and each processor has a TLB
 * that really goes stale: what pmap_remove and its like take away stays
 * usable through it until pmap_update.  A program's loads and stores are
 * calls of soft_access(), from as many threads as there are processors.
 *
 * The machine panics when it sees the core do one of these:
 *
 *  - a page that is free is mapped, or is freed while something maps it
 *  - a page is freed while a TLB still names its frame, or such an entry is
 *    used afterwards: pmap_update was forgotten
 *  - a page is called clean although a store went through a stale entry since
 *    pmap_clear_modify: pmap_update was forgotten there
 *
 * It may also fail pmap_enter on demand, forget mappings that are not wired
 * whenever it likes, and fill freed frames with SOFT_POISON, all within the
 * rules of vm/pmap.h.  Its lock is one mutex, below all locks of the core;
 * the locks of the TLBs come below that.
 */
#ifndef PMAP_SOFT_H
#define PMAP_SOFT_H

#include "vm/pmap.h"
#include "vm/vm_env.h"

enum { SOFT_POISON = 0xdf };

/* A member that is 0 has the value in brackets. */
struct soft_config {
	vm_pindex_t npages;        /* frames of the system; at least 1 */
	vm_pindex_t device_pages;  /* frames after those, of no system */
	vaddr_t va_min;            /* [one page] */
	vaddr_t va_max;            /* [2^47] */
	unsigned ncpus;            /* TLBs [1] */
	unsigned tlb_entries;      /* of each, a power of two [64] */
	unsigned zero_ahead_max;   /* as in struct vm_machine */
	unsigned read_around;      /* as there */
	unsigned neighbour_factor; /* as there */
	unsigned forget_every;     /* forget a mapping at each n-th enter */
	bool frames_zeroed;        /* at the start; else poisoned */
	bool eager;                /* removals reach the TLBs at once */
	bool copies;               /* pmap_copy enters read-only mappings */
	bool quick; /* no poison, fewer looks into TLBs: to measure */
};

/*
 * soft_machine_create: a machine that lives on env.
 * => VM_EINVAL: npages, tlb_entries or addresses make no sense; VM_ENOMEM
 * soft_machine_destroy: => no pmap is left
 */
int soft_machine_create(const struct vm_env *, const struct soft_config *,
    struct vm_machine **);
void soft_machine_destroy(struct vm_machine *);

/*
 * A load (VM_PROT_READ), store (WRITE) or fetch (EXEC) of the program: len
 * bytes at va from or to buf.
 */
struct soft_access {
	struct pmap *pmap;
	unsigned cpu;     /* below ncpus; the threads of one take turns */
	vm_prot_t access; /* one of the three */
	vaddr_t va;
	void *buf;
	size_t len;
};

/*
 * soft_access: do it, as far as it goes.
 *
 * => no lock held; what lies in one page is one step against pmap_update
 * => 0: done; len is 0
 * => VM_EFAULT: va, buf and len are what is still to be done; va and access
 *    are for vm_fault(), after which the same call goes on
 */
int soft_access(struct soft_access *);

/*
 * soft_fail_enter: the nth pmap_enter with PMAP_CANFAIL from now on fails,
 * n = 1 being the next; 0: none.  Never one over a wired mapping.
 * soft_enters: how many there have been.
 */
void soft_fail_enter(struct vm_machine *, uint64_t nth);
uint64_t soft_enters(struct vm_machine *);

/* soft_forget: forget all mappings that are not wired, complete on return. */
void soft_forget(struct vm_machine *);

/* soft_pending: how many pmaps have removals that await pmap_update. */
unsigned soft_pending(struct vm_machine *);

/* soft_page_wirings: how many wired mappings the page has. */
unsigned soft_page_wirings(struct vm_machine *, struct vm_page *);

/* soft_device_frame: the number of the first of the device_pages. */
uint64_t soft_device_frame(const struct vm_machine *);

/*
 * soft_machine_check: panic unless tables, lists of mappings, counts and TLBs
 * agree and all that is mapped is in use.  A TLB may have more than the
 * tables only where pmap_update is still awaited.
 */
void soft_machine_check(struct vm_machine *);

#endif
