/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * thread_exit.c: what the kernel writes when a thread begins and ends.
 *
 * At its end a thread's clear_child_tid word is set to 0 and a waiter on it is
 * woken, and the locks on its robust list are marked; at its beginning its id
 * may be written for parent and child.  All of these words lie here in pages
 * never touched, copy-on-write, read-only or gone.  Threads are made by bare
 * clone(), so that the C library touches nothing.
 */
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>

#include "prog.h"

#define THREAD                                                              \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | \
	    CLONE_SYSVSEM)
#define STACK_PAGES ((size_t)16)

/* A thread by bare clone: it has no thread-local storage of its own, so it
   uses system calls only. */
struct bare {
	int flags;
	int (*work)(void *);
	void *arg;
	pid_t *parent_tid;
	pid_t *child_tid;
	char *stack;
	pid_t tid;
};

static int
nothing(void *arg)
{
	(void)arg;
	return (0);
}

static void
bare_start(struct bare *bare)
{
	bare->stack = prog_anon(STACK_PAGES);
	bare->tid = clone(bare->work, bare->stack + STACK_PAGES * PAGE,
	    THREAD | bare->flags, bare->arg, bare->parent_tid, NULL,
	    bare->child_tid);
	REQUIRE(bare->tid > 0);
}

/* Gone when no thread of this process has that id. */
static void
bare_join(struct bare *bare)
{
	for (int i = 0; syscall(SYS_tgkill, getpid(), bare->tid, 0) == 0; i++) {
		REQUIRE(i < 10000);
		prog_pause(1);
	}
	REQUIRE(errno == ESRCH);
	REQUIRE(munmap(bare->stack, STACK_PAGES * PAGE) == 0);
}

/* A page of a private file mapping, never touched, full of bytes not 0. */
static char *
untouched_page(void)
{
	int fd = prog_file(1, 7);
	char *p = prog_map_file(fd, 1, RW, MAP_PRIVATE);

	REQUIRE(close(fd) == 0);
	return (p);
}

static bool
is_pattern_but(const char *p, size_t at, uint32_t want)
{
	uint32_t word;

	memcpy(&word, p + at, sizeof(word));
	if (word != want)
		return (false);
	for (size_t i = 0; i < PAGE; i++)
		if ((i < at || i >= at + 4) &&
		    (unsigned char)p[i] != prog_byte(7, i))
			return (false);
	return (true);
}

static void
clear_untouched(void)
{
	for (size_t at = 0; at < PAGE; at += PAGE - 4) {
		char *p = untouched_page();
		struct bare bare = { .flags = CLONE_CHILD_CLEARTID,
			.work = nothing,
			.child_tid = (pid_t *)(p + at) };

		bare_start(&bare);
		bare_join(&bare);
		REQUIRE(is_pattern_but(p, at, 0));
		REQUIRE(munmap(p, PAGE) == 0);
	}
}

static int
pause_msec(void *arg)
{
	struct timespec t = { 0, (long)(intptr_t)arg * 1000000 };

	syscall(SYS_nanosleep, &t, NULL);
	return (0);
}

/* Wait on the word of a thread that ends after msec; was there a wake-up?
   There is none when the thread has ended before the wait began. */
static bool
woken_after(intptr_t msec)
{
	char *p = prog_anon(1);
	struct timespec limit = { 2, 0 };
	struct bare bare = { .flags = CLONE_CHILD_CLEARTID,
		.work = pause_msec,
		.arg = (void *)msec,
		.child_tid = (pid_t *)p };
	long r;

	bare_start(&bare);
	r = syscall(SYS_futex, p, FUTEX_WAIT, 0, &limit, NULL, 0);
	REQUIRE(r == 0 || errno == ETIMEDOUT);
	bare_join(&bare);
	REQUIRE(prog_zero(p, PAGE));
	REQUIRE(munmap(p, PAGE) == 0);
	return (r == 0);
}

/* The join of every thread library: wait on the word until it is 0. */
static void
clear_and_wake(void)
{
	for (int round = 0; round < 5; round++)
		REQUIRE(
		    woken_after(20) || woken_after(100) || woken_after(500));
}

static int
wait_for_go(void *arg)
{
	struct timespec t = { 0, 1000000 };

	while (atomic_load((_Atomic int *)arg) == 0)
		syscall(SYS_nanosleep, &t, NULL);
	return (0);
}

/* The word is shared copy-on-write with a child: only our copy changes. */
static void
clear_forked(void)
{
	static _Atomic int may_end;
	char *p = prog_anon(1);
	struct bare bare = { .flags = CLONE_CHILD_CLEARTID,
		.work = wait_for_go,
		.arg = (void *)(uintptr_t)&may_end,
		.child_tid = (pid_t *)(p + 100) };
	int go[2];
	pid_t pid;

	prog_fill(p, PAGE, 7);
	REQUIRE(pipe(go) == 0);
	bare_start(&bare);
	pid = prog_fork();
	if (pid == 0) {
		prog_hear(go[0]);
		REQUIRE(prog_same(p, PAGE, 7));
		_exit(0);
	}
	atomic_store(&may_end, 1);
	bare_join(&bare);
	REQUIRE(is_pattern_but(p, 100, 0));
	prog_tell(go[1]);
	prog_join(pid);
	REQUIRE(munmap(p, PAGE) == 0);
	REQUIRE(close(go[0]) == 0 && close(go[1]) == 0);
}

/* A word that cannot be written is left alone, and nobody dies. */
static void
clear_impossible(void)
{
	char *ro = untouched_page(), *gone = prog_anon(1);
	struct bare bare = { .flags = CLONE_CHILD_CLEARTID, .work = nothing };

	REQUIRE(mprotect(ro, PAGE, PROT_READ) == 0);
	bare.child_tid = (pid_t *)ro;
	bare_start(&bare);
	bare_join(&bare);
	REQUIRE(prog_same(ro, PAGE, 7));
	bare.child_tid = (pid_t *)gone;
	REQUIRE(munmap(gone, PAGE) == 0);
	bare_start(&bare);
	bare_join(&bare);
	bare.child_tid = NULL;
	bare_start(&bare);
	bare_join(&bare);
	REQUIRE(munmap(ro, PAGE) == 0);
}

static int
set_address(void *arg)
{
	syscall(SYS_set_tid_address, arg);
	return (0);
}

static void
set_tid_address_late(void)
{
	char *p = untouched_page();
	struct bare bare = { .work = set_address, .arg = p + 8 };

	bare_start(&bare);
	bare_join(&bare);
	REQUIRE(is_pattern_but(p, 8, 0));
	REQUIRE(munmap(p, PAGE) == 0);
}

/* The ids at the beginning. */
static void
ids_written(void)
{
	char *parent = untouched_page(), *child = untouched_page();
	struct bare bare = { .flags = CLONE_PARENT_SETTID | CLONE_CHILD_SETTID,
		.work = nothing,
		.parent_tid = (pid_t *)(parent + 16),
		.child_tid = (pid_t *)(child + 32) };

	bare_start(&bare);
	bare_join(&bare);
	REQUIRE(is_pattern_but(parent, 16, (uint32_t)bare.tid));
	REQUIRE(is_pattern_but(child, 32, (uint32_t)bare.tid));
	REQUIRE(munmap(parent, PAGE) == 0);
	REQUIRE(munmap(child, PAGE) == 0);
}

/* For a process the child's id is written in the child's copy. */
static void
process_ids(void)
{
	char *parent = untouched_page(), *child = untouched_page();
	long pid = syscall(SYS_clone,
	    SIGCHLD | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID |
		CLONE_CHILD_CLEARTID,
	    NULL, parent + 16, child + 32, NULL);

	REQUIRE(pid >= 0);
	if (pid == 0) {
		bool good = is_pattern_but(child, 32,
		    (uint32_t)syscall(SYS_getpid));

		syscall(SYS_exit_group, good ? 0 : 1);
	}
	prog_join((pid_t)pid);
	REQUIRE(is_pattern_but(parent, 16, (uint32_t)pid));
	REQUIRE(prog_same(child, PAGE, 7));
	REQUIRE(munmap(parent, PAGE) == 0);
	REQUIRE(munmap(child, PAGE) == 0);
}

/* The parent's id word is in memory that cannot be written: no child. */
static void
process_ids_refused(void)
{
	char *ro = prog_map(PAGE, PROT_READ, PRIVATE);
	long pid = syscall(SYS_clone, SIGCHLD | CLONE_PIDFD, NULL, ro, NULL,
	    NULL);

	if (pid == 0)
		syscall(SYS_exit_group, 0);
	REQUIRE(pid == -1 && errno == EFAULT);
	REQUIRE(munmap(ro, PAGE) == 0);
}

/* clone3 with its arguments in a page of a file never touched. */
static void
clone3_untouched(void)
{
	struct {
		uint64_t flags, pidfd, child_tid, parent_tid, exit_signal;
		uint64_t stack, stack_size, tls;
	} args = { .flags = CLONE_PIDFD | CLONE_PARENT_SETTID,
		.exit_signal = SIGCHLD };
	char *ids = prog_anon(2), *p;
	int fd = prog_file(2, 7), pidfd, ptid;
	long pid;

	args.pidfd = (uintptr_t)ids;
	args.parent_tid = (uintptr_t)(ids + PAGE);
	REQUIRE(
	    pwrite(fd, &args, sizeof(args), (off_t)PAGE - 32) == sizeof(args));
	p = prog_map_file(fd, 2, PROT_READ, MAP_PRIVATE);
	pid = syscall(SYS_clone3, p + PAGE - 32, sizeof(args));
	REQUIRE(pid >= 0);
	if (pid == 0)
		syscall(SYS_exit_group, 0);
	memcpy(&pidfd, ids, sizeof(pidfd));
	memcpy(&ptid, ids + PAGE, sizeof(ptid));
	REQUIRE(ptid == pid);
	REQUIRE(fcntl(pidfd, F_GETFD) == FD_CLOEXEC);
	REQUIRE(close(pidfd) == 0);
	prog_join((pid_t)pid);
	REQUIRE(munmap(p, 2 * PAGE) == 0);
	REQUIRE(munmap(ids, 2 * PAGE) == 0);
	REQUIRE(close(fd) == 0);
}

/* A robust list in pages that a fork has write-protected before the end. */
struct lock {
	struct robust_list list;
	uint32_t word;
};

struct robust {
	struct robust_list_head head;
	struct lock lock;
	_Atomic int ready, go;
};

static int
hold_lock(void *arg)
{
	struct robust *robust = arg;
	struct timespec t = { 0, 1000000 };

	robust->head.list.next = &robust->lock.list;
	robust->head.futex_offset = offsetof(struct lock, word);
	robust->head.list_op_pending = NULL;
	robust->lock.list.next = &robust->head.list;
	robust->lock.word = (uint32_t)syscall(SYS_gettid);
	syscall(SYS_set_robust_list, &robust->head, sizeof(robust->head));
	atomic_store(&robust->ready, 1);
	while (atomic_load(&robust->go) == 0)
		syscall(SYS_nanosleep, &t, NULL);
	return (0);
}

static void
robust_list_forked(void)
{
	struct robust *robust = (struct robust *)prog_anon(1);
	struct bare bare = { .work = hold_lock, .arg = robust };
	int go[2];
	pid_t pid;

	REQUIRE(pipe(go) == 0);
	bare_start(&bare);
	while (atomic_load(&robust->ready) == 0)
		prog_pause(1);
	pid = prog_fork();
	if (pid == 0) {
		prog_hear(go[0]);
		REQUIRE(robust->lock.word == (uint32_t)bare.tid);
		_exit(0);
	}
	atomic_store(&robust->go, 1);
	bare_join(&bare);
	REQUIRE((robust->lock.word & FUTEX_OWNER_DIED) != 0);
	prog_tell(go[1]);
	prog_join(pid);
	REQUIRE(munmap(robust, PAGE) == 0);
	REQUIRE(close(go[0]) == 0 && close(go[1]) == 0);
}

/* Threads of the library, made and joined in numbers; detached ones too. */
static _Atomic int ended;

static void *
short_life(void *arg)
{
	volatile char local[3000];

	local[0] = local[2999] = 1;
	atomic_fetch_add(&ended, local[0]);
	return (arg);
}

static void
library_threads(void)
{
	pthread_attr_t detached;
	pthread_t threads[16];

	ended = 0;
	REQUIRE(pthread_attr_init(&detached) == 0);
	REQUIRE(pthread_attr_setdetachstate(&detached,
		    PTHREAD_CREATE_DETACHED) == 0);
	for (int round = 0; round < 20; round++) {
		pthread_t lone;

		for (size_t i = 0; i < COUNT(threads); i++)
			threads[i] = prog_thread(short_life, NULL);
		REQUIRE(
		    pthread_create(&lone, &detached, short_life, NULL) == 0);
		for (size_t i = 0; i < COUNT(threads); i++)
			REQUIRE(pthread_join(threads[i], NULL) == 0);
	}
	while (atomic_load(&ended) < 20 * 17)
		prog_pause(1);
	REQUIRE(pthread_attr_destroy(&detached) == 0);
}

/* The process ends when its first thread has long ended. */
static void *
last_thread(void *arg)
{
	prog_pause(20);
	_exit(*(int *)arg);
}

static void
first_thread_ends(void)
{
	static int status = 5;
	pid_t pid = prog_fork();

	if (pid == 0) {
		(void)prog_thread(last_thread, &status);
		pthread_exit(NULL);
	}
	REQUIRE(WEXITSTATUS(prog_wait(pid)) == 5);
}

int
main(int argc, char **argv)
{
	static const struct prog_check checks[] = {
		{ "clear-untouched", clear_untouched },
		{ "clear-and-wake", clear_and_wake },
		{ "clear-forked", clear_forked },
		{ "clear-impossible", clear_impossible },
		{ "set-tid-address", set_tid_address_late },
		{ "ids-written", ids_written },
		{ "process-ids", process_ids },
		{ "process-ids-refused", process_ids_refused },
		{ "clone3-untouched", clone3_untouched },
		{ "robust-list-forked", robust_list_forked },
		{ "library-threads", library_threads },
		{ "first-thread-ends", first_thread_ends },
	};

	return (prog_main(argc, argv, checks, COUNT(checks)));
}
