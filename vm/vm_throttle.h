/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_throttle.h - who makes more pages dirty than others do waits for paging
 * first.
 *
 *	0     reserve          severe             min            npages
 *	|--------|---------------|-----------------|----------------|  free
 *	 all wait   heavy writers wait, from here
 *	            or from there on; others go on
 *
 * A page that is made dirty has to be written before it is memory again, and
 * who makes many of them would use all that the page daemon makes, so that
 * everybody waits for it.  So those wait before there is nothing left, in a
 * fault that writes, and what is above the reserve is for the others.
 *
 * Heavy is who has made no fewer pages dirty than the mean of all spaces has,
 * of late: periods end when as many pages as there are have been made dirty,
 * and what was before that counts half.
 *
 * Nobody waits if nothing is being written, nor long: a fault is put off some
 * times at most.
 *
 * Source: DragonFly vm_wait_pfault, by which the larger ones wait as soon as
 * paging has begun; FreeBSD vm_fault_allocate, vm_page_count_severe.  Differs:
 * they ask how large a process is, or everybody waits.
 */
#ifndef VM_THROTTLE_H
#define VM_THROTTLE_H

#include "vm/vm_system.h"

/* When heavy writers wait: a part of a design. */
enum vm_throttle {
	VM_THROTTLE_NEVER,  /* as everybody does: when there is no page */
	VM_THROTTLE_SEVERE, /* half way from there to where the daemon begins */
	VM_THROTTLE_MIN,    /* where the daemon begins */
};

/* What is known of a space; all zeroes at first. */
struct vm_writer {
	_Atomic uint32_t period; /* in which it was seen last; from 1 on */
	_Atomic uint32_t npages; /* made dirty, as said above */
};

/* vm_throttle_note: a page is dirty from now on.  => any lock may be held */
void vm_throttle_note(struct vm_system *, struct vm_writer *);

/* Whether it is a heavy writer, and not one of just a few pages. */
bool vm_throttle_is_heavy(const struct vm_system *, const struct vm_writer *);

/*
 * vm_throttle_wait: wait as long as a heavy writer has to; only where a daemon
 * makes memory.  => no lock held
 * vm_throttle_try: for who does not sleep.
 *
 * times  that the fault was put off; counts on
 * => false: go on; true: when the wait, which has begun, is over
 */
void vm_throttle_wait(struct vm_system *, enum vm_throttle,
    const struct vm_writer *);
bool vm_throttle_try(struct vm_system *, enum vm_throttle,
    const struct vm_writer *, unsigned *times, struct vm_wait *);

#endif
