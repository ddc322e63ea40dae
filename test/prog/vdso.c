/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vdso.c: the pages the kernel lends to every program.
 *
 * The clock is read without a system call through the vdso, whose code and
 * data the kernel maps at exec.  It must go on working after forks, in
 * threads and after an exec, and agree with the real system call.
 */
#include <elf.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include "prog.h"

static int64_t
nanoseconds(const struct timespec *ts)
{
	return ((int64_t)ts->tv_sec * 1000000000 + ts->tv_nsec);
}

static void
agrees(void)
{
	static const clockid_t clocks[] = { CLOCK_REALTIME, CLOCK_MONOTONIC,
		CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME };

	for (size_t i = 0; i < COUNT(clocks); i++) {
		struct timespec a, b, c;

		REQUIRE(syscall(SYS_clock_gettime, clocks[i], &a) == 0);
		REQUIRE(clock_gettime(clocks[i], &b) == 0);
		REQUIRE(syscall(SYS_clock_gettime, clocks[i], &c) == 0);
		REQUIRE(nanoseconds(&a) <= nanoseconds(&b));
		REQUIRE(nanoseconds(&b) <= nanoseconds(&c));
	}
}

static void
clock_runs(void)
{
	struct timespec before, now;

	REQUIRE(clock_gettime(CLOCK_MONOTONIC, &before) == 0);
	for (int i = 0; i < 100000; i++) {
		REQUIRE(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
		REQUIRE(nanoseconds(&before) <= nanoseconds(&now));
		before = now;
	}
	REQUIRE(time(NULL) > 1500000000);
}

static void
image(void)
{
	const unsigned char *vdso = (const unsigned char *)getauxval(
	    AT_SYSINFO_EHDR);

	REQUIRE(vdso != NULL);
	REQUIRE(memcmp(vdso, ELFMAG, SELFMAG) == 0);
}

static void
in_child(void)
{
	pid_t pid = prog_fork();

	if (pid == 0) {
		agrees();
		clock_runs();
		_exit(0);
	}
	prog_join(pid);
}

static void *
runner(void *arg)
{
	clock_runs();
	return (arg);
}

static void
in_threads(void)
{
	pthread_t threads[4];

	for (size_t i = 0; i < COUNT(threads); i++)
		threads[i] = prog_thread(runner, NULL);
	for (size_t i = 0; i < COUNT(threads); i++)
		REQUIRE(pthread_join(threads[i], NULL) == 0);
}

static void
after_exec(void)
{
	pid_t pid = prog_fork();

	if (pid == 0) {
		REQUIRE(dup2(open("/dev/null", O_WRONLY), 1) == 1);
		execl("/proc/self/exe", "vdso", "agrees", "clock-runs", "image",
		    (char *)NULL);
		_exit(1);
	}
	prog_join(pid);
}

/* Structures the library fills, in memory never touched. */
static void
untouched_result(void)
{
	struct timespec *ts = (struct timespec *)prog_anon(1);
	struct timeval *tv = (struct timeval *)prog_anon(1);

	REQUIRE(clock_gettime(CLOCK_REALTIME, ts) == 0);
	REQUIRE(gettimeofday(tv, NULL) == 0);
	REQUIRE(tv->tv_sec >= ts->tv_sec);
	REQUIRE(munmap(ts, PAGE) == 0);
	REQUIRE(munmap(tv, PAGE) == 0);
}

int
main(int argc, char **argv)
{
	static const struct prog_check checks[] = {
		{ "agrees", agrees },
		{ "clock-runs", clock_runs },
		{ "image", image },
		{ "in-child", in_child },
		{ "in-threads", in_threads },
		{ "after-exec", after_exec },
		{ "untouched-result", untouched_result },
	};

	return (prog_main(argc, argv, checks, COUNT(checks)));
}
