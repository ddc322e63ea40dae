/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * limits.c: what setrlimit(2) and prlimit(2) say of memory.
 *
 * Each check sets the soft limit in a child of its own and then goes up to it
 * and beyond.  With a limit that is there from the start, "size" and "heap"
 * look at what can be had under it: NUMBER megabytes (-n NUMBER, 64 unless
 * given) must not be.
 */
#include <sys/resource.h>
#include <sys/syscall.h>

#include "prog.h"

#define MEGABYTE ((size_t)1 << 20)
#define NOBODY   65534

static void
limit(__rlimit_resource_t which, size_t bytes)
{
	struct rlimit l;

	REQUIRE(getrlimit(which, &l) == 0);
	l.rlim_cur = bytes;
	REQUIRE(setrlimit(which, &l) == 0);
	REQUIRE(getrlimit(which, &l) == 0 && l.rlim_cur == bytes);
}

static void
alone(void (*work)(void))
{
	pid_t pid = prog_fork();

	if (pid == 0) {
		work();
		_exit(0);
	}
	prog_join(pid);
}

static bool
no_map(size_t len, int prot, int flags)
{
	return (mmap(NULL, len, prot, flags, -1, 0) == MAP_FAILED &&
	    errno == ENOMEM);
}

static bool
no_heap(size_t len)
{
	return (sbrk((intptr_t)len) == (void *)-1 && errno == ENOMEM);
}

static void
size(void)
{
	size_t len = (prog_count > 0 ? (size_t)prog_count : 64) * MEGABYTE;

	if (prog_count == 0)
		limit(RLIMIT_AS, len);
	REQUIRE(no_map(len, PROT_NONE, PRIVATE));
	REQUIRE(no_map(len, RW, SHARED));
	REQUIRE(no_heap(len));
	REQUIRE(sbrk(MEGABYTE) != (void *)-1);
}

static void
size_limit(void)
{
	alone(size);
}

static void
grow(void)
{
	char *p = prog_map(4 * MEGABYTE, RW, PRIVATE);

	limit(RLIMIT_AS, 64 * MEGABYTE);
	p = mremap(p, 4 * MEGABYTE, 8 * MEGABYTE, MREMAP_MAYMOVE);
	REQUIRE(p != MAP_FAILED);
	REQUIRE(mremap(p, 8 * MEGABYTE, 80 * MEGABYTE, MREMAP_MAYMOVE) ==
	    MAP_FAILED);
	REQUIRE(errno == ENOMEM);
	prog_fill(p, 8 * MEGABYTE, 1);
	limit(RLIMIT_AS, RLIM_INFINITY);
	p = mremap(p, 8 * MEGABYTE, 80 * MEGABYTE, MREMAP_MAYMOVE);
	REQUIRE(p != MAP_FAILED && prog_same(p, 8 * MEGABYTE, 1));
}

static void
size_grow(void)
{
	alone(grow);
}

static void
heap(void)
{
	size_t len = (prog_count > 0 ? (size_t)prog_count : 64) * MEGABYTE;

	if (prog_count == 0)
		limit(RLIMIT_DATA, len);
	REQUIRE(no_heap(len));
	REQUIRE(sbrk(MEGABYTE) != (void *)-1);
}

static void
data_heap(void)
{
	alone(heap);
}

/* What is private and may be written is data; nothing else is. */
static void
data(void)
{
	char *p;

	limit(RLIMIT_DATA, 64 * MEGABYTE);
	REQUIRE(no_map(64 * MEGABYTE, RW, PRIVATE));
	p = prog_map(64 * MEGABYTE, RW, SHARED);
	REQUIRE(munmap(p, 64 * MEGABYTE) == 0);
	p = prog_map(64 * MEGABYTE, PROT_READ, PRIVATE);
	REQUIRE(mprotect(p, 64 * MEGABYTE, RW) == -1 && errno == ENOMEM);
	REQUIRE(mprotect(p, 8 * MEGABYTE, RW) == 0);
	p = prog_map(8 * MEGABYTE, RW, PRIVATE);
	REQUIRE(mremap(p, 8 * MEGABYTE, 64 * MEGABYTE, MREMAP_MAYMOVE) ==
	    MAP_FAILED);
	REQUIRE(errno == ENOMEM);
}

static void
data_mapped(void)
{
	alone(data);
}

static int
recurse(int kilobytes)
{
	volatile char frame[1024];

	frame[0] = (char)kilobytes;
	return (kilobytes > 1 ? recurse(kilobytes - 1) + frame[0] : 0);
}

static void
deep(void *arg)
{
	limit(RLIMIT_STACK, MEGABYTE);
	(void)arg;
	REQUIRE(recurse(4096) != 1);
}

static void
deeper(void)
{
	limit(RLIMIT_STACK, MEGABYTE);
	REQUIRE(recurse(512) != 1);
	limit(RLIMIT_STACK, 8 * MEGABYTE);
	REQUIRE(recurse(4096) != 1);
}

static void
stack(void)
{
	prog_dies(deep, NULL, SIGSEGV);
	alone(deeper);
}

/* Only who has no privileges is limited. */
static void
locked(void)
{
	char *p = prog_map(MEGABYTE, RW, PRIVATE);

	limit(RLIMIT_MEMLOCK, 16 * PAGE);
	if (geteuid() == 0)
		REQUIRE(setresuid(NOBODY, NOBODY, NOBODY) == 0);
	REQUIRE(mlock(p, 32 * PAGE) == -1 && errno == ENOMEM);
	REQUIRE(mlock(p, 16 * PAGE) == 0);
	REQUIRE(mlock(p, 16 * PAGE) == 0);
	REQUIRE(mlock(p + 16 * PAGE, PAGE) == -1 && errno == ENOMEM);
	REQUIRE(
	    mmap(NULL, PAGE, RW, PRIVATE | MAP_LOCKED, -1, 0) == MAP_FAILED);
	REQUIRE(errno == EAGAIN);
	REQUIRE(munlock(p, PAGE) == 0);
	REQUIRE(mlock(p + 16 * PAGE, PAGE) == 0);
	REQUIRE(mlockall(MCL_CURRENT) == -1 && errno == ENOMEM);
	limit(RLIMIT_MEMLOCK, 0);
	REQUIRE(mlock(p + 32 * PAGE, PAGE) == -1 && errno == EPERM);
	REQUIRE(mlockall(MCL_CURRENT) == -1 && errno == EPERM);
}

static void
memlock(void)
{
	alone(locked);
}

static int turn[2];

static void
limited(void)
{
	prog_hear(turn[0]);
	REQUIRE(no_map(64 * MEGABYTE, PROT_NONE, PRIVATE));
	prog_hear(turn[0]);
	REQUIRE(munmap(prog_map(64 * MEGABYTE, PROT_NONE, PRIVATE),
		    64 * MEGABYTE) == 0);
	REQUIRE(no_heap(64 * MEGABYTE));
}

/* Of another process. */
static void
other(void)
{
	struct rlimit few = { 64 * MEGABYTE, RLIM_INFINITY };
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	pid_t pid;

	REQUIRE(pipe(turn) == 0);
	pid = prog_fork();
	if (pid == 0) {
		limited();
		_exit(0);
	}
	REQUIRE(prlimit(pid, RLIMIT_AS, &few, NULL) == 0);
	prog_tell(turn[1]);
	prog_pause(100);
	REQUIRE(prlimit(pid, RLIMIT_AS, &all, NULL) == 0);
	REQUIRE(prlimit(pid, RLIMIT_DATA, &few, NULL) == 0);
	prog_tell(turn[1]);
	prog_join(pid);
}

int
main(int argc, char **argv)
{
	static const struct prog_check checks[] = {
		{ "size", size_limit },
		{ "size-grow", size_grow },
		{ "data-heap", data_heap },
		{ "data-mapped", data_mapped },
		{ "stack", stack },
		{ "memlock", memlock },
		{ "other", other },
	};

	return (prog_main(argc, argv, checks, COUNT(checks)));
}
