/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * deaths.c: processes that end, stop and become others in the middle of
 * everything.
 *
 * Whoever watches a program has to expect that any part of it dies or stops
 * at any moment: a thread that is just being looked at is killed by another
 * one's exec, a process is stopped by job control halfway through a fault, its
 * first thread is gone long before the last.  None of that may be noticed by
 * those that live on.
 *
 * The program runs itself again as `deaths @WORD` and reports by its exit
 * status.
 */
#include <sched.h>
#include <sys/syscall.h>

#include "prog.h"

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

#define SELF       "/proc/thread-self/exe"
#define STACK_SIZE ((size_t)16 * PAGE)

static _Atomic bool stop;
static _Atomic int busy;

/* --- Work that never ends by itself. --- */

static void
fault_once(size_t npages, unsigned seed)
{
	char *p = prog_anon(npages);

	prog_fill(p, npages * PAGE, seed);
	REQUIRE(prog_same(p, npages * PAGE, seed));
	REQUIRE(munmap(p, npages * PAGE) == 0);
}

static void *
in_faults(void *arg)
{
	atomic_fetch_add(&busy, 1);
	while (!atomic_load(&stop))
		fault_once(4, 1);
	return (arg);
}

static void *
in_forks(void *arg)
{
	atomic_fetch_add(&busy, 1);
	while (!atomic_load(&stop)) {
		pid_t pid = prog_fork();

		if (pid == 0)
			_exit(0);
		prog_join(pid);
	}
	return (arg);
}

static void *
in_vforks(void *arg)
{
	atomic_fetch_add(&busy, 1);
	while (!atomic_load(&stop)) {
		pid_t pid = vfork();

		if (pid == 0)
			_exit(0);
		REQUIRE(pid > 0);
		prog_join(pid);
	}
	return (arg);
}

static void *
in_threads(void *arg)
{
	atomic_fetch_add(&busy, 1);
	while (!atomic_load(&stop)) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, in_faults, NULL) != 0)
			continue;
		(void)pthread_detach(thread);
		prog_pause(1);
	}
	return (arg);
}

/* Copy-on-write faults and calls with buffers: ever new children share. */
static void *
in_copies(void *arg)
{
	char *p = prog_anon(16);

	atomic_fetch_add(&busy, 1);
	for (unsigned i = 0; !atomic_load(&stop); i++) {
		int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);

		prog_fill(p, 16 * PAGE, i);
		REQUIRE(fd >= 0 && read(fd, p, PAGE) == (ssize_t)PAGE);
		REQUIRE(prog_zero(p, PAGE));
		REQUIRE(close(fd) == 0);
	}
	return (arg);
}

static void *(*const works[])(
    void *) = { in_faults, in_forks, in_vforks, in_copies, in_threads };

static void
start_work(size_t which)
{
	atomic_store(&stop, false);
	atomic_store(&busy, 0);
	(void)prog_thread(works[which], NULL);
	while (atomic_load(&busy) == 0)
		prog_pause(1);
}

/* --- Images run again. --- */

/* Memory works, and all that the old program has left behind ends. */
static int
image_after(void)
{
	fault_once(64, 2);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		continue;
	REQUIRE(errno == ECHILD);
	for (int i = 0; i < 3; i++) {
		pid_t pid = vfork();

		REQUIRE(pid >= 0);
		if (pid == 0)
			_exit(0);
		prog_join(pid);
	}
	return (0);
}

/* --- Exec while the first thread is at work. --- */

static void *
execs_soon(void *arg)
{
	prog_pause((long)(uintptr_t)arg % 5);
	execl(SELF, "deaths", "@after", (char *)NULL);
	_exit(1);
}

static void
exec_beside(size_t which)
{
	for (uintptr_t i = 0; i < 10; i++) {
		pid_t pid = prog_fork();

		if (pid == 0) {
			start_work((which + i) % COUNT(works));
			(void)prog_thread(execs_soon, (void *)i);
			(void)works[which](NULL);
			_exit(1);
		}
		prog_join(pid);
	}
}

static void
exec_beside_faults(void)
{
	exec_beside(0);
}

static void
exec_beside_forks(void)
{
	exec_beside(1);
}

static void
exec_beside_vforks(void)
{
	exec_beside(2);
}

static void
exec_beside_copies(void)
{
	exec_beside(3);
}

/* The first thread waits in vfork when it is gone; its child lives on. */
static _Noreturn void
vfork_beside_exec(bool execs)
{
	pid_t child;

	(void)prog_thread(execs_soon, (void *)1);
	child = vfork();
	if (child == 0) {
		prog_pause(30);
		if (execs)
			execl("/bin/true", "true", (char *)NULL);
		_exit(0);
	}
	_exit(1);
}

static void
exec_over_vfork(void)
{
	for (int i = 0; i < 6; i++) {
		pid_t pid = prog_fork();

		if (pid == 0)
			vfork_beside_exec(i % 2 == 0);
		prog_join(pid);
	}
}

/* --- Exit and kill while threads are at work. --- */

static void
exit_beside(void)
{
	for (size_t i = 0; i < 4 * COUNT(works); i++) {
		pid_t pid = prog_fork();

		if (pid == 0) {
			start_work(i % COUNT(works));
			start_work((i + 1) % COUNT(works));
			prog_pause((long)i % 4);
			_exit(0);
		}
		prog_join(pid);
	}
}

/* All that was started holds the pipe: its end is the end of all of them. */
static void
wait_for_end(int fds[2])
{
	char c;

	REQUIRE(close(fds[1]) == 0);
	REQUIRE(read(fds[0], &c, 1) == 0);
	REQUIRE(close(fds[0]) == 0);
}

static void
killed_beside(void)
{
	for (size_t i = 0; i < 4 * COUNT(works); i++) {
		int fds[2], status;
		pid_t pid;

		REQUIRE(pipe(fds) == 0);
		pid = prog_fork();
		if (pid == 0) {
			start_work(i % COUNT(works));
			(void)works[(i + 1) % COUNT(works)](NULL);
			_exit(1);
		}
		prog_pause((long)i % 7);
		REQUIRE(kill(pid, SIGKILL) == 0);
		status = prog_wait(pid);
		REQUIRE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		wait_for_end(fds);
	}
}

/* The same just about when it becomes another program. */
static void
killed_in_exec(void)
{
	for (long i = 0; i < 20; i++) {
		pid_t pid = prog_fork();
		int status;

		if (pid == 0) {
			execl("/bin/sleep", "sleep", "100", (char *)NULL);
			_exit(1);
		}
		for (long j = 0; j < i * 5000; j++)
			__asm__ volatile("");
		REQUIRE(kill(pid, SIGKILL) == 0);
		status = prog_wait(pid);
		REQUIRE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	}
}

/* --- Threads come and go while others fork. --- */

static void *
ends(void *arg)
{
	char *p = arg;

	p[0]++;
	return (arg);
}

static void
threads_end_beside_forks(void)
{
	char *p = prog_anon(1);
	pthread_t forker;

	atomic_store(&stop, false);
	forker = prog_thread(in_forks, NULL);
	for (int i = 0; i < 100; i++)
		REQUIRE(pthread_join(prog_thread(ends, p), NULL) == 0);
	atomic_store(&stop, true);
	REQUIRE(pthread_join(forker, NULL) == 0);
	REQUIRE(p[0] == 100);
	REQUIRE(munmap(p, PAGE) == 0);
}

/* The first thread has ended, and much remains to be done. */
static void *
lives_on(void *arg)
{
	int fd = prog_file(4, 1);
	char *p;

	prog_pause(10);
	p = prog_map_file(fd, 4, RW, MAP_SHARED);
	REQUIRE(prog_same(p + PAGE, PAGE, 2));
	prog_fill(p, PAGE, 9);
	REQUIRE(munmap(p, 4 * PAGE) == 0);
	REQUIRE(close(fd) == 0);
	for (int i = 0; i < 5; i++) {
		pid_t pid = prog_fork();

		if (pid == 0)
			_exit(0);
		prog_join(pid);
		REQUIRE(pthread_join(prog_thread(ends, arg), NULL) == 0);
		fault_once(16, 3);
	}
	exit(0);
}

static void
first_thread_gone(void)
{
	char *p = prog_anon(1);
	pid_t pid = prog_fork();

	if (pid == 0) {
		(void)prog_thread(lives_on, p);
		pthread_exit(NULL);
	}
	prog_join(pid);
	REQUIRE(munmap(p, PAGE) == 0);
}

/* --- Job control. --- */

static void
expect_stop(pid_t pid)
{
	int status;

	REQUIRE(kill(pid, SIGSTOP) == 0);
	REQUIRE(waitpid(pid, &status, WUNTRACED) == pid);
	REQUIRE(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
}

static void
expect_go(pid_t pid)
{
	int status;

	REQUIRE(kill(pid, SIGCONT) == 0);
	REQUIRE(waitpid(pid, &status, WCONTINUED) == pid);
	REQUIRE(WIFCONTINUED(status));
}

static void
stopped_at(size_t which)
{
	int *done = prog_map(PAGE, RW, SHARED);
	pid_t pid = prog_fork();

	if (pid == 0) {
		start_work(which);
		start_work(0);
		while (*(volatile int *)done == 0)
			fault_once(8, 4);
		_exit(0);
	}
	for (long i = 0; i < 20; i++) {
		expect_stop(pid);
		fault_once(4, 5);
		expect_go(pid);
		if (i % 3 == 0)
			prog_pause(i % 5);
	}
	*done = 1;
	prog_join(pid);
	REQUIRE(munmap(done, PAGE) == 0);
}

static void
stopped_in_faults(void)
{
	stopped_at(0);
}

static void
stopped_in_forks(void)
{
	stopped_at(1);
}

static void
stopped_in_copies(void)
{
	stopped_at(3);
}

static void
stopped_in_threads(void)
{
	stopped_at(4);
}

/* A stopped process takes no part, whatever a thread was born into. */
static void
stays_stopped(void)
{
	_Atomic int *turns = prog_map(PAGE, RW, SHARED);
	pid_t pid = prog_fork();

	if (pid == 0) {
		start_work(4);
		for (;;) {
			atomic_fetch_add(turns, 1);
			fault_once(1, 6);
		}
	}
	for (int i = 0; i < 10; i++) {
		int before;

		prog_pause(i % 3);
		expect_stop(pid);
		before = atomic_load(turns);
		prog_pause(5);
		REQUIRE(atomic_load(turns) == before);
		expect_go(pid);
	}
	REQUIRE(kill(pid, SIGKILL) == 0);
	REQUIRE(WIFSIGNALED(prog_wait(pid)));
	REQUIRE(munmap((void *)(uintptr_t)turns, PAGE) == 0);
}

/* Two processes with one memory: one is stopped, the other is not. */
static int
share_faults(void *arg)
{
	(void)arg;
	(void)in_faults(NULL);
	return (0);
}

static void
stopped_sharer(void)
{
	char *stack = prog_anon(STACK_SIZE / PAGE);
	pid_t pid;

	atomic_store(&stop, false);
	pid = clone(share_faults, stack + STACK_SIZE, CLONE_VM | SIGCHLD, NULL);
	REQUIRE(pid > 0);
	for (int i = 0; i < 30; i++) {
		expect_stop(pid);
		for (int j = 0; j < 10; j++)
			fault_once(2, 7);
		expect_go(pid);
	}
	atomic_store(&stop, true);
	prog_join(pid);
	REQUIRE(munmap(stack, STACK_SIZE) == 0);
}

/* The one who would let it go on is its own child. */
static void
continued_by_child(void)
{
	for (int i = 0; i < 10; i++) {
		pid_t pid = prog_fork(), child;

		if (pid == 0) {
			pid_t self = getpid();

			child = prog_fork();
			if (child == 0) {
				prog_pause(5);
				REQUIRE(kill(self, SIGCONT) == 0);
				_exit(0);
			}
			REQUIRE(raise(SIGSTOP) == 0);
			prog_join(child);
			_exit(0);
		}
		prog_join(pid);
	}
}

/* --- Signals sent to threads that fault. --- */

static _Atomic int caught;

static void
count(int signo)
{
	(void)signo;
	atomic_fetch_add(&caught, 1);
}

static void
signalled(int signo)
{
	struct sigaction act = { .sa_handler = count, .sa_flags = SA_RESTART };
	pthread_t thread;

	atomic_store(&caught, 0);
	atomic_store(&stop, false);
	REQUIRE(sigaction(signo, &act, NULL) == 0);
	thread = prog_thread(in_copies, NULL);
	for (int i = 1; i <= 100; i++) {
		REQUIRE(pthread_kill(thread, signo) == 0);
		while (atomic_load(&caught) < i)
			prog_pause(0);
	}
	atomic_store(&stop, true);
	REQUIRE(pthread_join(thread, NULL) == 0);
	REQUIRE(signal(signo, SIG_DFL) == count);
}

static void
sent_user(void)
{
	signalled(SIGUSR1);
}

/* The signal that a debugger's breakpoints come with. */
static void
sent_trap(void)
{
	signalled(SIGTRAP);
}

static void
sent_segv(void)
{
	signalled(SIGSEGV);
}

int
main(int argc, char **argv)
{
	static const struct prog_check checks[] = {
		{ "exec-beside-faults", exec_beside_faults },
		{ "exec-beside-forks", exec_beside_forks },
		{ "exec-beside-vforks", exec_beside_vforks },
		{ "exec-beside-copies", exec_beside_copies },
		{ "exec-over-vfork", exec_over_vfork },
		{ "exit-beside", exit_beside },
		{ "killed-beside", killed_beside },
		{ "killed-in-exec", killed_in_exec },
		{ "threads-end-beside-forks", threads_end_beside_forks },
		{ "first-thread-gone", first_thread_gone },
		{ "stopped-in-faults", stopped_in_faults },
		{ "stopped-in-forks", stopped_in_forks },
		{ "stopped-in-copies", stopped_in_copies },
		{ "stopped-in-threads", stopped_in_threads },
		{ "stays-stopped", stays_stopped },
		{ "stopped-sharer", stopped_sharer },
		{ "continued-by-child", continued_by_child },
		{ "sent-user", sent_user },
		{ "sent-trap", sent_trap },
		{ "sent-segv", sent_segv },
	};

	if (argc > 1 && strcmp(argv[1], "@after") == 0) {
		prog_current = argv[1];
		return (image_after());
	}
	return (prog_main(argc, argv, checks, COUNT(checks)));
}
