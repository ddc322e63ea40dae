/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pressure FILE MEGABYTES [DESIGN]: what paging to a file moves in a second
 * through the whole system, beside plain I/O to the same file; and how long a
 * program waits for memory meanwhile.
 *
 * A system on the soft MMU, and a swap file.  Three things are measured, each
 * beside the plain I/O that moves the same bytes:
 *
 *	out	  so much memory is in use and dirty when the clock starts, and
 *		  on swap when it stops.  Plain: a buffer as large, filled
 *		  before, is written, 64 pages at a time
 *	through	  a program (rather: vm_fault and a word of each page) makes so
 *		  much memory dirty in a system that has an eighth of it, and is
 *		  full when the clock starts.  Plain: 64 pages are filled and
 *		  written, over and over, as dd(1) does it.  The filling stands
 *		  for the zeroes that the system fills a page with
 *	in	  the program looks at a word of each page.  Plain: the same,
 *		  of 64 pages that have been read
 *
 * and they are moved by
 *
 *	plain	  pwrite(2), pread(2)
 *	sending	  the same, and sync_file_range(2) after each megabyte, as the
 *		  swap file does it: the disk works meanwhile
 *	by itself who finds no page makes a pass
 *	daemon	  a thread runs vm_pageout_daemon; it does so when somebody
 *		  wants memory, so there is no `out' of it
 *
 * The rates are medians of some rounds, in which they take turns:
 *
 *	disk	  until fdatasync(2) has ended; from the disk.  The file has no
 *		  page in the host's cache when the clock starts
 *	cache	  to and from the host's cache of the file.  No disk is as fast:
 *		  this tells what paging costs by itself
 *	per CPU s the same bytes by the processor time of all threads, which
 *		  other work on the machine hardly changes
 *
 * All blocks of the file have been written before.  Checksums are part of it,
 * as they are of every run.
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
#define WORDS   (VM_PAGE_SIZE / sizeof(uint64_t))

/* Clusters that who sends writes before: as env/swapfile.c. */
#define SEND_SHARE 4

enum way { PLAIN, SENDING, BY_ITSELF, DAEMON, WAYS };

static const char *const way_names[WAYS] = { "plain", "sending", "by itself",
	"daemon" };

enum what { OUT, THROUGH, IN, WHATS };

static const char *const what_names[WHATS] = { "out", "through", "in" };

/* It runs, for one of the figures. */
struct clock {
	enum way way;
	enum what what;
	bool on_disk;
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
static struct samples cache[WAYS][WHATS], costs[WAYS][WHATS], disk[WAYS][WHATS],
    stalls[WAYS][WHATS], relief[WAYS][2];

static double
cpu(void)
{
	return samples_clock(CLOCK_PROCESS_CPUTIME_ID);
}

/* -------------------------------------------------------------- program */

static void
begin(struct program *p, enum way way, size_t memory)
{
	rig_init(&p->rig, design, memory);
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

/* Write to the i-th page, or look at it. */
static void
use_page(struct program *p, size_t i, bool write)
{
	uint64_t word = i;
	struct soft_access a = {
		.pmap = p->space->map.pmap,
		.access = write ? VM_PROT_WRITE : VM_PROT_READ,
		.va = p->base + vm_ptoa(i),
		.buf = &word,
		.len = sizeof(word),
	};

	while (soft_access(&a) != VM_OK)
		must(vm_fault(&p->space->map, a.va, a.access, 0), "vm_fault");
	if (word != i)
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

/* ---------------------------------------------------------------- clock */

/* The file has no page in the cache, and all is on the disk. */
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
clock_start(struct clock *c, enum way way, enum what what, bool on_disk)
{
	*c = (struct clock){ .way = way, .what = what, .on_disk = on_disk };
	if (on_disk)
		let_cache_go();
	c->time = now();
	c->cpu = cpu();
}

/* What is to be on the disk is there, but is still in the cache. */
static void
clock_stop(const struct clock *c, double bytes)
{
	struct samples *s = &(c->on_disk ? disk : cache)[c->way][c->what];
	int fd = open(path, O_RDWR);

	if (fd < 0 || (c->on_disk && c->what != IN && fdatasync(fd) != 0))
		err(1, "%s", path);
	samples_add(s, bytes / (now() - c->time));
	if (!c->on_disk)
		samples_add(&costs[c->way][c->what], bytes / (cpu() - c->cpu));
	(void)close(fd);
}

/* ---------------------------------------------------------- through the vm */

static double
paged_out(struct program *p)
{
	return (double)vm_ptoa(atomic_load(&p->rig.sys->stats.pageouts));
}

/* Use pages from the i-th on, and note what each takes. */
static void
use_all(struct program *p, size_t i, struct samples *stall, bool write)
{
	double last = now(), next;

	for (; i < npages; i++) {
		use_page(p, i, write);
		next = now();
		samples_add(stall, next - last);
		last = next;
	}
}

static void
vm_out(enum way way, bool on_disk)
{
	struct program p;
	struct clock clock;
	size_t all;

	begin(&p, way, npages + npages / 4);
	for (size_t i = 0; i < npages; i++)
		use_page(&p, i, true);
	all = vm_page_free_count(p.rig.sys) + npages;
	clock_start(&clock, way, OUT, on_disk);
	while (paged_out(&p) < (double)vm_ptoa(npages))
		(void)vm_pageout(p.rig.sys, all);
	clock_stop(&clock, (double)vm_ptoa(npages));
	end(&p);
}

static void
vm_through(struct program *p, enum way way, bool on_disk)
{
	struct clock clock;
	double before;
	size_t i;

	for (i = 0; i < npages / SHARE; i++)
		use_page(p, i, true);
	wait_until_written(p->rig.sys);
	before = paged_out(p);
	clock_start(&clock, way, THROUGH, on_disk);
	use_all(p, i, &stalls[way][THROUGH], true);
	wait_until_written(p->rig.sys);
	clock_stop(&clock, paged_out(p) - before);
}

static void
vm_in(struct program *p, enum way way, bool on_disk)
{
	struct clock clock;

	clock_start(&clock, way, IN, on_disk);
	use_all(p, 0, &stalls[way][IN], false);
	clock_stop(&clock, (double)vm_ptoa(npages));
}

static void
through_the_vm(enum way way, bool on_disk)
{
	struct program p;

	if (way != DAEMON)
		vm_out(way, on_disk);
	begin(&p, way, npages / SHARE);
	vm_through(&p, way, on_disk);
	(void)vm_pageout(p.rig.sys, npages / SHARE);
	vm_in(&p, way, on_disk);
	end(&p);
}

/* ---------------------------------------------------------------- plainly */

/* Its memory is one cluster, or all that is to be written. */
struct plain {
	int fd;
	uint64_t *words;
	size_t len, nclusters;
	bool sends;
};

static void
plain_init(struct plain *p, size_t nclusters, size_t len)
{
	*p = (struct plain){ .fd = open(path, O_RDWR),
		.words = aligned_alloc(VM_PAGE_SIZE, len),
		.len = len,
		.nclusters = nclusters };
	if (p->fd < 0 || p->words == NULL)
		err(1, "%s", path);
}

static void
plain_fini(struct plain *p)
{
	free(p->words);
	(void)close(p->fd);
}

static uint64_t *
cluster_at(const struct plain *p, size_t n)
{
	return p->words + n * CLUSTER % p->len / sizeof(*p->words);
}

static off_t
offset_of(size_t n)
{
	return (off_t)(VM_PAGE_SIZE + n * CLUSTER);
}

static void
fill(const struct plain *p, size_t n)
{
	static const uint64_t page[WORDS];
	uint64_t *words = cluster_at(p, n);

	for (size_t i = 0; i < VM_CLUSTER_MAX; i++, words += WORDS) {
		memcpy(words, page, sizeof(page));
		*words = n + i;
	}
}

static void
write_one(const struct plain *p, size_t n)
{
	if (pwrite(p->fd, cluster_at(p, n), CLUSTER, offset_of(n)) !=
	    (ssize_t)CLUSTER)
		err(1, "%s", path);
	if (p->sends && (n + 1) % SEND_SHARE == 0 &&
	    sync_file_range(p->fd, 0, 0, SYNC_FILE_RANGE_WRITE) != 0)
		err(1, "%s", path);
}

static void
plain_out(const struct plain *p)
{
	for (size_t n = 0; n < p->nclusters; n++)
		write_one(p, n);
}

static void
plain_through(const struct plain *p)
{
	for (size_t n = 0; n < p->nclusters; n++) {
		fill(p, n);
		write_one(p, n);
	}
}

static void
plain_in(const struct plain *p)
{
	for (size_t n = 0; n < p->nclusters; n++) {
		if (pread(p->fd, p->words, CLUSTER, offset_of(n)) !=
		    (ssize_t)CLUSTER)
			err(1, "%s", path);
		for (size_t i = 0; i < VM_CLUSTER_MAX; i++) {
			if (p->words[i * WORDS] != n + i)
				errx(1, "cluster %zu came back wrong", n);
		}
	}
}

static void
plain(enum way way, enum what what, bool on_disk)
{
	static void (*const kinds[])(
	    const struct plain *) = { [OUT] = plain_out,
		[THROUGH] = plain_through,
		[IN] = plain_in };
	size_t n = npages / VM_CLUSTER_MAX;
	struct plain p;
	struct clock clock;

	plain_init(&p, n, what == OUT ? n * CLUSTER : CLUSTER);
	p.sends = way == SENDING;
	for (size_t i = 0; i < n; i++)
		fill(&p, i);
	clock_start(&clock, way, what, on_disk);
	kinds[what](&p);
	clock_stop(&clock, (double)(n * CLUSTER));
	plain_fini(&p);
}

/* The file is there, and has all its blocks. */
static void
write_file(void)
{
	struct program p;
	struct plain all;

	begin(&p, PLAIN, npages / SHARE);
	end(&p);
	plain_init(&all, (npages + npages / 4) / VM_CLUSTER_MAX, CLUSTER);
	plain_through(&all);
	plain_fini(&all);
}

static void
round_of(bool on_disk)
{
	through_the_vm(BY_ITSELF, on_disk);
	for (enum what w = OUT; w < WHATS; w++)
		plain(PLAIN, w, on_disk);
	for (enum what w = OUT; w < IN && on_disk; w++)
		plain(SENDING, w, on_disk);
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

	begin(&p, way, npages / SHARE);
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
report_rate(struct samples table[WAYS][WHATS], enum way w, enum what what)
{
	double best = samples_part(&table[PLAIN][what], 0.5);
	double rate = samples_part(&table[w][what], 0.5);

	if (table[w][what].n == 0)
		printf(" %8s %5s", "-", "");
	else
		printf(" %8.0f %4.0f%%", rate, 100 * rate / best);
}

static void
report_rates(const char *unit, struct samples table[WAYS][WHATS])
{
	printf("%-10s", unit);
	for (enum what what = OUT; what < WHATS; what++)
		printf(" %8s %5s", what_names[what], "");
	printf("\n");
	for (enum way w = PLAIN; w < WAYS; w++) {
		if (table[w][THROUGH].n == 0)
			continue;
		printf("%-10s", way_names[w]);
		for (enum what what = OUT; what < WHATS; what++)
			report_rate(table, w, what);
		printf("\n");
	}
	printf("\n");
}

static void
report_times(enum way w, const char *what, struct samples *s)
{
	printf("%-9s %-14s %9.1f %9.1f %9.1f %9.1f %9zu\n", way_names[w], what,
	    samples_part(s, 0.5), samples_part(s, 0.99), samples_part(s, 0.999),
	    samples_part(s, 1), s->n);
}

static void
report_waits(void)
{
	printf("%-24s %9s %9s %9s %9s %9s\n", "microseconds", "p50", "p99",
	    "p99.9", "max", "number");
	for (enum way w = BY_ITSELF; w < WAYS; w++) {
		report_times(w, "fault, through", &stalls[w][THROUGH]);
		report_times(w, "fault, in", &stalls[w][IN]);
		report_times(w, "relief, dirty", &relief[w][0]);
		report_times(w, "relief, clean", &relief[w][1]);
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
	write_file();
	for (unsigned round = 0; round < ROUNDS; round++) {
		round_of(false);
		round_of(true);
	}
	report_rates("disk MB/s", disk);
	report_rates("cache MB/s", cache);
	report_rates("per CPU s", costs);
	(void)fflush(stdout);
	relieve(BY_ITSELF);
	relieve(DAEMON);
	report_waits();
	return 0;
}
