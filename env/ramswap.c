/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ramswap.c - see ramswap.h.
 *
 * A transfer that leaves the device is VM_EIO, as it is on a disk.
 */
#include "env/ramswap.h"

#include "base/mem.h"

int
ramswap_init(struct ramswap *ram, const struct vm_env *env, uint64_t npages)
{
	ram->env = env;
	ram->npages = npages;
	ram->bytes = env->alloc(env->ctx, npages * VM_PAGE_SIZE);
	if (ram->bytes == NULL)
		return VM_ENOMEM;
	memset(ram->bytes, 0, npages * VM_PAGE_SIZE);
	return 0;
}

void
ramswap_fini(struct ramswap *ram)
{
	ram->env->free(ram->env->ctx, ram->bytes, ram->npages * VM_PAGE_SIZE);
	ram->bytes = NULL;
}

static void
ramswap_start(void *dev, struct vm_io *io)
{
	struct ramswap *ram = dev;
	uint64_t page = io->offset / VM_PAGE_SIZE;
	char *at;

	if (page > ram->npages || io->npages > ram->npages - page) {
		vm_io_done(io, VM_EIO);
		return;
	}
	at = ram->bytes + io->offset;
	for (unsigned i = 0; i < io->npages; i++, at += VM_PAGE_SIZE) {
		if (io->write)
			memcpy(at, io->addr[i], VM_PAGE_SIZE);
		else
			memcpy(io->addr[i], at, VM_PAGE_SIZE);
	}
	vm_io_done(io, 0);
}

const struct vm_swap_device_ops ramswap_ops = {
	.name = "ram",
	.start = ramswap_start,
};
