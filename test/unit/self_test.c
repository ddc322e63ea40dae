/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * self_test.c - virtual memory in the process that uses it: do plain loads and
 * stores in windows see what they should, in every design, while memory is
 * short, from several threads and in several systems at once; and does every
 * failure of the host's memory end in an error?
 */
#include "env/faulty.h"
#include "self/self.h"
#include "test/unit/self_fixture.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* ------------------------------------------------------------- designs */

static void
run_design(const char *design)
{
	struct bsdvm_system *sys = make_system(design, MB, 8 * MB);
	struct bsdvm_space *parent = make_space(sys), *child;
	char *p = make_memory(parent, 2 * MB), *q;

	fill(p, 2 * MB, 1);
	expect(p, 2 * MB, 1);
	assert_int_equal(bsdvm_space_fork(parent, &child), 0);
	q = bsdvm_translate(child, p);
	assert_ptr_equal(bsdvm_space_of(q), child);
	fill(p, MB, 2);
	fill(q + MB, MB, 3);
	expect(q, MB, 1);
	expect(p + MB, MB, 1 + MB / PAGE);
	bsdvm_space_destroy(parent);
	expect(q, MB, 1);
	expect(q + MB, MB, 3);
	assert_int_equal(bsdvm_system_destroy(sys), BSDVM_EBUSY);
	bsdvm_space_destroy(child);
	assert_int_equal(bsdvm_system_destroy(sys), 0);
}

/* Does a space, and its copy, keep more than there is memory? */
static void
test_designs(void **state)
{
	const char *name;

	(void)state;
	for (unsigned i = 0; (name = bsdvm_design_name(i)) != NULL; i++)
		run_design(name);
}

/* Do the members of the family do to a range what they say? */
static void
test_calls(void **state)
{
	struct bsdvm_system *sys = make_system(NULL, MB, 0);
	struct bsdvm_space *space = make_space(sys);
	char *p = make_memory(space, 16 * PAGE);
	unsigned char vec[16];
	struct bsdvm_stats stats;
	uint64_t forks;
	void *q;

	(void)state;
	assert_int_equal(bsdvm_mincore(p, 16 * PAGE, vec), 0);
	assert_int_equal(vec[3], 0);
	fill(p, 16 * PAGE, 1);
	assert_int_equal(bsdvm_mincore(p, 16 * PAGE, vec), 0);
	assert_int_equal(vec[3], 1);
	assert_int_equal(bsdvm_madvise(p, PAGE, BSDVM_DISCARD), 0);
	assert_int_equal(p[0], 0);
	assert_int_equal(bsdvm_mlock(p, 4 * PAGE), 0);
	assert_int_equal(bsdvm_munlock(p, 4 * PAGE), 0);
	assert_int_equal(bsdvm_mremap(p, 16 * PAGE, 32 * PAGE, BSDVM_MAYMOVE,
			     &q),
	    0);
	p = q;
	expect(p + PAGE, 15 * PAGE, 2);
	assert_int_equal(p[20 * PAGE], 0);
	assert_int_equal(bsdvm_munmap(p, 8 * PAGE), 0);
	assert_int_equal(bsdvm_mincore(p, PAGE, vec), BSDVM_ENOMEM);
	assert_int_equal(bsdvm_munmap(vec, PAGE), BSDVM_EINVAL);
	assert_int_equal(bsdvm_minherit(p + 8 * PAGE, PAGE, BSDVM_INHERIT_NONE),
	    0);
	bsdvm_stats(sys, &stats);
	assert_true(stats.memory == MB && stats.faults > 0);
	assert_int_equal(bsdvm_counter(sys, "forks", &forks), 0);
	assert_int_equal(forks, 0);
	assert_int_equal(bsdvm_counter(sys, "spoons", &forks), BSDVM_EINVAL);
	bsdvm_space_destroy(space);
	assert_int_equal(bsdvm_system_destroy(sys), 0);
}

/* Is memory copied between two systems by plain code? */
static void
test_systems(void **state)
{
	struct bsdvm_system *a = make_system("netbsd", MB, 4 * MB);
	struct bsdvm_system *b = make_system("freebsd", MB, 4 * MB);
	struct bsdvm_space *in = make_space(a), *to = make_space(b);
	char *p = make_memory(in, 2 * MB), *q = make_memory(to, 2 * MB);

	(void)state;
	fill(p, 2 * MB, 7);
	memcpy(q, p, 2 * MB);
	expect(q, 2 * MB, 7);
	assert_int_equal(bsdvm_lend(p, PAGE, to, &(void *){ NULL }),
	    BSDVM_EINVAL);
	bsdvm_space_destroy(in);
	bsdvm_space_destroy(to);
	assert_int_equal(bsdvm_system_destroy(a), 0);
	assert_int_equal(bsdvm_system_destroy(b), 0);
}

/* Do bytes go between a window and a buffer, and between windows? */
static void
test_bytes(void **state)
{
	struct bsdvm_system *sys = make_system(NULL, MB, 0);
	struct bsdvm_space *space = make_space(sys);
	char *p = make_memory(space, 8 * PAGE), *q = make_memory(space, MB);
	char *hole = q + 2 * PAGE, buf[3 * PAGE];
	size_t done;

	(void)state;
	memset(buf, 5, sizeof(buf));
	assert_int_equal(bsdvm_write(p + 10, buf, sizeof(buf), &done), 0);
	assert_int_equal(done, sizeof(buf));
	assert_int_equal(bsdvm_write(q + 99, p + 10, sizeof(buf), NULL), 0);
	memset(buf, 0, sizeof(buf));
	assert_int_equal(bsdvm_read(q + 99, buf, sizeof(buf), NULL), 0);
	assert_int_equal(buf[sizeof(buf) - 1], 5);
	assert_int_equal(bsdvm_read(q, p, 2 * PAGE, NULL), 0);
	assert_int_equal(p[99], 5);
	assert_int_equal(bsdvm_munmap(hole, PAGE), 0);
	assert_int_equal(bsdvm_read(q, buf, sizeof(buf), &done), BSDVM_EFAULT);
	assert_int_equal(done, 2 * PAGE);
	assert_int_equal(bsdvm_read(buf, q, 1, NULL), BSDVM_EINVAL);
	bsdvm_space_destroy(space);
	assert_int_equal(bsdvm_system_destroy(sys), 0);
}

/* Can the kernel use what is held, and is that no more wired after it? */
static void
test_hold(void **state)
{
	struct bsdvm_system *sys = make_system(NULL, MB, 4 * MB);
	struct bsdvm_space *space = make_space(sys);
	char *p = make_memory(space, 2 * MB);
	struct bsdvm_hold hold;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], p, 8 * PAGE), -1);
	assert_int_equal(bsdvm_hold(p, 8 * PAGE, BSDVM_READ, &hold), 0);
	assert_int_equal(write(fds[1], p, 8 * PAGE), 8 * PAGE);
	bsdvm_release(&hold);
	fill(p, 2 * MB, 1); /* all of it goes out */
	assert_int_equal(bsdvm_hold(p, 8 * PAGE, BSDVM_WRITE, &hold), 0);
	assert_int_equal(read(fds[0], p, 8 * PAGE), 8 * PAGE);
	bsdvm_release(&hold);
	assert_int_equal(p[5 * PAGE], 0);
	expect(p + 8 * PAGE, 2 * MB - 8 * PAGE, 9);
	assert_int_equal(bsdvm_munmap(p + PAGE, PAGE), 0);
	assert_int_equal(bsdvm_hold(p, 4 * PAGE, BSDVM_READ, &hold),
	    BSDVM_EFAULT);
	(void)close(fds[0]);
	(void)close(fds[1]);
	bsdvm_space_destroy(space);
	assert_int_equal(bsdvm_system_destroy(sys), 0);
}

/* Do pages come into another space, lent, shared, copied and moved? */
static void
test_passing(void **state)
{
	struct bsdvm_system *sys = make_system(NULL, 2 * MB, 0);
	struct bsdvm_space *from = make_space(sys), *to = make_space(sys);
	char *p = make_memory(from, 8 * PAGE), *q;
	void *at = NULL;

	(void)state;
	fill(p, 8 * PAGE, 1);
	assert_int_equal(bsdvm_lend(p, 8 * PAGE, to, &at), 0);
	assert_ptr_equal(bsdvm_space_of(at), to);
	fill(p, 4 * PAGE, 2);
	expect(at, 8 * PAGE, 1);
	assert_int_equal(bsdvm_pass(p, 8 * PAGE, BSDVM_COPY, to, &at), 0);
	at = NULL;
	assert_int_equal(bsdvm_pass(p, 8 * PAGE, BSDVM_SHARE, to, &at), 0);
	q = at;
	fill(q, 8 * PAGE, 9);
	expect(p, 8 * PAGE, 9);
	at = NULL;
	assert_int_equal(bsdvm_pass(p, 8 * PAGE, BSDVM_DONATE, to, &at), 0);
	expect(at, 8 * PAGE, 9);
	assert_int_equal(bsdvm_read(p, &(char){ 0 }, 1, NULL), BSDVM_EFAULT);
	bsdvm_space_destroy(from);
	bsdvm_space_destroy(to);
	assert_int_equal(bsdvm_system_destroy(sys), 0);
}

/* Is a file what its mappings made of it? */
static void
test_file(void **state)
{
	char name[] = "/tmp/bsdvm-self-XXXXXX", byte;
	int fd = mkstemp(name);
	struct bsdvm_system *sys = make_system(NULL, MB, 0);
	struct bsdvm_space *space = make_space(sys);
	struct bsdvm_mapping m = { .len = 2 * MB,
		.prot = BSDVM_READ | BSDVM_WRITE,
		.flags = BSDVM_SHARED };
	void *p;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(unlink(name), 0);
	assert_int_equal(ftruncate(fd, 2 * (off_t)MB - 10), 0);
	assert_int_equal(bsdvm_object_file(sys, fd, &m.object), 0);
	assert_int_equal(bsdvm_mmap(space, &m, &p), 0);
	bsdvm_object_release(m.object);
	fill(p, 2 * MB, 3);
	expect(p, 2 * MB, 3);
	assert_int_equal(bsdvm_msync(p, 2 * MB, BSDVM_MS_SYNC), 0);
	assert_int_equal(pread(fd, &byte, 1, 7 * PAGE), 1);
	assert_int_equal(byte, 10);
	assert_int_equal(bsdvm_object_file(sys, -1, &m.object), BSDVM_EINVAL);
	bsdvm_space_destroy(space);
	assert_int_equal(bsdvm_system_destroy(sys), 0);
	(void)close(fd);
}

/* ------------------------------------------------------------- threads */

enum { NTHREADS = 4, ROUNDS = 6 };

struct worker {
	pthread_t thread;
	char *own, *shared;
	size_t slot;
};

static void *
work(void *arg)
{
	struct worker *w = arg;

	for (int round = 0; round < ROUNDS; round++) {
		fill(w->own, MB / 2, round);
		for (size_t i = 0; i < MB; i += PAGE)
			w->shared[i + w->slot] = (char)round;
		expect(w->own, MB / 2, round);
	}
	return NULL;
}

/* Do threads get along that use one space, short of memory? */
static void
test_threads(void **state)
{
	struct bsdvm_system *sys = make_system(NULL, MB, 16 * MB);
	struct bsdvm_space *space = make_space(sys), *child;
	struct worker workers[NTHREADS];
	char *shared = make_memory(space, MB);

	(void)state;
	for (size_t i = 0; i < NTHREADS; i++) {
		workers[i] = (struct worker){ .shared = shared,
			.own = make_memory(space, MB / 2),
			.slot = i };
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work,
				     &workers[i]),
		    0);
	}
	for (int i = 0; i < ROUNDS; i++) {
		assert_int_equal(bsdvm_space_fork(space, &child), 0);
		bsdvm_space_destroy(child);
	}
	for (size_t i = 0; i < NTHREADS; i++)
		assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
	for (size_t i = 0; i < MB; i += PAGE)
		for (size_t j = 0; j < NTHREADS; j++)
			assert_int_equal(shared[i + j], ROUNDS - 1);
	bsdvm_space_destroy(space);
	assert_int_equal(bsdvm_system_destroy(sys), 0);
}

/* ------------------------------------------------------------- failures */

static struct faulty_env faulty;
static uint64_t fail_nth;

static const struct vm_env *
wrap(const struct vm_env *env)
{
	faulty_init(&faulty, env);
	faulty_fail(&faulty, fail_nth, FAULTY_ON);
	return &faulty.env;
}

static void
live(struct bsdvm_system *sys, struct bsdvm_space *space)
{
	struct bsdvm_space *child = NULL;
	struct bsdvm_object *object = NULL;
	struct bsdvm_mapping m = { .len = 64 * KB,
		.prot = BSDVM_READ | BSDVM_WRITE,
		.flags = BSDVM_SHARED };
	void *p;

	if (bsdvm_object_anon(sys, &object) == 0) {
		m.object = object;
		if (bsdvm_mmap(space, &m, &p) == 0)
			(void)bsdvm_write(p, &fail_nth, 8, NULL);
	}
	if (bsdvm_map_anon(space, MB, &p) == 0) {
		for (size_t i = 0; i < MB; i += PAGE)
			(void)bsdvm_write((char *)p + i, &i, 8, NULL);
		(void)bsdvm_mprotect((char *)p + 4 * PAGE, PAGE, BSDVM_READ);
		if (bsdvm_space_fork(space, &child) == 0)
			(void)bsdvm_write(bsdvm_translate(child, p), &p, 8,
			    NULL);
	}
	bsdvm_object_release(object);
	bsdvm_space_destroy(child);
}

static bool
fails_at(uint64_t nth)
{
	const struct bsdvm_config config = { .memory = 2 * MB,
		.window = (uint64_t)1 << 30 };
	struct bsdvm_system *sys;
	struct bsdvm_space *space;
	struct bsdvm_why why = { "" };
	int error;

	fail_nth = nth;
	error = self_system_create(&config, wrap, &sys, &why);
	if (error != 0) {
		assert_int_equal(error, BSDVM_ENOMEM);
		assert_true(why.text[0] != '\0');
	} else {
		if (bsdvm_space_create(sys, &space) == 0) {
			live(sys, space);
			bsdvm_space_destroy(space);
		}
		assert_int_equal(bsdvm_system_destroy(sys), 0);
	}
	assert_int_equal(faulty.blocks, 0);
	return faulty.failures != 0;
}

/* Is nothing left, whichever allocation is the last that succeeds? */
static void
test_failures(void **state)
{
	(void)state;
	for (uint64_t nth = 1; fails_at(nth); nth += nth < 60 ? 1 : 7)
		;
}

/* ----------------------------------------------------------- fork(2) */

/* Are spaces what they were, after a reset; and branches, from the start? */
static void
run_checkpoint(const char *design)
{
	struct bsdvm_system *sys = make_system(design, MB, 8 * MB);
	struct bsdvm_space *space = make_space(sys), *branch;
	struct bsdvm_checkpoint *begin, *later;
	char *p = make_memory(space, 2 * MB), *q;

	fill(p, 2 * MB, 1);
	assert_int_equal(bsdvm_checkpoint_take(space, &begin), 0);
	for (int round = 0; round < 3; round++) {
		fill(p + (size_t)round * 64 * KB, 64 * KB, 100 + round);
		assert_int_equal(bsdvm_munmap(p + MB, 16 * PAGE), 0);
		assert_int_equal(bsdvm_checkpoint_reset(begin, space), 0);
		expect(p, 2 * MB, 1);
	}
	assert_int_equal(bsdvm_checkpoint_branch(begin, &branch), 0);
	q = bsdvm_translate(branch, p);
	fill(q, MB, 2);
	assert_int_equal(bsdvm_checkpoint_take(branch, &later), 0);
	fill(q, MB, 3);
	assert_int_equal(bsdvm_checkpoint_reset(later, branch), 0);
	expect(q, MB, 2);
	assert_int_equal(bsdvm_checkpoint_reset(begin, branch), 0);
	expect(q, 2 * MB, 1);
	bsdvm_checkpoint_drop(begin);
	expect(p, 2 * MB, 1);
	bsdvm_space_destroy(space);
	bsdvm_space_destroy(branch);
	assert_int_equal(bsdvm_system_destroy(sys), BSDVM_EBUSY);
	bsdvm_checkpoint_drop(later);
	assert_int_equal(bsdvm_system_destroy(sys), 0);
}

static void
test_checkpoints(void **state)
{
	const char *name;

	(void)state;
	for (unsigned i = 0; (name = bsdvm_design_name(i)) != NULL; i++)
		run_checkpoint(name);
}

/* Does a child process have nothing of it, and the parent all? */
static void
test_process_fork(void **state)
{
	struct bsdvm_system *sys = make_system(NULL, MB, 0);
	struct bsdvm_space *space = make_space(sys);
	char *p = make_memory(space, 8 * PAGE);
	int status;
	pid_t child;

	(void)state;
	fill(p, 8 * PAGE, 1);
	child = fork();
	if (child == 0)
		_exit(bsdvm_space_of(p) == NULL ? 0 : 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	expect(p, 8 * PAGE, 1);
	bsdvm_space_destroy(space);
	assert_int_equal(bsdvm_system_destroy(sys), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_designs),
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_systems),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_hold),
		cmocka_unit_test(test_passing),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_checkpoints),
		cmocka_unit_test(test_process_fork),
	};

	return cmocka_run_group_tests_name("self", tests, NULL, NULL);
}
