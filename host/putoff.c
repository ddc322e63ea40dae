/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * putoff.c - see putoff.h.
 *
 * How far a task has got is how many pages it has found usable since it asked
 * for the first of them.  To get further than ever before makes good for all
 * times that it was put off: so these are limited for each page, and each has
 * its chance.
 */
#include "host/putoff.h"

#include "host/run.h"
#include "host/space.h"
#include "host/user.h"

#define TIMES_MOST 64 /* that one page is waited for in this way */

void
putoff_begin(struct task *t)
{
	t->put_offs = 0;
	t->furthest = t->reached = 0;
}

/* Nothing is waited for. */
static void
forget(struct task *t)
{
	vm_fault_leave(&t->wait);
	t->wait = (struct vm_fault_wait){ .tries = 0 };
}

int
putoff_bring(struct task *t, uint64_t va, uint64_t *end, vm_prot_t access)
{
	struct vm_map *map = &t->space->vm->map;
	int error;

	if (t->put_offs < TIMES_MOST)
		error = vm_fault_try_range(map, va, end, access, &t->wait);
	else
		error = vm_fault_range(map, va, *end, access, end);
	if (error != VM_EWAIT)
		forget(t);
	return error;
}

/* Those that wait keep their order, whatever comes in between. */
void
putoff(struct task *t, void (*anew)(struct task *))
{
	if (t->reached > t->furthest) {
		t->furthest = t->reached;
		t->put_offs = 0;
	}
	t->put_offs++;
	t->put_off = true;
	t->anew = anew;
	if (list_is_empty(&t->waiting))
		list_insert_tail(&t->run->waiting, &t->waiting);
}

void
putoff_ask(struct task *t)
{
	t->asks = true;
	t->has_to_wait = false;
	t->reached = 0;
	t->rest.end = 0;
	t->npromises = 0;
}

bool
putoff_asked(struct task *t, void (*anew)(struct task *))
{
	bool wait = t->has_to_wait;

	t->asks = t->has_to_wait = false;
	if (wait)
		putoff(t, anew);
	else
		t->npromises = 0;
	return wait;
}

void
putoff_leave(struct task *t)
{
	forget(t);
	t->put_off = false;
	t->rest.end = 0;
	list_remove(&t->waiting);
}

static bool
is_due(const struct task *t)
{
	return t->at == TASK_DEAD || vm_wait_is_over(&t->wait.wait);
}

bool
putoff_is_due(const struct run *run)
{
	LIST_FOREACH(struct task, t, &run->waiting, waiting)
		if (is_due(t))
			return true;
	return false;
}

/*
 * To ask for everything anew at each page of a large buffer would take long:
 * first the range that the task waits in is gone through to its end.
 * => false: it has to wait again
 */
static bool
go_on(struct task *t)
{
	struct promise rest = t->rest;
	bool wait;

	t->rest.end = 0;
	t->asks = true;
	user_go_on(t, &rest);
	wait = t->has_to_wait;
	t->asks = t->has_to_wait = false;
	return !wait;
}

static void
begin_anew(struct task *t)
{
	t->put_off = false;
	if (t->rest.end == 0 || go_on(t))
		t->anew(t);
	else
		putoff(t, t->anew);
	if (!t->put_off)
		putoff_leave(t);
}

void
putoff_retry(struct run *run)
{
	LIST_FOREACH_SAFE(struct task, t, next, &run->waiting, waiting) {
		if (t->at == TASK_DEAD)
			putoff_leave(t);
		else if (is_due(t))
			begin_anew(t);
	}
}
