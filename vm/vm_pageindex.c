/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_pageindex.c - from one page index to another, of whatever kind.
 *
 * The difficulty is to fail without harm.  A page goes back into an index
 * threaded through it without memory; from any other it is taken only when the
 * new one has it, which does not touch the page.
 */
#include "vm/vm_pageindex.h"

static void *
alloc_counted(void *ctx, size_t size)
{
	struct vm_system *sys = ctx;

	return vm_alloc_counted(sys, size, &sys->index_bytes);
}

static void
free_counted(void *ctx, void *p, size_t size)
{
	struct vm_system *sys = ctx;

	vm_free_counted(sys, p, size, &sys->index_bytes);
}

void
vm_pageindex_init_system(struct vm_system *sys)
{
	sys->index_alloc.alloc = alloc_counted;
	sys->index_alloc.free = free_counted;
	sys->index_alloc.ctx = sys;
}

static void
place(struct vm_page *pg, const struct vm_pageindex *ix, vm_pindex_t pindex)
{
	pg->owner = ix->owner;
	pg->pindex = pindex;
}

int
vm_pageindex_move(struct vm_pageindex *from, struct vm_pageindex *to,
    struct vm_page *pg, vm_pindex_t pindex)
{
	vm_pindex_t old = pg->pindex;
	int error;

	if (from->ops->threaded)
		from->ops->remove(from, pg, old);
	place(pg, to, pindex);
	error = to->ops->insert(to, pg);
	if (error != 0)
		place(pg, from, old);
	if (error != 0 && from->ops->threaded)
		(void)from->ops->insert(from, pg);
	if (error == 0 && !from->ops->threaded)
		from->ops->remove(from, pg, old);
	return error;
}

void
vm_pageindex_replace(struct vm_pageindex *ix, struct vm_page *old,
    struct vm_page *new)
{
	int error;

	if (ix->ops->replace != NULL) {
		ix->ops->replace(ix, old, new);
		return;
	}
	VM_ASSERT(ix->ops->threaded);
	ix->ops->remove(ix, old, old->pindex);
	error = ix->ops->insert(ix, new);
	VM_ASSERT(error == 0);
	(void)error;
}
