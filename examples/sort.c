/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sort.c - a dataset larger than memory, sorted in place.
 *
 *	sort [MEGABYTES [MEGABYTES OF MEMORY]]
 *
 * The numbers are an array, the algorithm is the textbook's: quicksort, which
 * goes through its halves from both ends and so pages in order.  That most of
 * the array is in a temporary file at any time shows nowhere in the code.
 */
#include <bsdvm/vm.h>
#include <stdio.h>
#include <stdlib.h>

_Noreturn static void
give_up(const char *what, const char *why)
{
	(void)fprintf(stderr, "sort: %s: %s\n", what, why);
	exit(1);
}

/* xorshift: numbers that are the same every time. */
static uint64_t
next_number(void)
{
	static uint64_t x = 88172645463325252u;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x;
}

static void
sort_few(uint64_t *a, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		uint64_t x = a[i];
		size_t j = i;

		for (; j > 0 && a[j - 1] > x; j--)
			a[j] = a[j - 1];
		a[j] = x;
	}
}

static uint64_t
middle(uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t low = a < b ? a : b, high = a < b ? b : a;

	return c < low ? low : c > high ? high : c;
}

/* => how many are in the first part: none there is more than any behind it */
static size_t
divide(uint64_t *a, size_t n)
{
	uint64_t pivot = middle(a[0], a[n / 2], a[n - 1]), x;
	size_t i = 0, j = n - 1;

	for (;; i++, j--) {
		while (a[i] < pivot)
			i++;
		while (a[j] > pivot)
			j--;
		if (i >= j)
			return j + 1;
		x = a[i];
		a[i] = a[j];
		a[j] = x;
	}
}

static void
sort(uint64_t *a, size_t n)
{
	while (n > 16) {
		size_t left = divide(a, n);

		if (left == n) /* the pivot was the last, and alone */
			left--;
		sort(a, left);
		a += left;
		n -= left;
	}
	sort_few(a, n);
}

static uint64_t
fill(uint64_t *a, size_t n)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += a[i] = next_number();
	return sum;
}

static void
check(const uint64_t *a, size_t n, uint64_t sum)
{
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && a[i - 1] > a[i])
			give_up("result", "not in order");
		sum -= a[i];
	}
	if (sum != 0)
		give_up("result", "other numbers than before");
}

int
main(int argc, char **argv)
{
	size_t size = (argc > 1 ? strtoul(argv[1], NULL, 10) : 16) << 20;
	size_t memory = (argc > 2 ? strtoul(argv[2], NULL, 10) : 6) << 20;
	struct bsdvm_swap swap = { .size = 2 * size };
	struct bsdvm_config config = { .memory = memory,
		.swaps = &swap,
		.nswaps = 1 };
	struct bsdvm_system *sys;
	struct bsdvm_space *space;
	struct bsdvm_stats stats;
	struct bsdvm_why why;
	uint64_t sum;
	void *array;

	if (bsdvm_system_create(&config, &sys, &why) != 0)
		give_up("system", why.text);
	if (bsdvm_space_create(sys, &space) != 0 ||
	    bsdvm_map_anon(space, size, &array) != 0)
		give_up("memory", "cannot be had");
	sum = fill(array, size / sizeof(uint64_t));
	sort(array, size / sizeof(uint64_t));
	check(array, size / sizeof(uint64_t), sum);
	bsdvm_stats(sys, &stats);
	(void)printf("%zu MB in order in %zu MB of memory, "
		     "%llu pages written, %llu read\n",
	    size >> 20, memory >> 20, (unsigned long long)stats.pageouts,
	    (unsigned long long)stats.pageins);
	bsdvm_space_destroy(space);
	return bsdvm_system_destroy(sys);
}
