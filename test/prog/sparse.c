/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sparse.c: a vast reservation of which little is used.
 *
 * Garbage collectors and sanitizers reserve tens of gigabytes with PROT_NONE
 * or MAP_NORESERVE and use a page here and there.  That must cost what is
 * used, not what is reserved, and a fork must copy no more than that.
 */
#include "prog.h"

#define RESERVED ((size_t)64 << 30)
#define NTOUCHED ((size_t)1500)

/* Page i of the touched ones: scattered, never twice. */
static char *
spot(char *base, size_t i)
{
	size_t npages = RESERVED / PAGE;

	return (base + (i * 7919 * 1409 % npages) * PAGE);
}

static void
use(char *base, unsigned seed)
{
	for (size_t i = 0; i < NTOUCHED; i++) {
		REQUIRE(prog_zero(spot(base, i), 64));
		prog_fill(spot(base, i), 64, seed + (unsigned)i);
	}
}

static void
verify(char *base, unsigned seed)
{
	for (size_t i = 0; i < NTOUCHED; i++)
		REQUIRE(prog_same(spot(base, i), 64, seed + (unsigned)i));
}

static void
reserved(void)
{
	char *base = prog_map(RESERVED, PROT_NONE, PRIVATE | MAP_NORESERVE);

	REQUIRE(NO_READ(base));
	REQUIRE(NO_READ(base + RESERVED - 1));
	for (size_t i = 0; i < NTOUCHED; i++)
		REQUIRE(mprotect(spot(base, i), PAGE, RW) == 0);
	use(base, 1);
	verify(base, 1);
	REQUIRE(munmap(base + RESERVED / 2, RESERVED / 2) == 0);
	for (size_t i = 0; i < NTOUCHED; i++)
		if (spot(base, i) < base + RESERVED / 2)
			REQUIRE(prog_same(spot(base, i), 64, 1 + (unsigned)i));
	REQUIRE(munmap(base, RESERVED) == 0);
}

static void
writable(void)
{
	char *base = prog_map(RESERVED, RW, PRIVATE | MAP_NORESERVE);
	pid_t pid;

	use(base, 2);
	verify(base, 2);
	pid = prog_fork();
	if (pid == 0) {
		verify(base, 2);
		for (size_t i = 0; i < NTOUCHED; i++)
			prog_fill(spot(base, i), 64, 3 + (unsigned)i);
		verify(base, 3);
		_exit(0);
	}
	prog_join(pid);
	verify(base, 2);
	REQUIRE(madvise(base, RESERVED, MADV_DONTNEED) == 0);
	use(base, 4);
	REQUIRE(munmap(base, RESERVED) == 0);
}

static void
shared(void)
{
	char *base = prog_map(RESERVED, RW, SHARED | MAP_NORESERVE);
	pid_t pid = prog_fork();

	if (pid == 0) {
		use(base, 5);
		_exit(0);
	}
	prog_join(pid);
	verify(base, 5);
	REQUIRE(munmap(base, RESERVED) == 0);
}

int
main(int argc, char **argv)
{
	static const struct prog_check checks[] = {
		{ "reserved", reserved },
		{ "writable", writable },
		{ "shared", shared },
	};

	return (prog_main(argc, argv, checks, COUNT(checks)));
}
