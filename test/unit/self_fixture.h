/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * self_fixture.h - systems in this process, for the tests of <bsdvm/vm.h>.
 */
#ifndef TEST_SELF_FIXTURE_H
#define TEST_SELF_FIXTURE_H

#include <bsdvm/vm.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define PAGE BSDVM_PAGE_SIZE
#define KB   ((size_t)1 << 10)
#define MB   ((size_t)1 << 20)

static inline struct bsdvm_system *
make_system(const char *design, size_t memory, size_t swap)
{
	const struct bsdvm_swap file = { .size = swap };
	const struct bsdvm_config config = { .memory = memory,
		.window = (uint64_t)1 << 30,
		.design = design,
		.swaps = &file,
		.nswaps = swap != 0 };
	struct bsdvm_system *sys;
	struct bsdvm_why why;

	if (bsdvm_system_create(&config, &sys, &why) != 0)
		fail_msg("%s", why.text);
	return sys;
}

static inline struct bsdvm_space *
make_space(struct bsdvm_system *sys)
{
	struct bsdvm_space *space;

	assert_int_equal(bsdvm_space_create(sys, &space), 0);
	return space;
}

static inline char *
make_memory(struct bsdvm_space *space, size_t len)
{
	void *p;

	assert_int_equal(bsdvm_map_anon(space, len, &p), 0);
	return p;
}

/* One byte a page. */
static inline void
fill(char *p, size_t len, int byte)
{
	for (size_t i = 0; i < len; i += PAGE)
		p[i] = (char)(byte + (int)(i / PAGE));
}

static inline void
expect(const char *p, size_t len, int byte)
{
	for (size_t i = 0; i < len; i += PAGE)
		if (p[i] != (char)(byte + (int)(i / PAGE)))
			fail_msg("page %zu has %d", i / PAGE, p[i]);
}

#endif
