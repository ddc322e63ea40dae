/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_object_test.c - objects: keys and the cache, finding pages, reading in
 * clusters, writing back, forgetting, reclaiming.
 *
 * The pager is a file of 8 pages, of which page i is filled with 'A' + i.
 */
#include "test/unit/base_test.h"
#include "test/unit/fixture.h"
#include "vm/vm_page.h"
#include "vm/vm_pageq.h"

/* The page at an index, got as a fault would; NULL and *error when not. */
static struct vm_page *
get_page(struct vm_object *obj, vm_pindex_t pindex, vm_pindex_t limit,
    int *error)
{
	struct vm_read read;
	struct vm_object_want want = {
		.make = true,
		.io = true,
		.advice = VM_ADV_NORMAL,
		.limit = limit,
		.read = &read,
	};
	enum vm_verdict v;

	*error = VM_OK;
	for (;;) {
		vm_object_lock(obj);
		v = vm_object_resolve(obj, pindex, &want);
		vm_object_unlock(obj);
		if (v == VM_RESOLVE_OK)
			return want.page;
		if (v == VM_RESOLVE_NOMEM)
			*error = VM_ENOMEM;
		else
			*error = vm_object_read(&read);
		if (*error != VM_OK)
			return NULL;
	}
}

static uint8_t *
bytes_of(struct fixture *fx, struct vm_page *pg)
{
	return pmap_page_data(fx->machine, pg);
}

/* Change a page as a store of a program would. */
static void
dirty(struct fixture *fx, struct vm_page *pg, int byte)
{
	memset(bytes_of(fx, pg), byte, FX_PAGE);
	pg->dirty = true;
}

/* Is one key one object, for as long as somebody has it? */
static void
test_key(void **state)
{
	struct fixture *fx = *state;
	struct vm_object *a = file_object(fx, 0), *b = file_object(fx, 0);
	struct vm_object *c = file_object(fx, 1), *d;

	assert_ptr_equal(a, b);
	assert_ptr_not_equal(a, c);
	assert_int_equal(fx->files[0].opens, 1);
	d = vm_object_find(fx->sys, c->key);
	assert_ptr_equal(c, d);
	assert_int_equal(d->refs, 2);
	vm_object_unref(a);
	vm_object_unref(b);
	vm_object_unref(c);
	vm_object_unref(d);
	assert_int_equal(fx->files[0].opens + fx->files[1].opens, 0);
}

/* Is an object with pages found again after its last reference, and one
 * without gone at once? */
static void
test_cache(void **state)
{
	struct fixture *fx = *state;
	struct vm_object *obj = file_object(fx, 0);
	struct vm_page *pg;
	int error;

	vm_object_unref(obj);
	assert_int_equal(fx->files[0].opens, 0);
	obj = file_object(fx, 0);
	pg = get_page(obj, 2, 3, &error);
	vm_object_unref(obj);
	assert_int_equal(fx->files[0].opens, 1);
	assert_ptr_equal(file_object(fx, 0), obj);
	assert_int_equal(fx->sys->stats.object_cache_hits, 1);
	assert_ptr_equal(get_page(obj, 2, 3, &error), pg);
	assert_int_equal(fx->files[0].reads, 1);
	vm_object_unref(obj);
}

/* May nobody take a reference to what has none? */
static void
test_ref(void **state)
{
	struct fixture *fx = *state;
	struct vm_object *obj = file_object(fx, 0);
	int error;

	(void)get_page(obj, 0, 1, &error);
	vm_object_unref(obj);
	expect_panic(vm_object_ref(obj));
	atomic_store(&obj->refs, 0);
}

/* Does the last reference write back what is dirty? */
static void
test_unref_writes(void **state)
{
	struct fixture *fx = *state;
	struct vm_object *obj = file_object(fx, 0);
	int error;

	dirty(fx, get_page(obj, 3, 4, &error), 'x');
	vm_object_unref(obj);
	assert_int_equal(fx->files[0].bytes[3 * FX_PAGE], 'x');
	assert_int_equal(fx->files[0].bytes[4 * FX_PAGE], 'E');
}

/* Does resolve go only as far as it was asked to? */
static void
test_resolve_depth(void **state)
{
	struct fixture *fx = *state;
	struct vm_object *obj = file_object(fx, 0), *shm = anon_object(fx);
	struct vm_object_want want = { .limit = 8 };

	vm_object_lock(obj);
	assert_int_equal(vm_object_resolve(obj, 0, &want), VM_RESOLVE_ABSENT);
	want.make = true;
	assert_int_equal(vm_object_resolve(obj, 0, &want), VM_RESOLVE_ABSENT);
	vm_object_unlock(obj);
	vm_object_lock(shm);
	assert_int_equal(vm_object_resolve(shm, 0, &want), VM_RESOLVE_OK);
	assert_true(want.zeroed);
	want.make = false;
	assert_int_equal(vm_object_resolve(shm, 0, &want), VM_RESOLVE_OK);
	assert_false(want.zeroed);
	assert_int_equal(vm_object_resolve(shm, 1, &want), VM_RESOLVE_ABSENT);
	vm_object_unlock(shm);
	vm_object_unref(obj);
	vm_object_unref(shm);
}

/* Is a page that is being read busy, and does its reader hold the object? */
static void
test_resolve_busy(void **state)
{
	struct fixture *fx = *state;
	struct vm_object *obj = file_object(fx, 0);
	struct vm_read read, other;
	struct vm_object_want want = {
		.io = true,
		.limit = 1,
		.read = &read,
	};

	vm_object_lock(obj);
	assert_int_equal(vm_object_resolve(obj, 0, &want), VM_RESOLVE_IO);
	assert_int_equal(read.npages, 1);
	want.read = &other;
	assert_int_equal(vm_object_resolve(obj, 0, &want), VM_RESOLVE_BUSY);
	assert_ptr_equal(want.page, read.pages[0]);
	vm_object_unlock(obj);
	assert_int_equal(obj->refs, 2);
	assert_int_equal(vm_object_read(&read), VM_OK);
	assert_int_equal(obj->refs, 1);
	vm_page_wait(fx->sys, want.page, want.seen);
	vm_object_unref(obj);
}

/* Are pages read in clusters, not past the limit, nor over resident ones? */
static void
test_read_cluster(void **state)
{
	struct fixture *fx = *state;
	struct vm_object *obj = file_object(fx, 0);
	int error;

	vm_system_prefer(fx->sys, &vm_design_netbsd);
	(void)get_page(obj, 5, 6, &error);
	assert_int_equal(obj->npages, 1);
	(void)get_page(obj, 1, 3, &error);
	assert_int_equal(obj->npages, 3);
	(void)get_page(obj, 3, 8, &error);
	assert_int_equal(obj->npages, 5);
	assert_int_equal(fx->files[0].reads, 3);
	for (vm_pindex_t i = 1; i < 6; i++)
		assert_int_equal(*bytes_of(fx, get_page(obj, i, 8, &error)),
		    'A' + (int)i);
	vm_object_unref(obj);
}

/* Which of the first eight pages the object has, as text. */
static const char *
resident(struct vm_object *obj)
{
	static char text[9];

	vm_object_lock(obj);
	for (vm_pindex_t i = 0; i < 8; i++)
		text[i] = vm_object_lookup(obj, i) == NULL ? '.' : '#';
	vm_object_unlock(obj);
	return text;
}

/* For a port that wants it so: is the block around the page read, but nothing
 * outside of the limits, beyond what is resident, or when reading goes on?
 *
 *	block of 4:  0 1 2 3 | 4 5 6 7
 */
static void
test_read_around(void **state)
{
	struct fixture *fx = *state;
	struct vm_object *obj = file_object(fx, 0);
	int error;

	fx->machine->read_around = 4;
	(void)get_page(obj, 6, 7, &error);
	assert_string_equal(resident(obj), "....###.");
	(void)get_page(obj, 2, 8, &error);
	assert_string_equal(resident(obj), "#######.");
	assert_int_equal(fx->files[0].reads, 2);
	for (vm_pindex_t i = 0; i < 7; i++)
		assert_int_equal(*bytes_of(fx, get_page(obj, i, 8, &error)),
		    'A' + (int)i);
	vm_object_toss(obj, 0, 8);
	(void)get_page(obj, 1, 2, &error);
	assert_string_equal(resident(obj), "##......");
	(void)get_page(obj, 2, 8, &error); /* goes on: twice the window */
	assert_string_equal(resident(obj), "########");
	vm_object_toss(obj, 5, 6);
	vm_object_toss(obj, 7, 8);
	(void)get_page(obj, 7, 8, &error);
	assert_string_equal(resident(obj), "#####.##");
	vm_object_unref(obj);
}

/* Does a bad page around the wanted one do it no harm, nor scarce memory, nor
 * the end of the file? */
static void
test_read_around_fails(void **state)
{
	struct fixture *fx = *state;
	struct vm_object *obj = file_object(fx, 0);
	struct vm_page *pages[FX_FRAMES];
	size_t n = 0;
	int error;

	fx->machine->read_around = 4;
	memfile_fail(&fx->files[0], 1, false);
	assert_int_equal(*bytes_of(fx, get_page(obj, 2, 8, &error)), 'C');
	assert_string_equal(resident(obj), "..#.....");
	vm_object_toss(obj, 0, 8);
	fx->files[0].size = 2 * FX_PAGE;
	assert_null(get_page(obj, 3, 8, &error));
	assert_int_equal(error, VM_ERANGE);
	fx->files[0].size = 8 * FX_PAGE;
	vm_object_toss(obj, 0, 8);
	while ((pages[n] = vm_page_alloc(fx->sys, NULL, 0)) != NULL)
		n++;
	vm_page_free(fx->sys, pages[--n]);
	vm_page_free(fx->sys, pages[--n]);
	assert_int_equal(*bytes_of(fx, get_page(obj, 7, 8, &error)), 'H');
	assert_string_equal(resident(obj), ".......#");
	while (n > 0)
		vm_page_free(fx->sys, pages[--n]);
	vm_object_unref(obj);
}

/* Is little read that nobody has asked for, when there is little memory? */
static void
test_read_scarce(void **state)
{
	struct fixture *fx = *state;
	struct vm_page *pages[FX_FRAMES];
	struct vm_object *obj = file_object(fx, 0);
	struct vm_pageout_levels levels;
	size_t n = 0;
	int error;

	vm_pageout_get_levels(fx->sys, &levels);
	while (vm_page_free_count(fx->sys) > levels.min + 8)
		pages[n++] = vm_page_alloc(fx->sys, NULL, 0);
	assert_non_null(get_page(obj, 0, 8, &error));
	assert_string_equal(resident(obj), "###.....");
	while (vm_page_free_count(fx->sys) > levels.min + 2)
		pages[n++] = vm_page_alloc(fx->sys, NULL, 0);
	assert_non_null(get_page(obj, 4, 8, &error));
	assert_string_equal(resident(obj), "###.#...");
	while (n > 0)
		vm_page_free(fx->sys, pages[--n]);
	vm_object_unref(obj);
}

/* How many pages the next request reads from there on. */
static size_t
pages_read(struct fixture *fx, struct vm_object *obj, vm_pindex_t pindex)
{
	uint64_t before = fx->sys->stats.pageins;
	int error;

	assert_non_null(get_page(obj, pindex, MEMFILE_PAGES, &error));
	return (size_t)(fx->sys->stats.pageins - before);
}

/* It is read as UVM does. */
static struct vm_object *
long_file(struct fixture *fx)
{
	vm_system_prefer(fx->sys, &vm_design_netbsd);
	fx->files[0].size = MEMFILE_PAGES * FX_PAGE;
	return file_object(fx, 0);
}

/* Does a request in order read twice as much as the one before, and one
 * elsewhere half as much, but never less than some?
 *
 *	|16|		 32    |	       |8	|4   |4
 */
static void
test_window(void **state)
{
	struct fixture *fx = *state;
	struct vm_object *obj = long_file(fx);

	assert_int_equal(pages_read(fx, obj, 0), 16);
	assert_int_equal(pages_read(fx, obj, 16), 32);
	vm_object_toss(obj, 0, 64);
	assert_int_equal(pages_read(fx, obj, 5), 16);
	assert_int_equal(pages_read(fx, obj, 40), 8);
	assert_int_equal(pages_read(fx, obj, 30), 4);
	assert_int_equal(pages_read(fx, obj, 22), 4);
	assert_int_equal(pages_read(fx, obj, 26), 4);
	assert_int_equal(fx->sys->stats.ra_hit, 2);
	assert_int_equal(fx->sys->stats.ra_miss, 5);
	vm_object_unref(obj);
}

/* Is only the wanted page active, and are the others known as read along until
 * they are used? */
static void
test_read_along(void **state)
{
	struct fixture *fx = *state;
	struct vm_object *obj = long_file(fx);
	struct vm_page *pg;

	assert_int_equal(pages_read(fx, obj, 0), 16);
	assert_int_equal(fx->sys->stats.ra_pages, 15);
	assert_int_equal(vm_pageq_count(fx->sys, VM_PAGE_ACTIVE), 1);
	assert_int_equal(vm_pageq_count(fx->sys, VM_PAGE_INACTIVE), 15);
	vm_object_lock(obj);
	assert_false(vm_object_lookup(obj, 0)->ahead);
	pg = vm_object_lookup(obj, 1);
	assert_true(pg->ahead);
	vm_object_unlock(obj);
	assert_int_equal(map_file(fx, 0, MEMFILE_PAGES, VM_MMAP_SHARED, 0),
	    VM_OK);
	(void)load(fx, 1);
	assert_false(pg->ahead);
	assert_int_equal(fx->sys->stats.ra_used, 1);
	assert_int_equal(pg->state, VM_PAGE_ACTIVE);
	assert_int_equal(unmap(fx, 0, MEMFILE_PAGES), VM_OK);
	vm_object_unref(obj);
}

/* Does each page that goes unused make the next request a page shorter? */
static void
test_unused(void **state)
{
	struct fixture *fx = *state;
	struct vm_object *obj = long_file(fx);

	assert_int_equal(pages_read(fx, obj, 0), 16);
	(void)vm_pageout(fx->sys, FX_FRAMES - 16 + 6);
	assert_int_equal(fx->sys->stats.ra_unused, 6);
	assert_int_equal(obj->npages, 10);
	assert_int_equal(pages_read(fx, obj, 40), 5); /* half of 10 */
	(void)vm_pageout(fx->sys, FX_FRAMES);
	assert_int_equal(fx->sys->stats.ra_unused, 15 + 4);
	assert_int_equal(pages_read(fx, obj, 20), 2);
	assert_int_equal(pages_read(fx, obj, 22), 4); /* in order again */
	vm_object_unref(obj);
}

/* Is what was read along and failed not told to anybody, and read again by who
 * wants it? */
static void
test_read_along_fails(void **state)
{
	struct fixture *fx = *state;
	struct vm_object *obj = long_file(fx);
	int error;

	memfile_fail(&fx->files[0], 1, false);
	assert_non_null(get_page(obj, 0, 8, &error));
	assert_int_equal(error, VM_OK);
	assert_int_equal(obj->npages, 1);
	assert_int_equal(fx->sys->stats.ra_pages, 0);
	assert_int_equal(*bytes_of(fx, get_page(obj, 1, 8, &error)), 'B');
	vm_object_unref(obj);
}

/* Does a failed read free its pages, and a later one succeed? */
static void
test_read_fails(void **state)
{
	struct fixture *fx = *state;
	struct vm_object *obj = file_object(fx, 0);
	int error;

	memfile_fail(&fx->files[0], 1, true);
	assert_null(get_page(obj, 0, 8, &error));
	assert_int_equal(error, VM_EIO);
	assert_int_equal(pages_used(fx), 0);
	/* a bad page in the cluster does not make the first one bad */
	memfile_fail(&fx->files[0], 1, false);
	assert_non_null(get_page(obj, 0, 8, &error));
	assert_int_equal(pages_used(fx), 1);
	vm_object_unref(obj);
}

/* Are neighbouring dirty pages written in one request, and clean after it? */
static void
test_flush(void **state)
{
	struct fixture *fx = *state;
	struct vm_object *obj = file_object(fx, 0);
	int error;

	for (vm_pindex_t i = 0; i < 8; i++) {
		struct vm_page *pg = get_page(obj, i, 8, &error);

		if (i != 3)
			dirty(fx, pg, 'a' + (int)i);
	}
	assert_int_equal(vm_object_flush(obj, 0, 6), VM_OK);
	assert_int_equal(fx->files[0].writes, 2);
	assert_int_equal(fx->files[0].bytes[5 * FX_PAGE], 'f');
	assert_int_equal(fx->files[0].bytes[6 * FX_PAGE], 'G');
	assert_int_equal(vm_object_flush(obj, 0, UINT64_MAX), VM_OK);
	assert_int_equal(fx->files[0].writes, 3);
	assert_int_equal(fx->files[0].bytes[6 * FX_PAGE], 'g');
	assert_int_equal(vm_object_flush(obj, 0, UINT64_MAX), VM_OK);
	assert_int_equal(fx->files[0].writes, 3);
	vm_object_unref(obj);
}

/* Does what could not be written stay dirty, and the error come out once? */
static void
test_flush_fails(void **state)
{
	struct fixture *fx = *state;
	struct vm_object *obj = file_object(fx, 0);
	int error;

	dirty(fx, get_page(obj, 0, 1, &error), 'x');
	memfile_fail(&fx->files[0], 1, false);
	assert_int_equal(vm_object_flush(obj, 0, 8), VM_EIO);
	assert_int_equal(fx->files[0].bytes[0], 'A');
	assert_int_equal(fx->sys->stats.pageout_errors, 1);
	assert_int_equal(vm_object_flush(obj, 0, 8), VM_OK);
	assert_int_equal(fx->files[0].bytes[0], 'x');
	vm_object_unref(obj);
}

/* Is a store that came between two flushes seen by the second?  The page has
 * to lose its write permission before it is called clean.
 *
 *	page 0 1 2 3
 *	     |file |
 */
static void
test_flush_mapped(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(map_file(fx, 0, 4, VM_MMAP_SHARED, 0), VM_OK);
	for (int i = 'p'; i < 't'; i++) {
		assert_int_equal(store(fx, 1, i), VM_OK);
		assert_int_equal(vm_object_flush(entry_of(fx->vs, 1)->object, 0,
				     8),
		    VM_OK);
		assert_int_equal(fx->files[0].bytes[FX_PAGE], i);
		assert_false(mapping_of(fx->vs, 1).prot & VM_PROT_WRITE);
	}
}

static void
put_nothing(struct vm_object *obj, vm_pindex_t pindex,
    struct vm_page *const *pages, struct vm_io *io)
{
	(void)obj, (void)pindex, (void)pages;
	vm_io_done(io, VM_ENOMEM);
}

/* Do pages stay dirty, and is it said, whatever error a pager has? */
static void
test_flush_fails_otherwise(void **state)
{
	static const struct vm_pager_ops ops = { .name = "full",
		.put = put_nothing };
	struct fixture *fx = *state;
	struct vm_object *obj = vm_object_create(fx->sys, &ops, NULL);
	struct vm_object_want want = { .make = true };

	assert_non_null(obj);
	vm_object_lock(obj);
	assert_int_equal(vm_object_resolve(obj, 0, &want), VM_RESOLVE_OK);
	vm_object_unlock(obj);
	assert_int_equal(vm_object_flush(obj, 0, 1), VM_EIO);
	assert_true(want.page->dirty);
	vm_object_unref(obj);
}

/* Do tossed pages leave all maps, dirty or not, and others stay? */
static void
test_toss(void **state)
{
	struct fixture *fx = *state;
	struct vm_object *obj;

	assert_int_equal(map_file(fx, 0, 8, VM_MMAP_SHARED, 0), VM_OK);
	obj = entry_of(fx->vs, 0)->object;
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(store(fx, i, 'x'), VM_OK);
	vm_object_toss(obj, 2, 4);
	assert_int_equal(obj->npages, 6);
	assert_null(mapping_of(fx->vs, 2).page);
	assert_non_null(mapping_of(fx->vs, 4).page);
	assert_int_equal(load(fx, 1), 'x');
	assert_int_equal(load(fx, 2), 'C');
	assert_int_equal(load(fx, 3), 'D');
	assert_int_equal(load(fx, 4), 'x');
	vm_object_toss(obj, 0, UINT64_MAX);
	assert_int_equal(obj->npages, 0);
}

/* Does reclaiming begin with the object that nobody has used for longest? */
static void
test_reclaim(void **state)
{
	struct fixture *fx = *state;
	struct vm_object *a = file_object(fx, 0), *b = file_object(fx, 1);
	int error;

	(void)get_page(a, 0, 8, &error);
	dirty(fx, get_page(b, 0, 8, &error), 'x');
	vm_object_unref(b);
	vm_object_unref(a);
	assert_int_equal(vm_object_reclaim(fx->sys, 1), 1);
	assert_int_equal(pages_used(fx), 15);
	assert_int_equal(fx->files[1].opens, 1);
	assert_int_equal(vm_object_reclaim(fx->sys, 7), 7);
	assert_int_equal(fx->files[1].opens, 0);
	assert_int_equal(fx->files[0].opens, 1);
	assert_int_equal(fx->files[1].bytes[0], 'x');
	assert_int_equal(vm_object_reclaim(fx->sys, SIZE_MAX), 8);
	assert_int_equal(vm_object_reclaim(fx->sys, 1), 0);
	assert_int_equal(pages_used(fx), 0);
}

/* Does a cached object whose pages cannot be written go all the same, when its
 * memory is wanted? */
static void
test_reclaim_lost(void **state)
{
	struct fixture *fx = *state;
	struct vm_object *a = file_object(fx, 0);
	int error;

	dirty(fx, get_page(a, 0, 1, &error), 'x');
	memfile_fail(&fx->files[0], 1, true);
	vm_object_unref(a);
	assert_int_equal(fx->files[0].opens, 1);
	assert_true(vm_object_reclaim(fx->sys, 1) >= 1);
	memfile_fail(&fx->files[0], 0, false);
	assert_int_equal(fx->files[0].opens, 0);
	assert_int_equal(pages_used(fx), 0);
}

static void
count_object(struct vm_object *obj, void *arg)
{
	(void)obj;
	++*(unsigned *)arg;
}

/* Are cached objects among all objects? */
static void
test_foreach(void **state)
{
	struct fixture *fx = *state;
	struct vm_object *a = file_object(fx, 0), *b = anon_object(fx);
	unsigned n = 0;
	int error;

	(void)get_page(a, 0, 1, &error);
	vm_object_unref(a);
	vm_object_foreach(fx->sys, count_object, &n);
	assert_int_equal(n, 2);
	vm_object_unref(b);
}

int
main(void)
{
	const struct fx_test tests[] = {
		FX_TEST(test_key),
		FX_TEST(test_cache),
		FX_TEST(test_ref),
		FX_TEST(test_unref_writes),
		FX_TEST(test_resolve_depth),
		FX_TEST(test_resolve_busy),
		FX_TEST(test_read_cluster),
		FX_TEST(test_read_around),
		FX_TEST(test_read_around_fails),
		FX_TEST(test_read_scarce),
		FX_TEST(test_window),
		FX_TEST(test_read_along),
		FX_TEST(test_unused),
		FX_TEST(test_read_along_fails),
		FX_TEST(test_read_fails),
		FX_TEST(test_flush),
		FX_TEST(test_flush_fails),
		FX_TEST(test_flush_fails_otherwise),
		FX_TEST(test_flush_mapped),
		FX_TEST(test_toss),
		FX_TEST(test_reclaim),
		FX_TEST(test_reclaim_lost),
		FX_TEST(test_foreach),
	};

	return FX_RUN("vm_object", tests);
}
