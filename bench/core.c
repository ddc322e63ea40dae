/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * core: the core alone on the soft MMU, to be counted by callgrind.
 *
 * `core ROW N` prepares a system and then does what the row names N times in
 * measure(), or once on something of N parts.  It prints nothing: callgrind
 * collects the instructions between entry and exit of measure() (its option
 * --toggle-collect), and bench/core.sh runs it with two values of N, whose
 * difference holds nothing but the operations.
 *
 * Filling a page with zeroes and copying one then go through contents_zero()
 * and contents_copy() here, put in front of those of the MMU, so that they can
 * be toggled out and counted apart: they cost what memory costs, whatever the
 * virtual memory system around them does.  Without arguments core lists its
 * rows.
 *
 * What the numbers mean: instructions of the core, of the soft MMU in place
 * of a real one, and of the C library's allocator where one is called; one
 * thread, locks never contended.  What they do not: time.  A lookup among a
 * million entries misses caches that no instruction count knows of.
 */

#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/rig.h"
#include "env/posix.h"
#include "pmap/soft.h"
#include "vm/vm.h"

enum {
	NFRAMES = 32768, /* 128 MiB */
	FAR = 64,        /* pages between the starts of two small maps */
};

static const vaddr_t base_va = (vaddr_t)1 << 30;

struct bench {
	const struct vm_design *design;
	struct vm_machine *machine;
	struct vm_system *sys;
	struct vmspace *space; /* where operations happen */
	struct vmspace *child;
	struct vm_checkpoint *cp;
	vaddr_t *where; /* addresses to look up, in an unguessable order */
	size_t n;
};

struct row {
	const char *name;
	const char *what;
	void (*prepare)(struct bench *, size_t n);
	void (*op)(struct bench *, size_t i);
	bool once; /* one op on n parts, not n ops */
	/* Offset of the count in struct vm_stats that must grow by n, so that
	 * no row measures something else than it says; 0: none. */
	size_t counter;
};

/* What callgrind toggles on; visible, so that they keep their names. */
void measure(struct bench *, void (*op)(struct bench *, size_t), size_t n);
void contents_zero(struct vm_machine *, struct vm_page *);
void contents_copy(struct vm_machine *, struct vm_page *, struct vm_page *);

static const struct pmap_ops *plain_ops;
static struct pmap_ops counted_ops;

__attribute__((noinline)) void
measure(struct bench *b, void (*op)(struct bench *, size_t), size_t n)
{
	for (size_t i = 0; i < n; i++)
		op(b, i);
}

__attribute__((noinline)) void
contents_zero(struct vm_machine *m, struct vm_page *pg)
{
	plain_ops->zero_page(m, pg);
}

__attribute__((noinline)) void
contents_copy(struct vm_machine *m, struct vm_page *from, struct vm_page *to)
{
	plain_ops->copy_page(m, from, to);
}

static vaddr_t
map_at(struct vmspace *space, vaddr_t va, size_t npages)
{
	struct vm_mmap_args args = {
		.addr = va,
		.len = vm_ptoa(npages),
		.prot = VM_PROT_RW,
		.max_prot = VM_PROT_ALL,
		.flags = VM_MMAP_PRIVATE | (va != 0 ? VM_MMAP_FIXED : 0),
	};

	must(vm_mmap(space, &args, &va), "vm_mmap");
	return va;
}

static void
touch(struct vmspace *space, vaddr_t va)
{
	must(vm_fault(&space->map, va, VM_PROT_WRITE, VM_FAULT_NARROW),
	    "vm_fault");
}

static void
touch_all(struct vmspace *space, size_t npages)
{
	for (size_t i = 0; i < npages; i++)
		touch(space, base_va + vm_ptoa(i));
}

static vaddr_t
far_va(size_t i)
{
	return base_va + vm_ptoa(i * FAR);
}

/* n mappings of one page, none a neighbour of another. */
static void
map_far(struct bench *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		(void)map_at(b->space, far_va(i), 1);
}

/* Zero-fill and copy-on-write. */

static void
prepare_untouched(struct bench *b, size_t n)
{
	(void)map_at(b->space, base_va, n);
}

static void
prepare_resident(struct bench *b, size_t n)
{
	prepare_untouched(b, n);
	touch_all(b->space, n);
}

static void
prepare_forked(struct bench *b, size_t n)
{
	prepare_resident(b, n);
	must(vmspace_fork(b->space, &b->child), "vmspace_fork");
}

static void
take(struct bench *b)
{
	must(vm_checkpoint_take(b->space, &b->cp), "vm_checkpoint_take");
}

static void
prepare_checkpoint(struct bench *b, size_t n)
{
	prepare_resident(b, n);
	take(b);
}

/* All pages written since; or but one, all mapped. */
static void
prepare_changed(struct bench *b, size_t n)
{
	prepare_checkpoint(b, n);
	touch_all(b->space, n);
}

static void
prepare_changed_little(struct bench *b, size_t n)
{
	prepare_checkpoint(b, n);
	touch(b->space, base_va);
}

static void
prepare_copied(struct bench *b, size_t n)
{
	prepare_forked(b, n);
	touch_all(b->child, n);
}

static void
op_fault(struct bench *b, size_t i)
{
	must(vm_fault(&b->space->map, base_va + vm_ptoa(i), VM_PROT_WRITE, 0),
	    "vm_fault");
}

static void
op_fault_narrow(struct bench *b, size_t i)
{
	touch(b->space, base_va + vm_ptoa(i));
}

static void
op_cow(struct bench *b, size_t i)
{
	must(vm_fault(&b->child->map, base_va + vm_ptoa(i), VM_PROT_WRITE, 0),
	    "vm_fault");
}

static void
op_cow_narrow(struct bench *b, size_t i)
{
	touch(b->child, base_va + vm_ptoa(i));
}

/* Pages of an object: shared anonymous memory. */

static void
prepare_shared(struct bench *b, size_t n)
{
	struct vm_mmap_args args = {
		.addr = base_va,
		.len = vm_ptoa(n),
		.prot = VM_PROT_RW,
		.flags = VM_MMAP_SHARED | VM_MMAP_FIXED,
	};
	vaddr_t va;

	must(vm_mmap(b->space, &args, &va), "vm_mmap");
}

static void
prepare_shared_all(struct bench *b, size_t n)
{
	prepare_shared(b, n);
	touch_all(b->space, n);
}

/* The child sees the pages of its parent and has none of them mapped. */
static void
prepare_shared_forked(struct bench *b, size_t n)
{
	prepare_shared_all(b, n);
	must(vmspace_fork(b->space, &b->child), "vmspace_fork");
}

/* Mapping and unmapping. */

static void
prepare_nothing(struct bench *b, size_t n)
{
	(void)b;
	(void)n;
}

static void
op_nothing(struct bench *b, size_t i)
{
	(void)b;
	(void)i;
}

static void
op_map_unmap(struct bench *b, size_t i)
{
	vaddr_t va = map_at(b->space, 0, 1);

	(void)i;
	must(vm_munmap(b->space, va, VM_PAGE_SIZE), "vm_munmap");
}

static void
op_map_touch_unmap(struct bench *b, size_t i)
{
	vaddr_t va = map_at(b->space, 0, 1);

	(void)i;
	touch(b->space, va);
	must(vm_munmap(b->space, va, VM_PAGE_SIZE), "vm_munmap");
}

static void
op_unmap_all(struct bench *b, size_t i)
{
	(void)i;
	must(vm_munmap(b->space, base_va, vm_ptoa(b->n)), "vm_munmap");
}

/* Lookup.  The lock is taken once: the row is about finding the entry. */

static void
prepare_lookup(struct bench *b, size_t n, size_t nentries)
{
	uint64_t x = 1;

	map_far(b, nentries);
	b->where = calloc(n, sizeof(*b->where));
	if (b->where == NULL)
		err(1, NULL);
	for (size_t i = 0; i < n; i++) {
		x = x * 6364136223846793005U + 1442695040888963407U;
		b->where[i] = far_va((size_t)(x >> 33) % nentries);
	}
	vm_map_lock(&b->space->map);
}

static void
prepare_lookup_10(struct bench *b, size_t n)
{
	prepare_lookup(b, n, 10);
}

static void
prepare_lookup_10k(struct bench *b, size_t n)
{
	prepare_lookup(b, n, 10000);
}

static void
prepare_lookup_1m(struct bench *b, size_t n)
{
	prepare_lookup(b, n, 1000000);
}

static void
op_lookup(struct bench *b, size_t i)
{
	if (vm_map_lookup(&b->space->map, b->where[i]) == NULL)
		errx(1, "lookup: no entry");
}

/* Fork. */

static void
prepare_entries_touched(struct bench *b, size_t n)
{
	map_far(b, n);
	for (size_t i = 0; i < n; i++)
		touch(b->space, far_va(i));
}

static void
op_fork(struct bench *b, size_t i)
{
	(void)i;
	must(vmspace_fork(b->space, &b->child), "vmspace_fork");
}

static void
prepare_checkpoint_entries(struct bench *b, size_t n)
{
	prepare_entries_touched(b, n);
	take(b);
}

static void
op_branch(struct bench *b, size_t i)
{
	(void)i;
	must(vm_checkpoint_branch(b->cp, &b->child), "vm_checkpoint_branch");
}

static void
op_reset(struct bench *b, size_t i)
{
	(void)i;
	must(vm_checkpoint_reset(b->cp, b->space), "vm_checkpoint_reset");
}

static void
op_exit(struct bench *b, size_t i)
{
	(void)i;
	vmspace_unref(b->child);
}

#define COUNTER(name) offsetof(struct vm_stats, name)

static const struct row rows[] = {
	{ "nothing", "the loop around every operation", prepare_nothing,
	    op_nothing, false, 0 },
	{ "zero-fill", "write fault on a page never touched", prepare_untouched,
	    op_fault, false, COUNTER(flt_przero) },
	{ "zero-fill-narrow", "the same, looking at no neighbours",
	    prepare_untouched, op_fault_narrow, false, COUNTER(flt_przero) },
	{ "cow", "write fault in a child on its parent's page", prepare_forked,
	    op_cow, false, COUNTER(flt_acow) },
	{ "cow-narrow", "the same, looking at no neighbours", prepare_forked,
	    op_cow_narrow, false, COUNTER(flt_acow) },
	{ "object-zero", "write fault on shared memory never touched",
	    prepare_shared, op_fault, false, COUNTER(fault_object_zero) },
	{ "object-page", "fault on a resident page of shared memory",
	    prepare_shared_forked, op_cow_narrow, false, COUNTER(flt_obj) },
	{ "object-unmap", "end of shared memory, per page", prepare_shared_all,
	    op_unmap_all, true, 0 },
	{ "map-unmap", "map and unmap one page, in an empty space",
	    prepare_nothing, op_map_unmap, false, COUNTER(entries_freed) },
	{ "map-touch-unmap", "the same with a write fault between",
	    prepare_nothing, op_map_touch_unmap, false, COUNTER(flt_przero) },
	{ "unmap-page", "unmap a mapping, per resident page", prepare_resident,
	    op_unmap_all, true, COUNTER(anons_freed) },
	{ "lookup-10", "find an entry among 10", prepare_lookup_10, op_lookup,
	    false, 0 },
	{ "lookup-10k", "find an entry among 10,000", prepare_lookup_10k,
	    op_lookup, false, 0 },
	{ "lookup-1m", "find an entry among 1,000,000", prepare_lookup_1m,
	    op_lookup, false, 0 },
	{ "fork-entry", "fork, per entry never touched", map_far, op_fork, true,
	    COUNTER(entries_allocated) },
	{ "fork-entry-page", "fork, per entry with one resident page",
	    prepare_entries_touched, op_fork, true,
	    COUNTER(entries_allocated) },
	{ "fork-page", "fork, per resident page of one entry", prepare_resident,
	    op_fork, true, 0 },
	{ "exit-page", "end of a child, per page of its own", prepare_copied,
	    op_exit, true, COUNTER(anons_freed) },
	{ "branch-entry", "branch of a checkpoint, per entry with one page",
	    prepare_checkpoint_entries, op_branch, true,
	    COUNTER(entries_allocated) },
	{ "branch-page", "the same, per resident page of one entry",
	    prepare_checkpoint, op_branch, true, 0 },
	{ "reset-page", "reset to a checkpoint, per page written since",
	    prepare_changed, op_reset, true, COUNTER(reset_pages) },
	{ "reset-other", "the same, per page that was not written",
	    prepare_changed_little, op_reset, true, 0 },
};

enum { NROWS = sizeof(rows) / sizeof(rows[0]) };

/*
 * Put our two functions in front of those of the MMU.  Only now: a function
 * that toggles collecting off in measure() would toggle it on before.
 */
static void
count_contents(struct vm_machine *m)
{
	plain_ops = m->ops;
	counted_ops = *m->ops;
	counted_ops.zero_page = contents_zero;
	counted_ops.copy_page = contents_copy;
	m->ops = &counted_ops;
}

static void
list_rows(void)
{
	for (size_t i = 0; i < NROWS; i++)
		(void)printf("%s\t%s\t%s\n", rows[i].name,
		    rows[i].once ? "once" : "each", rows[i].what);
}

static const struct row *
find_row(const char *name)
{
	for (size_t i = 0; i < NROWS; i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	errx(2, "%s: no such row", name);
}

/*
 * Frames are not zero at the start, as on a machine that has run for a while;
 * quick leaves out what a real MMU has not: poison and searches for errors.
 */
static void
start(struct bench *b)
{
	static const struct soft_config config = {
		.npages = NFRAMES,
		.quick = true,
	};

	must(soft_machine_create(&posix_env, &config, &b->machine),
	    "soft_machine_create");
	must(vm_system_create(&posix_env, b->machine, &b->sys),
	    "vm_system_create");
	vm_system_prefer(b->sys, b->design);
	must(vmspace_create(b->sys, b->design, &b->space), "vmspace_create");
}

static uint64_t
count_of(const struct bench *b, const struct row *row)
{
	const char *stats = (const char *)&b->sys->stats;

	return *(const _Atomic uint64_t *)(const void *)(stats + row->counter);
}

static void
run_row(struct bench *b, const struct row *row)
{
	uint64_t before;

	row->prepare(b, b->n);
	count_contents(b->machine);
	before = count_of(b, row);
	measure(b, row->op, row->once ? 1 : b->n);
	if (row->counter != 0 && b->design->cow->prompt &&
	    count_of(b, row) - before != b->n)
		errx(1, "%s: did something else", row->name);
}

/* The process ends without taking the system down: nobody counts that. */
int
main(int argc, char **argv)
{
	struct bench b = { .n = argc > 2 ? strtoul(argv[2], NULL, 10) : 0 };
	const struct row *row;

	if (argc == 1) {
		list_rows();
		return 0;
	}
	if (b.n == 0 || b.n > NFRAMES / 4)
		errx(2, "usage: core [row n [design]], n up to %d",
		    NFRAMES / 4);
	b.design = vm_design_named(argc > 3 ? argv[3] : "netbsd");
	if (b.design == NULL)
		errx(2, "%s: no such design", argv[3]);
	row = find_row(argv[1]);
	start(&b);
	run_row(&b, row);
	return 0;
}
