/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pmap_contract.c - see pmap_contract.h.
 *
 * Each test has a machine of its own with two empty address spaces, pm and
 * other, and NPAGES pages it can take.  At its end all of it goes, and the
 * environment must have every block back.
 */
#include "test/contract/pmap_contract.h"

#include "env/faulty.h"
#include "env/posix.h"
#include "vm/vm_page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NPAGES 64
#define TRIES  4

static const struct pmap_contract_port *port;

struct world {
	struct faulty_env env;
	struct vm_machine *machine;
	struct vm_system sys;
	struct pmap *pm, *other;
	vaddr_t base; /* the lowest address */
	struct vm_page *pages[NPAGES];
	unsigned npages;
};

/* One mapping, and how it was asked for. */
struct mapping {
	struct pmap *pm;
	vaddr_t va;
	struct vm_page *pg;
	vm_prot_t prot;
	unsigned flags; /* of pmap_enter */
};

/* ---- the world ---- */

static void
make_system(struct world *w)
{
	w->sys.env = &w->env.env;
	w->sys.machine = w->machine;
	assert_int_equal(vm_page_init(&w->sys), 0);
}

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return -1;
	*state = w;
	faulty_init(&w->env, &posix_env);
	assert_int_equal(port->create(&w->env.env, NPAGES, &w->machine), 0);
	make_system(w);
	assert_int_equal(pmap_create(w->machine, &w->pm), 0);
	assert_int_equal(pmap_create(w->machine, &w->other), 0);
	w->base = w->machine->va_min;
	return 0;
}

static void
check(struct world *w)
{
	if (port->check != NULL)
		port->check(w->machine);
}

static int
teardown(void **state)
{
	struct world *w = *state;
	unsigned i;

	faulty_fail(&w->env, 0, FAULTY_ONCE);
	check(w);
	if (w->pm != NULL)
		pmap_destroy(w->pm);
	if (w->other != NULL)
		pmap_destroy(w->other);
	check(w);
	for (i = 0; i < w->npages; i++)
		vm_page_free(&w->sys, w->pages[i]);
	vm_page_check(&w->sys);
	vm_page_fini(&w->sys);
	port->destroy(w->machine);
	assert_int_equal(w->env.blocks, 0);
	assert_int_equal(w->env.bytes, 0);
	free(w);
	return 0;
}

/* A page whose bytes are all `byte`. */
static struct vm_page *
page(struct world *w, int byte)
{
	struct vm_page *pg = vm_page_alloc(&w->sys, NULL, VM_PAGE_RESERVE);

	assert_non_null(pg);
	w->pages[w->npages++] = pg;
	memset(pmap_page_data(w->machine, pg), byte, VM_PAGE_SIZE);
	return pg;
}

/* The last page taken is free again. */
static void
free_last_page(struct world *w)
{
	vm_page_free(&w->sys, w->pages[--w->npages]);
}

static unsigned char
frame_byte(struct world *w, struct vm_page *pg, size_t offset)
{
	const unsigned char *bytes = pmap_page_data(w->machine, pg);

	return bytes[offset];
}

static vaddr_t
nth(const struct world *w, vm_pindex_t n)
{
	return w->base + vm_ptoa(n);
}

/* ---- touching ---- */

static void
enter(const struct mapping *m)
{
	assert_int_equal(pmap_enter(m->pm, m->va, m->pg, m->prot, m->flags), 0);
}

/* A mapping of the world's pm for what its protection allows. */
static struct mapping
map(struct world *w, vm_pindex_t n, struct vm_page *pg, vm_prot_t prot)
{
	struct mapping m = { w->pm, nth(w, n), pg, prot, VM_PROT_READ };

	enter(&m);
	return m;
}

static struct mapping
map_wired(struct world *w, vm_pindex_t n, struct vm_page *pg, vm_prot_t prot)
{
	struct mapping m = { w->pm, nth(w, n), pg, prot, prot | PMAP_WIRED };

	enter(&m);
	return m;
}

/* Access byte `offset` of the mapping as vm_fault() would make it work. */
static void
use(const struct mapping *m, unsigned cpu, vm_prot_t access, size_t offset,
    unsigned char *byte)
{
	unsigned flags = m->flags & ~(unsigned)VM_PROT_ALL;
	unsigned try;

	for (try = 0; try < TRIES; try++) {
		if (port->touch(m->pm, cpu, m->va + offset, access, byte))
			return;
		assert_int_equal(pmap_enter(m->pm, m->va, m->pg, m->prot,
				     flags | access),
		    0);
	}
	fail_msg("%s at %#llx still faults",
	    access == VM_PROT_WRITE ? "store" : "load",
	    (unsigned long long)m->va);
}

static unsigned char
load(const struct mapping *m, unsigned cpu, size_t offset)
{
	unsigned char byte = 0;

	use(m, cpu, VM_PROT_READ, offset, &byte);
	return byte;
}

static void
store(const struct mapping *m, unsigned cpu, size_t offset, unsigned char byte)
{
	use(m, cpu, VM_PROT_WRITE, offset, &byte);
}

/* On every processor: after this, one that caches mappings has it. */
static void
load_everywhere(const struct mapping *m, unsigned char expected)
{
	unsigned cpu;

	for (cpu = 0; cpu < port->ncpus; cpu++)
		assert_int_equal(load(m, cpu, cpu), expected);
}

static void
store_everywhere(const struct mapping *m, unsigned char byte)
{
	unsigned cpu;

	for (cpu = 0; cpu < port->ncpus; cpu++)
		store(m, cpu, cpu, byte);
}

static void
must_fault(const struct mapping *m, vm_prot_t access)
{
	unsigned char byte = 0xee;
	unsigned cpu;

	for (cpu = 0; cpu < port->ncpus; cpu++)
		assert_false(port->touch(m->pm, cpu, m->va, access, &byte));
}

static void
must_not_fault(const struct mapping *m, vm_prot_t access)
{
	unsigned char byte = 0xee;
	unsigned cpu;

	for (cpu = 0; cpu < port->ncpus; cpu++)
		assert_true(port->touch(m->pm, cpu, m->va, access, &byte));
}

static void
must_not_be_mapped(const struct mapping *m)
{
	struct pmap_mapping found;

	assert_false(pmap_extract(m->pm, m->va, &found));
	must_fault(m, VM_PROT_READ);
	must_fault(m, VM_PROT_WRITE);
}

/* ---- the machine ---- */

/* Do the constants of a machine make sense together? */
static void
test_machine_constants(void **state)
{
	struct world *w = *state;
	const struct vm_machine *m = w->machine;

	assert_int_equal(m->npages, NPAGES);
	assert_int_equal(m->pa_base & VM_PAGE_MASK, 0);
	assert_int_equal(m->va_min & VM_PAGE_MASK, 0);
	assert_int_equal(m->va_max & VM_PAGE_MASK, 0);
	assert_true(m->va_min < m->va_max);
	assert_non_null(m->ops->name);
}

/* Do frames read as zeroes at the start, if the machine says so? */
static void
test_machine_frames_zeroed(void **state)
{
	struct world *w = *state;
	size_t i, at;

	if (!w->machine->frames_zeroed)
		return;
	for (i = 0; i < NPAGES; i++) {
		for (at = 0; at < VM_PAGE_SIZE; at++)
			assert_int_equal(frame_byte(w, vm_page_nth(&w->sys, i),
					     at),
			    0);
	}
}

/* Do two machines of one process know nothing of each other? */
static void
test_machine_is_not_alone(void **state)
{
	struct world *w = *state, *v;
	struct mapping m = map(w, 0, page(w, 'a'), VM_PROT_RW), n;
	void *second;

	assert_int_equal(setup(&second), 0);
	v = second;
	n = map(v, 0, page(v, 'b'), VM_PROT_RW);
	load_everywhere(&m, 'a');
	load_everywhere(&n, 'b');
	store(&n, 0, 0, 'B');
	assert_int_equal(frame_byte(w, m.pg, 0), 'a');
	pmap_remove(v->pm, n.va, n.va + VM_PAGE_SIZE);
	pmap_update(v->pm);
	load_everywhere(&m, 'a');
	assert_int_equal(teardown(&second), 0);
	load_everywhere(&m, 'a');
}

/* ---- create, destroy ---- */

/* Is a new pmap empty? */
static void
test_create_empty(void **state)
{
	struct world *w = *state;
	struct mapping m = { .pm = w->pm, .va = w->base };

	must_not_be_mapped(&m);
	assert_int_equal(pmap_next(w->pm, w->machine->va_min,
			     w->machine->va_max),
	    w->machine->va_max);
	assert_int_equal(w->machine->ops->resident_count(w->pm), 0);
	assert_int_equal(w->machine->ops->wired_count(w->pm), 0);
}

/* Does it say VM_ENOMEM, whichever allocation fails, and leak nothing? */
static void
test_create_nomem(void **state)
{
	struct world *w = *state;
	uint64_t blocks = w->env.blocks;
	struct pmap *pm;
	unsigned n;
	int error;

	for (n = 1; n < 100; n++) {
		faulty_fail(&w->env, n, FAULTY_ON);
		error = pmap_create(w->machine, &pm);
		faulty_fail(&w->env, 0, FAULTY_ON);
		if (error == 0)
			break;
		assert_int_equal(error, VM_ENOMEM);
		assert_int_equal(w->env.blocks, blocks);
	}
	assert_int_equal(error, 0);
	pmap_destroy(pm);
}

/* Does it forget all, wired or not, without an update? */
static void
test_destroy_forgets(void **state)
{
	struct world *w = *state;
	struct vm_page *pg = page(w, 0);
	struct mapping m = map(w, 0, pg, VM_PROT_RW);
	struct mapping n = map_wired(w, 1, pg, VM_PROT_READ);

	store_everywhere(&m, 1);
	load_everywhere(&n, 1);
	pmap_destroy(w->pm);
	w->pm = NULL;
	assert_int_equal(pmap_page_protect(w->machine, pg, VM_PROT_NONE), 0);
	free_last_page(w);
}

/* Do pages get their bits first? */
static void
test_destroy_keeps_bits(void **state)
{
	struct world *w = *state;
	struct mapping m = map(w, 0, page(w, 0), VM_PROT_RW);

	store(&m, 0, 0, 1);
	pmap_destroy(w->pm);
	w->pm = NULL;
	assert_true(pmap_is_modified(w->machine, m.pg));
}

/* ---- enter ---- */

/* Are the bytes at va those of the page, both ways? */
static void
test_enter_maps(void **state)
{
	struct world *w = *state;
	struct mapping m = map(w, 0, page(w, 'x'), VM_PROT_RW);
	unsigned cpu;

	load_everywhere(&m, 'x');
	for (cpu = 0; cpu < port->ncpus; cpu++) {
		store(&m, cpu, 4095 - cpu, (unsigned char)('a' + cpu));
		assert_int_equal(frame_byte(w, m.pg, 4095 - cpu), 'a' + cpu);
	}
}

/* Is what prot does not allow a fault? */
static void
test_enter_prot(void **state)
{
	struct world *w = *state;
	struct mapping m = map(w, 0, page(w, 'x'), VM_PROT_READ);

	load_everywhere(&m, 'x');
	must_fault(&m, VM_PROT_WRITE);
	assert_int_equal(frame_byte(w, m.pg, 0), 'x');
}

/* Are the lowest and the highest address, and far ones, like others? */
static void
test_enter_at_the_ends(void **state)
{
	struct world *w = *state;
	vaddr_t last = w->machine->va_max - VM_PAGE_SIZE;
	struct mapping low = map(w, 0, page(w, 'l'), VM_PROT_RW);
	struct mapping high = { w->pm, last, page(w, 'h'), VM_PROT_RW,
		VM_PROT_READ };

	enter(&high);
	load_everywhere(&low, 'l');
	load_everywhere(&high, 'h');
	pmap_remove(w->pm, last, w->machine->va_max);
	pmap_update(w->pm);
	must_not_be_mapped(&high);
	load_everywhere(&low, 'l');
}

/* Is one page at many addresses of two spaces one memory? */
static void
test_enter_aliases(void **state)
{
	struct world *w = *state;
	struct vm_page *pg = page(w, 0);
	struct mapping m[4] = {
		map(w, 0, pg, VM_PROT_RW),
		map(w, 1, pg, VM_PROT_RW),
		map(w, 100, pg, VM_PROT_RW),
		{ w->other, nth(w, 7), pg, VM_PROT_RW, VM_PROT_READ },
	};
	unsigned i, j;

	enter(&m[3]);
	for (i = 0; i < 4; i++) {
		store_everywhere(&m[i], (unsigned char)(i + 1));
		for (j = 0; j < 4; j++)
			load_everywhere(&m[j], (unsigned char)(i + 1));
	}
}

/* Are spaces separate? */
static void
test_enter_spaces(void **state)
{
	struct world *w = *state;
	struct mapping m = map(w, 0, page(w, 'a'), VM_PROT_RW);
	struct mapping n = { w->other, m.va, page(w, 'b'), VM_PROT_RW,
		VM_PROT_READ };

	must_not_be_mapped(&(struct mapping){ .pm = w->other, .va = m.va });
	enter(&n);
	load_everywhere(&m, 'a');
	load_everywhere(&n, 'b');
	store(&m, 0, 0, 'A');
	assert_int_equal(load(&n, 0, 0), 'b');
}

/* Does the access given in flags set modified, and only a write? */
static void
test_enter_access_marks(void **state)
{
	struct world *w = *state;
	struct mapping m = { w->pm, w->base, page(w, 0), VM_PROT_RW,
		VM_PROT_READ };

	enter(&m);
	assert_false(pmap_is_modified(w->machine, m.pg));
	m.flags = VM_PROT_RW;
	enter(&m);
	assert_true(pmap_is_modified(w->machine, m.pg));
}

/* Does the same page again change protection, both ways? */
static void
test_enter_again_prot(void **state)
{
	struct world *w = *state;
	struct mapping m = map(w, 0, page(w, 0), VM_PROT_READ);

	load_everywhere(&m, 0);
	m.prot = VM_PROT_RW;
	enter(&m);
	store_everywhere(&m, 1);
	m.prot = VM_PROT_READ;
	enter(&m);
	pmap_update(w->pm);
	must_fault(&m, VM_PROT_WRITE);
	load_everywhere(&m, 1);
}

/* ... and wiring? */
static void
test_enter_again_wiring(void **state)
{
	struct world *w = *state;
	const struct pmap_ops *ops = w->machine->ops;
	struct mapping m = map(w, 0, page(w, 0), VM_PROT_READ);

	assert_int_equal(ops->wired_count(w->pm), 0);
	m.flags |= PMAP_WIRED;
	enter(&m);
	enter(&m);
	assert_int_equal(ops->wired_count(w->pm), 1);
	assert_int_equal(ops->resident_count(w->pm), 1);
	m.flags = VM_PROT_READ;
	enter(&m);
	assert_int_equal(ops->wired_count(w->pm), 0);
	assert_int_equal(pmap_page_protect(w->machine, m.pg, VM_PROT_NONE), 0);
}

/* Does VM_ENOMEM leave nothing at va, whichever allocation fails? */
static void
test_enter_nomem(void **state)
{
	struct world *w = *state;
	struct mapping m = { w->pm, w->base, page(w, 'x'), VM_PROT_READ,
		VM_PROT_READ | PMAP_CANFAIL };
	unsigned i, failed = 0;
	int error;

	faulty_fail(&w->env, 1, FAULTY_ON);
	for (i = 0; i < 200; i++, m.va += vm_ptoa(64)) {
		if (m.va >= w->machine->va_max)
			break;
		error = pmap_enter(m.pm, m.va, m.pg, m.prot, m.flags);
		if (error == 0)
			continue;
		assert_int_equal(error, VM_ENOMEM);
		must_not_be_mapped(&m);
		check(w);
		faulty_fail(&w->env, 1 + failed++ % 3, FAULTY_ON);
		if (failed % 3 == 0)
			faulty_fail(&w->env, 0, FAULTY_ON);
	}
	faulty_fail(&w->env, 0, FAULTY_ON);
	m.va = w->base;
	load_everywhere(&m, 'x');
}

/* Is something entered ahead of need all right or not there? */
static void
test_enter_ahead(void **state)
{
	struct world *w = *state;
	struct pmap_mapping found;
	struct mapping m = { w->pm, w->base, page(w, 'x'), VM_PROT_READ,
		PMAP_AHEAD | PMAP_CANFAIL };

	enter(&m);
	if (pmap_extract(m.pm, m.va, &found)) {
		assert_ptr_equal(found.page, m.pg);
		assert_int_equal(found.prot & ~VM_PROT_READ, 0);
	}
	assert_false(pmap_is_modified(w->machine, m.pg));
	assert_false(pmap_is_referenced(w->machine, m.pg));
	load_everywhere(&m, 'x');
	must_fault(&m, VM_PROT_WRITE);
}

/* ---- remove ---- */

/* [start, end), no more and no less? */
static void
test_remove_range(void **state)
{
	struct world *w = *state;
	struct mapping m[6];
	unsigned i;

	for (i = 0; i < 6; i++) {
		m[i] = map_wired(w, i, page(w, (int)i), VM_PROT_READ);
		load_everywhere(&m[i], (unsigned char)i);
	}
	pmap_remove(w->pm, nth(w, 2), nth(w, 4));
	pmap_update(w->pm);
	for (i = 0; i < 6; i++) {
		if (i == 2 || i == 3)
			must_not_be_mapped(&m[i]);
		else
			must_not_fault(&m[i], VM_PROT_READ);
	}
	assert_int_equal(w->machine->ops->wired_count(w->pm), 4);
	assert_int_equal(w->machine->ops->resident_count(w->pm), 4);
}

/* Everything at once; an empty range; a range with nothing in it? */
static void
test_remove_odd_ranges(void **state)
{
	struct world *w = *state;
	struct mapping m = map_wired(w, 50, page(w, 'x'), VM_PROT_READ);

	pmap_remove(w->pm, m.va, m.va);
	pmap_remove(w->pm, w->machine->va_min, m.va);
	pmap_remove(w->pm, m.va + VM_PAGE_SIZE, w->machine->va_max);
	pmap_update(w->pm);
	must_not_fault(&m, VM_PROT_READ);
	pmap_remove(w->pm, w->machine->va_min, w->machine->va_max);
	pmap_update(w->pm);
	must_not_be_mapped(&m);
	assert_int_equal(w->machine->ops->resident_count(w->pm), 0);
}

/* Can it be mapped anew right after, and does the new mapping hold? */
static void
test_remove_enter(void **state)
{
	struct world *w = *state;
	struct mapping m = map(w, 0, page(w, 'a'), VM_PROT_RW);

	load_everywhere(&m, 'a');
	pmap_remove(w->pm, m.va, m.va + VM_PAGE_SIZE);
	pmap_update(w->pm);
	m.pg = page(w, 'b');
	enter(&m);
	load_everywhere(&m, 'b');
}

/* ---- protect ---- */

/* [start, end), no more and no less? */
static void
test_protect_range(void **state)
{
	struct world *w = *state;
	struct mapping m[6];
	unsigned i;

	for (i = 0; i < 6; i++) {
		m[i] = map_wired(w, i, page(w, 0), VM_PROT_RW);
		store_everywhere(&m[i], 'x');
	}
	pmap_protect(w->pm, nth(w, 2), nth(w, 4), VM_PROT_READ);
	pmap_update(w->pm);
	for (i = 0; i < 6; i++) {
		must_not_fault(&m[i], VM_PROT_READ);
		if (i == 2 || i == 3)
			must_fault(&m[i], VM_PROT_WRITE);
		else
			must_not_fault(&m[i], VM_PROT_WRITE);
	}
}

/* Does VM_PROT_NONE stop everything, and may the page come back? */
static void
test_protect_none(void **state)
{
	struct world *w = *state;
	struct mapping m = map(w, 0, page(w, 'x'), VM_PROT_RW);

	load_everywhere(&m, 'x');
	pmap_protect(w->pm, m.va, m.va + VM_PAGE_SIZE, VM_PROT_NONE);
	pmap_update(w->pm);
	must_fault(&m, VM_PROT_READ);
	must_fault(&m, VM_PROT_WRITE);
	enter(&m);
	load_everywhere(&m, 'x');
}

/* Does a wired mapping without permission remain one? */
static void
test_protect_wired_none(void **state)
{
	struct world *w = *state;
	struct mapping m = map_wired(w, 0, page(w, 'x'), VM_PROT_READ);

	pmap_protect(w->pm, m.va, m.va + VM_PAGE_SIZE, VM_PROT_NONE);
	pmap_update(w->pm);
	must_fault(&m, VM_PROT_READ);
	assert_int_equal(w->machine->ops->wired_count(w->pm), 1);
	assert_int_equal(pmap_page_protect(w->machine, m.pg, VM_PROT_NONE), 1);
	pmap_update_all(w->machine);
}

/* ---- unwire, extract, next, counts ---- */

/* Is the mapping an ordinary one afterwards? */
static void
test_unwire(void **state)
{
	struct world *w = *state;
	struct mapping m = map_wired(w, 0, page(w, 'x'), VM_PROT_READ);

	assert_int_equal(w->machine->ops->wired_count(w->pm), 1);
	pmap_unwire(w->pm, m.va);
	assert_int_equal(w->machine->ops->wired_count(w->pm), 0);
	load_everywhere(&m, 'x');
	pmap_unwire(w->pm, m.va);
	pmap_unwire(w->pm, nth(w, 3));
	assert_int_equal(w->machine->ops->wired_count(w->pm), 0);
	assert_int_equal(pmap_page_protect(w->machine, m.pg, VM_PROT_NONE), 0);
	pmap_update_all(w->machine);
}

/* Does it find page, protection and wiring, at that address only? */
static void
test_extract(void **state)
{
	struct world *w = *state;
	struct mapping m = map_wired(w, 5, page(w, 'x'), VM_PROT_READ);
	struct pmap_mapping found;

	assert_true(pmap_extract(m.pm, m.va, &found));
	assert_ptr_equal(found.page, m.pg);
	assert_int_equal(found.prot, VM_PROT_READ);
	assert_true(found.wired);
	assert_false(pmap_extract(m.pm, m.va - VM_PAGE_SIZE, &found));
	assert_false(pmap_extract(m.pm, m.va + VM_PAGE_SIZE, &found));
	assert_false(pmap_extract(w->other, m.va, &found));
	pmap_unwire(m.pm, m.va);
	if (pmap_extract(m.pm, m.va, &found))
		assert_false(found.wired);
}

/* Does it find the first mapping in the range, or else the end? */
static void
test_next(void **state)
{
	static const vm_pindex_t at[] = { 1, 2, 63, 64, 70, 4000 };
	struct world *w = *state;
	vaddr_t va = w->base, top = nth(w, 5000);
	unsigned i;

	for (i = 0; i < 6; i++)
		(void)map_wired(w, at[i], page(w, 0), VM_PROT_READ);
	for (i = 0; i < 6; i++) {
		va = pmap_next(w->pm, va, top);
		assert_int_equal(va, nth(w, at[i]));
		assert_int_equal(pmap_next(w->pm, va, va), va);
		va += VM_PAGE_SIZE;
	}
	assert_int_equal(pmap_next(w->pm, va, top), top);
	assert_int_equal(pmap_next(w->pm, nth(w, 3), nth(w, 63)), nth(w, 63));
	assert_int_equal(pmap_next(w->pm, nth(w, 71), nth(w, 4000)),
	    nth(w, 4000));
	assert_int_equal(pmap_next(w->other, w->base, top), top);
}

/* Do the counts count mappings, not pages? */
static void
test_counts(void **state)
{
	struct world *w = *state;
	const struct pmap_ops *ops = w->machine->ops;
	struct vm_page *pg = page(w, 0);
	unsigned i;

	for (i = 0; i < 5; i++)
		(void)map_wired(w, i * 30, pg, VM_PROT_READ);
	assert_int_equal(ops->resident_count(w->pm), 5);
	assert_int_equal(ops->wired_count(w->pm), 5);
	assert_int_equal(ops->wired_count(w->other), 0);
	pmap_unwire(w->pm, nth(w, 30));
	assert_int_equal(ops->wired_count(w->pm), 4);
	assert_int_equal(pmap_page_protect(w->machine, pg, VM_PROT_NONE), 4);
	assert_int_equal(ops->resident_count(w->pm), 0);
	assert_int_equal(ops->wired_count(w->pm), 0);
}

/* ---- copy ---- */

/* Is what the copy has a mapping of the same page, and not writable? */
static void
test_copy(void **state)
{
	struct world *w = *state;
	struct mapping m = map_wired(w, 0, page(w, 'x'), VM_PROT_RW), n;
	struct pmap_mapping found;

	(void)map_wired(w, 1, page(w, 'y'), VM_PROT_READ);
	(void)map_wired(w, 2, page(w, 'z'), VM_PROT_READ);
	pmap_copy(w->other, w->pm, nth(w, 0), nth(w, 2));
	n = m;
	n.pm = w->other;
	if (pmap_extract(n.pm, n.va, &found)) {
		assert_ptr_equal(found.page, m.pg);
		assert_false(found.prot & VM_PROT_WRITE);
		assert_false(found.wired);
	}
	must_fault(&n, VM_PROT_WRITE);
	assert_false(pmap_extract(w->other, nth(w, 2), &found));
	must_not_fault(&m, VM_PROT_WRITE);
}

/* Does it leave alone what dst has, and do without memory? */
static void
test_copy_nomem(void **state)
{
	struct world *w = *state;
	struct mapping n = { w->other, nth(w, 1), page(w, 'n'), VM_PROT_READ,
		VM_PROT_READ | PMAP_WIRED };
	unsigned i;

	enter(&n);
	for (i = 0; i < 20; i++)
		(void)map_wired(w, i * 64 + 1, page(w, 'x'), VM_PROT_RW);
	faulty_fail(&w->env, 1, FAULTY_ON);
	pmap_copy(w->other, w->pm, w->base, nth(w, 2000));
	faulty_fail(&w->env, 0, FAULTY_ON);
	load_everywhere(&n, 'n');
	must_fault(&n, VM_PROT_WRITE);
}

/* ---- update ---- */

/* Is pmap_update enough for its pmap, on every processor? */
static void
test_update(void **state)
{
	struct world *w = *state;
	struct mapping m[20];
	unsigned i;

	for (i = 0; i < 20; i++) {
		m[i] = map(w, i * 3, page(w, (int)i), VM_PROT_RW);
		load_everywhere(&m[i], (unsigned char)i);
	}
	for (i = 0; i < 20; i++)
		pmap_remove(w->pm, m[i].va, m[i].va + VM_PAGE_SIZE);
	pmap_update(w->pm);
	for (i = 0; i < 20; i++)
		must_not_be_mapped(&m[i]);
	while (w->npages > 0)
		free_last_page(w);
}

/* Is pmap_update_all enough for all of them? */
static void
test_update_all(void **state)
{
	struct world *w = *state;
	struct vm_page *pg = page(w, 'x');
	struct mapping m = map(w, 0, pg, VM_PROT_RW);
	struct mapping n = { w->other, nth(w, 9), pg, VM_PROT_RW,
		VM_PROT_READ };

	enter(&n);
	load_everywhere(&m, 'x');
	load_everywhere(&n, 'x');
	pmap_remove(w->pm, m.va, m.va + VM_PAGE_SIZE);
	pmap_protect(w->other, n.va, n.va + VM_PAGE_SIZE, VM_PROT_READ);
	pmap_update_all(w->machine);
	must_not_be_mapped(&m);
	must_fault(&n, VM_PROT_WRITE);
	load_everywhere(&n, 'x');
}

/* ---- page_protect ---- */

/* A page mapped in both spaces, m[2] wired; every processor has stored. */
static struct vm_page *
spread(struct world *w, struct mapping m[3])
{
	struct vm_page *pg = page(w, 0);
	unsigned i;

	m[0] = map(w, 0, pg, VM_PROT_RW);
	m[1] = (struct mapping){ w->other, nth(w, 5), pg, VM_PROT_RW,
		VM_PROT_READ };
	enter(&m[1]);
	m[2] = map_wired(w, 200, pg, VM_PROT_RW);
	for (i = 0; i < 3; i++)
		store_everywhere(&m[i], 'x');
	return pg;
}

/* Do all mappings lose the permission? */
static void
test_page_protect_read(void **state)
{
	struct world *w = *state;
	struct mapping m[3];
	struct vm_page *pg = spread(w, m);
	unsigned i;

	assert_int_equal(pmap_page_protect(w->machine, pg, VM_PROT_READ), 0);
	pmap_update_all(w->machine);
	for (i = 0; i < 3; i++)
		must_fault(&m[i], VM_PROT_WRITE);
	must_not_fault(&m[2], VM_PROT_READ);
	assert_int_equal(w->machine->ops->wired_count(w->pm), 1);
}

/* Do all go, wired ones too, and is the number of these returned? */
static void
test_page_protect_none(void **state)
{
	struct world *w = *state;
	struct mapping m[3];
	struct vm_page *pg = spread(w, m);
	unsigned i;

	(void)map_wired(w, 300, pg, VM_PROT_READ);
	assert_int_equal(pmap_page_protect(w->machine, pg, VM_PROT_NONE), 2);
	pmap_update_all(w->machine);
	for (i = 0; i < 3; i++)
		must_not_be_mapped(&m[i]);
	assert_int_equal(pmap_page_protect(w->machine, pg, VM_PROT_NONE), 0);
	free_last_page(w);
}

/* Do mappings of other pages stay as they are? */
static void
test_page_protect_others(void **state)
{
	struct world *w = *state;
	struct mapping m = map_wired(w, 0, page(w, 'm'), VM_PROT_RW);
	struct mapping n = map_wired(w, 1, page(w, 'n'), VM_PROT_RW);

	assert_int_equal(pmap_page_protect(w->machine, m.pg, VM_PROT_NONE), 1);
	pmap_update_all(w->machine);
	must_not_be_mapped(&m);
	must_not_fault(&n, VM_PROT_WRITE);
}

/* Do those go that were entered as shared, or became so, wired ones too, and
 * others of the page stay? */
static void
test_page_unshare(void **state)
{
	struct world *w = *state;
	struct mapping m[3];
	struct vm_page *pg = spread(w, m);
	struct mapping s = { w->pm, nth(w, 300), pg, VM_PROT_READ,
		VM_PROT_READ | PMAP_WIRED | PMAP_SHARED };

	enter(&s);
	pmap_share(w->other, m[1].va, m[1].va + VM_PAGE_SIZE);
	pmap_share(w->other, nth(w, 0), m[1].va);
	assert_int_equal(pmap_page_unshare(w->machine, pg), 1);
	pmap_update_all(w->machine);
	must_not_be_mapped(&m[1]);
	must_not_be_mapped(&s);
	must_not_fault(&m[2], VM_PROT_WRITE);
	assert_int_equal(w->machine->ops->wired_count(w->pm), 1);
	assert_int_equal(pmap_page_unshare(w->machine, pg), 0);
}

/* Is a mapping shared no longer when it was entered again, or is another's? */
static void
test_unshared_again(void **state)
{
	struct world *w = *state;
	struct mapping m = map_wired(w, 0, page(w, 'm'), VM_PROT_READ);
	struct mapping n = map_wired(w, 1, page(w, 'n'), VM_PROT_READ);

	pmap_share(w->pm, m.va, n.va + VM_PAGE_SIZE);
	enter(&m);
	n.pg = page(w, 'o');
	enter(&n);
	assert_int_equal(pmap_page_unshare(w->machine, m.pg), 0);
	assert_int_equal(pmap_page_unshare(w->machine, n.pg), 0);
	must_not_fault(&m, VM_PROT_READ);
	load_everywhere(&n, 'o');
}

/* ---- modified, referenced ---- */

/* Does a store set modified, on each processor, and a load never? */
static void
test_modified(void **state)
{
	struct world *w = *state;
	unsigned cpu;

	for (cpu = 0; cpu < port->ncpus; cpu++) {
		struct mapping m = map(w, cpu, page(w, 0), VM_PROT_RW);

		load_everywhere(&m, 0);
		assert_false(pmap_is_modified(w->machine, m.pg));
		store(&m, cpu, 0, 1);
		assert_true(pmap_is_modified(w->machine, m.pg));
	}
}

/* Does clear tell what was, and does the next store set it again? */
static void
test_clear_modify(void **state)
{
	struct world *w = *state;
	struct mapping m = map(w, 0, page(w, 0), VM_PROT_RW);
	unsigned cpu;

	assert_false(pmap_clear_modify(w->machine, m.pg));
	for (cpu = 0; cpu < port->ncpus; cpu++) {
		store_everywhere(&m, 1);
		assert_true(pmap_clear_modify(w->machine, m.pg));
		pmap_update_all(w->machine);
		assert_false(pmap_is_modified(w->machine, m.pg));
		load_everywhere(&m, 1);
		assert_false(pmap_clear_modify(w->machine, m.pg));
		store(&m, cpu, 0, 1);
		assert_true(pmap_is_modified(w->machine, m.pg));
	}
}

/* Through whichever mapping, and whichever of them went? */
static void
test_modified_aliases(void **state)
{
	struct world *w = *state;
	struct mapping m[3];
	struct vm_page *pg = spread(w, m);
	unsigned i;

	pmap_remove(w->pm, m[2].va, m[2].va + VM_PAGE_SIZE);
	for (i = 0; i < 2; i++) {
		(void)pmap_clear_modify(w->machine, pg);
		pmap_update_all(w->machine);
		assert_false(pmap_is_modified(w->machine, pg));
		store(&m[i], 0, 0, 'y');
		assert_true(pmap_is_modified(w->machine, pg));
	}
}

/*
 * As a page is cleaned: write-protected, cleared, updated, written out.  Does
 * the next store fault, and count?
 */
static void
test_cleaning(void **state)
{
	struct world *w = *state;
	struct mapping m[3];
	struct vm_page *pg = spread(w, m);

	(void)pmap_page_protect(w->machine, pg, VM_PROT_READ);
	assert_true(pmap_clear_modify(w->machine, pg));
	pmap_update_all(w->machine);
	assert_false(pmap_is_modified(w->machine, pg));
	must_fault(&m[0], VM_PROT_WRITE);
	store(&m[0], 0, 0, 'y');
	assert_true(pmap_is_modified(w->machine, pg));
}

/* Referenced: cleared it is clear until a touch, and clear tells. */
static void
test_referenced(void **state)
{
	struct world *w = *state;
	struct mapping m = map(w, 0, page(w, 0), VM_PROT_RW);
	bool was;

	store(&m, 0, 0, 1);
	was = pmap_is_referenced(w->machine, m.pg);
	assert_int_equal(pmap_clear_reference(w->machine, m.pg), was);
	assert_false(pmap_is_referenced(w->machine, m.pg));
	assert_false(pmap_clear_reference(w->machine, m.pg));
	assert_true(pmap_is_modified(w->machine, m.pg));
	assert_int_equal(load(&m, 0, 0), 1);
}

/* ---- frames ---- */

/* Is a frame zeroed and copied, with neither bit touched? */
static void
test_zero_copy(void **state)
{
	struct world *w = *state;
	struct vm_page *from = page(w, 'f'), *to = page(w, 't');
	size_t at;

	pmap_zero_page(w->machine, to);
	for (at = 0; at < VM_PAGE_SIZE; at++)
		assert_int_equal(frame_byte(w, to, at), 0);
	pmap_copy_page(w->machine, from, to);
	for (at = 0; at < VM_PAGE_SIZE; at++)
		assert_int_equal(frame_byte(w, to, at), 'f');
	assert_false(pmap_is_modified(w->machine, to));
	assert_false(pmap_is_referenced(w->machine, to));
	assert_false(pmap_is_modified(w->machine, from));
	assert_false(pmap_is_referenced(w->machine, from));
}

/* Does the core's pointer to a frame hold whatever is mapped? */
static void
test_page_data_stays(void **state)
{
	struct world *w = *state;
	struct vm_page *pg = page(w, 'x');
	void *data = pmap_page_data(w->machine, pg);
	struct mapping m = map(w, 0, pg, VM_PROT_RW);

	assert_ptr_equal(pmap_page_data(w->machine, pg), data);
	store(&m, 0, 9, 'y');
	pmap_remove(w->pm, m.va, m.va + VM_PAGE_SIZE);
	pmap_update(w->pm);
	assert_ptr_equal(pmap_page_data(w->machine, pg), data);
	assert_int_equal(((unsigned char *)data)[9], 'y');
}

/* Does what page_idle calls zeroes read as zeroes, in the program too? */
static void
test_page_idle(void **state)
{
	struct world *w = *state;
	struct vm_page *pg = page(w, 'x');
	struct mapping m = map(w, 0, pg, VM_PROT_RW);
	bool zero;

	store(&m, 0, 0, 'y');
	pmap_remove(w->pm, m.va, m.va + VM_PAGE_SIZE);
	pmap_update(w->pm);
	zero = w->machine->ops->page_idle != NULL &&
	    w->machine->ops->page_idle(w->machine, pg, 1);
	if (!zero)
		pmap_zero_page(w->machine, pg);
	load_everywhere(&m, 0);
	assert_int_equal(frame_byte(w, pg, 0), 0);
}

/* ---- rules ---- */

/* A wired mapping is never forgotten, whatever else is entered. */
static void
test_rule_1_wired_stays(void **state)
{
	struct world *w = *state;
	struct mapping m = map_wired(w, 0, page(w, 'x'), VM_PROT_READ);
	struct vm_page *pg = page(w, 'y');
	struct pmap_mapping found;
	vm_pindex_t i;

	for (i = 1; i < 3000; i++) {
		struct mapping n = map(w, i, pg, VM_PROT_READ);

		if (i % 100 == 0)
			assert_int_equal(load(&n, 0, 0), 'y');
	}
	assert_true(pmap_extract(m.pm, m.va, &found));
	assert_true(found.wired);
	must_not_fault(&m, VM_PROT_READ);
}

/* The bits outlive the mapping, and another one does not clear them. */
static void
test_rule_2_bits_are_the_pages(void **state)
{
	struct world *w = *state;
	struct mapping m = map(w, 0, page(w, 0), VM_PROT_RW);

	store(&m, 0, 0, 1);
	pmap_remove(w->pm, m.va, m.va + VM_PAGE_SIZE);
	pmap_update(w->pm);
	assert_true(pmap_is_modified(w->machine, m.pg));
	m = map(w, 8, m.pg, VM_PROT_READ);
	assert_true(pmap_is_modified(w->machine, m.pg));
	(void)pmap_page_protect(w->machine, m.pg, VM_PROT_NONE);
	pmap_update_all(w->machine);
	assert_true(pmap_is_modified(w->machine, m.pg));
	assert_true(pmap_clear_modify(w->machine, m.pg));
	assert_false(pmap_is_modified(w->machine, m.pg));
}

/* Once another page is entered nobody sees the old one, without an update. */
static void
test_rule_3_replace(void **state)
{
	struct world *w = *state;
	struct vm_page *old = page(w, 'o');
	struct mapping m = map(w, 0, old, VM_PROT_RW);

	store_everywhere(&m, 'o');
	m.pg = page(w, 'n');
	enter(&m);
	load_everywhere(&m, 'n');
	store_everywhere(&m, 'N');
	assert_int_equal(frame_byte(w, old, 0), 'o');
	assert_int_equal(frame_byte(w, m.pg, 0), 'N');
	assert_int_equal(w->machine->ops->resident_count(w->pm), 1);
	assert_int_equal(pmap_page_protect(w->machine, old, VM_PROT_NONE), 0);
}

/* The same where the old mapping is wired, and the new one not. */
static void
test_rule_3_replace_wired(void **state)
{
	struct world *w = *state;
	struct mapping m = map_wired(w, 0, page(w, 'o'), VM_PROT_RW);

	load_everywhere(&m, 'o');
	m = map(w, 0, page(w, 'n'), VM_PROT_READ);
	load_everywhere(&m, 'n');
	must_fault(&m, VM_PROT_WRITE);
	assert_int_equal(w->machine->ops->wired_count(w->pm), 0);
}

/* A wired mapping takes no fault at all, and its stores are not missed. */
static void
test_rule_4_wired_does_not_fault(void **state)
{
	struct world *w = *state;
	struct mapping m = { w->pm, w->base, page(w, 0), VM_PROT_RW,
		VM_PROT_READ | PMAP_WIRED };

	enter(&m);
	must_not_fault(&m, VM_PROT_READ);
	must_not_fault(&m, VM_PROT_WRITE);
	assert_true(pmap_is_modified(w->machine, m.pg));
	(void)pmap_clear_modify(w->machine, m.pg);
	(void)pmap_clear_reference(w->machine, m.pg);
	pmap_update_all(w->machine);
	must_not_fault(&m, VM_PROT_READ);
	must_not_fault(&m, VM_PROT_WRITE);
	assert_true(pmap_is_modified(w->machine, m.pg));
	pmap_unwire(w->pm, m.va);
	assert_true(pmap_is_modified(w->machine, m.pg));
}

/* A frame can be freed and used again after the update, round after round. */
static void
test_rule_5_reuse(void **state)
{
	struct world *w = *state;
	struct mapping m = { .pm = w->pm,
		.prot = VM_PROT_RW,
		.flags = VM_PROT_RW };
	unsigned i;

	for (i = 0; i < 300; i++) {
		m.va = nth(w, i % 7);
		m.pg = page(w, 'p');
		enter(&m);
		store_everywhere(&m, (unsigned char)i);
		if (i % 3 == 0)
			pmap_remove(w->pm, w->base, nth(w, 7));
		else
			(void)pmap_page_protect(w->machine, m.pg, VM_PROT_NONE);
		if (i % 2 == 0)
			pmap_update(w->pm);
		else
			pmap_update_all(w->machine);
		must_not_be_mapped(&m);
		free_last_page(w);
	}
}

/* Protecting never gives what was not there. */
static void
test_rule_6_protect_takes(void **state)
{
	struct world *w = *state;
	struct mapping m = map(w, 0, page(w, 'x'), VM_PROT_READ);

	load_everywhere(&m, 'x');
	pmap_protect(w->pm, m.va, m.va + VM_PAGE_SIZE, VM_PROT_ALL);
	pmap_update(w->pm);
	must_fault(&m, VM_PROT_WRITE);
	assert_int_equal(pmap_page_protect(w->machine, m.pg, VM_PROT_ALL), 0);
	pmap_update_all(w->machine);
	must_fault(&m, VM_PROT_WRITE);
	pmap_protect(w->pm, m.va, m.va + VM_PAGE_SIZE, VM_PROT_WRITE);
	pmap_update(w->pm);
	must_fault(&m, VM_PROT_WRITE);
	load_everywhere(&m, 'x');
}

/* ---- running them ---- */

#define TEST(f)                                                         \
	{                                                               \
		.name = #f, .test_func = test_##f, .setup_func = setup, \
		.teardown_func = teardown                               \
	}

static const struct CMUnitTest tests[] = {
	TEST(machine_constants),
	TEST(machine_frames_zeroed),
	TEST(machine_is_not_alone),
	TEST(create_empty),
	TEST(create_nomem),
	TEST(destroy_forgets),
	TEST(destroy_keeps_bits),
	TEST(enter_maps),
	TEST(enter_prot),
	TEST(enter_at_the_ends),
	TEST(enter_aliases),
	TEST(enter_spaces),
	TEST(enter_access_marks),
	TEST(enter_again_prot),
	TEST(enter_again_wiring),
	TEST(enter_nomem),
	TEST(enter_ahead),
	TEST(remove_range),
	TEST(remove_odd_ranges),
	TEST(remove_enter),
	TEST(protect_range),
	TEST(protect_none),
	TEST(protect_wired_none),
	TEST(unwire),
	TEST(extract),
	TEST(next),
	TEST(counts),
	TEST(copy),
	TEST(copy_nomem),
	TEST(update),
	TEST(update_all),
	TEST(page_protect_read),
	TEST(page_protect_none),
	TEST(page_protect_others),
	TEST(page_unshare),
	TEST(unshared_again),
	TEST(modified),
	TEST(clear_modify),
	TEST(modified_aliases),
	TEST(cleaning),
	TEST(referenced),
	TEST(zero_copy),
	TEST(page_data_stays),
	TEST(page_idle),
	TEST(rule_1_wired_stays),
	TEST(rule_2_bits_are_the_pages),
	TEST(rule_3_replace),
	TEST(rule_3_replace_wired),
	TEST(rule_4_wired_does_not_fault),
	TEST(rule_5_reuse),
	TEST(rule_6_protect_takes),
};

#define NTESTS (sizeof(tests) / sizeof(tests[0]))

int
pmap_contract_run(const struct pmap_contract_port *p)
{
	static char names[NTESTS][80];
	struct CMUnitTest named[NTESTS];
	size_t i;

	port = p;
	for (i = 0; i < NTESTS; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "%s %s", p->name,
		    tests[i].name);
		named[i] = tests[i];
		named[i].name = names[i];
	}
	return cmocka_run_group_tests_name(p->name, named, NULL, NULL);
}
