/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pressure FILE MEGABYTES [DESIGN]: what paging to a file moves in a second
 * through the whole system, beside plain I/O to the same file; and how long a
 * program waits for memory meanwhile.
 *
 * A system on the soft MMU with an eighth of so many megabytes of memory, and
 * a swap file.  A program (rather: vm_fault and the bytes of the page) writes
 * all of its memory and then reads all of it:
 *
 *	plain	  fill a buffer of 64 pages and pwrite(2) it, as dd(1) does;
 *		  pread(2) it and look at every page
 *	by itself who finds no page makes a pass
 *	daemon	  a thread runs vm_pageout_daemon
 *
 * The rates are those of going out and coming in,
 *
 *	disk	  until fdatasync(2) has ended; from the disk, the file's cache
 *		  being empty
 *	cache	  to and from the host's cache of the file.  No disk is as fast:
 *		  this tells what paging costs by itself
 *	per CPU s the same bytes by the processor time of all threads, which
 *		  other work on the machine hardly changes
 *
 * and medians of some rounds, in which the three take turns.  Checksums are
 * part of it, as they are of every run; so is the copy by which the soft MMU
 * stores, which stands for the filling of the plain buffer.
 *
 * Stalls are the times of all the faults of the writing and reading that
 * needed memory; nearly all find a free page, so the largest few tell.
 *
 * Relief is the time from the moment when memory becomes short until more is
 * free than was: seen by a thread that does nothing but look.  Without a
 * daemon that is the moment when a fault finds none.  The pages that go are
 * clean, or all must be written first.
 */
#include <err.h>
#include <fcntl.h>
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

enum { ROUNDS = 5, EPISODES = 40, SHARE = 8, PATIENCE = 100000 };

#define CLUSTER (VM_CLUSTER_MAX * VM_PAGE_SIZE)

enum way { PLAIN, BY_ITSELF, DAEMON, WAYS };

static const char *const way_names[WAYS] = { "plain", "by itself", "daemon" };

struct start {
	double time, cpu;
};

/* A program: a space, which is all that its system has. */
struct program {
	struct rig rig;
	struct vmspace *space;
	vaddr_t base;
};

static const char *path;
static const struct vm_design *design;
static size_t npages;
static struct samples rates[WAYS][2], costs[WAYS][2], disk[WAYS][2],
    stalls[WAYS][2], relief[WAYS][2];

static double
cpu(void)
{
	return samples_clock(CLOCK_PROCESS_CPUTIME_ID);
}

/* -------------------------------------------------------------- program */

static void
begin(struct program *p, enum way way)
{
	rig_init(&p->rig, design, npages / SHARE);
	rig_swap_to(&p->rig, path, npages + npages / 4);
	p->space = rig_space(&p->rig, npages, VM_MMAP_SHARED, &p->base);
	if (way == DAEMON)
		rig_start_daemon(&p->rig);
}

static void
end(struct program *p)
{
	vmspace_unref(p->space);
	rig_fini(&p->rig);
}

/* Fill the i-th page, or look at it. */
static void
use_page(struct program *p, size_t i, bool write)
{
	static uint64_t words[VM_PAGE_SIZE / sizeof(uint64_t)];
	struct soft_access a = {
		.pmap = p->space->map.pmap,
		.access = write ? VM_PROT_WRITE : VM_PROT_READ,
		.va = p->base + vm_ptoa(i),
		.buf = words,
		.len = write ? sizeof(words) : sizeof(words[0]),
	};

	words[0] = i;
	while (soft_access(&a) != VM_OK)
		must(vm_fault(&p->space->map, a.va, a.access, 0), "vm_fault");
	if (!write && words[0] != i)
		errx(1, "page %zu came back wrong", i);
}

static void
wait_until_written(struct vm_system *sys)
{
	struct vm_event *ev = vm_swapout_event(sys);
	uint32_t seen;

	for (;;) {
		seen = vm_event_count(ev);
		if (vm_swapout_paging(sys) == 0)
			return;
		vm_event_wait(ev, seen, &posix_env);
	}
}

/* ----------------------------------------------------------- throughput */

static uint64_t
moved(struct vm_system *sys, bool out)
{
	struct vm_stats *st = &sys->stats;

	return atomic_load(out ? &st->pageouts : &st->pageins);
}

/* The file's cache is empty and all is on the disk. */
static void
let_cache_go(void)
{
	int fd = open(path, O_RDWR);

	if (fd < 0 || fdatasync(fd) != 0 ||
	    posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) != 0)
		err(1, "%s", path);
	(void)close(fd);
}

static void
note(enum way way, bool write, bool on_disk, double bytes,
    const struct start *start)
{
	if (write && on_disk)
		let_cache_go();
	samples_add(on_disk ? &disk[way][!write] : &rates[way][!write],
	    bytes / (now() - start->time));
	if (!on_disk)
		samples_add(&costs[way][!write], bytes / (cpu() - start->cpu));
}

/* Write all, or read all. */
static void
go_through(struct program *p, enum way way, bool write, bool on_disk)
{
	struct vm_system *sys = p->rig.sys;
	uint64_t before = moved(sys, write);
	struct start start = { now(), cpu() };
	double last = start.time, next;

	for (size_t i = 0; i < npages; i++) {
		use_page(p, i, write);
		next = now();
		samples_add(&stalls[way][!write], next - last);
		last = next;
	}
	if (write)
		wait_until_written(sys);
	note(way, write, on_disk, (double)vm_ptoa(moved(sys, write) - before),
	    &start);
}

static void
through_the_vm(enum way way, bool on_disk)
{
	struct program p;

	begin(&p, way);
	go_through(&p, way, true, on_disk);
	(void)vm_pageout(p.rig.sys, npages / SHARE);
	if (on_disk)
		let_cache_go();
	go_through(&p, way, false, on_disk);
	end(&p);
}

/* Fill every page of a cluster, or look at them. */
static void
use(uint64_t *words, size_t n, bool write)
{
	static const uint64_t page[VM_PAGE_SIZE / sizeof(*words)];

	for (size_t i = 0; i < VM_CLUSTER_MAX; i++) {
		if (write) {
			memcpy(words, page, sizeof(page));
			*words = n + i;
		} else if (*words != n + i) {
			errx(1, "%s: cluster %zu came back wrong", path, n);
		}
		words += VM_PAGE_SIZE / sizeof(*words);
	}
}

static void
plain(bool write, bool on_disk)
{
	int fd = open(path, O_RDWR);
	uint64_t *words = aligned_alloc(VM_PAGE_SIZE, CLUSTER);
	size_t n, nclusters = npages / VM_CLUSTER_MAX;
	struct start start = { now(), cpu() };
	ssize_t done;

	if (fd < 0 || words == NULL)
		err(1, "%s", path);
	for (n = 0; n < nclusters; n++) {
		off_t at = (off_t)(VM_PAGE_SIZE + n * CLUSTER);

		if (write)
			use(words, n, true);
		done = write ? pwrite(fd, words, CLUSTER, at) :
			       pread(fd, words, CLUSTER, at);
		if (done != (ssize_t)CLUSTER)
			err(1, "%s", path);
		if (!write)
			use(words, n, false);
	}
	note(PLAIN, write, on_disk, (double)(nclusters * CLUSTER), &start);
	free(words);
	(void)close(fd);
}

static void
round_of(bool on_disk)
{
	through_the_vm(BY_ITSELF, on_disk);
	plain(true, on_disk);
	plain(false, on_disk);
	through_the_vm(DAEMON, on_disk);
}

/* --------------------------------------------------------------- relief */

/* A thread that looks when memory gets more. */
struct watch {
	struct vm_system *sys;
	pthread_t thread;
	_Atomic double when; /* 0: not yet */
	_Atomic bool on, stop;
	_Atomic size_t before;
};

static void *
look(void *arg)
{
	struct watch *w = arg;
	size_t was = SIZE_MAX, is;

	while (!w->stop) {
		is = vm_page_free_count(w->sys);
		if (is > was && w->on && w->when == 0)
			w->when = now();
		was = is;
	}
	return NULL;
}

/* With a daemon: look until there is more, or there was no reason to. */
static void
wait_for_relief(struct watch *w, double began)
{
	while (w->when == 0 && now() - began < PATIENCE)
		continue;
}

/* Take pages until memory is short, and then until there is more again. */
static void
episode(struct program *p, struct watch *w, size_t *at, bool write)
{
	struct rig *rig = &p->rig;
	struct samples *s =
	    &relief[rig->has_daemon ? DAEMON : BY_ITSELF][!write];
	size_t low = vm_page_reserve(rig->sys);
	struct vm_pageout_levels levels;
	double began;

	vm_pageout_get_levels(rig->sys, &levels);
	(void)vm_pageout(rig->sys, levels.target + 64);
	if (rig->has_daemon)
		low = levels.min;
	w->when = 0;
	w->on = true;
	do {
		began = now();
		use_page(p, (*at)++ % npages, write);
		if (rig->has_daemon && vm_page_free_count(rig->sys) <= low)
			wait_for_relief(w, began);
	} while (w->when == 0);
	w->on = false;
	if (w->when > began)
		samples_add(s, w->when - began);
}

static void
relieve(enum way way)
{
	struct program p;
	struct watch w = { 0 };
	size_t at = 0;

	begin(&p, way);
	w.sys = p.rig.sys;
	for (size_t i = 0; i < npages; i++)
		use_page(&p, i, true);
	must(vm_madvise(p.space, p.base, vm_ptoa(npages), VM_MADV_RANDOM),
	    "vm_madvise");
	if (pthread_create(&w.thread, NULL, look, &w) != 0)
		errx(1, "no thread");
	for (unsigned i = 0; i < EPISODES; i++)
		episode(&p, &w, &at, true);
	(void)vm_pageout(p.rig.sys, npages / SHARE);
	for (size_t i = 0; i < npages / SHARE; i++)
		use_page(&p, i, false);
	at = npages / SHARE;
	for (unsigned i = 0; i < EPISODES; i++)
		episode(&p, &w, &at, false);
	w.stop = true;
	(void)pthread_join(w.thread, NULL);
	end(&p);
}

/* --------------------------------------------------------------- report */

static void
report_rates(const char *unit, struct samples table[WAYS][2])
{
	double best, rate;

	printf("%-10s %10s %8s %10s %8s\n", unit, "out", "", "in", "");
	for (enum way w = PLAIN; w < WAYS; w++) {
		printf("%-10s", way_names[w]);
		for (unsigned i = 0; i < 2; i++) {
			best = samples_part(&table[PLAIN][i], 0.5);
			rate = samples_part(&table[w][i], 0.5);
			printf(" %10.0f %7.0f%%", rate, 100 * rate / best);
		}
		printf("\n");
	}
	printf("\n");
}

static void
report(void)
{
	report_rates("disk MB/s", disk);
	report_rates("cache MB/s", rates);
	report_rates("per CPU s", costs);
	printf("%-22s %9s %9s %9s %9s %9s\n", "microseconds", "p50", "p99",
	    "p99.9", "max", "number");
	for (enum way w = BY_ITSELF; w < WAYS; w++) {
		for (unsigned i = 0; i < 4; i++) {
			struct samples *s = i < 2 ? &stalls[w][i] :
						    &relief[w][i - 2];
			const char *what[] = { "fault, out", "fault, in",
				"relief, dirty", "relief, clean" };

			printf("%-9s %-12s %9.1f %9.1f %9.1f %9.1f %9zu\n",
			    way_names[w], what[i], samples_part(s, 0.5),
			    samples_part(s, 0.99), samples_part(s, 0.999),
			    samples_part(s, 1), s->n);
		}
	}
}

int
main(int argc, char **argv)
{
	if (argc != 3 && argc != 4)
		errx(2, "usage: pressure FILE MEGABYTES [DESIGN]");
	path = argv[1];
	npages = strtoull(argv[2], NULL, 10) << (20 - VM_PAGE_SHIFT);
	design = vm_design_named(argc == 4 ? argv[3] : "netbsd");
	if (design == NULL || npages < 8192)
		errx(2, "no such design, or less than 32 megabytes");
	for (unsigned round = 0; round < ROUNDS; round++) {
		round_of(false);
		round_of(true);
	}
	relieve(BY_ITSELF);
	relieve(DAEMON);
	report();
	return 0;
}
