/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bits.h - positions and counts of the set bits of a 64-bit word.
 *
 * A compiler's builtin may become a call to its run-time library, which a
 * freestanding core does not have: counting leading or trailing zeros does on
 * riscv64 without Zbb, counting bits does on plain x86-64.  So each has a
 * portable form in C, and the builtin serves where it is one instruction.
 */

#ifndef BASE_BITS_H
#define BASE_BITS_H

#include <stdint.h>

/* bits_below: the n lowest bits, n from 0 to 64. */
static inline uint64_t
bits_below(unsigned n)
{
	return n < 64 ? ((uint64_t)1 << n) - 1 : UINT64_MAX;
}

/* bits_count: how many bits of x are set. */
static inline unsigned
bits_count(uint64_t x)
{
	const uint64_t by2 = UINT64_C(0x3333333333333333);

	x -= x >> 1 & UINT64_C(0x5555555555555555);
	x = (x & by2) + (x >> 2 & by2);
	x = (x + (x >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
	return (unsigned)(x * UINT64_C(0x0101010101010101) >> 56);
}

static inline unsigned
bits_lowest_portable(uint64_t x)
{
	return bits_count((x & -x) - 1);
}

static inline unsigned
bits_highest_portable(uint64_t x)
{
	for (unsigned n = 1; n < 64; n *= 2)
		x |= x >> n;
	return bits_count(x) - 1;
}

/*
 * bits_lowest, bits_highest: the number of the lowest, highest set bit of x,
 * which must not be 0.
 */
#if defined(__x86_64__) || defined(__aarch64__) || defined(__riscv_zbb)
static inline unsigned
bits_lowest(uint64_t x)
{
	return (unsigned)__builtin_ctzll(x);
}

static inline unsigned
bits_highest(uint64_t x)
{
	return 63 - (unsigned)__builtin_clzll(x);
}
#else
static inline unsigned
bits_lowest(uint64_t x)
{
	return bits_lowest_portable(x);
}

static inline unsigned
bits_highest(uint64_t x)
{
	return bits_highest_portable(x);
}
#endif

#endif /* BASE_BITS_H */
