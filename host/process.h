/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * process.h - birth and death of traced tasks.
 */
#ifndef HOST_PROCESS_H
#define HOST_PROCESS_H

#include "host/task.h"

/* The task's fork, vfork or clone has made a child. */
void process_forked(struct task *);

/* A task that is not yet born has stopped for the first time. */
void process_first_stop(struct task *);

/* The task has been waited for; it is freed. */
void process_gone(struct task *, int status);

/* A call that makes a task has ended in one way or the other. */
void process_fork_over(struct run *);

/* Free the other threads of the task's process that died without a word. */
void process_forget_threads(struct task *);

/* The task leaves the space that it borrowed of its vfork parent. */
void process_release_parent(struct task *);

#endif
