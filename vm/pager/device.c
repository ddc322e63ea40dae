/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pager/device.c - frames that belong to somebody else.
 *
 * The object is born with all of its pages, fictitious ones that only stand
 * for the frames; there is nothing to read, so a fault finds its page or lies
 * past the end.  Source: UVM uvm_device.c, FreeBSD device_pager.c.
 */
#include "vm/pager/device.h"

#include "base/mem.h"
#include "vm/vm_page.h"

struct device_pager {
	vm_pindex_t npages;
	struct vm_page pages[];
};

static size_t
pager_bytes(vm_pindex_t npages)
{
	return sizeof(struct device_pager) + npages * sizeof(struct vm_page);
}

static int
device_get(struct vm_object *obj, vm_pindex_t pindex,
    struct vm_page *const *pages, unsigned *npages)
{
	(void)obj, (void)pindex, (void)pages, (void)npages;
	return VM_ERANGE;
}

static void
device_destroy(struct vm_system *sys, void *pager)
{
	struct device_pager *dp = pager;

	vm_free(sys, dp, pager_bytes(dp->npages));
}

static const struct vm_pager_ops device_ops = {
	.name = "device",
	.get = device_get,
	.destroy = device_destroy,
};

static struct device_pager *
make_pages(struct vm_system *sys, uint64_t first_frame, vm_pindex_t npages)
{
	struct device_pager *dp = NULL;
	vm_pindex_t i;

	if (npages < SIZE_MAX / sizeof(struct vm_page) - 1)
		dp = vm_alloc(sys, pager_bytes(npages));
	if (dp == NULL)
		return NULL;
	memset(dp, 0, pager_bytes(npages));
	dp->npages = npages;
	for (i = 0; i < npages; i++) {
		list_init(&dp->pages[i].q);
		dp->pages[i].frame = first_frame + i;
		dp->pages[i].state = VM_PAGE_USED;
		dp->pages[i].fictitious = true;
	}
	return dp;
}

static int
insert_pages(struct vm_object *obj, struct device_pager *dp)
{
	vm_pindex_t i;
	int error = 0;

	vm_object_lock(obj);
	for (i = 0; i < dp->npages && error == 0; i++)
		error = vm_object_insert(obj, &dp->pages[i], i);
	vm_object_unlock(obj);
	return error;
}

struct vm_object *
vm_device_object(struct vm_system *sys, uint64_t first_frame,
    vm_pindex_t npages)
{
	struct device_pager *dp = make_pages(sys, first_frame, npages);
	struct vm_object *obj;

	if (dp == NULL)
		return NULL;
	obj = vm_object_create(sys, &device_ops, dp);
	if (obj == NULL) {
		device_destroy(sys, dp);
		return NULL;
	}
	if (insert_pages(obj, dp) != 0) {
		vm_object_unref(obj);
		return NULL;
	}
	return obj;
}
