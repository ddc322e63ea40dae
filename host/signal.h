/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signal.h - signals of traced tasks.
 *
 * Most signals just pass.  Three things are ours: SIGSEGV and SIGBUS that are
 * page faults; the stack pages onto which the kernel is going to write the
 * frame of a handler; and what the kernel does to a blocked or ignored SIGSEGV
 * when it reports a fault, which must be undone.  For that, what the program
 * asks for is followed: handlers, masks, alternate stacks.
 */
#ifndef HOST_SIGNAL_H
#define HOST_SIGNAL_H

#include "host/task.h"

#define SIGNALS 64

/* struct sigaction as the kernel has it. */
struct kernel_action {
	uint64_t handler, flags, restorer, mask;
};

struct sighand {
	unsigned refs;
	struct kernel_action action[SIGNALS + 1];
};

/* => NULL: no memory */
struct sighand *sighand_create(void);
struct sighand *sighand_copy(const struct sighand *);
void sighand_ref(struct sighand *);
void sighand_unref(struct sighand *); /* NULL is allowed */
/* After exec: handlers are gone, what was ignored still is. */
int sighand_exec(struct task *);

/* A signal has stopped the task before its delivery. */
void signal_stop(struct task *, int sig);

/* signal_prepare: make the pages of a handler's frame usable, for a call
 * that may be interrupted and has a mask of its own. */
void signal_prepare(struct task *);

/* signal_prepare_frame: the same for t->signal, if it has a handler. */
void signal_prepare_frame(struct task *);

/*
 * signal_must_wait: the frame that t->signal needs is not there: the stop has
 * been put off (putoff.h), with nothing done.
 */
bool signal_must_wait(struct task *, void (*anew)(struct task *));

/*
 * signal_kill: end the process that the task is of, which has done nothing
 * wrong, with one line that says why.
 */
void signal_kill(struct task *, const char *why);

/* signal_keep_action: after a fault: put back what the kernel has changed. */
void signal_keep_action(struct task *, int sig);

/* signal_is_pending: one is to be delivered before the task goes on. */
bool signal_is_pending(const struct task *);

/* Deliver t->signal with t->info, and go on. */
void signal_deliver(struct task *);

static inline bool
signal_is_blocked(const struct task *t, int sig)
{
	return (t->blocked >> (sig - 1) & 1) != 0;
}

#endif
