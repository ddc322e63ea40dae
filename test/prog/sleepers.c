/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sleepers.c: processes that sleep while another one wants memory.
 *
 * Each check has a child with NUMBER megabytes (-n NUMBER, 8 unless given) of
 * its own, which then sleeps in some way, or not, for a few seconds; after
 * that the parent goes through as much of its own for a while.  Then the child
 * must have all that it had.  Without NUMBER nobody takes that much time.
 */
#include "prog.h"

#define MEGABYTE ((size_t)1 << 20)

/* Seconds. */
#define SLEEP (prog_count > 0 ? 4 : 0)
#define CHURN (prog_count > 0 ? 2 : 0)

static int to_child[2], to_parent[2];

static size_t
size(void)
{
	return ((prog_count > 0 ? (size_t)prog_count : 8) * MEGABYTE);
}

static double
seconds(void)
{
	struct timespec now;

	REQUIRE(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
	return ((double)now.tv_sec + (double)now.tv_nsec / 1e9);
}

static void
churn(void)
{
	size_t len = size();
	char *p = prog_map(len, RW, PRIVATE);
	double end;

	prog_pause(1000 * SLEEP);
	end = seconds() + CHURN;
	for (char round = 1; seconds() < end; round++)
		for (size_t i = 0; i < len; i += PAGE)
			p[i] = round;
	REQUIRE(munmap(p, len) == 0);
}

/* The child fills its memory, does as it is told, and looks at it again. */
static pid_t
child(void (*sleep)(void))
{
	unsigned char *p;
	pid_t pid;

	REQUIRE(pipe(to_child) == 0 && pipe(to_parent) == 0);
	pid = prog_fork();
	if (pid != 0) {
		prog_hear(to_parent[0]);
		return (pid);
	}
	p = prog_map(size(), RW, PRIVATE);
	prog_fill(p, size(), 1);
	prog_tell(to_parent[1]);
	sleep();
	REQUIRE(prog_same(p, size(), 1));
	_exit(0);
}

static void
end(pid_t pid)
{
	prog_tell(to_child[1]);
	prog_join(pid);
	for (int i = 0; i < 2; i++)
		REQUIRE(close(to_child[i]) == 0 && close(to_parent[i]) == 0);
}

static void
wait_byte(void)
{
	prog_hear(to_child[0]);
}

static void
reads(void)
{
	pid_t pid = child(wait_byte);

	churn();
	end(pid);
}

static void
stopped(void)
{
	pid_t pid = child(wait_byte);
	int status;

	REQUIRE(kill(pid, SIGSTOP) == 0);
	REQUIRE(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
	churn();
	REQUIRE(kill(pid, SIGCONT) == 0);
	end(pid);
}

static void *
wait_mutex(void *arg)
{
	REQUIRE(pthread_mutex_lock(arg) == 0);
	REQUIRE(pthread_mutex_unlock(arg) == 0);
	return (NULL);
}

/* One waits for a byte, two for the first. */
static void
wait_in_threads(void)
{
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	pthread_t threads[2];

	REQUIRE(pthread_mutex_lock(&mutex) == 0);
	for (int i = 0; i < 2; i++)
		threads[i] = prog_thread(wait_mutex, &mutex);
	wait_byte();
	REQUIRE(pthread_mutex_unlock(&mutex) == 0);
	for (int i = 0; i < 2; i++)
		REQUIRE(pthread_join(threads[i], NULL) == 0);
}

static void
threads(void)
{
	pid_t pid = child(wait_in_threads);

	churn();
	end(pid);
}

/* Neither system calls that stop nor, after a while, faults. */
static void
compute(void)
{
	double until = seconds() + SLEEP + CHURN + 1;

	while (seconds() < until)
		;
}

static void
computes(void)
{
	pid_t pid = child(compute);

	churn();
	end(pid);
}

/* It wakes up ten times a second. */
static void
tick(void)
{
	for (int i = 0; i < 10 * (SLEEP + CHURN + 1); i++)
		prog_pause(100);
}

static void
ticks(void)
{
	pid_t pid = child(tick);

	churn();
	end(pid);
}

static void
wait_signal(void)
{
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	REQUIRE(sigwait(&set, &sig) == 0 && sig == SIGUSR1);
}

static void
signalled(void)
{
	sigset_t set;
	pid_t pid;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	REQUIRE(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	pid = child(wait_signal);
	churn();
	REQUIRE(kill(pid, SIGUSR1) == 0);
	end(pid);
}

/* It wakes up while the parent wants memory. */
static void
oversleep(void)
{
	prog_pause(1000 * SLEEP + 500);
}

static void
wakes(void)
{
	pid_t pid = child(oversleep);

	churn();
	end(pid);
}

int
main(int argc, char **argv)
{
	static const struct prog_check checks[] = {
		{ "reads", reads },
		{ "stopped", stopped },
		{ "threads", threads },
		{ "signalled", signalled },
		{ "wakes", wakes },
		{ "computes", computes },
		{ "ticks", ticks },
	};

	return (prog_main(argc, argv, checks, COUNT(checks)));
}
