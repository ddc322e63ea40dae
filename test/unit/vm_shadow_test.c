/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_shadow_test.c - what tells one design from another: pages in use, pages
 * copied, layers passed, work in the pmap.  What programs see is the same in
 * all of them, and the matter of other tests.
 *
 *	p: parent, c: child; a row is one object, the one below it next
 */
#include "test/unit/base_test.h"
#include "test/unit/fixture.h"
#include "vm/cow/shadow.h"

#define STAT(fx, name) ((int)(fx)->sys->stats.name)

/* ------------------------------------------------------------- who copies */

/* The last user of a page writes to it: copied by 4.4BSD, moved up by FreeBSD,
 * written in place by UVM?
 *
 *	p [ a' . ]	the child, which had b, has gone
 *	  [ a  b ]
 */
static void
test_sole_owner_page(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *c;

	map_filled(fx, 0, 2, 'a');
	c = fork_space(fx->vs);
	assert_int_equal(store(fx, 0, 'x'), VM_OK);
	assert_int_equal(STAT(fx, pages_copied), 1);
	vmspace_unref(c);
	assert_int_equal(store(fx, 1, 'y'), VM_OK);
	assert_int_equal(STAT(fx, pages_copied),
	    fx_is(&vm_design_mach) || fx_is(&vm_design_dragonfly) ? 2 : 1);
	assert_int_equal(load(fx, 0), 'x');
	assert_int_equal(load(fx, 1), 'y');
}

/* FreeBSD: is a page moved up when nobody else refers to its object?  A page
 * that the top has keeps the object below from being left out. */
static void
test_move(void **state)
{
	struct fixture *fx = *state;
	struct vm_shadow_policy lazy;
	struct vm_shadow *below;
	struct vm_page *pg;
	struct vmspace *c;

	map_filled(fx, 0, 2, 'a');
	c = fork_space(fx->vs);
	assert_int_equal(store_in(fx, c, 0, 'x'), VM_OK);
	assert_int_equal(load_in(fx, c, 1), 'a');
	pg = mapping_of(c, 1).page;
	/* The parent's reference goes, and nothing is merged, as when memory
	 * lacks. */
	below = vm_shadow_of(entry_of(fx->vs, 0)->layers.top);
	lazy = *below->policy;
	lazy.merges_always = false;
	below->policy = &lazy;
	assert_int_equal(unmap(fx, 0, 2), VM_OK);
	assert_int_equal(depth(c, 0), 2);
	assert_int_equal(store_in(fx, c, 1, 'y'), VM_OK);
	assert_int_equal(STAT(fx, cow_moves), 1);
	assert_ptr_equal(mapping_of(c, 1).page, pg);
	assert_int_equal(STAT(fx, pages_copied), 1);
	vmspace_unref(c);
}

/* ------------------------------------------------------------- who leaks */

/*
 * The leak of memory that the UVM paper tells of: a page that nobody can reach
 * stays in a chain that cannot be shortened.
 *
 *	c [ . b' ]	c wrote the second page; p, whose was the
 *	  [ a b  ]	first, has gone: b is reached by nobody
 */
static void
test_leak(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *c;

	map_filled(fx, 0, 2, 'a');
	c = fork_space(fx->vs);
	assert_int_equal(store_in(fx, c, 1, 'b'), VM_OK);
	assert_int_equal(unmap(fx, 0, 2), VM_OK);
	assert_int_equal(pages_used(fx),
	    fx_is(&vm_design_mach) || fx_is(&vm_design_dragonfly) ? 3 : 2);
	assert_int_equal(load_in(fx, c, 0), 'a');
	assert_int_equal(load_in(fx, c, 1), 'b');
	vmspace_unref(c);
	assert_int_equal(pages_used(fx), 0);
}

/* Half of a mapping goes: does its memory, at once? */
static void
test_partial_unmap(void **state)
{
	struct fixture *fx = *state;

	map_filled(fx, 0, 8, 'a');
	assert_int_equal(unmap(fx, 2, 4), VM_OK);
	assert_int_equal(pages_used(fx), fx_is(&vm_design_mach) ? 8 : 4);
	assert_int_equal(load(fx, 1), 'a');
	assert_int_equal(load(fx, 6), 'a');
}

/* FreeBSD: is memory that a fork had in common no longer freed in parts, and
 * is it again once the child has gone? */
static void
test_one_mapping(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *c;

	map_filled(fx, 0, 8, 'a');
	c = fork_space(fx->vs);
	assert_int_equal(unmap(fx, 0, 2), VM_OK);
	assert_int_equal(pages_used(fx), 8);
	assert_int_equal(load_in(fx, c, 0), 'a');
	vmspace_unref(c);
	assert_int_equal(unmap(fx, 4, 2), VM_OK);
	assert_true(pages_used(fx) <= 6);
	assert_int_equal(load(fx, 3), 'a');
}

/* FreeBSD: does a fork cut an object to what each entry maps?
 *
 *	[ a a | r r | a a ]	three entries, one object
 */
static void
test_object_split(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *c;

	map_filled(fx, 0, 6, 'a');
	assert_int_equal(protect(fx, 2, 2, VM_PROT_READ), VM_OK);
	assert_ptr_equal(entry_of(fx->vs, 0)->layers.top,
	    entry_of(fx->vs, 4)->layers.top);
	c = fork_space(fx->vs);
	vm_check(fx->sys);
	assert_int_equal(STAT(fx, object_splits), 2);
	assert_ptr_not_equal(entry_of(fx->vs, 0)->layers.top,
	    entry_of(fx->vs, 4)->layers.top);
	assert_ptr_equal(entry_of(fx->vs, 4)->layers.top,
	    entry_of(c, 4)->layers.top);
	assert_int_equal(pages_used(fx), 6);
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(load_in(fx, c, i), 'a');
	vmspace_unref(c);
}

/* ------------------------------------------------------ how long chains get */

/* FreeBSD: is an object merged into the last one above it, and one that is
 * hidden completely left out? */
static void
test_collapse(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *c;

	map_filled(fx, 0, 2, 'a');
	c = fork_space(fx->vs);
	assert_int_equal(store(fx, 0, 'p'), VM_OK);
	assert_int_equal(depth(fx->vs, 0), 2);
	vmspace_unref(c);
	assert_int_equal(STAT(fx, collapses), 1);
	assert_int_equal(depth(fx->vs, 0), 1);
	assert_int_equal(pages_used(fx), 2);
	assert_int_equal(load(fx, 0), 'p');
	assert_int_equal(load(fx, 1), 'a');
}

static void
test_bypass(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *c, *d;

	map_filled(fx, 0, 1, 'a');
	c = fork_space(fx->vs);
	assert_int_equal(store(fx, 0, 'p'), VM_OK);
	d = fork_space(fx->vs); /* tidies the chain before it is shared */
	assert_int_equal(STAT(fx, bypasses), 1);
	assert_int_equal(depth(fx->vs, 0), 1);
	assert_int_equal(load(fx, 0), 'p');
	assert_int_equal(load_in(fx, c, 0), 'a');
	assert_int_equal(load_in(fx, d, 0), 'p');
	vmspace_unref(c);
	vmspace_unref(d);
}

/* 4.4BSD: is a chain shortened at a copying fault, and not before? */
static void
test_collapse_at_fault(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *c;

	map_filled(fx, 0, 3, 'a');
	c = fork_space(fx->vs);
	assert_int_equal(store(fx, 0, 'p'), VM_OK);
	vmspace_unref(c);
	assert_int_equal(STAT(fx, collapses), 0);
	assert_int_equal(depth(fx->vs, 0), 2);
	assert_int_equal(pages_used(fx), 4);
	assert_int_equal(store(fx, 1, 'p'), VM_OK);
	assert_int_equal(STAT(fx, collapses), 1);
	assert_int_equal(depth(fx->vs, 0), 1);
	assert_int_equal(pages_used(fx), 3);
	assert_int_equal(load(fx, 2), 'a');
}

enum { GENERATIONS = 200, PLACES = 16 };

/* Each generation writes one page and forks the next, then goes.
 * Are lookups as short in the last as in the first? */
static void
test_generations(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *vs = fx->vs, *c;
	unsigned limit = fx_is(&vm_design_dragonfly) ? 5 : 2;
	int want[PLACES];

	map_filled(fx, 0, PLACES, 1);
	for (size_t i = 0; i < PLACES; i++)
		want[i] = 1;
	for (size_t g = 0; g < GENERATIONS; g++) {
		c = fork_space(vs);
		if (vs != fx->vs)
			vmspace_unref(vs);
		vs = c;
		want[g % PLACES] = 2 + (int)g;
		assert_int_equal(store_in(fx, vs, g % PLACES, 2 + (int)g),
		    VM_OK);
	}
	for (size_t i = 0; i < PLACES; i++)
		assert_int_equal(load_in(fx, vs, i), want[i] & 0xff);
	vm_check(fx->sys);
	if (fx_is_uvm())
		assert_int_equal(STAT(fx, shadow_depth_peak), 0);
	else if (!fx_is(&vm_design_mach))
		assert_true((unsigned)STAT(fx, shadow_depth_peak) <= limit + 1);
	vmspace_unref(vs);
}

/* DragonFly: is a list never longer than five, everybody alive? */
static void
test_limit(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *all[12];
	int collapses;

	map_filled(fx, 0, 4, 'a');
	all[0] = fx->vs;
	for (size_t g = 1; g < 12; g++) {
		collapses = STAT(fx, backing_collapses);
		all[g] = fork_space(all[g - 1]);
		/* what was mapped is a relative's now, who may write to it */
		if (STAT(fx, backing_collapses) != collapses)
			assert_null(mapping_of(all[g - 1], 3).page);
		assert_int_equal(store_in(fx, all[g], g % 3, 'a' + (int)g),
		    VM_OK);
		assert_true(depth(all[g], 0) <= 5);
		assert_int_equal(load_in(fx, all[g], 3), 'a');
	}
	assert_true(STAT(fx, backing_collapses) > 0);
	assert_true(STAT(fx, shadow_depth_peak) <= 5);
	for (size_t g = 1; g < 12; g++) {
		assert_int_equal(load_in(fx, all[g], g % 3), 'a' + (int)g);
		vmspace_unref(all[g]);
	}
}

/* DragonFly: does a list go that its head hides, for nothing? */
static void
test_complete_head(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *c, *d;

	map_filled(fx, 0, 2, 'a');
	c = fork_space(fx->vs);
	assert_int_equal(store(fx, 0, 'b'), VM_OK);
	assert_int_equal(store(fx, 1, 'b'), VM_OK);
	assert_int_equal(depth(fx->vs, 0), 2);
	d = fork_space(fx->vs);
	assert_int_equal(depth(d, 0), 1);
	assert_int_equal(STAT(fx, backing_drops), 1);
	assert_int_equal(STAT(fx, pages_copied), 2);
	assert_int_equal(load_in(fx, c, 1), 'a');
	vmspace_unref(c);
	vmspace_unref(d);
}

/* ---------------------------------------------------- a list at its limit */

enum { LIST = 5 };

/*
 * p's list has five layers; its head has one page.  The children have one or
 * more of the layers below; kin[0] the bottom alone.
 *
 *	p [ . . . . p . . . ]	written after the last fork
 *	  ...
 *	  [ a a a a a a a a ]
 */
static void
make_limit(struct fixture *fx, size_t npages, struct vmspace *kin[LIST - 1])
{
	map_filled(fx, 0, npages, 'a');
	for (size_t g = 0; g < LIST - 1; g++) {
		kin[g] = fork_space(fx->vs);
		assert_int_equal(store(fx, g, 'p'), VM_OK);
	}
	assert_int_equal(depth(fx->vs, 0), LIST);
}

static void
unref_all(struct vmspace *const *kin, size_t n)
{
	for (size_t i = 0; i < n; i++)
		vmspace_unref(kin[i]);
}

static struct {
	struct pmap_ops ops;
	const struct pmap_ops *real;
	struct fixture *fx;
	struct vmspace *child;
	unsigned called;
} late;

/* The parent's mappings are about to go: a child that has the page for itself
 * may write to it. */
static void
write_late(struct pmap *pm, vaddr_t start, vaddr_t end)
{
	struct vm_page *pg = mapping_of(late.fx->vs, 7).page;
	const char *data;

	if (pm == late.fx->vs->map.pmap && pg != NULL && late.called++ == 0) {
		assert_int_equal(store_in(late.fx, late.child, 7, 'x'), VM_OK);
		data = pmap_page_data(late.fx->machine, pg);
		assert_int_equal(data[0], 'a');
	}
	late.real->remove(pm, start, end);
}

/* DragonFly: when a fork shortens the parent's list, what lies below may become
 * a child's alone.  Does the parent see nothing that the child writes there? */
static void
test_late_writer(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *kin[LIST - 1], *c;

	make_limit(fx, 8, kin);
	unref_all(kin + 1, LIST - 2);
	assert_int_equal(load(fx, 7), 'a');
	late.fx = fx;
	late.child = kin[0];
	late.called = 0;
	late.real = fx->machine->ops;
	late.ops = *late.real;
	late.ops.remove = write_late;
	fx->machine->ops = &late.ops;
	c = fork_space(fx->vs);
	fx->machine->ops = late.real;
	assert_int_equal(late.called, 1);
	assert_int_equal(STAT(fx, backing_collapses), 1);
	assert_int_equal(load(fx, 7), 'a');
	assert_int_equal(load_in(fx, c, 7), 'a');
	vmspace_unref(c);
	vmspace_unref(kin[0]);
}

/* DragonFly: does a fork that finds too little memory to shorten the list keep
 * none of it? */
static void
test_limit_no_memory(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *kin[LIST - 1], *c;
	size_t used;

	make_limit(fx, 150, kin);
	used = pages_used(fx);
	assert_int_equal(vmspace_fork(fx->vs, &c), VM_ENOMEM);
	assert_int_equal(pages_used(fx), used);
	assert_int_equal(unmap(fx, 0, 75), VM_OK);
	assert_int_equal(vmspace_fork(fx->vs, &c), VM_OK);
	vmspace_unref(c);
	unref_all(kin, LIST - 1);
}

/* DragonFly: entries cut from one another have one head, and one of them drops
 * the rest of the list.  Is the head still known to be theirs alone: may they
 * write to it, and does a part go with its entry?
 *
 *	[ p p | p p ]	complete, cut after it was made
 *	[ a a   a a ]
 */
static void
test_cut_head(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *c, *d;
	int copied;

	map_filled(fx, 0, 4, 'a');
	c = fork_space(fx->vs);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(store(fx, i, 'p'), VM_OK);
	assert_int_equal(protect(fx, 0, 2, VM_PROT_READ), VM_OK);
	d = fork_space(fx->vs);
	assert_int_equal(STAT(fx, backing_drops), 2);
	assert_int_equal(depth(fx->vs, 0), 1);
	assert_int_equal(depth(fx->vs, 2), 1);
	vmspace_unref(d);
	vmspace_unref(c);
	copied = STAT(fx, pages_copied);
	assert_int_equal(store(fx, 3, 'q'), VM_OK);
	assert_int_equal(protect(fx, 0, 2, VM_PROT_READ | VM_PROT_WRITE),
	    VM_OK);
	assert_int_equal(store(fx, 1, 'q'), VM_OK);
	assert_int_equal(STAT(fx, pages_copied), copied);
	assert_int_equal(pages_used(fx), 4);
	assert_int_equal(unmap(fx, 0, 1), VM_OK);
	assert_int_equal(pages_used(fx), 3);
	assert_int_equal(load(fx, 1), 'q');
	assert_int_equal(load(fx, 2), 'p');
}

/* -------------------------------------------------- parts of what is below */

/* Does a discard that cuts an entry free the pages, as one that does not? */
static void
test_discard_cuts(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *c;

	map_filled(fx, 0, 16, 'a');
	c = fork_space(fx->vs);
	vmspace_unref(c);
	assert_int_equal(vm_madvise(fx->vs, fx_va(0), 8 * FX_PAGE,
			     VM_MADV_DISCARD),
	    VM_OK);
	assert_int_equal(pages_used(fx), fx_is(&vm_design_mach) ? 16 : 8);
	assert_int_equal(load(fx, 7), 0);
	assert_int_equal(load(fx, 8), 'a');
}

/* A part of a mapping goes that has a layer of its own by now.  Do the pages
 * go that it had below that?  Who goes by objects alone cannot tell.
 *
 *	[ p . . . ]
 *	[ a a a a | a a a a ]	the child has gone
 */
static void
test_unmap_below(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *c;

	map_filled(fx, 0, 16, 'a');
	c = fork_space(fx->vs);
	assert_int_equal(protect(fx, 8, 8, VM_PROT_READ), VM_OK);
	assert_int_equal(store(fx, 0, 'p'), VM_OK);
	assert_int_equal(pages_used(fx), 17);
	vmspace_unref(c);
	assert_int_equal(unmap(fx, 0, 8), VM_OK);
	assert_int_equal(pages_used(fx),
	    fx_is(&vm_design_mach) || fx_is(&vm_design_freebsd) ? 16 : 8);
	assert_int_equal(load(fx, 8), 'a');
}

/* ------------------------------------------------ objects that get longer */

/* FreeBSD: does an object get longer for what is mapped behind it though two
 * entries use it?  Others do not know that nobody else has its end. */
static void
test_grow_used_twice(void **state)
{
	struct fixture *fx = *state;

	map_filled(fx, 0, 4, 'a');
	assert_int_equal(protect(fx, 0, 2, VM_PROT_READ), VM_OK);
	assert_int_equal(map_anon(fx, 4, 4), VM_OK);
	assert_int_equal(entries(fx->vs), fx_is(&vm_design_freebsd) ? 2 : 3);
	assert_int_equal(store(fx, 4, 'b'), VM_OK);
	assert_int_equal(load(fx, 3), 'a');
}

/* ---------------------------------------------------- what a collapse costs */

static struct {
	struct vm_pageindex_ops ops;
	const struct vm_pageindex_ops *real;
	unsigned nexts;
} counting;

static struct vm_page *
count_next(struct vm_pageindex *ix, uint64_t *pindex)
{
	counting.nexts++;
	return counting.real->next(ix, pindex);
}

/* 4.4BSD asks at each copying fault whether the layer below can be left out.
 * Does who writes all pages in a row not pay for each page at each? */
static void
test_collapse_cost(void **state)
{
	struct fixture *fx = *state;
	struct vm_object *below;
	struct vmspace *c;
	enum { N = 64 };

	map_filled(fx, 0, N, 'a');
	c = fork_space(fx->vs);
	below = entry_of(c, 0)->layers.top->obj;
	counting.real = below->pages.ops;
	counting.ops = *counting.real;
	counting.ops.next = count_next;
	counting.nexts = 0;
	below->pages.ops = &counting.ops;
	for (size_t i = 0; i < N; i++)
		assert_int_equal(store(fx, i, 'p'), VM_OK);
	below->pages.ops = counting.real;
	assert_int_equal(STAT(fx, bypasses), 1);
	assert_true(counting.nexts <= 4 * N);
	assert_int_equal(load_in(fx, c, 5), 'a');
	vmspace_unref(c);
}

/* ------------------------------------------------------- the end of a layer */

static struct {
	struct vm_pager_ops ops;
	const struct vm_pager_ops *real;
	const struct vm_mutex *file, *family;
	unsigned called;
} ending;

static void
end_unlocked(struct vm_system *sys, void *pager)
{
	assert_false(vm_mutex_is_locked(ending.file));
	assert_false(vm_mutex_is_locked(ending.family));
	ending.called++;
	ending.real->destroy(sys, pager);
}

/* An object that a fault has merged goes.  Is nothing locked then?  Its end
 * takes the lock of all objects, and who has that may want the file's. */
static void
test_merge_unlocked(void **state)
{
	struct fixture *fx = *state;
	struct vm_object *below;
	struct vmspace *c;

	assert_int_equal(map_file(fx, 0, 4, VM_MMAP_PRIVATE, 0), VM_OK);
	assert_int_equal(store(fx, 0, 'a'), VM_OK);
	assert_int_equal(store(fx, 1, 'a'), VM_OK);
	c = fork_space(fx->vs);
	assert_int_equal(store(fx, 0, 'p'), VM_OK);
	below = entry_of(c, 0)->layers.top->obj;
	vmspace_unref(c);
	ending.file = entry_of(fx->vs, 0)->object->lock;
	ending.family = below->lock;
	ending.real = below->ops;
	ending.ops = *ending.real;
	ending.ops.destroy = end_unlocked;
	ending.called = 0;
	below->ops = &ending.ops;
	assert_int_equal(store(fx, 1, 'p'), VM_OK);
	assert_int_equal(ending.called, 1);
	assert_int_equal(STAT(fx, collapses), 1);
	assert_int_equal(load(fx, 2), 'C');
}

/* ------------------------------------------------------- work in the pmap */

static struct {
	struct pmap_ops ops;
	const struct pmap_ops *real;
	unsigned protects;
} hook;

static void
count_protect(struct pmap *pm, vaddr_t start, vaddr_t end, vm_prot_t prot)
{
	hook.protects++;
	hook.real->protect(pm, start, end, prot);
}

static unsigned
count_page_protect(struct vm_machine *m, struct vm_page *pg, vm_prot_t prot)
{
	hook.protects++;
	return hook.real->page_protect(m, pg, prot);
}

static unsigned
protects_of_fork(struct fixture *fx, struct vmspace **child)
{
	hook.real = fx->machine->ops;
	hook.ops = *hook.real;
	hook.ops.protect = count_protect;
	hook.ops.page_protect = count_page_protect;
	hook.protects = 0;
	fx->machine->ops = &hook.ops;
	*child = fork_space(fx->vs);
	fx->machine->ops = hook.real;
	return hook.protects;
}

/* A fork after a fork: is nothing protected again, but under 4.4BSD each
 * page? */
static void
test_fork_again(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *c, *d;

	map_filled(fx, 0, 4, 'a');
	assert_true(protects_of_fork(fx, &c) > 0);
	assert_int_equal(protects_of_fork(fx, &d),
	    fx_is(&vm_design_mach) ? 4 : 0);
	vmspace_unref(c);
	vmspace_unref(d);
}

/* --------------------------------------------- out of memory in the middle */

struct scene {
	struct fixture *fx;
	struct vmspace *kin[4];
};

/* Chains, parts, wired pages, shared parts; each may lack memory. */
static void
play(struct scene *s, unsigned step)
{
	struct fixture *fx = s->fx;
	struct vmspace *vs = fx->vs;

	switch (step) {
	case 0:
	case 2:
	case 5:
		(void)vmspace_fork(vs, &s->kin[step / 2]);
		break;
	case 1:
		(void)store(fx, 1, 'b');
		(void)protect(fx, 2, 2, VM_PROT_READ);
		break;
	case 3:
		(void)vm_mlock(vs, fx_va(4), FX_PAGE);
		(void)vm_minherit(vs, fx_va(6), FX_PAGE, VM_INHERIT_SHARE);
		break;
	case 4:
		if (s->kin[0] != NULL)
			vmspace_unref(s->kin[0]);
		s->kin[0] = NULL;
		(void)store(fx, 0, 'b');
		break;
	case 6:
		(void)vm_munlock(vs, fx_va(4), FX_PAGE);
		(void)vm_madvise(vs, fx_va(0), 2 * FX_PAGE, VM_MADV_DISCARD);
		(void)unmap(fx, 1, 2);
		break;
	case 7:
		if (s->kin[2] != NULL)
			(void)store_in(fx, s->kin[2], 5, 'c');
		(void)store(fx, 5, 'd');
		break;
	}
}

enum { STEPS = 8 };

static bool
play_with_failure(uint64_t nth, enum faulty_mode mode)
{
	const struct soft_config config = { .npages = 64 };
	struct scene s = { .fx = fixture_create(&config) };
	bool failed;

	assert_non_null(s.fx);
	map_filled(s.fx, 0, 8, 'a');
	faulty_fail(&s.fx->env, nth, mode);
	for (unsigned step = 0; step < STEPS; step++) {
		play(&s, step);
		vm_check(s.fx->sys);
	}
	failed = s.fx->env.failures != 0;
	faulty_fail(&s.fx->env, 0, FAULTY_ONCE);
	assert_int_equal(load(s.fx, 7), 'a');
	for (unsigned i = 0; i < 4; i++) {
		if (s.kin[i] == NULL)
			continue;
		assert_int_equal(load_in(s.fx, s.kin[i], 7), 'a');
		vmspace_unref(s.kin[i]);
	}
	assert_null(fixture_destroy(s.fx));
	return failed;
}

/* Does nothing break, whichever request for memory fails between a fork, a
 * split of an object, a push down and a collapse? */
static void
test_every_allocation(void **state)
{
	(void)state;
	assert_true(fx_each_failure(play_with_failure) > 4);
}

/* Does a fork that fails leave private memory private: no part of it is shared
 * with anybody, so that its contents can be discarded?
 *
 *	[ share | copy, wired ]	the copy of the wired page finds no memory
 */
static void
test_fork_fails_after_share(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *c;
	uint64_t nth = 0;
	int error;

	map_filled(fx, 0, 4, 'a');
	assert_int_equal(vm_minherit(fx->vs, fx_va(0), 2 * FX_PAGE,
			     VM_INHERIT_SHARE),
	    VM_OK);
	do {
		assert_int_equal(store(fx, 0, 'a'), VM_OK);
		faulty_fail(&fx->env, ++nth, FAULTY_ON);
		error = vmspace_fork(fx->vs, &c);
		faulty_fail(&fx->env, 0, FAULTY_ONCE);
		if (error == VM_OK)
			break;
		assert_int_equal(vm_madvise(fx->vs, fx_va(0), FX_PAGE,
				     VM_MADV_DISCARD),
		    VM_OK);
		assert_int_equal(load(fx, 0), 0);
	} while (nth < 100);
	assert_int_equal(error, VM_OK);
	assert_int_equal(vm_madvise(fx->vs, fx_va(0), FX_PAGE, VM_MADV_DISCARD),
	    VM_OK);
	assert_int_equal(load(fx, 0), 'a');
	vmspace_unref(c);
}

/* Do the objects that are made for a space find their pages as its design
 * does, whatever the system prefers: the first of a chain, one above it, and
 * one slipped in below for a copy of wired memory?
 */
static void
test_page_index(void **state)
{
	struct fixture *fx = *state;
	const struct vm_layer *l;
	struct vmspace *c;

	fx->sys->pageindex = fx_is(&vm_design_mach) ? &vm_pageindex_radix :
						      &vm_pageindex_hash;
	map_filled(fx, 0, 2, 'a');
	c = fork_space(fx->vs);
	assert_int_equal(store(fx, 0, 'b'), VM_OK);
	assert_int_equal(store_in(fx, c, 0, 'c'), VM_OK);
	vmspace_unref(c);
	assert_int_equal(vm_mlock(fx->vs, fx_va(0), FX_PAGE), VM_OK);
	c = fork_space(fx->vs);
	assert_int_equal(store_in(fx, c, 1, 'd'), VM_OK);
	for (l = entry_of(fx->vs, 0)->layers.top; l != NULL; l = l->below)
		assert_ptr_equal(l->obj->pages.ops, fx_design->pageindex);
	for (l = entry_of(c, 0)->layers.top; l != NULL; l = l->below)
		assert_ptr_equal(l->obj->pages.ops, fx_design->pageindex);
	assert_int_equal(load_in(fx, c, 0), 'b');
	vmspace_unref(c);
}

int
main(void)
{
	const struct fx_test tests[] = {
		FX_TEST(test_sole_owner_page),
		FX_TEST_IN(freebsd, test_move),
		FX_TEST(test_leak),
		FX_TEST(test_partial_unmap),
		FX_TEST_IN(freebsd, test_one_mapping),
		FX_TEST_IN(freebsd, test_object_split),
		FX_TEST_IN(freebsd, test_collapse),
		FX_TEST_IN(freebsd, test_bypass),
		FX_TEST_IN(mach, test_collapse_at_fault),
		FX_TEST(test_generations),
		FX_TEST_IN(dragonfly, test_limit),
		FX_TEST_IN(dragonfly, test_complete_head),
		FX_TEST_IN(dragonfly, test_late_writer),
		FX_TEST_IN(dragonfly, test_limit_no_memory),
		FX_TEST_IN(dragonfly, test_cut_head),
		FX_TEST(test_discard_cuts),
		FX_TEST(test_unmap_below),
		FX_TEST(test_grow_used_twice),
		FX_TEST_IN(mach, test_collapse_cost),
		FX_TEST_IN(mach, test_merge_unlocked),
		FX_TEST(test_fork_again),
		FX_BARE(test_every_allocation),
		FX_TEST(test_fork_fails_after_share),
		FX_TEST_IN(mach, test_page_index),
		FX_TEST_IN(freebsd, test_page_index),
		FX_TEST_IN(dragonfly, test_page_index),
	};

	return FX_RUN("shadow", tests);
}
