/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_swapoff_test.c - a device to swap to is taken away: does everything come
 * back that is on it, and does nothing change when it cannot?
 *
 *	  spaces ---> pages in memory, in swap, on their way
 *			 |
 *	swaps[0] [ . x x . ]  --- vm_swapoff --->  closed
 *	swaps[1] [ . . . . ]  takes what does not fit into memory
 */
#include "test/unit/base_test.h"
#include "test/unit/paging_fixture.h"
#include "vm/cow/amap.h"

enum { SWAP = 512 };

static int
off(struct fixture *fx, unsigned i)
{
	return vm_swapoff(fx->sys, fx->swaps[i].id);
}

/* Private and shared memory in swap, as the design pages. */
static void
fill_swap(struct fixture *fx, size_t n)
{
	vm_system_prefer(fx->sys, fx_design);
	assert_int_equal(fixture_swap(fx, 0, SWAP, 0), VM_OK);
	assert_int_equal(map_anon(fx, 0, n), VM_OK);
	assert_int_equal(map_shared(fx, n, n), VM_OK);
	fill(fx, 0, 2 * n);
	page_out(fx);
	assert_int_equal(vm_swap_in_use(fx->sys), 2 * n);
}

/* Does what was out come back, and is the device closed? */
static void
test_comes_back(void **state)
{
	struct fixture *fx = *state;

	fill_swap(fx, 40);
	assert_int_equal(off(fx, 0), VM_OK);
	assert_true(fx->swaps[0].io.closed);
	assert_int_equal(vm_swap_total(fx->sys), 0);
	assert_int_equal(vm_swap_in_use(fx->sys), 0);
	vm_check(fx->sys);
	assert_int_equal(fx->swaps[0].io.reads, 6); /* 16 at once */
	assert_filled(fx, fx->vs, 0, 80);
	assert_int_equal(off(fx, 0), VM_EINVAL);
	/* another one, and it goes there */
	assert_int_equal(fixture_swap(fx, 1, SWAP, 0), VM_OK);
	page_out(fx);
	assert_int_equal(vm_swap_in_use(fx->sys), 80);
	assert_filled(fx, fx->vs, 0, 80);
}

/* Pages that are in memory, too, and clean: are they not read again? */
static void
test_resident(void **state)
{
	struct fixture *fx = *state;

	fill_swap(fx, 16);
	assert_filled(fx, fx->vs, 0, 32);
	fx->swaps[0].io.reads = 0;
	assert_int_equal(off(fx, 0), VM_OK);
	assert_int_equal(fx->swaps[0].io.reads, 0);
	assert_filled(fx, fx->vs, 0, 32);
	vm_check(fx->sys);
}

/* Are relatives found, each in a space of its own, and one that is wired? */
static void
test_forks(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *child, *grandchild;

	fill_swap(fx, 8);
	child = fork_space(fx->vs);
	assert_int_equal(store_in(fx, child, 1, 'c'), VM_OK);
	grandchild = fork_space(child);
	assert_int_equal(store_in(fx, grandchild, 2, 'g'), VM_OK);
	assert_int_equal(vm_munmap(child, fx_va(4), 2 * FX_PAGE), VM_OK);
	assert_int_equal(vm_mlock(fx->vs, fx_va(6), FX_PAGE), VM_OK);
	page_out(fx);
	assert_int_equal(off(fx, 0), VM_OK);
	vm_check(fx->sys);
	assert_true(page_is(fx, child, 1, 'c'));
	assert_true(page_is(fx, grandchild, 1, 'c'));
	assert_true(page_is(fx, grandchild, 2, 'g'));
	assert_true(page_is(fx, child, 2, 3));
	assert_filled(fx, fx->vs, 0, 16);
	for (size_t i = 4; i < 8; i++)
		assert_true(page_is(fx, grandchild, i, (int)i + 1));
	vmspace_unref(child);
	vmspace_unref(grandchild);
}

/* More than fits into memory: does the rest go to the other device? */
static void
test_moves_on(void **state)
{
	struct fixture *fx = *state;

	fill_swap(fx, 200);
	assert_int_equal(fixture_swap(fx, 1, SWAP, 0), VM_OK);
	assert_int_equal(off(fx, 0), VM_OK);
	vm_check(fx->sys);
	assert_in_range(vm_swap_in_use(fx->sys), 400 - FX_FRAMES, 400);
	assert_filled(fx, fx->vs, 0, 400);
}

/* It does not fit: is all as before, and does the device go on? */
static void
test_does_not_fit(void **state)
{
	struct fixture *fx = *state;
	struct vm_swap_info info;

	fill_swap(fx, 200);
	assert_int_equal(off(fx, 0), VM_ENOMEM);
	assert_false(fx->swaps[0].io.closed);
	assert_true(vm_swap_nth(fx->sys, 0, &info));
	assert_false(info.retired);
	vm_check(fx->sys);
	assert_int_equal(fx->swaps[0].io.faults, 0);
	/* and there is memory for others still */
	assert_int_equal(map_anon(fx, 400, 8), VM_OK);
	fill(fx, 400, 8);
	assert_filled(fx, fx->vs, 0, 400);
	assert_int_equal(unmap(fx, 0, 200), VM_OK);
	assert_int_equal(off(fx, 0), VM_OK);
	assert_filled(fx, fx->vs, 400, 8);
}

/* It cannot be read: does everything stay? */
static void
test_cannot_be_read(void **state)
{
	struct fixture *fx = *state;

	fill_swap(fx, 20);
	faultyswap_fail(&fx->swaps[0].io, FAULTYSWAP_READ, 2, FAULTY_ON);
	assert_int_equal(off(fx, 0), VM_EIO);
	assert_false(fx->swaps[0].io.closed);
	vm_check(fx->sys);
	faultyswap_fail(&fx->swaps[0].io, FAULTYSWAP_READ, 0, FAULTY_ONCE);
	assert_filled(fx, fx->vs, 0, 40);
	page_out(fx);
	assert_filled(fx, fx->vs, 0, 40);
	assert_int_equal(off(fx, 0), VM_OK);
	assert_filled(fx, fx->vs, 0, 40);
}

/* Each read fails once: whichever it was, is nothing lost? */
static void
test_each_read_fails(void **state)
{
	struct fixture *fx = *state;
	uint64_t n = 0;
	int error;

	fill_swap(fx, 20);
	do {
		faultyswap_fail(&fx->swaps[0].io, FAULTYSWAP_CHANGE, ++n,
		    FAULTY_ONCE);
		error = off(fx, 0);
		assert_true(error == VM_OK || error == VM_EIO);
		vm_check(fx->sys);
		if (error != VM_OK)
			page_out(fx);
	} while (error != VM_OK && n < 20);
	assert_in_range(n, 3, 19);
	assert_filled(fx, fx->vs, 0, 40);
}

/* Whichever allocation of the host's fails: is it done, or as before? */
static void
test_memory_fails(void **state)
{
	struct fixture *fx = *state;
	uint64_t failures;
	int error;

	fill_swap(fx, 8);
	for (uint64_t n = 1;; n++) {
		failures = fx->env.failures;
		faulty_fail(&fx->env, n, FAULTY_ON);
		error = off(fx, 0);
		faulty_fail(&fx->env, 0, FAULTY_ONCE);
		vm_check(fx->sys);
		if (error == VM_OK && failures == fx->env.failures)
			break;
		assert_true(error == VM_OK || error == VM_ENOMEM);
		assert_filled(fx, fx->vs, 0, 16);
		if (error == VM_OK)
			assert_int_equal(fixture_swap(fx, 0, SWAP, 0), VM_OK);
		page_out(fx);
	}
	assert_filled(fx, fx->vs, 0, 16);
}

/* Pages are being written to it: does it wait for them? */
static void
test_on_the_way(void **state)
{
	struct fixture *fx = *state;

	fill_swap(fx, 8);
	fill(fx, 0, 16);
	begin_page_out(fx);
	fx->on_wait = let_all_go;
	assert_int_equal(off(fx, 0), VM_OK);
	fx->on_wait = NULL;
	vm_check(fx->sys);
	assert_filled(fx, fx->vs, 0, 16);
}

/* Is nothing written there any more, wherever its place was? */
static void
test_nothing_goes_there(void **state)
{
	struct fixture *fx = *state;
	uint64_t before;

	fill_swap(fx, 8);
	assert_int_equal(fixture_swap(fx, 1, SWAP, 0), VM_OK);
	fill(fx, 0, 16);
	assert_int_equal(vm_swap_retire(fx->sys, fx->swaps[0].id), VM_OK);
	before = fx->swaps[0].io.writes;
	page_out(fx);
	assert_int_equal(pages_used(fx), 0);
	assert_int_equal(fx->swaps[0].io.writes, before);
	vm_swap_reinstate(fx->sys, fx->swaps[0].id);
	assert_int_equal(off(fx, 0), VM_OK);
	assert_filled(fx, fx->vs, 0, 16);
	vm_check(fx->sys);
}

/* What is there has left its map, and goes when a file has been written: is
 * that waited for?  (Here it stays all the same: who unmaps is the same
 * thread.) */
static struct memfile slow;
static unsigned nwaits;

static void
write_late(struct fixture *fx)
{
	(void)fx;
	if (++nwaits < 2000)
		return;
	slow.hold = false;
	memfile_let_all_go(&slow);
}

static void
off_while_unmapping(struct fixture *fx)
{
	fx->on_wait = write_late;
	nwaits = 0;
	assert_int_equal(off(fx, 0), VM_EBUSY);
	assert_int_equal(slow.nheld, 0);
}

static void
test_waits_for_burial(void **state)
{
	struct fixture *fx = *state;
	struct vm_object *obj;

	slow = (struct memfile){ .size = MEMFILE_PAGES * FX_PAGE,
		.slow = true,
		.hold = true };
	vm_system_prefer(fx->sys, fx_design);
	assert_int_equal(fixture_swap(fx, 0, SWAP, 0), VM_OK);
	assert_int_equal(map_anon(fx, MEMFILE_PAGES, 8), VM_OK);
	fill(fx, MEMFILE_PAGES, 8);
	page_out(fx);
	obj = memfile_object(fx->sys, &slow);
	assert_int_equal(fx_map_at(fx, fx->vs, 0, MEMFILE_PAGES, VM_MMAP_SHARED,
			     obj, 0),
	    VM_OK);
	vm_object_unref(obj);
	for (size_t i = 0; i < MEMFILE_PAGES; i += 2)
		assert_int_equal(store(fx, i, 'f'), VM_OK);
	fx->on_wait = off_while_unmapping;
	assert_int_equal(unmap(fx, 0, MEMFILE_PAGES + 8), VM_OK);
	assert_int_equal(slow.nheld, 0);
	fx->on_wait = NULL;
	assert_int_equal(off(fx, 0), VM_OK);
}

/* Is nothing written there while it is taken away, and can it be taken away
 * once only? */
static void
off_again(struct fixture *fx)
{
	assert_int_equal(off(fx, 0), VM_EBUSY);
	disk(fx)->hold = false;
	let_all_go(fx);
}

static void
test_twice_at_once(void **state)
{
	struct fixture *fx = *state;

	fill_swap(fx, 8);
	fx->swaps[0].io.hold = true;
	fx->on_wait = off_again;
	assert_int_equal(off(fx, 0), VM_OK);
	fx->on_wait = NULL;
	assert_int_equal(off(fx, 0), VM_EINVAL);
	assert_filled(fx, fx->vs, 0, 16);
}

/* A program goes on while it is read: what it frees need not come back. */
static void
unmap_all(struct fixture *fx)
{
	if (entry_of(fx->vs, 0) != NULL)
		assert_int_equal(unmap(fx, 0, 40), VM_OK);
	disk(fx)->hold = false;
	let_all_go(fx);
}

static void
test_unmap_meanwhile(void **state)
{
	struct fixture *fx = *state;

	fill_swap(fx, 40);
	assert_int_equal(unmap(fx, 40, 40), VM_OK);
	fx->swaps[0].io.hold = true;
	fx->on_wait = unmap_all;
	assert_int_equal(off(fx, 0), VM_OK);
	fx->on_wait = NULL;
	assert_int_equal(fx->swaps[0].io.pages,
	    2 * 40 + VM_SWAPIN_MAX); /* written, and one run was read */
	assert_int_equal(pages_used(fx), 0);
	vm_check(fx->sys);
}

/* Pages that are just being written are nobody's any more. */
static void
test_unmapped_on_the_way(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(fixture_swap(fx, 0, SWAP, 0), VM_OK);
	assert_int_equal(map_anon(fx, 0, 8), VM_OK);
	assert_int_equal(map_shared(fx, 8, 8), VM_OK);
	fill(fx, 0, 16);
	begin_page_out(fx);
	assert_int_equal(unmap(fx, 0, 16), VM_OK);
	fx->on_wait = let_all_go;
	assert_int_equal(off(fx, 0), VM_OK);
	fx->on_wait = NULL;
	assert_int_equal(pages_used(fx), 0);
	vm_check(fx->sys);
}

/* An object that nobody maps any more has pages there. */
static void
test_object_without_mapping(void **state)
{
	struct fixture *fx = *state;
	struct vm_object *obj = anon_object(fx);

	assert_int_equal(fx_map_at(fx, fx->vs, 0, 8, VM_MMAP_SHARED, obj, 0),
	    VM_OK);
	assert_int_equal(fixture_swap(fx, 0, SWAP, 0), VM_OK);
	fill(fx, 0, 8);
	page_out(fx);
	assert_int_equal(vm_swap_in_use(fx->sys), 8);
	assert_int_equal(unmap(fx, 0, 8), VM_OK);
	assert_int_equal(off(fx, 0), VM_OK);
	assert_int_equal(fx_map_at(fx, fx->vs, 0, 8, VM_MMAP_SHARED, obj, 0),
	    VM_OK);
	vm_object_unref(obj);
	assert_filled(fx, fx->vs, 0, 8);
}

/* A part of an amap has lost its entry when there was no memory to say so: does
 * what is there come back? */
static void
test_lost_part(void **state)
{
	struct fixture *fx = *state;

	fill_swap(fx, 40);
	faulty_fail(&fx->env, 1, FAULTY_ON);
	assert_int_equal(unmap(fx, 0, 20), VM_OK);
	faulty_fail(&fx->env, 0, FAULTY_ONCE);
	assert_true(entry_of(fx->vs, 20)->aref.amap->runs_lost);
	assert_int_equal(vm_swap_in_use(fx->sys), 80);
	assert_int_equal(off(fx, 0), VM_OK);
	vm_check(fx->sys);
	assert_int_equal(pages_used(fx), 80);
	for (size_t i = 20; i < 40; i++)
		assert_true(page_is(fx, fx->vs, i, (int)i + 1));
	assert_int_equal(unmap(fx, 20, 60), VM_OK);
	assert_int_equal(pages_used(fx), 0);
}

/* Is each page looked at a few times only, and not again for each run that is
 * read? */
static const struct vm_slots_ops *slots;
static unsigned nlooks;

static uint32_t
count_next(const struct vm_amap *am, uint32_t slot, uint32_t end)
{
	nlooks++;
	return slots->next(am, slot, end);
}

static void
test_goes_on(void **state)
{
	enum { N = 200 };
	struct fixture *fx = *state;
	struct vm_slots_ops counting;
	struct vm_amap *am;

	fill_swap(fx, N);
	assert_int_equal(unmap(fx, N, N), VM_OK);
	am = entry_of(fx->vs, 0)->aref.amap;
	slots = am->slots;
	counting = *slots;
	counting.next = count_next;
	am->slots = &counting;
	nlooks = 0;
	assert_int_equal(off(fx, 0), VM_OK);
	am->slots = slots;
	assert_in_range(nlooks, N, 2 * N);
	assert_filled(fx, fx->vs, 0, N);
}

/* On and off, over and over, with more than fits. */
static void
test_over_and_over(void **state)
{
	struct fixture *fx = *state;

	fill_swap(fx, 200);
	for (unsigned i = 0; i < 6; i++) {
		assert_int_equal(fixture_swap(fx, (i + 1) % 2, SWAP, 0), VM_OK);
		assert_int_equal(off(fx, i % 2), VM_OK);
		vm_check(fx->sys);
		for (size_t j = i; j < 400; j += 7)
			assert_int_equal(store(fx, j, (int)(j % 200) + 1),
			    VM_OK);
	}
	assert_filled(fx, fx->vs, 0, 400);
}

int
main(void)
{
	static const struct fx_test tests[] = {
		FX_TEST(test_comes_back),
		FX_TEST(test_resident),
		FX_TEST(test_forks),
		FX_TEST(test_moves_on),
		FX_TEST(test_does_not_fit),
		FX_TEST(test_cannot_be_read),
		FX_TEST(test_each_read_fails),
		FX_TEST(test_memory_fails),
		FX_TEST(test_on_the_way),
		FX_TEST(test_nothing_goes_there),
		FX_TEST_IN(netbsd, test_waits_for_burial),
		FX_TEST(test_twice_at_once),
		FX_TEST(test_unmap_meanwhile),
		FX_TEST(test_unmapped_on_the_way),
		FX_TEST(test_object_without_mapping),
		FX_TEST_IN(netbsd, test_lost_part),
		FX_TEST_IN(openbsd, test_lost_part),
		FX_TEST_IN(netbsd, test_goes_on),
		FX_TEST_IN(openbsd, test_goes_on),
		FX_TEST(test_over_and_over),
	};

	return FX_RUN("vm_swapoff", tests);
}
