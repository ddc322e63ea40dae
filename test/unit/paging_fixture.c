/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * paging_fixture.c - for unit tests of paging: memory with contents, out to
 * swap and back.
 */
#include "test/unit/paging_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct faultyswap *
disk(struct fixture *fx)
{
	return &fx->swaps[0].io;
}

static int
byte_of(size_t i)
{
	return (int)(i % 200) + 1;
}

void
fill(struct fixture *fx, size_t page, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_int_equal(store(fx, page + i, byte_of(i)), VM_OK);
}

struct vmspace *
filled_space(struct fixture *fx, size_t n)
{
	struct vmspace *vs;

	assert_int_equal(vmspace_create(fx->sys, fx_design, &vs), VM_OK);
	assert_int_equal(fx_map_at(fx, vs, 0, n, VM_MMAP_PRIVATE, NULL, 0),
	    VM_OK);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(store_in(fx, vs, i, byte_of(i)), VM_OK);
	return vs;
}

void
assert_filled(struct fixture *fx, struct vmspace *vs, size_t page, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_true(page_is(fx, vs, page + i, byte_of(i)));
}

void
page_out(struct fixture *fx)
{
	(void)vm_pageout_once(fx->sys, SIZE_MAX, true);
	(void)vm_pageout(fx->sys, vm_page_count(fx->sys));
}

void
begin_page_out(struct fixture *fx)
{
	disk(fx)->hold = true;
	for (unsigned i = 0; i < 3; i++)
		(void)vm_pageout_once(fx->sys, SIZE_MAX, true);
	disk(fx)->hold = false;
	assert_true(disk(fx)->nheld != 0);
}

void
let_all_go(struct fixture *fx)
{
	while (disk(fx)->nheld != 0)
		faultyswap_let_go(disk(fx), 0);
}

void
fail_all(struct fixture *fx)
{
	while (disk(fx)->nheld != 0)
		faultyswap_fail_held(disk(fx), 0);
}

void
assert_end_waits(struct fixture *fx, void (*on_wait)(struct fixture *))
{
	fx->on_wait = on_wait;
	vmspace_unref(fx->vs);
	fx->vs = NULL;
	vm_system_destroy(fx->sys);
	fx->sys = NULL;
	assert_int_equal(fx->env.blocks, 0);
	assert_null(fixture_destroy(fx));
}

void (*const page_out_ends[2])(struct fixture *) = { let_all_go, fail_all };
