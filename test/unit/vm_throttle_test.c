/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_throttle_test.c - who makes many pages dirty waits for paging, before
 * there is nothing left for the others.
 *
 * There is one thread, and transfers are held back until a test lets them go:
 *
 *	heavy	fx->vs writes page after page, and may have to wait
 *	light	another space, which writes a page now and then
 *
 * In the place of a daemon somebody makes a pass between two faults
 * (vm_pageout_step), as `bsdvm run` does.
 */
#include "test/unit/base_test.h"
#include "test/unit/paging_fixture.h"

enum { FRAMES = 4096, CELLS = 3 * FRAMES, FEW = 4, WAITS = 16 };

#define STAT(fx, name) ((unsigned)(fx)->sys->stats.name)

/* ---- tools ---- */

static struct fixture *
large_system(uint64_t nswap)
{
	const struct soft_config config = { .npages = FRAMES,
		.va_min = FX_BASE,
		.va_max = FX_BASE + (vaddr_t)CELLS * FX_PAGE };
	struct fixture *fx = fixture_create(&config);

	assert_non_null(fx);
	if (nswap != 0) {
		assert_int_equal(fixture_swap(fx, 0, nswap, 0), VM_OK);
		disk(fx)->hold = true;
	}
	assert_int_equal(map_anon(fx, 0, CELLS), VM_OK);
	return fx;
}

static struct vmspace *
light_space(struct fixture *fx)
{
	struct vmspace *vs;

	assert_int_equal(vmspace_create(fx->sys, fx_design, &vs), VM_OK);
	assert_int_equal(fx_map_at(fx, vs, 0, FRAMES, VM_MMAP_PRIVATE, NULL, 0),
	    VM_OK);
	return vs;
}

static int
try_write(struct fixture *fx, struct vmspace *vs, size_t page,
    struct vm_fault_wait *w)
{
	vm_pageout_step(fx->sys);
	return vm_fault_try(&vs->map, fx_va(page), VM_PROT_WRITE, 0, w);
}

/* Write from *page on until that is put off, or fails. */
static int
write_on(struct fixture *fx, struct vmspace *vs, size_t *page,
    struct vm_fault_wait *w)
{
	int error;

	*w = (struct vm_fault_wait){ .tries = 0 };
	while ((error = try_write(fx, vs, *page, w)) == VM_OK) {
		*w = (struct vm_fault_wait){ .tries = 0 };
		++*page;
		assert_true(*page < CELLS);
	}
	return error;
}

/* Pages that are free but not for who waits. */
static size_t
spared(struct fixture *fx)
{
	return vm_pageout_available(fx->sys) - vm_page_reserve(fx->sys);
}

static size_t
gap(struct fixture *fx)
{
	struct vm_pageout_levels l;

	vm_pageout_get_levels(fx->sys, &l);
	return l.min - vm_page_reserve(fx->sys);
}

static bool
throttles(void)
{
	return fx_design->throttle != VM_THROTTLE_NEVER;
}

/* ---- who is heavy ---- */

static void
note(struct fixture *fx, struct vm_writer *w, unsigned n)
{
	while (n-- > 0)
		vm_throttle_note(fx->sys, w);
}

/* Is it who makes no fewer than the mean, and never who makes a few? */
static void
test_mean(void **state)
{
	struct fixture *fx = *state;
	struct vm_writer heavy = { .npages = 0 }, light = { .npages = 0 };

	note(fx, &heavy, 7);
	assert_false(vm_throttle_is_heavy(fx->sys, &heavy));
	note(fx, &heavy, 23);
	assert_true(vm_throttle_is_heavy(fx->sys, &heavy));
	note(fx, &light, 29);
	assert_false(vm_throttle_is_heavy(fx->sys, &light));
	assert_true(vm_throttle_is_heavy(fx->sys, &heavy));
	note(fx, &light, 1);
	assert_true(vm_throttle_is_heavy(fx->sys, &light));
	note(fx, &light, 1);
	assert_false(vm_throttle_is_heavy(fx->sys, &heavy));
}

/* Is what was long ago forgotten, and what was just now not? */
static void
test_periods(void **state)
{
	struct fixture *fx = *state;
	struct vm_writer then = { .npages = 0 }, now = { .npages = 0 };

	note(fx, &then, FX_FRAMES - 32);
	note(fx, &now, 32);
	assert_true(vm_throttle_is_heavy(fx->sys, &then));
	note(fx, &now, 32);
	assert_false(vm_throttle_is_heavy(fx->sys, &now));
	note(fx, &now, 4 * FX_FRAMES);
	note(fx, &then, 8);
	assert_false(vm_throttle_is_heavy(fx->sys, &then));
	assert_true(vm_throttle_is_heavy(fx->sys, &now));
}

/* Are pages counted once, when they get dirty, and of files when they may, but
 * not for being read? */
static void
test_counted(void **state)
{
	struct fixture *fx = *state;
	struct vm_writer *w = &fx_map(fx)->writer;

	assert_int_equal(map_file(fx, 0, 8, VM_MMAP_SHARED, 0), VM_OK);
	assert_int_equal(protect(fx, 0, 8, VM_PROT_READ), VM_OK);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(load(fx, i), 'A' + (int)i);
	assert_int_equal(w->npages, 0);
	assert_int_equal(unmap(fx, 0, 8), VM_OK);
	assert_int_equal(map_file(fx, 0, 8, VM_MMAP_SHARED, 0), VM_OK);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(store(fx, i, 'x'), VM_OK);
	assert_int_equal(w->npages, 8);
	assert_int_equal(protect(fx, 0, 8, VM_PROT_READ), VM_OK);
	assert_int_equal(protect(fx, 0, 8, VM_PROT_RW), VM_OK);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(store(fx, i, 'y'), VM_OK);
	assert_int_equal(w->npages, 8);
	map_filled(fx, 8, 8, 'a');
	for (size_t i = 8; i < 16; i++)
		assert_int_equal(load(fx, i), 'a');
	assert_int_equal(w->npages, 16);
}

/* Are those counted that get dirty together, as the buffer of a call? */
static void
test_counted_range(void **state)
{
	struct fixture *fx = *state;
	struct vm_writer *w = &fx_map(fx)->writer;
	vaddr_t end;

	assert_int_equal(map_file(fx, 0, 8, VM_MMAP_SHARED, 0), VM_OK);
	assert_int_equal(protect(fx, 0, 8, VM_PROT_READ), VM_OK);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(load(fx, i), 'A' + (int)i);
	assert_int_equal(w->npages, 0);
	assert_int_equal(protect(fx, 0, 8, VM_PROT_RW), VM_OK);
	assert_int_equal(vm_fault_range(fx_map(fx), fx_va(0), fx_va(8),
			     VM_PROT_WRITE, &end),
	    VM_OK);
	assert_int_equal(w->npages, 8);
}

/* ---- who waits ---- */

/* Does the heavy one wait while there is memory, does the light one get that,
 * and does the heavy one go on when something has been written? */
static void
test_light_goes_on(void **state)
{
	struct fixture *fx = large_system(2 * FRAMES);
	struct vmspace *vs = light_space(fx);
	struct vm_fault_wait w, none = { .tries = 0 };
	size_t page = 0;

	(void)state;
	assert_int_equal(try_write(fx, vs, 0, &none), VM_OK);
	assert_int_equal(write_on(fx, fx->vs, &page, &w), VM_EWAIT);
	assert_int_equal(STAT(fx, throttled) != 0, throttles());
	if (!throttles())
		assert_int_equal(spared(fx), 0);
	else
		assert_true(spared(fx) >= gap(fx) / 2 - 1);
	for (size_t i = 1; throttles() && i <= FEW; i++)
		assert_int_equal(try_write(fx, vs, i, &none), VM_OK);
	assert_false(vm_wait_is_over(&w.wait));
	disk(fx)->hold = false;
	let_all_go(fx);
	assert_true(vm_wait_is_over(&w.wait));
	assert_int_equal(try_write(fx, fx->vs, page, &w), VM_OK);
	vmspace_unref(vs);
	assert_null(fixture_destroy(fx));
}

/* Reads, and faults that hold something for others, are not put off. */
static void
test_writes_only(void **state)
{
	struct fixture *fx = large_system(2 * FRAMES);
	struct vm_fault_wait w, other = { .tries = 0 };
	size_t page = 0;

	(void)state;
	assert_int_equal(write_on(fx, fx->vs, &page, &w), VM_EWAIT);
	if (throttles()) {
		assert_int_equal(vm_fault_try(fx_map(fx), fx_va(page),
				     VM_PROT_READ, 0, &other),
		    VM_OK);
		assert_int_equal(vm_fault_try(fx_map(fx), fx_va(page + 1),
				     VM_PROT_WRITE, VM_FAULT_NARROW, &other),
		    VM_OK);
	}
	vm_fault_leave(&w);
	disk(fx)->hold = false;
	let_all_go(fx);
	assert_null(fixture_destroy(fx));
}

/* ---- nobody waits for ever ---- */

/* Memory does not get more, however often something arrives: does the fault end
 * after some times? */
static void
test_not_for_long(void **state)
{
	struct fixture *fx = large_system(2 * FRAMES);
	struct vm_fault_wait w;
	unsigned before, times = 0;
	size_t page = 0;
	int error;

	(void)state;
	error = write_on(fx, fx->vs, &page, &w);
	before = STAT(fx, throttled);
	while (throttles() && error == VM_EWAIT && w.reclaims == 0) {
		vm_event_signal(vm_swapout_event(fx->sys), fx->sys->env);
		assert_true(vm_wait_is_over(&w.wait));
		error = vm_fault_try(fx_map(fx), fx_va(page), VM_PROT_WRITE, 0,
		    &w);
		times++;
		assert_true(times <= WAITS);
	}
	if (throttles()) {
		assert_int_equal(error, VM_OK);
		assert_int_equal(STAT(fx, throttled) - before, WAITS - 1);
	}
	vm_fault_leave(&w);
	disk(fx)->hold = false;
	let_all_go(fx);
	assert_null(fixture_destroy(fx));
}

/* There is no swap, or none any more: is nothing waited for, and in the end
 * said that there is no memory? */
static void
nowhere_to_write(uint64_t nswap)
{
	struct fixture *fx = large_system(nswap);
	struct vm_fault_wait w;
	size_t page = 0;
	unsigned times = 0;
	int error;

	while ((error = write_on(fx, fx->vs, &page, &w)) == VM_EWAIT) {
		assert_true(disk(fx)->nheld != 0);
		let_all_go(fx);
		vm_fault_leave(&w);
		assert_true(times++ < FRAMES);
	}
	assert_int_equal(error, VM_ENOMEM);
	assert_true(page >= FRAMES - vm_page_reserve(fx->sys) - 1);
	if (nswap == 0)
		assert_int_equal(STAT(fx, throttled), 0);
	assert_null(fixture_destroy(fx));
}

static void
test_no_swap(void **state)
{
	(void)state;
	nowhere_to_write(0);
}

static void
test_swap_full(void **state)
{
	(void)state;
	nowhere_to_write(FRAMES / 4);
}

/* Nothing that is begun succeeds: does who waits for it go on? */
static void
test_device_fails(void **state)
{
	struct fixture *fx = large_system(2 * FRAMES);
	struct vm_fault_wait w;
	unsigned times = 0;
	size_t page = 0;
	int error;

	(void)state;
	while ((error = write_on(fx, fx->vs, &page, &w)) == VM_EWAIT) {
		assert_true(disk(fx)->nheld != 0);
		fail_all(fx);
		assert_true(vm_wait_is_over(&w.wait));
		vm_fault_leave(&w);
		assert_true(times++ < 4 * FRAMES);
	}
	assert_int_equal(error, VM_ENOMEM);
	assert_null(fixture_destroy(fx));
}

int
main(void)
{
	static const struct fx_test tests[] = {
		FX_TEST(test_mean),
		FX_TEST(test_periods),
		FX_TEST(test_counted),
		FX_TEST(test_counted_range),
		FX_BARE(test_light_goes_on),
		FX_BARE(test_writes_only),
		FX_BARE(test_not_for_long),
		FX_BARE(test_no_swap),
		FX_BARE(test_swap_full),
		FX_BARE(test_device_fails),
	};

	return FX_RUN("vm_throttle", tests);
}
