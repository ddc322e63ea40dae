/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vmspace_test.c - address spaces: references, fork by inheritance, reset,
 * reading and writing another's memory.
 */
#include "test/unit/base_test.h"
#include "test/unit/fixture.h"

/* Does a space live until its last reference? */
static void
test_ref(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(map_anon(fx, 0, 1), VM_OK);
	assert_int_equal(store(fx, 0, 'x'), VM_OK);
	vmspace_ref(fx->vs);
	vmspace_unref(fx->vs);
	assert_int_equal(load(fx, 0), 'x');
}

/* Does a child get what the inheritance of each range says?
 *
 *	page	0     1     2     3	all 'x' in the parent
 *		copy  share none  zero, where the design knows it
 */
static void
test_fork_inheritance(void **state)
{
	struct fixture *fx = *state;
	bool zero = fx_map(fx)->design->inherit_zero;
	struct vmspace *c;

	assert_int_equal(map_anon(fx, 0, 4), VM_OK);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(store(fx, i, 'x'), VM_OK);
	assert_int_equal(vm_minherit(fx->vs, fx_va(1), FX_PAGE,
			     VM_INHERIT_SHARE),
	    VM_OK);
	assert_int_equal(vm_minherit(fx->vs, fx_va(2), FX_PAGE,
			     VM_INHERIT_NONE),
	    VM_OK);
	assert_int_equal(vm_minherit(fx->vs, fx_va(3), FX_PAGE,
			     VM_INHERIT_ZERO),
	    zero ? VM_OK : VM_EINVAL);
	assert_int_equal(vmspace_fork(fx->vs, &c), VM_OK);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(store(fx, i, 'y'), VM_OK);
	assert_int_equal(load_in(fx, c, 0), 'x');
	assert_int_equal(load_in(fx, c, 1), 'y');
	assert_int_equal(load_in(fx, c, 2), -VM_EFAULT);
	assert_int_equal(load_in(fx, c, 3), zero ? 0 : 'x');
	assert_int_equal(store_in(fx, c, 3, 'z'), VM_OK);
	assert_int_equal(load(fx, 3), 'y');
	vmspace_unref(c);
}

/* Does a child that was to copy shared memory see it until it writes? */
static void
test_fork_copy_of_object(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *c;

	assert_int_equal(map_shared(fx, 0, 2), VM_OK);
	assert_int_equal(store(fx, 0, 'x'), VM_OK);
	assert_int_equal(vm_minherit(fx->vs, fx_va(0), 2 * FX_PAGE,
			     VM_INHERIT_COPY),
	    VM_OK);
	assert_int_equal(vmspace_fork(fx->vs, &c), VM_OK);
	assert_int_equal(load_in(fx, c, 0), 'x');
	assert_int_equal(store_in(fx, c, 0, 'c'), VM_OK);
	assert_int_equal(load(fx, 0), 'x');
	assert_int_equal(store(fx, 0, 'y'), VM_OK);
	assert_int_equal(load_in(fx, c, 0), 'c');
	vmspace_unref(c);
}

/* Are heap and limits inherited, and wiring not? */
static void
test_fork_state(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *c;
	vaddr_t now;

	fx->vs->brk_start = fx->vs->brk_end = fx_va(100);
	fx->vs->map.wired_limit = 10 * FX_PAGE;
	assert_int_equal(vm_brk(fx->vs, fx_va(102), &now), VM_OK);
	assert_int_equal(vm_mlockall(fx->vs, VM_MCL_CURRENT | VM_MCL_FUTURE),
	    VM_OK);
	assert_int_equal(vmspace_fork(fx->vs, &c), VM_OK);
	assert_int_equal(c->brk_start, fx_va(100));
	assert_int_equal(c->brk_end, fx_va(102));
	assert_int_equal(c->map.wired_limit, 10 * FX_PAGE);
	assert_false(vm_entry_is_wired(entry_of(c, 100)));
	assert_false(c->map.wire_future);
	vmspace_unref(c);
}

/* Is a fork that finds no memory no fork at all? */
static void
test_fork_without_memory(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *c;
	uint64_t nth = 0;
	int error;

	for (size_t i = 0; i < 20; i += 2)
		assert_int_equal(map_anon(fx, i, 1), VM_OK);
	for (size_t i = 0; i < 20; i += 2)
		assert_int_equal(store(fx, i, 'x'), VM_OK);
	do {
		faulty_fail(&fx->env, ++nth, FAULTY_ONCE);
		error = vmspace_fork(fx->vs, &c);
		faulty_fail(&fx->env, 0, FAULTY_ONCE);
		assert_true(error == VM_OK || error == VM_ENOMEM);
		assert_int_equal(store(fx, 4, 'a' + (int)nth), VM_OK);
		vm_check(fx->sys);
	} while (error != VM_OK);
	assert_int_equal(load_in(fx, c, 6), 'x');
	vmspace_unref(c);
	/* A list keeps what its head hides until the next fork. */
	assert_int_equal(pages_used(fx), fx_is(&vm_design_dragonfly) ? 11 : 10);
}

/* Is a space like new after a reset, and can be used again? */
static void
test_reset(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(map_anon(fx, 0, 4), VM_OK);
	assert_int_equal(map_file(fx, 8, 4, VM_MMAP_SHARED, 0), VM_OK);
	assert_int_equal(store(fx, 0, 'x'), VM_OK);
	assert_int_equal(store(fx, 8, 'y'), VM_OK);
	vmspace_reset(fx->vs);
	assert_int_equal(entries(fx->vs), 0);
	assert_int_equal(load(fx, 0), -VM_EFAULT);
	assert_int_equal(fx->files[0].bytes[0], 'y');
	assert_int_equal(map_anon(fx, 0, 4), VM_OK);
	assert_int_equal(load(fx, 0), 0);
}

/* Does another's memory read and write as its program would do it, up to the
 * first page that it could not use?
 *
 *	page 0 1 2 3
 *	     w w r .
 */
static void
test_read_write(void **state)
{
	struct fixture *fx = *state;
	static char buf[4 * FX_PAGE];
	size_t done;

	assert_int_equal(map_anon(fx, 0, 3), VM_OK);
	assert_int_equal(store(fx, 2, 'r'), VM_OK);
	assert_int_equal(protect(fx, 2, 1, VM_PROT_READ), VM_OK);
	memset(buf, 'w', sizeof(buf));
	assert_int_equal(vmspace_write(fx->vs, fx_va(0) + 10, buf, 3 * FX_PAGE,
			     &done),
	    VM_EACCES);
	assert_int_equal(done, 2 * FX_PAGE - 10);
	assert_int_equal(load(fx, 0), 0);
	assert_int_equal(load(fx, 1), 'w');
	assert_int_equal(load(fx, 2), 'r');
	assert_int_equal(vmspace_read(fx->vs, fx_va(1) + 100, buf, 4 * FX_PAGE,
			     &done),
	    VM_EFAULT);
	assert_int_equal(done, 2 * FX_PAGE - 100);
	assert_int_equal(buf[0], 'w');
	assert_int_equal(buf[done - 1], 'r');
	assert_int_equal(vmspace_read(fx->vs, fx_va(1), buf, 0, &done), VM_OK);
	assert_int_equal(vmspace_read(fx->vs, UINT64_MAX - 5, buf, 10, &done),
	    VM_EFAULT);
	assert_int_equal(done, 0);
}

/* Is what is written so dirty, and copied first where a program would? */
static void
test_write_counts(void **state)
{
	struct fixture *fx = *state;
	size_t done;

	assert_int_equal(map_file(fx, 0, 2, VM_MMAP_SHARED, 0), VM_OK);
	assert_int_equal(map_file(fx, 4, 2, VM_MMAP_PRIVATE, 1), VM_OK);
	assert_int_equal(load(fx, 0), 'A');
	assert_int_equal(vmspace_write(fx->vs, fx_va(0), "s", 1, &done), VM_OK);
	assert_int_equal(vmspace_write(fx->vs, fx_va(4), "p", 1, &done), VM_OK);
	assert_int_equal(vm_msync(fx->vs, fx_va(0), FX_PAGE, VM_MS_SYNC),
	    VM_OK);
	assert_int_equal(fx->files[0].bytes[0], 's');
	assert_int_equal(load(fx, 4), 'p');
	assert_int_equal(fx->files[1].bytes[0], 'A');
}

int
main(void)
{
	const struct fx_test tests[] = {
		FX_TEST(test_ref),
		FX_TEST(test_fork_inheritance),
		FX_TEST(test_fork_copy_of_object),
		FX_TEST(test_fork_state),
		FX_TEST(test_fork_without_memory),
		FX_TEST(test_reset),
		FX_TEST(test_read_write),
		FX_TEST(test_write_counts),
	};

	return FX_RUN("vmspace", tests);
}
