/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * compute: a program that only computes, for about two seconds.
 *
 * It multiplies matrices and sieves primes over and over in two megabytes of
 * static memory, and prints one checksum at the end.  After its first
 * milliseconds it neither faults nor calls the system, so the ratio of its
 * times under two systems says what a system costs a program that asks it for
 * nothing: translation, stray stops, time taken on its processor.
 *
 * It says nothing of speed as such: the loops are plain on purpose.
 */

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum {
	SIDE = 256,         /* of a matrix */
	LIMIT = 512 * 1024, /* primes below it are sieved */
	TURNS = 135,        /* below SIDE; two seconds of a processor of 2022 */
};

static double a[SIDE][SIDE], b[SIDE][SIDE], c[SIDE][SIDE];
static unsigned char composite[LIMIT];

static void
fill(void)
{
	for (int i = 0; i < SIDE; i++) {
		for (int j = 0; j < SIDE; j++) {
			a[i][j] = (i * 7 + j * 3) % 11;
			b[i][j] = (i * 5 + j * 13) % 17;
		}
	}
}

/* c = a * b; the sum of its trace. */
static double
multiply(void)
{
	double trace = 0, sum;

	for (int i = 0; i < SIDE; i++) {
		for (int j = 0; j < SIDE; j++) {
			sum = 0;
			for (int k = 0; k < SIDE; k++)
				sum += a[i][k] * b[k][j];
			c[i][j] = sum;
		}
		trace += c[i][i];
	}
	return trace;
}

/* How many primes there are below LIMIT. */
static uint64_t
sieve(void)
{
	uint64_t count = 0;

	memset(composite, 0, sizeof(composite));
	for (uint32_t i = 2; i < LIMIT; i++) {
		if (composite[i] != 0)
			continue;
		count++;
		for (uint64_t j = (uint64_t)i * i; j < LIMIT; j += i)
			composite[j] = 1;
	}
	return count;
}

int
main(void)
{
	uint64_t sum = 0;

	fill();
	for (int turn = 0; turn < TURNS; turn++) {
		a[turn][0] += turn;
		sum = sum * 31 + (uint64_t)multiply() + sieve();
	}
	(void)printf("%016jx\n", (uintmax_t)sum);
	return 0;
}
