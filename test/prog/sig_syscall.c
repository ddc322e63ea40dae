/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sig_syscall.c: signals that meet system calls.
 *
 * A blocked call is interrupted or restarted as the handler's flags say, with
 * its buffers where they were; waiting calls return what they must; timers
 * tick while memory faults; stopped processes stop and go on.
 */
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/time.h>

#include "prog.h"

static volatile sig_atomic_t ticks;
static char *tick_memory;

static void
tick(int signo)
{
	(void)signo;
	ticks++;
}

static void
handle(int signo, void (*handler)(int), int flags)
{
	struct sigaction act = { .sa_handler = handler, .sa_flags = flags };

	REQUIRE(sigaction(signo, &act, NULL) == 0);
}

static void
alarm_in(long usec, long every)
{
	struct itimerval timer = { { 0, every }, { 0, usec } };

	REQUIRE(setitimer(ITIMER_REAL, &timer, NULL) == 0);
}

static void
read_interrupted(void)
{
	int fds[2];
	char *buf = prog_anon(1);

	REQUIRE(pipe(fds) == 0);
	handle(SIGALRM, tick, 0);
	ticks = 0;
	alarm_in(20000, 20000);
	errno = 0;
	REQUIRE(read(fds[0], buf, PAGE) == -1 && errno == EINTR);
	alarm_in(0, 0);
	REQUIRE(ticks >= 1);
	REQUIRE(munmap(buf, PAGE) == 0);
	REQUIRE(close(fds[0]) == 0 && close(fds[1]) == 0);
}

/* The handler runs, the call goes on by itself and fills fresh memory. */
static void
read_restarted(void)
{
	int fds[2];
	char *buf = prog_anon(2);
	pid_t pid;

	REQUIRE(pipe(fds) == 0);
	handle(SIGALRM, tick, SA_RESTART);
	ticks = 0;
	pid = prog_fork();
	if (pid == 0) {
		prog_pause(100);
		REQUIRE(write(fds[1], "restarted", 9) == 9);
		_exit(0);
	}
	alarm_in(10000, 10000);
	REQUIRE(read(fds[0], buf + PAGE - 4, 100) == 9);
	alarm_in(0, 0);
	REQUIRE(memcmp(buf + PAGE - 4, "restarted", 9) == 0);
	REQUIRE(ticks >= 2);
	prog_join(pid);
	REQUIRE(munmap(buf, 2 * PAGE) == 0);
	REQUIRE(close(fds[0]) == 0 && close(fds[1]) == 0);
}

static void
sleep_interrupted(void)
{
	struct timespec *time = (struct timespec *)prog_anon(1);
	struct timespec want = { 10, 0 };

	handle(SIGALRM, tick, SA_RESTART);
	alarm_in(20000, 20000);
	REQUIRE(nanosleep(&want, time) == -1 && errno == EINTR);
	alarm_in(0, 0);
	REQUIRE(time->tv_sec >= 5 && time->tv_sec < 10);
	REQUIRE(munmap(time, PAGE) == 0);
}

/* A stop and a continue do not interrupt a sleep (restart_syscall). */
static void
sleep_stopped(void)
{
	struct timespec want = { 0, 100000000 }, left = { 0, 0 };
	pid_t pid = prog_fork();

	if (pid == 0) {
		REQUIRE(nanosleep(&want, &left) == 0);
		_exit(0);
	}
	prog_pause(20);
	REQUIRE(kill(pid, SIGSTOP) == 0);
	prog_pause(20);
	REQUIRE(kill(pid, SIGCONT) == 0);
	prog_join(pid);
}

static void
poll_interrupted(void)
{
	struct pollfd *pfd = (struct pollfd *)prog_anon(1);
	int fds[2];

	REQUIRE(pipe(fds) == 0);
	pfd->fd = fds[0];
	pfd->events = POLLIN;
	handle(SIGALRM, tick, SA_RESTART);
	alarm_in(20000, 20000);
	REQUIRE(poll(pfd, 1, 20000) == -1 && errno == EINTR);
	alarm_in(0, 0);
	REQUIRE(write(fds[1], "x", 1) == 1);
	REQUIRE(poll(pfd, 1, 5000) == 1);
	REQUIRE(pfd->revents == POLLIN);
	REQUIRE(munmap(pfd, PAGE) == 0);
	REQUIRE(close(fds[0]) == 0 && close(fds[1]) == 0);
}

static void
suspended(void)
{
	sigset_t block, *wait = (sigset_t *)prog_anon(1);

	handle(SIGALRM, tick, 0);
	sigemptyset(&block);
	sigaddset(&block, SIGALRM);
	REQUIRE(sigprocmask(SIG_BLOCK, &block, NULL) == 0);
	ticks = 0;
	alarm_in(1000, 0);
	sigemptyset(wait);
	REQUIRE(sigsuspend(wait) == -1 && errno == EINTR);
	REQUIRE(ticks == 1);
	REQUIRE(sigprocmask(SIG_UNBLOCK, &block, NULL) == 0);
	REQUIRE(munmap(wait, PAGE) == 0);
}

static void
waited(void)
{
	sigset_t block;
	siginfo_t *info = (siginfo_t *)prog_anon(1);
	struct signalfd_siginfo *record = (struct signalfd_siginfo *)prog_anon(
	    1);
	struct timespec soon = { 0, 1000000 };
	int fd;

	sigemptyset(&block);
	sigaddset(&block, SIGALRM);
	REQUIRE(sigprocmask(SIG_BLOCK, &block, NULL) == 0);
	REQUIRE(sigtimedwait(&block, info, &soon) == -1 && errno == EAGAIN);
	alarm_in(1000, 0);
	REQUIRE(sigwaitinfo(&block, info) == SIGALRM);
	REQUIRE(info->si_signo == SIGALRM);
	fd = signalfd(-1, &block, 0);
	REQUIRE(fd >= 0);
	alarm_in(1000, 0);
	REQUIRE(read(fd, record, sizeof(*record)) == sizeof(*record));
	REQUIRE(record->ssi_signo == SIGALRM);
	REQUIRE(sigprocmask(SIG_UNBLOCK, &block, NULL) == 0);
	REQUIRE(close(fd) == 0);
	REQUIRE(munmap(info, PAGE) == 0);
	REQUIRE(munmap(record, PAGE) == 0);
}

/* Ticks that touch fresh memory while the program does the same. */
static void
tick_and_touch(int signo)
{
	size_t i = (size_t)ticks % 512;

	(void)signo;
	if (i == 0 && ticks > 0)
		REQUIRE(madvise(tick_memory, 512 * PAGE, MADV_DONTNEED) == 0);
	prog_fill(tick_memory + i * PAGE, 64, (unsigned)i);
	ticks++;
}

static void
storm(void)
{
	size_t rounds = 0;

	tick_memory = prog_anon(512);
	handle(SIGALRM, tick_and_touch, SA_RESTART);
	ticks = 0;
	alarm_in(300, 300);
	while (ticks < 300) {
		char *p = prog_anon(16);

		prog_fill(p, 16 * PAGE, (unsigned)rounds);
		REQUIRE(prog_same(p, 16 * PAGE, (unsigned)rounds));
		REQUIRE(munmap(p, 16 * PAGE) == 0);
		rounds++;
	}
	alarm_in(0, 0);
	for (size_t i = 0; i < 300; i++)
		REQUIRE(prog_same(tick_memory + i * PAGE, 64, (unsigned)i));
	REQUIRE(munmap(tick_memory, 512 * PAGE) == 0);
}

/* The same with forks in between: a tick during fork must not be lost or
   run twice. */
static void
storm_of_forks(void)
{
	int before;

	handle(SIGALRM, tick, SA_RESTART);
	ticks = 0;
	alarm_in(500, 500);
	for (int i = 0; i < 30; i++) {
		pid_t pid = prog_fork();

		if (pid == 0) {
			char *p = prog_anon(8);

			prog_fill(p, 8 * PAGE, 1);
			_exit(!prog_same(p, 8 * PAGE, 1));
		}
		prog_join(pid);
	}
	before = ticks;
	while (ticks < before + 2)
		prog_pause(1);
	alarm_in(0, 0);
}

static void
child_signals(void)
{
	siginfo_t info;
	sigset_t block;
	pid_t pid;

	sigemptyset(&block);
	sigaddset(&block, SIGCHLD);
	REQUIRE(sigprocmask(SIG_BLOCK, &block, NULL) == 0);
	pid = prog_fork();
	if (pid == 0)
		_exit(7);
	REQUIRE(sigwaitinfo(&block, &info) == SIGCHLD);
	REQUIRE(info.si_pid == pid);
	REQUIRE(info.si_code == CLD_EXITED && info.si_status == 7);
	REQUIRE(WEXITSTATUS(prog_wait(pid)) == 7);
	pid = prog_fork();
	if (pid == 0)
		raise(SIGKILL);
	REQUIRE(sigwaitinfo(&block, &info) == SIGCHLD);
	REQUIRE(info.si_code == CLD_KILLED && info.si_status == SIGKILL);
	REQUIRE(WTERMSIG(prog_wait(pid)) == SIGKILL);
	REQUIRE(sigprocmask(SIG_UNBLOCK, &block, NULL) == 0);
}

/* A child that stops itself is seen stopped, continued, and ended.  It waits
   for a word after each continue, which would else be lost in the next stop. */
static void
stopping_child(char *p, int word)
{
	handle(SIGCONT, tick, 0);
	ticks = 0;
	for (int i = 0; i < 2; i++) {
		raise(SIGSTOP);
		prog_hear(word);
		REQUIRE(prog_same(p, 4 * PAGE, 9));
	}
	REQUIRE(ticks == 2);
	prog_fill(p, 4 * PAGE, 8);
	_exit(3);
}

static void
job_control(void)
{
	char *p = prog_anon(4);
	int status, word[2];
	pid_t pid;

	REQUIRE(pipe(word) == 0);
	prog_fill(p, 4 * PAGE, 9);
	pid = prog_fork();
	if (pid == 0)
		stopping_child(p, word[0]);
	for (unsigned i = 0; i < 2; i++) {
		REQUIRE(waitpid(pid, &status, WUNTRACED) == pid);
		REQUIRE(WIFSTOPPED(status));
		REQUIRE(WSTOPSIG(status) == SIGSTOP);
		prog_fill(p, 2 * PAGE, i);
		REQUIRE(waitpid(pid, &status, WNOHANG) == 0);
		REQUIRE(kill(pid, SIGCONT) == 0);
		REQUIRE(waitpid(pid, &status, WCONTINUED) == pid);
		REQUIRE(WIFCONTINUED(status));
		prog_tell(word[1]);
	}
	REQUIRE(waitpid(pid, &status, 0) == pid);
	REQUIRE(WIFEXITED(status) && WEXITSTATUS(status) == 3);
	REQUIRE(munmap(p, 4 * PAGE) == 0);
	REQUIRE(close(word[0]) == 0 && close(word[1]) == 0);
}

/* A stopped child killed. */
static void
stopped_and_killed(void)
{
	int status;
	pid_t pid = prog_fork();

	if (pid == 0) {
		for (;;)
			raise(SIGSTOP);
	}
	REQUIRE(waitpid(pid, &status, WUNTRACED) == pid);
	REQUIRE(kill(pid, SIGKILL) == 0);
	REQUIRE(waitpid(pid, &status, 0) == pid);
	REQUIRE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* Killed in the middle of faults, calls and sleeps. */
static void
killed_at_work(void)
{
	for (long i = 0; i < 20; i++) {
		pid_t pid = prog_fork();

		while (pid == 0) {
			char *p = prog_anon(64);

			prog_fill(p, 64 * PAGE, 1);
			REQUIRE(munmap(p, 64 * PAGE) == 0);
		}
		prog_pause(i % 5);
		REQUIRE(kill(pid, SIGKILL) == 0);
		REQUIRE(WTERMSIG(prog_wait(pid)) == SIGKILL);
	}
}

int
main(int argc, char **argv)
{
	static const struct prog_check checks[] = {
		{ "read-interrupted", read_interrupted },
		{ "read-restarted", read_restarted },
		{ "sleep-interrupted", sleep_interrupted },
		{ "sleep-stopped", sleep_stopped },
		{ "poll-interrupted", poll_interrupted },
		{ "suspended", suspended },
		{ "waited", waited },
		{ "storm", storm },
		{ "storm-of-forks", storm_of_forks },
		{ "child-signals", child_signals },
		{ "job-control", job_control },
		{ "stopped-and-killed", stopped_and_killed },
		{ "killed-at-work", killed_at_work },
	};

	return (prog_main(argc, argv, checks, COUNT(checks)));
}
