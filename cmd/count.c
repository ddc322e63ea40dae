/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * count.c - see count.h.
 *
 *	child	SIGSTOP  fn(arg)	    SIGSTOP  exit
 *	we		 step step step ...
 *
 * What lies between the two signals but is not of fn is counted once with a
 * function that does nothing, and taken off.
 */
#include "cmd/count.h"

#include "base/check.h"
#include "host/perf.h"

#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SAMPLES 15 /* odd */

static void
nothing(void *arg)
{
	(void)arg;
}

/* ---------------------------------------------------------- single steps */

static _Noreturn void
be_stepped(count_fn *fn, void *arg)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
		_exit(1);
	(void)raise(SIGSTOP);
	fn(arg);
	(void)raise(SIGSTOP);
	_exit(0);
}

static bool
stopped_by(pid_t pid, int sig)
{
	int status;

	return waitpid(pid, &status, 0) == pid && WIFSTOPPED(status) &&
	    WSTOPSIG(status) == sig;
}

static long
place(pid_t pid)
{
	return ptrace(PTRACE_PEEKUSER, pid,
	    (void *)offsetof(struct user, regs.rip), NULL);
}

/*
 * From one SIGSTOP to the next.  A string instruction steps once for each
 * repetition, and stays where it is: a processor counts it as one.
 */
static double
step_through(pid_t pid)
{
	long at, was = 0;
	double n = 0;
	int status;

	if (!stopped_by(pid, SIGSTOP))
		return (double)NAN;
	for (;; was = at) {
		at = place(pid);
		n += at != was;
		if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) != 0 ||
		    waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
			return (double)NAN;
		if (WSTOPSIG(status) == SIGSTOP)
			return n;
	}
}

static double
count_steps(count_fn *fn, void *arg)
{
	double n = (double)NAN;
	pid_t pid = fork();

	if (pid == 0)
		be_stepped(fn, arg);
	if (pid > 0) {
		n = step_through(pid);
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
	}
	return n;
}

/* A stop costs a tenth when both are on one processor. */
static double
count_steps_here(count_fn *fn, void *arg)
{
	cpu_set_t old, one;
	int cpu = sched_getcpu();
	double n;

	(void)sched_getaffinity(0, sizeof(old), &old);
	CPU_ZERO(&one);
	CPU_SET(cpu < 0 ? 0 : (unsigned)cpu, &one);
	(void)sched_setaffinity(0, sizeof(one), &one);
	n = count_steps(fn, arg) - count_steps(nothing, NULL);
	(void)sched_setaffinity(0, sizeof(old), &old);
	return n;
}

/* ---------------------------------------------------------- by processor */

static double
count_by_processor(int fd, count_fn *fn, void *arg)
{
	uint64_t before, between, after;

	if (!perf_read(fd, &before))
		return (double)NAN;
	fn(arg);
	if (!perf_read(fd, &between))
		return (double)NAN;
	nothing(arg);
	if (!perf_read(fd, &after))
		return (double)NAN;
	return (double)(between - before) - (double)(after - between);
}

double
count_instructions(count_fn *fn, void *arg)
{
	int fd = perf_open();
	double n;

	if (fd < 0)
		return count_steps_here(fn, arg);
	n = count_by_processor(fd, fn, arg);
	(void)close(fd);
	return n;
}

const char *
count_method(void)
{
	int fd = perf_open();

	if (fd < 0)
		return "counted by single steps";
	(void)close(fd);
	return "counted by the processor";
}

/* ------------------------------------------------------------------ time */

static double
now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
sample(count_fn *fn, void *arg, unsigned calls)
{
	double start = now();

	for (unsigned i = 0; i < calls; i++)
		fn(arg);
	return (now() - start) / calls;
}

void
count_times(count_fn *fn, void *const *args, size_t n, unsigned calls,
    double *ns)
{
	double samples[COUNT_ARGS_MAX][SAMPLES];

	VM_ASSERT(n <= COUNT_ARGS_MAX);
	for (size_t s = 0; s < SAMPLES; s++)
		for (size_t i = 0; i < n; i++)
			samples[i][s] = sample(fn, args[i], calls);
	for (size_t i = 0; i < n; i++) {
		qsort(samples[i], SAMPLES, sizeof(samples[i][0]), compare);
		ns[i] = samples[i][SAMPLES / 2];
	}
}
