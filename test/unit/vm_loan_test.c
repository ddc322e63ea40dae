/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_loan_test.c - page loanout: what is lent stays what it was, whatever its
 * owner does, and comes free in whatever order it is given back.
 */
#include "test/unit/base_test.h"
#include "test/unit/paging_fixture.h"
#include "vm/vm_page_loan.h"
#include "vm/vm_wire.h"

#define MAX_WIRED (FX_FRAMES - FX_FRAMES / 3)

static int
lend(struct fixture *fx, size_t page, size_t n, struct vm_page **pages)
{
	int error = vm_loan(fx->vs, fx_va(page), n * FX_PAGE, pages);

	vm_check(fx->sys);
	return error;
}

static void
give_back(struct fixture *fx, struct vm_page **pages, size_t n)
{
	vm_unloan(fx->sys, pages, n);
	vm_check(fx->sys);
}

/* True when all bytes of a page that is lent are that one. */
static bool
is_still(struct fixture *fx, struct vm_page *pg, int byte)
{
	const unsigned char *data = vm_loan_data(fx->sys, pg);

	for (size_t i = 0; i < FX_PAGE; i++) {
		if (data[i] != (unsigned char)byte)
			return false;
	}
	return true;
}

static uint64_t
breaks(struct fixture *fx)
{
	return fx->sys->stats.loan_breaks;
}

/* Does the owner, who writes, get copies, and only once; and is the loan what
 * it was?
 *
 *	owner	[ a a a a ]  write  [ a b a a ]
 *	lent	  a a		      a a
 */
static void
test_owner_writes(void **state)
{
	struct fixture *fx = *state;
	struct vm_page *pages[2];

	map_filled(fx, 0, 4, 'a');
	assert_int_equal(lend(fx, 0, 2, pages), VM_OK);
	assert_false(may_write(fx->vs, 1));
	assert_true(may_write(fx->vs, 2));
	soft_forget(fx->machine);
	assert_int_equal(load(fx, 1), 'a');
	assert_false(may_write(fx->vs, 1));
	assert_int_equal(store(fx, 1, 'b'), 0);
	assert_true(is_still(fx, pages[1], 'a'));
	assert_true(page_is(fx, fx->vs, 1, 'b'));
	assert_int_equal(store(fx, 1, 'c'), 0);
	assert_int_equal(breaks(fx), 1);
	assert_int_equal(pages_used(fx), 5);
	give_back(fx, pages, 2);
	assert_int_equal(pages_used(fx), 4);
	assert_int_equal(store(fx, 0, 'd'), 0);
	assert_int_equal(breaks(fx), 1);
}

/* Is memory that was never touched lent as zeroes, and what is in a file as it
 * is there? */
static void
test_untouched(void **state)
{
	struct fixture *fx = *state;
	struct vm_page *pages[4];

	assert_int_equal(map_anon(fx, 0, 2), VM_OK);
	assert_int_equal(map_file(fx, 2, 2, VM_MMAP_PRIVATE, 0), VM_OK);
	assert_int_equal(lend(fx, 0, 4, pages), VM_OK);
	assert_true(is_still(fx, pages[0], 0));
	assert_true(is_still(fx, pages[3], 'B'));
	assert_int_equal(store(fx, 3, 'x'), 0);
	assert_true(is_still(fx, pages[3], 'B'));
	give_back(fx, pages, 4);
}

/* Do lent pages live on when their owner unmaps them, discards them, or goes,
 * and are they free once they are given back? */
static void
test_owner_goes(void **state)
{
	struct fixture *fx = *state;
	struct vm_page *pages[6];

	map_filled(fx, 0, 6, 'a');
	assert_int_equal(lend(fx, 0, 6, pages), VM_OK);
	assert_int_equal(unmap(fx, 0, 2), VM_OK);
	assert_int_equal(vm_madvise(fx->vs, fx_va(2), 2 * FX_PAGE,
			     VM_MADV_DISCARD),
	    VM_OK);
	assert_int_equal(load(fx, 2), 0);
	vmspace_reset(fx->vs);
	vm_check(fx->sys);
	assert_int_equal(pages_used(fx), 6);
	for (size_t i = 0; i < 6; i++)
		assert_true(is_still(fx, pages[i], 'a'));
	give_back(fx, pages + 3, 3);
	assert_int_equal(pages_used(fx), 3);
	give_back(fx, pages, 3);
	assert_int_equal(pages_used(fx), 0);
}

/* Does a page that was lent twice stay as long as anybody has it? */
static void
test_twice(void **state)
{
	struct fixture *fx = *state;
	struct vm_page *a[1], *b[1];

	map_filled(fx, 0, 1, 'a');
	assert_int_equal(lend(fx, 0, 1, a), VM_OK);
	assert_int_equal(lend(fx, 0, 1, b), VM_OK);
	assert_ptr_equal(a[0], b[0]);
	give_back(fx, a, 1);
	assert_int_equal(store(fx, 0, 'b'), 0);
	assert_int_equal(lend(fx, 0, 1, a), VM_OK);
	assert_true(is_still(fx, a[0], 'b'));
	assert_true(is_still(fx, b[0], 'a'));
	give_back(fx, b, 1);
	give_back(fx, a, 1);
	assert_int_equal(pages_used(fx), 1);
}

/* Is what a parent and its child share lent, whoever of them writes then? */
static void
test_fork(void **state)
{
	struct fixture *fx = *state;
	struct vm_page *pages[2];
	struct vmspace *child;

	map_filled(fx, 0, 2, 'a');
	child = fork_space(fx->vs);
	assert_int_equal(lend(fx, 0, 2, pages), VM_OK);
	assert_int_equal(store_in(fx, child, 0, 'c'), 0);
	assert_int_equal(store(fx, 0, 'p'), 0);
	assert_int_equal(store(fx, 1, 'p'), 0);
	vmspace_unref(child);
	vm_check(fx->sys);
	assert_int_equal(store(fx, 1, 'q'), 0);
	assert_true(is_still(fx, pages[0], 'a'));
	assert_true(is_still(fx, pages[1], 'a'));
	give_back(fx, pages, 2);
	assert_pages_used(fx, 2);
}

/* Does everybody who maps a file see what one of them writes to a page that is
 * lent, the file too? */
static void
test_shared(void **state)
{
	struct fixture *fx = *state;
	struct vm_page *pages[1];
	struct vmspace *child;

	assert_int_equal(map_file(fx, 0, 4, VM_MMAP_SHARED, 0), VM_OK);
	child = fork_space(fx->vs);
	assert_int_equal(load_in(fx, child, 1), 'B');
	assert_int_equal(store(fx, 1, 'x'), 0);
	assert_int_equal(lend(fx, 1, 1, pages), VM_OK);
	assert_int_equal(store_in(fx, child, 1, 'y'), 0);
	assert_int_equal(load(fx, 1), 'y');
	assert_true(is_still(fx, pages[0], 'x'));
	vm_check(fx->sys);
	assert_int_equal(vm_msync(fx->vs, fx_va(0), 4 * FX_PAGE, VM_MS_SYNC),
	    VM_OK);
	assert_int_equal(fx->files[0].bytes[FX_PAGE], 'y');
	vmspace_unref(child);
	give_back(fx, pages, 1);
}

/* Is the rest of a file's last page zeroed for who maps it, and not for who has
 * it on loan? */
static void
test_truncate(void **state)
{
	struct fixture *fx = *state;
	struct vm_object *obj = file_object(fx, 0);
	struct vm_page *pages[2];

	assert_int_equal(map_file(fx, 0, 2, VM_MMAP_SHARED, 0), VM_OK);
	assert_int_equal(lend(fx, 0, 2, pages), VM_OK);
	vm_object_truncate(obj, 100);
	vm_check(fx->sys);
	assert_int_equal(load(fx, 0), 'A');
	assert_false(page_is(fx, fx->vs, 0, 'A'));
	assert_true(is_still(fx, pages[0], 'A'));
	assert_true(is_still(fx, pages[1], 'B'));
	give_back(fx, pages, 2);
	vm_object_unref(obj);
}

/* Are wired pages refused, and does who wires a page that is lent get one of
 * his own? */
static void
test_wired(void **state)
{
	struct fixture *fx = *state;
	struct vm_page *pages[4];

	map_filled(fx, 0, 4, 'a');
	assert_int_equal(vm_map_wire(fx_map(fx), fx_va(2), fx_va(3),
			     VM_WIRE_ALL),
	    VM_OK);
	assert_int_equal(lend(fx, 0, 4, pages), VM_EBUSY);
	assert_int_equal(charged_wired(fx), 1);
	assert_int_equal(lend(fx, 0, 2, pages), VM_OK);
	assert_int_equal(protect(fx, 0, 1, VM_PROT_READ), VM_OK);
	assert_int_equal(vm_map_wire(fx_map(fx), fx_va(0), fx_va(2),
			     VM_WIRE_ALL),
	    VM_OK);
	vm_check(fx->sys);
	for (size_t i = 0; i < 2; i++) {
		assert_true(mapping_of(fx->vs, i).wired);
		assert_ptr_not_equal(mapping_of(fx->vs, i).page, pages[i]);
		assert_true(is_still(fx, pages[i], 'a'));
	}
	give_back(fx, pages, 2);
	assert_int_equal(vm_map_unwire(fx_map(fx), fx_va(0), fx_va(4),
			     VM_WIRE_ALL),
	    VM_OK);
	assert_int_equal(vm_page_wired_count(fx->sys), 0);
	assert_int_equal(charged_wired(fx), 0);
}

/* Is nothing lent when a part of it cannot be, or makes no sense? */
static void
test_refused(void **state)
{
	struct fixture *fx = *state;
	struct vm_page *pages[8];

	map_filled(fx, 0, 2, 'a');
	map_filled(fx, 3, 2, 'a');
	assert_int_equal(lend(fx, 0, 4, pages), VM_EFAULT);
	assert_int_equal(protect(fx, 1, 1, VM_PROT_NONE), VM_OK);
	assert_int_equal(lend(fx, 0, 2, pages), VM_EACCES);
	assert_int_equal(vm_loan(fx->vs, fx_va(0) + 1, FX_PAGE, pages),
	    VM_EINVAL);
	assert_int_equal(vm_loan(fx->vs, fx_va(0), FX_PAGE - 1, pages),
	    VM_EINVAL);
	assert_int_equal(vm_loan(fx->vs, fx_va(0), (vsize_t)1 << 40, pages),
	    VM_EAGAIN);
	assert_int_equal(vm_loan(fx->vs, ~VM_PAGE_MASK, VM_PAGE_SIZE, pages),
	    VM_EFAULT);
	assert_int_equal(lend(fx, 0, 0, pages), VM_OK);
	assert_int_equal(charged_wired(fx), 0);
	assert_true(may_write(fx->vs, 0) || store(fx, 0, 'b') == 0);
	assert_int_equal(breaks(fx), 0);
}

/* Does lent memory count as wired, and leave a third of all for others? */
static void
test_limit(void **state)
{
	struct fixture *fx = *state;
	static struct vm_page *pages[FX_FRAMES];

	map_filled(fx, 0, MAX_WIRED + 1, 'a');
	assert_int_equal(lend(fx, 0, MAX_WIRED + 1, pages), VM_EAGAIN);
	assert_int_equal(lend(fx, 0, MAX_WIRED, pages), VM_OK);
	assert_int_equal(vm_map_wire(fx_map(fx), fx_va(0), fx_va(1),
			     VM_WIRE_ALL),
	    VM_EAGAIN);
	assert_int_equal(unmap(fx, 0, MAX_WIRED + 1), VM_OK);
	assert_int_equal(lend(fx, 0, 1, pages), VM_EAGAIN);
	give_back(fx, pages, MAX_WIRED);
	assert_int_equal(charged_wired(fx), 0);
}

/* Does the page daemon leave what is lent, and take it once it is given back;
 * and is what is in swap read in to be lent? */
static void
test_paging(void **state)
{
	struct fixture *fx = *state;
	struct vm_page *pages[8];

	assert_int_equal(fixture_swap(fx, 0, 64, 0), VM_OK);
	assert_int_equal(map_anon(fx, 0, 8), VM_OK);
	fill(fx, 0, 8);
	assert_int_equal(lend(fx, 0, 4, pages), VM_OK);
	soft_forget(fx->machine);
	page_out(fx);
	assert_int_equal(nresident(fx, 0, 8), 4);
	assert_int_equal(lend(fx, 4, 4, pages + 4), VM_OK);
	for (size_t i = 0; i < 8; i++)
		assert_true(is_still(fx, pages[i], (int)i + 1));
	give_back(fx, pages, 8);
	soft_forget(fx->machine);
	page_out(fx);
	vm_page_free_spares(fx->sys, FX_FRAMES);
	assert_int_equal(nresident(fx, 0, 8), 0);
	assert_filled(fx, fx->vs, 0, 8);
}

/* Is there memory for others as long as anything may go, though most that the
 * daemon meets is lent? */
static void
test_crowd(void **state)
{
	struct fixture *fx = *state;
	struct vm_page *pages[160];

	assert_int_equal(fixture_swap(fx, 0, 512, 0), VM_OK);
	map_filled(fx, 0, 160, 'a');
	assert_int_equal(lend(fx, 0, 160, pages), VM_OK);
	soft_forget(fx->machine);
	map_filled(fx, 200, 200, 'b');
	vm_check(fx->sys);
	for (size_t i = 200; i < 400; i++)
		assert_int_equal(load(fx, i), 'b');
	give_back(fx, pages, 160);
}

/* Who writes to what is lent, and there is no page for a copy: does he get an
 * error, and no harm is done? */
static void
test_no_memory(void **state)
{
	struct fixture *fx = *state;
	struct vm_page *pages[1];
	size_t n = FX_FRAMES - vm_page_reserve(fx->sys);
	struct vmspace *other = filled_space(fx, n - 1);

	map_filled(fx, 0, 1, 'a');
	assert_int_equal(lend(fx, 0, 1, pages), VM_OK);
	assert_int_equal(store(fx, 0, 'b'), VM_ENOMEM);
	vm_check(fx->sys);
	vmspace_unref(other);
	assert_int_equal(store(fx, 0, 'b'), 0);
	assert_true(is_still(fx, pages[0], 'a'));
	give_back(fx, pages, 1);
}

int
main(void)
{
	static const struct fx_test tests[] = {
		FX_TEST(test_owner_writes),
		FX_TEST(test_untouched),
		FX_TEST(test_owner_goes),
		FX_TEST(test_twice),
		FX_TEST(test_fork),
		FX_TEST(test_shared),
		FX_TEST(test_truncate),
		FX_TEST(test_wired),
		FX_TEST(test_refused),
		FX_TEST(test_limit),
		FX_TEST(test_paging),
		FX_TEST(test_crowd),
		FX_TEST(test_no_memory),
	};

	return FX_RUN("vm_loan", tests);
}
