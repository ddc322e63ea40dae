/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * parcel.h - memory on its way from one process to another.
 *
 *	giver's space --give--> parcel --take--> taker's space
 *				  ^
 *		    pipe: the program has one end, we the other
 *
 * A parcel is an address space that nobody runs, with what was given in it.
 * Its pages can be paged out like any others.  The pipe is its name: who has
 * the reading end may take it, and when nobody has one any more it goes, as
 * soon as anything is given or a process ends.
 */
#ifndef HOST_PARCEL_H
#define HOST_PARCEL_H

#include "host/task.h"
#include "vm/vm_types.h"

/* What is given: see bsdvm_sys_give. */
struct parcel_of {
	vaddr_t start;
	vsize_t len;
	uint64_t how; /* BSDVM_SYS_GIVE_* */
	int fd;       /* of the program: the end of a pipe to write to */
};

/* => 0 or a negative errno; then nothing has changed */
int64_t parcel_give(struct task *, const struct parcel_of *);

/* parcel_take: => where it is now, and *len how much; or a negative errno,
 * and it can still be taken */
int64_t parcel_take(struct task *, int fd, vaddr_t hint, vsize_t *len);

/* Those that nobody can take any more go; all go. */
void parcel_sweep(struct run *);
void parcel_fini(struct run *);

#endif
