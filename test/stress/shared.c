/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stress/shared.c - do a parent and a child that share private memory go on
 * seeing each other, while copies of both are made?
 *
 *	parent  --\
 *		   one amap, from minherit(SHARE) and a fork
 *	child   --/
 *	copies	forked from either, after minherit(COPY), and ended again
 *
 * Two threads in each space own the pages in turn.  Everybody reads everybody's
 * pages, in both spaces, and finds no old version.  Copies have versions of
 * the time of the fork, and keep them.
 */
#include "test/stress/stress.h"

enum {
	OWNERS = 4,
	PAGES = 48,
	ROUNDS = 3,
	COPIES = 150,
};

struct world {
	struct vmspace *spaces[2];
	vaddr_t va;
	struct stress_page pages[PAGES];
};

static vaddr_t
page_va(const struct world *w, unsigned i)
{
	return w->va + vm_ptoa(i);
}

static void
good(struct stress_actor *a, int error, const char *what)
{
	stress_must(a->st, error == 0, what, (uint64_t)error, 0);
}

static void
own(struct stress_actor *a)
{
	struct world *w = a->arg;
	struct vmspace *mine = w->spaces[a->cpu % 2];

	while (!a->st->stop) {
		unsigned other = (unsigned)stress_random(a, PAGES);
		unsigned i = other - other % OWNERS + a->cpu % OWNERS;
		uint64_t lo = w->pages[other].done;

		good(a,
		    stress_expect(a, w->spaces[stress_random(a, 2)],
			page_va(w, i), w->pages[i].done),
		    "own page");
		good(a, stress_write(a, mine, page_va(w, i), &w->pages[i]),
		    "own page");
		good(a,
		    stress_read(a, mine, page_va(w, other), lo,
			&w->pages[other].begun),
		    "a partner's page");
	}
}

static void
look_at_copy(struct stress_actor *a, struct vmspace *copy, const uint64_t *lo)
{
	struct world *w = a->arg;
	uint64_t word[PAGES], again;

	for (unsigned i = 0; i < PAGES; i++) {
		good(a,
		    stress_read(a, copy, page_va(w, i), lo[i],
			&w->pages[i].begun),
		    "a copy");
		good(a, stress_load(a, copy, page_va(w, i), &word[i]),
		    "a copy");
		if (i % 5 == 0)
			good(a, stress_store(a, copy, page_va(w, i), word[i]),
			    "a copy");
	}
	for (unsigned i = 0; i < PAGES; i++) {
		good(a, stress_load(a, copy, page_va(w, i), &again), "a copy");
		stress_must(a->st, again == word[i], "a copy has changed", i,
		    again);
	}
}

static void
copy_once(struct stress_actor *a)
{
	struct world *w = a->arg;
	struct vmspace *vs = w->spaces[stress_random(a, 2)], *copy;
	vsize_t len = vm_ptoa(PAGES);
	uint64_t lo[PAGES];

	good(a, vm_minherit(vs, w->va, len, VM_INHERIT_COPY), "minherit");
	for (unsigned i = 0; i < PAGES; i++)
		lo[i] = w->pages[i].done;
	good(a, vmspace_fork(vs, &copy), "fork");
	good(a, vm_minherit(vs, w->va, len, VM_INHERIT_SHARE), "minherit");
	look_at_copy(a, copy, lo);
	vmspace_unref(copy);
}

static void
copy_often(struct stress_actor *a)
{
	for (unsigned i = 0; i < COPIES; i++)
		copy_once(a);
}

/* Partners that come and go, and give parts up before. */
static void
share_often(struct stress_actor *a)
{
	struct world *w = a->arg;
	struct vmspace *partner;
	unsigned i;

	while (!a->st->stop) {
		i = (unsigned)stress_random(a, PAGES - 8);
		good(a, vmspace_fork(w->spaces[0], &partner), "fork");
		good(a, vm_munmap(partner, page_va(w, i), vm_ptoa(8)),
		    "munmap");
		vmspace_unref(partner);
	}
}

/* The partner has pages from the start, or settles when it first writes. */
int
main(int argc, char **argv)
{
	static struct world w;
	struct stress st;
	struct stress_part parts[OWNERS + 2] = { { copy_often, &w } };

	stress_begin(&st, "shared", argc, argv, 4096);
	for (unsigned i = 1; i <= OWNERS; i++)
		parts[i] = (struct stress_part){ own, &w };
	parts[OWNERS + 1] = (struct stress_part){ share_often, &w };
	for (unsigned i = 0; i < ROUNDS; i++) {
		memset(w.pages, 0, sizeof(w.pages));
		w.spaces[0] = stress_space(&st);
		w.va = stress_map(&st, w.spaces[0], PAGES, VM_MMAP_PRIVATE,
		    NULL);
		if (vm_minherit(w.spaces[0], w.va, vm_ptoa(PAGES),
			VM_INHERIT_SHARE) != 0 ||
		    vmspace_fork(w.spaces[0], &w.spaces[1]) != 0)
			stress_fail(&st, "cannot share", i, 0);
		stress_run(&st, parts, OWNERS + 2, 1);
		vmspace_unref(w.spaces[0]);
		stress_check(&st);
		vmspace_unref(w.spaces[1]);
	}
	return stress_end(&st);
}
