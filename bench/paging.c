/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * paging PATTERN MEGABYTES: use more memory than there is, and look whether it
 * is what it was.  bench/paging.sh runs it under bsdvm and under Linux.
 *
 * All pages are written once, and then, timed:
 *
 *	sequential	all, from the first to the last, twice
 *	random		four of five times one of a fifth of the pages, else
 *			any; as often as there are pages
 *	loop		the first half of them, four times
 *	mixed		a step of a walk through all, then one of an eighth of
 *			the pages at random; twice as often as there are pages
 *
 * Each use reads the page, and looks whether it has what was written last; one
 * in four writes it.  References are the same on every run.  Prints the
 * seconds that it took; ends with 1 when a page is wrong.
 */
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum { PAGE = 4096, WORDS = PAGE / 8 };

static uint64_t *memory, state = 1;
static uint32_t *version; /* of each page, what was written last */
static size_t npages;

/* splitmix64 (Vigna) */
static size_t
below(size_t n)
{
	uint64_t x = state += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return (size_t)((x ^ x >> 31) % n);
}

static void
put(size_t page)
{
	uint64_t stamp = (uint64_t)page << 32 | ++version[page];

	memory[page * WORDS] = stamp;
	memory[page * WORDS + WORDS - 1] = ~stamp;
}

static void
use(size_t page)
{
	uint64_t stamp = (uint64_t)page << 32 | version[page];

	if (memory[page * WORDS] != stamp ||
	    memory[page * WORDS + WORDS - 1] != ~stamp)
		errx(1, "page %zu is not what was written", page);
	if (below(4) == 0)
		put(page);
}

static void
sequential(void)
{
	for (size_t i = 0; i < 2 * npages; i++)
		use(i % npages);
}

static void
at_random(void)
{
	for (size_t i = 0; i < npages; i++)
		use(below(5) != 0 ? below(npages / 5) * 5 : below(npages));
}

static void
loop(void)
{
	for (size_t i = 0; i < 2 * npages; i++)
		use(i % (npages / 2));
}

static void
mixed(void)
{
	for (size_t i = 0; i < npages; i++) {
		use(i);
		use(below(npages / 8) * 8);
	}
}

static const struct {
	const char *name;
	void (*run)(void);
} patterns[] = {
	{ "sequential", sequential },
	{ "random", at_random },
	{ "loop", loop },
	{ "mixed", mixed },
};

static double
now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void
init(size_t megabytes)
{
	npages = megabytes * (1 << 20) / PAGE;
	memory = mmap(NULL, npages * PAGE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	version = calloc(npages, sizeof(*version));
	if (memory == MAP_FAILED || version == NULL)
		err(2, "memory");
	/* One page is one page everywhere. */
	(void)madvise(memory, npages * PAGE, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < npages; i++)
		put(i);
}

int
main(int argc, char **argv)
{
	double began;

	if (argc != 3)
		errx(2, "usage: paging PATTERN MEGABYTES");
	for (size_t i = 0; i < sizeof(patterns) / sizeof(*patterns); i++) {
		if (strcmp(argv[1], patterns[i].name) != 0)
			continue;
		init(strtoul(argv[2], NULL, 10));
		began = now();
		patterns[i].run();
		printf("%.3f\n", now() - began);
		return 0;
	}
	errx(2, "%s: no such pattern", argv[1]);
}
