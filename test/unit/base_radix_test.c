/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base_radix_test.c - does a radix tree hold what a sorted array of indices
 * holds, find it forwards, backwards and by tag, and lose nothing when there
 * is no memory?
 *
 * Indices come from patterns that matter to the shape: dense from 0, around
 * the powers of 64 where the height changes, and both ends of the range.
 */

#include "test/unit/base_test.h"

#include "base/radix.h"

enum { MODEL_MAX = 4096, HEIGHT_MAX = 11 };

/* An entry is any address; its bytes are never looked at. */
static char entries[256];

static void *
some_entry(void)
{
	return &entries[random_below(sizeof(entries))];
}

/* The model: what is present, in order of the index. */
struct model {
	struct model_entry {
		uint64_t index;
		void *ptr;
		bool tag[RADIX_TAGS];
	} e[MODEL_MAX];
	size_t n;
};

/* The place of the first entry at or after index. */
static size_t
model_find(const struct model *m, uint64_t index)
{
	size_t lo = 0, hi = m->n, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (m->e[mid].index < index)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static struct model_entry *
model_lookup(struct model *m, uint64_t index)
{
	size_t at = model_find(m, index);

	return at < m->n && m->e[at].index == index ? &m->e[at] : NULL;
}

static void
model_insert(struct model *m, uint64_t index, void *ptr)
{
	size_t at = model_find(m, index);

	memmove(&m->e[at + 1], &m->e[at], (m->n - at) * sizeof(m->e[0]));
	m->e[at] = (struct model_entry){ .index = index, .ptr = ptr };
	m->n++;
}

static void
model_remove(struct model *m, struct model_entry *e)
{
	size_t at = (size_t)(e - m->e);

	m->n--;
	memmove(e, e + 1, (m->n - at) * sizeof(*e));
}

static void
tree_init(struct radix_tree *tree, struct test_alloc *ta)
{
	test_alloc_init(ta);
	radix_init(tree, &ta->alloc);
}

/* Is a new tree empty, and everything on it a clean nothing? */
static void
test_empty(void **state VM_UNUSED)
{
	struct radix_tree tree;
	struct test_alloc ta;
	uint64_t index = 5;

	tree_init(&tree, &ta);
	assert_true(radix_is_empty(&tree));
	assert_null(radix_lookup(&tree, 0));
	assert_null(radix_lookup(&tree, UINT64_MAX));
	assert_null(radix_remove(&tree, 0));
	assert_null(radix_next(&tree, &index));
	assert_null(radix_next_tagged(&tree, &index, 0));
	assert_int_equal(index, 5);
	assert_false(radix_tag_get(&tree, 0, 0));
	radix_tag_clear(&tree, 0, 0);
	assert_int_equal(radix_check(&tree), 0);
	radix_fini(&tree);
	assert_int_equal(ta.calls, 0);
}

/* The indices at which the height of a tree changes, and the ends. */
static const uint64_t edges[] = { 0, 1, 62, 63, 64, 65, 4095, 4096, 262143,
	262144, (1 << 24) - 1, 1 << 24, ((uint64_t)1 << 60) - 1,
	(uint64_t)1 << 60, (uint64_t)15 << 60, UINT64_MAX - 64, UINT64_MAX - 63,
	UINT64_MAX - 1, UINT64_MAX };

/* Is one entry, at any such index, found there and nowhere else? */
static void
test_single(void **state VM_UNUSED)
{
	struct radix_tree tree;
	struct test_alloc ta;

	for (size_t i = 0; i < ARRAY_LEN(edges); i++) {
		tree_init(&tree, &ta);
		assert_int_equal(radix_insert(&tree, edges[i], entries), 0);
		assert_false(radix_is_empty(&tree));
		assert_int_equal(radix_check(&tree), 1);
		for (size_t j = 0; j < ARRAY_LEN(edges); j++)
			assert_ptr_equal(radix_lookup(&tree, edges[j]),
			    i == j ? entries : NULL);
		assert_ptr_equal(radix_remove(&tree, edges[i]), entries);
		assert_true(radix_is_empty(&tree));
		assert_int_equal(radix_check(&tree), 0);
		assert_int_equal(ta.live, 0);
	}
}

/* Do all of them fit together, found in order from below and from above? */
static void
test_edges_together(void **state VM_UNUSED)
{
	const size_t n = ARRAY_LEN(edges);
	struct radix_tree tree;
	struct test_alloc ta;
	uint64_t index;

	tree_init(&tree, &ta);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(radix_insert(&tree, edges[i * 7 % n],
				     &entries[i * 7 % n]),
		    0);
	assert_int_equal(radix_check(&tree), n);
	index = 0;
	for (size_t i = 0; i < n; i++, index++) {
		assert_ptr_equal(radix_next(&tree, &index), &entries[i]);
		assert_true(index == edges[i]);
	}
	radix_fini(&tree);
	assert_int_equal(ta.live, 0);
}

/*
 * Does the tree use the nodes it needs and no more?
 *
 *	0           one leaf
 *	0, 64       a root and two leaves
 *	0, 4096     a root, two inner nodes, two leaves
 */
static void
test_node_count(void **state VM_UNUSED)
{
	struct radix_tree tree;
	struct test_alloc ta;

	tree_init(&tree, &ta);
	assert_int_equal(radix_insert(&tree, 0, entries), 0);
	assert_int_equal(ta.live, 1);
	assert_int_equal(radix_insert(&tree, 63, entries), 0);
	assert_int_equal(ta.live, 1);
	assert_int_equal(radix_insert(&tree, 64, entries), 0);
	assert_int_equal(ta.live, 3);
	radix_remove(&tree, 64);
	assert_int_equal(ta.live, 1);
	assert_int_equal(radix_insert(&tree, 4096, entries), 0);
	assert_int_equal(ta.live, 5);
	radix_remove(&tree, 0);
	radix_remove(&tree, 63);
	assert_int_equal(ta.live, 3);
	assert_int_equal(radix_check(&tree), 1);
	radix_remove(&tree, 4096);
	assert_int_equal(ta.live, 0);
}

/* Does a replaced entry come back, and its tags stay? */
static void
test_replace(void **state VM_UNUSED)
{
	struct radix_tree tree;
	struct test_alloc ta;

	tree_init(&tree, &ta);
	assert_int_equal(radix_insert(&tree, 100, &entries[0]), 0);
	radix_tag_set(&tree, 100, 1);
	assert_ptr_equal(radix_replace(&tree, 100, &entries[1]), &entries[0]);
	assert_ptr_equal(radix_lookup(&tree, 100), &entries[1]);
	assert_true(radix_tag_get(&tree, 100, 1));
	assert_false(radix_tag_get(&tree, 100, 0));
	radix_fini(&tree);
}

/* Do tags survive the growing and shrinking of the tree, and end with it? */
static void
test_tags_and_height(void **state VM_UNUSED)
{
	struct radix_tree tree;
	struct test_alloc ta;
	uint64_t index = 0;

	tree_init(&tree, &ta);
	assert_int_equal(radix_insert(&tree, 7, entries), 0);
	assert_int_equal(radix_insert(&tree, 9, entries), 0);
	radix_tag_set(&tree, 9, 0);
	assert_int_equal(radix_insert(&tree, UINT64_MAX, entries), 0);
	assert_int_equal(radix_check(&tree), 3);
	assert_non_null(radix_next_tagged(&tree, &index, 0));
	assert_int_equal(index, 9);
	index = 10;
	assert_null(radix_next_tagged(&tree, &index, 0));
	index = 0;
	assert_null(radix_next_tagged(&tree, &index, 1));
	radix_remove(&tree, UINT64_MAX);
	assert_true(radix_tag_get(&tree, 9, 0));
	radix_remove(&tree, 9);
	assert_int_equal(radix_insert(&tree, 9, entries), 0);
	assert_false(radix_tag_get(&tree, 9, 0));
	assert_int_equal(radix_check(&tree), 2);
	radix_fini(&tree);
}

/* Are absent indices untagged, and clearing a tag there nothing? */
static void
test_tags_of_nothing(void **state VM_UNUSED)
{
	struct radix_tree tree;
	struct test_alloc ta;

	tree_init(&tree, &ta);
	assert_int_equal(radix_insert(&tree, 1, entries), 0);
	radix_tag_clear(&tree, 2, 0);
	radix_tag_clear(&tree, 1, 0);
	radix_tag_clear(&tree, UINT64_MAX, 0);
	assert_false(radix_tag_get(&tree, 2, 0));
	assert_false(radix_tag_get(&tree, UINT64_MAX, 0));
	assert_int_equal(radix_check(&tree), 1);
	radix_fini(&tree);
}

/* Is misuse caught? */
static void
test_misuse(void **state VM_UNUSED)
{
	struct radix_tree tree;
	struct test_alloc ta;

	tree_init(&tree, &ta);
	expect_panic((void)radix_replace(&tree, 1, entries));
	expect_panic(radix_tag_set(&tree, 1, 0));
	assert_int_equal(radix_insert(&tree, 1, entries), 0);
	expect_panic((void)radix_insert(&tree, 1, entries));
	expect_panic((void)radix_insert(&tree, 2, NULL));
	expect_panic((void)radix_replace(&tree, 2, entries));
	expect_panic((void)radix_replace(&tree, 1, NULL));
	expect_panic(radix_tag_set(&tree, 2, 0));
	expect_panic(radix_tag_set(&tree, 1, RADIX_TAGS));
	expect_panic((void)radix_tag_get(&tree, 1, RADIX_TAGS));
	assert_int_equal(radix_check(&tree), 1);
	radix_fini(&tree);
}

/* Is a tree empty and usable again after radix_fini() of a full one? */
static void
test_fini(void **state VM_UNUSED)
{
	struct radix_tree tree;
	struct test_alloc ta;

	tree_init(&tree, &ta);
	for (unsigned round = 0; round < 2; round++) {
		for (uint64_t i = 0; i < 10000; i++)
			assert_int_equal(radix_insert(&tree, i * i,
					     &entries[i % 256]),
			    0);
		assert_int_equal(radix_check(&tree), 10000);
		radix_fini(&tree);
		assert_true(radix_is_empty(&tree));
		assert_int_equal(ta.live, 0);
	}
}

/*
 * Does radix_check() find each kind of damage?
 *
 *	root, shift 6: slots 0 and 1, two leaves; 3 and 64 are present, 64
 *	has tag 0
 */
static void
test_check_bites(void **state VM_UNUSED)
{
	struct radix_tree tree;
	struct radix_node *leaf, *root;
	struct test_alloc ta;

	tree_init(&tree, &ta);
	assert_int_equal(radix_insert(&tree, 3, entries), 0);
	assert_int_equal(radix_insert(&tree, 64, entries), 0);
	radix_tag_set(&tree, 64, 0);
	root = tree.root;
	leaf = root->slots[1];
	assert_int_equal(radix_check(&tree), 2);

#define damage(wrong)                                         \
	do {                                                  \
		const struct radix_node r = *root, l = *leaf; \
		wrong;                                        \
		expect_panic((void)radix_check(&tree));       \
		*root = r;                                    \
		*leaf = l;                                    \
		assert_int_equal(radix_check(&tree), 2);      \
	} while (0)

	damage(leaf->parent = NULL);
	damage(leaf->slot = 2);
	damage(leaf->shift = 6);
	damage(leaf->first = 65);
	damage(leaf->slots[0] = NULL);
	damage(leaf->slots[1] = entries);
	damage(leaf->map[RADIX_PRESENT] = 3);
	damage(leaf->map[RADIX_PRESENT] = 0);
	damage(leaf->map[0] = 0); /* the root's tag is left */
	damage(leaf->map[0] = 3); /* a tag on nothing */
	damage(root->map[1] = leaf->map[1] = 2);
	damage(root->map[0] = 0); /* the leaf's tag is unseen */
	damage(root->map[1] = 1);
	damage(root->map[RADIX_PRESENT] = 2);
	damage(root->parent = leaf);
	damage(root->slot = 1);
	damage(root->first = 64);
	damage(root->shift = 12);
#undef damage
	radix_fini(&tree);
}

/* Everything the tree says, to compare before and after. */
static void
verify_same(struct radix_tree *tree, struct model *m)
{
	struct model_entry *e;
	uint64_t index;

	verify(radix_check(tree) == m->n);
	verify(radix_is_empty(tree) == (m->n == 0));
	for (size_t i = 0; i < m->n; i++) {
		e = &m->e[i];
		verify(radix_lookup(tree, e->index) == e->ptr);
		for (unsigned tag = 0; tag < RADIX_TAGS; tag++)
			verify(
			    radix_tag_get(tree, e->index, tag) == e->tag[tag]);
		index = i == 0 ? 0 : m->e[i - 1].index + 1;
		verify(radix_next(tree, &index) == e->ptr);
		verify(index == e->index);
	}
}

/*
 * Do all searches from this index, present or not, agree with the model, and
 * leave the index alone where there is nothing?
 */
static void
verify_index(struct radix_tree *tree, struct model *m, uint64_t index)
{
	const struct model_entry *e = model_lookup(m, index);
	size_t at = model_find(m, index), tagged;
	uint64_t found = index;
	void *p;

	verify(radix_lookup(tree, index) == (e == NULL ? NULL : e->ptr));
	p = radix_next(tree, &found);
	verify(p == (at < m->n ? m->e[at].ptr : NULL));
	verify(found == (at < m->n ? m->e[at].index : index));

	for (unsigned tag = 0; tag < RADIX_TAGS; tag++) {
		verify(radix_tag_get(tree, index, tag) ==
		    (e != NULL && e->tag[tag]));
		found = index;
		p = radix_next_tagged(tree, &found, tag);
		tagged = at;
		while (tagged < m->n && !m->e[tagged].tag[tag])
			tagged++;
		verify(p == (tagged < m->n ? m->e[tagged].ptr : NULL));
		verify(found == (tagged < m->n ? m->e[tagged].index : index));
	}
}

/* A pattern of indices, one a seed. */
static uint64_t
random_index(uint64_t seed)
{
	uint64_t edge = edges[random_below(ARRAY_LEN(edges))];

	switch (seed % 6) {
	case 0: /* dense */
		return random_below(300);
	case 1: /* dense, two levels more */
		return random_below(20000);
	case 2: /* thin, all heights */
		return random_u64() >> random_below(64);
	case 3: /* at the edges */
		return edge + random_below(5) - 2;
	case 4: /* dense, far up */
		return ((uint64_t)1 << 40) + random_below(500);
	default: /* clusters */
		return (uint64_t)random_below(8) << 30 | random_below(100);
	}
}

static void
random_tag(struct radix_tree *tree, struct model_entry *e)
{
	unsigned tag = (unsigned)random_below(RADIX_TAGS);

	e->tag[tag] = random_below(2) == 0;
	if (e->tag[tag])
		radix_tag_set(tree, e->index, tag);
	else
		radix_tag_clear(tree, e->index, tag);
}

/* grow: of 8 chances at a present entry, how many do not remove it. */
static void
random_step(struct radix_tree *tree, struct model *m, uint64_t index,
    size_t grow)
{
	struct model_entry *e = model_lookup(m, index);
	void *ptr = some_entry();

	if (e == NULL) {
		verify(radix_remove(tree, index) == NULL);
		if (m->n == MODEL_MAX)
			return;
		verify(radix_insert(tree, index, ptr) == 0);
		model_insert(m, index, ptr);
	} else if (random_below(8) >= grow) {
		verify(radix_remove(tree, index) == e->ptr);
		model_remove(m, e);
	} else if (random_below(4) == 0) {
		verify(radix_replace(tree, index, ptr) == e->ptr);
		e->ptr = ptr;
	} else {
		random_tag(tree, e);
	}
}

/* Remove all, one by one, from a random place on. */
static void
random_drain(struct radix_tree *tree, struct model *m)
{
	struct model_entry *e;

	while (m->n > 0) {
		e = &m->e[random_below(m->n)];
		verify(radix_remove(tree, e->index) == e->ptr);
		model_remove(m, e);
		if (m->n % 64 == 0)
			verify_same(tree, m);
	}
}

/* Do tree and model agree in long random lives, growing and shrinking? */
static void
test_random(void **state VM_UNUSED)
{
	static struct model m;
	struct radix_tree tree;
	struct test_alloc ta;
	uint64_t index;

	for (uint64_t seed = 1; seed <= test_seeds(60); seed++) {
		random_start(seed);
		tree_init(&tree, &ta);
		m.n = 0;
		for (unsigned op = 0; op < 2000; op++) {
			index = random_index(seed);
			random_step(&tree, &m, index, op / 250 % 2 ? 2 : 7);
			verify_index(&tree, &m, index);
			verify_index(&tree, &m, random_index(seed));
			if (op % 100 == 0)
				verify_same(&tree, &m);
		}
		if (seed % 2 == 0)
			random_drain(&tree, &m);
		else
			radix_fini(&tree);
		verify(ta.live == 0);
	}
}

/*
 * Insert at index, letting each allocation fail in turn until none does.
 * Does each failure leave the tree as it was, to the node?
 */
static void
verify_insert_failures(struct radix_tree *tree, struct model *m,
    struct test_alloc *ta, uint64_t index)
{
	unsigned shift = tree->shift;
	size_t live = ta->live, nth;
	void *ptr = some_entry();

	for (nth = 1;; nth++) {
		verify(nth <= 2 * HEIGHT_MAX);
		test_alloc_fail(ta, nth, random_below(2) == 0);
		if (radix_insert(tree, index, ptr) == 0)
			break;
		verify(ta->live == live);
		verify(tree->shift == shift);
		verify_same(tree, m);
		verify_index(tree, m, index);
	}
	verify(ta->calls == nth - 1);
	test_alloc_fail(ta, 0, false);
	model_insert(m, index, ptr);
}

/* What if the n-th allocation fails, for every n, on trees of any shape? */
static void
test_no_memory(void **state VM_UNUSED)
{
	static struct model m;
	struct radix_tree tree;
	struct test_alloc ta;
	uint64_t index;

	for (uint64_t seed = 1; seed <= test_seeds(60); seed++) {
		random_start(seed);
		tree_init(&tree, &ta);
		m.n = 0;
		for (unsigned op = 0; op < 60; op++) {
			index = random_index(seed);
			if (model_lookup(&m, index) == NULL)
				verify_insert_failures(&tree, &m, &ta, index);
			else
				random_step(&tree, &m, index, 4);
		}
		radix_fini(&tree);
		verify(ta.live == 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_single),
		cmocka_unit_test(test_edges_together),
		cmocka_unit_test(test_node_count),
		cmocka_unit_test(test_replace),
		cmocka_unit_test(test_tags_and_height),
		cmocka_unit_test(test_tags_of_nothing),
		cmocka_unit_test(test_misuse),
		cmocka_unit_test(test_fini),
		cmocka_unit_test(test_check_bites),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
