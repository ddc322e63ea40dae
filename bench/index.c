/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * index: the indexes of entries at work in maps of many sizes, to be counted
 * by callgrind.
 *
 * `index NAME SIZE N` makes a map of SIZE entries with the index of that name
 * and does each operation N times, in functions whose names begin with
 * bench_; bench/index.sh has callgrind collect the instructions of those.
 *
 *	bench_lookup	 an entry, at random
 *	bench_insert	 a new entry in a gap, at random
 *	bench_remove	 that one again
 *	bench_find	 space of one of four sizes, which is only behind all
 *	bench_find_new	 the same, of a size that was not asked for lately
 *
 * The map has an entry of a page, a gap of fifteen, an entry of a page ...;
 * space is looked for from below.  Counts are of the index and of the map that
 * asks it, in one thread; they are instructions and not time.
 */

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "env/posix.h"
#include "pmap/soft.h"
#include "vm/vm.h"

enum { STRIDE = 16, SIZES = 64, SIZES_LATE = 4 };

static const vaddr_t base_va = (vaddr_t)1 << 30;

static const struct vm_index_ops *const indexes[] = {
	&vm_index_list,
	&vm_index_rbtree,
	&vm_index_twotrees,
	&vm_index_hinted,
};

struct bench {
	struct vm_system *sys;
	struct vmspace *space;
	size_t size;
	uint64_t random;
};

void bench_lookup(struct vm_map *, vaddr_t);
void bench_insert(struct vm_map *, struct vm_map_entry *);
void bench_remove(struct vm_map *, struct vm_map_entry *);
void bench_find(struct vm_map *, const struct vm_map_insert_args *);
void bench_find_new(struct vm_map *, const struct vm_map_insert_args *);

__attribute__((noinline)) void
bench_lookup(struct vm_map *map, vaddr_t va)
{
	if (vm_map_lookup(map, va) == NULL)
		errx(1, "lookup: no entry");
}

__attribute__((noinline)) void
bench_insert(struct vm_map *map, struct vm_map_entry *e)
{
	vm_entry_link(map, e);
}

__attribute__((noinline)) void
bench_remove(struct vm_map *map, struct vm_map_entry *e)
{
	vm_entry_unlink(map, e);
}

static void
find(struct vm_map *map, const struct vm_map_insert_args *args)
{
	vaddr_t va;

	if (vm_map_findspace(map, args, &va) != VM_OK)
		errx(1, "no space");
}

__attribute__((noinline)) void
bench_find(struct vm_map *map, const struct vm_map_insert_args *args)
{
	find(map, args);
}

__attribute__((noinline)) void
bench_find_new(struct vm_map *map, const struct vm_map_insert_args *args)
{
	find(map, args);
}

static vaddr_t
place(size_t i)
{
	return base_va + vm_ptoa(i * STRIDE);
}

static struct vm_map_entry *
new_entry(struct bench *b, vaddr_t va)
{
	struct vm_map_entry *e = vm_entry_alloc(b->sys);

	if (e == NULL)
		errx(1, "no memory");
	e->start = va;
	e->end = va + VM_PAGE_SIZE;
	return e;
}

static size_t
any(struct bench *b)
{
	b->random = b->random * 6364136223846793005U + 1442695040888963407U;
	return (size_t)(b->random >> 33) % b->size;
}

static struct vm_design
design_of(const char *name)
{
	struct vm_design d = vm_design_netbsd;

	for (size_t i = 0; i < sizeof(indexes) / sizeof(indexes[0]); i++) {
		if (strcmp(indexes[i]->name, name) == 0) {
			d.index = indexes[i];
			d.fit = d.index == &vm_index_twotrees ? VM_FIT_BEST :
								VM_FIT_FIRST;
			return d;
		}
	}
	errx(2, "%s: no such index", name);
}

static void
prepare(struct bench *b, const struct vm_design *design)
{
	static const struct soft_config config = { .npages = 256 };
	struct vm_machine *machine;

	if (soft_machine_create(&posix_env, &config, &machine) != VM_OK ||
	    vm_system_create(&posix_env, machine, &b->sys) != VM_OK ||
	    vmspace_create(b->sys, design, &b->space) != VM_OK)
		errx(1, "no memory");
	b->space->map.place_min = base_va;
	vm_map_lock(&b->space->map);
	for (size_t i = 0; i < b->size; i++)
		vm_entry_link(&b->space->map, new_entry(b, place(i)));
}

static void
run(struct bench *b, size_t n)
{
	struct vm_map *map = &b->space->map;
	struct vm_map_insert_args args = { .bottomup = true };
	struct vm_map_entry *e = new_entry(b, base_va);

	for (size_t i = 0; i < n; i++) {
		bench_lookup(map, place(any(b)));
		e->start = place(any(b)) + vm_ptoa(STRIDE / 2);
		e->end = e->start + VM_PAGE_SIZE;
		bench_insert(map, e);
		bench_remove(map, e);
	}
	for (size_t i = 0; i < n + SIZES_LATE; i++) {
		args.len = vm_ptoa(STRIDE + i % SIZES_LATE);
		if (i < SIZES_LATE) /* not counted: the first of each size */
			find(map, &args);
		else
			bench_find(map, &args);
	}
	for (size_t i = 0; i < n; i++) {
		args.len = vm_ptoa(STRIDE + SIZES_LATE + i % SIZES);
		bench_find_new(map, &args);
	}
}

/* The process ends without taking the system down: nobody counts that. */
int
main(int argc, char **argv)
{
	struct bench b = { .random = 1 };
	struct vm_design design;
	size_t n;

	if (argc != 4)
		errx(2, "usage: index list|rbtree|twotrees|hinted size n");
	design = design_of(argv[1]);
	b.size = strtoul(argv[2], NULL, 10);
	n = strtoul(argv[3], NULL, 10);
	if (b.size == 0 || n == 0)
		errx(2, "size and n are at least 1");
	prepare(&b, &design);
	run(&b, n);
	return 0;
}
