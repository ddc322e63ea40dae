/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_pageout_test.c - pages go to swap and come back: in which order, by how
 * many requests, what happens to those that are on their way, and what becomes
 * of it all when devices or memory fail.
 *
 * The device is of memory, and breaks on demand (env/faultyswap.h).  There is
 * one thread: who waits for a transfer that is held back has it carried out,
 * or failed, by the fixture's on_wait.
 *
 * Each design pages in its own way.  Where a test counts requests and slots of
 * one way, all have that of UVM, which pages any design's memory; the others
 * are in vm_paging_test.c.
 */
#include "test/unit/base_test.h"
#include "test/unit/paging_fixture.h"

#include "vm/vm_pageq.h"

enum { SWAP = 512, FRAMES = FX_FRAMES, MUCH = 4096 };

/* ---- tools ---- */

static uint64_t
in_swap(struct fixture *fx)
{
	return vm_swap_in_use(fx->sys);
}

/* Those of them that are no good to others: a spare page is. */
static size_t
nkept(struct fixture *fx, size_t page, size_t n)
{
	return nresident(fx, page, n) - vm_pageq_count(fx->sys, VM_PAGE_SPARE);
}

/* A device to which private memory is paged as a design does. */
static void
need_swap_as(struct fixture *fx, const struct vm_design *design)
{
	vm_system_prefer(fx->sys, design);
	assert_int_equal(fixture_swap(fx, 0, SWAP, 0), VM_OK);
	assert_int_equal(map_anon(fx, FX_CELLS - 1, 1), VM_OK);
	assert_int_equal(store(fx, FX_CELLS - 1, 1), VM_OK);
	page_out(fx);
	assert_true(in_swap(fx) != 0);
	assert_int_equal(unmap(fx, FX_CELLS - 1, 1), VM_OK);
}

static void
need_swap(struct fixture *fx)
{
	need_swap_as(fx, fx_design);
}

/* As UVM: what goes first, and together with what, and when it gives its place
 * back. */
static void
need_uvm_swap(struct fixture *fx)
{
	need_swap_as(fx, &vm_design_netbsd);
}

#define STAT(fx, name) ((unsigned long long)(fx)->sys->stats.name)

/* The same, and what is there in a row is read in a row. */
static void
need_runs(struct fixture *fx)
{
	static struct vm_paging runs;

	runs = vm_paging_netbsd;
	runs.swapin.first = runs.swapin.least = VM_SWAPIN_MAX;
	runs.swapin.most = VM_SWAPIN_MAX;
	need_uvm_swap(fx);
	vm_pageout_prefer(fx->sys, &runs);
}

/* ---- out and in ---- */

typedef int map_fn(struct fixture *, size_t page, size_t n);

/* Does a page go, and come back as it was, private and shared? */
static void
out_and_in(struct fixture *fx, map_fn *map)
{
	unsigned long long before = STAT(fx, pageouts);

	assert_int_equal(map(fx, 0, 8), VM_OK);
	fill(fx, 0, 8);
	page_out(fx);
	assert_int_equal(pages_used(fx), 0);
	assert_int_equal(in_swap(fx), 8);
	assert_int_equal(STAT(fx, pageouts) - before, 8);
	assert_int_equal(nresident(fx, 0, 8), 0);
	vm_check(fx->sys);
	assert_filled(fx, fx->vs, 0, 8);
	assert_int_equal(pages_used(fx), 8);
	assert_int_equal(nresident(fx, 0, 8), 8);
	assert_int_equal(in_swap(fx), 8);
	vm_check(fx->sys);
	assert_int_equal(unmap(fx, 0, 8), VM_OK);
	assert_int_equal(in_swap(fx), 0);
}

static void
test_out_and_in(void **state)
{
	need_swap(*state);
	out_and_in(*state, map_anon);
}

static void
test_out_and_in_shared(void **state)
{
	need_swap(*state);
	out_and_in(*state, map_shared);
}

/* Is what goes with its space given back, too? */
static void
test_exit_frees_slots(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *child;

	need_swap(fx);
	assert_int_equal(map_anon(fx, 0, 8), VM_OK);
	fill(fx, 0, 8);
	child = fork_space(fx->vs);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(store_in(fx, child, i, 'c'), VM_OK);
	page_out(fx);
	assert_int_equal(in_swap(fx), 12);
	vmspace_unref(child);
	if (fx_design->cow->prompt)
		assert_int_equal(in_swap(fx), 8);
	assert_filled(fx, fx->vs, 0, 8);
}

/* Do clusters fill requests, both ways? */
static void
clusters(struct fixture *fx, map_fn *map)
{
	unsigned long long outs = STAT(fx, pageout_io), ins;

	assert_int_equal(map(fx, 0, 100), VM_OK);
	fill(fx, 0, 100);
	page_out(fx);
	assert_int_equal(in_swap(fx), 100);
	assert_int_equal(STAT(fx, pageout_io) - outs, 2);
	ins = STAT(fx, pagein_io);
	assert_filled(fx, fx->vs, 0, 100);
	assert_in_range(STAT(fx, pagein_io) - ins, 100 / VM_SWAPIN_MAX,
	    100 / VM_SWAPIN_MAX + 2);
	assert_int_equal(unmap(fx, 0, 100), VM_OK);
}

static void
test_clusters(void **state)
{
	need_runs(*state);
	clusters(*state, map_anon);
}

static void
test_clusters_shared(void **state)
{
	need_runs(*state);
	clusters(*state, map_shared);
}

/* With random advice, is a page read alone? */
static void
test_random_reads_one(void **state)
{
	struct fixture *fx = *state;
	unsigned long long ins;

	need_swap(fx);
	assert_int_equal(map_anon(fx, 0, 8), VM_OK);
	assert_int_equal(vm_madvise(fx->vs, fx_va(0), 8 * FX_PAGE,
			     VM_MADV_RANDOM),
	    VM_OK);
	fill(fx, 0, 8);
	page_out(fx);
	ins = STAT(fx, pageins);
	assert_int_equal(load(fx, 3), 4);
	assert_int_equal(STAT(fx, pageins) - ins, 1);
}

/* ---- clean and dirty ---- */

/* Does a page that was only read go again without being written? */
static void
test_clean_needs_no_write(void **state)
{
	struct fixture *fx = *state;
	unsigned long long outs;
	uint64_t writes;

	need_swap(fx);
	assert_int_equal(map_anon(fx, 0, 8), VM_OK);
	fill(fx, 0, 8);
	page_out(fx);
	assert_filled(fx, fx->vs, 0, 8);
	outs = STAT(fx, pageouts);
	writes = disk(fx)->writes;
	page_out(fx);
	assert_int_equal(nkept(fx, 0, 8), 0);
	assert_int_equal(STAT(fx, pageouts), outs);
	assert_int_equal(disk(fx)->writes, writes);
	assert_filled(fx, fx->vs, 0, 8);
}

/* Does one that is written lose its slot, and is it written out again? */
static void
dirty_again(struct fixture *fx, map_fn *map)
{
	unsigned long long outs;

	assert_int_equal(map(fx, 0, 8), VM_OK);
	fill(fx, 0, 8);
	page_out(fx);
	assert_int_equal(load(fx, 0), 1);
	assert_int_equal(store(fx, 5, 'x'), VM_OK);
	assert_int_equal(store(fx, 6, 'y'), VM_OK);
	outs = STAT(fx, pageouts);
	page_out(fx);
	assert_int_equal(STAT(fx, pageouts) - outs, 2);
	assert_int_equal(in_swap(fx), 8);
	assert_filled(fx, fx->vs, 0, 5);
	assert_true(page_is(fx, fx->vs, 5, 'x'));
	assert_true(page_is(fx, fx->vs, 6, 'y'));
	assert_true(page_is(fx, fx->vs, 7, 8));
	vm_check(fx->sys);
	assert_int_equal(unmap(fx, 0, 8), VM_OK);
}

static void
test_dirty_again(void **state)
{
	need_swap(*state);
	dirty_again(*state, map_anon);
}

static void
test_dirty_again_shared(void **state)
{
	need_swap(*state);
	dirty_again(*state, map_shared);
}

/* A write that faults: is the slot free at once, for others?  But where pages
 * have their place for life, with neighbours. */
static void
test_write_frees_slot(void **state)
{
	struct fixture *fx = *state;
	uint64_t slots = fx_is(&vm_design_mach) ? 4 : 1;

	need_swap(fx);
	assert_int_equal(map_anon(fx, 0, 1), VM_OK);
	fill(fx, 0, 1);
	page_out(fx);
	assert_int_equal(in_swap(fx), slots);
	assert_int_equal(store(fx, 0, 'x'), VM_OK);
	assert_int_equal(in_swap(fx), fx_is(&vm_design_mach) ? slots : 0);
	assert_int_equal(load(fx, 0), 'x');
}

/* And what the system itself writes into the page? */
static void
test_system_writes(void **state)
{
	struct fixture *fx = *state;
	size_t done;

	need_swap(fx);
	assert_int_equal(map_anon(fx, 0, 4), VM_OK);
	fill(fx, 0, 4);
	page_out(fx);
	assert_int_equal(load(fx, 0), 1);
	assert_int_equal(vmspace_write(fx->vs, fx_va(0) + 100, "new", 4, &done),
	    VM_OK);
	page_out(fx);
	assert_int_equal(nkept(fx, 0, 4), 0);
	{
		char bytes[4] = "";

		assert_int_equal(vmspace_read(fx->vs, fx_va(0) + 100, bytes, 4,
				     &done),
		    VM_OK);
		assert_string_equal(bytes, "new");
	}
	assert_int_equal(load(fx, 0), 1);
}

/* ---- which go first ---- */

/* Use a page that is inactive: a policy that unmaps it sees a fault. */
static void
use(struct fixture *fx, size_t page)
{
	if (fx->sys->paging->unmaps)
		assert_true(load(fx, page) >= 0);
	else
		use_elsewhere(fx->vs, page);
}

/* Does the oldest page go first, but for those that are used meanwhile? */
static void
test_second_chance(void **state)
{
	struct fixture *fx = *state;
	size_t nfree;

	need_uvm_swap(fx);
	assert_int_equal(map_anon(fx, 0, 9), VM_OK);
	fill(fx, 0, 9);
	nfree = vm_page_free_count(fx->sys);
	(void)vm_pageout_once(fx->sys, nfree + 1, false); /* makes inactive */
	assert_int_equal(nresident(fx, 0, 9), 9);
	assert_int_equal(vm_pageq_count(fx->sys, VM_PAGE_INACTIVE), 4);
	use(fx, 0);
	use(fx, 2);
	assert_int_equal(vm_pageout_once(fx->sys, nfree + 2, false),
	    VM_PAGEOUT_MADE);
	assert_int_equal(nresident(fx, 0, 1), 1);
	assert_int_equal(nresident(fx, 1, 1), 0);
	assert_int_equal(nresident(fx, 2, 1), 1);
	assert_int_equal(nresident(fx, 3, 1), 0);
	assert_int_equal(nresident(fx, 4, 5), 5);
	if (!fx->sys->paging->unmaps) /* else faults have told of some */
		assert_int_equal(STAT(fx, pd_reactivated), 2);
	/* a hard pass takes them though they are used */
	fill(fx, 4, 5);
	page_out(fx);
	assert_int_equal(nresident(fx, 0, 9), 0);
}

/* Does a wired page stay, and go once it is not wired any more? */
static void
test_wired_stays(void **state)
{
	struct fixture *fx = *state;

	need_swap(fx);
	assert_int_equal(map_anon(fx, 0, 4), VM_OK);
	assert_int_equal(map_shared(fx, 4, 4), VM_OK);
	fill(fx, 0, 8);
	page_out(fx);
	assert_int_equal(vm_mlock(fx->vs, fx_va(2), 4 * FX_PAGE), VM_OK);
	page_out(fx);
	assert_int_equal(nresident(fx, 2, 4), 4);
	assert_int_equal(nresident(fx, 0, 8), 4);
	assert_true(mapping_of(fx->vs, 2).wired);
	vm_check(fx->sys);
	assert_filled(fx, fx->vs, 0, 8);
	assert_int_equal(vm_munlock(fx->vs, fx_va(2), 4 * FX_PAGE), VM_OK);
	page_out(fx);
	assert_int_equal(nkept(fx, 0, 8), 0);
	assert_filled(fx, fx->vs, 0, 8);
}

/* ---- forks ---- */

/* Is what is out copied, too, and kept apart? */
static void
test_fork_of_what_is_out(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *child;

	need_swap(fx);
	assert_int_equal(map_anon(fx, 0, 8), VM_OK);
	fill(fx, 0, 8);
	page_out(fx);
	child = fork_space(fx->vs);
	assert_int_equal(store(fx, 1, 'p'), VM_OK);
	assert_int_equal(store_in(fx, child, 2, 'c'), VM_OK);
	page_out(fx);
	vm_check(fx->sys);
	assert_true(page_is(fx, child, 1, 2));
	assert_true(page_is(fx, child, 2, 'c'));
	assert_true(page_is(fx, fx->vs, 1, 'p'));
	assert_true(page_is(fx, fx->vs, 2, 3));
	assert_filled(fx, child, 3, 0);
	for (size_t i = 3; i < 8; i++) {
		assert_true(page_is(fx, child, i, (int)i + 1));
		assert_true(page_is(fx, fx->vs, i, (int)i + 1));
	}
	vm_check(fx->sys);
	vmspace_unref(child);
	assert_true(page_is(fx, fx->vs, 1, 'p'));
	assert_true(page_is(fx, fx->vs, 2, 3));
}

/* Does the last one that has a page write to it in place, though it was out
 * when the other went? */
static void
test_sole_owner(void **state)
{
	struct fixture *fx = *state;
	unsigned long long copied;

	need_swap(fx);
	assert_int_equal(map_anon(fx, 0, 1), VM_OK);
	fill(fx, 0, 1);
	vmspace_unref(fork_space(fx->vs));
	page_out(fx);
	copied = STAT(fx, pages_copied);
	assert_int_equal(store(fx, 0, 'x'), VM_OK);
	if (fx_is_uvm())
		assert_int_equal(STAT(fx, pages_copied), copied);
	page_out(fx);
	assert_int_equal(in_swap(fx), fx_is(&vm_design_mach) ? 4 : 1);
	assert_true(page_is(fx, fx->vs, 0, 'x'));
}

/* Forks of forks, everything out between them. */
static void
test_generations(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *gen[5] = { fx->vs };

	need_swap(fx);
	assert_int_equal(map_anon(fx, 0, 5), VM_OK);
	fill(fx, 0, 5);
	for (size_t i = 1; i < 5; i++) {
		page_out(fx);
		gen[i] = fork_space(gen[i - 1]);
		assert_int_equal(store_in(fx, gen[i], i, (int)i + 100), VM_OK);
	}
	page_out(fx);
	vm_check(fx->sys);
	for (size_t i = 0; i < 5; i++) {
		for (size_t j = 0; j < 5; j++)
			assert_true(page_is(fx, gen[i], j,
			    (int)j + (j != 0 && j <= i ? 100 : 1)));
	}
	for (size_t i = 1; i < 5; i++) {
		page_out(fx);
		vmspace_unref(gen[i]);
	}
	assert_filled(fx, fx->vs, 0, 5);
}

/* Does memory that is inherited as shared stay common? */
static void
test_shared_by_fork(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *child;

	need_swap(fx);
	assert_int_equal(map_shared(fx, 0, 4), VM_OK);
	assert_int_equal(map_anon(fx, 4, 4), VM_OK);
	assert_int_equal(vm_minherit(fx->vs, fx_va(4), 4 * FX_PAGE,
			     VM_INHERIT_SHARE),
	    VM_OK);
	fill(fx, 0, 8);
	page_out(fx);
	child = fork_space(fx->vs);
	assert_int_equal(store_in(fx, child, 1, 'c'), VM_OK);
	assert_int_equal(store(fx, 2, 'p'), VM_OK);
	assert_int_equal(store_in(fx, child, 5, 'd'), VM_OK);
	assert_int_equal(store(fx, 6, 'q'), VM_OK);
	page_out(fx);
	assert_true(page_is(fx, fx->vs, 1, 'c'));
	assert_true(page_is(fx, child, 2, 'p'));
	assert_true(page_is(fx, fx->vs, 5, 'd'));
	assert_true(page_is(fx, child, 6, 'q'));
	page_out(fx);
	vmspace_unref(child);
	assert_true(page_is(fx, fx->vs, 5, 'd'));
	vm_check(fx->sys);
}

/* ---- pages on their way ---- */

/* What happens to pages that are being written; the contents that are left
 * after it, or 0 for what is gone. */
struct happening {
	const char *name;
	void (*run)(struct fixture *);
	int want[4]; /* of pages 0 to 3, with 1 to 4 before */
};

static void
happens_nothing(struct fixture *fx)
{
	(void)fx;
}

static void
happens_unmap(struct fixture *fx)
{
	assert_int_equal(unmap(fx, 1, 2), VM_OK);
}

static void
happens_discard(struct fixture *fx)
{
	assert_int_equal(vm_madvise(fx->vs, fx_va(1), 2 * FX_PAGE,
			     VM_MADV_DISCARD),
	    VM_OK);
}

static void
happens_remove(struct fixture *fx)
{
	int error = vm_madvise(fx->vs, fx_va(1), 2 * FX_PAGE, VM_MADV_REMOVE);

	assert_true(error == VM_OK || error == VM_EINVAL || error == VM_EACCES);
}

static void
happens_read(struct fixture *fx)
{
	assert_int_equal(load(fx, 1), 2);
}

static void
happens_write(struct fixture *fx)
{
	assert_int_equal(store(fx, 1, 'w'), VM_OK);
}

static void
happens_wire(struct fixture *fx)
{
	assert_int_equal(vm_mlock(fx->vs, fx_va(1), 2 * FX_PAGE), VM_OK);
	assert_int_equal(nresident(fx, 1, 2), 2);
}

static void
happens_fork(struct fixture *fx)
{
	struct vmspace *child = fork_space(fx->vs);

	assert_int_equal(vm_munmap(child, fx_va(1), FX_PAGE), VM_OK);
	vmspace_unref(child);
}

static void
happens_cow(struct fixture *fx)
{
	struct vmspace *child = fork_space(fx->vs);

	assert_int_equal(store(fx, 1, 'w'), VM_OK);
	vmspace_unref(child);
}

static void
happens_move(struct fixture *fx)
{
	const struct vm_mremap_args there = {
		.old_addr = fx_va(0),
		.old_len = 4 * FX_PAGE,
		.new_len = 4 * FX_PAGE,
		.new_addr = fx_va(20),
		.flags = VM_MREMAP_MAYMOVE | VM_MREMAP_FIXED,
	};
	struct vm_mremap_args back = there;
	vaddr_t at;

	back.old_addr = there.new_addr;
	back.new_addr = there.old_addr;
	assert_int_equal(vm_mremap(fx->vs, &there, &at), VM_OK);
	assert_int_equal(vm_mremap(fx->vs, &back, &at), VM_OK);
}

static void
happens_invalidate(struct fixture *fx)
{
	assert_int_equal(vm_msync(fx->vs, fx_va(0), 4 * FX_PAGE,
			     VM_MS_SYNC | VM_MS_INVALIDATE),
	    VM_OK);
}

static const struct happening happenings[] = {
	{ "nothing", happens_nothing, { 1, 2, 3, 4 } },
	{ "unmap", happens_unmap, { 1, 0, 0, 4 } },
	{ "discard", happens_discard, { 1, -1, -1, 4 } },
	{ "remove", happens_remove, { 1, -1, -1, 4 } },
	{ "read", happens_read, { 1, 2, 3, 4 } },
	{ "write", happens_write, { 1, 'w', 3, 4 } },
	{ "wire", happens_wire, { 1, 2, 3, 4 } },
	{ "fork", happens_fork, { 1, 2, 3, 4 } },
	{ "copy-on-write", happens_cow, { 1, -2, 3, 4 } },
	{ "move", happens_move, { 1, 2, 3, 4 } },
	{ "invalidate", happens_invalidate, { 1, 2, 3, 4 } },
};

/* -1: zeroes where the mapping says so, else the old; -2: 'w'. */
static bool
is_left(struct fixture *fx, size_t page, int want, bool shared,
    const char *name)
{
	int old = (int)page + 1;

	if (want == 0)
		return load(fx, page) == -VM_EFAULT;
	if (want == -1 && strcmp(name, shared ? "discard" : "remove") == 0)
		want = old;
	else if (want == -1)
		want = 0;
	return page_is(fx, fx->vs, page, want == -2 ? 'w' : want);
}

static void
happen(struct fixture *fx, const struct happening *h, bool shared, unsigned end)
{
	assert_int_equal((shared ? map_shared : map_anon)(fx, 0, 4), VM_OK);
	fill(fx, 0, 4);
	begin_page_out(fx);
	assert_int_equal(disk(fx)->nheld, 1);
	fx->on_wait = page_out_ends[end];
	h->run(fx);
	page_out_ends[end](fx);
	vm_check(fx->sys);
	for (size_t i = 0; i < 4; i++) {
		if (!is_left(fx, i, h->want[i], shared, h->name))
			fail_msg("%s, %s, %s: page %zu", h->name,
			    shared ? "shared" : "private",
			    end == 0 ? "written" : "not written", i);
	}
	page_out(fx);
	vm_check(fx->sys);
	for (size_t i = 0; i < 4; i++)
		assert_true(is_left(fx, i, h->want[i], shared, h->name));
	fx->on_wait = NULL;
	assert_int_equal(unmap(fx, 0, 4), VM_OK);
	assert_int_equal(in_swap(fx), 0);
	assert_int_equal(pages_used(fx), 0);
}

/* Whatever happens to pages while they are being written, and whether that
 * succeeds or not: is nothing lost, and nothing left? */
static void
test_on_the_way(void **state)
{
	need_swap(*state);
	for (size_t i = 0; i < sizeof(happenings) / sizeof(happenings[0]); i++)
		FOR_ENDS(end)
	happen(*state, &happenings[i], false, end);
}

static void
test_on_the_way_shared(void **state)
{
	need_swap(*state);
	for (size_t i = 0; i < sizeof(happenings) / sizeof(happenings[0]); i++)
		FOR_ENDS(end)
	happen(*state, &happenings[i], true, end);
}

static void
count_object(struct vm_object *obj, void *arg)
{
	(void)obj;
	++*(size_t *)arg;
}

static size_t
nobjects(struct fixture *fx)
{
	size_t n = 0;

	vm_object_foreach(fx->sys, count_object, &n);
	return n;
}

/* Memory of one more space: what is on its way, and what is not. */
static struct vmspace *
space_on_the_way(struct fixture *fx, unsigned flags)
{
	struct vm_object *obj = NULL;
	struct vmspace *vs;

	assert_int_equal(vmspace_create(fx->sys, fx_design, &vs), VM_OK);
	if (flags == VM_MMAP_SHARED)
		obj = anon_object(fx);
	assert_int_equal(fx_map_at(fx, vs, 0, 12, flags, obj, 0), VM_OK);
	if (obj != NULL)
		vm_object_unref(obj);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(store_in(fx, vs, i, 'e'), VM_OK);
	begin_page_out(fx);
	for (size_t i = 8; i < 12; i++)
		assert_int_equal(store_in(fx, vs, i, 'e'), VM_OK);
	return vs;
}

/* The space goes while its pages are being written, and the end comes after
 * it: nobody waits for that, and the rest goes at once. */
static void
exit_on_the_way(struct fixture *fx, unsigned flags)
{
	need_swap(fx);
	FOR_ENDS(end)
	{
		vmspace_unref(space_on_the_way(fx, flags));
		assert_int_equal(pages_used(fx), 8);
		page_out_ends[end](fx);
		assert_int_equal(pages_used(fx), 0);
		assert_int_equal(in_swap(fx), 0);
		assert_int_equal(nobjects(fx), 0);
		vm_check(fx->sys);
	}
}

static void
test_exit_on_the_way(void **state)
{
	exit_on_the_way(*state, VM_MMAP_PRIVATE);
}

static void
test_exit_on_the_way_shared(void **state)
{
	exit_on_the_way(*state, VM_MMAP_SHARED);
}

/* An object forgets pages that are being written: may the write fail? */
static void
test_object_free_on_the_way(void **state)
{
	struct fixture *fx = *state;
	struct vm_object *obj;
	struct vm_object_want want = { .make = true };

	need_swap(fx);
	FOR_ENDS(end)
	{
		obj = anon_object(fx);
		vm_object_lock(obj);
		for (vm_pindex_t i = 0; i < 4; i++)
			assert_int_equal(vm_object_resolve(obj, i, &want),
			    VM_RESOLVE_OK);
		vm_object_unlock(obj);
		begin_page_out(fx);
		vm_object_lock(obj);
		vm_object_free(obj, 1, 3);
		vm_object_unlock(obj);
		page_out_ends[end](fx);
		vm_check(fx->sys);
		vm_object_lock(obj);
		assert_true(vm_object_has(obj, 0));
		assert_false(vm_object_has(obj, 1));
		assert_false(vm_object_has(obj, 2));
		assert_true(vm_object_has(obj, 3));
		vm_object_unlock(obj);
		vm_object_unref(obj);
		assert_int_equal(in_swap(fx), 0);
		assert_int_equal(pages_used(fx), 0);
	}
}

/* A hole is made in shared memory, which waits for a page that is being
 * written.  Somebody uses the page before it, which is out. */
static void
use_before(struct fixture *fx)
{
	assert_true(load(fx, 0) >= 0);
	let_all_go(fx);
}

/* Are both zeroes then, and stay so? */
static void
test_punch_on_the_way(void **state)
{
	struct fixture *fx = *state;
	struct vm_object *obj;

	need_swap(fx);
	assert_int_equal(map_shared(fx, 0, 2), VM_OK);
	assert_int_equal(vm_madvise(fx->vs, fx_va(0), 2 * FX_PAGE,
			     VM_MADV_RANDOM),
	    VM_OK);
	obj = entry_of(fx->vs, 0)->object;
	fill(fx, 0, 2);
	page_out(fx);
	assert_int_equal(store(fx, 1, 'x'), VM_OK);
	assert_int_equal(nresident(fx, 0, 2), 1);
	begin_page_out(fx);
	fx->on_wait = use_before;
	assert_int_equal(vm_object_punch(obj, 0, 2), VM_OK);
	fx->on_wait = NULL;
	assert_true(page_is(fx, fx->vs, 0, 0));
	assert_true(page_is(fx, fx->vs, 1, 0));
	page_out(fx);
	vm_check(fx->sys);
	assert_true(page_is(fx, fx->vs, 0, 0));
	assert_true(page_is(fx, fx->vs, 1, 0));
}

/* Pages that are being read, likewise: unmapped and discarded meanwhile. */
static void
drop_while_reading(struct fixture *fx)
{
	fx->on_wait = let_all_go;
	assert_int_equal(disk(fx)->nheld, 1);
	assert_int_equal(unmap(fx, 0, 4), VM_OK);
	let_all_go(fx);
}

static void
test_unmap_while_reading(void **state)
{
	struct fixture *fx = *state;

	need_swap(fx);
	assert_int_equal(map_anon(fx, 0, 4), VM_OK);
	fill(fx, 0, 4);
	page_out(fx);
	disk(fx)->hold = true;
	fx->on_wait = drop_while_reading;
	assert_int_equal(load(fx, 0), -VM_EFAULT);
	disk(fx)->hold = false;
	fx->on_wait = NULL;
	assert_int_equal(pages_used(fx), 0);
	assert_int_equal(in_swap(fx), 0);
	vm_check(fx->sys);
}

/* A page that somebody waits for stays, when it has been written. */
static void
test_wanted_stays(void **state)
{
	struct fixture *fx = *state;

	need_swap(fx);
	assert_int_equal(map_anon(fx, 0, 2), VM_OK);
	fill(fx, 0, 2);
	begin_page_out(fx);
	fx->on_wait = let_all_go;
	assert_int_equal(load(fx, 0), 1);
	fx->on_wait = NULL;
	assert_int_equal(nresident(fx, 0, 1), 1);
	assert_int_equal(nresident(fx, 1, 1), 0);
	assert_int_equal(STAT(fx, pageins), 0);
}

/* Who sees the end has to wait for the owner of the pages. */
static struct vm_mutex *owner_lock;

static void
look_at_the_end(struct fixture *fx)
{
	assert_int_equal(vm_swapout_paging(fx->sys), 2);
	vm_mutex_unlock(owner_lock);
	owner_lock = NULL;
}

/* Pages that have been written are on their way until they are free: else who
 * waits for memory takes it that none is coming. */
static void
test_counts_until_free(void **state)
{
	struct fixture *fx = *state;

	need_swap(fx);
	assert_int_equal(map_anon(fx, 0, 2), VM_OK);
	fill(fx, 0, 2);
	owner_lock = mapping_of(fx->vs, 0).page->lock;
	begin_page_out(fx);
	vm_mutex_lock(owner_lock);
	fx->on_wait = look_at_the_end;
	let_all_go(fx);
	fx->on_wait = NULL;
	assert_null(owner_lock);
	assert_int_equal(vm_swapout_paging(fx->sys), 0);
}

/* ---- devices that fail ---- */

/* A write fails: does the page stay, are its slots given up, and does it go to
 * others at the next try? */
static void
write_fails(struct fixture *fx, map_fn *map)
{
	unsigned long long bad = STAT(fx, swap_bad);

	assert_int_equal(map(fx, 0, 6), VM_OK);
	fill(fx, 0, 6);
	faultyswap_fail(disk(fx), FAULTYSWAP_WRITE, 1, FAULTY_ONCE);
	(void)vm_pageout_once(fx->sys, SIZE_MAX, true);
	(void)vm_pageout_once(fx->sys, SIZE_MAX, true);
	assert_int_equal(disk(fx)->faults, 1);
	assert_int_equal(nresident(fx, 0, 6), 6);
	assert_int_equal(STAT(fx, swap_bad) - bad, 6);
	assert_int_equal(in_swap(fx), 0);
	vm_check(fx->sys);
	page_out(fx);
	assert_int_equal(in_swap(fx), 6);
	assert_int_equal(pages_used(fx), 0);
	assert_filled(fx, fx->vs, 0, 6);
	assert_int_equal(unmap(fx, 0, 6), VM_OK);
	disk(fx)->faults = 0;
}

static void
test_write_fails(void **state)
{
	struct fixture *fx = *state;

	need_uvm_swap(fx);
	write_fails(fx, map_anon);
	write_fails(fx, map_shared);
	assert_int_equal(STAT(fx, pageout_errors), 12);
	assert_int_equal(vm_swap_total(fx->sys), SWAP - 12);
}

/* It fails for want of memory, which is not the device's fault: are its slots
 * as good as before? */
static void
test_write_without_memory(void **state)
{
	struct fixture *fx = *state;

	need_uvm_swap(fx);
	assert_int_equal(map_anon(fx, 0, 6), VM_OK);
	fill(fx, 0, 6);
	begin_page_out(fx);
	disk(fx)->error = VM_ENOMEM;
	fail_all(fx);
	assert_int_equal(nresident(fx, 0, 6), 6);
	assert_int_equal(STAT(fx, swap_bad), 0);
	assert_int_equal(STAT(fx, pageout_errors), 6);
	assert_int_equal(in_swap(fx), 0);
	assert_int_equal(vm_swap_total(fx->sys), SWAP);
	page_out(fx);
	assert_int_equal(in_swap(fx), 6);
	assert_filled(fx, fx->vs, 0, 6);
}

/* One page cannot be read: is that one lost, and no other? */
static void
read_fails(struct fixture *fx, map_fn *map)
{
	assert_int_equal(map(fx, 0, 8), VM_OK);
	fill(fx, 0, 8);
	page_out(fx);
	/* the third of those that are on the device, wherever that begins */
	for (uint64_t i = 0; i + 8 <= SWAP; i++) {
		if (fx->swaps[0].ram.bytes[i * FX_PAGE] == 1 &&
		    fx->swaps[0].ram.bytes[(i + 7) * FX_PAGE] == 8)
			faultyswap_break(disk(fx), i + 2, i + 3);
	}
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(load(fx, i), i == 2 ? -VM_EIO : (int)i + 1);
	vm_check(fx->sys);
	assert_int_equal(store(fx, 2, 'x'), VM_EIO);
	faultyswap_break(disk(fx), 0, 0);
	assert_filled(fx, fx->vs, 0, 8);
	memset(fx->swaps[0].ram.bytes, 0, SWAP * FX_PAGE);
	assert_int_equal(unmap(fx, 0, 8), VM_OK);
}

static void
test_read_fails(void **state)
{
	struct fixture *fx = *state;

	need_swap(fx);
	read_fails(fx, map_anon);
	read_fails(fx, map_shared);
}

/* Neither is there, in parent nor child, when it is lost; who has a copy of
 * his own goes on. */
static void
test_read_fails_for_relatives(void **state)
{
	struct fixture *fx = *state;
	struct vmspace *child;

	need_swap(fx);
	assert_int_equal(map_anon(fx, 0, 2), VM_OK);
	fill(fx, 0, 2);
	child = fork_space(fx->vs);
	assert_int_equal(store_in(fx, child, 1, 'c'), VM_OK);
	page_out(fx);
	faultyswap_fail(disk(fx), FAULTYSWAP_READ, 1, FAULTY_ON);
	assert_int_equal(load(fx, 0), -VM_EIO);
	assert_int_equal(load_in(fx, child, 0), -VM_EIO);
	assert_int_equal(load_in(fx, child, 1), -VM_EIO);
	vm_check(fx->sys);
	faultyswap_fail(disk(fx), FAULTYSWAP_READ, 0, FAULTY_ONCE);
	assert_int_equal(load(fx, 1), 2);
	assert_int_equal(load_in(fx, child, 1), 'c');
	vmspace_unref(child);
}

/* Does a page that comes back changed, or was never written, count as lost? */
static void
test_wrong_contents(void **state)
{
	struct fixture *fx = *state;

	need_runs(fx);
	assert_int_equal(map_anon(fx, 0, 2), VM_OK);
	fill(fx, 0, 2);
	page_out(fx);
	faultyswap_fail(disk(fx), FAULTYSWAP_CHANGE, 1, FAULTY_ONCE);
	assert_int_equal(load(fx, 0), -VM_EIO);
	assert_int_equal(STAT(fx, swap_wrong), 2);
	assert_filled(fx, fx->vs, 0, 2);
	fill(fx, 0, 2);
	assert_int_equal(store(fx, 0, 'x'), VM_OK);
	faultyswap_fail(disk(fx), FAULTYSWAP_LOSE, 1, FAULTY_ON);
	page_out(fx);
	assert_int_equal(load(fx, 0), -VM_EIO);
	vm_check(fx->sys);
}

/* ---- no room ---- */

/* How many pages can be stored from page 0 on. */
static size_t
store_most(struct fixture *fx, size_t max)
{
	size_t n;
	int error;

	for (n = 0; n < max; n++) {
		error = store(fx, n, (int)(n % 200) + 1);
		if (error == VM_ENOMEM)
			break;
		assert_int_equal(error, VM_OK);
	}
	return n;
}

/* Does memory end when both are full, and not before; and is all there? */
static void
test_swap_full(void **state)
{
	struct fixture *fx = *state;
	size_t n, most = FRAMES + 40 - 1;

	need_swap(fx);
	assert_int_equal(vm_swap_remove(fx->sys, fx->swaps[0].id), VM_OK);
	assert_int_equal(fixture_swap(fx, 0, 40, 0), VM_OK);
	assert_int_equal(map_anon(fx, 0, FX_CELLS), VM_OK);
	n = store_most(fx, FX_CELLS);
	assert_in_range(n, most - 1, most + 1);
	assert_int_equal(in_swap(fx), 40);
	vm_check(fx->sys);
	/* a frame more, and all can be read through it; not every design frees
	 * what is unmapped in part */
	assert_int_equal(vm_madvise(fx->vs, fx_va(n - 3), 2 * FX_PAGE,
			     VM_MADV_DISCARD),
	    VM_OK);
	assert_int_equal(unmap(fx, n - 3, 2), VM_OK);
	assert_filled(fx, fx->vs, 0, n - 3);
	assert_int_equal(map_anon(fx, n - 3, 2), VM_OK);
	assert_int_equal(store(fx, n - 3, 'n'), VM_OK);
	assert_int_equal(unmap(fx, 0, FX_CELLS), VM_OK);
}

/* Swap is full of what has come back: do these pages give up their slots, but
 * for one that relatives have as well, which would not be free? */
static void
test_slot_of_relatives_stays(void **state)
{
	struct fixture *fx = *state;
	struct vm_page *pg;
	vm_slot_t slot;
	uint32_t refs;

	vm_system_prefer(fx->sys, fx_design);
	assert_int_equal(fixture_swap(fx, 0, 4, 0), VM_OK);
	assert_int_equal(map_anon(fx, 0, FRAMES), VM_OK);
	fill(fx, 0, 4);
	page_out(fx);
	assert_int_equal(in_swap(fx), 4);
	for (size_t i = 4; i < 200; i++)
		assert_int_equal(store(fx, i, 'x'), VM_OK);
	assert_filled(fx, fx->vs, 0, 4);
	pg = mapping_of(fx->vs, 0).page;
	slot = pg->owner_ops->slot(pg);
	vm_swap_ref(fx->sys, slot);
	refs = vm_swap_refs(fx->sys, slot);
	(void)vm_pageout_once(fx->sys, SIZE_MAX, false);
	(void)vm_pageout_once(fx->sys, SIZE_MAX, true);
	assert_int_equal(vm_swap_refs(fx->sys, slot), refs);
	vm_swap_free(fx->sys, slot, 1);
	assert_filled(fx, fx->vs, 0, 4);
	vm_check(fx->sys);
}

/* Swap is full, and what is used now fits into memory, but has been out: does
 * it come to stay, though what is in its place has to get its slots?  Under
 * mach a page keeps its place for life. */
static void
test_swap_full_of_what_is_used(void **state)
{
	enum { USED = 24, LEFT = 12, TURNS = 60 };
	struct fixture *fx = *state;
	uint64_t before = 0;

	need_swap(fx);
	assert_int_equal(vm_swap_remove(fx->sys, fx->swaps[0].id), VM_OK);
	vm_system_prefer(fx->sys, fx_design);
	assert_int_equal(fixture_swap(fx, 0, 40, 0), VM_OK);
	assert_int_equal(map_anon(fx, 0, FRAMES + 40 - LEFT), VM_OK);
	fill(fx, 0, FRAMES + 40 - LEFT);
	for (unsigned turn = 0; turn < TURNS; turn++) {
		if (turn == TURNS / 2)
			before = STAT(fx, pageins);
		assert_filled(fx, fx->vs, 0, USED);
	}
	if (!fx_is(&vm_design_mach))
		assert_in_range(STAT(fx, pageins) - before, 0,
		    USED * TURNS / 8);
	vm_check(fx->sys);
	assert_int_equal(unmap(fx, 0, FRAMES + 40 - LEFT), VM_OK);
}

/* Swap is full, but a clean page behind many dirty ones could go: does it? */
static void
clean_behind_dirty(struct fixture *fx)
{
	size_t n;

	assert_int_equal(vm_swap_remove(fx->sys, fx->swaps[0].id), VM_OK);
	assert_int_equal(map_anon(fx, 0, FX_CELLS - 8), VM_OK);
	assert_int_equal(map_file(fx, FX_CELLS - 8, 8, VM_MMAP_PRIVATE, 0),
	    VM_OK);
	n = store_most(fx, FRAMES - 9);
	assert_int_equal(n, FRAMES - 9);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(load(fx, FX_CELLS - 8 + i), 'A' + (int)i);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(store(fx, n + i, 'n'), VM_OK);
	assert_filled(fx, fx->vs, 0, n);
	assert_int_equal(unmap(fx, 0, FX_CELLS), VM_OK);
}

static void
test_clean_behind_dirty(void **state)
{
	need_swap(*state);
	clean_behind_dirty(*state);
}

/* Without swap: is there as much memory as there are frames, and do files go?
 */
static void
test_no_swap(void **state)
{
	struct fixture *fx = *state;
	size_t n;

	assert_int_equal(map_anon(fx, 0, FRAMES + 8), VM_OK);
	assert_int_equal(map_file(fx, FX_CELLS - 8, 8, VM_MMAP_PRIVATE, 0),
	    VM_OK);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(load(fx, FX_CELLS - 8 + i), 'A' + (int)i);
	n = store_most(fx, FRAMES + 8);
	assert_in_range(n, FRAMES - 2, FRAMES);
	assert_filled(fx, fx->vs, 0, n - 1);
	vm_check(fx->sys);
}

/* Passes have nothing but a few pages of a file to take, and are made over and
 * over: do the private pages stay mapped, whose users would have to fault?  Is
 * the same true when there is swap, but full? */
static void
assert_stay_mapped(struct fixture *fx, size_t page, size_t n)
{
	unsigned long long faults;

	assert_int_equal(map_file(fx, FX_CELLS - 8, 8, VM_MMAP_PRIVATE, 0),
	    VM_OK);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(load(fx, FX_CELLS - 8 + i), 'A' + (int)i);
	for (unsigned i = 0; i < 8; i++)
		(void)vm_pageout_once(fx->sys, SIZE_MAX, i % 2 == 0);
	assert_int_equal(nkept(fx, FX_CELLS - 8, 8), 0);
	faults = STAT(fx, faults);
	assert_filled(fx, fx->vs, page, n);
	assert_int_equal(STAT(fx, faults), faults);
	vm_check(fx->sys);
}

static void
test_homeless_stay_mapped(void **state)
{
	struct fixture *fx = *state;

	vm_system_prefer(fx->sys, fx_design);
	fx->sys->machine->references_by_fault = true;
	assert_int_equal(map_anon(fx, 0, 64), VM_OK);
	fill(fx, 0, 64);
	assert_stay_mapped(fx, 0, 64);
	if (fx_is(&vm_design_mach))
		return; /* a page has its place though swap is full */
	assert_int_equal(fixture_swap(fx, 0, 16, 0), VM_OK);
	page_out(fx);
	assert_int_equal(in_swap(fx), 16);
	assert_int_equal(unmap(fx, FX_CELLS - 8, 8), VM_OK);
	assert_int_equal(map_anon(fx, 64, 64), VM_OK);
	fill(fx, 64, 64);
	assert_stay_mapped(fx, 64, 64);
}

/* All but `left` frames are full of what is the program's own, and it uses 16
 * pages of files in turn: for how many turns, at most 200? */
static size_t
turns_through(struct fixture *fx, size_t left)
{
	size_t turn, i;
	int error = VM_OK;

	assert_int_equal(map_anon(fx, 0, FRAMES), VM_OK);
	for (i = 0; i < 2; i++)
		assert_int_equal(map_file(fx, FX_CELLS - 16 + 8 * i, 8,
				     VM_MMAP_PRIVATE, (unsigned)i),
		    VM_OK);
	assert_int_equal(store_most(fx, FRAMES - left), FRAMES - left);
	for (turn = 0; error == VM_OK && turn < 200; turn++) {
		for (i = 0; error == VM_OK && i < 16; i++)
			error = vm_fault(fx_map(fx), fx_va(FX_CELLS - 16 + i),
			    VM_PROT_READ, 0);
	}
	if (error != VM_OK)
		assert_int_equal(error, VM_ENOMEM);
	assert_filled(fx, fx->vs, 0, FRAMES - left);
	vm_check(fx->sys);
	assert_int_equal(unmap(fx, 0, FX_CELLS), VM_OK);
	return turn;
}

/* Reads under way have all the memory there is, and nothing may be taken of
 * them: does who needs a page wait for one to end? */
static void
test_all_being_read(void **state)
{
	struct vm_fault_wait w[400];
	struct fixture *fx = *state;
	size_t n = 0;

	need_runs(fx);
	assert_int_equal(map_anon(fx, 0, 400), VM_OK);
	fill(fx, 0, 400);
	page_out(fx);
	disk(fx)->hold = true;
	memset(w, 0, sizeof(w));
	while (vm_page_free_count(fx->sys) > vm_page_reserve(fx->sys)) {
		assert_true(n < 390);
		assert_int_equal(vm_fault_try(fx_map(fx), fx_va(n),
				     VM_PROT_READ, VM_FAULT_NARROW, &w[n]),
		    VM_EWAIT);
		n++;
	}
	assert_int_equal(vm_fault_try(fx_map(fx), fx_va(399), VM_PROT_READ,
			     VM_FAULT_NARROW, &w[n]),
	    VM_EWAIT);
	assert_false(vm_wait_is_over(&w[n].wait));
	disk(fx)->hold = false;
	fx->on_wait = let_all_go;
	assert_int_equal(load(fx, 398), 199);
	fx->on_wait = NULL;
	assert_true(vm_wait_is_over(&w[n].wait));
	for (size_t i = 0; i <= n; i++)
		vm_fault_leave(&w[i]);
	assert_filled(fx, fx->vs, 0, 400);
}

/* A large file is being written, so that its pages will be clean, but are not
 * yet; nothing else may go: does who needs a page wait for that? */
static struct memfile large;

static void
write_large(struct fixture *fx)
{
	(void)fx;
	large.hold = false;
	memfile_let_all_go(&large);
}

static void
test_all_being_written(void **state)
{
	struct fixture *fx = *state;
	struct vm_object *obj;
	size_t n = MEMFILE_PAGES;

	large = (struct memfile){ .size = n * FX_PAGE,
		.slow = true,
		.hold = true };
	obj = memfile_object(fx->sys, &large);
	assert_non_null(obj);
	assert_int_equal(fx_map_at(fx, fx->vs, 0, n, VM_MMAP_SHARED, obj, 0),
	    VM_OK);
	vm_object_unref(obj);
	fill(fx, 0, n);
	assert_int_equal(vm_msync(fx->vs, fx_va(0), n * FX_PAGE, VM_MS_ASYNC),
	    VM_OK);
	assert_int_equal(map_anon(fx, n, FRAMES), VM_OK);
	fx->on_wait = write_large;
	for (size_t i = 0; i < FRAMES - 20; i++)
		assert_int_equal(store(fx, n + i, 'a'), VM_OK);
	fx->on_wait = NULL;
	assert_false(large.hold);
	assert_int_equal(unmap(fx, n, FRAMES), VM_OK);
	assert_filled(fx, fx->vs, 0, n);
}

/* As the design, but with less patience. */
static void
hurry(struct fixture *fx)
{
	static struct vm_paging hurried;

	vm_system_prefer(fx->sys, fx_design);
	hurried = *fx_design->paging;
	hurried.turns = 512;
	vm_pageout_prefer(fx->sys, &hurried);
}

/* Nothing but a few pages of a file can go, and they come back at once: does
 * that end?  Not when they fit, nor when there is swap, but for a device that
 * is to go. */
static void
test_few_files(void **state)
{
	struct fixture *fx = *state;

	hurry(fx);
	assert_in_range(turns_through(fx, 9), 20, 150);
	assert_int_equal(turns_through(fx, 40), 200);
	need_swap(fx);
	hurry(fx);
	assert_int_equal(turns_through(fx, 9), 200);
	assert_int_equal(vm_swap_retire(fx->sys, fx->swaps[0].id), VM_OK);
	assert_in_range(turns_through(fx, 9), 20, 150);
}

/* The same, for a program that is done after 3000 pages: does it live? */
static void
test_few_files_for_a_while(void **state)
{
	struct fixture *fx = *state;

	vm_system_prefer(fx->sys, fx_design);
	assert_int_equal(turns_through(fx, 9), 200);
	assert_in_range(STAT(fx, rereads), 2500, 3200);
}

/* Is a page that is read again told from one that is read, or that was as good
 * as gone and is used again? */
static void
test_rereads(void **state)
{
	struct fixture *fx = *state;

	vm_system_prefer(fx->sys, fx_design);
	assert_int_equal(map_file(fx, 0, 8, VM_MMAP_PRIVATE, 0), VM_OK);
	for (unsigned turn = 0; turn < 4; turn++) {
		for (size_t i = 0; i < 8; i++)
			assert_int_equal(load(fx, i), 'A' + (int)i);
		assert_int_equal(STAT(fx, pageins), 8 * (turn + 1));
		assert_int_equal(STAT(fx, rereads), 8 * turn);
		page_out(fx);
		assert_int_equal(nkept(fx, 0, 8), 0);
		if (vm_pageq_count(fx->sys, VM_PAGE_SPARE) != 0) {
			assert_int_equal(load(fx, 7), 'A' + 7);
			assert_int_equal(STAT(fx, spare_uses), turn + 1);
		}
		assert_int_equal(STAT(fx, rereads), 8 * turn);
		page_out(fx);
		vm_page_free_spares(fx->sys, SIZE_MAX);
	}
}

/* Store pages from `page` on until no more than `left` are free. */
static size_t
store_until(struct fixture *fx, size_t page, size_t left)
{
	for (; vm_pageout_available(fx->sys) > left; page++)
		assert_int_equal(store(fx, page, 'x'), VM_OK);
	return page;
}

/* Memory is short, but nobody waits, and of all its pages only 4 of a file can
 * go, which are used again before the next pass: does looking for them end? */
static void
test_few_in_much(void **state)
{
	const struct soft_config config = { .npages = MUCH,
		.va_min = FX_BASE,
		.va_max = FX_BASE + 2 * MUCH * FX_PAGE };
	struct fixture *fx = fixture_create(&config);
	struct vm_pageout_levels levels;
	unsigned long long before;
	size_t page;

	(void)state;
	assert_non_null(fx);
	vm_system_prefer(fx->sys, fx_design);
	vm_pageout_get_levels(fx->sys, &levels);
	assert_int_equal(map_file(fx, 0, 4, VM_MMAP_SHARED, 0), VM_OK);
	assert_int_equal(map_anon(fx, 4, 2 * MUCH - 4), VM_OK);
	page = store_until(fx, 4, levels.min - 6);
	before = STAT(fx, pd_scanned);
	for (unsigned i = 0; i < 1200; i++) {
		vm_pageout_step(fx->sys);
		assert_int_equal(load(fx, i % 4), 'A' + (int)i % 4);
	}
	assert_in_range(STAT(fx, pd_scanned) - before, MUCH, 16 * MUCH);
	assert_int_equal(unmap(fx, 4, 100), VM_OK);
	page = store_until(fx, page, vm_page_reserve(fx->sys) + 1);
	assert_int_equal(STAT(fx, fault_nomem), 0);
	assert_int_equal(unmap(fx, 0, 2 * MUCH), VM_OK);
	assert_null(fixture_destroy(fx));
}

/* The device with the highest priority is broken: do pages get to the other,
 * and is memory not said to be out? */
static void
test_broken_device(void **state)
{
	struct fixture *fx = *state;

	need_swap(fx);
	assert_int_equal(fixture_swap(fx, 1, SWAP, 5), VM_OK);
	faultyswap_fail(&fx->swaps[1].io, FAULTYSWAP_WRITE, 1, FAULTY_ON);
	assert_int_equal(map_anon(fx, 0, FRAMES + 200), VM_OK);
	fill(fx, 0, FRAMES + 200);
	assert_filled(fx, fx->vs, 0, FRAMES + 200);
	vm_check(fx->sys);
	assert_int_equal(unmap(fx, 0, FRAMES + 200), VM_OK);
}

/* Does the end of a system wait for what is under way? */
static void
test_destroy_waits(void **state)
{
	struct fixture *fx;

	(void)state;
	FOR_ENDS(end)
	{
		fx = fixture_of(FRAMES);
		assert_int_equal(fixture_swap(fx, 0, SWAP, 0), VM_OK);
		assert_int_equal(map_anon(fx, 0, 8), VM_OK);
		fill(fx, 0, 8);
		begin_page_out(fx);
		assert_end_waits(fx, page_out_ends[end]);
	}
}

/* A fork copies what is wired at once: does it page out for that, in memory
 * that has less than it asks for? */
static void
test_fork_in_little_memory(void **state)
{
	struct fixture *fx = fixture_of(24);
	struct vmspace *child;

	(void)state;
	assert_int_equal(fixture_swap(fx, 0, SWAP, 0), VM_OK);
	assert_int_equal(map_anon(fx, 0, 60), VM_OK);
	assert_int_equal(vm_mlock(fx->vs, fx_va(0), 5 * FX_PAGE), VM_OK);
	fill(fx, 0, 60);
	child = fork_space(fx->vs);
	assert_filled(fx, child, 0, 60);
	vmspace_unref(child);
	assert_null(fixture_destroy(fx));
}

/* A line of descendants, each of which forks when it has written a little:
 * lists of layers are shortened while more is in swap than in memory. */
static void
test_descendants_in_little_memory(void **state)
{
	struct fixture *fx = fixture_of(24);
	struct vmspace *line[2];

	(void)state;
	assert_int_equal(fixture_swap(fx, 0, 4 * SWAP, 0), VM_OK);
	assert_int_equal(map_anon(fx, 0, 60), VM_OK);
	fill(fx, 0, 60);
	line[0] = fork_space(fx->vs);
	for (size_t age = 0; age < 20; age++) {
		line[1] = fork_space(line[0]);
		for (size_t i = age; i < 60; i += 7)
			assert_int_equal(store_in(fx, line[1], i,
					     (int)(i % 200) + 1),
			    VM_OK);
		assert_filled(fx, line[0], 0, 60);
		vmspace_unref(line[0]);
		line[0] = line[1];
		assert_filled(fx, line[0], 0, 60);
		vm_check(fx->sys);
	}
	vmspace_unref(line[0]);
	assert_filled(fx, fx->vs, 0, 60);
	assert_null(fixture_destroy(fx));
}

/* A system with MANY frames, of which all are soon in use. */
enum { MANY = 12 * 1024 };

static struct fixture *
create_large(void)
{
	const struct soft_config config = { .npages = MANY,
		.va_min = FX_BASE,
		.va_max = FX_BASE + 2 * MANY * FX_PAGE };
	struct fixture *fx = fixture_create(&config);

	assert_non_null(fx);
	assert_int_equal(fixture_swap(fx, 0, 2 * MANY, 0), VM_OK);
	assert_int_equal(map_anon(fx, 0, MANY), VM_OK);
	return fx;
}

/* A fork copies what is wired, and that is much: does it make all the room
 * that it needs? */
static void
test_fork_of_much_that_is_wired(void **state)
{
	struct fixture *fx = create_large();
	struct vmspace *child;

	(void)state;
	assert_int_equal(vm_mlock(fx->vs, fx_va(0), MANY * 2 / 5 * FX_PAGE),
	    VM_OK);
	fill(fx, 0, MANY);
	child = fork_space(fx->vs);
	assert_filled(fx, child, 0, MANY);
	vmspace_unref(child);
	assert_null(fixture_destroy(fx));
}

/* So many children live that a list of layers has to be shortened, and with it
 * all that is in memory copied: does the fork make room for that? */
static void
test_children_of_a_large_space(void **state)
{
	enum { CHILDREN = 7 };
	struct fixture *fx = create_large();
	struct vmspace *children[CHILDREN];

	(void)state;
	fill(fx, 0, MANY);
	for (size_t i = 0; i < CHILDREN; i++) {
		children[i] = fork_space(fx->vs);
		assert_int_equal(store(fx, i, (int)i + 1), VM_OK);
	}
	for (size_t i = 0; i < CHILDREN; i++) {
		assert_filled(fx, children[i], 0, MANY);
		vmspace_unref(children[i]);
	}
	assert_filled(fx, fx->vs, 0, MANY);
	vm_check(fx->sys);
	assert_null(fixture_destroy(fx));
}

/* A queue whose pages cannot be locked now: is that "no memory"? */
static struct vm_mutex *held;

static void
unlock_held(struct fixture *fx)
{
	(void)fx;
	if (held != NULL)
		vm_mutex_unlock(held);
	held = NULL;
}

static void
test_locked_owners(void **state)
{
	struct fixture *fx = *state;

	need_swap(fx);
	assert_int_equal(map_anon(fx, 0, FRAMES - 1), VM_OK);
	assert_int_equal(store_most(fx, FRAMES - 1), FRAMES - 1);
	held = vm_page_nth(fx->sys, 20)->lock;
	vm_mutex_lock(held);
	fx->on_wait = unlock_held;
	assert_int_equal(vm_pageout_wait(fx->sys), VM_OK);
	unlock_held(fx);
	fx->on_wait = NULL;
	assert_int_equal(unmap(fx, 0, FRAMES - 1), VM_OK);
}

/* ---- memory of the host ---- */

enum { LIFE = 24 };

static int want[3][LIFE];
static struct vmspace *lives[2];

/* A call may succeed or find no memory.  True when it succeeded. */
static bool
well(int error)
{
	if (error != VM_OK)
		assert_int_equal(error, VM_ENOMEM);
	return error == VM_OK;
}

/* What a failed store leaves is not known. */
static void
put(struct fixture *fx, unsigned who, size_t i, int byte)
{
	int *w = &want[i >= LIFE / 2 ? 2 : who][i];

	*w = well(store_in(fx, lives[who], i, byte)) ? byte : -1;
}

static void
look(struct fixture *fx, unsigned who)
{
	int got, w;

	for (size_t i = 0; i < LIFE; i++) {
		w = want[i >= LIFE / 2 ? 2 : who][i];
		got = load_in(fx, lives[who], i);
		assert_true(got == w || w == -1 || got == -VM_ENOMEM);
	}
}

static void
live(struct fixture *fx)
{
	size_t half = LIFE / 2;

	memset(want, 0, sizeof(want));
	lives[0] = fx->vs;
	lives[1] = NULL;
	if (!well(map_anon(fx, 0, half)) || !well(map_shared(fx, half, half)))
		return;
	for (size_t i = 0; i < LIFE; i++)
		put(fx, 0, i, (int)i + 1);
	page_out(fx);
	look(fx, 0);
	memcpy(want[1], want[0], sizeof(want[1]));
	if (!well(vmspace_fork(fx->vs, &lives[1])))
		return;
	for (size_t i = 0; i < LIFE; i += 3)
		put(fx, (unsigned)i % 2, i, (int)i + 101);
	page_out(fx);
	look(fx, 1);
	look(fx, 0);
	(void)well(vm_mlock(fx->vs, fx_va(4), 4 * FX_PAGE));
	page_out(fx);
	look(fx, 0);
	(void)well(vm_munlock(fx->vs, fx_va(4), 4 * FX_PAGE));
	(void)well(vm_madvise(fx->vs, fx_va(8), FX_PAGE, VM_MADV_DISCARD));
	want[0][8] = -1;
	page_out(fx);
	look(fx, 1);
}

/* Whichever allocation fails, once or for good: is everything right? */
static void
memory_fails(struct fixture *fx, struct faulty_env *env, enum faulty_mode mode)
{
	bool failed = true;

	for (uint64_t n = 1; failed; n++) {
		uint64_t before = env->failures;

		faulty_fail(env, n, mode);
		live(fx);
		failed = env->failures != before;
		faulty_fail(env, 0, FAULTY_ONCE);
		vm_check(fx->sys);
		if (lives[1] != NULL) {
			look(fx, 1);
			vmspace_unref(lives[1]);
		}
		if (entry_of(fx->vs, LIFE - 1) != NULL)
			look(fx, 0);
		assert_int_equal(unmap(fx, 0, LIFE), VM_OK);
		assert_int_equal(in_swap(fx), 0);
		assert_int_equal(pages_used(fx), 0);
	}
}

static void
test_host_memory_fails(void **state)
{
	struct fixture *fx = *state;

	need_swap(fx);
	memory_fails(fx, &fx->env, FAULTY_ONCE);
	memory_fails(fx, &fx->env, FAULTY_ON);
}

static void
test_mmu_memory_fails(void **state)
{
	struct fixture *fx = *state;

	need_swap(fx);
	memory_fails(fx, &fx->mmu_env, FAULTY_ONCE);
	memory_fails(fx, &fx->mmu_env, FAULTY_ON);
}

/* ---- working ---- */

/* Four times as many pages as there are, over and over: right at the end? */
static void
test_large_working_set(void **state)
{
	struct fixture *fx = *state;
	size_t n = FX_CELLS / 2;

	need_swap(fx);
	assert_int_equal(vm_swap_remove(fx->sys, fx->swaps[0].id), VM_OK);
	assert_int_equal(fixture_swap(fx, 0, FX_CELLS, 0), VM_OK);
	assert_int_equal(map_anon(fx, 0, n), VM_OK);
	assert_int_equal(map_shared(fx, n, n), VM_OK);
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < FX_CELLS; i += (size_t)round + 1)
			assert_int_equal(store(fx, i, (int)(i * 7 % 251)),
			    VM_OK);
		for (size_t i = 0; i < FX_CELLS; i++)
			assert_true(page_is(fx, fx->vs, i, (int)(i * 7 % 251)));
		vm_check(fx->sys);
	}
}

/* The same with one object alone, whose lock the fault holds. */
static void
test_large_object(void **state)
{
	struct fixture *fx = *state;
	size_t n = FX_CELLS;

	assert_int_equal(fixture_swap(fx, 0, FX_CELLS, 0), VM_OK);
	assert_int_equal(map_shared(fx, 0, n), VM_OK);
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < n; i += (size_t)round * 3 + 1)
			assert_int_equal(store(fx, i, (int)(i * 7 % 251)),
			    VM_OK);
		for (size_t i = 0; i < n; i++)
			assert_true(page_is(fx, fx->vs, i, (int)(i * 7 % 251)));
		vm_check(fx->sys);
	}
}

int
main(void)
{
	static const struct fx_test tests[] = {
		FX_TEST(test_out_and_in),
		FX_TEST(test_out_and_in_shared),
		FX_TEST(test_exit_frees_slots),
		FX_TEST(test_clusters),
		FX_TEST(test_clusters_shared),
		FX_TEST(test_random_reads_one),
		FX_TEST(test_clean_needs_no_write),
		FX_TEST(test_dirty_again),
		FX_TEST(test_dirty_again_shared),
		FX_TEST(test_write_frees_slot),
		FX_TEST(test_system_writes),
		FX_TEST(test_second_chance),
		FX_TEST(test_wired_stays),
		FX_TEST(test_fork_of_what_is_out),
		FX_TEST(test_sole_owner),
		FX_TEST(test_generations),
		FX_TEST(test_shared_by_fork),
		FX_TEST(test_on_the_way),
		FX_TEST(test_on_the_way_shared),
		FX_TEST(test_exit_on_the_way),
		FX_TEST(test_exit_on_the_way_shared),
		FX_TEST(test_object_free_on_the_way),
		FX_TEST(test_punch_on_the_way),
		FX_TEST(test_unmap_while_reading),
		FX_TEST(test_wanted_stays),
		FX_TEST(test_counts_until_free),
		FX_TEST(test_write_fails),
		FX_TEST(test_write_without_memory),
		FX_TEST(test_read_fails),
		FX_TEST(test_read_fails_for_relatives),
		FX_TEST(test_wrong_contents),
		FX_TEST(test_swap_full),
		FX_TEST(test_slot_of_relatives_stays),
		FX_TEST(test_swap_full_of_what_is_used),
		FX_TEST(test_clean_behind_dirty),
		FX_TEST(test_no_swap),
		FX_TEST(test_homeless_stay_mapped),
		FX_TEST(test_all_being_read),
		FX_TEST(test_all_being_written),
		FX_TEST(test_few_files),
		FX_TEST(test_few_files_for_a_while),
		FX_TEST(test_rereads),
		FX_BARE(test_few_in_much),
		FX_TEST(test_broken_device),
		FX_BARE(test_destroy_waits),
		FX_BARE(test_fork_in_little_memory),
		FX_BARE(test_descendants_in_little_memory),
		FX_BARE(test_fork_of_much_that_is_wired),
		FX_BARE(test_children_of_a_large_space),
		FX_TEST(test_locked_owners),
		FX_TEST(test_host_memory_fails),
		FX_TEST(test_mmu_memory_fails),
		FX_TEST(test_large_working_set),
		FX_TEST(test_large_object),
	};

	return FX_RUN("vm_pageout", tests);
}
