/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base_checksum_test.c - does a block that has changed have another checksum?
 */

#include "test/unit/base_test.h"

#include "base/checksum.h"

enum { LEN = 4096 };

static uint64_t block[LEN / 8];

static uint32_t
sum(uint64_t seed)
{
	return checksum_block(block, LEN, seed);
}

static void
fill(uint64_t seed)
{
	random_start(seed);
	for (size_t i = 0; i < ARRAY_LEN(block); i++)
		block[i] = random_u64();
}

/* Is the same block the same, and every bit of it of account? */
static void
test_bits(void **state VM_UNUSED)
{
	uint32_t was;

	fill(1);
	was = sum(7);
	assert_int_equal(was, sum(7));
	for (size_t i = 0; i < (size_t)LEN * 8; i++) {
		block[i / 64] ^= (uint64_t)1 << (i % 64);
		assert_int_not_equal(was, sum(7));
		block[i / 64] ^= (uint64_t)1 << (i % 64);
	}
	assert_int_equal(was, sum(7));
}

/* Does it tell words that have changed places, wherever? */
static void
test_order(void **state VM_UNUSED)
{
	uint64_t word;
	uint32_t was;

	fill(2);
	was = sum(7);
	for (size_t i = 0; i < ARRAY_LEN(block); i++) {
		size_t j = random_below(ARRAY_LEN(block));

		if (block[i] == block[j])
			continue;
		word = block[i];
		block[i] = block[j];
		block[j] = word;
		assert_int_not_equal(was, sum(7));
		block[j] = block[i];
		block[i] = word;
	}
}

/* Has an ordinary block another checksum with every other seed, so that it is
 * missed in a wrong place?  Of zeroes, too. */
static void
test_seeds_differ(void **state VM_UNUSED)
{
	for (unsigned round = 0; round < 2; round++) {
		uint32_t first;

		if (round == 0)
			memset(block, 0, sizeof(block));
		else
			fill(3);
		first = sum(1);
		for (uint64_t seed = 2; seed < 2000; seed++) {
			assert_int_not_equal(first, sum(seed));
			assert_int_not_equal(sum(seed), sum(seed + 1));
		}
	}
}

/* Do a quarter of all pairs that differ agree in two bits, at either end, as
 * numbers without a pattern do? */
static void
test_spread(void **state VM_UNUSED)
{
	unsigned low = 0, high = 0;
	uint32_t was;

	memset(block, 0, sizeof(block));
	was = sum(1);
	for (unsigned i = 1; i <= 4000; i++) {
		block[i % ARRAY_LEN(block)] = i;
		low += (sum(1) & 3) == (was & 3);
		high += sum(1) >> 30 == was >> 30;
		block[i % ARRAY_LEN(block)] = 0;
	}
	assert_true(low > 850 && low < 1150);
	assert_true(high > 850 && high < 1150);
}

/* Is misuse caught? */
static void
test_misuse(void **state VM_UNUSED)
{
	expect_panic((void)checksum_block(block, 40, 1));
	expect_panic((void)checksum_block((char *)block + 4, 32, 1));
	assert_int_not_equal(checksum_block(block, 0, 1),
	    checksum_block(block, 0, 2));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bits),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_seeds_differ),
		cmocka_unit_test(test_spread),
		cmocka_unit_test(test_misuse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
