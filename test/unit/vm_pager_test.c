/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_pager_test.c - the three pagers of the core: files, shared anonymous
 * memory, frames of a device.
 */
#include "test/unit/base_test.h"
#include "test/unit/fixture.h"
#include "vm/vm_page.h"

/* ------------------------------------------------------------------- file */

/* Does the tail of the last page read as zeroes, whatever the frame held?
 *
 *	page 0 1 2 3
 *	     |file|		the file ends 100 bytes into page 2
 */
static void
test_file_tail(void **state)
{
	struct fixture *fx = *state;
	uint8_t bytes[FX_PAGE];

	fx->files[0].size = 2 * FX_PAGE + 100;
	assert_int_equal(map_file(fx, 0, 4, VM_MMAP_SHARED, 0), VM_OK);
	assert_int_equal(fx_access(fx, fx->vs, 2, VM_PROT_READ, bytes, FX_PAGE),
	    VM_OK);
	for (size_t i = 0; i < FX_PAGE; i++)
		assert_int_equal(bytes[i], i < 100 ? 'C' : 0);
}

/* Does what is written past the end stay out of the file?  (memfile aborts
 * when a request goes past it.) */
static void
test_file_write_tail(void **state)
{
	struct fixture *fx = *state;

	fx->files[0].size = 2 * FX_PAGE + 100;
	assert_int_equal(map_file(fx, 0, 4, VM_MMAP_SHARED, 0), VM_OK);
	assert_int_equal(store(fx, 2, 'x'), VM_OK);
	assert_int_equal(vm_msync(fx->vs, fx_va(0), 3 * FX_PAGE, VM_MS_SYNC),
	    VM_OK);
	assert_int_equal(fx->files[0].size, 2 * FX_PAGE + 100);
	assert_int_equal(fx->files[0].bytes[2 * FX_PAGE + 99], 'x');
	assert_int_equal(fx->files[0].bytes[2 * FX_PAGE + 100], 'C');
}

/* Is a page wholly past the end an error of its own? */
static void
test_file_past_end(void **state)
{
	struct fixture *fx = *state;
	size_t used;

	assert_int_equal(map_file(fx, 0, 12, VM_MMAP_SHARED, 0), VM_OK);
	assert_int_equal(load(fx, 7), 'H');
	used = pages_used(fx);
	assert_int_equal(load(fx, 8), -VM_ERANGE);
	assert_int_equal(store(fx, 11, 'x'), VM_ERANGE);
	assert_int_equal(pages_used(fx), used);
}

/* Is the size asked for each time?  The file shrinks, and grows again. */
static void
test_file_resized(void **state)
{
	struct fixture *fx = *state;
	struct vm_object *obj;

	assert_int_equal(map_file(fx, 0, 8, VM_MMAP_SHARED, 0), VM_OK);
	assert_int_equal(store(fx, 6, 'x'), VM_OK);
	obj = entry_of(fx->vs, 0)->object;
	memfile_resize(obj, &fx->files[0], 4 * FX_PAGE + 10);
	assert_int_equal(load(fx, 3), 'D');
	assert_int_equal(load(fx, 4), 'E');
	assert_int_equal(load(fx, 6), -VM_ERANGE);
	memfile_resize(obj, &fx->files[0], 8 * FX_PAGE);
	assert_true(page_is(fx, fx->vs, 6, 0));
}

/* Is a page that shrinking cut off lost, and not written behind the end? */
static void
test_file_put_past_end(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(map_file(fx, 0, 8, VM_MMAP_SHARED, 0), VM_OK);
	assert_int_equal(store(fx, 6, 'x'), VM_OK);
	fx->files[0].size = 4 * FX_PAGE;
	(void)vm_msync(fx->vs, fx_va(0), 8 * FX_PAGE, VM_MS_SYNC);
	assert_int_equal(fx->files[0].writes, 0);
}

/* Does a handle that is not wanted stay the caller's? */
static void
test_file_taken(void **state)
{
	struct fixture *fx = *state;
	struct vm_object_key key = { 1, 2 };
	struct vm_object *a, *b;
	bool taken;

	a = vm_file_object(fx->sys, &memfile_ops, &fx->files[0], key, &taken);
	assert_true(taken);
	fx->files[0].opens++;
	b = vm_file_object(fx->sys, &memfile_ops, &fx->files[1], key, &taken);
	assert_false(taken);
	assert_ptr_equal(a, b);
	assert_ptr_equal(vm_file_handle(b), &fx->files[0]);
	vm_object_unref(a);
	vm_object_unref(b);
}

/* ------------------------------------------------------------------- anon */

/* Does shared memory begin as zeroes, and live as long as somebody has it? */
static void
test_anon(void **state)
{
	struct fixture *fx = *state;
	struct vm_object *obj = anon_object(fx);

	assert_null(vm_file_handle(obj));
	assert_int_equal(fx_map_at(fx, fx->vs, 0, 4, VM_MMAP_SHARED, obj, 2),
	    VM_OK);
	assert_true(page_is(fx, fx->vs, 1, 0));
	assert_int_equal(store(fx, 1, 'x'), VM_OK);
	assert_int_equal(unmap(fx, 0, 4), VM_OK);
	assert_int_equal(fx_map_at(fx, fx->vs, 8, 4, VM_MMAP_SHARED, obj, 3),
	    VM_OK);
	assert_int_equal(load(fx, 8), 'x');
	vm_object_unref(obj);
	assert_int_equal(load(fx, 8), 'x');
	assert_int_equal(unmap(fx, 8, 4), VM_OK);
	assert_int_equal(pages_used(fx), 0);
}

/* Are two objects two memories, since they have no key? */
static void
test_anon_distinct(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(map_shared(fx, 0, 1), VM_OK);
	assert_int_equal(map_shared(fx, 1, 1), VM_OK);
	assert_int_equal(store(fx, 0, 'x'), VM_OK);
	assert_int_equal(load(fx, 1), 0);
	assert_ptr_not_equal(entry_of(fx->vs, 0)->object,
	    entry_of(fx->vs, 1)->object);
}

/* Has msync nothing to write there, and nothing to throw away? */
static void
test_anon_sync(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(map_shared(fx, 0, 2), VM_OK);
	assert_int_equal(store(fx, 0, 'x'), VM_OK);
	assert_int_equal(vm_msync(fx->vs, fx_va(0), 2 * FX_PAGE,
			     VM_MS_SYNC | VM_MS_INVALIDATE),
	    VM_OK);
	assert_int_equal(load(fx, 0), 'x');
}

/* ----------------------------------------------------------------- device */

static struct vm_object *
device(struct fixture *fx, uint64_t first, vm_pindex_t npages)
{
	struct vm_object *obj = NULL;

	assert_int_equal(vm_device_object(fx->sys, first, npages, &obj), VM_OK);
	return obj;
}

/* Are the device's frames what is mapped, and not of the system's pages? */
static void
test_device(void **state)
{
	struct fixture *fx = *state;
	uint64_t first = soft_device_frame(fx->machine);
	struct vm_object *obj = device(fx, first, 4);
	struct vm_page *pg;

	assert_int_equal(fx_map_at(fx, fx->vs, 0, 4, VM_MMAP_SHARED, obj, 0),
	    VM_OK);
	assert_int_equal(store(fx, 2, 'x'), VM_OK);
	pg = mapping_of(fx->vs, 2).page;
	assert_true(pg->fictitious);
	assert_int_equal(pg->frame, first + 2);
	assert_int_equal(pages_used(fx), 0);
	assert_int_equal(unmap(fx, 0, 4), VM_OK);
	assert_int_equal(fx_map_at(fx, fx->vs, 8, 1, VM_MMAP_SHARED, obj, 2),
	    VM_OK);
	assert_int_equal(load(fx, 8), 'x');
	vm_object_unref(obj);
}

/* Does a private mapping of a device copy, and leave the device alone? */
static void
test_device_private(void **state)
{
	struct fixture *fx = *state;
	uint64_t first = soft_device_frame(fx->machine);
	struct vm_object *obj = device(fx, first, 4);

	assert_int_equal(fx_map_at(fx, fx->vs, 0, 1, VM_MMAP_SHARED, obj, 0),
	    VM_OK);
	assert_int_equal(fx_map_at(fx, fx->vs, 4, 1, VM_MMAP_PRIVATE, obj, 0),
	    VM_OK);
	assert_int_equal(store(fx, 0, 'd'), VM_OK);
	assert_int_equal(load(fx, 4), 'd');
	assert_int_equal(store(fx, 4, 'p'), VM_OK);
	assert_int_equal(load(fx, 0), 'd');
	vm_object_unref(obj);
}

/* Is there nothing past the device's frames? */
static void
test_device_end(void **state)
{
	struct fixture *fx = *state;
	uint64_t first = soft_device_frame(fx->machine);
	struct vm_object *obj = device(fx, first, 2);

	assert_int_equal(fx_map_at(fx, fx->vs, 0, 4, VM_MMAP_SHARED, obj, 0),
	    VM_OK);
	assert_true(load(fx, 1) >= 0);
	assert_int_equal(load(fx, 2), -VM_ERANGE);
	vm_object_unref(obj);
}

/* Are frames refused that the port cannot map: of the system, of nobody? */
static void
test_device_frames(void **state)
{
	struct fixture *fx = *state;
	uint64_t first = soft_device_frame(fx->machine);
	struct vm_object *obj = NULL;

	assert_int_equal(vm_device_object(fx->sys, first, 0, &obj), VM_EINVAL);
	assert_int_equal(vm_device_object(fx->sys, first - 1, 2, &obj),
	    VM_EINVAL);
	assert_int_equal(vm_device_object(fx->sys, first, 5, &obj), VM_EINVAL);
	assert_int_equal(vm_device_object(fx->sys, first + 3, 2, &obj),
	    VM_EINVAL);
	assert_int_equal(vm_device_object(fx->sys, first + 4, 1, &obj),
	    VM_EINVAL);
	assert_int_equal(vm_device_object(fx->sys, UINT64_MAX, UINT64_MAX,
			     &obj),
	    VM_EINVAL);
	assert_null(obj);
	obj = device(fx, first + 3, 1);
	vm_object_unref(obj);
}

/* Does a port that has no devices say so? */
static void
test_device_none(void **state)
{
	struct soft_config config = { .npages = 64 };
	struct fixture *fx = fixture_create(&config);
	struct vm_object *obj = NULL;

	(void)state;
	assert_non_null(fx);
	assert_int_equal(vm_device_object(fx->sys,
			     soft_device_frame(fx->machine), 1, &obj),
	    VM_ENOTSUP);
	assert_null(obj);
	assert_null(fixture_destroy(fx));
}

int
main(void)
{
	const struct fx_test tests[] = {
		FX_TEST(test_file_tail),
		FX_TEST(test_file_write_tail),
		FX_TEST(test_file_past_end),
		FX_TEST(test_file_resized),
		FX_TEST(test_file_put_past_end),
		FX_TEST(test_file_taken),
		FX_TEST(test_anon),
		FX_TEST(test_anon_distinct),
		FX_TEST(test_anon_sync),
		FX_TEST(test_device),
		FX_TEST(test_device_private),
		FX_TEST(test_device_end),
		FX_TEST(test_device_frames),
		FX_BARE(test_device_none),
	};

	return FX_RUN("pager", tests);
}
