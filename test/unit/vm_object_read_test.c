/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_object_read_test.c - reads from a store that nobody sleeps for: what
 * happens to the file, its object and those who map it while they are under
 * way?
 *
 * The file holds its reads back until a test lets them go, in whatever order.
 * Nobody may sleep (the fixture's on_wait is NULL), but where a test says so.
 * The window of a fault is the design's, so that a test that counts reads one
 * page at a time (VM_MADV_RANDOM), or tells what it wants.
 */
#include "test/unit/base_test.h"
#include "test/unit/fixture.h"
#include "vm/vm_page.h"
#include "vm/vm_read.h"

enum { N = 8 };

#define STAT(fx, name) ((unsigned)(fx)->sys->stats.name)

/* ---- tools ---- */

static struct memfile *
file(struct fixture *fx)
{
	return &fx->files[0];
}

/* Page i is 'A' + i; the file holds back what is read. */
static struct memfile *
slow_file(struct fixture *fx)
{
	file(fx)->slow = true;
	file(fx)->hold_reads = true;
	return file(fx);
}

static void
let_all_go(struct fixture *fx)
{
	memfile_let_all_go(file(fx));
}

static int
advise(struct fixture *fx, size_t n, enum vm_madvise advice)
{
	return vm_madvise(fx->vs, fx_va(0), n * FX_PAGE, advice);
}

/* All of a slow file is mapped, and read page by page. */
static struct memfile *
map_slow(struct fixture *fx, unsigned flags)
{
	struct memfile *f = slow_file(fx);

	assert_int_equal(map_file(fx, 0, N, flags, 0), VM_OK);
	assert_int_equal(advise(fx, N, VM_MADV_RANDOM), VM_OK);
	return f;
}

/* The same, and read in windows. */
static struct memfile *
map_windows(struct fixture *fx, unsigned flags)
{
	struct memfile *f = slow_file(fx);

	assert_int_equal(map_file(fx, 0, N, flags, 0), VM_OK);
	assert_int_equal(advise(fx, N, VM_MADV_SEQUENTIAL), VM_OK);
	return f;
}

/* The fault has come to its end, and the page of the file is there. */
static void
assert_there(struct fixture *fx, size_t page, struct vm_fault_wait *w)
{
	assert_true(vm_wait_is_over(&w->wait));
	assert_int_equal(try_read(fx, page, w), VM_OK);
	assert_null(w->wait.event);
	assert_null(w->reading);
	assert_true(page_is(fx, fx->vs, page, 'A' + (int)page));
}

/* ---- reading ---- */

/* Does a fault begin to read and come back, once, and others go on? */
static void
test_does_not_sleep(void **state)
{
	struct fixture *fx = *state;
	struct memfile *f = map_slow(fx, VM_MMAP_SHARED);
	struct vm_fault_wait w = { .tries = 0 };
	unsigned wakes, faults = STAT(fx, faults);

	assert_int_equal(map_anon(fx, 100, 1), VM_OK);
	assert_int_equal(try_read(fx, 3, &w), VM_EWAIT);
	assert_false(vm_wait_is_over(&w.wait));
	assert_int_equal(try_read(fx, 3, &w), VM_EWAIT);
	assert_int_equal(f->nheld, 1);
	assert_int_equal(STAT(fx, faults) - faults, 1);
	assert_int_equal(store(fx, 100, 'x'), VM_OK);
	wakes = fx->wakes;
	let_all_go(fx);
	assert_true(fx->wakes > wakes);
	assert_there(fx, 3, &w);
	assert_int_equal(f->reads, 1);
	assert_int_equal(STAT(fx, pagein_io), 1);
	assert_int_equal(STAT(fx, pageins), 1);
}

/* Is a window of the design one request, counted once, and its other pages
 * there without another one? */
static void
test_window(void **state)
{
	struct fixture *fx = *state;
	struct memfile *f = map_windows(fx, VM_MMAP_SHARED);
	struct vm_fault_wait w = { .tries = 0 };

	assert_int_equal(try_read(fx, 0, &w), VM_EWAIT);
	assert_int_equal(f->nheld, 1);
	assert_int_equal(f->held[0]->npages, N);
	let_all_go(fx);
	assert_there(fx, 0, &w);
	for (size_t i = 1; i < N; i++)
		assert_int_equal(load(fx, i), 'A' + (int)i);
	assert_int_equal(f->reads, 1);
	assert_int_equal(STAT(fx, pagein_io), 1);
	assert_int_equal(STAT(fx, pageins), N);
	assert_int_equal(STAT(fx, ra_pages), N - 1);
}

/* Are several requests under way at once, and may they end in any order? */
static void
test_order(void **state)
{
	struct fixture *fx = *state;
	struct memfile *f = map_slow(fx, VM_MMAP_SHARED);
	struct vm_fault_wait w[3] = { { .tries = 0 }, { .tries = 0 },
		{ .tries = 0 } };

	for (size_t i = 0; i < 3; i++)
		assert_int_equal(try_read(fx, 2 * i, &w[i]), VM_EWAIT);
	assert_int_equal(f->nheld, 3);
	memfile_let_go(f, 2);
	assert_there(fx, 4, &w[2]);
	assert_int_equal(try_read(fx, 0, &w[0]), VM_EWAIT);
	assert_false(vm_wait_is_over(&w[0].wait));
	memfile_let_go(f, 1);
	assert_there(fx, 2, &w[1]);
	memfile_let_go(f, 0);
	assert_there(fx, 0, &w[0]);
}

/* Does who comes second to a page of a window wait for the first one's read? */
static void
test_busy(void **state)
{
	struct fixture *fx = *state;
	struct memfile *f = map_windows(fx, VM_MMAP_SHARED);
	struct vm_fault_wait w[2] = { { .tries = 0 }, { .tries = 0 } };

	assert_int_equal(try_read(fx, 0, &w[0]), VM_EWAIT);
	assert_int_equal(try_read(fx, 5, &w[1]), VM_EWAIT);
	assert_false(vm_wait_is_over(&w[1].wait));
	assert_int_equal(f->nheld, 1);
	let_all_go(fx);
	assert_there(fx, 5, &w[1]);
	assert_there(fx, 0, &w[0]);
}

/* Does who sleeps, sleep for the read that another has begun? */
static void
test_sleeper(void **state)
{
	struct fixture *fx = *state;
	struct memfile *f = map_slow(fx, VM_MMAP_SHARED);
	struct vm_fault_wait w = { .tries = 0 };

	assert_int_equal(try_read(fx, 1, &w), VM_EWAIT);
	fx->on_wait = let_all_go;
	assert_int_equal(load(fx, 1), 'B');
	assert_int_equal(f->reads, 1);
	assert_there(fx, 1, &w);
}

/* A private page is copied from the file when that has come. */
static void
test_private_write(void **state)
{
	struct fixture *fx = *state;
	struct vm_fault_wait w = { .tries = 0 };

	(void)map_slow(fx, VM_MMAP_PRIVATE);
	assert_int_equal(try(fx, 2, VM_PROT_WRITE, &w), VM_EWAIT);
	let_all_go(fx);
	assert_int_equal(try(fx, 2, VM_PROT_WRITE, &w), VM_OK);
	assert_true(page_is(fx, fx->vs, 2, 'C'));
	assert_int_equal(store(fx, 2, 'x'), VM_OK);
	assert_int_equal(file(fx)->bytes[2 * FX_PAGE], 'C');
}

/* Is a store that is done at once no reason to come again? */
static void
test_at_once(void **state)
{
	struct fixture *fx = *state;
	struct memfile *f = map_slow(fx, VM_MMAP_SHARED);
	struct vm_fault_wait w = { .tries = 0 };

	f->hold_reads = false;
	assert_int_equal(try_read(fx, 0, &w), VM_OK);
	assert_int_equal(load(fx, 0), 'A');
}

/* ---- a pager that has nothing but get ---- */

static int
plain_get(struct vm_object *obj, vm_pindex_t pindex,
    struct vm_page *const *pages, unsigned *npages)
{
	*npages = 1;
	memset(pmap_page_data(obj->sys->machine, pages[0]), 'a' + (int)pindex,
	    FX_PAGE);
	return pindex < 4 ? VM_OK : VM_ERANGE;
}

static const struct vm_pager_ops plain_ops = { .name = "plain",
	.get = plain_get };

/* Is it waited for, and nothing else asked of it? */
static void
test_plain_get(void **state)
{
	struct fixture *fx = *state;
	struct vm_object *obj = vm_object_create(fx->sys, &plain_ops, NULL);
	struct vm_fault_wait w = { .tries = 0 };

	assert_non_null(obj);
	assert_int_equal(fx_map_at(fx, fx->vs, 0, N, VM_MMAP_SHARED, obj, 0),
	    VM_OK);
	vm_object_unref(obj);
	assert_int_equal(try_read(fx, 1, &w), VM_OK);
	assert_int_equal(load(fx, 1), 'b');
	assert_int_equal(try_read(fx, 5, &w), VM_ERANGE);
	assert_int_equal(advise(fx, N, VM_MADV_WILLNEED), VM_OK);
	assert_int_equal(load(fx, 0), 'a');
	assert_int_equal(unmap(fx, 0, N), VM_OK);
	assert_int_equal(pages_used(fx), 0);
}

/* ---- what fails ---- */

/* A window that fails: is the wanted page tried alone, and are the others free
 * for who wants them? */
static void
test_error_in_window(void **state)
{
	struct fixture *fx = *state;
	struct memfile *f = map_windows(fx, VM_MMAP_SHARED);
	struct vm_fault_wait w = { .tries = 0 }, other = { .tries = 0 };

	assert_int_equal(try_read(fx, 0, &w), VM_EWAIT);
	assert_int_equal(try_read(fx, 3, &other), VM_EWAIT);
	memfile_fail_held(f, 0);
	assert_int_equal(f->nheld, 1);
	assert_int_equal(f->held[0]->npages, 1);
	assert_int_equal(pages_used(fx), 1);
	assert_true(vm_wait_is_over(&other.wait));
	assert_false(
	    vm_wait_is_over(&w.wait) && vm_reading_has_ended(w.reading));
	let_all_go(fx);
	assert_there(fx, 0, &w);
	assert_there(fx, 3, &other);
}

/* Is an error told to who has begun, once, and is another try another read? */
static void
test_error(void **state)
{
	struct fixture *fx = *state;
	struct memfile *f = map_slow(fx, VM_MMAP_SHARED);
	struct vm_fault_wait w = { .tries = 0 }, other = { .tries = 0 };

	assert_int_equal(try_read(fx, 0, &w), VM_EWAIT);
	assert_int_equal(try_read(fx, 0, &other), VM_EWAIT);
	memfile_fail_held(f, 0);
	assert_int_equal(pages_used(fx), 0);
	assert_int_equal(try_read(fx, 0, &w), VM_EIO);
	assert_int_equal(STAT(fx, pageins), 0);
	assert_true(vm_wait_is_over(&other.wait));
	assert_int_equal(try_read(fx, 0, &other), VM_EWAIT);
	let_all_go(fx);
	assert_there(fx, 0, &other);
}

/* The file ends in the middle of a page, and of a window.  Reading might have
 * stopped there as well: that page is read again when it is used, with zeroes
 * behind the end.
 *
 *	page 0 1 2 3		the file ends 100 bytes into page 2 by the time
 *	     |file|		that it is read
 */
static void
test_short(void **state)
{
	struct fixture *fx = *state;
	struct memfile *f = map_windows(fx, VM_MMAP_SHARED);
	struct vm_fault_wait w = { .tries = 0 };
	uint8_t bytes[FX_PAGE];

	assert_int_equal(try_read(fx, 0, &w), VM_EWAIT);
	assert_int_equal(f->held[0]->npages, N);
	for (unsigned i = 0; i < N; i++)
		memset(f->held[0]->addr[i], '#', FX_PAGE);
	f->size = 2 * FX_PAGE + 100;
	let_all_go(fx);
	assert_there(fx, 0, &w);
	assert_int_equal(nresident(fx, 0, N), 2);
	assert_int_equal(STAT(fx, pageins), 2);
	assert_int_equal(fx_access(fx, fx->vs, 2, VM_PROT_READ, bytes, FX_PAGE),
	    VM_OK);
	for (size_t i = 0; i < FX_PAGE; i++)
		assert_int_equal(bytes[i], i < 100 ? 'C' : 0);
	assert_int_equal(STAT(fx, pageins), 3);
	assert_int_equal(load(fx, 3), -VM_ERANGE);
}

/* And before the window. */
static void
test_end(void **state)
{
	struct fixture *fx = *state;
	struct memfile *f = map_slow(fx, VM_MMAP_SHARED);
	struct vm_fault_wait w = { .tries = 0 };

	assert_int_equal(try_read(fx, 5, &w), VM_EWAIT);
	f->size = 2 * FX_PAGE;
	let_all_go(fx);
	assert_int_equal(try_read(fx, 5, &w), VM_ERANGE);
	assert_int_equal(pages_used(fx), 0);
	w = (struct vm_fault_wait){ .tries = 0 };
	assert_int_equal(try_read(fx, 5, &w), VM_ERANGE);
	assert_int_equal(f->reads, 1);
}

/* Without memory of the host to begin a read it sleeps, and nothing fails. */
static void
test_host_memory_fails(void **state)
{
	struct fixture *fx = *state;
	struct memfile *f = map_slow(fx, VM_MMAP_SHARED);
	struct vm_fault_wait w;
	unsigned slept = 0;

	for (size_t i = 0; i < N; i++) {
		w = (struct vm_fault_wait){ .tries = 0 };
		faulty_fail(&fx->env, 1, FAULTY_ONCE);
		slept += try_read(fx, i, &w) == VM_OK;
		faulty_fail(&fx->env, 0, FAULTY_ONCE);
		let_all_go(fx);
		f->hold_reads = true;
		assert_there(fx, i, &w);
	}
	assert_true(slept > 0);
}

/* ---- what happens meanwhile ---- */

/* Who waits goes: does the page come all the same, and is nothing left? */
static void
test_leave(void **state)
{
	struct fixture *fx = *state;
	struct memfile *f = map_slow(fx, VM_MMAP_SHARED);
	struct vm_fault_wait w = { .tries = 0 }, ended = { .tries = 0 };

	assert_int_equal(try_read(fx, 0, &w), VM_EWAIT);
	assert_int_equal(try_read(fx, 1, &ended), VM_EWAIT);
	memfile_let_go(f, 1);
	vm_fault_leave(&ended);
	vm_fault_leave(&w);
	let_all_go(fx);
	assert_int_equal(nresident(fx, 0, N), 2);
	assert_int_equal(f->reads, 2);
}

/* The mapping goes, and waits for nothing; who maps the file again finds what
 * has come. */
static void
test_unmap(void **state)
{
	struct fixture *fx = *state;
	struct memfile *f = map_slow(fx, VM_MMAP_SHARED);
	struct vm_fault_wait w = { .tries = 0 };

	assert_int_equal(try_read(fx, 0, &w), VM_EWAIT);
	assert_int_equal(unmap(fx, 0, N), VM_OK);
	assert_int_equal(f->nheld, 1);
	let_all_go(fx);
	assert_int_equal(try_read(fx, 0, &w), VM_EFAULT);
	assert_int_equal(f->opens, 1);
	assert_int_equal(map_file(fx, 0, N, VM_MMAP_SHARED, 0), VM_OK);
	assert_int_equal(load(fx, 0), 'A');
	assert_int_equal(f->reads, 1);
}

/* Of a file that nobody can find again. */
static struct memfile *
map_unknown(struct fixture *fx)
{
	struct memfile *f = slow_file(fx);
	const struct vm_object_key none = { 0, 0 };
	struct vm_object *obj;
	bool taken;

	obj = vm_file_object(fx->sys, &memfile_slow_ops, f, none, &taken);
	assert_true(obj != NULL && taken);
	f->opens++;
	assert_int_equal(fx_map_at(fx, fx->vs, 0, N, VM_MMAP_SHARED, obj, 0),
	    VM_OK);
	vm_object_unref(obj);
	assert_int_equal(advise(fx, N, VM_MADV_SEQUENTIAL), VM_OK);
	return f;
}

/* Its object ends while it is read: nobody waits for that, and the end of the
 * read is the end of the object.  Its error is told all the same. */
static void
end_meanwhile(struct fixture *fx, void (*end_read)(struct memfile *), int error)
{
	struct memfile *f = map_unknown(fx);
	struct vm_fault_wait w = { .tries = 0 };

	assert_int_equal(try_read(fx, 3, &w), VM_EWAIT);
	assert_int_equal(unmap(fx, 0, N), VM_OK);
	assert_int_equal(f->nheld, 1);
	assert_int_equal(f->opens, 1);
	assert_true(pages_used(fx) != 0);
	vm_check(fx->sys);
	end_read(f);
	assert_int_equal(f->opens, 0);
	assert_int_equal(f->nheld, 0);
	assert_int_equal(pages_used(fx), 0);
	assert_int_equal(try_read(fx, 3, &w), error);
}

static void
fail_first(struct memfile *f)
{
	memfile_fail_held(f, 0);
}

static void
cut_and_let_go(struct memfile *f)
{
	f->size = 0;
	memfile_let_all_go(f);
}

static void
test_object_ends(void **state)
{
	end_meanwhile(*state, memfile_let_all_go, VM_EFAULT);
}

static void
test_object_ends_error(void **state)
{
	end_meanwhile(*state, fail_first, VM_EIO);
}

static void
test_object_ends_short(void **state)
{
	end_meanwhile(*state, cut_and_let_go, VM_ERANGE);
}

/* It ends while the wanted page is tried alone. */
static void
test_object_ends_in_retry(void **state)
{
	struct fixture *fx = *state;
	struct memfile *f = map_unknown(fx);
	struct vm_fault_wait w = { .tries = 0 };

	assert_int_equal(try_read(fx, 0, &w), VM_EWAIT);
	memfile_fail_held(f, 0);
	assert_int_equal(f->nheld, 1);
	assert_int_equal(unmap(fx, 0, N), VM_OK);
	assert_int_equal(f->opens, 1);
	memfile_fail_held(f, 0);
	assert_int_equal(f->opens, 0);
	vm_fault_leave(&w);
}

/* A page of it is written at the same time: that is waited for. */
static void
test_object_ends_written(void **state)
{
	struct fixture *fx = *state;
	struct memfile *f = map_unknown(fx);
	struct vm_fault_wait w = { .tries = 0 };

	assert_int_equal(advise(fx, N, VM_MADV_RANDOM), VM_OK);
	f->hold_reads = false;
	assert_int_equal(store(fx, 0, 'x'), VM_OK);
	f->hold = f->hold_reads = true;
	assert_int_equal(try_read(fx, 4, &w), VM_EWAIT);
	vm_fault_leave(&w);
	fx->on_wait = let_all_go;
	assert_int_equal(unmap(fx, 0, N), VM_OK);
	assert_int_equal(f->opens, 0);
	assert_int_equal(f->bytes[0], 'x');
}

/* The file becomes shorter: what is behind its end goes when it has come, and
 * the rest of its last page is zeroes.
 *
 *	page 0 1 2 3 4 5 6 7	cut 100 bytes into page 2
 */
static void
test_truncate(void **state)
{
	struct fixture *fx = *state;
	struct memfile *f = map_windows(fx, VM_MMAP_SHARED);
	struct vm_object *obj = entry_of(fx->vs, 0)->object;
	struct vm_fault_wait w = { .tries = 0 };
	uint8_t bytes[FX_PAGE];

	assert_int_equal(try_read(fx, 0, &w), VM_EWAIT);
	fx->on_wait = let_all_go;
	vm_object_truncate(obj, 2 * FX_PAGE + 100);
	assert_int_equal(f->nheld, 0);
	f->size = 2 * FX_PAGE + 100;
	assert_there(fx, 0, &w);
	assert_int_equal(nresident(fx, 0, N), 3);
	assert_int_equal(fx_access(fx, fx->vs, 2, VM_PROT_READ, bytes, FX_PAGE),
	    VM_OK);
	assert_int_equal(bytes[99], 'C');
	assert_int_equal(bytes[100], 0);
	assert_int_equal(load(fx, 3), -VM_ERANGE);
}

/* What has changed behind our back is read again. */
static void
test_invalidate(void **state)
{
	struct fixture *fx = *state;
	struct memfile *f = map_slow(fx, VM_MMAP_SHARED);
	struct vm_object *obj = entry_of(fx->vs, 0)->object;
	struct vm_fault_wait w = { .tries = 0 };

	assert_int_equal(try_read(fx, 0, &w), VM_EWAIT);
	fx->on_wait = let_all_go;
	vm_object_invalidate(obj, 0, N);
	memset(f->bytes, 'x', FX_PAGE);
	vm_fault_leave(&w);
	assert_int_equal(load(fx, 0), 'x');
}

/* Does writing leave out what is being read, and not wait for it? */
static void
test_flush(void **state)
{
	struct fixture *fx = *state;
	struct memfile *f = map_slow(fx, VM_MMAP_SHARED);
	struct vm_object *obj = entry_of(fx->vs, 0)->object;
	struct vm_fault_wait w = { .tries = 0 };

	f->hold_reads = false;
	assert_int_equal(store(fx, 3, 'x'), VM_OK);
	f->hold_reads = true;
	assert_int_equal(try_read(fx, 2, &w), VM_EWAIT);
	assert_int_equal(vm_object_flush(obj, 0, N), VM_OK);
	assert_int_equal(f->bytes[3 * FX_PAGE], 'x');
	assert_int_equal(f->nheld, 1);
	let_all_go(fx);
	assert_there(fx, 2, &w);
}

/* Too many objects are cached: one that is being read is let go of later. */
static void
test_cache_limit(void **state)
{
	struct fixture *fx = *state;
	struct memfile *f = map_slow(fx, VM_MMAP_SHARED);
	struct vm_fault_wait w = { .tries = 0 };

	assert_int_equal(try_read(fx, 0, &w), VM_EWAIT);
	vm_object_cache_limit(fx->sys, 0);
	assert_int_equal(unmap(fx, 0, N), VM_OK);
	assert_int_equal(f->opens, 1);
	vm_fault_leave(&w);
	let_all_go(fx);
	assert_int_equal(f->opens, 1);
	vm_object_cache_limit(fx->sys, 0);
	assert_int_equal(f->opens, 0);
	vm_object_cache_limit(fx->sys, SIZE_MAX);
}

/* Is what is under way not counted as free, and gone with its object? */
static void
test_reclaim(void **state)
{
	struct fixture *fx = *state;
	struct memfile *f = map_slow(fx, VM_MMAP_SHARED);
	struct vm_fault_wait w = { .tries = 0 };

	f->hold_reads = false;
	assert_int_equal(load(fx, 1), 'B');
	f->hold_reads = true;
	assert_int_equal(try_read(fx, 0, &w), VM_EWAIT);
	vm_fault_leave(&w);
	assert_int_equal(unmap(fx, 0, N), VM_OK);
	vm_object_cache_limit(fx->sys, SIZE_MAX);
	assert_int_equal(vm_object_reclaim(fx->sys, SIZE_MAX), 1);
	assert_int_equal(f->opens, 1);
	let_all_go(fx);
	assert_int_equal(f->opens, 0);
}

/* The space ends, and the system: that waits for what nobody wants any more. */
static void
test_exit(void **state)
{
	const struct soft_config config = { .npages = FX_FRAMES,
		.va_min = FX_BASE,
		.va_max = FX_BASE + FX_CELLS * FX_PAGE };
	struct vm_fault_wait w = { .tries = 0 };
	struct fixture *fx = fixture_create(&config);
	struct memfile *f;

	(void)state;
	assert_non_null(fx);
	f = map_windows(fx, VM_MMAP_SHARED);
	assert_int_equal(try_read(fx, 0, &w), VM_EWAIT);
	vm_fault_leave(&w);
	vmspace_unref(fx->vs);
	fx->vs = NULL;
	assert_int_equal(f->nheld, 1);
	fx->on_wait = let_all_go;
	vm_system_destroy(fx->sys);
	fx->sys = NULL;
	assert_int_equal(f->opens, 0);
	assert_int_equal(fx->env.blocks, 0);
	assert_null(fixture_destroy(fx));
}

/* ---- ahead ---- */

/* Is one request made, up to what is there, and told to nobody? */
static void
test_read_ahead(void **state)
{
	struct fixture *fx = *state;
	struct memfile *f = map_slow(fx, VM_MMAP_SHARED);
	struct vm_object *obj = entry_of(fx->vs, 0)->object;

	f->hold_reads = false;
	assert_int_equal(load(fx, 5), 'F');
	f->hold_reads = true;
	assert_int_equal(vm_object_read_ahead(obj, 5, N), VM_OK);
	assert_int_equal(f->nheld, 0);
	assert_int_equal(vm_object_read_ahead(obj, 2, N), VM_OK);
	assert_int_equal(f->nheld, 1);
	assert_int_equal(f->held[0]->npages, 3);
	assert_int_equal(vm_object_read_ahead(obj, 2, N), VM_OK);
	assert_int_equal(f->nheld, 1);
	let_all_go(fx);
	assert_int_equal(nresident(fx, 0, N), 4);
	assert_int_equal(STAT(fx, ra_pages), 3);
	assert_int_equal(vm_object_read_ahead(obj, N, N + 1), VM_ERANGE);
	memfile_fail(f, 1, false);
	assert_int_equal(vm_object_read_ahead(obj, 0, 2), VM_EIO);
	assert_int_equal(f->failures, 1);
	assert_int_equal(nresident(fx, 0, N), 4);
}

/* An error of what is read ahead is tried again by nobody. */
static void
test_read_ahead_fails_later(void **state)
{
	struct fixture *fx = *state;
	struct memfile *f = map_slow(fx, VM_MMAP_SHARED);
	struct vm_object *obj = entry_of(fx->vs, 0)->object;

	assert_int_equal(vm_object_read_ahead(obj, 0, N), VM_OK);
	memfile_fail_held(f, 0);
	assert_int_equal(f->nheld, 0);
	assert_int_equal(pages_used(fx), 0);
}

/* Does advice begin all that is not there, in requests as long as can be, and
 * leave out what private pages hide?
 *
 *	page 0 1 2 3 4 5 6 7
 *	     r r p r r r h r	p: private, h: there already
 */
static void
test_willneed(void **state)
{
	struct fixture *fx = *state;
	struct memfile *f = map_slow(fx, VM_MMAP_PRIVATE);
	unsigned reads;

	f->hold_reads = false;
	assert_int_equal(store(fx, 2, 'x'), VM_OK);
	vm_object_toss(entry_of(fx->vs, 0)->object, 2, 3);
	assert_int_equal(load(fx, 6), 'G');
	reads = f->reads;
	f->hold_reads = true;
	assert_int_equal(advise(fx, N, VM_MADV_WILLNEED), VM_OK);
	assert_int_equal(f->nheld, 3);
	assert_int_equal(f->held[0]->npages, 2);
	assert_int_equal(f->held[1]->npages, 3);
	assert_int_equal(f->held[2]->npages, 1);
	assert_int_equal(advise(fx, N, VM_MADV_WILLNEED), VM_OK);
	assert_int_equal(f->nheld, 3);
	while (f->nheld != 0)
		memfile_let_go(f, f->nheld / 2);
	assert_int_equal(f->reads - reads, 3);
	assert_int_equal(nresident(fx, 0, N), N);
	assert_int_equal(load(fx, 2), 'x');
	assert_int_equal(load(fx, 7), 'H');
	assert_int_equal(f->reads - reads, 3);
}

/* Does it stop at the end of the file, and go on with the next one? */
static void
test_willneed_end(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(map_file(fx, 0, 500, VM_MMAP_SHARED, 0), VM_OK);
	assert_int_equal(map_file(fx, 500, N, VM_MMAP_SHARED, 1), VM_OK);
	assert_int_equal(advise(fx, 500 + N, VM_MADV_WILLNEED), VM_OK);
	assert_int_equal(nresident(fx, 0, 500 + N), 2 * N);
	assert_in_range(STAT(fx, pagein_io), 3, 4);
}

/* Is nothing made to go for what may be needed? */
static void
test_willneed_memory_short(void **state)
{
	struct fixture *fx = *state;
	struct memfile *f = slow_file(fx);
	size_t used = FX_FRAMES - 40;

	f->hold_reads = false;
	f->size = 64 * FX_PAGE;
	assert_int_equal(map_anon(fx, 100, used), VM_OK);
	for (size_t i = 0; i < used; i++)
		assert_int_equal(store(fx, 100 + i, 'x'), VM_OK);
	assert_int_equal(map_file(fx, 0, 64, VM_MMAP_SHARED, 0), VM_OK);
	assert_int_equal(advise(fx, 64, VM_MADV_WILLNEED), VM_OK);
	assert_in_range(nresident(fx, 0, 64), 4, 36);
	assert_int_equal(STAT(fx, fault_nomem), 0);
}

/* A fault that is tried, and the advice, with each request for memory failing:
 * the pages come all the same. */
static bool
play_failing(uint64_t n, enum faulty_mode mode)
{
	const struct soft_config config = { .npages = FX_FRAMES,
		.va_min = FX_BASE,
		.va_max = FX_BASE + FX_CELLS * FX_PAGE };
	struct fixture *fx = fixture_create(&config);
	struct vm_fault_wait w = { .tries = 0 };
	struct memfile *f;
	bool failed;

	assert_non_null(fx);
	f = map_windows(fx, VM_MMAP_SHARED);
	fx->on_wait = let_all_go;
	faulty_fail(&fx->env, n, mode);
	(void)try_read(fx, 1, &w);
	(void)advise(fx, N, VM_MADV_WILLNEED);
	failed = fx->env.failures != 0;
	faulty_fail(&fx->env, 0, mode);
	let_all_go(fx);
	vm_fault_leave(&w);
	for (size_t i = 0; i < N; i++)
		assert_int_equal(load(fx, i), 'A' + (int)i);
	vm_check(fx->sys);
	assert_int_equal(f->failures, 0);
	assert_null(fixture_destroy(fx));
	return failed;
}

static void
test_each_failure(void **state)
{
	(void)state;
	assert_true(fx_each_failure(play_failing) > 1);
}

int
main(void)
{
	static const struct fx_test tests[] = {
		FX_TEST(test_does_not_sleep),
		FX_TEST(test_window),
		FX_TEST(test_order),
		FX_TEST(test_busy),
		FX_TEST(test_sleeper),
		FX_TEST(test_private_write),
		FX_TEST(test_at_once),
		FX_TEST(test_plain_get),
		FX_TEST(test_error_in_window),
		FX_TEST(test_error),
		FX_TEST(test_short),
		FX_TEST(test_end),
		FX_TEST(test_host_memory_fails),
		FX_TEST(test_leave),
		FX_TEST(test_unmap),
		FX_TEST(test_object_ends),
		FX_TEST(test_object_ends_error),
		FX_TEST(test_object_ends_short),
		FX_TEST(test_object_ends_in_retry),
		FX_TEST(test_object_ends_written),
		FX_TEST(test_truncate),
		FX_TEST(test_invalidate),
		FX_TEST(test_flush),
		FX_TEST(test_cache_limit),
		FX_TEST(test_reclaim),
		FX_BARE(test_exit),
		FX_TEST(test_read_ahead),
		FX_TEST(test_read_ahead_fails_later),
		FX_TEST(test_willneed),
		FX_TEST(test_willneed_end),
		FX_TEST(test_willneed_memory_short),
		FX_BARE(test_each_failure),
	};

	return FX_RUN("vm_object_read", tests);
}
