/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys_signal.c - calls that say what signals do: they run, and are noted.
 */
#include "host/signal.h"
#include "host/syscall.h"
#include "host/trace.h"
#include "host/user.h"

#include <sys/syscall.h>

/* Where rt_sigreturn finds the mask: behind the rest of struct ucontext. */
#define UCONTEXT_MASK 296

static void
sys_rt_sigaction(struct task *t, const struct sysargs_call *call)
{
	uint64_t sig = call->args[0];
	struct kernel_action act;

	if (sig >= 1 && sig <= SIGNALS && sig != SIGKILL && sig != SIGSTOP &&
	    call->args[1] != 0 && call->args[3] == 8 &&
	    user_read(t, call->args[1], &act, sizeof(act)) == 0)
		t->sighand->action[sig] = act;
	syscall_prepare_and_run(t, call);
}

static void
sys_rt_sigprocmask(struct task *t, const struct sysargs_call *call)
{
	uint64_t set;

	if (call->args[1] != 0 && call->args[3] == 8 &&
	    user_read(t, call->args[1], &set, sizeof(set)) == 0) {
		if (call->args[0] == SIG_BLOCK)
			t->blocked |= set;
		else if (call->args[0] == SIG_UNBLOCK)
			t->blocked &= ~set;
		else if (call->args[0] == SIG_SETMASK)
			t->blocked = set;
	}
	syscall_prepare_and_run(t, call);
}

/* What the handler returns to. */
static void
need_frame(struct task *t, const struct sysargs_call *call)
{
	(void)call;
	user_prepare(t, trace_regs(t)->rsp, VM_PAGE_SIZE, false);
}

static void
sys_rt_sigreturn(struct task *t, const struct sysargs_call *call)
{
	uint64_t frame = trace_regs(t)->rsp, mask;

	if (user_read(t, frame + UCONTEXT_MASK, &mask, sizeof(mask)) == 0)
		t->blocked = mask;
	need_frame(t, call);
	syscall_run_itself(t);
}

static void
after_sigaltstack(struct task *t, long result)
{
	if (result != 0)
		return;
	t->altstack = t->new_altstack;
	t->altstack_size = t->new_altstack_size;
}

static void
sys_sigaltstack(struct task *t, const struct sysargs_call *call)
{
	stack_t stack;

	if (call->args[0] != 0 &&
	    user_read(t, call->args[0], &stack, sizeof(stack)) == 0) {
		t->new_altstack = (uint64_t)stack.ss_sp;
		t->new_altstack_size = stack.ss_flags & SS_DISABLE ?
		    0 :
		    stack.ss_size;
		t->at_exit = after_sigaltstack;
	}
	syscall_prepare_and_run(t, call);
}

/* Calls with a mask of their own: a handler may start inside of them. */
static void
need_frames(struct task *t, const struct sysargs_call *call)
{
	(void)call;
	signal_prepare(t);
}

const struct syscall_entry_of sys_signal_calls[] = {
	{ SYS_rt_sigaction, sys_rt_sigaction },
	{ SYS_rt_sigprocmask, sys_rt_sigprocmask },
	{ SYS_rt_sigreturn, sys_rt_sigreturn },
	{ SYS_sigaltstack, sys_sigaltstack },
	{ 0, NULL },
};

const struct syscall_entry_of sys_signal_needs[] = {
	{ SYS_rt_sigreturn, need_frame },
	{ SYS_rt_sigsuspend, need_frames },
	{ SYS_ppoll, need_frames },
	{ SYS_pselect6, need_frames },
	{ SYS_epoll_pwait, need_frames },
	{ SYS_epoll_pwait2, need_frames },
	{ SYS_io_pgetevents, need_frames },
	{ 0, NULL },
};
