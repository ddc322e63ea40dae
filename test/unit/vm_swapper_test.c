/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_swapper_test.c - which spaces give up memory when it is short, and when
 * whole ones go.
 */
#include "test/unit/base_test.h"
#include "test/unit/paging_fixture.h"

#define STAT(fx, name) ((int)(fx)->sys->stats.name)

enum { SWAP = 1024 };

static vm_pindex_t
resident(struct vmspace *vs)
{
	return pmap_resident_count(vs->map.pmap);
}

static void
passes(struct fixture *fx, unsigned n)
{
	while (n-- > 0)
		vm_swapper_pass(fx->sys);
}

/* All memory but so many pages is taken by the fixture's own space. */
static void
take_all_but(struct fixture *fx, size_t left)
{
	size_t n = vm_page_free_count(fx->sys) - left;

	assert_int_equal(map_anon(fx, 0, n), VM_OK);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(store(fx, i, 'x'), VM_OK);
}

/* Few pages are free, so that paging is behind. */
static void
take_all(struct fixture *fx)
{
	take_all_but(fx, vm_page_reserve(fx->sys) + 1);
}

/* Does a space over its limit give up what is beyond, and no other? */
static void
test_rss(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *vs = filled_space(fx, 20),
		       *other = filled_space(fx, 20);

	passes(fx, 1);
	assert_int_equal(resident(vs), 20);
	vmspace_limit_resident(vs, 8 * FX_PAGE);
	passes(fx, 1);
	assert_int_equal(resident(vs), 8);
	assert_int_equal(resident(other), 20);
	assert_int_equal(STAT(fx, rss_deactivated), 12);
	assert_filled(fx, vs, 0, 20);
	vm_check(fx->sys);
	vmspace_unref(vs);
	vmspace_unref(other);
}

/* Does wired memory stay, whatever the limit, and is the limit inherited? */
static void
test_rss_wired(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *vs = filled_space(fx, 8), *c;

	assert_int_equal(vm_mlock(vs, fx_va(2), 2 * FX_PAGE), VM_OK);
	vmspace_limit_resident(vs, 0);
	passes(fx, 1);
	assert_int_equal(resident(vs), 2);
	assert_true(mapping_of(vs, 2).wired);
	c = fork_space(vs);
	assert_int_equal(c->rss_limit, 0);
	vmspace_unref(c);
	vmspace_unref(vs);
}

/* Does what is used stay, wherever it is; of that, only as much as may; and
 * does what has gone already count no more? */
static void
test_rss_used(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *vs = filled_space(fx, 20);
	vm_pindex_t back;

	for (size_t i = 0; i < 20; i++)
		(void)pmap_clear_reference(fx->sys->machine,
		    mapping_of(vs, i).page);
	for (size_t i = 0; i < 12; i += 2)
		use_elsewhere(vs, i);
	vmspace_limit_resident(vs, 8 * FX_PAGE);
	passes(fx, 1);
	assert_int_equal(resident(vs), 8);
	for (size_t i = 0; i < 12; i += 2)
		assert_non_null(mapping_of(vs, i).page);
	assert_int_equal(STAT(fx, rss_deactivated), 12);
	assert_filled(fx, vs, 0, 12);
	back = resident(vs) - 8;
	passes(fx, 1);
	assert_int_equal(resident(vs), 8);
	assert_int_equal(STAT(fx, rss_deactivated), 12 + back);
	vm_check(fx->sys);
	vmspace_unref(vs);
}

/* Do pages of a space over its limit go to swap before those of others, which
 * have been idle for longer? */
static void
test_rss_first(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *other, *vs;
	size_t nfree;

	assert_int_equal(fixture_swap(fx, 0, SWAP, 0), VM_OK);
	other = filled_space(fx, 20);
	vs = filled_space(fx, 20);
	vmspace_limit_resident(vs, 4 * FX_PAGE);
	nfree = vm_page_free_count(fx->sys);
	(void)vm_pageout(fx->sys, nfree + 10);
	assert_true(vm_page_free_count(fx->sys) >= nfree + 10);
	for (size_t i = 0; i < 20; i++)
		assert_non_null(mapping_of(other, i).page);
	assert_filled(fx, vs, 0, 20);
	vmspace_unref(vs);
	vmspace_unref(other);
}

/* Does the one go that has slept longest, of equals the largest, one at a time
 * and only while paging is behind; and never who runs? */
static void
test_swapout(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *old = filled_space(fx, 4), *small = filled_space(fx, 8);
	struct vmspace *large = filled_space(fx, 16),
		       *runs = filled_space(fx, 32);

	vmspace_sleeps(old);
	passes(fx, 2);
	vmspace_sleeps(small);
	vmspace_sleeps(large);
	passes(fx, 6);
	assert_int_equal(STAT(fx, swapouts), 0);
	take_all(fx);
	passes(fx, 1);
	assert_int_equal(STAT(fx, swapouts), 0);
	passes(fx, 1);
	assert_true(vmspace_is_out(old));
	assert_int_equal(resident(old), 0);
	assert_int_equal(STAT(fx, swapouts), 1);
	passes(fx, 2);
	assert_true(vmspace_is_out(large));
	assert_false(vmspace_is_out(small));
	passes(fx, 2);
	assert_true(vmspace_is_out(small));
	passes(fx, 6);
	assert_int_equal(STAT(fx, swapouts), 3);
	assert_int_equal(STAT(fx, swapout_pages), 4 + 8 + 16);
	assert_int_equal(resident(runs), 32);
	vm_check(fx->sys);
	vmspace_unref(old);
	vmspace_unref(small);
	vmspace_unref(large);
	vmspace_unref(runs);
}

/* Does who runs again have all its memory, may it go again only when it has
 * slept again for a while, and does nobody go when that is not wanted? */
static void
test_swapin(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *vs = filled_space(fx, 8);

	vmspace_sleeps(vs);
	take_all(fx);
	vm_system_swap_spaces(fx->sys, false);
	passes(fx, 9);
	assert_int_equal(STAT(fx, swapouts), 0);
	vm_system_swap_spaces(fx->sys, true);
	passes(fx, 1);
	assert_true(vmspace_is_out(vs));
	vmspace_runs(vs);
	assert_int_equal(STAT(fx, swapins), 1);
	assert_filled(fx, vs, 0, 8);
	passes(fx, 2);
	vmspace_sleeps(vs);
	passes(fx, 1);
	assert_false(vmspace_is_out(vs));
	passes(fx, 1);
	assert_true(vmspace_is_out(vs));
	vmspace_runs(vs);
	vmspace_runs(vs);
	assert_int_equal(STAT(fx, swapins), 2);
	vmspace_unref(vs);
}

/* The space sleeps and goes, as memory is short. */
static void
swap_out(struct fixture *fx, struct vmspace *vs)
{
	vmspace_sleeps(vs);
	passes(fx, 3);
	assert_true(vmspace_is_out(vs));
}

/* Does who was swapped out wait while memory is short, and run when it is not,
 * but who was not swapped out, or runs in spite of all, at once? */
static void
test_wakes(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *vs = filled_space(fx, 8), *in = filled_space(fx, 8);

	vmspace_sleeps(in);
	vmspace_runs(in);
	take_all(fx);
	swap_out(fx, vs);
	vmspace_sleeps(in);
	assert_true(vmspace_wakes(in));
	assert_false(vmspace_wakes(vs));
	assert_false(vm_swapper_swapin(fx->sys));
	assert_false(vmspace_wakes(vs));
	vmspace_runs(vs);
	assert_true(vmspace_wakes(vs));
	assert_int_equal(STAT(fx, swapins), 1);
	assert_filled(fx, vs, 0, 8);
	swap_out(fx, vs);
	assert_int_equal(vm_munmap(fx->vs, fx_va(0), 500 * FX_PAGE), VM_OK);
	assert_true(vmspace_wakes(vs));
	assert_int_equal(STAT(fx, swapins), 2);
	assert_false(vm_swapper_swapin(fx->sys));
	vmspace_unref(vs);
	vmspace_unref(in);
}

/* Do those that wait come back one by one, first who has been out longest, and
 * nobody who does not want to; and may nobody push in? */
static void
test_swapin_order(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *sleeps = filled_space(fx, 4),
		       *first = filled_space(fx, 8);
	struct vmspace *second = filled_space(fx, 16);

	take_all(fx);
	swap_out(fx, sleeps);
	swap_out(fx, first);
	swap_out(fx, second);
	assert_false(vmspace_wakes(second));
	assert_false(vmspace_wakes(first));
	assert_int_equal(vm_munmap(fx->vs, fx_va(0), 500 * FX_PAGE), VM_OK);
	assert_false(vmspace_wakes(second));
	assert_true(vm_swapper_swapin(fx->sys));
	assert_false(vmspace_is_out(first));
	assert_true(vmspace_is_out(second));
	assert_true(vm_swapper_swapin(fx->sys));
	assert_true(vmspace_wakes(second));
	assert_false(vm_swapper_swapin(fx->sys));
	assert_true(vmspace_is_out(sleeps));
	assert_int_equal(STAT(fx, swapins), 2);
	vmspace_unref(sleeps);
	vmspace_unref(first);
	vmspace_unref(second);
}

/* Is memory made for who waits? */
static void
test_swapin_makes(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *vs = filled_space(fx, 8);

	assert_int_equal(fixture_swap(fx, 0, SWAP, 0), VM_OK);
	take_all(fx);
	swap_out(fx, vs);
	assert_false(vmspace_wakes(vs));
	for (unsigned n = 0; n < 9 && !vmspace_wakes(vs); n++) {
		(void)vm_swapper_swapin(fx->sys);
		(void)vm_pageout(fx->sys, 0); /* what was begun is written */
	}
	assert_true(vmspace_wakes(vs));
	assert_filled(fx, vs, 0, 8);
	vmspace_unref(vs);
}

/* Do its pages go to swap next, and come back? */
static void
test_swapout_pages(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *vs;

	assert_int_equal(fixture_swap(fx, 0, SWAP, 0), VM_OK);
	vs = filled_space(fx, 24);
	vmspace_sleeps(vs);
	passes(fx, 2);
	take_all(fx);
	passes(fx, 3);
	assert_true(vmspace_is_out(vs));
	(void)vm_pageout(fx->sys, vm_page_free_count(fx->sys) + 20);
	assert_true(vm_swap_in_use(fx->sys) >= 20);
	for (size_t i = 0; i < 50; i++)
		assert_non_null(mapping_of(fx->vs, i).page);
	vmspace_runs(vs);
	assert_filled(fx, vs, 0, 24);
	vmspace_unref(vs);
}

/* Is what others have in use as well left to them? */
static void
test_swapout_shared(void **state)
{
	struct fixture *fx = *state;
	struct vm_object *obj = file_object(fx, 0);
	struct vmspace *vs = filled_space(fx, 4);

	assert_int_equal(fx_map_at(fx, vs, 8, 2, VM_MMAP_SHARED, obj, 0),
	    VM_OK);
	assert_int_equal(fx_map_at(fx, fx->vs, 900, 2, VM_MMAP_SHARED, obj, 0),
	    VM_OK);
	assert_int_equal(load_in(fx, vs, 8), 'A');
	assert_int_equal(load(fx, 900), 'A');
	vmspace_sleeps(vs);
	take_all(fx);
	passes(fx, 3);
	assert_true(vmspace_is_out(vs));
	assert_non_null(mapping_of(fx->vs, 900).page);
	vmspace_unref(vs);
	vm_object_unref(obj);
}

int
main(void)
{
	const struct fx_test tests[] = {
		FX_TEST(test_rss),
		FX_TEST(test_rss_used),
		FX_TEST(test_rss_wired),
		FX_TEST_IN(netbsd, test_rss_first),
		FX_TEST(test_swapout),
		FX_TEST(test_swapin),
		FX_TEST(test_wakes),
		FX_TEST(test_swapin_order),
		FX_TEST_IN(netbsd, test_swapin_makes),
		FX_TEST_IN(netbsd, test_swapout_pages),
		FX_TEST(test_swapout_shared),
	};

	return FX_RUN("vm_swapper", tests);
}
