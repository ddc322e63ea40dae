/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bitmap.c - see bitmap.h.
 *
 * Ranges and searches work on whole words with a mask for the first and the
 * last.
 */

#include "base/bitmap.h"
#include "base/bits.h"
#include "base/mem.h"

enum { WORD_BITS = 64 };

void
bitmap_init(struct bitmap *bm, uint64_t *words, size_t nbits)
{
	bm->words = words;
	bm->nbits = nbits;
	memset(words, 0, BITMAP_WORDS(nbits) * sizeof(*words));
}

/* Of the word that has the bit: the bits from it to end or the word's end. */
static uint64_t
bitmap_mask(size_t bit, size_t end)
{
	size_t last = end - (bit - bit % WORD_BITS);

	return bits_below(last < WORD_BITS ? (unsigned)last : WORD_BITS) &
	    ~bits_below((unsigned)(bit % WORD_BITS));
}

static size_t
bitmap_next_word(size_t bit)
{
	return (bit | (WORD_BITS - 1)) + 1;
}

static size_t
bitmap_range_end(const struct bitmap *bm, size_t start, size_t len)
{
	VM_ASSERT(len <= bm->nbits);
	VM_ASSERT(start <= bm->nbits - len);
	return start + len;
}

void
bitmap_set_range(struct bitmap *bm, size_t start, size_t len)
{
	size_t end = bitmap_range_end(bm, start, len);

	for (size_t bit = start; bit < end; bit = bitmap_next_word(bit))
		bm->words[bit / WORD_BITS] |= bitmap_mask(bit, end);
}

void
bitmap_clear_range(struct bitmap *bm, size_t start, size_t len)
{
	size_t end = bitmap_range_end(bm, start, len);

	for (size_t bit = start; bit < end; bit = bitmap_next_word(bit))
		bm->words[bit / WORD_BITS] &= ~bitmap_mask(bit, end);
}

/*
 * The first bit from start on that is set once the word is exclusive-ored with
 * flip: 0 looks for set bits, all ones for clear ones.
 */
static size_t
bitmap_find(const struct bitmap *bm, size_t start, uint64_t flip)
{
	size_t end = bm->nbits;
	uint64_t found;

	for (size_t bit = start; bit < end; bit = bitmap_next_word(bit)) {
		found = bm->words[bit / WORD_BITS] ^ flip;
		found &= bitmap_mask(bit, end);
		if (found != 0)
			return bit - bit % WORD_BITS + bits_lowest(found);
	}
	return BITMAP_NONE;
}

size_t
bitmap_find_first_set(const struct bitmap *bm, size_t start)
{
	return bitmap_find(bm, start, 0);
}

size_t
bitmap_find_first_clear(const struct bitmap *bm, size_t start)
{
	return bitmap_find(bm, start, UINT64_MAX);
}

size_t
bitmap_count(const struct bitmap *bm)
{
	size_t n = 0;

	for (size_t i = 0; i < BITMAP_WORDS(bm->nbits); i++)
		n += bits_count(bm->words[i]);
	return n;
}
