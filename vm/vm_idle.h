/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_idle.h - transfers that are there from the beginning, and not in use.
 *
 * Who makes memory must not wait for memory: what paging out needs is
 * allocated once, as many as may be under way at a time.  Who wants one takes
 * it from here, or waits until one comes back:
 *
 *	idle --- get ---> under way --- put, from any thread ---> idle
 *
 * What they are, and whose, the user knows.
 */
#ifndef VM_IDLE_H
#define VM_IDLE_H

#include "vm/vm_lock.h"

#define VM_IDLE_MAX 16

struct vm_idle {
	struct vm_mutex lock;   /* a leaf */
	unsigned total;         /* (lock) that there are */
	unsigned n;             /* (lock) of them idle */
	void *all[VM_IDLE_MAX]; /* (lock) the first n */
	struct vm_event back;   /* another one is idle */
};

void vm_idle_init(struct vm_idle *, const struct vm_env *);

/* There is one more, VM_IDLE_MAX at the most.
 * => nobody else uses them yet */
void vm_idle_add(struct vm_idle *, void *);

/*
 * vm_idle_try_get: one that is idle, or NULL and the count of `back` to wait
 * for.
 * vm_idle_get: wait for one.
 * => get: no lock held
 */
void *vm_idle_try_get(struct vm_idle *, uint32_t *seen);
void *vm_idle_get(struct vm_idle *);

/* Whether vm_idle_get would have to wait. */
bool vm_idle_is_none(struct vm_idle *);

/* It is idle again.
 * => the owner of all may be gone on return, if that was the last */
void vm_idle_put(struct vm_idle *, void *);

/* Sleep until `back` has moved on from seen.
 * => no lock held */
void vm_idle_wait(struct vm_idle *, uint32_t seen);

/* Wait until all are idle, and nobody is at them any more.
 * => nobody takes one; no lock held */
void vm_idle_wait_all(struct vm_idle *);

#endif
