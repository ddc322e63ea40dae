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
#include "vm/pmap.h"
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
		dp->pages[i].frame = (uint32_t)(first_frame + i);
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

/* Only the port knows which frames it can get at. */
static int
check_frames(const struct vm_machine *m, uint64_t first_frame,
    vm_pindex_t npages)
{
	uint64_t skipped = first_frame - m->device_frame;

	if (m->device_npages == 0)
		return VM_ENOTSUP;
	if (npages == 0 || first_frame < m->device_frame ||
	    skipped > m->device_npages || npages > m->device_npages - skipped)
		return VM_EINVAL;
	return 0;
}

int
vm_device_object(struct vm_system *sys, uint64_t first_frame,
    vm_pindex_t npages, struct vm_object **obj)
{
	struct device_pager *dp;
	struct vm_object *made;
	int error = check_frames(sys->machine, first_frame, npages);

	if (error != 0)
		return error;
	dp = make_pages(sys, first_frame, npages);
	if (dp == NULL)
		return VM_ENOMEM;
	made = vm_object_create(sys, &device_ops, dp);
	if (made == NULL) {
		device_destroy(sys, dp);
		return VM_ENOMEM;
	}
	error = insert_pages(made, dp);
	if (error != 0)
		vm_object_unref(made);
	else
		*obj = made;
	return error;
}
