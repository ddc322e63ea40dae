/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * checksum.h - 32 bits that tell whether a block came back as it was.
 *
 * Four lanes each take every fourth word; a step is a bijection of the lane
 * and of the word, so that two blocks that differ in one word differ in 64
 * bits for sure, of which the result keeps 32: a change goes unnoticed once
 * in four thousand million times.  Against accidents, not against forgers.
 *
 * Source: the shape is that of xxHash64 (Collet), lanes that multiply and
 * rotate; the mix at the end is that of hash.h.
 */

#ifndef BASE_CHECKSUM_H
#define BASE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/*
 * checksum_block: the checksum of a block of memory.
 *
 * p		aligned to 8
 * len		in bytes, a multiple of 32
 * seed		other seeds, other checksums
 */
uint32_t checksum_block(const void *p, size_t len, uint64_t seed);

#endif /* BASE_CHECKSUM_H */
