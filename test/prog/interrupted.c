/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * interrupted.c: one process takes pages from another that is busy.
 *
 *	parent   MADV_REMOVE of a shared page, again and again
 *	child    has that page mapped, and meanwhile ...
 *
 * Whoever manages the memory has to hold the child up for a moment, wherever
 * it is just then: in the middle of a fault, of a signal, of a system call.
 * The child must not notice.
 */
#include "prog.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <ucontext.h>

#define ROUNDS 20000

static char *page;
static struct {
	atomic_bool over;
} * common;

/* The child does its work until the parent has taken the page often enough. */
static void
disturb(void (*work)(void))
{
	long rounds = prog_count != 0 ? prog_count : ROUNDS;
	pid_t pid;

	page = prog_map(PAGE, RW, SHARED);
	common = prog_map(PAGE, RW, SHARED);
	pid = prog_fork();
	if (pid == 0) {
		while (!atomic_load(&common->over))
			work();
		_exit(0);
	}
	for (long i = 0; i < rounds; i++)
		REQUIRE(madvise(page, PAGE, MADV_REMOVE) == 0);
	atomic_store(&common->over, true);
	prog_join(pid);
	REQUIRE(munmap(page, PAGE) == 0);
	REQUIRE(munmap(common, PAGE) == 0);
}

static void
touch_page(void)
{
	*(volatile char *)page = 1;
}

/* Every access faults. */
static void
fault(void)
{
	char *p = prog_map(PAGE, RW, PRIVATE);

	p[0] = 1;
	touch_page();
	REQUIRE(p[0] == 1 && p[1] == 0);
	REQUIRE(munmap(p, PAGE) == 0);
}

static void
faults(void)
{
	disturb(fault);
}

/* Faults of the program's own, which its handler sees. */
static void
bad_fault(void)
{
	touch_page();
	REQUIRE(UNMAPPED(page + ((size_t)1 << 32)));
}

static void
bad_faults(void)
{
	disturb(bad_fault);
}

static volatile sig_atomic_t traps;

static void
on_trap(int sig)
{
	(void)sig;
	traps++;
}

/* The trap comes after the instruction: it is lost if it is dropped. */
static void
trap(void)
{
	sig_atomic_t before = traps;

	touch_page();
	__asm__ volatile("int3");
	REQUIRE(traps == before + 1);
}

static void
breakpoints(void)
{
	REQUIRE(signal(SIGTRAP, on_trap) != SIG_ERR);
	disturb(trap);
}

static void
divide_handler(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)sig;
	REQUIRE(info->si_code == FPE_INTDIV);
	uc->uc_mcontext.gregs[REG_RCX] = 2;
	traps++;
}

static void
divide(void)
{
	sig_atomic_t before = traps;
	unsigned quotient = 0;

	touch_page();
	__asm__ volatile("divl %%ecx"
			 : "=a"(quotient)
			 : "0"(10), "d"(0), "c"(0)
			 : "cc");
	REQUIRE(traps == before + 1 && quotient == 5);
}

static void
divisions(void)
{
	struct sigaction act = { .sa_sigaction = divide_handler,
		.sa_flags = SA_SIGINFO };

	REQUIRE(sigaction(SIGFPE, &act, NULL) == 0);
	disturb(divide);
}

/* ------------------------------------------- calls that wait, beside forks */

static atomic_bool forked_enough;

/* Of children that end without a signal: the kernel may wake others for it. */
static void *
fork_often(void *arg)
{
	sigset_t all;
	pid_t pid;

	(void)arg;
	(void)sigfillset(&all);
	REQUIRE(pthread_sigmask(SIG_BLOCK, &all, NULL) == 0);
	while (!atomic_load(&forked_enough)) {
		pid = (pid_t)syscall(SYS_clone, 0, NULL, NULL, NULL, NULL);
		if (pid == 0)
			_exit(0);
		REQUIRE(pid > 0 && waitpid(pid, NULL, __WALL) == pid);
		prog_pause(10);
	}
	return (NULL);
}

/* The limit counts from the start, however often the call was held up. */
static void
beside_forks(void (*work)(void))
{
	pthread_t thread;

	atomic_store(&forked_enough, false);
	thread = prog_thread(fork_often, NULL);
	work();
	atomic_store(&forked_enough, true);
	REQUIRE(pthread_join(thread, NULL) == 0);
}

static void
wait_events(void)
{
	struct epoll_event *events = (void *)prog_anon(1);
	int fd = epoll_create1(0);

	REQUIRE(epoll_wait(fd, events, 8, 300) == 0);
	REQUIRE(munmap(events, PAGE) == 0 && close(fd) == 0);
}

static void
epoll_limit(void)
{
	beside_forks(wait_events);
}

static void
wait_signal(void)
{
	static const struct timespec limit = { 0, 300000000 };
	siginfo_t *info = (void *)prog_anon(1);
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGUSR1);
	REQUIRE(sigtimedwait(&set, info, &limit) == -1 && errno == EAGAIN);
	REQUIRE(munmap(info, PAGE) == 0);
}

static void
signal_limit(void)
{
	beside_forks(wait_signal);
}

static void
wait_socket(void)
{
	static const struct timeval limit = { 0, 300000 };
	char *buffer = prog_anon(16);
	int pair[2];

	REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	REQUIRE(setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &limit,
		    sizeof(limit)) == 0);
	REQUIRE(setsockopt(pair[0], SOL_SOCKET, SO_SNDTIMEO, &limit,
		    sizeof(limit)) == 0);
	REQUIRE(recv(pair[0], buffer, PAGE, 0) == -1 && errno == EAGAIN);
	while (send(pair[0], buffer, 16 * PAGE, MSG_DONTWAIT) > 0)
		;
	REQUIRE(errno == EAGAIN);
	REQUIRE(send(pair[0], buffer, 16 * PAGE, 0) == -1 && errno == EAGAIN);
	REQUIRE(close(pair[0]) == 0 && close(pair[1]) == 0);
	REQUIRE(munmap(buffer, 16 * PAGE) == 0);
}

static void
socket_limit(void)
{
	beside_forks(wait_socket);
}

static volatile sig_atomic_t alarms;

static void
on_alarm(int sig)
{
	(void)sig;
	alarms++;
}

/* A signal that comes while the call is held up ends it all the same. */
static void
wait_alarms(void)
{
	static const struct itimerval often = { { 0, 7000 }, { 0, 7000 } };
	static const struct itimerval never;
	struct epoll_event *events = (void *)prog_anon(1);
	int fd = epoll_create1(0), before;

	REQUIRE(setitimer(ITIMER_REAL, &often, NULL) == 0);
	for (int i = 1; i <= 50; i++) {
		before = alarms;
		REQUIRE(epoll_wait(fd, events, 8, 5000) == -1 &&
		    errno == EINTR && alarms > before);
	}
	REQUIRE(setitimer(ITIMER_REAL, &never, NULL) == 0);
	REQUIRE(munmap(events, PAGE) == 0 && close(fd) == 0);
}

static void
epoll_signal(void)
{
	REQUIRE(signal(SIGALRM, on_alarm) != SIG_ERR);
	alarms = 0;
	beside_forks(wait_alarms);
}

int
main(int argc, char **argv)
{
	static const struct prog_check checks[] = {
		{ "faults", faults },
		{ "bad-faults", bad_faults },
		{ "breakpoints", breakpoints },
		{ "divisions", divisions },
		{ "epoll-limit", epoll_limit },
		{ "signal-limit", signal_limit },
		{ "socket-limit", socket_limit },
		{ "epoll-signal", epoll_signal },
	};

	return (prog_main(argc, argv, checks, COUNT(checks)));
}
