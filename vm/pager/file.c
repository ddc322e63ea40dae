/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pager/file.c - files: pages are read and written through the host.
 *
 * The size of the file is asked for at each transfer and never remembered, so
 * a file that grows or shrinks behind our back is seen at the next fault.
 * Source: UVM uvm_vnode.c; the tail of the last page is zeroed on reading and
 * clipped on writing.
 */
#include "vm/pager/file.h"

#include "base/mem.h"
#include "vm/pmap.h"
#include "vm/vm_page.h"

struct file_pager {
	const struct vm_file_ops *ops;
	void *file;
};

/* How many bytes of the npages from off on lie inside the file. */
static int
bytes_inside(const struct file_pager *fp, uint64_t off, unsigned npages,
    size_t *bytes)
{
	uint64_t size;
	int error = fp->ops->size(fp->file, &size);

	if (error != 0)
		return error;
	if (off >= size)
		return VM_ERANGE;
	*bytes = vm_ptoa(npages);
	if (size - off < *bytes)
		*bytes = (size_t)(size - off);
	return 0;
}

static void
page_addresses(struct vm_object *obj, struct vm_page *const *pages,
    unsigned npages, void **addr)
{
	unsigned i;

	for (i = 0; i < npages; i++)
		addr[i] = pmap_page_data(obj->sys->machine, pages[i]);
}

/* Zero what reading did not fill, up to the end of the last page begun. */
static void
zero_tail(void **addr, size_t done)
{
	size_t used = done & VM_PAGE_MASK;

	if (used != 0)
		memset((char *)addr[vm_atop(done)] + used, 0,
		    VM_PAGE_SIZE - used);
}

/* Reading stopped at off + *done.  If that is not the end only whole pages of
 * it are good: what would be zeroes behind is something else. */
static int
check_end(const struct file_pager *fp, uint64_t off, size_t *done)
{
	uint64_t size;
	int error = fp->ops->size(fp->file, &size);

	if (error != 0)
		return error;
	if (off + *done >= size)
		return *done != 0 ? 0 : VM_ERANGE;
	*done -= *done & VM_PAGE_MASK;
	return *done != 0 ? 0 : VM_EIO;
}

static int
file_get(struct vm_object *obj, vm_pindex_t pindex,
    struct vm_page *const *pages, unsigned *npages)
{
	struct file_pager *fp = obj->pager;
	void *addr[VM_CLUSTER_MAX];
	size_t bytes, done;
	int error;

	if (pindex > vm_atop(UINT64_MAX))
		return VM_ERANGE;
	error = bytes_inside(fp, vm_ptoa(pindex), *npages, &bytes);
	if (error != 0)
		return error;
	*npages = (unsigned)vm_atop(bytes + VM_PAGE_MASK);
	page_addresses(obj, pages, *npages, addr);
	error = fp->ops->read(fp->file, vm_ptoa(pindex), addr, *npages, &done);
	if (error != 0)
		return error;
	if (done > bytes)
		done = bytes; /* it grew meanwhile: no harm */
	if (done < bytes)
		error = check_end(fp, vm_ptoa(pindex), &done);
	if (error != 0)
		return error;
	*npages = (unsigned)vm_atop(done + VM_PAGE_MASK);
	zero_tail(addr, done);
	return 0;
}

/* What of a transfer lies inside the file: io->npages pages, with the first
 * io->len bytes of them. */
static int
aim(struct vm_object *obj, vm_pindex_t pindex, struct vm_page *const *pages,
    struct vm_io *io)
{
	int error;

	if (pindex > vm_atop(UINT64_MAX))
		return VM_ERANGE;
	io->offset = vm_ptoa(pindex);
	error = bytes_inside(obj->pager, io->offset, io->npages, &io->len);
	if (error != 0)
		return error;
	io->npages = (unsigned)vm_atop(io->len + VM_PAGE_MASK);
	io->inside = io->len;
	page_addresses(obj, pages, io->npages, io->addr);
	return 0;
}

static void
file_get_start(struct vm_object *obj, vm_pindex_t pindex,
    struct vm_page *const *pages, struct vm_io *io)
{
	const struct file_pager *fp = obj->pager;
	int error = aim(obj, pindex, pages, io);

	if (error != 0)
		vm_io_done(io, error);
	else
		fp->ops->read_start(fp->file, io);
}

static void
file_put(struct vm_object *obj, vm_pindex_t pindex,
    struct vm_page *const *pages, struct vm_io *io)
{
	const struct file_pager *fp = obj->pager;
	int error = aim(obj, pindex, pages, io);

	if (error != 0) {
		vm_io_done(io, error);
		return;
	}
	zero_tail(io->addr, io->len); /* what was stored past the end */
	if (fp->ops->start != NULL)
		fp->ops->start(fp->file, io);
	else
		vm_io_done(io,
		    fp->ops->write(fp->file, io->offset, io->addr, io->len));
}

static int
file_sync(void *pager)
{
	const struct file_pager *fp = pager;

	return fp->ops->sync != NULL ? fp->ops->sync(fp->file) : 0;
}

static void
file_destroy(struct vm_system *sys, void *pager)
{
	struct file_pager *fp = pager;

	fp->ops->close(fp->file);
	vm_free(sys, fp, sizeof(*fp));
}

static int
file_punch(void *pager, vm_pindex_t pindex, vm_pindex_t npages)
{
	struct file_pager *fp = pager;

	if (fp->ops->punch == NULL || pindex > vm_atop(UINT64_MAX))
		return VM_EINVAL;
	return fp->ops->punch(fp->file, vm_ptoa(pindex), vm_ptoa(npages));
}

static void
file_describe(void *pager, const struct fmt_out *out)
{
	struct file_pager *fp = pager;

	if (fp->ops->name != NULL)
		fp->ops->name(fp->file, out);
}

#define FILE_PAGER                                                           \
	.name = "file", .get = file_get, .put = file_put, .sync = file_sync, \
	.punch = file_punch, .destroy = file_destroy,                        \
	.describe = file_describe, .cache = true

static const struct vm_pager_ops file_pager_ops = {
	FILE_PAGER,
	.get_start = file_get_start,
};

/* Of files whose reads are waited for. */
static const struct vm_pager_ops waiting_pager_ops = { FILE_PAGER };

struct vm_object *
vm_file_object(struct vm_system *sys, const struct vm_file_ops *ops, void *file,
    struct vm_object_key key, bool *taken)
{
	struct file_pager *fp = vm_alloc(sys, sizeof(*fp));
	struct vm_object *obj;

	*taken = false;
	if (fp == NULL)
		return NULL;
	fp->ops = ops;
	fp->file = file;
	obj = vm_object_create_keyed(sys,
	    ops->read_start != NULL ? &file_pager_ops : &waiting_pager_ops, fp,
	    key, taken);
	if (obj == NULL)
		*taken = false;
	if (!*taken)
		vm_free(sys, fp, sizeof(*fp));
	return obj;
}

void *
vm_file_handle(const struct vm_object *obj)
{
	const struct file_pager *fp = obj->pager;

	return obj->ops->get == file_get ? fp->file : NULL;
}
