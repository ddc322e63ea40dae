/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sleeper.c - see sleeper.h.
 *
 * Processor time is read from the clock of each process, one cheap call; it
 * also moves when a thread does nothing but compute, or makes system calls that
 * do not stop.  It stands still for a thread that waits for a processor, too:
 * so before a process is said to sleep the host is asked for the states of its
 * threads.
 *
 * To take pages from a process that sleeps we have to wake it.  Then its clock
 * moves, and the call that it was in begins again, which may need the page of
 * its code, and may stop; none of that is its own doing.
 *
 * Sources: FreeBSD swapout_procs (swap_idle_threshold1), swapper; 4.4BSD
 * scheduler, which lets wait for ever.
 */
#include "host/sleeper.h"

#include "host/run.h"
#include "host/space.h"
#include "vm/vm_swapper.h"
#include "vm/vm_pageout.h"

#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>

#define MSEC    ((uint64_t)1000000) /* in nanoseconds */
#define SLEEP   (2000 * MSEC)       /* without doing anything: it sleeps */
#define LOOK    (500 * MSEC)        /* between two looks */
#define BRING   (20 * MSEC)         /* between two that come back */
#define HOLD    (1000 * MSEC)       /* that one may wait for memory */
#define PLENTY  4                   /* a quarter of memory is free */
#define RUNNING 'R'                 /* a thread's state: or it would like to */

static uint64_t
read_clock(clockid_t clock)
{
	struct timespec t;

	if (clock_gettime(clock, &t) != 0)
		return 0;
	return (uint64_t)t.tv_sec * 1000 * MSEC + (uint64_t)t.tv_nsec;
}

static uint64_t
now(void)
{
	return read_clock(CLOCK_MONOTONIC_COARSE);
}

/* Of all its threads, those that have ended as well. */
static uint64_t
cpu_time(const struct space *space)
{
	uint64_t sum = 0;
	clockid_t clock;

	LIST_FOREACH(struct task, t, &space->tasks, in_space)
		if (t->tid == t->tgid &&
		    clock_getcpuclockid(t->tgid, &clock) == 0)
			sum += read_clock(clock);
	return sum;
}

/* ------------------------------------------------------------ who sleeps */

/* It waits for the host, for a signal or for its child; not for us. */
static bool
task_sleeps(const struct task *t)
{
	if (t->at == TASK_DEAD || t->at == TASK_JOB_STOPPED || t->parked)
		return true;
	return task_is_live(t) && task_state(t) != RUNNING;
}

static bool
all_sleep(const struct space *space)
{
	LIST_FOREACH(struct task, t, &space->tasks, in_space)
		if (!task_sleeps(t))
			return false;
	return true;
}

static void
look(struct space *space, uint64_t at)
{
	struct space_sleep *s = &space->sleep;
	uint64_t used = cpu_time(space);
	bool ran = used != s->used && !s->stirred;

	s->used = used;
	s->stirred = false;
	if (ran || s->since == 0)
		s->since = at;
	else if (at - s->since >= SLEEP && all_sleep(space))
		vmspace_sleeps(space->vm);
	if (ran && s->held == 0)
		vmspace_runs(space->vm);
}

/* Memory is not short, nor is it going to be soon. */
static bool
is_plenty(const struct vm_system *sys)
{
	return vm_pageout_available(sys) >= vm_page_count(sys) / PLENTY;
}

static void
look_at_all(struct run *run)
{
	uint64_t at;

	if (is_plenty(run->sys))
		return;
	at = now();
	if (at - run->sleepers.looked < LOOK)
		return;
	run->sleepers.looked = at;
	LIST_FOREACH(struct space, space, &run->spaces, link)
		look(space, at);
}

void
sleeper_stir(struct task *t)
{
	struct space_sleep *s;

	t->stirred = true;
	if (t->space == NULL || t->space->sleep.stirred ||
	    t->space->sleep.since == 0)
		return;
	s = &t->space->sleep;
	if (cpu_time(t->space) != s->used)
		s->since = 0;
	s->stirred = true;
}

/* --------------------------------------------------------- who comes back */

static void
bring_in(struct run *run)
{
	uint64_t at;

	if (!run->sleepers.wait)
		return;
	at = now();
	if (at - run->sleepers.brought < BRING)
		return;
	run->sleepers.brought = at;
	run->sleepers.wait = false;
	(void)vm_swapper_swapin(run->sys);
}

/* It may not run yet: not even after so long? */
static bool
has_waited(struct space *space)
{
	uint64_t at = now();

	if (space->sleep.held == 0)
		space->sleep.held = at;
	return at - space->sleep.held >= HOLD;
}

/* On its way back into the call that it was in. */
static bool
is_stirred(const struct task *t)
{
	int event = t->status >> 16;

	return t->stirred && t->space->sleep.stirred &&
	    (event == PTRACE_EVENT_SECCOMP ||
		(event == 0 && WSTOPSIG(t->status) == SIGSEGV));
}

/* Whether what it has stopped for is the program's own doing. */
static bool
is_own_stop(struct task *t)
{
	bool stirred = is_stirred(t);

	if (!WIFSTOPPED(t->status) || t->status >> 16 == PTRACE_EVENT_STOP)
		return false;
	t->stirred = stirred && t->status >> 16 == 0;
	return !stirred;
}

bool
sleeper_wakes(struct task *t)
{
	struct space *space = t->space;

	if (space == NULL || !is_own_stop(t))
		return true;
	space->sleep.since = 0;
	if (!vmspace_wakes(space->vm)) {
		if (!has_waited(space)) {
			space->run->sleepers.wait = true;
			return false;
		}
		vmspace_runs(space->vm);
	}
	space->sleep.held = 0;
	return true;
}

void
sleeper_look(struct run *run)
{
	if (run->options->no_swap_spaces)
		return;
	look_at_all(run);
	bring_in(run);
}
