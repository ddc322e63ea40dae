/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * soft_test.c - pmap/soft.h: is the machine as mean as it says?
 *
 * That it keeps the rules of vm/pmap.h is for test/contract to find out; here
 * are the things beyond them: that its TLBs really go stale, that it sees the
 * mistakes it is there to see, and what tests do with it.
 */
#include "env/faulty.h"
#include "env/posix.h"
#include "pmap/ptab.h"
#include "pmap/soft.h"
#include "test/unit/death.h"

#include <pthread.h>
#include <sched.h>

#define NPAGES  16
#define NDEVICE 2
#define NCPUS   2
#define PAGE(n) (((vaddr_t)(n) + 16) << VM_PAGE_SHIFT)

/* Pages without a page layer: always in use, but for test_..._free. */
struct world {
	struct faulty_env env;
	struct vm_machine *machine;
	struct pmap *pm;
	struct vm_page pages[NPAGES + NDEVICE];
};

static const struct soft_config lazy = { .npages = NPAGES,
	.device_pages = NDEVICE,
	.ncpus = NCPUS };

static struct world *
world(struct soft_config config)
{
	struct world *w = calloc(1, sizeof(*w));
	unsigned i;

	assert_non_null(w);
	faulty_init(&w->env, &posix_env);
	assert_int_equal(soft_machine_create(&w->env.env, &config, &w->machine),
	    0);
	for (i = 0; i < NPAGES + NDEVICE; i++) {
		w->pages[i].frame = (uint32_t)(w->machine->pa_base >>
					VM_PAGE_SHIFT) +
		    i;
		w->pages[i].state = VM_PAGE_USED;
	}
	assert_int_equal(pmap_create(w->machine, &w->pm), 0);
	return w;
}

static void
world_end(struct world *w)
{
	soft_machine_check(w->machine);
	pmap_destroy(w->pm);
	soft_machine_check(w->machine);
	assert_int_equal(soft_pending(w->machine), 0);
	soft_machine_destroy(w->machine);
	assert_int_equal(w->env.blocks, 0);
	assert_int_equal(w->env.bytes, 0);
	free(w);
}

static int
setup(void **state)
{
	*state = world(lazy);
	return 0;
}

static int
setup_eager(void **state)
{
	struct soft_config config = lazy;

	config.eager = true;
	*state = world(config);
	return 0;
}

static int
teardown(void **state)
{
	world_end(*state);
	return 0;
}

static void
map(struct world *w, unsigned n, unsigned page, vm_prot_t prot)
{
	assert_int_equal(pmap_enter(w->pm, PAGE(n), &w->pages[page], prot,
			     prot & VM_PROT_READ),
	    0);
}

static void
unmap(struct world *w, unsigned n)
{
	pmap_remove(w->pm, PAGE(n), PAGE(n + 1));
}

/* One byte at page n; false when it faults. */
static bool
touch(struct world *w, unsigned cpu, unsigned n, vm_prot_t access)
{
	unsigned char byte = 0x55;
	struct soft_access a = {
		.pmap = w->pm,
		.cpu = cpu,
		.access = access,
		.va = PAGE(n) + 8,
		.buf = &byte,
		.len = 1,
	};

	return soft_access(&a) == 0;
}

static bool
load(struct world *w, unsigned n)
{
	return touch(w, 0, n, VM_PROT_READ);
}

static bool
store(struct world *w, unsigned n)
{
	return touch(w, 0, n, VM_PROT_WRITE);
}

static unsigned char *
bytes(struct world *w, unsigned page)
{
	return pmap_page_data(w->machine, &w->pages[page]);
}

static bool
page_idle(struct world *w, unsigned page)
{
	return w->machine->ops->page_idle(w->machine, &w->pages[page], 1);
}

/* ---- the machine ---- */

static void
must_be_invalid(struct soft_config config)
{
	struct vm_machine *m;

	assert_int_equal(soft_machine_create(&posix_env, &config, &m),
	    VM_EINVAL);
}

static void
test_create_invalid(void **state)
{
	(void)state;
	must_be_invalid((struct soft_config){ .npages = 0 });
	must_be_invalid((struct soft_config){ .npages = UINT64_MAX / 2 });
	must_be_invalid(
	    (struct soft_config){ .npages = 1, .device_pages = UINT64_MAX });
	must_be_invalid((struct soft_config){ .npages = 1, .tlb_entries = 3 });
	must_be_invalid((struct soft_config){ .npages = 1, .ncpus = 1u << 31 });
	must_be_invalid((struct soft_config){ .npages = 1, .va_min = 100 });
	must_be_invalid((struct soft_config){ .npages = 1, .va_max = 5000 });
	must_be_invalid((
	    struct soft_config){ .npages = 1, .va_min = 8192, .va_max = 8192 });
}

/* Does each allocation that fails give VM_ENOMEM and leave nothing? */
static void
test_create_nomem(void **state)
{
	struct faulty_env env;
	struct vm_machine *m;
	unsigned n;
	int error;

	(void)state;
	faulty_init(&env, &posix_env);
	for (n = 1;; n++) {
		faulty_fail(&env, n, FAULTY_ONCE);
		error = soft_machine_create(&env.env, &lazy, &m);
		if (error == 0)
			break;
		assert_int_equal(error, VM_ENOMEM);
		assert_int_equal(env.blocks, 0);
	}
	assert_int_equal(n, 5);
	soft_machine_destroy(m);
	assert_int_equal(env.blocks, 0);
}

static void
test_create_defaults(void **state)
{
	struct world *w = world((struct soft_config){ .npages = NPAGES,
	    .device_pages = NDEVICE,
	    .zero_ahead_max = 7 });

	(void)state;
	assert_int_equal(w->machine->va_min, VM_PAGE_SIZE);
	assert_int_equal(w->machine->va_max, 1ull << 47);
	assert_int_equal(w->machine->npages, NPAGES);
	assert_int_equal(w->machine->zero_ahead_max, 7);
	assert_false(w->machine->frames_zeroed);
	assert_true(w->machine->pa_base > 0);
	world_end(w);
}

static void
test_destroy_with_pmap(void **state)
{
	struct world *w = *state;

	expect_death(soft_machine_destroy(w->machine), "pmaps");
}

/* Are frames poisoned at the start, or zeroes, as configured? */
static void
test_frames_at_start(void **state)
{
	struct soft_config config = lazy;
	struct world *w;

	(void)state;
	w = world(config);
	assert_int_equal(bytes(w, 3)[77], SOFT_POISON);
	world_end(w);
	config.frames_zeroed = true;
	w = world(config);
	assert_true(w->machine->frames_zeroed);
	assert_int_equal(bytes(w, 3)[77], 0);
	world_end(w);
}

/* Is a freed frame poisoned, and said not to be zeroes? */
static void
test_idle_poisons(void **state)
{
	struct world *w = *state;

	memset(bytes(w, 2), 0, VM_PAGE_SIZE);
	assert_false(page_idle(w, 2));
	assert_int_equal(bytes(w, 2)[0], SOFT_POISON);
	assert_int_equal(bytes(w, 2)[4095], SOFT_POISON);
}

/* Are the device's frames mapped like others? */
static void
test_device_frames(void **state)
{
	struct world *w = *state;

	assert_int_equal(w->pages[NPAGES].frame, soft_device_frame(w->machine));
	map(w, 0, NPAGES + 1, VM_PROT_RW);
	assert_true(store(w, 0));
	assert_int_equal(bytes(w, NPAGES + 1)[8], 0x55);
	w->pages[NPAGES].frame += NDEVICE;
	expect_death(bytes(w, NPAGES), "npages");
}

/* ---- the program's accesses ---- */

/*
 * Bytes over three pages, to and fro.
 *
 *	page 0    page 1    page 2
 *	|-----xxxx|xxxxxxxxx|xx-------|
 */
static void
test_access_many_pages(void **state)
{
	struct world *w = *state;
	unsigned char out[5000], in[5000];
	struct soft_access a = { .pmap = w->pm,
		.access = VM_PROT_WRITE,
		.va = PAGE(0) + 4091,
		.buf = out,
		.len = sizeof(out) };
	size_t i;

	for (i = 0; i < 3; i++)
		map(w, (unsigned)i, 5 - (unsigned)i, VM_PROT_RW);
	for (i = 0; i < sizeof(out); i++)
		out[i] = (unsigned char)(i * 7);
	assert_int_equal(soft_access(&a), 0);
	assert_int_equal(a.len, 0);
	assert_int_equal(a.va, PAGE(0) + 4091 + sizeof(out));
	assert_memory_equal(bytes(w, 5) + 4091, out, 5);
	assert_memory_equal(bytes(w, 4), out + 5, 4096);
	assert_memory_equal(bytes(w, 3), out + 4101, sizeof(out) - 4101);
	a = (struct soft_access){ .pmap = w->pm,
		.access = VM_PROT_READ,
		.va = PAGE(0) + 4091,
		.buf = in,
		.len = sizeof(in) };
	assert_int_equal(soft_access(&a), 0);
	assert_memory_equal(in, out, sizeof(in));
}

/* Does a fault tell where it was, and does the same call go on from there? */
static void
test_access_fault(void **state)
{
	struct world *w = *state;
	unsigned char buf[8192] = { 1 };
	struct soft_access a = { .pmap = w->pm,
		.access = VM_PROT_WRITE,
		.va = PAGE(0) + 1,
		.buf = buf,
		.len = 8000 };

	map(w, 0, 0, VM_PROT_RW);
	assert_int_equal(soft_access(&a), VM_EFAULT);
	assert_int_equal(a.va, PAGE(1));
	assert_int_equal(a.len, 8000 - 4095);
	assert_ptr_equal(a.buf, buf + 4095);
	map(w, 1, 1, VM_PROT_READ);
	assert_int_equal(soft_access(&a), VM_EFAULT);
	map(w, 1, 1, VM_PROT_RW);
	assert_int_equal(soft_access(&a), 0);
}

/* Is each permission that of its own access? */
static void
test_access_prot(void **state)
{
	static const vm_prot_t access[] = { VM_PROT_READ, VM_PROT_WRITE,
		VM_PROT_EXEC };
	struct world *w = *state;
	unsigned prot, i;

	for (prot = 1; prot <= VM_PROT_ALL; prot++) {
		assert_int_equal(pmap_enter(w->pm, PAGE(prot), &w->pages[0],
				     (vm_prot_t)prot, 0),
		    0);
		for (i = 0; i < 3; i++)
			assert_int_equal(touch(w, 0, prot, access[i]),
			    (prot & access[i]) != 0);
	}
	expect_death(touch(w, NCPUS, 0, VM_PROT_READ), "ncpus");
	expect_death(touch(w, 0, 0, VM_PROT_RW), "access");
}

/* ---- staleness ---- */

/* Does a removed mapping go on until the update, on each processor? */
static void
test_stale_remove(void **state)
{
	struct world *w = *state;

	map(w, 0, 0, VM_PROT_RW);
	assert_true(touch(w, 0, 0, VM_PROT_READ));
	unmap(w, 0);
	assert_int_equal(soft_pending(w->machine), 1);
	assert_true(touch(w, 0, 0, VM_PROT_READ));
	assert_true(touch(w, 0, 0, VM_PROT_WRITE));
	assert_false(touch(w, 1, 0, VM_PROT_READ)); /* had not loaded it */
	soft_machine_check(w->machine);
	pmap_update(w->pm);
	assert_int_equal(soft_pending(w->machine), 0);
	assert_false(touch(w, 0, 0, VM_PROT_READ));
}

static void
test_stale_protect(void **state)
{
	struct world *w = *state;

	map(w, 0, 0, VM_PROT_RW);
	assert_true(store(w, 0));
	pmap_protect(w->pm, PAGE(0), PAGE(1), VM_PROT_READ);
	assert_true(store(w, 0));
	pmap_update(w->pm);
	assert_false(store(w, 0));
	assert_true(load(w, 0));
	(void)pmap_page_protect(w->machine, &w->pages[0], VM_PROT_NONE);
	assert_true(load(w, 0));
	pmap_update_all(w->machine);
	assert_false(load(w, 0));
}

/* Is permission that was given late, by one fault? */
static void
test_late_gain(void **state)
{
	struct world *w = *state;

	map(w, 0, 0, VM_PROT_READ);
	assert_true(load(w, 0));
	map(w, 0, 0, VM_PROT_RW);
	assert_false(store(w, 0));
	assert_true(store(w, 0));
}

/* What no TLB has needs no update. */
static void
test_untouched_needs_no_update(void **state)
{
	struct world *w = *state;
	unsigned i;

	for (i = 0; i < NPAGES; i++)
		map(w, i, i, VM_PROT_RW);
	pmap_protect(w->pm, PAGE(0), PAGE(8), VM_PROT_READ);
	pmap_remove(w->pm, PAGE(0), PAGE(NPAGES));
	assert_int_equal(soft_pending(w->machine), 0);
}

/* The eager machine is never behind and gives at once. */
static void
test_eager(void **state)
{
	struct world *w = *state;

	map(w, 0, 0, VM_PROT_READ);
	assert_true(load(w, 0));
	map(w, 0, 0, VM_PROT_RW);
	assert_true(store(w, 0));
	pmap_protect(w->pm, PAGE(0), PAGE(1), VM_PROT_READ);
	assert_false(store(w, 0));
	assert_true(load(w, 0));
	unmap(w, 0);
	assert_false(load(w, 0));
	assert_int_equal(soft_pending(w->machine), 0);
	assert_false(page_idle(w, 0));
}

/* ---- detectors ---- */

static void
test_detects_mapping_free_page(void **state)
{
	struct world *w = *state;

	w->pages[3].state = VM_PAGE_FREE;
	expect_death(map(w, 0, 3, VM_PROT_READ), "a free page is mapped");
	w->pages[3].state = VM_PAGE_CACHED;
	expect_death(map(w, 0, 3, VM_PROT_READ), "a free page is mapped");
}

static void
test_detects_freeing_mapped_page(void **state)
{
	struct world *w = *state;

	map(w, 0, 3, VM_PROT_READ);
	expect_death(page_idle(w, 3), "a page is freed while mapped");
	w->pages[3].state = VM_PAGE_FREE;
	expect_death(soft_machine_check(w->machine), "a free page is mapped");
	w->pages[3].state = VM_PAGE_USED;
}

static void
test_detects_freeing_stale_page(void **state)
{
	struct world *w = *state;

	map(w, 0, 3, VM_PROT_READ);
	assert_true(load(w, 0));
	unmap(w, 0);
	expect_death(page_idle(w, 3), "freed while a TLB has it");
	pmap_update(w->pm);
	assert_false(page_idle(w, 3));
}

static void
test_detects_using_freed_page(void **state)
{
	struct world *w = *state;

	map(w, 0, 3, VM_PROT_READ);
	assert_true(load(w, 0));
	unmap(w, 0);
	w->pages[3].state = VM_PAGE_FREE;
	expect_death(load(w, 0), "a free page is used through a stale TLB");
	w->pages[3].state = VM_PAGE_USED;
	pmap_update(w->pm);
}

/* A store after clear_modify, before the update, went unseen. */
static void
test_detects_lost_store(void **state)
{
	struct world *w = *state;
	struct vm_page *pg = &w->pages[3];

	map(w, 0, 3, VM_PROT_RW);
	assert_true(store(w, 0));
	assert_true(pmap_clear_modify(w->machine, pg));
	assert_int_equal(soft_pending(w->machine), 1);
	assert_false(pmap_is_modified(w->machine, pg));
	assert_true(store(w, 0));
	expect_death((void)pmap_is_modified(w->machine, pg), "called clean");
	expect_death((void)pmap_clear_modify(w->machine, pg), "called clean");
	pmap_update(w->pm);
	assert_false(pmap_is_modified(w->machine, pg));
	assert_true(store(w, 0));
	assert_true(pmap_is_modified(w->machine, pg));
}

/* No memory for an enter that must not fail is a panic. */
static void
test_detects_enter_nomem(void **state)
{
	struct world *w = *state;

	faulty_fail(&w->env, 1, FAULTY_ON);
	expect_death(map(w, 0, 0, VM_PROT_READ), "must not fail");
	faulty_fail(&w->env, 0, FAULTY_ON);
}

static void
test_detects_bad_arguments(void **state)
{
	struct world *w = *state;
	struct vm_page *pg = &w->pages[0];

	expect_death(pmap_enter(w->pm, PAGE(0) + 1, pg, VM_PROT_READ, 0),
	    "va &");
	expect_death(pmap_enter(w->pm, 0, pg, VM_PROT_READ, 0), "va_min");
	expect_death(pmap_enter(w->pm, 1ull << 47, pg, VM_PROT_READ, 0),
	    "va_max");
	expect_death(pmap_enter(w->pm, PAGE(0), pg, VM_PROT_READ,
			 VM_PROT_WRITE),
	    "prot");
}

/* Does the check see a TLB that has more than the table? */
static void
test_check_sees_tlb(void **state)
{
	struct world *w = *state;

	map(w, 0, 0, VM_PROT_RW);
	assert_true(store(w, 0));
	expect_death((w->pages[0].pv->prot = VM_PROT_READ,
			 soft_machine_check(w->machine)),
	    "a TLB has what the table has not");
	expect_death((w->pages[0].pv->port = 0, soft_machine_check(w->machine)),
	    "a TLB has what was never loaded");
	expect_death((ptab_clear(w->pages[0].pv),
			 soft_machine_check(w->machine)),
	    "a TLB has what the table has not");
}

/* ---- what tests do with it ---- */

static int
enter_may_fail(struct world *w, unsigned n, unsigned page, unsigned flags)
{
	return pmap_enter(w->pm, PAGE(n), &w->pages[page], VM_PROT_READ,
	    flags | PMAP_CANFAIL);
}

/* Does exactly the nth that may fail, fail, and unmap? */
static void
test_fail_enter(void **state)
{
	struct world *w = *state;
	struct pmap_mapping found;

	soft_fail_enter(w->machine, 2);
	assert_int_equal(enter_may_fail(w, 0, 0, 0), 0);
	map(w, 1, 1, VM_PROT_READ); /* may not fail: not counted */
	assert_true(load(w, 0));
	assert_int_equal(enter_may_fail(w, 0, 2, 0), VM_ENOMEM);
	assert_false(pmap_extract(w->pm, PAGE(0), &found));
	assert_int_equal(soft_pending(w->machine), 1);
	assert_int_equal(enter_may_fail(w, 0, 2, 0), 0);
	assert_int_equal(soft_enters(w->machine), 3);
	soft_fail_enter(w->machine, 1);
	soft_fail_enter(w->machine, 0);
	assert_int_equal(enter_may_fail(w, 0, 2, 0), 0);
	pmap_update(w->pm);
}

/* ... but not over a wired one? */
static void
test_fail_enter_wired(void **state)
{
	struct world *w = *state;

	assert_int_equal(enter_may_fail(w, 0, 0, PMAP_WIRED), 0);
	soft_fail_enter(w->machine, 1);
	assert_int_equal(enter_may_fail(w, 0, 0, PMAP_WIRED), 0);
	assert_int_equal(soft_page_wirings(w->machine, &w->pages[0]), 1);
	soft_fail_enter(w->machine, 1);
	assert_int_equal(enter_may_fail(w, 1, 1, PMAP_WIRED), VM_ENOMEM);
}

/* Does forgetting leave the wired, need no update, and keep the bits? */
static void
test_forget(void **state)
{
	struct world *w = *state;

	map(w, 0, 0, VM_PROT_RW);
	assert_int_equal(enter_may_fail(w, 1, 1, PMAP_WIRED), 0);
	assert_true(store(w, 0));
	assert_true(load(w, 1));
	soft_forget(w->machine);
	assert_int_equal(soft_pending(w->machine), 0);
	assert_false(load(w, 0));
	assert_true(load(w, 1));
	assert_true(pmap_is_modified(w->machine, &w->pages[0]));
	assert_false(page_idle(w, 0));
}

/* Does a forgetful machine forget all in turn but what is wired? */
static void
test_forget_every(void **state)
{
	struct soft_config config = lazy;
	struct world *w;
	unsigned i, round, kept = 0;

	(void)state;
	config.forget_every = 1;
	w = world(config);
	assert_int_equal(enter_may_fail(w, 0, 0, PMAP_WIRED), 0);
	for (round = 0; round < 10; round++) {
		for (i = 1; i < NPAGES; i++)
			map(w, i, i, VM_PROT_READ);
	}
	for (i = 1; i < NPAGES; i++)
		kept += load(w, i);
	assert_in_range(kept, 1, NPAGES - 2);
	assert_true(load(w, 0));
	world_end(w);
}

static void
test_wirings(void **state)
{
	struct world *w = *state;

	map(w, 0, 0, VM_PROT_READ);
	assert_int_equal(soft_page_wirings(w->machine, &w->pages[0]), 0);
	assert_int_equal(enter_may_fail(w, 1, 0, PMAP_WIRED), 0);
	assert_int_equal(enter_may_fail(w, 2, 0, PMAP_WIRED), 0);
	assert_int_equal(soft_page_wirings(w->machine, &w->pages[0]), 2);
	pmap_unwire(w->pm, PAGE(1));
	assert_int_equal(soft_page_wirings(w->machine, &w->pages[0]), 1);
}

/* Does a machine that copies give the child what the parent has, to read? */
static void
test_copies(void **state)
{
	struct soft_config config = lazy;
	struct pmap_mapping found;
	struct pmap *child;
	struct world *w;

	(void)state;
	config.copies = true;
	w = world(config);
	map(w, 0, 0, VM_PROT_RW);
	map(w, 1, 1, VM_PROT_WRITE);
	assert_int_equal(pmap_create(w->machine, &child), 0);
	pmap_copy(child, w->pm, PAGE(0), PAGE(2));
	assert_true(pmap_extract(child, PAGE(0), &found));
	assert_ptr_equal(found.page, &w->pages[0]);
	assert_int_equal(found.prot, VM_PROT_READ);
	assert_false(pmap_extract(child, PAGE(1), &found));
	pmap_destroy(child);
	world_end(w);
}

/* ---- threads ---- */

#define ROUNDS 1000

struct race {
	struct world *w;
	_Atomic bool stop;
	_Atomic unsigned next_cpu;
	_Atomic unsigned done; /* accesses that went through */
	unsigned wait_every;   /* rounds, until one does */
};

/* A processor: loads and stores that may fault. */
static void *
run_cpu(void *arg)
{
	struct race *r = arg;
	unsigned cpu = atomic_fetch_add(&r->next_cpu, 1), i;

	for (i = 0; !atomic_load(&r->stop); i++) {
		if (touch(r->w, cpu, i % 4,
			i % 3 == 0 ? VM_PROT_WRITE : VM_PROT_READ))
			atomic_fetch_add(&r->done, 1);
	}
	return NULL;
}

/* Give somebody else the time to get in between. */
static void
dawdle(unsigned steps)
{
	_Atomic unsigned i;

	for (i = 0; i < steps; i++)
		;
}

/*
 * The core: maps page i, takes it away again, and then has the frame for
 * itself.  A processor that still reached it would be a data race, for the
 * thread sanitizer, and change its bytes, for us.
 */
static void
run_core(struct race *r, unsigned i)
{
	struct world *w = r->w;
	unsigned page = i % NPAGES, at;

	map(w, i % 4, page, VM_PROT_RW);
	if (i % r->wait_every == 0) {
		unsigned before = atomic_load(&r->done);

		while (atomic_load(&r->done) == before)
			(void)sched_yield();
	}
	if (i % 2 == 0)
		unmap(w, i % 4);
	else
		(void)pmap_page_protect(w->machine, &w->pages[page],
		    VM_PROT_NONE);
	dawdle(i % 100);
	if (i % 3 != 0)
		pmap_update(w->pm);
	else
		pmap_update_all(w->machine);
	assert_false(page_idle(w, page));
	for (at = 0; at < VM_PAGE_SIZE; at++) {
		if (bytes(w, page)[at] != SOFT_POISON)
			fail_msg("byte %u of a free frame changed", at);
	}
}

static void
race(struct race *r)
{
	pthread_t cpus[NCPUS];
	unsigned i;

	for (i = 0; i < NCPUS; i++)
		assert_int_equal(pthread_create(&cpus[i], NULL, run_cpu, r), 0);
	for (i = 0; i < ROUNDS; i++)
		run_core(r, i);
	atomic_store(&r->stop, true);
	for (i = 0; i < NCPUS; i++)
		assert_int_equal(pthread_join(cpus[i], NULL), 0);
}

static void
test_threads(void **state)
{
	struct race r = { .w = *state, .wait_every = 8 };

	race(&r);
}

/*
 * A second core updates all the time.  Does an update that finds nothing to
 * do return only when that of the other core is over?  Many TLBs make it
 * last, and the processors that run are the last to be flushed.
 */
static void *
run_second_core(void *arg)
{
	struct race *r = arg;

	while (!atomic_load(&r->stop)) {
		pmap_update(r->w->pm);
		pmap_update_all(r->w->machine);
	}
	return NULL;
}

static void
test_threads_two_updates(void **state)
{
	struct soft_config config = lazy;
	struct race r = { .next_cpu = 1000 - NCPUS, .wait_every = 2 };
	pthread_t second;

	(void)state;
	config.ncpus = 1000;
	config.tlb_entries = 1;
	r.w = world(config);
	assert_int_equal(pthread_create(&second, NULL, run_second_core, &r), 0);
	race(&r);
	assert_int_equal(pthread_join(second, NULL), 0);
	world_end(r.w);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_create_invalid),
		cmocka_unit_test(test_create_nomem),
		cmocka_unit_test(test_create_defaults),
		TEST(test_destroy_with_pmap),
		cmocka_unit_test(test_frames_at_start),
		TEST(test_idle_poisons),
		TEST(test_device_frames),
		TEST(test_access_many_pages),
		TEST(test_access_fault),
		TEST(test_access_prot),
		TEST(test_stale_remove),
		TEST(test_stale_protect),
		TEST(test_late_gain),
		TEST(test_untouched_needs_no_update),
		cmocka_unit_test_setup_teardown(test_eager, setup_eager,
		    teardown),
		TEST(test_detects_mapping_free_page),
		TEST(test_detects_freeing_mapped_page),
		TEST(test_detects_freeing_stale_page),
		TEST(test_detects_using_freed_page),
		TEST(test_detects_lost_store),
		TEST(test_detects_enter_nomem),
		TEST(test_detects_bad_arguments),
		TEST(test_check_sees_tlb),
		TEST(test_fail_enter),
		TEST(test_fail_enter_wired),
		TEST(test_forget),
		cmocka_unit_test(test_forget_every),
		TEST(test_wirings),
		cmocka_unit_test(test_copies),
		TEST(test_threads),
		cmocka_unit_test(test_threads_two_updates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
