/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hash.h - one good mix of 64 bits.
 *
 * For hash tables keyed by an address or a number: every bit of the key
 * changes every bit of the result with a probability near one half, so any
 * bits of the result may be taken as the bucket.  It is a bijection, so
 * different keys stay different.  Not for anything an adversary chooses keys
 * for.
 *
 * Source: the finaliser of MurmurHash3 (Appleby) with the constants of
 * Stafford's variant 13, as in splitmix64 (Steele, Lea, Flood 2014).
 */

#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdint.h>

static inline uint64_t
hash_mix64(uint64_t x)
{
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

#endif /* BASE_HASH_H */
