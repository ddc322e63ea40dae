/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_vslock_test.c - held ranges: pages stay wired for a while, whatever the
 * program does to its mappings, and nothing stays behind.
 */
#include "test/unit/base_test.h"
#include "test/unit/paging_fixture.h"
#include "vm/vm_wire.h"

#define MAX_WIRED (FX_FRAMES - FX_FRAMES / 3)

static int
hold_for(struct fixture *fx, size_t page, size_t n, vm_prot_t access,
    struct vm_held *h)
{
	return vm_vslock(fx->vs, fx_va(page), n * FX_PAGE, access, h);
}

static int
hold(struct fixture *fx, size_t page, size_t n, struct vm_held *h)
{
	return hold_for(fx, page, n, VM_PROT_READ, h);
}

static void
release(struct fixture *fx, struct vm_held *h)
{
	vm_vsunlock(fx->vs, h);
	vm_check(fx->sys);
}

/* Which of the first 8 pages are wired. */
static const char *
wired(struct fixture *fx)
{
	static char map[9];

	for (size_t i = 0; i < 8; i++)
		map[i] = mapping_of(fx->vs, i).wired ? 'W' : '.';
	vm_check(fx->sys);
	return map;
}

static void
assert_nothing_wired(struct fixture *fx)
{
	assert_int_equal(vm_page_wired_count(fx->sys), 0);
	assert_int_equal(charged_wired(fx), 0);
	vm_check(fx->sys);
}

/* Whether wiring makes entries, as in 4.4BSD. */
static bool
cuts(void)
{
	return !fx_is_uvm();
}

/* Are the pages there, wired, for all that is allowed; and does it take two
 * entries more, or none; and do they go?
 *
 *	[ a a a a a a a a ]
 *	    (-----)
 */
static void
test_hold(void **state)
{
	struct fixture *fx = *state;
	struct vm_held h;

	map_filled(fx, 0, 8, 'a');
	assert_int_equal(hold(fx, 2, 3, &h), VM_OK);
	assert_string_equal(wired(fx), "..WWW...");
	assert_true(may_write(fx->vs, 2));
	assert_int_equal(entries(fx->vs), cuts() ? 3 : 1);
	assert_int_equal(charged_wired(fx), 3);
	soft_forget(fx->machine);
	page_out(fx);
	assert_string_equal(wired(fx), "..WWW...");
	release(fx, &h);
	assert_nothing_wired(fx);
	/* 4.4BSD joins no old entries. */
	assert_int_equal(entries(fx->vs), fx_is(&vm_design_mach) ? 3 : 1);
	assert_true(page_is(fx, fx->vs, 4, 'a'));
}

/* Is everything faulted in that was not there? */
static void
test_hold_untouched(void **state)
{
	struct fixture *fx = *state;
	struct vm_held h, f;

	assert_int_equal(map_anon(fx, 0, 4), VM_OK);
	assert_int_equal(map_file(fx, 4, 4, VM_MMAP_PRIVATE, 0), VM_OK);
	assert_int_equal(hold(fx, 1, 2, &h), VM_OK);
	assert_int_equal(hold(fx, 5, 2, &f), VM_OK);
	assert_string_equal(wired(fx), ".WW..WW.");
	assert_int_equal(load(fx, 5), 'B');
	release(fx, &h);
	release(fx, &f);
	assert_nothing_wired(fx);
}

/* Does what the system does over and over leave entries behind, or not?
 *
 *	[          ]	calls with buffers at 1, 3, 5
 */
static void
test_fragments(void **state)
{
	struct fixture *fx = *state;
	struct vm_held h;

	map_filled(fx, 0, 8, 'a');
	for (size_t n = 0; n < 3; n++) {
		for (size_t i = 1; i < 6; i += 2) {
			assert_int_equal(hold(fx, i, 1, &h), VM_OK);
			release(fx, &h);
		}
	}
	assert_int_equal(entries(fx->vs), fx_is(&vm_design_mach) ? 7 : 1);
	assert_int_equal(fx_map(fx)->nentries_peak,
	    fx_is(&vm_design_mach) ? 7 :
		cuts()             ? 3 :
				     1);
}

/* Is a page wired until the last range that has it is released, in whatever
 * order they are?
 *
 *	a  (-------)
 *	b    (-)
 *	c      (-------)
 */
static void
test_overlap(void **state)
{
	struct fixture *fx = *state;
	struct vm_held a, b, c;

	map_filled(fx, 0, 8, 'a');
	assert_int_equal(hold(fx, 0, 4, &a), VM_OK);
	assert_int_equal(hold(fx, 1, 1, &b), VM_OK);
	assert_int_equal(hold(fx, 2, 4, &c), VM_OK);
	assert_string_equal(wired(fx), "WWWWWW..");
	assert_int_equal(charged_wired(fx), 9);
	assert_int_equal(entries(fx->vs), cuts() ? 5 : 1);
	release(fx, &a);
	assert_string_equal(wired(fx), ".WWWWW..");
	assert_int_equal(hold(fx, 0, 8, &a), VM_OK);
	release(fx, &c);
	release(fx, &b);
	assert_string_equal(wired(fx), "WWWWWWWW");
	release(fx, &a);
	assert_nothing_wired(fx);
}

/* Do entries stay cut where they are held, when something joins the rest? */
static void
test_stays_cut(void **state)
{
	struct fixture *fx = *state;
	struct vm_held h;

	map_filled(fx, 0, 8, 'a');
	assert_int_equal(hold(fx, 2, 3, &h), VM_OK);
	assert_int_equal(protect(fx, 0, 8, VM_PROT_READ), VM_OK);
	assert_int_equal(protect(fx, 0, 8, VM_PROT_RW), VM_OK);
	assert_int_equal(entries(fx->vs), cuts() ? 3 : 1);
	release(fx, &h);
}

/* Are what a program locks and what is held two reasons to be wired?
 *
 *	locked  [-------]	pages 0 to 3
 *	held	    (-------)	pages 2 to 5
 */
static void
test_locked(void **state)
{
	struct fixture *fx = *state;
	struct vm_held h;

	map_filled(fx, 0, 8, 'a');
	assert_int_equal(vm_mlock(fx->vs, fx_va(0), 4 * FX_PAGE), VM_OK);
	assert_int_equal(hold(fx, 2, 4, &h), VM_OK);
	assert_string_equal(wired(fx), "WWWWWW..");
	assert_int_equal(vm_munlock(fx->vs, fx_va(0), 8 * FX_PAGE), VM_OK);
	assert_string_equal(wired(fx), "..WWWW..");
	assert_int_equal(vm_mlock(fx->vs, fx_va(5), 2 * FX_PAGE), VM_OK);
	release(fx, &h);
	assert_string_equal(wired(fx), ".....WW.");
	assert_int_equal(vm_munlock(fx->vs, fx_va(0), 8 * FX_PAGE), VM_OK);
	assert_nothing_wired(fx);
}

/* Does the hold of a page end with its mapping, and is a new one held, from
 * its first use on? */
static void
test_unmap(void **state)
{
	struct fixture *fx = *state;
	struct vm_held h;

	map_filled(fx, 0, 8, 'a');
	assert_int_equal(hold(fx, 1, 5, &h), VM_OK);
	assert_int_equal(unmap(fx, 2, 2), VM_OK);
	assert_string_equal(wired(fx), ".W..WW..");
	assert_int_equal(map_file(fx, 3, 2, VM_MMAP_SHARED, 0), VM_OK);
	assert_string_equal(wired(fx), ".W...W..");
	assert_int_equal(load(fx, 3), 'A');
	assert_string_equal(wired(fx), ".W.W.W..");
	release(fx, &h);
	assert_nothing_wired(fx);
	assert_int_equal(load(fx, 2), -VM_EFAULT);
}

/* Can a range be released of which nothing is left, and in a space that has
 * begun anew? */
static void
test_unmap_all(void **state)
{
	struct fixture *fx = *state;
	struct vm_held a, b;

	map_filled(fx, 0, 8, 'a');
	assert_int_equal(hold(fx, 1, 5, &a), VM_OK);
	assert_int_equal(hold(fx, 2, 6, &b), VM_OK);
	assert_int_equal(unmap(fx, 0, 8), VM_OK);
	assert_int_equal(vm_page_wired_count(fx->sys), 0);
	release(fx, &a);
	map_filled(fx, 0, 4, 'b');
	assert_string_equal(wired(fx), "..WW....");
	vmspace_reset(fx->vs);
	release(fx, &b);
	assert_nothing_wired(fx);
}

/* Does a fork leave held pages as they are, of which a child gets copies that
 * nobody holds?
 *
 *	parent	[ a a a a ]	writes to 1 and 3
 *		   (-)
 *	child	[ a a a a ]	writes to 2
 */
static void
test_fork(void **state)
{
	struct fixture *fx = *state;
	struct vm_page *pg;
	struct vmspace *c;
	struct vm_held h;

	map_filled(fx, 0, 4, 'a');
	assert_int_equal(hold(fx, 1, 2, &h), VM_OK);
	pg = mapping_of(fx->vs, 1).page;
	c = fork_space(fx->vs);
	vm_check(fx->sys);
	assert_true(may_write(fx->vs, 1));
	assert_int_equal(store(fx, 1, 'p'), VM_OK);
	assert_int_equal(store(fx, 3, 'p'), VM_OK);
	assert_int_equal(store_in(fx, c, 2, 'c'), VM_OK);
	assert_ptr_equal(mapping_of(fx->vs, 1).page, pg);
	assert_false(mapping_of(c, 2).wired);
	for (size_t i = 0; i < 4; i++) {
		assert_true(page_is(fx, c, i, i == 2 ? 'c' : 'a'));
		assert_true(page_is(fx, fx->vs, i, i % 2 ? 'p' : 'a'));
	}
	assert_string_equal(wired(fx), ".WW.....");
	release(fx, &h);
	vmspace_unref(c);
	assert_nothing_wired(fx);
}

/* Is a page that parent and child share copied before it is held, so that
 * nobody else's write changes it, nor its own replaces it? */
static void
test_after_fork(void **state)
{
	struct fixture *fx = *state;
	struct vm_page *pg;
	struct vmspace *c;
	struct vm_held h;

	map_filled(fx, 0, 4, 'a');
	c = fork_space(fx->vs);
	assert_int_equal(hold(fx, 1, 2, &h), VM_OK);
	pg = mapping_of(fx->vs, 1).page;
	assert_int_equal(store_in(fx, c, 1, 'c'), VM_OK);
	assert_int_equal(store(fx, 1, 'p'), VM_OK);
	assert_ptr_equal(mapping_of(fx->vs, 1).page, pg);
	assert_true(page_is(fx, c, 1, 'c'));
	assert_string_equal(wired(fx), ".WW.....");
	release(fx, &h);
	vmspace_unref(c);
	assert_nothing_wired(fx);
}

/* Does a page of a file that strangers hold stay when one of those who share
 * private memory over it makes its own of it?  These look again, held or not.
 *
 *	fx->vs	[ A ][ B ]  private, inherited as shared; may be read
 *	    	[ A ][ B ]  shared, others'
 *	partner	[ A ][ B ]  may be written
 */
static void
test_partners(void **state)
{
	struct fixture *fx = *state;
	struct vm_held mine, theirs;
	struct vmspace *partner;

	assert_int_equal(map_file(fx, 0, 2, VM_MMAP_PRIVATE, 0), VM_OK);
	assert_int_equal(map_file(fx, 4, 2, VM_MMAP_SHARED, 0), VM_OK);
	assert_int_equal(protect(fx, 0, 2, VM_PROT_READ), VM_OK);
	assert_int_equal(load(fx, 0), 'A');
	assert_int_equal(hold(fx, 1, 1, &mine), VM_OK);
	assert_int_equal(hold(fx, 4, 2, &theirs), VM_OK);
	assert_int_equal(vm_minherit(fx->vs, fx_va(0), 2 * FX_PAGE,
			     VM_INHERIT_SHARE),
	    VM_OK);
	partner = fork_space(fx->vs);
	assert_int_equal(vm_mprotect(partner, fx_va(0), 2 * FX_PAGE,
			     VM_PROT_RW),
	    VM_OK);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(store_in(fx, partner, i, 'x'), VM_OK);
	assert_string_equal(wired(fx), "....WW..");
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(load(fx, i), 'x');
		assert_int_equal(load(fx, 4 + i), 'A' + (int)i);
	}
	assert_string_equal(wired(fx), ".W..WW..");
	release(fx, &mine);
	release(fx, &theirs);
	vmspace_unref(partner);
	assert_nothing_wired(fx);
}

/* Does the hold follow a page that is copied since it may be written, and end
 * where no access is left, until there is some again? */
static void
test_protect(void **state)
{
	struct fixture *fx = *state;
	struct vm_held h;

	assert_int_equal(map_file(fx, 0, 4, VM_MMAP_PRIVATE, 0), VM_OK);
	assert_int_equal(protect(fx, 0, 4, VM_PROT_READ), VM_OK);
	assert_int_equal(hold(fx, 1, 2, &h), VM_OK);
	assert_int_equal(protect(fx, 0, 4, VM_PROT_RW), VM_OK);
	assert_string_equal(wired(fx), ".WW.....");
	assert_int_equal(store(fx, 1, 'x'), VM_OK);
	assert_string_equal(wired(fx), ".WW.....");
	assert_int_equal(protect(fx, 2, 2, VM_PROT_NONE), VM_OK);
	assert_string_equal(wired(fx), ".W......");
	assert_int_equal(protect(fx, 2, 2, VM_PROT_READ), VM_OK);
	assert_int_equal(load(fx, 2), 'C');
	assert_string_equal(wired(fx), ".WW.....");
	release(fx, &h);
	assert_nothing_wired(fx);
}

/* Do pages past the new end of a file go, held or not? */
static void
test_truncate(void **state)
{
	struct fixture *fx = *state;
	struct vm_held h;

	assert_int_equal(map_file(fx, 0, 8, VM_MMAP_SHARED, 0), VM_OK);
	assert_int_equal(hold_for(fx, 1, 4, VM_PROT_RW, &h), VM_OK);
	memfile_resize(entry_of(fx->vs, 1)->object, &fx->files[0], 3 * FX_PAGE);
	assert_string_equal(wired(fx), ".WW.....");
	assert_int_equal(load(fx, 3), -VM_ERANGE);
	release(fx, &h);
	assert_nothing_wired(fx);
}

/* Does what throws contents away take held pages along, and what only
 * invalidates leave them? */
static void
test_discard(void **state)
{
	struct fixture *fx = *state;
	struct vm_held h, f;

	map_filled(fx, 0, 4, 'a');
	assert_int_equal(map_file(fx, 4, 4, VM_MMAP_SHARED, 0), VM_OK);
	assert_int_equal(hold(fx, 0, 4, &h), VM_OK);
	assert_int_equal(hold(fx, 4, 4, &f), VM_OK);
	assert_int_equal(vm_madvise(fx->vs, fx_va(1), 2 * FX_PAGE,
			     VM_MADV_DISCARD),
	    VM_OK);
	assert_int_equal(vm_madvise(fx->vs, fx_va(5), FX_PAGE, VM_MADV_DISCARD),
	    VM_OK);
	assert_string_equal(wired(fx), "W..WW.WW");
	assert_int_equal(load(fx, 1), 0);
	assert_int_equal(vm_msync(fx->vs, fx_va(4), 4 * FX_PAGE,
			     VM_MS_SYNC | VM_MS_INVALIDATE),
	    VM_OK);
	assert_string_equal(wired(fx), "WW.WW.WW");
	release(fx, &h);
	release(fx, &f);
	assert_nothing_wired(fx);
}

/* Does what is moved away leave the hold, and what is moved there come in? */
static void
test_move(void **state)
{
	struct fixture *fx = *state;
	struct vm_mremap_args a = {
		.old_addr = fx_va(1),
		.old_len = 2 * FX_PAGE,
		.new_len = 2 * FX_PAGE,
		.new_addr = fx_va(5),
		.flags = VM_MREMAP_MAYMOVE | VM_MREMAP_FIXED,
	};
	struct vm_held h;
	vaddr_t va;

	map_filled(fx, 0, 8, 'a');
	assert_int_equal(hold(fx, 2, 4, &h), VM_OK);
	assert_int_equal(vm_mremap(fx->vs, &a, &va), VM_OK);
	assert_string_equal(wired(fx), "...WW...");
	assert_int_equal(load(fx, 5), 'a');
	assert_int_equal(load(fx, 6), 'a');
	assert_string_equal(wired(fx), "...WWW..");
	release(fx, &h);
	assert_nothing_wired(fx);
}

/* Is a held page, whose mapping write permission was taken from to write it
 * back, left alone by a fault that goes over it?
 *
 *	[ . h . ]	written to as one range
 */
static void
test_made_ahead(void **state)
{
	struct fixture *fx = *state;
	struct vm_held h;
	vaddr_t stopped;

	assert_int_equal(map_file(fx, 0, 3, VM_MMAP_SHARED, 0), VM_OK);
	assert_int_equal(load(fx, 0), 'A');
	assert_int_equal(load(fx, 2), 'C');
	assert_int_equal(hold_for(fx, 1, 1, VM_PROT_RW, &h), VM_OK);
	assert_int_equal(vm_msync(fx->vs, fx_va(0), 3 * FX_PAGE, VM_MS_SYNC),
	    VM_OK);
	assert_int_equal(unmap(fx, 0, 1), VM_OK);
	assert_int_equal(map_file(fx, 0, 1, VM_MMAP_SHARED, 0), VM_OK);
	assert_int_equal(vm_fault_range(fx_map(fx), fx_va(0), fx_va(3),
			     VM_PROT_WRITE, &stopped),
	    VM_OK);
	assert_string_equal(wired(fx), ".W......");
	assert_true(may_write(fx->vs, 1));
	release(fx, &h);
	assert_nothing_wired(fx);
}

/* Is a held page that is mapped anew left to a fault of its own by those around
 * it, so that it is wired then?
 *
 *	[ . h . ]	2 is read; the whole range is written to
 */
static void
test_neighbour(void **state)
{
	struct fixture *fx = *state;
	vaddr_t stopped;
	struct vm_held h;

	assert_int_equal(map_file(fx, 0, 3, VM_MMAP_SHARED, 0), VM_OK);
	assert_int_equal(hold(fx, 1, 1, &h), VM_OK);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(unmap(fx, 0, 3), VM_OK);
		assert_int_equal(map_file(fx, 0, 3, VM_MMAP_SHARED, 0), VM_OK);
		assert_int_equal(i == 0 ?
			load(fx, 2) - 'C' :
			vm_fault_range(fx_map(fx), fx_va(0), fx_va(3),
			    VM_PROT_WRITE, &stopped),
		    VM_OK);
		assert_int_equal(load(fx, 1), 'B');
		assert_string_equal(wired(fx), ".W......");
	}
	release(fx, &h);
	assert_nothing_wired(fx);
}

/* Is what cannot be held refused, with nothing changed? */
static void
test_refused(void **state)
{
	struct fixture *fx = *state;
	struct vm_held h;

	map_filled(fx, 0, 3, 'a');
	map_filled(fx, 4, 4, 'a');
	assert_int_equal(protect(fx, 6, 1, VM_PROT_READ), VM_OK);
	assert_int_equal(protect(fx, 7, 1, VM_PROT_NONE), VM_OK);
	assert_int_equal(hold(fx, 1, 4, &h), VM_EFAULT);
	assert_int_equal(hold_for(fx, 4, 3, VM_PROT_RW, &h), VM_EACCES);
	assert_int_equal(hold(fx, 4, 4, &h), VM_EACCES);
	assert_int_equal(vm_vslock(fx->vs, fx_va(1), UINT64_MAX - FX_PAGE,
			     VM_PROT_READ, &h),
	    VM_EFAULT);
	assert_int_equal(entries(fx->vs), 4);
	assert_nothing_wired(fx);
	assert_int_equal(hold(fx, 6, 1, &h), VM_OK);
	release(fx, &h);
}

/* Is the range what its bytes touch, and nothing without any? */
static void
test_bytes(void **state)
{
	struct fixture *fx = *state;
	struct vm_held h;

	map_filled(fx, 0, 4, 'a');
	assert_int_equal(vm_vslock(fx->vs, fx_va(2) - 1, 2, VM_PROT_READ, &h),
	    VM_OK);
	assert_string_equal(wired(fx), ".WW.....");
	release(fx, &h);
	assert_int_equal(vm_vslock(fx->vs, fx_va(2) + 1, 0, VM_PROT_READ, &h),
	    VM_OK);
	assert_nothing_wired(fx);
	release(fx, &h);
}

/* Is all undone by an error half way, but for what others hold and lock?
 *
 *	[ file ends at 4 |    ]
 *	  L (-)		 locked, held
 *	(-----------------)	fails
 */
static void
test_half_way(void **state)
{
	struct fixture *fx = *state;
	struct vm_held h, f;

	fx->files[0].size = 4 * FX_PAGE;
	assert_int_equal(map_file(fx, 0, 6, VM_MMAP_PRIVATE, 0), VM_OK);
	assert_int_equal(vm_mlock(fx->vs, fx_va(1), FX_PAGE), VM_OK);
	assert_int_equal(hold(fx, 2, 1, &h), VM_OK);
	assert_int_equal(hold(fx, 0, 6, &f), VM_ERANGE);
	assert_string_equal(wired(fx), ".WW.....");
	assert_int_equal(charged_wired(fx), 2);
	release(fx, &h);
	assert_string_equal(wired(fx), ".W......");
}

/* Does the system's limit hold, of which each range has its share, and not that
 * of what the program may lock? */
static void
test_limit(void **state)
{
	struct fixture *fx = *state;
	struct vm_held h, more;

	fx_map(fx)->wired_limit = 0;
	assert_int_equal(map_anon(fx, 0, FX_FRAMES), VM_OK);
	assert_int_equal(hold(fx, 0, MAX_WIRED + 1, &h), VM_EAGAIN);
	assert_int_equal(entries(fx->vs), 1);
	assert_int_equal(hold(fx, 0, MAX_WIRED, &h), VM_OK);
	assert_int_equal(hold(fx, MAX_WIRED, 1, &more), VM_EAGAIN);
	assert_int_equal(hold(fx, 0, 1, &more), VM_EAGAIN);
	vm_check(fx->sys);
	release(fx, &h);
	assert_int_equal(hold(fx, 0, 1, &more), VM_OK);
	release(fx, &more);
	assert_nothing_wired(fx);
}

/* Is what is held undone when memory runs out, and does what is held stay
 * where others have to go? */
static void
test_no_memory(void **state)
{
	struct fixture *fx = *state;
	struct vm_held h, more;
	size_t n = 8;

	map_filled(fx, 0, 8, 'a');
	assert_int_equal(hold(fx, 2, 2, &h), VM_OK);
	assert_int_equal(map_anon(fx, 8, FX_FRAMES), VM_OK);
	while (n < FX_FRAMES && store(fx, n, 'b') == VM_OK)
		n++;
	assert_true(n < FX_FRAMES);
	assert_int_equal(hold(fx, n - 2, 6, &more), VM_ENOMEM);
	assert_string_equal(wired(fx), "..WW....");
	assert_int_equal(fixture_swap(fx, 0, 512, 0), VM_OK);
	for (; n < FX_FRAMES + 8; n++)
		assert_int_equal(store(fx, n, 'b'), VM_OK);
	assert_string_equal(wired(fx), "..WW....");
	assert_int_equal(hold(fx, 0, 8, &more), VM_OK);
	assert_string_equal(wired(fx), "WWWWWWWW");
	assert_true(page_is(fx, fx->vs, 0, 'a'));
	release(fx, &more);
	release(fx, &h);
	assert_nothing_wired(fx);
}

/* Does each failure of memory leave nothing held, or all of it?
 *
 *	[ private file, shared with a child ]	held in two ranges
 */
static bool
play_with_failure(uint64_t nth, enum faulty_mode mode)
{
	const struct soft_config config = { .npages = FX_FRAMES };
	struct fixture *fx = fixture_create(&config);
	struct vm_held h[2];
	bool held[2], failed;
	struct vmspace *c;
	uint64_t pages = 0;
	int error;

	assert_non_null(fx);
	assert_int_equal(map_file(fx, 0, 8, VM_MMAP_PRIVATE, 0), VM_OK);
	assert_int_equal(store(fx, 3, 'd'), VM_OK);
	c = fork_space(fx->vs);
	faulty_fail(&fx->env, nth, mode);
	for (unsigned i = 0; i < 2; i++) {
		error = hold_for(fx, 1 + 2 * i, 4, VM_PROT_RW, &h[i]);
		assert_true(error == VM_OK || error == VM_ENOMEM);
		held[i] = error == VM_OK;
		vm_check(fx->sys);
		pages += held[i] ? 4 : 0;
		assert_int_equal(charged_wired(fx), pages);
	}
	for (unsigned i = 0; i < 2; i++) {
		if (held[i])
			release(fx, &h[i]);
	}
	failed = fx->env.failures != 0;
	faulty_fail(&fx->env, 0, FAULTY_ONCE);
	assert_nothing_wired(fx);
	assert_int_equal(load(fx, 3), 'd');
	assert_int_equal(load_in(fx, c, 4), 'E');
	vmspace_unref(c);
	assert_null(fixture_destroy(fx));
	return failed;
}

static void
test_every_allocation(void **state)
{
	(void)state;
	assert_true(fx_each_failure(play_with_failure) > 1);
}

int
main(void)
{
	const struct fx_test tests[] = {
		FX_TEST(test_hold),
		FX_TEST(test_hold_untouched),
		FX_TEST(test_fragments),
		FX_TEST(test_overlap),
		FX_TEST(test_stays_cut),
		FX_TEST(test_locked),
		FX_TEST(test_unmap),
		FX_TEST(test_unmap_all),
		FX_TEST(test_fork),
		FX_TEST(test_after_fork),
		FX_TEST(test_partners),
		FX_TEST(test_protect),
		FX_TEST(test_truncate),
		FX_TEST(test_discard),
		FX_TEST(test_move),
		FX_TEST(test_made_ahead),
		FX_TEST(test_neighbour),
		FX_TEST(test_refused),
		FX_TEST(test_bytes),
		FX_TEST(test_half_way),
		FX_TEST(test_limit),
		FX_TEST(test_no_memory),
		FX_BARE(test_every_allocation),
	};

	return FX_RUN("vm_vslock", tests);
}
