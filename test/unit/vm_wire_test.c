/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_wire_test.c - wiring: pages stay, faults are taken ahead, errors undo.
 */
#include "test/unit/base_test.h"
#include "test/unit/fixture.h"
#include "vm/vm_page.h"
#include "vm/vm_wire.h"

static int
wire(struct fixture *fx, size_t page, size_t n)
{
	return vm_map_wire(fx_map(fx), fx_va(page), fx_va(page + n),
	    VM_WIRE_ALL);
}

static int
unwire(struct fixture *fx, size_t page, size_t n)
{
	return vm_map_unwire(fx_map(fx), fx_va(page), fx_va(page + n),
	    VM_WIRE_ALL);
}

static size_t
wired_pages(struct fixture *fx)
{
	return vm_page_wired_count(fx->sys);
}

/* Is every page there, wired, for all that its protection allows? */
static void
test_wire(void **state)
{
	struct fixture *fx = *state;
	struct pmap_mapping at;

	assert_int_equal(map_anon(fx, 0, 4), VM_OK);
	assert_int_equal(wire(fx, 1, 2), VM_OK);
	for (size_t i = 0; i < 4; i++) {
		at = mapping_of(fx->vs, i);
		assert_int_equal(at.wired, i == 1 || i == 2);
		assert_int_equal(at.prot, at.wired ? VM_PROT_RW : 0);
	}
	assert_int_equal(entries(fx->vs), 3);
	assert_int_equal(wired_pages(fx), 2);
	soft_forget(fx->machine);
	assert_true(mapping_of(fx->vs, 1).wired);
	assert_int_equal(unwire(fx, 0, 4), VM_OK);
	assert_int_equal(wired_pages(fx), 0);
	/* Only NetBSD's amaps grow to the front, OpenBSD's not at all; 4.4BSD
	 * joins no old entries. */
	assert_int_equal(entries(fx->vs),
	    fx_is(&vm_design_netbsd)      ? 1 :
		fx_is(&vm_design_openbsd) ? 3 :
		fx_is(&vm_design_mach)    ? 3 :
					    2);
}

/* Does wiring twice and unwiring once leave nothing wired? */
static void
test_wire_twice(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(map_anon(fx, 0, 2), VM_OK);
	assert_int_equal(wire(fx, 0, 2), VM_OK);
	assert_int_equal(wire(fx, 0, 1), VM_OK);
	assert_int_equal(wired_pages(fx), 2);
	assert_int_equal(unwire(fx, 0, 2), VM_OK);
	assert_int_equal(wired_pages(fx), 0);
}

/* Is a private file page copied at once, so that a store needs no fault? */
static void
test_wire_private_file(void **state)
{
	struct fixture *fx = *state;
	int faults;

	assert_int_equal(map_file(fx, 0, 2, VM_MMAP_PRIVATE, 0), VM_OK);
	assert_int_equal(wire(fx, 0, 2), VM_OK);
	faults = (int)fx->sys->stats.faults;
	assert_int_equal(store(fx, 0, 'x'), VM_OK);
	assert_int_equal(load(fx, 1), 'B');
	assert_int_equal((int)fx->sys->stats.faults, faults);
}

/* Is a page that two have wired one wired page, with two wirings? */
static void
test_wire_shared(void **state)
{
	struct fixture *fx = *state;
	struct vm_object *obj = anon_object(fx);

	assert_int_equal(fx_map_at(fx, fx->vs, 0, 1, VM_MMAP_SHARED, obj, 0),
	    VM_OK);
	assert_int_equal(fx_map_at(fx, fx->vs, 4, 1, VM_MMAP_SHARED, obj, 0),
	    VM_OK);
	assert_int_equal(wire(fx, 0, 1), VM_OK);
	assert_int_equal(wire(fx, 4, 1), VM_OK);
	assert_int_equal(wired_pages(fx), 1);
	assert_int_equal(mapping_of(fx->vs, 0).page->wire_count, 2);
	assert_int_equal(unmap(fx, 0, 1), VM_OK);
	assert_int_equal(mapping_of(fx->vs, 4).page->wire_count, 1);
	vm_object_unref(obj);
}

/* Is a range with a hole not wired at all? */
static void
test_wire_hole(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(map_anon(fx, 0, 2), VM_OK);
	assert_int_equal(map_anon(fx, 3, 2), VM_OK);
	assert_int_equal(wire(fx, 0, 5), VM_ENOMEM);
	assert_int_equal(wired_pages(fx), 0);
	assert_int_equal(entries(fx->vs), 2);
	assert_int_equal(unwire(fx, 0, 5), VM_ENOMEM);
}

/* Does a failure half way undo what has been wired, and no more?
 *
 *	page 0 1 2 3 | 4 5	page 0 was wired before; the file ends at 4
 *	     W . . . | past
 */
static void
test_wire_fails(void **state)
{
	struct fixture *fx = *state;

	fx->files[0].size = 4 * FX_PAGE;
	assert_int_equal(map_file(fx, 0, 6, VM_MMAP_PRIVATE, 0), VM_OK);
	assert_int_equal(wire(fx, 0, 1), VM_OK);
	assert_int_equal(wire(fx, 0, 6), VM_ERANGE);
	assert_true(mapping_of(fx->vs, 0).wired);
	assert_int_equal(wired_pages(fx), 1);
	assert_false(vm_entry_is_wired(entry_of(fx->vs, 3)));
}

/* Also when the fault that settles the range could join it with a neighbour
 * that is wired as often?
 *
 *	c  [ W W W ][ past the end ]	of a private mapping, after a fork
 */
static void
test_wire_fails_beside_wired(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *c;

	fx->files[0].size = 3 * FX_PAGE;
	assert_int_equal(map_file(fx, 0, 8, VM_MMAP_PRIVATE, 0), VM_OK);
	assert_int_equal(vmspace_fork(fx->vs, &c), VM_OK);
	assert_int_equal(vm_map_wire(&c->map, fx_va(0), fx_va(3), VM_WIRE_ALL),
	    VM_OK);
	assert_int_equal(vm_map_wire(&c->map, fx_va(3), fx_va(4), VM_WIRE_ALL),
	    VM_ERANGE);
	assert_true(vm_entry_is_wired(entry_of(c, 2)));
	assert_false(vm_entry_is_wired(entry_of(c, 3)));
	vmspace_unref(c);
}

/* Is a third of memory never wired? */
static void
test_wire_limit(void **state)
{
	struct fixture *fx = *state;
	size_t max = FX_FRAMES - FX_FRAMES / 3;

	assert_int_equal(map_anon(fx, 0, FX_FRAMES), VM_OK);
	assert_int_equal(wire(fx, 0, max + 1), VM_EAGAIN);
	assert_int_equal(wire(fx, 0, max), VM_OK);
	assert_int_equal(wire(fx, max, 1), VM_EAGAIN);
	assert_int_equal(unwire(fx, 0, 1), VM_OK);
	assert_int_equal(wire(fx, max, 1), VM_OK);
}

/* Are there no pages to wire where no access is allowed, and are they wired
 * when it is? */
static void
test_wire_no_access(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(map_anon(fx, 0, 2), VM_OK);
	assert_int_equal(store(fx, 0, 'x'), VM_OK);
	assert_int_equal(protect(fx, 0, 2, VM_PROT_NONE), VM_OK);
	assert_int_equal(wire(fx, 0, 2), VM_OK);
	assert_int_equal(wired_pages(fx), 0);
	assert_int_equal(protect(fx, 0, 2, VM_PROT_READ), VM_OK);
	assert_int_equal(wired_pages(fx), 2);
	assert_int_equal(load(fx, 0), 'x');
	assert_int_equal(protect(fx, 0, 2, VM_PROT_NONE), VM_OK);
	assert_int_equal(wired_pages(fx), 0);
	vm_check(fx->sys);
}

/* Does locking count what is not locked yet and can have pages, however much
 * address space that is?
 *
 *	[ RW ][ no access, larger than memory ]
 */
static void
test_wire_counts_pages(void **state)
{
	struct fixture *fx = *state;
	size_t half = FX_FRAMES / 2;

	assert_int_equal(map_anon(fx, 0, half), VM_OK);
	assert_int_equal(map_anon(fx, half, 2 * FX_FRAMES), VM_OK);
	assert_int_equal(protect(fx, half, 2 * FX_FRAMES, VM_PROT_NONE), VM_OK);
	assert_int_equal(wire(fx, 0, half), VM_OK);
	assert_int_equal(wire(fx, 0, half), VM_OK);
	assert_int_equal(wire(fx, 0, half + 2 * FX_FRAMES), VM_OK);
	assert_int_equal(wired_pages(fx), half);
	assert_int_equal(unwire(fx, 0, half + 2 * FX_FRAMES), VM_OK);
	assert_int_equal(vm_map_wire(fx_map(fx), 0, UINT64_MAX & ~(vaddr_t)4095,
			     VM_WIRE_THERE),
	    VM_OK);
	assert_int_equal(wired_pages(fx), half);
}

/* Is what is there wired, and the rest passed over, when that is asked for? */
static void
test_wire_there(void **state)
{
	struct fixture *fx = *state;

	fx->files[0].size = 2 * FX_PAGE;
	assert_int_equal(map_file(fx, 0, 4, VM_MMAP_SHARED, 0), VM_OK);
	assert_int_equal(map_anon(fx, 8, 2), VM_OK);
	assert_int_equal(vm_map_wire(fx_map(fx), fx_va(0), fx_va(20),
			     VM_WIRE_THERE),
	    VM_OK);
	assert_int_equal(wired_pages(fx), 4);
	assert_true(vm_entry_is_wired(entry_of(fx->vs, 3)));
	assert_int_equal(vm_map_unwire(fx_map(fx), fx_va(0), fx_va(20),
			     VM_WIRE_THERE),
	    VM_OK);
	assert_int_equal(wired_pages(fx), 0);
}

/* Does a failure leave locked what had been locked before, also when that has
 * the same attributes as the rest?
 *
 *	[ locked by one ]	pages 0 1
 *	[ wiring: fails at the end ] pages 0 to 3
 */
static void
test_wire_fails_over_locked(void **state)
{
	struct fixture *fx = *state;

	fx->files[0].size = 3 * FX_PAGE;
	assert_int_equal(map_file(fx, 0, 4, VM_MMAP_SHARED, 0), VM_OK);
	assert_int_equal(wire(fx, 0, 2), VM_OK);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(wire(fx, 0, 4), VM_ERANGE);
	assert_int_equal(wired_pages(fx), 2);
	assert_true(mapping_of(fx->vs, 1).wired);
	assert_false(mapping_of(fx->vs, 2).wired);
	assert_int_equal(entries(fx->vs), 2);
}

/* Does a change of protection cost what is wired, and not address space? */
static void
test_rewire_large(void **state)
{
	const struct soft_config config = { .npages = FX_FRAMES };
	struct fixture *fx = fixture_create(&config);
	struct vm_mmap_args a = {
		.len = (vsize_t)1 << 46,
		.prot = VM_PROT_RW,
		.flags = VM_MMAP_PRIVATE,
	};
	vaddr_t va;

	(void)state;
	assert_non_null(fx);
	assert_int_equal(vm_mmap(fx->vs, &a, &va), VM_OK);
	assert_int_equal(vm_mlock(fx->vs, va + a.len / 2, 1), VM_OK);
	assert_int_equal(vm_mprotect(fx->vs, va, a.len, VM_PROT_READ), VM_OK);
	assert_int_equal(vm_page_wired_count(fx->sys), 1);
	assert_null(fixture_destroy(fx));
}

/* Does a wired page that may be written from now on get its copy at once? */
static void
test_rewire(void **state)
{
	struct fixture *fx = *state;
	int faults;

	assert_int_equal(map_file(fx, 0, 2, VM_MMAP_PRIVATE, 0), VM_OK);
	assert_int_equal(protect(fx, 0, 2, VM_PROT_READ), VM_OK);
	assert_int_equal(wire(fx, 0, 2), VM_OK);
	assert_int_equal((int)fx->sys->stats.pages_copied, 0);
	assert_int_equal(protect(fx, 0, 2, VM_PROT_RW), VM_OK);
	assert_int_equal((int)fx->sys->stats.pages_copied, 2);
	faults = (int)fx->sys->stats.faults;
	assert_int_equal(store(fx, 1, 'x'), VM_OK);
	assert_int_equal((int)fx->sys->stats.faults, faults);
	assert_int_equal(wired_pages(fx), 2);
	vm_check(fx->sys);
}

/* Do wirings end with the mapping, and with the space? */
static void
test_unmap_wired(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(map_anon(fx, 0, 4), VM_OK);
	assert_int_equal(wire(fx, 0, 4), VM_OK);
	assert_int_equal(unmap(fx, 1, 1), VM_OK);
	assert_int_equal(wired_pages(fx), 3);
	assert_int_equal(map_anon(fx, 2, 1), VM_OK);
	assert_int_equal(wired_pages(fx), 2);
	vmspace_reset(fx->vs);
	assert_int_equal(wired_pages(fx), 0);
}

/* Does a promise that somebody else has got count before he has wired a page,
 * and does what was promised go when it is not kept?
 *
 *	file	[ 0 1 2 3 | past the end ]
 */
static void
test_wire_promises(void **state)
{
	struct fixture *fx = *state;
	struct vm_charge other = { .wired = FX_FRAMES - FX_FRAMES / 3 - 3 };

	fx->files[0].size = 4 * FX_PAGE;
	assert_int_equal(map_file(fx, 0, 6, VM_MMAP_SHARED, 0), VM_OK);
	assert_int_equal(vm_charge_take(fx->sys, &other), VM_OK);
	assert_int_equal(wire(fx, 0, 4), VM_EAGAIN);
	assert_int_equal(wire(fx, 1, 3), VM_OK);
	assert_int_equal(wire(fx, 1, 3), VM_OK);
	assert_int_equal(wire(fx, 0, 1), VM_EAGAIN);
	assert_int_equal(unwire(fx, 1, 3), VM_OK);
	assert_int_equal(wire(fx, 3, 2), VM_ERANGE);
	vm_charge_give(fx->sys, &other);
	assert_int_equal(charged_wired(fx), 0);
}

/* Is what is wired counted once for each mapping, and only where it may be
 * accessed; and is a protection refused that would make it more? */
static void
test_protect_over_limit(void **state)
{
	struct fixture *fx = *state;
	size_t max = FX_FRAMES - FX_FRAMES / 3;

	assert_int_equal(map_anon(fx, 0, max), VM_OK);
	assert_int_equal(map_anon(fx, max, 2), VM_OK);
	assert_int_equal(protect(fx, max, 2, VM_PROT_NONE), VM_OK);
	assert_int_equal(wire(fx, 0, max + 2), VM_OK);
	assert_int_equal(charged_wired(fx), max);
	assert_int_equal(protect(fx, max, 1, VM_PROT_RW), VM_ENOMEM);
	assert_int_equal(load(fx, max), -VM_EACCES);
	assert_int_equal(protect(fx, 0, 1, VM_PROT_NONE), VM_OK);
	assert_int_equal(charged_wired(fx), max - 1);
	assert_int_equal(protect(fx, max, 1, VM_PROT_RW), VM_OK);
	assert_int_equal(unmap(fx, 0, max + 2), VM_OK);
	assert_int_equal(charged_wired(fx), 0);
}

static int
wire_onfault(struct fixture *fx, size_t page, size_t n)
{
	return vm_map_wire(fx_map(fx), fx_va(page), fx_va(page + n),
	    VM_WIRE_ONFAULT);
}

/* Are pages wired that are there, and others when they come?
 *
 *	[ a . . b ]
 */
static void
test_onfault(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(map_anon(fx, 0, 4), VM_OK);
	assert_int_equal(store(fx, 0, 'a'), VM_OK);
	assert_int_equal(store(fx, 3, 'b'), VM_OK);
	assert_int_equal(wire_onfault(fx, 0, 4), VM_OK);
	assert_int_equal(wired_pages(fx), 2);
	assert_int_equal(charged_wired(fx), 4);
	assert_int_equal(load(fx, 1), 0);
	assert_int_equal(wired_pages(fx), 3);
	assert_true(mapping_of(fx->vs, 1).wired);
	soft_forget(fx->machine);
	assert_true(mapping_of(fx->vs, 3).wired);
	assert_false(mapping_of(fx->vs, 2).wired);
	assert_int_equal(protect(fx, 0, 4, VM_PROT_READ), VM_OK);
	assert_int_equal(wired_pages(fx), 3);
	assert_int_equal(wire(fx, 2, 1), VM_OK);
	assert_int_equal(wired_pages(fx), 4);
	assert_int_equal(unwire(fx, 0, 4), VM_OK);
	assert_int_equal(wired_pages(fx), 0);
	assert_int_equal(entry_of(fx->vs, 0)->marks, 0);
	vm_check(fx->sys);
}

/* Does wiring at once after that, or the other way round, mean what was said
 * last; and is it undone when it fails? */
static void
test_onfault_then_all(void **state)
{
	struct fixture *fx = *state;

	fx->files[0].size = 2 * FX_PAGE;
	assert_int_equal(map_file(fx, 0, 4, VM_MMAP_SHARED, 0), VM_OK);
	assert_int_equal(wire_onfault(fx, 0, 4), VM_OK);
	assert_int_equal(wired_pages(fx), 0);
	assert_int_equal(wire(fx, 0, 4), VM_ERANGE);
	assert_int_equal(load(fx, 1), 'B');
	assert_true(mapping_of(fx->vs, 1).wired);
	assert_true(entry_of(fx->vs, 0)->marks & VM_MARK_ONFAULT);
	assert_int_equal(wire(fx, 0, 2), VM_OK);
	assert_int_equal(wired_pages(fx), 2);
	assert_false(entry_of(fx->vs, 0)->marks & VM_MARK_ONFAULT);
	assert_int_equal(wire_onfault(fx, 0, 2), VM_OK);
	assert_int_equal(wired_pages(fx), 2);
}

/* Does a child write to memory that is wired on faults as to any other, and
 * is its own not wired? */
static void
test_onfault_fork(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *c;

	assert_int_equal(map_anon(fx, 0, 2), VM_OK);
	assert_int_equal(wire_onfault(fx, 0, 2), VM_OK);
	assert_int_equal(store(fx, 0, 'a'), VM_OK);
	c = fork_space(fx->vs);
	assert_int_equal(entry_of(c, 0)->marks, 0);
	assert_int_equal(store_in(fx, c, 0, 'c'), VM_OK);
	assert_int_equal(store(fx, 1, 'b'), VM_OK);
	assert_true(page_is(fx, fx->vs, 0, 'a'));
	assert_true(page_is(fx, c, 1, 0));
	assert_int_equal(wired_pages(fx), 2);
	vm_check(fx->sys);
	vmspace_unref(c);
}

/* Are mappings to come wired on faults, if that is what was asked for? */
static void
test_future_onfault(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(map_anon(fx, 0, 2), VM_OK);
	assert_int_equal(vm_mlockall(fx->vs, VM_MCL_ONFAULT), VM_EINVAL);
	assert_int_equal(vm_mlockall(fx->vs, VM_MCL_FUTURE | VM_MCL_ONFAULT),
	    VM_OK);
	assert_int_equal(map_anon(fx, 4, 2), VM_OK);
	assert_int_equal(store(fx, 0, 'a'), VM_OK);
	assert_int_equal(store(fx, 4, 'b'), VM_OK);
	assert_int_equal(wired_pages(fx), 1);
	assert_int_equal(vm_mlockall(fx->vs, VM_MCL_CURRENT), VM_OK);
	assert_int_equal(wired_pages(fx), 4);
	assert_int_equal(map_anon(fx, 8, 2), VM_OK);
	assert_int_equal(vm_munlockall(fx->vs), VM_OK);
	assert_int_equal(wired_pages(fx), 0);
}

int
main(void)
{
	const struct fx_test tests[] = {
		FX_TEST(test_wire),
		FX_TEST(test_wire_twice),
		FX_TEST(test_wire_private_file),
		FX_TEST(test_wire_shared),
		FX_TEST(test_wire_hole),
		FX_TEST(test_wire_fails),
		FX_TEST(test_wire_fails_beside_wired),
		FX_TEST(test_wire_limit),
		FX_TEST(test_wire_no_access),
		FX_TEST(test_wire_counts_pages),
		FX_TEST(test_wire_there),
		FX_TEST(test_wire_fails_over_locked),
		FX_TEST(test_rewire),
		FX_BARE(test_rewire_large),
		FX_TEST(test_unmap_wired),
		FX_TEST(test_wire_promises),
		FX_TEST(test_protect_over_limit),
		FX_TEST(test_onfault),
		FX_TEST(test_onfault_then_all),
		FX_TEST(test_onfault_fork),
		FX_TEST(test_future_onfault),
	};

	return FX_RUN("vm_wire", tests);
}
