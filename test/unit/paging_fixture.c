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

void (*const page_out_ends[2])(struct fixture *) = { let_all_go, fail_all };
