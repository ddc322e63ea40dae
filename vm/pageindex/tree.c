/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pageindex/tree.c - pages in a red-black tree through the pages themselves.
 *
 * Source: OpenBSD uvm_objtree, DragonFly rb_memq.  Differs: DragonFly also has
 * a hash of pages found lately, which may miss, in front of its tree.
 */
#include "vm/vm_pageindex.h"

static struct vm_page *
page_of(struct rb_node *node)
{
	return node == NULL ? NULL :
			      container_of(node, struct vm_page, place.node);
}

static int
index_init(struct vm_pageindex *ix)
{
	rb_init(&ix->tree, NULL);
	return 0;
}

static void
index_fini(struct vm_pageindex *ix)
{
	VM_ASSERT(rb_is_empty(&ix->tree));
	(void)ix;
}

/* The first page at or after pindex, or NULL. */
static struct vm_page *
ceiling(const struct vm_pageindex *ix, vm_pindex_t pindex)
{
	struct rb_node *node = ix->tree.root, *best = NULL;

	while (node != NULL) {
		if (page_of(node)->pindex >= pindex) {
			best = node;
			node = node->left;
		} else {
			node = node->right;
		}
	}
	return page_of(best);
}

static struct vm_page *
index_lookup(const struct vm_pageindex *ix, vm_pindex_t pindex)
{
	struct rb_node *node = ix->tree.root;
	struct vm_page *pg;

	while (node != NULL) {
		pg = page_of(node);
		if (pg->pindex == pindex)
			return pg;
		node = pindex < pg->pindex ? node->left : node->right;
	}
	return NULL;
}

static int
index_insert(struct vm_pageindex *ix, struct vm_page *pg)
{
	struct rb_node **at = &ix->tree.root, *parent = NULL;

	while (*at != NULL) {
		parent = *at;
		VM_ASSERT(page_of(parent)->pindex != pg->pindex);
		at = pg->pindex < page_of(parent)->pindex ? &parent->left :
							    &parent->right;
	}
	rb_insert(&ix->tree, &pg->place.node, parent, at);
	return 0;
}

static void
index_remove(struct vm_pageindex *ix, struct vm_page *pg, vm_pindex_t pindex)
{
	(void)pindex;
	rb_remove(&ix->tree, &pg->place.node);
}

static struct vm_page *
index_next(struct vm_pageindex *ix, vm_pindex_t *pindex)
{
	struct vm_page *pg = ceiling(ix, *pindex);

	if (pg != NULL)
		*pindex = pg->pindex;
	return pg;
}

static int
compare(const struct rb_node *a, const struct rb_node *b)
{
	const struct vm_page *x, *y;

	x = container_of(a, const struct vm_page, place.node);
	y = container_of(b, const struct vm_page, place.node);
	return x->pindex < y->pindex ? -1 : x->pindex > y->pindex;
}

static size_t
index_check(struct vm_pageindex *ix)
{
	return rb_check(&ix->tree, compare);
}

const struct vm_pageindex_ops vm_pageindex_tree = {
	.name = "tree",
	.threaded = true,
	.init = index_init,
	.fini = index_fini,
	.lookup = index_lookup,
	.insert = index_insert,
	.remove = index_remove,
	.next = index_next,
	.check = index_check,
};
