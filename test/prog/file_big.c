/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * file_big.c: a large file read through a mapping.
 *
 * -n NUMBER is its size in megabytes (200 unless given).  It is read in order
 * with each advice in turn, in one system call, and in random order, and each
 * time every word is as it was written.
 */
#include "prog.h"

#define MEGABYTE ((size_t)1 << 20)
#define CHUNK    (MEGABYTE / 8)

static size_t size;
static int file;

static uint64_t
word(size_t i)
{
	return ((i + 1) * 0x9e3779b97f4a7c15u);
}

static void
make(void)
{
	static uint64_t chunk[CHUNK / sizeof(uint64_t)];
	char name[] = "big.XXXXXX";

	size = (prog_count > 0 ? (size_t)prog_count : 200) * MEGABYTE;
	file = mkstemp(name);
	REQUIRE(file >= 0);
	REQUIRE(unlink(name) == 0);
	for (size_t at = 0; at < size; at += CHUNK) {
		for (size_t i = 0; i < COUNT(chunk); i++)
			chunk[i] = word(at / sizeof(uint64_t) + i);
		REQUIRE(write(file, chunk, CHUNK) == (ssize_t)CHUNK);
	}
}

static void
read_in_order(int flags, int advice)
{
	const uint64_t *words = mmap(NULL, size, PROT_READ, flags, file, 0);
	uint64_t different = 0;

	REQUIRE(words != MAP_FAILED);
	REQUIRE(madvise((void *)(uintptr_t)words, size, advice) == 0);
	for (size_t i = 0; i < size / sizeof(*words); i++)
		different |= words[i] ^ word(i);
	REQUIRE(different == 0);
	REQUIRE(munmap((void *)(uintptr_t)words, size) == 0);
}

static void
in_order(void)
{
	read_in_order(MAP_PRIVATE, MADV_NORMAL);
}

static void
in_order_advised(void)
{
	read_in_order(MAP_SHARED, MADV_SEQUENTIAL);
}

static void
at_random(void)
{
	const uint64_t *words = mmap(NULL, size, PROT_READ, MAP_SHARED, file,
	    0);
	size_t n = size / sizeof(*words);
	uint32_t x = 1;

	REQUIRE(words != MAP_FAILED);
	REQUIRE(madvise((void *)(uintptr_t)words, size, MADV_RANDOM) == 0);
	for (int i = 0; i < 4000; i++) {
		size_t at;

		x = x * 1664525 + 1013904223;
		at = (size_t)x * 131 % n;
		REQUIRE(words[at] == word(at));
	}
	REQUIRE(munmap((void *)(uintptr_t)words, size) == 0);
}

/* A quarter of the file read by one system call, written by another. */
static void
one_call(void)
{
	size_t len = size / 4;
	uint64_t *words = prog_map(len, RW, PRIVATE);
	int fd = memfd_create("copy", 0);

	REQUIRE(pread(file, words, len, 0) == (ssize_t)len);
	for (size_t i = 0; i < len / sizeof(*words); i++)
		if (words[i] != word(i))
			FAIL("a word differs from the file");
	REQUIRE(pwrite(fd, words, len / 4, 0) == (ssize_t)(len / 4));
	REQUIRE(munmap(words, len) == 0);
	REQUIRE(close(fd) == 0);
}

/* The mapping itself is what is written out. */
static void
mapping_written(void)
{
	size_t len = size / 8;
	void *p = mmap(NULL, len, PROT_READ, MAP_PRIVATE, file, 0);
	int fd = memfd_create("copy", 0);
	uint64_t last;

	REQUIRE(p != MAP_FAILED);
	REQUIRE(write(fd, p, len) == (ssize_t)len);
	REQUIRE(pread(fd, &last, 8, (off_t)len - 8) == 8);
	REQUIRE(last == word(len / 8 - 1));
	REQUIRE(munmap(p, len) == 0);
	REQUIRE(close(fd) == 0);
}

int
main(int argc, char **argv)
{
	static const struct prog_check checks[] = {
		{ "make", make },
		{ "in-order", in_order },
		{ "in-order-advised", in_order_advised },
		{ "at-random", at_random },
		{ "one-call", one_call },
		{ "mapping-written", mapping_written },
	};

	return (prog_main(argc, argv, checks, COUNT(checks)));
}
