/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stress/branch.c - are checkpoints one moment of a space that is in use, and
 * resets, too?
 *
 *	owners	   write to pages of a space, one thread a page
 *	branchers  take checkpoints of it, look at branches of these, write to
 *		   them, and reset them
 *	users	   write to a space, one page a thread, that a resetter puts
 *		   back again and again
 */
#include "test/stress/stress.h"

enum {
	OWNERS = 3,
	PAGES = 48,
	PASSES = 30,  /* of each brancher */
	RESETS = 150, /* of the resetter */
	BASE = 7,     /* what users find after a reset */
};

struct world {
	struct vmspace *live, *used;
	struct vm_checkpoint *start; /* of `used` */
	vaddr_t va;                  /* in both */
	struct stress_page pages[PAGES];
};

static vaddr_t
page_va(const struct world *w, unsigned i)
{
	return w->va + vm_ptoa(i);
}

static void
must(struct stress_actor *a, int error, const char *what)
{
	stress_must(a->st, error == 0, what, (uint64_t)error, 0);
}

static void
own(struct stress_actor *a)
{
	struct world *w = a->arg;
	unsigned i;

	while (!a->st->stop) {
		i = (unsigned)stress_random(a, PAGES / OWNERS) * OWNERS +
		    a->cpu % OWNERS;
		must(a, stress_write(a, w->live, page_va(w, i), &w->pages[i]),
		    "an owner's fault");
	}
}

/* Write to some pages of a branch; reset, it is as it was. */
static void
there_and_back(struct stress_actor *a, struct vm_checkpoint *cp,
    struct vmspace *branch)
{
	struct world *w = a->arg;
	uint64_t was, is;
	vaddr_t va;

	for (unsigned n = 0; n < 4; n++) {
		va = page_va(w, (unsigned)stress_random(a, PAGES));
		must(a, stress_load(a, branch, va, &was), "load");
		must(a, stress_store(a, branch, va, ~was), "store");
		must(a, vm_checkpoint_reset(cp, branch), "reset");
		must(a, stress_load(a, branch, va, &is), "load");
		stress_must(a->st, is == was, "a reset", is, was);
	}
}

static void
look(struct stress_actor *a)
{
	struct world *w = a->arg;
	struct vm_checkpoint *cp;
	struct vmspace *branch;
	uint64_t lo[PAGES];

	for (unsigned i = 0; i < PAGES; i++)
		lo[i] = w->pages[i].done;
	must(a, vm_checkpoint_take(w->live, &cp), "take");
	must(a, vm_checkpoint_branch(cp, &branch), "branch");
	for (unsigned i = 0; i < PAGES; i++)
		must(a,
		    stress_read(a, branch, page_va(w, i), lo[i],
			&w->pages[i].begun),
		    "a fault in a branch");
	there_and_back(a, cp, branch);
	vm_checkpoint_unref(cp);
	vmspace_unref(branch);
}

static void
branch_often(struct stress_actor *a)
{
	for (unsigned i = 0; i < PASSES; i++)
		look(a);
}

static void
reset_often(struct stress_actor *a)
{
	struct world *w = a->arg;

	for (unsigned i = 0; i < RESETS; i++)
		must(a, vm_checkpoint_reset(w->start, w->used), "reset");
}

static void
use(struct stress_actor *a)
{
	struct world *w = a->arg;
	vaddr_t va = page_va(w, a->cpu);
	uint64_t wrote = BASE, found;

	while (!a->st->stop) {
		must(a, stress_load(a, w->used, va, &found), "load");
		stress_must(a->st, found == BASE || found == wrote,
		    "who uses what is reset", found, wrote);
		wrote = 1000 + stress_random(a, 1000);
		must(a, stress_store(a, w->used, va, wrote), "store");
	}
}

static void
begin(struct stress *st, struct world *w)
{
	struct stress_actor first = { .st = st };

	w->live = stress_space(st);
	w->va = stress_map(st, w->live, PAGES, VM_MMAP_PRIVATE, NULL);
	must(&first, vmspace_fork(w->live, &w->used), "fork");
	for (unsigned i = 0; i < PAGES; i++)
		must(&first, stress_store(&first, w->used, page_va(w, i), BASE),
		    "store");
	must(&first, vm_checkpoint_take(w->used, &w->start), "take");
}

int
main(int argc, char **argv)
{
	struct stress st;
	struct world w = { 0 };
	const struct stress_part parts[] = {
		{ branch_often, &w },
		{ branch_often, &w },
		{ reset_often, &w },
		{ own, &w },
		{ own, &w },
		{ own, &w },
		{ use, &w },
		{ use, &w },
	};

	stress_begin(&st, "branch", argc, argv, 2048);
	begin(&st, &w);
	stress_run(&st, parts, sizeof(parts) / sizeof(parts[0]), 3);
	vm_checkpoint_unref(w.start);
	vmspace_unref(w.used);
	vmspace_unref(w.live);
	return stress_end(&st);
}
