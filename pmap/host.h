/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host.h - the MMU port whose MMU is a Linux process.  Public.
 *
 * Frames are the pages of one memory file; a mapping is a piece of that file,
 * mapped shared into a process at the address.  What is mapped is kept in a
 * software page table (ptab.h), and the process is made to agree with it by
 * an executor, which can run mmap, munmap and mprotect in it:
 *
 *	pmap_enter, pmap_remove ... --> page table --> pending ranges
 *						          |
 *	   pmap_update, or pmap_host_take  <--------------'
 *		`--> operations --> executor --> the process
 *
 * Gains wait until somebody takes them (who made a page usable resumes the
 * process next, and runs them on the way).  Losses wait no longer than until
 * pmap_update, unless the executor knows that nobody can use the mappings.
 *
 * A page is mapped writable only once it is known to be modified, so that the
 * first write faults and is noted: pmap_host_fault answers such faults.  That a
 * page which is mapped is used does not show (references_by_fault), but where
 * the executor knows of a use that goes on; such a page is referenced, and
 * cannot be made not to be.
 *
 * It knows nothing of how a process is made to do things.
 */
#ifndef PMAP_HOST_H
#define PMAP_HOST_H

#include "vm/pmap.h"
#include "vm/vm_env.h"

enum pmap_host_kind {
	PMAP_HOST_MAP,     /* the file from offset on, at [start, end) */
	PMAP_HOST_UNMAP,   /* nothing at [start, end) */
	PMAP_HOST_PROTECT, /* other permissions for [start, end) */
};

struct pmap_host_op {
	enum pmap_host_kind kind;
	vm_prot_t prot;
	vaddr_t start, end;
	uint64_t offset; /* bytes */
};

enum pmap_host_result {
	PMAP_HOST_DONE,
	PMAP_HOST_FULL,  /* no room for more mappings; some may be done */
	PMAP_HOST_LATER, /* none is done, and none needs to be: may_wait */
};

/* What runs the operations.  Called with the port's lock held. */
struct pmap_host_exec {
	void *ctx;

	/*
	 * may_wait: nobody can use the mappings of this pmap before its
	 * operations are taken with pmap_host_take.
	 */
	bool (*may_wait)(void *ctx, struct pmap *);

	/*
	 * is_needed: somebody is using, or about to use, the mapping at va in
	 * a way that it would be dear to take it from him.  May be NULL.
	 */
	bool (*is_needed)(void *ctx, struct pmap *, vaddr_t va);

	/*
	 * born: a pmap has been made, and nobody uses it yet; false: there is
	 * no memory.  gone: it is being destroyed.  Without the port's lock,
	 * and may be NULL.
	 */
	bool (*born)(void *ctx, struct pmap *);
	void (*gone)(void *ctx, struct pmap *);

	/* run: run the operations, complete on return. */
	enum pmap_host_result (*run)(void *ctx, struct pmap *,
	    const struct pmap_host_op *, size_t n);
};

struct pmap_host_config {
	const struct vm_env *env;
	struct pmap_host_exec exec;
	vm_pindex_t npages;
	vsize_t tail; /* bytes of the memory file behind the frames */
	vaddr_t va_min, va_max;
	/* As in struct vm_machine. */
	unsigned zero_ahead_max, neighbour_factor, read_around;
	size_t max_mappings; /* of one process */
};

/* => VM_ENOMEM; VM_ENOTSUP: no memory file to be had */
int pmap_host_create(const struct pmap_host_config *, struct vm_machine **);
/* => every pmap is gone */
void pmap_host_destroy(struct vm_machine *);

/* The memory file, and where its tail is mapped here. */
int pmap_host_file(const struct vm_machine *);
uint64_t pmap_host_tail_offset(const struct vm_machine *);
void *pmap_host_tail(const struct vm_machine *);
/* Where in the memory file an address of a page's data is. */
uint64_t pmap_host_offset(const struct vm_machine *, const void *);

/* The executor's own word for a pmap. */
void pmap_host_set_owner(struct pmap *, void *owner);
void *pmap_host_owner(const struct pmap *);

/* pmap_host_keep_out: [start, end) is not ours, at most 4 such ranges. */
void pmap_host_keep_out(struct pmap *, vaddr_t start, vaddr_t end);

/*
 * pmap_host_forget: the process may have anything mapped; all of it goes
 * before anything else is entered.  Mappings that are not wired are lost.
 */
void pmap_host_forget(struct pmap *);

/*
 * pmap_host_take: the next operations, at most max, in the order in which
 * they must be run; they count as done.  0: the process is up to date.
 */
size_t pmap_host_take(struct pmap *, struct pmap_host_op *, size_t max);
bool pmap_host_is_pending(const struct pmap *);

/*
 * pmap_host_enter: run all operations, in order with everybody else's; for an
 * executor that shares its process with the library, and never waits.
 * => false: there was no room for all mappings; none is left that is not wired
 */
bool pmap_host_enter(struct pmap *);

/*
 * pmap_host_fault: true when the fault needs no more than the next operations:
 * the page is mapped and allows the access.
 */
bool pmap_host_fault(struct pmap *, vaddr_t va, vm_prot_t access);

/*
 * pmap_host_is_usable: true when the process itself, or a system call of its,
 * can use va in this way now, without a fault.
 */
bool pmap_host_is_usable(struct pmap *, vaddr_t va, vm_prot_t access);

#endif
