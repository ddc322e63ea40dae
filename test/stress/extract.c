/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stress/extract.c - do ranges pass between spaces while threads of both use
 * them?
 *
 *	owners	  write to pages of the first space, one thread a page
 *	copier	  passes them on as a copy: of that time, and so it stays
 *	sharer	  passes them on to be shared: what is written now
 *	two	  donate ranges of their own to each other's space, and back
 */
#include "test/stress/stress.h"

enum {
	OWNERS = 3,
	PAGES = 48,
	PASSES = 150, /* of each who passes on */
	OWN = 8,      /* pages of a donor */
};

struct world {
	struct vmspace *spaces[2];
	vaddr_t va;
	struct stress_page pages[PAGES];
};

static vaddr_t
page_va(vaddr_t va, unsigned i)
{
	return va + vm_ptoa(i);
}

static void
own(struct stress_actor *a)
{
	struct world *w = a->arg;
	unsigned i;
	int error;

	while (!a->st->stop) {
		i = (unsigned)stress_random(a, PAGES / OWNERS) * OWNERS +
		    a->cpu % OWNERS;
		error = stress_write(a, w->spaces[0], page_va(w->va, i),
		    &w->pages[i]);
		stress_must(a->st, error == 0, "an owner's fault", i,
		    (uint64_t)error);
	}
}

static vaddr_t
pass(struct stress_actor *a, struct vmspace *from, struct vmspace *to,
    vaddr_t va, unsigned npages, enum vm_pass how)
{
	struct vm_extract_args args = {
		.from = from,
		.to = to,
		.start = va,
		.len = vm_ptoa(npages),
		.how = how,
	};
	vaddr_t at = 0;
	int error = vm_extract(&args, &at);

	stress_must(a->st, error == 0, "extract", how, (uint64_t)error);
	return at;
}

static void
look(struct stress_actor *a, enum vm_pass how)
{
	struct world *w = a->arg;
	struct vmspace *to = w->spaces[1];
	uint64_t lo[PAGES];
	vaddr_t at;
	int error = 0;

	for (unsigned i = 0; i < PAGES; i++)
		lo[i] = w->pages[i].done;
	at = pass(a, w->spaces[0], to, w->va, PAGES, how);
	for (unsigned i = 0; i < PAGES; i++)
		error |= stress_read(a, to, page_va(at, i), lo[i],
		    &w->pages[i].begun);
	stress_must(a->st, error == 0, "a fault of what arrived", how,
	    (uint64_t)error);
	error = vm_munmap(to, at, vm_ptoa(PAGES));
	stress_must(a->st, error == 0, "munmap", how, (uint64_t)error);
}

static void
copy_often(struct stress_actor *a)
{
	for (unsigned i = 0; i < PASSES; i++)
		look(a, VM_PASS_COPY);
}

static void
share_often(struct stress_actor *a)
{
	for (unsigned i = 0; i < PASSES; i++)
		look(a, VM_PASS_SHARE);
}

static void
donate_often(struct stress_actor *a)
{
	struct world *w = a->arg;
	unsigned at = a->cpu % 2;
	vaddr_t va = stress_map(a->st, w->spaces[at], OWN, VM_MMAP_PRIVATE,
	    NULL);
	struct stress_page pages[OWN] = { 0 };
	unsigned i;
	int error = 0;

	for (unsigned n = 0; n < 2 * PASSES && error == 0; n++) {
		i = (unsigned)stress_random(a, OWN);
		error = stress_write(a, w->spaces[at], page_va(va, i),
		    &pages[i]);
		va = pass(a, w->spaces[at], w->spaces[!at], va, OWN,
		    VM_PASS_DONATE);
		at = !at;
		error |= stress_expect(a, w->spaces[at], page_va(va, i),
		    pages[i].done);
	}
	stress_must(a->st, error == 0, "a donor's fault", at, (uint64_t)error);
}

int
main(int argc, char **argv)
{
	struct stress st;
	struct world w = { 0 };
	const struct stress_part parts[] = {
		{ copy_often, &w },
		{ share_often, &w },
		{ donate_often, &w },
		{ donate_often, &w },
		{ own, &w },
		{ own, &w },
		{ own, &w },
	};

	stress_begin(&st, "extract", argc, argv, 1024);
	for (unsigned i = 0; i < 2; i++)
		w.spaces[i] = stress_space(&st);
	w.va = stress_map(&st, w.spaces[0], PAGES, VM_MMAP_PRIVATE, NULL);
	stress_run(&st, parts, sizeof(parts) / sizeof(parts[0]), 4);
	for (unsigned i = 0; i < 2; i++)
		vmspace_unref(w.spaces[i]);
	return stress_end(&st);
}
