/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lock_test.c - vm/vm_lock.h under real threads.
 *
 * What a lock guards here is plain data, so that a lock which lets two in is
 * caught by ThreadSanitizer even when the count happens to come out right.
 * A lost wake-up shows as a test that does not end.
 */
#include "env/posix.h"
#include "test/unit/death.h"
#include "vm/vm_lock.h"

#include <pthread.h>
#include <sched.h>

#define THREADS 4
#define ROUNDS  20000

struct shared {
	struct vm_mutex mutex;
	struct vm_rwlock rw;
	struct vm_event event;
	uint64_t a, b;           /* guarded by the lock under test */
	_Atomic unsigned inside; /* readers at this moment */
	_Atomic unsigned most;   /* ... at most */
	_Atomic bool stop;
	_Atomic uint32_t turn;
};

static void
shared_init(struct shared *s)
{
	*s = (struct shared){ 0 };
	vm_mutex_init(&s->mutex, &posix_env);
	vm_rwlock_init(&s->rw, &posix_env);
}

/* Run f in THREADS threads until all have returned. */
static void
in_threads(void *(*f)(void *), void *arg)
{
	pthread_t threads[THREADS];
	unsigned i;

	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, f, arg), 0);
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
}

static pthread_t
one_thread(void *(*f)(void *), void *arg)
{
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, f, arg), 0);
	return thread;
}

static void
join(pthread_t thread)
{
	assert_int_equal(pthread_join(thread, NULL), 0);
}

/* ---- mutex ---- */

static void *
count_under_mutex(void *arg)
{
	struct shared *s = arg;
	unsigned i;

	for (i = 0; i < ROUNDS; i++) {
		vm_mutex_lock(&s->mutex);
		s->a++;
		if (i % 1024 == 0)
			(void)sched_yield();
		s->b++;
		vm_mutex_unlock(&s->mutex);
	}
	return NULL;
}

/* Is one thread in at a time, and does everybody get in? */
static void
test_mutex_excludes(void **state)
{
	struct shared s;

	(void)state;
	shared_init(&s);
	in_threads(count_under_mutex, &s);
	assert_int_equal(s.a, THREADS * ROUNDS);
	assert_int_equal(s.b, THREADS * ROUNDS);
	assert_false(vm_mutex_is_locked(&s.mutex));
}

static void
test_mutex_trylock(void **state)
{
	struct shared s;

	(void)state;
	shared_init(&s);
	assert_true(vm_mutex_trylock(&s.mutex));
	assert_true(vm_mutex_is_locked(&s.mutex));
	assert_false(vm_mutex_trylock(&s.mutex));
	vm_mutex_unlock(&s.mutex);
	assert_true(vm_mutex_trylock(&s.mutex));
	vm_mutex_unlock(&s.mutex);
}

/* Something that lives until its last holder lets go of it. */
struct counted {
	struct vm_mutex mutex;
	struct vm_rwlock rw;
	unsigned refs;
};

static struct counted *
counted_create(void)
{
	struct counted *c = malloc(sizeof(*c));

	assert_non_null(c);
	vm_mutex_init(&c->mutex, &posix_env);
	vm_rwlock_init(&c->rw, &posix_env);
	c->refs = THREADS;
	return c;
}

static void *
drop_with_mutex(void *arg)
{
	struct counted *c = arg;
	unsigned left;

	vm_mutex_lock(&c->mutex);
	left = --c->refs;
	(void)sched_yield();
	vm_mutex_unlock(&c->mutex);
	if (left == 0)
		free(c);
	return NULL;
}

/* May the next holder free the mutex, while the last is still unlocking? */
static void
test_mutex_freed_by_last(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < 500; i++)
		in_threads(drop_with_mutex, counted_create());
}

/* Without a futex, is taking it twice a panic and not a silent hang? */
static void
test_mutex_alone(void **state)
{
	static const struct vm_env alone;
	struct vm_mutex m;

	(void)state;
	vm_mutex_init(&m, &alone);
	vm_mutex_lock(&m);
	expect_death(vm_mutex_lock(&m), "wait");
	vm_mutex_unlock(&m);
	expect_death(vm_mutex_unlock(&m), "was != 0");
}

/* ---- rwlock ---- */

static void *
read_or_write(void *arg)
{
	struct shared *s = arg;
	unsigned i;

	for (i = 0; i < ROUNDS; i++) {
		if (i % 4 == 0) {
			vm_rwlock_write(&s->rw);
			s->a++;
			if (i % 1024 == 0)
				(void)sched_yield();
			s->b++;
			vm_rwlock_write_unlock(&s->rw);
		} else {
			vm_rwlock_read(&s->rw);
			if (s->a != s->b)
				vm_panic("torn", __FILE__, __LINE__);
			vm_rwlock_read_unlock(&s->rw);
		}
	}
	return NULL;
}

/* Do readers never see what a writer is at, and is no writer lost? */
static void
test_rwlock_excludes(void **state)
{
	struct shared s;

	(void)state;
	shared_init(&s);
	in_threads(read_or_write, &s);
	assert_int_equal(s.a, THREADS * ROUNDS / 4);
	assert_false(vm_rwlock_is_locked(&s.rw));
	assert_int_equal(s.rw.wanted, 0);
}

/* Stay in until all are in. */
static void *
read_together(void *arg)
{
	struct shared *s = arg;

	vm_rwlock_read(&s->rw);
	atomic_fetch_add(&s->inside, 1);
	while (atomic_load(&s->inside) < THREADS)
		(void)sched_yield();
	vm_rwlock_read_unlock(&s->rw);
	return NULL;
}

/* Can all readers be in at once?  (If not, this does not end.) */
static void
test_rwlock_shares(void **state)
{
	struct shared s;

	(void)state;
	shared_init(&s);
	in_threads(read_together, &s);
	assert_int_equal(s.inside, THREADS);
}

static void *
read_until_stopped(void *arg)
{
	struct shared *s = arg;

	while (!atomic_load(&s->stop)) {
		vm_rwlock_read(&s->rw);
		atomic_fetch_add(&s->inside, 1);
		(void)sched_yield();
		vm_rwlock_read_unlock(&s->rw);
	}
	return NULL;
}

/* Does a writer get in among readers that never all leave? */
static void
test_rwlock_writer_not_starved(void **state)
{
	pthread_t readers[THREADS];
	struct shared s;
	unsigned i;

	(void)state;
	shared_init(&s);
	for (i = 0; i < THREADS; i++)
		readers[i] = one_thread(read_until_stopped, &s);
	while (atomic_load(&s.inside) < 100)
		(void)sched_yield();
	for (i = 0; i < 100; i++) {
		vm_rwlock_write(&s.rw);
		s.a++;
		vm_rwlock_write_unlock(&s.rw);
	}
	atomic_store(&s.stop, true);
	for (i = 0; i < THREADS; i++)
		join(readers[i]);
}

/* Is it told which way it is held, and who may come in beside? */
static void
test_rwlock_tells(void **state)
{
	struct shared s;

	(void)state;
	shared_init(&s);
	vm_rwlock_write(&s.rw);
	assert_true(vm_rwlock_is_write_locked(&s.rw));
	assert_false(vm_rwlock_try_read(&s.rw));
	vm_rwlock_write_unlock(&s.rw);
	assert_true(vm_rwlock_try_read(&s.rw));
	assert_true(vm_rwlock_is_locked(&s.rw));
	assert_false(vm_rwlock_is_write_locked(&s.rw));
	assert_true(vm_rwlock_try_read(&s.rw));
	vm_rwlock_read_unlock(&s.rw);
	vm_rwlock_read_unlock(&s.rw);
	assert_false(vm_rwlock_is_locked(&s.rw));
}

static void *
drop_with_rwlock(void *arg)
{
	struct counted *c = arg;
	unsigned left;

	vm_rwlock_read(&c->rw);
	(void)sched_yield();
	vm_rwlock_read_unlock(&c->rw);
	vm_rwlock_write(&c->rw);
	left = --c->refs;
	(void)sched_yield();
	vm_rwlock_write_unlock(&c->rw);
	if (left == 0)
		free(c);
	return NULL;
}

/* May the next holder free the lock, while the last is still unlocking? */
static void
test_rwlock_freed_by_last(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < 500; i++)
		in_threads(drop_with_rwlock, counted_create());
}

static void
test_rwlock_misuse(void **state)
{
	struct shared s;

	(void)state;
	shared_init(&s);
	expect_death(vm_rwlock_read_unlock(&s.rw), "0x3fffffff");
	expect_death(vm_rwlock_write_unlock(&s.rw), "0x80000000");
}

/* ---- event ---- */

/* Wait for our parity of the turn, then pass it on. */
static void
take_turns(struct shared *s, uint32_t parity)
{
	uint32_t seen, turn;

	for (turn = 0; turn < ROUNDS / 2; turn++) {
		for (;;) {
			seen = vm_event_count(&s->event);
			if (atomic_load(&s->turn) % 2 == parity)
				break;
			vm_event_wait(&s->event, seen, &posix_env);
		}
		atomic_fetch_add(&s->turn, 1);
		vm_event_signal(&s->event, &posix_env);
	}
}

static void *
take_odd_turns(void *arg)
{
	take_turns(arg, 1);
	return NULL;
}

/* Is no signal lost between the count and the wait? */
static void
test_event_turns(void **state)
{
	struct shared s;
	pthread_t other;

	(void)state;
	shared_init(&s);
	other = one_thread(take_odd_turns, &s);
	take_turns(&s, 0);
	join(other);
	assert_int_equal(s.turn, ROUNDS / 2 * 2);
}

static void *
wait_once(void *arg)
{
	struct shared *s = arg;
	uint32_t seen = vm_event_count(&s->event);

	atomic_fetch_add(&s->inside, 1);
	vm_event_wait(&s->event, seen, &posix_env);
	return NULL;
}

/* Does one signal wake everybody? */
static void
test_event_wakes_all(void **state)
{
	pthread_t threads[THREADS];
	struct shared s;
	unsigned i;

	(void)state;
	shared_init(&s);
	for (i = 0; i < THREADS; i++)
		threads[i] = one_thread(wait_once, &s);
	while (atomic_load(&s.inside) < THREADS)
		(void)sched_yield();
	vm_event_signal(&s.event, &posix_env);
	for (i = 0; i < THREADS; i++)
		join(threads[i]);
	assert_int_equal(s.event.sleepers, 0);
}

/* Does waiting for a count that is past return at once? */
static void
test_event_past(void **state)
{
	struct shared s;
	uint32_t seen;

	(void)state;
	shared_init(&s);
	seen = vm_event_count(&s.event);
	vm_event_signal(&s.event, &posix_env);
	assert_int_not_equal(vm_event_count(&s.event), seen);
	vm_event_wait(&s.event, seen, &posix_env);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mutex_excludes),
		cmocka_unit_test(test_mutex_trylock),
		cmocka_unit_test(test_mutex_freed_by_last),
		cmocka_unit_test(test_mutex_alone),
		cmocka_unit_test(test_rwlock_excludes),
		cmocka_unit_test(test_rwlock_shares),
		cmocka_unit_test(test_rwlock_writer_not_starved),
		cmocka_unit_test(test_rwlock_tells),
		cmocka_unit_test(test_rwlock_freed_by_last),
		cmocka_unit_test(test_rwlock_misuse),
		cmocka_unit_test(test_event_turns),
		cmocka_unit_test(test_event_wakes_all),
		cmocka_unit_test(test_event_past),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
