/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_willneed_test.c - advice that memory will be needed: what is in swap is
 * begun to be read, and nobody waits for it.  Of files see
 * vm_object_read_test.c.
 *
 * The device holds transfers back until a test lets them go.  Nobody may sleep
 * (the fixture's on_wait is NULL), but where a test says so.
 */
#include "test/unit/base_test.h"
#include "test/unit/paging_fixture.h"

enum { SWAP = 512, N = 8, FRAMES = FX_FRAMES };

#define STAT(fx, name) ((unsigned)(fx)->sys->stats.name)

/* ---- tools ---- */

static int
advise(struct fixture *fx, size_t page, size_t n, enum vm_madvise advice)
{
	return vm_madvise(fx->vs, fx_va(page), n * FX_PAGE, advice);
}

static int
will_need(struct fixture *fx, size_t page, size_t n)
{
	return advise(fx, page, n, VM_MADV_WILLNEED);
}

/* The first n pages, mapped by then, are filled and in swap.  Pages are read
 * one by one, and the device holds back. */
static void
swap_out(struct fixture *fx, size_t n)
{
	vm_system_prefer(fx->sys, fx_design);
	assert_int_equal(fixture_swap(fx, 0, SWAP, 0), VM_OK);
	assert_int_equal(advise(fx, 0, n, VM_MADV_RANDOM), VM_OK);
	fill(fx, 0, n);
	page_out(fx);
	assert_int_equal(vm_swap_in_use(fx->sys), n);
	assert_int_equal(nresident(fx, 0, n), 0);
	disk(fx)->hold = true;
}

static void
swap_out_private(struct fixture *fx, size_t n)
{
	assert_int_equal(map_anon(fx, 0, n), VM_OK);
	swap_out(fx, n);
}

/* All n pages have been asked for, one by one. */
static void
begin(struct fixture *fx, size_t n)
{
	assert_int_equal(will_need(fx, 0, n), VM_OK);
	assert_int_equal(disk(fx)->nheld, n);
}

/* Nobody needs to read any more. */
static void
assert_here(struct fixture *fx, size_t n)
{
	unsigned before = STAT(fx, pagein_io);

	assert_int_equal(nresident(fx, 0, n), n);
	assert_filled(fx, fx->vs, 0, n);
	assert_int_equal(STAT(fx, pagein_io), before);
}

/* ---- reading ---- */

/* Are all requests under way when it returns, and the contents right once they
 * have ended, in whatever order? */
static void
test_begins(void **state)
{
	struct fixture *fx = *state;

	swap_out_private(fx, N);
	begin(fx, N);
	while (disk(fx)->nheld != 0)
		faultyswap_let_go(disk(fx), disk(fx)->nheld / 2);
	assert_int_equal(STAT(fx, pageins), N);
	assert_here(fx, N);
}

/* The same for memory that is shared. */
static void
test_shared(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(map_shared(fx, 0, N), VM_OK);
	swap_out(fx, N);
	begin(fx, N);
	let_all_go(fx);
	assert_here(fx, N);
}

/* And for what a child has in common with its parent. */
static void
test_forked(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *child;

	swap_out_private(fx, N);
	child = fork_space(fx->vs);
	begin(fx, N);
	let_all_go(fx);
	assert_here(fx, N);
	assert_filled(fx, child, 0, N);
	vmspace_unref(child);
}

/* Does who needs a page meanwhile wait for its read, and for no other? */
static void
test_needed_meanwhile(void **state)
{
	struct fixture *fx = *state;

	swap_out_private(fx, N);
	begin(fx, N);
	fx->on_wait = let_all_go;
	assert_filled(fx, fx->vs, 0, N);
	assert_int_equal(STAT(fx, pagein_io), N);
}

/* A device that is done at once; then there is nothing more to read. */
static void
test_twice(void **state)
{
	struct fixture *fx = *state;

	swap_out_private(fx, N);
	disk(fx)->hold = false;
	assert_int_equal(will_need(fx, 0, N), VM_OK);
	assert_here(fx, N);
	assert_int_equal(will_need(fx, 0, N), VM_OK);
	assert_int_equal(STAT(fx, pagein_io), N);
}

/* More than a window, with holes and what was never used in between. */
static void
test_scattered(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(map_anon(fx, 300, 300), VM_OK);
	swap_out_private(fx, N);
	disk(fx)->hold = false;
	for (size_t i = 300; i < 600; i += 50)
		assert_int_equal(store(fx, i, 'x'), VM_OK);
	assert_int_equal(advise(fx, 300, 300, VM_MADV_RANDOM), VM_OK);
	page_out(fx);
	assert_int_equal(nresident(fx, 300, 300), 0);
	assert_int_equal(will_need(fx, 0, 700), VM_ENOMEM);
	assert_int_equal(nresident(fx, 0, N), N);
	assert_int_equal(nresident(fx, 300, 300), 6);
}

/* What may not be read is not. */
static void
test_protected(void **state)
{
	struct fixture *fx = *state;

	swap_out_private(fx, N);
	assert_int_equal(protect(fx, 0, 2, VM_PROT_NONE), VM_OK);
	assert_int_equal(will_need(fx, 0, N), VM_OK);
	assert_int_equal(disk(fx)->nheld, N - 2);
	let_all_go(fx);
}

/* Is what will be needed read as far as there is memory, and nothing else made
 * to go for it? */
static void
test_memory_short(void **state)
{
	struct fixture *fx = *state;
	size_t in;

	swap_out_private(fx, 200);
	disk(fx)->hold = false;
	assert_int_equal(map_anon(fx, 300, 200), VM_OK);
	for (size_t i = 300; i < 500; i++)
		assert_int_equal(store(fx, i, 'x'), VM_OK);
	in = vm_swap_in_use(fx->sys);
	assert_int_equal(will_need(fx, 0, 200), VM_OK);
	assert_in_range(nresident(fx, 0, 200), 16, FRAMES - 200);
	assert_int_equal(nresident(fx, 300, 200), 200);
	assert_int_equal(vm_swap_in_use(fx->sys), in);
	assert_int_equal(STAT(fx, fault_nomem), 0);
}

/* ---- what happens meanwhile ---- */

/* Is an error told to nobody, and found by who needs the page? */
static void
test_error(void **state)
{
	struct fixture *fx = *state;

	swap_out_private(fx, N);
	begin(fx, N);
	while (disk(fx)->nheld != 0)
		faultyswap_fail_held(disk(fx), 0);
	assert_int_equal(nresident(fx, 0, N), 0);
	disk(fx)->hold = false;
	faultyswap_fail(disk(fx), FAULTYSWAP_READ, 1, FAULTY_ON);
	assert_int_equal(will_need(fx, 0, N), VM_OK);
	assert_int_equal(load(fx, 0), -VM_EIO);
	faultyswap_fail(disk(fx), FAULTYSWAP_READ, 0, FAULTY_ON);
	assert_filled(fx, fx->vs, 0, N);
}

/* The mapping goes, and waits for none of it. */
static void
test_unmap(void **state)
{
	struct fixture *fx = *state;

	swap_out_private(fx, N);
	begin(fx, N);
	assert_int_equal(unmap(fx, 0, N), VM_OK);
	assert_int_equal(disk(fx)->nheld, N);
	let_all_go(fx);
	assert_int_equal(load(fx, 0), -VM_EFAULT);
	assert_int_equal(pages_used(fx), 0);
	assert_int_equal(vm_swap_in_use(fx->sys), 0);
}

/* The contents go, and others take their place. */
static void
test_discard(void **state)
{
	struct fixture *fx = *state;

	swap_out_private(fx, N);
	begin(fx, N);
	fx->on_wait = let_all_go;
	assert_int_equal(advise(fx, 0, N, VM_MADV_DISCARD), VM_OK);
	disk(fx)->hold = false;
	for (size_t i = 0; i < N; i++)
		assert_true(page_is(fx, fx->vs, i, 0));
	let_all_go(fx);
	for (size_t i = 0; i < N; i++)
		assert_true(page_is(fx, fx->vs, i, 0));
}

/* Shared memory is cut off, as a file by truncate. */
static void
test_truncate(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(map_shared(fx, 0, N), VM_OK);
	swap_out(fx, N);
	begin(fx, N);
	fx->on_wait = let_all_go;
	assert_int_equal(advise(fx, 2, N - 2, VM_MADV_REMOVE), VM_OK);
	let_all_go(fx);
	assert_filled(fx, fx->vs, 0, 2);
	for (size_t i = 2; i < N; i++)
		assert_true(page_is(fx, fx->vs, i, 0));
}

/* Everything ends: does that wait for what nobody wants any more? */
static void
test_exit(void **state)
{
	struct fixture *fx = fixture_of(FRAMES);

	(void)state;
	swap_out_private(fx, N);
	begin(fx, N);
	assert_end_waits(fx, let_all_go);
}

/* ---- what fails ---- */

/* Memory of the host fails: nothing that was there is lost. */
static void
test_host_memory_fails(void **state)
{
	struct fixture *fx = *state;

	swap_out_private(fx, N);
	disk(fx)->hold = false;
	for (uint64_t n = 1; n < 3; n++) {
		faulty_fail(&fx->env, n, FAULTY_ONCE);
		assert_int_equal(will_need(fx, 0, N), VM_OK);
		faulty_fail(&fx->env, 0, FAULTY_ONCE);
		assert_here(fx, N);
		page_out(fx);
	}
}

/* A file that is read at once. */
static void
test_file(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(map_file(fx, 0, 8, VM_MMAP_SHARED, 0), VM_OK);
	assert_int_equal(will_need(fx, 0, 8), VM_OK);
	assert_int_equal(nresident(fx, 0, 8), 8);
	assert_int_equal(load(fx, 3), 'D');
}

int
main(void)
{
	static const struct fx_test tests[] = {
		FX_TEST(test_begins),
		FX_TEST(test_shared),
		FX_TEST(test_forked),
		FX_TEST(test_needed_meanwhile),
		FX_TEST(test_twice),
		FX_TEST(test_scattered),
		FX_TEST(test_protected),
		FX_TEST(test_memory_short),
		FX_TEST(test_error),
		FX_TEST(test_unmap),
		FX_TEST(test_discard),
		FX_TEST(test_truncate),
		FX_BARE(test_exit),
		FX_TEST(test_host_memory_fails),
		FX_TEST(test_file),
	};

	return FX_RUN("vm_willneed", tests);
}
