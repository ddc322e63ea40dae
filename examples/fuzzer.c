/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzzer.c - a fuzzer that resets live memory instead of making it anew.
 *
 *	fuzzer [RUNS [MEGABYTES]]
 *
 *	make the target's memory, once ---> checkpoint
 *	mutate an input, run, reset    ---- thousands of times a second
 *
 * The target is a little machine with a large table, whose program is the
 * input.  It has a bug: who knocks three times stores where he likes.  That is
 * a fault in the window that has no answer, so the library hands it to the
 * handler that the program had before, which jumps out of the run.
 *
 * For comparison the same is done as fuzzers do it that have only the kernel: a
 * fork(2) for each input.
 */
#include <bsdvm/vm.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define INPUT 64

static sigjmp_buf out;
static uint32_t seed = 1;

static void
must(int error, const char *what)
{
	if (error == 0)
		return;
	(void)fprintf(stderr, "fuzzer: %s: %s\n", what, bsdvm_strerror(error));
	exit(1);
}

static uint32_t
number(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed;
}

/* ------------------------------------------------------------- target */

struct machine {
	uint32_t words, runs, sum, knocks;
	uint32_t table[];
};

static void
machine_init(struct machine *m, size_t bytes)
{
	m->words = (uint32_t)((bytes - sizeof(*m)) / sizeof(m->table[0]));
	for (uint32_t i = 0; i < m->words; i++)
		m->table[i] = i * 2654435761u;
}

static void
step(struct machine *m, uint8_t op, uint8_t arg)
{
	m->knocks = op == 'K' ? m->knocks + 1 : 0;
	if (m->knocks == 3)
		m->table[(uint64_t)m->words + arg * 4096u] = m->sum;
	else if (op < 128)
		m->sum = m->sum * 31 + m->table[m->sum % m->words] + arg;
	else
		m->table[m->sum % m->words] ^= arg;
}

static void
machine_run(struct machine *m, const uint8_t *input)
{
	if (m->runs++ != 0) /* not what it was made to be */
		abort();
	for (size_t i = 0; i + 1 < INPUT; i += 2)
		step(m, input[i], input[i + 1]);
}

/* ------------------------------------------------------------- fuzzer */

static void
mutate(uint8_t *input)
{
	for (size_t i = 0; i < INPUT; i++)
		input[i] = (uint8_t)(number() >> 8);
	if (number() % 64 == 0)
		input[20] = input[22] = input[24] = 'K';
}

static void
crashed(int signo)
{
	siglongjmp(out, signo);
}

/* Whether the machine lives. */
static bool
run_once(struct machine *m, const uint8_t *input)
{
	if (sigsetjmp(out, 1) != 0)
		return false;
	machine_run(m, input);
	return true;
}

static size_t
fuzz_by_reset(struct bsdvm_space *space, struct machine *m, size_t runs)
{
	struct bsdvm_checkpoint *begin;
	uint8_t input[INPUT];
	size_t crashes = 0;

	must(bsdvm_checkpoint_take(space, &begin), "checkpoint");
	for (size_t i = 0; i < runs; i++) {
		mutate(input);
		crashes += !run_once(m, input);
		must(bsdvm_checkpoint_reset(begin, space), "reset");
	}
	bsdvm_checkpoint_drop(begin);
	return crashes;
}

static size_t
fuzz_by_fork(struct machine *m, size_t runs)
{
	uint8_t input[INPUT];
	size_t crashes = 0;
	int status;

	for (size_t i = 0; i < runs; i++) {
		pid_t child;

		mutate(input);
		child = fork();
		if (child == 0)
			_exit(run_once(m, input) ? 0 : 1);
		if (child < 0 || waitpid(child, &status, 0) != child)
			must(BSDVM_ENOMEM, "fork");
		crashes += status != 0;
	}
	return crashes;
}

static double
now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int
main(int argc, char **argv)
{
	size_t runs = argc > 1 ? strtoul(argv[1], NULL, 10) : 2000;
	size_t bytes = (argc > 2 ? strtoul(argv[2], NULL, 10) : 16) << 20;
	struct sigaction action = { .sa_handler = crashed };
	struct bsdvm_config config = { .memory = 2 * bytes + (8 << 20) };
	struct bsdvm_system *sys;
	struct bsdvm_space *space;
	size_t crashes, forks = runs / 20 + 1;
	double began, each, fork_each;
	void *m;

	(void)sigaction(SIGSEGV, &action, NULL);
	must(bsdvm_system_create(&config, &sys, NULL), "system");
	must(bsdvm_space_create(sys, &space), "space");
	must(bsdvm_map_anon(space, bytes, &m), "memory");
	machine_init(m, bytes);
	began = now();
	crashes = fuzz_by_reset(space, m, runs);
	each = (now() - began) / (double)runs;
	(void)printf("%zu runs, %zu crashes: %.0f us a run and reset\n", runs,
	    crashes, each * 1e6);

	m = mmap(NULL, bytes + (8 << 20), PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (m == MAP_FAILED)
		must(BSDVM_ENOMEM, "memory");
	(void)mprotect((char *)m + bytes, 8 << 20, PROT_NONE);
	machine_init(m, bytes);
	began = now();
	(void)fuzz_by_fork(m, forks);
	fork_each = (now() - began) / (double)forks;
	(void)printf("by fork(2) %.0f us: %.1f times as long\n",
	    fork_each * 1e6, fork_each / each);
	bsdvm_space_destroy(space);
	return bsdvm_system_destroy(sys) != 0 || crashes == 0;
}
