/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signal.c - see signal.h.
 *
 * The mask is followed through rt_sigprocmask, the start of handlers and
 * rt_sigreturn.  It is only used to tell whether the kernel has unblocked the
 * signal of a fault; what is missed is that a signal stays unblocked.
 */
#include "host/signal.h"

#include "host/event.h"
#include "host/fault.h"
#include "host/job.h"
#include "host/message.h"
#include "host/putoff.h"
#include "host/run.h"
#include "host/space.h"
#include "host/stub.h"
#include "host/syscall.h"
#include "host/trace.h"
#include "host/user.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define HANDLER_DEFAULT 0
#define HANDLER_IGNORE  1
#define RED_ZONE        128
/* A frame with the widest registers, rounded up generously. */
#define FRAME_MAX ((uint64_t)12 << 10)

struct sighand *
sighand_create(void)
{
	struct sighand *sh = calloc(1, sizeof(*sh));

	if (sh != NULL)
		sh->refs = 1;
	return sh;
}

struct sighand *
sighand_copy(const struct sighand *from)
{
	struct sighand *sh = sighand_create();

	if (sh != NULL)
		memcpy(sh->action, from->action, sizeof(sh->action));
	return sh;
}

void
sighand_ref(struct sighand *sh)
{
	sh->refs++;
}

void
sighand_unref(struct sighand *sh)
{
	if (sh != NULL && --sh->refs == 0)
		free(sh);
}

int
sighand_exec(struct task *t)
{
	struct sighand *sh = sighand_copy(t->sighand);

	if (sh == NULL)
		return VM_ENOMEM;
	for (int sig = 1; sig <= SIGNALS; sig++)
		if (sh->action[sig].handler != HANDLER_IGNORE)
			sh->action[sig] = (struct kernel_action){ 0 };
	sighand_unref(t->sighand);
	t->sighand = sh;
	t->altstack = t->altstack_size = 0;
	return VM_OK;
}

static bool
has_handler(const struct task *t, int sig)
{
	return t->sighand->action[sig].handler > HANDLER_IGNORE;
}

/* Where the frame of a handler goes: its end. */
static uint64_t
frame_end(struct task *t, uint64_t flags)
{
	uint64_t sp = trace_regs(t)->rsp;

	if ((flags & SA_ONSTACK) != 0 && t->altstack_size != 0 &&
	    !(sp > t->altstack && sp - t->altstack <= t->altstack_size))
		return t->altstack + t->altstack_size;
	return sp - RED_ZONE;
}

static void
prepare_frame(struct task *t, uint64_t flags)
{
	uint64_t end = frame_end(t, flags), size = FRAME_MAX;

	if ((flags & SA_ONSTACK) != 0 && t->altstack_size != 0 &&
	    end == t->altstack + t->altstack_size && size > t->altstack_size)
		size = t->altstack_size;
	if (size > end)
		return;
	/* From the top down: what lies below a short stack does not matter. */
	for (uint64_t va = vm_trunc_page(end - 1);
	     va + VM_PAGE_SIZE > end - size; va -= VM_PAGE_SIZE)
		user_prepare(t, va, VM_PAGE_SIZE, true);
}

void
signal_prepare(struct task *t)
{
	prepare_frame(t, 0);
	if (t->altstack_size != 0)
		prepare_frame(t, SA_ONSTACK);
}

void
signal_prepare_frame(struct task *t)
{
	if (has_handler(t, t->signal))
		prepare_frame(t, t->sighand->action[t->signal].flags);
}

bool
signal_must_wait(struct task *t, void (*anew)(struct task *))
{
	bool wait;

	if (t->space == NULL || !has_handler(t, t->signal))
		return false;
	putoff_ask(t);
	signal_prepare_frame(t);
	wait = putoff_asked(t, anew);
	t->run->frames_parked += wait;
	return wait;
}

/* Signals that do nothing: without a tracer nobody would notice them. */
static bool
is_ignored(const struct task *t, int sig)
{
	uint64_t handler = t->sighand->action[sig].handler;

	return handler == HANDLER_IGNORE ||
	    (handler == HANDLER_DEFAULT &&
		(sig == SIGCHLD || sig == SIGURG || sig == SIGWINCH ||
		    sig == SIGCONT));
}

void
signal_deliver(struct task *t)
{
	struct kernel_action *act = &t->sighand->action[t->signal];

	if (signal_must_wait(t, signal_deliver))
		return;
	if (is_ignored(t, t->signal))
		syscall_again(t);
	if (t->space != NULL && has_handler(t, t->signal)) {
		prepare_frame(t, act->flags);
		t->blocked |= act->mask;
		if ((act->flags & SA_NODEFER) == 0)
			t->blocked |= (uint64_t)1 << (t->signal - 1);
		if (act->flags & SA_RESETHAND)
			act->handler = HANDLER_DEFAULT;
	}
	if (t->undone || t->again)
		syscall_break_off(t, has_handler(t, t->signal));
	t->run->signals++;
	job_signal(t);
	stub_resume(t, STUB_NO_CALL);
}

/* The value of a line of /proc/TID/status in hexadecimal. */
static uint64_t
status_mask(const char *text, const char *name)
{
	const char *line = strstr(text, name);

	return line == NULL ? 0 : strtoull(line + strlen(name), NULL, 16);
}

bool
signal_is_pending(const struct task *t)
{
	char path[64], text[4096];
	uint64_t set;
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)t->tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	text[n > 0 ? n : 0] = '\0';
	set = (status_mask(text, "\nSigPnd:") |
		  status_mask(text, "\nShdPnd:")) &
	    ~status_mask(text, "\nSigBlk:");
	for (int sig = 1; sig <= SIGNALS; sig++)
		if ((set >> (sig - 1) & 1) && !is_ignored(t, sig))
			return true;
	return false;
}

void
signal_kill(struct task *t, const char *why)
{
	if (trace_is_there(t))
		message("%s: process %d %s",
		    t->space != NULL ? t->space->name : "?", (int)t->tgid, why);
	(void)kill(t->tgid, SIGKILL);
	trace_continue(t, SIGKILL);
}

void
signal_keep_action(struct task *t, int sig)
{
	const struct kernel_action *act = &t->sighand->action[sig];
	uint64_t mask;

	if (signal_is_blocked(t, sig) && trace_mask(t, &mask))
		trace_set_mask(t, mask | (uint64_t)1 << (sig - 1));
	if (act->handler == HANDLER_DEFAULT ||
	    (act->handler != HANDLER_IGNORE && !signal_is_blocked(t, sig)))
		return;
	stub_set_action(t, sig, act);
}

/*
 * Faults have a positive code below that of faults without an address.  So has
 * what a program has queued for itself; but that comes at the end of a call.
 */
static bool
is_fault(struct task *t, int sig)
{
	return t->space != NULL && (sig == SIGSEGV || sig == SIGBUS) &&
	    t->info.si_code > 0 && t->info.si_code < SI_KERNEL &&
	    (int64_t)trace_regs(t)->orig_rax < 0;
}

/* Nothing of the program will run for it: the process stops. */
static bool
is_stop(const struct task *t, int sig)
{
	return sig == SIGSTOP ||
	    ((sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU) &&
		t->sighand->action[sig].handler == HANDLER_DEFAULT);
}

/*
 * A signal that stops the process must be taken at the stop that announced it,
 * or a SIGCONT sent meanwhile comes to nothing.  What is to be done before the
 * program goes on is done at the next stop, which comes in any case.
 */
static void
take_stop(struct task *t, int sig)
{
	if (!stub_is_busy(t)) {
		stub_leave(t);
		(void)trace_interrupt(t);
	}
	t->run->signals++;
	job_signal(t);
	trace_continue(t, sig);
}

/* What the signal is about: true if it can be known. */
static bool
know_info(struct task *t)
{
	if (!t->info_known && !trace_siginfo(t, &t->info))
		return false;
	t->info_known = false;
	if (stub_is_missed(t, &t->info)) {
		t->info = t->missed_info;
		t->missed = 0;
	}
	return true;
}

void
signal_stop(struct task *t, int sig)
{
	if (sig == SIGTRAP && stub_finished(t)) {
		t->at = TASK_CALLED;
		stub_leave(t);
		syscall_exit(t);
		return;
	}
	t->signal = sig;
	if (!know_info(t))
		return;
	if (is_stop(t, sig)) {
		take_stop(t, sig);
		return;
	}
	if (t->in_stub) {
		if (stub_has_trapped(t, &t->info))
			t->signal = 0;
		stub_leave(t);
		if (t->at == TASK_DEAD)
			return;
	}
	syscall_catch_up(t);
	if (t->at == TASK_DEAD)
		return;
	putoff_begin(t);
	if (t->signal == 0)
		syscall_run(t);
	else if (is_fault(t, sig))
		fault(t);
	else
		signal_deliver(t);
}
