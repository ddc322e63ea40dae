/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fork_threads.c: a program with threads forks.
 *
 *	thread 1..16	fault, write, verify, map, unmap
 *	main		fork, wait, fork, wait
 *	a reader	blocked in read(2) into a page the fork write-protects
 *
 * The fork must be one moment for the whole address space, and a system call
 * under way must put its bytes where the address then points: into the
 * parent's own page, never into one the child sees.
 */
#include <sys/uio.h>

#include "prog.h"

#define NTHREADS ((size_t)16)
#define REGION   ((size_t)1024)
#define NFORKS   25

static _Atomic bool stop;
static char *region;

/* Thread i owns the pages i, i + 16, i + 32... of the region; each page holds
   the same number at both ends, written first at the front. */
static void *
fault_in_region(void *arg)
{
	size_t self = (size_t)(uintptr_t)arg;
	uint64_t round = 0;

	while (!atomic_load(&stop)) {
		round++;
		for (size_t i = self; i < REGION; i += NTHREADS) {
			volatile uint64_t *page = (volatile uint64_t *)(region +
			    i * PAGE);

			REQUIRE(page[0] == page[511]);
			page[0] = round;
			page[511] = round;
		}
		if (round % 4 == 0)
			REQUIRE(madvise(region + self * PAGE, PAGE,
				    MADV_DONTNEED) == 0);
	}
	return (NULL);
}

/* In the child nothing moves, and each page was caught at most in between its
   two stores. */
static void
verify_snapshot(void)
{
	static uint64_t seen[REGION];

	for (size_t i = 0; i < REGION; i++) {
		uint64_t *page = (uint64_t *)(region + i * PAGE);

		REQUIRE(page[0] == page[511] || page[0] == page[511] + 1 ||
		    page[511] == 0);
		seen[i] = page[0];
		page[1] = i;
	}
	for (size_t i = 0; i < REGION; i++) {
		uint64_t *page = (uint64_t *)(region + i * PAGE);

		REQUIRE(page[0] == seen[i] && page[1] == i);
	}
}

static void
fault_and_fork(void)
{
	pthread_t threads[NTHREADS];

	region = prog_anon(REGION);
	atomic_store(&stop, false);
	for (size_t i = 0; i < NTHREADS; i++)
		threads[i] = prog_thread(fault_in_region, (void *)i);
	for (int i = 0; i < NFORKS; i++) {
		pid_t pid = prog_fork();

		if (pid == 0) {
			verify_snapshot();
			_exit(0);
		}
		prog_join(pid);
	}
	atomic_store(&stop, true);
	for (size_t i = 0; i < NTHREADS; i++)
		REQUIRE(pthread_join(threads[i], NULL) == 0);
	for (size_t i = 0; i < REGION; i++)
		REQUIRE(((uint64_t *)(region + i * PAGE))[1] == 0);
	REQUIRE(munmap(region, REGION * PAGE) == 0);
}

/* All threads touch the same pages for the first time. */
static pthread_barrier_t barrier;

static void *
touch_together(void *arg)
{
	for (int round = 0; round < 20; round++) {
		pthread_barrier_wait(&barrier);
		for (size_t i = 0; i < 256; i++)
			__atomic_add_fetch((uint64_t *)(region + i * PAGE), 1,
			    __ATOMIC_SEQ_CST);
		pthread_barrier_wait(&barrier);
		if (arg != NULL)
			continue;
		for (size_t i = 0; i < 256; i++)
			REQUIRE(*(uint64_t *)(region + i * PAGE) == NTHREADS);
		REQUIRE(madvise(region, 256 * PAGE, MADV_DONTNEED) == 0);
	}
	return (NULL);
}

static void
same_pages(void)
{
	pthread_t threads[NTHREADS];

	region = prog_anon(256);
	REQUIRE(pthread_barrier_init(&barrier, NULL, NTHREADS) == 0);
	for (size_t i = 0; i < NTHREADS; i++)
		threads[i] = prog_thread(touch_together, (void *)i);
	for (size_t i = 0; i < NTHREADS; i++)
		REQUIRE(pthread_join(threads[i], NULL) == 0);
	REQUIRE(pthread_barrier_destroy(&barrier) == 0);
	REQUIRE(munmap(region, 256 * PAGE) == 0);
}

/* Threads map and unmap while others fork and exec. */
static void *
map_and_unmap(void *arg)
{
	unsigned seed = (unsigned)(uintptr_t)arg;

	while (!atomic_load(&stop)) {
		char *p = prog_anon(8);

		prog_fill(p, 8 * PAGE, seed);
		REQUIRE(mprotect(p + 2 * PAGE, PAGE, PROT_READ) == 0);
		REQUIRE(munmap(p + 4 * PAGE, PAGE) == 0);
		REQUIRE(prog_same(p, 4 * PAGE, seed));
		REQUIRE(munmap(p, 8 * PAGE) == 0);
	}
	return (NULL);
}

static void *
fork_and_wait(void *arg)
{
	for (int i = 0; i < 10; i++) {
		pid_t pid = prog_fork();

		if (pid == 0) {
			if (i % 3 == 0)
				execl("/bin/true", "true", (char *)NULL);
			_exit(0);
		}
		prog_join(pid);
	}
	return (arg);
}

static void
storm(void)
{
	pthread_t mappers[4], forkers[4];

	atomic_store(&stop, false);
	for (size_t i = 0; i < 4; i++)
		mappers[i] = prog_thread(map_and_unmap, (void *)i);
	for (size_t i = 0; i < 4; i++)
		forkers[i] = prog_thread(fork_and_wait, NULL);
	for (size_t i = 0; i < 4; i++)
		REQUIRE(pthread_join(forkers[i], NULL) == 0);
	atomic_store(&stop, true);
	for (size_t i = 0; i < 4; i++)
		REQUIRE(pthread_join(mappers[i], NULL) == 0);
}

/* A read(2) blocked on a pipe; what happens to its buffer meanwhile differs. */
struct blocked {
	char *buf;
	ssize_t result;
	int error;
	int fds[2];
	pthread_t thread;
};

static void *
read_into(void *arg)
{
	struct blocked *b = arg;

	b->result = read(b->fds[0], b->buf, 2 * PAGE);
	b->error = errno;
	return (NULL);
}

static void
block(struct blocked *b, char *buf)
{
	b->buf = buf;
	REQUIRE(pipe(b->fds) == 0);
	b->thread = prog_thread(read_into, b);
	prog_pause(20);
}

static void
unblock(struct blocked *b)
{
	char bytes[2 * PAGE];

	prog_fill(bytes, sizeof(bytes), 50);
	REQUIRE(write(b->fds[1], bytes, sizeof(bytes)) == sizeof(bytes));
	REQUIRE(pthread_join(b->thread, NULL) == 0);
	REQUIRE(close(b->fds[0]) == 0 && close(b->fds[1]) == 0);
}

static void
read_across_fork(void)
{
	for (unsigned i = 0; i < 10; i++) {
		char *p = prog_anon(4);
		struct blocked b;
		int go[2];
		pid_t pid;

		prog_fill(p, 4 * PAGE, i);
		REQUIRE(pipe(go) == 0);
		block(&b, p + PAGE - (i % 2) * 100);
		pid = prog_fork();
		if (pid == 0) {
			prog_hear(go[0]);
			REQUIRE(prog_same(p, 4 * PAGE, i));
			prog_fill(p, 4 * PAGE, 99);
			_exit(0);
		}
		unblock(&b);
		REQUIRE(b.result == (ssize_t)(2 * PAGE));
		REQUIRE(prog_same(b.buf, 2 * PAGE, 50));
		prog_tell(go[1]);
		prog_join(pid);
		REQUIRE(prog_same(b.buf, 2 * PAGE, 50));
		REQUIRE(munmap(p, 4 * PAGE) == 0);
		REQUIRE(close(go[0]) == 0 && close(go[1]) == 0);
	}
}

/* The same with the parent writing to the page after the fork. */
static void
read_across_fork_written(void)
{
	char *p = prog_anon(3);
	struct blocked b;
	pid_t pid;

	prog_fill(p, 3 * PAGE, 1);
	block(&b, p);
	pid = prog_fork();
	if (pid == 0) {
		prog_pause(60);
		REQUIRE(prog_same(p, 3 * PAGE, 1));
		_exit(0);
	}
	prog_fill(p, 2 * PAGE, 2);
	unblock(&b);
	REQUIRE(prog_same(p, 2 * PAGE, 50));
	prog_join(pid);
	REQUIRE(munmap(p, 3 * PAGE) == 0);
}

static void
read_into_unmapped(void)
{
	char *p = prog_anon(2);
	struct blocked b;

	block(&b, p);
	REQUIRE(munmap(p, 2 * PAGE) == 0);
	unblock(&b);
	REQUIRE(b.result == -1 && b.error == EFAULT);
}

static void
read_into_protected(void)
{
	char *p = prog_anon(2);
	struct blocked b;

	prog_fill(p, 2 * PAGE, 3);
	block(&b, p);
	REQUIRE(mprotect(p, 2 * PAGE, PROT_READ) == 0);
	unblock(&b);
	REQUIRE(b.result == -1 && b.error == EFAULT);
	REQUIRE(prog_same(p, 2 * PAGE, 3));
	REQUIRE(munmap(p, 2 * PAGE) == 0);
}

/* What is at the address when the bytes arrive is what gets them. */
static void
read_into_replaced(void)
{
	char *p = prog_anon(2);
	struct blocked b;

	prog_fill(p, 2 * PAGE, 4);
	block(&b, p);
	REQUIRE(mmap(p, 2 * PAGE, RW, PRIVATE | MAP_FIXED, -1, 0) == p);
	unblock(&b);
	REQUIRE(b.result == (ssize_t)(2 * PAGE));
	REQUIRE(prog_same(p, 2 * PAGE, 50));
	REQUIRE(munmap(p, 2 * PAGE) == 0);
}

static void
read_into_discarded(void)
{
	char *p = prog_anon(2);
	struct blocked b;

	prog_fill(p, 2 * PAGE, 5);
	block(&b, p);
	REQUIRE(madvise(p, 2 * PAGE, MADV_DONTNEED) == 0);
	unblock(&b);
	REQUIRE(b.result == (ssize_t)(2 * PAGE));
	REQUIRE(prog_same(p, 2 * PAGE, 50));
	REQUIRE(munmap(p, 2 * PAGE) == 0);
}

/* The process dies, or execs, with a read under way. */
static void
read_at_death(void)
{
	for (int i = 0; i < 2; i++) {
		pid_t pid = prog_fork();
		int status;

		if (pid == 0) {
			struct blocked b;

			block(&b, prog_anon(2));
			if (i == 0)
				execl("/bin/true", "true", (char *)NULL);
			raise(SIGKILL);
		}
		status = prog_wait(pid);
		REQUIRE(i == 0 ? WIFEXITED(status) : WIFSIGNALED(status));
	}
}

int
main(int argc, char **argv)
{
	static const struct prog_check checks[] = {
		{ "fault-and-fork", fault_and_fork },
		{ "same-pages", same_pages },
		{ "storm", storm },
		{ "read-across-fork", read_across_fork },
		{ "read-across-fork-written", read_across_fork_written },
		{ "read-into-unmapped", read_into_unmapped },
		{ "read-into-protected", read_into_protected },
		{ "read-into-replaced", read_into_replaced },
		{ "read-into-discarded", read_into_discarded },
		{ "read-at-death", read_at_death },
	};

	return (prog_main(argc, argv, checks, COUNT(checks)));
}
