/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base_fmt_test.c - does the formatter write what snprintf(3) writes?
 *
 * Formats are built at run time, so the compiler's check of them is off here.
 */

#include <inttypes.h>
#include <limits.h>

#include "test/unit/base_test.h"

#include "base/fmt.h"

#pragma GCC diagnostic ignored "-Wformat"
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
#pragma GCC diagnostic ignored "-Wformat-zero-length"

enum { LEN = 400 };

/* Do both write the same text and say the same length? */
#define assert_same(...)                                                    \
	do {                                                                \
		char ours[LEN], theirs[LEN];                                \
		size_t n = fmt_snprintf(ours, LEN, __VA_ARGS__);            \
		int m = snprintf(theirs, LEN, __VA_ARGS__);                 \
		if (strcmp(ours, theirs) != 0 || n != (size_t)m)            \
			fail_msg("seed %llu: \"%s\" %zu, not \"%s\" %d",    \
			    (unsigned long long)test_seed, ours, n, theirs, \
			    m);                                             \
	} while (0)

#define assert_text(expected, ...)                               \
	do {                                                     \
		char ours[LEN];                                  \
		size_t n = fmt_snprintf(ours, LEN, __VA_ARGS__); \
		assert_string_equal(ours, expected);             \
		assert_int_equal(n, strlen(expected));           \
	} while (0)

/* Is text without directives left alone? */
static void
test_literal(void **state VM_UNUSED)
{
	assert_same("");
	assert_same("plain text\n");
	assert_same("100%%");
	assert_same("%%%%");
	assert_same("\001\377 bytes");
}

/* Is each conversion right with each length, at the ends of its type? */
static void
test_lengths(void **state VM_UNUSED)
{
	assert_same("%d %d %d %d", 0, 1, INT_MIN, INT_MAX);
	assert_same("%i %u %x %X", -5, UINT_MAX, UINT_MAX, 0xabcdefu);
	assert_same("%ld %ld %lu", LONG_MIN, LONG_MAX, ULONG_MAX);
	assert_same("%lx %lX %li", ULONG_MAX, 0xabcdeful, -1l);
	assert_same("%lld %lld %llu", LLONG_MIN, LLONG_MAX, ULLONG_MAX);
	assert_same("%llx %llX", ULLONG_MAX, 0x123456789abcdefull);
	assert_same("%zu %zx %zd", SIZE_MAX, SIZE_MAX, (ssize_t)-3);
	assert_same("%jd %jd %ju", INTMAX_MIN, INTMAX_MAX, UINTMAX_MAX);
	assert_same("%td %td", PTRDIFF_MIN, PTRDIFF_MAX);
	assert_same("%tx %tu", (ptrdiff_t)-1, (ptrdiff_t)7);
	assert_same("%" PRIu64 " %" PRIx32 " %" PRIdPTR, UINT64_MAX, UINT32_MAX,
	    INTPTR_MIN);
}

/* Are fields padded on the right side with the right thing? */
static void
test_fields(void **state VM_UNUSED)
{
	assert_same("[%5d] [%-5d] [%05d] [%-05d]", -42, -42, -42, -42);
	assert_same("[%2d] [%1d] [%0d]", 12345, 12345, 12345);
	assert_same("[%8s] [%-8s] [%2s]", "abc", "abc", "abc");
	assert_same("[%5c] [%-5c] [%c]", 'x', 'y', 'z');
	assert_text("[  abc] [    x]", "[%05s] [%05c]", "abc", 'x');
	assert_same("[%#x] [%#X] [%#x] [%#10x] [%-#10x] [%#010x]", 255, 255, 0,
	    255, 255, 255);
	assert_same("[%*d] [%*d] [%-*d] [%0*d]", 6, 1, -6, 2, 6, 3, 6, 4);
	assert_same("[%100d] [%-100s] [%0100x]", 7, "seven", 7);
}

/* Is the precision of a string its longest length? */
static void
test_precision(void **state VM_UNUSED)
{
	const char unterminated[3] = { 'a', 'b', 'c' };

	assert_same("[%.2s] [%.0s] [%.s] [%.9s]", "abc", "abc", "abc", "abc");
	assert_same("[%.*s] [%.*s]", 2, "abc", -1, "abc");
	assert_same("[%8.2s] [%-8.2s] [%*.*s]", "abc", "abc", 5, 1, "abc");
	assert_text("[abc]", "[%.3s]", unterminated);
	assert_text("[]", "[%.*s]", 0, unterminated);
}

/* Is a NUL among the characters put, and counted? */
static void
test_nul_character(void **state VM_UNUSED)
{
	char buf[8];

	memset(buf, 'x', sizeof(buf));
	assert_int_equal(fmt_snprintf(buf, sizeof(buf), "a%cb", 0), 3);
	assert_memory_equal(buf, "a\0b\0xxxx", 8);
}

/* What do null pointers look like, and others? */
static void
test_pointers(void **state)
{
	const char *volatile none = NULL;

	assert_text("(null) (nul", "%s %.4s", none, none);
	assert_text("0x0", "%p", NULL);
	assert_text("0x1234abcd", "%p", (void *)(uintptr_t)0x1234abcd);
	assert_text("[      0xff] [0xff      ]", "[%10p] [%-10p]",
	    (void *)(uintptr_t)0xff, (void *)(uintptr_t)0xff);
	assert_same("%p", (void *)state);
}

/* Is an unknown directive, and all after it, printed as it stands? */
static void
test_unknown(void **state VM_UNUSED)
{
	assert_text("1 %f %d", "%d %f %d", 1, 2.0, 3);
	assert_text("%", "%");
	assert_text("50%", "50%");
	assert_text("%-08", "%-08");
	assert_text("%.3d", "%.3d", 7);
	assert_text("%ls %s", "%ls %s", L"wide", "s");
	assert_text("%hd", "%hd", 7);
	assert_text("a%lx is 1: %q", "a%%lx is %lx: %q", 1ul);
	assert_text("%.*", "%.*", 3);
	assert_text("%l", "%l");
}

/* Is the text cut at any size, terminated, and its whole length said? */
static void
test_truncation(void **state VM_UNUSED)
{
	char ours[32], theirs[32];

	for (size_t size = 0; size <= sizeof(ours); size++) {
		memset(ours, '#', sizeof(ours));
		memset(theirs, '#', sizeof(theirs));
		assert_int_equal(fmt_snprintf(ours, size, "%s-%08x|%-6d|",
				     "text", 7, 42),
		    snprintf(theirs, size, "%s-%08x|%-6d|", "text", 7, 42));
		assert_memory_equal(ours, theirs, sizeof(ours));
	}
	assert_int_equal(fmt_snprintf(NULL, 0, "%d", 12345), 5);
}

struct sink {
	char text[LEN];
	size_t n, puts;
};

static void
sink_put(void *ctx, const char *s, size_t n)
{
	struct sink *sink = ctx;

	assert_true(n > 0);
	assert_true(n < LEN - sink->n);
	memcpy(sink->text + sink->n, s, n);
	sink->n += n;
	sink->puts++;
}

/* Does output go to the caller's function, in few pieces, none empty? */
static void
test_out(void **state VM_UNUSED)
{
	struct sink sink = { .n = 0 };
	struct fmt_out out = { sink_put, &sink };

	assert_int_equal(fmt_printf(&out, "%s", ""), 0);
	assert_int_equal(sink.puts, 0);
	assert_int_equal(fmt_printf(&out, "one piece"), 9);
	assert_int_equal(sink.puts, 1);
	assert_int_equal(fmt_printf(&out, ", %d %s", 2, "more"), 8);
	assert_string_equal(sink.text, "one piece, 2 more");
	assert_int_equal(sink.puts, 5);
	assert_int_equal(fmt_printf(&out, "%64s", "x"), 64);
	assert_in_range(sink.puts, 6, 10);
}

static size_t
forward(const struct fmt_out *out, const char *format, ...)
{
	va_list ap;
	size_t n;

	va_start(ap, format);
	n = fmt_vprintf(out, format, ap);
	n += fmt_vprintf(out, format, ap);
	va_end(ap);
	return n;
}

/* Does fmt_vprintf() leave the caller's arguments where they were? */
static void
test_vprintf(void **state VM_UNUSED)
{
	struct sink sink = { .n = 0 };
	struct fmt_out out = { sink_put, &sink };

	assert_int_equal(forward(&out, "%d,%s;", 1, "a"), 8);
	assert_string_equal(sink.text, "1,a;1,a;");
}

/* A directive: flags, width, length and one of the conversions. */
static void
random_directive(char *s, const char *flags, const char *length,
    const char *conversions)
{
	*s++ = '%';
	for (; *flags != '\0'; flags++) {
		if (random_below(3) == 0)
			*s++ = *flags;
	}
	if (random_below(2) == 0)
		s += sprintf(s, "%zu", 1 + random_below(40));
	s = stpcpy(s, length);
	*s++ = conversions[random_below(strlen(conversions))];
	*s = '\0';
}

static void
random_integers(uint64_t value)
{
	char f[64];

	random_directive(f, "-0", "", "diu");
	assert_same(f, (int)value);
	random_directive(f, "-0#", "", "xX");
	assert_same(f, (unsigned)value);
	random_directive(f, "-0", "l", "diu");
	assert_same(f, (long)value);
	random_directive(f, "-0#", "ll", "xX");
	assert_same(f, (unsigned long long)value);
	random_directive(f, "-0", "z", "diu");
	assert_same(f, (size_t)value);
	random_directive(f, "-0#", "j", "xX");
	assert_same(f, (uintmax_t)value);
	random_directive(f, "-0", "t", "di");
	assert_same(f, (ptrdiff_t)value);
}

static void
random_strings(void)
{
	const char *const text = "a string of some forty different letters";
	const char *s = text + random_below(strlen(text) + 1);
	int precision = (int)random_below(50) - 5;
	int c = 'a' + (int)random_below(26);
	char f[64];

	random_directive(f, "-", "", "s");
	assert_same(f, s);
	random_directive(f, "-", ".10", "s");
	assert_same(f, s);
	random_directive(f, "-", ".*", "s");
	assert_same(f, precision, s);
	random_directive(f, "-", "", "c");
	assert_same(f, c);
}

/* Is any directive, with numbers of any length, the same? */
static void
test_random(void **state VM_UNUSED)
{
	for (uint64_t seed = 1; seed <= test_seeds(20000); seed++) {
		random_start(seed);
		random_integers(random_u64() >> random_below(64));
		random_integers(-(random_u64() >> random_below(64)));
		random_strings();
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_literal),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_precision),
		cmocka_unit_test(test_nul_character),
		cmocka_unit_test(test_pointers),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_truncation),
		cmocka_unit_test(test_out),
		cmocka_unit_test(test_vprintf),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
