/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * checksum.c - see checksum.h.
 */

#include "base/check.h"
#include "base/checksum.h"
#include "base/hash.h"

/* Four variables: an array of lanes may end up in memory, and each step then
 * waits for a store. */
struct lanes {
	uint64_t a, b, c, d;
};

static inline uint64_t
lane_step(uint64_t lane, uint64_t word)
{
	lane = (lane ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return lane << 29 | lane >> 35;
}

static inline struct lanes
step(struct lanes l, const uint64_t *word)
{
	l.a = lane_step(l.a, word[0]);
	l.b = lane_step(l.b, word[1]);
	l.c = lane_step(l.c, word[2]);
	l.d = lane_step(l.d, word[3]);
	return l;
}

static uint32_t
fold(struct lanes l, size_t len)
{
	uint64_t sum = len;

	sum = hash_mix64(sum ^ l.a);
	sum = hash_mix64(sum ^ l.b);
	sum = hash_mix64(sum ^ l.c);
	sum = hash_mix64(sum ^ l.d);
	return (uint32_t)(sum ^ sum >> 32);
}

uint32_t
checksum_block(const void *p, size_t len, uint64_t seed)
{
	const uint64_t *word = p, *end = word + len / sizeof(*word);
	struct lanes l = {
		.a = hash_mix64(seed + 1),
		.b = hash_mix64(seed + 2),
		.c = hash_mix64(seed + 3),
		.d = hash_mix64(seed + 4),
	};

	VM_ASSERT((uintptr_t)p % sizeof(*word) == 0);
	VM_ASSERT(len % (4 * sizeof(*word)) == 0);
	for (; word < end; word += 4)
		l = step(l, word);
	return fold(l, len);
}
