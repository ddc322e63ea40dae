/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stress.h - what the tests with threads have in common: a system on the soft
 * MMU, threads that play in it, and pages whose contents prove themselves.
 *
 * A page that somebody writes to carries versions, growing numbers, at a few
 * places that are always written in the same order.  The writer announces a
 * version before and after he writes it:
 *
 *	begun = v;  word 0 = v;  word 1 = v;  word 2 = v;  done = v
 *
 * So whoever looks - in this space, or in a copy of it made meanwhile - knows
 * without a lock what he may find: a version from `done` as it was before the
 * copy was begun to `begun` as it is after it, and never a later one behind an
 * earlier one.
 *
 * Everything is bounded by counts of operations, and happens in each design.
 * A test ends with nobody in the system and nothing allocated, and says `ok
 * NAME` or `not ok NAME: why`.
 */
#ifndef TEST_STRESS_H
#define TEST_STRESS_H

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "env/faulty.h"
#include "pmap/soft.h"
#include "vm/vm.h"

enum {
	STRESS_THREADS = 9, /* each has a cpu of its own */
	STRESS_PLACES = 3,  /* of a page that carry a version */
};

struct stress {
	const char *name;
	uint64_t seed;
	time_t until;                   /* to go on for, at least */
	const struct vm_design *design; /* of its spaces */
	struct vm_env plain;
	struct faulty_env env;
	struct vm_machine *machine;
	struct vm_system *sys;
	_Atomic bool stop; /* those who go on until others are done */
};

/* A thread of a test. */
struct stress_actor {
	struct stress *st;
	unsigned cpu;
	uint64_t random;
	void *arg;
};

typedef void stress_fn(struct stress_actor *);

/* What is known of a page that one thread writes to. */
struct stress_page {
	_Atomic uint64_t begun, done;
};

/*
 * stress_begin: a system of npages frames.  The arguments of the program are
 * [seed [design|all [seconds]]]; for all designs it forks for each, and returns
 * in the children only.  stress_end: check that nothing is left, say ok, and
 * return the exit status.
 */
void stress_begin(struct stress *, const char *name, int argc, char **argv,
    vm_pindex_t npages);
int stress_end(struct stress *);

/* Whether to play on, when `round` of so many rounds have been played; for a
 * test that takes seconds, not before these are over. */
bool stress_goes_on(const struct stress *, unsigned round, unsigned rounds);

/* Say `not ok` and end the program: the others would only add noise. */
_Noreturn void stress_fail(struct stress *, const char *why, uint64_t a,
    uint64_t b);

static inline void
stress_must(struct stress *st, bool good, const char *why, uint64_t a,
    uint64_t b)
{
	if (!good)
		stress_fail(st, why, a, b);
}

/*
 * stress_run: play n parts at once, then vm_check.  The parts below `first`
 * end by themselves; when they have, `stop` is set for the rest.
 */
struct stress_part {
	stress_fn *fn;
	void *arg;
};
void stress_run(struct stress *, const struct stress_part *, unsigned n,
    unsigned first);
void stress_check(struct stress *);

uint64_t stress_random(struct stress_actor *, uint64_t below);

/* As a program on the actor's cpu.  => 0, or what vm_fault said */
int stress_access(struct stress_actor *, struct vmspace *, vaddr_t, vm_prot_t,
    void *buf, size_t len);
int stress_load(struct stress_actor *, struct vmspace *, vaddr_t, uint64_t *);
int stress_store(struct stress_actor *, struct vmspace *, vaddr_t, uint64_t);

/* The next version into a page of which the actor is the only writer.
 * => an error of a fault: then the page may have it in part */
int stress_write(struct stress_actor *, struct vmspace *, vaddr_t,
    struct stress_page *);
/* All places carry a version from lo to *hi, the first ones no earlier ones
 * than the last.  *hi is looked at after the page has been read. */
int stress_read(struct stress_actor *, struct vmspace *, vaddr_t, uint64_t lo,
    const _Atomic uint64_t *hi);
/* All places carry just this. */
int stress_expect(struct stress_actor *, struct vmspace *, vaddr_t, uint64_t);

/* Anonymous memory, or that of an object; a failure ends the test. */
vaddr_t stress_map(struct stress *, struct vmspace *, vm_pindex_t npages,
    unsigned flags, struct vm_object *);
struct vmspace *stress_space(struct stress *);

#endif
