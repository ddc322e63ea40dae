/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base_check_test.c - does an assertion that fails say what and where, and
 * does one that holds, or is switched off, do nothing?
 *
 * Built with and without VM_CHECKS, the program tests both sides of it.
 */

#include "test/unit/base_test.h"

#include "base/mem.h"

struct outer {
	int before;
	struct inner {
		int x;
	} inner;
};

static unsigned evaluated;

static bool
answer(bool value)
{
	evaluated++;
	return value;
}

static void
fail_assert(void)
{
	VM_ASSERT(1 + 1 == 3);
}

static void
fail_verify(void)
{
	VM_VERIFY(answer(false));
}

static void
fail_check(void)
{
	VM_CHECK(answer(false));
}

static void
reach_unreachable(void)
{
	VM_UNREACHABLE();
}

/* Does vm_panic() get the condition, the file and the line? */
static void
test_panic_tells(void **state VM_UNUSED)
{
	expect_panic(fail_assert());
	assert_string_equal(last_panic.what, "1 + 1 == 3");
	assert_non_null(strstr(last_panic.file, "base_check_test.c"));
	assert_in_range(last_panic.line, 1, 60);
}

/* Does each grade evaluate its condition once and go on if it holds? */
static void
test_conditions_that_hold(void **state VM_UNUSED)
{
	evaluated = 0;
	VM_ASSERT(answer(true));
	VM_VERIFY(answer(true));
	assert_int_equal(evaluated, 2);
	VM_CHECK(answer(true));
	assert_int_equal(evaluated, 2 + VM_CHECKS_ON);
}

/* Does each grade that is on panic, and VM_CHECK do nothing when off? */
static void
test_conditions_that_fail(void **state VM_UNUSED)
{
	expect_panic(fail_verify());
	expect_panic(reach_unreachable());
	evaluated = 0;
	if (VM_CHECKS_ON)
		expect_panic(fail_check());
	else
		fail_check();
	assert_int_equal(evaluated, VM_CHECKS_ON);
}

/* Can an assertion stand where an expression does, and take a pointer? */
static void
test_assertion_is_expression(void **state VM_UNUSED)
{
	const char *p = "p";
	int x;

	x = (VM_ASSERT(p != NULL), 7);
	assert_int_equal(x, 7);
	if (x == 7)
		VM_ASSERT(p);
	else
		VM_CHECK(p);
}

/* Does container_of lead back to the outer structure? */
static void
test_container_of(void **state VM_UNUSED)
{
	struct outer outer = { 1, { 2 } };
	struct inner *inner = &outer.inner;

	assert_ptr_equal(container_of(inner, struct outer, inner), &outer);
}

/* Are the functions of mem.h those of <string.h>, included as well? */
static void
test_mem_is_string(void **state VM_UNUSED)
{
	char a[4] = "abc", b[4];

	memset(b, 0, sizeof(b));
	memcpy(b, a, 2);
	memmove(b + 1, b, 2);
	assert_int_equal(memcmp(b, "aab", 4), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_panic_tells),
		cmocka_unit_test(test_conditions_that_hold),
		cmocka_unit_test(test_conditions_that_fail),
		cmocka_unit_test(test_assertion_is_expression),
		cmocka_unit_test(test_container_of),
		cmocka_unit_test(test_mem_is_string),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
