/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vfork.c: processes that share one address space.
 *
 *	parent (waits)  ---.
 *	                    >  one map  -> until the child execs or exits
 *	vfork child     ---'
 *
 * What the child writes, maps and unmaps is there for the parent afterwards.
 * The same holds for clone(CLONE_VM) without the wait, and for posix_spawn,
 * which is built on it.
 */
#include <sched.h>
#include <spawn.h>
#include <sys/syscall.h>

#include "prog.h"

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

extern char **environ;

#define STACK_PAGES ((size_t)16)

static char *volatile left_behind;
static volatile int note;

/* Not a function: the child must not return from where vfork() was called. */
#define VFORK(pid)                   \
	do {                         \
		(pid) = vfork();     \
		REQUIRE((pid) >= 0); \
	} while (0)

static void
execs(void)
{
	char *memory = prog_anon(64);

	prog_fill(memory, 64 * PAGE, 1);
	for (int i = 0; i < 20; i++) {
		pid_t pid;
		int status;

		VFORK(pid);
		if (pid == 0) {
			execl("/bin/true", "true", (char *)NULL);
			_exit(127);
		}
		memory[0]++;
		status = prog_wait(pid);
		REQUIRE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	memory[0] = (char)prog_byte(1, 0);
	REQUIRE(prog_same(memory, 64 * PAGE, 1));
	REQUIRE(munmap(memory, 64 * PAGE) == 0);
}

static void
exec_fails(void)
{
	pid_t pid;
	int status;

	VFORK(pid);
	if (pid == 0) {
		execl("/no/such/program", "none", (char *)NULL);
		note = errno;
		_exit(127);
	}
	status = prog_wait(pid);
	REQUIRE(WIFEXITED(status) && WEXITSTATUS(status) == 127);
	REQUIRE(note == ENOENT);
}

/* The child writes into pages of every state. */
static void
child_writes(void)
{
	int fd = prog_file(4, 5);
	char *file = prog_map_file(fd, 4, RW, MAP_PRIVATE);
	char *fresh = prog_anon(16), *shared = prog_map(PAGE, RW, SHARED);
	pid_t pid;

	note = 0;
	VFORK(pid);
	if (pid == 0) {
		note = 4711;
		prog_fill(fresh, 16 * PAGE, 2);
		prog_fill(shared, PAGE, 3);
		file[PAGE] = 'x';
		_exit(9);
	}
	REQUIRE(WEXITSTATUS(prog_wait(pid)) == 9);
	REQUIRE(note == 4711);
	REQUIRE(prog_same(fresh, 16 * PAGE, 2));
	REQUIRE(prog_same(shared, PAGE, 3));
	REQUIRE(file[PAGE] == 'x');
	REQUIRE(prog_same(file + 2 * PAGE, PAGE, 7));
	REQUIRE(munmap(file, 4 * PAGE) == 0);
	REQUIRE(munmap(fresh, 16 * PAGE) == 0);
	REQUIRE(munmap(shared, PAGE) == 0);
	REQUIRE(close(fd) == 0);
}

/* Pages already shared copy-on-write with a true child. */
static void
child_writes_forked(void)
{
	char *p = prog_anon(8);
	int go[2];
	pid_t forked, pid;

	prog_fill(p, 8 * PAGE, 4);
	REQUIRE(pipe(go) == 0);
	forked = prog_fork();
	if (forked == 0) {
		prog_hear(go[0]);
		REQUIRE(prog_same(p, 8 * PAGE, 4));
		_exit(0);
	}
	VFORK(pid);
	if (pid == 0) {
		prog_fill(p, 8 * PAGE, 5);
		_exit(0);
	}
	prog_join(pid);
	REQUIRE(prog_same(p, 8 * PAGE, 5));
	prog_tell(go[1]);
	prog_join(forked);
	REQUIRE(munmap(p, 8 * PAGE) == 0);
	REQUIRE(close(go[0]) == 0 && close(go[1]) == 0);
}

static void
child_maps(void)
{
	char *old = prog_anon(4);
	pid_t pid;

	prog_fill(old, 4 * PAGE, 6);
	VFORK(pid);
	if (pid == 0) {
		left_behind = mmap(NULL, 4 * PAGE, RW, PRIVATE, -1, 0);
		if (left_behind == MAP_FAILED || munmap(old, PAGE) != 0 ||
		    mprotect(old + PAGE, PAGE, PROT_READ) != 0)
			_exit(1);
		prog_fill(left_behind, 4 * PAGE, 7);
		_exit(0);
	}
	prog_join(pid);
	REQUIRE(prog_same(left_behind, 4 * PAGE, 7));
	REQUIRE(UNMAPPED(old));
	REQUIRE(NO_WRITE(old + PAGE));
	REQUIRE(munmap(left_behind, 4 * PAGE) == 0);
	REQUIRE(munmap(old, 4 * PAGE) == 0);
}

static void
child_killed(void)
{
	char *p = prog_anon(2);
	pid_t pid;
	int status;

	VFORK(pid);
	if (pid == 0) {
		p[0] = 8;
		kill(getpid(), SIGKILL);
	}
	status = prog_wait(pid);
	REQUIRE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	REQUIRE(p[0] == 8);
	p[PAGE] = 9;
	REQUIRE(munmap(p, 2 * PAGE) == 0);
}

static void
child_faults(void)
{
	pid_t pid;
	int status;

	VFORK(pid);
	if (pid == 0) {
		*(volatile char *)(uintptr_t)note = 1;
		_exit(0);
	}
	status = prog_wait(pid);
	REQUIRE(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

/* The other threads of the parent go on while the child has the map. */
static _Atomic bool stop;

static void *
keep_faulting(void *arg)
{
	while (!atomic_load(&stop)) {
		char *p = prog_anon(16);

		prog_fill(p, 16 * PAGE, 1);
		REQUIRE(prog_same(p, 16 * PAGE, 1));
		REQUIRE(munmap(p, 16 * PAGE) == 0);
	}
	return (arg);
}

static void
beside_threads(void)
{
	pthread_t threads[3];
	char *p = prog_anon(16);

	atomic_store(&stop, false);
	for (size_t i = 0; i < COUNT(threads); i++)
		threads[i] = prog_thread(keep_faulting, NULL);
	for (unsigned i = 0; i < 30; i++) {
		pid_t pid;

		VFORK(pid);
		if (pid == 0) {
			prog_fill(p, 16 * PAGE, i);
			if (i % 2 == 0)
				execl("/bin/true", "true", (char *)NULL);
			_exit(0);
		}
		prog_join(pid);
		REQUIRE(prog_same(p, 16 * PAGE, i));
	}
	atomic_store(&stop, true);
	for (size_t i = 0; i < COUNT(threads); i++)
		REQUIRE(pthread_join(threads[i], NULL) == 0);
	REQUIRE(munmap(p, 16 * PAGE) == 0);
}

/* A process, not a thread, that shares memory and runs at the same time. */
static int
share_and_exit(void *arg)
{
	char *p = arg;

	for (int i = 0; i < 1000; i++)
		__atomic_add_fetch(&note, 1, __ATOMIC_SEQ_CST);
	prog_fill(p, 8 * PAGE, 10);
	left_behind = mmap(NULL, PAGE, RW, PRIVATE, -1, 0);
	left_behind[0] = 11;
	return (6);
}

static void
clone_vm(void)
{
	char *stack = prog_anon(STACK_PAGES), *p = prog_anon(16);
	pid_t pid;

	note = 0;
	pid = clone(share_and_exit, stack + STACK_PAGES * PAGE,
	    CLONE_VM | SIGCHLD, p);
	REQUIRE(pid > 0);
	for (int i = 0; i < 1000; i++)
		__atomic_add_fetch(&note, 1, __ATOMIC_SEQ_CST);
	prog_fill(p + 8 * PAGE, 8 * PAGE, 12);
	REQUIRE(WEXITSTATUS(prog_wait(pid)) == 6);
	REQUIRE(note == 2000);
	REQUIRE(prog_same(p, 8 * PAGE, 10));
	REQUIRE(prog_same(p + 8 * PAGE, 8 * PAGE, 12));
	REQUIRE(left_behind[0] == 11);
	REQUIRE(munmap(left_behind, PAGE) == 0);
	REQUIRE(munmap(stack, STACK_PAGES * PAGE) == 0);
	REQUIRE(munmap(p, 16 * PAGE) == 0);
}

/* The sharing child execs; the parent's memory stays. */
static int
exec_true(void *arg)
{
	prog_fill(arg, PAGE, 13);
	execl("/bin/true", "true", (char *)NULL);
	return (1);
}

static void
clone_vm_exec(void)
{
	char *stack = prog_anon(STACK_PAGES), *p = prog_anon(1);

	for (int i = 0; i < 10; i++) {
		int flags = i % 2 == 0 ? CLONE_VFORK : 0;
		pid_t pid = clone(exec_true, stack + STACK_PAGES * PAGE,
		    CLONE_VM | flags | SIGCHLD, p);

		REQUIRE(pid > 0);
		prog_join(pid);
		REQUIRE(prog_same(p, PAGE, 13));
		memset(p, 0, PAGE);
	}
	REQUIRE(munmap(stack, STACK_PAGES * PAGE) == 0);
	REQUIRE(munmap(p, PAGE) == 0);
}

/* A fork in the sharing child is a true fork. */
static int
fork_inside(void *arg)
{
	char *p = arg;
	pid_t pid = fork();

	if (pid == 0) {
		p[0] = 15;
		_exit(p[0] == 15 ? 0 : 1);
	}
	p[1] = 16;
	prog_join(pid);
	return (0);
}

static void
clone_vm_fork(void)
{
	char *stack = prog_anon(STACK_PAGES), *p = prog_anon(1);
	pid_t pid;

	p[0] = 14;
	pid = clone(fork_inside, stack + STACK_PAGES * PAGE, CLONE_VM | SIGCHLD,
	    p);
	REQUIRE(pid > 0);
	prog_join(pid);
	REQUIRE(p[0] == 14 && p[1] == 16);
	REQUIRE(munmap(stack, STACK_PAGES * PAGE) == 0);
	REQUIRE(munmap(p, PAGE) == 0);
}

static void
spawn(void)
{
	char *argv[] = { (char *)(uintptr_t) "sh", (char *)(uintptr_t) "-c",
		(char *)(uintptr_t) "read a; echo \"got $a\"", NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int in[2], out[2];
	char *reply = prog_anon(1);
	pid_t pid;

	REQUIRE(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0);
	REQUIRE(posix_spawn_file_actions_init(&actions) == 0);
	REQUIRE(posix_spawn_file_actions_adddup2(&actions, in[0], 0) == 0);
	REQUIRE(posix_spawn_file_actions_adddup2(&actions, out[1], 1) == 0);
	REQUIRE(posix_spawnattr_init(&attr) == 0);
	REQUIRE(posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP) == 0);
	REQUIRE(
	    posix_spawn(&pid, "/bin/sh", &actions, &attr, argv, environ) == 0);
	REQUIRE(write(in[1], "word\n", 5) == 5);
	REQUIRE(read(out[0], reply, PAGE) == 9);
	REQUIRE(memcmp(reply, "got word\n", 9) == 0);
	prog_join(pid);
	REQUIRE(posix_spawn_file_actions_destroy(&actions) == 0);
	REQUIRE(posix_spawnattr_destroy(&attr) == 0);
	REQUIRE(munmap(reply, PAGE) == 0);
	for (int i = 0; i < 2; i++)
		REQUIRE(close(in[i]) == 0 && close(out[i]) == 0);
}

static void
spawn_fails(void)
{
	char *argv[] = { (char *)(uintptr_t) "none", NULL };
	pid_t pid;

	REQUIRE(posix_spawn(&pid, "/no/such/program", NULL, NULL, argv,
		    environ) == ENOENT);
	REQUIRE(posix_spawnp(&pid, "true", NULL, NULL, argv, environ) == 0);
	prog_join(pid);
	REQUIRE(system("exit 4") == 4 << 8);
}

int
main(int argc, char **argv)
{
	static const struct prog_check checks[] = {
		{ "execs", execs },
		{ "exec-fails", exec_fails },
		{ "child-writes", child_writes },
		{ "child-writes-forked", child_writes_forked },
		{ "child-maps", child_maps },
		{ "child-killed", child_killed },
		{ "child-faults", child_faults },
		{ "beside-threads", beside_threads },
		{ "clone-vm", clone_vm },
		{ "clone-vm-exec", clone_vm_exec },
		{ "clone-vm-fork", clone_vm_fork },
		{ "spawn", spawn },
		{ "spawn-fails", spawn_fails },
	};

	note = 0;
	return (prog_main(argc, argv, checks, COUNT(checks)));
}
