/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * alloc_hard.c: threads that allocate and free as hard as they can.
 *
 * Sizes from 1 byte to some megabytes, with the odd realloc, calloc and
 * aligned block; blocks cross from thread to thread, so that a block is often
 * freed by another thread than made it; each carries a pattern that is checked
 * before it goes.  Meant to be run with other allocators preloaded.  -n NUMBER
 * is the number of rounds of each thread (20000).
 */
#include "prog.h"

#define NTHREADS ((size_t)6)
#define NSLOTS   ((size_t)512)

struct block {
	unsigned char *bytes;
	size_t len;
	unsigned seed;
};

/* A slot is emptied and filled by exchange of the pointer in it. */
static struct block *_Atomic slots[NSLOTS];

static uint32_t
next(uint32_t *x)
{
	*x = *x * 1664525 + 1013904223;
	return (*x >> 4);
}

/* Mostly small, some pages, seldom megabytes. */
static size_t
some_size(uint32_t *x)
{
	uint32_t r = next(x);

	if (r % 4096 == 0)
		return (next(x) % (3u << 20) + 1);
	if (r % 32 == 0)
		return (next(x) % 100000 + 1);
	return (next(x) % 600 + 1);
}

/* Only the ends of a large block are filled. */
static void
mark(const struct block *b)
{
	size_t end = b->len > 256 ? b->len - 128 : b->len;

	prog_fill(b->bytes, b->len > 256 ? 128 : b->len, b->seed);
	prog_fill(b->bytes + end, b->len - end, b->seed + 1);
}

static void
verify(const struct block *b)
{
	size_t end = b->len > 256 ? b->len - 128 : b->len;

	REQUIRE(prog_same(b->bytes, b->len > 256 ? 128 : b->len, b->seed));
	REQUIRE(prog_same(b->bytes + end, b->len - end, b->seed + 1));
}

static unsigned char *
some_bytes(size_t len, uint32_t *x)
{
	void *p = NULL;

	switch (next(x) % 8) {
	case 0:
		p = calloc(1, len);
		REQUIRE(p != NULL && prog_zero(p, len));
		break;
	case 1:
		REQUIRE(posix_memalign(&p, 64u << next(x) % 8, len) == 0);
		break;
	default:
		p = malloc(len);
	}
	REQUIRE(p != NULL);
	return (p);
}

static struct block *
make(uint32_t *x)
{
	struct block *b = malloc(sizeof(*b));

	REQUIRE(b != NULL);
	b->len = some_size(x);
	b->seed = next(x);
	b->bytes = some_bytes(b->len, x);
	mark(b);
	if (next(x) % 16 == 0) {
		verify(b);
		b->len = some_size(x);
		b->bytes = realloc(b->bytes, b->len);
		REQUIRE(b->bytes != NULL);
		mark(b);
	}
	return (b);
}

static void
unmake(struct block *b)
{
	if (b == NULL)
		return;
	verify(b);
	free(b->bytes);
	free(b);
}

static void *
work(void *arg)
{
	uint32_t x = (uint32_t)(uintptr_t)arg * 7919 + 1;
	long rounds = prog_count > 0 ? prog_count : 20000;

	for (long i = 0; i < rounds; i++)
		unmake(atomic_exchange(&slots[next(&x) % NSLOTS], make(&x)));
	return (NULL);
}

static void
threads(void)
{
	pthread_t all[NTHREADS];

	for (size_t i = 0; i < NTHREADS; i++)
		all[i] = prog_thread(work, (void *)i);
	for (size_t i = 0; i < NTHREADS; i++)
		REQUIRE(pthread_join(all[i], NULL) == 0);
}

/* A child goes on with the heap it inherited. */
static void
child(void)
{
	pid_t pid = prog_fork();

	(void)work((void *)99);
	for (size_t i = 0; i < NSLOTS; i++)
		unmake(atomic_exchange(&slots[i], NULL));
	if (pid == 0)
		_exit(0);
	prog_join(pid);
}

int
main(int argc, char **argv)
{
	static const struct prog_check checks[] = {
		{ "threads", threads },
		{ "child", child },
		{ "threads-again", threads },
		{ "child-again", child },
	};

	return (prog_main(argc, argv, checks, COUNT(checks)));
}
