/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_map_test.c - entries: inserting, merging, cutting, removing, protecting,
 * moving, room.
 *
 * In the pictures letters are entries, dots are free pages; page 0 is left.
 */
#include "test/unit/base_test.h"
#include "test/unit/fixture.h"

/* The map as text: entries are a, b, c, ... in order. */
static const char *
picture(struct fixture *fx, size_t npages)
{
	static char text[FX_CELLS + 1];
	struct vm_map_entry *last = NULL, *e;
	char letter = 'a' - 1;

	for (size_t i = 0; i < npages; i++) {
		e = entry_of(fx->vs, i);
		letter = (char)(letter + (e != NULL && e != last));
		if (e != NULL)
			last = e;
		text[i] = e == NULL ? '.' : letter;
	}
	text[npages] = '\0';
	return text;
}

#define assert_picture(fx, text) \
	assert_string_equal(picture(fx, strlen(text)), text)

static int
insert(struct fixture *fx, const struct vm_map_insert_args *a, vaddr_t *at)
{
	struct vm_map_dead dead;
	int error;

	vm_map_dead_init(&dead);
	vm_map_lock(fx_map(fx));
	error = vm_map_insert(fx_map(fx), a, &dead, at);
	vm_map_unlock(fx_map(fx));
	vm_map_bury(fx_map(fx), &dead);
	return error;
}

static struct vm_map_insert_args
anon_args(size_t page, size_t n)
{
	return (struct vm_map_insert_args){
		.start = fx_va(page),
		.len = n * FX_PAGE,
		.prot = VM_PROT_RW,
		.max_prot = VM_PROT_ALL,
		.inherit = VM_INHERIT_COPY,
		.flags = VM_ENTRY_COW,
		.fixed = true,
	};
}

/* Whether entries are joined whenever they have become alike. */
static bool
joins_late(struct fixture *fx)
{
	return fx_map(fx)->design->merge == VM_MERGE_ALIKE;
}

/* Do like neighbours become one entry, in either order?
 *
 *	..aa....  ..aaaa..  aaaaaa..
 */
static void
test_insert_merges(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(map_anon(fx, 2, 2), VM_OK);
	assert_picture(fx, "..aa....");
	assert_int_equal(map_anon(fx, 4, 2), VM_OK);
	assert_picture(fx, "..aaaa..");
	assert_int_equal(map_anon(fx, 0, 2), VM_OK);
	/* 4.4BSD joins what is new to the one before it, and that is all. */
	assert_picture(fx, joins_late(fx) ? "aaaaaa.." : "aabbbb..");
	assert_int_equal(fx->sys->stats.entries_merged, joins_late(fx) ? 2 : 1);
}

/* Do mappings of one object merge only where its pages go on?
 *
 *	object	0 1 2 3 . 6 7
 *	map	a a a a b b b
 */
static void
test_insert_merges_object(void **state)
{
	struct fixture *fx = *state;
	struct vm_object *obj = anon_object(fx);

	assert_int_equal(fx_map_at(fx, fx->vs, 0, 2, VM_MMAP_SHARED, obj, 0),
	    VM_OK);
	assert_int_equal(fx_map_at(fx, fx->vs, 2, 2, VM_MMAP_SHARED, obj, 2),
	    VM_OK);
	assert_int_equal(fx_map_at(fx, fx->vs, 4, 3, VM_MMAP_SHARED, obj, 6),
	    VM_OK);
	assert_picture(fx, joins_late(fx) ? "aaaabbb" : "aabbccc");
	assert_int_equal(obj->refs, joins_late(fx) ? 3 : 4);
	vm_object_unref(obj);
}

/* Is what differs kept apart? */
static void
test_insert_keeps_apart(void **state)
{
	struct fixture *fx = *state;
	struct vm_map_insert_args a = anon_args(2, 2);
	vaddr_t at;

	assert_int_equal(map_anon(fx, 0, 2), VM_OK);
	a.flags |= VM_ENTRY_LOCKED;
	assert_int_equal(insert(fx, &a, &at), VM_OK);
	assert_picture(fx, "aabb");
	a = anon_args(4, 2);
	a.prot = VM_PROT_READ;
	assert_int_equal(insert(fx, &a, &at), VM_OK);
	a = anon_args(6, 2);
	a.prot = VM_PROT_READ;
	a.max_prot = VM_PROT_READ;
	assert_int_equal(insert(fx, &a, &at), VM_OK);
	assert_true(entries(fx->vs) >= 3);
	assert_ptr_not_equal(entry_of(fx->vs, 4), entry_of(fx->vs, 6));
}

/* Does a fixed insert replace what is there, at one moment?
 *
 *	aaaaaa	->  aabbba
 */
static void
test_insert_replaces(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(map_anon(fx, 0, 6), VM_OK);
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(store(fx, i, 'x'), VM_OK);
	assert_int_equal(map_shared(fx, 2, 3), VM_OK);
	assert_picture(fx, "aabbbc");
	assert_int_equal(load(fx, 1), 'x');
	assert_int_equal(load(fx, 2), 0);
	assert_int_equal(load(fx, 5), 'x');
}

/* What does inserting refuse? */
static void
test_insert_errors(void **state)
{
	struct fixture *fx = *state;
	struct vm_map_insert_args a = anon_args(2, 4);
	vaddr_t at;

	assert_int_equal(map_anon(fx, 0, 4), VM_OK);
	assert_int_equal(insert(fx, &a, &at), VM_EEXIST);
	a = anon_args(FX_CELLS - 1, 2);
	assert_int_equal(insert(fx, &a, &at), VM_EINVAL);
	a.start = UINT64_MAX - FX_PAGE + 1;
	assert_int_equal(insert(fx, &a, &at), VM_EINVAL);
	a.start = FX_BASE - FX_PAGE;
	assert_int_equal(insert(fx, &a, &at), VM_EINVAL);
	a = anon_args(0, FX_CELLS);
	a.fixed = false;
	assert_int_equal(insert(fx, &a, &at), VM_ENOMEM);
	fx_map(fx)->size_limit = 5 * FX_PAGE;
	a = anon_args(10, 2);
	assert_int_equal(insert(fx, &a, &at), VM_ENOMEM);
	a = anon_args(10, 1);
	assert_int_equal(insert(fx, &a, &at), VM_OK);
}

/* Does an insert without memory leave what it was to replace? */
static void
test_insert_without_memory(void **state)
{
	struct fixture *fx = *state;
	struct vm_map_insert_args a = anon_args(2, 2);
	vaddr_t at;
	uint64_t nth = 0;
	int error;

	assert_int_equal(map_shared(fx, 0, 8), VM_OK);
	assert_int_equal(store(fx, 3, 'x'), VM_OK);
	a.replace = true;
	do {
		faulty_fail(&fx->env, ++nth, FAULTY_ON);
		error = insert(fx, &a, &at);
		faulty_fail(&fx->env, 0, FAULTY_ONCE);
		if (error != VM_OK) {
			assert_int_equal(error, VM_ENOMEM);
			assert_picture(fx, "aaaaaaaa");
			assert_int_equal(load(fx, 3), 'x');
		}
	} while (error != VM_OK);
}

/* Where is room looked for: at the hint, else above all, else below? */
static void
test_findspace(void **state)
{
	struct fixture *fx = *state;
	struct vm_map_insert_args a = anon_args(5, 2);
	vaddr_t at;

	a.fixed = false;
	assert_int_equal(insert(fx, &a, &at), VM_OK);
	assert_int_equal(at, fx_va(5));
	assert_int_equal(insert(fx, &a, &at), VM_OK);
	assert_int_equal(at, fx_va(FX_CELLS - 2));
	a.start = 0;
	a.bottomup = true;
	assert_int_equal(insert(fx, &a, &at), VM_OK);
	assert_int_equal(at, fx_va(0));
	a.align = 16 * FX_PAGE;
	assert_int_equal(insert(fx, &a, &at), VM_OK);
	assert_int_equal(at % a.align, 0);
	a.align = 3 * FX_PAGE;
	assert_int_equal(insert(fx, &a, &at), VM_EINVAL);
}

/* Is a hint of which the end would wrap only a hint? */
static void
test_findspace_wild_hint(void **state)
{
	struct fixture *fx = *state;
	struct vm_map_insert_args a = anon_args(0, 2);
	vaddr_t at;

	a.fixed = false;
	a.start = UINT64_MAX - 5;
	assert_int_equal(insert(fx, &a, &at), VM_OK);
	assert_int_equal(at, fx_va(FX_CELLS - 2));
	a.start = 1;
	assert_int_equal(insert(fx, &a, &at), VM_OK);
}

/* Does unmapping cut at both ends and ask for no entry?
 *
 *	.aaaaaa.bb.  ->  .aa......b.
 */
static void
test_remove(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(map_anon(fx, 1, 6), VM_OK);
	assert_int_equal(map_shared(fx, 8, 2), VM_OK);
	for (size_t i = 1; i < 10; i++)
		(void)store(fx, i, 'a' + (int)i);
	assert_int_equal(unmap(fx, 3, 6), VM_OK);
	assert_picture(fx, ".aa......b.");
	assert_int_equal(load(fx, 2), 'c');
	assert_int_equal(load(fx, 3), -VM_EFAULT);
	assert_int_equal(load(fx, 9), 'j');
	/* Page 8 is still the shared object's; 4.4BSD frees no part of one. */
	assert_int_equal(pages_used(fx), fx_is(&vm_design_mach) ? 8 : 4);
	assert_int_equal(unmap(fx, 20, 5), VM_OK);
}

/* Is a foreign range safe from all but a reset? */
static void
test_foreign(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(fx_map_at(fx, fx->vs, 2, 2,
			     VM_MMAP_PRIVATE | VM_MMAP_FOREIGN, NULL, 0),
	    VM_OK);
	assert_int_equal(unmap(fx, 0, 8), VM_EPERM);
	assert_int_equal(map_anon(fx, 3, 4), VM_EPERM);
	assert_int_equal(protect(fx, 2, 1, VM_PROT_NONE), VM_EPERM);
	assert_int_equal(load(fx, 2), -VM_EFAULT);
	assert_picture(fx, "..aa....");
	vmspace_reset(fx->vs);
	assert_picture(fx, "........");
}

/* Does protecting a part cut, and undoing it join again?
 *
 *	aaaaaa  ->  aabbcc  ->  aaaaaa
 */
static void
test_protect(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(map_anon(fx, 0, 6), VM_OK);
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(store(fx, i, 'x'), VM_OK);
	assert_int_equal(protect(fx, 2, 2, VM_PROT_READ), VM_OK);
	assert_picture(fx, "aabbcc");
	assert_int_equal(store(fx, 2, 'y'), VM_EACCES);
	assert_int_equal(load(fx, 2), 'x');
	assert_int_equal(store(fx, 4, 'y'), VM_OK);
	assert_int_equal(protect(fx, 2, 2, VM_PROT_NONE), VM_OK);
	assert_int_equal(load(fx, 2), -VM_EACCES);
	assert_int_equal(protect(fx, 2, 2, VM_PROT_RW), VM_OK);
	/* OpenBSD joins nothing that has an amap. */
	assert_picture(fx,
	    fx_is(&vm_design_openbsd) || !joins_late(fx) ? "aabbcc" : "aaaaaa");
	assert_int_equal(load(fx, 3), 'x');
}

/* Is nothing protected when something in the range forbids it? */
static void
test_protect_errors(void **state)
{
	struct fixture *fx = *state;
	struct vm_map_insert_args a = anon_args(4, 2);
	vaddr_t at;

	assert_int_equal(map_anon(fx, 0, 2), VM_OK);
	a.max_prot = VM_PROT_RW;
	assert_int_equal(insert(fx, &a, &at), VM_OK);
	assert_int_equal(protect(fx, 0, 6, VM_PROT_READ), VM_ENOMEM);
	assert_int_equal(map_anon(fx, 2, 2), VM_OK);
	assert_int_equal(protect(fx, 0, 6, VM_PROT_ALL), VM_EACCES);
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(entry_of(fx->vs, i)->prot, VM_PROT_RW);
}

/* Can a maximum be lowered, and not be raised again? */
static void
test_protect_max(void **state)
{
	struct fixture *fx = *state;
	struct vm_map *map = fx_map(fx);

	assert_int_equal(map_anon(fx, 0, 2), VM_OK);
	vm_map_lock(map);
	assert_int_equal(vm_map_protect(map, fx_va(0), fx_va(2), VM_PROT_READ,
			     true),
	    VM_OK);
	assert_int_equal(vm_map_protect(map, fx_va(0), fx_va(2), VM_PROT_RW,
			     true),
	    VM_EACCES);
	vm_map_unlock(map);
}

/* Do inheritance and advice cut and join in the same way? */
static void
test_attributes(void **state)
{
	struct fixture *fx = *state;
	struct vm_map *map = fx_map(fx);

	assert_int_equal(map_anon(fx, 0, 6), VM_OK);
	vm_map_lock(map);
	assert_int_equal(vm_map_inherit(map, fx_va(1), fx_va(3),
			     VM_INHERIT_NONE),
	    VM_OK);
	assert_int_equal(vm_map_advise(map, fx_va(4), fx_va(9), VM_ADV_RANDOM),
	    VM_OK);
	vm_map_unlock(map);
	assert_picture(fx, "abbcdd...");
	vm_map_lock(map);
	assert_int_equal(vm_map_inherit(map, fx_va(0), fx_va(6),
			     VM_INHERIT_COPY),
	    VM_OK);
	assert_int_equal(vm_map_advise(map, fx_va(0), fx_va(6), VM_ADV_NORMAL),
	    VM_OK);
	vm_map_unlock(map);
	assert_picture(fx, joins_late(fx) ? "aaaaaa..." : "abbcdd...");
}

/* Does a page of an object stay what it is through cutting? */
static void
test_clip_object(void **state)
{
	struct fixture *fx = *state;
	struct vm_map *map = fx_map(fx);

	assert_int_equal(map_file(fx, 0, 8, VM_MMAP_SHARED, 0), VM_OK);
	vm_map_lock(map);
	assert_int_equal(vm_map_clip(map, fx_va(2), fx_va(5)), VM_OK);
	vm_map_unlock(map);
	assert_picture(fx, "aabbbccc");
	assert_int_equal(entry_of(fx->vs, 4)->offset, 2);
	assert_int_equal(entry_of(fx->vs, 4)->object->refs, 3);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(load(fx, i), 'A' + (int)i);
	vm_map_lock(map);
	vm_map_simplify(map, fx_va(2), fx_va(5));
	vm_map_unlock(map);
	assert_picture(fx, joins_late(fx) ? "aaaaaaaa" : "aabbbccc");
	assert_int_equal(entry_of(fx->vs, 4)->object->refs,
	    joins_late(fx) ? 1 : 3);
}

/* Is a range full exactly when it has no hole? */
static void
test_is_full(void **state)
{
	struct fixture *fx = *state;
	struct vm_map *map = fx_map(fx);

	assert_int_equal(map_anon(fx, 1, 2), VM_OK);
	assert_int_equal(map_shared(fx, 3, 2), VM_OK);
	assert_int_equal(map_anon(fx, 6, 1), VM_OK);
	vm_map_lock_read(map);
	assert_true(vm_map_is_full(map, fx_va(1), fx_va(5)));
	assert_false(vm_map_is_full(map, fx_va(0), fx_va(2)));
	assert_false(vm_map_is_full(map, fx_va(3), fx_va(7)));
	assert_false(vm_map_is_full(map, fx_va(6), fx_va(8)));
	assert_ptr_equal(vm_map_ceiling(map, fx_va(5)),
	    vm_map_lookup(map, fx_va(6)));
	assert_null(vm_map_ceiling(map, fx_va(7)));
	vm_map_unlock_read(map);
}

/* Do pages move with their contents, without a copy?
 *
 *	aaaa......  ->  a..a..aa..
 */
static void
test_move(void **state)
{
	struct fixture *fx = *state;
	struct vm_map *map = fx_map(fx);

	assert_int_equal(map_anon(fx, 0, 4), VM_OK);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(store(fx, i, 'a' + (int)i), VM_OK);
	vm_map_lock(map);
	assert_int_equal(vm_map_move(map, fx_va(1), 2 * FX_PAGE, fx_va(6)),
	    VM_OK);
	vm_map_unlock(map);
	assert_picture(fx, "a..b..cc..");
	assert_int_equal(load(fx, 1), -VM_EFAULT);
	assert_int_equal(load(fx, 6), 'b');
	assert_int_equal(load(fx, 7), 'c');
	assert_int_equal(load(fx, 3), 'd');
	assert_int_equal(fx->sys->stats.pages_copied, 0);
}

/* Use up the entries that there are: protect every other page of [first, 1000)
 * until no more can be cut.  One may be left, which is enough for one cut. */
static void
use_up_entries(struct fixture *fx, size_t first)
{
	int error = VM_OK;

	assert_int_equal(map_anon(fx, first, 1000 - first), VM_OK);
	faulty_fail(&fx->env, 1, FAULTY_ON);
	for (size_t i = first + 1; error == VM_OK; i += 2)
		error = protect(fx, i, 1, VM_PROT_READ);
	assert_int_equal(error, VM_ENOMEM);
}

/* What needs cuts at both ends of [2, 5) fails and has done nothing. */
static void
check_no_cuts(struct fixture *fx)
{
	struct vmspace *vs = fx->vs;
	vaddr_t va = fx_va(2);
	vsize_t len = 3 * FX_PAGE;

	assert_int_equal(unmap(fx, 2, 3), VM_ENOMEM);
	assert_int_equal(protect(fx, 2, 3, VM_PROT_NONE), VM_ENOMEM);
	assert_int_equal(vm_minherit(vs, va, len, VM_INHERIT_NONE), VM_ENOMEM);
	assert_int_equal(vm_madvise(vs, va, len, VM_MADV_RANDOM), VM_ENOMEM);
	assert_int_equal(vm_mlock(vs, va, len), VM_ENOMEM);
	if (!fx_is(&vm_design_openbsd)) /* cut for ever, but the same */
		assert_picture(fx, "aaaaaaaa..");
	for (size_t i = 0; i < 8; i++) {
		assert_int_equal(load(fx, i), 'a' + (int)i);
		assert_int_equal(store(fx, i, 'a' + (int)i), VM_OK);
	}
}

/* Does an operation that cannot cut leave the range as it was, be it that the
 * second cut fails or already the first? */
static void
test_no_entries(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(map_anon(fx, 0, 8), VM_OK);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(store(fx, i, 'a' + (int)i), VM_OK);
	use_up_entries(fx, 100);
	check_no_cuts(fx);
	(void)protect(fx, 999, 1, VM_PROT_READ); /* the last one */
	check_no_cuts(fx);
	faulty_fail(&fx->env, 0, FAULTY_ONCE);
	assert_int_equal(unmap(fx, 2, 3), VM_OK);
	assert_picture(fx, "aa...bbb..");
}

int
main(void)
{
	const struct fx_test tests[] = {
		FX_TEST(test_insert_merges),
		FX_TEST(test_insert_merges_object),
		FX_TEST(test_insert_keeps_apart),
		FX_TEST(test_insert_replaces),
		FX_TEST(test_insert_errors),
		FX_TEST(test_insert_without_memory),
		FX_TEST_IN(mach, test_findspace),
		FX_TEST_IN(freebsd, test_findspace),
		FX_TEST_IN(dragonfly, test_findspace),
		FX_TEST_IN(netbsd, test_findspace),
		FX_TEST(test_findspace_wild_hint),
		FX_TEST(test_remove),
		FX_TEST(test_foreign),
		FX_TEST(test_protect),
		FX_TEST(test_protect_errors),
		FX_TEST(test_protect_max),
		FX_TEST(test_attributes),
		FX_TEST(test_clip_object),
		FX_TEST(test_is_full),
		FX_TEST(test_move),
		FX_TEST(test_no_entries),
	};

	return FX_RUN("vm_map", tests);
}
