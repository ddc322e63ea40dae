/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * checksum.c - see checksum.h.
 */

#include "base/check.h"
#include "base/checksum.h"
#include "base/hash.h"

enum { LANES = 4 };

static inline uint64_t
lane_step(uint64_t lane, uint64_t word)
{
	lane = (lane ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return lane << 29 | lane >> 35;
}

uint32_t
checksum_block(const void *p, size_t len, uint64_t seed)
{
	const uint64_t *word = p, *end = word + len / sizeof(*word);
	uint64_t lane[LANES], sum = len;

	VM_ASSERT((uintptr_t)p % sizeof(*word) == 0);
	VM_ASSERT(len % (LANES * sizeof(*word)) == 0);
	for (unsigned i = 0; i < LANES; i++)
		lane[i] = hash_mix64(seed + i + 1);
	for (; word < end; word += LANES) {
		for (unsigned i = 0; i < LANES; i++)
			lane[i] = lane_step(lane[i], word[i]);
	}
	for (unsigned i = 0; i < LANES; i++)
		sum = hash_mix64(sum ^ lane[i]);
	return (uint32_t)(sum ^ sum >> 32);
}
