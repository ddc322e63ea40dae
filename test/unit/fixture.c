/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fixture.c - a small system for the unit tests of vm/.
 *
 * The host is malloc() behind an environment that counts; there is one thread,
 * so nothing may wait, unless the test says what happens then.  vm_panic() is
 * the test's own (base_test.h).
 */
#include "test/unit/fixture.h"

#include "vm/cow/layers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { DESIGNS_MAX = 8 };

const struct vm_design *fx_design = &vm_design_netbsd;

/* ------------------------------------------------------ beginning and end */

static void *
host_alloc(void *ctx, size_t size)
{
	(void)ctx;
	return size % FX_PAGE == 0 ? aligned_alloc(FX_PAGE, size) :
				     malloc(size);
}

static void
host_free(void *ctx, void *p, size_t size)
{
	(void)ctx, (void)size;
	free(p);
}

struct vm_env
fixture_env(void)
{
	return (struct vm_env){ .alloc = host_alloc, .free = host_free };
}

static void
fixture_wait(void *ctx, const _Atomic uint32_t *word, uint32_t value)
{
	struct fixture *fx = ctx;

	VM_VERIFY(fx->on_wait != NULL); /* one thread, waiting for itself */
	if (*word == value)
		fx->on_wait(fx);
}

static void
fixture_yield(void *ctx)
{
	struct fixture *fx = ctx;

	if (fx->on_wait != NULL)
		fx->on_wait(fx);
}

static void
fixture_wake(void *ctx, const _Atomic uint32_t *word)
{
	struct fixture *fx = ctx;

	(void)word;
	fx->wakes++;
}

static void
env_init(struct fixture *fx)
{
	fx->plain = fixture_env();
	fx->plain.ctx = fx;
	fx->plain.wait = fixture_wait;
	fx->plain.wake = fixture_wake;
	fx->plain.yield = fixture_yield;
	faulty_init(&fx->env, &fx->plain);
	faulty_init(&fx->mmu_env, &fx->plain);
}

static void
files_init(struct fixture *fx)
{
	for (unsigned i = 0; i < FX_FILES; i++) {
		struct memfile *f = &fx->files[i];

		f->size = 8 * FX_PAGE;
		for (unsigned j = 0; j < 8; j++)
			memset(f->bytes + j * FX_PAGE, 'A' + (int)j, FX_PAGE);
	}
}

static bool
fixture_init(struct fixture *fx, const struct soft_config *config,
    const struct vm_design *design)
{
	env_init(fx);
	fx->files = calloc(FX_FILES, sizeof(*fx->files));
	if (fx->files == NULL)
		return false;
	files_init(fx);
	if (soft_machine_create(&fx->mmu_env.env, config, &fx->machine) !=
		VM_OK ||
	    vm_system_create(&fx->env.env, fx->machine, &fx->sys) != VM_OK)
		return false;
	vm_system_prefer(fx->sys, design);
	return vmspace_create(fx->sys, design, &fx->vs) == VM_OK;
}

struct fixture *
fixture_create_as(const struct soft_config *config,
    const struct vm_design *design)
{
	struct fixture *fx = calloc(1, sizeof(*fx));

	if (fx != NULL && fixture_init(fx, config, design))
		return fx;
	if (fx != NULL)
		(void)fixture_destroy(fx);
	return NULL;
}

struct fixture *
fixture_create(const struct soft_config *config)
{
	return fixture_create_as(config, fx_design);
}

uint64_t
fx_each_failure(bool (*play)(uint64_t n, enum faulty_mode))
{
	uint64_t n = 1, m = 1;

	while (play(n, FAULTY_ONCE))
		n++;
	while (play(m, FAULTY_ON))
		m++;
	return n;
}

static void
free_swap(struct fixture *fx, unsigned i)
{
	if (fx->swaps[i].ram.bytes != NULL)
		ramswap_fini(&fx->swaps[i].ram);
}

int
fixture_swap(struct fixture *fx, unsigned i, uint64_t npages, int priority)
{
	struct fx_swap *sw = &fx->swaps[i];
	const struct vm_swap_device device = {
		.ops = &faultyswap_ops,
		.dev = &sw->io,
		.name = "memory",
		.npages = npages,
		.priority = priority,
	};

	free_swap(fx, i);
	if (ramswap_init(&sw->ram, &fx->plain, npages) != VM_OK)
		abort();
	faultyswap_init(&sw->io, &ramswap_ops, &sw->ram);
	return vm_swap_add(fx->sys, &device, &sw->id);
}

/* What is left when the last space has gone. */
static const char *
left_over(struct fixture *fx)
{
	struct vm_stats *st = &fx->sys->stats;

	(void)vm_object_reclaim(fx->sys, SIZE_MAX);
	if (st->anons_allocated != st->anons_freed)
		return "anons are left";
	if (st->entries_allocated != st->entries_freed)
		return "map entries are left";
	if (vm_page_free_count(fx->sys) != vm_page_count(fx->sys))
		return "pages are left";
	if (vm_page_wired_count(fx->sys) != 0)
		return "wired pages are left";
	if (vm_swap_in_use(fx->sys) != 0)
		return "slots of swap are left";
	return NULL;
}

static const char *
system_destroy(struct fixture *fx)
{
	const char *left;

	if (fx->vs != NULL)
		vmspace_unref(fx->vs);
	left = left_over(fx);
	if (left != NULL)
		return left;
	vm_check(fx->sys);
	vm_system_destroy(fx->sys);
	return NULL;
}

struct fixture *
fixture_of(size_t npages)
{
	const struct soft_config config = {
		.npages = npages,
		.va_min = FX_BASE,
		.va_max = FX_BASE + FX_CELLS * FX_PAGE,
	};
	struct fixture *fx = fixture_create(&config);

	assert_non_null(fx);
	return fx;
}

const char *
fixture_destroy(struct fixture *fx)
{
	const char *left = NULL;

	faulty_fail(&fx->env, 0, FAULTY_ONCE);
	faulty_fail(&fx->mmu_env, 0, FAULTY_ONCE);
	if (fx->sys != NULL)
		left = system_destroy(fx);
	if (left == NULL && fx->env.blocks != 0)
		left = "memory of the host is left";
	if (left == NULL && fx->files != NULL &&
	    fx->files[0].opens + fx->files[1].opens != 0)
		left = "a file is left open";
	if (left == NULL && fx->machine != NULL) {
		soft_machine_destroy(fx->machine);
		if (fx->mmu_env.blocks != 0)
			left = "memory of the machine is left";
	}
	for (unsigned i = 0; i < FX_SWAPS; i++)
		free_swap(fx, i);
	free(fx->files);
	free(fx);
	return left;
}

/* -------------------------------------------------------- tests by design */

static int
bare_setup(void **state)
{
	fx_design = *state;
	return 0;
}

static int
fixture_setup(void **state)
{
	const struct soft_config config = {
		.npages = FX_FRAMES,
		.device_pages = 4,
		.va_min = FX_BASE,
		.va_max = FX_BASE + FX_CELLS * FX_PAGE,
		.ncpus = 2,
	};

	(void)bare_setup(state);
	*state = fixture_create(&config);
	return *state == NULL ? -1 : 0;
}

static int
fixture_teardown(void **state)
{
	const char *left = fixture_destroy(*state);

	if (left != NULL)
		fprintf(stderr, "# %s\n", left);
	return left == NULL ? 0 : -1;
}

static char *
full_name(const struct vm_design *d, const char *name)
{
	size_t size = strlen(d->name) + strlen(name) + 2;
	char *s = malloc(size);

	if (s == NULL)
		abort();
	snprintf(s, size, "%s/%s", d->name, name);
	return s;
}

/* A case for cmocka, which hands initial_state to the setup. */
static void
add_case(struct CMUnitTest *to, const struct fx_test *t,
    const struct vm_design *d)
{
	to->name = full_name(d, t->name);
	to->test_func = t->run;
	to->setup_func = t->bare ? bare_setup : fixture_setup;
	to->teardown_func = t->bare ? NULL : fixture_teardown;
	memcpy(&to->initial_state, &d, sizeof(d));
}

int
fx_run(const char *name, const struct fx_test *tests, size_t n)
{
	const struct vm_design *d;
	struct CMUnitTest *cases = calloc(n * DESIGNS_MAX, sizeof(*cases));
	size_t ncases = 0;
	int failed;

	if (cases == NULL)
		abort();
	for (unsigned i = 0; (d = vm_design_nth(i)) != NULL; i++) {
		for (size_t j = 0; j < n; j++) {
			if (tests[j].only == NULL || tests[j].only == d)
				add_case(&cases[ncases++], &tests[j], d);
		}
	}
	failed = _cmocka_run_group_tests(name, cases, ncases, NULL, NULL);
	for (size_t i = 0; i < ncases; i++)
		free((void *)(uintptr_t)cases[i].name);
	free(cases);
	return failed;
}

uint64_t
charged_wired(struct fixture *fx)
{
	struct vm_charge now, max;

	vm_charge_get(fx->sys, &now, &max);
	return now.wired;
}

/* --------------------------------------------------------------- mappings */

int
fx_map_at(struct fixture *fx, struct vmspace *vs, size_t page, size_t n,
    unsigned flags, struct vm_object *obj, size_t pindex)
{
	struct vm_mmap_args args = {
		.addr = fx_va(page),
		.len = n * FX_PAGE,
		.prot = VM_PROT_RW,
		.max_prot = VM_PROT_ALL,
		.flags = flags | VM_MMAP_FIXED,
		.object = obj,
		.offset = pindex * FX_PAGE,
	};
	vaddr_t at;

	(void)fx;
	return vm_mmap(vs, &args, &at);
}

int
map_prot(struct vmspace *vs, size_t page, size_t n, vm_prot_t prot,
    unsigned flags)
{
	struct vm_mmap_args args = {
		.addr = fx_va(page),
		.len = n * FX_PAGE,
		.prot = prot,
		.flags = flags | VM_MMAP_FIXED,
	};
	vaddr_t at;

	return vm_mmap(vs, &args, &at);
}

int
map_anon(struct fixture *fx, size_t page, size_t n)
{
	return fx_map_at(fx, fx->vs, page, n, VM_MMAP_PRIVATE, NULL, 0);
}

int
map_shared(struct fixture *fx, size_t page, size_t n)
{
	return fx_map_at(fx, fx->vs, page, n, VM_MMAP_SHARED, NULL, 0);
}

struct vm_object *
file_object(struct fixture *fx, unsigned file)
{
	return memfile_object(fx->sys, &fx->files[file]);
}

struct vm_object *
anon_object(struct fixture *fx)
{
	return vm_anon_object(fx->sys);
}

int
map_file(struct fixture *fx, size_t page, size_t n, unsigned flags,
    unsigned file)
{
	struct vm_object *obj = file_object(fx, file);
	int error;

	if (obj == NULL)
		return VM_ENOMEM;
	error = fx_map_at(fx, fx->vs, page, n, flags, obj, 0);
	vm_object_unref(obj);
	return error;
}

void
map_filled(struct fixture *fx, size_t page, size_t n, int byte)
{
	assert_int_equal(map_anon(fx, page, n), VM_OK);
	for (size_t i = page; i < page + n; i++)
		assert_int_equal(store(fx, i, byte), VM_OK);
}

int
unmap(struct fixture *fx, size_t page, size_t n)
{
	return vm_munmap(fx->vs, fx_va(page), n * FX_PAGE);
}

int
protect(struct fixture *fx, size_t page, size_t n, vm_prot_t prot)
{
	return vm_mprotect(fx->vs, fx_va(page), n * FX_PAGE, prot);
}

/* --------------------------------------------------------------- accesses */

int
fx_access(struct fixture *fx, struct vmspace *vs, size_t page, vm_prot_t access,
    void *buf, size_t len)
{
	struct soft_access a = {
		.pmap = vs->map.pmap,
		.access = access,
		.va = fx_va(page),
		.buf = buf,
		.len = len,
	};
	int error = VM_OK;

	while (soft_access(&a) != VM_OK && error == VM_OK)
		error = vm_fault(&vs->map, a.va, access, 0);
	fx->stopped = a.va;
	return error;
}

int
store_in(struct fixture *fx, struct vmspace *vs, size_t page, int byte)
{
	uint8_t bytes[FX_PAGE];

	memset(bytes, byte, sizeof(bytes));
	return fx_access(fx, vs, page, VM_PROT_WRITE, bytes, sizeof(bytes));
}

int
load_in(struct fixture *fx, struct vmspace *vs, size_t page)
{
	uint8_t byte = 0;
	int error = fx_access(fx, vs, page, VM_PROT_READ, &byte, 1);

	return error != VM_OK ? -error : byte;
}

int
store(struct fixture *fx, size_t page, int byte)
{
	return store_in(fx, fx->vs, page, byte);
}

int
load(struct fixture *fx, size_t page)
{
	return load_in(fx, fx->vs, page);
}

bool
page_is(struct fixture *fx, struct vmspace *vs, size_t page, int byte)
{
	uint8_t bytes[FX_PAGE];

	if (fx_access(fx, vs, page, VM_PROT_READ, bytes, FX_PAGE) != VM_OK)
		return false;
	for (size_t i = 0; i < FX_PAGE; i++) {
		if (bytes[i] != (uint8_t)byte)
			return false;
	}
	return true;
}

int
try(struct fixture *fx, size_t page, vm_prot_t access, struct vm_fault_wait *w)
{
	return vm_fault_try(fx_map(fx), fx_va(page), access, VM_FAULT_NARROW,
	    w);
}

int
try_read(struct fixture *fx, size_t page, struct vm_fault_wait *w)
{
	return try(fx, page, VM_PROT_READ, w);
}

void
use_elsewhere(struct vmspace *vs, size_t page)
{
	uint8_t byte;
	struct soft_access a = {
		.pmap = vs->map.pmap,
		.cpu = 1,
		.access = VM_PROT_READ,
		.va = fx_va(page),
		.buf = &byte,
		.len = 1,
	};

	assert_int_equal(soft_access(&a), VM_OK);
}

/* --------------------------------------------------------- looking inside */

size_t
entries(struct vmspace *vs)
{
	return vs->map.nentries;
}

struct vm_map_entry *
entry_of(struct vmspace *vs, size_t page)
{
	struct vm_map_entry *e;

	vm_map_lock_read(&vs->map);
	e = vm_map_lookup(&vs->map, fx_va(page));
	vm_map_unlock_read(&vs->map);
	return e;
}

struct pmap_mapping
mapping_of(struct vmspace *vs, size_t page)
{
	struct pmap_mapping at = { 0 };

	if (!pmap_extract(vs->map.pmap, fx_va(page), &at))
		at = (struct pmap_mapping){ 0 };
	return at;
}

unsigned
depth(struct vmspace *vs, size_t page)
{
	const struct vm_layer *l = entry_of(vs, page)->layers.top;
	unsigned n = 0;

	for (; l != NULL; l = l->below)
		n++;
	return n;
}

size_t
pages_used(struct fixture *fx)
{
	return vm_page_count(fx->sys) - vm_page_free_count(fx->sys);
}

size_t
nresident(struct fixture *fx, size_t page, size_t n)
{
	uint8_t vec[FX_CELLS];
	size_t count = 0;

	assert_int_equal(vm_mincore(fx->vs, fx_va(page), n * FX_PAGE, vec),
	    VM_OK);
	for (size_t i = 0; i < n; i++)
		count += vec[i];
	return count;
}

bool
may_write(struct vmspace *vs, size_t page)
{
	return (mapping_of(vs, page).prot & VM_PROT_WRITE) != 0;
}

struct vmspace *
fork_space(struct vmspace *parent)
{
	struct vmspace *child;

	assert_int_equal(vmspace_fork(parent, &child), VM_OK);
	return child;
}
