/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * writers FILE MEGABYTES SECONDS [DESIGN]: how long a process that needs a page
 * now and then waits for it beside one that writes as fast as it can.
 *
 * A system on the soft MMU with so many megabytes of memory, a swap file and a
 * page daemon.  Two threads, each with a space of its own:
 *
 *	heavy	writes every page of four times the memory, over and over
 *	light	gives a page back and writes to it again, which takes a new one,
 *		and sleeps a millisecond
 *
 * Once as the design has it, once with nobody slowed down (VM_THROTTLE_NEVER),
 * in turns; each turn is a system of its own.  For both: the times of the light
 * one's faults, how many of them had to wait, and what the heavy one writes.
 */
#include <err.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/rig.h"
#include "bench/samples.h"
#include "env/posix.h"
#include "pmap/soft.h"
#include "vm/vm.h"

enum { TURNS = 4, HEAVY = 4, LIGHT = 64 };

struct side {
	const char *name;
	struct samples faults; /* of the light one */
	size_t waited;
	double pages, seconds;
};

struct contest {
	struct rig rig;
	struct vmspace *heavy, *light;
	pthread_t writer;
	_Atomic bool stop;
	_Atomic size_t written;
	vaddr_t heavy_base, light_base;
};

static const char *path;
static size_t frames;
static double seconds;

/* --------------------------------------------------------------- contest */

/* Store a word, as a program does.  => whether a fault had to wait */
static bool
put(struct vmspace *vs, vaddr_t va, unsigned cpu)
{
	struct vm_fault_wait w = { .tries = 0 };
	uint64_t word = va;
	struct soft_access a = { .pmap = vs->map.pmap,
		.cpu = cpu,
		.access = VM_PROT_WRITE,
		.va = va,
		.buf = &word,
		.len = sizeof(word) };
	bool waited = false;
	int error;

	while (soft_access(&a) != VM_OK) {
		error = vm_fault_try(&vs->map, va, VM_PROT_WRITE, 0, &w);
		if (error == VM_EWAIT) {
			waited = true;
			vm_event_wait(w.wait.event, w.wait.seen, &posix_env);
		} else {
			must(error, "vm_fault_try");
		}
	}
	vm_fault_leave(&w);
	return waited;
}

static void *
write_on(void *arg)
{
	struct contest *c = arg;

	for (size_t i = 0; !c->stop; i = (i + 1) % (HEAVY * frames)) {
		(void)put(c->heavy, c->heavy_base + vm_ptoa(i), 1);
		c->written++;
	}
	return NULL;
}

static void
begin(struct contest *c, const struct vm_design *design)
{
	memset(c, 0, sizeof(*c));
	rig_init(&c->rig, design, frames);
	rig_swap_to(&c->rig, path, (HEAVY + 1) * frames);
	c->heavy = rig_space(&c->rig, HEAVY * frames, VM_MMAP_PRIVATE,
	    &c->heavy_base);
	c->light = rig_space(&c->rig, LIGHT, VM_MMAP_PRIVATE, &c->light_base);
	rig_start_daemon(&c->rig);
	if (pthread_create(&c->writer, NULL, write_on, c) != 0)
		errx(1, "no thread");
}

static void
end(struct contest *c)
{
	c->stop = true;
	(void)pthread_join(c->writer, NULL);
	vmspace_unref(c->heavy);
	vmspace_unref(c->light);
	rig_fini(&c->rig);
}

/* ----------------------------------------------------------------- turns */

static void
touch(struct contest *c, struct side *s, size_t i)
{
	vaddr_t va = c->light_base + vm_ptoa(i % LIGHT);
	double began;

	must(vm_madvise(c->light, va, VM_PAGE_SIZE, VM_MADV_FREE),
	    "vm_madvise");
	began = now();
	s->waited += put(c->light, va, 0);
	samples_add(&s->faults, now() - began);
	(void)usleep(1000);
}

static void
turn(struct side *s, const struct vm_design *design)
{
	struct contest c;
	double began;
	size_t before;

	begin(&c, design);
	while (c.written < 2 * frames)
		(void)usleep(1000);
	before = c.written;
	began = now();
	for (size_t i = 0; now() - began < seconds * 1e6; i++)
		touch(&c, s, i);
	s->pages += (double)(c.written - before);
	s->seconds += (now() - began) / 1e6;
	end(&c);
}

static void
report(struct side *s)
{
	struct samples *f = &s->faults;

	printf("%-10s %8.1f %8.1f %9.1f %9.1f %8zu %8.2f%% %10.0f\n", s->name,
	    samples_part(f, 0.5), samples_part(f, 0.99), samples_part(f, 0.999),
	    samples_part(f, 1), f->n, 100 * (double)s->waited / (double)f->n,
	    s->pages / s->seconds);
}

int
main(int argc, char **argv)
{
	struct side sides[2] = { { .name = "never" }, { .name = "as it is" } };
	const struct vm_design *design;
	struct vm_design never;

	if (argc != 4 && argc != 5)
		errx(2, "usage: writers FILE MEGABYTES SECONDS [DESIGN]");
	path = argv[1];
	frames = strtoull(argv[2], NULL, 10) << (20 - VM_PAGE_SHIFT);
	seconds = strtod(argv[3], NULL) / (2 * TURNS);
	design = vm_design_named(argc == 5 ? argv[4] : "netbsd");
	if (design == NULL || frames < 1024 || seconds <= 0)
		errx(2, "no such design, or less than 4 megabytes");
	never = *design;
	never.throttle = VM_THROTTLE_NEVER;
	for (unsigned i = 0; i < TURNS; i++) {
		turn(&sides[0], &never);
		turn(&sides[1], design);
	}
	printf("%-10s %8s %8s %9s %9s %8s %9s %10s\n", design->name, "p50",
	    "p99", "p99.9", "max us", "faults", "waited", "heavy p/s");
	report(&sides[0]);
	report(&sides[1]);
	free(sides[0].faults.v);
	free(sides[1].faults.v);
	return 0;
}
