/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cpu.c - see cpu.h.
 *
 * Time goes by in ticks.  A task that stopped less than FEW times during a
 * tick may go to any processor; one that stops MANY times between two ticks
 * comes back at once.
 */
#include "host/cpu.h"

#include "host/run.h"

#include <sched.h>
#include <signal.h>
#include <sys/time.h>

#define TICK_USEC 20000
#define FEW       10
#define MANY      20

static volatile sig_atomic_t ticked;

static void
on_tick(int sig)
{
	(void)sig; /* a wait ends with EINTR, too */
	ticked = 1;
}

void
cpu_keep(const struct run *run)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET((unsigned)run->cpu, &one);
	(void)sched_setaffinity(0, sizeof(one), &one);
}

void
cpu_leave(const struct run *run)
{
	(void)sched_setaffinity(0, sizeof(run->cpus), &run->cpus);
}

void
cpu_init(struct run *run)
{
	struct itimerval tick = { { 0, TICK_USEC }, { 0, TICK_USEC } };
	struct sigaction act = { .sa_handler = on_tick };

	(void)sched_getaffinity(0, sizeof(run->cpus), &run->cpus);
	run->cpu = sched_getcpu();
	cpu_keep(run);
	(void)sigaction(SIGALRM, &act, NULL);
	(void)setitimer(ITIMER_REAL, &tick, NULL);
}

/* What the task was asked to keep to decides where it floats. */
static void
place(struct task *t, bool floats)
{
	cpu_set_t one;

	t->floats = floats;
	CPU_ZERO(&one);
	CPU_SET((unsigned)t->run->cpu, &one);
	(void)sched_setaffinity(t->tid, sizeof(cpu_set_t),
	    floats ? &t->cpus : &one);
}

void
cpu_born(struct task *t, const struct task *parent)
{
	t->cpus = parent != NULL ? parent->cpus : t->run->cpus;
	t->floats = parent != NULL && parent->floats;
}

void
cpu_wanted(struct task *t, const cpu_set_t *cpus)
{
	CPU_AND(&t->cpus, cpus, &t->run->cpus);
	if (CPU_COUNT(&t->cpus) == 0)
		t->cpus = t->run->cpus;
	place(t, !CPU_ISSET((unsigned)t->run->cpu, &t->cpus) || t->floats);
}

void
cpu_stopped(struct task *t)
{
	if (t->stops >= MANY && t->floats &&
	    CPU_ISSET((unsigned)t->run->cpu, &t->cpus))
		place(t, false);
}

void
cpu_tick(struct run *run)
{
	if (!ticked)
		return;
	ticked = 0;
	LIST_FOREACH(struct task, t, &run->tasks.all, all) {
		if (t->born && t->stops < FEW && !t->floats)
			place(t, true);
		t->stops = 0;
	}
}
