/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * oom.c - see oom.h.
 *
 * What is killed gives its memory back when the event loop hears of its end.
 * Until then nobody else is killed: who wants memory comes here again.
 */
#include "host/oom.h"

#include "host/message.h"
#include "host/run.h"
#include "host/size.h"
#include "host/space.h"
#include "host/trace.h"
#include "vm/vm_oom.h"

#include <signal.h>
#include <stdio.h>

void
oom_reason(const struct run *run, char *text, size_t size)
{
	uint64_t total = vm_swap_total(run->sys);

	if (run->options->nswaps == 0)
		(void)snprintf(text, size, "there is no swap (see -s)");
	else if (total == 0)
		(void)snprintf(text, size, "swap has failed");
	else if (vm_swap_is_full(run->sys))
		(void)snprintf(text, size, "%lluK of swap are full",
		    size_kb(total));
	else
		(void)snprintf(text, size, "%lluK are too few (see -m)",
		    size_kb(vm_page_count(run->sys)));
}

static void
kill_space(struct space *space, const struct vm_oom_size *size)
{
	char why[OOM_REASON];

	oom_reason(space->run, why, sizeof(why));
	message("%s: process %d killed: out of memory: it has %lluK and %lluK "
		"in swap, and %lluK shared; %s",
	    space->name, (int)space->pid, size_kb(size->resident),
	    size_kb(size->swapped), size_kb(size->shared), why);
	space->killed = true;
	space->run->killed_no_memory++;
	LIST_FOREACH(struct task, t, &space->tasks, in_space)
		(void)kill(t->tgid, SIGKILL);
}

static bool
somebody_is_dying(const struct run *run)
{
	LIST_FOREACH(struct space, space, &run->spaces, link)
		if (space->killed)
			return true;
	return false;
}

static struct space *
largest(struct run *run, struct vm_oom_size *size)
{
	struct vmspace *vm = vm_oom_largest(run->sys, size);

	if (vm == NULL)
		return NULL;
	vmspace_unref(vm);
	LIST_FOREACH(struct space, space, &run->spaces, link)
		if (space->vm == vm && !list_is_empty(&space->tasks))
			return space;
	return NULL;
}

static struct space *
victim(struct task *t, struct vm_oom_size *size)
{
	struct space *space = NULL;

	if (t->run->options->design->oom == VM_OOM_LARGEST)
		space = largest(t->run, size);
	if (space != NULL)
		return space;
	vm_oom_size(t->space->vm, size);
	return t->space;
}

bool
oom(struct task *t)
{
	struct vm_oom_size size;

	if (!t->space->killed && !somebody_is_dying(t->run))
		kill_space(victim(t, &size), &size);
	if (t->space->killed)
		trace_continue(t, SIGKILL);
	return !t->space->killed;
}
