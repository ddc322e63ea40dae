/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base_bitmap_test.c - is a bitmap an array of bools?
 *
 * Sizes lie around the 64 bits of a word.  The storage has a word more than
 * the map on each side, which must keep its pattern.
 */

#include "test/unit/base_test.h"

#include "base/bitmap.h"

enum { MAX = 400 };

static const uint64_t FENCE = UINT64_C(0x5a5aa5a5c3c33c3c);

struct pair {
	struct bitmap bm;
	uint64_t storage[BITMAP_WORDS(MAX) + 2];
	bool model[MAX];
};

static void
pair_init(struct pair *p, size_t nbits)
{
	for (size_t i = 0; i < ARRAY_LEN(p->storage); i++)
		p->storage[i] = FENCE;
	memset(p->model, 0, sizeof(p->model));
	bitmap_init(&p->bm, p->storage + 1, nbits);
}

static size_t
naive_find(const struct pair *p, size_t start, bool value)
{
	for (size_t i = start; i < p->bm.nbits; i++) {
		if (p->model[i] == value)
			return i;
	}
	return BITMAP_NONE;
}

static void
verify_same(const struct pair *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->bm.nbits; i++) {
		verify(bitmap_test(&p->bm, i) == p->model[i]);
		n += p->model[i];
	}
	verify(bitmap_count(&p->bm) == n);
	verify(p->storage[0] == FENCE);
	verify(p->storage[1 + BITMAP_WORDS(p->bm.nbits)] == FENCE);
}

static const size_t sizes[] = { 0, 1, 2, 63, 64, 65, 127, 128, 129, 200, MAX };

/* Does the storage have as many words as the bits need? */
static void
test_words(void **state VM_UNUSED)
{
	assert_int_equal(BITMAP_WORDS(0), 0);
	assert_int_equal(BITMAP_WORDS(1), 1);
	assert_int_equal(BITMAP_WORDS(64), 1);
	assert_int_equal(BITMAP_WORDS(65), 2);
	assert_true(BITMAP_WORDS(SIZE_MAX) == SIZE_MAX / 64 + 1);
}

/* Is a new map clear, whatever its storage had, and nothing found in it? */
static void
test_new(void **state VM_UNUSED)
{
	struct pair p;

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		pair_init(&p, sizes[i]);
		verify_same(&p);
		assert_true(bitmap_find_first_set(&p.bm, 0) == BITMAP_NONE);
		assert_true(bitmap_find_first_clear(&p.bm, 0) ==
		    (sizes[i] == 0 ? BITMAP_NONE : 0));
		assert_true(
		    bitmap_find_first_clear(&p.bm, SIZE_MAX) == BITMAP_NONE);
	}
}

static void
model_set(struct pair *p, size_t start, size_t len, bool value)
{
	for (size_t i = start; i < start + len; i++)
		p->model[i] = value;
}

/* Does every range, in a map of three words, set and clear just its bits? */
static void
test_every_range(void **state VM_UNUSED)
{
	const size_t nbits = 130;
	struct pair p;

	pair_init(&p, nbits);
	for (size_t start = 0; start <= nbits; start++) {
		for (size_t len = 0; len <= nbits - start; len++) {
			bitmap_set_range(&p.bm, start, len);
			model_set(&p, start, len, true);
			verify_same(&p);
			bitmap_clear_range(&p.bm, start, len);
			model_set(&p, start, len, false);
			verify_same(&p);

			bitmap_set_range(&p.bm, 0, nbits);
			bitmap_clear_range(&p.bm, start, len);
			assert_int_equal(bitmap_count(&p.bm), nbits - len);
			assert_true(bitmap_find_first_clear(&p.bm, 0) ==
			    (len == 0 ? BITMAP_NONE : start));
			bitmap_clear_range(&p.bm, 0, nbits);
		}
	}
}

static void
verify_searches(const struct pair *p)
{
	for (size_t start = 0; start <= p->bm.nbits + 1; start++) {
		verify(bitmap_find_first_set(&p->bm, start) ==
		    naive_find(p, start, true));
		verify(bitmap_find_first_clear(&p->bm, start) ==
		    naive_find(p, start, false));
	}
}

static void
random_step(struct pair *p)
{
	size_t nbits = p->bm.nbits, bit = random_below(nbits);
	size_t len = random_below(nbits - bit + 1);
	bool value = random_below(2) == 0;

	if (random_below(4) != 0)
		len = 1;
	model_set(p, bit, len, value);
	if (len == 1 && value)
		bitmap_set(&p->bm, bit);
	else if (len == 1)
		bitmap_clear(&p->bm, bit);
	else if (value)
		bitmap_set_range(&p->bm, bit, len);
	else
		bitmap_clear_range(&p->bm, bit, len);
}

/* Do all searches agree with the model on random maps of every size? */
static void
test_random(void **state VM_UNUSED)
{
	struct pair p;

	for (uint64_t seed = 1; seed <= test_seeds(60); seed++) {
		random_start(seed);
		pair_init(&p, 1 + random_below(MAX));
		for (unsigned op = 0; op < 100; op++) {
			random_step(&p);
			verify_same(&p);
			verify_searches(&p);
		}
	}
}

/* Is nothing past the last word touched?  (For the address sanitizer.) */
static void
test_exact_storage(void **state VM_UNUSED)
{
	struct bitmap bm;
	uint64_t *words = malloc(BITMAP_WORDS(128) * sizeof(*words));

	assert_non_null(words);
	bitmap_init(&bm, words, 128);
	bitmap_set_range(&bm, 64, 64);
	assert_true(bitmap_find_first_clear(&bm, 64) == BITMAP_NONE);
	bitmap_clear_range(&bm, 64, 64);
	assert_true(bitmap_find_first_set(&bm, 0) == BITMAP_NONE);
	assert_int_equal(bitmap_count(&bm), 0);
	free(words);
}

/* Is misuse caught? */
static void
test_misuse(void **state VM_UNUSED)
{
	struct pair p;

	pair_init(&p, 100);
	expect_panic((void)bitmap_test(&p.bm, 100));
	expect_panic(bitmap_set(&p.bm, 100));
	expect_panic(bitmap_clear(&p.bm, 100));
	expect_panic(bitmap_set_range(&p.bm, 1, 100));
	expect_panic(bitmap_clear_range(&p.bm, SIZE_MAX, 2));
	verify_same(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_new),
		cmocka_unit_test(test_every_range),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_exact_storage),
		cmocka_unit_test(test_misuse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
