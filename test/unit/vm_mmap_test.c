/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_mmap_test.c - the mmap family: arguments, errors, and the corners that
 * random sequences seldom meet.
 */
#include "test/unit/base_test.h"
#include "test/unit/fixture.h"
#include "vm/vm_page.h"

static struct vm_mmap_args
anon_args(size_t n)
{
	return (struct vm_mmap_args){
		.len = n * FX_PAGE,
		.prot = VM_PROT_RW,
		.flags = VM_MMAP_PRIVATE,
	};
}

static int
try_map(struct fixture *fx, struct vm_mmap_args a)
{
	vaddr_t at;

	return vm_mmap(fx->vs, &a, &at);
}

/* ------------------------------------------------------------------- mmap */

/* What does mmap refuse? */
static void
test_mmap_errors(void **state)
{
	struct fixture *fx = *state;
	struct vm_mmap_args a = anon_args(1);

	a.len = 0;
	assert_int_equal(try_map(fx, a), VM_EINVAL);
	a = anon_args(1);
	a.flags = 0;
	assert_int_equal(try_map(fx, a), VM_EINVAL);
	a.flags = VM_MMAP_SHARED | VM_MMAP_PRIVATE;
	assert_int_equal(try_map(fx, a), VM_EINVAL);
	a = anon_args(1);
	a.flags |= VM_MMAP_FIXED;
	a.addr = fx_va(1) + 1;
	assert_int_equal(try_map(fx, a), VM_EINVAL);
	a = anon_args(1);
	a.offset = 5;
	assert_int_equal(try_map(fx, a), VM_EINVAL);
	a = anon_args(1);
	a.max_prot = VM_PROT_READ;
	assert_int_equal(try_map(fx, a), VM_EACCES);
	a = anon_args(1);
	a.align = 3 * FX_PAGE;
	assert_int_equal(try_map(fx, a), VM_EINVAL);
	a.align = 3; /* less than a page */
	assert_int_equal(try_map(fx, a), VM_EINVAL);
	assert_int_equal(entries(fx->vs), 0);
}

/* Is a range that wraps never a small one? */
static void
test_mmap_wraps(void **state)
{
	struct fixture *fx = *state;
	struct vm_mmap_args a = anon_args(1);

	for (unsigned i = 0; i < 2 * FX_PAGE; i += FX_PAGE / 4) {
		a = anon_args(1);
		a.len = UINT64_MAX - i;
		assert_int_not_equal(try_map(fx, a), VM_OK);
		a.addr = fx_va(1);
		a.flags |= VM_MMAP_FIXED;
		assert_int_not_equal(try_map(fx, a), VM_OK);
		a = anon_args(4);
		a.flags |= VM_MMAP_FIXED;
		a.addr = (UINT64_MAX - i) & ~(vaddr_t)(FX_PAGE - 1);
		assert_int_not_equal(try_map(fx, a), VM_OK);
		a = anon_args(4);
		a.object = file_object(fx, 0);
		a.offset = (UINT64_MAX - i) & ~(uint64_t)(FX_PAGE - 1);
		assert_int_equal(try_map(fx, a), VM_EINVAL);
		vm_object_unref(a.object);
	}
	assert_int_equal(entries(fx->vs), 0);
}

/* May every page be mapped, up to both ends? */
static void
test_mmap_ends(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(map_anon(fx, 0, 1), VM_OK);
	assert_int_equal(map_anon(fx, FX_CELLS - 1, 1), VM_OK);
	assert_int_equal(map_anon(fx, FX_CELLS - 1, 2), VM_EINVAL);
	assert_int_equal(store(fx, FX_CELLS - 1, 'x'), VM_OK);
	assert_int_equal(vm_mlock(fx->vs, fx_va(FX_CELLS - 1), FX_PAGE), VM_OK);
	assert_int_equal(unmap(fx, 0, FX_CELLS), VM_OK);
}

/* Does a fixed mapping replace, unless it must not? */
static void
test_mmap_noreplace(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(map_anon(fx, 0, 4), VM_OK);
	assert_int_equal(store(fx, 2, 'x'), VM_OK);
	assert_int_equal(fx_map_at(fx, fx->vs, 2, 4,
			     VM_MMAP_PRIVATE | VM_MMAP_NOREPLACE, NULL, 0),
	    VM_EEXIST);
	assert_int_equal(load(fx, 2), 'x');
	assert_int_equal(map_anon(fx, 2, 4), VM_OK);
	assert_int_equal(load(fx, 2), 0);
}

/* Is a mapping brought in at once as far as there is memory, and no error when
 * there is none? */
static void
test_mmap_populate(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(fx_map_at(fx, fx->vs, 0, 10,
			     VM_MMAP_PRIVATE | VM_MMAP_POPULATE, NULL, 0),
	    VM_OK);
	assert_int_equal(pages_used(fx), 10);
	assert_int_equal(fx_map_at(fx, fx->vs, 20, 2 * FX_FRAMES,
			     VM_MMAP_PRIVATE | VM_MMAP_POPULATE, NULL, 0),
	    VM_OK);
	assert_true(pages_used(fx) > FX_FRAMES / 2);
}

/* Does a mapping that cannot be wired not come into being? */
static void
test_mmap_wired(void **state)
{
	struct fixture *fx = *state;

	fx->vs->map.wired_limit = 4 * FX_PAGE;
	assert_int_equal(fx_map_at(fx, fx->vs, 0, 4,
			     VM_MMAP_PRIVATE | VM_MMAP_WIRED, NULL, 0),
	    VM_OK);
	assert_int_equal(vm_page_wired_count(fx->sys), 4);
	assert_int_equal(fx_map_at(fx, fx->vs, 8, 1,
			     VM_MMAP_PRIVATE | VM_MMAP_WIRED, NULL, 0),
	    VM_ENOMEM);
	assert_null(entry_of(fx->vs, 8));
}

/* ----------------------------------------------------------- munmap, others */

/* What do the others refuse, and what is nothing to them? */
static void
test_range_errors(void **state)
{
	struct fixture *fx = *state;
	uint8_t vec[4];

	assert_int_equal(map_anon(fx, 0, 1), VM_OK);
	assert_int_equal(vm_munmap(fx->vs, fx_va(0) + 1, FX_PAGE), VM_EINVAL);
	assert_int_equal(vm_munmap(fx->vs, fx_va(0), 0), VM_EINVAL);
	assert_int_equal(vm_munmap(fx->vs, fx_va(0), UINT64_MAX), VM_EINVAL);
	assert_int_equal(vm_mprotect(fx->vs, fx_va(0) + 1, 1, VM_PROT_READ),
	    VM_EINVAL);
	assert_int_equal(vm_mprotect(fx->vs, fx_va(0), 0, VM_PROT_READ), VM_OK);
	assert_int_equal(vm_mprotect(fx->vs, fx_va(0), UINT64_MAX,
			     VM_PROT_READ),
	    VM_ENOMEM);
	assert_int_equal(protect(fx, 0, 2, VM_PROT_READ), VM_ENOMEM);
	assert_int_equal(vm_madvise(fx->vs, fx_va(0) + 1, 1, VM_MADV_NORMAL),
	    VM_EINVAL);
	assert_int_equal(vm_madvise(fx->vs, fx_va(0), 1, (enum vm_madvise)99),
	    VM_EINVAL);
	assert_int_equal(vm_minherit(fx->vs, fx_va(0), FX_PAGE,
			     (enum vm_inherit)77),
	    VM_EINVAL);
	assert_int_equal(vm_madvise(fx->vs, fx_va(0), 0, VM_MADV_NORMAL),
	    VM_OK);
	assert_int_equal(vm_mincore(fx->vs, fx_va(0), 2 * FX_PAGE, vec),
	    VM_ENOMEM);
	assert_int_equal(vm_mincore(fx->vs, 0, 0, vec), VM_OK);
	assert_int_equal(vm_msync(fx->vs, fx_va(0), 2 * FX_PAGE, VM_MS_SYNC),
	    VM_ENOMEM);
	assert_int_equal(vm_msync(fx->vs, fx_va(0), FX_PAGE,
			     VM_MS_SYNC | VM_MS_ASYNC),
	    VM_EINVAL);
	assert_int_equal(vm_mlock(fx->vs, fx_va(0), 2 * FX_PAGE), VM_ENOMEM);
	assert_int_equal(vm_mlock(fx->vs, fx_va(0), UINT64_MAX), VM_ENOMEM);
	assert_int_equal(vm_mlock(fx->vs, fx_va(5), 0), VM_OK);
	assert_int_equal(entry_of(fx->vs, 0)->prot, VM_PROT_RW);
}

/* ----------------------------------------------------------------- mremap */

struct move {
	size_t from, n, new_n, to;
	unsigned flags;
};

static int
remap(struct fixture *fx, struct move m, size_t *at)
{
	struct vm_mremap_args a = {
		.old_addr = fx_va(m.from),
		.old_len = m.n * FX_PAGE,
		.new_len = m.new_n * FX_PAGE,
		.new_addr = fx_va(m.to),
		.flags = m.flags,
	};
	vaddr_t va = 0;
	int error = vm_mremap(fx->vs, &a, &va);

	if (at != NULL)
		*at = (va - FX_BASE) / FX_PAGE;
	return error;
}

#define MAYMOVE VM_MREMAP_MAYMOVE
#define FIXED   (VM_MREMAP_MAYMOVE | VM_MREMAP_FIXED)

/* Does a mapping shrink and grow where it is, when there is room?
 *
 *	aaaa....  ->  aa......  ->  aaaaaa..
 */
static void
test_mremap_in_place(void **state)
{
	struct fixture *fx = *state;
	size_t at;

	assert_int_equal(map_anon(fx, 0, 4), VM_OK);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(store(fx, i, 'a' + (int)i), VM_OK);
	assert_int_equal(remap(fx, (struct move){ 0, 4, 2, 0, 0 }, &at), VM_OK);
	assert_int_equal(at, 0);
	assert_int_equal(load(fx, 2), -VM_EFAULT);
	assert_int_equal(remap(fx, (struct move){ 0, 2, 6, 0, 0 }, &at), VM_OK);
	assert_int_equal(at, 0);
	assert_int_equal(load(fx, 1), 'b');
	assert_int_equal(load(fx, 2), 0);
	assert_int_equal(entries(fx->vs), fx_is(&vm_design_openbsd) ? 2 : 1);
}

/* Does it move when there is none, and only when it may?
 *
 *	aab.....  ->  ..b  and aaaa elsewhere
 */
static void
test_mremap_moves(void **state)
{
	struct fixture *fx = *state;
	size_t at;

	assert_int_equal(map_anon(fx, 0, 2), VM_OK);
	assert_int_equal(map_shared(fx, 2, 1), VM_OK);
	assert_int_equal(store(fx, 1, 'x'), VM_OK);
	assert_int_equal(remap(fx, (struct move){ 0, 2, 4, 0, 0 }, NULL),
	    VM_ENOMEM);
	assert_int_equal(load(fx, 1), 'x');
	assert_int_equal(remap(fx, (struct move){ 0, 2, 4, 0, MAYMOVE }, &at),
	    VM_OK);
	assert_int_equal(at, FX_CELLS - 4);
	assert_int_equal(load(fx, at + 1), 'x');
	assert_int_equal(load(fx, at + 3), 0);
	assert_int_equal(load(fx, 0), -VM_EFAULT);
	assert_int_equal(load(fx, 2), 0);
}

/* Does a file mapping go on with the file's next pages? */
static void
test_mremap_file(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(map_file(fx, 0, 4, VM_MMAP_PRIVATE, 0), VM_OK);
	assert_int_equal(store(fx, 1, 'x'), VM_OK);
	assert_int_equal(remap(fx, (struct move){ 1, 2, 5, 10, FIXED }, NULL),
	    VM_OK);
	assert_int_equal(load(fx, 0), 'A');
	assert_int_equal(load(fx, 1), -VM_EFAULT);
	assert_int_equal(load(fx, 3), 'D');
	assert_int_equal(load(fx, 10), 'x');
	for (size_t i = 11; i < 15; i++)
		assert_int_equal(load(fx, i), 'A' + (int)i - 9);
}

/* Does the place it goes to lose what it had, and the rest of a longer old
 * range go? */
static void
test_mremap_fixed(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(map_anon(fx, 0, 8), VM_OK);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(store(fx, i, 'a' + (int)i), VM_OK);
	assert_int_equal(map_shared(fx, 20, 4), VM_OK);
	assert_int_equal(remap(fx, (struct move){ 2, 4, 2, 21, FIXED }, NULL),
	    VM_OK);
	assert_int_equal(load(fx, 1), 'b');
	for (size_t i = 2; i < 6; i++)
		assert_int_equal(load(fx, i), -VM_EFAULT);
	assert_int_equal(load(fx, 6), 'g');
	assert_int_equal(load(fx, 20), 0);
	assert_int_equal(load(fx, 21), 'c');
	assert_int_equal(load(fx, 22), 'd');
	assert_int_equal(load(fx, 23), 0);
}

/* Does a range that is kept stay mapped, of zeroes? */
static void
test_mremap_keep(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(map_anon(fx, 0, 2), VM_OK);
	assert_int_equal(store(fx, 0, 'x'), VM_OK);
	assert_int_equal(
	    remap(fx, (struct move){ 0, 2, 2, 8, FIXED | VM_MREMAP_KEEP },
		NULL),
	    VM_OK);
	assert_int_equal(load(fx, 0), 0);
	assert_int_equal(load(fx, 8), 'x');
	assert_int_equal(store(fx, 0, 'y'), VM_OK);
	assert_int_equal(load(fx, 8), 'x');
	assert_int_equal(
	    remap(fx, (struct move){ 0, 2, 4, 20, FIXED | VM_MREMAP_KEEP },
		NULL),
	    VM_EINVAL);
}

/* Does no mapping of a file grow past the last byte that a file may have, in
 * place, elsewhere or as a duplicate? */
static void
test_mremap_wraps(void **state)
{
	struct fixture *fx = *state;
	struct vm_object *obj = file_object(fx, 0);
	size_t last = (UINT64_MAX >> VM_PAGE_SHIFT) - 1;
	static const struct move grown[] = {
		{ 0, 1, 2, 0, 0 },
		{ 0, 1, 2, 0, MAYMOVE },
		{ 0, 1, 2, 8, FIXED },
		{ 0, 0, 2, 0, MAYMOVE },
		{ 0, 1, 2, 0, VM_MREMAP_DUPLICATE },
	};

	assert_int_equal(fx_map_at(fx, fx->vs, 0, 1, VM_MMAP_SHARED, obj, last),
	    VM_OK);
	for (size_t i = 0; i < sizeof(grown) / sizeof(grown[0]); i++) {
		assert_int_equal(remap(fx, grown[i], NULL), VM_EINVAL);
		assert_int_equal(entries(fx->vs), 1);
	}
	assert_int_equal(remap(fx, (struct move){ 0, 1, 1, 8, FIXED }, NULL),
	    VM_OK);
	assert_int_equal(load(fx, 8), -VM_ERANGE);
	vm_object_unref(obj);
}

/* Also when the system has cut it into chunks, but not a part of something
 * else? */
static void
test_mremap_keep_chunks(void **state)
{
	struct fixture *fx = *state;
	unsigned keep = FIXED | VM_MREMAP_KEEP;

	assert_int_equal(map_anon(fx, 0, 400), VM_OK);
	assert_int_equal(store(fx, 200, 'x'), VM_OK);
	assert_true(entries(fx->vs) > 1);
	assert_int_equal(remap(fx, (struct move){ 0, 400, 400, 500, keep },
			     NULL),
	    VM_OK);
	assert_int_equal(load(fx, 200), 0);
	assert_int_equal(load(fx, 700), 'x');
	assert_int_equal(protect(fx, 10, 1, VM_PROT_READ), VM_OK);
	assert_int_equal(remap(fx, (struct move){ 0, 400, 400, 500, keep },
			     NULL),
	    VM_EINVAL);
	assert_int_equal(load(fx, 700), 'x');
}

/* Do copies and what is kept count as mapped, and what they replace not? */
static void
test_mremap_limit(void **state)
{
	struct fixture *fx = *state;
	unsigned dup = FIXED | VM_MREMAP_DUPLICATE;
	unsigned keep = FIXED | VM_MREMAP_KEEP;

	assert_int_equal(map_anon(fx, 0, 4), VM_OK);
	assert_int_equal(map_shared(fx, 10, 2), VM_OK);
	fx_map(fx)->size_limit = 8 * FX_PAGE;
	assert_int_equal(remap(fx, (struct move){ 0, 4, 4, 20, dup }, NULL),
	    VM_ENOMEM);
	assert_int_equal(remap(fx, (struct move){ 0, 4, 4, 20, keep }, NULL),
	    VM_ENOMEM);
	assert_int_equal(remap(fx, (struct move){ 10, 0, 3, 20, FIXED }, NULL),
	    VM_ENOMEM);
	assert_int_equal(remap(fx, (struct move){ 0, 4, 7, 20, FIXED }, NULL),
	    VM_ENOMEM);
	assert_int_equal((int)fx_map(fx)->size, 6 * FX_PAGE);
	assert_int_equal(remap(fx, (struct move){ 0, 4, 4, 10, dup }, NULL),
	    VM_OK);
	assert_int_equal((int)fx_map(fx)->size, 8 * FX_PAGE);
}

/* What is at the pages of a remap without memory, before and after. */
static void
look_around(struct fixture *fx, int *seen)
{
	for (size_t i = 0; i < 20; i++)
		seen[i] = entry_of(fx->vs, i) == NULL ? -1 : load(fx, i);
}

/* Does a move that finds no memory of the host, wherever, leave the range and
 * its target as they were?
 *
 *	[ a b c d e f g h ][ t t t t ]	to the place right behind or before it
 */
static void
test_mremap_without_memory(void **state)
{
	static const struct move moves[] = {
		{ 4, 8, 4, 12, FIXED },
		{ 4, 8, 4, 0, FIXED },
		{ 4, 4, 6, 10, FIXED },
		{ 6, 3, 5, 11, FIXED | VM_MREMAP_DUPLICATE },
		{ 5, 4, 4, 10, FIXED | VM_MREMAP_KEEP },
	};
	struct fixture *fx = *state;
	int before[20], after[20], error = VM_ENOMEM;

	for (size_t m = 0; m < sizeof(moves) / sizeof(*moves); m++) {
		for (unsigned nth = 1; nth < 40; nth++) {
			vmspace_reset(fx->vs);
			assert_int_equal(map_anon(fx, 0, 16), VM_OK);
			for (size_t i = m; i < 16; i += 1 + m % 2)
				assert_int_equal(store(fx, i, 'a' + (int)i),
				    VM_OK);
			look_around(fx, before);
			faulty_fail(&fx->env, nth, FAULTY_ON);
			error = remap(fx, moves[m], NULL);
			faulty_fail(&fx->env, 0, FAULTY_ONCE);
			look_around(fx, after);
			vm_check(fx->sys);
			if (error == VM_OK)
				break;
			assert_int_equal(error, VM_ENOMEM);
			assert_memory_equal(before, after, sizeof(before));
		}
		assert_int_equal(error, VM_OK);
	}
}

/* Is a duplicate the same memory, private or not, and a child's two copies of
 * it two memories? */
static void
test_mremap_duplicate(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *c;
	unsigned dup = FIXED | VM_MREMAP_DUPLICATE;

	assert_int_equal(map_anon(fx, 0, 2), VM_OK);
	assert_int_equal(store(fx, 0, 'x'), VM_OK);
	assert_int_equal(remap(fx, (struct move){ 0, 2, 3, 8, dup }, NULL),
	    VM_OK);
	assert_int_equal(load(fx, 8), 'x');
	assert_int_equal(store(fx, 9, 'y'), VM_OK);
	assert_int_equal(load(fx, 1), 'y');
	assert_int_equal(store(fx, 0, 'z'), VM_OK);
	assert_int_equal(load(fx, 8), 'z');
	assert_int_equal(load(fx, 10), 0);
	assert_int_equal(vmspace_fork(fx->vs, &c), VM_OK);
	assert_int_equal(store_in(fx, c, 0, 'c'), VM_OK);
	assert_int_equal(load_in(fx, c, 8), 'z');
	assert_int_equal(load(fx, 8), 'z');
	vmspace_unref(c);
}

/* Is a duplicate of wired memory not wired, nor what it has more? */
static void
test_mremap_duplicate_wired(void **state)
{
	struct fixture *fx = *state;
	unsigned dup = FIXED | VM_MREMAP_DUPLICATE;

	assert_int_equal(map_anon(fx, 0, 1), VM_OK);
	assert_int_equal(vm_mlock(fx->vs, fx_va(0), FX_PAGE), VM_OK);
	assert_int_equal(remap(fx, (struct move){ 0, 1, 2, 8, dup }, NULL),
	    VM_OK);
	assert_false(vm_entry_is_wired(entry_of(fx->vs, 8)));
	assert_false(vm_entry_is_wired(entry_of(fx->vs, 9)));
	assert_true(vm_entry_is_wired(entry_of(fx->vs, 0)));
}

/* Does an old length of 0 make another view of what is shared, and of nothing
 * else? */
static void
test_mremap_zero_length(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(map_shared(fx, 0, 4), VM_OK);
	assert_int_equal(map_anon(fx, 6, 1), VM_OK);
	assert_int_equal(store(fx, 1, 'x'), VM_OK);
	assert_int_equal(remap(fx, (struct move){ 0, 0, 4, 10, FIXED }, NULL),
	    VM_OK);
	assert_int_equal(load(fx, 11), 'x');
	assert_int_equal(load(fx, 1), 'x');
	assert_int_equal(remap(fx, (struct move){ 6, 0, 1, 20, FIXED }, NULL),
	    VM_EINVAL);
	assert_int_equal(remap(fx, (struct move){ 0, 0, 4, 2, FIXED }, NULL),
	    VM_EINVAL);
	assert_int_equal(remap(fx, (struct move){ 5, 0, 1, 20, FIXED }, NULL),
	    VM_EFAULT);
}

/* What does mremap refuse, with the old range as it was? */
static void
test_mremap_errors(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(map_anon(fx, 0, 4), VM_OK);
	assert_int_equal(store(fx, 3, 'x'), VM_OK);
	assert_int_equal(remap(fx, (struct move){ 0, 4, 0, 0, MAYMOVE }, NULL),
	    VM_EINVAL);
	assert_int_equal(remap(fx, (struct move){ 0, 5, 6, 0, MAYMOVE }, NULL),
	    VM_EFAULT);
	assert_int_equal(remap(fx, (struct move){ 0, 4, 4, 8, VM_MREMAP_FIXED },
			     NULL),
	    VM_EINVAL);
	assert_int_equal(remap(fx, (struct move){ 0, 4, 4, 2, FIXED }, NULL),
	    VM_EINVAL);
	assert_int_equal(remap(fx,
			     (struct move){ 0, 4, 4, FX_CELLS - 2, FIXED },
			     NULL),
	    VM_EINVAL);
	assert_int_equal(remap(fx,
			     (struct move){ 0, 4, FX_CELLS + 1, 0, MAYMOVE },
			     NULL),
	    VM_ENOMEM);
	assert_int_equal(load(fx, 3), 'x');
	assert_int_equal(entries(fx->vs), 1);
}

/* Does a wired mapping that moves or grows stay wired? */
static void
test_mremap_wired(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(map_anon(fx, 0, 2), VM_OK);
	assert_int_equal(vm_mlock(fx->vs, fx_va(0), 2 * FX_PAGE), VM_OK);
	assert_int_equal(remap(fx, (struct move){ 0, 2, 4, 8, FIXED }, NULL),
	    VM_OK);
	assert_int_equal(vm_page_wired_count(fx->sys), 4);
	for (size_t i = 8; i < 12; i++)
		assert_true(mapping_of(fx->vs, i).wired);
	fx->vs->map.wired_limit = 4 * FX_PAGE;
	assert_int_equal(remap(fx, (struct move){ 8, 4, 5, 0, 0 }, NULL),
	    VM_ENOMEM);
	vm_check(fx->sys);
}

/* ---------------------------------------------------------------- madvise */

static int
advise(struct fixture *fx, size_t page, size_t n, enum vm_madvise what)
{
	return vm_madvise(fx->vs, fx_va(page), n * FX_PAGE, what);
}

/* Does discarding give what lies below, and leave alone what is shared?
 *
 *	page 0 anon, 1 private file, 2 shared file, 3 shared memory
 */
static void
test_madvise_discard(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(map_anon(fx, 0, 1), VM_OK);
	assert_int_equal(map_file(fx, 1, 1, VM_MMAP_PRIVATE, 0), VM_OK);
	assert_int_equal(map_file(fx, 2, 1, VM_MMAP_SHARED, 1), VM_OK);
	assert_int_equal(map_shared(fx, 3, 1), VM_OK);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(store(fx, i, 'x'), VM_OK);
	assert_int_equal(advise(fx, 0, 4, VM_MADV_DISCARD), VM_OK);
	assert_int_equal(load(fx, 0), 0);
	assert_int_equal(load(fx, 1), 'A');
	assert_int_equal(load(fx, 2), 'x');
	assert_int_equal(load(fx, 3), 'x');
}

/* Is what one side of a fork discards still the other's? */
static void
test_madvise_discard_forked(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *c;

	assert_int_equal(map_anon(fx, 0, 4), VM_OK);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(store(fx, i, 'x'), VM_OK);
	assert_int_equal(vmspace_fork(fx->vs, &c), VM_OK);
	assert_int_equal(advise(fx, 1, 2, VM_MADV_DISCARD), VM_OK);
	assert_int_equal(load(fx, 0), 'x');
	assert_int_equal(load(fx, 1), 0);
	assert_int_equal(load_in(fx, c, 1), 'x');
	vmspace_unref(c);
	assert_int_equal(load(fx, 3), 'x');
}

/* Does advice for a part of a mapping come to an end? */
static void
test_madvise_part(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(map_anon(fx, 0, 8), VM_OK);
	for (unsigned what = VM_MADV_NORMAL; what <= VM_MADV_KEEPONFORK; what++)
		(void)advise(fx, 2, 3, (enum vm_madvise)what);
	assert_int_equal(load(fx, 7), 0);
}

/* Is advice for a range with a hole given around it, and reported? */
static void
test_madvise_hole(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(map_anon(fx, 0, 1), VM_OK);
	assert_int_equal(map_anon(fx, 2, 1), VM_OK);
	assert_int_equal(store(fx, 0, 'x'), VM_OK);
	assert_int_equal(store(fx, 2, 'x'), VM_OK);
	assert_int_equal(advise(fx, 0, 3, VM_MADV_DISCARD), VM_ENOMEM);
	assert_int_equal(load(fx, 0), 0);
	assert_int_equal(load(fx, 2), 0);
}

/* Are wired pages not to be thrown away? */
static void
test_madvise_wired(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(map_anon(fx, 0, 1), VM_OK);
	assert_int_equal(store(fx, 0, 'x'), VM_OK);
	assert_int_equal(vm_mlock(fx->vs, fx_va(0), FX_PAGE), VM_OK);
	assert_int_equal(advise(fx, 0, 1, VM_MADV_DISCARD), VM_EINVAL);
	assert_int_equal(advise(fx, 0, 1, VM_MADV_FREE), VM_EINVAL);
	assert_int_equal(load(fx, 0), 'x');
}

/* Does removing take shared memory from all, and from nothing else? */
static void
test_madvise_remove(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *c;

	assert_int_equal(map_shared(fx, 0, 3), VM_OK);
	assert_int_equal(map_anon(fx, 4, 1), VM_OK);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(store(fx, i, 'x'), VM_OK);
	assert_int_equal(vmspace_fork(fx->vs, &c), VM_OK);
	assert_int_equal(load_in(fx, c, 1), 'x');
	assert_int_equal(advise(fx, 1, 1, VM_MADV_REMOVE), VM_OK);
	assert_int_equal(load_in(fx, c, 1), 0);
	assert_int_equal(load_in(fx, c, 2), 'x');
	assert_int_equal(advise(fx, 4, 1, VM_MADV_REMOVE), VM_EINVAL);
	vmspace_unref(c);
}

/* Does removing go around holes, and end where it is refused? */
static void
test_madvise_remove_part(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(map_shared(fx, 0, 1), VM_OK);
	assert_int_equal(map_shared(fx, 2, 1), VM_OK);
	assert_int_equal(map_file(fx, 3, 1, VM_MMAP_PRIVATE, 0), VM_OK);
	assert_int_equal(map_file(fx, 4, 1, VM_MMAP_SHARED, 0), VM_OK);
	assert_int_equal(store(fx, 0, 'x'), VM_OK);
	assert_int_equal(store(fx, 2, 'x'), VM_OK);
	assert_int_equal(store(fx, 4, 'x'), VM_OK);
	assert_int_equal(advise(fx, 0, 5, VM_MADV_REMOVE), VM_EACCES);
	assert_int_equal(load(fx, 0), 0);
	assert_int_equal(load(fx, 2), 0);
	assert_int_equal(advise(fx, 0, 3, VM_MADV_REMOVE), VM_ENOMEM);
	assert_int_equal(advise(fx, 4, 1, VM_MADV_REMOVE), VM_EINVAL);
	assert_int_equal(load(fx, 4), 'x');
}

/* Is what is needed, or populated, brought in in spite of a hole? */
static void
test_madvise_bring_part(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(map_file(fx, 0, 2, VM_MMAP_SHARED, 0), VM_OK);
	assert_int_equal(map_file(fx, 4, 2, VM_MMAP_SHARED, 1), VM_OK);
	assert_int_equal(advise(fx, 0, 6, VM_MADV_POPULATE_READ), VM_ENOMEM);
	assert_int_equal(pages_used(fx), 2);
	assert_int_equal(advise(fx, 0, 6, VM_MADV_WILLNEED), VM_ENOMEM);
	assert_int_equal(pages_used(fx), 4);
}

/* Does populating bring pages in, for reading or with their copies? */
static void
test_madvise_populate(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(map_file(fx, 0, 8, VM_MMAP_PRIVATE, 0), VM_OK);
	assert_int_equal(advise(fx, 0, 8, VM_MADV_POPULATE_READ), VM_OK);
	assert_int_equal(pages_used(fx), 8);
	assert_int_equal(advise(fx, 0, 4, VM_MADV_POPULATE_WRITE), VM_OK);
	assert_int_equal(pages_used(fx), 12);
	assert_int_equal(protect(fx, 0, 8, VM_PROT_READ), VM_OK);
	assert_int_equal(advise(fx, 0, 8, VM_MADV_POPULATE_WRITE), VM_EACCES);
	assert_int_equal(advise(fx, 0, 9, VM_MADV_POPULATE_READ), VM_ENOMEM);
}

/* Do the words of Linux for inheritance mean what they say? */
static void
test_madvise_fork(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(map_anon(fx, 0, 1), VM_OK);
	assert_int_equal(map_shared(fx, 1, 1), VM_OK);
	assert_int_equal(advise(fx, 0, 2, VM_MADV_DONTFORK), VM_OK);
	assert_int_equal(entry_of(fx->vs, 1)->inherit, VM_INHERIT_NONE);
	assert_int_equal(advise(fx, 0, 2, VM_MADV_DOFORK), VM_OK);
	assert_int_equal(entry_of(fx->vs, 0)->inherit, VM_INHERIT_COPY);
	assert_int_equal(entry_of(fx->vs, 1)->inherit, VM_INHERIT_SHARE);
	assert_int_equal(advise(fx, 0, 1, VM_MADV_WIPEONFORK), VM_OK);
	assert_int_equal(entry_of(fx->vs, 0)->inherit, VM_INHERIT_ZERO);
	assert_int_equal(advise(fx, 1, 1, VM_MADV_WIPEONFORK), VM_EINVAL);
	assert_int_equal(advise(fx, 0, 1, VM_MADV_KEEPONFORK), VM_OK);
	assert_int_equal(entry_of(fx->vs, 0)->inherit, VM_INHERIT_COPY);
}

/* ---------------------------------------------------------- mincore, msync */

/* Does mincore tell what is there, without bringing anything in? */
static void
test_mincore(void **state)
{
	struct fixture *fx = *state;
	uint8_t vec[12];

	assert_int_equal(map_anon(fx, 0, 4), VM_OK);
	assert_int_equal(map_file(fx, 4, 8, VM_MMAP_PRIVATE, 0), VM_OK);
	assert_int_equal(store(fx, 2, 'x'), VM_OK);
	assert_int_equal(advise(fx, 4, 8, VM_MADV_RANDOM), VM_OK);
	assert_int_equal(load(fx, 9), 'F');
	soft_forget(fx->machine);
	memset(vec, 9, sizeof(vec));
	assert_int_equal(vm_mincore(fx->vs, fx_va(0), 12 * FX_PAGE - 5, vec),
	    VM_OK);
	for (size_t i = 0; i < 12; i++)
		assert_int_equal(vec[i], i == 2 || i == 9);
	assert_int_equal(pages_used(fx), 2);
}

/* Does msync write shared pages, not private ones, and report an error? */
static void
test_msync(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(map_file(fx, 0, 4, VM_MMAP_SHARED, 0), VM_OK);
	assert_int_equal(map_file(fx, 8, 4, VM_MMAP_PRIVATE, 1), VM_OK);
	assert_int_equal(store(fx, 1, 'x'), VM_OK);
	assert_int_equal(store(fx, 9, 'y'), VM_OK);
	memfile_fail(&fx->files[0], 1, false);
	assert_int_equal(vm_msync(fx->vs, fx_va(0), 4 * FX_PAGE, VM_MS_SYNC),
	    VM_EIO);
	assert_int_equal(vm_msync(fx->vs, fx_va(0), 4 * FX_PAGE, VM_MS_SYNC),
	    VM_OK);
	assert_int_equal(vm_msync(fx->vs, fx_va(8), 4 * FX_PAGE, VM_MS_SYNC),
	    VM_OK);
	assert_int_equal(fx->files[0].bytes[FX_PAGE], 'x');
	assert_int_equal(fx->files[1].bytes[FX_PAGE], 'B');
	assert_int_equal(fx->files[1].writes, 0);
}

/* Does invalidating write first, then forget, and refuse what is wired? */
static void
test_msync_invalidate(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(map_file(fx, 0, 4, VM_MMAP_SHARED, 0), VM_OK);
	assert_int_equal(store(fx, 1, 'x'), VM_OK);
	assert_int_equal(vm_msync(fx->vs, fx_va(0), 4 * FX_PAGE,
			     VM_MS_SYNC | VM_MS_INVALIDATE),
	    VM_OK);
	assert_int_equal(pages_used(fx), 0);
	assert_int_equal(load(fx, 1), 'x');
	assert_int_equal(vm_mlock(fx->vs, fx_va(3), FX_PAGE), VM_OK);
	assert_int_equal(vm_msync(fx->vs, fx_va(0), 4 * FX_PAGE,
			     VM_MS_SYNC | VM_MS_INVALIDATE),
	    VM_EBUSY);
}

/* ------------------------------------------------------------------ mlock */

/* Is what the bytes touch locked, and no more than the limit? */
static void
test_mlock(void **state)
{
	struct fixture *fx = *state;

	fx->vs->map.wired_limit = 3 * FX_PAGE;
	assert_int_equal(map_anon(fx, 0, 8), VM_OK);
	assert_int_equal(vm_mlock(fx->vs, fx_va(1) - 1, 2), VM_OK);
	assert_int_equal(vm_page_wired_count(fx->sys), 2);
	assert_int_equal(vm_mlock(fx->vs, fx_va(0), 2 * FX_PAGE), VM_OK);
	assert_int_equal(vm_mlock(fx->vs, fx_va(1), 2 * FX_PAGE), VM_OK);
	assert_int_equal(vm_mlock(fx->vs, fx_va(5), 1), VM_ENOMEM);
	assert_int_equal(vm_munlock(fx->vs, fx_va(1), 1), VM_OK);
	assert_int_equal(vm_mlock(fx->vs, fx_va(5), 1), VM_OK);
	assert_int_equal(vm_munlock(fx->vs, fx_va(0), 8 * FX_PAGE), VM_OK);
	assert_int_equal(vm_page_wired_count(fx->sys), 0);
}

/* Is all locked that is there, all that comes, or both? */
static void
test_mlockall(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(map_anon(fx, 0, 2), VM_OK);
	assert_int_equal(vm_mlockall(fx->vs, 0), VM_EINVAL);
	assert_int_equal(vm_mlockall(fx->vs, 8), VM_EINVAL);
	assert_int_equal(vm_mlockall(fx->vs, VM_MCL_FUTURE), VM_OK);
	assert_int_equal(vm_page_wired_count(fx->sys), 0);
	assert_int_equal(map_anon(fx, 4, 1), VM_OK);
	assert_int_equal(vm_page_wired_count(fx->sys), 1);
	assert_int_equal(vm_mlockall(fx->vs, VM_MCL_CURRENT), VM_OK);
	assert_int_equal(vm_page_wired_count(fx->sys), 3);
	assert_int_equal(map_anon(fx, 8, 1), VM_OK);
	assert_int_equal(vm_page_wired_count(fx->sys), 3);
	assert_int_equal(vm_munlockall(fx->vs), VM_OK);
	assert_int_equal(vm_page_wired_count(fx->sys), 0);
}

/* Are reservations, files that are too short, and what is locked already no
 * reason to refuse?  mlock alone wants every page. */
static void
test_mlock_what_is_there(void **state)
{
	struct fixture *fx = *state;

	fx->files[0].size = 2 * FX_PAGE;
	assert_int_equal(map_file(fx, 0, 4, VM_MMAP_SHARED, 0), VM_OK);
	assert_int_equal(map_anon(fx, 8, 2 * FX_FRAMES), VM_OK);
	assert_int_equal(protect(fx, 8, 2 * FX_FRAMES, VM_PROT_NONE), VM_OK);
	assert_int_equal(vm_mlock(fx->vs, fx_va(0), 4 * FX_PAGE), VM_ENOMEM);
	assert_int_equal(vm_page_wired_count(fx->sys), 0);
	assert_int_equal(vm_mlockall(fx->vs, VM_MCL_CURRENT | VM_MCL_FUTURE),
	    VM_OK);
	assert_int_equal(vm_mlockall(fx->vs, VM_MCL_CURRENT | VM_MCL_FUTURE),
	    VM_OK);
	assert_int_equal(vm_page_wired_count(fx->sys), 2);
	assert_int_equal(map_file(fx, 4, 4, VM_MMAP_SHARED, 0), VM_OK);
	assert_int_equal(load(fx, 5), 'B');
	fx_map(fx)->wired_limit = FX_PAGE;
	assert_int_equal(vm_munlockall(fx->vs), VM_OK);
	assert_int_equal(vm_mlockall(fx->vs, VM_MCL_CURRENT | VM_MCL_FUTURE),
	    VM_ENOMEM);
	assert_int_equal(map_anon(fx, 0, 1), VM_OK);
	assert_int_equal(vm_page_wired_count(fx->sys), 0);
}

/* -------------------------------------------------------------------- brk */

/* Does the heap grow and shrink by pages, and forget what it gave back? */
static void
test_brk(void **state)
{
	struct fixture *fx = *state;
	vaddr_t now;

	fx->vs->brk_start = fx->vs->brk_end = fx_va(10) + 100;
	assert_int_equal(vm_brk(fx->vs, 0, &now), VM_OK);
	assert_int_equal(now, fx_va(10) + 100);
	assert_int_equal(vm_brk(fx->vs, fx_va(12) + 1, &now), VM_OK);
	assert_int_equal(now, fx_va(12) + 1);
	assert_int_equal(load(fx, 10), -VM_EFAULT);
	assert_int_equal(store(fx, 11, 'x'), VM_OK);
	assert_int_equal(store(fx, 12, 'y'), VM_OK);
	assert_int_equal(load(fx, 13), -VM_EFAULT);
	assert_int_equal(vm_brk(fx->vs, fx_va(12), &now), VM_OK);
	assert_int_equal(load(fx, 12), -VM_EFAULT);
	assert_int_equal(vm_brk(fx->vs, fx_va(13), &now), VM_OK);
	assert_int_equal(load(fx, 12), 0);
	assert_int_equal(load(fx, 11), 'x');
}

/* Does it stop before other mappings, its limit, its start? */
static void
test_brk_errors(void **state)
{
	struct fixture *fx = *state;
	vaddr_t now;

	fx->vs->brk_start = fx->vs->brk_end = fx_va(10);
	fx->vs->data_limit = 8 * FX_PAGE;
	assert_int_equal(map_anon(fx, 14, 1), VM_OK);
	assert_int_equal(vm_brk(fx->vs, fx_va(14), &now), VM_OK);
	assert_int_equal(vm_brk(fx->vs, fx_va(15), &now), VM_ENOMEM);
	assert_int_equal(now, fx_va(14));
	assert_int_equal(vm_brk(fx->vs, fx_va(9), &now), VM_ENOMEM);
	assert_int_equal(vm_brk(fx->vs, UINT64_MAX, &now), VM_ENOMEM);
	assert_int_equal(unmap(fx, 14, 1), VM_OK);
	assert_int_equal(vm_brk(fx->vs, fx_va(18), &now), VM_OK);
	assert_int_equal(vm_brk(fx->vs, fx_va(18) + 1, &now), VM_ENOMEM);
}

int
main(void)
{
	const struct fx_test tests[] = {
		FX_TEST(test_mmap_errors),
		FX_TEST(test_mmap_wraps),
		FX_TEST(test_mmap_ends),
		FX_TEST(test_mmap_noreplace),
		FX_TEST(test_mmap_populate),
		FX_TEST(test_mmap_wired),
		FX_TEST(test_range_errors),
		FX_TEST(test_mremap_in_place),
		FX_TEST(test_mremap_moves),
		FX_TEST(test_mremap_file),
		FX_TEST(test_mremap_fixed),
		FX_TEST(test_mremap_wraps),
		FX_TEST(test_mremap_keep),
		FX_TEST_IN(netbsd, test_mremap_keep_chunks),
		FX_TEST(test_mremap_limit),
		FX_TEST(test_mremap_without_memory),
		FX_TEST(test_mremap_duplicate),
		FX_TEST(test_mremap_duplicate_wired),
		FX_TEST(test_mremap_zero_length),
		FX_TEST(test_mremap_errors),
		FX_TEST(test_mremap_wired),
		FX_TEST(test_madvise_discard),
		FX_TEST(test_madvise_discard_forked),
		FX_TEST(test_madvise_part),
		FX_TEST(test_madvise_remove_part),
		FX_TEST(test_madvise_bring_part),
		FX_TEST(test_madvise_hole),
		FX_TEST(test_madvise_wired),
		FX_TEST(test_madvise_remove),
		FX_TEST(test_madvise_populate),
		FX_TEST(test_madvise_fork),
		FX_TEST(test_mincore),
		FX_TEST(test_msync),
		FX_TEST(test_msync_invalidate),
		FX_TEST(test_mlock),
		FX_TEST(test_mlockall),
		FX_TEST(test_mlock_what_is_there),
		FX_TEST(test_brk),
		FX_TEST(test_brk_errors),
	};

	return FX_RUN("vm_mmap", tests);
}
