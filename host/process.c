/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * process.c - see process.h.
 *
 *	parent: clone event ---.
 *	                        >--> born: space, sighand, first resume
 *	child:  first stop ----'
 *
 * A child's memory is forked when the parent's event is seen: both are stopped
 * then, the child has not run an instruction, and a fork that fails in the
 * host has cost nothing.  What the host copied to the child is thrown away.
 *
 * The kernel does not write the child's thread id (CLONE_CHILD_SETTID): at
 * that moment the child still has its parent's frames.  We do it.
 *
 * A vfork parent is kept stopped until its child has left its memory.
 */
#include "host/process.h"

#include "host/cpu.h"
#include "host/job.h"
#include "host/message.h"
#include "host/run.h"
#include "host/signal.h"
#include "host/space.h"
#include "host/stub.h"
#include "host/syscall.h"
#include "host/trace.h"
#include "host/user.h"

#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef CLONE_CLEAR_SIGHAND
#define CLONE_CLEAR_SIGHAND 0x100000000ULL
#endif

static bool
somebody_forks(struct run *run)
{
	LIST_FOREACH(struct task, t, &run->tasks.all, all)
		if (t->forking && t->at != TASK_DEAD)
			return true;
	return false;
}

/* A thread cannot be killed alone, and who made this one dies with it. */
static void
kill_process(pid_t pid)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (pidfd < 0)
		return;
	(void)syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
	(void)close(pidfd);
}

/*
 * Children whose parent died before it could tell of them.  They have not run
 * yet: it is as if the parent had died before its call.
 */
static void
kill_orphans(struct run *run)
{
	LIST_FOREACH_SAFE(struct task, t, next, &run->tasks.all, all) {
		if (t->born)
			continue;
		if (t->at != TASK_DEAD)
			kill_process(t->tid);
		else if (!t->has_status)
			task_destroy(t);
	}
}

void
process_fork_over(struct run *run)
{
	if (!somebody_forks(run))
		kill_orphans(run);
}

void
process_forget_threads(struct task *t)
{
	LIST_FOREACH_SAFE(struct task, other, next, &t->run->tasks.all, all)
		if (other != t && other->tgid == t->tgid &&
		    other->at == TASK_DEAD && !other->has_status)
			task_destroy(other);
}

static void
inherit_signals(struct task *child, const struct task *parent, uint64_t flags)
{
	if (flags & CLONE_SIGHAND) {
		child->sighand = parent->sighand;
		sighand_ref(child->sighand);
	} else if (flags & CLONE_CLEAR_SIGHAND) {
		child->sighand = sighand_create();
	} else {
		child->sighand = sighand_copy(parent->sighand);
	}
	child->blocked = parent->blocked;
	if ((flags & CLONE_VM) == 0 || (flags & CLONE_VFORK)) {
		child->altstack = parent->altstack;
		child->altstack_size = parent->altstack_size;
	}
}

static bool
inherit_memory(struct task *child, struct task *parent, uint64_t flags)
{
	struct space *space = parent->space;

	if (flags & CLONE_VM) {
		space_join(child, space);
		return true;
	}
	space = space_fork(parent);
	if (space == NULL)
		return false;
	space->pid = child->tid;
	space_join(child, space);
	return true;
}

/* The first time that the child goes on. */
static void
start(struct task *child)
{
	uint32_t tid = (uint32_t)child->tid;
	uint64_t flags = child->clone_flags;

	if (child->args_moved) {
		trace_regs(child)->rdi = child->clone_rdi;
		trace_regs_changed(child);
		child->args_moved = false;
	}
	if ((flags & CLONE_CHILD_SETTID) && (flags & CLONE_VM) == 0)
		(void)user_write(child, child->clone_child_tid, &tid,
		    sizeof(tid));
	stub_resume(child, STUB_NO_CALL);
}

static void
bear(struct task *child, struct task *parent)
{
	uint64_t flags = parent->clone_flags;

	child->born = true;
	child->tgid = flags & CLONE_THREAD ? parent->tgid : child->tid;
	if (child->tgid == child->tid)
		child->run->processes++;
	child->clone_flags = flags;
	child->clone_child_tid = parent->clone_child_tid;
	child->args_moved = parent->args_moved;
	child->clone_rdi = parent->clone_rdi;
	if (flags & CLONE_CHILD_CLEARTID)
		child->clear_tid = parent->clone_child_tid;
	cpu_born(child, parent);
	inherit_signals(child, parent, flags);
	if (child->sighand == NULL || !inherit_memory(child, parent, flags)) {
		message("out of memory: process %d cannot be made",
		    (int)child->tid);
		(void)kill(child->tid, SIGKILL);
	}
}

/* Put back what was changed for the call, and its result. */
static void
end_call(struct task *parent, pid_t tid)
{
	struct user_regs_struct *r = trace_regs(parent);

	if (parent->args_moved)
		r->rdi = parent->clone_rdi;
	r->rax = (unsigned long long)tid;
	r->orig_rax = (uint64_t)-1;
	trace_regs_changed(parent);
	parent->args_moved = parent->forking = false;
	parent->at_exit = NULL;
}

/* Who has been killed since can no longer tell whom it has made. */
static void
killed_in_fork(struct task *parent)
{
	trace_continue(parent, 0);
}

static bool
is_waiting(const struct task *child)
{
	return child->fresh && child->at == TASK_TRAPPED &&
	    !child->has_status && child->space != NULL;
}

void
process_forked(struct task *parent)
{
	pid_t tid = (pid_t)trace_event_message(parent);
	struct task *child;

	if (tid == 0) {
		killed_in_fork(parent);
		return;
	}
	child = task_find(parent->run, tid);
	if (child == NULL)
		child = task_create(parent->run, tid);
	if (child != NULL)
		bear(child, parent);
	else
		(void)kill(tid, SIGKILL);
	end_call(parent, tid);
	if (child != NULL && child->at == TASK_DEAD && !child->has_status) {
		task_destroy(child);
		child = NULL;
	}
	if (child != NULL && (parent->clone_flags & CLONE_VFORK))
		child->vfork_parent = parent;
	parent->parked = child != NULL && child->vfork_parent == parent;
	if (!parent->parked)
		stub_resume(parent, STUB_NO_CALL);
	if (child != NULL && is_waiting(child))
		start(child);
	process_fork_over(parent->run);
}

void
process_first_stop(struct task *t)
{
	if (t->born && t->space != NULL)
		start(t);
	else
		process_fork_over(t->run);
}

void
process_release_parent(struct task *t)
{
	struct task *parent = t->vfork_parent;

	t->vfork_parent = NULL;
	if (parent == NULL)
		return;
	parent->parked = false;
	if (task_is_stopped(parent) && !parent->has_status)
		stub_resume(parent, STUB_NO_CALL);
}

void
process_gone(struct task *t, int status)
{
	struct run *run = t->run;

	if (t->tid == run->first) {
		run->status = status;
		run->finished = true;
		job_program_gone();
	}
	if (!t->born && somebody_forks(run))
		return; /* the parent's event is still to come */
	process_release_parent(t);
	if (t->born && t->tid == t->tgid)
		process_forget_threads(t);
	task_destroy(t);
	process_fork_over(run);
}
