/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ptab_test.c - pmap/ptab.h: from address to mapping, from page to mappings.
 *
 * Addresses are given as page numbers; 64 of them are a leaf:
 *
 *	0         64        128       ...        FAR
 *	|- leaf 0 -|- leaf 1 -|                   |- leaf -|
 */
#include "env/faulty.h"
#include "env/posix.h"
#include "pmap/ptab.h"
#include "test/unit/death.h"

#define NPAGES 8
#define FAR    ((vm_pindex_t)1 << 35) /* in pages */

struct world {
	struct faulty_env env;
	struct ptab_memory memory;
	struct ptab tab, other;
	struct vm_page pages[NPAGES];
};

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return -1;
	faulty_init(&w->env, &posix_env);
	ptab_memory_init(&w->memory, &w->env.env);
	ptab_init(&w->tab, &w->memory);
	ptab_init(&w->other, &w->memory);
	*state = w;
	return 0;
}

static void
clear_all(struct ptab *tab)
{
	struct ptab_slot *slot;
	vaddr_t va;

	for (va = 0; (slot = ptab_next(tab, &va, UINT64_MAX)) != NULL;
	     va += VM_PAGE_SIZE)
		ptab_clear(slot);
}

/* Does everything go back in the end? */
static int
teardown(void **state)
{
	struct world *w = *state;
	unsigned i;

	(void)ptab_check(&w->tab);
	(void)ptab_check(&w->other);
	clear_all(&w->tab);
	clear_all(&w->other);
	for (i = 0; i < NPAGES; i++)
		assert_null(w->pages[i].pv);
	ptab_fini(&w->tab);
	ptab_fini(&w->other);
	assert_int_equal(pool_used(&w->memory.leaves), 0);
	assert_int_equal(pool_used(&w->memory.nodes), 0);
	ptab_memory_fini(&w->memory);
	assert_int_equal(w->env.blocks, 0);
	assert_int_equal(w->env.bytes, 0);
	free(w);
	return 0;
}

static struct ptab_slot *
map(struct ptab *tab, vm_pindex_t n, struct vm_page *pg, bool wired)
{
	struct ptab_slot *slot = ptab_make(tab, vm_ptoa(n));

	assert_non_null(slot);
	ptab_set(slot, pg, VM_PROT_READ, wired);
	return slot;
}

static struct ptab_slot *
lookup(struct ptab *tab, vm_pindex_t n)
{
	return ptab_lookup(tab, vm_ptoa(n));
}

static size_t
leaves(const struct world *w)
{
	return pool_used(&w->memory.leaves);
}

static void
test_empty(void **state)
{
	struct world *w = *state;
	vaddr_t va = 0;

	assert_null(lookup(&w->tab, 0));
	assert_null(lookup(&w->tab, FAR));
	assert_null(ptab_next(&w->tab, &va, UINT64_MAX));
	assert_int_equal(w->env.allocations, 0);
	assert_int_equal(ptab_check(&w->tab), 0);
}

/* Is a mapping found at its address, with what it was set to? */
static void
test_set_lookup(void **state)
{
	static const vm_pindex_t at[] = { 0, 1, 63, 64, 4095, 4096, FAR - 1,
		FAR };
	struct world *w = *state;
	struct ptab_slot *slot;
	unsigned i;

	for (i = 0; i < 8; i++)
		(void)map(&w->tab, at[i], &w->pages[i], i % 2 == 0);
	for (i = 0; i < 8; i++) {
		slot = lookup(&w->tab, at[i]);
		assert_non_null(slot);
		assert_ptr_equal(slot->page, &w->pages[i]);
		assert_int_equal(slot->prot, VM_PROT_READ);
		assert_int_equal(slot->wired, i % 2 == 0);
		assert_int_equal(slot->port, 0);
		assert_ptr_equal(ptab_slot_tab(slot), &w->tab);
		assert_int_equal(ptab_slot_va(slot), vm_ptoa(at[i]));
		assert_null(lookup(&w->other, at[i]));
	}
	assert_null(lookup(&w->tab, 2));
	assert_null(lookup(&w->tab, FAR + 1));
	assert_int_equal(w->tab.resident, 8);
	assert_int_equal(w->tab.wired, 4);
}

/* Is an address inside a page the page's? */
static void
test_lookup_inside_page(void **state)
{
	struct world *w = *state;
	struct ptab_slot *slot = map(&w->tab, 70, &w->pages[0], false);

	assert_ptr_equal(ptab_lookup(&w->tab, vm_ptoa(70) + 4095), slot);
	assert_null(ptab_lookup(&w->tab, vm_ptoa(71)));
	assert_null(ptab_lookup(&w->tab, vm_ptoa(70) - 1));
}

/* A cleared slot is empty and, set again, starts afresh. */
static void
test_clear(void **state)
{
	struct world *w = *state;
	struct ptab_slot *slot = map(&w->tab, 5, &w->pages[0], true);

	slot->port = 7;
	ptab_clear(slot);
	assert_null(lookup(&w->tab, 5));
	assert_null(w->pages[0].pv);
	assert_int_equal(w->tab.resident, 0);
	assert_int_equal(w->tab.wired, 0);
	slot = map(&w->tab, 5, &w->pages[1], false);
	assert_int_equal(slot->port, 0);
}

static void
test_wire(void **state)
{
	struct world *w = *state;
	struct ptab_slot *slot = map(&w->tab, 5, &w->pages[0], false);

	ptab_wire(slot, true);
	ptab_wire(slot, true);
	assert_int_equal(w->tab.wired, 1);
	assert_int_equal(ptab_wirings(&w->pages[0]), 1);
	(void)map(&w->other, 5, &w->pages[0], true);
	assert_int_equal(ptab_wirings(&w->pages[0]), 2);
	ptab_wire(slot, false);
	assert_int_equal(w->tab.wired, 0);
	assert_int_equal(ptab_wirings(&w->pages[0]), 1);
}

/* Does the page's list lead to all of its mappings, whichever goes? */
static void
test_page_list(void **state)
{
	static const unsigned order[][4] = { { 0, 1, 2, 3 }, { 3, 2, 1, 0 },
		{ 1, 3, 0, 2 } };
	struct world *w = *state;
	struct ptab_slot *slots[4], *slot;
	unsigned round, i, n;

	for (round = 0; round < 3; round++) {
		slots[0] = map(&w->tab, 3, &w->pages[0], false);
		slots[1] = map(&w->tab, 4, &w->pages[0], false);
		slots[2] = map(&w->tab, FAR, &w->pages[0], false);
		slots[3] = map(&w->other, 3, &w->pages[0], false);
		for (i = 0; i < 4; i++) {
			n = 0;
			for (slot = w->pages[0].pv; slot != NULL;
			     slot = slot->next)
				n++;
			assert_int_equal(n, 4 - i);
			assert_int_equal(ptab_check(&w->tab) +
				ptab_check(&w->other),
			    4 - i);
			ptab_clear(slots[order[round][i]]);
		}
		assert_null(w->pages[0].pv);
	}
}

/*
 * The first in the range, in order, whatever lies between?
 *
 *	 1 2      63 64     70               4000
 *	-x-x-------x-x------x-----------------x---
 */
static void
test_next(void **state)
{
	static const vm_pindex_t at[] = { 1, 2, 63, 64, 70, 4000 };
	struct world *w = *state;
	struct ptab_slot *slot;
	vaddr_t va = 0;
	unsigned i;

	for (i = 0; i < 6; i++)
		(void)map(&w->tab, at[i], &w->pages[0], false);
	for (i = 0; i < 6; i++, va += VM_PAGE_SIZE) {
		slot = ptab_next(&w->tab, &va, UINT64_MAX);
		assert_non_null(slot);
		assert_int_equal(va, vm_ptoa(at[i]));
		assert_int_equal(ptab_slot_va(slot), va);
	}
	assert_null(ptab_next(&w->tab, &va, UINT64_MAX));
	va = vm_ptoa(3);
	assert_null(ptab_next(&w->tab, &va, vm_ptoa(63)));
	va = vm_ptoa(3);
	assert_non_null(ptab_next(&w->tab, &va, vm_ptoa(64)));
	va = vm_ptoa(70);
	assert_null(ptab_next(&w->tab, &va, vm_ptoa(70)));
	va = vm_ptoa(71);
	assert_null(ptab_next(&w->tab, &va, vm_ptoa(4000)));
}

/* The very last page of all addresses: no loop runs round. */
static void
test_next_at_the_top(void **state)
{
	const vaddr_t top = UINT64_MAX & ~VM_PAGE_MASK;
	struct world *w = *state;
	struct ptab_slot *slot;
	vaddr_t va;

	slot = ptab_make(&w->tab, top - VM_PAGE_SIZE);
	ptab_set(slot, &w->pages[0], VM_PROT_READ, false);
	va = 0;
	assert_ptr_equal(ptab_next(&w->tab, &va, top), slot);
	va = top;
	assert_null(ptab_next(&w->tab, &va, UINT64_MAX));
}

/* May the loop clear what it was given?  Is nothing left but one leaf? */
static void
test_next_clear(void **state)
{
	struct world *w = *state;
	vm_pindex_t n;

	for (n = 0; n < 1000; n += 7)
		(void)map(&w->tab, n, &w->pages[n % NPAGES], n % 2 == 0);
	clear_all(&w->tab);
	assert_int_equal(w->tab.resident, 0);
	assert_int_equal(w->tab.wired, 0);
	assert_int_equal(leaves(w), 1);
}

/* Are empty leaves freed, but for the one used last? */
static void
test_leaves_freed(void **state)
{
	struct world *w = *state;
	struct ptab_slot *a, *b, *c;

	a = map(&w->tab, 0, &w->pages[0], false);
	b = map(&w->tab, 64, &w->pages[1], false);
	c = map(&w->tab, 65, &w->pages[1], false);
	assert_int_equal(leaves(w), 2);
	ptab_clear(a); /* not the last one used */
	assert_int_equal(leaves(w), 1);
	ptab_clear(b);
	ptab_clear(c);
	assert_int_equal(leaves(w), 1); /* kept */
	assert_null(lookup(&w->tab, 64));
	b = map(&w->tab, 64, &w->pages[1], false);
	assert_int_equal(leaves(w), 1);
	ptab_clear(b);
	a = map(&w->tab, 0, &w->pages[0],
	    false); /* another, so that one goes */
	assert_int_equal(leaves(w), 1);
	ptab_clear(a);
}

/* A slot that was made and never set leaves no trace. */
static void
test_make_only(void **state)
{
	struct world *w = *state;

	assert_non_null(ptab_make(&w->tab, vm_ptoa(0)));
	assert_non_null(ptab_make(&w->tab, vm_ptoa(64)));
	assert_null(lookup(&w->tab, 0));
	assert_int_equal(leaves(w), 1);
	assert_int_equal(ptab_check(&w->tab), 0);
}

/* Is every allocation that fails survived, with nothing changed? */
static void
test_make_nomem(void **state)
{
	struct world *w = *state;
	vm_pindex_t n = FAR;
	unsigned failed = 0, i;

	(void)map(&w->tab, 0, &w->pages[0], false);
	for (i = 0; i < 500; i++, n += 64 * 64 * 3) {
		faulty_fail(&w->env, 1, FAULTY_ON);
		if (ptab_make(&w->tab, vm_ptoa(n)) == NULL) {
			failed++;
			assert_null(lookup(&w->tab, n));
			assert_int_equal(ptab_check(&w->tab), 1 + i);
			assert_non_null(lookup(&w->tab, 0));
		}
		faulty_fail(&w->env, 0, FAULTY_ON);
		(void)map(&w->tab, n, &w->pages[1], false);
	}
	assert_in_range(failed, 10, 400);
}

/* The marks of a page: set, cleared, told. */
static void
test_marks(void **state)
{
	struct world *w = *state;
	struct vm_page *pg = &w->pages[0];

	assert_int_equal(ptab_marks(pg), 0);
	ptab_mark(pg, PTAB_MODIFIED);
	ptab_mark(pg, PTAB_MODIFIED | PTAB_REFERENCED);
	assert_int_equal(ptab_marks(pg), PTAB_MODIFIED | PTAB_REFERENCED);
	assert_int_equal(ptab_unmark(pg, PTAB_MODIFIED), PTAB_MODIFIED);
	assert_int_equal(ptab_unmark(pg, PTAB_MODIFIED), 0);
	assert_int_equal(ptab_marks(pg), PTAB_REFERENCED);
}

/* Does the check see a table that is not sound? */
static void
test_check_sees(void **state)
{
	struct world *w = *state;
	struct ptab_slot *slot = map(&w->tab, 3, &w->pages[0], false);
	struct ptab_slot *next = map(&w->tab, 4, &w->pages[0], false);

	expect_death((w->tab.resident++, ptab_check(&w->tab)), "resident");
	expect_death((slot->wired = true, ptab_check(&w->tab)), "wired");
	expect_death((slot->page = NULL, ptab_check(&w->tab)), "used");
	expect_death((slot->page = &w->pages[1], ptab_check(&w->tab)), "page");
	expect_death((slot->prevp = &w->pages[1].pv, ptab_check(&w->tab)),
	    "prevp");
	expect_death((next->next = NULL, ptab_check(&w->tab)), "prevp");
	expect_death((slot->index = 9, ptab_check(&w->tab)), "index");
}

/* Is misuse caught: two mappings in a slot, one cleared twice, a table that
 * ends with mappings in it? */
static void
test_misuse(void **state)
{
	struct world *w = *state;
	struct ptab_slot *slot = map(&w->tab, 3, &w->pages[0], false);

	expect_death(ptab_set(slot, &w->pages[1], VM_PROT_READ, false),
	    "slot->page == ");
	expect_death((ptab_clear(slot), ptab_clear(slot)), "slot->page != ");
	expect_death(ptab_fini(&w->tab), "resident == 0");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_empty),
		TEST(test_set_lookup),
		TEST(test_lookup_inside_page),
		TEST(test_clear),
		TEST(test_wire),
		TEST(test_page_list),
		TEST(test_next),
		TEST(test_next_at_the_top),
		TEST(test_next_clear),
		TEST(test_leaves_freed),
		TEST(test_make_only),
		TEST(test_make_nomem),
		TEST(test_marks),
		TEST(test_check_sees),
		TEST(test_misuse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
