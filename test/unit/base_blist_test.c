/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base_blist_test.c - is a bit list an array of bools that finds the first run?
 *
 * Sizes lie around words, nodes and levels; a model of bools is looked through
 * from the beginning.
 */

#include "test/unit/base_test.h"

#include "base/blist.h"

struct pair {
	struct test_alloc ta;
	struct blist bl;
	bool *taken;
	uint32_t n;
};

static void
pair_init(struct pair *p, uint32_t n)
{
	test_alloc_init(&p->ta);
	p->n = n;
	p->taken = calloc(n, sizeof(*p->taken));
	assert_non_null(p->taken);
	assert_int_equal(blist_init(&p->bl, n, &p->ta.alloc), 0);
}

static void
pair_fini(struct pair *p)
{
	blist_fini(&p->bl);
	assert_int_equal(p->ta.live, 0);
	free(p->taken);
}

static uint32_t
naive_find(const struct pair *p, uint32_t k, uint32_t from)
{
	uint32_t run = 0;

	for (uint32_t i = from; i < p->n; i++) {
		run = p->taken[i] ? 0 : run + 1;
		if (run == k)
			return i + 1 - k;
	}
	return BLIST_NONE;
}

static uint32_t
naive_alloc(const struct pair *p, uint32_t k, uint32_t near)
{
	uint32_t at = naive_find(p, k, near);

	return at != BLIST_NONE ? at : naive_find(p, k, 0);
}

static uint32_t
naive_longest(const struct pair *p)
{
	uint32_t run = 0, longest = 0;

	for (uint32_t i = 0; i < p->n; i++) {
		run = p->taken[i] ? 0 : run + 1;
		if (run > longest)
			longest = run;
	}
	return longest;
}

static uint32_t
model_set(struct pair *p, uint32_t start, uint32_t n, bool taken)
{
	uint32_t changed = 0;

	for (uint32_t i = start; i < start + n; i++) {
		changed += p->taken[i] != taken;
		p->taken[i] = taken;
	}
	return changed;
}

static void
verify_same(struct pair *p)
{
	uint32_t nfree = 0;

	for (uint32_t i = 0; i < p->n; i++) {
		verify(blist_is_free(&p->bl, i) == !p->taken[i]);
		nfree += !p->taken[i];
	}
	verify(blist_nfree(&p->bl) == nfree);
	verify(blist_longest(&p->bl) == naive_longest(p));
	blist_check(&p->bl);
}

static const uint32_t sizes[] = { 1, 2, 63, 64, 65, 1023, 1024, 1025, 4096,
	16384, 16385, 20000 };

/* Is everything free in the beginning, and to be had at once? */
static void
test_new(void **state VM_UNUSED)
{
	struct pair p;

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		pair_init(&p, sizes[i]);
		verify_same(&p);
		assert_int_equal(blist_longest(&p.bl), sizes[i]);
		assert_true(blist_alloc(&p.bl, sizes[i] + 1, 0) == BLIST_NONE);
		assert_int_equal(blist_alloc(&p.bl, sizes[i], 7), 0);
		assert_int_equal(blist_nfree(&p.bl), 0);
		assert_int_equal(blist_longest(&p.bl), 0);
		assert_true(blist_alloc(&p.bl, 1, 0) == BLIST_NONE);
		pair_fini(&p);
	}
}

/* Does each number come once, in order from near on, and then from 0? */
static void
test_one_by_one(void **state VM_UNUSED)
{
	struct pair p;
	uint32_t near;

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		pair_init(&p, sizes[i]);
		near = sizes[i] / 3;
		for (uint32_t k = 0; k < sizes[i]; k++) {
			uint32_t at = blist_alloc(&p.bl, 1, near);

			assert_int_equal(at, (near + k) % sizes[i]);
			assert_int_equal(model_set(&p, at, 1, true), 1);
		}
		verify_same(&p);
		pair_fini(&p);
	}
}

/* Is a run found wherever it lies, across words and nodes, and no longer? */
static void
test_every_place(void **state VM_UNUSED)
{
	const uint32_t n = 1100,
		       lens[] = { 1, 2, 5, 31, 63, 64, 65, 100, 129, 700,
			       1024 };
	struct pair p;

	pair_init(&p, n);
	assert_int_equal(blist_reserve(&p.bl, 0, n), n);
	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		for (uint32_t at = 0; at <= n - lens[i]; at++) {
			blist_free(&p.bl, at, lens[i]);
			assert_int_equal(blist_longest(&p.bl), lens[i]);
			assert_true(
			    blist_alloc(&p.bl, lens[i] + 1, 0) == BLIST_NONE);
			assert_int_equal(blist_alloc(&p.bl, lens[i], at), at);
		}
	}
	assert_int_equal(blist_nfree(&p.bl), 0);
	pair_fini(&p);
}

static void
step_alloc(struct pair *p)
{
	uint32_t most = random_below(3) == 0 ? p->n + 1 : 80;
	uint32_t k = 1 + (uint32_t)random_below(most), got = k;
	uint32_t near = (uint32_t)random_below(p->n + 2);
	uint32_t longest = naive_longest(p), at;

	if (random_below(2) == 0) {
		at = blist_alloc(&p->bl, k, near);
	} else {
		at = blist_alloc_most(&p->bl, k, near, &got);
		verify(got == (k < longest ? k : longest));
	}
	if (got == 0 || got > longest) {
		verify(at == BLIST_NONE);
		return;
	}
	verify(at == naive_alloc(p, got, near));
	verify(model_set(p, at, got, true) == got);
}

/* Free a part of what is taken, from some place on. */
static void
step_free(struct pair *p)
{
	uint32_t start = (uint32_t)random_below(p->n), n = 0;
	uint32_t most = 1 + (uint32_t)random_below(p->n);

	while (start < p->n && !p->taken[start])
		start++;
	while (n < most && start + n < p->n && p->taken[start + n])
		n++;
	if (n == 0)
		return;
	blist_free(&p->bl, start, n);
	(void)model_set(p, start, n, false);
}

static void
step_reserve(struct pair *p)
{
	uint32_t start = (uint32_t)random_below(p->n);
	uint32_t n = 1 + (uint32_t)random_below(p->n - start);

	if (random_below(4) != 0 && n > 10)
		n = 10;
	verify(blist_reserve(&p->bl, start, n) == model_set(p, start, n, true));
}

/* Does it agree with the model over random operations, in every size? */
static void
test_random(void **state VM_UNUSED)
{
	struct pair p;

	for (uint64_t seed = 1; seed <= test_seeds(60); seed++) {
		random_start(seed);
		pair_init(&p, sizes[seed % ARRAY_LEN(sizes)]);
		for (unsigned op = 0; op < 150; op++) {
			switch (random_below(5)) {
			case 0:
			case 1:
				step_alloc(&p);
				break;
			case 2:
			case 3:
				step_free(&p);
				break;
			default:
				step_reserve(&p);
			}
			if (p.n <= 1025 || op % 16 == 0)
				verify_same(&p);
		}
		verify_same(&p);
		pair_fini(&p);
	}
}

/* A run somewhere in a large list; the model is slow, and not always asked. */
static void
million_step(struct pair *p, unsigned step)
{
	uint32_t k = 1 + (uint32_t)random_below(99), want = BLIST_NONE, at;
	uint32_t near = (uint32_t)random_below(p->n);
	uint32_t longest = blist_longest(&p->bl);
	bool ask = step % 1000 == 0;

	if (ask)
		want = naive_alloc(p, k, near);
	at = blist_alloc(&p->bl, k, near);
	assert_true((at == BLIST_NONE) == (k > longest));
	assert_true(!ask || at == want);
	if (at != BLIST_NONE)
		assert_int_equal(model_set(p, at, k, true), k);
}

/* Does it do with a million numbers, in pieces and in all? */
static void
test_million(void **state VM_UNUSED)
{
	const uint32_t n = 1000000;
	struct pair p;
	uint32_t got;

	random_start(1);
	pair_init(&p, n);
	for (uint32_t i = 0; i < n; i += 100) {
		assert_int_equal(blist_reserve(&p.bl, i, 1), 1);
		p.taken[i] = true;
	}
	assert_int_equal(blist_longest(&p.bl), 99);
	blist_free(&p.bl, 999900, 1);
	p.taken[999900] = false;
	assert_int_equal(blist_longest(&p.bl), 199);
	for (unsigned i = 0; i < 20000; i++)
		million_step(&p, i);
	verify_same(&p);
	while (blist_alloc_most(&p.bl, 64, 0, &got) != BLIST_NONE)
		;
	assert_int_equal(blist_nfree(&p.bl), 0);
	blist_free(&p.bl, 0, n);
	assert_int_equal(blist_longest(&p.bl), n);
	blist_check(&p.bl);
	pair_fini(&p);
}

/* Without memory: nothing is made, and nothing is left. */
static void
test_no_memory(void **state VM_UNUSED)
{
	struct test_alloc ta;
	struct blist bl;

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		test_alloc_init(&ta);
		test_alloc_fail(&ta, 1, true);
		assert_int_equal(blist_init(&bl, sizes[i], &ta.alloc), -1);
		assert_int_equal(ta.live, 0);
		assert_int_equal(ta.calls, 1);
	}
}

/* After init, is no memory wanted any more? */
static void
test_no_more_memory(void **state VM_UNUSED)
{
	struct pair p;

	pair_init(&p, 20000);
	test_alloc_fail(&p.ta, 1, true);
	for (unsigned i = 0; i < 1000; i++)
		(void)blist_alloc(&p.bl, 1 + i % 9, i);
	blist_free(&p.bl, 0, 5);
	assert_int_equal(p.ta.calls, 0);
	pair_fini(&p);
}

/* Is misuse caught? */
static void
test_misuse(void **state VM_UNUSED)
{
	struct pair p;

	pair_init(&p, 100);
	assert_int_equal(blist_reserve(&p.bl, 10, 10), 10);
	expect_panic(blist_free(&p.bl, 19, 2));
	expect_panic(blist_free(&p.bl, 9, 2));
	expect_panic(blist_free(&p.bl, 95, 6));
	expect_panic(blist_free(&p.bl, 0, 0));
	expect_panic((void)blist_reserve(&p.bl, 100, 1));
	expect_panic((void)blist_alloc(&p.bl, 0, 0));
	expect_panic((void)blist_is_free(&p.bl, 100));
	expect_panic((void)blist_init(&p.bl, 0, &p.ta.alloc));
	expect_panic((void)blist_init(&p.bl, UINT32_MAX, &p.ta.alloc));
	p.bl.nfree++;
	expect_panic(blist_check(&p.bl));
	p.bl.nfree--;
	p.bl.nodes[1][0].longest--;
	expect_panic(blist_check(&p.bl));
	p.bl.nodes[1][0].longest++;
	p.bl.words[1] |= (uint64_t)1 << 63;
	expect_panic(blist_check(&p.bl));
	p.bl.words[1] &= ~((uint64_t)1 << 63);
	blist_check(&p.bl);
	pair_fini(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new),
		cmocka_unit_test(test_one_by_one),
		cmocka_unit_test(test_every_place),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_million),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_no_more_memory),
		cmocka_unit_test(test_misuse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
