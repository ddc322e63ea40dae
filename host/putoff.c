/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * putoff.c - see putoff.h.
 */
#include "host/putoff.h"

#include "host/run.h"
#include "host/space.h"

#define TIMES_MOST 64 /* that a stop is put off */

void
putoff_begin(struct task *t)
{
	t->put_offs = 0;
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
	t->put_offs++;
	t->put_off = true;
	t->anew = anew;
	if (list_is_empty(&t->waiting))
		list_insert_tail(&t->run->waiting, &t->waiting);
}

void
putoff_leave(struct task *t)
{
	forget(t);
	t->put_off = false;
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

static void
begin_anew(struct task *t)
{
	t->put_off = false;
	t->anew(t);
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
