/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pageindex/radix.c - pages in a radix tree of nodes with 64 slots.
 *
 * Nothing of it is in the pages; a node serves 64 neighbours, so a page of a
 * dense object costs some nine bytes.  Source: NetBSD uo_pages (radixtree),
 * FreeBSD vm_radix.c, whose nodes have 16 slots and leave out levels with a
 * single child.
 */
#include "vm/vm_pageindex.h"

static int
index_init(struct vm_pageindex *ix)
{
	radix_init(&ix->radix, &ix->sys->index_alloc);
	return 0;
}

static void
index_fini(struct vm_pageindex *ix)
{
	VM_ASSERT(radix_is_empty(&ix->radix));
	radix_fini(&ix->radix);
}

static struct vm_page *
index_lookup(const struct vm_pageindex *ix, vm_pindex_t pindex)
{
	return radix_lookup(&ix->radix, pindex);
}

static int
index_insert(struct vm_pageindex *ix, struct vm_page *pg)
{
	return radix_insert(&ix->radix, pg->pindex, pg) == 0 ? 0 : VM_ENOMEM;
}

static void
index_remove(struct vm_pageindex *ix, struct vm_page *pg, vm_pindex_t pindex)
{
	void *was = radix_remove(&ix->radix, pindex);

	VM_ASSERT(was == pg);
	(void)was, (void)pg;
}

static void
index_replace(struct vm_pageindex *ix, struct vm_page *old, struct vm_page *new)
{
	void *was = radix_replace(&ix->radix, old->pindex, new);

	VM_ASSERT(was == old);
	(void)was;
}

static struct vm_page *
index_next(struct vm_pageindex *ix, vm_pindex_t *pindex)
{
	return radix_next(&ix->radix, pindex);
}

static size_t
index_check(struct vm_pageindex *ix)
{
	return (size_t)radix_check(&ix->radix);
}

const struct vm_pageindex_ops vm_pageindex_radix = {
	.name = "radix",
	.threaded = false,
	.init = index_init,
	.fini = index_fini,
	.lookup = index_lookup,
	.insert = index_insert,
	.remove = index_remove,
	.replace = index_replace,
	.next = index_next,
	.check = index_check,
};
