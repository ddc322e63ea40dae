/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_charge_test.c - memory that is promised is counted, and no more is
 * promised than there is.
 */
#include "test/unit/base_test.h"
#include "test/unit/fixture.h"
#include "vm/vm_stack.h"

/* Pages of anonymous memory that are promised; that may be. */
static uint64_t
promised(struct fixture *fx)
{
	struct vm_charge now, max;

	vm_check(fx->sys);
	vm_charge_get(fx->sys, &now, &max);
	return now.anon;
}

static uint64_t
most(struct fixture *fx)
{
	struct vm_charge now, max;

	vm_charge_get(fx->sys, &now, &max);
	return max.anon;
}

static struct fixture *
counting(void **state)
{
	struct fixture *fx = *state;

	vm_system_overcommit(fx->sys, false);
	return fx;
}

static int
map_read_only(struct fixture *fx, size_t page, size_t n)
{
	return map_prot(fx->vs, page, n, VM_PROT_READ, VM_MMAP_PRIVATE);
}

/* Is nothing counted unless somebody asks for it? */
static void
test_overcommit(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(map_anon(fx, 0, 3 * FX_FRAMES), VM_OK);
	assert_int_equal(promised(fx), 0);
	assert_int_equal(entry_of(fx->vs, 0)->marks, 0);
}

/* Is what may be written counted, from then on until it goes?
 *
 *	[ rw ][ r -> rw -> r ]
 */
static void
test_private(void **state)
{
	struct fixture *fx = counting(state);

	assert_int_equal(map_anon(fx, 0, 4), VM_OK);
	assert_int_equal(promised(fx), 4);
	assert_int_equal(map_read_only(fx, 4, 4), VM_OK);
	assert_int_equal(map_read_only(fx, 20, 2 * FX_FRAMES), VM_OK);
	assert_int_equal(promised(fx), 4);
	assert_int_equal(protect(fx, 4, 2, VM_PROT_RW), VM_OK);
	assert_int_equal(promised(fx), 6);
	assert_int_equal(store(fx, 4, 'a'), VM_OK);
	assert_int_equal(protect(fx, 0, 8, VM_PROT_READ), VM_OK);
	assert_int_equal(protect(fx, 0, 8, VM_PROT_RW), VM_OK);
	assert_int_equal(promised(fx), 8);
	assert_int_equal(map_read_only(fx, 0, 1), VM_OK);
	assert_int_equal(promised(fx), 7);
	assert_int_equal(unmap(fx, 3, 2), VM_OK);
	assert_int_equal(promised(fx), 5);
	vmspace_reset(fx->vs);
	assert_int_equal(promised(fx), 0);
}

/* Is a private mapping of a file counted where it may be written, and a shared
 * one never? */
static void
test_file(void **state)
{
	struct fixture *fx = counting(state);

	assert_int_equal(map_file(fx, 0, 4, VM_MMAP_SHARED, 0), VM_OK);
	assert_int_equal(promised(fx), 0);
	assert_int_equal(map_file(fx, 4, 4, VM_MMAP_PRIVATE, 0), VM_OK);
	assert_int_equal(promised(fx), 4);
}

/* Is shared memory counted once, to its end, until nobody has it? */
static void
test_shared(void **state)
{
	struct fixture *fx = counting(state);
	struct vm_object *obj = anon_object(fx);
	struct vmspace *c;

	assert_int_equal(fx_map_at(fx, fx->vs, 0, 4, VM_MMAP_SHARED, obj, 2),
	    VM_OK);
	assert_int_equal(promised(fx), 6);
	assert_int_equal(fx_map_at(fx, fx->vs, 8, 4, VM_MMAP_SHARED, obj, 0),
	    VM_OK);
	c = fork_space(fx->vs);
	assert_int_equal(promised(fx), 6);
	assert_int_equal(fx_map_at(fx, fx->vs, 16, 8, VM_MMAP_SHARED, obj, 0),
	    VM_OK);
	assert_int_equal(promised(fx), 8);
	vmspace_reset(fx->vs);
	vm_object_unref(obj);
	assert_int_equal(promised(fx), 8);
	vmspace_unref(c);
	assert_int_equal(promised(fx), 0);
}

/* Is a child's memory counted, and refused if there is not enough for it? */
static void
test_fork(void **state)
{
	struct fixture *fx = counting(state);
	struct vmspace *c;

	assert_int_equal(map_anon(fx, 0, 8), VM_OK);
	assert_int_equal(vm_minherit(fx->vs, fx_va(0), FX_PAGE,
			     VM_INHERIT_NONE),
	    VM_OK);
	c = fork_space(fx->vs);
	assert_int_equal(promised(fx), 15);
	vmspace_unref(c);
	assert_int_equal(promised(fx), 8);
	assert_int_equal(map_anon(fx, 8, most(fx) - 14), VM_OK);
	assert_int_equal(vmspace_fork(fx->vs, &c), VM_ENOMEM);
	assert_null(c);
	assert_int_equal(promised(fx), most(fx) - 6);
	assert_int_equal((int)fx->sys->stats.charge_refused, 1);
}

/* Is memory refused that there is not, with nothing changed, and had when
 * others have let go of theirs; and does what is replaced count for it? */
static void
test_refused(void **state)
{
	struct fixture *fx = counting(state);
	size_t max = most(fx);

	assert_int_equal(map_anon(fx, 0, max + 1), VM_ENOMEM);
	assert_int_equal(map_anon(fx, 0, max - 4), VM_OK);
	assert_int_equal(map_shared(fx, max, 5), VM_ENOMEM);
	assert_int_equal(map_shared(fx, max, 4), VM_OK);
	assert_int_equal(map_read_only(fx, max + 8, 4), VM_OK);
	assert_int_equal(protect(fx, max + 8, 1, VM_PROT_RW), VM_ENOMEM);
	assert_int_equal(load(fx, max + 8), 0);
	assert_int_equal(store(fx, max + 8, 'a'), VM_EACCES);
	assert_int_equal(map_anon(fx, 0, max - 4), VM_OK);
	assert_int_equal(promised(fx), max);
	assert_int_equal(map_anon(fx, 0, max - 3), VM_ENOMEM);
	assert_int_equal(unmap(fx, max, 1), VM_OK);
	assert_int_equal(promised(fx), max); /* the object is still there */
	assert_int_equal(unmap(fx, max, 4), VM_OK);
	assert_int_equal(promised(fx), max - 4);
	assert_int_equal(protect(fx, max + 8, 4, VM_PROT_RW), VM_OK);
}

static int
remap(struct fixture *fx, size_t len, size_t new_len, unsigned flags)
{
	struct vm_mremap_args a = {
		.old_addr = fx_va(0),
		.old_len = len * FX_PAGE,
		.new_len = new_len * FX_PAGE,
		.new_addr = fx_va(500),
		.flags = flags,
	};
	vaddr_t at;

	return vm_mremap(fx->vs, &a, &at);
}

/* And when a mapping grows, moves, or is there twice? */
static void
test_remap(void **state)
{
	struct fixture *fx = counting(state);

	assert_int_equal(map_anon(fx, 0, 4), VM_OK);
	assert_int_equal(remap(fx, 4, most(fx) + 1, 0), VM_ENOMEM);
	assert_int_equal(remap(fx, 4, most(fx) + 1, VM_MREMAP_MAYMOVE),
	    VM_ENOMEM);
	assert_int_equal(remap(fx, 4, 6, 0), VM_OK);
	assert_int_equal(promised(fx), 6);
	assert_int_equal(remap(fx, 6, 2, 0), VM_OK);
	assert_int_equal(promised(fx), 2);
	assert_int_equal(remap(fx, 2, 2, VM_MREMAP_MAYMOVE | VM_MREMAP_KEEP),
	    VM_OK);
	assert_int_equal(promised(fx), 4);
	assert_int_equal(remap(fx, 2, 3, VM_MREMAP_MAYMOVE | VM_MREMAP_FIXED),
	    VM_OK);
	assert_int_equal(promised(fx), 5);
}

/* And the heap, and a stack? */
static void
test_heap(void **state)
{
	struct fixture *fx = counting(state);
	vaddr_t end;

	fx->vs->brk_start = fx->vs->brk_end = fx_va(0);
	assert_int_equal(vm_brk(fx->vs, fx_va(8), &end), VM_OK);
	assert_int_equal(promised(fx), 8);
	assert_int_equal(vm_brk(fx->vs, fx_va(most(fx) + 1), &end), VM_ENOMEM);
	assert_int_equal(end, fx_va(8));
	assert_int_equal(vm_brk(fx->vs, fx_va(2), &end), VM_OK);
	assert_int_equal(promised(fx), 2);
}

static void
test_stack(void **state)
{
	struct fixture *fx = counting(state);
	struct vm_stack_args a = {
		.top = fx_va(1000),
		.max = 100 * FX_PAGE,
		.soft = 100 * FX_PAGE,
		.first = 4 * FX_PAGE,
		.guard = FX_PAGE,
		.prot = VM_PROT_RW,
	};

	assert_int_equal(vm_stack_map(fx->vs, &a), VM_OK);
	assert_int_equal(promised(fx), 4);
	assert_int_equal(store(fx, 990, 'a'), VM_OK);
	assert_int_equal(promised(fx), 36);
	assert_int_equal(map_anon(fx, 0, most(fx) - 36 - 10), VM_OK);
	assert_int_equal(store(fx, 953, 'a'), VM_EACCES);
	assert_int_equal(store(fx, 954, 'a'), VM_OK);
	assert_int_equal(promised(fx), most(fx));
}

int
main(void)
{
	const struct fx_test tests[] = {
		FX_TEST(test_overcommit),
		FX_TEST(test_private),
		FX_TEST(test_file),
		FX_TEST(test_shared),
		FX_TEST(test_fork),
		FX_TEST(test_refused),
		FX_TEST(test_remap),
		FX_TEST(test_heap),
		FX_TEST_IN(freebsd, test_stack),
	};

	return FX_RUN("vm_charge", tests);
}
