/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host_self.h - the port host on the calling process itself.  Public.
 *
 * Each pmap gets a window of addresses of this process; address va of the
 * pmap is at the start of its window plus va.  It needs no other process and
 * no privileges.  What the pmap loses is unmapped there at once; what it gains
 * is mapped when host_self_access or host_self_ready is called for it.
 *
 *	process  ....[ window of pmap 1      )....[ window of pmap 2      )..
 *	              ^ host_self_window()
 */
#ifndef PMAP_HOST_SELF_H
#define PMAP_HOST_SELF_H

#include "vm/pmap.h"
#include "vm/vm_env.h"

/*
 * host_self_create: a machine of npages frames whose pmaps have addresses
 * [VM_PAGE_SIZE, va_max).  => VM_ENOMEM, VM_ENOTSUP
 * host_self_destroy: => every pmap is gone
 */
int host_self_create(const struct vm_env *, vm_pindex_t npages, vaddr_t va_max,
    struct vm_machine **);
void host_self_destroy(struct vm_machine *);

/* Where the pmap's address 0 is; NULL: no memory for a window. */
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
 * host_self_access: load (VM_PROT_READ) or store (VM_PROT_WRITE) one byte as
 * the program would, without a signal.  Faults that are the port's own
 * business are answered.  False: it faulted.
 */
bool host_self_access(struct pmap *, vaddr_t va, vm_prot_t access,
    unsigned char *byte);

#endif
