/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_fault_test.c - faults: errors, neighbours, pages ahead, memory that runs
 * out.
 */
#include "test/unit/base_test.h"
#include "test/unit/fixture.h"

#define STAT(fx, name) ((int)(fx)->sys->stats.name)

/* A system as big as the test wants. */
static struct fixture *
small_system(vm_pindex_t npages, unsigned ahead)
{
	const struct soft_config config = {
		.npages = npages,
		.va_min = FX_BASE,
		.va_max = FX_BASE + FX_CELLS * FX_PAGE,
		.zero_ahead_max = ahead,
	};
	struct fixture *fx = fixture_create(&config);

	assert_non_null(fx);
	return fx;
}

static void
end_system(struct fixture *fx)
{
	const char *left = fixture_destroy(fx);

	if (left != NULL)
		fail_msg("%s", left);
}

/* Which of the pages [0, n) the pmap has, as text. */
static const char *
mapped(struct fixture *fx, size_t n)
{
	static char text[FX_CELLS + 1];

	for (size_t i = 0; i < n; i++)
		text[i] = mapping_of(fx->vs, i).page == NULL ? '.' : '#';
	text[n] = '\0';
	return text;
}

/* Which error is it when there is nothing, or not for this access?
 *
 *	page 0 1 2 3 4
 *	     . r w .
 */
static void
test_errors(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(map_anon(fx, 1, 2), VM_OK);
	assert_int_equal(protect(fx, 1, 1, VM_PROT_READ), VM_OK);
	assert_int_equal(load(fx, 0), -VM_EFAULT);
	assert_int_equal(store(fx, 1, 'x'), VM_EACCES);
	assert_int_equal(load(fx, 1), 0);
	assert_int_equal(store(fx, 2, 'x'), VM_OK);
	assert_int_equal(fx_access(fx, fx->vs, 2, VM_PROT_EXEC, (char[1]){ 0 },
			     1),
	    VM_EACCES);
	assert_int_equal(vm_fault(fx_map(fx), UINT64_MAX, VM_PROT_READ, 0),
	    VM_EFAULT);
	assert_int_equal(vm_fault(fx_map(fx), 0, VM_PROT_READ, 0), VM_EFAULT);
	assert_int_equal(STAT(fx, fault_nomap), 3);
	assert_int_equal(STAT(fx, fault_noaccess), 2);
}

/* Is a file that cannot be read an error, and fine once it can? */
static void
test_io_error(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(map_file(fx, 0, 4, VM_MMAP_PRIVATE, 0), VM_OK);
	memfile_fail(&fx->files[0], 1, true);
	assert_int_equal(load(fx, 0), -VM_EIO);
	assert_int_equal(pages_used(fx), 0);
	memfile_fail(&fx->files[0], 0, false);
	assert_int_equal(load(fx, 0), 'A');
}

/* Does a page that was only to be read ahead not spoil the one that is wanted?
 * The first request is for more than one page and fails. */
static void
test_io_error_ahead(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(map_file(fx, 0, 4, VM_MMAP_PRIVATE, 0), VM_OK);
	memfile_fail(&fx->files[0], 1, false);
	assert_int_equal(load(fx, 0), 'A');
	assert_int_equal(fx->files[0].failures, 1);
}

/* What is mapped of n pages after a fault at one of them: those around it. */
static const char *
window(size_t n, size_t at, enum vm_advice advice)
{
	struct vm_neighbours w = fx_design->neighbours[advice];
	static char text[64];

	for (size_t i = 0; i < n; i++)
		text[i] = i + w.behind >= at && i <= at + w.ahead ? '#' : '.';
	text[n] = '\0';
	return text;
}

/* Are neighbours entered that are resident: as UVM does, three behind, four
 * ahead, or as the design says?
 *
 *	     0 1 2 3 4 5 6 7 8 9	all resident, none mapped
 *	           . . . x . . . .	fault at 5
 */
static void
test_neighbours(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(map_anon(fx, 0, 12), VM_OK);
	for (size_t i = 0; i < 12; i++)
		assert_int_equal(store(fx, i, 'x'), VM_OK);
	soft_forget(fx->machine);
	assert_int_equal(load(fx, 5), 'x');
	assert_string_equal(mapped(fx, 12), window(12, 5, VM_ADV_NORMAL));
	if (fx_is(&vm_design_netbsd)) {
		assert_string_equal(mapped(fx, 12), "..########..");
		assert_int_equal(STAT(fx, neighbours), 7);
	}
}

/* Are they entered also when the page itself has to be made: copied, or of
 * zeroes?  Another space has the same pages; one of them is missing.
 *
 *	     0 1 2 3 4 5 6 7 8 9	all but 6 resident, none mapped
 *	           . . . x   . .	write to 5, or to 6
 */
static void
test_neighbours_of_made(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *child;

	assert_int_equal(map_anon(fx, 0, 12), VM_OK);
	for (size_t i = 0; i < 12; i++)
		if (i != 6)
			assert_int_equal(store(fx, i, 'x'), VM_OK);
	assert_int_equal(vmspace_fork(fx->vs, &child), VM_OK);
	soft_forget(fx->machine);
	assert_int_equal(store(fx, 5, 'y'), VM_OK);
	assert_string_equal(mapped(fx, 12),
	    fx_is_uvm() ? "..####.###.." : ".....#......");
	soft_forget(fx->machine);
	assert_int_equal(store(fx, 6, 'y'), VM_OK);
	assert_string_equal(mapped(fx, 12),
	    fx_is_uvm() ? "...########." : "......#.....");
	for (size_t i = 7; i < 11; i++)
		assert_false(may_write(fx->vs, i));
	assert_int_equal(load_in(fx, child, 5), 'x');
	vmspace_unref(child);
}

/* Does advice say how many? */
static void
test_neighbours_advice(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(map_anon(fx, 0, 24), VM_OK);
	for (size_t i = 0; i < 24; i++)
		assert_int_equal(store(fx, i, 'x'), VM_OK);
	soft_forget(fx->machine);
	assert_int_equal(vm_madvise(fx->vs, fx_va(0), 24 * FX_PAGE,
			     VM_MADV_RANDOM),
	    VM_OK);
	assert_int_equal(load(fx, 10), 'x');
	assert_string_equal(mapped(fx, 24), window(24, 10, VM_ADV_RANDOM));
	soft_forget(fx->machine);
	assert_int_equal(vm_madvise(fx->vs, fx_va(0), 24 * FX_PAGE,
			     VM_MADV_SEQUENTIAL),
	    VM_OK);
	assert_int_equal(load(fx, 10), 'x');
	assert_string_equal(mapped(fx, 24), window(24, 10, VM_ADV_SEQUENTIAL));
}

/* Does a neighbour come with no more rights than a read has?  Another space
 * has the same pages. */
static void
test_neighbours_rights(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *child;

	assert_int_equal(map_anon(fx, 0, 4), VM_OK);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(store(fx, i, 'x'), VM_OK);
	assert_int_equal(vmspace_fork(fx->vs, &child), VM_OK);
	soft_forget(fx->machine);
	assert_int_equal(store(fx, 0, 'y'), VM_OK);
	assert_int_equal(load(fx, 1), 'x');
	for (size_t i = 1; i < 4; i++)
		assert_false(mapping_of(fx->vs, i).prot & VM_PROT_WRITE);
	vmspace_unref(child);
}

/* Where faults are dear: do the pages that a fork has write-protected become
 * writable together once the child has gone, and not before?
 */
static void
test_neighbours_writable(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *child;

	fx->machine->neighbour_factor = 2;
	assert_int_equal(map_anon(fx, 0, 8), VM_OK);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(store(fx, i, 'x'), VM_OK);
	assert_int_equal(vmspace_fork(fx->vs, &child), VM_OK);
	assert_int_equal(store(fx, 0, 'y'), VM_OK);
	for (size_t i = 1; i < 8; i++)
		assert_false(mapping_of(fx->vs, i).prot & VM_PROT_WRITE);
	vmspace_unref(child);
	assert_int_equal(store(fx, 4, 'y'), VM_OK);
	/* 4.4BSD has no neighbours; DragonFly's are below a new head. */
	for (size_t i = 1; i < 8; i++)
		assert_int_equal(may_write(fx->vs, i),
		    i == 4 || fx_is_uvm() || fx_is(&vm_design_freebsd));
	assert_int_equal(load(fx, 5), 'x');
}

/* Does a fault that asks for one page get one? */
static void
test_narrow(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(map_anon(fx, 0, 8), VM_OK);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(store(fx, i, 'x'), VM_OK);
	soft_forget(fx->machine);
	assert_int_equal(vm_fault(fx_map(fx), fx_va(4) + 77, VM_PROT_READ,
			     VM_FAULT_NARROW),
	    VM_OK);
	assert_string_equal(mapped(fx, 8), "....#...");
}

/* Does the window ahead double while faults follow each other, and stay shut
 * when one does not?
 *
 *	fault at 0: +4, at 5: +5, at 11: +11, at 23: +16 (the most)
 *	then at 60: none
 */
static void
test_ahead(void **state)
{
	struct fixture *fx = small_system(512, 16);

	(void)state;
	assert_int_equal(map_anon(fx, 0, 100), VM_OK);
	assert_int_equal(store(fx, 0, 'x'), VM_OK);
	assert_string_equal(mapped(fx, 8), "#####...");
	assert_int_equal(store(fx, 5, 'x'), VM_OK);
	assert_string_equal(mapped(fx, 16), "###########.....");
	assert_int_equal(store(fx, 11, 'x'), VM_OK);
	assert_non_null(mapping_of(fx->vs, 22).page);
	assert_null(mapping_of(fx->vs, 23).page);
	assert_int_equal(store(fx, 23, 'x'), VM_OK);
	assert_non_null(mapping_of(fx->vs, 39).page);
	assert_null(mapping_of(fx->vs, 40).page);
	assert_int_equal(store(fx, 60, 'x'), VM_OK);
	assert_null(mapping_of(fx->vs, 61).page);
	assert_null(mapping_of(fx->vs, 59).page);
	assert_int_equal(STAT(fx, fault_ahead_zero), 4 + 5 + 11 + 16);
	assert_int_equal(STAT(fx, flt_przero), 5);
	end_system(fx);
}

/* Does it open downwards too, for who comes from above; and do two who meet
 * in one mapping not disturb each other?
 *
 *	0 1 2 3 4 5 6 7 8 9 a b c d e f
 *	            . . . . . # # # # x		1st fault: +4 below
 *	x # # # # . . . . . . # # # # #		2nd: +4 above
 *	# # # # # # # # # # x			3rd: all there is left
 */
static void
test_ahead_downwards(void **state)
{
	struct fixture *fx = small_system(512, 16);

	(void)state;
	assert_int_equal(map_anon(fx, 0, 16), VM_OK);
	assert_int_equal(store(fx, 15, 'x'), VM_OK);
	assert_string_equal(mapped(fx, 16), "...........#####");
	assert_int_equal(store(fx, 0, 'x'), VM_OK);
	assert_string_equal(mapped(fx, 16), "#####......#####");
	assert_int_equal(store(fx, 10, 'x'), VM_OK);
	assert_string_equal(mapped(fx, 16), "################");
	assert_int_equal(STAT(fx, fault_ahead_zero), 4 + 4 + 5);
	end_system(fx);
}

/* Does it go on over the chunks of a mapping that is settled in parts? */
static void
test_ahead_chunks(void **state)
{
	struct fixture *fx = small_system(512, 16);

	(void)state;
	assert_int_equal(map_anon(fx, 0, FX_CELLS), VM_OK);
	for (size_t i = 0; i < 96; i++)
		assert_int_equal(store(fx, i, 'x'), VM_OK);
	assert_in_range(STAT(fx, flt_przero), 1, 10);
	for (size_t i = FX_CELLS; i > FX_CELLS - 96; i--)
		assert_int_equal(store(fx, i - 1, 'x'), VM_OK);
	assert_in_range(STAT(fx, flt_przero), 2, 20);
	end_system(fx);
}

/* Are no pages made ahead when few are left, or by random advice? */
static void
test_ahead_not(void **state)
{
	struct fixture *fx = small_system(64, 16);

	(void)state;
	assert_int_equal(map_anon(fx, 0, 4), VM_OK);
	assert_int_equal(vm_madvise(fx->vs, fx_va(0), 4 * FX_PAGE,
			     VM_MADV_RANDOM),
	    VM_OK);
	assert_int_equal(store(fx, 0, 'x'), VM_OK);
	assert_int_equal(STAT(fx, fault_ahead_zero), 0);
	assert_int_equal(map_shared(fx, 10, 58), VM_OK);
	for (size_t i = 0; i < 56; i++)
		assert_int_equal(store(fx, 10 + i, 'x'), VM_OK);
	assert_int_equal(map_anon(fx, 80, 4), VM_OK);
	assert_int_equal(store(fx, 80, 'x'), VM_OK);
	assert_null(mapping_of(fx->vs, 81).page);
	end_system(fx);
}

/* Is the end of memory an error, and memory that comes free of use again? */
static void
test_no_memory(void **state)
{
	struct fixture *fx = small_system(16, 0);
	size_t i = 0;

	(void)state;
	assert_int_equal(map_anon(fx, 40, 1), VM_OK);
	assert_int_equal(store(fx, 40, 'x'), VM_OK);
	assert_int_equal(map_anon(fx, 0, 32), VM_OK);
	while (store(fx, i, 'x') == VM_OK)
		i++;
	assert_int_equal(i, 15);
	assert_int_equal(store(fx, i, 'x'), VM_ENOMEM);
	assert_int_equal(STAT(fx, fault_nomem), 2);
	for (size_t j = 0; j < i; j++)
		assert_int_equal(load(fx, j), 'x');
	assert_int_equal(unmap(fx, 40, 1), VM_OK);
	assert_int_equal(store(fx, i, 'x'), VM_OK);
	end_system(fx);
}

/* Are pages of files taken back before an error? */
static void
test_reclaims(void **state)
{
	struct fixture *fx = small_system(16, 0);

	(void)state;
	assert_int_equal(map_file(fx, 0, 8, VM_MMAP_SHARED, 0), VM_OK);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(store(fx, i, 'a' + (int)i), VM_OK);
	assert_int_equal(unmap(fx, 0, 8), VM_OK);
	assert_int_equal(map_anon(fx, 0, 16), VM_OK);
	for (size_t i = 0; i < 16; i++)
		assert_int_equal(store(fx, i, 'x'), VM_OK);
	assert_int_equal(fx->files[0].bytes[7 * FX_PAGE], 'h');
	end_system(fx);
}

/* Does a private write to a file page end, when only one page can be had at a
 * time and two are needed? */
static void
test_last_page(void **state)
{
	struct fixture *fx = small_system(16, 0);
	int error;

	(void)state;
	assert_int_equal(map_anon(fx, 0, 15), VM_OK);
	for (size_t i = 0; i < 15; i++)
		assert_int_equal(store(fx, i, 'x'), VM_OK);
	assert_int_equal(map_file(fx, 20, 8, VM_MMAP_PRIVATE, 0), VM_OK);
	error = store(fx, 20, 'y');
	assert_int_equal(error, VM_ENOMEM);
	assert_int_equal(load(fx, 20), 'A');
	end_system(fx);
}

/* And when there is a reserve, does it get its two pages, and everything else
 * none of the reserve? */
static void
test_reserve(void **state)
{
	struct fixture *fx = small_system(512, 0);
	size_t n = 0;

	(void)state;
	assert_int_equal((int)vm_page_reserve(fx->sys), 2);
	assert_int_equal(map_anon(fx, 40, 600), VM_OK);
	assert_int_equal(map_file(fx, 20, 8, VM_MMAP_PRIVATE, 0), VM_OK);
	assert_int_equal(load(fx, 27), 'H');
	while (vm_page_free_count(fx->sys) > 2) {
		assert_int_equal(store(fx, 40 + n, 'x'), VM_OK);
		n++;
	}
	assert_int_equal(store(fx, 20, 'y'), VM_OK);
	assert_int_equal(load(fx, 20), 'y');
	while (store(fx, 40 + n, 'x') == VM_OK)
		n++;
	assert_true(vm_page_free_count(fx->sys) <= 2);
	end_system(fx);
}

/* Does a page made alone get the frame after its neighbour's, in private memory
 * and in objects, although others are free that were used later?
 *
 *	page  0 1	   8 9 10
 *	frame a .	   b c d	freed in the order b, c, d; 1 wants b
 */
static void
test_near(void **state)
{
	struct fixture *fx = *state;
	uint64_t frame;

	for (unsigned shared = 0; shared < 2; shared++) {
		vmspace_reset(fx->vs);
		assert_int_equal(shared ? map_shared(fx, 0, 2) :
					  map_anon(fx, 0, 2),
		    VM_OK);
		assert_int_equal(store(fx, 0, 'x'), VM_OK);
		frame = mapping_of(fx->vs, 0).page->frame;
		assert_int_equal(map_anon(fx, 8, 3), VM_OK);
		for (size_t i = 8; i < 11; i++)
			assert_int_equal(store(fx, i, 'y'), VM_OK);
		for (size_t i = 8; i < 11; i++)
			assert_int_equal(unmap(fx, i, 1), VM_OK);
		assert_int_equal(store(fx, 1, 'x'), VM_OK);
		assert_int_equal(mapping_of(fx->vs, 1).page->frame, frame + 1);
	}
}

/* Does a range go as far as it can, and tell how far? */
static void
test_range(void **state)
{
	struct fixture *fx = *state;
	vaddr_t stopped;

	assert_int_equal(map_anon(fx, 0, 4), VM_OK);
	assert_int_equal(map_anon(fx, 5, 2), VM_OK);
	assert_int_equal(vm_fault_range(fx_map(fx), fx_va(0), fx_va(7),
			     VM_PROT_WRITE, &stopped),
	    VM_EFAULT);
	assert_int_equal(stopped, fx_va(4));
	assert_string_equal(mapped(fx, 7), "####...");
	assert_int_equal(vm_fault_range(fx_map(fx), fx_va(5), fx_va(7),
			     VM_PROT_WRITE, &stopped),
	    VM_OK);
	assert_int_equal(stopped, fx_va(7));
	assert_true(STAT(fx, faults) <= 3);
}

int
main(void)
{
	const struct fx_test tests[] = {
		FX_TEST(test_errors),
		FX_TEST(test_io_error),
		FX_TEST(test_io_error_ahead),
		FX_TEST(test_neighbours),
		FX_TEST(test_neighbours_of_made),
		FX_TEST(test_neighbours_advice),
		FX_TEST(test_neighbours_rights),
		FX_TEST(test_neighbours_writable),
		FX_TEST(test_narrow),
		FX_BARE(test_ahead),
		FX_BARE(test_ahead_downwards),
		FX_BARE(test_ahead_chunks),
		FX_BARE(test_ahead_not),
		FX_BARE(test_no_memory),
		FX_BARE(test_reclaims),
		FX_BARE(test_last_page),
		FX_BARE(test_reserve),
		FX_TEST(test_near),
		FX_TEST(test_range),
	};

	return FX_RUN("vm_fault", tests);
}
