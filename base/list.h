/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * list.h - intrusive circular doubly linked lists.
 *
 * Head and nodes are the same structure, and an empty head or a node on no
 * list points to itself, so that inserting and removing have no special case:
 *
 *	head <-> a <-> b <-> c <-> head
 *
 * The element contains its node; LIST_ENTRY leads from the node back to it.
 * A node must be initialised (or just inserted) before it is removed, and
 * must not be inserted while it is on a list.
 *
 * Not thread-safe.  The macros have names of <sys/queue.h>; a file can
 * include only one of the two.
 */

#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/check.h"

struct list {
	struct list *next, *prev;
};

/* list_init: make an empty head, or a node that is on no list. */
static inline void
list_init(struct list *n)
{
	n->next = n->prev = n;
}

/* list_is_empty: of a head, nothing on the list; of a node, on no list. */
static inline bool
list_is_empty(const struct list *head)
{
	return head->next == head;
}

static inline void
list_insert_after(struct list *pos, struct list *n)
{
	n->next = pos->next;
	n->prev = pos;
	pos->next->prev = n;
	pos->next = n;
}

static inline void
list_insert_before(struct list *pos, struct list *n)
{
	list_insert_after(pos->prev, n);
}

static inline void
list_insert_head(struct list *head, struct list *n)
{
	list_insert_after(head, n);
}

static inline void
list_insert_tail(struct list *head, struct list *n)
{
	list_insert_before(head, n);
}

/* list_remove: take n off its list; does nothing if it is on none. */
static inline void
list_remove(struct list *n)
{
	n->prev->next = n->next;
	n->next->prev = n->prev;
	list_init(n);
}

/* list_next: the node after n on the list of head; NULL at the end. */
static inline struct list *
list_next(const struct list *head, const struct list *n)
{
	return n->next == head ? NULL : n->next;
}

/* list_prev: the node before n on the list of head; NULL at the start. */
static inline struct list *
list_prev(const struct list *head, const struct list *n)
{
	return n->prev == head ? NULL : n->prev;
}

/* list_first: NULL if the list is empty. */
static inline struct list *
list_first(const struct list *head)
{
	return list_next(head, head);
}

/* list_last: NULL if the list is empty. */
static inline struct list *
list_last(const struct list *head)
{
	return list_prev(head, head);
}

/* list_splice_tail: move all of src to the end of dst; src becomes empty. */
static inline void
list_splice_tail(struct list *dst, struct list *src)
{
	if (list_is_empty(src))
		return;
	src->next->prev = dst->prev;
	src->prev->next = dst;
	dst->prev->next = src->next;
	dst->prev = src->prev;
	list_init(src);
}

/* list_element: the element whose node, at the offset, is n; NULL if none. */
static inline void *
list_element(struct list *n, size_t offset)
{
	return n == NULL ? NULL : (void *)((char *)n - offset);
}

/* list_element_after: the element after elem; NULL if none or elem is NULL. */
static inline void *
list_element_after(const struct list *head, const void *elem, size_t offset)
{
	const struct list *n;

	if (elem == NULL)
		return NULL;
	n = (const struct list *)(const void *)((const char *)elem + offset);
	return list_element(list_next(head, n), offset);
}

/* LIST_ENTRY: the element of the given type whose member is the node ptr. */
#define LIST_ENTRY(ptr, type, member) container_of(ptr, type, member)

/* LIST_FIRST: the first element on a list; NULL if it is empty. */
#define LIST_FIRST(type, head, member) \
	((type *)list_element(list_first(head), offsetof(type, member)))

/* LIST_NEXT: the element after elem; NULL at the end. */
#define LIST_NEXT(type, elem, head, member) \
	((type *)list_element_after(head, elem, offsetof(type, member)))

/*
 * LIST_FOREACH: a loop over the elements from first to last; declares var,
 * a type *.  The body must not remove var from the list.
 */
#define LIST_FOREACH(type, var, head, member)                         \
	for (type *var = LIST_FIRST(type, head, member); var != NULL; \
	     var = LIST_NEXT(type, var, head, member))

/*
 * LIST_FOREACH_SAFE: the same; the body may remove and free var, but not
 * tmp, which is the element after it.  Declares both, each a type *.
 */
#define LIST_FOREACH_SAFE(type, var, tmp, head, member)      \
	for (type *var = LIST_FIRST(type, head, member),     \
		  *tmp = LIST_NEXT(type, var, head, member); \
	     var != NULL; var = tmp, tmp = LIST_NEXT(type, var, head, member))

#endif /* BASE_LIST_H */
