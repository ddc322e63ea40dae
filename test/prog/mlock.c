/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mlock.c: locked memory behaves as memory.
 *
 * Locking makes pages resident; contents, protection, copy-on-write and
 * unmapping go on as before.  What is locked is not inherited by a child.  The
 * limit RLIMIT_MEMLOCK binds only the unprivileged: see limits.c.
 */
#include <sys/resource.h>

#include "prog.h"

#ifndef MLOCK_ONFAULT
#define MLOCK_ONFAULT 1
#endif

static bool
resident(char *p, size_t npages)
{
	unsigned char vec[64];

	REQUIRE(mincore(p, npages * PAGE, vec) == 0);
	for (size_t i = 0; i < npages; i++)
		if ((vec[i] & 1) == 0)
			return (false);
	return (true);
}

static void
lock_anon(void)
{
	char *p = prog_anon(16);

	prog_fill(p, 4 * PAGE, 1);
	REQUIRE(mlock(p, 16 * PAGE) == 0);
	REQUIRE(resident(p, 16));
	REQUIRE(prog_same(p, 4 * PAGE, 1));
	REQUIRE(prog_zero(p + 4 * PAGE, 12 * PAGE));
	prog_fill(p, 16 * PAGE, 2);
	REQUIRE(munlock(p + 4 * PAGE, 4 * PAGE) == 0);
	REQUIRE(prog_same(p, 16 * PAGE, 2));
	REQUIRE(munlock(p, 16 * PAGE) == 0);
	REQUIRE(munlock(p, 16 * PAGE) == 0);
	REQUIRE(munmap(p, 16 * PAGE) == 0);
}

/* Addresses need not be aligned. */
static void
lock_unaligned(void)
{
	char *p = prog_anon(4);

	REQUIRE(mlock(p + PAGE - 1, 2) == 0);
	REQUIRE(resident(p, 2));
	REQUIRE(munlock(p + PAGE - 1, 2) == 0);
	REQUIRE(mlock(p, 0) == 0);
	REQUIRE(munmap(p, 4 * PAGE) == 0);
}

/* A private file mapping is locked with its own copies still to be made. */
static void
lock_private_file(void)
{
	int fd = prog_file(8, 30);
	char *p = prog_map_file(fd, 8, RW, MAP_PRIVATE);
	unsigned char page[PAGE];

	REQUIRE(mlock(p, 8 * PAGE) == 0);
	for (unsigned i = 0; i < 8; i++)
		REQUIRE(prog_same(p + i * PAGE, PAGE, 30 + i));
	prog_fill(p, PAGE, 3);
	REQUIRE(pread(fd, page, PAGE, 0) == (ssize_t)PAGE);
	REQUIRE(prog_same(page, PAGE, 30));
	REQUIRE(munmap(p, 8 * PAGE) == 0);
	REQUIRE(close(fd) == 0);
}

static void
lock_read_only(void)
{
	char *p = prog_anon(4);

	prog_fill(p, PAGE, 4);
	REQUIRE(mprotect(p, 4 * PAGE, PROT_READ) == 0);
	REQUIRE(mlock(p, 4 * PAGE) == 0);
	REQUIRE(NO_WRITE(p));
	REQUIRE(mprotect(p, 4 * PAGE, RW) == 0);
	prog_fill(p, 4 * PAGE, 5);
	REQUIRE(mprotect(p, 4 * PAGE, PROT_NONE) == 0);
	REQUIRE(NO_READ(p));
	REQUIRE(mprotect(p, 4 * PAGE, PROT_READ) == 0);
	REQUIRE(prog_same(p, 4 * PAGE, 5));
	REQUIRE(munmap(p, 4 * PAGE) == 0);
}

static void
fork_of_locked(void)
{
	char *p = prog_anon(16);
	pid_t pid;

	prog_fill(p, 16 * PAGE, 6);
	REQUIRE(mlock(p, 8 * PAGE) == 0);
	pid = prog_fork();
	if (pid == 0) {
		REQUIRE(prog_same(p, 16 * PAGE, 6));
		prog_fill(p, 16 * PAGE, 7);
		REQUIRE(munlock(p, 8 * PAGE) == 0);
		REQUIRE(munmap(p, 4 * PAGE) == 0);
		_exit(0);
	}
	prog_fill(p + 8 * PAGE, 8 * PAGE, 8);
	prog_join(pid);
	REQUIRE(prog_same(p, 8 * PAGE, 6));
	REQUIRE(prog_same(p + 8 * PAGE, 8 * PAGE, 8));
	REQUIRE(munmap(p, 16 * PAGE) == 0);
}

static void
lock_all(void)
{
	char *before = prog_anon(8), *after;

	prog_fill(before, PAGE, 9);
	REQUIRE(mlockall(MCL_CURRENT) == 0);
	REQUIRE(resident(before, 8));
	REQUIRE(mlockall(MCL_CURRENT | MCL_FUTURE) == 0);
	after = prog_anon(8);
	REQUIRE(resident(after, 8));
	REQUIRE(prog_zero(after, 8 * PAGE));
	REQUIRE(munlockall() == 0);
	REQUIRE(prog_same(before, PAGE, 9));
	REQUIRE(munmap(before, 8 * PAGE) == 0);
	REQUIRE(munmap(after, 8 * PAGE) == 0);
	after = prog_anon(4);
	REQUIRE(!resident(after, 4));
	REQUIRE(munmap(after, 4 * PAGE) == 0);
}

static void
on_fault(void)
{
	char *p = prog_anon(8);

	REQUIRE(mlock2(p, 8 * PAGE, MLOCK_ONFAULT) == 0);
	p[3 * PAGE] = 1;
	REQUIRE(resident(p + 3 * PAGE, 1));
	REQUIRE(munlock(p, 8 * PAGE) == 0);
	REQUIRE(munmap(p, 8 * PAGE) == 0);
}

static void
map_locked(void)
{
	char *p = prog_map(8 * PAGE, RW, PRIVATE | MAP_LOCKED);

	REQUIRE(resident(p, 8));
	REQUIRE(prog_zero(p, 8 * PAGE));
	REQUIRE(munmap(p + 2 * PAGE, PAGE) == 0);
	p[0] = 1;
	REQUIRE(munmap(p, 8 * PAGE) == 0);
}

static void
errors(void)
{
	char *p = prog_anon(8);

	REQUIRE(munmap(p + 4 * PAGE, PAGE) == 0);
	REQUIRE(mlock(p, 8 * PAGE) == -1 && errno == ENOMEM);
	REQUIRE(munlock(p, 8 * PAGE) == -1 && errno == ENOMEM);
	REQUIRE(mlockall(0) == -1 && errno == EINVAL);
	REQUIRE(munlockall() == 0);
	REQUIRE(munmap(p, 8 * PAGE) == 0);
}

/* Pages that cannot be had cannot be locked, but their mapping is. */
static void
no_access(void)
{
	char *none = prog_map(2 * PAGE, PROT_NONE, PRIVATE);

	errno = 0;
	REQUIRE(mlock(none, PAGE) == -1 && errno == ENOMEM);
	REQUIRE(NO_READ(none));
	REQUIRE(munmap(none, 2 * PAGE) == 0);
}

int
main(int argc, char **argv)
{
	static const struct prog_check checks[] = {
		{ "anon", lock_anon },
		{ "unaligned", lock_unaligned },
		{ "private-file", lock_private_file },
		{ "read-only", lock_read_only },
		{ "fork", fork_of_locked },
		{ "all", lock_all },
		{ "on-fault", on_fault },
		{ "map-locked", map_locked },
		{ "errors", errors },
		{ "no-access", no_access },
	};

	return (prog_main(argc, argv, checks, COUNT(checks)));
}
