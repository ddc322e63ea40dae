/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_page_test.c - allocation, neighbours, the reserve, wiring, busy pages.
 */
#include "test/unit/base_test.h"
#include "test/unit/fixture.h"
#include "vm/vm_page.h"

/* Are all pages there to be had, each once, but for the reserve? */
static void
test_alloc_all(void **state)
{
	struct fixture *fx = *state;
	struct vm_page *pages[FX_FRAMES];
	size_t n = 0, want = FX_FRAMES - vm_page_reserve(fx->sys);

	while (n < FX_FRAMES &&
	    (pages[n] = vm_page_alloc(fx->sys, NULL, 0)) != NULL) {
		assert_null(pages[n]->owner);
		assert_true(pages[n]->dirty);
		pages[n]->owner = pages; /* so that none comes twice */
		n++;
	}
	assert_int_equal(n, want);
	assert_int_equal(vm_page_free_count(fx->sys), vm_page_reserve(fx->sys));
	for (size_t i = 0; i < n; i++)
		vm_page_free(fx->sys, pages[i]);
	assert_int_equal(vm_page_free_count(fx->sys), FX_FRAMES);
	vm_page_check(fx->sys);
}

/* May only who asks for it have a page of the reserve? */
static void
test_reserve(void **state)
{
	struct fixture *fx = *state;
	struct vm_page *pages[FX_FRAMES], *last;
	size_t n = 0;

	assert_true(vm_page_reserve(fx->sys) > 0);
	while ((pages[n] = vm_page_alloc(fx->sys, NULL, 0)) != NULL)
		n++;
	last = vm_page_alloc(fx->sys, NULL, VM_PAGE_RESERVE);
	assert_non_null(last);
	vm_page_free(fx->sys, last);
	while (n > 0)
		vm_page_free(fx->sys, pages[--n]);
}

/* Is the frame after a page taken while it is free, in the map or cached? */
static void
test_near(void **state)
{
	struct fixture *fx = *state;
	struct vm_page *a, *b, *c;

	a = vm_page_alloc(fx->sys, NULL, 0);
	b = vm_page_alloc(fx->sys, a, 0);
	assert_int_equal(b->frame, a->frame + 1);
	c = vm_page_alloc(fx->sys, a, 0);
	assert_int_not_equal(c->frame, a->frame + 1);
	vm_page_free(fx->sys, b);
	b = vm_page_alloc(fx->sys, a, 0);
	assert_int_equal(b->frame, a->frame + 1);
	vm_page_free(fx->sys, a);
	vm_page_free(fx->sys, b);
	vm_page_free(fx->sys, c);
}

/* Does the last frame have no neighbour? */
static void
test_near_last(void **state)
{
	struct fixture *fx = *state;
	struct vm_page *last = vm_page_nth(fx->sys, FX_FRAMES - 1), *pg;

	pg = vm_page_alloc(fx->sys, last, 0);
	assert_non_null(pg);
	vm_page_free(fx->sys, pg);
}

/* Does a page read as zeroes when that was asked for, whoever had it? */
static void
test_zero(void **state)
{
	struct fixture *fx = *state;
	struct vm_page *pg = vm_page_alloc(fx->sys, NULL, 0);
	const uint8_t *bytes;

	memset(pmap_page_data(fx->machine, pg), 'x', FX_PAGE);
	vm_page_free(fx->sys, pg);
	pg = vm_page_alloc(fx->sys, NULL, VM_PAGE_ZERO);
	bytes = pmap_page_data(fx->machine, pg);
	for (size_t i = 0; i < FX_PAGE; i++)
		assert_int_equal(bytes[i], 0);
	assert_int_equal(fx->sys->stats.pages_zeroed, 1);
	vm_page_free(fx->sys, pg);
}

/* May no page be freed that is wired? */
static void
test_free_wired(void **state)
{
	struct fixture *fx = *state;
	struct vm_page *pg = vm_page_alloc(fx->sys, NULL, 0);

	vm_page_wire(fx->sys, pg);
	expect_panic(vm_page_free(fx->sys, pg));
	vm_page_unwire(fx->sys, pg);
	vm_page_free(fx->sys, pg);
}

/* Does a page go out of all pmaps, and count as unwired then? */
static void
test_unmap(void **state)
{
	struct fixture *fx = *state;
	struct vm_page *pg;

	assert_int_equal(map_anon(fx, 0, 1), VM_OK);
	assert_int_equal(store(fx, 0, 'a'), VM_OK);
	assert_int_equal(vm_mlock(fx->vs, fx_va(0), FX_PAGE), VM_OK);
	pg = mapping_of(fx->vs, 0).page;
	assert_int_equal(pg->wire_count, 1);
	vm_page_unmap(fx->sys, pg);
	assert_int_equal(pg->wire_count, 0);
	assert_int_equal(vm_page_wired_count(fx->sys), 0);
	assert_null(mapping_of(fx->vs, 0).page);
	assert_int_equal(load(fx, 0), 'a');
	assert_int_equal(pg->wire_count, 1);
}

/* Does a wait for a busy page end with it?  (One thread: it must not begin.) */
static void
test_busy(void **state)
{
	struct fixture *fx = *state;
	struct vm_page *pg = vm_page_alloc(fx->sys, NULL, 0);
	uint32_t seen;

	vm_page_busy(fx->sys, pg);
	expect_panic(vm_page_busy(fx->sys, pg));
	seen = vm_page_want(fx->sys, pg);
	vm_page_ready(fx->sys, pg);
	assert_false(pg->busy);
	vm_page_wait(fx->sys, pg, seen);
	vm_page_free(fx->sys, pg);
}

/* Are wirings counted by page, however many there are? */
static void
test_wire(void **state)
{
	struct fixture *fx = *state;
	struct vm_page *pg = vm_page_alloc(fx->sys, NULL, 0);

	vm_page_wire(fx->sys, pg);
	vm_page_wire(fx->sys, pg);
	assert_int_equal(vm_page_wired_count(fx->sys), 1);
	vm_page_unwire(fx->sys, pg);
	assert_int_equal(vm_page_wired_count(fx->sys), 1);
	vm_page_unwire(fx->sys, pg);
	assert_int_equal(vm_page_wired_count(fx->sys), 0);
	expect_panic(vm_page_unwire(fx->sys, pg));
	vm_page_free(fx->sys, pg);
}

int
main(void)
{
	const struct fx_test tests[] = {
		FX_TEST(test_alloc_all),
		FX_TEST(test_reserve),
		FX_TEST(test_near),
		FX_TEST(test_near_last),
		FX_TEST(test_zero),
		FX_TEST(test_free_wired),
		FX_TEST(test_unmap),
		FX_TEST(test_busy),
		FX_TEST(test_wire),
	};

	return FX_RUN("vm_page", tests);
}
