/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cow/slots_chunks.c - the slots of an amap in chunks of sixteen.
 *
 *	up to 16 slots		more
 *
 *	amap [chunk]		amap  buckets [ * | . | * | . ]
 *					        |	|
 *					    chunk 0  chunk 32
 *					        |
 *					    chunk 64
 *
 * A chunk is made when one of its slots is first used and goes with the last,
 * so a sparse mapping costs what is touched and is never cut.  There are as
 * many buckets as let a full bucket be no longer than a path in a tree of all
 * chunks would be.  The number of slots is fixed: such an amap cannot grow.
 *
 * Source: OpenBSD uvm_amap.c (amap_chunk_get, amap_alloc1).  Differs: one size
 * of small amaps, not sixteen.
 */
#include "vm/cow/slots_chunks.h"

#include "base/bits.h"
#include "base/mem.h"

/* ---- chunks ---- */

static struct vm_chunk **
bucket_of(struct vm_chunk_hash *h, uint32_t slot)
{
	return &h->buckets[slot / VM_CHUNK_SLOTS & (h->nbuckets - 1)];
}

static uint32_t
base_of(uint32_t slot)
{
	return slot - slot % VM_CHUNK_SLOTS;
}

/* The chunk of a slot, or NULL. */
static struct vm_chunk *
find(const struct vm_amap *am, uint32_t slot)
{
	struct vm_chunk *c = am->chunks.only;

	if (c != NULL)
		return c;
	c = *bucket_of(am->chunks.hash, slot);
	while (c != NULL && c->base != base_of(slot))
		c = c->next;
	return c;
}

static void
insert(struct vm_chunk_hash *h, struct vm_chunk *c, uint32_t base)
{
	struct vm_chunk **bucket = bucket_of(h, base);

	memset(c, 0, sizeof(*c));
	c->base = base;
	c->next = *bucket;
	*bucket = c;
	list_insert_tail(&h->all, &c->link);
	h->nchunks++;
}

static void
free_chunk(struct vm_system *sys, struct vm_chunk_hash *h, struct vm_chunk *c)
{
	struct vm_chunk **at = bucket_of(h, c->base);

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	list_remove(&c->link);
	h->nchunks--;
	vm_cow_put(sys, VM_COW_CHUNK, c);
}

/* ---- beginning and end ---- */

static void
init_small(struct vm_amap *am)
{
	struct vm_chunk *c = &((struct vm_amap_small *)(void *)am)->chunk;

	memset(c, 0, sizeof(*c));
	am->chunks.only = c;
	am->anons = c->anons;
}

static uint32_t
count_buckets(uint32_t nslots)
{
	uint32_t chunks = (nslots + VM_CHUNK_SLOTS - 1) / VM_CHUNK_SLOTS;
	uint32_t depth = bits_highest(chunks) + 1, n = 1;

	while (n * depth < chunks)
		n *= 2;
	return n;
}

static size_t
hash_bytes(uint32_t nbuckets)
{
	return sizeof(struct vm_chunk_hash) +
	    nbuckets * sizeof(struct vm_chunk *);
}

static bool
init_hash(struct vm_system *sys, struct vm_amap *am)
{
	uint32_t nbuckets = count_buckets(am->nslots);
	struct vm_chunk_hash *h = vm_alloc_counted(sys, hash_bytes(nbuckets),
	    &sys->slot_bytes);

	if (h == NULL)
		return false;
	memset(h, 0, hash_bytes(nbuckets));
	list_init(&h->all);
	h->nbuckets = nbuckets;
	am->chunks.hash = h;
	return true;
}

static bool
chunks_init(struct vm_system *sys, struct vm_amap *am)
{
	am->room = am->nslots;
	if (am->nslots > VM_CHUNK_SLOTS)
		return init_hash(sys, am);
	init_small(am);
	return true;
}

static struct vm_chunk *
first_chunk(const struct vm_chunk_hash *h)
{
	return LIST_FIRST(struct vm_chunk, &h->all, link);
}

/* Chunks that were reserved and never used are still there. */
static void
chunks_fini(struct vm_system *sys, struct vm_amap *am)
{
	struct vm_chunk_hash *h = am->chunks.hash;

	if (h == NULL)
		return;
	while (h->nchunks != 0)
		free_chunk(sys, h, first_chunk(h));
	vm_free_counted(sys, h, hash_bytes(h->nbuckets), &sys->slot_bytes);
}

/* ---- one slot ---- */

static struct vm_anon **
chunks_where(const struct vm_amap *am, uint32_t slot)
{
	struct vm_chunk *c = find(am, slot);

	return c == NULL ? NULL : &c->anons[slot - c->base];
}

static bool
chunks_reserve(struct vm_system *sys, struct vm_amap *am, uint32_t slot)
{
	struct vm_chunk *c;

	if (find(am, slot) != NULL)
		return true;
	c = vm_cow_get(sys, VM_COW_CHUNK);
	if (c != NULL)
		insert(am->chunks.hash, c, base_of(slot));
	return c != NULL;
}

static void
chunks_set(struct vm_amap *am, uint32_t slot, struct vm_anon *an)
{
	struct vm_chunk *c = find(am, slot);

	VM_ASSERT(slot < am->nslots && c->anons[slot - c->base] == NULL);
	c->anons[slot - c->base] = an;
	c->used |= (uint32_t)1 << (slot - c->base);
	am->nused++;
}

static struct vm_anon *
chunks_clear(struct vm_system *sys, struct vm_amap *am, uint32_t slot)
{
	struct vm_chunk *c = find(am, slot);
	struct vm_anon *an = c->anons[slot - c->base];

	c->anons[slot - c->base] = NULL;
	c->used &= ~((uint32_t)1 << (slot - c->base));
	am->nused--;
	if (c->used == 0 && c != am->chunks.only)
		free_chunk(sys, am->chunks.hash, c);
	return an;
}

/* ---- many ---- */

/* Which of the chunk's used slots lie in [lo, hi), as bits. */
static uint32_t
used_within(const struct vm_chunk *c, uint32_t lo, uint32_t hi)
{
	uint32_t first = lo > c->base ? lo - c->base : 0;
	uint32_t end = hi > c->base ? hi - c->base : 0;

	return (uint32_t)(c->used & bits_below(end) & ~bits_below(first));
}

static uint32_t
chunks_next(const struct vm_amap *am, uint32_t slot, uint32_t end)
{
	struct vm_chunk *c;
	uint32_t bits;

	while (slot < end) {
		c = find(am, slot);
		bits = c == NULL ? 0 : used_within(c, slot, end);
		if (bits != 0)
			return c->base + bits_lowest(bits);
		slot = base_of(slot) + VM_CHUNK_SLOTS;
	}
	return end;
}

/* Chunk by chunk of all there are, or by their places where that is shorter. */
static void
chunks_walk(const struct vm_amap *am, struct vm_slots_walk *w, uint32_t lo,
    uint32_t hi)
{
	const struct vm_chunk_hash *h = am->chunks.hash;

	w->lo = w->at = lo;
	w->hi = hi;
	w->bits = 0;
	w->by_used = h != NULL && h->nchunks <= (hi - lo) / VM_CHUNK_SLOTS;
	w->chunk = w->by_used ? first_chunk(h) : NULL;
}

/* The next chunk of the walk, or NULL if it is not there; false at the end. */
static bool
next_chunk(const struct vm_amap *am, struct vm_slots_walk *w,
    struct vm_chunk **c)
{
	if (!w->by_used) {
		if (w->at >= w->hi)
			return false;
		*c = find(am, w->at);
		w->at = base_of(w->at) + VM_CHUNK_SLOTS;
		return true;
	}
	*c = w->chunk;
	if (*c == NULL)
		return false;
	w->chunk = LIST_NEXT(struct vm_chunk, *c, &am->chunks.hash->all, link);
	return true;
}

static bool
chunks_walk_next(const struct vm_amap *am, struct vm_slots_walk *w,
    uint32_t *slot)
{
	struct vm_chunk *c;

	while (w->bits == 0) {
		if (!next_chunk(am, w, &c))
			return false;
		if (c != NULL) {
			w->bits = used_within(c, w->lo, w->hi);
			w->base = c->base;
		}
	}
	*slot = w->base + bits_lowest(w->bits);
	w->bits &= w->bits - 1;
	return true;
}

/* ---- checking ---- */

static void
check_chunk(const struct vm_amap *am, const struct vm_chunk *c)
{
	uint32_t i;

	VM_VERIFY(c->base % VM_CHUNK_SLOTS == 0 && c->base < am->nslots);
	VM_VERIFY(find(am, c->base) == c);
	for (i = 0; i < VM_CHUNK_SLOTS; i++)
		VM_VERIFY((c->used >> i & 1) == (c->anons[i] != NULL));
	VM_VERIFY(used_within(c, 0, am->nslots) == c->used);
}

static void
chunks_check(const struct vm_amap *am)
{
	const struct vm_chunk_hash *h = am->chunks.hash;
	uint32_t used = 0, n = 0;

	VM_VERIFY((am->chunks.only == NULL) == (h != NULL));
	if (h == NULL) {
		check_chunk(am, am->chunks.only);
		return;
	}
	LIST_FOREACH(struct vm_chunk, c, &h->all, link) {
		check_chunk(am, c);
		used += bits_count(c->used);
		n++;
	}
	VM_VERIFY(used == am->nused);
	VM_VERIFY(n == h->nchunks);
}

const struct vm_slots_ops vm_slots_chunks = {
	.name = "chunks",
	.small_max = VM_CHUNK_SLOTS,
	.init = chunks_init,
	.fini = chunks_fini,
	.where = chunks_where,
	.reserve = chunks_reserve,
	.set = chunks_set,
	.clear = chunks_clear,
	.next = chunks_next,
	.walk = chunks_walk,
	.walk_next = chunks_walk_next,
	.check = chunks_check,
};
