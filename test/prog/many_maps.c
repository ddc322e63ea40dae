/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * many_maps.c: very many mappings at once.
 *
 *	|RW|R |RW|R |RW|R | ...      one region, the protection alternates
 *	|f0| |f1| |f2| |f0| ...      pages of one file, out of order, apart
 *
 * -n NUMBER is how many there shall be in all, half of each kind; every one is
 * touched and its contents checked.  Linux allows vm.max_map_count mappings to
 * a process (65530 unless set otherwise); the default here stays below it.
 */
#include "prog.h"

#define FILE_PAGES ((size_t)61)

static size_t
number(void)
{
	return (prog_count > 0 ? (size_t)prog_count : 40000);
}

static void
verify_alternating(const char *base, size_t n, unsigned seed)
{
	for (size_t i = 0; i < n; i++)
		REQUIRE(prog_same(base + i * PAGE, 32, seed + (unsigned)i));
}

static void
alternating(void)
{
	size_t n = number() / 2;
	char *base = prog_anon(n);
	pid_t pid;

	for (size_t i = 0; i < n; i++)
		prog_fill(base + i * PAGE, 32, (unsigned)i);
	for (size_t i = 1; i < n; i += 2)
		REQUIRE(mprotect(base + i * PAGE, PAGE, PROT_READ) == 0);
	verify_alternating(base, n, 0);
	for (size_t i = 1; i < n; i += n / 64 | 1)
		REQUIRE(prog_probe(base + i * PAGE, true).signo ==
		    (i % 2 == 1 ? SIGSEGV : 0));
	for (size_t i = 0; i < n; i += 2)
		prog_fill(base + i * PAGE, 32, (unsigned)i);
	pid = prog_fork();
	if (pid == 0) {
		verify_alternating(base, n, 0);
		_exit(0);
	}
	prog_join(pid);
	REQUIRE(mprotect(base, n * PAGE, RW) == 0);
	for (size_t i = 0; i < n; i++)
		prog_fill(base + i * PAGE, 32, 7 + (unsigned)i);
	verify_alternating(base, n, 7);
	REQUIRE(munmap(base, n * PAGE) == 0);
}

static size_t
file_page(size_t i)
{
	return (i * 17 % FILE_PAGES);
}

/* Pages of a file at every second page of a region, the rest unmapped. */
static void
scattered_file(void)
{
	size_t n = number() / 2;
	int fd = prog_file(FILE_PAGES, 0);
	char *base = prog_map(2 * n * PAGE, PROT_NONE, PRIVATE);

	REQUIRE(munmap(base, 2 * n * PAGE) == 0);
	for (size_t i = 0; i < n; i++) {
		char *at = base + 2 * i * PAGE;

		REQUIRE(mmap(at, PAGE, RW, MAP_SHARED | MAP_FIXED_NOREPLACE, fd,
			    (off_t)(file_page(i) * PAGE)) == at);
	}
	for (size_t i = 0; i < n; i++)
		REQUIRE(
		    prog_same(base + 2 * i * PAGE, 32, (unsigned)file_page(i)));
	base[0] = 'x';
	for (size_t i = 0; i < n; i += FILE_PAGES)
		REQUIRE(base[2 * i * PAGE] == 'x');
	REQUIRE(munmap(base, 2 * n * PAGE) == 0);
	REQUIRE(close(fd) == 0);
}

/* All of them together, then away from the middle outwards. */
static void
together(void)
{
	size_t n = number() / 2;
	int fd = prog_file(FILE_PAGES, 0);
	char *anon = prog_anon(n);
	char *file = prog_map(2 * n * PAGE, PROT_NONE, PRIVATE);

	REQUIRE(munmap(file, 2 * n * PAGE) == 0);
	for (size_t i = 0; i < n; i++) {
		char *at = file + 2 * i * PAGE;

		prog_fill(anon + i * PAGE, 32, 3 + (unsigned)i);
		if (i % 2 == 1)
			REQUIRE(
			    mprotect(anon + i * PAGE, PAGE, PROT_READ) == 0);
		REQUIRE(
		    mmap(at, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED_NOREPLACE,
			fd, (off_t)(file_page(i) * PAGE)) == at);
		REQUIRE(prog_same(at, 32, (unsigned)file_page(i)));
	}
	for (size_t i = n / 2; i < n; i += 2)
		REQUIRE(munmap(anon + i * PAGE, PAGE) == 0);
	verify_alternating(anon, n / 2, 3);
	for (size_t i = n / 2 + 1; i < n; i += 2)
		REQUIRE(prog_same(anon + i * PAGE, 32, 3 + (unsigned)i));
	for (size_t i = 0; i < n; i++)
		REQUIRE(
		    prog_same(file + 2 * i * PAGE, 32, (unsigned)file_page(i)));
	REQUIRE(munmap(anon, n * PAGE) == 0);
	REQUIRE(munmap(file, 2 * n * PAGE) == 0);
	REQUIRE(close(fd) == 0);
}

int
main(int argc, char **argv)
{
	static const struct prog_check checks[] = {
		{ "alternating", alternating },
		{ "scattered-file", scattered_file },
		{ "together", together },
	};

	return (prog_main(argc, argv, checks, COUNT(checks)));
}
