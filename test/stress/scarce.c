/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stress/scarce.c - is running out of memory clean, with threads?
 *
 * More pages are wanted than there are, by faults, forks and wirings at once,
 * in spaces of their own and in one that all share; and the host's memory
 * fails now and then, too.  VM_ENOMEM is the only error there may be; what
 * could be written must be there; and when all have gone nothing is left.
 */
#include "test/stress/stress.h"

enum {
	FRAMES = 160,
	PAGES = 48, /* of each player, who are four */
	PLAYERS = 4,
	ROUNDS = 3,
	OPS = 3000,
};

struct world {
	struct vmspace *common;
	struct stress_page pages[PLAYERS][PAGES];
};

static bool
had_memory(struct stress_actor *a, int error, const char *what)
{
	stress_must(a->st, error == 0 || error == VM_ENOMEM, what,
	    (uint64_t)error, 0);
	return error == 0;
}

/* A version that was written in part stands between the last and the next. */
static void
touch(struct stress_actor *a, struct vmspace *vs, vaddr_t va,
    struct stress_page *p)
{
	uint64_t done = p->done;

	if (!had_memory(a, stress_read(a, vs, va, done, &p->begun), "load"))
		return;
	(void)had_memory(a, stress_write(a, vs, va, p), "store");
}

/* The child gives memory back even when it could not get all it wanted. */
static void
fork_and_touch(struct stress_actor *a, struct vmspace *vs, vaddr_t va,
    const struct stress_page *pages)
{
	struct vmspace *child;
	uint64_t i = stress_random(a, PAGES);

	if (!had_memory(a, vmspace_fork(vs, &child), "fork"))
		return;
	for (unsigned n = 0; n < 8; n++, i = (i + 1) % PAGES) {
		if (had_memory(a,
			stress_read(a, child, va + vm_ptoa(i), pages[i].done,
			    &pages[i].begun),
			"load"))
			(void)had_memory(a,
			    stress_store(a, child, va + vm_ptoa(i), 0),
			    "store");
	}
	vmspace_unref(child);
}

static void
wire_some(struct stress_actor *a, struct vmspace *vs, vaddr_t va)
{
	int error = vm_mlock(vs, va, vm_ptoa(PAGES / 4));

	if (error != VM_EAGAIN && had_memory(a, error, "mlock"))
		(void)had_memory(a, vm_munlock(vs, va, vm_ptoa(PAGES / 4)),
		    "munlock");
}

/* Give up everything: then the pages read as zeroes, version 0.  Without
 * memory some may have gone and others not. */
static void
start_again(struct stress_actor *a, struct vmspace *vs, vaddr_t va,
    struct stress_page *pages)
{
	bool all = had_memory(a,
	    vm_madvise(vs, va, vm_ptoa(PAGES), VM_MADV_DISCARD), "discard");

	for (unsigned i = 0; i < PAGES; i++) {
		pages[i].done = 0;
		if (all)
			pages[i].begun = 0;
	}
}

static void
play_once(struct stress_actor *a, struct vmspace *vs, vaddr_t va,
    struct stress_page *pages)
{
	uint64_t i = stress_random(a, PAGES), what = stress_random(a, 24);

	if (what == 0)
		start_again(a, vs, va, pages);
	else if (what == 1)
		wire_some(a, vs, va);
	else if (what == 2)
		fork_and_touch(a, vs, va, pages);
	else
		touch(a, vs, va + vm_ptoa(i), &pages[i]);
}

static bool
map_pages(struct stress_actor *a, struct vmspace *vs, vaddr_t *va)
{
	struct vm_mmap_args args = {
		.len = vm_ptoa(PAGES),
		.prot = VM_PROT_RW,
		.flags = VM_MMAP_PRIVATE,
	};

	return had_memory(a, vm_mmap(vs, &args, va), "mmap");
}

/* Half of the players are in one space. */
static void
play(struct stress_actor *a)
{
	struct world *w = a->arg;
	struct stress_page *pages = w->pages[a->cpu % PLAYERS];
	struct vmspace *vs = w->common;
	vaddr_t va;

	if (a->cpu % 2 == 0 || vs == NULL) {
		if (!had_memory(a,
			vmspace_create(a->st->sys, a->st->design, &vs),
			"a space"))
			return;
	} else {
		vmspace_ref(vs);
	}
	if (map_pages(a, vs, &va)) {
		for (unsigned i = 0; i < OPS; i++)
			play_once(a, vs, va, pages);
		(void)had_memory(a, vm_munmap(vs, va, vm_ptoa(PAGES)),
		    "munmap");
	}
	vmspace_unref(vs);
}

static void
fail_often(struct stress_actor *a)
{
	while (!a->st->stop) {
		faulty_fail(&a->st->env, 1 + stress_random(a, 40), FAULTY_ONCE);
		for (unsigned i = 0; i < 1000 && !a->st->stop; i++)
			(void)stress_random(a, 2);
	}
	faulty_fail(&a->st->env, 0, FAULTY_ONCE);
}

int
main(int argc, char **argv)
{
	static struct world w;
	struct stress st;
	struct stress_part parts[PLAYERS + 1];

	stress_begin(&st, "scarce", argc, argv, FRAMES);
	for (unsigned i = 0; i < PLAYERS; i++)
		parts[i] = (struct stress_part){ play, &w };
	parts[PLAYERS] = (struct stress_part){ fail_often, &w };
	for (unsigned i = 0; i < ROUNDS; i++) {
		memset(w.pages, 0, sizeof(w.pages));
		w.common = stress_space(&st);
		stress_run(&st, parts, PLAYERS + (i != 0), PLAYERS);
		vmspace_unref(w.common);
	}
	stress_must(&st, st.sys->stats.fault_nomem != 0, "never scarce", 0, 0);
	return stress_end(&st);
}
