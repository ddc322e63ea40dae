/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base_test.h - what the unit tests of base/ share.
 *
 * A test program is one .c file that includes this first; it gets cmocka, a
 * vm_panic() that expect_panic() can catch, random numbers from a seed, and
 * an allocator that can fail and knows what has not been given back.
 *
 * Random tests run for seeds 1, 2, ... and use verify(), whose message names
 * the seed.  The environment variable TEST_SEEDS says how many seeds instead
 * of the test's own choice.
 */

#ifndef TEST_UNIT_BASE_TEST_H
#define TEST_UNIT_BASE_TEST_H

#ifdef NDEBUG
#error "the unit tests need assertions: build them without NDEBUG"
#endif

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/check.h"
#include "base/hash.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define expect_panic(call)                  \
	do {                                \
		expect_assert_failure(call) \
	} while (0)

/* What the last vm_panic() was told. */
static struct {
	const char *what, *file;
	int line;
} last_panic VM_UNUSED;

_Noreturn void
vm_panic(const char *what, const char *file, int line)
{
	last_panic.what = what;
	last_panic.file = file;
	last_panic.line = line;
	mock_assert(0, what, file, line);
	abort();
}

/* skip_because: end this test with a reason that is said aloud. */
#define skip_because(reason)                         \
	do {                                         \
		print_message("skip: " reason "\n"); \
		skip();                              \
	} while (0)

static uint64_t test_seed;
static uint64_t test_state;

/* verify: a condition of a random test. */
#define verify(cond)                                               \
	do {                                                       \
		if (!(cond))                                       \
			fail_msg("seed %llu: %s",                  \
			    (unsigned long long)test_seed, #cond); \
	} while (0)

static inline void
random_start(uint64_t seed)
{
	test_seed = seed;
	test_state = hash_mix64(seed);
}

static inline uint64_t
random_u64(void)
{
	test_state += UINT64_C(0x9e3779b97f4a7c15);
	return hash_mix64(test_state);
}

/* random_below: a number from 0 to n - 1. */
static inline size_t
random_below(size_t n)
{
	return (size_t)(random_u64() % n);
}

/* test_seeds: how many seeds to run. */
static inline uint64_t
test_seeds(uint64_t preset)
{
	const char *s = getenv("TEST_SEEDS");

	return s == NULL ? preset : strtoull(s, NULL, 10);
}

/*
 * live		allocations not freed
 * calls	allocations asked for
 * fail_at	which of them, from 1, fails; 0 for none
 * fail_on	all from fail_at on fail
 */
struct test_alloc {
	struct base_alloc alloc;
	size_t live, calls, fail_at;
	bool fail_on;
};

/* Each block is preceded by its size, so that freeing can compare it. */
enum { TEST_ALLOC_HEAD = 16 };

static inline void *
test_alloc_alloc(void *ctx, size_t size)
{
	struct test_alloc *ta = ctx;
	char *block;

	ta->calls++;
	if (ta->calls == ta->fail_at ||
	    (ta->fail_on && ta->calls > ta->fail_at))
		return NULL;
	block = malloc(TEST_ALLOC_HEAD + size);
	assert_non_null(block);
	memcpy(block, &size, sizeof(size));
	memset(block + TEST_ALLOC_HEAD, 0xa5, size);
	ta->live++;
	return block + TEST_ALLOC_HEAD;
}

static inline void
test_alloc_free(void *ctx, void *p, size_t size)
{
	struct test_alloc *ta = ctx;
	char *block = (char *)p - TEST_ALLOC_HEAD;
	size_t allocated;

	memcpy(&allocated, block, sizeof(allocated));
	assert_int_equal(size, allocated);
	assert_true(ta->live > 0);
	ta->live--;
	free(block);
}

static inline void
test_alloc_init(struct test_alloc *ta)
{
	*ta = (struct test_alloc){
		.alloc = { test_alloc_alloc, test_alloc_free, ta },
	};
}

/* test_alloc_fail: from now on, let the n-th allocation fail. */
static inline void
test_alloc_fail(struct test_alloc *ta, size_t n, bool on)
{
	ta->calls = 0;
	ta->fail_at = n;
	ta->fail_on = on;
}

#endif /* TEST_UNIT_BASE_TEST_H */
