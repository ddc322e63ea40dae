/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_policy_test.c - what only some designs know: immutable entries, guards,
 * stacks that grow, checked stack pointers, two-step mapping, a limit on cached
 * objects.
 */
#include "test/unit/base_test.h"
#include "test/unit/fixture.h"
#include "vm/vm_stack.h"

#define STAT(fx, name) ((int)(fx)->sys->stats.name)

static struct vmspace *
space_of(struct fixture *fx, const struct vm_design *d)
{
	struct vmspace *vs;

	assert_int_equal(vmspace_create(fx->sys, d, &vs), VM_OK);
	return vs;
}

static int
map_at(struct fixture *fx, struct vmspace *vs, size_t page, size_t n,
    unsigned flags)
{
	return fx_map_at(fx, vs, page, n, flags, NULL, 0);
}

/* ---- immutable ---- */

/* Does an immutable range refuse every change, and nothing beside it?
 *
 *	[ . . I I . . ]
 */
static void
test_immutable(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *vs = space_of(fx, &vm_design_openbsd);
	struct vm_mremap_args move = { fx_va(2), FX_PAGE, FX_PAGE, fx_va(20),
		VM_MREMAP_MAYMOVE | VM_MREMAP_FIXED };
	vaddr_t at;

	assert_int_equal(map_at(fx, vs, 0, 6, VM_MMAP_PRIVATE), VM_OK);
	assert_int_equal(store_in(fx, vs, 3, 'a'), VM_OK);
	assert_int_equal(vm_mimmutable(vs, fx_va(2), 2 * FX_PAGE), VM_OK);
	assert_int_equal(vm_munmap(vs, fx_va(0), 6 * FX_PAGE), VM_EPERM);
	assert_int_equal(vm_mprotect(vs, fx_va(1), 2 * FX_PAGE, VM_PROT_READ),
	    VM_EPERM);
	assert_int_equal(vm_minherit(vs, fx_va(3), FX_PAGE, VM_INHERIT_NONE),
	    VM_EPERM);
	assert_int_equal(vm_madvise(vs, fx_va(3), FX_PAGE, VM_MADV_DISCARD),
	    VM_EPERM);
	assert_int_equal(vm_madvise(vs, fx_va(3), FX_PAGE, VM_MADV_FREE),
	    VM_EPERM);
	assert_int_equal(map_prot(vs, 3, 1, VM_PROT_RW, VM_MMAP_PRIVATE),
	    VM_EPERM);
	assert_int_equal(vm_mremap(vs, &move, &at), VM_EPERM);
	assert_int_equal(load_in(fx, vs, 3), 'a');
	assert_int_equal(store_in(fx, vs, 2, 'b'), VM_OK);
	assert_int_equal(vm_munmap(vs, fx_va(4), 2 * FX_PAGE), VM_OK);
	assert_int_equal(vm_mprotect(vs, fx_va(0), FX_PAGE, VM_PROT_READ),
	    VM_OK);
	vmspace_unref(vs);
}

/* Is a child's copy immutable too, and does exec end it? */
static void
test_immutable_fork(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *vs = space_of(fx, &vm_design_openbsd), *child;

	assert_int_equal(map_at(fx, vs, 0, 2, VM_MMAP_PRIVATE), VM_OK);
	assert_int_equal(vm_mimmutable(vs, fx_va(0), 2 * FX_PAGE), VM_OK);
	assert_int_equal(vmspace_fork(vs, &child), VM_OK);
	assert_int_equal(vm_munmap(child, fx_va(0), FX_PAGE), VM_EPERM);
	vmspace_reset(child);
	assert_int_equal(entries(child), 0);
	vmspace_unref(child);
	vmspace_unref(vs);
}

/* Do other designs say that they have no such thing? */
static void
test_lacking(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *vs = space_of(fx, &vm_design_mach);
	struct vm_stack_spot spot = { 0, 0, 0 };

	assert_int_equal(map_at(fx, vs, 0, 2, VM_MMAP_PRIVATE), VM_OK);
	assert_int_equal(vm_stack_check(vs, &spot, fx_va(0)), VM_OK);
	assert_int_equal(vm_mimmutable(vs, fx_va(0), FX_PAGE), VM_ENOTSUP);
	assert_int_equal(map_prot(vs, 4, 1, VM_PROT_NONE, VM_MMAP_GUARD),
	    VM_ENOTSUP);
	assert_int_equal(vm_minherit(vs, fx_va(0), FX_PAGE, VM_INHERIT_ZERO),
	    VM_EINVAL);
	vmspace_unref(vs);
}

/* ---- guards ---- */

/* Is a guard no memory, for whatever is done with it? */
static void
test_guard(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *vs = space_of(fx, &vm_design_freebsd), *child;

	assert_int_equal(map_prot(vs, 1, 2, VM_PROT_READ, VM_MMAP_GUARD),
	    VM_EINVAL);
	assert_int_equal(map_prot(vs, 1, 2, VM_PROT_NONE, VM_MMAP_GUARD),
	    VM_OK);
	assert_int_equal(map_at(fx, vs, 0, 1, VM_MMAP_PRIVATE), VM_OK);
	assert_int_equal(load_in(fx, vs, 1), -VM_EACCES);
	assert_int_equal(vm_mprotect(vs, fx_va(0), 3 * FX_PAGE, VM_PROT_READ),
	    VM_OK);
	assert_int_equal(load_in(fx, vs, 0), 0);
	assert_int_equal(load_in(fx, vs, 1), -VM_EACCES);
	assert_int_equal(map_prot(vs, 2, 1, VM_PROT_RW,
			     VM_MMAP_PRIVATE | VM_MMAP_NOREPLACE),
	    VM_EEXIST);
	assert_int_equal(vm_minherit(vs, fx_va(1), FX_PAGE, VM_INHERIT_SHARE),
	    VM_OK);
	assert_int_equal(vmspace_fork(vs, &child), VM_OK);
	assert_int_equal(load_in(fx, child, 1), -VM_EACCES);
	vmspace_unref(child);
	assert_int_equal(vm_munmap(vs, fx_va(1), 2 * FX_PAGE), VM_OK);
	vmspace_unref(vs);
}

/* Is a guard passed over by wiring, and no part of what a limit counts? */
static void
test_guard_not_wired(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *vs = space_of(fx, &vm_design_freebsd);

	vs->map.wired_limit = 2 * FX_PAGE;
	assert_int_equal(map_at(fx, vs, 0, 2, VM_MMAP_PRIVATE), VM_OK);
	assert_int_equal(map_prot(vs, 2, 8, VM_PROT_NONE, VM_MMAP_GUARD),
	    VM_OK);
	assert_int_equal(vm_mlockall(vs, VM_MCL_CURRENT | VM_MCL_FUTURE),
	    VM_OK);
	assert_true(vm_entry_is_wired(entry_of(vs, 0)));
	assert_false(vm_entry_is_wired(entry_of(vs, 2)));
	assert_int_equal(map_prot(vs, 10, 8, VM_PROT_NONE, VM_MMAP_GUARD),
	    VM_OK);
	assert_int_equal(vm_mlock(vs, fx_va(0), 10 * FX_PAGE), VM_OK);
	vmspace_unref(vs);
}

/* ---- stacks ---- */

static struct vm_stack_args
stack_args(size_t top)
{
	return (struct vm_stack_args){
		.top = fx_va(top),
		.max = 100 * FX_PAGE,
		.soft = 80 * FX_PAGE,
		.first = 4 * FX_PAGE,
		.guard = 2 * FX_PAGE,
		.prot = VM_PROT_RW,
	};
}

/* Is a guard, or the gap of a stack, address space that nobody is charged for,
 * while what a stack grows by is?
 *
 *	1      9    10			    100	      196   200
 *	[ guard )   [ 2 )		    [ gap     ][ 4  )
 */
static void
test_guard_charge(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *vs = space_of(fx, &vm_design_freebsd);
	struct vm_stack_args a = stack_args(200);

	vs->map.size_limit = 4 * FX_PAGE;
	assert_int_equal(map_prot(vs, 1, 8, VM_PROT_NONE, VM_MMAP_GUARD),
	    VM_OK);
	assert_int_equal(map_at(fx, vs, 10, 4, VM_MMAP_PRIVATE), VM_OK);
	assert_int_equal(map_at(fx, vs, 20, 1, VM_MMAP_PRIVATE), VM_ENOMEM);
	assert_int_equal(map_prot(vs, 2, 8, VM_PROT_NONE, VM_MMAP_GUARD),
	    VM_OK);
	assert_int_equal(map_at(fx, vs, 3, 1, VM_MMAP_PRIVATE), VM_ENOMEM);
	assert_int_equal(vm_munmap(vs, fx_va(10), 4 * FX_PAGE), VM_OK);
	assert_int_equal(map_at(fx, vs, 3, 4, VM_MMAP_PRIVATE), VM_OK);
	assert_int_equal(vs->map.size, 4 * FX_PAGE);
	assert_int_equal(vm_munmap(vs, fx_va(1), 10 * FX_PAGE), VM_OK);
	assert_int_equal(vs->map.size, 0);
	assert_int_equal(vm_stack_map(vs, &a), VM_OK);
	assert_int_equal(store_in(fx, vs, 199, 'a'), VM_OK);
	assert_int_equal(store_in(fx, vs, 190, 'b'), VM_EACCES);
	vs->map.size_limit = 10 * FX_PAGE;
	assert_int_equal(store_in(fx, vs, 190, 'b'), VM_OK);
	assert_int_equal(vs->map.size, 10 * FX_PAGE);
	vm_map_lock(&vs->map);
	vm_map_check(&vs->map);
	vm_map_unlock(&vs->map);
	vmspace_unref(vs);
}

/* Is a stack wired where new mappings are, from its first piece on, and not
 * mapped when it may not be wired? */
static void
test_stack_wired(void **state)
{
	struct fixture *fx = *state;
	const struct vm_design *designs[] = { &vm_design_netbsd,
		&vm_design_freebsd };

	for (unsigned i = 0; i < 2; i++) {
		struct vmspace *vs = space_of(fx, designs[i]);
		struct vm_stack_args a = stack_args(200);

		assert_int_equal(vm_mlockall(vs, VM_MCL_FUTURE), VM_OK);
		vs->map.wired_limit = 3 * FX_PAGE;
		assert_int_equal(vm_stack_map(vs, &a), VM_ENOMEM);
		assert_int_equal(entries(vs), 0);
		vs->map.wired_limit = 80 * FX_PAGE;
		assert_int_equal(vm_stack_map(vs, &a), VM_OK);
		assert_int_equal(store_in(fx, vs, 199, 'a'), VM_OK);
		assert_true(mapping_of(vs, 199).wired);
		vmspace_unref(vs);
	}
}

static void
grows(struct fixture *fx, const struct vm_design *d)
{
	struct vmspace *vs = space_of(fx, d);
	struct vm_stack_args a = stack_args(200);

	assert_int_equal(vm_stack_map(vs, &a), VM_OK);
	assert_int_equal(entry_of(vs, 195)->start, fx_va(100));
	assert_int_equal(store_in(fx, vs, 199, 'a'), VM_OK);
	assert_int_equal(store_in(fx, vs, 190, 'b'), VM_OK);
	assert_int_equal(STAT(fx, stack_grows), 1);
	assert_int_equal(store_in(fx, vs, 165, 'c'), VM_OK); /* 32 pages more */
	assert_int_equal(STAT(fx, stack_grows), 1);
	assert_int_equal(store_in(fx, vs, 120, 'd'), VM_OK);
	assert_int_equal(store_in(fx, vs, 119, 'e'), VM_EACCES); /* limit */
	vs->map.stack_limit = UINT64_MAX;
	assert_int_equal(store_in(fx, vs, 102, 'f'), VM_OK);
	assert_int_equal(store_in(fx, vs, 101, 'g'), VM_EACCES); /* guard */
	assert_int_equal(entry_of(vs, 101)->end, fx_va(102));
	assert_int_equal(load_in(fx, vs, 199), 'a');
	vm_map_lock(&vs->map);
	vm_map_check(&vs->map);
	vm_map_unlock(&vs->map);
	vmspace_unref(vs);
}

/* Does a stack grow into its gap, up to the limit, and never into the guard?
 *
 *	100  102	120		    196	  200
 *	 [ guard | gap					][ stack )
 */
static void
test_grows(void **state)
{
	grows(*state, &vm_design_freebsd);
}

static void
test_grows_dragonfly(void **state)
{
	grows(*state, &vm_design_dragonfly);
}

/* Does a limit on locked memory hold for what grows: a whole piece as long as
 * there is room for it, then what a fault needs, then nothing?
 *
 *	100	 162  164	     196       200
 *	 [ gap	   ][ 2 ][ piece of 32 ][ stack )
 */
static void
test_grows_locked(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *vs = space_of(fx, &vm_design_freebsd);
	struct vm_stack_args a = stack_args(200);

	assert_int_equal(vm_stack_map(vs, &a), VM_OK);
	assert_int_equal(store_in(fx, vs, 199, 'a'), VM_OK);
	assert_int_equal(vm_mlockall(vs, VM_MCL_FUTURE), VM_OK);
	vs->map.wired_limit = 34 * FX_PAGE;
	assert_int_equal(store_in(fx, vs, 199, 'a'), VM_OK);
	assert_int_equal(store_in(fx, vs, 194, 'b'), VM_OK);
	assert_int_equal(entry_of(vs, 194)->start, fx_va(164));
	assert_true(mapping_of(vs, 194).wired);
	assert_false(mapping_of(vs, 199).wired);
	assert_int_equal(store_in(fx, vs, 161, 'c'), VM_EACCES);
	assert_int_equal(store_in(fx, vs, 162, 'c'), VM_OK);
	assert_int_equal(entry_of(vs, 162)->start, fx_va(162));
	assert_int_equal(store_in(fx, vs, 161, 'd'), VM_EACCES);
	assert_int_equal(vm_munlockall(vs), VM_OK);
	assert_int_equal(store_in(fx, vs, 161, 'd'), VM_OK);
	assert_false(mapping_of(vs, 161).wired);
	vmspace_unref(vs);
}

/* Is a stack wired that is mapped where all new mappings are, and what it
 * grows by at once, not page by page; and is nothing left of one that would
 * be over the limit? */
static void
stack_wired(struct fixture *fx, const struct vm_design *d)
{
	struct vmspace *vs = space_of(fx, d);
	struct vm_stack_args a = stack_args(200);
	size_t first = d->stack == VM_STACK_GROWS ? 4 : 80;

	assert_int_equal(vm_mlockall(vs, VM_MCL_FUTURE), VM_OK);
	vs->map.wired_limit = (first - 1) * FX_PAGE;
	assert_int_equal(vm_stack_map(vs, &a), VM_ENOMEM);
	assert_int_equal(entries(vs), 0);
	vs->map.wired_limit = (first + 40) * FX_PAGE;
	assert_int_equal(vm_stack_map(vs, &a), VM_OK);
	assert_int_equal(vm_page_wired_count(fx->sys), first);
	if (d->stack == VM_STACK_GROWS) {
		assert_int_equal(store_in(fx, vs, 190, 'a'), VM_OK);
		assert_int_equal(vm_page_wired_count(fx->sys), first + 32);
	}
	vm_check(fx->sys);
	vmspace_unref(vs);
	assert_int_equal(vm_page_wired_count(fx->sys), 0);
}

static void
test_stack_wired_at_once(void **state)
{
	stack_wired(*state, fx_design);
}

/* And on faults, where that is asked for? */
static void
test_stack_onfault(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *vs = space_of(fx, &vm_design_freebsd);
	struct vm_stack_args a = stack_args(200);

	assert_int_equal(vm_mlockall(vs, VM_MCL_FUTURE | VM_MCL_ONFAULT),
	    VM_OK);
	assert_int_equal(vm_stack_map(vs, &a), VM_OK);
	assert_int_equal(vm_page_wired_count(fx->sys), 0);
	assert_int_equal(store_in(fx, vs, 190, 'a'), VM_OK);
	assert_int_equal(vm_page_wired_count(fx->sys), 1);
	assert_true(entry_of(vs, 190)->marks & VM_MARK_ONFAULT);
	vmspace_unref(vs);
}

/* Are rights refused that there are not? */
static void
test_stack_rights(void **state)
{
	struct fixture *fx = *state;
	struct vm_stack_args a = stack_args(200);

	a.prot = 0xff;
	assert_int_equal(vm_stack_map(fx->vs, &a), VM_EINVAL);
}

/* Are guards, and the gaps of stacks, no memory that a limit counts; and does
 * it count what grows out of them? */
static void
test_guard_size(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *vs = space_of(fx, &vm_design_freebsd);
	struct vm_stack_args a = stack_args(200);

	vs->map.size_limit = 8 * FX_PAGE;
	assert_int_equal(map_prot(vs, 0, 50, VM_PROT_NONE, VM_MMAP_GUARD),
	    VM_OK);
	assert_int_equal(vm_stack_map(vs, &a), VM_OK);
	assert_int_equal(vs->map.size, 4 * FX_PAGE);
	assert_int_equal(map_at(fx, vs, 0, 2, VM_MMAP_PRIVATE), VM_OK);
	assert_int_equal(map_at(fx, vs, 2, 3, VM_MMAP_PRIVATE), VM_ENOMEM);
	assert_int_equal(store_in(fx, vs, 193, 'a'), VM_EACCES);
	assert_int_equal(store_in(fx, vs, 195, 'a'), VM_OK);
	assert_int_equal(vs->map.size, 8 * FX_PAGE);
	assert_int_equal(map_prot(vs, 0, 4, VM_PROT_NONE, VM_MMAP_GUARD),
	    VM_OK);
	assert_int_equal(vs->map.size, 6 * FX_PAGE);
	vm_check(fx->sys);
	vmspace_unref(vs);
}

/* Is the gap whole when there was no memory for the piece? */
static void
test_grow_without_memory(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *vs = space_of(fx, &vm_design_freebsd);
	struct vm_stack_args a = stack_args(200);
	struct vm_map_entry *gap;
	int error = VM_OK;

	assert_int_equal(vm_stack_map(vs, &a), VM_OK);
	faulty_fail(&fx->env, 1, FAULTY_ON);
	vm_map_lock(&vs->map);
	gap = vm_map_lookup(&vs->map, fx_va(190));
	while (error == VM_OK && gap->end > fx_va(150))
		error = vm_map_grow_stack(&vs->map, gap->end - 1);
	vm_map_check(&vs->map);
	vm_map_unlock(&vs->map);
	faulty_fail(&fx->env, 0, FAULTY_ONCE);
	assert_int_equal(store_in(fx, vs, 150, 'a'), VM_OK);
	vmspace_unref(vs);
}

/* Is a gap with no stack next to it nothing but a guard? */
static void
test_lonely_gap(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *vs = space_of(fx, &vm_design_freebsd);
	struct vm_stack_args a = stack_args(200);

	assert_int_equal(vm_stack_map(vs, &a), VM_OK);
	assert_int_equal(vm_munmap(vs, fx_va(196), 4 * FX_PAGE), VM_OK);
	assert_int_equal(load_in(fx, vs, 195), -VM_EACCES);
	vmspace_unref(vs);
}

/* Is all of a stack mapped, and what is below the limit of no use? */
static void
test_whole(void **state)
{
	struct fixture *fx = *state;
	const struct vm_design *designs[] = { &vm_design_netbsd,
		&vm_design_openbsd };

	for (unsigned i = 0; i < 2; i++) {
		struct vmspace *vs = space_of(fx, designs[i]);
		struct vm_stack_args a = stack_args(200);
		int want = designs[i]->immutable ? VM_EPERM : VM_OK;

		assert_int_equal(vm_stack_map(vs, &a), VM_OK);
		assert_int_equal(store_in(fx, vs, 199, 'a'), VM_OK);
		assert_int_equal(store_in(fx, vs, 120, 'b'), VM_OK);
		assert_int_equal(store_in(fx, vs, 119, 'c'), VM_EACCES);
		assert_int_equal(vm_mprotect(vs, fx_va(110), FX_PAGE,
				     VM_PROT_RW),
		    want);
		vmspace_unref(vs);
	}
}

/* Is a stack pointer elsewhere found out, also after the map has changed? */
static void
test_stack_check(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *vs = space_of(fx, &vm_design_openbsd);
	struct vm_stack_spot spot = { 0, 0, 0 };

	assert_int_equal(map_at(fx, vs, 0, 2, VM_MMAP_PRIVATE), VM_OK);
	assert_int_equal(map_at(fx, vs, 2, 2, VM_MMAP_PRIVATE | VM_MMAP_STACK),
	    VM_OK);
	assert_int_equal(vm_stack_check(vs, &spot, fx_va(3) + 8), VM_OK);
	assert_int_equal(vm_stack_check(vs, &spot, fx_va(2)), VM_OK);
	assert_int_equal(vm_stack_check(vs, &spot, fx_va(1)), VM_EFAULT);
	assert_int_equal(vm_stack_check(vs, &spot, fx_va(3)), VM_OK);
	assert_int_equal(map_prot(vs, 3, 1, VM_PROT_RW, VM_MMAP_PRIVATE),
	    VM_OK);
	assert_int_equal(vm_stack_check(vs, &spot, fx_va(3)), VM_EFAULT);
	assert_int_equal(STAT(fx, stack_strays), 2);
	vmspace_unref(vs);
}

/* ---- mapping and joining as 4.4BSD does ---- */

/* Does every attribute but the default cost a pass, and do entries that have
 * been changed stay apart? */
static void
test_two_steps(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *vs = space_of(fx, &vm_design_mach);

	assert_int_equal(map_at(fx, vs, 0, 2, VM_MMAP_PRIVATE), VM_OK);
	assert_int_equal(STAT(fx, map_passes), 0);
	assert_int_equal(map_at(fx, vs, 2, 2, VM_MMAP_PRIVATE), VM_OK);
	assert_int_equal(entries(vs), 1);
	assert_int_equal(map_prot(vs, 4, 2, VM_PROT_READ, VM_MMAP_PRIVATE),
	    VM_OK);
	assert_int_equal(STAT(fx, map_passes), 1);
	assert_int_equal(map_prot(vs, 6, 2, VM_PROT_READ, VM_MMAP_SHARED),
	    VM_OK);
	assert_int_equal(STAT(fx, map_passes), 3);
	assert_int_equal(store_in(fx, vs, 4, 'a'), VM_EACCES);
	assert_int_equal(entry_of(vs, 6)->inherit, VM_INHERIT_SHARE);
	assert_int_equal(entries(vs), 3);
	assert_int_equal(vm_mprotect(vs, fx_va(1), FX_PAGE, VM_PROT_READ),
	    VM_OK);
	assert_int_equal(vm_mprotect(vs, fx_va(1), FX_PAGE, VM_PROT_RW), VM_OK);
	assert_int_equal(entries(vs), 5);
	vmspace_unref(vs);
}

/* ---- the cache of objects ---- */

static void
use_file(struct fixture *fx, unsigned file)
{
	assert_int_equal(map_file(fx, 0, 2, VM_MMAP_SHARED, file), VM_OK);
	assert_int_equal(load(fx, 0), 'A');
	assert_int_equal(unmap(fx, 0, 2), VM_OK);
}

/* Does the object that was used least lately go, with its pages? */
static void
test_cache_limit(void **state)
{
	struct fixture *fx = *state;

	vm_object_cache_limit(fx->sys, 1);
	use_file(fx, 0);
	assert_int_equal(STAT(fx, object_cache_drops), 0);
	use_file(fx, 1);
	assert_int_equal(STAT(fx, object_cache_drops), 1);
	use_file(fx, 1);
	assert_int_equal(STAT(fx, object_cache_hits), 1);
	use_file(fx, 0);
	assert_int_equal(STAT(fx, object_cache_hits), 1);
	vm_object_cache_limit(fx->sys, 0);
	assert_int_equal(pages_used(fx), 0);
}

int
main(void)
{
	const struct fx_test tests[] = {
		FX_TEST_IN(openbsd, test_immutable),
		FX_TEST_IN(openbsd, test_immutable_fork),
		FX_TEST_IN(mach, test_lacking),
		FX_TEST_IN(freebsd, test_guard),
		FX_TEST_IN(freebsd, test_guard_not_wired),
		FX_TEST_IN(freebsd, test_guard_charge),
		FX_TEST_IN(freebsd, test_stack_wired),
		FX_TEST_IN(freebsd, test_grows),
		FX_TEST_IN(dragonfly, test_grows_dragonfly),
		FX_TEST_IN(freebsd, test_grows_locked),
		FX_TEST_IN(freebsd, test_grow_without_memory),
		FX_TEST(test_stack_wired_at_once),
		FX_TEST_IN(freebsd, test_stack_onfault),
		FX_TEST(test_stack_rights),
		FX_TEST_IN(freebsd, test_guard_size),
		FX_TEST_IN(freebsd, test_lonely_gap),
		FX_TEST_IN(openbsd, test_whole),
		FX_TEST_IN(openbsd, test_stack_check),
		FX_TEST_IN(mach, test_two_steps),
		FX_TEST(test_cache_limit),
	};

	return FX_RUN("vm_policy", tests);
}
