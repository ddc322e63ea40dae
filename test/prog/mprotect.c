/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mprotect.c: protection is per page, at once, and for one process only.
 *
 * Patterns of protections cut a mapping into many entries and join them
 * again; contents survive; a change of protection after a fork does not leak
 * to the other side, and a page made writable again after a fork is still
 * copied before it is written.
 */
#include "prog.h"

static void
set(char *p, size_t first, size_t npages, int prot)
{
	REQUIRE(mprotect(p + first * PAGE, npages * PAGE, prot) == 0);
}

static void
levels(void)
{
	char *p = prog_anon(4);

	prog_fill(p, 4 * PAGE, 1);
	set(p, 1, 2, PROT_READ);
	REQUIRE(NO_WRITE(p + PAGE));
	REQUIRE(NO_WRITE(p + 3 * PAGE - 1));
	REQUIRE(prog_same(p, 4 * PAGE, 1));
	set(p, 1, 2, PROT_NONE);
	REQUIRE(NO_READ(p + PAGE));
	REQUIRE(NO_WRITE(p + PAGE));
	p[0] = p[3 * PAGE] = 2;
	set(p, 0, 4, RW);
	p[0] = (char)prog_byte(1, 0);
	p[3 * PAGE] = (char)prog_byte(1, 3 * PAGE);
	REQUIRE(prog_same(p, 4 * PAGE, 1));
	REQUIRE(munmap(p, 4 * PAGE) == 0);
}

/* Protection set before the first touch. */
static void
untouched(void)
{
	char *p = prog_map(64 * PAGE, PROT_NONE, PRIVATE);

	for (size_t i = 0; i < 64; i += 4) {
		set(p, i, 1, PROT_READ);
		set(p, i + 1, 1, RW);
	}
	for (size_t i = 0; i < 64; i += 4) {
		REQUIRE(prog_zero(p + i * PAGE, PAGE));
		REQUIRE(NO_WRITE(p + i * PAGE));
		prog_fill(p + (i + 1) * PAGE, PAGE, (unsigned)i);
		REQUIRE(NO_READ(p + (i + 2) * PAGE));
		REQUIRE(NO_WRITE(p + (i + 3) * PAGE));
	}
	set(p, 0, 64, PROT_READ);
	for (size_t i = 0; i < 64; i += 4) {
		REQUIRE(prog_zero(p + i * PAGE, PAGE));
		REQUIRE(prog_same(p + (i + 1) * PAGE, PAGE, (unsigned)i));
		REQUIRE(prog_zero(p + (i + 2) * PAGE, 2 * PAGE));
	}
	REQUIRE(munmap(p, 64 * PAGE) == 0);
}

/* Protections by a fixed pseudo-random walk, against an array of what they
   should be. */
static void
walk(void)
{
	static const int prots[] = { PROT_NONE, PROT_READ, RW };
	int want[64];
	char *p = prog_anon(64);
	uint32_t x = 12345;

	for (size_t i = 0; i < 64; i++) {
		want[i] = RW;
		prog_fill(p + i * PAGE, PAGE, (unsigned)i);
	}
	for (int step = 0; step < 300; step++) {
		size_t first, n;

		x = x * 1664525 + 1013904223;
		first = x >> 26;
		n = 1 + (x >> 20) % (64 - first);
		set(p, first, n, prots[(x >> 10) % 3]);
		for (size_t i = first; i < first + n; i++)
			want[i] = prots[(x >> 10) % 3];
		first = (x >> 4) % 64;
		REQUIRE(prog_probe(p + first * PAGE, false).signo ==
		    (want[first] == PROT_NONE ? SIGSEGV : 0));
		if (want[first] != RW)
			REQUIRE(NO_WRITE(p + first * PAGE));
	}
	set(p, 0, 64, PROT_READ);
	for (size_t i = 0; i < 64; i++)
		REQUIRE(prog_same(p + i * PAGE, PAGE, (unsigned)i));
	REQUIRE(munmap(p, 64 * PAGE) == 0);
}

static void
forked(void)
{
	char *p = prog_anon(8);
	int ready[2];
	pid_t pid;

	REQUIRE(pipe(ready) == 0);
	prog_fill(p, 8 * PAGE, 2);
	set(p, 0, 4, PROT_READ);
	pid = prog_fork();
	if (pid == 0) {
		REQUIRE(NO_WRITE(p));
		set(p, 0, 4, RW);
		set(p, 4, 4, PROT_NONE);
		prog_fill(p, 4 * PAGE, 3);
		REQUIRE(NO_READ(p + 4 * PAGE));
		prog_tell(ready[1]);
		prog_pause(20);
		REQUIRE(prog_same(p, 4 * PAGE, 3));
		set(p, 4, 4, RW);
		REQUIRE(p[5 * PAGE] == (char)prog_byte(2, 5 * PAGE));
		_exit(0);
	}
	prog_hear(ready[0]);
	REQUIRE(NO_WRITE(p));
	REQUIRE(prog_same(p, 8 * PAGE, 2));
	set(p, 0, 4, RW);
	prog_fill(p, 8 * PAGE, 4);
	prog_join(pid);
	REQUIRE(prog_same(p, 8 * PAGE, 4));
	REQUIRE(munmap(p, 8 * PAGE) == 0);
	REQUIRE(close(ready[0]) == 0 && close(ready[1]) == 0);
}

/* Read-only and writable again, with a child alive: the write must copy. */
static void
writable_again(void)
{
	char *p = prog_anon(8);
	int go[2];
	pid_t pid;

	REQUIRE(pipe(go) == 0);
	prog_fill(p, 8 * PAGE, 5);
	pid = prog_fork();
	if (pid == 0) {
		prog_hear(go[0]);
		REQUIRE(prog_same(p, 8 * PAGE, 5));
		_exit(0);
	}
	for (int i = 0; i < 4; i++) {
		set(p, 0, 8, PROT_READ);
		set(p, 0, 8, RW);
		prog_fill(p, 8 * PAGE, 6);
	}
	prog_tell(go[1]);
	prog_join(pid);
	REQUIRE(prog_same(p, 8 * PAGE, 6));
	REQUIRE(munmap(p, 8 * PAGE) == 0);
	REQUIRE(close(go[0]) == 0 && close(go[1]) == 0);
}

/* A file opened for reading may be mapped privately and written, but a
   shared mapping of it never becomes writable. */
static void
of_files(void)
{
	int fd = prog_file(4, 40), ro;
	char path[64], *p;
	unsigned char page[PAGE];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ro = open(path, O_RDONLY);
	REQUIRE(ro >= 0);
	p = prog_map_file(ro, 4, PROT_READ, MAP_PRIVATE);
	set(p, 0, 4, RW);
	REQUIRE(prog_same(p, PAGE, 40));
	prog_fill(p, PAGE, 7);
	REQUIRE(pread(fd, page, PAGE, 0) == (ssize_t)PAGE);
	REQUIRE(prog_same(page, PAGE, 40));
	REQUIRE(munmap(p, 4 * PAGE) == 0);
	p = prog_map_file(ro, 4, PROT_READ, MAP_SHARED);
	REQUIRE(mprotect(p, PAGE, RW) == -1 && errno == EACCES);
	REQUIRE(prog_same(p, PAGE, 40));
	REQUIRE(mmap(NULL, PAGE, RW, MAP_SHARED, ro, 0) == MAP_FAILED);
	REQUIRE(errno == EACCES);
	REQUIRE(munmap(p, 4 * PAGE) == 0);
	REQUIRE(close(ro) == 0 && close(fd) == 0);
}

/* Text and constants of the program itself. */
static void
of_the_program(void)
{
	static const char constant[3 * 4096] = "constant";
	char *p = (char *)((uintptr_t)(constant + PAGE) & ~(PAGE - 1));
	static char data[3 * 4096] = "data";
	char *q = (char *)((uintptr_t)(data + PAGE) & ~(PAGE - 1));

	REQUIRE(NO_WRITE((char *)(uintptr_t)constant));
	set(p, 0, 1, RW);
	p[0] = 9;
	REQUIRE(p[0] == 9);
	set(p, 0, 1, PROT_READ);
	REQUIRE(p[0] == 9);
	q[0] = 8;
	set(q, 0, 1, PROT_READ);
	REQUIRE(NO_WRITE(q));
	set(q, 0, 1, RW);
	q[1] = 7;
	REQUIRE(q[0] == 8 && q[1] == 7);
}

static void
errors(void)
{
	char *p = prog_anon(8);

	prog_fill(p, 8 * PAGE, 8);
	REQUIRE(mprotect(p + 1, PAGE, RW) == -1 && errno == EINVAL);
	REQUIRE(mprotect(p, 0, PROT_NONE) == 0);
	REQUIRE(mprotect(p, 1, PROT_READ) == 0);
	REQUIRE(NO_WRITE(p + PAGE - 1));
	REQUIRE(munmap(p + 4 * PAGE, PAGE) == 0);
	REQUIRE(mprotect(p, 8 * PAGE, PROT_READ) == -1 && errno == ENOMEM);
	REQUIRE(prog_same(p, 4 * PAGE, 8));
	REQUIRE(munmap(p, 8 * PAGE) == 0);
	REQUIRE(mprotect(p, PAGE, RW) == -1 && errno == ENOMEM);
}

/* A collector's write barrier: the handler opens the page, the store goes
   on. */
static char *barrier_base;
static volatile sig_atomic_t barrier_hits;

static void
barrier(int signo, siginfo_t *info, void *context)
{
	size_t page = ((size_t)info->si_addr - (size_t)barrier_base) / PAGE;

	(void)signo;
	(void)context;
	barrier_hits++;
	REQUIRE(page < 64);
	REQUIRE(info->si_code == SEGV_ACCERR);
	set(barrier_base, page, 1, RW);
}

static void
write_barrier(void)
{
	struct sigaction act = { .sa_sigaction = barrier,
		.sa_flags = SA_SIGINFO };

	barrier_base = prog_anon(64);
	REQUIRE(sigaction(SIGSEGV, &act, NULL) == 0);
	for (int round = 0; round < 20; round++) {
		barrier_hits = 0;
		set(barrier_base, 0, 64, PROT_READ);
		for (size_t i = 0; i < 64 * PAGE; i += PAGE / 4)
			((volatile char *)barrier_base)[i]++;
		REQUIRE(barrier_hits == 64);
	}
	for (size_t i = 0; i < 64 * PAGE; i += PAGE / 4)
		REQUIRE(barrier_base[i] == 20);
	signal(SIGSEGV, SIG_DFL);
	REQUIRE(munmap(barrier_base, 64 * PAGE) == 0);
}

int
main(int argc, char **argv)
{
	static const struct prog_check checks[] = {
		{ "levels", levels },
		{ "untouched", untouched },
		{ "walk", walk },
		{ "forked", forked },
		{ "writable-again", writable_again },
		{ "of-files", of_files },
		{ "of-the-program", of_the_program },
		{ "errors", errors },
		{ "write-barrier", write_barrier },
	};

	return (prog_main(argc, argv, checks, COUNT(checks)));
}
