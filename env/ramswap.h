/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ramswap.h - a device to swap to that is memory.  Public.
 *
 * A transfer is a copy and has ended before start() returns, so that a system
 * with one thread can page.  For tests, and for hosts that have memory of a
 * slower kind.
 *
 *	ramswap_init(&ram, env, 256);
 *	vm_swap_add(sys, &(struct vm_swap_device){ .ops = &ramswap_ops,
 *	    .dev = &ram, .name = "memory", .npages = 256 }, &id);
 */
#ifndef ENV_RAMSWAP_H
#define ENV_RAMSWAP_H

#include "vm/vm_env.h"
#include "vm/vm_io.h"

struct ramswap {
	const struct vm_env *env; /* whose memory it is */
	char *bytes;
	uint64_t npages;
};

/*
 * ramswap_init: a device of so many pages, not 0, of zeroes.  => VM_ENOMEM
 * ramswap_fini: => it has been removed
 */
int ramswap_init(struct ramswap *, const struct vm_env *, uint64_t npages);
void ramswap_fini(struct ramswap *);

/* With a struct ramswap as the device. */
extern const struct vm_swap_device_ops ramswap_ops;

#endif
