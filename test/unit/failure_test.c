/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * failure_test.c - everything that can fail does, once and from then on.
 *
 * One scripted life of address spaces is run again and again.  In the n-th run
 * the n-th allocation fails, or the n-th request to a file, or the n-th
 * pmap_enter, until a run has no failure.  In every run
 *
 *	- each call succeeds or ends in an error that it may end in,
 *	- after an error the attributes of the space are what they were,
 *	- pages have the bytes of the last store that succeeded,
 *	- vm_check() passes, and at the end nothing is left.
 *
 *	page  0        8  10       18  20     28  30  34      48
 *	      | anon   |  | private |  | file |   | shm|  heap |
 */
#include "test/unit/base_test.h"
#include "test/unit/fixture.h"

enum { PAGES = 64, SPACES = 4, HEAP = 48, NOT_KNOWN = -2, NOT_MAPPED = -1 };

/* What fails. */
enum what { LIBRARY_MEMORY, MACHINE_MEMORY, FILE_IO, PMAP_ENTER };

struct life {
	struct fixture *fx;
	enum what what;
	uint64_t nth;
	bool on; /* and everything after it */
	bool failed;
	bool duplicated; /* page 5 is mapped at 36 too */
	struct vmspace *spaces[SPACES];
	int want[SPACES][PAGES]; /* first byte of each page, or NOT_... */
	uint64_t before[PAGES];
	const char *step;
};

/* Whose space it is: the preset, and netbsd with other parts, too. */
static struct vm_design design;

static bool
choose_design(unsigned i)
{
	design = *fx_design;
	if (i == 1) {
		design.index = &vm_index_hinted;
		design.pageindex = &vm_pageindex_tree;
	}
	return i == 0 || (i == 1 && fx_is(&vm_design_netbsd));
}

/* ------------------------------------------------------------- injection */

static void
arm(struct life *l)
{
	enum faulty_mode mode = l->on ? FAULTY_ON : FAULTY_ONCE;

	switch (l->what) {
	case LIBRARY_MEMORY:
		faulty_fail(&l->fx->env, l->nth, mode);
		break;
	case MACHINE_MEMORY:
		faulty_fail(&l->fx->mmu_env, l->nth, mode);
		break;
	case FILE_IO:
		memfile_fail(&l->fx->files[0], (unsigned)l->nth, l->on);
		memfile_fail(&l->fx->files[1], (unsigned)l->nth, l->on);
		break;
	case PMAP_ENTER:
		soft_fail_enter(l->fx->machine, l->nth);
		break;
	}
}

static void
disarm(struct life *l)
{
	uint64_t failures = l->fx->env.failures + l->fx->mmu_env.failures +
	    l->fx->files[0].failures + l->fx->files[1].failures;

	l->failed = failures != 0;
	if (l->what == PMAP_ENTER)
		l->failed = soft_enters(l->fx->machine) >= l->nth;
	faulty_fail(&l->fx->env, 0, FAULTY_ONCE);
	faulty_fail(&l->fx->mmu_env, 0, FAULTY_ONCE);
	memfile_fail(&l->fx->files[0], 0, false);
	memfile_fail(&l->fx->files[1], 0, false);
	soft_fail_enter(l->fx->machine, 0);
}

/* The machine fails one at a time: begin again where it has. */
static void
rearm(struct life *l)
{
	if (l->what == PMAP_ENTER && l->on &&
	    soft_enters(l->fx->machine) >= l->nth)
		soft_fail_enter(l->fx->machine, 1);
}

/* --------------------------------------------------------------- checking */

static uint64_t
attributes(struct vmspace *vs, size_t page)
{
	struct vm_map_entry *e = entry_of(vs, page);

	if (e == NULL)
		return 0;
	return 1u | (uint64_t)e->prot << 8 | (uint64_t)e->max_prot << 16 |
	    (uint64_t)e->inherit << 24 | (uint64_t)e->advice << 32 |
	    (uint64_t)vm_entry_is_wired(e) << 40 |
	    (uint64_t)(e->flags & VM_ENTRY_COW) << 48;
}

static void
begin(struct life *l, const char *step)
{
	l->step = step;
	rearm(l);
	for (size_t i = 0; i < PAGES; i++)
		l->before[i] = attributes(l->spaces[0], i);
}

/* True when the call did what it should; else nothing has changed. */
static bool
went_well(struct life *l, int error)
{
	if (error == VM_OK)
		return true;
	if (error != VM_ENOMEM && (error != VM_EIO || l->what != FILE_IO))
		fail_msg("%s: error %d, failure %llu", l->step, error,
		    (unsigned long long)l->nth);
	for (size_t i = 0; i < PAGES; i++) {
		if (l->before[i] != attributes(l->spaces[0], i))
			fail_msg("%s: page %zu has changed, failure %llu",
			    l->step, i, (unsigned long long)l->nth);
	}
	return false;
}

static void
check_bytes(struct life *l)
{
	for (unsigned s = 0; s < SPACES; s++) {
		for (size_t i = 0; l->spaces[s] != NULL && i < PAGES; i++) {
			int want = l->want[s][i], have;

			if (want == NOT_KNOWN)
				continue;
			have = load_in(l->fx, l->spaces[s], i);
			if (have != (want == NOT_MAPPED ? -VM_EFAULT : want))
				fail_msg("space %u page %zu: %d, expected %d, "
					 "failure %llu",
				    s, i, have, want,
				    (unsigned long long)l->nth);
		}
	}
}

/* ------------------------------------------------------------------ steps */

static void
set(struct life *l, unsigned space, size_t page, size_t n, int want)
{
	for (size_t i = page; i < page + n; i++)
		l->want[space][i] = want;
}

static bool
is_shared(size_t page)
{
	return page >= 20 && page < 34;
}

/* Who else sees a page of space 0: all, or its second mapping. */
static void
written(struct life *l, size_t page, int byte)
{
	for (unsigned s = 1; is_shared(page) && s < SPACES; s++) {
		if (l->want[s][page] >= 0)
			l->want[s][page] = byte;
	}
	if (page == 5 && l->duplicated)
		l->want[0][36] = byte;
}

/* A store that fails may have come some way, but never half a page. */
static void
write_page(struct life *l, unsigned space, size_t page, int byte)
{
	if (l->spaces[space] == NULL || l->want[space][page] == NOT_MAPPED)
		return;
	begin(l, "store");
	if (!went_well(l, store_in(l->fx, l->spaces[space], page, byte)) ||
	    l->want[space][page] == NOT_KNOWN)
		return;
	l->want[space][page] = byte;
	if (space == 0)
		written(l, page, byte);
}

static void
map_all(struct life *l)
{
	begin(l, "map anon");
	if (went_well(l, map_anon(l->fx, 0, 8)))
		set(l, 0, 0, 8, 0);
	begin(l, "map private file");
	if (went_well(l, map_file(l->fx, 10, 8, VM_MMAP_PRIVATE, 0))) {
		for (int i = 0; i < 8; i++)
			set(l, 0, 10 + (size_t)i, 1, 'A' + i);
	}
	begin(l, "map shared file");
	if (went_well(l, map_file(l->fx, 20, 8, VM_MMAP_SHARED, 1))) {
		for (int i = 0; i < 8; i++)
			set(l, 0, 20 + (size_t)i, 1, 'A' + i);
	}
	begin(l, "map shared memory");
	if (went_well(l, map_shared(l->fx, 30, 4)))
		set(l, 0, 30, 4, 0);
}

static void
write_all(struct life *l, unsigned space, int byte)
{
	for (size_t i = 0; i < 6; i++)
		write_page(l, space, i, byte);
	for (size_t i = 10; i < 14; i++)
		write_page(l, space, i, byte);
}

static void
fork_into(struct life *l, unsigned child)
{
	begin(l, "fork");
	if (!went_well(l, vmspace_fork(l->spaces[0], &l->spaces[child]))) {
		l->spaces[child] = NULL;
		return;
	}
	memcpy(l->want[child], l->want[0], sizeof(l->want[0]));
	/* Written by others later: not followed here. */
	set(l, child, 6, 2,
	    l->want[0][6] == NOT_MAPPED ? NOT_MAPPED : NOT_KNOWN);
}

static void
end_space(struct life *l, unsigned space)
{
	if (space != 0 && l->spaces[space] != NULL) {
		vmspace_unref(l->spaces[space]);
		l->spaces[space] = NULL;
	}
}

static void
change_attributes(struct life *l)
{
	begin(l, "unmap");
	if (went_well(l, unmap(l->fx, 3, 2)))
		set(l, 0, 3, 2, NOT_MAPPED);
	if (l->want[0][5] != NOT_MAPPED) {
		begin(l, "protect");
		(void)went_well(l, protect(l->fx, 5, 1, VM_PROT_READ));
		begin(l, "protect");
		(void)went_well(l, protect(l->fx, 5, 1, VM_PROT_RW));
	}
	begin(l, "inherit");
	(void)went_well(l,
	    vm_minherit(l->fx->vs, fx_va(6), 2 * FX_PAGE, VM_INHERIT_SHARE));
}

static int
remap(struct life *l, size_t from, size_t n, size_t to, size_t new_n,
    unsigned flags)
{
	struct vm_mremap_args a = {
		.old_addr = fx_va(from),
		.old_len = n * FX_PAGE,
		.new_len = new_n * FX_PAGE,
		.new_addr = fx_va(to),
		.flags = flags,
	};
	vaddr_t at;

	return vm_mremap(l->fx->vs, &a, &at);
}

/* The middle of a mapping moves and gets shorter; another one doubles. */
static void
move_mappings(struct life *l)
{
	int *w = l->want[0];

	if (w[10] != NOT_MAPPED) {
		begin(l, "move");
		if (went_well(l,
			remap(l, 11, 3, 40, 2,
			    VM_MREMAP_MAYMOVE | VM_MREMAP_FIXED))) {
			memcpy(&w[40], &w[11], 2 * sizeof(*w));
			set(l, 0, 11, 3, NOT_MAPPED);
		}
	}
	if (w[5] == NOT_MAPPED)
		return;
	begin(l, "duplicate");
	if (went_well(l,
		remap(l, 5, 1, 36, 2, VM_MREMAP_DUPLICATE | VM_MREMAP_FIXED))) {
		w[36] = w[5];
		w[37] = 0;
		l->duplicated = true;
	}
}

static void
grow(struct life *l)
{
	if (l->want[0][0] == NOT_MAPPED || l->want[0][3] != NOT_MAPPED)
		return;
	begin(l, "grow");
	if (went_well(l, remap(l, 0, 3, 0, 5, 0)))
		set(l, 0, 3, 2, 0);
}

static void
wire(struct life *l, size_t page, size_t n)
{
	if (l->want[0][page] == NOT_MAPPED)
		return;
	begin(l, "lock");
	(void)went_well(l, vm_mlock(l->fx->vs, fx_va(page), n * FX_PAGE));
	fork_into(l, 3);
	write_page(l, 0, page, 'w');
	begin(l, "unlock");
	(void)went_well(l, vm_munlock(l->fx->vs, fx_va(page), n * FX_PAGE));
	end_space(l, 3);
}

static void
hold(struct life *l, size_t page, size_t n)
{
	struct vm_held held;

	if (l->want[0][page] == NOT_MAPPED)
		return;
	begin(l, "hold");
	if (!went_well(l,
		vm_vslock(l->fx->vs, fx_va(page), n * FX_PAGE, VM_PROT_READ,
		    &held)))
		return;
	fork_into(l, 3);
	write_page(l, 0, page, 'h');
	vm_vsunlock(l->fx->vs, &held);
	end_space(l, 3);
}

static void
advise(struct life *l)
{
	if (l->want[0][14] == NOT_MAPPED)
		return;
	begin(l, "discard");
	if (went_well(l,
		vm_madvise(l->fx->vs, fx_va(14), 2 * FX_PAGE,
		    VM_MADV_DISCARD))) {
		l->want[0][14] = 'E';
		l->want[0][15] = 'F';
	}
	begin(l, "populate");
	(void)went_well(l,
	    vm_madvise(l->fx->vs, fx_va(14), 4 * FX_PAGE,
		VM_MADV_POPULATE_WRITE));
}

/* Also what may fail without being asked for anything is asked once more. */
static void
sync_file(struct life *l)
{
	int error;

	if (l->want[0][20] == NOT_MAPPED)
		return;
	write_page(l, 0, 21, 's');
	begin(l, "sync");
	error = vm_msync(l->fx->vs, fx_va(20), 8 * FX_PAGE,
	    VM_MS_SYNC | VM_MS_INVALIDATE);
	if (went_well(l, error) && l->want[0][21] == 's')
		assert_int_equal(l->fx->files[1].bytes[FX_PAGE], 's');
}

static void
move_break(struct life *l)
{
	vaddr_t now;

	begin(l, "brk");
	if (!went_well(l, vm_brk(l->fx->vs, fx_va(HEAP + 3), &now)))
		return;
	set(l, 0, HEAP, 3, 0);
	write_page(l, 0, HEAP + 2, 'h');
	begin(l, "brk");
	if (went_well(l, vm_brk(l->fx->vs, fx_va(HEAP + 1), &now)))
		set(l, 0, HEAP + 1, 2, NOT_MAPPED);
}

static void
live(struct life *l)
{
	map_all(l);
	write_all(l, 0, 'a');
	fork_into(l, 1);
	write_all(l, 0, 'b');
	write_all(l, 1, 'c');
	change_attributes(l);
	fork_into(l, 2);
	write_all(l, 2, 'd');
	move_mappings(l);
	grow(l);
	write_all(l, 0, 'e');
	end_space(l, 1);
	wire(l, 0, 3);
	wire(l, 30, 4);
	hold(l, 1, 2);
	hold(l, 12, 4);
	advise(l);
	sync_file(l);
	move_break(l);
}

/* ---------------------------------------------------------------- harness */

static struct fixture *
new_fixture(void)
{
	const struct soft_config config = {
		.npages = FX_FRAMES,
		.va_min = FX_BASE,
		.va_max = FX_BASE + PAGES * FX_PAGE,
		.copies = true,
	};
	struct fixture *fx = fixture_create_as(&config, &design);

	assert_non_null(fx);
	fx->vs->brk_start = fx->vs->brk_end = fx_va(HEAP);
	return fx;
}

static bool
life_with_failure(enum what what, uint64_t nth, bool on)
{
	static struct life l;
	const char *left;

	memset(&l, 0, sizeof(l));
	l.fx = new_fixture();
	l.what = what;
	l.nth = nth;
	l.on = on;
	l.spaces[0] = l.fx->vs;
	for (unsigned s = 0; s < SPACES; s++)
		set(&l, s, 0, PAGES, NOT_MAPPED);
	arm(&l);
	live(&l);
	disarm(&l);
	vm_check(l.fx->sys);
	check_bytes(&l);
	vm_check(l.fx->sys);
	for (unsigned s = 1; s < SPACES; s++)
		end_space(&l, s);
	left = fixture_destroy(l.fx);
	if (left != NULL)
		fail_msg("%s, failure %llu", left, (unsigned long long)nth);
	return l.failed;
}

static void
every_failure(enum what what, bool on)
{
	uint64_t nth;

	for (unsigned i = 0; choose_design(i); i++) {
		nth = 1;
		while (life_with_failure(what, nth, on))
			nth++;
		assert_true(nth > 1);
		print_message("# %s: %llu lives\n", design.name,
		    (unsigned long long)nth);
	}
}

/* Does a life survive that the library finds no memory, once or for good? */
static void
test_library_memory_once(void **state)
{
	(void)state;
	every_failure(LIBRARY_MEMORY, false);
}

static void
test_library_memory_on(void **state)
{
	(void)state;
	every_failure(LIBRARY_MEMORY, true);
}

/* And that the machine has none for its tables? */
static void
test_machine_memory_once(void **state)
{
	(void)state;
	every_failure(MACHINE_MEMORY, false);
}

static void
test_machine_memory_on(void **state)
{
	(void)state;
	every_failure(MACHINE_MEMORY, true);
}

/* That a file cannot be read or written? */
static void
test_file_once(void **state)
{
	(void)state;
	every_failure(FILE_IO, false);
}

static void
test_file_on(void **state)
{
	(void)state;
	every_failure(FILE_IO, true);
}

/* That a mapping cannot be entered? */
static void
test_enter_once(void **state)
{
	(void)state;
	every_failure(PMAP_ENTER, false);
}

static void
test_enter_on(void **state)
{
	(void)state;
	every_failure(PMAP_ENTER, true);
}

/* Is a system that could not be made gone again without a trace? */
static void
test_create(void **state)
{
	struct vm_env plain = fixture_env();
	struct faulty_env env;
	struct soft_config config = { .npages = 64 };
	struct vm_machine *machine;
	struct vm_system *sys;
	struct vmspace *vs;
	uint64_t nth = 1;
	int error;

	(void)state;
	assert_int_equal(soft_machine_create(&plain, &config, &machine), 0);
	do {
		faulty_init(&env, &plain);
		faulty_fail(&env, nth++, FAULTY_ONCE);
		error = vm_system_create(&env.env, machine, &sys);
		if (error == 0) {
			error = vmspace_create(sys, fx_design, &vs);
			if (error == 0)
				vmspace_unref(vs);
			vm_system_destroy(sys);
		}
		assert_true(error == 0 || error == VM_ENOMEM);
		assert_int_equal(env.blocks, 0);
		assert_int_equal(error != 0, env.failures != 0);
	} while (env.failures != 0);
	soft_machine_destroy(machine);
}

int
main(void)
{
	const struct fx_test tests[] = {
		FX_BARE(test_create),
		FX_BARE(test_library_memory_once),
		FX_BARE(test_library_memory_on),
		FX_BARE(test_machine_memory_once),
		FX_BARE(test_machine_memory_on),
		FX_BARE(test_file_once),
		FX_BARE(test_file_on),
		FX_BARE(test_enter_once),
		FX_BARE(test_enter_on),
	};

	return FX_RUN("failure", tests);
}
