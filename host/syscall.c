/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * syscall.c - see syscall.h.
 */
#include "host/syscall.h"

#include "host/coherence.h"
#include "host/deliver.h"
#include "host/filter.h"
#include "host/give.h"
#include "host/large.h"
#include "host/live.h"
#include "host/message.h"
#include "host/oom.h"
#include "host/proc.h"
#include "host/putoff.h"
#include "host/run.h"
#include "host/signal.h"
#include "host/space.h"
#include "host/stub.h"
#include "host/timed.h"
#include "host/trace.h"
#include "host/user.h"
#include "host/window.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>

#define TABLE_SIZE 512

static syscall_handler *handlers[TABLE_SIZE], *needs[TABLE_SIZE];

static void
add_all(syscall_handler **table, const struct syscall_entry_of *e)
{
	for (; e->handler != NULL; e++)
		table[e->nr] = e->handler;
}

void
syscall_init(void)
{
	add_all(handlers, sys_memory_calls);
	add_all(handlers, sys_process_calls);
	add_all(handlers, sys_signal_calls);
	add_all(handlers, sys_shm_calls);
	add_all(handlers, sys_limit_calls);
	add_all(handlers, sys_seal_calls);
	add_all(handlers, sys_pipe_calls);
	add_all(handlers, sys_bsd_calls);
	add_all(needs, sys_process_needs);
	add_all(needs, sys_signal_needs);
}

static syscall_handler *
find(syscall_handler **table, const struct sysargs_call *call)
{
	return call->nr < TABLE_SIZE ? table[call->nr] : NULL;
}

/* ------------------------------------------------------- preparation */

static void
note_reach(struct task *t, uint64_t addr, uint64_t len)
{
	t->reaches_ours |= addr < window_end(t->run) && addr + len > STUB_BASE;
}

static int
walk_read(void *ctx, uint64_t addr, void *buf, size_t len)
{
	note_reach(ctx, addr, len);
	return user_read(ctx, addr, buf, len);
}

static void
walk_range(void *ctx, uint64_t addr, uint64_t len, bool writes)
{
	struct task *t = ctx;

	note_reach(t, addr, len);
	if (writes && t->walked != NULL)
		len = deliver_most(t, t->walked, len);
	if (len > t->room)
		len = t->room;
	t->room -= len;
	user_prepare(t, addr, len, writes);
}

const struct sysargs_ops syscall_memory = { walk_read, walk_range };

static void
refuse(struct task *t)
{
	t->at_exit = NULL;
	coherence_forget(t, false);
	syscall_answer(t, -EFAULT);
}

/* Somebody else is about to give memory back: the program asks again. */
static void
call_later(struct task *t)
{
	syscall_rewind(t);
	stub_resume(t, STUB_NO_CALL);
}

/* Go through all memory that the call uses, and make it usable. */
static void
walk(struct task *t, const struct sysargs_call *call)
{
	syscall_handler *more = find(needs, call);

	t->reaches_ours = t->starved = false;
	t->room = large_most(t->run);
	t->walked = call;
	(void)sysargs_walk(call, &syscall_memory, t);
	t->walked = NULL;
	if (more != NULL)
		more(t, call);
}

bool
syscall_prepare(struct task *t, const struct sysargs_call *call)
{
	walk(t, call);
	if (t->reaches_ours)
		refuse(t);
	else if (t->starved && oom(t))
		call_later(t);
	return !t->reaches_ours && !t->starved;
}

void
syscall_prepare_and_run(struct task *t, const struct sysargs_call *call)
{
	if (syscall_prepare(t, call))
		syscall_run(t);
}

/* ------------------------------------------------------------- verbs */

void
syscall_answer(struct task *t, int64_t result)
{
	trace_answer(t, result);
	t->undone = false;
	stub_resume(t, STUB_NO_CALL);
}

void
syscall_run(struct task *t)
{
	bool call = t->at == TASK_AT_CALL || t->undone;
	struct stub_call shorter;

	if (call && t->late && timed_shorten(t, &shorter))
		stub_resume_with(t, &shorter);
	else
		stub_resume(t, call ? STUB_CALL : STUB_NO_CALL);
}

void
syscall_run_itself(struct task *t)
{
	stub_resume(t, STUB_CALL_ITSELF);
}

void
syscall_rewind(struct task *t)
{
	struct user_regs_struct *r = trace_regs(t);

	r->rip -= 2;
	r->rax = r->orig_rax;
	r->orig_rax = (uint64_t)-1;
	trace_regs_changed(t);
	t->undone = false;
	t->at_exit = NULL;
	coherence_forget(t, false);
}

int64_t
syscall_error(int error)
{
	static const int host[] = { [VM_OK] = 0,
		[VM_ENOMEM] = ENOMEM,
		[VM_EFAULT] = EFAULT,
		[VM_EACCES] = EACCES,
		[VM_EINVAL] = EINVAL,
		[VM_EEXIST] = EEXIST,
		[VM_ERANGE] = EFAULT,
		[VM_EIO] = EIO,
		[VM_EBUSY] = EBUSY,
		[VM_EPERM] = EPERM,
		[VM_EAGAIN] = EAGAIN,
		[VM_ENOTSUP] = EINVAL };

	return -host[error];
}

/* ------------------------------------------------------------- stops */

static struct sysargs_call
call_of(struct task *t)
{
	struct trace_call c;

	trace_call(t, &c);
	return (struct sysargs_call){ (uint32_t)c.nr,
		{ c.args[0], c.args[1], c.args[2], c.args[3], c.args[4],
		    c.args[5] } };
}

/* restart_syscall uses the memory of the call that was interrupted. */
static void
what_runs(struct task *t, struct sysargs_call *call)
{
	if (call->nr == SYS_restart_syscall)
		call->nr = (uint32_t)t->nr;
	else
		t->nr = call->nr;
}

/* What is to be done after a call. */
static void
run_at_exit(struct task *t, int64_t result)
{
	void (*then)(struct task *, long) = t->at_exit;

	t->at_exit = NULL;
	t->ended = false;
	if (then != NULL)
		then(t, (long)result);
}

/* The call is one that we have made. */
static void
answer_large(struct task *t, int64_t result)
{
	run_at_exit(t, result);
	if (t->at != TASK_DEAD)
		syscall_answer(t, result);
}

static void
prepare_and_run(struct task *t, const struct sysargs_call *call, bool restart)
{
	const struct sysargs_info *info = sysargs_info(call);
	int64_t result = restart ? 0 : coherence_prepare(t, call, info);

	if (result != 0) {
		syscall_answer(t, result);
		return;
	}
	if (!restart)
		proc_prepare(t, call, info);
	if (large_call(t, call, &result))
		answer_large(t, result);
	else
		syscall_prepare_and_run(t, call);
}

static void begin_again(struct task *);

/* What is made by us takes as much memory as it finds. */
static bool
must_wait(struct task *t, const struct sysargs_call *call)
{
	bool wait;

	if (t->space == NULL || large_is(t, call))
		return false;
	putoff_ask(t);
	walk(t, call);
	wait = putoff_asked(t, begin_again);
	t->run->calls_parked += wait;
	return wait;
}

/* The task is at a call of which nothing has been done yet. */
static void
begin(struct task *t, struct sysargs_call call)
{
	bool restart = call.nr == SYS_restart_syscall;

	what_runs(t, &call);
	if (must_wait(t, &call))
		return;
	if (t->space == NULL) {
		give_hear(t);
		trace_continue(t, 0);
	} else if (!restart && find(handlers, &call) != NULL) {
		find(handlers, &call)(t, &call);
	} else {
		prepare_and_run(t, &call, restart);
	}
}

static void
begin_again(struct task *t)
{
	begin(t, call_of(t));
}

void
syscall_entry(struct task *t)
{
	struct sysargs_call call = call_of(t);

	putoff_begin(t);
	t->run->syscalls++;
	t->in_stub = false;
	t->npromises = 0;
	t->same_faults = 0;
	t->at_exit = NULL;
	t->ended = false;
	t->forking = false;
	coherence_forget(t, true); /* if it ended unseen */
	timed_entry(t, call.nr);
	live_call(t->run, call.nr, call.args[0]);
	space_check_stack(t);
	begin(t, call);
}

void
syscall_catch_up(struct task *t)
{
	if (t->ended)
		run_at_exit(t, (int64_t)trace_regs(t)->rax);
}

void
syscall_exit(struct task *t)
{
	t->npromises = 0;
	run_at_exit(t, (int64_t)trace_regs(t)->rax);
	if (t->at != TASK_DEAD)
		stub_resume(t, STUB_NO_CALL);
}

void
syscall_again(struct task *t)
{
	struct user_regs_struct *r = trace_regs(t);
	int64_t result;

	if ((int64_t)r->rax != -EINTR || (int64_t)r->orig_rax < 0 ||
	    !timed_gives_up(r->orig_rax))
		return;
	result = timed_expired(t);
	if (result != 0) {
		r->rax = (uint64_t)result;
		r->orig_rax = (uint64_t)-1;
		trace_regs_changed(t);
		return;
	}
	syscall_rewind(t);
	t->again = true;
}

/* It cannot be told from a call that the signal has found in the kernel. */
static void
fail_interrupted(struct task *t)
{
	struct user_regs_struct *r = trace_regs(t);

	if (t->again)
		r->rip += 2;
	r->rax = (uint64_t)-EINTR;
	r->orig_rax = (uint64_t)-1;
	trace_regs_changed(t);
	t->undone = t->again = false;
	t->at_exit = NULL;
	coherence_forget(t, false);
}

void
syscall_break_off(struct task *t, bool handled)
{
	if (handled && (t->again || timed_never_restarts(t->nr)))
		fail_interrupted(t);
	else if (t->undone)
		syscall_rewind(t);
}

void
syscall_interrupted(struct task *t)
{
	if (!t->undone && !signal_is_pending(t))
		syscall_again(t);
	syscall_run(t);
}
