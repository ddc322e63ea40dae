/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mremap.c: a mapping grows, shrinks and moves with its contents.
 *
 * Kinds of memory: private anonymous, shared anonymous, private and shared
 * file.  MREMAP_FIXED replaces what was at the target; MREMAP_DONTUNMAP leaves
 * an empty mapping behind.  Some checks have forked first, so that the moved
 * pages are shared copy-on-write.
 */
#include "prog.h"

/* A hole of npages at which nothing is mapped. */
static char *
hole(size_t npages)
{
	char *p = prog_map(npages * PAGE, PROT_NONE, PRIVATE);

	REQUIRE(munmap(p, npages * PAGE) == 0);
	return (p);
}

static char *
move(char *from, size_t npages, char *to, size_t new_npages)
{
	char *p = mremap(from, npages * PAGE, new_npages * PAGE,
	    MREMAP_MAYMOVE | MREMAP_FIXED, to);

	REQUIRE(p == to);
	return (p);
}

static void
shrink(void)
{
	char *p = prog_anon(16);

	prog_fill(p, 16 * PAGE, 1);
	REQUIRE(mremap(p, 16 * PAGE, 4 * PAGE, 0) == p);
	REQUIRE(prog_same(p, 4 * PAGE, 1));
	REQUIRE(UNMAPPED(p + 4 * PAGE));
	REQUIRE(UNMAPPED(p + 15 * PAGE));
	REQUIRE(munmap(p, 4 * PAGE) == 0);
}

/* With free room above, growth is in place; the new pages are zero. */
static void
grow_in_place(void)
{
	char *p = prog_map(32 * PAGE, RW, PRIVATE);

	prog_fill(p, 4 * PAGE, 2);
	REQUIRE(munmap(p + 4 * PAGE, 28 * PAGE) == 0);
	REQUIRE(mremap(p, 4 * PAGE, 32 * PAGE, 0) == p);
	REQUIRE(prog_same(p, 4 * PAGE, 2));
	REQUIRE(prog_zero(p + 4 * PAGE, 28 * PAGE));
	prog_fill(p, 32 * PAGE, 3);
	REQUIRE(prog_same(p, 32 * PAGE, 3));
	REQUIRE(munmap(p, 32 * PAGE) == 0);
}

/* With something right above, growth needs leave to move. */
static void
grow_and_move(void)
{
	char *p = prog_anon(8), *q;

	prog_fill(p, 8 * PAGE, 4);
	errno = 0;
	REQUIRE(mremap(p, 4 * PAGE, 6 * PAGE, 0) == MAP_FAILED);
	REQUIRE(errno == ENOMEM);
	REQUIRE(prog_same(p, 8 * PAGE, 4));
	q = mremap(p, 4 * PAGE, 64 * PAGE, MREMAP_MAYMOVE);
	REQUIRE(q != MAP_FAILED);
	REQUIRE(q != p);
	REQUIRE(prog_same(q, 4 * PAGE, 4));
	REQUIRE(prog_zero(q + 4 * PAGE, 60 * PAGE));
	REQUIRE(UNMAPPED(p));
	REQUIRE(NO_WRITE(p + 4 * PAGE) == false);
	REQUIRE(munmap(p + 4 * PAGE, 4 * PAGE) == 0);
	REQUIRE(munmap(q, 64 * PAGE) == 0);
}

static void
fixed(void)
{
	char *p = prog_anon(8), *target = prog_anon(8);

	prog_fill(p, 8 * PAGE, 5);
	prog_fill(target, 8 * PAGE, 6);
	move(p, 8, target, 8);
	REQUIRE(prog_same(target, 8 * PAGE, 5));
	REQUIRE(UNMAPPED(p));
	REQUIRE(munmap(target, 8 * PAGE) == 0);
}

/* The middle of a mapping moves; the ends stay. */
static void
fixed_piece(void)
{
	char *p = prog_anon(12), *target = hole(8);

	prog_fill(p, 4 * PAGE, 7);
	prog_fill(p + 4 * PAGE, 4 * PAGE, 8);
	prog_fill(p + 8 * PAGE, 4 * PAGE, 9);
	move(p + 4 * PAGE, 4, target, 8);
	REQUIRE(prog_same(p, 4 * PAGE, 7));
	REQUIRE(UNMAPPED(p + 4 * PAGE));
	REQUIRE(UNMAPPED(p + 7 * PAGE));
	REQUIRE(prog_same(p + 8 * PAGE, 4 * PAGE, 9));
	REQUIRE(prog_same(target, 4 * PAGE, 8));
	REQUIRE(prog_zero(target + 4 * PAGE, 4 * PAGE));
	REQUIRE(munmap(p, 4 * PAGE) == 0);
	REQUIRE(munmap(p + 8 * PAGE, 4 * PAGE) == 0);
	REQUIRE(munmap(target, 8 * PAGE) == 0);
}

static void
fixed_shrink(void)
{
	char *p = prog_anon(8), *target = hole(8);

	prog_fill(p, 8 * PAGE, 10);
	move(p, 8, target, 2);
	REQUIRE(prog_same(target, 2 * PAGE, 10));
	REQUIRE(UNMAPPED(target + 2 * PAGE));
	REQUIRE(UNMAPPED(p));
	REQUIRE(UNMAPPED(p + 7 * PAGE));
	REQUIRE(munmap(target, 2 * PAGE) == 0);
}

static void
dont_unmap(void)
{
	char *p = prog_anon(8), *q;

	prog_fill(p, 8 * PAGE, 11);
	q = mremap(p, 8 * PAGE, 8 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0);
	REQUIRE(q != MAP_FAILED);
	REQUIRE(q != p);
	REQUIRE(prog_same(q, 8 * PAGE, 11));
	REQUIRE(prog_zero(p, 8 * PAGE));
	prog_fill(p, 8 * PAGE, 12);
	REQUIRE(prog_same(q, 8 * PAGE, 11));
	REQUIRE(prog_same(p, 8 * PAGE, 12));
	REQUIRE(munmap(p, 8 * PAGE) == 0);
	REQUIRE(munmap(q, 8 * PAGE) == 0);
}

/* An old size of 0 makes a second view of shared memory. */
static void
duplicate_shared(void)
{
	char *p = prog_map(4 * PAGE, RW, SHARED), *q;

	prog_fill(p, 4 * PAGE, 13);
	q = mremap(p, 0, 4 * PAGE, MREMAP_MAYMOVE);
	REQUIRE(q != MAP_FAILED);
	REQUIRE(q != p);
	REQUIRE(prog_same(q, 4 * PAGE, 13));
	prog_fill(q, 4 * PAGE, 14);
	REQUIRE(prog_same(p, 4 * PAGE, 14));
	REQUIRE(munmap(p, 4 * PAGE) == 0);
	REQUIRE(prog_same(q, 4 * PAGE, 14));
	REQUIRE(munmap(q, 4 * PAGE) == 0);
}

static void
after_fork(void)
{
	char *p = prog_anon(16), *target = hole(32);
	pid_t pid;

	prog_fill(p, 16 * PAGE, 15);
	pid = prog_fork();
	move(p, 16, target, 32);
	REQUIRE(prog_same(target, 16 * PAGE, 15));
	REQUIRE(prog_zero(target + 16 * PAGE, 16 * PAGE));
	prog_fill(target, 32 * PAGE, pid == 0 ? 16 : 17);
	REQUIRE(prog_same(target, 32 * PAGE, pid == 0 ? 16 : 17));
	REQUIRE(UNMAPPED(p));
	if (pid == 0)
		_exit(0);
	prog_join(pid);
	REQUIRE(prog_same(target, 32 * PAGE, 17));
	REQUIRE(munmap(target, 32 * PAGE) == 0);
}

static void
shared_between_processes(void)
{
	char *p = prog_map(4 * PAGE, RW, SHARED), *target = hole(4);
	pid_t pid;

	prog_fill(p, 4 * PAGE, 18);
	pid = prog_fork();
	if (pid == 0) {
		move(p, 4, target, 4);
		REQUIRE(prog_same(target, 4 * PAGE, 18));
		prog_fill(target, 4 * PAGE, 19);
		_exit(0);
	}
	prog_join(pid);
	REQUIRE(prog_same(p, 4 * PAGE, 19));
	REQUIRE(munmap(p, 4 * PAGE) == 0);
}

static void
private_file(void)
{
	int fd = prog_file(8, 100);
	char *p = prog_map_file(fd, 8, RW, MAP_PRIVATE), *target = hole(8);

	prog_fill(p + PAGE, PAGE, 20);
	move(p, 4, target, 8);
	REQUIRE(prog_same(target, PAGE, 100));
	REQUIRE(prog_same(target + PAGE, PAGE, 20));
	for (unsigned i = 2; i < 8; i++)
		REQUIRE(prog_same(target + i * PAGE, PAGE, 100 + i));
	REQUIRE(prog_same(p + 4 * PAGE, PAGE, 104));
	REQUIRE(munmap(p + 4 * PAGE, 4 * PAGE) == 0);
	REQUIRE(munmap(target, 8 * PAGE) == 0);
	REQUIRE(close(fd) == 0);
}

static void
shared_file(void)
{
	int fd = prog_file(8, 200);
	char *p = prog_map_file(fd, 8, RW, MAP_SHARED), *target = hole(4);
	unsigned char page[PAGE];

	move(p + 2 * PAGE, 4, target, 4);
	for (unsigned i = 0; i < 4; i++)
		REQUIRE(prog_same(target + i * PAGE, PAGE, 202 + i));
	prog_fill(target, PAGE, 21);
	REQUIRE(pread(fd, page, PAGE, 2 * PAGE) == (ssize_t)PAGE);
	REQUIRE(prog_same(page, PAGE, 21));
	REQUIRE(munmap(p, 8 * PAGE) == 0);
	REQUIRE(munmap(target, 4 * PAGE) == 0);
	REQUIRE(close(fd) == 0);
}

static void
keeps_protection(void)
{
	char *p = prog_anon(4), *target = hole(8);

	prog_fill(p, 4 * PAGE, 22);
	REQUIRE(mprotect(p, 4 * PAGE, PROT_READ) == 0);
	move(p, 4, target, 8);
	REQUIRE(prog_same(target, 4 * PAGE, 22));
	REQUIRE(NO_WRITE(target));
	REQUIRE(NO_WRITE(target + 7 * PAGE));
	REQUIRE(munmap(target, 8 * PAGE) == 0);
}

static void
failed(char *p, size_t old, size_t new, int flags, char *to, int error)
{
	errno = 0;
	REQUIRE(mremap(p, old, new, flags, to) == MAP_FAILED);
	REQUIRE(errno == error);
}

static void
errors(void)
{
	char *p = prog_anon(8);
	int fixed_flags = MREMAP_MAYMOVE | MREMAP_FIXED;

	prog_fill(p, 8 * PAGE, 23);
	failed(p + 1, PAGE, 2 * PAGE, MREMAP_MAYMOVE, NULL, EINVAL);
	failed(p, PAGE, 0, MREMAP_MAYMOVE, NULL, EINVAL);
	failed(p, PAGE, PAGE, MREMAP_FIXED, p + PAGE, EINVAL);
	failed(p, 4 * PAGE, 4 * PAGE, fixed_flags, p + PAGE, EINVAL);
	failed(p, PAGE, PAGE, fixed_flags, p + PAGE / 2, EINVAL);
	failed(p, PAGE, PAGE, 64, NULL, EINVAL);
	failed(hole(8), PAGE, 2 * PAGE, MREMAP_MAYMOVE, NULL, EFAULT);
	REQUIRE(munmap(p + 4 * PAGE, PAGE) == 0);
	failed(p, 8 * PAGE, 16 * PAGE, MREMAP_MAYMOVE, NULL, EFAULT);
	REQUIRE(prog_same(p, 4 * PAGE, 23));
	REQUIRE(munmap(p, 8 * PAGE) == 0);
}

/* realloc() of large blocks is mremap in glibc. */
static void
realloc_large(void)
{
	size_t len = 64 * PAGE;
	char *p = malloc(len);

	REQUIRE(p != NULL);
	prog_fill(p, len, 24);
	for (int i = 0; i < 6; i++) {
		len *= 2;
		p = realloc(p, len);
		REQUIRE(p != NULL);
		REQUIRE(prog_same(p, 64 * PAGE, 24));
		p[len - 1] = 1;
	}
	p = realloc(p, 64 * PAGE);
	REQUIRE(p != NULL);
	REQUIRE(prog_same(p, 64 * PAGE, 24));
	free(p);
}

int
main(int argc, char **argv)
{
	static const struct prog_check checks[] = {
		{ "shrink", shrink },
		{ "grow-in-place", grow_in_place },
		{ "grow-and-move", grow_and_move },
		{ "fixed", fixed },
		{ "fixed-piece", fixed_piece },
		{ "fixed-shrink", fixed_shrink },
		{ "dont-unmap", dont_unmap },
		{ "duplicate-shared", duplicate_shared },
		{ "after-fork", after_fork },
		{ "shared-between-processes", shared_between_processes },
		{ "private-file", private_file },
		{ "shared-file", shared_file },
		{ "keeps-protection", keeps_protection },
		{ "errors", errors },
		{ "realloc-large", realloc_large },
	};

	return (prog_main(argc, argv, checks, COUNT(checks)));
}
