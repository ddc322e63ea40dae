/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stress/wire.c - does memory that is locked stay right, while others fault
 * and fork?
 *
 *	| own 0 | own 1 | common, read-only | faulted |	| firm | gone |
 *	  each wired	  wired by both in		 wired by one; another
 *	  in parts by	  ranges that overlap		 with the page behind,
 *	  one thread					 and fails
 *
 * A thread writes to its own part only while it has wired none of it: a fork
 * copies wired pages at once, and would see half of a write, as on any machine.
 * In the common part nobody writes.  A page that cannot be read lies behind the
 * firm part: who wires both fails, and must not undo what the other has done.
 * Ranges of the own and the common part are held now and then, too, and must
 * stay whatever is unlocked.  At the end all is unlocked.
 */
#include "test/stress/stress.h"

enum {
	WIRERS = 2,
	PAGES = 32, /* of each part */
	ROUNDS = 3,
	OPS = 300,
};

struct part {
	vaddr_t va;
	struct stress_page pages[PAGES];
};

struct world {
	struct vmspace *vs;
	struct part own[WIRERS], common, faulted, firm;
	struct vm_object *obj; /* behind the common part */
};

static void
good(struct stress_actor *a, int error, const char *what)
{
	stress_must(a->st, error == 0, what, (uint64_t)error, 0);
}

static vaddr_t
page_va(const struct part *p, uint64_t i)
{
	return p->va + vm_ptoa(i);
}

static void
write_some(struct stress_actor *a, struct part *p)
{
	struct world *w = a->arg;

	for (unsigned n = 0; n < PAGES / 2; n++) {
		uint64_t i = stress_random(a, PAGES);

		good(a,
		    stress_expect(a, w->vs, page_va(p, i), p->pages[i].done),
		    "own page");
		good(a, stress_write(a, w->vs, page_va(p, i), &p->pages[i]),
		    "own page");
	}
}

/* What is wired can be used without a fault, unless somebody unwires it. */
static void
use_wired(struct stress_actor *a, struct part *p, uint64_t first, uint64_t n)
{
	struct world *w = a->arg;
	struct pmap_mapping at;

	for (uint64_t i = first; i < first + n; i++) {
		stress_must(a->st,
		    pmap_extract(w->vs->map.pmap, page_va(p, i), &at) &&
			at.wired,
		    "not wired", i, 0);
		good(a,
		    stress_expect(a, w->vs, page_va(p, i), p->pages[i].done),
		    "wired page");
	}
}

static void
wire_once(struct stress_actor *a, struct part *p, bool mine)
{
	struct world *w = a->arg;
	uint64_t first = stress_random(a, PAGES);
	uint64_t n = 1 + stress_random(a, PAGES - first);
	vaddr_t va = page_va(p, first);

	good(a, vm_mlock(w->vs, va, vm_ptoa(n)), "mlock");
	if (mine)
		use_wired(a, p, first, n);
	if (stress_random(a, 2))
		good(a, vm_mlock(w->vs, p->va, vm_ptoa(PAGES)), "mlock");
	good(a, vm_munlock(w->vs, p->va, vm_ptoa(PAGES)), "munlock");
}

/* What is held can be used, whoever locks and unlocks it. */
static void
hold_once(struct stress_actor *a, struct part *p)
{
	struct world *w = a->arg;
	uint64_t first = stress_random(a, PAGES);
	uint64_t n = 1 + stress_random(a, PAGES - first);
	struct vm_held held;

	good(a,
	    vm_vslock(w->vs, page_va(p, first), vm_ptoa(n), VM_PROT_READ,
		&held),
	    "vslock");
	if (stress_random(a, 2))
		good(a, vm_munlock(w->vs, p->va, vm_ptoa(PAGES)), "munlock");
	use_wired(a, p, first, n);
	vm_vsunlock(w->vs, &held);
}

static void
wire_often(struct stress_actor *a)
{
	struct world *w = a->arg;
	struct part *mine = &w->own[a->cpu % WIRERS];

	for (unsigned i = 0; i < OPS; i++) {
		write_some(a, mine);
		wire_once(a, mine, true);
		wire_once(a, &w->common, false);
		hold_once(a, stress_random(a, 2) ? mine : &w->common);
		good(a,
		    stress_expect(a, w->vs,
			page_va(&w->common, stress_random(a, PAGES)), 0),
		    "common page");
	}
}

static void
wire_firmly(struct stress_actor *a)
{
	struct world *w = a->arg;
	uint64_t n;

	while (!a->st->stop) {
		n = 1 + stress_random(a, PAGES);
		good(a, vm_mlock(w->vs, w->firm.va, vm_ptoa(n)), "mlock");
		use_wired(a, &w->firm, 0, n);
		good(a, vm_munlock(w->vs, w->firm.va, vm_ptoa(n)), "munlock");
	}
}

static void
wire_in_vain(struct stress_actor *a)
{
	struct world *w = a->arg;
	int error;

	while (!a->st->stop) {
		error = vm_mlock(w->vs, w->firm.va, vm_ptoa(PAGES + 1));
		stress_must(a->st, error == VM_ENOMEM, "mlock of a lost page",
		    (uint64_t)error, 0);
	}
}

static void
fault_often(struct stress_actor *a)
{
	struct world *w = a->arg;

	while (!a->st->stop)
		write_some(a, &w->faulted);
}

static void
look_at_child(struct stress_actor *a, struct vmspace *child,
    const struct part *p, const uint64_t *lo)
{
	for (unsigned i = 0; i < PAGES; i++)
		good(a,
		    stress_read(a, child, page_va(p, i), lo[i],
			&p->pages[i].begun),
		    "a child's page");
}

static void
note_versions(const struct part *p, uint64_t *lo)
{
	for (unsigned i = 0; i < PAGES; i++)
		lo[i] = p->pages[i].done;
}

static void
fork_often(struct stress_actor *a)
{
	struct world *w = a->arg;
	struct vmspace *child;
	uint64_t lo[WIRERS + 1][PAGES];

	while (!a->st->stop) {
		for (unsigned i = 0; i < WIRERS; i++)
			note_versions(&w->own[i], lo[i]);
		note_versions(&w->faulted, lo[WIRERS]);
		good(a, vmspace_fork(w->vs, &child), "fork");
		for (unsigned i = 0; i < WIRERS; i++)
			look_at_child(a, child, &w->own[i], lo[i]);
		look_at_child(a, child, &w->faulted, lo[WIRERS]);
		vmspace_unref(child);
	}
}

static int
lost_get(struct vm_object *obj, vm_pindex_t pindex,
    struct vm_page *const *pages, unsigned *npages)
{
	(void)obj, (void)pindex, (void)pages, (void)npages;
	return VM_EIO;
}

static const struct vm_pager_ops lost_ops = { .name = "lost", .get = lost_get };

/* PAGES of zeroes, and behind them a page that cannot be read. */
static void
map_firm(struct stress *st, struct world *w)
{
	struct vm_object *lost = vm_object_create(st->sys, &lost_ops, NULL);
	struct vm_mmap_args a = {
		.len = VM_PAGE_SIZE,
		.prot = VM_PROT_READ,
		.flags = VM_MMAP_SHARED | VM_MMAP_FIXED,
		.object = lost,
	};

	w->firm.va = stress_map(st, w->vs, PAGES + 1, VM_MMAP_PRIVATE, NULL);
	a.addr = page_va(&w->firm, PAGES);
	if (lost == NULL || vm_mmap(w->vs, &a, &a.addr) != 0)
		stress_fail(st, "cannot map", 0, 0);
	vm_object_unref(lost);
}

static void
init_world(struct stress *st, struct world *w)
{
	w->vs = stress_space(st);
	for (unsigned i = 0; i < WIRERS; i++)
		w->own[i].va = stress_map(st, w->vs, PAGES, VM_MMAP_PRIVATE,
		    NULL);
	w->obj = vm_anon_object(st->sys);
	w->common.va = stress_map(st, w->vs, PAGES, VM_MMAP_SHARED, w->obj);
	if (vm_mprotect(w->vs, w->common.va, vm_ptoa(PAGES), VM_PROT_READ) != 0)
		stress_fail(st, "cannot protect", 0, 0);
	w->faulted.va = stress_map(st, w->vs, PAGES, VM_MMAP_PRIVATE, NULL);
	map_firm(st, w);
}

int
main(int argc, char **argv)
{
	static struct world w;
	struct stress st;
	const struct stress_part parts[] = { { wire_often, &w },
		{ wire_often, &w }, { fault_often, &w }, { fork_often, &w },
		{ wire_firmly, &w }, { wire_in_vain, &w } };

	stress_begin(&st, "wire", argc, argv, 2048);
	init_world(&st, &w);
	for (unsigned i = 0; i < ROUNDS; i++) {
		stress_run(&st, parts, WIRERS + 4, WIRERS);
		if (vm_munlockall(w.vs) != 0)
			stress_fail(&st, "cannot unlock", i, 0);
		stress_must(&st, vm_page_wired_count(st.sys) == 0,
		    "pages stay wired", vm_page_wired_count(st.sys), 0);
		stress_check(&st);
	}
	vmspace_unref(w.vs);
	vm_object_unref(w.obj);
	return stress_end(&st);
}
