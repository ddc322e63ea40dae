/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace.h - everything that is said to the kernel with ptrace(2).
 *
 * A traced task can be killed at any moment, also while it is stopped.  All
 * of these then do nothing, and the news comes later through waitpid(2) as
 * for any other death; so no caller looks for it.
 *
 * Registers are read at most once a stop and written back only if somebody
 * called trace_regs_changed().  Reading and writing all of them costs 1 to 2
 * microseconds each, so the ways that are gone most do without.
 */
#ifndef HOST_TRACE_H
#define HOST_TRACE_H

#include "host/task.h"

/* trace_seize: begin to trace a child of ours; false: the kernel forbids it */
bool trace_seize(pid_t);

/* The registers as the program sees them; of the last stop if it is gone. */
struct user_regs_struct *trace_regs(struct task *);
void trace_regs_changed(struct task *);
/*
 * trace_call: number and arguments of the system call that the task has
 * stopped at.  Costs less than the registers.  => TASK_AT_CALL
 */
struct trace_call {
	uint64_t nr, args[6];
};
void trace_call(struct task *, struct trace_call *);
/* trace_answer: no call runs, and its result is this one. */
void trace_answer(struct task *, int64_t result);
/* What the registers are just now, whoever they belong to. */
bool trace_regs_live(struct task *, struct user_regs_struct *);
/* False when the task, which was stopped, has been killed. */
bool trace_is_there(struct task *);
void trace_regs_load(struct task *, const struct user_regs_struct *);
/* trace_divert: of the registers as they are, only rip changes; with skip the
 * call that the task has stopped at will not run. */
void trace_divert(struct task *, uint64_t rip, bool skip);

/* Let the task go on, with a signal (TASK_AT_SIGNAL) or 0. */
void trace_continue(struct task *, int sig);
/* The same, with one more stop at the next start or end of a system call. */
void trace_continue_to_exit(struct task *, int sig);
/* The same with a signal, to the first instruction of its handler. */
void trace_step_in(struct task *, int sig);
/* Stay stopped, but hear SIGCONT. */
void trace_listen(struct task *);
/* Stop a running task; the stop comes through waitpid. */
bool trace_interrupt(struct task *);

bool trace_siginfo(struct task *, siginfo_t *);
void trace_set_siginfo(struct task *, const siginfo_t *);
bool trace_mask(struct task *, uint64_t *mask);
void trace_set_mask(struct task *, uint64_t mask);
/* What the event is about; 0: the task is gone. */
unsigned long trace_event_message(struct task *);

#endif
