/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * blist.h - bit lists: an allocator of runs of numbers [0, n).
 *
 * The numbers are bits of words of 64, set while they are free.  Above them
 * stands a radix tree: a node knows, of the 16 words or nodes below it, the
 * longest run of free numbers, and the runs at its two ends:
 *
 *	                     longest 7
 *	           +-------------+-------------+
 *	    head 2 | longest 5 tail 3   head 4 | longest 4 tail 0
 *	    ..xx.....xxxx...            ....xxxxxxx....x
 *	                 `--- the run of 7 -'
 *
 * so that a search goes down only where it will find something, and what is
 * said about the longest run is exact.  Both take some dozens of steps for
 * each level, of which a million numbers have four.
 *
 * Positions and lengths are in numbers; [start, start + n) must lie within.
 * Only blist_init() needs memory and can fail.  Not thread-safe.
 *
 * Source: Dillon's blist of FreeBSD and DragonFly (subr_blist.c); differs: the
 * ends of runs are kept, so that runs across nodes are found, and hints are
 * not hints but true.
 */

#ifndef BASE_BLIST_H
#define BASE_BLIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/alloc.h"

#define BLIST_NONE UINT32_MAX

enum {
	BLIST_WORD = 64,
	BLIST_FANOUT = 16,
	BLIST_LEVELS = 8, /* words, and what 2^32 numbers need above them */
};

/* Runs of free numbers: at the start of a node, at its end, the longest. */
struct blist_node {
	uint32_t head, tail, longest;
};

/*
 * n		how many numbers there are
 * nfree	how many of them are free
 * words	level 0
 * nodes	of levels 1 to top; the one with a single node is the top
 * count	words or nodes of each level
 */
struct blist {
	const struct base_alloc *alloc;
	uint32_t n, nfree;
	unsigned top;
	uint64_t *words;
	struct blist_node *nodes[BLIST_LEVELS];
	uint32_t count[BLIST_LEVELS];
};

/*
 * blist_init: the numbers [0, n), all free.
 *
 * n		from 1 to UINT32_MAX - 1
 * => 0; -1: there is no memory, and nothing to undo
 */
int blist_init(struct blist *bl, uint32_t n, const struct base_alloc *alloc);
void blist_fini(struct blist *bl);

/*
 * blist_alloc: take the first run of k free numbers at or after near, or else
 * the first of all.
 *
 * => its start; BLIST_NONE if there is no such run
 */
uint32_t blist_alloc(struct blist *bl, uint32_t k, uint32_t near);

/*
 * blist_alloc_most: take a run of k, or of the longest length there is when
 * that is less; which one is chosen as by blist_alloc().
 *
 * got		out: how many; 0 if there are none
 * => its start; BLIST_NONE
 */
uint32_t blist_alloc_most(struct blist *bl, uint32_t k, uint32_t near,
    uint32_t *got);

/* blist_free: give back numbers, none of which is free. */
void blist_free(struct blist *bl, uint32_t start, uint32_t n);

/* blist_reserve: take those that are free; returns how many were. */
uint32_t blist_reserve(struct blist *bl, uint32_t start, uint32_t n);

bool blist_is_free(const struct blist *bl, uint32_t i);

/* blist_longest: the length of the longest free run. */
uint32_t blist_longest(const struct blist *bl);

static inline uint32_t
blist_nfree(const struct blist *bl)
{
	return bl->nfree;
}

/* blist_check: does not return unless the tree says what the words say. */
void blist_check(const struct blist *bl);

#endif /* BASE_BLIST_H */
