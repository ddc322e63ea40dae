/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_transfer_test.c - pages that come into an address space as they are: who
 * has them then, who gets a copy and when, and that nothing is lost.
 */
#include "test/unit/base_test.h"
#include "test/unit/paging_fixture.h"
#include "vm/vm_page_loan.h"
#include "vm/vm_wire.h"

static const struct vm_design *const designs[] = {
	&vm_design_mach,
	&vm_design_freebsd,
	&vm_design_dragonfly,
	&vm_design_netbsd,
	&vm_design_openbsd,
};
#define FOR_DESIGNS(d) \
	for (size_t d = 0; d < sizeof(designs) / sizeof(designs[0]); d++)

static struct vmspace *
other_space(struct fixture *fx, const struct vm_design *design)
{
	struct vmspace *vs;

	assert_int_equal(vmspace_create(fx->sys, design, &vs), VM_OK);
	return vs;
}

static bool
borrows(const struct vm_design *design)
{
	return design == &vm_design_netbsd || design == &vm_design_openbsd;
}

static uint64_t
copied(struct fixture *fx)
{
	return fx->sys->stats.pages_copied;
}

/* The page of a test at an address. */
static size_t
page_at(vaddr_t va)
{
	return (size_t)((va - FX_BASE) / FX_PAGE);
}

/* Lend pages to another space; which page of it they begin at. */
static size_t
lend_to(struct fixture *fx, size_t page, size_t n, struct vmspace *to)
{
	vaddr_t at = fx_va(500);

	assert_int_equal(vm_loan_to(fx->vs, fx_va(page), n * FX_PAGE, to, &at),
	    VM_OK);
	vm_check(fx->sys);
	assert_int_equal(at, fx_va(500));
	return page_at(at);
}

/* Does the other space have what was lent, whoever writes then, in whatever
 * design it is; and does it cost a copy only where it must?
 *
 *	from  [ a a a ]		[ b a a ]	[ b a a ]
 *	to    [ a a a ]	 from	[ a a a ]  to	[ a a c ]
 */
static void
test_lent(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *to;
	uint64_t before;

	FOR_DESIGNS(d)
	{
		to = other_space(fx, designs[d]);
		map_filled(fx, 0, 3, 'a');
		before = copied(fx);
		assert_int_equal(lend_to(fx, 0, 3, to), 500);
		assert_int_equal(copied(fx) - before,
		    borrows(designs[d]) ? 0 : 3);
		assert_int_equal(load_in(fx, to, 500), 'a');
		assert_int_equal(store(fx, 0, 'b'), 0);
		assert_int_equal(store_in(fx, to, 502, 'c'), 0);
		vm_check(fx->sys);
		assert_true(page_is(fx, to, 500, 'a'));
		assert_true(page_is(fx, to, 501, 'a'));
		assert_true(page_is(fx, fx->vs, 2, 'a'));
		assert_true(page_is(fx, fx->vs, 0, 'b'));
		assert_true(page_is(fx, to, 502, 'c'));
		vmspace_unref(to);
		vm_check(fx->sys);
		assert_int_equal(charged_wired(fx), 0);
		assert_int_equal(unmap(fx, 0, 3), VM_OK);
	}
}

/* Do pages whose owner has left them become the other's without a copy? */
static void
test_left(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *to;
	struct vm_page *pages[4];
	uint64_t before;
	vaddr_t at;

	FOR_DESIGNS(d)
	{
		to = other_space(fx, designs[d]);
		map_filled(fx, 0, 4, 'a');
		assert_int_equal(vm_loan(fx->vs, fx_va(0), 4 * FX_PAGE, pages),
		    VM_OK);
		vmspace_reset(fx->vs);
		before = copied(fx);
		at = 0;
		assert_int_equal(vm_transfer_pages(to, pages, 4, &at), VM_OK);
		vm_check(fx->sys);
		assert_int_equal(charged_wired(fx), 0);
		assert_int_equal(store_in(fx, to, page_at(at) + 1, 'x'), 0);
		assert_true(page_is(fx, to, page_at(at), 'a'));
		assert_true(page_is(fx, to, page_at(at) + 1, 'x'));
		assert_int_equal(copied(fx), before);
		assert_int_equal(pages_used(fx), 4);
		vmspace_unref(to);
		assert_int_equal(pages_used(fx), 0);
	}
}

/* Does who has borrowed own a page once its owner has left it, and can it be
 * paged out then? */
static void
test_inherited(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *to = other_space(fx, fx_design);
	uint64_t before;

	assert_int_equal(fixture_swap(fx, 0, 64, 0), VM_OK);
	map_filled(fx, 0, 4, 'a');
	(void)lend_to(fx, 0, 4, to);
	vmspace_reset(fx->vs);
	vm_check(fx->sys);
	before = copied(fx);
	for (size_t i = 500; i < 504; i++)
		assert_int_equal(store_in(fx, to, i, 'b'), 0);
	assert_int_equal(copied(fx), before);
	soft_forget(fx->machine);
	page_out(fx);
	assert_int_equal(pages_used(fx), 0);
	assert_true(page_is(fx, to, 503, 'b'));
	vmspace_unref(to);
}

/* Can what is borrowed be forked, shared, wired, discarded, lent on, and
 * unmapped in part? */
static void
test_used(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *to = other_space(fx, fx_design), *child;
	struct vm_page *pages[1];

	map_filled(fx, 0, 8, 'a');
	(void)lend_to(fx, 0, 8, to);
	child = fork_space(to);
	vm_check(fx->sys);
	assert_int_equal(store_in(fx, child, 500, 'c'), 0);
	assert_int_equal(store_in(fx, to, 501, 't'), 0);
	assert_int_equal(store(fx, 2, 'f'), 0);
	vm_check(fx->sys);
	assert_true(page_is(fx, child, 501, 'a'));
	assert_true(page_is(fx, child, 502, 'a'));
	assert_true(page_is(fx, to, 500, 'a'));
	assert_int_equal(vm_map_wire(&to->map, fx_va(502), fx_va(504),
			     VM_WIRE_ALL),
	    VM_OK);
	vm_check(fx->sys);
	assert_int_equal(vm_mprotect(to, fx_va(505), FX_PAGE, VM_PROT_READ),
	    VM_OK);
	assert_int_equal(vm_map_wire(&to->map, fx_va(505), fx_va(506),
			     VM_WIRE_ALL),
	    VM_OK);
	vm_check(fx->sys);
	assert_ptr_not_equal(mapping_of(to, 505).page,
	    mapping_of(fx->vs, 5).page);
	assert_int_equal(vm_loan(to, fx_va(504), FX_PAGE, pages), VM_OK);
	assert_int_equal(vm_madvise(to, fx_va(504), FX_PAGE, VM_MADV_DISCARD),
	    VM_OK);
	assert_int_equal(load_in(fx, to, 504), 0);
	assert_int_equal(vm_munmap(to, fx_va(506), FX_PAGE), VM_OK);
	vm_check(fx->sys);
	assert_memory_equal(vm_loan_data(fx->sys, pages[0]), "aaaa", 4);
	vm_unloan(fx->sys, pages, 1);
	vmspace_unref(to);
	vm_check(fx->sys);
	assert_true(page_is(fx, child, 505, 'a'));
	vmspace_unref(child);
	assert_int_equal(charged_wired(fx), 0);
}

/* Does who inherits sharing see what a partner writes to a borrowed page? */
static void
test_partners(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *to = other_space(fx, fx_design), *child;

	map_filled(fx, 0, 2, 'a');
	(void)lend_to(fx, 0, 2, to);
	assert_int_equal(vm_minherit(to, fx_va(500), 2 * FX_PAGE,
			     VM_INHERIT_SHARE),
	    VM_OK);
	child = fork_space(to);
	assert_int_equal(load_in(fx, child, 500), 'a');
	assert_int_equal(store_in(fx, to, 500, 'b'), 0);
	assert_int_equal(load_in(fx, child, 500), 'b');
	assert_int_equal(load(fx, 0), 'a');
	vmspace_unref(child);
	vmspace_unref(to);
}

/* Does the space keep what a file had, when it is written and cut? */
static void
test_file(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *to = other_space(fx, fx_design);
	struct vm_object *obj = file_object(fx, 0);

	assert_int_equal(map_file(fx, 0, 3, VM_MMAP_SHARED, 0), VM_OK);
	(void)lend_to(fx, 0, 3, to);
	assert_int_equal(load_in(fx, to, 500), 'A');
	assert_int_equal(store(fx, 0, 'x'), 0);
	vm_object_truncate(obj, FX_PAGE + 1);
	vm_check(fx->sys);
	assert_true(page_is(fx, to, 500, 'A'));
	assert_true(page_is(fx, to, 501, 'B'));
	assert_true(page_is(fx, to, 502, 'C'));
	vmspace_unref(to);
	vm_object_unref(obj);
}

/* Is what comes to a space that locks all it maps locked when it is used? */
static void
test_locking(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *to = other_space(fx, fx_design);

	map_filled(fx, 0, 2, 'a');
	assert_int_equal(vm_mlockall(to, VM_MCL_FUTURE), VM_OK);
	(void)lend_to(fx, 0, 2, to);
	assert_true(page_is(fx, to, 501, 'a'));
	assert_true(mapping_of(to, 501).wired);
	assert_int_equal(store(fx, 1, 'b'), 0);
	assert_true(page_is(fx, to, 501, 'a'));
	vm_check(fx->sys);
	vmspace_unref(to);
}

/* Is nothing changed by a transfer that cannot be, and the loans the
 * caller's? */
static void
test_refused(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *to = other_space(fx, fx_design);
	struct vm_page *pages[2];
	vaddr_t at = 0;

	map_filled(fx, 0, 2, 'a');
	assert_int_equal(vm_loan_to(fx->vs, fx_va(0), 0, to, &at), VM_EINVAL);
	assert_int_equal(vm_loan_to(fx->vs, fx_va(0), 100, to, &at), VM_EINVAL);
	assert_int_equal(vm_loan_to(fx->vs, fx_va(1), 2 * FX_PAGE, to, &at),
	    VM_EFAULT);
	assert_int_equal(vm_loan_to(fx->vs, fx_va(1), ~VM_PAGE_MASK, to, &at),
	    VM_EAGAIN);
	to->map.size_limit = FX_PAGE;
	assert_int_equal(vm_loan_to(fx->vs, fx_va(0), 2 * FX_PAGE, to, &at),
	    VM_ENOMEM);
	assert_int_equal(vm_loan(fx->vs, fx_va(0), 2 * FX_PAGE, pages), VM_OK);
	assert_int_equal(vm_transfer_pages(to, pages, 0, &at), VM_EINVAL);
	assert_int_equal(vm_transfer_pages(to, pages, 2, &at), VM_ENOMEM);
	vm_check(fx->sys);
	vm_unloan(fx->sys, pages, 2);
	assert_int_equal(at, 0);
	assert_int_equal(entries(to), 0);
	assert_int_equal(charged_wired(fx), 0);
	vmspace_unref(to);
}

/* ---- bytes handed over ---- */

/* Bytes of a space that begin anywhere: all the same? */
static bool
bytes_are(struct vmspace *vs, vaddr_t va, vsize_t len, int byte)
{
	char c;
	size_t done;

	for (vsize_t i = 0; i < len; i += i + 97 < len ? 97 : 1)
		if (vmspace_read(vs, va + i, &c, 1, &done) != 0 || c != byte)
			return false;
	return true;
}

/*
 * Do parts of pages come as copies, and whole pages for good?
 *
 *	from  [aaaa][aaaa][aaaa][aaaa]	 from  [aaaa]		 [aaaa]
 *	        ^-----------------^  -->	to  [00aa][aaaa][aaaa][aa00]
 */
static void
hand_over_pages(struct fixture *fx, const struct vm_design *design,
    vsize_t before, vsize_t after)
{
	struct vmspace *to = other_space(fx, design);
	vsize_t len = 4 * FX_PAGE - before - after;
	size_t whole = before == 0 ? 0 : 1, end = after == 0 ? 4 : 3;
	vaddr_t at = fx_va(500);

	map_filled(fx, 0, 4, 'a');
	assert_int_equal(vm_transfer(fx->vs, fx_va(0) + before, len, to, &at),
	    VM_OK);
	/* a part of an object of mach's keeps its pages as long as that */
	if (fx_design != &vm_design_mach)
		assert_int_equal(charged_wired(fx), 0);
	vm_check(fx->sys);
	assert_int_equal(at, fx_va(500) + before);
	assert_true(bytes_are(to, at, len, 'a'));
	if (before != 0)
		assert_true(bytes_are(to, fx_va(500), before, 0));
	if (after != 0)
		assert_true(bytes_are(to, at + len, after, 0));
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(load(fx, i),
		    whole <= i && i < end ? -VM_EFAULT : 'a');
	assert_int_equal(store_in(fx, to, 501, 'b'), VM_OK);
	assert_int_equal(unmap(fx, 0, 4), VM_OK);
	vmspace_unref(to);
	assert_int_equal(charged_wired(fx), 0);
}

static void
test_hand_over(void **state)
{
	FOR_DESIGNS(d)
	{
		hand_over_pages(*state, designs[d], 0, 0);
		hand_over_pages(*state, designs[d], 100, 0);
		hand_over_pages(*state, designs[d], 0, 1);
		hand_over_pages(*state, designs[d], FX_PAGE - 1, FX_PAGE - 1);
	}
}

/* And what is in one page, or across two, without a whole one? */
static void
test_hand_over_little(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *to = other_space(fx, fx_design);
	vaddr_t at = 0;

	map_filled(fx, 0, 2, 'a');
	assert_int_equal(vm_transfer(fx->vs, fx_va(0) + 10, 20, to, &at),
	    VM_OK);
	assert_int_equal(at & VM_PAGE_MASK, 10);
	assert_true(bytes_are(to, at, 20, 'a'));
	assert_true(bytes_are(to, at + 20, FX_PAGE - 30, 0));
	at = 0;
	assert_int_equal(vm_transfer(fx->vs, fx_va(1) - 5, 10, to, &at), VM_OK);
	assert_true(bytes_are(to, at, 10, 'a'));
	assert_true(bytes_are(to, at + 10, 100, 0));
	assert_true(bytes_are(fx->vs, fx_va(0), 2 * FX_PAGE, 'a'));
	assert_int_equal(charged_wired(fx), 0);
	vmspace_unref(to);
}

/* Is what cannot go left where it is, whole, and nothing arrives? */
static void
test_hand_over_refused(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *to = other_space(fx, fx_design);
	vaddr_t at = 0, start = fx_va(0) + 100;
	vsize_t len = 3 * FX_PAGE;

	map_filled(fx, 0, 4, 'a');
	assert_int_equal(vm_transfer(fx->vs, start, 0, to, &at), VM_EINVAL);
	assert_int_equal(vm_transfer(fx->vs, start, 5 * FX_PAGE, to, &at),
	    VM_EFAULT);
	assert_int_equal(vm_transfer(fx->vs, start, UINT64_MAX - start, to,
			     &at),
	    VM_EFAULT);
	to->map.size_limit = FX_PAGE;
	assert_int_equal(vm_transfer(fx->vs, start, len, to, &at), VM_ENOMEM);
	to->map.size_limit = UINT64_MAX;
	if (fx_design->immutable) {
		assert_int_equal(vm_mimmutable(fx->vs, fx_va(1), FX_PAGE), 0);
		assert_int_equal(vm_transfer(fx->vs, start, len, to, &at),
		    VM_EPERM);
	}
	assert_int_equal(vm_mlock(fx->vs, fx_va(2), FX_PAGE), VM_OK);
	assert_int_equal(vm_transfer(fx->vs, start, len, to, &at), VM_EBUSY);
	assert_int_equal(vm_munlock(fx->vs, fx_va(2), FX_PAGE), VM_OK);
	assert_int_equal(at, 0);
	assert_int_equal(entries(to), 0);
	assert_true(bytes_are(fx->vs, fx_va(0), 4 * FX_PAGE, 'a'));
	assert_int_equal(charged_wired(fx), 0);
	vmspace_unref(to);
}

static bool
play_hand_over(uint64_t n, enum faulty_mode mode)
{
	struct fixture *fx = fixture_of(FX_FRAMES);
	struct vmspace *to;
	vaddr_t at = 0;
	bool failed;
	int error;

	assert_non_null(fx);
	to = other_space(fx, fx_design);
	map_filled(fx, 0, 40, 'a');
	faulty_fail(&fx->env, n, mode);
	error = vm_transfer(fx->vs, fx_va(0) + 5, 30 * FX_PAGE, to, &at);
	failed = fx->env.failures != 0;
	faulty_fail(&fx->env, 0, FAULTY_ONCE);
	vm_check(fx->sys);
	if (error == 0) {
		assert_true(bytes_are(to, at, 30 * FX_PAGE, 'a'));
		assert_int_equal(load(fx, 1), -VM_EFAULT);
	} else {
		assert_int_equal(error, VM_ENOMEM);
		assert_int_equal(entries(to), 0);
		assert_true(bytes_are(fx->vs, fx_va(0), 40 * FX_PAGE, 'a'));
	}
	vmspace_unref(to);
	assert_int_equal(charged_wired(fx), 0);
	assert_null(fixture_destroy(fx));
	return failed;
}

static void
test_hand_over_failures(void **state)
{
	(void)state;
	assert_true(fx_each_failure(play_hand_over) > 0);
}

/* Without memory for copies: does the caller have all loans, also of pages
 * that had found their place already? */
static void
test_no_memory(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *to = other_space(fx, &vm_design_mach), *other;
	struct vm_page *pages[8];
	vaddr_t at = 0;

	map_filled(fx, 0, 8, 'a');
	assert_int_equal(vm_loan(fx->vs, fx_va(0), 4 * FX_PAGE, pages), VM_OK);
	vmspace_reset(fx->vs);
	map_filled(fx, 4, 4, 'b');
	assert_int_equal(vm_loan(fx->vs, fx_va(4), 4 * FX_PAGE, pages + 4),
	    VM_OK);
	other = filled_space(fx,
	    vm_page_free_count(fx->sys) - vm_page_reserve(fx->sys) - 2);
	assert_int_equal(vm_transfer_pages(to, pages, 8, &at), VM_ENOMEM);
	vm_check(fx->sys);
	assert_int_equal(entries(to), 0);
	assert_int_equal(charged_wired(fx), 8);
	vmspace_unref(other);
	assert_int_equal(vm_transfer_pages(to, pages, 8, &at), VM_OK);
	assert_true(page_is(fx, to, page_at(at), 'a'));
	assert_true(page_is(fx, to, page_at(at) + 7, 'b'));
	assert_int_equal(charged_wired(fx), 0);
	vmspace_unref(to);
}

/* Whatever allocation fails: is all as it was, or as it should be? */
static bool
play_failure(uint64_t n, enum faulty_mode mode)
{
	struct fixture *fx = fixture_of(FX_FRAMES);
	struct vmspace *to;
	struct vm_page *pages[40];
	vaddr_t at = 0;
	bool failed;
	int error;

	assert_non_null(fx);
	to = other_space(fx, fx_design);
	map_filled(fx, 0, 40, 'a');
	assert_int_equal(vm_loan(fx->vs, fx_va(0), 40 * FX_PAGE, pages), VM_OK);
	assert_int_equal(unmap(fx, 0, 20), VM_OK);
	faulty_fail(&fx->env, n, mode);
	error = vm_transfer_pages(to, pages, 40, &at);
	failed = fx->env.failures != 0;
	faulty_fail(&fx->env, 0, FAULTY_ONCE);
	vm_check(fx->sys);
	if (error == 0) {
		for (size_t i = 0; i < 40; i++)
			assert_true(page_is(fx, to, page_at(at) + i, 'a'));
	} else {
		assert_int_equal(error, VM_ENOMEM);
		assert_int_equal(entries(to), 0);
		for (size_t i = 0; i < 40; i++)
			assert_memory_equal(vm_loan_data(fx->sys, pages[i]),
			    "aaaa", 4);
		vm_unloan(fx->sys, pages, 40);
	}
	assert_int_equal(charged_wired(fx),
	    error == 0 && borrows(fx_design) ? 20 : 0);
	vmspace_unref(to);
	assert_null(fixture_destroy(fx));
	return failed;
}

static void
test_every_allocation(void **state)
{
	(void)state;
	assert_true(fx_each_failure(play_failure) > 0);
}

int
main(void)
{
	static const struct fx_test tests[] = {
		FX_TEST(test_lent),
		FX_TEST(test_left),
		FX_TEST(test_inherited),
		FX_TEST(test_used),
		FX_TEST(test_partners),
		FX_TEST(test_file),
		FX_TEST(test_locking),
		FX_TEST(test_refused),
		FX_TEST(test_no_memory),
		FX_BARE(test_every_allocation),
		FX_TEST(test_hand_over),
		FX_TEST(test_hand_over_little),
		FX_TEST(test_hand_over_refused),
		FX_BARE(test_hand_over_failures),
	};

	return FX_RUN("vm_transfer", tests);
}
