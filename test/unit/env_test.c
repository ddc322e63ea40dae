/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * env_test.c - the environments keep what vm/vm_env.h says of them: memory
 * aligned as promised, a futex that loses no wake-up, a panic that tells; and
 * does the faulty one fail where it was told to, and count right?  Does the
 * counted one know its peak?
 */
#include "base/check.h"
#include "env/arena.h"
#include "env/counted.h"
#include "env/faulty.h"
#include "env/posix.h"
#include "test/unit/death.h"
#include "vm/vm_types.h"

#include <pthread.h>
#include <sched.h>

#define ROUNDS 2000

/* The allocators of the sanitizers end the program unless told otherwise. */
const char *__asan_default_options(void);
const char *__tsan_default_options(void);

const char *
__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

const char *
__tsan_default_options(void)
{
	return "allocator_may_return_null=1";
}

/* ---- posix ---- */

/* Is memory aligned to 16, and to pages when it is whole pages? */
static void
allocate(const struct vm_env *env)
{
	static const size_t sizes[] = { 1, 8, 24, 100, 4095, 4096, 4097, 8192,
		12288, 49152, 65536, 65537, 1 << 24 };
	enum { N = sizeof(sizes) / sizeof(sizes[0]) };
	char *p[N];
	uintptr_t mask;

	for (size_t i = 0; i < N; i++) {
		mask = sizes[i] % VM_PAGE_SIZE == 0 ? VM_PAGE_MASK : 15;
		p[i] = env->alloc(env->ctx, sizes[i]);
		assert_non_null(p[i]);
		assert_int_equal((uintptr_t)p[i] & mask, 0);
		memset(p[i], (int)i, sizes[i]);
	}
	for (size_t i = 0; i < N; i++) {
		assert_int_equal(p[i][0], i);
		assert_int_equal(p[i][sizes[i] - 1], i);
		env->free(env->ctx, p[i], sizes[i]);
	}
}

static void
test_posix_alloc(void **state)
{
	(void)state;
	allocate(&posix_env);
}

/* Is too much NULL? */
static void
test_posix_alloc_too_much(void **state)
{
	(void)state;
	assert_null(posix_env.alloc(posix_env.ctx, SIZE_MAX / 2 - 7));
	assert_null(posix_env.alloc(posix_env.ctx, (SIZE_MAX / 2) & ~4095ul));
}

/* Does wait return at once when the word has another value? */
static void
test_posix_wait_changed(void **state)
{
	static const _Atomic uint32_t word = 5;

	(void)state;
	posix_env.wait(posix_env.ctx, &word, 4);
}

struct turns {
	const struct vm_env *env;
	_Atomic uint32_t word; /* whose turn: even ours, odd the other's */
};

static void
take_turns(struct turns *t, uint32_t parity)
{
	uint32_t value, i;

	for (i = 0; i < ROUNDS; i++) {
		while ((value = atomic_load(&t->word)) % 2 != parity)
			t->env->wait(t->env->ctx, &t->word, value);
		atomic_fetch_add(&t->word, 1);
		t->env->wake(t->env->ctx, &t->word);
	}
}

static void *
take_odd_turns(void *arg)
{
	take_turns(arg, 1);
	return NULL;
}

/* Is no wake lost between two threads that take turns? */
static void
play(const struct vm_env *env)
{
	struct turns t = { .env = env };
	pthread_t other;

	assert_int_equal(pthread_create(&other, NULL, take_odd_turns, &t), 0);
	take_turns(&t, 0);
	assert_int_equal(pthread_join(other, NULL), 0);
	assert_int_equal(t.word, 2 * ROUNDS);
}

static void
test_posix_turns(void **state)
{
	(void)state;
	play(&posix_env);
}

static void
test_posix_cpu(void **state)
{
	(void)state;
	assert_true(posix_env.cpu(posix_env.ctx) < 100000);
}

static void
say_and_panic(void)
{
	posix_env.log(posix_env.ctx, "one line!!", 8);
	vm_panic("the sky has fallen", "sky.c", 42);
}

/* Is a message a line, and does a panic say what and where, and abort? */
static void
test_posix_panic(void **state)
{
	(void)state;
	expect_death(say_and_panic(),
	    "bsdvm: one line\n"
	    "bsdvm: panic: the sky has fallen (sky.c:42)\n");
}

/* ---- arena ---- */

struct allocator {
	struct arena arena;
	_Atomic uint32_t errors;
};

/* Blocks of all sizes, each with its own bytes, some of them kept a while. */
static void *
allocate_much(void *arg)
{
	struct allocator *a = arg;
	const struct vm_env *env = &a->arena.env;
	unsigned char *kept[16] = { NULL };
	size_t sizes[16] = { 0 };

	for (unsigned i = 0; i < 4 * ROUNDS; i++) {
		unsigned at = i * 7 % 16;

		if (kept[at] != NULL) {
			if (kept[at][sizes[at] - 1] != at)
				atomic_fetch_add(&a->errors, 1);
			env->free(env->ctx, kept[at], sizes[at]);
		}
		sizes[at] = 1 + (size_t)i * i % 9000;
		kept[at] = env->alloc(env->ctx, sizes[at]);
		memset(kept[at], (int)at, sizes[at]);
	}
	for (unsigned at = 0; at < 16; at++)
		if (kept[at] != NULL)
			env->free(env->ctx, kept[at], sizes[at]);
	return NULL;
}

/* Does an arena keep what memory has to be, for two threads, and use again
 * what it gets back? */
static void
test_arena(void **state)
{
	struct allocator a = { .errors = 0 };
	pthread_t other;
	void *p;

	(void)state;
	arena_init(&a.arena);
	allocate(&a.arena.env);
	assert_int_equal(pthread_create(&other, NULL, allocate_much, &a), 0);
	allocate_much(&a);
	assert_int_equal(pthread_join(other, NULL), 0);
	assert_int_equal(a.errors, 0);
	assert_int_equal(a.arena.blocks, 0);
	p = a.arena.env.alloc(&a.arena, 100);
	a.arena.env.free(&a.arena, p, 100);
	assert_ptr_equal(a.arena.env.alloc(&a.arena, 100), p);
	a.arena.env.free(&a.arena, p, 100);
	play(&a.arena.env);
	arena_fini(&a.arena);
}

/* ---- faulty ---- */

/* Allocate once and tell whether it worked. */
static bool
works(struct faulty_env *f)
{
	void *p = f->env.alloc(f->env.ctx, 100);

	if (p != NULL)
		f->env.free(f->env.ctx, p, 100);
	return p != NULL;
}

/* Does exactly the nth fail? */
static void
test_faulty_once(void **state)
{
	struct faulty_env f;
	unsigned n, i;

	(void)state;
	faulty_init(&f, &posix_env);
	for (n = 1; n < 5; n++) {
		faulty_fail(&f, n, FAULTY_ONCE);
		for (i = 1; i < 10; i++)
			assert_int_equal(works(&f), i != n);
		assert_int_equal(f.failures, n);
	}
}

/* Does the nth fail and all after it, until told otherwise? */
static void
test_faulty_on(void **state)
{
	struct faulty_env f;
	unsigned i;

	(void)state;
	faulty_init(&f, &posix_env);
	faulty_fail(&f, 3, FAULTY_ON);
	for (i = 1; i < 10; i++)
		assert_int_equal(works(&f), i < 3);
	faulty_fail(&f, 0, FAULTY_ON);
	assert_true(works(&f));
	assert_int_equal(f.allocations, 10);
	assert_int_equal(f.failures, 7);
}

/* Does it count blocks and bytes that are out? */
static void
test_faulty_counts(void **state)
{
	struct faulty_env f;
	unsigned char *p, *q;

	(void)state;
	faulty_init(&f, &posix_env);
	p = f.env.alloc(f.env.ctx, 100);
	q = f.env.alloc(f.env.ctx, 8192);
	assert_int_equal(f.blocks, 2);
	assert_int_equal(f.bytes, 8292);
	assert_int_equal(p[0], FAULTY_FILL);
	assert_int_equal(p[99], FAULTY_FILL);
	f.env.free(f.env.ctx, p, 100);
	f.env.free(f.env.ctx, q, 8192);
	assert_int_equal(f.blocks, 0);
	assert_int_equal(f.bytes, 0);
	expect_death(f.env.free(f.env.ctx, q, 8192), "blocks > 0");
}

/* Does a block that comes back with another size show? */
static void
test_faulty_sizes(void **state)
{
	struct faulty_env f;
	void *p, *q;

	(void)state;
	faulty_init(&f, &posix_env);
	p = f.env.alloc(f.env.ctx, 100);
	q = f.env.alloc(f.env.ctx, 100);
	f.env.free(f.env.ctx, p, 99);
	assert_int_equal(f.bytes, 101);
	f.env.free(f.env.ctx, q, 100);
	assert_int_equal(f.blocks, 0);
	assert_int_equal(f.bytes, 1);
}

/* Does it pass the rest on, and offer nothing that is not below? */
static void
test_faulty_passes_on(void **state)
{
	static const struct vm_env alone;
	struct faulty_env f;

	(void)state;
	faulty_init(&f, &posix_env);
	play(&f.env);
	assert_true(f.env.cpu(f.env.ctx) < 100000);
	expect_death((f.env.log(f.env.ctx, "hello", 5), vm_panic("x", "y", 1)),
	    "bsdvm: hello\n");
	faulty_init(&f, &alone);
	assert_null(f.env.wait);
	assert_null(f.env.wake);
	assert_null(f.env.cpu);
	assert_null(f.env.log);
}

static void *
alloc_many(void *arg)
{
	struct faulty_env *f = arg;
	unsigned i;

	for (i = 0; i < ROUNDS; i++)
		(void)works(f);
	return NULL;
}

/* May many threads allocate while another moves the failure? */
static void
test_faulty_threads(void **state)
{
	struct faulty_env f;
	pthread_t threads[3];
	unsigned i;

	(void)state;
	faulty_init(&f, &posix_env);
	for (i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, alloc_many,
				     &f),
		    0);
	for (i = 0; i < 50; i++) {
		faulty_fail(&f, i % 5, i % 2 == 0 ? FAULTY_ONCE : FAULTY_ON);
		(void)sched_yield();
	}
	faulty_fail(&f, 0, FAULTY_ONCE);
	for (i = 0; i < 3; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(f.allocations, 3 * ROUNDS);
	assert_int_equal(f.blocks, 0);
	assert_int_equal(f.bytes, 0);
}

/* ---- counted ---- */

/* Does the peak stay where it was when memory comes back or is refused? */
static void
test_counted_peak(void **state)
{
	struct faulty_env under;
	struct counted_env c;
	void *a, *b;

	(void)state;
	faulty_init(&under, &posix_env);
	counted_init(&c, &under.env);
	a = c.env.alloc(c.env.ctx, 1000);
	b = c.env.alloc(c.env.ctx, 500);
	assert_int_equal(atomic_load(&c.bytes), 1500);
	c.env.free(c.env.ctx, a, 1000);
	faulty_fail(&under, 1, FAULTY_ONCE);
	assert_null(c.env.alloc(c.env.ctx, 5000));
	assert_int_equal(atomic_load(&c.bytes), 500);
	assert_int_equal(atomic_load(&c.peak), 1500);
	c.env.free(c.env.ctx, b, 500);
	assert_int_equal(atomic_load(&under.blocks), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_posix_alloc),
		cmocka_unit_test(test_posix_alloc_too_much),
		cmocka_unit_test(test_posix_wait_changed),
		cmocka_unit_test(test_posix_turns),
		cmocka_unit_test(test_posix_cpu),
		cmocka_unit_test(test_posix_panic),
		cmocka_unit_test(test_arena),
		cmocka_unit_test(test_faulty_once),
		cmocka_unit_test(test_faulty_on),
		cmocka_unit_test(test_faulty_counts),
		cmocka_unit_test(test_faulty_sizes),
		cmocka_unit_test(test_faulty_passes_on),
		cmocka_unit_test(test_faulty_threads),
		cmocka_unit_test(test_counted_peak),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
