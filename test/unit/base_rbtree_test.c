/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base_rbtree_test.c - is the tree sound and its summary right after every
 * insertion and removal?
 *
 * The nodes are elements with a key and a value; the summary of a node is the
 * greatest value in its subtree, as the greatest gap is in a map's tree.  The
 * naive model is an array of the keys present, scanned.
 */

#include "test/unit/base_test.h"

#include "base/rbtree.h"

enum { MAX = 512 };

struct item {
	int key;
	unsigned value, max;
	bool present;
	struct rb_node node;
};

static size_t augment_calls;

static struct item *
item_of(const struct rb_node *node)
{
	return container_of(node, struct item, node);
}

static unsigned
child_max(const struct rb_node *node)
{
	return node == NULL ? 0 : item_of(node)->max;
}

static unsigned
max(unsigned a, unsigned b)
{
	return a > b ? a : b;
}

static bool
augment_max(struct rb_node *node)
{
	struct item *item = item_of(node);
	unsigned now = item->value;

	augment_calls++;
	now = max(now, child_max(node->left));
	now = max(now, child_max(node->right));
	if (now == item->max)
		return false;
	item->max = now;
	return true;
}

static int
compare(const struct rb_node *a, const struct rb_node *b)
{
	int ka = item_of(a)->key, kb = item_of(b)->key;

	return ka < kb ? -1 : ka > kb;
}

static void
tree_insert(struct rb_tree *tree, struct item *item)
{
	struct rb_node **link = &tree->root, *parent = NULL;

	while (*link != NULL) {
		parent = *link;
		if (item->key < item_of(parent)->key)
			link = &parent->left;
		else
			link = &parent->right;
	}
	rb_insert(tree, &item->node, parent, link);
}

static void
items_init(struct item *items, size_t n)
{
	memset(items, 0, n * sizeof(*items));
	for (size_t i = 0; i < n; i++)
		items[i].key = (int)i;
}

/* A tree of items 0 to n - 1, inserted in order. */
static void
tree_of(struct rb_tree *tree, struct item *items, size_t n)
{
	items_init(items, n);
	rb_init(tree, augment_max);
	for (size_t i = 0; i < n; i++) {
		items[i].value = (unsigned)i;
		tree_insert(tree, &items[i]);
	}
}

/* Is a new tree empty? */
static void
test_empty(void **state VM_UNUSED)
{
	struct rb_tree tree;

	rb_init(&tree, NULL);
	assert_true(rb_is_empty(&tree));
	assert_null(rb_first(&tree));
	assert_null(rb_last(&tree));
	assert_int_equal(rb_check(&tree, compare), 0);
}

/* Do first, next, last and prev pass every node in order, and end? */
static void
test_order(void **state VM_UNUSED)
{
	struct item items[20];
	struct rb_node *node;
	struct rb_tree tree;
	int key = 0;

	tree_of(&tree, items, 20);
	assert_false(rb_is_empty(&tree));
	for (node = rb_first(&tree); node != NULL; node = rb_next(node))
		assert_int_equal(item_of(node)->key, key++);
	assert_int_equal(key, 20);
	for (node = rb_last(&tree); node != NULL; node = rb_prev(node))
		assert_int_equal(item_of(node)->key, --key);
	assert_int_equal(key, 0);
}

/* The n-th permutation of 0 to len - 1. */
static void
permutation(unsigned nth, int *order, int len)
{
	int at, left;

	for (int i = 0; i < len; i++)
		order[i] = i;
	for (int i = 0; i < len; i++) {
		left = len - i;
		at = i + (int)(nth % (unsigned)left);
		nth /= (unsigned)left;
		left = order[at];
		order[at] = order[i];
		order[i] = left;
	}
}

static unsigned
factorial(unsigned n)
{
	return n < 2 ? 1 : n * factorial(n - 1);
}

static void
run_orders(const int *in, const int *out, int n)
{
	struct item items[8];
	struct rb_tree tree;

	items_init(items, 8);
	rb_init(&tree, augment_max);
	for (int i = 0; i < n; i++) {
		items[in[i]].value = (unsigned)in[i] * 5 % 7;
		tree_insert(&tree, &items[in[i]]);
		assert_int_equal(rb_check(&tree, compare), i + 1);
	}
	for (int i = 0; i < n; i++) {
		rb_remove(&tree, &items[out[i]].node);
		assert_int_equal(rb_check(&tree, compare), n - i - 1);
	}
}

/* Is the tree sound in every order of inserting and removing 5 nodes? */
static void
test_every_order(void **state VM_UNUSED)
{
	int in[5], out[5];

	for (unsigned i = 0; i < factorial(5); i++) {
		permutation(i, in, 5);
		for (unsigned j = 0; j < factorial(5); j++) {
			permutation(j, out, 5);
			run_orders(in, out, 5);
		}
	}
}

/* And of inserting 8 nodes in every order, removing them in another? */
static void
test_every_insertion_order(void **state VM_UNUSED)
{
	int in[8], out[8];

	for (unsigned i = 0; i < factorial(8); i++) {
		permutation(i, in, 8);
		permutation(factorial(8) - 1 - i, out, 8);
		run_orders(in, out, 8);
	}
}

static size_t
height(const struct rb_node *node)
{
	size_t l, r;

	if (node == NULL)
		return 0;
	l = height(node->left);
	r = height(node->right);
	return 1 + (l > r ? l : r);
}

/* Is the tree no higher than 2 log2(n + 1), even for keys in order? */
static void
test_height(void **state VM_UNUSED)
{
	static struct item items[4095];
	struct rb_tree tree;

	tree_of(&tree, items, 4095);
	assert_in_range(height(tree.root), 12, 24);
}

/* Does a tree without summaries work the same? */
static void
test_no_summary(void **state VM_UNUSED)
{
	struct item items[50];
	struct rb_tree tree;

	items_init(items, 50);
	rb_init(&tree, NULL);
	for (size_t i = 0; i < 50; i++)
		tree_insert(&tree, &items[i * 7 % 50]);
	assert_int_equal(rb_check(&tree, compare), 50);
	rb_update(&tree, &items[3].node);
	for (size_t i = 0; i < 50; i++) {
		rb_remove(&tree, &items[i * 3 % 50].node);
		assert_int_equal(rb_check(&tree, compare), 49 - i);
	}
}

/* May equal keys be in a tree whose compare puts them in some order? */
static int
compare_or_equal(const struct rb_node *a, const struct rb_node *b)
{
	return compare(a, b) <= 0 ? -1 : 1;
}

static void
test_equal_keys(void **state VM_UNUSED)
{
	struct item items[10];
	struct rb_tree tree;

	items_init(items, 10);
	rb_init(&tree, augment_max);
	for (size_t i = 0; i < 10; i++) {
		items[i].key = (int)(i % 3);
		tree_insert(&tree, &items[i]);
	}
	assert_int_equal(rb_check(&tree, compare_or_equal), 10);
	assert_int_equal(rb_check(&tree, NULL), 10);
	expect_panic((void)rb_check(&tree, compare));
}

/* Does rb_update() reach the root, but stop where nothing changes? */
static void
test_update(void **state VM_UNUSED)
{
	struct item items[64];
	struct rb_tree tree;

	tree_of(&tree, items, 64);
	items[0].value = 1000;
	rb_update(&tree, &items[0].node);
	assert_int_equal(item_of(tree.root)->max, 1000);
	assert_int_equal(rb_check(&tree, compare), 64);

	augment_calls = 0;
	rb_update(&tree, &items[0].node);
	assert_int_equal(augment_calls, 1);

	items[0].value = 0;
	rb_update(&tree, &items[0].node);
	assert_int_equal(item_of(tree.root)->max, 63);
	assert_int_equal(rb_check(&tree, compare), 64);
}

/*
 * Damage a tree in every way, and mend it again.
 *
 *	  1				  1
 *	 / \				 / \
 *	0   2		or		2   0		black; 3 is red
 *	     \				   /
 *	      3				  3
 */
static void
assert_check_bites(struct rb_tree *tree, struct item *items)
{
	struct item saved[4];

	memcpy(saved, items, sizeof(saved));
	assert_int_equal(rb_check(tree, compare), 4);
	assert_ptr_equal(tree->root, &items[1].node);

	items[1].node.parent_color &= ~(uintptr_t)1; /* a red root */
	expect_panic((void)rb_check(tree, compare));
	memcpy(items, saved, sizeof(saved));

	items[0].node.parent_color &= ~(uintptr_t)1; /* red 3 under red 2 */
	items[2].node.parent_color &= ~(uintptr_t)1;
	expect_panic((void)rb_check(tree, compare));
	memcpy(items, saved, sizeof(saved));

	items[3].node.parent_color |= 1; /* one black too many */
	expect_panic((void)rb_check(tree, compare));
	memcpy(items, saved, sizeof(saved));

	items[0].node.parent_color &= ~(uintptr_t)1; /* one too few */
	expect_panic((void)rb_check(tree, compare));
	memcpy(items, saved, sizeof(saved));

	items[3].node.parent_color = (uintptr_t)&items[1].node;
	expect_panic((void)rb_check(tree, compare)); /* a wrong parent */
	memcpy(items, saved, sizeof(saved));

	items[0].key = items[1].key; /* an equal key */
	expect_panic((void)rb_check(tree, compare));
	memcpy(items, saved, sizeof(saved));

	items[3].value = 100; /* a stale summary */
	expect_panic((void)rb_check(tree, compare));
	memcpy(items, saved, sizeof(saved));
	assert_int_equal(rb_check(tree, compare), 4);
}

/* Does rb_check() find each kind of damage, on either side? */
static void
test_check_bites(void **state VM_UNUSED)
{
	struct item items[4];
	struct rb_tree tree;

	tree_of(&tree, items, 4);
	assert_check_bites(&tree, items);

	items_init(items, 4);
	rb_init(&tree, augment_max);
	for (int i = 0; i < 4; i++) {
		items[i].key = -i;
		items[i].value = (unsigned)i;
		tree_insert(&tree, &items[i]);
	}
	assert_check_bites(&tree, items);
}

/* Is a place that is taken refused? */
static void
test_misuse(void **state VM_UNUSED)
{
	struct item items[4], extra = { .key = 9 };
	struct rb_tree tree;

	tree_of(&tree, items, 4);
	expect_panic(
	    rb_insert(&tree, &extra.node, &items[1].node, &items[1].node.left));
	assert_int_equal(rb_check(&tree, compare), 4);
}

/* The greatest value among the items present, by looking at all. */
static unsigned
naive_max(const struct item *items, size_t n)
{
	unsigned found = 0;

	for (size_t i = 0; i < n; i++) {
		if (items[i].present)
			found = max(found, items[i].value);
	}
	return found;
}

/* Are the items in the tree, in order, those present? */
static void
verify_same(const struct rb_tree *tree, const struct item *items, size_t n)
{
	const struct rb_node *node = rb_first(tree);
	size_t present = 0;

	for (size_t i = 0; i < n; i++) {
		if (!items[i].present)
			continue;
		verify(node == &items[i].node);
		node = rb_next(node);
		present++;
	}
	verify(node == NULL);
	verify(rb_check(tree, compare) == present);
	verify(child_max(tree->root) == naive_max(items, n));
}

static void
random_step(struct rb_tree *tree, struct item *item, unsigned range)
{
	if (!item->present) {
		item->value = (unsigned)random_below(range);
		item->max = (unsigned)random_u64();
		tree_insert(tree, item);
		item->present = true;
	} else if (random_below(3) == 0) {
		item->value = (unsigned)random_below(range);
		rb_update(tree, &item->node);
	} else {
		rb_remove(tree, &item->node);
		memset(&item->node, 0xdb, sizeof(item->node));
		item->present = false;
	}
}

/*
 * Does the tree agree with the model in long random lives?  Few different
 * values make many equal ones, where updating stops early.
 */
static void
test_random(void **state VM_UNUSED)
{
	static struct item items[MAX];
	struct rb_tree tree;
	size_t n;

	for (uint64_t seed = 1; seed <= test_seeds(40); seed++) {
		random_start(seed);
		n = 1 + random_below(seed % 4 == 0 ? MAX : 40);
		items_init(items, n);
		rb_init(&tree, augment_max);
		for (unsigned op = 0; op < 2000; op++) {
			random_step(&tree, &items[random_below(n)],
			    seed % 2 == 0 ? 4 : 100000);
			if (n <= 40 || op % 16 == 0)
				verify_same(&tree, items, n);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_every_order),
		cmocka_unit_test(test_every_insertion_order),
		cmocka_unit_test(test_height),
		cmocka_unit_test(test_no_summary),
		cmocka_unit_test(test_equal_keys),
		cmocka_unit_test(test_update),
		cmocka_unit_test(test_check_bites),
		cmocka_unit_test(test_misuse),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
