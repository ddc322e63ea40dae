/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * blist.c - see blist.h.
 *
 * The tree has no pointers: node i of a level stands over the nodes or words
 * [16 i, 16 i + 16) of the level below.  Bits past the end are never free,
 * and neither are words and nodes that do not exist.
 *
 * A search goes through the numbers in order and carries the length of the
 * free run that ends where it stands; a node that holds no run that is long
 * enough is passed in one step.
 */

#include "base/bits.h"
#include "base/blist.h"
#include "base/check.h"
#include "base/mem.h"

/* ---- a word ---- */

/* The starts of runs of k set bits, k from 1 to 64. */
static uint64_t
word_runs(uint64_t w, unsigned k)
{
	for (unsigned len = 1, more; len < k; len += more) {
		more = len < k - len ? len : k - len;
		w &= w >> more;
	}
	return w;
}

/* The longest run of set bits; w is neither none nor all. */
static unsigned
word_longest(uint64_t w)
{
	uint64_t of[7], at;
	unsigned i = 0, len;

	/* of[i]: where runs of 1 << i bits start */
	for (of[0] = w; of[i] != 0; i++)
		of[i + 1] = of[i] & of[i] >> (1u << i);
	at = of[--i];
	len = 1u << i;
	while (i-- > 0) {
		if ((at & of[i] >> len) == 0)
			continue;
		at &= of[i] >> len;
		len += 1u << i;
	}
	return len;
}

static struct blist_node
word_node(uint64_t w)
{
	if (w == 0)
		return (struct blist_node){ 0, 0, 0 };
	if (w == UINT64_MAX)
		return (
		    struct blist_node){ BLIST_WORD, BLIST_WORD, BLIST_WORD };
	return (struct blist_node){ bits_lowest(~w), 63 - bits_highest(~w),
		word_longest(w) };
}

/* ---- nodes ---- */

/* How many numbers a node of a level spans. */
static uint64_t
span(unsigned level)
{
	return (uint64_t)BLIST_WORD << (4 * level);
}

_Static_assert(BLIST_FANOUT == 1 << 4, "what span() multiplies by");

static struct blist_node
node_at(const struct blist *bl, unsigned level, uint32_t i)
{
	if (i >= bl->count[level])
		return (struct blist_node){ 0, 0, 0 };
	return level == 0 ? word_node(bl->words[i]) : bl->nodes[level][i];
}

/* What node i of a level, not that of the words, should say. */
static struct blist_node
node_of_children(const struct blist *bl, unsigned level, uint32_t i)
{
	struct blist_node sum = { 0, 0, 0 }, child;
	uint64_t all = span(level - 1);
	bool headed = true;

	for (uint32_t c = 0; c < BLIST_FANOUT; c++) {
		child = node_at(bl, level - 1, i * BLIST_FANOUT + c);
		sum.tail += child.head;
		if (headed)
			sum.head = sum.tail;
		if (sum.tail > sum.longest)
			sum.longest = sum.tail;
		if (child.longest > sum.longest)
			sum.longest = child.longest;
		if (child.longest == all)
			continue;
		headed = false;
		sum.tail = child.tail;
	}
	return sum;
}

static bool
node_is_same(struct blist_node a, struct blist_node b)
{
	return a.head == b.head && a.tail == b.tail && a.longest == b.longest;
}

/* Bring the nodes above the words [first, last] up to date. */
static void
update(struct blist *bl, uint32_t first, uint32_t last)
{
	struct blist_node node;
	bool changed = true;

	for (unsigned level = 1; changed && level <= bl->top; level++) {
		first /= BLIST_FANOUT;
		last /= BLIST_FANOUT;
		changed = false;
		for (uint32_t i = first; i <= last; i++) {
			node = node_of_children(bl, level, i);
			if (node_is_same(node, bl->nodes[level][i]))
				continue;
			bl->nodes[level][i] = node;
			changed = true;
		}
	}
}

/* ---- beginning and end ---- */

static uint32_t
divide_up(uint32_t n, uint32_t by)
{
	return n / by + (n % by != 0);
}

static size_t
storage_size(const struct blist *bl)
{
	size_t size = bl->count[0] * sizeof(*bl->words);

	for (unsigned level = 1; level <= bl->top; level++)
		size += bl->count[level] * sizeof(*bl->nodes[level]);
	return size;
}

static void
lay_out(struct blist *bl, void *storage)
{
	struct blist_node *next;

	bl->words = storage;
	next = (struct blist_node *)(void *)(bl->words + bl->count[0]);
	for (unsigned level = 1; level <= bl->top; level++) {
		bl->nodes[level] = next;
		next += bl->count[level];
	}
}

int
blist_init(struct blist *bl, uint32_t n, const struct base_alloc *alloc)
{
	void *storage;

	VM_ASSERT(n > 0);
	VM_ASSERT(n < BLIST_NONE);
	*bl = (struct blist){ .alloc = alloc, .n = n };
	bl->count[0] = divide_up(n, BLIST_WORD);
	for (; bl->count[bl->top] > 1; bl->top++)
		bl->count[bl->top + 1] = divide_up(bl->count[bl->top],
		    BLIST_FANOUT);
	VM_ASSERT(bl->top < BLIST_LEVELS);
	storage = alloc->alloc(alloc->ctx, storage_size(bl));
	if (storage == NULL)
		return -1;
	memset(storage, 0, storage_size(bl));
	lay_out(bl, storage);
	blist_free(bl, 0, n);
	return 0;
}

void
blist_fini(struct blist *bl)
{
	bl->alloc->free(bl->alloc->ctx, bl->words, storage_size(bl));
	bl->words = NULL;
}

/* ---- searches ---- */

/*
 * from		no number below this one is looked at
 * k		how many in a row are wanted
 * run		how many free ones end where the search stands
 * found	the start of the run
 */
struct search {
	const struct blist *bl;
	uint32_t from, k;
	uint64_t run;
	uint64_t found;
};

/* A run that goes on with `head` free numbers from `at` may be long enough. */
static bool
search_ends(struct search *s, uint64_t at, uint32_t head)
{
	s->found = at - s->run;
	return s->run + head >= s->k;
}

/* Pass a node that has not what is wanted. */
static void
search_pass(struct search *s, struct blist_node node, uint64_t all)
{
	s->run = node.longest == all ? s->run + all : node.tail;
}

static bool
search_word(struct search *s, uint32_t i)
{
	uint64_t at = (uint64_t)i * BLIST_WORD;
	uint64_t w = s->bl->words[i], runs;
	struct blist_node node;

	if (s->from > at)
		w &= ~bits_below((unsigned)(s->from - at));
	node = word_node(w);
	if (search_ends(s, at, node.head))
		return true;
	if (s->k <= BLIST_WORD && (runs = word_runs(w, s->k)) != 0) {
		s->found = at + bits_lowest(runs);
		return true;
	}
	search_pass(s, node, BLIST_WORD);
	return false;
}

static bool
search_node(struct search *s, unsigned level, uint32_t i)
{
	uint64_t at = i * span(level);
	struct blist_node node;
	uint32_t c;

	if (i >= s->bl->count[level] || s->from >= at + span(level))
		return false;
	if (level == 0)
		return search_word(s, i);
	if (s->from <= at) {
		node = node_at(s->bl, level, i);
		if (search_ends(s, at, node.head))
			return true;
		if (node.longest < s->k) {
			search_pass(s, node, span(level));
			return false;
		}
	}
	for (c = 0; c < BLIST_FANOUT; c++) {
		if (search_node(s, level - 1, i * BLIST_FANOUT + c))
			return true;
	}
	return false;
}

/* The first run of k free numbers at or after from. */
static uint32_t
find(const struct blist *bl, uint32_t k, uint32_t from)
{
	struct search s = { .bl = bl, .from = from, .k = k };

	return search_node(&s, bl->top, 0) ? (uint32_t)s.found : BLIST_NONE;
}

/* ---- taking and giving ---- */

/* Of word i: the bits of [start, end). */
static uint64_t
word_mask(uint32_t i, uint32_t start, uint32_t end)
{
	uint64_t at = (uint64_t)i * BLIST_WORD;
	uint64_t mask = UINT64_MAX;

	if (start > at)
		mask &= ~bits_below((unsigned)(start - at));
	if (end < at + BLIST_WORD)
		mask &= bits_below((unsigned)(end - at));
	return mask;
}

static uint32_t
range_end(const struct blist *bl, uint32_t start, uint32_t n)
{
	VM_ASSERT(n > 0);
	VM_ASSERT(n <= bl->n);
	VM_ASSERT(start <= bl->n - n);
	return start + n;
}

uint32_t
blist_reserve(struct blist *bl, uint32_t start, uint32_t n)
{
	uint32_t end = range_end(bl, start, n), last = (end - 1) / BLIST_WORD;
	uint32_t took = 0;

	for (uint32_t i = start / BLIST_WORD; i <= last; i++) {
		uint64_t mask = word_mask(i, start, end);

		took += bits_count(bl->words[i] & mask);
		bl->words[i] &= ~mask;
	}
	bl->nfree -= took;
	update(bl, start / BLIST_WORD, last);
	return took;
}

void
blist_free(struct blist *bl, uint32_t start, uint32_t n)
{
	uint32_t end = range_end(bl, start, n), last = (end - 1) / BLIST_WORD;

	for (uint32_t i = start / BLIST_WORD; i <= last; i++) {
		uint64_t mask = word_mask(i, start, end);

		VM_ASSERT((bl->words[i] & mask) == 0);
		bl->words[i] |= mask;
	}
	bl->nfree += n;
	update(bl, start / BLIST_WORD, last);
}

uint32_t
blist_alloc(struct blist *bl, uint32_t k, uint32_t near)
{
	uint32_t start = BLIST_NONE;

	VM_ASSERT(k > 0);
	if (k > blist_longest(bl))
		return BLIST_NONE;
	if (near < bl->n)
		start = find(bl, k, near);
	if (start == BLIST_NONE)
		start = find(bl, k, 0);
	(void)blist_reserve(bl, start, k);
	return start;
}

uint32_t
blist_alloc_most(struct blist *bl, uint32_t k, uint32_t near, uint32_t *got)
{
	uint32_t longest = blist_longest(bl);

	*got = k < longest ? k : longest;
	return *got == 0 ? BLIST_NONE : blist_alloc(bl, *got, near);
}

/* ---- looking at it ---- */

bool
blist_is_free(const struct blist *bl, uint32_t i)
{
	VM_ASSERT(i < bl->n);
	return (bl->words[i / BLIST_WORD] >> (i % BLIST_WORD) & 1) != 0;
}

uint32_t
blist_longest(const struct blist *bl)
{
	return node_at(bl, bl->top, 0).longest;
}

void
blist_check(const struct blist *bl)
{
	uint32_t nfree = 0;

	for (uint32_t i = 0; i < bl->count[0]; i++) {
		nfree += bits_count(bl->words[i]);
		VM_VERIFY(
		    (bl->words[i] & ~word_mask(i, i * BLIST_WORD, bl->n)) == 0);
	}
	VM_VERIFY(nfree == bl->nfree);
	for (unsigned level = 1; level <= bl->top; level++) {
		for (uint32_t i = 0; i < bl->count[level]; i++)
			VM_VERIFY(node_is_same(bl->nodes[level][i],
			    node_of_children(bl, level, i)));
	}
}
