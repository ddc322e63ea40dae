/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unmap_fork.c: pieces of a mapping go away on one side of a fork.
 *
 *	parent   |AAAA|BBBB|CCCC|DDDD|
 *	child    |AAAA|....|CCCC|DDDD|     and the parent loses CCCC
 *
 * After a fork both sides share pages copy-on-write.  Unmapping, replacing or
 * protecting a piece on one side must leave every other piece, and the whole
 * other side, as they were.
 */
#include "prog.h"

#define NPAGES ((size_t)64)

struct pair {
	char *base;
	int to_parent[2];
	int to_child[2];
};

static void
pair_init(struct pair *pair)
{
	pair->base = prog_anon(NPAGES);
	for (size_t i = 0; i < NPAGES; i++)
		prog_fill(pair->base + i * PAGE, PAGE, (unsigned)i);
	REQUIRE(pipe(pair->to_parent) == 0);
	REQUIRE(pipe(pair->to_child) == 0);
}

static void
pair_fini(struct pair *pair)
{
	REQUIRE(munmap(pair->base, NPAGES * PAGE) == 0);
	for (int i = 0; i < 2; i++) {
		REQUIRE(close(pair->to_parent[i]) == 0);
		REQUIRE(close(pair->to_child[i]) == 0);
	}
}

static void
unmap(struct pair *pair, size_t first, size_t last)
{
	REQUIRE(munmap(pair->base + first * PAGE, (last - first) * PAGE) == 0);
}

static void
require_pages(struct pair *pair, size_t first, size_t last)
{
	for (size_t i = first; i < last; i++)
		REQUIRE(prog_same(pair->base + i * PAGE, PAGE, (unsigned)i));
}

static void
require_hole(struct pair *pair, size_t first, size_t last)
{
	for (size_t i = first; i < last; i++)
		REQUIRE(UNMAPPED(pair->base + i * PAGE));
}

static void
middle_child(struct pair *pair)
{
	unmap(pair, 16, 32);
	require_hole(pair, 16, 32);
	prog_tell(pair->to_parent[1]);
	prog_hear(pair->to_child[0]);
	require_pages(pair, 0, 16);
	require_pages(pair, 32, NPAGES);
	require_hole(pair, 16, 32);
	_exit(0);
}

static void
middle(void)
{
	struct pair pair;
	pid_t pid;

	pair_init(&pair);
	pid = prog_fork();
	if (pid == 0)
		middle_child(&pair);
	prog_hear(pair.to_parent[0]);
	require_pages(&pair, 0, NPAGES);
	unmap(&pair, 24, 48);
	require_hole(&pair, 24, 48);
	prog_fill(pair.base + 48 * PAGE, PAGE, 1000);
	prog_tell(pair.to_child[1]);
	prog_join(pid);
	require_pages(&pair, 0, 24);
	REQUIRE(prog_same(pair.base + 48 * PAGE, PAGE, 1000));
	require_pages(&pair, 49, NPAGES);
	pair_fini(&pair);
}

static void
ends(void)
{
	struct pair pair;
	pid_t pid;

	pair_init(&pair);
	pid = prog_fork();
	if (pid == 0) {
		unmap(&pair, 0, 1);
		unmap(&pair, NPAGES - 1, NPAGES);
		require_hole(&pair, 0, 1);
		require_hole(&pair, NPAGES - 1, NPAGES);
		require_pages(&pair, 1, NPAGES - 1);
		_exit(0);
	}
	prog_join(pid);
	require_pages(&pair, 0, NPAGES);
	pair_fini(&pair);
}

/* The child keeps the even pages, the parent the odd ones. */
static void
checkerboard(void)
{
	struct pair pair;
	pid_t pid;
	size_t mine;

	pair_init(&pair);
	pid = prog_fork();
	mine = pid == 0 ? 0 : 1;
	for (size_t i = 1 - mine; i < NPAGES; i += 2)
		unmap(&pair, i, i + 1);
	for (size_t i = 0; i < NPAGES; i++) {
		if (i % 2 == mine)
			require_pages(&pair, i, i + 1);
		else
			require_hole(&pair, i, i + 1);
	}
	for (size_t i = mine; i < NPAGES; i += 2)
		prog_fill(pair.base + i * PAGE, PAGE, (unsigned)(i + mine));
	for (size_t i = mine; i < NPAGES; i += 2)
		REQUIRE(prog_same(pair.base + i * PAGE, PAGE,
		    (unsigned)(i + mine)));
	if (pid == 0)
		_exit(0);
	prog_join(pid);
	pair_fini(&pair);
}

/* New memory in the hole is zero there and invisible on the other side. */
static void
replaced(void)
{
	struct pair pair;
	pid_t pid;

	pair_init(&pair);
	pid = prog_fork();
	if (pid == 0) {
		char *hole = pair.base + 8 * PAGE;

		unmap(&pair, 8, 24);
		REQUIRE(mmap(hole, 16 * PAGE, RW, PRIVATE | MAP_FIXED, -1, 0) ==
		    hole);
		REQUIRE(prog_zero(hole, 16 * PAGE));
		prog_fill(hole, 16 * PAGE, 77);
		require_pages(&pair, 0, 8);
		require_pages(&pair, 24, NPAGES);
		REQUIRE(prog_same(hole, 16 * PAGE, 77));
		_exit(0);
	}
	prog_join(pid);
	require_pages(&pair, 0, NPAGES);
	pair_fini(&pair);
}

static void
generation(struct pair *pair, unsigned depth)
{
	pid_t pid;

	if (depth == 6)
		return;
	pid = prog_fork();
	if (pid != 0) {
		prog_join(pid);
		return;
	}
	unmap(pair, depth * 4, depth * 4 + 4);
	prog_fill(pair->base + (40 + depth) * PAGE, PAGE, 900 + depth);
	generation(pair, depth + 1);
	require_hole(pair, 0, depth * 4 + 4);
	require_pages(pair, depth * 4 + 4, 40);
	for (unsigned i = 0; i <= depth; i++)
		REQUIRE(prog_same(pair->base + (40 + i) * PAGE, PAGE, 900 + i));
	require_pages(pair, 41 + depth, NPAGES);
	_exit(0);
}

/* Each generation loses four more pages and writes one. */
static void
generations(void)
{
	struct pair pair;

	pair_init(&pair);
	generation(&pair, 0);
	require_pages(&pair, 0, NPAGES);
	pair_fini(&pair);
}

static void
protected_piece(void)
{
	struct pair pair;
	pid_t pid;

	pair_init(&pair);
	pid = prog_fork();
	if (pid == 0) {
		REQUIRE(
		    mprotect(pair.base + 8 * PAGE, 8 * PAGE, PROT_READ) == 0);
		require_pages(&pair, 0, NPAGES);
		REQUIRE(NO_WRITE(pair.base + 8 * PAGE));
		prog_fill(pair.base + 16 * PAGE, PAGE, 5);
		REQUIRE(mprotect(pair.base + 8 * PAGE, 8 * PAGE, RW) == 0);
		prog_fill(pair.base + 8 * PAGE, PAGE, 6);
		unmap(&pair, 9, 16);
		REQUIRE(prog_same(pair.base + 8 * PAGE, PAGE, 6));
		REQUIRE(prog_same(pair.base + 16 * PAGE, PAGE, 5));
		_exit(0);
	}
	prog_join(pid);
	require_pages(&pair, 0, NPAGES);
	pair_fini(&pair);
}

static void
locked_piece(void)
{
	struct pair pair;
	pid_t pid;

	pair_init(&pair);
	REQUIRE(mlock(pair.base + 4 * PAGE, 8 * PAGE) == 0);
	pid = prog_fork();
	if (pid == 0) {
		unmap(&pair, 6, 10);
		require_pages(&pair, 0, 6);
		require_pages(&pair, 10, NPAGES);
		_exit(0);
	}
	prog_join(pid);
	unmap(&pair, 2, 6);
	require_pages(&pair, 0, 2);
	require_pages(&pair, 6, NPAGES);
	pair_fini(&pair);
}

/* A piece that is not inherited, and one that is inherited as zeroes. */
static void
inheritance(void)
{
	struct pair pair;
	pid_t pid;

	pair_init(&pair);
	REQUIRE(madvise(pair.base + 8 * PAGE, 4 * PAGE, MADV_DONTFORK) == 0);
	REQUIRE(madvise(pair.base + 20 * PAGE, 4 * PAGE, MADV_WIPEONFORK) == 0);
	pid = prog_fork();
	if (pid == 0) {
		require_pages(&pair, 0, 8);
		require_hole(&pair, 8, 12);
		require_pages(&pair, 12, 20);
		REQUIRE(prog_zero(pair.base + 20 * PAGE, 4 * PAGE));
		require_pages(&pair, 24, NPAGES);
		prog_fill(pair.base + 20 * PAGE, 4 * PAGE, 3);
		_exit(0);
	}
	prog_join(pid);
	require_pages(&pair, 0, NPAGES);
	REQUIRE(madvise(pair.base + 8 * PAGE, 4 * PAGE, MADV_DOFORK) == 0);
	REQUIRE(madvise(pair.base + 20 * PAGE, 4 * PAGE, MADV_KEEPONFORK) == 0);
	pid = prog_fork();
	if (pid == 0) {
		require_pages(&pair, 0, NPAGES);
		_exit(0);
	}
	prog_join(pid);
	pair_fini(&pair);
}

/* The parent unmaps everything; the child lives on what it inherited. */
static void
inherited_alone(void)
{
	struct pair pair;
	pid_t pid;

	pair_init(&pair);
	pid = prog_fork();
	if (pid == 0) {
		prog_hear(pair.to_child[0]);
		require_pages(&pair, 0, NPAGES);
		unmap(&pair, 1, NPAGES - 1);
		prog_fill(pair.base, PAGE, 8);
		REQUIRE(prog_same(pair.base, PAGE, 8));
		require_pages(&pair, NPAGES - 1, NPAGES);
		_exit(0);
	}
	unmap(&pair, 0, NPAGES);
	prog_tell(pair.to_child[1]);
	prog_join(pid);
	pair_fini(&pair);
}

int
main(int argc, char **argv)
{
	static const struct prog_check checks[] = {
		{ "middle", middle },
		{ "ends", ends },
		{ "checkerboard", checkerboard },
		{ "replaced", replaced },
		{ "generations", generations },
		{ "protected-piece", protected_piece },
		{ "locked-piece", locked_piece },
		{ "inheritance", inheritance },
		{ "inherited-alone", inherited_alone },
	};

	return (prog_main(argc, argv, checks, COUNT(checks)));
}
