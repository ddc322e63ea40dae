/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host_swapspec_test.c - what do the words behind -s mean, and which mean
 * nothing?
 */
#include "host/size.h"
#include "host/swapspec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define K ((uint64_t)1 << 10)
#define M ((uint64_t)1 << 20)
#define G ((uint64_t)1 << 30)

static void
test_sizes(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} sizes[] = { { "0", 0 }, { "1", 1 }, { "64M", 64 * M },
		{ "64m", 64 * M }, { "3K", 3 * K }, { "17G", 17 * G },
		{ "18446744073709551615", UINT64_MAX },
		{ "17179869183G", UINT64_MAX - G + 1 }, { "2T", 2048 * G },
		{ "16777215t", UINT64_MAX - 1024 * G + 1 } };
	static const char *const others[] = { "", "M", "-1", "+1", " 1", "1 ",
		"1P", "1MB", "0x10", "1.5M", "18446744073709551616",
		"17179869184G", "16777216T" };
	uint64_t bytes;

	(void)state;
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		assert_true(size_parse(sizes[i].text, &bytes));
		assert_int_equal(bytes, sizes[i].bytes);
	}
	for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(size_parse(others[i], &bytes));
}

static void
test_right(void **state)
{
	static const struct {
		const char *text;
		enum swapspec_kind kind;
		const char *place;
		uint64_t size;
		int priority;
	} rows[] = {
		{ "64M", SWAPSPEC_TEMPORARY, "", 64 * M, 0 },
		{ "1T", SWAPSPEC_TEMPORARY, "", 1024 * G, 0 },
		{ "a:3T", SWAPSPEC_FILE, "a", 3072 * G, 0 },
		{ "./a://b", SWAPSPEC_FILE, "./a://b", 0, 0 },
		{ "4096,priority=7", SWAPSPEC_TEMPORARY, "", 4096, 7 },
		{ "./64M", SWAPSPEC_FILE, "./64M", 0, 0 },
		{ "swap.img", SWAPSPEC_FILE, "swap.img", 0, 0 },
		{ "swap.img:1G", SWAPSPEC_FILE, "swap.img", G, 0 },
		{ "a:b:2K", SWAPSPEC_FILE, "a:b", 2 * K, 0 },
		{ "a:b", SWAPSPEC_FILE, "a:b", 0, 0 },
		{ "a:", SWAPSPEC_FILE, "a:", 0, 0 },
		{ "64Q", SWAPSPEC_FILE, "64Q", 0, 0 },
		{ "./64M:32M", SWAPSPEC_FILE, "./64M", 32 * M, 0 },
		{ "2019-07:1M", SWAPSPEC_FILE, "2019-07", M, 0 },
		{ "a,b", SWAPSPEC_FILE, "a,b", 0, 0 },
		{ "a,b,=c", SWAPSPEC_FILE, "a,b,=c", 0, 0 },
		{ "a,b,priority=32767", SWAPSPEC_FILE, "a,b", 0, 32767 },
		{ "/dev/sdz1:1M,priority=0", SWAPSPEC_FILE, "/dev/sdz1", M, 0 },
		{ "nbd://host/e", SWAPSPEC_NBD, "nbd://host/e", 0, 0 },
		{ "nbd://host:10809/1M", SWAPSPEC_NBD, "nbd://host:10809/1M", 0,
		    0 },
		{ "nbd://host:10809", SWAPSPEC_NBD, "nbd://host:10809", 0, 0 },
		{ "nbd://host/,priority=3", SWAPSPEC_NBD, "nbd://host/", 0, 3 },
		{ "nbd+unix:///e?socket=/s", SWAPSPEC_NBD,
		    "nbd+unix:///e?socket=/s", 0, 0 },
	};
	struct swapspec spec;
	const char *wrong;

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		wrong = swapspec_parse(rows[i].text, &spec);
		if (wrong != NULL)
			fail_msg("%s: %s", rows[i].text, wrong);
		assert_int_equal(spec.kind, rows[i].kind);
		assert_ptr_equal(spec.text, rows[i].text);
		assert_int_equal(spec.place_len, strlen(rows[i].place));
		assert_memory_equal(spec.text, rows[i].place, spec.place_len);
		assert_int_equal(spec.size, rows[i].size);
		assert_int_equal(spec.priority, rows[i].priority);
	}
}

static void
test_wrong(void **state)
{
	static const struct {
		const char *text, *word;
	} rows[] = {
		{ "", "neither" },
		{ ",priority=1", "neither" },
		{ "0", "size of 0" },
		{ "0K", "size of 0" },
		{ "a:0", "size of 0" },
		{ ":64M", "no file" },
		{ "a,prio=1", "no other option" },
		{ "a,priority=1,priority=2", "priority is" },
		{ "a,priority=", "priority is" },
		{ "a,priority=-1", "priority is" },
		{ "a,priority=+1", "priority is" },
		{ "a,priority=32768", "priority is" },
		{ "a,priority=99999999999999999999", "priority is" },
		{ "a,priority=1x", "priority is" },
		{ "nbd://h/e,size=1M", "no other option" },
		{ "nbd://h:1/:16M", "no :SIZE" },
		{ "nbd://h/e:16M,priority=1", "no :SIZE" },
		{ "64MB", "./NAME" },
		{ "64MiB", "./NAME" },
		{ "1.5G", "./NAME" },
		{ "1P", "./NAME" },
		{ "nbd://h/e:1T", "no :SIZE" },
		{ "NBD://h/e", "nbd://, nbds://" },
		{ "http://h/e:64M", "nbd://, nbds://" },
		{ "nbdx://h", "nbd://, nbds://" },
		{ "nbd+ftp://h", "nbd://, nbds://" },
		{ "://h", "nbd://, nbds://" },
		{ "nbd:h:10809", "nbd://, nbds://" },
		{ "64M,priority", "no other option" },
		{ "64M,64M", "no other option" },
		{ "-5M", "./NAME" },
		{ "32M:", "./NAME" },
		{ "64M:32M", "./NAME" },
		{ "swap:64MB", "behind the colon" },
	};
	struct swapspec spec;
	const char *wrong;

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		wrong = swapspec_parse(rows[i].text, &spec);
		if (wrong == NULL || strstr(wrong, rows[i].word) == NULL)
			fail_msg("\"%s\": %s", rows[i].text,
			    wrong == NULL ? "nothing is wrong" : wrong);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_right),
		cmocka_unit_test(test_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
