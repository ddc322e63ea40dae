/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the paging of each design does with the same pages: how they go
 * together, where they go, and which.
 */
#include "env/posix.h"
#include "env/ramswap.h"
#include "test/unit/base_test.h"
#include "test/unit/fixture.h"
#include "vm/vm_pageq.h"

enum { PAGES = 64, SLOTS = 512 };

static struct ramswap ram;

static void
swap_on(struct fixture *fx, uint64_t slots)
{
	struct vm_swap_device device = {
		.ops = &ramswap_ops,
		.dev = &ram,
		.name = "memory",
		.npages = slots,
	};
	unsigned id;

	vm_system_prefer(fx->sys, fx_design);
	assert_int_equal(ramswap_init(&ram, &posix_env, slots), VM_OK);
	assert_int_equal(vm_swap_add(fx->sys, &device, &id), VM_OK);
}

static void
swap_off(struct fixture *fx)
{
	assert_int_equal(unmap(fx, 0, FX_CELLS), VM_OK);
	assert_int_equal(vm_swap_in_use(fx->sys), 0);
	assert_int_equal(vm_swap_remove(fx->sys, 0), VM_OK);
	ramswap_fini(&ram);
}

static void
fill(struct fixture *fx, int first)
{
	for (size_t i = 0; i < PAGES; i++)
		assert_int_equal(store(fx, i, (first + (int)i) % 256), VM_OK);
}

typedef int map_fn(struct fixture *, size_t page, size_t n);

/* Swap, and memory with something in it. */
static void
begin(struct fixture *fx, uint64_t slots, map_fn *map)
{
	swap_on(fx, slots);
	assert_int_equal(map(fx, 0, PAGES), VM_OK);
	fill(fx, 1);
}

/* More memory, from page 512 on, all of it used. */
static void
store_others(struct fixture *fx, size_t n)
{
	assert_int_equal(map_shared(fx, 512, n), VM_OK);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(store(fx, 512 + i, 'z'), VM_OK);
}

static void
is_filled(struct fixture *fx, int first)
{
	for (size_t i = 0; i < PAGES; i++)
		assert_true(page_is(fx, fx->vs, i, (first + (int)i) % 256));
}

/* As if nobody had used anything for long. */
static void
make_inactive(struct fixture *fx)
{
	struct vm_page *pg;

	while ((pg = vm_pageq_take(fx->sys, VM_PAGE_INACTIVE)) != NULL) {
		vm_pageq_put(fx->sys, pg, VM_PAGE_ACTIVE);
		vm_mutex_unlock(pg->lock);
	}
	while ((pg = vm_pageq_take(fx->sys, VM_PAGE_ACTIVE)) != NULL) {
		(void)pmap_clear_reference(fx->machine, pg);
		vm_pageq_put(fx->sys, pg, VM_PAGE_INACTIVE);
		vm_mutex_unlock(pg->lock);
	}
}

/* Everything that can go goes. */
static void
all_out(struct fixture *fx)
{
	make_inactive(fx);
	(void)vm_pageout(fx->sys, FX_FRAMES);
	vm_check(fx->sys);
}

static uint64_t
requests_out(struct fixture *fx)
{
	uint64_t before = fx->sys->stats.pageout_io;

	all_out(fx);
	return fx->sys->stats.pageout_io - before;
}

/* A page has its own place in swap, or a new one each time. */
static void
test_clusters(void **state)
{
	struct fixture *fx = *state;
	unsigned cluster = fx_design->paging->cluster;
	uint64_t used;

	begin(fx, SLOTS, map_shared);
	assert_int_equal(requests_out(fx), PAGES / cluster);
	assert_int_equal(vm_swap_in_use(fx->sys), PAGES);
	is_filled(fx, 1);
	used = fx->sys->stats.swap_allocs;
	fill(fx, 2);
	assert_int_equal(requests_out(fx), PAGES / cluster);
	if (fx_is(&vm_design_mach))
		assert_int_equal(fx->sys->stats.swap_allocs, used);
	else
		assert_int_equal(fx->sys->stats.swap_allocs, used + PAGES);
	is_filled(fx, 2);
	swap_off(fx);
}

/* Pages here and there: together only where place does not matter. */
static void
test_scattered(void **state)
{
	struct fixture *fx = *state;
	uint64_t n;

	swap_on(fx, SLOTS);
	assert_int_equal(map_shared(fx, 0, 2 * PAGES), VM_OK);
	for (size_t i = 0; i < PAGES; i++)
		assert_int_equal(store(fx, 2 * i, (int)i), VM_OK);
	n = requests_out(fx);
	assert_int_equal(n,
	    fx_design->paging->place == &vm_place_any ? 1 : PAGES);
	for (size_t i = 0; i < PAGES; i++)
		assert_true(page_is(fx, fx->vs, 2 * i, (int)i));
	swap_off(fx);
}

/* ---- what comes with a page ---- */

/* Which pages are there, as "first-last" of the only run, "" for none. */
static const char *
there(struct fixture *fx)
{
	static char text[32];
	uint8_t vec[PAGES];
	int first = -1, last = -1;

	assert_int_equal(vm_mincore(fx->vs, fx_va(0), PAGES * FX_PAGE, vec),
	    VM_OK);
	for (int i = 0; i < PAGES; i++) {
		if (!vec[i])
			continue;
		if (first < 0)
			first = i;
		assert_true(last < 0 || last == i - 1);
		last = i;
	}
	text[0] = '\0';
	if (first >= 0)
		(void)snprintf(text, sizeof(text), "%d-%d", first, last);
	return text;
}

/* Which pages are there, and after how many requests, when somebody goes on
 * where they end: the next request in order is made with the one before. */
struct comes {
	const struct vm_design *design;
	struct {
		const char *run;
		unsigned requests;
	} steps[4];
};

static const struct comes comes[] = {
	{ &vm_design_mach,
	    { { "20-20", 1 }, { "20-21", 2 }, { "20-22", 3 },
		{ "20-23", 4 } } },
	{ &vm_design_freebsd,
	    { { "16-31", 1 }, { "16-55", 3 }, { "16-63", 4 } } },
	{ &vm_design_dragonfly, { { "20-35", 1 }, { "20-63", 2 } } },
	{ &vm_design_netbsd,
	    { { "20-20", 1 }, { "20-32", 3 }, { "20-63", 5 } } },
	{ &vm_design_openbsd,
	    { { "20-20", 1 }, { "20-32", 3 }, { "20-63", 5 } } },
};

static const struct comes *
this_comes(void)
{
	const struct comes *c = comes;

	while (!fx_is(c->design))
		c++;
	return c;
}

/* What does each design read from swap with a page, and with the ones after?
 * Is only what was wanted active? */
static void
come_in(struct fixture *fx, map_fn *map)
{
	const struct comes *c = this_comes();
	uint64_t read = fx->sys->stats.swap_read_io;
	size_t next = 20;

	assert_int_equal(map(fx, 0, PAGES), VM_OK);
	fill(fx, 1);
	all_out(fx);
	assert_string_equal(there(fx), "");
	for (size_t i = 0; i < 4 && next < PAGES; i++) {
		assert_int_equal(load(fx, next), 1 + (int)next);
		assert_string_equal(there(fx), c->steps[i].run);
		assert_int_equal(fx->sys->stats.swap_read_io,
		    read + c->steps[i].requests);
		assert_int_equal(vm_pageq_count(fx->sys, VM_PAGE_ACTIVE),
		    i + 1);
		next = (size_t)atoi(strchr(c->steps[i].run, '-') + 1) + 1;
	}
	is_filled(fx, 1);
	assert_int_equal(unmap(fx, 0, PAGES), VM_OK);
}

static void
test_come_in(void **state)
{
	struct fixture *fx = *state;

	swap_on(fx, SLOTS);
	come_in(fx, map_shared);
	come_in(fx, map_anon);
	swap_off(fx);
}

/* Does what is elsewhere in swap, or here already, end what is read? */
static void
test_come_in_row(void **state)
{
	struct fixture *fx = *state;

	swap_on(fx, SLOTS);
	assert_int_equal(map_shared(fx, 0, PAGES), VM_OK);
	for (size_t i = 0; i < PAGES; i++) {
		if (i != 24)
			assert_int_equal(store(fx, i, 1 + (int)i), VM_OK);
	}
	all_out(fx);
	assert_int_equal(store(fx, 24, 25), VM_OK);
	all_out(fx); /* behind the others */
	assert_int_equal(load(fx, 30), 31);
	assert_string_equal(there(fx),
	    fx_is(&vm_design_freebsd)       ? "25-31" :
		fx_is(&vm_design_dragonfly) ? "30-45" :
					      "30-30");
	is_filled(fx, 1);
	swap_off(fx);
}

/* With random advice a page comes alone. */
static void
test_come_in_alone(void **state)
{
	struct fixture *fx = *state;

	begin(fx, SLOTS, map_shared);
	all_out(fx);
	assert_int_equal(vm_madvise(fx->vs, fx_va(0), PAGES * FX_PAGE,
			     VM_MADV_RANDOM),
	    VM_OK);
	assert_int_equal(load(fx, 20), 21);
	assert_string_equal(there(fx), "20-20");
	swap_off(fx);
}

/* Go through the first pages in order, which are in swap; how many come in. */
static uint64_t
go_through(struct fixture *fx, size_t n)
{
	uint64_t before;

	for (size_t i = 0; i < n; i++)
		assert_int_equal(store(fx, i, 1 + (int)i), VM_OK);
	all_out(fx);
	before = fx->sys->stats.pageins;
	for (size_t i = 0; i < n; i++)
		assert_int_equal(load(fx, i), 1 + (int)i);
	return fx->sys->stats.pageins - before;
}

/* Is nothing made where nothing is, for who reads in order up to there? */
static void
test_read_on_nothing(void **state)
{
	struct fixture *fx = *state;

	swap_on(fx, SLOTS);
	assert_int_equal(map_anon(fx, 0, PAGES), VM_OK);
	assert_int_equal(go_through(fx, PAGES / 2), PAGES / 2);
	assert_string_equal(there(fx), "0-31");
	swap_off(fx);
}

/* What comes next may be a file's, of a private mapping. */
static void
test_read_on_file(void **state)
{
	struct fixture *fx = *state;

	swap_on(fx, SLOTS);
	assert_int_equal(map_file(fx, 0, 8, VM_MMAP_PRIVATE, 0), VM_OK);
	assert_in_range(go_through(fx, 4), 4, 8);
	for (size_t i = 4; i < 8; i++)
		assert_int_equal(load(fx, i), 'A' + (int)i);
	swap_off(fx);
}

/* ---- pages that are retired ---- */

/* By advice pages are inactive, and go though they were used: dirty ones are
 * next to be written; but what is wired stays. */
static void
test_deactivate(void **state)
{
	struct fixture *fx = *state;
	size_t active;

	begin(fx, SLOTS, map_anon);
	assert_int_equal(vm_mlock(fx->vs, fx_va(8), FX_PAGE), VM_OK);
	active = vm_pageq_count(fx->sys, VM_PAGE_ACTIVE);
	assert_int_equal(vm_madvise(fx->vs, fx_va(0), 16 * FX_PAGE,
			     VM_MADV_DEACTIVATE),
	    VM_OK);
	assert_int_equal(active - vm_pageq_count(fx->sys, VM_PAGE_ACTIVE), 15);
	assert_int_equal(fx->sys->stats.retired, 15);
	assert_int_equal(vm_pageq_count(fx->sys,
			     fx_is(&vm_design_freebsd) ? VM_PAGE_LAUNDRY :
							 VM_PAGE_INACTIVE),
	    15);
	assert_int_equal(mapping_of(fx->vs, 8).page->wire_count, 1);
	assert_int_equal(mapping_of(fx->vs, 0).page == NULL,
	    fx_is(&vm_design_openbsd));
	(void)vm_pageout_once(fx->sys, FX_FRAMES - PAGES + 10, false);
	assert_int_equal(fx->sys->stats.pd_reactivated, 0);
	assert_in_range(fx->sys->stats.pageouts, 10, 16);
	is_filled(fx, 1);
	assert_int_equal(vm_munlock(fx->vs, fx_va(8), FX_PAGE), VM_OK);
	swap_off(fx);
}

static void
make_dirty(struct fixture *fx, size_t n)
{
	assert_int_equal(map_anon(fx, 0, n), VM_OK);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(store(fx, i, 'd'), VM_OK);
	assert_int_equal(vm_madvise(fx->vs, fx_va(0), n * FX_PAGE,
			     VM_MADV_DEACTIVATE),
	    VM_OK);
	assert_int_equal(vm_pageq_count(fx->sys, VM_PAGE_LAUNDRY), n);
}

/* A pass that begins at 8 pages, wants 32 and has them: what it writes. */
static uint64_t
laundered(struct fixture *fx)
{
	uint64_t before = fx->sys->stats.pageouts;

	assert_true(vm_page_free_count(fx->sys) >= 32);
	(void)vm_pageout_once(fx->sys, 32, false);
	return fx->sys->stats.pageouts - before;
}

/* Is a part written as soon as more is dirty than clean, and not before? */
static void
test_background(void **state)
{
	struct fixture *fx = *state;

	swap_on(fx, SLOTS);
	make_dirty(fx, FX_FRAMES / 2 - 1);
	assert_int_equal(laundered(fx), 0);
	assert_int_equal(unmap(fx, 0, FX_CELLS), VM_OK);
	make_dirty(fx, FX_FRAMES / 2);
	assert_in_range(laundered(fx), 1, fx_design->paging->cluster);
	swap_off(fx);
}

/* A third as much is dirty: nine times a shortage has to be free first, and no
 * page less; then it begins anew. */
static void
test_background_weight(void **state)
{
	struct fixture *fx = *state;
	const size_t shortage = 32 - 8 + 1;

	swap_on(fx, SLOTS);
	make_dirty(fx, FX_FRAMES / 4);
	fx->sys->freed_clean = 8 * shortage - 1;
	assert_int_equal(laundered(fx), 0);
	fx->sys->freed_clean++;
	assert_true(laundered(fx) != 0);
	assert_int_equal(fx->sys->freed_clean, 0);
	assert_int_equal(laundered(fx), 0);
	swap_off(fx);
}

/* With sequential advice the pages behind a fault are retired: right behind
 * it, or, where something is read, in the block before. */
static void
test_behind(void **state)
{
	struct fixture *fx = *state;
	uint16_t behind = fx_design->behind.npages;

	swap_on(fx, SLOTS);
	assert_int_equal(map_anon(fx, 0, PAGES), VM_OK);
	assert_int_equal(vm_madvise(fx->vs, fx_va(0), PAGES * FX_PAGE,
			     VM_MADV_SEQUENTIAL),
	    VM_OK);
	fill(fx, 1);
	assert_int_equal(fx->sys->stats.retired,
	    fx_design->behind.block || behind == 0 ? 0 : PAGES - 1);
	assert_int_equal(vm_pageq_count(fx->sys, VM_PAGE_ACTIVE),
	    fx_design->behind.block || behind == 0 ? PAGES : 1);
	is_filled(fx, 1);
	swap_off(fx);
}

/* Shared memory, of which each page has its own contents, is in swap. */
static void
shared_in_swap(struct fixture *fx, size_t n)
{
	swap_on(fx, SLOTS);
	assert_int_equal(map_shared(fx, 0, n), VM_OK);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(store(fx, i, (int)i % 251), VM_OK);
	all_out(fx);
}

/* In blocks: those before 256 when a page behind it is read, and not before. */
static void
test_behind_block(void **state)
{
	struct fixture *fx = *state;
	const size_t n = 300, block = fx_design->behind.npages;

	shared_in_swap(fx, n);
	assert_int_equal(vm_madvise(fx->vs, fx_va(0), n * FX_PAGE,
			     VM_MADV_SEQUENTIAL),
	    VM_OK);
	for (size_t i = block - 32; i < block; i++)
		assert_int_equal(load(fx, i), (int)i % 251);
	assert_int_equal(fx->sys->stats.retired, 0);
	for (size_t i = block; i < block + 8; i++)
		assert_int_equal(load(fx, i), (int)i % 251);
	assert_in_range(fx->sys->stats.retired, 1, 32);
	assert_int_equal(mapping_of(fx->vs, block - 1).page->state,
	    VM_PAGE_INACTIVE);
	assert_true(vm_pageq_count(fx->sys, VM_PAGE_ACTIVE) > 0);
	assert_int_equal(unmap(fx, 0, n), VM_OK);
	swap_off(fx);
}

/* The same without advice, for who has read in order for long. */
static void
test_behind_in_order(void **state)
{
	struct fixture *fx = *state;
	const size_t n = 300, block = fx_design->behind.npages;

	shared_in_swap(fx, n);
	for (size_t i = block - 1; i > block - 128; i -= 37)
		assert_int_equal(load(fx, i), (int)i % 251);
	assert_int_equal(load(fx, block + 40), (int)(block + 40) % 251);
	assert_int_equal(fx->sys->stats.retired, 0);
	all_out(fx);
	for (size_t i = block - 128; i < block + 40; i++)
		assert_int_equal(load(fx, i), (int)i % 251);
	assert_in_range(fx->sys->stats.retired, 1, 128);
	assert_int_equal(unmap(fx, 0, n), VM_OK);
	swap_off(fx);
}

/* What is clean goes without being written again. */
static void
test_clean(void **state)
{
	struct fixture *fx = *state;

	begin(fx, SLOTS, map_shared);
	all_out(fx);
	is_filled(fx, 1);
	assert_int_equal(requests_out(fx), 0);
	is_filled(fx, 1);
	swap_off(fx);
}

/* Swap is full of pages that are here as well: they give up their slots. */
static void
test_strip(void **state)
{
	struct fixture *fx = *state;

	begin(fx, PAGES, map_shared);
	all_out(fx);
	is_filled(fx, 1);
	assert_int_equal(vm_swap_in_use(fx->sys), PAGES);
	store_others(fx, PAGES);
	for (size_t i = 0; i < PAGES; i++)
		assert_int_equal(load(fx, i), 1 + (int)i);
	all_out(fx);
	is_filled(fx, 1);
	for (size_t i = 0; i < PAGES; i++)
		assert_true(page_is(fx, fx->vs, 512 + i, 'z'));
	swap_off(fx);
}

/* The same where each page has its place for life: nobody else would get it, so
 * what is clean stays clean. */
static void
test_no_strip(void **state)
{
	struct fixture *fx = *state;
	uint64_t before;

	begin(fx, PAGES, map_shared);
	all_out(fx);
	store_others(fx, PAGES);
	is_filled(fx, 1);
	before = fx->sys->stats.pageouts;
	for (size_t i = 0; i < 8; i++)
		(void)vm_pageout_once(fx->sys, SIZE_MAX, false);
	all_out(fx);
	assert_int_equal(fx->sys->stats.pageouts, before);
	is_filled(fx, 1);
	swap_off(fx);
}

/* A spare page is had again without reading, or is free when it is needed. */
static void
test_spare(void **state)
{
	struct fixture *fx = *state;
	struct vm_system *sys = fx->sys;
	uint64_t read;

	begin(fx, SLOTS, map_shared);
	all_out(fx);
	is_filled(fx, 1);
	all_out(fx);
	read = sys->stats.pageins;
	assert_int_equal(vm_pageq_count(sys, VM_PAGE_SPARE), PAGES);
	assert_int_equal(vm_pageout_available(sys), FX_FRAMES);
	assert_int_equal(load(fx, 7), 8);
	assert_int_equal(sys->stats.pageins, read);
	store_others(fx, FX_FRAMES - 8);
	assert_true(vm_pageq_count(sys, VM_PAGE_SPARE) < PAGES);
	is_filled(fx, 1);
	swap_off(fx);
}

/* What is used again and again stays, and what is not goes in the end. */
static void
test_activity(void **state)
{
	struct fixture *fx = *state;
	struct vm_page *pg;
	unsigned passes = 0;

	swap_on(fx, SLOTS);
	assert_int_equal(map_shared(fx, 0, 2), VM_OK);
	assert_int_equal(store(fx, 0, 'a'), VM_OK);
	assert_int_equal(store(fx, 1, 'b'), VM_OK);
	pg = mapping_of(fx->vs, 0).page;
	(void)pmap_clear_reference(fx->machine, mapping_of(fx->vs, 1).page);
	assert_int_equal(vm_pageq_activity(pg), VM_PAGEQ_ACTIVITY_FIRST);
	while (fx->sys->stats.pageouts == 0 && passes++ < 20) {
		assert_int_equal(load(fx, 0), 'a');
		(void)vm_pageout(fx->sys, vm_page_free_count(fx->sys) + 1);
	}
	assert_int_equal(fx->sys->stats.pageouts, 1);
	assert_ptr_equal(mapping_of(fx->vs, 0).page, pg);
	assert_int_equal(load(fx, 1), 'b');
	swap_off(fx);
}

/* What there was no room for is tried again as soon as there is, and not only
 * when nothing else is left to be freed. */
static void
test_room_again(void **state)
{
	struct fixture *fx = *state;
	size_t stuck;

	begin(fx, 2, map_shared);
	make_inactive(fx);
	(void)vm_pageout_once(fx->sys, SIZE_MAX, true);
	stuck = vm_pageq_count(fx->sys, VM_PAGE_UNSWAPPABLE);
	assert_true(stuck != 0);
	(void)vm_pageout_once(fx->sys, SIZE_MAX, false);
	assert_int_equal(vm_pageq_count(fx->sys, VM_PAGE_UNSWAPPABLE), stuck);
	assert_int_equal(fixture_swap(fx, 1, SLOTS, 0), VM_OK);
	(void)vm_pageout_once(fx->sys, SIZE_MAX, false);
	assert_int_equal(vm_pageq_count(fx->sys, VM_PAGE_UNSWAPPABLE), 0);
	is_filled(fx, 1);
	assert_int_equal(unmap(fx, 0, PAGES), VM_OK);
	assert_int_equal(vm_swap_remove(fx->sys, fx->swaps[1].id), VM_OK);
	swap_off(fx);
}

/* A page that was to go and is used: does that count, so that it is not the
 * next to go?  By then the active ones have been looked at once. */
static void
test_activity_back(void **state)
{
	struct fixture *fx = *state;
	int byte = 0;
	struct soft_access a = { .pmap = fx_map(fx)->pmap,
		.cpu = 1, /* whose TLB knows nothing yet */
		.access = VM_PROT_READ,
		.va = fx_va(0),
		.buf = &byte,
		.len = 1 };
	struct vm_page *pg;

	swap_on(fx, SLOTS);
	assert_int_equal(map_shared(fx, 0, 1), VM_OK);
	assert_int_equal(store(fx, 0, 'a'), VM_OK);
	make_inactive(fx);
	pg = mapping_of(fx->vs, 0).page;
	vm_pageq_set_activity(pg, 0);
	assert_int_equal(soft_access(&a), VM_OK);
	assert_int_equal(pg->state, VM_PAGE_INACTIVE);
	(void)vm_pageout_once(fx->sys, FX_FRAMES, false);
	assert_int_equal(fx->sys->stats.pd_reactivated, 1);
	assert_int_equal(pg->state, VM_PAGE_ACTIVE);
	assert_in_range(vm_pageq_activity(pg), 2, 3);
	swap_off(fx);
}

/* The host has no memory to remember slots in, at the first page of a cluster
 * or later: does the rest of the pass go on? */
static void
test_no_host_memory(void **state)
{
	struct fixture *fx = *state;

	swap_on(fx, SLOTS);
	for (uint64_t nth = 1; nth < 6; nth++) {
		assert_int_equal(map_shared(fx, 0, PAGES), VM_OK);
		fill(fx, 1);
		make_inactive(fx);
		faulty_fail(&fx->env, nth, FAULTY_ON);
		(void)vm_pageout(fx->sys, FX_FRAMES);
		faulty_fail(&fx->env, 0, FAULTY_ONCE);
		all_out(fx);
		is_filled(fx, 1);
		assert_int_equal(unmap(fx, 0, PAGES), VM_OK);
	}
	swap_off(fx);
}

/* The next of the active pages, put back at the end. */
static struct vm_page *
next_active(struct fixture *fx)
{
	struct vm_page *pg = vm_pageq_take(fx->sys, VM_PAGE_ACTIVE);

	if (pg != NULL) {
		vm_pageq_put(fx->sys, pg, VM_PAGE_ACTIVE);
		vm_mutex_unlock(pg->lock);
	}
	return pg;
}

/* Somebody has locked the owner of the first pages: they keep their places, and
 * those of others are found in the end. */
static void
test_locked_owner(void **state)
{
	struct fixture *fx = *state;
	struct vm_page *first, *other;
	uint64_t hindered = vm_pageq_hindered(fx->sys);

	assert_int_equal(map_shared(fx, 0, PAGES), VM_OK);
	assert_int_equal(map_shared(fx, PAGES, 1), VM_OK);
	for (size_t i = 0; i < PAGES + 1; i++)
		assert_int_equal(store(fx, i, 1), VM_OK);
	first = next_active(fx);
	for (size_t i = 0; i < PAGES - 1; i++)
		(void)next_active(fx);
	other = next_active(fx);
	assert_ptr_not_equal(first->lock, other->lock);
	vm_mutex_lock(first->lock);
	assert_null(next_active(fx));
	assert_int_equal(vm_pageq_hindered(fx->sys), hindered + 1);
	for (unsigned i = 0; i < 8 && next_active(fx) != other; i++)
		assert_true(i < 7);
	vm_mutex_unlock(first->lock);
	assert_ptr_equal(next_active(fx), first);
	assert_int_equal(unmap(fx, 0, PAGES + 1), VM_OK);
}

/* Who looks now and then begins when memory is short, and not before; then
 * there is to be enough, and some to be written meanwhile. */
static void
test_levels(void **state)
{
	struct fixture *fx = *state;
	struct vm_pageout_levels levels;
	uint64_t passes;
	size_t i = 0;

	swap_on(fx, SLOTS);
	vm_pageout_get_levels(fx->sys, &levels);
	assert_int_equal(map_shared(fx, 0, 2 * FX_FRAMES), VM_OK);
	while (vm_page_free_count(fx->sys) > levels.min)
		assert_int_equal(store(fx, i++, 1), VM_OK);
	passes = fx->sys->stats.pd_passes;
	vm_pageout_step(fx->sys);
	assert_int_equal(fx->sys->stats.pd_passes, passes);
	assert_int_equal(store(fx, i++, 1), VM_OK);
	for (unsigned n = 0; n < 64; n++)
		vm_pageout_step(fx->sys);
	assert_true(fx->sys->stats.pd_passes > passes);
	assert_true(vm_pageout_available(fx->sys) >= levels.target);
	passes = fx->sys->stats.pd_passes;
	while (vm_page_free_count(fx->sys) >= levels.target)
		assert_int_equal(store(fx, i++, 1), VM_OK);
	vm_pageout_step(fx->sys);
	assert_int_equal(fx->sys->stats.pd_passes, passes);
	swap_off(fx);
}

/* What the daemon does each time that it sleeps, being all threads there are:
 * takes one more page at first, which are then too few. */
static struct {
	unsigned sleeps;
	size_t next;        /* page to take */
	uint64_t passes[2]; /* until it slept */
} sleeper;

static void
while_daemon_sleeps(struct fixture *fx)
{
	sleeper.passes[sleeper.sleeps++] = fx->sys->stats.pd_passes;
	if (sleeper.sleeps == 1)
		assert_int_equal(store(fx, sleeper.next, 1), VM_OK);
	else
		vm_pageout_stop(fx->sys);
}

/* Does the daemon begin when little is left, not before, and go on until there
 * is enough, or nothing more to be had?
 *
 *	pages	[ f a a a a a ... ]	without swap, only f can go
 */
static void
test_daemon(void **state)
{
	struct fixture *fx = *state;
	struct vm_pageout_levels levels;
	uint64_t passes;

	vm_pageout_get_levels(fx->sys, &levels);
	assert_int_equal(map_file(fx, 0, 1, VM_MMAP_SHARED, 0), VM_OK);
	assert_int_equal(map_anon(fx, 1, 2 * FX_FRAMES), VM_OK);
	assert_int_equal(load(fx, 0), 'A');
	sleeper.sleeps = 0;
	for (sleeper.next = 1; vm_pageout_available(fx->sys) > levels.min;
	     sleeper.next++)
		assert_int_equal(store(fx, sleeper.next, 1), VM_OK);
	passes = fx->sys->stats.pd_passes;
	fx->on_wait = while_daemon_sleeps;
	vm_pageout_daemon(fx->sys);
	assert_int_equal(sleeper.passes[0], passes);
	assert_int_equal(vm_pageout_available(fx->sys), levels.min);
	assert_true(sleeper.passes[1] > passes + fx->sys->paging->patience + 1);
}

int
main(void)
{
	const struct fx_test tests[] = {
		FX_TEST(test_clusters),
		FX_TEST(test_scattered),
		FX_TEST(test_come_in),
		FX_TEST(test_come_in_row),
		FX_TEST(test_come_in_alone),
		FX_TEST(test_read_on_nothing),
		FX_TEST(test_read_on_file),
		FX_TEST(test_deactivate),
		FX_TEST(test_behind),
		FX_TEST_IN(freebsd, test_behind_block),
		FX_TEST_IN(freebsd, test_behind_in_order),
		FX_TEST_IN(dragonfly, test_behind_block),
		FX_TEST_IN(dragonfly, test_behind_in_order),
		FX_TEST(test_clean),
		FX_TEST_IN(mach, test_strip),
		FX_TEST_IN(netbsd, test_strip),
		FX_TEST_IN(openbsd, test_strip),
		FX_TEST_IN(mach, test_no_strip),
		FX_TEST_IN(dragonfly, test_spare),
		FX_TEST_IN(freebsd, test_activity),
		FX_TEST_IN(freebsd, test_room_again),
		FX_TEST_IN(freebsd, test_activity_back),
		FX_TEST_IN(freebsd, test_background),
		FX_TEST_IN(freebsd, test_background_weight),
		FX_TEST(test_no_host_memory),
		FX_TEST(test_locked_owner),
		FX_TEST(test_levels),
		FX_TEST(test_daemon),
	};

	return FX_RUN("vm_paging", tests);
}
