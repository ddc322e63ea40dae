/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_index_test.c - finding entries and gaps, against a look at every page,
 * with every index.
 *
 * The index is used through the map, which keeps its gaps.  Random maps of 64
 * pages are compared with an array that says which pages are taken.
 */
#include "test/unit/base_test.h"
#include "test/unit/fixture.h"

enum { CELLS = 64, FAVOURITES = 3 };

struct picture {
	struct fixture *fx;
	struct vm_map *map;
	bool taken[CELLS];
};

static const struct vm_index_ops *const all[] = {
	&vm_index_list,
	&vm_index_rbtree,
	&vm_index_twotrees,
	&vm_index_hinted,
};

enum { INDEXES = ARRAY_LEN(all) };

/* Begin anew, in a space whose map has another index. */
static struct vm_map *
use_index(struct fixture *fx, unsigned i, enum vm_fit fit)
{
	static struct vm_design designs[2 * INDEXES];
	struct vm_design *d = &designs[i + (fit == VM_FIT_BEST ? INDEXES : 0)];

	*d = *fx_design;
	d->index = all[i];
	d->fit = fit;
	vmspace_unref(fx->vs);
	assert_int_equal(vmspace_create(fx->sys, d, &fx->vs), VM_OK);
	return fx_map(fx);
}

/* ---- random maps ---- */

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

static size_t
page_of(vaddr_t va)
{
	return (size_t)((va - FX_BASE) / FX_PAGE);
}

static bool
is_free(const struct picture *p, size_t page, size_t n)
{
	for (size_t i = page; i < page + n; i++) {
		if (p->taken[i])
			return false;
	}
	return true;
}

/* The lowest or the highest place that serves; CELLS: there is none. */
static size_t
find_slowly(const struct picture *p, const struct vm_gap_want *w)
{
	size_t n = (size_t)(w->len / FX_PAGE), best = CELLS;

	for (size_t i = page_of(w->min); i + n <= page_of(w->max); i++) {
		if (fx_va(i) % w->align == 0 && is_free(p, i, n) &&
		    (w->topdown || best == CELLS))
			best = i;
	}
	return best;
}

/* The length of the free run around a page; the last one goes on and on. */
static size_t
gap_at(const struct picture *p, size_t page)
{
	size_t lo = page, hi = page;

	while (lo > 0 && !p->taken[lo - 1])
		lo--;
	while (hi < CELLS && !p->taken[hi])
		hi++;
	return hi == CELLS ? FX_CELLS : hi - lo;
}

/* The smallest free run of at least n pages. */
static size_t
smallest_gap(const struct picture *p, size_t n)
{
	size_t best = FX_CELLS, len;

	for (size_t i = 0; i < CELLS; i++) {
		len = p->taken[i] ? 0 : gap_at(p, i);
		if (len >= n && len < best)
			best = len;
	}
	return best;
}

/* What the map answers to a question. */
static void
ask(const struct picture *p, const struct vm_gap_want *w)
{
	size_t want = find_slowly(p, w), n = (size_t)(w->len / FX_PAGE);
	vaddr_t at = 0;

	verify(p->map->index.ops->find_gap(&p->map->index, w, &at) ==
	    (want != CELLS));
	if (want == CELLS)
		return;
	if (w->fit == VM_FIT_FIRST) {
		verify(at == fx_va(want));
		return;
	}
	verify(at % w->align == 0);
	verify(at >= w->min && at + w->len <= w->max);
	verify(is_free(p, page_of(at), n));
	if (w->align == FX_PAGE && w->min == fx_va(0) && w->max == fx_va(CELLS))
		verify(gap_at(p, page_of(at)) == smallest_gap(p, n));
}

static void
ask_at_random(const struct picture *p, enum vm_fit fit)
{
	for (unsigned i = 0; i < 40; i++) {
		size_t lo = random_below(CELLS), hi = 1 + random_below(CELLS);
		bool whole = i % 2 == 0 || lo >= hi;
		struct vm_gap_want w = {
			.min = fx_va(whole ? 0 : lo),
			.max = fx_va(whole ? CELLS : hi),
			.len = (1 + random_below(12)) * FX_PAGE,
			.align = (vsize_t)FX_PAGE << random_below(4),
			.topdown = random_below(2) != 0,
			.fit = fit,
		};

		ask(p, &w);
	}
}

/* The same few questions again and again. */
static void
ask_favourites(const struct picture *p, enum vm_fit fit)
{
	for (unsigned i = 0; i < FAVOURITES; i++) {
		struct vm_gap_want w = {
			.min = fx_va(i),
			.max = fx_va(CELLS),
			.len = (1 + 2 * i) * FX_PAGE,
			.align = (vsize_t)FX_PAGE << (i == 2),
			.topdown = i == 1,
			.fit = fit,
		};

		ask(p, &w);
	}
}

static void
compare_floor(const struct picture *p)
{
	for (unsigned n = 0; n < CELLS; n++) {
		size_t i = random_below(CELLS);
		struct vm_map_entry *e =
		    p->map->index.ops->floor(&p->map->index, fx_va(i) + 5);
		struct vm_map_entry *next = e == NULL ? vm_map_first(p->map) :
							vm_map_next(p->map, e);

		verify((e != NULL && fx_va(i) < e->end) == p->taken[i]);
		verify(e == NULL || e->start <= fx_va(i));
		verify(next == NULL || next->start > fx_va(i) + 5);
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

static void
live(struct picture *p, enum vm_fit fit)
{
	for (unsigned i = 0; i < 60; i++) {
		change(p);
		vm_map_lock(p->map);
		if (i % 8 == 7)
			ask_at_random(p, fit);
		ask_favourites(p, fit);
		compare_floor(p);
		p->map->index.ops->check(&p->map->index);
		vm_map_unlock(p->map);
	}
	give_back(p, 0, CELLS);
}

static void
run_random(struct fixture *fx, enum vm_fit fit)
{
	for (unsigned i = 0; i < INDEXES; i++) {
		struct picture p = { .fx = fx, .map = use_index(fx, i, fit) };

		for (uint64_t seed = 1; seed <= test_seeds(12); seed++) {
			random_start(seed);
			live(&p, fit);
		}
	}
}

/* Are entries and gaps found as by looking everywhere? */
static void
test_random(void **state)
{
	run_random(*state, VM_FIT_FIRST);
}

/* Does the second tree find the smallest gap, where nothing speaks against? */
static void
test_best(void **state)
{
	struct picture p = { .fx = *state };

	p.map = use_index(p.fx, 2, VM_FIT_BEST);
	assert_ptr_equal(p.map->index.ops, &vm_index_twotrees);
	for (uint64_t seed = 1; seed <= test_seeds(20); seed++) {
		random_start(seed);
		live(&p, VM_FIT_BEST);
	}
}

/* ---- special maps ---- */

/* Is the whole of an empty map one gap, and of a full one none? */
static void
test_ends(void **state)
{
	struct fixture *fx = *state;
	vaddr_t at;

	for (unsigned i = 0; i < 2 * INDEXES; i++) {
		struct vm_map *map = use_index(fx, i / 2,
		    i % 2 ? VM_FIT_BEST : VM_FIT_FIRST);
		struct vm_gap_want w = {
			.min = map->index.min,
			.max = map->index.max,
			.len = map->index.max - map->index.min,
			.align = FX_PAGE,
			.fit = map->design->fit,
		};

		vm_map_lock(map);
		assert_true(map->index.ops->find_gap(&map->index, &w, &at));
		assert_int_equal(at, map->index.min);
		assert_null(
		    map->index.ops->floor(&map->index, map->index.max - 1));
		vm_map_unlock(map);
		assert_int_equal(map_anon(fx, 0, FX_CELLS), VM_OK);
		w.len = FX_PAGE;
		vm_map_lock(map);
		assert_false(map->index.ops->find_gap(&map->index, &w, &at));
		w.topdown = true;
		assert_false(map->index.ops->find_gap(&map->index, &w, &at));
		vm_map_unlock(map);
	}
}

/* Is the hint forgotten with its entry?
 *
 *	[ a ][ b ]	b is looked up, then unmapped, then looked up again
 */
static void
test_hint(void **state)
{
	struct fixture *fx = *state;

	for (unsigned i = 0; i < INDEXES; i++) {
		(void)use_index(fx, i, VM_FIT_FIRST);
		assert_int_equal(map_anon(fx, 0, 1), VM_OK);
		assert_int_equal(map_shared(fx, 1, 1), VM_OK);
		for (unsigned j = 0; j < 3; j++) {
			assert_non_null(entry_of(fx->vs, 1));
			assert_int_equal(store(fx, 1, 'x'), VM_OK);
		}
		assert_int_equal(unmap(fx, 1, 1), VM_OK);
		assert_null(entry_of(fx->vs, 1));
		assert_int_equal(load(fx, 1), -VM_EFAULT);
	}
}

static vaddr_t
place(struct fixture *fx, size_t n, bool bottomup)
{
	struct vm_mmap_args args = {
		.len = n * FX_PAGE,
		.prot = VM_PROT_RW,
		.flags = VM_MMAP_PRIVATE | (bottomup ? VM_MMAP_BOTTOMUP : 0),
	};
	vaddr_t at = 0;

	assert_int_equal(vm_mmap(fx->vs, &args, &at), VM_OK);
	return at;
}

/* Does a design's fit decide where a mapping goes?
 *
 *	page  0 2   6 8 10	a new mapping of 2 pages goes to
 *	      [ )...[ ).[ )......	2: the first fit, 8: the best
 */
static void
test_fit_of_design(void **state)
{
	struct fixture *fx = *state;

	for (unsigned i = 0; i < 2; i++) {
		(void)use_index(fx, 2, i == 0 ? VM_FIT_FIRST : VM_FIT_BEST);
		assert_int_equal(map_anon(fx, 0, 2), VM_OK);
		assert_int_equal(map_anon(fx, 6, 2), VM_OK);
		assert_int_equal(map_anon(fx, 10, 2), VM_OK);
		assert_int_equal(place(fx, 2, true), fx_va(i == 0 ? 2 : 8));
	}
}

/* Is a gap found again that opened where the search had passed? */
static void
test_reopened(void **state)
{
	struct fixture *fx = *state;

	for (unsigned i = 0; i < 2 * INDEXES; i++) {
		bool bottomup = i % 2 != 0;
		vaddr_t at[8];

		(void)use_index(fx, i / 2, VM_FIT_FIRST);
		for (unsigned j = 0; j < 8; j++)
			at[j] = place(fx, 2, bottomup);
		assert_int_equal(vm_munmap(fx->vs, at[2], 2 * FX_PAGE), VM_OK);
		assert_int_equal(vm_munmap(fx->vs, at[5], FX_PAGE), VM_OK);
		assert_int_equal(place(fx, 2, bottomup), at[2]);
		assert_int_equal(place(fx, 1, bottomup), at[5]);
		assert_int_equal(place(fx, 2, bottomup),
		    bottomup ? at[7] + 2 * FX_PAGE : at[7] - 2 * FX_PAGE);
	}
}

int
main(void)
{
	const struct fx_test tests[] = {
		FX_TEST(test_random),
		FX_TEST(test_best),
		FX_TEST(test_ends),
		FX_TEST(test_hint),
		FX_TEST(test_fit_of_design),
		FX_TEST(test_reopened),
	};

	return FX_RUN("index", tests);
}
