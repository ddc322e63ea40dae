/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_extract_test.c - map entry passing: what arrives, what stays, and what it
 * costs, between spaces of one design and of two.
 */
#include "test/unit/base_test.h"
#include "test/unit/paging_fixture.h"
#include "vm/vm_wire.h"

enum { TO = 100 }; /* the page where what is passed on arrives */

/* ---- tools ---- */

static struct vmspace *
space_of(struct fixture *fx, const struct vm_design *d)
{
	struct vmspace *vs;

	assert_int_equal(vmspace_create(fx->sys, d, &vs), VM_OK);
	return vs;
}

static struct vmspace *
space(struct fixture *fx)
{
	return space_of(fx, fx_design);
}

/* A design with other upper layers. */
static const struct vm_design *
other_design(void)
{
	return fx_is_uvm() ? &vm_design_freebsd : &vm_design_netbsd;
}

static struct vm_extract_args
args(struct fixture *fx, struct vmspace *to, size_t page, size_t n,
    enum vm_pass how)
{
	return (struct vm_extract_args){
		.from = fx->vs,
		.to = to,
		.start = fx_va(page),
		.len = n * FX_PAGE,
		.how = how,
		.flags = VM_EXTRACT_FIXED,
	};
}

static int
extract(struct fixture *fx, const struct vm_extract_args *a, size_t to)
{
	vaddr_t at = fx_va(to);
	int error = vm_extract(a, &at);

	vm_check(fx->sys);
	if (error == VM_OK)
		assert_int_equal(at, fx_va(to));
	return error;
}

/* Pages [page, page + n) of the fixture's space, to TO of another. */
static int
pass(struct fixture *fx, struct vmspace *to, size_t page, size_t n,
    enum vm_pass how)
{
	struct vm_extract_args a = args(fx, to, page, n, how);

	return extract(fx, &a, TO);
}

static int
reserve(struct vmspace *vs, size_t page, size_t n)
{
	struct vm_map_place p = {
		.start = fx_va(page),
		.len = n * FX_PAGE,
		.fixed = true,
	};
	vaddr_t at;

	return vm_reserve(vs, &p, &at);
}

static int
unreserve(struct vmspace *vs, size_t page, size_t n)
{
	return vm_unreserve(vs, fx_va(page), n * FX_PAGE);
}

static uint64_t
copies(struct fixture *fx)
{
	return fx->sys->stats.extract_copies;
}

static uint64_t
promised(struct fixture *fx)
{
	struct vm_charge now, max;

	vm_charge_get(fx->sys, &now, &max);
	return now.anon;
}

/* ---- the three ---- */

/* Do both have the same memory, written before and after, also where nobody
 * had been?
 *
 *	from	[ a . ]		to	[ a . ]
 */
static void
test_share(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *to = space(fx);

	assert_int_equal(map_anon(fx, 0, 4), VM_OK);
	assert_int_equal(store(fx, 0, 'a'), VM_OK);
	assert_int_equal(pass(fx, to, 0, 4, VM_PASS_SHARE), VM_OK);
	assert_int_equal(load_in(fx, to, TO), 'a');
	assert_int_equal(store_in(fx, to, TO, 'b'), VM_OK);
	assert_int_equal(load(fx, 0), 'b');
	assert_int_equal(store(fx, 3, 'c'), VM_OK);
	assert_int_equal(load_in(fx, to, TO + 3), 'c');
	vm_check(fx->sys);
	assert_pages_used(fx, 2);
	assert_int_equal(unmap(fx, 0, 4), VM_OK);
	assert_int_equal(load_in(fx, to, TO + 3), 'c');
	vmspace_unref(to);
}

/* Has the receiver of a copy what was there, whoever writes first, and is no
 * page copied before? */
static void
test_copy(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *to = space(fx);

	map_filled(fx, 0, 4, 'a');
	assert_int_equal(pass(fx, to, 0, 4, VM_PASS_COPY), VM_OK);
	assert_int_equal(pages_used(fx), 4);
	assert_int_equal(store(fx, 0, 'b'), VM_OK);
	assert_int_equal(store_in(fx, to, TO + 1, 'c'), VM_OK);
	assert_int_equal(load_in(fx, to, TO), 'a');
	assert_int_equal(load(fx, 0), 'b');
	assert_int_equal(load(fx, 1), 'a');
	assert_int_equal(load_in(fx, to, TO + 3), 'a');
	vm_check(fx->sys);
	vmspace_unref(to);
	assert_true(page_is(fx, fx->vs, 1, 'a'));
}

/* Does what is donated leave, without a page made, copied or moved, and does
 * the rest of its entry stay?
 *
 *	from	[ a a a a a a ]	   [ a )   ( a ]
 *	to			       [ a a )
 */
static void
test_donate(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *to = space(fx);
	uint64_t was;

	map_filled(fx, 0, 6, 'a');
	was = fx->sys->stats.pages_copied;
	assert_int_equal(pass(fx, to, 2, 2, VM_PASS_DONATE), VM_OK);
	assert_int_equal(load(fx, 2), -VM_EFAULT);
	assert_null(entry_of(fx->vs, 2));
	assert_int_equal(load_in(fx, to, TO + 1), 'a');
	assert_int_equal(store_in(fx, to, TO, 'b'), VM_OK);
	assert_int_equal(store(fx, 1, 'c'), VM_OK);
	assert_int_equal(store(fx, 4, 'd'), VM_OK);
	assert_true(page_is(fx, to, TO, 'b'));
	assert_true(page_is(fx, to, TO + 1, 'a'));
	vm_check(fx->sys);
	assert_int_equal(pages_used(fx), 6);
	assert_int_equal(fx->sys->stats.pages_copied, was);
	assert_int_equal(fx_map(fx)->size, 4 * FX_PAGE);
	assert_int_equal(to->map.size, 2 * FX_PAGE);
	assert_int_equal(map_anon(fx, 2, 2), VM_OK);
	assert_int_equal(load(fx, 2), 0);
	vmspace_unref(fx->vs);
	fx->vs = to;
	assert_true(page_is(fx, to, TO + 1, 'a'));
	assert_pages_used(fx, 2);
}

/* Do files and shared memory pass on, and stay what they are? */
static void
test_objects(void **state)
{
	struct fixture *fx = *state;
	const struct vm_design *designs[] = { fx_design, other_design() };
	struct vmspace *to;

	for (unsigned i = 0; i < 2; i++) {
		for (int how = VM_PASS_SHARE; how <= VM_PASS_DONATE; how++) {
			to = space_of(fx, designs[i]);
			assert_int_equal(map_file(fx, 0, 4, VM_MMAP_SHARED, 0),
			    VM_OK);
			assert_int_equal(map_shared(fx, 4, 2), VM_OK);
			assert_int_equal(store(fx, 4, 's'), VM_OK);
			assert_int_equal(pass(fx, to, 0, 6, (enum vm_pass)how),
			    VM_OK);
			assert_int_equal(load_in(fx, to, TO + 1), 'B');
			assert_int_equal(load_in(fx, to, TO + 4), 's');
			if (how == VM_PASS_SHARE) {
				assert_int_equal(store_in(fx, to, TO + 4, 't'),
				    VM_OK);
				assert_int_equal(load(fx, 4), 't');
			}
			if (how == VM_PASS_COPY) {
				assert_int_equal(store_in(fx, to, TO + 1, 'x'),
				    VM_OK);
				assert_int_equal(load(fx, 1), 'B');
			}
			vmspace_unref(to);
			(void)unmap(fx, 0, 6);
		}
	}
	assert_int_equal(copies(fx), 0);
}

/* Do holes stay holes, at their places, or are they an error?
 *
 *	from	[ a a ]   [ b ] .
 */
static void
test_holes(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *to = space(fx);
	struct vm_extract_args a = args(fx, to, 0, 6, VM_PASS_DONATE);

	map_filled(fx, 0, 2, 'a');
	map_filled(fx, 4, 1, 'b');
	a.flags |= VM_EXTRACT_CONTIG;
	assert_int_equal(extract(fx, &a, TO), VM_EFAULT);
	a.len = 5 * FX_PAGE;
	assert_int_equal(extract(fx, &a, TO), VM_EFAULT);
	assert_int_equal(pass(fx, to, 2, 2, VM_PASS_SHARE), VM_EFAULT);
	assert_int_equal(entries(to), 0);
	assert_int_equal(pass(fx, to, 0, 6, VM_PASS_COPY), VM_OK);
	assert_int_equal(load_in(fx, to, TO + 1), 'a');
	assert_int_equal(load_in(fx, to, TO + 2), -VM_EFAULT);
	assert_int_equal(load_in(fx, to, TO + 4), 'b');
	assert_null(entry_of(to, TO + 5));
	assert_int_equal(vm_munmap(to, fx_va(TO), 6 * FX_PAGE), VM_OK);
	assert_int_equal(pass(fx, to, 0, 6, VM_PASS_DONATE), VM_OK);
	assert_int_equal(entries(fx->vs), 0);
	assert_int_equal(load_in(fx, to, TO + 4), 'b');
	assert_int_equal(load_in(fx, to, TO + 3), -VM_EFAULT);
	vmspace_unref(to);
}

/* Is a place found where none is named, aligned, and at the hint? */
static void
test_place(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *to = space(fx);
	struct vm_extract_args a = args(fx, to, 0, 3, VM_PASS_SHARE);
	vaddr_t at = 0;

	map_filled(fx, 0, 3, 'a');
	a.flags = 0;
	a.align = 16 * FX_PAGE;
	assert_int_equal(vm_extract(&a, &at), VM_OK);
	assert_int_equal(at % (16 * FX_PAGE), 0);
	assert_int_equal(load_in(fx, to, (at - FX_BASE) / FX_PAGE + 2), 'a');
	a.align = 0;
	at = fx_va(TO);
	assert_int_equal(vm_extract(&a, &at), VM_OK);
	assert_int_equal(at, fx_va(TO));
	assert_int_equal(pass(fx, to, 0, 3, VM_PASS_COPY), VM_EEXIST);
	vm_check(fx->sys);
	vmspace_unref(to);
}

/* Is a range passed on inside of one space, over a hole of its own?
 *
 *	[ a a ) . . . .		->	[ a a )( a a ) . .
 */
static void
test_same_space(void **state)
{
	struct fixture *fx = *state;
	struct vm_extract_args a = args(fx, fx->vs, 0, 6, VM_PASS_SHARE);

	map_filled(fx, 0, 2, 'a');
	assert_int_equal(extract(fx, &a, 2), VM_OK);
	assert_int_equal(store(fx, 3, 'b'), VM_OK);
	assert_int_equal(load(fx, 1), 'b');
	a.how = VM_PASS_COPY;
	a.len = 2 * FX_PAGE;
	assert_int_equal(extract(fx, &a, 20), VM_OK);
	assert_int_equal(store(fx, 0, 'c'), VM_OK);
	assert_int_equal(load(fx, 20), 'a');
	a.how = VM_PASS_DONATE;
	assert_int_equal(extract(fx, &a, 40), VM_OK);
	assert_int_equal(load(fx, 0), -VM_EFAULT);
	assert_int_equal(load(fx, 40), 'c');
	assert_int_equal(store(fx, 40, 'd'), VM_OK);
	assert_int_equal(load(fx, 2), 'd');
	vm_check(fx->sys);
}

/* ---- relatives ---- */

/* Does what was forked before and after keep its own? */
static void
test_forks(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *to = space(fx), *before, *after;

	for (int how = VM_PASS_SHARE; how <= VM_PASS_DONATE; how++) {
		map_filled(fx, 0, 4, 'a');
		before = fork_space(fx->vs);
		assert_int_equal(store(fx, 1, 'b'), VM_OK);
		assert_int_equal(pass(fx, to, 0, 4, (enum vm_pass)how), VM_OK);
		after = fork_space(to);
		assert_int_equal(store_in(fx, to, TO, 'c'), VM_OK);
		assert_int_equal(store_in(fx, after, TO + 1, 'd'), VM_OK);
		assert_int_equal(load_in(fx, before, 0), 'a');
		assert_int_equal(load_in(fx, before, 1), 'a');
		assert_int_equal(load_in(fx, after, TO), 'a');
		assert_int_equal(load_in(fx, to, TO + 1), 'b');
		if (how == VM_PASS_SHARE)
			assert_int_equal(load(fx, 0), 'c');
		vm_check(fx->sys);
		vmspace_unref(before);
		vmspace_unref(after);
		assert_int_equal(vm_munmap(to, fx_va(TO), 4 * FX_PAGE), VM_OK);
		if (how == VM_PASS_COPY)
			assert_true(page_is(fx, fx->vs, 0, 'a'));
		assert_int_equal(unmap(fx, 0, 4), VM_OK);
	}
	vmspace_unref(to);
	assert_int_equal(pages_used(fx), 0);
}

/* Is shared memory still shared among three, and copied from them at once? */
static void
test_partners(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *a = space(fx), *b = space(fx);

	map_filled(fx, 0, 2, 'a');
	assert_int_equal(pass(fx, a, 0, 2, VM_PASS_SHARE), VM_OK);
	assert_int_equal(pass(fx, b, 0, 2, VM_PASS_COPY), VM_OK);
	assert_int_equal(store_in(fx, a, TO, 'b'), VM_OK);
	assert_int_equal(load(fx, 0), 'b');
	assert_int_equal(load_in(fx, b, TO), 'a');
	assert_int_equal(vm_munmap(b, fx_va(TO), 2 * FX_PAGE), VM_OK);
	assert_int_equal(pass(fx, b, 0, 2, VM_PASS_DONATE), VM_OK);
	assert_int_equal(store_in(fx, a, TO + 1, 'c'), VM_OK);
	assert_int_equal(load_in(fx, b, TO + 1), 'c');
	vm_check(fx->sys);
	vmspace_unref(a);
	vmspace_unref(b);
}

/* ---- paging ---- */

/* Has arrived what fill() has put into pages [0, 8)? */
static void
assert_filled_from(struct fixture *fx, struct vmspace *to)
{
	for (size_t i = 0; i < 8; i++)
		assert_true(page_is(fx, to, TO + i, (int)i + 1));
	vm_check(fx->sys);
}

/* Does memory in swap pass on without being read? */
static void
test_swapped_out(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *to;

	assert_int_equal(fixture_swap(fx, 0, 64, 0), VM_OK);
	for (int how = VM_PASS_SHARE; how <= VM_PASS_DONATE; how++) {
		assert_int_equal(map_anon(fx, 0, 8), VM_OK);
		fill(fx, 0, 8);
		page_out(fx);
		to = space(fx);
		assert_int_equal(nresident(fx, 0, 8), 0);
		assert_int_equal(pass(fx, to, 0, 8, (enum vm_pass)how), VM_OK);
		assert_int_equal(pages_used(fx), 0);
		assert_filled_from(fx, to);
		vmspace_unref(to);
		(void)unmap(fx, 0, 8);
	}
	assert_int_equal(vm_swap_in_use(fx->sys), 0);
}

/* And while it is on its way there, whether or not it arrives? */
static void
test_on_the_way(void **state)
{
	struct fixture *fx = *state;
	struct vm_extract_args a;
	struct vmspace *to;
	vaddr_t at = fx_va(TO);

	assert_int_equal(fixture_swap(fx, 0, 64, 0), VM_OK);
	FOR_ENDS(end)
	{
		for (int how = VM_PASS_SHARE; how <= VM_PASS_DONATE; how++) {
			to = space(fx);
			assert_int_equal(map_anon(fx, 0, 8), VM_OK);
			fill(fx, 0, 8);
			begin_page_out(fx);
			a = args(fx, to, 0, 8, (enum vm_pass)how);
			assert_int_equal(vm_extract(&a, &at), VM_OK);
			page_out_ends[end](fx);
			assert_filled_from(fx, to);
			vmspace_unref(to);
			assert_int_equal(unmap(fx, 0, 8), VM_OK);
		}
	}
}

/* ---- what is refused, and rights ---- */

/* Does locked and held memory stay, and pass on as a copy that is neither? */
static void
test_wired(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *to = space(fx);
	struct vm_held held;

	map_filled(fx, 0, 6, 'a');
	assert_int_equal(vm_mlock(fx->vs, fx_va(1), FX_PAGE), VM_OK);
	assert_int_equal(vm_vslock(fx->vs, fx_va(4), FX_PAGE, VM_PROT_READ,
			     &held),
	    VM_OK);
	assert_int_equal(pass(fx, to, 0, 2, VM_PASS_DONATE), VM_EBUSY);
	assert_int_equal(pass(fx, to, 3, 3, VM_PASS_DONATE), VM_EBUSY);
	assert_int_equal(entries(to), 0);
	assert_int_equal(pass(fx, to, 0, 6, VM_PASS_COPY), VM_OK);
	assert_int_equal(store(fx, 1, 'b'), VM_OK);
	assert_int_equal(store(fx, 4, 'b'), VM_OK);
	assert_int_equal(load_in(fx, to, TO + 1), 'a');
	assert_int_equal(load_in(fx, to, TO + 4), 'a');
	assert_int_equal(to->map.locked, 0);
	assert_int_equal(vm_munmap(to, fx_va(TO), 6 * FX_PAGE), VM_OK);
	assert_int_equal(pass(fx, to, 0, 6, VM_PASS_SHARE), VM_OK);
	assert_int_equal(store(fx, 1, 'c'), VM_OK);
	assert_int_equal(load_in(fx, to, TO + 1), 'c');
	assert_true(mapping_of(fx->vs, 1).wired);
	vm_check(fx->sys);
	vm_vsunlock(fx->vs, &held);
	vmspace_unref(to);
}

/* Is what cannot be passed on refused, and nothing changed? */
static void
test_refused(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *to = space(fx);
	struct vm_extract_args a = args(fx, to, 0, 2, VM_PASS_COPY);

	map_filled(fx, 0, 2, 'a');
	assert_int_equal(map_prot(fx->vs, 2, 1, VM_PROT_NONE,
			     VM_MMAP_PRIVATE | VM_MMAP_FOREIGN),
	    VM_OK);
	for (int how = VM_PASS_SHARE; how <= VM_PASS_DONATE; how++)
		assert_int_equal(pass(fx, to, 0, 3, (enum vm_pass)how),
		    VM_EFAULT);
	a.len = FX_PAGE / 2;
	assert_int_equal(extract(fx, &a, TO), VM_EINVAL);
	a.len = 0;
	assert_int_equal(extract(fx, &a, TO), VM_EINVAL);
	a.len = (FX_CELLS + 1) * FX_PAGE;
	assert_int_equal(extract(fx, &a, TO), VM_EINVAL);
	a.len = 2 * FX_PAGE;
	assert_int_equal(extract(fx, &a, FX_CELLS - 1), VM_EINVAL);
	a.how = VM_PASS_DONATE;
	a.flags |= VM_EXTRACT_QREF;
	assert_int_equal(extract(fx, &a, TO), VM_EINVAL);
	to->map.size_limit = FX_PAGE;
	a.flags = VM_EXTRACT_FIXED;
	assert_int_equal(extract(fx, &a, TO), VM_ENOMEM);
	assert_int_equal(entries(to), 0);
	assert_int_equal(entries(fx->vs), 2);
	assert_true(page_is(fx, fx->vs, 1, 'a'));
	vmspace_unref(to);
}

/* Is what is immutable never donated, and its copy not immutable? */
static void
test_immutable(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *to = space(fx);

	map_filled(fx, 0, 2, 'a');
	assert_int_equal(vm_mimmutable(fx->vs, fx_va(1), FX_PAGE), VM_OK);
	assert_int_equal(pass(fx, to, 0, 2, VM_PASS_DONATE), VM_EPERM);
	assert_int_equal(load(fx, 0), 'a');
	assert_int_equal(pass(fx, to, 0, 2, VM_PASS_SHARE), VM_OK);
	assert_int_equal(load_in(fx, to, TO + 1), 'a');
	assert_int_equal(vm_munmap(to, fx_va(TO), 2 * FX_PAGE), VM_OK);
	vmspace_unref(to);
}

static void
assert_rights(struct vmspace *vs, size_t page, vm_prot_t prot, vm_prot_t max)
{
	assert_int_equal(entry_of(vs, page)->prot, prot);
	assert_int_equal(entry_of(vs, page)->max_prot, max);
}

/* Has the receiver the rights that are asked for, and the donor, who gets his
 * memory back, his own? */
static void
test_rights(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *to = space(fx);
	struct vm_extract_args a = args(fx, to, 0, 2, VM_PASS_SHARE);

	map_filled(fx, 0, 2, 'a');
	assert_int_equal(protect(fx, 0, 2, VM_PROT_READ), VM_OK);
	assert_int_equal(extract(fx, &a, 100), VM_OK);
	assert_rights(to, 100, VM_PROT_READ, VM_PROT_ALL);
	a.flags = VM_EXTRACT_FIXED | VM_EXTRACT_FIXPROT;
	assert_int_equal(extract(fx, &a, 110), VM_OK);
	assert_rights(to, 110, VM_PROT_ALL, VM_PROT_ALL);
	a.max_prot = VM_PROT_READ;
	assert_int_equal(extract(fx, &a, 120), VM_OK);
	assert_rights(to, 120, VM_PROT_READ, VM_PROT_READ);
	assert_int_equal(store_in(fx, to, 120, 'b'), VM_EACCES);
	a = args(fx, to, 0, 2, VM_PASS_COPY);
	a.from = to;
	a.start = fx_va(120);
	a.flags = VM_EXTRACT_FIXED | VM_EXTRACT_PROT_ALL;
	assert_int_equal(extract(fx, &a, 130), VM_OK);
	assert_rights(to, 130, VM_PROT_ALL, VM_PROT_ALL);
	assert_int_equal(store_in(fx, to, 130, 'b'), VM_OK);
	a.how = VM_PASS_DONATE;
	a.flags = VM_EXTRACT_RESERVED | VM_EXTRACT_PROT_ALL;
	assert_int_equal(extract(fx, &a, 140), VM_EFAULT);
	assert_rights(to, 120, VM_PROT_READ, VM_PROT_READ);
	assert_int_equal(load(fx, 0), 'a');
	vmspace_unref(to);
}

/* Does a guard pass like memory, which stays a guard? */
static void
test_guard(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *to = space(fx);

	for (int how = VM_PASS_SHARE; how <= VM_PASS_DONATE; how++) {
		map_filled(fx, 0, 2, 'a');
		assert_int_equal(map_prot(fx->vs, 2, 2, VM_PROT_NONE,
				     VM_MMAP_GUARD),
		    VM_OK);
		assert_int_equal(pass(fx, to, 0, 4, (enum vm_pass)how), VM_OK);
		assert_true(vm_entry_is_guard(entry_of(to, TO + 2)));
		assert_int_equal(to->map.size, 2 * FX_PAGE);
		assert_int_equal(load_in(fx, to, TO + 2), -VM_EACCES);
		assert_int_equal(vm_munmap(to, fx_va(TO), 4 * FX_PAGE), VM_OK);
		assert_int_equal(unmap(fx, 0, 4), VM_OK);
	}
	vmspace_unref(to);
}

/* Is the source left in one piece by a quick reference, whose ends are right?
 *
 *	from	[ 1 2 3 4 5 6 7 8 ]	to	[ 3 4 5 ]
 */
static void
test_quick(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *to = space(fx);
	struct vm_extract_args a = args(fx, to, 2, 3, VM_PASS_SHARE);

	assert_int_equal(map_anon(fx, 0, 8), VM_OK);
	fill(fx, 0, 8);
	a.flags |= VM_EXTRACT_QREF;
	assert_int_equal(extract(fx, &a, TO), VM_OK);
	assert_int_equal(entries(fx->vs), 1);
	assert_int_equal(to->map.size, 3 * FX_PAGE);
	for (int i = 0; i < 3; i++)
		assert_int_equal(load_in(fx, to, TO + (size_t)i), 3 + i);
	assert_int_equal(store_in(fx, to, TO, 'x'), VM_OK);
	assert_int_equal(load(fx, 2), 'x');
	assert_int_equal(vm_munmap(to, fx_va(TO), 3 * FX_PAGE), VM_OK);
	vm_check(fx->sys);
	assert_int_equal(load(fx, 7), 8);
	assert_int_equal(store(fx, 2, 3), VM_OK);
	a.how = VM_PASS_COPY;
	assert_int_equal(extract(fx, &a, TO), VM_OK);
	assert_int_equal(entries(fx->vs), 1);
	assert_int_equal(store(fx, 2, 'z'), VM_OK);
	assert_int_equal(store(fx, 7, 'z'), VM_OK);
	assert_int_equal(load_in(fx, to, TO), 3);
	assert_int_equal(load_in(fx, to, TO + 2), 5);
	assert_int_equal(load(fx, 0), 1);
	vm_check(fx->sys);
	vmspace_unref(to);
}

/* ---- reservations ---- */

/* Does nobody get into a reserved place, nor out of it, but who knows it?
 *
 *	[ reserved )( reserved )
 */
static void
test_reservation(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *vs = fx->vs, *child;

	assert_int_equal(reserve(vs, 0, 4), VM_OK);
	assert_int_equal(reserve(vs, 4, 2), VM_OK);
	assert_int_equal(reserve(vs, 2, 1), VM_EEXIST);
	assert_int_equal(load(fx, 1), -VM_EFAULT);
	assert_int_equal(unmap(fx, 1, 1), VM_EPERM);
	assert_int_equal(map_anon(fx, 0, 4), VM_EPERM);
	assert_int_equal(protect(fx, 0, 4, VM_PROT_RW), VM_EPERM);
	assert_int_equal(vm_minherit(vs, fx_va(1), FX_PAGE, VM_INHERIT_SHARE),
	    VM_OK);
	child = fork_space(vs);
	assert_int_equal(entries(child), 0);
	vmspace_unref(child);
	vm_check(fx->sys);
	assert_int_equal(unreserve(vs, 0, 3), VM_EINVAL);
	assert_int_equal(unreserve(vs, 1, 3), VM_EINVAL);
	assert_int_equal(unreserve(vs, 0, 6), VM_EINVAL);
	assert_int_equal(unreserve(vs, 0, 4), VM_OK);
	assert_int_equal(unreserve(vs, 0, 4), VM_EINVAL);
	assert_int_equal(map_anon(fx, 0, 4), VM_OK);
	assert_int_equal(unreserve(vs, 4, 2), VM_OK);
	assert_int_equal(entries(vs), 1);
	assert_int_equal(fx_map(fx)->size, 4 * FX_PAGE);
}

/* Does what is passed on take the place of exactly what was reserved for it,
 * and return if that has gone?  */
static void
test_into_reserved(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *to = space(fx);
	struct vm_extract_args a = args(fx, to, 0, 4, VM_PASS_DONATE);

	map_filled(fx, 0, 3, 'a');
	a.flags = VM_EXTRACT_RESERVED;
	assert_int_equal(reserve(to, TO, 5), VM_OK);
	assert_int_equal(extract(fx, &a, TO), VM_EFAULT);
	assert_int_equal(extract(fx, &a, TO + 1), VM_EFAULT);
	assert_int_equal(extract(fx, &a, TO + 10), VM_EFAULT);
	assert_int_equal(entries(fx->vs), 1);
	for (size_t i = 0; i < 3; i++)
		assert_true(page_is(fx, fx->vs, i, 'a'));
	a.len = 5 * FX_PAGE;
	assert_int_equal(extract(fx, &a, TO), VM_OK);
	assert_int_equal(entries(fx->vs), 0);
	assert_int_equal(load_in(fx, to, TO + 2), 'a');
	assert_null(entry_of(to, TO + 4));
	assert_int_equal(extract(fx, &a, TO), VM_EFAULT);
	vmspace_reset(to);
	vmspace_unref(to);
	assert_int_equal(pages_used(fx), 0);
}

/* ---- promises ---- */

/* Do promises move with what is donated, and are they taken for what is not,
 * or refused? */
static void
test_promises(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *to = space(fx);
	struct vm_extract_args a = args(fx, to, 0, 4, VM_PASS_SHARE);
	size_t most;
	struct vm_charge now, max;

	vm_system_overcommit(fx->sys, false);
	vm_charge_get(fx->sys, &now, &max);
	most = (size_t)max.anon;
	assert_int_equal(map_anon(fx, 0, 4), VM_OK);
	assert_int_equal(pass(fx, to, 0, 4, VM_PASS_COPY), VM_OK);
	assert_int_equal(promised(fx), 8);
	assert_int_equal(vm_munmap(to, fx_va(TO), 4 * FX_PAGE), VM_OK);
	assert_int_equal(promised(fx), 4);
	assert_int_equal(map_anon(fx, 10, most - 4), VM_OK);
	assert_int_equal(pass(fx, to, 0, 4, VM_PASS_COPY), VM_ENOMEM);
	assert_int_equal(pass(fx, to, 0, 4, VM_PASS_SHARE), VM_ENOMEM);
	assert_int_equal(pass(fx, to, 0, 4, VM_PASS_DONATE), VM_OK);
	assert_int_equal(promised(fx), most);
	assert_int_equal(to->map.taken.anon, 4);
	a.flags = VM_EXTRACT_RESERVED;
	a.how = VM_PASS_DONATE;
	a.start = fx_va(10);
	assert_int_equal(extract(fx, &a, TO + 10), VM_EFAULT);
	assert_int_equal(fx_map(fx)->taken.anon, most - 4);
	/* of what is not counted yet, as it may not be written */
	assert_int_equal(map_prot(fx->vs, 4, 2, VM_PROT_READ, VM_MMAP_PRIVATE),
	    VM_OK);
	a = args(fx, to, 4, 2, VM_PASS_DONATE);
	a.flags |= VM_EXTRACT_FIXPROT;
	assert_int_equal(extract(fx, &a, TO + 20), VM_ENOMEM);
	assert_int_equal(load(fx, 4), 0);
	assert_int_equal(unmap(fx, 10, 1), VM_OK);
	assert_int_equal(extract(fx, &a, TO + 20), VM_ENOMEM);
	assert_int_equal(unmap(fx, 11, 1), VM_OK);
	assert_int_equal(extract(fx, &a, TO + 20), VM_OK);
	assert_int_equal(promised(fx), most);
	vmspace_unref(to);
	vm_check(fx->sys);
}

/* ---- between designs ---- */

/* Is the result the same between spaces of different designs, and are as many
 * pages copied as are private?
 *
 *	[ a . a a ][ file A b C d ][ shared ]
 */
static void
test_designs(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *to;

	for (int how = VM_PASS_COPY; how <= VM_PASS_DONATE; how++) {
		uint64_t was = copies(fx);

		to = space_of(fx, other_design());
		map_filled(fx, 0, 4, 'a');
		assert_int_equal(vm_madvise(fx->vs, fx_va(1), FX_PAGE,
				     VM_MADV_DISCARD),
		    VM_OK);
		assert_int_equal(map_file(fx, 4, 4, VM_MMAP_PRIVATE, 0), VM_OK);
		assert_int_equal(store(fx, 5, 'b'), VM_OK);
		assert_int_equal(store(fx, 7, 'd'), VM_OK);
		assert_int_equal(protect(fx, 4, 4, VM_PROT_READ), VM_OK);
		assert_int_equal(map_shared(fx, 8, 1), VM_OK);
		assert_int_equal(store(fx, 8, 's'), VM_OK);
		assert_int_equal(pass(fx, to, 0, 9, (enum vm_pass)how), VM_OK);
		assert_int_equal(copies(fx) - was, 5);
		assert_rights(to, TO, VM_PROT_RW, VM_PROT_ALL);
		assert_rights(to, TO + 5, VM_PROT_READ, VM_PROT_ALL);
		if (how == VM_PASS_DONATE)
			assert_int_equal(entries(fx->vs), 0);
		else
			assert_int_equal(store(fx, 0, 'z'), VM_OK);
		assert_true(page_is(fx, to, TO, 'a'));
		assert_true(page_is(fx, to, TO + 1, 0));
		assert_true(page_is(fx, to, TO + 3, 'a'));
		assert_true(page_is(fx, to, TO + 4, 'A'));
		assert_true(page_is(fx, to, TO + 5, 'b'));
		assert_true(page_is(fx, to, TO + 6, 'C'));
		assert_true(page_is(fx, to, TO + 7, 'd'));
		assert_true(page_is(fx, to, TO + 8, 's'));
		vm_check(fx->sys);
		vmspace_unref(to);
		if (how == VM_PASS_COPY)
			assert_int_equal(load(fx, 5), 'b');
		(void)unmap(fx, 0, 9);
	}
}

/* Is private memory never shared between designs; and does it return when it
 * cannot arrive there? */
static void
test_designs_refused(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *to = space_of(fx, other_design());
	struct vm_extract_args a = args(fx, to, 0, 4, VM_PASS_DONATE);

	map_filled(fx, 0, 4, 'a');
	assert_int_equal(pass(fx, to, 0, 4, VM_PASS_SHARE), VM_ENOTSUP);
	a.flags = VM_EXTRACT_RESERVED;
	assert_int_equal(extract(fx, &a, TO), VM_EFAULT);
	assert_int_equal(entries(fx->vs), 1);
	for (size_t i = 0; i < 4; i++)
		assert_true(page_is(fx, fx->vs, i, 'a'));
	assert_int_equal(fx->sys->stats.forks, 0);
	assert_int_equal(entries(to), 0);
	assert_int_equal(pages_used(fx), 4);
	vmspace_unref(to);
}

/* ---- failures ---- */

enum { MAX_TAKEN = 1024 };

/* What fails, when: the flavour; which allocation; or how many entries there
 * are. */
static enum vm_pass failing_how;
static bool failing_other, failing_quick;
static uint64_t failing_nth;
static enum faulty_mode failing_mode;
static unsigned entries_left;
static struct vm_map_entry *taken[MAX_TAKEN];
static unsigned ntaken;

static void
disarm(struct fixture *fx)
{
	faulty_fail(&fx->env, 0, FAULTY_ONCE);
	while (ntaken != 0)
		vm_entry_free(fx->sys, taken[--ntaken]);
}

static void
assert_source(struct fixture *fx)
{
	assert_int_equal(load(fx, 0), 'a');
	assert_int_equal(load(fx, 5), 'b');
	assert_int_equal(load(fx, 6), 'C');
	assert_int_equal(load(fx, 8), 's');
}

static void
assert_arrived(struct fixture *fx, struct vmspace *to)
{
	assert_int_equal(load_in(fx, to, TO), 'a');
	assert_int_equal(load_in(fx, to, TO + 4), 'b');
	assert_int_equal(load_in(fx, to, TO + 5), 'C');
}

/* Does each failure leave everything here, or all of it there?
 *
 *	[ a a ][ wired ][ A b C D ][ shared ]
 *	    `------------------'
 */
static bool
play(void (*arm)(struct fixture *))
{
	struct fixture *fx = fixture_of(FX_FRAMES);
	bool donates = failing_how == VM_PASS_DONATE, failed;
	struct vm_extract_args a;
	struct vmspace *to, *child;
	vaddr_t at = fx_va(TO);
	vsize_t size;
	int error;

	map_filled(fx, 0, 4, 'a');
	assert_int_equal(map_file(fx, 4, 4, VM_MMAP_PRIVATE, 0), VM_OK);
	child = fork_space(fx->vs);
	assert_int_equal(store(fx, 5, 'b'), VM_OK);
	assert_int_equal(map_shared(fx, 8, 2), VM_OK);
	assert_int_equal(store(fx, 8, 's'), VM_OK);
	if (!donates)
		assert_int_equal(vm_mlock(fx->vs, fx_va(2), FX_PAGE), VM_OK);
	size = fx_map(fx)->size;
	to = space_of(fx, failing_other ? other_design() : fx_design);
	a = args(fx, to, 1, 6, failing_how);
	if (failing_quick)
		a.flags |= VM_EXTRACT_QREF;
	arm(fx);
	error = vm_extract(&a, &at);
	failed = fx->env.failures != 0;
	disarm(fx);
	vm_check(fx->sys);
	assert_true(error == VM_OK || (failed && error == VM_ENOMEM));
	if (error == VM_OK)
		assert_arrived(fx, to);
	else
		assert_int_equal(entries(to), 0);
	if (error != VM_OK || !donates) {
		assert_source(fx);
		assert_int_equal(fx_map(fx)->size, size);
	} else {
		assert_int_equal(fx_map(fx)->size, size - 6 * FX_PAGE);
	}
	assert_int_equal(load_in(fx, child, 1), 'a');
	assert_int_equal(load_in(fx, child, 5), 'B');
	vm_check(fx->sys);
	vmspace_unref(child);
	vmspace_unref(to);
	assert_null(fixture_destroy(fx));
	return failed;
}

static void
arm_nth(struct fixture *fx)
{
	faulty_fail(&fx->env, failing_nth, failing_mode);
}

static bool
play_with_failure(uint64_t nth, enum faulty_mode mode)
{
	failing_nth = nth;
	failing_mode = mode;
	return play(arm_nth);
}

static void
play_each_allocation(void)
{
	(void)fx_each_failure(play_with_failure);
}

/* Take all free entries but a few. */
static void
arm_few_entries(struct fixture *fx)
{
	faulty_fail(&fx->env, 1, FAULTY_ON);
	for (ntaken = 0; ntaken < MAX_TAKEN; ntaken++) {
		taken[ntaken] = vm_entry_alloc(fx->sys);
		if (taken[ntaken] == NULL)
			break;
	}
	assert_true(ntaken > entries_left && ntaken < MAX_TAKEN);
	for (unsigned i = 0; i < entries_left; i++)
		vm_entry_free(fx->sys, taken[--ntaken]);
}

static void
play_few_entries(void)
{
	unsigned failures = 0;

	for (entries_left = 0; entries_left < 12; entries_left++)
		failures += play(arm_few_entries);
	assert_true(failures > 1);
}

/* In every flavour. */
static void
play_flavours(void (*play_one)(void))
{
	failing_other = failing_quick = false;
	for (int how = VM_PASS_SHARE; how <= VM_PASS_DONATE; how++) {
		failing_how = (enum vm_pass)how;
		play_one();
	}
	failing_quick = true;
	failing_how = VM_PASS_COPY;
	play_one();
	failing_quick = false;
	failing_other = true;
	for (int how = VM_PASS_COPY; how <= VM_PASS_DONATE; how++) {
		failing_how = (enum vm_pass)how;
		play_one();
	}
}

static void
test_every_allocation(void **state)
{
	(void)state;
	play_flavours(play_each_allocation);
}

static void
test_few_entries(void **state)
{
	(void)state;
	play_flavours(play_few_entries);
}

int
main(void)
{
	const struct fx_test tests[] = {
		FX_TEST(test_share),
		FX_TEST(test_copy),
		FX_TEST(test_donate),
		FX_TEST(test_objects),
		FX_TEST(test_holes),
		FX_TEST(test_place),
		FX_TEST(test_same_space),
		FX_TEST(test_forks),
		FX_TEST(test_partners),
		FX_TEST(test_swapped_out),
		FX_TEST(test_on_the_way),
		FX_TEST(test_wired),
		FX_TEST(test_refused),
		FX_TEST_IN(openbsd, test_immutable),
		FX_TEST(test_rights),
		FX_TEST_IN(freebsd, test_guard),
		FX_TEST(test_quick),
		FX_TEST(test_reservation),
		FX_TEST(test_into_reserved),
		FX_TEST(test_promises),
		FX_TEST(test_designs),
		FX_TEST(test_designs_refused),
		FX_BARE(test_every_allocation),
		FX_BARE(test_few_entries),
	};

	return FX_RUN("vm_extract", tests);
}
