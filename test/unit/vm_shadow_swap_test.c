/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_shadow_swap_test.c - layers whose pages are in swap, or on their way: who
 * merges them, who leaks them, and that nobody has to read them for that.
 *
 * What the paging itself does is told in vm_pageout_test.c; pictures are as in
 * vm_shadow_test.c, and a page in brackets is in swap.
 */
#include "test/unit/base_test.h"
#include "test/unit/paging_fixture.h"
#include "vm/cow/shadow.h"

#define STAT(fx, name) ((int)(fx)->sys->stats.name)

/* ---- tools ---- */

/* Which pages go, and to where, is not the matter here: as in UVM. */
static void
need_swap(struct fixture *fx)
{
	vm_system_prefer(fx->sys, &vm_design_netbsd);
	assert_int_equal(fixture_swap(fx, 0, 512, 0), VM_OK);
}

/* Nothing is left in memory. */
static void
all_out(struct fixture *fx)
{
	page_out(fx);
	assert_int_equal(pages_used(fx), 0);
	vm_check(fx->sys);
}

static size_t
in_swap(struct fixture *fx)
{
	return (size_t)vm_swap_in_use(fx->sys);
}

/* The pages from the first on are bytes of the string. */
static void
assert_reads(struct fixture *fx, struct vmspace *vs, const char *bytes)
{
	for (size_t i = 0; bytes[i] != '\0'; i++)
		assert_true(page_is(fx, vs, i, bytes[i]));
}

/* ------------------------------------------------------------ in and out */

/* Do pages come back from whatever layer they were in?
 *
 *	p [ (p) .  .  ]	  c [ .  (c) .  ]
 *	  [ (a) (a) (a) ] common
 */
static void
test_every_layer(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *c;

	need_swap(fx);
	map_filled(fx, 0, 3, 'a');
	c = fork_space(fx->vs);
	assert_int_equal(store(fx, 0, 'p'), VM_OK);
	assert_int_equal(store_in(fx, c, 1, 'c'), VM_OK);
	for (unsigned round = 0; round < 2; round++) {
		all_out(fx);
		assert_int_equal(in_swap(fx), 5);
		assert_reads(fx, fx->vs, "paa");
		assert_reads(fx, c, "aca");
		assert_int_equal(pages_used(fx), 5);
		vm_check(fx->sys);
	}
	/* and is a copy made of what has to be read first? */
	all_out(fx);
	assert_int_equal(store_in(fx, c, 2, 'd'), VM_OK);
	assert_reads(fx, fx->vs, "paa");
	assert_reads(fx, c, "acd");
	vmspace_unref(c);
	assert_reads(fx, fx->vs, "paa");
}

/* Is a page that the top has in swap not taken for one that it lacks?
 *
 *	p [ (p) ]
 *	  [  a  ]
 */
static void
test_hidden_by_slot(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *c;

	need_swap(fx);
	map_filled(fx, 0, 1, 'a');
	c = fork_space(fx->vs);
	assert_int_equal(store(fx, 0, 'p'), VM_OK);
	all_out(fx);
	assert_int_equal(load_in(fx, c, 0), 'a');
	assert_int_equal(load(fx, 0), 'p');
	vmspace_unref(c);
}

/* Does a discard take what is in swap, and bring nothing to light? */
static void
test_discard(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *c;

	need_swap(fx);
	map_filled(fx, 0, 4, 'a');
	all_out(fx);
	assert_int_equal(vm_madvise(fx->vs, fx_va(0), FX_PAGE, VM_MADV_DISCARD),
	    VM_OK);
	assert_int_equal(in_swap(fx), 3);
	assert_int_equal(load(fx, 0), 0);
	c = fork_space(fx->vs);
	assert_int_equal(store(fx, 1, 'p'), VM_OK);
	all_out(fx);
	assert_int_equal(vm_madvise(fx->vs, fx_va(1), FX_PAGE, VM_MADV_DISCARD),
	    VM_OK);
	assert_int_equal(load(fx, 1), 0);
	assert_int_equal(load(fx, 2), 'a');
	assert_int_equal(load_in(fx, c, 1), 'a');
	vmspace_unref(c);
}

/* Does the copy of memory that is shared need no page of what is in swap? */
static void
test_copy_now(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *c, *d;
	int reads;

	need_swap(fx);
	map_filled(fx, 0, 4, 'a');
	assert_int_equal(vm_minherit(fx->vs, fx_va(0), 4 * FX_PAGE,
			     VM_INHERIT_SHARE),
	    VM_OK);
	c = fork_space(fx->vs);
	assert_int_equal(vm_minherit(fx->vs, fx_va(0), 4 * FX_PAGE,
			     VM_INHERIT_COPY),
	    VM_OK);
	all_out(fx);
	reads = STAT(fx, pageins);
	d = fork_space(fx->vs);
	assert_int_equal(STAT(fx, pageins), reads);
	assert_int_equal(in_swap(fx), 4);
	vm_check(fx->sys);
	assert_int_equal(store(fx, 0, 'p'), VM_OK);
	assert_int_equal(store_in(fx, d, 1, 'd'), VM_OK);
	assert_reads(fx, fx->vs, "paaa");
	assert_reads(fx, c, "paaa");
	assert_reads(fx, d, "adaa");
	all_out(fx);
	assert_reads(fx, d, "adaa");
	assert_reads(fx, c, "paaa");
	vmspace_unref(c);
	vmspace_unref(d);
}

/* ------------------------------------------------------------- who leaks */

/*
 * The leak of swap that the UVM paper tells of: a page that nobody can reach
 * keeps its slot, since objects that have been paged out are not merged.
 *
 *	c [ .   (b') ]	p, whose was the first page, has gone: the second
 *	  [ (a) (b)  ]	is reached by nobody
 */
static void
test_swap_leak(void **state)
{
	struct fixture *fx = *state;
	bool leaks = fx_is(&vm_design_mach) || fx_is(&vm_design_dragonfly);
	struct vmspace *c, *d;

	need_swap(fx);
	map_filled(fx, 0, 2, 'a');
	c = fork_space(fx->vs);
	assert_int_equal(store_in(fx, c, 1, 'b'), VM_OK);
	all_out(fx);
	assert_int_equal(unmap(fx, 0, 2), VM_OK);
	assert_int_equal(in_swap(fx), leaks ? 3 : 2);
	/* Another copying fault is when 4.4BSD would mend it, */
	assert_int_equal(store_in(fx, c, 0, 'c'), VM_OK);
	all_out(fx);
	assert_int_equal(STAT(fx, collapses), fx_is(&vm_design_freebsd));
	assert_int_equal(in_swap(fx), leaks ? 4 : 2);
	/* and a fork when DragonFly does. */
	d = fork_space(c);
	assert_int_equal(in_swap(fx), fx_is(&vm_design_mach) ? 4 : 2);
	assert_reads(fx, c, "cb");
	assert_reads(fx, d, "cb");
	vmspace_unref(d);
	vmspace_unref(c);
	assert_int_equal(in_swap(fx), 0);
}

/*
 * 4.4BSD: does the leak grow with each child, until swap is full?  Each writes
 * a page while its parent lives, is paged out, and then writes all.
 */
static void
test_leak_grows(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *vs = fx->vs, *c;
	enum { CHILDREN = 20, PAGES = 4 };

	need_swap(fx);
	map_filled(fx, 0, PAGES, 'a');
	for (size_t g = 0; g < CHILDREN; g++) {
		c = fork_space(vs);
		assert_int_equal(store_in(fx, c, 0, 'b' + (int)g), VM_OK);
		all_out(fx);
		if (vs != fx->vs)
			vmspace_unref(vs);
		vs = c;
		for (size_t i = 1; i < PAGES; i++)
			assert_int_equal(store_in(fx, vs, i, 'b' + (int)g),
			    VM_OK);
		all_out(fx);
	}
	if (fx_is(&vm_design_mach))
		assert_int_equal(in_swap(fx), (CHILDREN + 1) * PAGES);
	else
		assert_in_range(in_swap(fx), 2 * PAGES, 3 * PAGES);
	assert_int_equal(load_in(fx, vs, 2), 'b' + CHILDREN - 1);
	assert_int_equal(load(fx, 2), 'a');
	vmspace_unref(vs);
}

/* ----------------------------------------------------- how chains get short */

/* 4.4BSD: is nothing merged with an object that has been paged out, not even
 * when all has come back?
 *
 *	p [ p . . ]	the child has gone
 *	  [ a a a ]
 */
static void
test_no_collapse(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *c;

	need_swap(fx);
	map_filled(fx, 0, 3, 'a');
	c = fork_space(fx->vs);
	assert_int_equal(store(fx, 0, 'p'), VM_OK);
	all_out(fx);
	vmspace_unref(c);
	assert_reads(fx, fx->vs, "paa");
	assert_int_equal(store(fx, 1, 'p'), VM_OK);
	assert_int_equal(STAT(fx, collapses), 0);
	assert_int_equal(depth(fx->vs, 0), 2);
	assert_reads(fx, fx->vs, "ppa");
}

/* 4.4BSD: if only the object below has been, is it merged, slots and all; and
 * is that the last time? */
static void
test_collapse_takes_slots(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *c;

	need_swap(fx);
	map_filled(fx, 0, 3, 'a');
	all_out(fx);
	c = fork_space(fx->vs);
	assert_int_equal(store(fx, 0, 'p'), VM_OK);
	vmspace_unref(c);
	assert_int_equal(store(fx, 1, 'p'), VM_OK);
	assert_int_equal(STAT(fx, collapses), 1);
	assert_int_equal(depth(fx->vs, 0), 1);
	assert_int_equal(in_swap(fx), 1);
	vm_check(fx->sys);
	assert_reads(fx, fx->vs, "ppa");
	c = fork_space(fx->vs);
	assert_int_equal(store(fx, 0, 'q'), VM_OK);
	all_out(fx);
	vmspace_unref(c);
	assert_int_equal(store(fx, 1, 'q'), VM_OK);
	assert_int_equal(STAT(fx, collapses), 1);
	assert_reads(fx, fx->vs, "qqa");
}

/* 4.4BSD: is an object not left out that has been paged out? */
static void
test_no_bypass(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *c;

	need_swap(fx);
	map_filled(fx, 0, 2, 'a');
	all_out(fx);
	c = fork_space(fx->vs);
	assert_int_equal(store(fx, 0, 'p'), VM_OK);
	assert_int_equal(store(fx, 1, 'p'), VM_OK);
	assert_int_equal(STAT(fx, bypasses), 0);
	assert_int_equal(depth(fx->vs, 0), 2);
	assert_reads(fx, fx->vs, "pp");
	assert_reads(fx, c, "aa");
	vmspace_unref(c);
}

/* 4.4BSD: does an object that has been paged out get longer no more?
 * OpenBSD's amaps never do. */
static void
test_grow(void **state)
{
	struct fixture *fx = *state;

	need_swap(fx);
	map_filled(fx, 0, 2, 'a');
	all_out(fx);
	assert_int_equal(map_anon(fx, 2, 2), VM_OK);
	assert_int_equal(entries(fx->vs),
	    fx_is(&vm_design_mach) || fx_is(&vm_design_openbsd) ? 2 : 1);
	assert_int_equal(load(fx, 1), 'a');
	assert_int_equal(load(fx, 2), 0);
}

/* FreeBSD: are objects merged that are in swap, and nothing read for that? */
static void
test_collapse(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *c;

	need_swap(fx);
	map_filled(fx, 0, 3, 'a');
	c = fork_space(fx->vs);
	assert_int_equal(store(fx, 0, 'p'), VM_OK);
	all_out(fx);
	assert_int_equal(in_swap(fx), 4);
	vmspace_unref(c);
	assert_int_equal(STAT(fx, collapses), 1);
	assert_int_equal(STAT(fx, pageins), 0);
	assert_int_equal(depth(fx->vs, 0), 1);
	assert_int_equal(in_swap(fx), 3);
	vm_check(fx->sys);
	assert_reads(fx, fx->vs, "paa");
}

/* FreeBSD: is an object left out when the one above has, in swap, what it has
 * in memory; and not when it lacks a page that this one has in swap? */
static void
test_bypass(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *c, *d;

	need_swap(fx);
	assert_int_equal(map_anon(fx, 0, 3), VM_OK);
	assert_int_equal(store(fx, 0, 'a'), VM_OK);
	assert_int_equal(store(fx, 1, 'a'), VM_OK);
	c = fork_space(fx->vs);
	assert_int_equal(store(fx, 0, 'p'), VM_OK);
	assert_int_equal(store(fx, 2, 'p'), VM_OK);
	all_out(fx);
	d = fork_space(fx->vs);
	assert_int_equal(STAT(fx, bypasses), 0);
	assert_reads(fx, d, "pap");
	vmspace_unref(d);
	assert_int_equal(store(fx, 1, 'p'), VM_OK);
	all_out(fx);
	assert_int_equal(load_in(fx, c, 1), 'a');
	d = fork_space(fx->vs);
	assert_int_equal(STAT(fx, bypasses), 1);
	assert_int_equal(depth(fx->vs, 0), 1);
	assert_reads(fx, d, "ppp");
	assert_reads(fx, c, "aa");
	vmspace_unref(c);
	vmspace_unref(d);
}

/* FreeBSD: does a fork cut an object whose pages are in swap?
 *
 *	[ (a) (a) | (r) (r) ]
 */
static void
test_object_split(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *c;

	need_swap(fx);
	map_filled(fx, 0, 4, 'a');
	assert_int_equal(protect(fx, 2, 2, VM_PROT_READ), VM_OK);
	all_out(fx);
	c = fork_space(fx->vs);
	assert_int_equal(STAT(fx, object_splits), 1);
	assert_int_equal(STAT(fx, pageins), 0);
	assert_ptr_not_equal(entry_of(fx->vs, 0)->layers.top,
	    entry_of(fx->vs, 2)->layers.top);
	vm_check(fx->sys);
	assert_reads(fx, c, "aaaa");
	assert_reads(fx, fx->vs, "aaaa");
	assert_int_equal(in_swap(fx), 4);
	assert_int_equal(unmap(fx, 0, 2), VM_OK);
	vmspace_unref(c);
	assert_int_equal(in_swap(fx), 2);
}

/* DragonFly: is a list never longer than five, everybody alive and in swap;
 * and does no fork read? */
static void
test_limit(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *all[12];

	need_swap(fx);
	map_filled(fx, 0, 4, 'a');
	all[0] = fx->vs;
	for (size_t g = 1; g < 12; g++) {
		int reads = STAT(fx, pageins);

		all_out(fx);
		all[g] = fork_space(all[g - 1]);
		assert_int_equal(STAT(fx, pageins), reads);
		assert_int_equal(pages_used(fx), 0);
		vm_check(fx->sys);
		assert_int_equal(store_in(fx, all[g], g % 3, 'a' + (int)g),
		    VM_OK);
		assert_true(depth(all[g], 0) <= 5);
		assert_int_equal(load_in(fx, all[g], 3), 'a');
	}
	assert_true(STAT(fx, backing_collapses) > 0);
	for (size_t g = 1; g < 12; g++) {
		assert_int_equal(load_in(fx, all[g], g % 3), 'a' + (int)g);
		vmspace_unref(all[g]);
	}
}

/* DragonFly: does a list go that its head hides, in swap or not? */
static void
test_complete_head(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *c, *d;

	need_swap(fx);
	map_filled(fx, 0, 2, 'a');
	c = fork_space(fx->vs);
	assert_int_equal(store(fx, 0, 'p'), VM_OK);
	all_out(fx);
	assert_int_equal(store(fx, 1, 'p'), VM_OK);
	d = fork_space(fx->vs);
	assert_int_equal(STAT(fx, backing_drops), 1);
	assert_int_equal(depth(d, 0), 1);
	assert_reads(fx, d, "pp");
	assert_reads(fx, c, "aa");
	vmspace_unref(c);
	vmspace_unref(d);
}

/* ------------------------------------------------------- pages on their way */

/* What is being written is forked, merged, moved and copied meanwhile: is all
 * there, whether the writing succeeds or fails? */
static void
test_fork_while_written(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *c, *d;

	need_swap(fx);
	FOR_ENDS(end)
	{
		map_filled(fx, 0, 4, 'a');
		c = fork_space(fx->vs);
		for (size_t i = 0; i < 3; i++)
			assert_int_equal(store(fx, i, 'p'), VM_OK);
		assert_int_equal(vm_mlock(fx->vs, fx_va(0), FX_PAGE), VM_OK);
		begin_page_out(fx);
		d = fork_space(fx->vs);
		vmspace_unref(c); /* may wait for the pages */
		page_out_ends[end](fx);
		vm_check(fx->sys);
		assert_int_equal(vm_munlock(fx->vs, fx_va(0), FX_PAGE), VM_OK);
		assert_reads(fx, fx->vs, "pppa");
		assert_reads(fx, d, "pppa");
		assert_int_equal(store(fx, 3, 'q'), VM_OK);
		assert_reads(fx, d, "pppa");
		vmspace_unref(d);
		assert_reads(fx, fx->vs, "pppq");
		assert_int_equal(unmap(fx, 0, 4), VM_OK);
		assert_int_equal(in_swap(fx), 0);
	}
}

/* FreeBSD: pages that are being written move up, as the last other user goes;
 * what the top hides goes when it is idle. */
static void
test_merge_while_written(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *c;

	need_swap(fx);
	FOR_ENDS(end)
	{
		map_filled(fx, 0, 3, 'a');
		c = fork_space(fx->vs);
		assert_int_equal(store(fx, 0, 'p'), VM_OK);
		begin_page_out(fx);
		fx->on_wait = page_out_ends[end];
		vmspace_unref(c);
		page_out_ends[end](fx);
		fx->on_wait = NULL;
		assert_int_equal(depth(fx->vs, 0), 1);
		vm_check(fx->sys);
		assert_int_equal(in_swap(fx) + pages_used(fx), 3);
		assert_reads(fx, fx->vs, "paa");
		all_out(fx);
		assert_reads(fx, fx->vs, "paa");
		assert_int_equal(unmap(fx, 0, 3), VM_OK);
	}
}

/* Is what is discarded while it is written gone, for good? */
static void
test_discard_while_written(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *c;

	need_swap(fx);
	FOR_ENDS(end)
	{
		map_filled(fx, 0, 4, 'a');
		begin_page_out(fx);
		assert_int_equal(vm_madvise(fx->vs, fx_va(1), 2 * FX_PAGE,
				     VM_MADV_DISCARD),
		    VM_OK);
		c = fork_space(fx->vs);
		fx->on_wait = page_out_ends[end];
		assert_int_equal(load(fx, 1), 0);
		fx->on_wait = NULL;
		page_out_ends[end](fx);
		vm_check(fx->sys);
		assert_int_equal(load_in(fx, c, 2), 0);
		assert_int_equal(load_in(fx, c, 3), 'a');
		assert_int_equal(load(fx, 0), 'a');
		vmspace_unref(c);
		assert_int_equal(unmap(fx, 0, 4), VM_OK);
		assert_int_equal(in_swap(fx), 0);
	}
}

static void
count_upper(const struct vm_cow_page *p, void *arg)
{
	*(unsigned *)arg += p->upper;
}

/* Is what is discarded while it is written, above a page of a file, no longer
 * private to who looks? */
static void
test_discard_above_file(void **state)
{
	struct fixture *fx = *state;
	const struct vm_cow_ops *cow = fx->vs->map.design->cow;
	struct vm_map_entry *e;
	unsigned upper = 0;

	need_swap(fx);
	assert_int_equal(map_file(fx, 0, 2, VM_MMAP_PRIVATE, 0), VM_OK);
	assert_int_equal(map_file(fx, 8, 2, VM_MMAP_PRIVATE, 0), VM_OK);
	assert_int_equal(store(fx, 0, 'a'), VM_OK);
	assert_int_equal(store(fx, 1, 'a'), VM_OK);
	begin_page_out(fx);
	assert_true(load(fx, 8) >= 0 && load(fx, 9) >= 0);
	assert_int_equal(vm_madvise(fx->vs, fx_va(0), 2 * FX_PAGE,
			     VM_MADV_DISCARD),
	    VM_OK);
	e = entry_of(fx->vs, 0);
	cow->lock(e);
	cow->walk(e, 0, 2, count_upper, &upper);
	cow->unlock(e);
	assert_int_equal(upper, 0);
	let_all_go(fx);
}

/* Memory that is shared is copied while it is being written: as it is. */
static void
test_copy_now_while_written(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *c, *d;

	need_swap(fx);
	FOR_ENDS(end)
	{
		map_filled(fx, 0, 4, 'a');
		assert_int_equal(vm_minherit(fx->vs, fx_va(0), 4 * FX_PAGE,
				     VM_INHERIT_SHARE),
		    VM_OK);
		c = fork_space(fx->vs);
		assert_int_equal(vm_minherit(fx->vs, fx_va(0), 4 * FX_PAGE,
				     VM_INHERIT_COPY),
		    VM_OK);
		begin_page_out(fx);
		d = fork_space(fx->vs);
		page_out_ends[end](fx);
		vm_check(fx->sys);
		assert_int_equal(store_in(fx, c, 0, 'c'), VM_OK);
		assert_reads(fx, fx->vs, "caaa");
		assert_reads(fx, d, "aaaa");
		vmspace_unref(c);
		vmspace_unref(d);
		assert_int_equal(unmap(fx, 0, 4), VM_OK);
	}
}

static struct {
	struct vmspace *c, *d;
	unsigned waits;
} kin;

/* While the page comes in: relatives are born and go. */
static void
fork_and_merge(struct fixture *fx)
{
	disk(fx)->hold = false;
	if (kin.waits++ == 0) {
		kin.d = fork_space(fx->vs);
		vmspace_unref(kin.c);
	}
	let_all_go(fx);
}

/* FreeBSD, DragonFly: what is being read for a child is moved, or copied, for
 * its parent's next child.  Does everybody get it? */
static void
test_fork_while_read(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *e;

	need_swap(fx);
	map_filled(fx, 0, 3, 'a');
	kin.c = fork_space(fx->vs);
	e = fork_space(fx->vs);
	assert_int_equal(store(fx, 0, 'p'), VM_OK);
	all_out(fx);
	kin.waits = 0;
	fx->on_wait = fork_and_merge;
	disk(fx)->hold = true;
	assert_int_equal(load_in(fx, e, 1), 'a');
	fx->on_wait = NULL;
	assert_true(kin.waits != 0);
	vm_check(fx->sys);
	assert_reads(fx, fx->vs, "paa");
	assert_reads(fx, e, "aaa");
	assert_reads(fx, kin.d, "paa");
	vmspace_unref(kin.d);
	vmspace_unref(e);
	assert_reads(fx, fx->vs, "paa");
}

static void
fork_copy_now(struct fixture *fx)
{
	disk(fx)->hold = false;
	if (kin.waits++ == 0)
		kin.d = fork_space(fx->vs);
	let_all_go(fx);
}

/* Memory that is shared is copied while a page of it comes in: is it not copied
 * before it is there? */
static void
test_copy_now_while_read(void **state)
{
	struct fixture *fx = *state;

	need_swap(fx);
	map_filled(fx, 0, 3, 'a');
	assert_int_equal(vm_minherit(fx->vs, fx_va(0), 3 * FX_PAGE,
			     VM_INHERIT_SHARE),
	    VM_OK);
	kin.c = fork_space(fx->vs);
	assert_int_equal(vm_minherit(fx->vs, fx_va(0), 3 * FX_PAGE,
			     VM_INHERIT_COPY),
	    VM_OK);
	all_out(fx);
	kin.waits = 0;
	fx->on_wait = fork_copy_now;
	disk(fx)->hold = true;
	assert_int_equal(load_in(fx, kin.c, 1), 'a');
	fx->on_wait = NULL;
	assert_true(kin.waits != 0);
	vm_check(fx->sys);
	assert_int_equal(store_in(fx, kin.c, 1, 'c'), VM_OK);
	assert_reads(fx, kin.d, "aaa");
	assert_reads(fx, fx->vs, "aca");
	vmspace_unref(kin.c);
	vmspace_unref(kin.d);
}

/* The memory of the host fails where a layer's page or slot is moved or copied:
 * does everybody still see what he saw? */
static bool
play_with_failure(uint64_t nth, enum faulty_mode mode)
{
	const struct soft_config config = { .npages = 64 };
	struct fixture *fx = fixture_create(&config);
	struct vmspace *c[5] = { NULL };
	bool failed;

	assert_non_null(fx);
	need_swap(fx);
	map_filled(fx, 0, 6, 'a');
	assert_int_equal(protect(fx, 2, 2, VM_PROT_READ), VM_OK);
	all_out(fx);
	faulty_fail(&fx->env, nth, mode);
	for (unsigned i = 0; i < 5; i++) {
		(void)vmspace_fork(fx->vs, &c[i]);
		(void)store(fx, 0, 'p');
		if (i % 2 == 1 && c[i - 1] != NULL) {
			vmspace_unref(c[i - 1]);
			c[i - 1] = NULL;
		}
		(void)vm_pageout(fx->sys, 60);
		vm_check(fx->sys);
	}
	failed = fx->env.failures != 0;
	faulty_fail(&fx->env, 0, FAULTY_ONCE);
	for (size_t i = 1; i < 6; i++)
		assert_int_equal(load(fx, i), 'a');
	for (unsigned i = 0; i < 5; i++) {
		if (c[i] == NULL)
			continue;
		assert_int_equal(load_in(fx, c[i], 5), 'a');
		vmspace_unref(c[i]);
	}
	assert_null(fixture_destroy(fx));
	return failed;
}

static void
test_every_allocation(void **state)
{
	(void)state;
	assert_true(fx_each_failure(play_with_failure) > 4);
}

int
main(void)
{
	const struct fx_test tests[] = {
		FX_TEST(test_every_layer),
		FX_TEST(test_hidden_by_slot),
		FX_TEST(test_discard),
		FX_TEST(test_copy_now),
		FX_TEST(test_swap_leak),
		FX_TEST(test_leak_grows),
		FX_TEST_IN(mach, test_no_collapse),
		FX_TEST_IN(mach, test_collapse_takes_slots),
		FX_TEST_IN(mach, test_no_bypass),
		FX_TEST(test_grow),
		FX_TEST_IN(freebsd, test_collapse),
		FX_TEST_IN(freebsd, test_bypass),
		FX_TEST_IN(freebsd, test_object_split),
		FX_TEST_IN(dragonfly, test_limit),
		FX_TEST_IN(dragonfly, test_complete_head),
		FX_TEST(test_fork_while_written),
		FX_TEST_IN(freebsd, test_merge_while_written),
		FX_TEST(test_discard_while_written),
		FX_TEST(test_discard_above_file),
		FX_TEST(test_copy_now_while_written),
		FX_TEST(test_fork_while_read),
		FX_TEST(test_copy_now_while_read),
		FX_BARE(test_every_allocation),
	};

	return FX_RUN("shadow_swap", tests);
}
