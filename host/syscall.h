/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * syscall.h - system calls of the program that stop it.
 *
 * Calls on memory are answered here and never reach the kernel; the others
 * run as they are, once the memory they use is there.  Before anything is done
 * for a call all of that is asked for, and the call put off if it has to be
 * waited for (putoff.h).  Each call with a meaning of its own has a handler in
 * one of the sys_*.c files, found through a table.  A handler ends in one of
 * the three verbs below.
 */
#ifndef HOST_SYSCALL_H
#define HOST_SYSCALL_H

#include "host/sysargs.h"
#include "host/task.h"

typedef void syscall_handler(struct task *, const struct sysargs_call *);

struct syscall_entry_of {
	unsigned nr;
	syscall_handler *handler;
};

/* What the files of handlers have to offer; each ends with a NULL handler. */
extern const struct syscall_entry_of sys_memory_calls[];
extern const struct syscall_entry_of sys_process_calls[];
extern const struct syscall_entry_of sys_signal_calls[];
extern const struct syscall_entry_of sys_shm_calls[];
extern const struct syscall_entry_of sys_limit_calls[];
extern const struct syscall_entry_of sys_seal_calls[];
extern const struct syscall_entry_of sys_pipe_calls[];
extern const struct syscall_entry_of sys_bsd_calls[];

/* The same for calls that need more than their arguments say: these make it
 * usable (user_prepare), and do no more. */
extern const struct syscall_entry_of sys_process_needs[];
extern const struct syscall_entry_of sys_signal_needs[];

/* Fill the table; once. */
void syscall_init(void);

/* Stops of a task at, and after, a system call; after an interruption. */
void syscall_entry(struct task *);
void syscall_exit(struct task *);
/* A call that has ended while the task was stopped for something else. */
void syscall_catch_up(struct task *);
void syscall_interrupted(struct task *);

/*
 * syscall_again: the task stopped for something that the program must not
 * notice: a call that gave up with EINTR because of it runs again.
 */
void syscall_again(struct task *);

/* The three ways a call ends: with a result and without running ... */
void syscall_answer(struct task *, int64_t result);
/* ... by running, or by going on with what was undone; and ... */
void syscall_run(struct task *);
/* ... by running at its own place: those that make tasks or leave. */
void syscall_run_itself(struct task *);

/*
 * syscall_prepare: make the memory that the call uses usable.
 * => false: the call has been answered, with EFAULT: it names memory that the
 *    program does not know of, the host's windows (window.h) and the like.  The
 *    kernel would take it.  The task has been continued
 */
bool syscall_prepare(struct task *, const struct sysargs_call *);

/* syscall_prepare_and_run: both, for a handler that has nothing else to do. */
void syscall_prepare_and_run(struct task *, const struct sysargs_call *);

/* The program is to execute its undone call again by itself. */
void syscall_rewind(struct task *);

/*
 * syscall_break_off: a signal is delivered before the undone or rewound call
 * could run: it fails if a handler runs for it, or is to be executed again.
 */
void syscall_break_off(struct task *, bool handled);

/* -errno of the host for a VM_E* code. */
int64_t syscall_error(int vm_error);

/* How the walker reads the memory of a task (ctx). */
extern const struct sysargs_ops syscall_memory;

#endif
