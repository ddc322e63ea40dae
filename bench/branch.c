/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * branch [-h] [MEGABYTES...]: what checkpoints, branches and resets take,
 * beside fork(2) of as much memory (1, 16, 256).
 *
 * On the soft MMU, or with -h on that of this process, a space in which every
 * page has been written.  Then
 *
 *	take	its first checkpoint
 *	again	one more, when 100 pages have been written since
 *	branch	a space that begins there; drop: its end
 *	write	its first write to a page: UVM copies the amap for it
 *	reset	the branch goes back after writes to 1, 100, 10000 pages, over
 *		and over; the writes are not counted
 *
 * The times are medians, in microseconds; the last column is what a reset takes
 * for each KB that was written, of the most pages.  Then, in nanoseconds, what
 * a fault takes that reads a page of 1 MB, in a branch, and in a branch of a
 * branch... 100 deep, of which each wrote a page, and all are still there.
 * fork(2) is what the parent waits for, with the child's end, in a process that
 * has written so much memory of its own and has nothing else.
 *
 * What they mean: the work of the core, with a page table in the place of an
 * MMU, whose translations need not be loaded again.  With -h each change of
 * what is mapped is a call of the kernel, and a branch reserves addresses.
 */
#include <sys/mman.h>
#include <sys/wait.h>

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/rig.h"
#include "bench/samples.h"

enum { DEPTH = 100, FEW = 100, ROUNDS = 21 };

static bool here;

static const size_t dirty[] = { 1, FEW, 10000 };
#define NDIRTY (sizeof(dirty) / sizeof(dirty[0]))

struct bench {
	struct rig rig;
	struct vmspace *vs;
	vaddr_t base;
	size_t npages;
	struct vm_checkpoint *cp;
};

static double
median(struct samples *s)
{
	double v = samples_part(s, 0.5);

	free(s->v);
	*s = (struct samples){ 0 };
	return v;
}

static void
cell(double us)
{
	printf(us < 100 ? " %8.2f" : " %8.0f", us);
	(void)fflush(stdout);
}

static void
touch(struct bench *b, struct vmspace *vs, size_t page, vm_prot_t access)
{
	rig_touch(&b->rig, vs, b->base + vm_ptoa(page), access);
}

/* Write to n pages, spread over all. */
static void
write_pages(struct bench *b, struct vmspace *vs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		touch(b, vs, i * b->npages / n, VM_PROT_WRITE);
}

static struct vmspace *
branch(struct bench *b)
{
	struct vmspace *vs;

	must(vm_checkpoint_branch(b->cp, &vs), "vm_checkpoint_branch");
	return vs;
}

static void
take(struct bench *b)
{
	double start = now();

	must(vm_checkpoint_take(b->vs, &b->cp), "vm_checkpoint_take");
	cell(now() - start);
}

static void
take_again(struct bench *b)
{
	struct vm_checkpoint *cp;
	struct samples s = { 0 };
	double start;

	for (int i = 0; i < 5; i++) {
		write_pages(b, b->vs, b->npages < FEW ? b->npages : FEW);
		start = now();
		must(vm_checkpoint_take(b->vs, &cp), "vm_checkpoint_take");
		samples_add(&s, now() - start);
		vm_checkpoint_unref(cp);
	}
	cell(median(&s));
}

static void
branch_and_drop(struct bench *b)
{
	struct samples up = { 0 }, down = { 0 }, first = { 0 };
	struct vmspace *vs;
	double start;

	for (int i = 0; i < ROUNDS; i++) {
		start = now();
		vs = branch(b);
		samples_add(&up, now() - start);
		start = now();
		vmspace_unref(vs);
		samples_add(&down, now() - start);
		vs = branch(b);
		start = now();
		touch(b, vs, 0, VM_PROT_WRITE);
		samples_add(&first, now() - start);
		vmspace_unref(vs);
	}
	cell(median(&up));
	cell(median(&down));
	cell(median(&first));
}

static double
reset_after(struct bench *b, struct vmspace *vs, size_t n)
{
	struct samples s = { 0 };
	double start;

	for (int i = 0; i < ROUNDS; i++) {
		write_pages(b, vs, n);
		start = now();
		must(vm_checkpoint_reset(b->cp, vs), "vm_checkpoint_reset");
		samples_add(&s, now() - start);
	}
	return median(&s);
}

static void
resets(struct bench *b)
{
	struct vmspace *vs = branch(b);
	double us = 0, kbytes = 0;

	for (size_t i = 0; i < b->npages; i++)
		touch(b, vs, i, VM_PROT_READ);
	for (size_t i = 0; i < NDIRTY; i++) {
		if (dirty[i] > b->npages) {
			printf(" %8s", "-");
			continue;
		}
		us = reset_after(b, vs, dirty[i]);
		kbytes = (double)dirty[i] * 4;
		cell(us);
	}
	vmspace_unref(vs);
	cell(us * 1000 / kbytes);
}

static void
begin(struct bench *b, const struct vm_design *design, size_t nframes)
{
	if (here)
		rig_init_here(&b->rig, design, nframes, 2 * b->npages + 64);
	else
		rig_init(&b->rig, design, nframes);
}

/* ---- depth ---- */

/* Nanoseconds for a page, in spaces where nothing is mapped yet. */
static double
reads(struct bench *b, struct vm_checkpoint *cp)
{
	struct samples s = { 0 };
	struct vmspace *vs;
	double start;

	for (int i = 0; i < ROUNDS; i++) {
		must(vm_checkpoint_branch(cp, &vs), "vm_checkpoint_branch");
		start = now();
		for (size_t n = 0; n < b->npages; n++)
			touch(b, vs, n, VM_PROT_READ);
		samples_add(&s, now() - start);
		vmspace_unref(vs);
	}
	return median(&s) * 1000 / (double)b->npages;
}

static void
measure_depth(const struct vm_design *design)
{
	struct bench b = { .npages = 256 };
	struct vm_checkpoint *at[DEPTH];
	struct vmspace *next;

	begin(&b, design, b.npages * (DEPTH + 2));
	b.vs = rig_space(&b.rig, b.npages, VM_MMAP_PRIVATE, &b.base);
	write_pages(&b, b.vs, b.npages);
	for (size_t i = 0; i < DEPTH; i++) {
		must(vm_checkpoint_take(b.vs, &at[i]), "vm_checkpoint_take");
		must(vm_checkpoint_branch(at[i], &next), "branch");
		vmspace_unref(b.vs);
		b.vs = next;
		touch(&b, b.vs, i * b.npages / DEPTH, VM_PROT_WRITE);
	}
	printf("%-10s", design->name);
	cell(reads(&b, at[0]));
	cell(reads(&b, at[DEPTH - 1]));
	printf("\n");
	vmspace_unref(b.vs);
	for (size_t i = 0; i < DEPTH; i++)
		vm_checkpoint_unref(at[i]);
	rig_fini(&b.rig);
}

/* ---- one size ---- */

static void
measure(const struct vm_design *design, size_t mbytes)
{
	struct bench b = { .npages = mbytes * 256 };

	begin(&b, design, b.npages + b.npages / 2 + 24000);
	b.vs = rig_space(&b.rig, b.npages, VM_MMAP_PRIVATE, &b.base);
	write_pages(&b, b.vs, b.npages);
	printf("%-10s %5zu", design->name, mbytes);
	take(&b);
	take_again(&b);
	branch_and_drop(&b);
	resets(&b);
	printf("\n");
	vm_checkpoint_unref(b.cp);
	vmspace_unref(b.vs);
	rig_fini(&b.rig);
}

/* ---- the system's own ---- */

static double
fork_once(void)
{
	double start = now();
	pid_t pid = fork();

	if (pid == -1)
		err(1, "fork");
	if (pid == 0)
		_exit(0);
	start = now() - start;
	(void)waitpid(pid, NULL, 0);
	return start;
}

static void
measure_fork(size_t mbytes)
{
	size_t len = mbytes << 20;
	struct samples s = { 0 };
	char *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		err(1, "mmap");
	(void)madvise(p, len, MADV_NOHUGEPAGE);
	for (int i = 0; i < ROUNDS; i++) {
		for (size_t at = 0; at < len; at += 4096)
			p[at] = 1;
		samples_add(&s, fork_once());
	}
	printf("%-10s %5zu %8s %8s", "fork(2)", mbytes, "", "");
	cell(median(&s));
	printf("\n");
	(void)munmap(p, len);
}

int
main(int argc, char **argv)
{
	static const char *const usual[] = { "1", "16", "256" };
	const char *const *sizes = usual;
	const struct vm_design *design;
	size_t n = 3;

	here = argc > 1 && strcmp(argv[1], "-h") == 0;
	argc -= here;
	argv += here;
	if (argc > 1)
		n = (size_t)argc - 1;
	if (argc > 1)
		sizes = (const char *const *)(void *)(argv + 1);
	printf("%-10s %5s %8s %8s %8s %8s %8s", "", "MB", "take", "again",
	    "branch", "drop", "write");
	for (size_t i = 0; i < NDIRTY; i++)
		printf(" %3s%5zu", "r", dirty[i]);
	printf(" %8s\n", "ns/KB");
	for (size_t i = 0; i < n; i++)
		measure_fork((size_t)atoi(sizes[i]));
	for (unsigned d = 0; (design = vm_design_nth(d)) != NULL; d++) {
		for (size_t i = 0; i < n; i++)
			measure(design, (size_t)atoi(sizes[i]));
	}
	printf("\n%-10s %8s %8s\n", "ns a page", "depth 1", "100");
	for (unsigned d = 0; (design = vm_design_nth(d)) != NULL; d++)
		measure_depth(design);
	return 0;
}
