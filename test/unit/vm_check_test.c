/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_check_test.c - does vm_check see what is wrong?  Each test breaks one
 * thing in a child, which has to die of it; the system itself stays sound.
 *
 *	[ a b | c d ]	private, in two entries of one amap; a child has a copy
 */
#include "test/unit/death.h"
#include "test/unit/paging_fixture.h"
#include "vm/cow/amap.h"
#include "vm/vm_page.h"

static struct vm_amap *
amap_of(struct fixture *fx, size_t page)
{
	return entry_of(fx->vs, page)->aref.amap;
}

static void
map_parts(struct fixture *fx)
{
	assert_int_equal(map_anon(fx, 0, 4), VM_OK);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(store(fx, i, 'a' + (int)i), VM_OK);
	assert_int_equal(protect(fx, 2, 2, VM_PROT_READ), VM_OK);
	assert_ptr_equal(amap_of(fx, 0), amap_of(fx, 2));
	vm_check(fx->sys);
}

/* A2: an amap that is used more often than it knows. */
static void
test_amap_refs(void **state)
{
	struct fixture *fx = *state;

	map_parts(fx);
	expect_death((amap_of(fx, 0)->refs++, vm_check(fx->sys)), "refs");
}

/* A4: a run with one reference too many. */
static void
test_runs(void **state)
{
	struct fixture *fx = *state;

	map_parts(fx);
	assert_int_equal(unmap(fx, 3, 1), VM_OK);
	vm_check(fx->sys);
	expect_death((amap_of(fx, 0)->runs[0].refs++, vm_check(fx->sys)),
	    "refs");
}

/* A5: a page in a slot that has lost its entry. */
static void
keep_page(struct fixture *fx)
{
	struct vm_map_entry *e = entry_of(fx->vs, 2);
	struct vm_aref past = { e->aref.amap, e->aref.slot + 1 };
	struct vm_anon *an = vm_anon_create(fx->sys, past.amap->family, NULL,
	    0);

	vm_amap_lock(past.amap);
	vm_amap_add(&past, 0, an);
	vm_amap_unlock(past.amap);
	vm_check(fx->sys);
}

static void
test_lost_slot(void **state)
{
	struct fixture *fx = *state;

	map_parts(fx);
	assert_int_equal(unmap(fx, 3, 1), VM_OK);
	expect_death(keep_page(fx), "vm_amap_at(am, i)");
}

/* A6: two amaps with common anons under different locks. */
static void
test_two_locks(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *child;
	struct vm_family other = { .refs = 1 };

	map_parts(fx);
	assert_int_equal(vmspace_fork(fx->vs, &child), VM_OK);
	assert_int_equal(store(fx, 0, 'x'), VM_OK);
	assert_ptr_not_equal(amap_of(fx, 0), entry_of(child, 0)->aref.amap);
	vm_check(fx->sys);
	vm_mutex_init(&other.mutex, fx->sys->env);
	expect_death((amap_of(fx, 0)->family = &other, vm_check(fx->sys)),
	    " == lock");
	vmspace_unref(child);
}

/* P1: a page in a cache that does not know of it. */
static void
test_cached_page(void **state)
{
	struct fixture *fx = *state;
	struct vm_page *pg;

	assert_int_equal(map_anon(fx, 0, 1), VM_OK);
	assert_int_equal(store(fx, 0, 'x'), VM_OK);
	pg = mapping_of(fx->vs, 0).page;
	assert_int_equal(unmap(fx, 0, 1), VM_OK);
	assert_int_equal(pg->state, VM_PAGE_CACHED);
	vm_check(fx->sys);
	expect_death((list_remove(&pg->q), vm_check(fx->sys)), "count");
	expect_death(((void)atomic_fetch_add(&pg->state, 1), vm_check(fx->sys)),
	    "state");
}

/* Is nothing said when the host has no memory to count in? */
static void
test_no_memory(void **state)
{
	struct fixture *fx = *state;

	map_parts(fx);
	for (unsigned n = 1; n < 12; n++) {
		faulty_fail(&fx->env, n, FAULTY_ON);
		vm_check(fx->sys);
		faulty_fail(&fx->env, 0, FAULTY_ONCE);
	}
}

/* Is what is on its way to swap right, and what has been let go meanwhile? */
static void
test_under_way(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(fixture_swap(fx, 0, 64, 0), VM_OK);
	assert_int_equal(map_anon(fx, 0, 8), VM_OK);
	fill(fx, 0, 8);
	begin_page_out(fx);
	vm_check(fx->sys);
	assert_int_equal(unmap(fx, 0, 4), VM_OK);
	vm_check(fx->sys);
	let_all_go(fx);
	vm_check(fx->sys);
	assert_true(page_is(fx, fx->vs, 4, 5));
}

int
main(void)
{
	const struct fx_test tests[] = {
		FX_TEST_IN(netbsd, test_amap_refs),
		FX_TEST_IN(openbsd, test_amap_refs),
		FX_TEST_IN(netbsd, test_runs),
		FX_TEST_IN(openbsd, test_runs),
		FX_TEST_IN(netbsd, test_lost_slot),
		FX_TEST_IN(openbsd, test_lost_slot),
		FX_TEST_IN(netbsd, test_two_locks),
		FX_TEST_IN(openbsd, test_two_locks),
		FX_TEST_IN(netbsd, test_cached_page),
		FX_TEST_IN(openbsd, test_cached_page),
		FX_TEST_IN(netbsd, test_no_memory),
		FX_TEST_IN(openbsd, test_no_memory),
		FX_TEST(test_under_way),
	};

	return FX_RUN("vm_check", tests);
}
