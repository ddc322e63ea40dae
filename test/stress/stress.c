/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stress.c - see stress.h.
 *
 * Two threads share each number that the library takes for a processor's, so
 * that its per-processor parts see company too.  The MMU's processors are one
 * a thread.
 */
#include "test/stress/stress.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/hash.h"
#include "env/posix.h"

enum {
	CPUS_SEEN = STRESS_THREADS / 2,
	FAULTS_MAX = 100000, /* of one access that gets no further */
};

static _Thread_local unsigned my_cpu;

/* ------------------------------------------------------ beginning and end */

static unsigned
stress_cpu(void *ctx)
{
	(void)ctx;
	return my_cpu % CPUS_SEEN;
}

/* Each design has a process of its own; the first of us only waits. */
static const struct vm_design *
play_each(void)
{
	const struct vm_design *d;
	int status, failed = 0;
	pid_t pid;

	for (unsigned i = 0; (d = vm_design_nth(i)) != NULL; i++) {
		pid = fork();
		if (pid == 0)
			return d;
		if (pid < 0 || waitpid(pid, &status, 0) != pid ||
		    !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
			printf("not ok %s: did not end well\n", d->name);
			failed = 1;
		}
	}
	exit(failed);
}

static const struct vm_design *
choose_design(int argc, char **argv)
{
	return argc > 2 && strcmp(argv[2], "all") != 0 ?
	    vm_design_named(argv[2]) :
	    play_each();
}

bool
stress_goes_on(const struct stress *st, unsigned round, unsigned rounds)
{
	return round < rounds || time(NULL) < st->until;
}

void
stress_fail(struct stress *st, const char *why, uint64_t a, uint64_t b)
{
	printf("not ok %s %s: %s (%#" PRIx64 ", %#" PRIx64 "), seed %" PRIu64
	       "\n",
	    st->name, st->design == NULL ? "" : st->design->name, why, a, b,
	    st->seed);
	fflush(stdout);
	_exit(1);
}

void
stress_begin(struct stress *st, const char *name, int argc, char **argv,
    vm_pindex_t npages)
{
	struct soft_config soft = {
		.npages = npages,
		.ncpus = STRESS_THREADS,
		.tlb_entries = 32,
		.zero_ahead_max = 8,
		.read_around = 8,
		.neighbour_factor = 2,
		.forget_every = 53,
	};

	memset(st, 0, sizeof(*st));
	st->name = name;
	st->seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	st->design = choose_design(argc, argv);
	if (argc > 3)
		st->until = time(NULL) + strtol(argv[3], NULL, 0);
	stress_must(st, st->design != NULL, "no such design", 0, 0);
	st->plain = posix_env;
	st->plain.cpu = stress_cpu;
	faulty_init(&st->env, &st->plain);
	if (soft_machine_create(&st->plain, &soft, &st->machine) != 0 ||
	    vm_system_create(&st->env.env, st->machine, &st->sys) != 0)
		stress_fail(st, "cannot make a system", npages, 0);
}

void
stress_check(struct stress *st)
{
	vm_check(st->sys);
	soft_machine_check(st->machine);
}

int
stress_end(struct stress *st)
{
	struct vm_stats *stats = &st->sys->stats;

	stress_must(st, list_is_empty(&st->sys->spaces), "a space is left", 0,
	    0);
	stress_must(st, stats->anons_allocated == stats->anons_freed,
	    "anons are left", stats->anons_allocated, stats->anons_freed);
	stress_must(st, stats->entries_allocated == stats->entries_freed,
	    "entries are left", stats->entries_allocated, stats->entries_freed);
	(void)vm_object_reclaim(st->sys, SIZE_MAX);
	stress_must(st, vm_page_free_count(st->sys) == vm_page_count(st->sys),
	    "pages are left", vm_page_free_count(st->sys),
	    vm_page_count(st->sys));
	stress_check(st);
	vm_system_destroy(st->sys);
	soft_machine_destroy(st->machine);
	stress_must(st, st->env.blocks == 0 && st->env.bytes == 0,
	    "memory of the host is left", st->env.blocks, st->env.bytes);
	printf("ok %s %s\n", st->name, st->design->name);
	return 0;
}

/* ----------------------------------------------------------------- threads */

struct starter {
	struct stress_actor actor;
	stress_fn *fn;
	pthread_t thread;
};

static void *
start(void *arg)
{
	struct starter *s = arg;

	my_cpu = s->actor.cpu;
	s->fn(&s->actor);
	return NULL;
}

void
stress_run(struct stress *st, const struct stress_part *parts, unsigned n,
    unsigned first)
{
	struct starter starters[STRESS_THREADS];

	stress_must(st, n <= STRESS_THREADS, "too many threads", n, 0);
	st->stop = false;
	for (unsigned i = 0; i < n; i++) {
		starters[i].fn = parts[i].fn;
		starters[i].actor = (struct stress_actor){
			.st = st,
			.cpu = i,
			.random = hash_mix64(st->seed * 64 + i + 1),
			.arg = parts[i].arg,
		};
		if (pthread_create(&starters[i].thread, NULL, start,
			&starters[i]) != 0)
			stress_fail(st, "cannot make a thread", i, 0);
	}
	for (unsigned i = 0; i < n; i++) {
		if (i == first)
			st->stop = true;
		pthread_join(starters[i].thread, NULL);
	}
	st->seed++; /* another run is not to be the same again */
	stress_check(st);
}

uint64_t
stress_random(struct stress_actor *a, uint64_t below)
{
	a->random = a->random * 6364136223846793005u + 1442695040888963407u;
	return hash_mix64(a->random) % below;
}

/* ---------------------------------------------------------------- accesses */

/* A fault that does not sleep, by who sleeps between its tries; now and then it
 * is given up in the middle. */
static int
fault_by_tries(struct stress_actor *a, struct vmspace *vs, vaddr_t va,
    vm_prot_t access)
{
	struct vm_fault_wait w = { .tries = 0 };
	int error;

	while (
	    (error = vm_fault_try(&vs->map, va, access, 0, &w)) == VM_EWAIT) {
		if (stress_random(a, 8) == 0) {
			vm_fault_leave(&w);
			return 0;
		}
		vm_event_wait(w.wait.event, w.wait.seen, vs->map.sys->env);
	}
	return error;
}

int
stress_access(struct stress_actor *a, struct vmspace *vs, vaddr_t va,
    vm_prot_t access, void *buf, size_t len)
{
	struct soft_access sa = {
		.pmap = vs->map.pmap,
		.cpu = a->cpu,
		.access = access,
		.va = va,
		.buf = buf,
		.len = len,
	};
	unsigned faults = 0;
	int error = 0;

	while (error == 0 && soft_access(&sa) != 0) {
		error = stress_random(a, 2) == 0 ?
		    vm_fault(&vs->map, sa.va, access, 0) :
		    fault_by_tries(a, vs, sa.va, access);
		stress_must(a->st, ++faults < FAULTS_MAX, "it faults for ever",
		    va, access);
	}
	return error;
}

int
stress_load(struct stress_actor *a, struct vmspace *vs, vaddr_t va,
    uint64_t *value)
{
	return stress_access(a, vs, va, VM_PROT_READ, value, sizeof(*value));
}

int
stress_store(struct stress_actor *a, struct vmspace *vs, vaddr_t va,
    uint64_t value)
{
	return stress_access(a, vs, va, VM_PROT_WRITE, &value, sizeof(value));
}

/* ---------------------------------------------------------------- versions */

static const vaddr_t places[STRESS_PLACES] = { 0, 2040, 4088 };

int
stress_write(struct stress_actor *a, struct vmspace *vs, vaddr_t va,
    struct stress_page *p)
{
	uint64_t v = p->begun + 1;
	int error = 0;

	p->begun = v;
	for (unsigned i = 0; i < STRESS_PLACES && error == 0; i++)
		error = stress_store(a, vs, va + places[i], v);
	if (error == 0)
		p->done = v;
	return error;
}

/* The places are read from the last to the first: a writer that comes between
 * cannot be seen to have turned the order around. */
int
stress_read(struct stress_actor *a, struct vmspace *vs, vaddr_t va, uint64_t lo,
    const _Atomic uint64_t *hi)
{
	uint64_t v, before = lo;
	int error;

	for (unsigned i = STRESS_PLACES; i-- != 0; before = v) {
		error = stress_load(a, vs, va + places[i], &v);
		if (error != 0)
			return error;
		stress_must(a->st, v >= lo, "an old version", va, v);
		stress_must(a->st, v >= before, "versions out of order", va, v);
	}
	stress_must(a->st, before <= *hi, "a version of the future", va,
	    before);
	return 0;
}

int
stress_expect(struct stress_actor *a, struct vmspace *vs, vaddr_t va,
    uint64_t value)
{
	uint64_t v;
	int error;

	for (unsigned i = 0; i < STRESS_PLACES; i++) {
		error = stress_load(a, vs, va + places[i], &v);
		if (error != 0)
			return error;
		stress_must(a->st, v == value, "wrong contents", va, v);
	}
	return 0;
}

/* ------------------------------------------------------------------ spaces */

struct vmspace *
stress_space(struct stress *st)
{
	struct vmspace *vs;

	if (vmspace_create(st->sys, st->design, &vs) != 0)
		stress_fail(st, "cannot make a space", 0, 0);
	return vs;
}

vaddr_t
stress_map(struct stress *st, struct vmspace *vs, vm_pindex_t npages,
    unsigned flags, struct vm_object *obj)
{
	struct vm_mmap_args args = {
		.len = vm_ptoa(npages),
		.prot = VM_PROT_RW,
		.flags = flags,
		.object = obj,
	};
	vaddr_t va;
	int error = vm_mmap(vs, &args, &va);

	stress_must(st, error == 0, "cannot map", npages, (uint64_t)error);
	return va;
}
