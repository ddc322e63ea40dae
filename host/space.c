/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * space.c - see space.h.
 *
 * The executor is called with locks of the core and of the port held.  So it
 * only waits for stops and runs lists; a task that it has stopped for itself
 * is resumed by the event loop, later.
 *
 * Only the thread that traces can stop a task.  Other threads, which move pages
 * from and to swap, come here with pages that are mapped nowhere, and with
 * operations pending that others wait for: they leave those alone.
 */
#include "host/space.h"

#include "host/event.h"
#include "host/filter.h"
#include "host/message.h"
#include "host/parcel.h"
#include "host/run.h"
#include "host/shm.h"
#include "host/stats.h"
#include "host/stub.h"
#include "host/trace.h"
#include "host/window.h"
#include "pmap/host.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BATCH 64

static struct space *
make(struct run *run, struct vmspace *vm)
{
	struct space *space = calloc(1, sizeof(*space));

	if (space == NULL) {
		vmspace_unref(vm);
		return NULL;
	}
	space->run = run;
	space->vm = vm;
	space->pmap = vm->map.pmap;
	list_init(&space->tasks);
	list_init(&space->attached);
	run->entries_reserved += space_reserved(space);
	list_insert_tail(&run->spaces, &space->link);
	pmap_host_set_owner(space->pmap, space);
	pmap_host_keep_out(space->pmap, STUB_BASE, window_end(run));
	return space;
}

struct space *
space_create(struct run *run)
{
	struct vm_mmap_args stub = { .addr = STUB_BASE,
		.len = window_end(run) - STUB_BASE,
		.flags = VM_MMAP_PRIVATE | VM_MMAP_FIXED | VM_MMAP_FOREIGN };
	struct vmspace *vm;
	vaddr_t at;

	if (vmspace_create(run->sys, run->options->design, &vm) != 0)
		return NULL;
	if (vm_mmap(vm, &stub, &at) != 0) {
		vmspace_unref(vm);
		return NULL;
	}
	return make(run, vm);
}

struct space *
space_fork(struct task *t)
{
	struct space *from = t->space, *space;
	struct vmspace *vm;

	if (vmspace_fork(from->vm, &vm) != 0)
		return NULL;
	space = make(from->run, vm);
	if (space == NULL)
		return NULL;
	for (unsigned i = 0; i < from->nkept; i++) {
		space->kept[i] = from->kept[i];
		pmap_host_keep_out(space->pmap, from->kept[i].start,
		    from->kept[i].end);
	}
	space->nkept = from->nkept;
	space->run->entries_reserved += space->nkept;
	space->as_limit = from->as_limit;
	space->stack_start = from->stack_start;
	space->stack_end = from->stack_end;
	space->arg_start = from->arg_start;
	space->arg_end = from->arg_end;
	space->env_start = from->env_start;
	space->env_end = from->env_end;
	memcpy(space->name, from->name, sizeof(space->name));
	shm_fork(from, space);
	/* What the host copied is not what the child has. */
	pmap_host_forget(space->pmap);
	return space;
}

static void
destroy(struct space *space)
{
	stats_space_gone(space);
	shm_detach_all(space);
	parcel_sweep(space->run);
	list_remove(&space->link);
	space->run->entries_reserved -= space_reserved(space);
	vmspace_unref(space->vm);
	free(space);
}

void
space_join(struct task *t, struct space *space)
{
	space_leave(t);
	t->space = space;
	t->spot = (struct vm_stack_spot){ 0 };
	list_insert_tail(&space->tasks, &t->in_space);
}

void
space_leave(struct task *t)
{
	struct space *space = t->space;

	if (space == NULL)
		return;
	list_remove(&t->in_space);
	if (space->listing == t)
		space->listing = NULL;
	t->space = NULL;
	t->npromises = 0;
	if (list_is_empty(&space->tasks))
		destroy(space);
}

int
space_keep_out(struct space *space, uint64_t start, uint64_t end)
{
	struct vm_mmap_args args = { .addr = start,
		.len = end - start,
		.prot = VM_PROT_READ | VM_PROT_EXEC,
		.max_prot = VM_PROT_READ | VM_PROT_EXEC,
		.flags = VM_MMAP_PRIVATE | VM_MMAP_FIXED | VM_MMAP_FOREIGN };
	vaddr_t at;
	int error;

	if (space->nkept == SPACE_KEPT)
		return VM_ENOMEM;
	error = vm_mmap(space->vm, &args, &at);
	if (error != 0)
		return error;
	space->kept[space->nkept].start = start;
	space->kept[space->nkept++].end = end;
	space->run->entries_reserved++;
	pmap_host_keep_out(space->pmap, start, end);
	return VM_OK;
}

void
space_limit_size(struct space *space, const struct rlimit *limit)
{
	vsize_t ours = window_end(space->run) - STUB_BASE;

	if (space->vm->map.design->stack == VM_STACK_WHOLE)
		ours += space->stack_end - space->stack_start;
	space->as_limit = *limit;
	space->vm->map.size_limit = UINT64_MAX;
	if (limit->rlim_cur < UINT64_MAX - ours)
		space->vm->map.size_limit = limit->rlim_cur + ours;
}

/* OpenBSD makes a stack of what sigaltstack is given. */
static bool
is_on_altstack(const struct task *t, uint64_t sp)
{
	return t->altstack_size != 0 && sp - t->altstack <= t->altstack_size;
}

void
space_check_stack(struct task *t)
{
	uint64_t sp;

	if (t->space == NULL || !t->space->vm->map.design->stack_check)
		return;
	sp = trace_regs(t)->rsp;
	if (!is_on_altstack(t, sp))
		(void)vm_stack_check(t->space->vm, &t->spot, sp);
}

/* -------------------------------------------------------- the executor */

static bool
is_running(const struct task *t)
{
	return task_is_live(t) && !t->exiting;
}

/* On its way out: the kernel is still going to write what it was promised. */
static bool
is_leaving(const struct task *t)
{
	return t->exiting && task_is_live(t) && t->npromises > 0;
}

static bool
may_wait(void *ctx, struct pmap *pm)
{
	struct space *space = pmap_host_owner(pm);
	const struct run *run = ctx;

	if (space == NULL || !pthread_equal(run->thread, pthread_self()))
		return true;
	LIST_FOREACH(struct task, t, &space->tasks, in_space)
		if (is_running(t) || is_leaving(t))
			return false;
	return true;
}

static bool
is_promised(const struct task *t, uint64_t start, uint64_t end)
{
	if (t->npromises > TASK_PROMISES)
		return true;
	for (unsigned i = 0; i < t->npromises; i++)
		if (t->promises[i].start < end && start < t->promises[i].end)
			return true;
	return false;
}

static bool
is_promised_any(const struct task *t, const struct pmap_host_op *ops, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (is_promised(t, ops[i].start, ops[i].end))
			return true;
	return false;
}

/*
 * A system call that began with these pages usable must not find them gone:
 * interrupted, it begins again, and they are made usable again.  The end of a
 * thread cannot be interrupted, but it does not take long.
 */
static void
stop_promised(struct space *space, const struct pmap_host_op *ops, size_t n)
{
	LIST_FOREACH(struct task, t, &space->tasks, in_space) {
		bool promised = is_promised_any(t, ops, n);

		if (promised && !is_leaving(t))
			(void)event_stop(t);
		else if (promised)
			event_wait_exit(t);
		if (is_leaving(t) && (promised || event_exited(t)))
			t->npromises = 0;
	}
}

/* A system call of a task that has not ended may use the page at va.  Who has
 * been promised too much to keep count of is stopped instead. */
static bool
is_needed(void *ctx, struct pmap *pm, vaddr_t va)
{
	struct space *space = pmap_host_owner(pm);

	(void)ctx;
	if (space == NULL)
		return false;
	LIST_FOREACH(struct task, t, &space->tasks, in_space)
		if (t->npromises <= TASK_PROMISES &&
		    is_promised(t, va, va + VM_PAGE_SIZE))
			return true;
	return false;
}

static struct task *
find_stopped(struct space *space)
{
	LIST_FOREACH(struct task, t, &space->tasks, in_space)
		if (task_is_stopped(t) && !t->has_status && t->born &&
		    !t->parked && !t->put_off)
			return t;
	return NULL;
}

/* Stop any task of the space that runs; NULL when none does any more. */
static struct task *
stop_one(struct space *space)
{
	LIST_FOREACH(struct task, t, &space->tasks, in_space) {
		if (!is_running(t) || !event_stop(t) ||
		    !event_take_interrupt(t))
			continue;
		stub_leave(t);
		if (t->at != TASK_DEAD)
			return t;
	}
	return NULL;
}

static enum pmap_host_result
run_ops(void *ctx, struct pmap *pm, const struct pmap_host_op *ops, size_t n)
{
	struct space *space = pmap_host_owner(pm);
	struct stub_call calls[BATCH * WINDOW_OP_CALLS];
	size_t ncalls = 0;
	struct task *t;
	bool stopped, ok;

	(void)ctx;
	if (space == NULL)
		return PMAP_HOST_LATER;
	stop_promised(space, ops, n);
	t = find_stopped(space);
	stopped = t == NULL;
	if (stopped)
		t = stop_one(space);
	if (t == NULL)
		return PMAP_HOST_LATER;
	for (size_t i = 0; i < n; i++)
		ncalls += window_calls(space->run, &ops[i], &calls[ncalls]);
	ok = stub_run(t, calls, ncalls);
	if (t->at == TASK_DEAD)
		return run_ops(ctx, pm, ops, n);
	if (stopped)
		event_put_interrupt(t);
	return ok ? PMAP_HOST_DONE : PMAP_HOST_FULL;
}

struct pmap_host_exec
space_executor(struct run *run)
{
	return (struct pmap_host_exec){ .ctx = run,
		.may_wait = may_wait,
		.is_needed = is_needed,
		.run = run_ops };
}
