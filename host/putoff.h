/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * putoff.h - what a task has stopped for, put off until its memory is there.
 *
 * A page from swap or from a file, or memory that has to be made, takes its
 * time.  Who needs it stays stopped as it is, nothing is run in it, and the
 * event loop goes on with others; when the wait is over what the task has
 * stopped for is begun anew, from the top:
 *
 *	stop --> is its memory there? --yes--> do it, and go on
 *	  ^          | no
 *	  `-- wait <-'
 *
 * So whoever puts something off has done nothing of it yet.  For a fault the
 * question is the page.  A call, or a handler, needs many: who asks for those
 * goes through all of it, as if to prepare it, between putoff_ask and
 * putoff_asked.  What has come is promised (user.h), so that it stays while
 * more comes.
 *
 * Others may all the same take a page before the rest is there.  After many
 * times without getting further a page is slept for, and everybody waits, since
 * then nobody can take anything.
 */
#ifndef HOST_PUTOFF_H
#define HOST_PUTOFF_H

#include "host/task.h"

/* putoff_begin: the task has stopped for something new. */
void putoff_begin(struct task *);

/*
 * putoff_bring: make [va, *end) usable for access, as vm_fault_try_range.
 * => VM_EWAIT: put the stop off, with nothing done, and try again then
 */
int putoff_bring(struct task *, uint64_t va, uint64_t *end, vm_prot_t access);

/* putoff: begin again when what putoff_bring waits for has come. */
void putoff(struct task *, void (*anew)(struct task *));

/*
 * putoff_ask: from here on, user_read and user_prepare do not sleep for the
 * task: what is not there is waited for later.  Promises of before are gone.
 * putoff_asked: that was all.
 * => true: the stop has been put off.  False: what was asked for is there, and
 *    not promised any more
 */
void putoff_ask(struct task *);
bool putoff_asked(struct task *, void (*anew)(struct task *));

/* putoff_leave: the task goes, maybe in the middle of waiting. */
void putoff_leave(struct task *);

/* putoff_retry: go on with those whose waiting is over. */
void putoff_retry(struct run *);
/* putoff_is_due: whether there is one. */
bool putoff_is_due(const struct run *);

#endif
