/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pager.c - objects of a user's pager.
 *
 * The core's pagers have pages; the user's have addresses.  It answers for
 * whole pages, so that the end of the object is nobody's business but ours.
 */
#include "self/frames.h"

#include "base/mem.h"
#include "vm/pmap.h"
#include "vm/vm_page.h"

struct pager {
	struct bsdvm_system *sys;
	const struct bsdvm_pager *ops;
	void *arg;
	uint64_t bytes;
};

/* How many of so many pages the object has from there on. */
static unsigned
inside(const struct pager *p, vm_pindex_t pindex, unsigned npages)
{
	vm_pindex_t all = vm_atop(p->bytes + VM_PAGE_MASK);

	if (pindex >= all)
		return 0;
	return all - pindex < npages ? (unsigned)(all - pindex) : npages;
}

static void
addresses(struct vm_object *obj, struct vm_page *const *pages, unsigned n,
    void **addr)
{
	for (unsigned i = 0; i < n; i++)
		addr[i] = pmap_page_data(obj->sys->machine, pages[i]);
}

/* Behind the end there are zeroes, whatever the user has put there. */
static void
zero_tail(const struct pager *p, vm_pindex_t pindex, void **addr, unsigned n)
{
	size_t used = p->bytes & VM_PAGE_MASK;

	if (used != 0 && pindex + n == vm_atop(p->bytes) + 1)
		memset((char *)addr[n - 1] + used, 0, VM_PAGE_SIZE - used);
}

static int
pager_get(struct vm_object *obj, vm_pindex_t pindex,
    struct vm_page *const *pages, unsigned *npages)
{
	const struct pager *p = obj->pager;
	unsigned n = inside(p, pindex, *npages);
	void *addr[VM_CLUSTER_MAX];
	size_t got = n;

	if (n == 0)
		return VM_ERANGE;
	addresses(obj, pages, n, addr);
	frames_need(p->sys, addr, n);
	if (p->ops->get(p->arg, vm_ptoa(pindex), addr, &got) != 0 || got == 0)
		return VM_EIO;
	if (got < n)
		n = (unsigned)got;
	zero_tail(p, pindex, addr, n);
	*npages = n;
	return 0;
}

static void
pager_put(struct vm_object *obj, vm_pindex_t pindex,
    struct vm_page *const *pages, struct vm_io *io)
{
	const struct pager *p = obj->pager;
	int error = VM_ERANGE;

	VM_ASSERT(p->ops->put != NULL); /* no shared mapping writes, then */
	io->npages = inside(p, pindex, io->npages);
	if (io->npages != 0) {
		addresses(obj, pages, io->npages, io->addr);
		zero_tail(p, pindex, io->addr, io->npages);
		error = p->ops->put(p->arg, vm_ptoa(pindex), io->addr,
		    io->npages);
		error = error != 0 ? VM_EIO : 0;
	}
	vm_io_done(io, error);
}

static int
pager_sync(void *pager)
{
	const struct pager *p = pager;

	if (p->ops->sync == NULL)
		return 0;
	return p->ops->sync(p->arg) != 0 ? VM_EIO : 0;
}

static void
pager_destroy(struct vm_system *sys, void *pager)
{
	struct pager *p = pager;

	if (p->ops->close != NULL)
		p->ops->close(p->arg);
	vm_free(sys, p, sizeof(*p));
}

/* With a put even for who has none: pages that are clean can go. */
static const struct vm_pager_ops pager_ops = {
	.name = "user",
	.get = pager_get,
	.put = pager_put,
	.sync = pager_sync,
	.destroy = pager_destroy,
};

int
bsdvm_object_pager(struct bsdvm_system *sys, const struct bsdvm_pager *ops,
    void *arg, uint64_t bytes, struct bsdvm_object **out)
{
	struct vm_object *obj;
	struct pager *p;
	int error;

	if (ops->get == NULL || bytes > UINT64_MAX - VM_PAGE_MASK)
		return BSDVM_EINVAL;
	p = vm_alloc(sys->vm, sizeof(*p));
	if (p == NULL)
		return BSDVM_ENOMEM;
	*p = (struct pager){ sys, ops, arg, bytes };
	obj = vm_object_create(sys->vm, &pager_ops, p);
	if (obj == NULL)
		vm_free(sys->vm, p, sizeof(*p));
	error = self_object(sys, obj, out);
	if (error == 0)
		(*out)->readonly = ops->put == NULL;
	return error;
}
