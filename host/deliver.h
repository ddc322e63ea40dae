/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * deliver.h - how much of a large buffer a call can fill.
 *
 * A program may read three bytes into a buffer of 512 MB.  Natively the rest
 * of the buffer is never touched, so it must not be made for the call either.
 */
#ifndef HOST_DELIVER_H
#define HOST_DELIVER_H

#include "host/sysargs.h"
#include "host/task.h"

/*
 * deliver_most: of a buffer of len bytes that the call may write, how many to
 * make ready.  A call that has more to give ends short, which only those may
 * get to hear that end short anyway: reads of pipes, sockets and the like.
 */
uint64_t deliver_most(struct task *, const struct sysargs_call *, uint64_t len);

#endif
