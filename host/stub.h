/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stub.h - making a traced task run system calls of the supervisor's.
 *
 * Every traced process has the stub region mapped at one address: a page of
 * code, and for each task of the run a slot of one page, shared with the
 * supervisor.  The supervisor writes a list of calls into the task's slot,
 * points its registers at the code, and lets it go.  After the last call the
 * code puts the program's registers back by itself: one stop is enough for a
 * fault and all the mmaps that answer it.
 *
 *	slot  | nr a1..a6 | nr a1..a6 | end mark | registers | iret frame |
 *	        ^ rsp
 *
 * There are two ways to end: "resume" goes on with the program, "stop" comes
 * back to the supervisor.  The program's own system call can be the last one
 * of the list, when it needed pages first.
 */
#ifndef HOST_STUB_H
#define HOST_STUB_H

#include "host/task.h"
#include "pmap/host.h"

#include <stddef.h>

struct stub_call {
	uint64_t nr, args[6];
};

/* Put the code into the region.  Once, before the first task. */
void stub_init(struct run *);
/* Where in the vdso a `syscall` instruction is, bytes from its start. */
bool stub_vdso_syscall(size_t *offset);

bool stub_slot_alloc(struct run *, unsigned *slot);
void stub_slot_free(struct run *, unsigned slot);

/*
 * stub_run: run the calls in a stopped task and stop again.  A task that was
 * TASK_AT_CALL is TASK_TRAPPED afterwards with `undone` set; one that was
 * TASK_AT_SIGNAL still has its signal to take.
 * => false: a call failed (the rest was not run), or the task is gone
 */
bool stub_run(struct task *, const struct stub_call *, size_t n);

/* stub_give: put a file of ours into the stopped task's process, as stub_run */
struct give;
bool stub_give(struct task *, const struct give *);

/*
 * stub_flush: bring the task's address space up to date, and stop again.
 */
void stub_flush(struct task *);

/*
 * stub_map: map the region and the windows into a process that has just called
 * exec; syscall_address is that of a `syscall` instruction there.  The task is
 * at the start of its program afterwards.
 * => false: it cannot be done, or the task is gone
 */
bool stub_map(struct task *, uint64_t syscall_address);

/* stub_scratch: copy data of at most 256 bytes to where the task and the
 * kernel can read it until the next list; returns the address. */
uint64_t stub_scratch(struct task *, const void *data, size_t len);

/* stub_set_action: rt_sigaction in the task, which stays stopped. */
struct kernel_action;
void stub_set_action(struct task *, int sig, const struct kernel_action *);

/* What becomes of the system call that the task stopped at. */
enum stub_program_call {
	STUB_NO_CALL,     /* there is none, or it has been answered */
	STUB_CALL,        /* it runs, in the stub if that saves a stop */
	STUB_CALL_ITSELF, /* it runs, and must not do so in the stub */
};

/*
 * stub_resume: continue the task, by way of whatever its address space has
 * pending, with its signal if it is TASK_AT_SIGNAL.  With task->at_exit set, a
 * call that runs ends in a stop.
 */
void stub_resume(struct task *, enum stub_program_call);

/*
 * stub_resume_with: continue the task with another call, which runs in the
 * stub, in the place of the one it stopped at; as STUB_CALL otherwise.
 */
void stub_resume_with(struct task *, const struct stub_call *);

/* stub_finished: the task stopped in the stub; true if because the program's
 * call has ended as task->at_exit wants to know.  Then call stub_leave. */
bool stub_finished(struct task *);

/* The signal that the task has stopped for is the trap that ends a list. */
bool stub_has_trapped(struct task *, const siginfo_t *);

/* It is the one that came while the task ran a list: task->missed_info. */
bool stub_is_missed(const struct task *, const siginfo_t *);

/* The task is still running its list, or has stopped in the middle of it. */
bool stub_is_busy(struct task *);

/*
 * stub_leave_to_stop: job control has stopped a task that is busy.  It runs
 * the rest of its list, and stops for job control then.
 */
void stub_leave_to_stop(struct task *);

/*
 * stub_leave: a stopped task may be in the stub: if so, take it out, so that
 * its registers are the program's.
 */
void stub_leave(struct task *);

#endif
