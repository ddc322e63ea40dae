/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_checkpoint_test.c - checkpoints, branches, and the way back: what each
 * sees, what it costs, and that nothing is lost or left.
 */
#include "test/unit/base_test.h"
#include "test/unit/paging_fixture.h"
#include "vm/vm_map_rewind.h"
#include "vm/vm_wire.h"

/* ---- tools ---- */

static struct vm_checkpoint *
take(struct vmspace *vs)
{
	struct vm_checkpoint *cp;

	assert_int_equal(vm_checkpoint_take(vs, &cp), VM_OK);
	vm_check(vs->map.sys);
	return cp;
}

static struct vmspace *
branch(struct vm_checkpoint *cp)
{
	struct vmspace *vs;

	assert_int_equal(vm_checkpoint_branch(cp, &vs), VM_OK);
	vm_check(vs->map.sys);
	return vs;
}

static void
reset(struct vm_checkpoint *cp, struct vmspace *vs)
{
	assert_int_equal(vm_checkpoint_reset(cp, vs), VM_OK);
	vm_check(vs->map.sys);
}

static uint64_t
reset_pages(struct fixture *fx, struct vm_checkpoint *cp, struct vmspace *vs)
{
	uint64_t before = fx->sys->stats.reset_pages;

	reset(cp, vs);
	return fx->sys->stats.reset_pages - before;
}

static bool
all_are(struct fixture *fx, struct vmspace *vs, size_t page, size_t n, int byte)
{
	for (size_t i = page; i < page + n; i++) {
		if (!page_is(fx, vs, i, byte))
			return false;
	}
	return true;
}

/* What a page's entry has of its own, for comparison. */
struct attributes {
	bool mapped;
	vm_prot_t prot, max_prot;
	uint8_t inherit, advice, flags, marks;
	const struct vm_object *object;
	vm_pindex_t offset;
};

static void
attributes(struct vmspace *vs, size_t page, struct attributes *a)
{
	const struct vm_map_entry *e = entry_of(vs, page);

	memset(a, 0, sizeof(*a));
	if (e == NULL)
		return;
	a->mapped = true;
	a->prot = e->prot;
	a->max_prot = e->max_prot;
	a->inherit = e->inherit;
	a->advice = e->advice;
	a->flags = e->flags & (uint8_t)~VM_ENTRY_NEEDS_COPY;
	a->marks = e->marks;
	a->object = e->object;
	if (e->object != NULL)
		a->offset = e->offset + vm_entry_page(e, fx_va(page));
}

#define NATTRS 64
static void
all_attributes(struct vmspace *vs, struct attributes *a)
{
	for (size_t i = 0; i < NATTRS; i++)
		attributes(vs, i, &a[i]);
}

static void
assert_attributes(struct vmspace *vs, const struct attributes *was)
{
	struct attributes is[NATTRS];

	all_attributes(vs, is);
	for (size_t i = 0; i < NATTRS; i++)
		assert_memory_equal(&is[i], &was[i], sizeof(is[i]));
}

/* ---- contents ---- */

/* Do the space and its branches go their own ways from a checkpoint, and come
 * back, as often as one likes? */
static void
test_back(void **state)
{
	struct fixture *fx = *state;
	struct vm_checkpoint *cp;
	struct vmspace *a, *b;

	map_filled(fx, 0, 8, 'a');
	cp = take(fx->vs);
	a = branch(cp);
	b = branch(cp);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(store(fx, 1, 'x'), 0);
		assert_int_equal(store_in(fx, a, 1, 'y'), 0);
		assert_int_equal(store_in(fx, b, 7, 'z'), 0);
		assert_true(page_is(fx, fx->vs, 1, 'x'));
		assert_true(page_is(fx, a, 1, 'y'));
		assert_true(page_is(fx, b, 1, 'a'));
		reset(cp, fx->vs);
		reset(cp, a);
		reset(cp, b);
		assert_true(all_are(fx, fx->vs, 0, 8, 'a'));
		assert_true(all_are(fx, a, 0, 8, 'a'));
		assert_true(all_are(fx, b, 0, 8, 'a'));
	}
	assert_int_equal(fx->sys->stats.checkpoints, 1);
	assert_int_equal(fx->sys->stats.branches, 2);
	assert_int_equal(fx->sys->stats.resets, 9);
	vmspace_unref(a);
	vm_checkpoint_unref(cp);
	vmspace_unref(b);
	assert_int_equal(store(fx, 0, 'b'), 0);
	vm_check(fx->sys);
	assert_int_equal(fx->sys->charged_anon, 0);
}

/* Is memory that had no page zero again, also where some had? */
static void
test_untouched(void **state)
{
	struct fixture *fx = *state;
	struct vm_checkpoint *cp;

	assert_int_equal(map_anon(fx, 0, 300), VM_OK);
	assert_int_equal(map_anon(fx, 400, 4), VM_OK);
	assert_int_equal(store(fx, 401, 'a'), 0);
	cp = take(fx->vs);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(store(fx, 17, 'x'), 0);
		assert_int_equal(store(fx, 299, 'y'), 0);
		assert_int_equal(store(fx, 400, 'z'), 0);
		reset(cp, fx->vs);
		assert_true(page_is(fx, fx->vs, 17, 0));
		assert_true(page_is(fx, fx->vs, 299, 0));
		assert_true(page_is(fx, fx->vs, 400, 0));
		assert_true(page_is(fx, fx->vs, 401, 'a'));
	}
	vm_checkpoint_unref(cp);
}

/* Does a reset cost by the pages that were written, and leave the others mapped
 * as they are; in the space and in a branch, the first time and later? */
static void
test_cost(void **state)
{
	struct fixture *fx = *state;
	struct vm_checkpoint *cp;
	struct vmspace *b, *spaces[2];

	map_filled(fx, 0, 64, 'a');
	cp = take(fx->vs);
	b = branch(cp);
	spaces[0] = fx->vs;
	spaces[1] = b;
	for (size_t i = 0; i < 2; i++) {
		for (size_t n = 0; n < 64; n++)
			assert_int_equal(load_in(fx, spaces[i], n), 'a');
		assert_int_equal(reset_pages(fx, cp, spaces[i]), 0);
		for (int times = 0; times < 3; times++) {
			assert_int_equal(store_in(fx, spaces[i], 3, 'x'), 0);
			assert_int_equal(store_in(fx, spaces[i], 62, 'x'), 0);
			assert_int_equal(reset_pages(fx, cp, spaces[i]), 2);
			assert_null(mapping_of(spaces[i], 3).page);
			assert_non_null(mapping_of(spaces[i], 4).page);
			assert_true(all_are(fx, spaces[i], 0, 64, 'a'));
		}
	}
	assert_pages_used(fx, 64);
	vmspace_unref(b);
	vm_checkpoint_unref(cp);
}

/* Does a branch cost nothing by pages, and a checkpoint of a branch that was
 * not written either? */
static void
test_flat(void **state)
{
	struct fixture *fx = *state;
	uint64_t entries, pages = fx->sys->stats.pages_copied;
	struct vm_checkpoint *cp, *again;
	struct vmspace *b;

	map_filled(fx, 0, 100, 'a');
	cp = take(fx->vs);
	entries = fx->sys->stats.entries_allocated;
	b = branch(cp);
	again = take(b);
	assert_int_equal(fx->sys->stats.entries_allocated, entries + 2);
	assert_int_equal(fx->sys->stats.amap_copies, 0);
	assert_int_equal(fx->sys->stats.pages_copied, pages);
	assert_int_equal(pages_used(fx), 100);
	vmspace_unref(b);
	vm_checkpoint_unref(cp);
	vm_checkpoint_unref(again);
}

/* A hundred branches, each of the one before, which wrote a page: does each see
 * what it should, whichever goes first? */
#define DEPTH 100
static void
play_depth(struct fixture *fx)
{
	struct vm_checkpoint *cp[DEPTH];
	struct vmspace *vs = fx->vs, *next;
	int bytes[DEPTH][10];

	map_filled(fx, 0, 10, 'a');
	for (size_t i = 0; i < DEPTH; i++) {
		for (size_t n = 0; n < 10; n++)
			bytes[i][n] = i == 0 ? 'a' : bytes[i - 1][n];
		if (i != 0)
			bytes[i][(i - 1) % 10] = (int)i;
		assert_int_equal(vm_checkpoint_take(vs, &cp[i]), VM_OK);
		assert_int_equal(vm_checkpoint_branch(cp[i], &next), VM_OK);
		assert_int_equal(store_in(fx, next, i % 10, 1 + (int)i), 0);
		if (vs != fx->vs)
			vmspace_unref(vs);
		vs = next;
	}
	vm_check(fx->sys);
	for (size_t i = 0; i < 10; i++)
		assert_true(page_is(fx, vs, i, 91 + (int)i));
	for (size_t k = 0; k < DEPTH; k++) {
		size_t i = k * 37 % DEPTH; /* each once */

		assert_int_equal(vm_checkpoint_reset(cp[i], vs), VM_OK);
		for (size_t n = 0; n < 10; n++)
			assert_true(page_is(fx, vs, n, bytes[i][n]));
		vm_checkpoint_unref(cp[i]);
	}
	vm_check(fx->sys);
	vmspace_unref(vs);
	assert_true(all_are(fx, fx->vs, 0, 10, 'a'));
	assert_pages_used(fx, 10);
}

static void
test_depth(void **state)
{
	struct fixture *fx = fixture_of(2048);

	(void)state;
	assert_non_null(fx);
	play_depth(fx);
	assert_null(fixture_destroy(fx));
}

/* Is a clone turned back only to what it was cloned from, when that has been
 * written to after its checkpoint went? */
static void
test_names(void **state)
{
	struct fixture *fx = *state;
	struct vm_checkpoint *cp;
	struct vmspace *b;

	map_filled(fx, 0, 8, 'a');
	cp = take(fx->vs);
	b = branch(cp);
	assert_int_equal(store_in(fx, b, 0, 'b'), 0);
	vm_checkpoint_unref(cp);
	assert_int_equal(store(fx, 1, 'x'), 0);
	assert_int_equal(store(fx, 2, 'x'), 0);
	cp = take(fx->vs);
	reset(cp, b);
	assert_true(page_is(fx, b, 0, 'a'));
	assert_true(page_is(fx, b, 1, 'x'));
	assert_true(page_is(fx, b, 2, 'x'));
	assert_true(all_are(fx, b, 3, 5, 'a'));
	vm_checkpoint_unref(cp);
	vmspace_unref(b);
}

/* Is what forks and further checkpoints have of the space left alone? */
static void
test_relatives(void **state)
{
	struct fixture *fx = *state;
	struct vm_checkpoint *first, *second;
	struct vmspace *child;

	map_filled(fx, 0, 8, 'a');
	first = take(fx->vs);
	assert_int_equal(store(fx, 0, 'b'), 0);
	child = fork_space(fx->vs);
	second = take(fx->vs);
	assert_int_equal(store(fx, 1, 'c'), 0);
	assert_int_equal(store_in(fx, child, 2, 'd'), 0);
	reset(first, fx->vs);
	assert_true(all_are(fx, fx->vs, 0, 8, 'a'));
	assert_true(page_is(fx, child, 0, 'b'));
	assert_true(page_is(fx, child, 1, 'a'));
	assert_true(page_is(fx, child, 2, 'd'));
	reset(second, fx->vs);
	assert_true(page_is(fx, fx->vs, 0, 'b'));
	assert_true(all_are(fx, fx->vs, 1, 7, 'a'));
	reset(first, child);
	assert_true(all_are(fx, child, 0, 8, 'a'));
	vm_checkpoint_unref(first);
	vmspace_unref(child);
	reset(second, fx->vs);
	assert_true(page_is(fx, fx->vs, 0, 'b'));
	vm_checkpoint_unref(second);
}

/* ---- mappings and attributes ---- */

static void
change_all(struct fixture *fx)
{
	vaddr_t now;

	for (size_t i = 0; i < 40; i += 3)
		(void)store(fx, i, 'x');
	assert_int_equal(unmap(fx, 4, 3), VM_OK);
	assert_int_equal(unmap(fx, 30, 20), VM_OK);
	assert_int_equal(map_anon(fx, 5, 1), VM_OK);
	assert_int_equal(map_anon(fx, 44, 10), VM_OK);
	assert_int_equal(store(fx, 45, 'x'), 0);
	assert_int_equal(protect(fx, 10, 2, VM_PROT_READ), VM_OK);
	(void)vm_minherit(fx->vs, fx_va(14), FX_PAGE, VM_INHERIT_ZERO);
	assert_int_equal(vm_madvise(fx->vs, fx_va(16), FX_PAGE, VM_MADV_RANDOM),
	    VM_OK);
	assert_int_equal(vm_madvise(fx->vs, fx_va(2), FX_PAGE, VM_MADV_DISCARD),
	    VM_OK);
	assert_int_equal(map_file(fx, 20, 1, VM_MMAP_PRIVATE, 1), VM_OK);
	(void)vm_mimmutable(fx->vs, fx_va(8), FX_PAGE);
	assert_int_equal(vm_brk(fx->vs, fx_va(60), &now), VM_OK);
	fx->vs->map.size_limit = 1 << 30;
	(void)vm_mlockall(fx->vs, VM_MCL_FUTURE);
}

/* Are unmapped, mapped and protected ranges, attributes, the break and limits
 * again what they were; whatever children inherit? */
static void
test_mappings(void **state)
{
	struct fixture *fx = *state;
	struct attributes was[NATTRS];
	struct vm_checkpoint *cp;
	struct vmspace *b;

	map_filled(fx, 0, 20, 'a');
	assert_int_equal(map_file(fx, 20, 6, VM_MMAP_PRIVATE, 0), VM_OK);
	assert_int_equal(store(fx, 21, 'b'), 0);
	map_filled(fx, 30, 10, 'c');
	assert_int_equal(protect(fx, 33, 2, VM_PROT_READ), VM_OK);
	assert_int_equal(vm_minherit(fx->vs, fx_va(36), 2 * FX_PAGE,
			     VM_INHERIT_NONE),
	    VM_OK);
	assert_int_equal(map_prot(fx->vs, 40, 4, VM_PROT_NONE,
			     VM_MMAP_PRIVATE |
				 (fx_is(&vm_design_freebsd) ? VM_MMAP_GUARD :
							      0)),
	    VM_OK);
	fx->vs->brk_start = fx->vs->brk_end = fx_va(58);
	all_attributes(fx->vs, was);
	cp = take(fx->vs);
	b = branch(cp);
	for (int i = 0; i < 2; i++) {
		change_all(fx);
		reset(cp, fx->vs);
		assert_attributes(fx->vs, was);
		assert_attributes(b, was);
		assert_true(all_are(fx, fx->vs, 0, 20, 'a'));
		assert_true(page_is(fx, fx->vs, 20, 'A'));
		assert_true(page_is(fx, fx->vs, 21, 'b'));
		assert_true(page_is(fx, fx->vs, 25, 'F'));
		assert_true(all_are(fx, fx->vs, 30, 10, 'c'));
		assert_true(fx->vs->brk_end == fx_va(58));
		assert_true(fx->vs->map.size_limit == UINT64_MAX);
		assert_int_equal(fx->vs->map.wire_future, VM_FUTURE_PLAIN);
	}
	assert_true(page_is(fx, b, 37, 'c'));
	assert_true(page_is(fx, b, 21, 'b'));
	vmspace_unref(b);
	vm_checkpoint_unref(cp);
}

static void
move(struct fixture *fx, size_t from, size_t n, size_t to)
{
	struct vm_map *map = fx_map(fx);

	vm_map_lock(map);
	assert_int_equal(vm_map_move(map, fx_va(from), n * FX_PAGE, fx_va(to)),
	    VM_OK);
	vm_map_unlock(map);
	vm_check(fx->sys);
}

/* Does memory that went elsewhere, and came to the place of its like, return;
 * written to since or not?
 *
 *	[ a b ]	 ->  [ b a ]
 */
static void
test_moved(void **state)
{
	struct fixture *fx = *state;
	struct vm_checkpoint *cp;

	map_filled(fx, 0, 8, 'a');
	for (size_t i = 4; i < 8; i++)
		assert_int_equal(store(fx, i, 'b'), 0);
	cp = take(fx->vs);
	for (size_t i = 0; i < 8; i++) {
		if (i % 2 == 0)
			assert_int_equal(store(fx, i, 'x'), 0);
		move(fx, 0, 4, 20);
		move(fx, 4, 4, 0);
		move(fx, 20, 4, 4);
		assert_true(page_is(fx, fx->vs, 3, 'b'));
		assert_true(page_is(fx, fx->vs, 7, 'a'));
		reset(cp, fx->vs);
		assert_true(all_are(fx, fx->vs, 0, 4, 'a'));
		assert_true(all_are(fx, fx->vs, 4, 4, 'b'));
	}
	vm_checkpoint_unref(cp);
}

/* Does a heap that grew come back short, and the rest cost what was written? */
static void
test_heap(void **state)
{
	struct fixture *fx = *state;
	struct vm_checkpoint *cp;
	vaddr_t now;

	fx->vs->brk_start = fx->vs->brk_end = fx_va(0);
	assert_int_equal(vm_brk(fx->vs, fx_va(32), &now), VM_OK);
	for (size_t i = 0; i < 32; i++)
		assert_int_equal(store(fx, i, 'a'), 0);
	cp = take(fx->vs);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(store(fx, 5, 'b'), 0);
		assert_int_equal(vm_brk(fx->vs, fx_va(36), &now), VM_OK);
		for (size_t n = 32; n < 36; n++)
			assert_int_equal(store(fx, n, 'b'), 0);
		assert_in_range(reset_pages(fx, cp, fx->vs), 5,
		    fx_is_uvm() ? 5 : 36);
		assert_true(fx->vs->brk_end == fx_va(32));
		assert_true(all_are(fx, fx->vs, 0, 32, 'a'));
		assert_int_equal(load(fx, 33), -VM_EFAULT);
	}
	vm_checkpoint_unref(cp);
}

/* Does shared memory stay shared, by mapping and by inheritance, and keep what
 * was written? */
static void
test_shared(void **state)
{
	struct fixture *fx = *state;
	struct vm_checkpoint *cp;
	struct vmspace *b, *child;

	assert_int_equal(map_shared(fx, 0, 2), VM_OK);
	assert_int_equal(map_file(fx, 2, 2, VM_MMAP_SHARED, 0), VM_OK);
	map_filled(fx, 4, 2, 'p');
	map_filled(fx, 10, 2, 'q');
	assert_int_equal(vm_minherit(fx->vs, fx_va(4), 2 * FX_PAGE,
			     VM_INHERIT_SHARE),
	    VM_OK);
	child = fork_space(fx->vs);
	cp = take(fx->vs);
	b = branch(cp);
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(store(fx, i, 'x'), 0);
	assert_int_equal(store(fx, 10, 'x'), 0);
	for (size_t i = 0; i < 6; i++)
		assert_true(page_is(fx, b, i, 'x'));
	assert_true(page_is(fx, b, 10, 'q'));
	reset(cp, fx->vs);
	for (size_t i = 0; i < 6; i++)
		assert_true(page_is(fx, fx->vs, i, 'x'));
	assert_true(page_is(fx, fx->vs, 10, 'q'));
	assert_int_equal(store(fx, 4, 'y'), 0);
	assert_true(page_is(fx, child, 4, 'y'));
	assert_true(page_is(fx, b, 4, 'y'));
	vmspace_unref(child);
	vm_checkpoint_unref(cp);
	assert_int_equal(store_in(fx, b, 5, 'z'), 0);
	assert_true(page_is(fx, fx->vs, 5, 'z'));
	vmspace_unref(b);
}

/* Is locked memory locked again, with what it had, and not in a branch?  And
 * what was locked since not any more? */
static void
test_wired(void **state)
{
	struct fixture *fx = *state;
	struct vm_checkpoint *cp;
	struct vmspace *b;
	struct vm_held held;

	map_filled(fx, 0, 8, 'a');
	assert_int_equal(vm_mlock(fx->vs, fx_va(2), 2 * FX_PAGE), VM_OK);
	cp = take(fx->vs);
	b = branch(cp);
	assert_false(vm_entry_is_wired(entry_of(b, 2)));
	for (int i = 0; i < 2; i++) {
		assert_int_equal(vm_munlock(fx->vs, fx_va(3), FX_PAGE), VM_OK);
		assert_int_equal(vm_mlock(fx->vs, fx_va(5), FX_PAGE), VM_OK);
		for (size_t n = 0; n < 8; n++)
			assert_int_equal(store(fx, n, 'x'), 0);
		assert_int_equal(vm_vslock(fx->vs, fx_va(6), FX_PAGE,
				     VM_PROT_WRITE, &held),
		    VM_OK);
		reset(cp, fx->vs);
		assert_true(all_are(fx, fx->vs, 0, 8, 'a'));
		assert_true(mapping_of(fx->vs, 2).wired);
		assert_true(mapping_of(fx->vs, 3).wired);
		assert_false(vm_entry_is_wired(entry_of(fx->vs, 5)));
		vm_vsunlock(fx->vs, &held);
		vm_check(fx->sys);
		assert_int_equal(charged_wired(fx), 2);
	}
	assert_true(all_are(fx, b, 0, 8, 'a'));
	vmspace_unref(b);
	vm_checkpoint_unref(cp);
	assert_int_equal(vm_munlockall(fx->vs), VM_OK);
	assert_int_equal(charged_wired(fx), 0);
}

/* Is locked memory made anew refused when no more may be locked, and nothing
 * changed then? */
static void
test_wired_refused(void **state)
{
	struct fixture *fx = *state;
	struct vm_checkpoint *cp;
	struct vmspace *other;
	size_t n = 0;

	map_filled(fx, 0, 8, 'a');
	assert_int_equal(vm_mlock(fx->vs, fx_va(0), 8 * FX_PAGE), VM_OK);
	cp = take(fx->vs);
	assert_int_equal(vm_munlock(fx->vs, fx_va(0), 8 * FX_PAGE), VM_OK);
	assert_int_equal(store(fx, 1, 'x'), 0);
	assert_int_equal(vmspace_create(fx->sys, fx_design, &other), VM_OK);
	assert_int_equal(map_prot(other, 0, 512, VM_PROT_RW, VM_MMAP_PRIVATE),
	    VM_OK);
	while (vm_mlock_onfault(other, fx_va(n), FX_PAGE) == VM_OK)
		n++;
	assert_int_equal(vm_checkpoint_reset(cp, fx->vs), VM_EAGAIN);
	vm_check(fx->sys);
	assert_true(page_is(fx, fx->vs, 1, 'x'));
	vmspace_unref(other);
	reset(cp, fx->vs);
	assert_true(page_is(fx, fx->vs, 1, 'a'));
	vm_checkpoint_unref(cp);
}

/* Where memory is not overcommitted: does a checkpoint count as a space, and a
 * reset only for what comes back beyond what goes? */
static void
test_promised(void **state)
{
	struct fixture *fx = *state;
	struct vm_checkpoint *cp, *again;
	struct vmspace *other;
	struct vm_charge is, max;
	size_t n, half;

	vm_system_overcommit(fx->sys, false);
	vm_charge_get(fx->sys, &is, &max);
	half = max.anon / 2;
	assert_int_equal(map_anon(fx, 0, half), VM_OK);
	assert_int_equal(store(fx, 1, 'a'), 0);
	cp = take(fx->vs);
	assert_int_equal(vm_checkpoint_take(fx->vs, &again), VM_ENOMEM);
	for (n = 0; n < half; n += 2)
		assert_int_equal(unmap(fx, n, 1), VM_OK);
	assert_int_equal(map_anon(fx, half, half / 2), VM_OK);
	reset(cp, fx->vs);
	assert_int_equal(fx->sys->charged_anon, 2 * half);
	assert_int_equal(load(fx, 1), 'a');
	vmspace_reset(fx->vs);
	assert_int_equal(vmspace_create(fx->sys, fx_design, &other), VM_OK);
	assert_int_equal(fx_map_at(fx, other, 0, half, VM_MMAP_PRIVATE, NULL,
			     0),
	    VM_OK);
	assert_int_equal(vm_checkpoint_reset(cp, fx->vs), VM_ENOMEM);
	vm_check(fx->sys);
	assert_int_equal(entries(fx->vs), 0);
	vmspace_unref(other);
	reset(cp, fx->vs);
	assert_int_equal(load(fx, 1), 'a');
	vm_checkpoint_unref(cp);
	assert_int_equal(fx->sys->charged_anon, half);
}

/* Does a space of another design, or of another system, stay out? */
static void
test_strangers(void **state)
{
	struct fixture *fx = *state, *elsewhere;
	struct vm_checkpoint *cp;
	struct vmspace *vs;
	const struct vm_design *other = fx_is_uvm() ? &vm_design_mach :
						      &vm_design_netbsd;

	map_filled(fx, 0, 2, 'a');
	cp = take(fx->vs);
	assert_int_equal(vmspace_create(fx->sys, other, &vs), VM_OK);
	assert_int_equal(vm_checkpoint_reset(cp, vs), VM_EINVAL);
	vmspace_unref(vs);
	elsewhere = fixture_of(FX_FRAMES);
	assert_int_equal(vm_checkpoint_reset(cp, elsewhere->vs), VM_EINVAL);
	assert_null(fixture_destroy(elsewhere));
	vm_checkpoint_ref(cp);
	vm_checkpoint_unref(cp);
	vm_checkpoint_unref(cp);
}

/* ---- paging ---- */

/* Do pages come back from swap for who needs them, and swap and pages at once
 * when the last goes? */
static void
test_paged(void **state)
{
	struct fixture *fx = *state;
	struct vm_checkpoint *cp;
	struct vmspace *b;

	assert_int_equal(fixture_swap(fx, 0, 256, 0), VM_OK);
	map_filled(fx, 0, 16, 'a');
	cp = take(fx->vs);
	b = branch(cp);
	for (size_t i = 0; i < 8; i++) {
		assert_int_equal(store(fx, i, 'x'), 0);
		assert_int_equal(store_in(fx, b, 8 + i, 'y'), 0);
	}
	soft_forget(fx->machine);
	page_out(fx);
	assert_int_equal(pages_used(fx), 0);
	assert_int_equal(vm_swap_in_use(fx->sys), 32);
	reset(cp, fx->vs);
	if (fx_design->cow->prompt)
		assert_int_equal(vm_swap_in_use(fx->sys), 24);
	assert_true(all_are(fx, fx->vs, 0, 16, 'a'));
	assert_int_equal(store(fx, 0, 'x'), 0);
	vmspace_unref(b);
	vm_checkpoint_unref(cp);
	assert_true(page_is(fx, fx->vs, 0, 'x'));
	assert_true(all_are(fx, fx->vs, 1, 15, 'a'));
	vm_check(fx->sys);
	vmspace_reset(fx->vs);
	assert_int_equal(pages_used(fx), 0);
	assert_int_equal(vm_swap_in_use(fx->sys), 0);
}

/* Can the space be reset while what it wrote is being written out; and a device
 * be taken away under a checkpoint? */
static void
test_under_way(void **state)
{
	struct fixture *fx = *state;
	struct vm_checkpoint *cp;

	assert_int_equal(fixture_swap(fx, 0, 256, 0), VM_OK);
	map_filled(fx, 0, 4, 'a');
	cp = take(fx->vs);
	map_filled(fx, 4, 4, 'b');
	assert_int_equal(store(fx, 1, 'x'), 0);
	soft_forget(fx->machine);
	begin_page_out(fx);
	reset(cp, fx->vs);
	let_all_go(fx);
	vm_check(fx->sys);
	page_out(fx);
	assert_int_equal(vm_swapoff(fx->sys, fx->swaps[0].id), VM_OK);
	vm_check(fx->sys);
	assert_true(all_are(fx, fx->vs, 0, 4, 'a'));
	assert_int_equal(load(fx, 4), -VM_EFAULT);
	vm_checkpoint_unref(cp);
}

/* Is nobody asked to end for what a checkpoint has? */
static void
test_no_victim(void **state)
{
	struct fixture *fx = *state;
	struct vm_checkpoint *cp;
	struct vm_oom_size size;

	map_filled(fx, 0, 16, 'a');
	cp = take(fx->vs);
	vmspace_reset(fx->vs);
	assert_null(vm_oom_largest(fx->sys, &size));
	reset(cp, fx->vs);
	assert_true(all_are(fx, fx->vs, 0, 16, 'a'));
	vm_checkpoint_unref(cp);
}

/* ---- memory fails ---- */

/* Whatever allocation fails: is the space what it was, or what it is to be? */
static bool
play_failure(uint64_t n, enum faulty_mode mode)
{
	struct fixture *fx = fixture_of(FX_FRAMES);
	struct vm_checkpoint *cp = NULL, *again = NULL;
	struct vmspace *b = NULL;
	bool failed;
	int error;

	assert_non_null(fx);
	map_filled(fx, 0, 20, 'a');
	assert_int_equal(map_shared(fx, 30, 2), VM_OK);
	assert_int_equal(vm_mlock(fx->vs, fx_va(10), FX_PAGE), VM_OK);
	assert_int_equal(vm_checkpoint_take(fx->vs, &cp), VM_OK);
	assert_int_equal(unmap(fx, 3, 2), VM_OK);
	assert_int_equal(protect(fx, 7, 2, VM_PROT_READ), VM_OK);
	assert_int_equal(store(fx, 15, 'x'), 0);
	assert_int_equal(map_anon(fx, 18, 8), VM_OK);
	assert_int_equal(vm_madvise(fx->vs, fx_va(0), FX_PAGE, VM_MADV_DISCARD),
	    VM_OK);
	faulty_fail(&fx->env, n, mode);
	(void)vm_checkpoint_take(fx->vs, &again);
	(void)vm_checkpoint_branch(cp, &b);
	error = vm_checkpoint_reset(cp, fx->vs);
	failed = fx->env.failures != 0;
	faulty_fail(&fx->env, 0, FAULTY_ONCE);
	vm_check(fx->sys);
	if (error == 0) {
		assert_true(all_are(fx, fx->vs, 0, 20, 'a'));
		assert_int_equal(load(fx, 20), -VM_EFAULT);
	} else {
		assert_int_equal(error, VM_ENOMEM);
		assert_true(page_is(fx, fx->vs, 15, 'x'));
		assert_true(page_is(fx, fx->vs, 0, 0));
		assert_int_equal(load(fx, 3), -VM_EFAULT);
		assert_int_equal(store(fx, 7, 'x'), VM_EACCES);
		assert_int_equal(store(fx, 25, 'x'), 0);
	}
	if (b != NULL) {
		assert_true(all_are(fx, b, 0, 20, 'a'));
		vmspace_unref(b);
	}
	if (again != NULL) {
		assert_int_equal(vm_checkpoint_reset(again, fx->vs), VM_OK);
		assert_true(page_is(fx, fx->vs, 15, 'x'));
		vm_checkpoint_unref(again);
	}
	vm_checkpoint_unref(cp);
	vm_check(fx->sys);
	assert_null(fixture_destroy(fx));
	return failed;
}

static void
test_every_allocation(void **state)
{
	(void)state;
	assert_true(fx_each_failure(play_failure) > 0);
}

/* ---- at random, beside a model ---- */

#define NPAGES  40
#define NSPACES 4
#define NPOINTS 4

struct cell {
	int byte; /* -1: not mapped */
	bool writable;
};

struct world {
	struct fixture *fx;
	struct vmspace *spaces[NSPACES];
	struct vm_checkpoint *points[NPOINTS];
	struct cell space_cells[NSPACES][NPAGES], point_cells[NPOINTS][NPAGES];
};

static void
verify_space(struct world *w, size_t i)
{
	for (size_t n = 0; n < NPAGES; n++) {
		const struct cell *c = &w->space_cells[i][n];

		verify(load_in(w->fx, w->spaces[i], n) ==
		    (c->byte < 0 ? -VM_EFAULT : c->byte));
	}
}

static void
play_store(struct world *w, size_t i, size_t page)
{
	struct cell *c = &w->space_cells[i][page];
	int byte = 1 + (int)random_below(250);
	int error = store_in(w->fx, w->spaces[i], page, byte);

	verify(error ==
	    (c->byte < 0         ? VM_EFAULT :
		    !c->writable ? VM_EACCES :
				   0));
	if (error == 0)
		c->byte = byte;
}

static void
play_range(struct world *w, size_t i, size_t page, size_t n)
{
	struct vmspace *vs = w->spaces[i];
	struct cell *c = &w->space_cells[i][page];
	size_t what = random_below(6);

	for (size_t k = 0; what >= 2 && k < n; k++) {
		if (c[k].byte < 0)
			return; /* holes are another test's */
	}
	if (what == 0)
		assert_int_equal(fx_map_at(w->fx, vs, page, n, VM_MMAP_PRIVATE,
				     NULL, 0),
		    VM_OK);
	else if (what == 1)
		assert_int_equal(vm_munmap(vs, fx_va(page), n * FX_PAGE),
		    VM_OK);
	else if (what == 2 || what == 3)
		assert_int_equal(vm_mprotect(vs, fx_va(page), n * FX_PAGE,
				     what == 2 ? VM_PROT_READ : VM_PROT_RW),
		    VM_OK);
	else if (what == 4)
		(void)vm_mlock(vs, fx_va(page), n * FX_PAGE);
	else
		(void)vm_munlock(vs, fx_va(page), n * FX_PAGE);
	for (size_t k = 0; k < n; k++) {
		if (what < 2)
			c[k] = (struct cell){ what == 0 ? 0 : -1, true };
		else if (what < 4)
			c[k].writable = what == 3;
	}
}

/* A new space, from an old one or from a checkpoint. */
static void
play_new(struct world *w, struct vmspace *from, const struct cell *cells)
{
	size_t i = random_below(NSPACES);

	vmspace_unref(w->spaces[i]);
	memcpy(w->space_cells[i], cells, sizeof(w->space_cells[i]));
	w->spaces[i] = from;
}

static void
play_point(struct world *w, size_t i, size_t k)
{
	size_t size = sizeof(w->space_cells[i]);

	if (w->points[k] == NULL) {
		if (vm_checkpoint_take(w->spaces[i], &w->points[k]) == VM_OK)
			memcpy(w->point_cells[k], w->space_cells[i], size);
		return;
	}
	switch (random_below(5)) {
	case 0:
		vm_checkpoint_unref(w->points[k]);
		w->points[k] = NULL;
		break;
	case 1:
		play_new(w, branch(w->points[k]), w->point_cells[k]);
		break;
	default:
		if (vm_checkpoint_reset(w->points[k], w->spaces[i]) != VM_OK)
			break;
		memcpy(w->space_cells[i], w->point_cells[k], size);
		if (random_below(2) == 0)
			verify_space(w, i);
	}
}

static void
play_step(struct world *w)
{
	size_t i = random_below(NSPACES), page = random_below(NPAGES);
	size_t n = 1 + random_below(NPAGES - page);
	struct cell cells[NPAGES];

	switch (random_below(16)) {
	case 0:
		memcpy(cells, w->space_cells[i], sizeof(cells));
		play_new(w, fork_space(w->spaces[i]), cells);
		break;
	case 1:
		soft_forget(w->fx->machine);
		page_out(w->fx);
		break;
	case 2:
	case 3:
		play_range(w, i, page, n < 9 ? n : 9);
		break;
	case 4:
	case 5:
	case 6:
	case 7:
		play_point(w, i, random_below(NPOINTS));
		break;
	default:
		play_store(w, i, page);
		break;
	}
}

static void
play_world(uint64_t seed)
{
	struct world w = { 0 };

	random_start(seed);
	w.fx = fixture_of(1024);
	assert_non_null(w.fx);
	assert_int_equal(fixture_swap(w.fx, 0, 1024, 0), VM_OK);
	memset(w.space_cells, 0xff, sizeof(w.space_cells));
	for (size_t i = 0; i < NSPACES; i++)
		assert_int_equal(vmspace_create(w.fx->sys, fx_design,
				     &w.spaces[i]),
		    VM_OK);
	assert_int_equal(fx_map_at(w.fx, w.spaces[0], 0, NPAGES / 2,
			     VM_MMAP_PRIVATE, NULL, 0),
	    VM_OK);
	for (size_t n = 0; n < NPAGES / 2; n++)
		w.space_cells[0][n] = (struct cell){ 0, true };
	for (unsigned step = 0; step < 300; step++) {
		play_step(&w);
		if (step % 10 == 0)
			vm_check(w.fx->sys);
	}
	for (size_t i = 0; i < NSPACES; i++) {
		verify_space(&w, i);
		vmspace_unref(w.spaces[i]);
	}
	for (size_t k = 0; k < NPOINTS; k++) {
		if (w.points[k] != NULL)
			vm_checkpoint_unref(w.points[k]);
	}
	vm_check(w.fx->sys);
	assert_null(fixture_destroy(w.fx));
}

/* Does everything see what it should, whatever happens? */
static void
test_random(void **state)
{
	uint64_t n = test_seeds(20);

	(void)state;
	for (uint64_t seed = 1; seed <= n; seed++)
		play_world(seed);
}

int
main(void)
{
	static const struct fx_test tests[] = {
		FX_TEST(test_back),
		FX_TEST(test_untouched),
		FX_TEST(test_cost),
		FX_TEST(test_flat),
		FX_BARE(test_depth),
		FX_TEST(test_names),
		FX_TEST(test_relatives),
		FX_TEST(test_mappings),
		FX_TEST(test_moved),
		FX_TEST(test_heap),
		FX_TEST(test_shared),
		FX_TEST(test_wired),
		FX_TEST(test_wired_refused),
		FX_TEST(test_promised),
		FX_TEST(test_strangers),
		FX_TEST(test_paged),
		FX_TEST(test_under_way),
		FX_TEST(test_no_victim),
		FX_BARE(test_every_allocation),
		FX_BARE(test_random),
	};

	return FX_RUN("vm_checkpoint", tests);
}
