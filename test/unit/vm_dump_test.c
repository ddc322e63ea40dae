/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_dump_test.c - the system in words: one line for each thing there is, with
 * the words that scripts look for.
 */
#include "test/unit/base_test.h"
#include "test/unit/fixture.h"

struct text {
	char bytes[16384];
	size_t len;
};

static void
put(void *ctx, const char *s, size_t n)
{
	struct text *t = ctx;

	assert_true(t->len + n < sizeof(t->bytes));
	memcpy(t->bytes + t->len, s, n);
	t->len += n;
	t->bytes[t->len] = '\0';
}

static struct fmt_out
to_text(struct text *t)
{
	t->len = 0;
	t->bytes[0] = '\0';
	return (struct fmt_out){ put, t };
}

static size_t
lines(const struct text *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->len; i++)
		n += t->bytes[i] == '\n';
	return n;
}

/* Is there a line with both words? */
static bool
has_line(const struct text *t, const char *one, const char *two)
{
	const char *line = t->bytes, *end, *a, *b;

	for (; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		a = strstr(line, one);
		b = strstr(line, two);
		if (a != NULL && a < end && b != NULL && b < end)
			return true;
	}
	return false;
}

static void
fill(struct fixture *fx)
{
	assert_int_equal(map_anon(fx, 0, 4), VM_OK);
	assert_int_equal(map_file(fx, 8, 4, VM_MMAP_SHARED, 0), VM_OK);
	assert_int_equal(protect(fx, 8, 4, VM_PROT_READ), VM_OK);
	assert_int_equal(store(fx, 1, 'x'), VM_OK);
	assert_int_equal(load(fx, 8), 'A');
}

/* One line an entry, below a heading, with range, rights, pages? */
static void
test_map(void **state)
{
	struct fixture *fx = *state;
	static struct text t;
	struct fmt_out out = to_text(&t);

	vm_dump_map(fx->vs, &out);
	assert_int_equal(lines(&t), 1);
	fill(fx);
	assert_int_equal(vm_mlock(fx->vs, fx_va(3), FX_PAGE), VM_OK);
	out = to_text(&t);
	vm_dump_map(fx->vs, &out);
	assert_int_equal(lines(&t), 1 + entries(fx->vs));
	assert_true(has_line(&t, "000000100000-000000103000", "rw-/rwx"));
	assert_true(has_line(&t, "000000103000-000000104000", "W"));
	assert_true(has_line(&t, "000000108000-00000010c000", "r--/rwx"));
	assert_true(has_line(&t, "000000108000", "share"));
	assert_true(has_line(&t, "000000108000", " a file in memory"));
}

/* A line for each entry that has pages of its own, in words of the design? */
static void
test_upper(void **state)
{
	struct fixture *fx = *state;
	static struct text t;
	struct fmt_out out = to_text(&t);

	fill(fx);
	vm_dump_upper(fx->vs, &out);
	assert_int_equal(lines(&t), 1);
	assert_true(has_line(&t, "000000100000",
	    fx_is_uvm() ? "anons 1" : "resident 1"));
}

/* A line for each object, cached ones too? */
static void
test_objects(void **state)
{
	struct fixture *fx = *state;
	static struct text t;
	struct fmt_out out = to_text(&t);

	fill(fx);
	vm_dump_objects(fx->sys, &out);
	/* What is private is in an object of its own, but for UVM. */
	assert_int_equal(lines(&t), fx_is_uvm() ? 1 : 2);
	assert_true(has_line(&t, "file", "refs 1"));
	assert_int_equal(unmap(fx, 8, 4), VM_OK);
	out = to_text(&t);
	vm_dump_objects(fx->sys, &out);
	assert_true(has_line(&t, "file", "cached"));
}

/* A line for each counter, with its value? */
static void
test_stats(void **state)
{
	struct fixture *fx = *state;
	static struct text t;
	struct fmt_out out = to_text(&t);
	size_t n = 0;

#define ONE(name, meaning) n++;
	VM_STATS(ONE)
#undef ONE
	fill(fx);
	vm_dump_stats(fx->sys, &out);
	assert_int_equal(lines(&t), n);
	assert_true(has_line(&t, " 2 faults", "faults taken"));
}

int
main(void)
{
	const struct fx_test tests[] = {
		FX_TEST(test_map),
		FX_TEST(test_upper),
		FX_TEST(test_objects),
		FX_TEST(test_stats),
	};

	return FX_RUN("vm_dump", tests);
}
