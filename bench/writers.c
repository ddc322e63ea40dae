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
#include <time.h>
#include <unistd.h>

#include "env/posix.h"
#include "env/swapfile.h"
#include "pmap/soft.h"
#include "vm/vm.h"

enum { TURNS = 4, HEAVY = 4, LIGHT = 64, SAMPLES = 1 << 20 };

struct side {
	const char *name;
	double *v; /* microseconds of the light one's faults */
	size_t n, waited;
	double pages, seconds;
};

struct rig {
	struct vm_machine *machine;
	struct vm_system *sys;
	struct vmspace *heavy, *light;
	pthread_t daemon, writer;
	_Atomic bool stop;
	_Atomic size_t written;
	vaddr_t heavy_base, light_base;
};

static const char *path;
static size_t frames;
static double seconds;

static double
now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static void
must(int error, const char *what)
{
	if (error != VM_OK)
		errx(1, "%s: error %d", what, error);
}

/* ------------------------------------------------------------------ rig */

static void
add_swap(struct rig *rig)
{
	const struct swapfile_config config = { .env = &posix_env,
		.path = path,
		.size = vm_ptoa((HEAVY + 1) * frames) };
	struct swapdev_why why;
	struct vm_swap_device device;
	unsigned id;

	if (!swapfile_open(&config, &device, &why))
		errx(1, "%s: %s", path, why.text);
	device.name = path;
	must(vm_swap_add(rig->sys, &device, &id), "vm_swap_add");
}

static struct vmspace *
space(struct rig *rig, const struct vm_design *design, size_t npages,
    vaddr_t *base)
{
	struct vm_mmap_args args = {
		.len = vm_ptoa(npages),
		.prot = VM_PROT_RW,
		.max_prot = VM_PROT_ALL,
		.flags = VM_MMAP_PRIVATE,
	};
	struct vmspace *vs;

	must(vmspace_create(rig->sys, design, &vs), "vmspace_create");
	must(vm_mmap(vs, &args, base), "vm_mmap");
	return vs;
}

static void *
run_daemon(void *sys)
{
	vm_pageout_daemon(sys);
	return NULL;
}

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
	struct rig *rig = arg;

	for (size_t i = 0; !rig->stop; i = (i + 1) % (HEAVY * frames)) {
		(void)put(rig->heavy, rig->heavy_base + vm_ptoa(i), 1);
		rig->written++;
	}
	return NULL;
}

static void
rig_init(struct rig *rig, const struct vm_design *design)
{
	const struct soft_config soft = { .npages = frames,
		.ncpus = 2,
		.quick = true };

	memset(rig, 0, sizeof(*rig));
	must(soft_machine_create(&posix_env, &soft, &rig->machine), "machine");
	must(vm_system_create(&posix_env, rig->machine, &rig->sys), "system");
	vm_system_prefer(rig->sys, design);
	add_swap(rig);
	rig->heavy = space(rig, design, HEAVY * frames, &rig->heavy_base);
	rig->light = space(rig, design, LIGHT, &rig->light_base);
	if (pthread_create(&rig->daemon, NULL, run_daemon, rig->sys) != 0 ||
	    pthread_create(&rig->writer, NULL, write_on, rig) != 0)
		errx(1, "no thread");
}

static void
rig_fini(struct rig *rig)
{
	rig->stop = true;
	(void)pthread_join(rig->writer, NULL);
	vm_pageout_stop(rig->sys);
	(void)pthread_join(rig->daemon, NULL);
	vmspace_unref(rig->heavy);
	vmspace_unref(rig->light);
	vm_system_destroy(rig->sys);
	soft_machine_destroy(rig->machine);
}

/* ----------------------------------------------------------------- turns */

static void
touch(struct rig *rig, struct side *s, size_t i)
{
	vaddr_t va = rig->light_base + vm_ptoa(i % LIGHT);
	double began;

	must(vm_madvise(rig->light, va, VM_PAGE_SIZE, VM_MADV_FREE),
	    "vm_madvise");
	began = now();
	s->waited += put(rig->light, va, 0);
	if (s->n < SAMPLES)
		s->v[s->n++] = now() - began;
	(void)usleep(1000);
}

static void
turn(struct side *s, const struct vm_design *design)
{
	struct rig rig;
	double began;
	size_t before;

	rig_init(&rig, design);
	while (rig.written < 2 * frames)
		(void)usleep(1000);
	before = rig.written;
	began = now();
	for (size_t i = 0; now() - began < seconds * 1e6; i++)
		touch(&rig, s, i);
	s->pages += (double)(rig.written - before);
	s->seconds += (now() - began) / 1e6;
	rig_fini(&rig);
}

static int
compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void
report(struct side *s)
{
	qsort(s->v, s->n, sizeof(*s->v), compare);
	printf("%-10s %8.1f %8.1f %9.1f %9.1f %8zu %8.2f%% %10.0f\n", s->name,
	    s->v[s->n / 2], s->v[s->n * 99 / 100], s->v[s->n * 999 / 1000],
	    s->v[s->n - 1], s->n, 100 * (double)s->waited / (double)s->n,
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
	for (unsigned i = 0; i < 2; i++) {
		sides[i].v = malloc(SAMPLES * sizeof(double));
		if (sides[i].v == NULL)
			err(1, "memory");
	}
	for (unsigned i = 0; i < TURNS; i++) {
		turn(&sides[0], &never);
		turn(&sides[1], design);
	}
	printf("%-10s %8s %8s %9s %9s %8s %9s %10s\n", design->name, "p50",
	    "p99", "p99.9", "max us", "faults", "waited", "heavy p/s");
	report(&sides[0]);
	report(&sides[1]);
	free(sides[0].v);
	free(sides[1].v);
	return 0;
}
