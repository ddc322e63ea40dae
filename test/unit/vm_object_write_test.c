/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_object_write_test.c - writing back, with a file that takes its time: what
 * it holds back is under way, until the test lets it go.
 *
 * The files have 8 pages, of which page i is filled with 'A' + i.
 */
#include "test/unit/base_test.h"
#include "test/unit/fixture.h"
#include "vm/vm_page.h"
#include "vm/vm_pageout.h"
#include "vm/vm_pageq.h"

#define STAT(fx, name) ((int)atomic_load(&(fx)->sys->stats.name))

static struct memfile *
slow_file(struct fixture *fx, unsigned file)
{
	struct memfile *f = &fx->files[file];

	f->slow = true;
	f->hold = true;
	return f;
}

/* Map all of a file at [at, at + 8), and dirty those pages that are named. */
static struct vm_object *
map_dirty(struct fixture *fx, size_t at, unsigned file, const char *pages)
{
	assert_int_equal(map_file(fx, at, 8, VM_MMAP_SHARED, file), VM_OK);
	for (; *pages != '\0'; pages++)
		assert_int_equal(store(fx, at + (size_t)(*pages - '0'), *pages),
		    VM_OK);
	return entry_of(fx->vs, at)->object;
}

static struct vm_page *
page_of(struct vm_object *obj, vm_pindex_t i)
{
	struct vm_page *pg;

	vm_object_lock(obj);
	pg = vm_object_lookup(obj, i);
	vm_object_unlock(obj);
	return pg;
}

/* The page is not used any more: the page daemon will come for it. */
static void
deactivate(struct fixture *fx, struct vm_object *obj, vm_pindex_t i)
{
	struct vm_page *pg = page_of(obj, i);

	vm_object_lock(obj);
	(void)pmap_clear_reference(fx->machine, pg);
	vm_pageq_put(fx->sys, pg, VM_PAGE_INACTIVE);
	vm_object_unlock(obj);
}

/* As the page daemon does with a dirty page; how many are under way. */
static size_t
page_out(struct fixture *fx, struct vm_object *obj, vm_pindex_t i)
{
	struct vm_page *pg;

	vm_object_lock(obj);
	pg = vm_object_lookup(obj, i);
	assert_non_null(pg);
	vm_page_unmap(fx->sys, pg);
	return pg->owner_ops->write(fx->sys, pg);
}

static int
msync_all(struct fixture *fx, size_t at, unsigned flags)
{
	return vm_msync(fx->vs, fx_va(at), 8 * FX_PAGE, flags);
}

/* ---- ASYNC ---- */

/* Does ASYNC return while several requests are under way, and are the pages
 * written once they are let go?
 *
 *	page 0 1 2 3 4 5 6 7
 *	     d   d   d d   d
 */
static void
test_async(void **state)
{
	struct fixture *fx = *state;
	struct memfile *f = slow_file(fx, 0);
	struct vm_object *obj = map_dirty(fx, 0, 0, "02457");

	assert_int_equal(msync_all(fx, 0, VM_MS_ASYNC), VM_OK);
	assert_int_equal(f->nheld, 4);
	assert_int_equal(f->held[2]->npages, 2);
	assert_true(page_of(obj, 4)->busy);
	assert_false(page_of(obj, 1)->busy);
	assert_int_equal(STAT(fx, pageouts), 0);
	/* what is under way is not begun again */
	assert_int_equal(msync_all(fx, 0, VM_MS_ASYNC), VM_OK);
	assert_int_equal(f->nheld, 4);
	memfile_let_all_go(f);
	assert_int_equal(f->bytes[5 * FX_PAGE], '5');
	assert_int_equal(f->bytes[6 * FX_PAGE], 'G');
	assert_int_equal(STAT(fx, pageouts), 5);
	assert_int_equal(STAT(fx, pageout_io), 4);
	assert_int_equal(pages_used(fx), 8);
	assert_int_equal(msync_all(fx, 0, VM_MS_SYNC), VM_OK);
	assert_int_equal(f->writes, 4);
}

/* Is a page that is under way read where it is mapped? */
static void
test_readable(void **state)
{
	struct fixture *fx = *state;
	struct memfile *f = slow_file(fx, 0);

	(void)map_dirty(fx, 0, 0, "3");
	assert_int_equal(msync_all(fx, 0, VM_MS_ASYNC), VM_OK);
	assert_true(mapping_of(fx->vs, 3).prot & VM_PROT_READ);
	assert_false(may_write(fx->vs, 3));
	assert_int_equal(load(fx, 3), '3');
	memfile_let_all_go(f);
	assert_int_equal(store(fx, 3, 'x'), VM_OK);
	assert_int_equal(msync_all(fx, 0, VM_MS_SYNC), VM_OK);
	assert_int_equal(f->bytes[3 * FX_PAGE], 'x');
}

/* Is a failure that comes later told to the next who asks, of whatever kind,
 * and to no more than one; and are the pages written then? */
static void
test_async_fails(void **state)
{
	static const unsigned kinds[] = { VM_MS_SYNC, VM_MS_ASYNC, 0 };
	struct fixture *fx = *state;
	struct memfile *f = slow_file(fx, 0);
	struct vm_object *obj = map_dirty(fx, 0, 0, "12");

	for (size_t i = 0; i < 3; i++) {
		f->hold = true;
		assert_int_equal(store(fx, 1, 'a' + (int)i), VM_OK);
		assert_int_equal(msync_all(fx, 0, VM_MS_ASYNC), VM_OK);
		memfile_fail(f, 1, false);
		memfile_let_all_go(f);
		assert_true(page_of(obj, 1)->dirty);
		assert_int_equal(load(fx, 1), 'a' + (int)i);
		assert_int_equal(msync_all(fx, 0, kinds[i]), VM_EIO);
		assert_int_equal(f->bytes[FX_PAGE], 'a' + (int)i);
		assert_int_equal(msync_all(fx, 0, VM_MS_SYNC), VM_OK);
	}
	assert_int_equal(STAT(fx, pageout_errors), 2 + 1 + 1);
}

/* ---- SYNC ---- */

/* Is a file synced when something was written to it, and again when that has
 * failed; and only if asked? */
static void
test_sync(void **state)
{
	struct fixture *fx = *state;
	struct memfile *f = slow_file(fx, 0);

	f->hold = false;
	(void)map_dirty(fx, 0, 0, "1");
	assert_int_equal(msync_all(fx, 0, VM_MS_ASYNC), VM_OK);
	assert_int_equal(msync_all(fx, 0, 0), VM_OK);
	assert_int_equal(f->syncs, 0);
	f->sync_fails = true;
	assert_int_equal(msync_all(fx, 0, VM_MS_SYNC), VM_EIO);
	assert_int_equal(f->syncs, 1);
	f->sync_fails = false;
	assert_int_equal(msync_all(fx, 0, VM_MS_SYNC), VM_OK);
	assert_int_equal(msync_all(fx, 0, VM_MS_SYNC), VM_OK);
	assert_int_equal(f->syncs, 2);
	assert_int_equal(f->writes, 1);
}

/* ---- the last unmap ---- */

/* Does the last unmap return before the pages are written, and the object
 * live until then? */
static void
test_unmap(void **state)
{
	struct fixture *fx = *state;
	struct memfile *f = slow_file(fx, 0);

	(void)map_dirty(fx, 0, 0, "14");
	assert_int_equal(unmap(fx, 0, 8), VM_OK);
	assert_int_equal(f->nheld, 2);
	assert_int_equal(f->opens, 1);
	memfile_let_all_go(f);
	assert_int_equal(f->bytes[FX_PAGE], '1');
	assert_int_equal(f->bytes[4 * FX_PAGE], '4');
	(void)vm_object_reclaim(fx->sys, SIZE_MAX);
	assert_int_equal(f->opens, 0);
	assert_int_equal(pages_used(fx), 0);
}

/* Is what could not be written then kept, and written another time? */
static void
test_unmap_fails(void **state)
{
	struct fixture *fx = *state;
	struct memfile *f = slow_file(fx, 0);

	(void)map_dirty(fx, 0, 0, "1");
	assert_int_equal(unmap(fx, 0, 8), VM_OK);
	memfile_fail(f, 1, false);
	memfile_let_all_go(f);
	assert_int_equal(STAT(fx, pageout_errors), 1);
	assert_int_equal(map_file(fx, 0, 8, VM_MMAP_SHARED, 0), VM_OK);
	assert_int_equal(load(fx, 1), '1');
	assert_int_equal(msync_all(fx, 0, VM_MS_SYNC), VM_EIO);
	assert_int_equal(f->bytes[FX_PAGE], '1');
}

/* Or at the latest when the object is made to go? */
static void
test_reclaim_unwritten(void **state)
{
	struct fixture *fx = *state;
	struct memfile *f = slow_file(fx, 0);

	(void)map_dirty(fx, 0, 0, "15");
	assert_int_equal(unmap(fx, 0, 8), VM_OK);
	memfile_fail(f, 1, true);
	memfile_let_all_go(f);
	memfile_fail(f, 0, false);
	(void)vm_object_reclaim(fx->sys, SIZE_MAX);
	assert_int_equal(f->bytes[FX_PAGE], '1');
	assert_int_equal(f->bytes[5 * FX_PAGE], '5');
}

/* Do objects go in the end whose pages the page daemon has taken? */
static void
test_emptied(void **state)
{
	struct fixture *fx = *state;
	struct memfile *many = calloc(100, sizeof(*many));
	struct vm_object *obj;
	unsigned open = 0;

	if (fx_is(&vm_design_dragonfly)) {
		free(many);
		return; /* what is spare stays as it is, and so does the file */
	}
	assert_non_null(many);
	for (size_t i = 0; i < 100; i++) {
		many[i].size = FX_PAGE;
		obj = memfile_object(fx->sys, &many[i]);
		assert_non_null(obj);
		assert_int_equal(fx_map_at(fx, fx->vs, 0, 1, VM_MMAP_SHARED,
				     obj, 0),
		    VM_OK);
		vm_object_unref(obj);
		assert_int_equal(load(fx, 0), 0);
		assert_int_equal(unmap(fx, 0, 1), VM_OK);
		(void)vm_pageout(fx->sys, FX_FRAMES);
	}
	for (size_t i = 0; i < 100; i++)
		open += many[i].opens;
	assert_in_range(open, 0, 40);
	(void)vm_object_reclaim(fx->sys, SIZE_MAX);
	free(many);
}

/* ---- the page daemon ---- */

/* Are the page that was to go and its neighbours that nobody uses free as soon
 * as they are written, while those in use stay?
 *
 *	page 0 1 2 3 4 5 6 7
 *	       d d D d   d	dirty; D is to go
 *	       i a i a   i	active, inactive
 */
static void
test_goes(void **state)
{
	struct fixture *fx = *state;
	struct memfile *f = slow_file(fx, 0);
	struct vm_object *obj = map_dirty(fx, 0, 0, "12346");
	size_t used = pages_used(fx);

	deactivate(fx, obj, 1);
	deactivate(fx, obj, 3);
	deactivate(fx, obj, 6);
	vm_object_lock(obj);
	(void)pmap_clear_reference(fx->machine, vm_object_lookup(obj, 2));
	vm_pageq_activate(fx->sys, vm_object_lookup(obj, 2));
	vm_object_unlock(obj);
	assert_int_equal(page_out(fx, obj, 3), 4);
	assert_int_equal(f->nheld, 1);
	assert_int_equal(f->held[0]->offset, FX_PAGE);
	assert_null(mapping_of(fx->vs, 1).page);
	assert_non_null(mapping_of(fx->vs, 2).page);
	assert_int_equal(pages_used(fx), used);
	memfile_let_all_go(f);
	assert_int_equal(pages_used(fx), used - 2);
	assert_null(page_of(obj, 1));
	assert_null(page_of(obj, 3));
	assert_false(page_of(obj, 2)->dirty);
	assert_true(page_of(obj, 6) != NULL);
	for (size_t i = 1; i < 5; i++)
		assert_int_equal(load(fx, i), '0' + (int)i);
}

/* Does a page stay that somebody has asked for meanwhile, and one that could
 * not be written; and is the latter not tried again at once? */
static void
test_stays(void **state)
{
	struct fixture *fx = *state;
	struct memfile *f = slow_file(fx, 0);
	struct vm_object *obj = map_dirty(fx, 0, 0, "15");

	assert_int_equal(page_out(fx, obj, 1), 1);
	assert_int_equal(page_out(fx, obj, 5), 1);
	vm_object_lock(obj);
	(void)vm_page_want(fx->sys, vm_object_lookup(obj, 1));
	vm_object_unlock(obj);
	memfile_let_go(f, 0);
	assert_non_null(page_of(obj, 1));
	assert_false(page_of(obj, 1)->busy);
	memfile_fail(f, 1, false);
	memfile_let_go(f, 0);
	assert_true(page_of(obj, 5)->dirty);
	assert_int_equal(page_of(obj, 5)->state, VM_PAGE_ACTIVE);
	f->hold = false;
	assert_int_equal(page_out(fx, obj, 5), 0);
	assert_null(page_of(obj, 5));
	assert_int_equal(load(fx, 5), '5');
	assert_int_equal(load(fx, 1), '1');
	assert_int_equal(msync_all(fx, 0, VM_MS_SYNC), VM_EIO);
}

/* Can a slow file not take all that there is to write with? */
static void
test_in_turn(void **state)
{
	struct fixture *fx = *state;
	struct memfile *slow = slow_file(fx, 0);
	struct vm_object *a, *b;
	unsigned i;

	slow->size = 64 * FX_PAGE;
	assert_int_equal(map_file(fx, 0, 64, VM_MMAP_SHARED, 0), VM_OK);
	for (i = 0; i < 64; i += 2)
		assert_int_equal(store(fx, i, 'x'), VM_OK);
	a = entry_of(fx->vs, 0)->object;
	b = map_dirty(fx, 80, 1, "0");
	for (i = 0; i < 64 && page_out(fx, a, i) == 1; i += 2)
		;
	assert_in_range(i, 4, 20);
	assert_int_equal(slow->nheld, i / 2);
	assert_int_equal(page_out(fx, b, 0), 1);
	assert_null(page_of(b, 0));
	memfile_let_all_go(slow);
	assert_int_equal(page_out(fx, a, i), 1);
	assert_null(page_of(a, i));
}

/* Are pages that are cut off while they are written no trouble, and the rest
 * of them written? */
static void
test_cut_off(void **state)
{
	struct fixture *fx = *state;
	struct memfile *f = slow_file(fx, 0);
	struct vm_object *obj = map_dirty(fx, 0, 0, "4567");

	assert_int_equal(page_out(fx, obj, 5), 4);
	f->size = 5 * FX_PAGE + 10;
	memfile_let_all_go(f);
	assert_int_equal(f->bytes[5 * FX_PAGE + 9], '5');
	assert_int_equal(f->bytes[5 * FX_PAGE + 10], 'F');
	vm_object_toss(obj, 6, UINT64_MAX);
	assert_int_equal(load(fx, 6), -VM_ERANGE);
	/* and before: the pager finds out */
	assert_int_equal(store(fx, 5, 'x'), VM_OK);
	assert_int_equal(store(fx, 4, 'x'), VM_OK);
	f->size = 4 * FX_PAGE + 10;
	assert_int_equal(msync_all(fx, 0, VM_MS_SYNC), VM_OK);
	assert_int_equal(f->bytes[4 * FX_PAGE], 'x');
	assert_null(page_of(obj, 5));
	assert_int_equal(load(fx, 5), -VM_ERANGE);
	assert_int_equal(load(fx, 4), 'x');
}

/* ---- waiting ---- */

/* What happens as soon as somebody waits: the file lets go, and before that
 * it is cut off, if so wished. */
static struct {
	struct memfile *file;
	struct vm_object *cut; /* NULL: it is not */
	unsigned times;
} meanwhile;

static void
while_waiting(void *ctx, const _Atomic uint32_t *word, uint32_t value)
{
	(void)ctx, (void)word, (void)value;
	meanwhile.times++;
	if (meanwhile.cut != NULL)
		meanwhile.file->size = 4 * FX_PAGE + 10;
	memfile_let_all_go(meanwhile.file);
	if (meanwhile.cut != NULL)
		vm_object_toss(meanwhile.cut, 5, UINT64_MAX);
}

static void
wake_nobody(void *ctx, const _Atomic uint32_t *word)
{
	(void)ctx, (void)word;
}

static void
let_wait(struct fixture *fx, struct memfile *f, struct vm_object *cut)
{
	meanwhile.file = f;
	meanwhile.cut = cut;
	meanwhile.times = 0;
	fx->env.env.wait = while_waiting;
	fx->env.env.wake = wake_nobody;
}

/* Do SYNC, and a store, wait for what is under way? */
static void
test_waits(void **state)
{
	struct fixture *fx = *state;
	struct memfile *f = slow_file(fx, 0);

	(void)map_dirty(fx, 0, 0, "14");
	let_wait(fx, f, NULL);
	assert_int_equal(msync_all(fx, 0, VM_MS_SYNC), VM_OK);
	assert_int_equal(meanwhile.times, 1);
	assert_int_equal(f->bytes[FX_PAGE], '1');
	assert_int_equal(f->bytes[4 * FX_PAGE], '4');
	f->hold = true;
	assert_int_equal(store(fx, 1, 'x'), VM_OK);
	assert_int_equal(msync_all(fx, 0, VM_MS_ASYNC), VM_OK);
	assert_int_equal(store(fx, 1, 'y'), VM_OK);
	assert_int_equal(meanwhile.times, 2);
	assert_int_equal(f->bytes[FX_PAGE], 'x');
	assert_int_equal(msync_all(fx, 0, VM_MS_INVALIDATE), VM_OK);
	assert_int_equal(f->bytes[FX_PAGE], 'y');
	assert_int_equal(pages_used(fx), 0);
}

/* Does truncation wait for a page that is being written, and a fault that
 * waits for the page find that it is gone? */
static void
test_cut_off_waiting(void **state)
{
	struct fixture *fx = *state;
	struct memfile *f = slow_file(fx, 0);
	struct vm_object *obj = map_dirty(fx, 0, 0, "6");

	assert_int_equal(page_out(fx, obj, 6), 1);
	let_wait(fx, f, NULL);
	vm_object_toss(obj, 6, UINT64_MAX);
	assert_int_equal(meanwhile.times, 1);
	assert_null(page_of(obj, 6));
	assert_int_equal(load(fx, 6), '6');
	f->hold = true;
	assert_int_equal(store(fx, 6, 'x'), VM_OK);
	assert_int_equal(page_out(fx, obj, 6), 1);
	let_wait(fx, f, obj);
	assert_int_equal(load(fx, 6), -VM_ERANGE);
	assert_int_equal(meanwhile.times, 1);
	assert_int_equal(f->bytes[6 * FX_PAGE], '6');
}

/* ---- truncation ---- */

/* Do pages behind a new end go, wherever they are mapped, and does the last
 * page end in zeroes: now, and when the file is longer again? */
static void
test_truncate(void **state)
{
	struct fixture *fx = *state;
	struct memfile *f = &fx->files[0];
	struct vm_object *obj = map_dirty(fx, 0, 0, "2467");
	uint8_t bytes[FX_PAGE];

	f->size = 4 * FX_PAGE + 100;
	vm_object_truncate(obj, f->size);
	assert_int_equal(load(fx, 6), -VM_ERANGE);
	assert_null(mapping_of(fx->vs, 7).page);
	assert_int_equal(load(fx, 2), '2');
	assert_int_equal(fx_access(fx, fx->vs, 4, VM_PROT_READ, bytes, FX_PAGE),
	    VM_OK);
	for (size_t i = 0; i < FX_PAGE; i++)
		assert_int_equal(bytes[i], i < 100 ? '4' : 0);
	assert_int_equal(msync_all(fx, 0, VM_MS_SYNC), VM_OK);
	assert_int_equal(f->bytes[4 * FX_PAGE + 99], '4');
	assert_int_equal(f->bytes[4 * FX_PAGE + 100], 'E');
	f->size = 2 * FX_PAGE;
	vm_object_truncate(obj, f->size);
	assert_int_equal(load(fx, 2), -VM_ERANGE);
	assert_int_equal(load(fx, 1), 'B');
}

/* And does it wait for the last page, when that is being written? */
static void
test_truncate_waits(void **state)
{
	struct fixture *fx = *state;
	struct memfile *f = slow_file(fx, 0);
	struct vm_object *obj = map_dirty(fx, 0, 0, "34");

	assert_int_equal(msync_all(fx, 0, VM_MS_ASYNC), VM_OK);
	f->size = 3 * FX_PAGE + 1;
	let_wait(fx, f, NULL);
	vm_object_truncate(obj, f->size);
	assert_int_equal(meanwhile.times, 1);
	assert_int_equal(load(fx, 3), '3');
	assert_int_equal(load(fx, 4), -VM_ERANGE);
	assert_int_equal(f->bytes[3 * FX_PAGE], '3');
	assert_int_equal(f->bytes[3 * FX_PAGE + 1], 'D');
}

/* ---- a failing disk ---- */

/*
 * Is nothing lost when the n-th write fails, by the page daemon or by msync?
 * More is stored than there is memory, then all of it is read.
 */
static void
test_nth_write_fails(void **state)
{
	struct fixture *fx = *state;
	unsigned n, i;

	for (i = 0; i < FX_FILES; i++) {
		fx->files[i].slow = i == 0;
		fx->files[i].size = 64 * FX_PAGE;
	}
	for (n = 1; n < 12; n++) {
		assert_int_equal(map_file(fx, 0, 64, VM_MMAP_SHARED, 0), VM_OK);
		assert_int_equal(map_file(fx, 64, 64, VM_MMAP_SHARED, 1),
		    VM_OK);
		fx->files[n & 1].bad_write = fx->files[n & 1].writes + n;
		fx->files[n & 1].full = n % 3 == 0;
		for (i = 0; i < 128; i++) {
			assert_int_equal(store(fx, i, (int)(i + n) & 0x7f),
			    VM_OK);
			if (i % 8 == 7)
				(void)vm_pageout(fx->sys, FX_FRAMES - i % 5);
		}
		(void)msync_all(fx, 0, VM_MS_ASYNC);
		for (i = 0; i < 128; i++)
			assert_int_equal(load(fx, i), (i + n) & 0x7f);
		fx->files[n & 1].full = false;
		fx->files[n & 1].bad_write = 0;
		(void)vm_msync(fx->vs, fx_va(0), 128 * FX_PAGE, 0);
		assert_int_equal(vm_msync(fx->vs, fx_va(0), 128 * FX_PAGE,
				     VM_MS_SYNC),
		    VM_OK);
		for (i = 0; i < 128; i++)
			assert_int_equal(
			    fx->files[i / 64].bytes[i % 64 * FX_PAGE],
			    (i + n) & 0x7f);
		assert_int_equal(unmap(fx, 0, 128), VM_OK);
	}
}

/* And no wrong byte read, when the n-th read fails. */
static void
test_nth_read_fails(void **state)
{
	struct fixture *fx = *state;
	unsigned n, i;
	int got;

	for (n = 1; n < 8; n++) {
		assert_int_equal(map_file(fx, 0, 8, VM_MMAP_SHARED, 0), VM_OK);
		memfile_fail(&fx->files[0], n, n % 3 == 0);
		for (i = 0; i < 32; i++) {
			got = load(fx, i % 8);
			assert_true(got == -VM_EIO || got == 'A' + (int)i % 8);
			if (i % 2 == 0)
				(void)vm_pageout(fx->sys, FX_FRAMES);
		}
		memfile_fail(&fx->files[0], 0, false);
		assert_int_equal(load(fx, 3), 'D');
		assert_int_equal(unmap(fx, 0, 8), VM_OK);
		(void)vm_object_reclaim(fx->sys, SIZE_MAX);
		assert_int_equal(pages_used(fx), 0);
	}
}

int
main(void)
{
	static const struct fx_test tests[] = {
		FX_TEST(test_async),
		FX_TEST(test_readable),
		FX_TEST(test_async_fails),
		FX_TEST(test_sync),
		FX_TEST(test_unmap),
		FX_TEST(test_unmap_fails),
		FX_TEST(test_reclaim_unwritten),
		FX_TEST(test_emptied),
		FX_TEST(test_goes),
		FX_TEST(test_stays),
		FX_TEST(test_in_turn),
		FX_TEST(test_cut_off),
		FX_TEST(test_waits),
		FX_TEST(test_cut_off_waiting),
		FX_TEST(test_truncate),
		FX_TEST(test_truncate_waits),
		FX_TEST(test_nth_write_fails),
		FX_TEST(test_nth_read_fails),
	};

	return FX_RUN("vm_object_write", tests);
}
