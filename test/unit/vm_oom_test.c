/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_oom_test.c - no memory can be made any more: who has most of it?
 */
#include "test/unit/base_test.h"
#include "test/unit/paging_fixture.h"

static void
assert_largest(struct fixture *fx, const struct vmspace *vs, size_t resident,
    size_t swapped)
{
	struct vm_oom_size size;
	struct vmspace *found = vm_oom_largest(fx->sys, &size);

	assert_ptr_equal(found, vs);
	assert_int_equal(size.resident, resident);
	assert_int_equal(size.swapped, swapped);
	if (found != NULL)
		vmspace_unref(found);
}

/* Is it the one with most, in memory and in swap together? */
static void
test_largest(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *vs;

	assert_largest(fx, NULL, 0, 0);
	assert_int_equal(fixture_swap(fx, 0, 64, 0), VM_OK);
	map_filled(fx, 0, 4, 'a');
	assert_largest(fx, fx->vs, 4, 0);
	page_out(fx);
	vs = filled_space(fx, 3);
	assert_largest(fx, fx->vs, 0, 4);
	assert_int_equal(unmap(fx, 0, 4), VM_OK);
	assert_largest(fx, vs, 3, 0);
	vmspace_unref(vs);
}

/* Is what is shared counted, wherever it is, and as far as it is mapped; and no
 * file? */
static void
test_shared(void **state)
{
	struct fixture *fx = *state;
	struct vm_oom_size size;
	struct vmspace *vs = filled_space(fx, 3);

	assert_int_equal(fixture_swap(fx, 0, 64, 0), VM_OK);
	assert_int_equal(map_file(fx, 8, 8, VM_MMAP_SHARED, 0), VM_OK);
	for (size_t i = 8; i < 16; i++)
		assert_true(load(fx, i) >= 0);
	assert_largest(fx, vs, 3, 0);
	assert_int_equal(fx_map_at(fx, fx->vs, 0, 8, VM_MMAP_SHARED, NULL, 0),
	    VM_OK);
	for (size_t i = 1; i < 6; i++)
		assert_int_equal(store(fx, i, 's'), VM_OK);
	page_out(fx);
	assert_int_equal(store(fx, 6, 's'), VM_OK);
	assert_int_equal(unmap(fx, 1, 1), VM_OK);
	vm_oom_size(fx->vs, &size);
	assert_int_equal(size.resident + size.swapped, 0);
	assert_int_equal(size.shared, 5);
	assert_largest(fx, fx->vs, 0, 0);
	vmspace_unref(vs);
}

/* The largest is about to go, and waits for its break. */
static struct vmspace *going;

static void
look_meanwhile(struct fixture *fx)
{
	struct vm_oom_size size;

	fx->on_wait = NULL;
	assert_ptr_not_equal(vm_oom_largest(fx->sys, &size), going);
	vm_mutex_unlock(&going->brk_lock);
}

/* Is it left alone? */
static void
test_going(void **state)
{
	struct fixture *fx = *state;

	going = filled_space(fx, 4);
	vm_mutex_lock(&going->brk_lock);
	fx->on_wait = look_meanwhile;
	vmspace_unref(going);
	vm_check(fx->sys);
}

int
main(void)
{
	static const struct fx_test tests[] = {
		FX_TEST(test_largest),
		FX_TEST(test_shared),
		FX_TEST(test_going),
	};

	return FX_RUN("vm_oom", tests);
}
