/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_io.h - a transfer between pages and a store, under way.  Public: who
 * supplies a store to page to, a disk, a file, a network, needs this alone.
 *
 * Who wants a transfer fills in a struct vm_io and hands it to the store's
 * start(), which begins it and returns.  The store says vm_io_done() once,
 * from whatever thread, and even before start() has returned:
 *
 *	wants it            store
 *	   |--- start(io) --->|
 *	   |<-----------------|     (works)
 *	   |<-- io->done(io) -|     vm_io_done(io, error)
 *
 * Until then the struct and the pages are the store's to use; afterwards they
 * may be gone.  Nothing here allocates or waits.
 */
#ifndef VM_IO_H
#define VM_IO_H

#include "vm/vm_types.h"

/* How many pages one transfer may have. */
#define VM_CLUSTER_MAX 64

struct vm_io {
	bool write;
	unsigned npages;            /* 1..VM_CLUSTER_MAX */
	uint64_t offset;            /* bytes, in the store; page aligned */
	void *addr[VM_CLUSTER_MAX]; /* VM_PAGE_SIZE bytes each, aligned to it */
	size_t len;    /* of files: bytes, the last page need not be whole; in
		       done of a read how many there were */
	size_t inside; /* of a read: so many there are, as far as is known:
			  one that ends before has stopped too early */
	int error;     /* 0, VM_EIO...; valid in done */
	void (*done)(struct vm_io *); /* any thread, no lock held */
	void *store[4];               /* the store's own while under way */
};

/*
 * vm_io_done: the transfer has ended; once for each start().
 *
 * error  0: all pages were moved; VM_EIO: some or all were not; VM_ENOMEM: a
 *        write was not even begun, and may succeed another time
 * => no lock held that the caller of start() may want; *io may be gone on
 *    return
 */
static inline void
vm_io_done(struct vm_io *io, int error)
{
	io->error = error;
	io->done(io);
}

/* What a device to swap to (vm_swap_device) does. */
struct vm_swap_device_ops {
	const char *name; /* the kind of device, for people */

	/*
	 * start: begin the transfer.  May complete it at once.
	 * => does not wait for memory of the system, nor for another transfer
	 */
	void (*start)(void *dev, struct vm_io *);

	/* close: the device has been removed, all that was begun has been
	 * done; a thread of the device may still be inside vm_io_done.  May be
	 * NULL. */
	void (*close)(void *dev);
};

#endif
