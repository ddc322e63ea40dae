/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * self_pager_test.c - a user's pager: does it get what is stored, and back what
 * is dirty; does an error reach who caused it; and is it closed once, after
 * all of that?
 */
#include "test/unit/self_fixture.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

/* A store of bytes, which may lie in another window. */
struct store {
	char *bytes;
	size_t most; /* pages that a get fills at once; 0: all */
	_Atomic bool fails;
	_Atomic unsigned gets, puts, syncs, closes;
};

static int
store_get(void *arg, uint64_t offset, void *const *pages, size_t *npages)
{
	struct store *s = arg;

	atomic_fetch_add(&s->gets, 1);
	if (s->most != 0 && *npages > s->most)
		*npages = s->most;
	for (size_t i = 0; i < *npages; i++)
		memcpy(pages[i], s->bytes + offset + i * PAGE, PAGE);
	return s->fails;
}

static int
store_put(void *arg, uint64_t offset, void *const *pages, size_t npages)
{
	struct store *s = arg;

	atomic_fetch_add(&s->puts, 1);
	if (s->fails)
		return 1;
	for (size_t i = 0; i < npages; i++)
		memcpy(s->bytes + offset + i * PAGE, pages[i], PAGE);
	return 0;
}

static int
store_sync(void *arg)
{
	struct store *s = arg;

	atomic_fetch_add(&s->syncs, 1);
	return 0;
}

static void
store_close(void *arg)
{
	struct store *s = arg;

	atomic_fetch_add(&s->closes, 1);
}

static const struct bsdvm_pager pager = { .get = store_get,
	.put = store_put,
	.sync = store_sync,
	.close = store_close };

static char *
map_store(struct bsdvm_space *space, struct bsdvm_object *object, size_t len,
    unsigned flags)
{
	const struct bsdvm_mapping m = { .len = len,
		.prot = BSDVM_READ | BSDVM_WRITE,
		.flags = flags,
		.object = object };
	void *p;

	assert_int_equal(bsdvm_mmap(space, &m, &p), 0);
	return p;
}

/* Does a store of twice the memory keep what is written through a mapping? */
static void
run_design(const char *design)
{
	struct bsdvm_system *sys = make_system(design, MB, 4 * MB);
	struct bsdvm_space *space = make_space(sys);
	struct store s = { .bytes = calloc(1, 2 * MB) };
	struct bsdvm_object *object;
	char *shared, *own;

	assert_non_null(s.bytes);
	fill(s.bytes, 2 * MB, 1);
	assert_int_equal(bsdvm_object_pager(sys, &pager, &s, 2 * MB, &object),
	    0);
	shared = map_store(space, object, 2 * MB, BSDVM_SHARED);
	own = map_store(space, object, 2 * MB, BSDVM_PRIVATE);
	bsdvm_object_release(object);
	expect(shared, 2 * MB, 1);
	assert_true(s.gets < 2 * MB / PAGE); /* several pages at once */
	fill(own, MB, 4);
	fill(shared, 2 * MB, 2);
	expect(own, MB, 4);
	expect(shared, 2 * MB, 2);
	assert_int_equal(bsdvm_msync(shared, 2 * MB, BSDVM_MS_SYNC), 0);
	expect(s.bytes, 2 * MB, 2);
	assert_true(s.syncs == 1 && s.closes == 0);
	fill(shared, 2 * MB, 3);
	bsdvm_space_destroy(space);
	assert_int_equal(bsdvm_system_destroy(sys), 0);
	assert_int_equal(s.closes, 1);
	expect(s.bytes, 2 * MB, 3);
	free(s.bytes);
}

static void
test_designs(void **state)
{
	const char *name;

	(void)state;
	for (unsigned i = 0; (name = bsdvm_design_name(i)) != NULL; i++)
		run_design(name);
}

/* Do a few pages at a time do, and is there nothing behind the end? */
static void
test_short(void **state)
{
	struct bsdvm_system *sys = make_system(NULL, MB, 0);
	struct bsdvm_space *space = make_space(sys);
	struct store s = { .bytes = calloc(16, PAGE), .most = 3 };
	struct bsdvm_object *object;
	char *p, byte;

	(void)state;
	memset(s.bytes, 7, 16 * PAGE);
	assert_int_equal(bsdvm_object_pager(sys, &pager, &s, 9 * PAGE + 100,
			     &object),
	    0);
	p = map_store(space, object, 16 * PAGE, BSDVM_SHARED);
	for (size_t i = 10; i > 0; i--)
		assert_int_equal(p[(i - 1) * PAGE], 7);
	assert_int_equal(p[9 * PAGE + 99], 7);
	assert_int_equal(p[9 * PAGE + 100], 0);
	assert_int_equal(bsdvm_read(p + 10 * PAGE, &byte, 1, NULL),
	    BSDVM_ERANGE);
	memset(s.bytes, 8, 16 * PAGE);
	assert_int_equal(p[2 * PAGE], 7);
	assert_int_equal(bsdvm_object_invalidate(object, PAGE, 2 * PAGE), 0);
	assert_int_equal(p[2 * PAGE], 8);
	assert_int_equal(p[4 * PAGE], 7);
	bsdvm_object_release(object);
	bsdvm_space_destroy(space);
	assert_int_equal(bsdvm_system_destroy(sys), 0);
	free(s.bytes);
}

/* Are errors told, and dirty pages kept for another try? */
static void
test_errors(void **state)
{
	struct bsdvm_system *sys = make_system(NULL, MB, 0);
	struct bsdvm_space *space = make_space(sys);
	struct store s = { .bytes = calloc(16, PAGE) };
	struct bsdvm_object *object;
	char *p, byte;

	(void)state;
	assert_int_equal(bsdvm_object_pager(sys, &pager, &s, 16 * PAGE,
			     &object),
	    0);
	p = map_store(space, object, 16 * PAGE, BSDVM_SHARED);
	bsdvm_object_release(object);
	s.fails = true;
	assert_int_equal(bsdvm_read(p, &byte, 1, NULL), BSDVM_EIO);
	s.fails = false;
	fill(p, 16 * PAGE, 1);
	s.fails = true;
	assert_int_equal(bsdvm_msync(p, 16 * PAGE, 0), BSDVM_EIO);
	s.fails = false;
	assert_int_equal(bsdvm_msync(p, 16 * PAGE, 0), 0);
	expect(s.bytes, 16 * PAGE, 1);
	bsdvm_space_destroy(space);
	assert_int_equal(bsdvm_system_destroy(sys), 0);
	free(s.bytes);
}

/* May a pager itself wait for faults, in another system?  (ThreadSanitizer
 * blocks SIGSEGV in handlers of SIGSEGV, and so the first such fault kills.) */
static void
test_nested(void **state)
{
#if defined(__SANITIZE_THREAD__)
	print_message("skip: ThreadSanitizer blocks nested signals\n");
	skip();
#endif
	struct bsdvm_system *below = make_system(NULL, MB, 4 * MB);
	struct bsdvm_system *above = make_system(NULL, MB, 0);
	struct bsdvm_space *a = make_space(below), *b = make_space(above);
	struct store s = { .bytes = make_memory(a, 2 * MB) };
	struct bsdvm_object *object;
	char *p;

	(void)state;
	fill(s.bytes, 2 * MB, 1);
	assert_int_equal(bsdvm_object_pager(above, &pager, &s, 2 * MB, &object),
	    0);
	p = map_store(b, object, 2 * MB, BSDVM_SHARED);
	bsdvm_object_release(object);
	expect(p, 2 * MB, 1);
	fill(p, 2 * MB, 2);
	bsdvm_space_destroy(b);
	assert_int_equal(bsdvm_system_destroy(above), 0);
	expect(s.bytes, 2 * MB, 2);
	bsdvm_space_destroy(a);
	assert_int_equal(bsdvm_system_destroy(below), 0);
}

/* Can what has no put only be read, by all who share it, and in any amount? */
static void
test_readonly(void **state)
{
	static const struct bsdvm_pager reader = { .get = store_get };
	struct bsdvm_system *sys = make_system(NULL, MB, MB);
	struct bsdvm_space *space = make_space(sys);
	struct store s = { .bytes = calloc(1, 2 * MB) };
	struct bsdvm_mapping m = { .len = 2 * MB,
		.prot = BSDVM_READ | BSDVM_WRITE,
		.flags = BSDVM_SHARED };
	char *p;
	void *q;

	(void)state;
	fill(s.bytes, 2 * MB, 1);
	assert_int_equal(bsdvm_object_pager(sys, &reader, &s, 2 * MB,
			     &m.object),
	    0);
	assert_int_equal(bsdvm_mmap(space, &m, &q), BSDVM_EACCES);
	m.prot = BSDVM_READ;
	assert_int_equal(bsdvm_mmap(space, &m, &q), 0);
	expect(q, 2 * MB, 1);
	assert_int_equal(bsdvm_mprotect(q, PAGE, BSDVM_READ | BSDVM_WRITE),
	    BSDVM_EACCES);
	p = map_store(space, m.object, 2 * MB, BSDVM_PRIVATE);
	fill(p, MB / 2, 2);
	expect(p, MB / 2, 2);
	expect(q, 2 * MB, 1);
	bsdvm_object_release(m.object);
	bsdvm_space_destroy(space);
	assert_int_equal(bsdvm_system_destroy(sys), 0);
	free(s.bytes);
}

/* ------------------------------------------------------------- threads */

enum { NTHREADS = 4, ROUNDS = 8 };

struct worker {
	pthread_t thread;
	char *p;
	size_t slot;
};

static void *
work(void *arg)
{
	struct worker *w = arg;

	for (int round = 1; round <= ROUNDS; round++)
		for (size_t i = 0; i < 2 * MB; i += PAGE)
			w->p[i + w->slot]++;
	return NULL;
}

/* Is no store of a thread lost when pages come and go? */
static void
test_threads(void **state)
{
	struct bsdvm_system *sys = make_system(NULL, MB, 0);
	struct bsdvm_space *space = make_space(sys);
	struct store s = { .bytes = calloc(1, 2 * MB) };
	struct worker workers[NTHREADS];
	struct bsdvm_object *object;
	char *p;

	(void)state;
	assert_int_equal(bsdvm_object_pager(sys, &pager, &s, 2 * MB, &object),
	    0);
	p = map_store(space, object, 2 * MB, BSDVM_SHARED);
	bsdvm_object_release(object);
	for (size_t i = 0; i < NTHREADS; i++) {
		workers[i] = (struct worker){ .p = p, .slot = 64 * i };
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work,
				     &workers[i]),
		    0);
	}
	for (size_t i = 0; i < NTHREADS; i++)
		assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
	bsdvm_space_destroy(space);
	assert_int_equal(bsdvm_system_destroy(sys), 0);
	assert_int_equal(s.closes, 1);
	for (size_t i = 0; i < 2 * MB; i += PAGE)
		for (size_t j = 0; j < NTHREADS; j++)
			assert_int_equal(s.bytes[i + 64 * j], ROUNDS);
	free(s.bytes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_designs),
		cmocka_unit_test(test_short),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_readonly),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests_name("self_pager", tests, NULL, NULL);
}
