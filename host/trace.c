/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace.c - see trace.h.
 */
#include "host/trace.h"

#include "host/run.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/ptrace.h>

#define OPTIONS                                                                \
	(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |    \
	    PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_TRACESECCOMP | \
	    PTRACE_O_EXITKILL)

#define NO_CALL ((uint64_t)-1) /* in orig_rax */

bool
trace_seize(pid_t tid)
{
	return ptrace(PTRACE_SEIZE, tid, NULL, (long)OPTIONS) == 0;
}

struct user_regs_struct *
trace_regs(struct task *t)
{
	if (!t->regs_known)
		(void)ptrace(PTRACE_GETREGS, t->tid, NULL, &t->regs);
	t->regs_known = true;
	if (t->answered) {
		t->regs.rax = (uint64_t)t->answer;
		t->regs.orig_rax = NO_CALL;
		t->regs_dirty = true;
	}
	t->answered = false;
	return &t->regs;
}

void
trace_regs_changed(struct task *t)
{
	t->regs_dirty = true;
}

void
trace_call(struct task *t, struct trace_call *call)
{
	struct __ptrace_syscall_info info;
	const struct user_regs_struct *r;

	if (!t->regs_known &&
	    ptrace(PTRACE_GET_SYSCALL_INFO, t->tid, sizeof(info), &info) > 0 &&
	    info.op == PTRACE_SYSCALL_INFO_SECCOMP) {
		call->nr = info.seccomp.nr;
		memcpy(call->args, info.seccomp.args, sizeof(call->args));
		return;
	}
	r = trace_regs(t);
	*call = (struct trace_call){ r->orig_rax,
		{ r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9 } };
}

void
trace_answer(struct task *t, int64_t result)
{
	t->answer = result;
	t->answered = true;
	if (t->regs_known)
		(void)trace_regs(t);
}

static void
poke(struct task *t, size_t reg, uint64_t value)
{
	(void)ptrace(PTRACE_POKEUSER, t->tid, reg, value);
}

void
trace_divert(struct task *t, uint64_t rip, bool skip)
{
	if (skip)
		poke(t, offsetof(struct user_regs_struct, orig_rax), NO_CALL);
	poke(t, offsetof(struct user_regs_struct, rip), rip);
}

/* The result alone, when nobody has looked at the registers. */
static void
store_answer(struct task *t)
{
	poke(t, offsetof(struct user_regs_struct, rax), (uint64_t)t->answer);
	poke(t, offsetof(struct user_regs_struct, orig_rax), NO_CALL);
	t->answered = false;
}

bool
trace_regs_live(struct task *t, struct user_regs_struct *regs)
{
	return ptrace(PTRACE_GETREGS, t->tid, NULL, regs) == 0;
}

bool
trace_is_there(struct task *t)
{
	struct user_regs_struct regs;

	return t->at != TASK_DEAD && trace_regs_live(t, &regs);
}

void
trace_regs_load(struct task *t, const struct user_regs_struct *regs)
{
	(void)ptrace(PTRACE_SETREGS, t->tid, NULL, regs);
}

static void
go(struct task *t, enum __ptrace_request how, int sig)
{
	if (t->at == TASK_DEAD)
		return;
	if (t->answered)
		store_answer(t);
	if (t->regs_dirty)
		trace_regs_load(t, &t->regs);
	t->regs_dirty = t->regs_known = false;
	t->at = TASK_RUNNING;
	t->signal = 0;
	if (ptrace(how, t->tid, NULL, (long)sig) != 0 && errno == ESRCH)
		t->exiting = true;
}

void
trace_continue(struct task *t, int sig)
{
	go(t, PTRACE_CONT, sig);
}

void
trace_continue_to_exit(struct task *t, int sig)
{
	go(t, PTRACE_SYSCALL, sig);
}

void
trace_step_in(struct task *t, int sig)
{
	go(t, PTRACE_SINGLESTEP, sig);
}

void
trace_listen(struct task *t)
{
	t->regs_known = false;
	t->at = TASK_JOB_STOPPED;
	(void)ptrace(PTRACE_LISTEN, t->tid, NULL, NULL);
}

bool
trace_interrupt(struct task *t)
{
	return ptrace(PTRACE_INTERRUPT, t->tid, NULL, NULL) == 0;
}

bool
trace_siginfo(struct task *t, siginfo_t *info)
{
	return ptrace(PTRACE_GETSIGINFO, t->tid, NULL, info) == 0;
}

void
trace_set_siginfo(struct task *t, const siginfo_t *info)
{
	(void)ptrace(PTRACE_SETSIGINFO, t->tid, NULL, info);
}

bool
trace_mask(struct task *t, uint64_t *mask)
{
	return ptrace(PTRACE_GETSIGMASK, t->tid, (long)sizeof(*mask), mask) ==
	    0;
}

void
trace_set_mask(struct task *t, uint64_t mask)
{
	(void)ptrace(PTRACE_SETSIGMASK, t->tid, (long)sizeof(mask), &mask);
}

unsigned long
trace_event_message(struct task *t)
{
	unsigned long msg = 0;

	(void)ptrace(PTRACE_GETEVENTMSG, t->tid, NULL, &msg);
	return msg;
}
