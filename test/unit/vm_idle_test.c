/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_idle_test.c - vm/vm_idle.h, alone and under real threads.
 *
 * What is handed out is plain data, so that one handed to two at a time is
 * caught by ThreadSanitizer.  A lost wake-up shows as a test that does not end.
 */
#include "env/posix.h"
#include "test/unit/base_test.h"
#include "vm/vm_idle.h"

#include <pthread.h>
#include <stdlib.h>

#define THREADS 4
#define ROUNDS  5000

/* One thing less than there are threads, so that some have to wait. */
struct stock {
	struct vm_idle idle;
	unsigned used[THREADS - 1];
};

static void
stock_init(struct stock *s)
{
	*s = (struct stock){ 0 };
	vm_idle_init(&s->idle, &posix_env);
	for (unsigned i = 0; i < THREADS - 1; i++)
		vm_idle_add(&s->idle, &s->used[i]);
}

/* Does each come out once, and again when it is back? */
static void
test_each_once(void **state)
{
	struct stock s;
	uint32_t seen;
	void *last;

	(void)state;
	stock_init(&s);
	for (unsigned i = 0; i < THREADS - 1; i++) {
		last = vm_idle_get(&s.idle);
		*(unsigned *)last += 1;
	}
	for (unsigned i = 0; i < THREADS - 1; i++)
		assert_int_equal(s.used[i], 1);
	assert_null(vm_idle_try_get(&s.idle, &seen));
	vm_idle_put(&s.idle, last);
	vm_idle_wait(&s.idle, seen); /* it has moved on: does not sleep */
	assert_ptr_equal(vm_idle_try_get(&s.idle, &seen), last);
}

static void *
use(void *arg)
{
	struct stock *s = arg;
	unsigned *item;

	for (unsigned i = 0; i < ROUNDS; i++) {
		item = vm_idle_get(&s->idle);
		*item += 1;
		vm_idle_put(&s->idle, item);
	}
	return NULL;
}

static unsigned
sum(const struct stock *s)
{
	unsigned n = 0;

	for (unsigned i = 0; i < THREADS - 1; i++)
		n += s->used[i];
	return n;
}

/* Has one user at a time each of them? */
static void
test_one_user_each(void **state)
{
	pthread_t threads[THREADS];
	struct stock s;

	(void)state;
	stock_init(&s);
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, use, &s), 0);
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	vm_idle_wait_all(&s.idle);
	assert_int_equal(sum(&s), THREADS * ROUNDS);
}

struct loan {
	struct stock *stock;
	unsigned *item;
};

static void *
bring_back(void *arg)
{
	struct loan *loan = arg;

	*loan->item += 1;
	vm_idle_put(&loan->stock->idle, loan->item);
	return NULL;
}

/* May all be freed as soon as the last is back? */
static void
test_gone_after_last(void **state)
{
	pthread_t thread;
	struct loan loan;

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		loan.stock = malloc(sizeof(*loan.stock));
		assert_non_null(loan.stock);
		stock_init(loan.stock);
		loan.item = vm_idle_get(&loan.stock->idle);
		assert_int_equal(pthread_create(&thread, NULL, bring_back,
				     &loan),
		    0);
		vm_idle_wait_all(&loan.stock->idle);
		assert_int_equal(sum(loan.stock), 1);
		free(loan.stock);
		assert_int_equal(pthread_join(thread, NULL), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_once),
		cmocka_unit_test(test_one_user_each),
		cmocka_unit_test(test_gone_after_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
