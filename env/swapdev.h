/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * swapdev.h - what the swap devices of this folder have in common.
 *
 * One that has been opened is a struct vm_swap_device (vm/vm_swap.h) that lacks
 * a name and a priority, which are the user's.  Who opens one and does not hand
 * it over closes it with swapdev_close().
 *
 *	opened by		over
 *	swapfile_open()		a file or block device	(swapfile.h)
 *	swapnbd_open()		a server of NBD		(swapnbd.h)
 *
 * The rest is for the devices themselves: the queue of requests that their
 * threads take from, such a thread, and the one message about failures.
 */
#ifndef ENV_SWAPDEV_H
#define ENV_SWAPDEV_H

#include "base/check.h"
#include "vm/vm_env.h"
#include "vm/vm_swap.h"

#include <pthread.h>
#include <stdatomic.h>

/* Fewer pages than this are not worth a device: it is refused. */
#define SWAPDEV_LEAST 16

/* Why a device could not be opened: text for people, one line. */
struct swapdev_why {
	char text[256];
};

/* Close a device that was not handed to a vm_system. */
void swapdev_close(const struct vm_swap_device *);

/* ------------------------------------------------------- for the devices */

/* swapdev_refuse: note why.  => false, for the caller to return */
bool swapdev_refuse(struct swapdev_why *, const char *format, ...)
    VM_PRINTFLIKE(2, 3);

/*
 * The requests that wait for a thread of the device, first come first served.
 * They are linked by their store[0]: to put one in needs no memory.
 *
 * Field letters: (q) lock.
 */
struct swapqueue {
	pthread_mutex_t lock;
	struct vm_io *first, *last; /* (q) */
	bool closing;               /* (q) no more will come */
};

void swapqueue_init(struct swapqueue *);
void swapqueue_fini(struct swapqueue *);
/* => true: it was empty before, so that a thread may have to be told */
bool swapqueue_put(struct swapqueue *, struct vm_io *);
/* => NULL: there is none */
struct vm_io *swapqueue_take(struct swapqueue *);
/* For who holds the lock already. */
struct vm_io *swapqueue_take_locked(struct swapqueue *);

void swapqueue_close(struct swapqueue *);
bool swapqueue_is_closing(struct swapqueue *);

/* swapdev_thread: begin one that no signal goes to.  => 0 or an errno */
int swapdev_thread(pthread_t *, void *(*run)(void *), void *arg);

/*
 * Who is told about failures.  Only the first one of a device makes a
 * message: the others would say the same, as fast as pages go out.
 */
struct swaplog {
	const struct vm_env *env; /* (c) */
	const char *name;         /* (c) of the device, for people */
	_Atomic unsigned told;    /* (a) */
};

void swaplog_init(struct swaplog *, const struct vm_env *, const char *name);
void swaplog_say(struct swaplog *, const char *format, ...) VM_PRINTFLIKE(2, 3);

#endif
