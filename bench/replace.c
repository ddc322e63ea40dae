/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * replace [-n FRAMES] [-a] [-s]: how well each design chooses the pages that
 * go.
 *
 * Programs' references to pages, in patterns and from fixed seeds, are made on
 * the soft MMU to memory of a system with so many frames (512) and swap in
 * memory.  Beside the misses of the designs stand those that replacement by
 * the book would have had with as many frames:
 *
 *	MIN	the page goes that is needed last (Belady).  Nobody has fewer
 *	LRU	the page that has not been used for longest
 *	FIFO	the page that has been there for longest
 *
 * A miss is a page read from swap, or made of zeroes.  The memory is advised
 * to be accessed at random, so that no page is read before it is wanted: what
 * is compared is the choice, not how far it pays to read ahead.  With -a the
 * advice is left out, and misses are the transfers that read; MIN, LRU and FIFO
 * stay as they are.
 *
 * One in four references writes; every read is checked against what was
 * written.  All is done by one thread and comes out the same each time.  -s
 * maps the memory shared, so that it belongs to an object in all designs.  A
 * minus sign: the design cannot page this memory.
 */
#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/rig.h"
#include "env/posix.h"
#include "env/ramswap.h"
#include "pmap/soft.h"
#include "vm/vm.h"

enum {
	REFS_MAX = 60000,
	PAGES_MAX = 4096,
	DESIGNS_MAX = 8,
	NEVER = 0x7fffffff,
};

struct trace {
	unsigned npages, nrefs;
	struct {
		uint16_t page;
		bool write;
	} refs[REFS_MAX];
};

struct pattern {
	const char *name, *what;
	void (*make)(struct trace *);
};

static unsigned nframes = 512;
static bool ahead, shared;

/* ------------------------------------------------------------ patterns */

static uint64_t seed;

/* splitmix64 (Vigna) */
static uint64_t
random64(void)
{
	uint64_t x = seed += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static unsigned
below(unsigned n)
{
	return (unsigned)(random64() % n);
}

static void
refer(struct trace *t, unsigned page)
{
	if (t->nrefs == REFS_MAX)
		return;
	if (page >= t->npages)
		t->npages = page + 1;
	t->refs[t->nrefs].page = (uint16_t)page;
	t->refs[t->nrefs++].write = below(4) == 0;
}

static bool
is_full(const struct trace *t)
{
	return t->nrefs == REFS_MAX;
}

static void
make_loop(struct trace *t)
{
	for (unsigned i = 0; i < 10 * 2 * nframes; i++)
		refer(t, i % (2 * nframes));
}

static void
make_near(struct trace *t)
{
	unsigned n = nframes + nframes / 8;

	for (unsigned i = 0; i < 20 * n; i++)
		refer(t, i % n);
}

static void
make_fits(struct trace *t)
{
	unsigned n = nframes - nframes / 8;

	for (unsigned i = 0; i < 20 * n; i++)
		refer(t, i % n);
}

static void
make_uniform(struct trace *t)
{
	while (!is_full(t))
		refer(t, below(2 * nframes));
}

/* Four of five references go to a fifth of the pages, which are scattered. */
static void
make_80_20(struct trace *t)
{
	unsigned n = 4 * nframes, fifth = n / 5;

	while (!is_full(t))
		refer(t, below(5) != 0 ? below(fifth) * 5 : below(n));
}

/* The k-th page is used a k-th as often as the first; by rejection. */
static void
make_zipf(struct trace *t)
{
	unsigned n = 4 * nframes;
	double sum = 0, at;
	unsigned page;

	for (unsigned k = 1; k <= n; k++)
		sum += 1.0 / k;
	while (!is_full(t)) {
		at = (double)(random64() >> 11) / 9007199254740992.0 * sum;
		for (page = 0; page < n - 1 && at > 1.0 / (page + 1); page++)
			at -= 1.0 / (page + 1);
		refer(t, page * 1237 % n);
	}
}

/* Half of the references to a set of a quarter of memory, half round a loop. */
static void
make_hot_loop(struct trace *t)
{
	unsigned hot = nframes / 4;

	for (unsigned i = 0; !is_full(t); i++) {
		refer(t, below(hot));
		refer(t, hot + i % (2 * nframes));
	}
}

/* A set of half of memory, used for a while, then another. */
static void
make_phases(struct trace *t)
{
	unsigned set = nframes / 2;

	for (unsigned i = 0; !is_full(t); i++)
		refer(t, i / 6000 * set * 3 / 4 % (4 * nframes) + below(set));
}

/* A set that fits, and now and then everything is looked at once. */
static void
make_scans(struct trace *t)
{
	unsigned set = nframes * 3 / 4;

	while (!is_full(t)) {
		for (unsigned i = 0; i < 6000; i++)
			refer(t, below(set));
		for (unsigned i = 0; i < 2 * nframes; i++)
			refer(t, set + i);
	}
}

static const struct pattern patterns[] = {
	{ "fits", "a loop over 7/8 of memory", make_fits },
	{ "near", "a loop over 9/8 of memory", make_near },
	{ "loop", "a loop over twice the memory", make_loop },
	{ "uniform", "at random over twice the memory", make_uniform },
	{ "80/20", "four times; 4/5 of all to 1/5 of it", make_80_20 },
	{ "zipf", "four times; the k-th page 1/k as often", make_zipf },
	{ "hot+loop", "a hot quarter, and a loop over twice", make_hot_loop },
	{ "phases", "half of memory for a while, then another", make_phases },
	{ "scans", "3/4 of memory, at times a scan of twice", make_scans },
};

/* ---------------------------------------------------------- by the book */

/* When a page that is present has come, was used, will be used; so that the
 * one with the least goes. */
enum book { MIN, LRU, FIFO, NBOOKS };

static const char *const book_names[NBOOKS] = { "MIN", "LRU", "FIFO" };

/* next[i]: the next reference to the page that the i-th is to. */
static void
look_ahead(const struct trace *t, int *next)
{
	static int seen[PAGES_MAX];

	for (unsigned i = 0; i < PAGES_MAX; i++)
		seen[i] = NEVER;
	for (unsigned i = t->nrefs; i-- > 0;) {
		next[i] = seen[t->refs[i].page];
		seen[t->refs[i].page] = (int)i;
	}
}

static unsigned
least(const int *rank, const unsigned *frames)
{
	unsigned worst = 0;

	for (unsigned i = 1; i < nframes; i++) {
		if (rank[frames[i]] < rank[frames[worst]])
			worst = i;
	}
	return worst;
}

static uint64_t
by_the_book(const struct trace *t, enum book book)
{
	static int next[REFS_MAX], rank[PAGES_MAX];
	static bool present[PAGES_MAX];
	static unsigned frames[PAGES_MAX];
	unsigned used = 0, frame, page;
	uint64_t misses = 0;

	look_ahead(t, next);
	memset(present, 0, sizeof(present));
	for (unsigned i = 0; i < t->nrefs; i++) {
		page = t->refs[i].page;
		if (!present[page]) {
			misses++;
			frame = used < nframes ? used++ : least(rank, frames);
			if (misses > nframes)
				present[frames[frame]] = false;
			frames[frame] = page;
			present[page] = true;
			rank[page] = (int)i;
		}
		if (book == LRU)
			rank[page] = (int)i;
		else if (book == MIN)
			rank[page] = -next[i];
	}
	return misses;
}

/* -------------------------------------------------------------- designs */

struct program {
	struct rig rig;
	struct vmspace *space;
	struct ramswap swap;
	vaddr_t base;
	uint32_t written[PAGES_MAX]; /* what was last */
};

struct result {
	bool paged;
	uint64_t misses, pageouts;
};

static void
begin(struct program *p, const struct vm_design *design, unsigned npages)
{
	struct vm_swap_device dev = { .ops = &ramswap_ops,
		.dev = &p->swap,
		.name = "memory",
		.npages = 2 * npages };
	unsigned id;

	memset(p, 0, sizeof(*p));
	rig_init(&p->rig, design, nframes);
	must(ramswap_init(&p->swap, &posix_env, dev.npages), "ramswap");
	must(vm_swap_add(p->rig.sys, &dev, &id), "vm_swap_add");
	p->space = rig_space(&p->rig, npages,
	    shared ? VM_MMAP_SHARED : VM_MMAP_PRIVATE, &p->base);
	if (!ahead)
		must(vm_madvise(p->space, p->base, vm_ptoa(npages),
			 VM_MADV_RANDOM),
		    "vm_madvise");
}

/* The devices of a system go with it. */
static void
end(struct program *p)
{
	vmspace_unref(p->space);
	rig_fini(&p->rig);
	ramswap_fini(&p->swap);
}

/* => false: the design cannot page this memory */
static bool
use(struct program *p, unsigned page, bool write, uint32_t *value)
{
	struct soft_access a = {
		.pmap = p->space->map.pmap,
		.access = write ? VM_PROT_WRITE : VM_PROT_READ,
		.va = p->base + vm_ptoa(page),
		.buf = value,
		.len = sizeof(*value),
	};

	int error = VM_OK;

	while (soft_access(&a) != VM_OK && error == VM_OK)
		error = vm_fault(&p->space->map, a.va, a.access, 0);
	if (error != VM_OK && error != VM_ENOMEM)
		must(error, "vm_fault");
	return error == VM_OK;
}

static bool
use_checked(struct program *p, unsigned page, bool write, uint32_t stamp)
{
	uint32_t value = stamp;

	if (!use(p, page, write, &value))
		return false;
	if (write)
		p->written[page] = stamp;
	else if (value != p->written[page])
		errx(1, "page %u: %u is there, not %u", page, value,
		    p->written[page]);
	return true;
}

static uint64_t
count(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

static struct result
replay(const struct trace *t, const struct vm_design *design)
{
	static struct program p;
	struct vm_stats *st;
	struct result r = { .paged = true };

	begin(&p, design, t->npages);
	for (unsigned i = 0; i < t->nrefs && r.paged; i++)
		r.paged = use_checked(&p, t->refs[i].page, t->refs[i].write,
		    i + 1);
	st = &p.rig.sys->stats;
	r.misses = count(&st->pages_zeroed) +
	    count(ahead ? &st->pagein_io : &st->pageins);
	r.pageouts = count(&st->pageouts);
	end(&p);
	return r;
}

/* ---------------------------------------------------------------- table */

static void
heading(void)
{
	const struct vm_design *d;

	printf("%-9s %7s", "", "MIN");
	for (enum book b = LRU; b < NBOOKS; b++)
		printf(" %6s", book_names[b]);
	for (unsigned i = 0; (d = vm_design_nth(i)) != NULL; i++)
		printf(" %9s", d->name);
	printf("\n");
}

static bool
line(const struct pattern *p, uint64_t *pageouts)
{
	static struct trace t;
	const struct vm_design *d;
	struct result r;
	uint64_t min;
	bool sane = true;

	memset(&t, 0, sizeof(t));
	seed = 1;
	p->make(&t);
	min = by_the_book(&t, MIN);
	printf("%-9s %7llu", p->name, (unsigned long long)min);
	for (enum book b = LRU; b < NBOOKS; b++)
		printf(" %6.2f", (double)by_the_book(&t, b) / (double)min);
	for (unsigned i = 0; (d = vm_design_nth(i)) != NULL; i++) {
		r = replay(&t, d);
		pageouts[i] = r.pageouts;
		if (!r.paged) {
			printf(" %9s", "-");
			continue;
		}
		printf(" %9.2f", (double)r.misses / (double)min);
		sane = sane && (ahead || r.misses >= min);
	}
	printf("  %s\n", p->what);
	return sane;
}

int
main(int argc, char **argv)
{
	static uint64_t pageouts[sizeof(patterns) / sizeof(*patterns)]
				[DESIGNS_MAX];
	unsigned n = sizeof(patterns) / sizeof(*patterns);
	bool sane = true;
	int opt;

	while ((opt = getopt(argc, argv, "an:s")) != -1) {
		if (opt == 'a')
			ahead = true;
		else if (opt == 's')
			shared = true;
		else if (opt == 'n')
			nframes = (unsigned)strtoul(optarg, NULL, 10);
		else
			errx(2, "usage: replace [-n FRAMES] [-a] [-s]");
	}
	if (nframes < 64 || nframes > PAGES_MAX / 4)
		errx(2, "-n: from 64 to %d frames", PAGES_MAX / 4);
	printf("%s with %u frames: of MIN the number, the rest as multiples\n",
	    ahead ? "Reads" : "Misses", nframes);
	heading();
	for (unsigned i = 0; i < n; i++)
		sane &= line(&patterns[i], pageouts[i]);
	printf("\nPages written\n");
	for (unsigned i = 0; i < n; i++) {
		printf("%-9s %21s", patterns[i].name, "");
		for (unsigned d = 0; vm_design_nth(d) != NULL; d++)
			printf(" %9llu", (unsigned long long)pageouts[i][d]);
		printf("\n");
	}
	if (!sane)
		warnx("less than the least: something is wrong");
	return sane ? 0 : 1;
}
