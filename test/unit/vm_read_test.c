/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_read_test.c - faults that do not sleep: pages are read, written and waited
 * for while the one thread there is does something else.
 *
 * The device holds transfers back until a test lets them go.  Nobody may sleep
 * (the fixture's on_wait is NULL), but where a test says so.
 */
#include "test/unit/base_test.h"
#include "test/unit/paging_fixture.h"

#include "vm/vm_idle.h"
#include "vm/vm_read.h"

enum { SWAP = 512, FRAMES = FX_FRAMES, TRANSFERS = VM_IDLE_MAX };

#define STAT(fx, name) ((unsigned)(fx)->sys->stats.name)

/* ---- tools ---- */

static int
try_range(struct fixture *fx, vaddr_t start, vaddr_t *end,
    struct vm_fault_wait *w)
{
	return vm_fault_try_range(fx_map(fx), start, end, VM_PROT_WRITE, w);
}

/* Pages 0, 2, 4... of n are in swap and hold 'a', 'b'...; the others were never
 * used, so that nothing is read but what is asked for. */
static void
swap_out(struct fixture *fx, size_t n)
{
	vm_system_prefer(fx->sys, fx_design);
	assert_int_equal(fixture_swap(fx, 0, SWAP, 0), VM_OK);
	assert_int_equal(map_anon(fx, 0, 2 * n), VM_OK);
	assert_int_equal(vm_madvise(fx->vs, fx_va(0), 2 * n * FX_PAGE,
			     VM_MADV_RANDOM),
	    VM_OK);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(store(fx, 2 * i, 'a' + (int)i), VM_OK);
	page_out(fx);
	assert_true(vm_swap_in_use(fx->sys) >= n);
	disk(fx)->hold = true;
}

/* The fault has come to its end, and this is there. */
static void
assert_there(struct fixture *fx, size_t page, int byte, struct vm_fault_wait *w)
{
	assert_true(vm_wait_is_over(&w->wait));
	assert_int_equal(try_read(fx, page, w), VM_OK);
	assert_int_equal(load(fx, page), byte);
	assert_null(w->wait.event);
	assert_null(w->reading);
}

/* ---- reading ---- */

/* Does a fault begin to read and come back, and is the host told of the end?
 * Others go on meanwhile.  It counts as one fault, and one request. */
static void
test_does_not_sleep(void **state)
{
	struct fixture *fx = *state;
	struct vm_fault_wait w = { .tries = 0 };
	unsigned before, faults;

	swap_out(fx, 2);
	faults = STAT(fx, faults);
	assert_int_equal(try_read(fx, 0, &w), VM_EWAIT);
	assert_false(vm_wait_is_over(&w.wait));
	assert_int_equal(disk(fx)->nheld, 1);
	assert_int_equal(try_read(fx, 0, &w), VM_EWAIT);
	assert_false(vm_wait_is_over(&w.wait));
	assert_int_equal(disk(fx)->nheld, 1);
	assert_int_equal(STAT(fx, faults) - faults, 1);
	assert_int_equal(store(fx, 1, 'x'), VM_OK);
	before = fx->wakes;
	let_all_go(fx);
	assert_true(fx->wakes > before);
	assert_there(fx, 0, 'a', &w);
	assert_int_equal(STAT(fx, pagein_io), 1);
}

/* Who wants a range: has it what can be had at once with the page that was
 * waited for, and nothing of what lies beyond?
 *
 *	a . b .		in swap: a, b
 *	[  )
 */
static void
test_range(void **state)
{
	struct fixture *fx = *state;
	struct vm_fault_wait w = { .tries = 0 };
	vaddr_t va = fx_va(0), end = fx_va(2);
	unsigned faults;

	swap_out(fx, 2);
	faults = STAT(fx, faults);
	assert_int_equal(try_range(fx, va, &end, &w), VM_EWAIT);
	assert_int_equal(end, va);
	let_all_go(fx);
	assert_int_equal(nresident(fx, 0, 4), 1);
	end = fx_va(2);
	assert_int_equal(try_range(fx, va, &end, &w), VM_OK);
	assert_int_equal(end, fx_va(2));
	assert_true(may_write(fx->vs, 0));
	assert_true(may_write(fx->vs, 1));
	assert_int_equal(nresident(fx, 0, 4), 2);
	assert_int_equal(STAT(fx, faults) - faults, 1);
}

/* A range with two pages to wait for, and another in between: is each waited
 * for in turn, and what was waited for in another place forgotten? */
static void
test_range_waits(void **state)
{
	struct fixture *fx = *state;
	struct vm_fault_wait w = { .tries = 0 };
	vaddr_t end = fx_va(4), va = fx_va(0);

	swap_out(fx, 3);
	assert_int_equal(try_range(fx, fx_va(4), &end, &w), VM_OK);
	end = fx_va(6);
	assert_int_equal(try_range(fx, fx_va(4), &end, &w), VM_EWAIT);
	end = fx_va(4);
	assert_int_equal(try_range(fx, va, &end, &w), VM_EWAIT);
	assert_int_equal(end, va);
	assert_int_equal(disk(fx)->nheld, 2);
	let_all_go(fx);
	end = fx_va(4);
	assert_int_equal(try_range(fx, va, &end, &w), VM_EWAIT);
	assert_int_equal(end, fx_va(2));
	assert_false(vm_wait_is_over(&w.wait));
	let_all_go(fx);
	end = fx_va(4);
	assert_int_equal(try_range(fx, fx_va(2), &end, &w), VM_OK);
	assert_int_equal(end, fx_va(4));
	assert_null(w.reading);
	assert_int_equal(load(fx, 0), 'a');
	assert_int_equal(load(fx, 2), 'b');
	assert_int_equal(load(fx, 4), 'c');
}

/* Does a range end where nothing is mapped, with what it has? */
static void
test_range_ends(void **state)
{
	struct fixture *fx = *state;
	struct vm_fault_wait w = { .tries = 0 };
	vaddr_t end = fx_va(8);

	assert_int_equal(map_anon(fx, 0, 5), VM_OK);
	assert_int_equal(try_range(fx, fx_va(0), &end, &w), VM_EFAULT);
	assert_int_equal(end, fx_va(5));
	assert_int_equal(nresident(fx, 0, 5), 5);
	assert_null(w.wait.event);
}

/* Are two requests under way at once, and may they end in any order? */
static void
test_two_under_way(void **state)
{
	struct fixture *fx = *state;
	struct vm_fault_wait w[2] = { { .tries = 0 }, { .tries = 0 } };

	swap_out(fx, 2);
	assert_int_equal(try_read(fx, 0, &w[0]), VM_EWAIT);
	assert_int_equal(try_read(fx, 2, &w[1]), VM_EWAIT);
	assert_int_equal(disk(fx)->nheld, 2);
	faultyswap_let_go(disk(fx), 1);
	assert_there(fx, 2, 'b', &w[1]);
	assert_int_equal(try_read(fx, 0, &w[0]), VM_EWAIT);
	assert_false(vm_wait_is_over(&w[0].wait));
	faultyswap_let_go(disk(fx), 0);
	assert_there(fx, 0, 'a', &w[0]);
}

/* Does who comes second to a page wait for the first one's read? */
static void
test_busy(void **state)
{
	struct fixture *fx = *state;
	struct vm_fault_wait w[2] = { { .tries = 0 }, { .tries = 0 } };

	swap_out(fx, 1);
	assert_int_equal(try_read(fx, 0, &w[0]), VM_EWAIT);
	assert_int_equal(try_read(fx, 0, &w[1]), VM_EWAIT);
	assert_false(vm_wait_is_over(&w[1].wait));
	assert_int_equal(disk(fx)->nheld, 1);
	let_all_go(fx);
	assert_there(fx, 0, 'a', &w[1]);
	assert_there(fx, 0, 'a', &w[0]);
}

/* Is a device that is done at once no reason to come again? */
static void
test_at_once(void **state)
{
	struct fixture *fx = *state;
	struct vm_fault_wait w = { .tries = 0 };

	swap_out(fx, 1);
	disk(fx)->hold = false;
	assert_int_equal(try_read(fx, 0, &w), VM_OK);
	assert_int_equal(load(fx, 0), 'a');
}

/* Is an error told to who has begun, once, and is another try another read? */
static void
test_error(void **state)
{
	struct fixture *fx = *state;
	struct vm_fault_wait w = { .tries = 0 }, other = { .tries = 0 };

	swap_out(fx, 1);
	assert_int_equal(try_read(fx, 0, &w), VM_EWAIT);
	assert_int_equal(try_read(fx, 0, &other), VM_EWAIT);
	faultyswap_fail_held(disk(fx), 0);
	assert_true(vm_wait_is_over(&w.wait));
	assert_int_equal(try_read(fx, 0, &w), VM_EIO);
	assert_true(vm_wait_is_over(&other.wait));
	assert_int_equal(try_read(fx, 0, &other), VM_EWAIT);
	let_all_go(fx);
	assert_there(fx, 0, 'a', &other);
	w = (struct vm_fault_wait){ .tries = 0 };
	assert_there(fx, 0, 'a', &w);
}

/* Who waits goes: does the page come all the same, and is nothing left? */
static void
test_leave(void **state)
{
	struct fixture *fx = *state;
	struct vm_fault_wait w = { .tries = 0 }, ended = { .tries = 0 };
	unsigned before;

	swap_out(fx, 2);
	assert_int_equal(try_read(fx, 0, &w), VM_EWAIT);
	assert_int_equal(try_read(fx, 2, &ended), VM_EWAIT);
	faultyswap_let_go(disk(fx), 1);
	vm_fault_leave(&ended);
	vm_fault_leave(&w);
	before = fx->wakes;
	let_all_go(fx);
	assert_int_equal(fx->wakes, before);
	assert_int_equal(load(fx, 0), 'a');
	assert_int_equal(STAT(fx, pagein_io), 2);
	vm_fault_leave(&w);
}

/* The mapping goes while its page is read: does nobody wait for that? */
static void
test_unmap(void **state)
{
	struct fixture *fx = *state;
	struct vm_fault_wait w = { .tries = 0 };

	swap_out(fx, 1);
	assert_int_equal(try_read(fx, 0, &w), VM_EWAIT);
	assert_int_equal(unmap(fx, 0, 2), VM_OK);
	let_all_go(fx);
	assert_true(vm_wait_is_over(&w.wait));
	assert_int_equal(try_read(fx, 0, &w), VM_EFAULT);
	assert_int_equal(pages_used(fx), 0);
	assert_int_equal(vm_swap_in_use(fx->sys), 0);
}

/* A fork while the page is read: both have it. */
static void
test_fork(void **state)
{
	struct fixture *fx = *state;
	struct vm_fault_wait w = { .tries = 0 };
	struct vmspace *child;

	swap_out(fx, 1);
	assert_int_equal(try_read(fx, 0, &w), VM_EWAIT);
	child = fork_space(fx->vs);
	disk(fx)->hold = false;
	let_all_go(fx);
	assert_there(fx, 0, 'a', &w);
	assert_int_equal(load_in(fx, child, 0), 'a');
	vmspace_unref(child);
}

/* Does the end of a system wait for a read that nobody wants any more? */
static void
test_destroy_waits(void **state)
{
	struct vm_fault_wait w = { .tries = 0 };
	struct fixture *fx = fixture_of(FRAMES);

	(void)state;
	swap_out(fx, 1);
	assert_int_equal(try_read(fx, 0, &w), VM_EWAIT);
	vm_fault_leave(&w);
	assert_end_waits(fx, let_all_go);
}

/* Without memory of the host to begin the read it sleeps, and nothing fails. */
static void
test_host_memory_fails(void **state)
{
	struct fixture *fx = *state;
	struct vm_fault_wait w;
	unsigned slept = 0;
	int error;

	swap_out(fx, 4);
	fx->on_wait = let_all_go;
	for (size_t i = 0; i < 4; i++) {
		w = (struct vm_fault_wait){ .tries = 0 };
		faulty_fail(&fx->env, 1, FAULTY_ONCE);
		error = try_read(fx, 2 * i, &w);
		slept += error == VM_OK;
		let_all_go(fx);
		faulty_fail(&fx->env, 0, FAULTY_ONCE);
		assert_there(fx, 2 * i, 'a' + (int)i, &w);
	}
	assert_true(slept > 0);
}

/* ---- memory ---- */

/* Write to pages from `page` on until that would have to wait: which one. */
static size_t
write_until(struct fixture *fx, size_t page, int error, struct vm_fault_wait *w)
{
	int got;

	while ((got = try(fx, page, VM_PROT_WRITE, w)) == VM_OK) {
		*w = (struct vm_fault_wait){ .tries = 0 };
		page++;
	}
	assert_int_equal(got, error);
	return page;
}

/* Memory has to be made: is what is written waited for without sleeping, and
 * is there some then? */
static void
test_memory(void **state)
{
	struct fixture *fx = *state;
	struct vm_fault_wait w = { .tries = 0 };
	size_t page;

	vm_system_prefer(fx->sys, fx_design);
	assert_int_equal(fixture_swap(fx, 0, SWAP, 0), VM_OK);
	assert_int_equal(map_anon(fx, 0, FRAMES + 100), VM_OK);
	disk(fx)->hold = true;
	page = write_until(fx, 0, VM_EWAIT, &w);
	assert_in_range(page, FRAMES - 32, FRAMES);
	assert_false(vm_wait_is_over(&w.wait));
	assert_true(disk(fx)->nheld > 0);
	let_all_go(fx);
	disk(fx)->hold = false;
	assert_true(vm_wait_is_over(&w.wait));
	assert_int_equal(try(fx, page, VM_PROT_WRITE, &w), VM_OK);
}

/* All that is free, for nothing; and back. */
static void
take_memory(struct fixture *fx, struct list *taken)
{
	struct vm_page *pg;

	list_init(taken);
	while ((pg = vm_page_alloc(fx->sys, NULL, 0)) != NULL)
		list_insert_tail(taken, &pg->q);
}

static void
give_memory(struct fixture *fx, struct list *taken)
{
	struct list *first;

	while ((first = list_first(taken)) != NULL) {
		list_remove(first);
		vm_page_free(fx->sys, LIST_ENTRY(first, struct vm_page, q));
	}
}

/* As many transfers are under way as can be, and there is memory for more: is
 * not even their end slept for, by faults and by those who make memory on the
 * side? */
static void
test_held_up(void **state)
{
	struct fixture *fx = fixture_of(16384);
	struct vm_fault_wait w = { .tries = 0 }, more = { .tries = 0 };
	struct list taken;
	size_t page;

	(void)state;
	vm_system_prefer(fx->sys, &vm_design_mach);
	assert_int_equal(fixture_swap(fx, 0, SWAP, 0), VM_OK);
	assert_int_equal(map_shared(fx, 0, 400), VM_OK);
	for (page = 0; page < 300; page++)
		assert_int_equal(store(fx, page, 'x'), VM_OK);
	take_memory(fx, &taken);
	disk(fx)->hold = true;
	page = write_until(fx, page, VM_EWAIT, &w);
	while (disk(fx)->nheld < TRANSFERS)
		vm_pageout_step(fx->sys);
	vm_pageout_step(fx->sys);
	assert_int_equal(try(fx, page + 1, VM_PROT_WRITE, &more), VM_EWAIT);
	assert_int_equal(disk(fx)->nheld, TRANSFERS);
	faultyswap_let_go(disk(fx), 0);
	assert_true(vm_wait_is_over(&w.wait));
	disk(fx)->hold = false;
	let_all_go(fx);
	assert_int_equal(try(fx, page, VM_PROT_WRITE, &w), VM_OK);
	vm_fault_leave(&more);
	give_memory(fx, &taken);
	assert_null(fixture_destroy(fx));
}

/* No memory can be made: is that said, and not waited for? */
static void
test_no_memory(void **state)
{
	struct fixture *fx = *state;
	struct vm_fault_wait w = { .tries = 0 };
	size_t page;

	vm_system_prefer(fx->sys, fx_design);
	assert_int_equal(map_anon(fx, 0, FRAMES + 100), VM_OK);
	page = write_until(fx, 0, VM_ENOMEM, &w);
	assert_in_range(page, FRAMES - 32, FRAMES);
	assert_null(w.wait.event);
	assert_int_equal(STAT(fx, fault_nomem), 1);
}

int
main(void)
{
	static const struct fx_test tests[] = {
		FX_TEST(test_does_not_sleep),
		FX_TEST(test_range),
		FX_TEST(test_range_waits),
		FX_TEST(test_range_ends),
		FX_TEST(test_two_under_way),
		FX_TEST(test_busy),
		FX_TEST(test_at_once),
		FX_TEST(test_error),
		FX_TEST(test_leave),
		FX_TEST(test_unmap),
		FX_TEST(test_fork),
		FX_BARE(test_destroy_waits),
		FX_TEST(test_host_memory_fails),
		FX_TEST(test_memory),
		FX_BARE_IN(mach, test_held_up),
		FX_TEST(test_no_memory),
	};

	return FX_RUN("vm_read", tests);
}
