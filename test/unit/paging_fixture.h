/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * paging_fixture.h - for unit tests of paging: memory with contents, out to
 * swaps[0] of the fixture and back.
 *
 *	fill(fx, 0, 8);
 *	begin_page_out(fx);	// all of it is busy
 *	let_all_go(fx);		// or: fail_all
 *	assert_filled(fx, fx->vs, 0, 8);
 */
#ifndef TEST_UNIT_PAGING_FIXTURE_H
#define TEST_UNIT_PAGING_FIXTURE_H

#include "test/unit/fixture.h"

struct faultyswap *disk(struct fixture *);

/* Pages [page, page + n) get the bytes 1, 2...; they have them. */
void fill(struct fixture *, size_t page, size_t n);
void assert_filled(struct fixture *, struct vmspace *, size_t page, size_t n);

/* Another space, with pages [0, n) of its own that are filled. */
struct vmspace *filled_space(struct fixture *, size_t n);

/* Everything that may go does. */
void page_out(struct fixture *);

/* The same, but what is written stays under way.
 * => something is */
void begin_page_out(struct fixture *);

/* It ends: well, badly. */
void let_all_go(struct fixture *);
void fail_all(struct fixture *);

/* The system ends while something is under way that ends by on_wait: nothing is
 * left, not the fixture either. */
void assert_end_waits(struct fixture *, void (*on_wait)(struct fixture *));

/* Both, in turn: page_out_ends[end](fx). */
extern void (*const page_out_ends[2])(struct fixture *);
#define FOR_ENDS(end) for (unsigned end = 0; end < 2; end++)

#endif
