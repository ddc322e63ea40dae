/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_index_test.c - finding entries and gaps, against a look at every page.
 *
 * The index is used through the map, which keeps its gaps.  Random maps of 64
 * pages are compared with an array that says which pages are taken.
 */
#include "test/unit/base_test.h"
#include "test/unit/fixture.h"

enum { CELLS = 64 };

struct picture {
	struct fixture *fx;
	struct vm_map *map;
	bool taken[CELLS];
};

static void
take(struct picture *p, size_t page, size_t n)
{
	for (size_t i = page; i < page + n; i++)
		p->taken[i] = true;
	/* Different protections keep neighbours apart. */
	assert_int_equal(map_anon(p->fx, page, n), VM_OK);
	assert_int_equal(protect(p->fx, page, n,
			     page % 2 ? VM_PROT_READ : VM_PROT_RW),
	    VM_OK);
}

static void
give_back(struct picture *p, size_t page, size_t n)
{
	for (size_t i = page; i < page + n; i++)
		p->taken[i] = false;
	assert_int_equal(unmap(p->fx, page, n), VM_OK);
}

/* Where len pages are free, the lowest or the highest place; CELLS: nowhere. */
static size_t
find_slowly(const struct picture *p, size_t len, size_t align, bool topdown)
{
	size_t best = CELLS;

	for (size_t i = 0; i + len <= CELLS; i++) {
		bool free = (fx_va(i) / FX_PAGE) % align == 0;

		for (size_t j = i; j < i + len; j++)
			free = free && !p->taken[j];
		if (free && (topdown || best == CELLS))
			best = i;
	}
	return best;
}

static void
compare_gaps(const struct picture *p)
{
	for (size_t len = 1; len < 20; len += 1 + len / 4) {
		for (unsigned shift = 0; shift < 4; shift++) {
			for (int down = 0; down < 2; down++) {
				struct vm_gap_want w = {
					.min = fx_va(0),
					.max = fx_va(CELLS),
					.len = len * FX_PAGE,
					.align = (vsize_t)FX_PAGE << shift,
					.topdown = down,
				};
				size_t want = find_slowly(p, len,
				    (size_t)1 << shift, down);
				vaddr_t at = fx_va(CELLS);

				verify(
				    p->map->index.ops->find_gap(&p->map->index,
					&w, &at) == (want != CELLS));
				verify(want == CELLS || at == fx_va(want));
			}
		}
	}
}

static void
compare_floor(const struct picture *p)
{
	for (size_t i = 0; i < CELLS; i++) {
		struct vm_map_entry *e =
		    p->map->index.ops->floor(&p->map->index, fx_va(i) + 5);
		bool inside = e != NULL && fx_va(i) < e->end;

		verify(inside == p->taken[i]);
		verify(e == NULL || e->start <= fx_va(i));
	}
}

static void
change(struct picture *p)
{
	size_t page = random_below(CELLS), n = 1 + random_below(8);

	if (page + n > CELLS)
		n = CELLS - page;
	if (random_below(3) != 0)
		take(p, page, n);
	else
		give_back(p, page, n);
}

/* Are entries and gaps found as by looking everywhere? */
static void
test_random(void **state)
{
	struct fixture *fx = *state;

	for (uint64_t seed = 1; seed <= test_seeds(12); seed++) {
		struct picture p = { .fx = fx, .map = fx_map(fx) };

		random_start(seed);
		for (unsigned i = 0; i < 40; i++) {
			change(&p);
			vm_map_lock_read(p.map);
			compare_gaps(&p);
			compare_floor(&p);
			p.map->index.ops->check(&p.map->index);
			vm_map_unlock_read(p.map);
		}
		give_back(&p, 0, CELLS);
	}
}

/* Is the whole of an empty map one gap, and of a full one none? */
static void
test_ends(void **state)
{
	struct fixture *fx = *state;
	struct vm_map *map = fx_map(fx);
	struct vm_gap_want w = {
		.min = map->index.min,
		.max = map->index.max,
		.len = map->index.max - map->index.min,
		.align = FX_PAGE,
	};
	vaddr_t at;

	vm_map_lock_read(map);
	assert_true(map->index.ops->find_gap(&map->index, &w, &at));
	assert_int_equal(at, map->index.min);
	assert_null(map->index.ops->floor(&map->index, map->index.max - 1));
	vm_map_unlock_read(map);
	assert_int_equal(map_anon(fx, 0, FX_CELLS), VM_OK);
	w.len = FX_PAGE;
	vm_map_lock_read(map);
	assert_false(map->index.ops->find_gap(&map->index, &w, &at));
	vm_map_unlock_read(map);
}

/* Is the hint forgotten with its entry?
 *
 *	[ a ][ b ]	b is looked up, then unmapped, then looked up again
 */
static void
test_hint(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(map_anon(fx, 0, 1), VM_OK);
	assert_int_equal(map_shared(fx, 1, 1), VM_OK);
	for (unsigned i = 0; i < 3; i++) {
		assert_non_null(entry_of(fx->vs, 1));
		assert_int_equal(store(fx, 1, 'x'), VM_OK);
	}
	assert_int_equal(unmap(fx, 1, 1), VM_OK);
	assert_null(entry_of(fx->vs, 1));
	assert_int_equal(load(fx, 1), -VM_EFAULT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(test_random),
		FX_TEST(test_ends),
		FX_TEST(test_hint),
	};

	return cmocka_run_group_tests_name("index", tests, NULL, NULL);
}
