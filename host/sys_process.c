/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys_process.c - calls that make and end tasks, and what belongs to a task.
 *
 * None of them may run in the stub: a child would begin there, and what ends
 * a task would end it there.
 */
#include "host/charge.h"
#include "host/file.h"
#include "host/process.h"
#include "host/run.h"
#include "host/signal.h"
#include "host/space.h"
#include "host/stub.h"
#include "host/syscall.h"
#include "host/trace.h"
#include "host/user.h"

#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define CLONE_ARGS_MAX 256

/* The call has failed: no child, and its argument as it was. */
static void
clone_failed(struct task *t, long result)
{
	(void)result;
	t->forking = false;
	process_fork_over(t->run);
	if (!t->args_moved)
		return;
	trace_regs(t)->rdi = t->clone_rdi;
	trace_regs_changed(t);
	t->args_moved = false;
}

/*
 * What is pending must be done before the call, because the child begins
 * where it stands.  True when doing that has taken the call back: it will
 * come again.
 */
static bool
comes_again(struct task *t)
{
	stub_flush(t);
	if (!t->undone)
		return false;
	syscall_run_itself(t);
	return true;
}

/* What the child would be promised is not to be had. */
static bool
is_refused(struct task *t, uint64_t flags)
{
	struct vm_map *map = &t->space->vm->map;
	uint64_t need;

	if (flags & CLONE_VM)
		return false;
	vm_map_lock_read(map);
	need = vm_map_fork_need(map, vm_map_inherits).anon;
	vm_map_unlock_read(map);
	if (!charge_refuses(t->run, vm_ptoa(need)))
		return false;
	syscall_answer(t, -ENOMEM);
	return true;
}

static void
begin_fork(struct task *t, uint64_t flags, uint64_t child_tid)
{
	t->forking = true;
	t->clone_flags = flags;
	t->clone_child_tid = child_tid;
	t->at_exit = clone_failed;
	t->args_moved = false;
}

/* What the kernel must not be told of: see process.c; and of hiding. */
static uint64_t
hidden_flags(uint64_t flags)
{
	return flags &
	    (CLONE_UNTRACED | (flags & CLONE_VM ? 0 : CLONE_CHILD_SETTID));
}

static void
replace_first(struct task *t, uint64_t value)
{
	struct user_regs_struct *r = trace_regs(t);

	t->clone_rdi = r->rdi;
	t->args_moved = true;
	r->rdi = value;
	trace_regs_changed(t);
}

static void
sys_fork(struct task *t, const struct sysargs_call *call)
{
	(void)call;
	if (is_refused(t, 0) || comes_again(t))
		return;
	begin_fork(t, SIGCHLD, 0);
	syscall_run_itself(t);
}

static void
sys_vfork(struct task *t, const struct sysargs_call *call)
{
	(void)call;
	if (comes_again(t))
		return;
	begin_fork(t, CLONE_VM | CLONE_VFORK | SIGCHLD, 0);
	syscall_run_itself(t);
}

static void
sys_clone(struct task *t, const struct sysargs_call *call)
{
	uint64_t flags = call->args[0], hidden = hidden_flags(flags);

	if (!syscall_prepare(t, call) || is_refused(t, flags) || comes_again(t))
		return;
	begin_fork(t, flags, call->args[3]);
	if (hidden != 0)
		replace_first(t, flags & ~hidden);
	syscall_run_itself(t);
}

static void
sys_clone3(struct task *t, const struct sysargs_call *call)
{
	_Alignas(8) unsigned char copy[CLONE_ARGS_MAX];
	struct clone_args *args = (struct clone_args *)(void *)copy;
	uint64_t size = call->args[1], hidden;

	memset(copy, 0, sizeof(copy));
	if (!syscall_prepare(t, call))
		return;
	if (size < CLONE_ARGS_SIZE_VER0 || size > sizeof(copy) ||
	    user_read(t, call->args[0], copy, size) != 0) {
		syscall_run(t); /* it will fail by itself */
		return;
	}
	if (is_refused(t, args->flags) || comes_again(t))
		return;
	hidden = hidden_flags(args->flags);
	begin_fork(t, args->flags, args->child_tid);
	if (hidden != 0) {
		args->flags &= ~hidden;
		replace_first(t, stub_scratch(t, copy, size));
	}
	syscall_run_itself(t);
}

static void
sys_exec(struct task *t, const struct sysargs_call *call)
{
	file_end_writing(t->run);
	if (syscall_prepare(t, call))
		syscall_run_itself(t);
}

/* ---------------------------------------------------------------- exit */

/* The words that the kernel writes when the task dies. */
static void
prepare_exit(struct task *t)
{
	struct robust_list_head {
		uint64_t next;
		int64_t futex_offset;
		uint64_t pending;
	} head;
	size_t size;
	void *at;
	uint64_t entry, next;

	if (t->clear_tid != 0)
		user_prepare(t, t->clear_tid, sizeof(uint32_t), true);
	if (syscall(SYS_get_robust_list, t->tid, &at, &size) != 0 ||
	    at == NULL || user_read(t, (uint64_t)at, &head, sizeof(head)) != 0)
		return;
	user_prepare(t, (uint64_t)at, sizeof(head), false);
	if (head.pending != 0)
		user_prepare(t,
		    (head.pending & ~1ul) + (uint64_t)head.futex_offset,
		    sizeof(uint32_t), true);
	entry = head.next;
	for (unsigned i = 0; i < 2048 && (entry & ~1ul) != (uint64_t)at; i++) {
		entry &= ~(uint64_t)1;
		user_prepare(t, entry + (uint64_t)head.futex_offset,
		    sizeof(uint32_t), true);
		user_prepare(t, entry, sizeof(next), false);
		if (user_read(t, entry, &next, sizeof(next)) != 0)
			break;
		entry = next;
	}
}

static void
need_at_exit(struct task *t, const struct sysargs_call *call)
{
	(void)call;
	prepare_exit(t);
}

static void
sys_exit(struct task *t, const struct sysargs_call *call)
{
	(void)call;
	prepare_exit(t);
	stub_flush(t);
	t->exiting = true;
	syscall_run_itself(t);
}

static void
sys_exit_group(struct task *t, const struct sysargs_call *call)
{
	LIST_FOREACH(struct task, other, &t->space->tasks, in_space)
		if (other->tgid == t->tgid)
			prepare_exit(other);
	sys_exit(t, call);
}

static void
sys_set_tid_address(struct task *t, const struct sysargs_call *call)
{
	t->clear_tid = call->args[0];
	syscall_run(t);
}

/* -------------------------------------------------------------- prctl */

static void
sys_prctl(struct task *t, const struct sysargs_call *call)
{
	if ((int)call->args[0] == PR_SET_MM)
		syscall_answer(t, -EPERM);
	else
		syscall_prepare_and_run(t, call);
}

const struct syscall_entry_of sys_process_calls[] = {
	{ SYS_fork, sys_fork },
	{ SYS_vfork, sys_vfork },
	{ SYS_clone, sys_clone },
	{ SYS_clone3, sys_clone3 },
	{ SYS_execve, sys_exec },
	{ SYS_execveat, sys_exec },
	{ SYS_exit, sys_exit },
	{ SYS_exit_group, sys_exit_group },
	{ SYS_set_tid_address, sys_set_tid_address },
	{ SYS_prctl, sys_prctl },
	{ 0, NULL },
};

const struct syscall_entry_of sys_process_needs[] = {
	{ SYS_exit, need_at_exit },
	{ SYS_exit_group, need_at_exit },
	{ 0, NULL },
};
