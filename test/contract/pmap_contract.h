/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pmap_contract.h - vm/pmap.h as tests that every port has to pass.
 *
 * A port plugs in with four functions; the tests know nothing else of it.
 * They accept all that the rules leave open: a mapping that is not wired may
 * be gone at any time, and permission that was given may come late.  So a
 * load or store that faults enters its mapping again and tries once more, as
 * vm_fault() would, except where a rule promises that there is no fault.
 */
#ifndef TEST_CONTRACT_PMAP_CONTRACT_H
#define TEST_CONTRACT_PMAP_CONTRACT_H

#include "vm/pmap.h"
#include "vm/vm_env.h"

/*
 * name		begins the name of each test
 * ncpus	processors that touch() knows
 * create	a machine with that many frames and at least 64 MB of
 *		addresses, memory from env; two may live at once
 * destroy	its end; no pmap is left
 * touch	a load (VM_PROT_READ) or store (VM_PROT_WRITE) of one byte by
 *		the program; false: it faulted.  Faults that the port takes for
 *		its own purposes it answers itself.
 * check	panics if the port's own structures are broken; may be NULL
 */
struct pmap_contract_port {
	const char *name;
	unsigned ncpus;
	int (*create)(const struct vm_env *env, vm_pindex_t npages,
	    struct vm_machine **out);
	void (*destroy)(struct vm_machine *);
	bool (*touch)(struct pmap *, unsigned cpu, vaddr_t va, vm_prot_t access,
	    unsigned char *byte);
	void (*check)(struct vm_machine *);
};

/* pmap_contract_run: all tests; how many failed. */
int pmap_contract_run(const struct pmap_contract_port *);

#endif
