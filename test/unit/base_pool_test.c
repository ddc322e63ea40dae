/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base_pool_test.c - does a pool hand out objects that are aligned, apart
 * from each other and as many as it says, and stay whole without memory?
 *
 * Each object is filled with a byte of its own, and must still have it when
 * it goes back: so two objects that overlap are seen.
 */

#include "test/unit/base_test.h"

#include "base/pool.h"

enum { MAX = 300, SLAB = 1024 };

struct holder {
	struct pool pool;
	struct test_alloc ta;
	size_t size, align;
	unsigned char *out[MAX];
};

static void
holder_init(struct holder *h, size_t size, size_t align)
{
	memset(h, 0, sizeof(*h));
	h->size = size;
	h->align = align;
	test_alloc_init(&h->ta);
	pool_init(&h->pool, &h->ta.alloc, size, align, SLAB);
}

static unsigned char
pattern(size_t i)
{
	return (unsigned char)(i * 37 + 1);
}

/* Take an object as number i; false without memory. */
static bool
take(struct holder *h, size_t i)
{
	h->out[i] = pool_get(&h->pool);
	if (h->out[i] == NULL)
		return false;
	verify((uintptr_t)h->out[i] % h->align == 0);
	memset(h->out[i], pattern(i), h->size);
	return true;
}

static void
give(struct holder *h, size_t i)
{
	for (size_t at = 0; at < h->size; at++)
		verify(h->out[i][at] == pattern(i));
	pool_put(&h->pool, h->out[i]);
	h->out[i] = NULL;
}

static void
give_all(struct holder *h)
{
	for (size_t i = 0; i < MAX; i++) {
		if (h->out[i] != NULL)
			give(h, i);
	}
}

/* Does a new pool take no memory until it is asked for an object? */
static void
test_new(void **state VM_UNUSED)
{
	struct holder h;

	holder_init(&h, 24, 8);
	assert_int_equal(h.ta.calls, 0);
	assert_int_equal(pool_used(&h.pool), 0);
	assert_int_equal(pool_total(&h.pool), 0);
	pool_fini(&h.pool);
	assert_int_equal(h.ta.calls, 0);
}

/* Are objects of any size and alignment apart, aligned and counted? */
static void
test_sizes(void **state VM_UNUSED)
{
	struct holder h;

	for (size_t size = 1; size <= 200; size += 1 + size / 8) {
		for (size_t align = 1; align <= 256; align *= 2) {
			holder_init(&h, size, align);
			for (size_t i = 0; i < MAX; i++)
				assert_true(take(&h, i));
			assert_int_equal(pool_used(&h.pool), MAX);
			assert_true(pool_total(&h.pool) >= MAX);
			give_all(&h);
			assert_int_equal(pool_used(&h.pool), 0);
			pool_fini(&h.pool);
			assert_int_equal(h.ta.live, 0);
		}
	}
}

/* Does one slab hold as many objects as fit, before a second is asked for? */
static void
test_slab_is_full(void **state VM_UNUSED)
{
	struct holder h;

	holder_init(&h, 100, 4);
	for (size_t i = 0; i < 9; i++) { /* (1024 - 8) / 104 */
		assert_true(take(&h, i));
		assert_int_equal(h.ta.calls, 1);
		assert_int_equal(pool_total(&h.pool), 9);
	}
	assert_true(take(&h, 9));
	assert_int_equal(h.ta.calls, 2);
	assert_int_equal(pool_total(&h.pool), 18);
	give_all(&h);
	pool_fini(&h.pool);
}

/* May an object be as large as the slab allows, one to a slab? */
static void
test_one_to_a_slab(void **state VM_UNUSED)
{
	struct holder h;

	holder_init(&h, SLAB - 2 * sizeof(void *), 8);
	assert_true(take(&h, 0));
	assert_true(take(&h, 1));
	assert_int_equal(pool_total(&h.pool), 2);
	assert_int_equal(h.ta.live, 2);
	give_all(&h);
	pool_fini(&h.pool);
	assert_int_equal(h.ta.live, 0);
}

/* Does the object that came back last go out first? */
static void
test_lifo(void **state VM_UNUSED)
{
	struct holder h;
	void *a, *b, *c;

	holder_init(&h, 32, 8);
	a = pool_get(&h.pool);
	b = pool_get(&h.pool);
	c = pool_get(&h.pool);
	pool_put(&h.pool, b);
	pool_put(&h.pool, a);
	pool_put(&h.pool, c);
	assert_ptr_equal(pool_get(&h.pool), c);
	assert_ptr_equal(pool_get(&h.pool), a);
	assert_ptr_equal(pool_get(&h.pool), b);
	pool_put(&h.pool, a);
	pool_put(&h.pool, b);
	pool_put(&h.pool, c);
	pool_fini(&h.pool);
}

/* Is a pool empty and usable again after pool_fini()? */
static void
test_fini(void **state VM_UNUSED)
{
	struct holder h;

	holder_init(&h, 32, 8);
	for (unsigned round = 0; round < 2; round++) {
		for (size_t i = 0; i < 100; i++)
			assert_true(take(&h, i));
		give_all(&h);
		pool_fini(&h.pool);
		assert_int_equal(h.ta.live, 0);
		assert_int_equal(pool_total(&h.pool), 0);
	}
}

/*
 * What if the n-th slab cannot be had, for every n?  Then pool_get() says
 * NULL, what is out stays out, and it goes on when there is memory again.
 */
static void
test_no_memory(void **state VM_UNUSED)
{
	struct holder h;
	size_t i, taken;

	for (size_t nth = 1; nth <= 6; nth++) {
		holder_init(&h, 48, 16);
		test_alloc_fail(&h.ta, nth, true);
		for (taken = 0; take(&h, taken); taken++)
			;
		assert_int_equal(pool_used(&h.pool), taken);
		assert_int_equal(pool_total(&h.pool), taken);
		assert_int_equal(h.ta.live, nth - 1);
		assert_null(pool_get(&h.pool));
		if (taken > 0) {
			give(&h, taken / 2);
			assert_true(take(&h, taken / 2));
			assert_null(pool_get(&h.pool));
		}
		test_alloc_fail(&h.ta, 0, false);
		for (i = taken; i < MAX; i++)
			assert_true(take(&h, i));
		give_all(&h);
		pool_fini(&h.pool);
		assert_int_equal(h.ta.live, 0);
	}
}

/* Does it hold in random lives, in which slabs sometimes fail? */
static void
test_random(void **state VM_UNUSED)
{
	struct holder h;
	size_t i, used;
	bool failed;

	for (uint64_t seed = 1; seed <= test_seeds(20); seed++) {
		random_start(seed);
		holder_init(&h, 1 + random_below(120),
		    (size_t)1 << random_below(7));
		used = 0;
		for (unsigned op = 0; op < 5000; op++) {
			i = random_below(MAX);
			failed = random_below(4) == 0;
			test_alloc_fail(&h.ta, failed ? 1 : 0, false);
			if (h.out[i] != NULL) {
				give(&h, i);
				used--;
			} else if (take(&h, i)) {
				used++;
			} else {
				verify(failed);
				verify(used == pool_total(&h.pool));
			}
			verify(pool_used(&h.pool) == used);
			verify(used <= pool_total(&h.pool));
		}
		give_all(&h);
		pool_fini(&h.pool);
		verify(h.ta.live == 0);
	}
}

/* Is misuse caught? */
static void
test_misuse(void **state VM_UNUSED)
{
	struct holder h;
	void *obj;

	holder_init(&h, 32, 8);
	expect_panic(pool_put(&h.pool, &h));
	obj = pool_get(&h.pool);
	expect_panic(pool_fini(&h.pool));
	pool_put(&h.pool, obj);
	expect_panic(pool_put(&h.pool, obj));
	pool_fini(&h.pool);

	expect_panic(pool_init(&h.pool, &h.ta.alloc, 0, 8, SLAB));
	expect_panic(pool_init(&h.pool, &h.ta.alloc, 8, 0, SLAB));
	expect_panic(pool_init(&h.pool, &h.ta.alloc, 8, 24, SLAB));
	expect_panic(pool_init(&h.pool, &h.ta.alloc, SLAB, 8, SLAB));
	expect_panic(pool_init(&h.pool, &h.ta.alloc, 8, 8, 8));
	expect_panic(pool_init(&h.pool, &h.ta.alloc, 8, SLAB, SLAB));
	expect_panic(pool_init(&h.pool, &h.ta.alloc, SIZE_MAX, 8, SLAB));
}

/* With VM_CHECKS: is an object that is not in use full of poison? */
static void
test_poison(void **state VM_UNUSED)
{
	struct holder h;
	unsigned char *obj;

	if (!VM_CHECKS_ON)
		skip_because("built without VM_CHECKS");
	holder_init(&h, 64, 8);
	obj = pool_get(&h.pool);
	for (size_t i = sizeof(void *); i < 64; i++)
		assert_int_equal(obj[i], POOL_POISON);
	memset(obj, 0, 64);
	pool_put(&h.pool, obj);
	for (size_t i = sizeof(void *); i < 64; i++)
		assert_int_equal(obj[i], POOL_POISON);
	pool_fini(&h.pool);
}

/* With VM_CHECKS: is writing to an object after it went back noticed? */
static void
test_use_after_put(void **state VM_UNUSED)
{
	struct holder h;
	unsigned char *obj;

	if (!VM_CHECKS_ON)
		skip_because("built without VM_CHECKS");
	holder_init(&h, 64, 8);
	obj = pool_get(&h.pool);
	pool_put(&h.pool, obj);
	obj[40] = 1;
	expect_panic((void)pool_get(&h.pool));
	pool_fini(&h.pool);
}

/* With VM_CHECKS: is an object that is not the pool's refused? */
static void
test_foreign_object(void **state VM_UNUSED)
{
	struct holder h;
	unsigned char *obj;

	if (!VM_CHECKS_ON)
		skip_because("built without VM_CHECKS");
	holder_init(&h, 64, 8);
	obj = pool_get(&h.pool);
	expect_panic(pool_put(&h.pool, &h));
	expect_panic(pool_put(&h.pool, obj + 8));
	expect_panic(pool_put(&h.pool, obj - 64));
	expect_panic(pool_put(&h.pool, obj + 64 * pool_total(&h.pool)));
	pool_put(&h.pool, obj);
	pool_fini(&h.pool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_slab_is_full),
		cmocka_unit_test(test_one_to_a_slab),
		cmocka_unit_test(test_lifo),
		cmocka_unit_test(test_fini),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_misuse),
		cmocka_unit_test(test_poison),
		cmocka_unit_test(test_use_after_put),
		cmocka_unit_test(test_foreign_object),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
