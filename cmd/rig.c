/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rig.c - see rig.h.
 */
#include "cmd/rig.h"

#include "base/mem.h"
#include "env/posix.h"
#include "host/message.h"
#include "host/run.h"
#include "pmap/soft.h"

#include <stdlib.h>

static void
must(int error, const char *what)
{
	if (error == VM_OK)
		return;
	message("%s: error %d of the library", what, error);
	exit(RUN_FAILED);
}

/* The frames are not zero, as on a machine that has run for a while. */
void
rig_init(struct rig *rig, const struct vm_design *design, vm_pindex_t npages)
{
	const struct soft_config config = { .npages = npages, .quick = true };

	must(soft_machine_create(&posix_env, &config, &rig->machine),
	    "soft_machine_create");
	rig->soft = rig->machine->ops;
	rig->swap.npages = 0;
	must(vm_system_create(&posix_env, rig->machine, &rig->sys),
	    "vm_system_create");
	vm_system_prefer(rig->sys, design);
	must(vmspace_create(rig->sys, design, &rig->space), "vmspace_create");
}

void
rig_swap_on(struct rig *rig, uint64_t npages)
{
	struct vm_swap_device device = {
		.ops = &ramswap_ops,
		.dev = &rig->swap,
		.name = "memory",
		.npages = npages,
	};
	unsigned id;

	must(ramswap_init(&rig->swap, &posix_env, npages), "ramswap_init");
	must(vm_swap_add(rig->sys, &device, &id), "vm_swap_add");
}

void
rig_fini(struct rig *rig)
{
	vmspace_unref(rig->space);
	vm_system_destroy(rig->sys);
	if (rig->swap.npages != 0)
		ramswap_fini(&rig->swap);
	rig->machine->ops = rig->soft;
	soft_machine_destroy(rig->machine);
}

static void
zero_nothing(struct vm_machine *m, struct vm_page *pg)
{
	(void)m;
	(void)pg;
}

static void
copy_nothing(struct vm_machine *m, struct vm_page *from, struct vm_page *to)
{
	(void)m;
	(void)from;
	(void)to;
}

void
rig_leave_contents(struct rig *rig)
{
	rig->ops = *rig->soft;
	rig->ops.zero_page = zero_nothing;
	rig->ops.copy_page = copy_nothing;
	rig->machine->ops = &rig->ops;
}

/* ----------------------------------------------------------------- files */

static int
file_read(void *file, uint64_t off, void *const *pages, unsigned npages,
    size_t *done)
{
	const struct rig_file *f = file;
	uint64_t left = off < f->size ? f->size - off : 0;

	for (unsigned i = 0; i < npages; i++)
		memset(pages[i], (int)(f->number & 0xff), VM_PAGE_SIZE);
	*done = left < vm_ptoa(npages) ? left : vm_ptoa(npages);
	return 0;
}

static int
file_write(void *file, uint64_t off, void *const *pages, size_t len)
{
	(void)file;
	(void)off;
	(void)pages;
	(void)len;
	return 0;
}

static int
file_size(void *file, uint64_t *bytes)
{
	*bytes = ((const struct rig_file *)file)->size;
	return 0;
}

static void
file_close(void *file)
{
	(void)file;
}

static struct vm_object *
open_file(struct rig *rig, struct rig_file *f)
{
	static const struct vm_file_ops ops = { .read = file_read,
		.write = file_write,
		.size = file_size,
		.close = file_close };
	struct vm_object *obj;
	bool taken;

	if (f == NULL)
		return NULL;
	obj = vm_file_object(rig->sys, &ops, f,
	    (struct vm_object_key){ 1, f->number }, &taken);
	if (obj == NULL)
		must(VM_ENOMEM, "vm_file_object");
	return obj;
}

/* -------------------------------------------------------------- programs */

vaddr_t
rig_map(struct rig *rig, const struct rig_mapping *m)
{
	struct vm_mmap_args args = {
		.len = m->len,
		.prot = m->prot,
		.max_prot = VM_PROT_ALL,
		.flags = m->shared ? VM_MMAP_SHARED : VM_MMAP_PRIVATE,
		.object = open_file(rig, m->file),
	};
	vaddr_t va;

	must(vm_mmap(rig->space, &args, &va), "vm_mmap");
	if (args.object != NULL)
		vm_object_unref(args.object);
	return va;
}

void
rig_unmap(struct rig *rig, vaddr_t va, vsize_t len)
{
	must(vm_munmap(rig->space, va, len), "vm_munmap");
}

struct vmspace *
rig_fork(struct rig *rig)
{
	struct vmspace *child;

	must(vmspace_fork(rig->space, &child), "vmspace_fork");
	return child;
}

void
rig_touch(struct vmspace *space, vaddr_t va, vm_prot_t access)
{
	struct pmap_mapping at;

	if (pmap_extract(space->map.pmap, va, &at) &&
	    (at.prot & access) == access)
		return;
	must(vm_fault(&space->map, va, access, 0), "vm_fault");
}

void
rig_touch_all(struct vmspace *space, vaddr_t va, vsize_t len, vm_prot_t access)
{
	for (vaddr_t end = va + len; va < end; va += VM_PAGE_SIZE)
		rig_touch(space, va, access);
}

uint64_t
rig_count(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}
