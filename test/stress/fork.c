/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stress/fork.c - does a child get what its parent had, while threads of the
 * parent write?
 *
 *	page	 0 1 2 3 4 5 6 7 ...	pages of one private mapping, half of
 *	owner	 a b c d a b c d ...	it of an object, each with one writer
 *
 * A fifth thread forks the space again and again.  In the child, what it finds
 * at first must be of the time of the fork, and must stay; then it writes
 * there itself, which nobody else may see.
 */
#include "test/stress/stress.h"

enum {
	OWNERS = 4,
	PAGES = 64,
	ROUNDS = 3,
	FORKS = 150, /* of a round */
};

struct world {
	struct vmspace *vs;
	vaddr_t va;
	struct stress_page pages[PAGES];
};

static vaddr_t
page_va(const struct world *w, unsigned i)
{
	return w->va + vm_ptoa(i);
}

static void
own(struct stress_actor *a)
{
	struct world *w = a->arg;

	while (!a->st->stop) {
		unsigned i = (unsigned)stress_random(a, PAGES / OWNERS);
		struct stress_page *p;
		int error;

		i = i * OWNERS + a->cpu % OWNERS;
		p = &w->pages[i];
		error = stress_expect(a, w->vs, page_va(w, i), p->done);
		if (error == 0 && stress_random(a, 3) != 0)
			error = stress_write(a, w->vs, page_va(w, i), p);
		stress_must(a->st, error == 0, "an owner's fault", i,
		    (uint64_t)error);
	}
}

/* The first look tells what the page has; it must keep it. */
static void
look_at_child(struct stress_actor *a, struct vmspace *child, const uint64_t *lo)
{
	struct world *w = a->arg;
	uint64_t word[PAGES], again;
	int error = 0;

	for (unsigned i = 0; i < PAGES; i++) {
		error |= stress_read(a, child, page_va(w, i), lo[i],
		    &w->pages[i].begun);
		error |= stress_load(a, child, page_va(w, i), &word[i]);
	}
	for (unsigned i = 0; i < PAGES && error == 0; i++) {
		error = stress_load(a, child, page_va(w, i), &again);
		stress_must(a->st, again == word[i], "a child's page changed",
		    i, again);
	}
	stress_must(a->st, error == 0, "a child's fault", (uint64_t)error, 0);
}

static void
write_in_child(struct stress_actor *a, struct vmspace *child)
{
	struct world *w = a->arg;
	const uint64_t mark = UINT64_MAX / 2;

	for (unsigned n = 0; n < PAGES / 4; n++) {
		unsigned i = (unsigned)stress_random(a, PAGES);

		(void)stress_store(a, child, page_va(w, i), mark + i);
	}
}

/* Now and then the child goes first, and its own child is the one looked at. */
static void
fork_once(struct stress_actor *a)
{
	struct world *w = a->arg;
	struct vmspace *child, *grandchild;
	uint64_t lo[PAGES];
	int error;

	for (unsigned i = 0; i < PAGES; i++)
		lo[i] = w->pages[i].done;
	error = vmspace_fork(w->vs, &child);
	stress_must(a->st, error == 0, "fork", (uint64_t)error, 0);
	if (stress_random(a, 3) == 0) {
		error = vmspace_fork(child, &grandchild);
		stress_must(a->st, error == 0, "fork", (uint64_t)error, 1);
		write_in_child(a, child);
		vmspace_unref(child);
		child = grandchild;
	}
	look_at_child(a, child, lo);
	if (stress_random(a, 2) == 0)
		write_in_child(a, child);
	vmspace_unref(child);
}

static void
fork_often(struct stress_actor *a)
{
	for (unsigned i = 0; i < FORKS; i++)
		fork_once(a);
}

int
main(int argc, char **argv)
{
	static struct world w;
	struct stress st;
	struct stress_part parts[OWNERS + 1] = { { fork_often, &w } };
	struct vm_object *obj;
	vaddr_t va;

	stress_begin(&st, "fork", argc, argv, 4096);
	w.vs = stress_space(&st);
	va = stress_map(&st, w.vs, PAGES / 2, VM_MMAP_PRIVATE, NULL);
	obj = vm_anon_object(st.sys);
	w.va = stress_map(&st, w.vs, PAGES / 2, VM_MMAP_PRIVATE, obj);
	stress_must(&st, page_va(&w, PAGES / 2) == va, "two places", w.va, va);
	for (unsigned i = 1; i <= OWNERS; i++)
		parts[i] = (struct stress_part){ own, &w };
	for (unsigned i = 0; i < ROUNDS; i++)
		stress_run(&st, parts, OWNERS + 1, 1);
	vm_object_unref(obj);
	vmspace_unref(w.vs);
	return stress_end(&st);
}
