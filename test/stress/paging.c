/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stress/paging.c - does paging lose nothing, with everything at once?
 *
 *	players 4   private pages of their own, common ones, forks
 *	daemon	    makes memory, of which there is a third of what is wanted
 *	swapper	    takes devices away and brings them back
 *	cutter	    discards and punches common memory, unmaps, syncs
 *	truncator   cuts a file that all have mapped, and makes it long again
 *	server	    ends the reads of that file that nobody sleeps for
 *
 * Two devices have room for everything together, so that no access may fail
 * but one past the end of the file.  Of the common pages, and those of the
 * file, each has one player that writes to it; those that the cutter punches
 * may read as zeroes.  `cuts` is odd while the file is short, and whoever finds
 * that it has moved since he wrote may find zeroes, or nothing.
 */
#include <stdio.h>
#include <stdlib.h>

#include "env/ramswap.h"
#include "test/stress/safefile.h"

enum {
	FRAMES = 256,
	OWN = 96, /* pages of a player */
	COMMON = 64,
	PUNCHED = 16, /* of these, at the end */
	FILED = SAFE_FILE_PAGES,
	PLAYERS = 4,
	LENT = 4,    /* pages at a time */
	SWAP = 2048, /* of each device */
	ROUNDS = 2,
	OPS = 1500,
};

struct world {
	struct vm_object *obj, *file_obj;
	struct safe_file file;
	_Atomic uint64_t cuts;
	struct stress_page filed[FILED];
	struct stress_page own[PLAYERS][OWN], common[COMMON];
	struct ramswap ram[2];
	unsigned id[2];
	bool pages; /* the design pages private memory */
};

static void
good(struct stress_actor *a, int error, const char *what)
{
	stress_must(a->st, error == 0, what, (uint64_t)error, a->cpu);
}

/* ----------------------------------------------------------------- players */

static void
fork_and_look(struct stress_actor *a, struct vmspace *vs, vaddr_t va,
    struct stress_page *pages)
{
	struct vmspace *child;
	uint64_t i = stress_random(a, OWN);

	good(a, vmspace_fork(vs, &child), "fork");
	for (unsigned n = 0; n < 12; n++, i = (i + 7) % OWN) {
		good(a, stress_expect(a, child, va + vm_ptoa(i), pages[i].done),
		    "a child's page");
		if (n % 3 == 0)
			good(a, stress_store(a, child, va + vm_ptoa(i), 0),
			    "a child's store");
	}
	if (stress_random(a, 2) == 0)
		good(a, vm_munmap(child, va, vm_ptoa(OWN / 2)), "munmap");
	vmspace_unref(child);
}

static void
play_common(struct stress_actor *a, struct vmspace *vs, vaddr_t va)
{
	struct world *w = a->arg;
	unsigned i = (unsigned)stress_random(a, COMMON);
	uint64_t v;

	if (i >= COMMON - PUNCHED) {
		good(a, stress_load(a, vs, va + vm_ptoa(i), &v), "load");
		stress_must(a->st, v <= w->common[i].begun,
		    "a version of the future", i, v);
	} else {
		good(a,
		    stress_read(a, vs, va + vm_ptoa(i), w->common[i].done,
			&w->common[i].begun),
		    "a common page");
	}
	i = i - i % PLAYERS + a->cpu % PLAYERS;
	good(a, stress_write(a, vs, va + vm_ptoa(i), &w->common[i]), "store");
}

static bool
may_be_cut(const struct world *w, uint64_t cuts)
{
	return w->cuts != cuts || cuts % 2 != 0;
}

/* What has been written is there, unless it has been cut off meanwhile. */
static void
play_file(struct stress_actor *a, struct vmspace *vs, vaddr_t va)
{
	struct world *w = a->arg;
	unsigned i = (unsigned)stress_random(a, FILED / PLAYERS) * PLAYERS +
	    a->cpu % PLAYERS;
	struct stress_page *p = &w->filed[i];
	uint64_t cuts = w->cuts, v = 0;
	int error = stress_write(a, vs, va + vm_ptoa(i), p);

	if (error == 0)
		error = stress_load(a, vs, va + vm_ptoa(i), &v);
	stress_must(a->st, error == 0 || error == VM_ERANGE, "a file's page", i,
	    (uint64_t)error);
	stress_must(a->st, v <= p->begun, "a version of the future", i, v);
	stress_must(a->st, (error == 0 && v == p->done) || may_be_cut(w, cuts),
	    "a file's page is lost", i, v);
}

static void
discard_some(struct stress_actor *a, struct vmspace *vs, vaddr_t va,
    struct stress_page *pages)
{
	uint64_t i = stress_random(a, OWN - 4);

	good(a, vm_madvise(vs, va + vm_ptoa(i), vm_ptoa(4), VM_MADV_DISCARD),
	    "discard");
	for (unsigned n = 0; n < 4; n++)
		pages[i + n].begun = pages[i + n].done = 0;
}

/* What is out is begun to be read, and then others go on as if it were not. */
static void
need_some(struct stress_actor *a, struct vmspace *vs, vaddr_t va, unsigned n)
{
	uint64_t i = stress_random(a, n - 16);

	good(a, vm_madvise(vs, va + vm_ptoa(i), vm_ptoa(16), VM_MADV_WILLNEED),
	    "will need");
}

/* What is lent stays as it was, whatever is written then, here or there. */
static void
write_some(struct stress_actor *a, struct vmspace *vs, vaddr_t va,
    struct stress_page *pages, uint64_t *had)
{
	for (unsigned n = 0; n < LENT; n++) {
		had[n] = pages[n].done;
		if (stress_random(a, 2) != 0)
			good(a, stress_write(a, vs, va + vm_ptoa(n), &pages[n]),
			    "store to what is lent");
	}
}

static uint64_t
first_word(struct stress *st, struct vm_page *pg)
{
	uint64_t v;

	memcpy(&v, vm_loan_data(st->sys, pg), sizeof(v));
	return v;
}

static void
lend_some(struct stress_actor *a, struct vmspace *vs, vaddr_t va,
    struct stress_page *pages)
{
	uint64_t i = stress_random(a, OWN - LENT), had[LENT];
	struct vm_page *lent[LENT];

	va += vm_ptoa(i);
	good(a, vm_loan(vs, va, vm_ptoa(LENT), lent), "loan");
	write_some(a, vs, va, pages + i, had);
	for (unsigned n = 0; n < LENT; n++)
		stress_must(a->st, first_word(a->st, lent[n]) == had[n],
		    "what is lent has changed", had[n], 0);
	vm_unloan(a->st->sys, lent, LENT);
}

static void
lend_to_other(struct stress_actor *a, struct vmspace *vs, vaddr_t va,
    struct stress_page *pages)
{
	uint64_t i = stress_random(a, OWN - LENT), had[LENT];
	struct vmspace *to = stress_space(a->st);
	vaddr_t at = 0;

	va += vm_ptoa(i);
	good(a, vm_loan_to(vs, va, vm_ptoa(LENT), to, &at), "loan to another");
	write_some(a, vs, va, pages + i, had);
	for (unsigned n = 0; n < LENT; n++) {
		good(a, stress_expect(a, to, at + vm_ptoa(n), had[n]),
		    "a page that came on loan");
		good(a, stress_store(a, to, at + vm_ptoa(n), 0),
		    "store to what came on loan");
	}
	vmspace_unref(to);
}

/* Where a player has things. */
struct places {
	vaddr_t own, common, file;
};

static void
play_once(struct stress_actor *a, struct vmspace *vs, const struct places *at)
{
	struct world *w = a->arg;
	struct stress_page *pages = w->own[a->cpu];
	uint64_t i = stress_random(a, OWN), what = stress_random(a, 64);

	if (what == 0)
		fork_and_look(a, vs, at->own, pages);
	else if (what == 1)
		discard_some(a, vs, at->own, pages);
	else if (what == 2)
		good(a,
		    vm_msync(vs, at->common, vm_ptoa(COMMON),
			VM_MS_SYNC | VM_MS_INVALIDATE),
		    "msync");
	else if (what == 3)
		need_some(a, vs, at->own, OWN);
	else if (what == 4)
		need_some(a, vs, at->file, FILED);
	else if (what == 5)
		lend_some(a, vs, at->own, pages);
	else if (what == 6)
		lend_to_other(a, vs, at->own, pages);
	else if (what < 11)
		play_file(a, vs, at->file);
	else if (what < 24)
		play_common(a, vs, at->common);
	else if (what < 40)
		good(a,
		    stress_expect(a, vs, at->own + vm_ptoa(i), pages[i].done),
		    "a page");
	else
		good(a, stress_write(a, vs, at->own + vm_ptoa(i), &pages[i]),
		    "store");
}

static void
play(struct stress_actor *a)
{
	struct world *w = a->arg;
	struct vmspace *vs = stress_space(a->st);
	const struct places at = {
		.common = stress_map(a->st, vs, COMMON, VM_MMAP_SHARED, w->obj),
		.own = stress_map(a->st, vs, OWN, VM_MMAP_PRIVATE, NULL),
		.file = stress_map(a->st, vs, FILED, VM_MMAP_SHARED,
		    w->file_obj),
	};

	for (unsigned i = 0; i < OWN; i++)
		w->own[a->cpu][i].begun = w->own[a->cpu][i].done = 0;
	for (unsigned i = 0; i < OPS; i++)
		play_once(a, vs, &at);
	for (unsigned i = 0; i < OWN; i++)
		good(a,
		    stress_expect(a, vs, at.own + vm_ptoa(i),
			w->own[a->cpu][i].done),
		    "a page at the end");
	vmspace_unref(vs);
}

/* ------------------------------------------------------------------ others */

static void
run_daemon(struct stress_actor *a)
{
	vm_pageout_daemon(a->st->sys);
}

static void
add_device(struct stress *st, struct world *w, unsigned i)
{
	const struct vm_swap_device device = {
		.ops = &ramswap_ops,
		.dev = &w->ram[i],
		.name = "memory",
		.npages = SWAP,
		.priority = (int)i,
	};

	if (ramswap_init(&w->ram[i], &st->plain, SWAP) != 0 ||
	    vm_swap_add(st->sys, &device, &w->id[i]) != 0)
		stress_fail(st, "cannot add a device", i, 0);
}

/* One of the two at a time.  The walk may meet somebody who does not let go. */
static void
swap_often(struct stress_actor *a)
{
	struct world *w = a->arg;
	unsigned i = 0;
	int error;

	while (!a->st->stop) {
		error = vm_swapoff(a->st->sys, w->id[i]);
		stress_must(a->st, error == 0 || error == VM_EBUSY,
		    "cannot take a device away", (uint64_t)error, i);
		if (error == 0) {
			ramswap_fini(&w->ram[i]);
			add_device(a->st, w, i);
		}
		i = 1 - i;
	}
}

static void
truncate_often(struct stress_actor *a)
{
	struct world *w = a->arg;

	while (!a->st->stop) {
		uint64_t end = stress_random(a, FILED);

		w->cuts++;
		safe_file_resize(&w->file, vm_ptoa(end));
		vm_object_toss(w->file_obj, end, UINT64_MAX);
		safe_file_resize(&w->file, vm_ptoa(FILED));
		w->cuts++;
		for (unsigned i = 0; i < 1000 && !a->st->stop; i++)
			(void)stress_random(a, 2);
	}
}

static void
serve_reads(struct stress_actor *a)
{
	struct world *w = a->arg;
	struct safe_file *const files[] = { &w->file };

	safe_file_serve(a, files, 1);
}

/* And ends the daemon when all others have ended. */
static void
cut_often(struct stress_actor *a)
{
	struct world *w = a->arg;
	struct vmspace *vs = stress_space(a->st);
	uint64_t i, v;

	while (!a->st->stop) {
		vaddr_t va = stress_map(a->st, vs, COMMON, VM_MMAP_SHARED,
		    w->obj);

		i = COMMON - PUNCHED + stress_random(a, PUNCHED - 2);
		good(a, stress_load(a, vs, va, &v), "load");
		good(a,
		    vm_madvise(vs, va + vm_ptoa(i), vm_ptoa(2), VM_MADV_REMOVE),
		    "punch");
		good(a, vm_munmap(vs, va, vm_ptoa(COMMON)), "munmap");
	}
	vmspace_unref(vs);
	vm_pageout_stop(a->st->sys);
}

/* ------------------------------------------------------------------- whole */

static bool
pages_private_memory(struct stress *st)
{
	struct vmspace *vs = stress_space(st);
	vaddr_t va = stress_map(st, vs, 1, VM_MMAP_PRIVATE, NULL);
	struct stress_actor a = { .st = st };
	bool pages;

	good(&a, stress_store(&a, vs, va, 1), "store");
	(void)vm_pageout(st->sys, vm_page_count(st->sys));
	pages = vm_swap_in_use(st->sys) != 0;
	vmspace_unref(vs);
	return pages;
}

int
main(int argc, char **argv)
{
	static struct world w;
	struct stress st;
	const struct stress_part parts[] = { { play, &w }, { play, &w },
		{ play, &w }, { play, &w }, { swap_often, &w },
		{ cut_often, &w }, { truncate_often, &w }, { run_daemon, &w },
		{ serve_reads, &w } };

	stress_begin(&st, "paging", argc, argv, FRAMES);
	vm_system_prefer(st.sys, st.design);
	add_device(&st, &w, 0);
	add_device(&st, &w, 1);
	if (!pages_private_memory(&st)) {
		printf("skip paging %s: no private memory in swap yet\n",
		    st.design->name);
		return 0;
	}
	safe_file_init(&w.file);
	w.file_obj = safe_file_object(&st, &w.file);
	for (unsigned i = 0; stress_goes_on(&st, i, ROUNDS); i++) {
		w.obj = vm_anon_object(st.sys);
		stress_must(&st, w.obj != NULL, "no object", 0, 0);
		memset(w.common, 0, sizeof(w.common));
		stress_run(&st, parts, sizeof(parts) / sizeof(parts[0]),
		    PLAYERS);
		vm_object_unref(w.obj);
		stress_check(&st);
	}
	vm_object_unref(w.file_obj);
	stress_must(&st, w.cuts != 0 && st.sys->stats.pageouts != 0,
	    "nothing was cut off, or paged", w.cuts, 0);
	stress_must(&st, vm_swap_in_use(st.sys) == 0, "slots are left",
	    vm_swap_in_use(st.sys), 0);
	for (unsigned i = 0; i < 2; i++) {
		stress_must(&st, vm_swap_remove(st.sys, w.id[i]) == 0,
		    "a device is left", i, 0);
		ramswap_fini(&w.ram[i]);
	}
	return stress_end(&st);
}
