/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event.c - see event.h.
 *
 * A new task is announced twice, by its parent's event and by its own first
 * stop, in any order; it is born when both are there (process.c).  Until then
 * it stays stopped.
 */
#include "host/event.h"

#include "host/check.h"
#include "host/cpu.h"
#include "host/exec.h"
#include "host/job.h"
#include "host/live.h"
#include "host/process.h"
#include "host/putoff.h"
#include "host/run.h"
#include "host/scarce.h"
#include "host/signal.h"
#include "host/sleeper.h"
#include "host/stats.h"
#include "host/stub.h"
#include "host/swap.h"
#include "host/syscall.h"
#include "host/trace.h"

#include <errno.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>

#define STAT_VSIZE 23

/*
 * A thread that calls exec comes out of it with the id of the first thread of
 * its process, whose end nobody is told.
 */
static struct task *
note_exec(struct task *first)
{
	struct task *t = task_find(first->run,
	    (pid_t)trace_event_message(first));

	if (t == NULL || t == first)
		return first;
	task_replace(t, first);
	return t;
}

/*
 * The first thread of a process is waited for last.  Any other that we have
 * not heard of by then was killed in an exec, before it could tell its id.
 */
static void
note_death(struct task *t)
{
	t->at = TASK_DEAD;
	if (!t->born || t->tid != t->tgid)
		return;
	LIST_FOREACH(struct task, other, &t->run->tasks.all, all)
		if (other->tgid == t->tgid && !other->has_status)
			other->at = TASK_DEAD;
}

static void
note(struct run *run, pid_t tid, int status)
{
	struct task *t = task_find(run, tid);

	if (t == NULL)
		t = task_create(run, tid);
	if (t == NULL) {
		if (WIFSTOPPED(status))
			(void)kill(tid, SIGKILL);
		return;
	}
	if (!WIFSTOPPED(status))
		note_death(t);
	else if (status >> 16 == PTRACE_EVENT_EXEC)
		t = note_exec(t);
	t->status = status;
	if (!t->has_status)
		list_insert_tail(&run->unread, &t->unread);
	t->has_status = true;
}

/* Wait for anything to happen; false when there is nobody left. */
static bool
wait_any(struct run *run)
{
	int status;
	pid_t tid = waitpid(-1, &status, __WALL);

	if (tid > 0)
		note(run, tid, status);
	else if (errno != EINTR)
		return false;
	return true;
}

void
event_wait(struct task *t)
{
	while (!t->has_status && t->at != TASK_DEAD)
		if (!wait_any(t->run)) {
			t->at = TASK_DEAD;
			return;
		}
}

int
event_take(struct task *t)
{
	list_remove(&t->unread);
	t->has_status = false;
	return t->status;
}

bool
event_stop(struct task *t)
{
	if (t->exiting || !task_is_live(t))
		return false;
	sleeper_stir(t);
	if (!trace_interrupt(t))
		return false;
	event_wait(t);
	return t->at != TASK_DEAD;
}

/* Its memory is the first that a dying task gives back; then its size is 0. */
bool
event_exited(const struct task *t)
{
	return t->has_status || t->at == TASK_DEAD ||
	    task_stat(t, STAT_VSIZE) == 0;
}

void
event_wait_exit(struct task *t)
{
	static const struct timespec nap = { 0, 20000 };

	while (!event_exited(t))
		if (!event_poll(t->run))
			(void)nanosleep(&nap, NULL);
}

#define INTERRUPTED (PTRACE_EVENT_STOP << 16 | SIGTRAP << 8 | 0x7f)

bool
event_take_interrupt(struct task *t)
{
	if (t->status != INTERRUPTED || !t->born)
		return false;
	(void)event_take(t);
	t->at = TASK_TRAPPED;
	return true;
}

void
event_put(struct task *t, int status)
{
	t->at = TASK_RUNNING;
	note(t->run, t->tid, status);
}

void
event_put_interrupt(struct task *t)
{
	event_put(t, INTERRUPTED);
}

bool
event_poll(struct run *run)
{
	int status;
	pid_t tid = waitpid(-1, &status, __WALL | WNOHANG);

	if (tid > 0)
		note(run, tid, status);
	return tid > 0;
}

static void
on_signal_stop(struct task *t, int sig)
{
	t->at = TASK_AT_SIGNAL;
	signal_stop(t, sig);
}

/* Stopped by us, by job control, or released from that. */
static void
on_stop(struct task *t, int sig)
{
	t->at = TASK_TRAPPED;
	if (sig != SIGTRAP && stub_is_busy(t)) {
		stub_leave_to_stop(t);
		return;
	}
	if (sig != SIGTRAP) {
		trace_listen(t);
		job_stopped(t);
		return;
	}
	stub_leave(t);
	if (t->at == TASK_DEAD)
		return;
	syscall_catch_up(t);
	if (t->at != TASK_DEAD)
		syscall_interrupted(t);
}

static void
on_event(struct task *t, int event, int sig)
{
	if (event == PTRACE_EVENT_STOP) {
		on_stop(t, sig);
		return;
	}
	t->at = event == PTRACE_EVENT_SECCOMP ? TASK_AT_CALL : TASK_TRAPPED;
	if (event == PTRACE_EVENT_SECCOMP)
		syscall_entry(t);
	else if (event == PTRACE_EVENT_EXEC)
		exec_adopt(t);
	else
		process_forked(t);
}

static void
dispatch(struct task *t, int status)
{
	int sig = WSTOPSIG(status);

	if (!WIFSTOPPED(status)) {
		process_gone(t, status);
		return;
	}
	t->run->stops++;
	t->stops++;
	cpu_stopped(t);
	t->regs_known = t->regs_dirty; /* changed ones are newer */
	if (!t->born || !t->fresh) {
		t->at = TASK_TRAPPED;
		t->fresh = true;
		if (sig != SIGTRAP) /* born into a stopped process */
			(void)trace_interrupt(t);
		process_first_stop(t);
	} else if (status >> 16 != 0) {
		on_event(t, status >> 16, sig);
	} else if (sig == (SIGTRAP | 0x80)) {
		t->at = TASK_CALLED;
		syscall_exit(t);
	} else {
		on_signal_stop(t, sig);
	}
}

/* ------------------------------------------------ while stops wait */

/*
 * Both ends of waiting become signals then: stops of the programs, and what
 * is waited for, by event_wake.  SIGCHLD is blocked but while we wait for it,
 * so that none comes unseen.
 */
static void
on_child(int sig)
{
	(void)sig; /* the wait ends */
}

static void
tell_stops(bool tell)
{
	struct sigaction act = { .sa_handler = on_child,
		.sa_flags = tell ? 0 : SA_NOCLDSTOP };

	(void)sigaction(SIGCHLD, &act, NULL);
}

void
event_wake(const struct run *run)
{
	(void)pthread_kill(run->thread, SIGCHLD);
}

/* Until something has happened to a program, or for one that waits. */
static void
wait_both(struct run *run, const sigset_t *open)
{
	tell_stops(true);
	if (!event_poll(run) && !putoff_is_due(run))
		(void)sigsuspend(open);
	tell_stops(false);
}

static void
block_children(sigset_t *open)
{
	sigset_t child;

	tell_stops(false);
	(void)sigemptyset(&child);
	(void)sigaddset(&child, SIGCHLD);
	(void)pthread_sigmask(SIG_BLOCK, &child, open);
	(void)sigdelset(open, SIGCHLD);
}

/* Who is held back is asked about again at the next tick (cpu.h), which ends
 * any wait, if nothing happens before. */
static struct task *
next_unread(struct run *run)
{
	LIST_FOREACH(struct task, t, &run->unread, unread)
		if (sleeper_wakes(t))
			return t;
	return NULL;
}

void
event_loop(struct run *run)
{
	struct task *t;
	sigset_t open;

	block_children(&open);
	while (run->tasks.count > 0) {
		cpu_tick(run);
		live_look(run);
		sleeper_look(run);
		putoff_retry(run);
		t = next_unread(run);
		if (t != NULL) {
			dispatch(t, event_take(t));
			vm_pageout_step(run->sys);
			stats_sample(run);
			swap_look(run);
			scarce_look(run);
			check_look(run);
		} else if (!list_is_empty(&run->waiting)) {
			wait_both(run, &open);
		} else if (!wait_any(run)) {
			break;
		}
	}
	(void)pthread_sigmask(SIG_SETMASK, &open, NULL);
	live_fini();
}
