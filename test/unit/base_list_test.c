/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base_list_test.c - is a list what an array of its elements says, after any
 * operation, forwards and backwards?
 */

#include <stdalign.h>

#include "test/unit/base_test.h"

#include "base/list.h"

enum { MAX = 32 };

struct item {
	int key;
	struct list link;
};

/* Assert that the list has exactly these keys, read both ways. */
static void
assert_keys(const struct list *head, const int *keys, size_t n)
{
	const struct list *node;
	size_t i = 0;

	LIST_FOREACH(struct item, item, head, link) {
		assert_true(i < n);
		assert_int_equal(item->key, keys[i++]);
	}
	assert_int_equal(i, n);
	for (node = list_last(head); node != NULL; node = list_prev(head, node))
		assert_int_equal(LIST_ENTRY(node, struct item, link)->key,
		    keys[--i]);
	assert_int_equal(i, 0);
	assert_true(list_is_empty(head) == (n == 0));
}

/* Is a new list empty, and a loop over it void? */
static void
test_empty(void **state VM_UNUSED)
{
	struct list head;

	list_init(&head);
	assert_keys(&head, NULL, 0);
	assert_null(list_first(&head));
	assert_null(list_last(&head));
	LIST_FOREACH_SAFE(struct item, item, tmp, &head, link)
		fail_msg("%p %p", (void *)item, (void *)tmp);
}

/* Where does each way of inserting put a node? */
static void
test_insert(void **state VM_UNUSED)
{
	struct item a = { .key = 'a' }, b = { .key = 'b' }, c = { .key = 'c' };
	struct item d = { .key = 'd' }, e = { .key = 'e' };
	struct list head;

	list_init(&head);
	list_insert_head(&head, &c.link);     /* c */
	list_insert_head(&head, &a.link);     /* a c */
	list_insert_tail(&head, &e.link);     /* a c e */
	list_insert_after(&a.link, &b.link);  /* a b c e */
	list_insert_before(&e.link, &d.link); /* a b c d e */
	assert_keys(&head, (int[]){ 'a', 'b', 'c', 'd', 'e' }, 5);
}

/* Is a removed node on no list, and removing it again harmless? */
static void
test_remove(void **state VM_UNUSED)
{
	struct item a = { .key = 'a' }, b = { .key = 'b' };
	struct list head;

	list_init(&head);
	list_insert_tail(&head, &a.link);
	list_insert_tail(&head, &b.link);
	assert_false(list_is_empty(&a.link));
	list_remove(&a.link);
	assert_true(list_is_empty(&a.link));
	list_remove(&a.link);
	assert_keys(&head, (int[]){ 'b' }, 1);
	list_remove(&b.link);
	assert_keys(&head, NULL, 0);
}

/* Does a splice move everything, in order, to and from empty lists too? */
static void
test_splice(void **state VM_UNUSED)
{
	struct item items[4] = { { .key = 0 }, { .key = 1 }, { .key = 2 },
		{ .key = 3 } };
	struct list x, y;

	list_init(&x);
	list_init(&y);
	list_splice_tail(&x, &y); /* nothing + nothing */
	assert_keys(&x, NULL, 0);
	list_insert_tail(&y, &items[0].link);
	list_insert_tail(&y, &items[1].link);
	list_splice_tail(&x, &y); /* nothing + 0 1 */
	assert_keys(&x, (int[]){ 0, 1 }, 2);
	assert_keys(&y, NULL, 0);
	list_splice_tail(&x, &y); /* 0 1 + nothing */
	assert_keys(&x, (int[]){ 0, 1 }, 2);
	list_insert_tail(&y, &items[2].link);
	list_insert_tail(&y, &items[3].link);
	list_splice_tail(&x, &y); /* 0 1 + 2 3 */
	assert_keys(&x, (int[]){ 0, 1, 2, 3 }, 4);
	assert_keys(&y, NULL, 0);
}

/* May the body of the safe loop free the element it is at? */
static void
test_foreach_safe(void **state VM_UNUSED)
{
	struct item *fresh;
	struct list head;
	int n = 0;

	list_init(&head);
	for (int i = 0; i < 5; i++) {
		fresh = malloc(sizeof(*fresh));
		assert_non_null(fresh);
		fresh->key = i;
		list_insert_tail(&head, &fresh->link);
	}
	LIST_FOREACH_SAFE(struct item, item, tmp, &head, link) {
		assert_true((tmp == NULL) == (n == 4));
		assert_int_equal(item->key, n++);
		list_remove(&item->link);
		free(item);
	}
	assert_int_equal(n, 5);
	assert_true(list_is_empty(&head));
}

/* Do break and continue mean in the loops what they mean in any loop? */
static void
test_foreach_break(void **state VM_UNUSED)
{
	struct item items[4] = { { .key = 0 }, { .key = 1 }, { .key = 2 },
		{ .key = 3 } };
	struct list head;
	int sum = 0;

	list_init(&head);
	for (size_t i = 0; i < 4; i++)
		list_insert_tail(&head, &items[i].link);
	LIST_FOREACH(struct item, item, &head, link) {
		if (item->key == 1)
			continue;
		if (item->key == 3)
			break;
		sum += item->key;
	}
	assert_int_equal(sum, 2);
	assert_ptr_equal(LIST_FIRST(struct item, &head, link), &items[0]);
	assert_ptr_equal(LIST_NEXT(struct item, &items[2], &head, link),
	    &items[3]);
	assert_null(LIST_NEXT(struct item, &items[3], &head, link));
}

/*
 * Is a loop right where the head cannot be part of an element: the elements
 * are aligned to more than the head is?  (For the undefined-behaviour
 * sanitizer.)
 */
static void
test_foreach_aligned(void **state VM_UNUSED)
{
	struct wide {
		alignas(64) int key;
		struct list link;
	} wide[3];
	struct {
		alignas(64) char shift[8];
		struct list head;
	} place;
	int n = 0;

	list_init(&place.head);
	for (int i = 0; i < 3; i++) {
		wide[i].key = i;
		list_insert_tail(&place.head, &wide[i].link);
	}
	LIST_FOREACH(struct wide, w, &place.head, link)
		assert_int_equal(w->key, n++);
	assert_int_equal(n, 3);
}

/* The model of the random test: keys in order. */
struct model {
	int keys[MAX];
	size_t n;
};

static void
model_insert(struct model *m, size_t at, int key)
{
	memmove(&m->keys[at + 1], &m->keys[at],
	    (m->n - at) * sizeof(m->keys[0]));
	m->keys[at] = key;
	m->n++;
}

static size_t
model_find(const struct model *m, int key)
{
	size_t i = 0;

	while (i < m->n && m->keys[i] != key)
		i++;
	return i;
}

static void
model_remove(struct model *m, int key)
{
	size_t at = model_find(m, key);

	m->n--;
	memmove(&m->keys[at], &m->keys[at + 1],
	    (m->n - at) * sizeof(m->keys[0]));
}

static void
random_insert(struct list *head, struct model *m, struct item *item,
    struct item *items)
{
	size_t at = m->n == 0 ? 0 : random_below(m->n);

	switch (random_below(m->n == 0 ? 2 : 4)) {
	case 0:
		list_insert_head(head, &item->link);
		model_insert(m, 0, item->key);
		break;
	case 1:
		list_insert_tail(head, &item->link);
		model_insert(m, m->n, item->key);
		break;
	case 2:
		list_insert_after(&items[m->keys[at]].link, &item->link);
		model_insert(m, at + 1, item->key);
		break;
	case 3:
		list_insert_before(&items[m->keys[at]].link, &item->link);
		model_insert(m, at, item->key);
		break;
	}
}

static void
random_remove(struct model models[2], struct item *item)
{
	bool in_first = model_find(&models[0], item->key) < models[0].n;

	list_remove(&item->link);
	model_remove(&models[in_first ? 0 : 1], item->key);
}

static void
random_splice(struct list heads[2], struct model models[2])
{
	for (size_t i = 0; i < models[1].n; i++)
		model_insert(&models[0], models[0].n, models[1].keys[i]);
	models[1].n = 0;
	list_splice_tail(&heads[0], &heads[1]);
}

/* Do two lists, after any operations, agree with two arrays? */
static void
test_random(void **state VM_UNUSED)
{
	struct item items[MAX];
	struct list heads[2];
	struct model models[2] = { { .n = 0 }, { .n = 0 } };
	size_t i, which;

	random_start(1);
	for (i = 0; i < MAX; i++) {
		items[i].key = (int)i;
		list_init(&items[i].link);
	}
	list_init(&heads[0]);
	list_init(&heads[1]);
	for (unsigned op = 0; op < 20000; op++) {
		i = random_below(MAX);
		which = random_below(2);
		if (random_below(50) == 0)
			random_splice(heads, models);
		if (list_is_empty(&items[i].link))
			random_insert(&heads[which], &models[which], &items[i],
			    items);
		else
			random_remove(models, &items[i]);
		assert_keys(&heads[0], models[0].keys, models[0].n);
		assert_keys(&heads[1], models[1].keys, models[1].n);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_insert),
		cmocka_unit_test(test_remove),
		cmocka_unit_test(test_splice),
		cmocka_unit_test(test_foreach_safe),
		cmocka_unit_test(test_foreach_break),
		cmocka_unit_test(test_foreach_aligned),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
