/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host_self.h - the port host on the calling process itself.  Public.
 *
 * Each pmap gets a window of addresses of this process; address va of the
 * pmap is at the start of its window plus va.  It needs no other process and
 * no privileges.  What the pmap loses is unmapped there at once; what it gains
 * is mapped when somebody asks for it, or when it loses something else.
 *
 *	process  ....[ window of pmap 1      )....[ window of pmap 2      )..
 *	              ^ host_self_window()
 *
 * Any number of threads may use the windows while others resolve faults.
 */
#ifndef PMAP_HOST_SELF_H
#define PMAP_HOST_SELF_H

#include "vm/pmap.h"
#include "vm/vm_env.h"

struct host_self_config {
	const struct vm_env *env;
	vm_pindex_t npages;  /* frames */
	vaddr_t va_max;      /* pmaps have addresses [VM_PAGE_SIZE, va_max) */
	vsize_t align;       /* of windows, a power of two; 0: a page */
	size_t max_mappings; /* of a window; 0: many */
	/* As in struct vm_machine. */
	unsigned zero_ahead_max, neighbour_factor, read_around;
};

/*
 * host_self_create: => VM_ENOMEM, VM_ENOTSUP
 * host_self_destroy: => every pmap is gone
 */
int host_self_create(const struct host_self_config *, struct vm_machine **);
void host_self_destroy(struct vm_machine *);

/* Where the pmap's address 0 is; constant. */
char *host_self_window(struct pmap *);

/*
 * host_self_ready: make a load (VM_PROT_READ) or store (VM_PROT_WRITE) at va
 * possible through the window.  False: vm_fault() is due first.  So the
 * handler of a SIGSEGV in the window, or who expects one, goes
 *
 *	while (!host_self_ready(pmap, va, access))
 *		if ((error = vm_fault(map, va, access, 0)) != 0)
 *			give up
 *
 * => no lock of the library held
 */
bool host_self_ready(struct pmap *, vaddr_t va, vm_prot_t access);

/*
 * The two halves of it.  host_self_knows: whether the pmap allows the access;
 * it is counted as one.  host_self_enter: map what it has gained.
 * => enter is false: the kernel gives this process no more mappings; those of
 *    this pmap, but for wired ones, have been given back
 */
bool host_self_knows(struct pmap *, vaddr_t va, vm_prot_t access);
bool host_self_enter(struct pmap *);

/* host_self_forget: give all mappings back that are not wired. */
void host_self_forget(struct pmap *);

/*
 * host_self_access: load (VM_PROT_READ) or store (VM_PROT_WRITE) one byte as
 * the program would, without a signal.  Faults that are the port's own
 * business are answered.  False: it faulted.
 */
bool host_self_access(struct pmap *, vaddr_t va, vm_prot_t access,
    unsigned char *byte);

#endif
