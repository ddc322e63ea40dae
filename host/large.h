/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * large.h - system calls with more memory than there is.
 *
 * What a call was promised stays in memory until the call has ended.  So a
 * call that moves a file to or from a buffer that would take a good part of
 * memory is made by the supervisor, a piece at a time.  Others get the part of
 * their buffers that memory has room for, and end short.
 */
#ifndef HOST_LARGE_H
#define HOST_LARGE_H

#include "host/sysargs.h"
#include "host/task.h"

/* How many bytes one call may be promised. */
uint64_t large_most(const struct run *);

/* large_is: whether it is such a call. */
bool large_is(struct task *, const struct sysargs_call *);

/*
 * large_call: make the call, if it is such a one.
 * => false: it has not been made, and the kernel shall decide what becomes of
 *    it; true: *result is what it says
 */
bool large_call(struct task *, const struct sysargs_call *, int64_t *result);

#endif
