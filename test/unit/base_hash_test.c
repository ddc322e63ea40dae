/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base_hash_test.c - does hash_mix64() spread the keys that come up: numbers
 * in a row, page addresses, keys that differ in one bit?
 */

#include "test/unit/base_test.h"

enum { BUCKETS = 256, KEYS = 256 * BUCKETS };

/* Does each bit of the key flip each bit of the result half of the time? */
static void
test_avalanche(void **state VM_UNUSED)
{
	static unsigned flips[64][64];
	const unsigned rounds = 4096;
	uint64_t changed, key;

	random_start(1);
	for (unsigned n = 0; n < rounds; n++) {
		key = random_u64();
		for (unsigned i = 0; i < 64; i++) {
			changed = hash_mix64(key) ^
			    hash_mix64(key ^ (uint64_t)1 << i);
			for (unsigned j = 0; j < 64; j++)
				flips[i][j] += (unsigned)(changed >> j & 1);
		}
	}
	/* 2048 expected, standard deviation 32: six of them either way. */
	for (unsigned i = 0; i < 64; i++) {
		for (unsigned j = 0; j < 64; j++)
			assert_in_range(flips[i][j], 2048 - 192, 2048 + 192);
	}
}

/* Are KEYS keys, stride apart, evenly in the buckets of these result bits? */
static void
assert_even(uint64_t stride, unsigned shift)
{
	unsigned count[BUCKETS] = { 0 };

	for (uint64_t i = 0; i < KEYS; i++)
		count[hash_mix64(i * stride) >> shift & (BUCKETS - 1)]++;
	/* 256 expected, standard deviation 16. */
	for (unsigned i = 0; i < BUCKETS; i++)
		assert_in_range(count[i], 256 - 96, 256 + 96);
}

static void
test_buckets(void **state VM_UNUSED)
{
	const uint64_t strides[] = { 1, 8, 64, 4096, 65536, 1 << 21,
		(uint64_t)1 << 40 };

	for (size_t i = 0; i < ARRAY_LEN(strides); i++) {
		assert_even(strides[i], 0);
		assert_even(strides[i], 28);
		assert_even(strides[i], 56);
	}
}

static int
compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Do different keys have different results? */
static void
test_distinct(void **state VM_UNUSED)
{
	static uint64_t mixed[KEYS];

	for (uint64_t i = 0; i < KEYS; i++)
		mixed[i] = hash_mix64(i << 12);
	qsort(mixed, KEYS, sizeof(mixed[0]), compare);
	for (size_t i = 1; i < KEYS; i++)
		assert_true(mixed[i - 1] < mixed[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_avalanche),
		cmocka_unit_test(test_buckets),
		cmocka_unit_test(test_distinct),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
