/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_pageindex_test.c - pages by index, with every page index.
 *
 * Two objects of each kind get and lose the fixture's pages at random and are
 * compared with arrays.  They share a system, as the hash shares its table.
 */
#include "test/unit/base_test.h"
#include "test/unit/fixture.h"
#include "vm/vm_pageindex.h"

enum { CELLS = 300, FAR = 1000000 };

static const struct vm_pageindex_ops *const all[] = {
	&vm_pageindex_radix,
	&vm_pageindex_tree,
	&vm_pageindex_hash,
};

enum { KINDS = ARRAY_LEN(all) };

/* An index and what should be in it; cell i is page i, or i times FAR. */
struct twin {
	struct vm_pageindex ix;
	struct vm_page *want[CELLS];
	size_t n;
	vm_pindex_t step;
};

static void
twin_init(struct twin *t, struct fixture *fx, unsigned kind, vm_pindex_t step)
{
	memset(t, 0, sizeof(*t));
	t->ix.ops = all[kind];
	t->ix.sys = fx->sys;
	t->ix.owner = t;
	t->step = step;
	assert_int_equal(t->ix.ops->init(&t->ix), VM_OK);
}

static void
put(struct twin *t, size_t cell, struct vm_page *pg)
{
	vm_page_own(pg, &vm_object_owner, t, NULL, cell * t->step);
	assert_int_equal(t->ix.ops->insert(&t->ix, pg), VM_OK);
	t->want[cell] = pg;
	t->n++;
}

static struct vm_page *
take(struct twin *t, size_t cell)
{
	struct vm_page *pg = t->want[cell];

	t->ix.ops->remove(&t->ix, pg, cell * t->step);
	t->want[cell] = NULL;
	t->n--;
	return pg;
}

static void
compare(struct twin *t)
{
	vm_pindex_t at = random_below(CELLS) * t->step, from = at;
	struct vm_page *pg;
	size_t cell;

	verify(t->ix.ops->check(&t->ix) == t->n);
	for (cell = 0; cell < CELLS; cell++)
		verify(
		    t->ix.ops->lookup(&t->ix, cell * t->step) == t->want[cell]);
	verify(t->ix.ops->lookup(&t->ix, (CELLS + 1) * t->step) == NULL);
	cell = (size_t)(at / t->step);
	while ((pg = t->ix.ops->next(&t->ix, &at)) != NULL) {
		while (t->want[cell] == NULL)
			cell++;
		verify(pg == t->want[cell] && at == cell * t->step);
		from = ++at;
		cell++;
	}
	verify(at == from);
	while (cell < CELLS)
		verify(t->want[cell++] == NULL);
}

/* ---- random changes ---- */

struct world {
	struct fixture *fx;
	struct twin t[2];
	struct vm_page *spare[CELLS];
	size_t nspare;
};

static void
world_init(struct world *w, struct fixture *fx, unsigned a, unsigned b)
{
	struct vm_page *pg;

	memset(w, 0, sizeof(*w));
	w->fx = fx;
	twin_init(&w->t[0], fx, a, 1);
	twin_init(&w->t[1], fx, b, FAR);
	while (w->nspare < 100) {
		pg = vm_page_alloc(fx->sys, NULL, 0);
		assert_non_null(pg);
		w->spare[w->nspare++] = pg;
	}
}

static void
world_fini(struct world *w)
{
	for (unsigned i = 0; i < 2; i++) {
		for (size_t cell = 0; cell < CELLS; cell++) {
			if (w->t[i].want[cell] != NULL)
				w->spare[w->nspare++] = take(&w->t[i], cell);
		}
		assert_int_equal(w->t[i].ix.ops->check(&w->t[i].ix), 0);
		w->t[i].ix.ops->fini(&w->t[i].ix);
	}
	while (w->nspare > 0)
		vm_page_free(w->fx->sys, w->spare[--w->nspare]);
}

static void
replace(struct world *w, struct twin *t, size_t cell)
{
	struct vm_page *by = w->spare[w->nspare - 1];

	vm_page_own(by, &vm_object_owner, t, NULL, cell * t->step);
	t->ix.ops->remove(&t->ix, t->want[cell], cell * t->step);
	verify(t->ix.ops->insert(&t->ix, by) == VM_OK);
	w->spare[w->nspare - 1] = t->want[cell];
	t->want[cell] = by;
}

static void
move(struct twin *from, struct twin *to, size_t cell, size_t to_cell)
{
	struct vm_page *pg = from->want[cell];

	verify(vm_pageindex_move(&from->ix, &to->ix, pg, to_cell * to->step) ==
	    VM_OK);
	verify(pg->owner == to && pg->pindex == to_cell * to->step);
	from->want[cell] = NULL;
	from->n--;
	to->want[to_cell] = pg;
	to->n++;
}

/* Runs of neighbours are as likely as pages far from others. */
static size_t
any_cell(size_t before)
{
	return random_below(2) ? (before + 1) % CELLS : random_below(CELLS);
}

static size_t
change(struct world *w, size_t before)
{
	size_t cell = any_cell(before), to_cell = random_below(CELLS);
	bool which = random_below(2) != 0;
	struct twin *t = &w->t[which], *other = &w->t[!which];

	if (t->want[cell] == NULL) {
		if (w->nspare > 0)
			put(t, cell, w->spare[--w->nspare]);
	} else if (random_below(3) == 0 && other->want[to_cell] == NULL) {
		move(t, other, cell, to_cell);
	} else if (random_below(3) == 0 && w->nspare > 0) {
		replace(w, t, cell);
	} else {
		w->spare[w->nspare++] = take(t, cell);
	}
	return cell;
}

/* Are pages found as in an array, in every pair of kinds? */
static void
test_random(void **state)
{
	static struct world w;
	size_t cell = 0;

	for (unsigned pair = 0; pair < KINDS * KINDS; pair++) {
		world_init(&w, *state, pair / KINDS, pair % KINDS);
		for (uint64_t seed = 1; seed <= test_seeds(4); seed++) {
			random_start(seed + pair * 1000);
			for (unsigned i = 0; i < 200; i++) {
				cell = change(&w, cell);
				if (i % 10 == 0) {
					compare(&w.t[0]);
					compare(&w.t[1]);
				}
			}
		}
		world_fini(&w);
	}
}

/* Is the last index there is one like others, and next after it none? */
static void
test_last(void **state)
{
	struct fixture *fx = *state;
	struct vm_page *pg = vm_page_alloc(fx->sys, NULL, 0);

	for (unsigned kind = 0; kind < KINDS; kind++) {
		static struct twin t;
		vm_pindex_t at = 7;

		twin_init(&t, fx, kind, UINT64_MAX);
		put(&t, 1, pg);
		assert_ptr_equal(t.ix.ops->next(&t.ix, &at), pg);
		assert_true(at == UINT64_MAX);
		assert_ptr_equal(t.ix.ops->lookup(&t.ix, UINT64_MAX), pg);
		assert_null(t.ix.ops->lookup(&t.ix, UINT64_MAX - 1));
		(void)take(&t, 1);
		at = 0;
		assert_null(t.ix.ops->next(&t.ix, &at));
		assert_int_equal(at, 0);
		t.ix.ops->fini(&t.ix);
	}
	vm_page_free(fx->sys, pg);
}

/* ---- without memory ---- */

/* Does a move that finds no memory leave the page where it was? */
static void
test_move_fails(void **state)
{
	struct fixture *fx = *state;
	struct vm_page *pg = vm_page_alloc(fx->sys, NULL, 0);

	for (unsigned kind = 0; kind < KINDS; kind++) {
		static struct twin from, to;

		twin_init(&from, fx, kind, 1);
		twin_init(&to, fx, 0, FAR);
		put(&from, 5, pg);
		faulty_fail(&fx->env, 1, FAULTY_ON);
		assert_int_equal(vm_pageindex_move(&from.ix, &to.ix, pg, 9),
		    VM_ENOMEM);
		faulty_fail(&fx->env, 0, FAULTY_ONCE);
		assert_ptr_equal(pg->owner, &from);
		assert_int_equal(pg->pindex, 5);
		assert_ptr_equal(from.ix.ops->lookup(&from.ix, 5), pg);
		assert_int_equal(from.ix.ops->check(&from.ix), 1);
		assert_int_equal(to.ix.ops->check(&to.ix), 0);
		(void)take(&from, 5);
		from.ix.ops->fini(&from.ix);
		to.ix.ops->fini(&to.ix);
	}
	vm_page_free(fx->sys, pg);
}

/* Is the first object with a hash refused without memory for the table? */
static void
test_no_table(void **state)
{
	struct fixture *fx = *state;
	struct vm_object *obj = anon_object(
	    fx); /* memory for objects is there */

	for (uint64_t nth = 1; nth < 3; nth++) {
		struct vm_object *other;

		faulty_fail(&fx->env, nth, FAULTY_ON);
		other = vm_anon_object_indexed(fx->sys, &vm_pageindex_hash);
		faulty_fail(&fx->env, 0, FAULTY_ONCE);
		if (nth == 1)
			assert_null(other);
		else
			vm_object_unref(other);
	}
	vm_object_unref(obj);
}

/* ---- which is chosen ---- */

/* Does the design of a space, or the preferred one, choose the page index? */
static void
test_choice(void **state)
{
	struct fixture *fx = *state;
	static struct vm_design d;
	const struct vm_pageindex_ops *ours = fx_design->pageindex;
	const struct vm_pageindex_ops *other = ours == &vm_pageindex_tree ?
	    &vm_pageindex_radix :
	    &vm_pageindex_tree;
	struct vm_object *file;

	d = *fx_design;
	d.pageindex = other;
	vmspace_unref(fx->vs);
	assert_int_equal(vmspace_create(fx->sys, &d, &fx->vs), VM_OK);
	assert_int_equal(map_shared(fx, 1, 4), VM_OK);
	assert_ptr_equal(entry_of(fx->vs, 1)->object->pages.ops, other);
	file = file_object(fx, 0);
	assert_ptr_equal(file->pages.ops, ours);
	vm_object_unref(file);
	vm_system_prefer(fx->sys, &d);
	file = file_object(fx, 1);
	assert_ptr_equal(file->pages.ops, other);
	vm_object_unref(file);
}

int
main(void)
{
	const struct fx_test tests[] = {
		FX_TEST(test_random),
		FX_TEST(test_last),
		FX_TEST(test_move_fails),
		FX_TEST_IN(netbsd, test_no_table),
		FX_TEST(test_choice),
	};

	return FX_RUN("pageindex", tests);
}
