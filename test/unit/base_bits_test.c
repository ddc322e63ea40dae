/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base_bits_test.c - do the bit functions count and find what a loop over the
 * bits does, in both of their forms?
 */

#include "test/unit/base_test.h"

#include "base/bits.h"

static unsigned
naive_count(uint64_t x)
{
	unsigned n = 0;

	for (unsigned i = 0; i < 64; i++)
		n += (unsigned)(x >> i & 1);
	return n;
}

static unsigned
naive_lowest(uint64_t x)
{
	unsigned i = 0;

	while ((x >> i & 1) == 0)
		i++;
	return i;
}

static unsigned
naive_highest(uint64_t x)
{
	unsigned i = 63;

	while ((x >> i & 1) == 0)
		i--;
	return i;
}

static void
assert_word(uint64_t x)
{
	assert_int_equal(bits_count(x), naive_count(x));
	if (x == 0)
		return;
	assert_int_equal(bits_lowest(x), naive_lowest(x));
	assert_int_equal(bits_lowest_portable(x), naive_lowest(x));
	assert_int_equal(bits_highest(x), naive_highest(x));
	assert_int_equal(bits_highest_portable(x), naive_highest(x));
}

/* Are all words right that are one run of ones? */
static void
test_runs(void **state VM_UNUSED)
{
	for (unsigned end = 0; end <= 64; end++) {
		for (unsigned start = 0; start <= end; start++)
			assert_word(bits_below(end) & ~bits_below(start));
	}
}

/* Does bits_below() have exactly the bits below, for 0 and 64 as well? */
static void
test_below(void **state VM_UNUSED)
{
	for (unsigned n = 0; n <= 64; n++) {
		for (unsigned i = 0; i < 64; i++)
			assert_true((bits_below(n) >> i & 1) == (i < n));
	}
}

/* Are random words right, thick and thin ones? */
static void
test_random(void **state VM_UNUSED)
{
	random_start(1);
	for (unsigned i = 0; i < 10000; i++) {
		assert_word(random_u64());
		assert_word(random_u64() & random_u64() & random_u64());
		assert_word(random_u64() | random_u64() | random_u64());
		assert_word(random_u64() >> random_below(64));
		assert_word(random_u64() << random_below(64));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_runs),
		cmocka_unit_test(test_below),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
