/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stress/ranges.c - does each thread get what it asked for, when others change
 * their own ranges of the same space?
 *
 *	| still | zone 0 | zone 1 | zone 2 |      heap ->      | anywhere |
 *	 faults   map, unmap, protect,       brk up and down     map and
 *	 only     remap, discard                                 unmap again
 *
 * Every thread knows what each page of its own part is, may do, and has;
 * nobody else may change that.  Meanwhile another thread forks the space and
 * ends the child.
 */
#include "test/stress/stress.h"

enum {
	ZONES = 3,
	PAGES = 48, /* of a zone, and of what stands still */
	ROUNDS = 3,
	OPS = 4000,
};

/* What the owner of a zone knows of a page. */
struct cell {
	bool mapped;
	vm_prot_t prot;
	uint64_t value;
};

struct zone {
	struct vmspace *vs;
	vaddr_t va;
	uint64_t last; /* value that was written */
	struct cell cells[PAGES];
};

/* A run of pages that an operation is about. */
struct run {
	unsigned first, n;
};

static vaddr_t
cell_va(const struct zone *z, unsigned i)
{
	return z->va + vm_ptoa(i);
}

static struct run
any_run(struct stress_actor *a, unsigned max)
{
	struct run r;

	r.first = (unsigned)stress_random(a, PAGES);
	r.n = 1 + (unsigned)stress_random(a, max);
	if (r.first + r.n > PAGES)
		r.n = PAGES - r.first;
	return r;
}

static bool
is_full(const struct zone *z, struct run r)
{
	for (unsigned i = r.first; i < r.first + r.n; i++) {
		if (!z->cells[i].mapped)
			return false;
	}
	return true;
}

static vm_prot_t
any_prot(struct stress_actor *a)
{
	static const vm_prot_t prots[] = { VM_PROT_RW, VM_PROT_RW, VM_PROT_READ,
		VM_PROT_NONE };

	return prots[stress_random(a, 4)];
}

static void
same(struct stress_actor *a, int error, int wanted, const char *what)
{
	stress_must(a->st, error == wanted, what, (uint64_t)error,
	    (uint64_t)wanted);
}

/* -------------------------------------------------------------- operations */

static void
do_map(struct stress_actor *a, struct zone *z)
{
	struct run r = any_run(a, PAGES / 2);
	struct vm_mmap_args args = {
		.addr = cell_va(z, r.first),
		.len = vm_ptoa(r.n),
		.prot = any_prot(a),
		.flags = VM_MMAP_PRIVATE | VM_MMAP_FIXED,
	};
	vaddr_t va;

	same(a, vm_mmap(z->vs, &args, &va), 0, "mmap");
	for (unsigned i = r.first; i < r.first + r.n; i++)
		z->cells[i] = (struct cell){ true, args.prot, 0 };
}

static void
do_unmap(struct stress_actor *a, struct zone *z)
{
	struct run r = any_run(a, PAGES / 4);

	same(a, vm_munmap(z->vs, cell_va(z, r.first), vm_ptoa(r.n)), 0,
	    "munmap");
	for (unsigned i = r.first; i < r.first + r.n; i++)
		z->cells[i] = (struct cell){ false, 0, 0 };
}

static void
do_protect(struct stress_actor *a, struct zone *z)
{
	struct run r = any_run(a, PAGES / 4);
	vm_prot_t prot = any_prot(a);
	bool full = is_full(z, r);

	same(a, vm_mprotect(z->vs, cell_va(z, r.first), vm_ptoa(r.n), prot),
	    full ? 0 : VM_ENOMEM, "mprotect");
	for (unsigned i = r.first; full && i < r.first + r.n; i++)
		z->cells[i].prot = prot;
}

static void
do_discard(struct stress_actor *a, struct zone *z)
{
	struct run r = any_run(a, PAGES / 4);

	same(a,
	    vm_madvise(z->vs, cell_va(z, r.first), vm_ptoa(r.n),
		VM_MADV_DISCARD),
	    is_full(z, r) ? 0 : VM_ENOMEM, "madvise");
	for (unsigned i = r.first; i < r.first + r.n; i++)
		z->cells[i].value = 0;
}

static void
do_remap(struct stress_actor *a, struct zone *z)
{
	struct run r = any_run(a, PAGES / 4);
	unsigned to = (unsigned)stress_random(a, PAGES - r.n + 1);
	struct vm_mremap_args args = {
		.old_addr = cell_va(z, r.first),
		.old_len = vm_ptoa(r.n),
		.new_len = vm_ptoa(r.n),
		.new_addr = cell_va(z, to),
		.flags = VM_MREMAP_MAYMOVE | VM_MREMAP_FIXED,
	};
	vaddr_t va;

	if (to < r.first + r.n && r.first < to + r.n)
		return;
	if (!is_full(z, r)) {
		same(a, vm_mremap(z->vs, &args, &va), VM_EFAULT, "mremap");
		return;
	}
	same(a, vm_mremap(z->vs, &args, &va), 0, "mremap");
	for (unsigned i = 0; i < r.n; i++) {
		z->cells[to + i] = z->cells[r.first + i];
		z->cells[r.first + i] = (struct cell){ false, 0, 0 };
	}
}

static void
do_write(struct stress_actor *a, struct zone *z)
{
	unsigned i = (unsigned)stress_random(a, PAGES);
	struct cell *c = &z->cells[i];
	uint64_t v = ++z->last;
	int wanted = !c->mapped            ? VM_EFAULT :
	    (c->prot & VM_PROT_WRITE) == 0 ? VM_EACCES :
					     0;

	for (vaddr_t p = 0; p < 4080; p += 2040)
		same(a, stress_store(a, z->vs, cell_va(z, i) + p, v), wanted,
		    "store");
	same(a, stress_store(a, z->vs, cell_va(z, i) + 4088, v), wanted,
	    "store");
	if (wanted == 0)
		c->value = v;
}

static void
do_read(struct stress_actor *a, struct zone *z)
{
	unsigned i = (unsigned)stress_random(a, PAGES);
	const struct cell *c = &z->cells[i];
	int wanted = !c->mapped     ? VM_EFAULT :
	    c->prot == VM_PROT_NONE ? VM_EACCES :
				      0;

	same(a, stress_expect(a, z->vs, cell_va(z, i), c->value), wanted,
	    "load");
}

static void
do_incore(struct stress_actor *a, struct zone *z)
{
	struct run r = any_run(a, PAGES / 2);
	uint8_t vec[PAGES];
	int error;

	error = vm_mincore(z->vs, cell_va(z, r.first), vm_ptoa(r.n), vec);
	same(a, error, is_full(z, r) ? 0 : VM_ENOMEM, "mincore");
	for (unsigned i = 0; i < r.n && error == 0; i++)
		stress_must(a->st,
		    vec[i] != 0 || z->cells[r.first + i].value == 0,
		    "a page is gone", r.first + i, 0);
}

typedef void op_fn(struct stress_actor *, struct zone *);

static op_fn *const ops[] = { do_map, do_unmap, do_protect, do_protect,
	do_discard, do_remap, do_incore, do_read, do_read, do_read, do_write,
	do_write, do_write, do_write };

static void
play_zone(struct stress_actor *a)
{
	for (unsigned i = 0; i < OPS; i++)
		ops[stress_random(a, sizeof(ops) / sizeof(ops[0]))](a, a->arg);
}

/* --------------------------------------------------------- the other parts */

static struct stress_page still[PAGES];

/* Faults in memory that nobody maps or unmaps. */
static void
play_still(struct stress_actor *a)
{
	struct zone *z = a->arg;

	while (!a->st->stop) {
		unsigned i = (unsigned)stress_random(a, PAGES);

		same(a, stress_expect(a, z->vs, cell_va(z, i), still[i].done),
		    0, "load");
		same(a, stress_write(a, z->vs, cell_va(z, i), &still[i]), 0,
		    "store");
	}
}

/* The heap: what comes back after it was given up reads as zeroes. */
static void
play_heap(struct stress_actor *a)
{
	struct vmspace *vs = a->arg;
	vaddr_t start, now, want;

	same(a, vm_brk(vs, 0, &start), 0, "brk");
	while (!a->st->stop) {
		want = start + vm_ptoa(1 + stress_random(a, 8));
		same(a, vm_brk(vs, want, &now), 0, "brk");
		same(a, stress_expect(a, vs, want - VM_PAGE_SIZE, 0), 0,
		    "heap");
		same(a, stress_store(a, vs, want - VM_PAGE_SIZE, 1), 0, "heap");
		same(a, vm_brk(vs, start, &now), 0, "brk");
		stress_must(a->st, now == start, "the break", now, start);
	}
}

static void
play_anywhere(struct stress_actor *a)
{
	struct vmspace *vs = a->arg;
	vaddr_t va[4];

	while (!a->st->stop) {
		for (unsigned i = 0; i < 4; i++) {
			va[i] = stress_map(a->st, vs, 4, VM_MMAP_PRIVATE, NULL);
			same(a, stress_expect(a, vs, va[i], 0), 0, "new");
			same(a, stress_store(a, vs, va[i], va[i]), 0, "new");
		}
		for (unsigned i = 0; i < 4; i++) {
			uint64_t v = 0;

			same(a, stress_load(a, vs, va[i], &v), 0, "old");
			stress_must(a->st, v == va[i], "not my page", v, va[i]);
			same(a, vm_munmap(vs, va[i], vm_ptoa(4)), 0, "munmap");
		}
	}
}

static void
play_forks(struct stress_actor *a)
{
	struct vmspace *child;

	while (!a->st->stop) {
		same(a, vmspace_fork(a->arg, &child), 0, "fork");
		vmspace_unref(child);
	}
}

static void
init_zone(struct stress *st, struct zone *z, struct vmspace *vs)
{
	z->vs = vs;
	z->va = stress_map(st, vs, PAGES, VM_MMAP_PRIVATE, NULL);
	for (unsigned i = 0; i < PAGES; i++)
		z->cells[i] = (struct cell){ true, VM_PROT_RW, 0 };
}

int
main(int argc, char **argv)
{
	static struct zone zones[ZONES + 1];
	struct stress st;
	struct stress_part parts[ZONES + 4];
	struct vmspace *vs;

	stress_begin(&st, "ranges", argc, argv, 4096);
	vs = stress_space(&st);
	vs->brk_start = vs->brk_end = vm_ptoa(1 << 16);
	for (unsigned i = 0; i <= ZONES; i++) {
		init_zone(&st, &zones[i], vs);
		parts[i] = (struct stress_part){ play_zone, &zones[i] };
	}
	vs->map.place_max = zones[ZONES].va; /* holes in zones are no room */
	parts[ZONES].fn = play_still;
	parts[ZONES + 1] = (struct stress_part){ play_heap, vs };
	parts[ZONES + 2] = (struct stress_part){ play_anywhere, vs };
	parts[ZONES + 3] = (struct stress_part){ play_forks, vs };
	for (unsigned i = 0; i < ROUNDS; i++)
		stress_run(&st, parts, ZONES + 4, ZONES);
	vmspace_unref(vs);
	return stress_end(&st);
}
