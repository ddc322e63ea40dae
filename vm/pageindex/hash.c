/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pageindex/hash.c - one hash table for the pages of all objects, and a list
 * of its pages in each object.
 *
 *	heads  [ . | o | . | o | . . . ]	as many as there are frames
 *		     |       `-- (obj 2, 7)
 *		     `-- (obj 1, 4) -- (obj 2, 5)	by place.chain
 *	obj 2: 5 - 7 - 12				by place.link
 *
 * A lookup asks the table.  The list is kept in order, so that "next" after
 * the page found last is the page behind it; where a new page belongs, the
 * table tells if a near neighbour is there, and else a walk from the page
 * found last.
 *
 * Objects have locks of their own and share the table, so each chain has one
 * too, which is the innermost: nothing is taken inside it.  It guards the
 * heads and place.chain; and owner and pindex of a page on a chain stay as
 * they are.
 *
 * Source: 4.4BSD vm_page.c (vm_page_buckets, memq).  Differs: 4.4BSD does not
 * order the pages of an object, and one lock guards the whole table.
 */
#include "base/hash.h"
#include "base/mem.h"
#include "vm/vm_pageindex.h"

enum {
	LOCKS = 64, /* a power of two */
	REACH = 4,  /* pages on each side in which neighbours are looked for */
};

struct vm_pagehash {
	struct vm_mutex locks[LOCKS];
	size_t nheads; /* a power of two */
	struct vm_page *heads[];
};

/* ---- the table ---- */

static size_t
table_bytes(size_t nheads)
{
	return sizeof(struct vm_pagehash) + nheads * sizeof(struct vm_page *);
}

/* => the objects lock is held, so nobody else makes one */
static int
make_table(struct vm_system *sys)
{
	struct vm_pagehash *h;
	size_t n = LOCKS;

	while (n < vm_page_count(sys))
		n *= 2;
	h = vm_alloc_counted(sys, table_bytes(n), &sys->index_bytes);
	if (h == NULL)
		return VM_ENOMEM;
	memset(h, 0, table_bytes(n));
	h->nheads = n;
	for (size_t i = 0; i < LOCKS; i++)
		vm_mutex_init(&h->locks[i], sys->env);
	sys->pagehash = h;
	return 0;
}

void
vm_pageindex_fini_system(struct vm_system *sys)
{
	if (sys->pagehash != NULL)
		vm_free_counted(sys, sys->pagehash,
		    table_bytes(sys->pagehash->nheads), &sys->index_bytes);
	sys->pagehash = NULL;
}

/* Neighbours in an object lie in neighbouring chains. */
static size_t
chain_of(const struct vm_pageindex *ix, vm_pindex_t pindex)
{
	return (size_t)(hash_mix64((uintptr_t)ix->owner) + pindex) &
	    (ix->sys->pagehash->nheads - 1);
}

static void
lock_chain(const struct vm_pageindex *ix, size_t chain)
{
	vm_mutex_lock(&ix->sys->pagehash->locks[chain % LOCKS]);
}

static void
unlock_chain(const struct vm_pageindex *ix, size_t chain)
{
	vm_mutex_unlock(&ix->sys->pagehash->locks[chain % LOCKS]);
}

static void
add_to_chain(const struct vm_pageindex *ix, struct vm_page *pg)
{
	size_t chain = chain_of(ix, pg->pindex);
	struct vm_page **head = &ix->sys->pagehash->heads[chain];

	lock_chain(ix, chain);
	pg->place.hash.chain = *head;
	*head = pg;
	unlock_chain(ix, chain);
}

static void
take_from_chain(const struct vm_pageindex *ix, struct vm_page *pg)
{
	size_t chain = chain_of(ix, pg->pindex);
	struct vm_page **at = &ix->sys->pagehash->heads[chain];

	lock_chain(ix, chain);
	while (*at != pg)
		at = &(*at)->place.hash.chain;
	*at = pg->place.hash.chain;
	unlock_chain(ix, chain);
}

static struct vm_page *
index_lookup(const struct vm_pageindex *ix, vm_pindex_t pindex)
{
	size_t chain = chain_of(ix, pindex);
	struct vm_page *pg;

	lock_chain(ix, chain);
	pg = ix->sys->pagehash->heads[chain];
	while (pg != NULL && (pg->pindex != pindex || pg->owner != ix->owner))
		pg = pg->place.hash.chain;
	unlock_chain(ix, chain);
	return pg;
}

/* ---- the list of an object ---- */

static struct vm_page *
page_of(struct list *n)
{
	return n == NULL ? NULL :
			   LIST_ENTRY(n, struct vm_page, place.hash.link);
}

static struct vm_page *
next_of(const struct vm_pageindex *ix, const struct vm_page *pg)
{
	return page_of(list_next(&ix->listed.pages, &pg->place.hash.link));
}

static struct vm_page *
prev_of(const struct vm_pageindex *ix, const struct vm_page *pg)
{
	return page_of(list_prev(&ix->listed.pages, &pg->place.hash.link));
}

/* The page right before pindex among those near it, or NULL: not known. */
static struct vm_page *
near_before(const struct vm_pageindex *ix, vm_pindex_t pindex)
{
	struct vm_page *pg;

	for (vm_pindex_t i = 1; i <= REACH && i <= pindex; i++) {
		pg = index_lookup(ix, pindex - i);
		if (pg != NULL)
			return pg;
	}
	for (vm_pindex_t i = 1; i <= REACH && i <= UINT64_MAX - pindex; i++) {
		pg = index_lookup(ix, pindex + i);
		if (pg != NULL)
			return prev_of(ix, pg);
	}
	return NULL;
}

/* The last page before pindex, or NULL; from the page found last. */
static struct vm_page *
walk_before(const struct vm_pageindex *ix, vm_pindex_t pindex)
{
	struct vm_page *pg = ix->listed.last, *next;

	while (pg != NULL && pg->pindex >= pindex)
		pg = prev_of(ix, pg);
	if (pg == NULL && ix->listed.last != NULL)
		return NULL;
	next = pg != NULL ? next_of(ix, pg) :
			    page_of(list_first(&ix->listed.pages));
	for (; next != NULL && next->pindex < pindex; next = next_of(ix, next))
		pg = next;
	return pg;
}

static bool
is_right_behind(const struct vm_pageindex *ix, const struct vm_page *pg,
    vm_pindex_t pindex)
{
	struct vm_page *next;

	if (pg == NULL || pg->pindex >= pindex)
		return false;
	next = next_of(ix, pg);
	return next == NULL || next->pindex >= pindex;
}

/* The last page before pindex, or NULL. */
static struct vm_page *
before(const struct vm_pageindex *ix, vm_pindex_t pindex)
{
	struct vm_page *pg = ix->listed.last;

	if (is_right_behind(ix, pg, pindex))
		return pg;
	pg = near_before(ix, pindex);
	return pg != NULL ? pg : walk_before(ix, pindex);
}

/* ---- the index ---- */

static int
index_init(struct vm_pageindex *ix)
{
	list_init(&ix->listed.pages);
	ix->listed.last = NULL;
	return ix->sys->pagehash != NULL ? 0 : make_table(ix->sys);
}

static void
index_fini(struct vm_pageindex *ix)
{
	VM_ASSERT(list_is_empty(&ix->listed.pages));
	(void)ix;
}

static int
index_insert(struct vm_pageindex *ix, struct vm_page *pg)
{
	struct vm_page *prev = before(ix, pg->pindex);

	VM_ASSERT(pg->owner == ix->owner);
	list_insert_after(prev == NULL ? &ix->listed.pages :
					 &prev->place.hash.link,
	    &pg->place.hash.link);
	ix->listed.last = pg;
	add_to_chain(ix, pg);
	return 0;
}

static void
index_remove(struct vm_pageindex *ix, struct vm_page *pg, vm_pindex_t pindex)
{
	VM_ASSERT(pg->pindex == pindex && pg->owner == ix->owner);
	(void)pindex;
	if (ix->listed.last == pg)
		ix->listed.last = prev_of(ix, pg);
	take_from_chain(ix, pg);
	list_remove(&pg->place.hash.link);
}

static struct vm_page *
index_next(struct vm_pageindex *ix, vm_pindex_t *pindex)
{
	struct vm_page *pg, *last = ix->listed.last;

	if (is_right_behind(ix, last, *pindex)) {
		pg = next_of(ix, last);
	} else if ((pg = index_lookup(ix, *pindex)) == NULL) {
		pg = walk_before(ix, *pindex);
		pg = pg != NULL ? next_of(ix, pg) :
				  page_of(list_first(&ix->listed.pages));
	}
	if (pg == NULL)
		return NULL;
	ix->listed.last = pg;
	*pindex = pg->pindex;
	return pg;
}

static size_t
index_check(struct vm_pageindex *ix)
{
	const struct vm_page *prev = NULL;
	bool seen = ix->listed.last == NULL;
	size_t n = 0;

	LIST_FOREACH(struct vm_page, pg, &ix->listed.pages, place.hash.link) {
		VM_VERIFY(prev == NULL || prev->pindex < pg->pindex);
		VM_VERIFY(index_lookup(ix, pg->pindex) == pg);
		seen = seen || pg == ix->listed.last;
		prev = pg;
		n++;
	}
	VM_VERIFY(seen);
	return n;
}

const struct vm_pageindex_ops vm_pageindex_hash = {
	.name = "hash",
	.threaded = true,
	.init = index_init,
	.fini = index_fini,
	.lookup = index_lookup,
	.insert = index_insert,
	.remove = index_remove,
	.next = index_next,
	.check = index_check,
};
