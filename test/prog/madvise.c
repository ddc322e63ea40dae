/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * madvise.c: advice that changes memory, advice that must not, and mincore.
 *
 * MADV_DONTNEED gives zeroes for anonymous memory and the file's bytes for a
 * private file mapping; for shared memory it changes nothing.  MADV_FREE may
 * give zeroes or the old bytes until the next write, page by page, never
 * anything else.
 */
#include "prog.h"

static void
dontneed_anon(void)
{
	char *p = prog_anon(16);

	prog_fill(p, 16 * PAGE, 1);
	REQUIRE(madvise(p + 4 * PAGE, 8 * PAGE, MADV_DONTNEED) == 0);
	REQUIRE(prog_same(p, 4 * PAGE, 1));
	REQUIRE(prog_zero(p + 4 * PAGE, 8 * PAGE));
	prog_fill(p + 4 * PAGE, 8 * PAGE, 2);
	REQUIRE(prog_same(p + 4 * PAGE, 8 * PAGE, 2));
	REQUIRE(munmap(p, 16 * PAGE) == 0);
}

/* What one side of a fork throws away, the other keeps. */
static void
dontneed_forked(void)
{
	char *p = prog_anon(16);
	pid_t pid;

	prog_fill(p, 16 * PAGE, 3);
	pid = prog_fork();
	if (pid == 0) {
		REQUIRE(madvise(p, 8 * PAGE, MADV_DONTNEED) == 0);
		REQUIRE(prog_zero(p, 8 * PAGE));
		p[0] = 1;
		_exit(0);
	}
	prog_join(pid);
	REQUIRE(prog_same(p, 16 * PAGE, 3));
	pid = prog_fork();
	if (pid == 0) {
		prog_pause(50);
		REQUIRE(prog_same(p, 16 * PAGE, 3));
		_exit(0);
	}
	REQUIRE(madvise(p, 16 * PAGE, MADV_DONTNEED) == 0);
	REQUIRE(prog_zero(p, 16 * PAGE));
	prog_join(pid);
	REQUIRE(munmap(p, 16 * PAGE) == 0);
}

static void
dontneed_private_file(void)
{
	int fd = prog_file(8, 50);
	char *p = prog_map_file(fd, 8, RW, MAP_PRIVATE);

	prog_fill(p, 8 * PAGE, 4);
	REQUIRE(madvise(p + 2 * PAGE, 4 * PAGE, MADV_DONTNEED) == 0);
	REQUIRE(prog_same(p, 2 * PAGE, 4));
	for (unsigned i = 2; i < 6; i++)
		REQUIRE(prog_same(p + i * PAGE, PAGE, 50 + i));
	REQUIRE(munmap(p, 8 * PAGE) == 0);
	REQUIRE(close(fd) == 0);
}

static void
dontneed_shared(void)
{
	int fd = prog_file(4, 60);
	char *file = prog_map_file(fd, 4, RW, MAP_SHARED);
	char *anon = prog_map(4 * PAGE, RW, SHARED);

	prog_fill(file, 4 * PAGE, 5);
	prog_fill(anon, 4 * PAGE, 6);
	REQUIRE(madvise(file, 4 * PAGE, MADV_DONTNEED) == 0);
	REQUIRE(madvise(anon, 4 * PAGE, MADV_DONTNEED) == 0);
	REQUIRE(prog_same(file, 4 * PAGE, 5));
	REQUIRE(prog_same(anon, 4 * PAGE, 6));
	REQUIRE(munmap(file, 4 * PAGE) == 0);
	REQUIRE(munmap(anon, 4 * PAGE) == 0);
	REQUIRE(close(fd) == 0);
}

static void
free_lazily(void)
{
	char *p = prog_anon(32);

	prog_fill(p, 32 * PAGE, 7);
	REQUIRE(madvise(p, 32 * PAGE, MADV_FREE) == 0);
	for (size_t i = 0; i < 32; i++) {
		char page[PAGE];
		bool zero;

		memcpy(page, p + i * PAGE, PAGE);
		zero = prog_zero(page, PAGE);
		for (size_t j = 0; j < PAGE && !zero; j++)
			REQUIRE((unsigned char)page[j] ==
			    prog_byte(7, i * PAGE + j));
	}
	/* A page written after the advice stays. */
	prog_fill(p, 32 * PAGE, 8);
	REQUIRE(prog_same(p, 32 * PAGE, 8));
	REQUIRE(munmap(p, 32 * PAGE) == 0);
}

static void
remove_shared(void)
{
	char *p = prog_map(8 * PAGE, RW, SHARED);
	pid_t pid;

	prog_fill(p, 8 * PAGE, 9);
	pid = prog_fork();
	if (pid == 0) {
		REQUIRE(madvise(p + 2 * PAGE, 2 * PAGE, MADV_REMOVE) == 0);
		_exit(0);
	}
	prog_join(pid);
	REQUIRE(prog_same(p, 2 * PAGE, 9));
	REQUIRE(prog_zero(p + 2 * PAGE, 2 * PAGE));
	REQUIRE(munmap(p, 8 * PAGE) == 0);
}

/* The bytes of a file go for all who see it; its size stays. */
static void
remove_file(void)
{
	int fd = prog_file(8, 1);
	char *p = prog_map_file(fd, 8, RW, MAP_SHARED), page[PAGE];
	char *q = prog_map_file(fd, 8, PROT_READ, MAP_SHARED);

	p[3 * PAGE] = 1; /* not in the file yet */
	REQUIRE(madvise(p + 2 * PAGE, 2 * PAGE, MADV_REMOVE) == 0);
	REQUIRE(prog_zero(p + 2 * PAGE, 2 * PAGE));
	REQUIRE(prog_zero(q + 2 * PAGE, 2 * PAGE));
	REQUIRE(prog_same(p, PAGE, 1) && prog_same(p + 4 * PAGE, PAGE, 5));
	REQUIRE(pread(fd, page, PAGE, 3 * PAGE) == (ssize_t)PAGE);
	REQUIRE(prog_zero(page, PAGE));
	REQUIRE(lseek(fd, 0, SEEK_END) == (off_t)(8 * PAGE));
	REQUIRE(munmap(p, 8 * PAGE) == 0 && munmap(q, 8 * PAGE) == 0);
	REQUIRE(close(fd) == 0);
}

static bool
cannot_remove(char *p, size_t npages, int error)
{
	errno = 0;
	return (madvise(p, npages * PAGE, MADV_REMOVE) == -1 && errno == error);
}

/* What is refused stays; before it, and around holes, bytes go. */
static void
remove_refused(void)
{
	int fd = prog_file(4, 1);
	char *p = prog_map(8 * PAGE, RW, SHARED), *q = prog_anon(1);
	char *r = prog_map_file(fd, 4, RW, MAP_PRIVATE);

	prog_fill(p, 8 * PAGE, 9);
	prog_fill(q, PAGE, 2);
	REQUIRE(cannot_remove(q, 1, EINVAL) && prog_same(q, PAGE, 2));
	REQUIRE(cannot_remove(r, 4, EACCES) && prog_same(r, PAGE, 1));
	REQUIRE(mlock(p + 4 * PAGE, PAGE) == 0);
	REQUIRE(munmap(p + 2 * PAGE, PAGE) == 0);
	REQUIRE(cannot_remove(p, 8, EINVAL));
	REQUIRE(prog_zero(p, 2 * PAGE) && prog_zero(p + 3 * PAGE, PAGE));
	REQUIRE(p[4 * PAGE] != 0 && p[5 * PAGE + 1] != 0);
	REQUIRE(munlock(p + 4 * PAGE, PAGE) == 0);
	REQUIRE(cannot_remove(p, 8, ENOMEM));
	REQUIRE(prog_zero(p + 3 * PAGE, 5 * PAGE));
	REQUIRE(munmap(p, 8 * PAGE) == 0 && munmap(q, PAGE) == 0);
	REQUIRE(munmap(r, 4 * PAGE) == 0 && close(fd) == 0);
}

/* Hints leave the bytes alone. */
static void
hints(void)
{
	static const int advice[] = { MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL,
		MADV_WILLNEED, MADV_NORMAL };
	int fd = prog_file(16, 70);
	char *p = prog_map_file(fd, 16, RW, MAP_PRIVATE);
	char *q = prog_anon(16);

	prog_fill(q, 16 * PAGE, 10);
	for (size_t i = 0; i < COUNT(advice); i++) {
		REQUIRE(madvise(p, 16 * PAGE, advice[i]) == 0);
		REQUIRE(madvise(q, 16 * PAGE, advice[i]) == 0);
		for (unsigned j = 0; j < 16; j++)
			REQUIRE(prog_same(p + j * PAGE, PAGE, 70 + j));
		REQUIRE(prog_same(q, 16 * PAGE, 10));
	}
	(void)madvise(q, 16 * PAGE, MADV_DONTDUMP);
	(void)madvise(q, 16 * PAGE, MADV_HUGEPAGE);
	(void)madvise(q, 16 * PAGE, MADV_MERGEABLE);
	REQUIRE(prog_same(q, 16 * PAGE, 10));
	REQUIRE(munmap(p, 16 * PAGE) == 0);
	REQUIRE(munmap(q, 16 * PAGE) == 0);
	REQUIRE(close(fd) == 0);
}

static void
populate(void)
{
	char *p = prog_anon(16);
	char *q = prog_map(16 * PAGE, RW, PRIVATE | MAP_POPULATE);

#ifdef MADV_POPULATE_WRITE
	REQUIRE(madvise(p, 16 * PAGE, MADV_POPULATE_READ) == 0);
	REQUIRE(madvise(p, 16 * PAGE, MADV_POPULATE_WRITE) == 0);
#endif
	REQUIRE(prog_zero(p, 16 * PAGE));
	REQUIRE(prog_zero(q, 16 * PAGE));
	REQUIRE(munmap(p, 16 * PAGE) == 0);
	REQUIRE(munmap(q, 16 * PAGE) == 0);
}

#ifdef MADV_POPULATE_WRITE
static bool
is_resident(char *p)
{
	unsigned char vec;

	REQUIRE(mincore(p, PAGE, &vec) == 0);
	return ((vec & 1) != 0);
}

/* It ends at a hole, and says so. */
static void
populate_hole(void)
{
	char *p = prog_anon(8);

	REQUIRE(munmap(p + 4 * PAGE, PAGE) == 0);
	REQUIRE(madvise(p, 8 * PAGE, MADV_POPULATE_WRITE) == -1);
	REQUIRE(errno == ENOMEM);
	REQUIRE(is_resident(p) && is_resident(p + 3 * PAGE));
	REQUIRE(mprotect(p + PAGE, PAGE, PROT_READ) == 0);
	REQUIRE(madvise(p, 4 * PAGE, MADV_POPULATE_WRITE) == -1);
	REQUIRE(errno == EINVAL);
	REQUIRE(mprotect(p + PAGE, PAGE, PROT_NONE) == 0);
	REQUIRE(madvise(p, 4 * PAGE, MADV_POPULATE_READ) == -1);
	REQUIRE(errno == EINVAL);
	REQUIRE(munmap(p, 8 * PAGE) == 0);
}

/* Nothing is there past the end of a file. */
static void
populate_file(void)
{
	int fd = prog_file(4, 1);
	char *p = prog_map_file(fd, 8, RW, MAP_SHARED);

	REQUIRE(madvise(p, 4 * PAGE, MADV_POPULATE_READ) == 0);
	REQUIRE(is_resident(p + 3 * PAGE));
	REQUIRE(madvise(p, 8 * PAGE, MADV_POPULATE_READ) == -1);
	REQUIRE(errno == EFAULT);
	REQUIRE(munmap(p, 8 * PAGE) == 0 && close(fd) == 0);
}
#endif

/* A range with a hole is advised around the hole and reports it. */
static void
errors(void)
{
	char *p = prog_anon(12);

	prog_fill(p, 12 * PAGE, 11);
	REQUIRE(madvise(p + 1, PAGE, MADV_DONTNEED) == -1 && errno == EINVAL);
	REQUIRE(madvise(p, PAGE, 9999) == -1 && errno == EINVAL);
	REQUIRE(munmap(p + 4 * PAGE, 4 * PAGE) == 0);
	errno = 0;
	REQUIRE(madvise(p + 2 * PAGE, 8 * PAGE, MADV_DONTNEED) == -1);
	REQUIRE(errno == ENOMEM);
	REQUIRE(prog_same(p, 2 * PAGE, 11));
	REQUIRE(prog_zero(p + 2 * PAGE, 2 * PAGE));
	REQUIRE(prog_zero(p + 8 * PAGE, 2 * PAGE));
	REQUIRE(madvise(p, 0, MADV_DONTNEED) == 0);
	REQUIRE(munmap(p, 12 * PAGE) == 0);
}

static void
mincore_anon(void)
{
	char *p = prog_anon(16);
	unsigned char *vec = prog_map(PAGE, RW, PRIVATE);

	for (size_t i = 0; i < 16; i += 2)
		p[i * PAGE] = 1;
	REQUIRE(mincore(p, 16 * PAGE, vec) == 0);
	for (size_t i = 0; i < 16; i += 2)
		REQUIRE((vec[i] & 1) == 1);
	REQUIRE(madvise(p, 16 * PAGE, MADV_DONTNEED) == 0);
	REQUIRE(mincore(p, 16 * PAGE, vec) == 0);
	for (size_t i = 0; i < 16; i++)
		REQUIRE((vec[i] & 1) == 0);
	REQUIRE(munmap(p, 16 * PAGE) == 0);
	REQUIRE(munmap(vec, PAGE) == 0);
}

static void
mincore_errors(void)
{
	char *p = prog_anon(8);
	unsigned char *bad = prog_map(PAGE, PROT_READ, PRIVATE);
	unsigned char vec[8];

	REQUIRE(mincore(p + 1, PAGE, vec) == -1 && errno == EINVAL);
	REQUIRE(mincore(p, PAGE, bad) == -1 && errno == EFAULT);
	REQUIRE(munmap(p + 4 * PAGE, PAGE) == 0);
	REQUIRE(mincore(p, 8 * PAGE, vec) == -1 && errno == ENOMEM);
	REQUIRE(munmap(p, 8 * PAGE) == 0);
	REQUIRE(munmap(bad, PAGE) == 0);
}

int
main(int argc, char **argv)
{
	static const struct prog_check checks[] = {
		{ "dontneed-anon", dontneed_anon },
		{ "dontneed-forked", dontneed_forked },
		{ "dontneed-private-file", dontneed_private_file },
		{ "dontneed-shared", dontneed_shared },
		{ "free-lazily", free_lazily },
		{ "remove-shared", remove_shared },
		{ "remove-file", remove_file },
		{ "remove-refused", remove_refused },
		{ "hints", hints },
		{ "populate", populate },
#ifdef MADV_POPULATE_WRITE
		{ "populate-hole", populate_hole },
		{ "populate-file", populate_file },
#endif
		{ "errors", errors },
		{ "mincore-anon", mincore_anon },
		{ "mincore-errors", mincore_errors },
	};

	return (prog_main(argc, argv, checks, COUNT(checks)));
}
