/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * coherence.h - calls on files whose pages are in our memory.
 *
 * The bytes of a mapped file are in frames of ours, not in the page cache of
 * the host.  So before a call reads a file, what mappings have changed is
 * written to it; and the bytes that a call has written to a file are put into
 * its resident pages.  Of those no other byte is touched: somebody may be
 * storing to it.  Pages that a file has lost are forgotten.
 */
#ifndef HOST_COHERENCE_H
#define HOST_COHERENCE_H

#include "host/sysargs.h"
#include "host/task.h"

/*
 * coherence_prepare: the call is about to run.  Sets task->at_exit when
 * something is to be done after it.
 * => 0, or a negative errno: it shall not run, and say that
 */
int coherence_prepare(struct task *, const struct sysargs_call *,
    const struct sysargs_info *);

/* coherence_forget: the end of the call, if it has begun, will not be told. */
void coherence_forget(struct task *, bool ran);

#endif
