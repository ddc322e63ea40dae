/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bitmap.h - bitmaps over the caller's storage.
 *
 * Ranges and searches go a word of 64 bits at a time.
 * Positions and lengths are in bits; a position that does not exist is
 * BITMAP_NONE.  A range given as (start, len) is [start, start + len) and
 * must lie within the map.
 *
 * Not thread-safe.  Nothing here allocates or fails.
 */

#ifndef BASE_BITMAP_H
#define BASE_BITMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"

#define BITMAP_NONE SIZE_MAX

/* BITMAP_WORDS: how many words storage for nbits needs. */
#define BITMAP_WORDS(nbits) ((nbits) / 64 + ((nbits) % 64 != 0))

/* Bits of the last word past nbits are always clear. */
struct bitmap {
	uint64_t *words;
	size_t nbits;
};

/*
 * bitmap_init: a map of nbits bits, all clear.
 *
 * words	BITMAP_WORDS(nbits) words, the caller's, for the map's life
 */
void bitmap_init(struct bitmap *bm, uint64_t *words, size_t nbits);

static inline bool
bitmap_test(const struct bitmap *bm, size_t bit)
{
	VM_ASSERT(bit < bm->nbits);
	return (bm->words[bit / 64] >> (bit % 64) & 1) != 0;
}

static inline void
bitmap_set(struct bitmap *bm, size_t bit)
{
	VM_ASSERT(bit < bm->nbits);
	bm->words[bit / 64] |= (uint64_t)1 << (bit % 64);
}

static inline void
bitmap_clear(struct bitmap *bm, size_t bit)
{
	VM_ASSERT(bit < bm->nbits);
	bm->words[bit / 64] &= ~((uint64_t)1 << (bit % 64));
}

void bitmap_set_range(struct bitmap *bm, size_t start, size_t len);
void bitmap_clear_range(struct bitmap *bm, size_t start, size_t len);

/*
 * bitmap_find_first_set, bitmap_find_first_clear: the first such bit at or
 * after start; BITMAP_NONE if there is none, or start is past the end.
 */
size_t bitmap_find_first_set(const struct bitmap *bm, size_t start);
size_t bitmap_find_first_clear(const struct bitmap *bm, size_t start);

/* bitmap_count: how many bits are set. */
size_t bitmap_count(const struct bitmap *bm);

#endif /* BASE_BITMAP_H */
