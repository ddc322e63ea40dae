/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * brk.c: the break goes up and down.
 *
 * New memory above the break is zero, also where old memory was given back;
 * the part page above an unaligned break keeps its bytes until the page goes.
 * The C library uses the break for small allocations, so each check starts
 * and ends at the same break and allocates nothing in between.
 */
#include <sys/resource.h>
#include <sys/syscall.h>

#include "prog.h"

static char *
set(char *to)
{
	return ((char *)syscall(SYS_brk, to));
}

/* The break, moved up to the next page boundary. */
static char *
aligned(void)
{
	char *old = set(NULL);
	char *top = old + (PAGE - (uintptr_t)old % PAGE) % PAGE;

	REQUIRE(set(top) == top);
	return (top);
}

static void
up_and_down(void)
{
	char *base = aligned();

	for (size_t n = 1; n <= 1024; n *= 2) {
		REQUIRE(set(base + n * PAGE) == base + n * PAGE);
		REQUIRE(prog_zero(base, n * PAGE));
		prog_fill(base, n * PAGE, (unsigned)n);
		REQUIRE(prog_same(base, n * PAGE, (unsigned)n));
		REQUIRE(UNMAPPED(base + n * PAGE));
		REQUIRE(set(base) == base);
		REQUIRE(UNMAPPED(base));
	}
}

static void
in_steps(void)
{
	char *base = aligned();

	for (size_t n = 0; n < 64; n++) {
		char *top = base + n * PAGE;

		REQUIRE(set(top + PAGE) == top + PAGE);
		REQUIRE(prog_zero(top, PAGE));
		prog_fill(top, PAGE, (unsigned)n);
	}
	for (size_t n = 64; n > 0; n--) {
		REQUIRE(
		    prog_same(base + (n - 1) * PAGE, PAGE, (unsigned)(n - 1)));
		REQUIRE(set(base + (n - 1) * PAGE) == base + (n - 1) * PAGE);
	}
}

static void
unaligned(void)
{
	char *base = aligned();

	REQUIRE(set(base + 100) == base + 100);
	prog_fill(base, PAGE, 1);
	REQUIRE(set(base + PAGE + 1) == base + PAGE + 1);
	REQUIRE(prog_same(base, PAGE, 1));
	REQUIRE(prog_zero(base + PAGE, PAGE));
	REQUIRE(UNMAPPED(base + 2 * PAGE));
	REQUIRE(set(base + 1) == base + 1);
	REQUIRE(prog_same(base, PAGE, 1));
	REQUIRE(UNMAPPED(base + PAGE));
	REQUIRE(set(base) == base);
}

static void
forked(void)
{
	char *base = aligned();
	pid_t pid;

	REQUIRE(set(base + 16 * PAGE) == base + 16 * PAGE);
	prog_fill(base, 16 * PAGE, 2);
	pid = prog_fork();
	if (pid == 0) {
		REQUIRE(prog_same(base, 16 * PAGE, 2));
		REQUIRE(set(base + 32 * PAGE) == base + 32 * PAGE);
		REQUIRE(prog_zero(base + 16 * PAGE, 16 * PAGE));
		prog_fill(base, 32 * PAGE, 3);
		REQUIRE(set(base + 4 * PAGE) == base + 4 * PAGE);
		REQUIRE(prog_same(base, 4 * PAGE, 3));
		_exit(0);
	}
	REQUIRE(set(base + 24 * PAGE) == base + 24 * PAGE);
	prog_join(pid);
	REQUIRE(prog_same(base, 16 * PAGE, 2));
	REQUIRE(prog_zero(base + 16 * PAGE, 8 * PAGE));
	REQUIRE(set(base) == base);
}

/* The break does not run over a mapping, and not past RLIMIT_DATA. */
static void
refused(void)
{
	char *base = aligned();
	char *wall = base + 16 * PAGE;
	struct rlimit limit = { 0, 0 }, old;
	void *p = mmap(wall, PAGE, RW, PRIVATE | MAP_FIXED_NOREPLACE, -1, 0);

	REQUIRE(p == wall);
	REQUIRE(set(wall + PAGE) == base);
	REQUIRE(set(base + 4 * PAGE) == base + 4 * PAGE);
	prog_fill(base, 4 * PAGE, 4);
	REQUIRE(prog_same(base, 4 * PAGE, 4));
	REQUIRE(set(base) == base);
	REQUIRE(munmap(wall, PAGE) == 0);
	REQUIRE(getrlimit(RLIMIT_DATA, &old) == 0);
	limit.rlim_max = old.rlim_max;
	REQUIRE(setrlimit(RLIMIT_DATA, &limit) == 0);
	REQUIRE(set(base + 1024 * PAGE) == base);
	REQUIRE(setrlimit(RLIMIT_DATA, &old) == 0);
	REQUIRE(set(NULL) == base);
	REQUIRE(set((char *)8) == base);
}

/* A piece of the heap unmapped or protected by hand. */
static void
cut(void)
{
	char *base = aligned();

	REQUIRE(set(base + 8 * PAGE) == base + 8 * PAGE);
	prog_fill(base, 8 * PAGE, 5);
	REQUIRE(mprotect(base + 2 * PAGE, PAGE, PROT_READ) == 0);
	REQUIRE(munmap(base + 4 * PAGE, PAGE) == 0);
	REQUIRE(NO_WRITE(base + 2 * PAGE));
	REQUIRE(UNMAPPED(base + 4 * PAGE));
	REQUIRE(set(base + 16 * PAGE) == base + 16 * PAGE);
	REQUIRE(prog_same(base, 4 * PAGE, 5));
	REQUIRE(prog_zero(base + 8 * PAGE, 8 * PAGE));
	REQUIRE(set(base) == base);
	REQUIRE(UNMAPPED(base));
	REQUIRE(UNMAPPED(base + 15 * PAGE));
}

int
main(int argc, char **argv)
{
	static const struct prog_check checks[] = {
		{ "up-and-down", up_and_down },
		{ "in-steps", in_steps },
		{ "unaligned", unaligned },
		{ "forked", forked },
		{ "refused", refused },
		{ "cut", cut },
	};
	static char out[BUFSIZ];

	setvbuf(stdout, out, _IOLBF, sizeof(out));
	return (prog_main(argc, argv, checks, COUNT(checks)));
}
