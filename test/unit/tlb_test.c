/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tlb_test.c - pmap/tlb.h: is an entry there until it is dropped, and are the
 * ranges to drop never less than what was asked for?
 */
#include "env/posix.h"
#include "pmap/tlb.h"
#include "test/unit/death.h"
#include "vm/pmap.h"

#define ENTRIES 16

struct world {
	struct tlb tlb;
	struct tlb_entry entries[ENTRIES];
	struct pmap a, b;
};

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return -1;
	memset(w->entries, 0xff, sizeof(w->entries));
	tlb_init(&w->tlb, w->entries, ENTRIES, &posix_env);
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	free(*state);
	return 0;
}

static void
put(struct world *w, const struct pmap *pmap, vm_pindex_t n)
{
	struct tlb_entry *e = tlb_place(&w->tlb, pmap, vm_ptoa(n));

	*e = (struct tlb_entry){ .pmap = pmap, .va = vm_ptoa(n) };
}

static bool
has(struct world *w, const struct pmap *pmap, vm_pindex_t n)
{
	return tlb_holds(tlb_place(&w->tlb, pmap, vm_ptoa(n)), pmap,
	    vm_ptoa(n));
}

static unsigned
count(struct world *w, const struct pmap *pmap)
{
	unsigned i, n = 0;

	for (i = 0; i < ENTRIES; i++)
		n += w->entries[i].pmap == pmap;
	return n;
}

static void
test_init_empty(void **state)
{
	struct world *w = *state;

	assert_int_equal(count(w, NULL), ENTRIES);
	expect_death(tlb_init(&w->tlb, w->entries, 0, &posix_env), "n != 0");
	expect_death(tlb_init(&w->tlb, w->entries, 12, &posix_env), "n & ");
}

/* Do as many neighbouring pages as there are entries have a place each? */
static void
test_place(void **state)
{
	struct world *w = *state;
	vm_pindex_t n;

	for (n = 100; n < 100 + ENTRIES; n++)
		put(w, &w->a, n);
	for (n = 100; n < 100 + ENTRIES; n++)
		assert_true(has(w, &w->a, n));
	assert_false(has(w, &w->b, 100));
	assert_false(has(w, &w->a, 100 + ENTRIES));
}

/* Does a drop take its range and no more, be it short or long? */
static void
test_drop(void **state)
{
	static const vm_pindex_t lengths[] = { 1, 3, ENTRIES - 1, ENTRIES,
		ENTRIES + 5, 1000000 };
	struct world *w = *state;
	vm_pindex_t n, end;
	unsigned i;

	for (i = 0; i < 6; i++) {
		end = 102 + lengths[i];
		for (n = 100; n < 100 + ENTRIES; n++)
			put(w, &w->a, n);
		tlb_drop(&w->tlb, &w->a, vm_ptoa(102), vm_ptoa(end));
		for (n = 100; n < 100 + ENTRIES; n++)
			assert_int_equal(has(w, &w->a, n), n < 102 || n >= end);
	}
}

/* Do entries of another pmap stay? */
static void
test_drop_one_pmap(void **state)
{
	struct world *w = *state;
	vm_pindex_t n;
	unsigned b;

	for (n = 0; n < ENTRIES; n++)
		put(w, n % 2 == 0 ? &w->a : &w->b, n);
	b = count(w, &w->b);
	tlb_drop(&w->tlb, &w->a, 0, UINT64_MAX);
	assert_int_equal(count(w, &w->a), 0);
	assert_int_equal(count(w, &w->b), b);
}

static void
test_find_page(void **state)
{
	struct world *w = *state;
	struct vm_page *pg = (struct vm_page *)(void *)&w->b;

	put(w, &w->a, 5);
	assert_null(tlb_find_page(&w->tlb, pg, false));
	tlb_place(&w->tlb, &w->a, vm_ptoa(5))->page = pg;
	assert_non_null(tlb_find_page(&w->tlb, pg, false));
	assert_null(tlb_find_page(&w->tlb, pg, true));
	tlb_place(&w->tlb, &w->a, vm_ptoa(5))->lost = true;
	assert_non_null(tlb_find_page(&w->tlb, pg, true));
	tlb_drop(&w->tlb, &w->a, vm_ptoa(5), vm_ptoa(6));
	assert_null(tlb_find_page(&w->tlb, pg, false));
}

/* Are neighbours one range, and repetitions none? */
static void
test_ranges_grow(void **state)
{
	struct tlb_ranges r = { 0 };
	vm_pindex_t n;

	(void)state;
	for (n = 10; n < 50; n++)
		tlb_ranges_add(&r, vm_ptoa(n));
	tlb_ranges_add(&r, vm_ptoa(20));
	assert_int_equal(r.n, 1);
	assert_false(tlb_ranges_have(&r, vm_ptoa(9)));
	assert_true(tlb_ranges_have(&r, vm_ptoa(10)));
	assert_true(tlb_ranges_have(&r, vm_ptoa(49)));
	assert_false(tlb_ranges_have(&r, vm_ptoa(50)));
}

/* When there are too many, is nothing forgotten? */
static void
test_ranges_overflow(void **state)
{
	struct tlb_ranges r = { 0 };
	vm_pindex_t n, i;

	(void)state;
	for (n = 0; n < 3 * TLB_RANGES; n++) {
		tlb_ranges_add(&r, vm_ptoa(n * 10));
		for (i = 0; i <= n; i++)
			assert_true(tlb_ranges_have(&r, vm_ptoa(i * 10)));
		if (n < TLB_RANGES)
			assert_false(tlb_ranges_have(&r, vm_ptoa(n * 10 + 1)));
		assert_in_range(r.n, 1, TLB_RANGES);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_init_empty),
		TEST(test_place),
		TEST(test_drop),
		TEST(test_drop_one_pmap),
		TEST(test_find_page),
		TEST(test_ranges_grow),
		TEST(test_ranges_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
