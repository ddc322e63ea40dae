/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ioengine.h - how pages are moved to and from files of the host while nobody
 * waits: the two ways.
 *
 *	ioring	io_uring, where the kernel and the build have it
 *	iopool	some threads that read and write
 *
 * An engine is given files and requests, and calls end() of the file for each
 * when its bytes have been moved or cannot be.  It takes any number of
 * requests; those for which it has no hand free wait in its queue, in their
 * order.  From then on it wants no memory.
 */
#ifndef ENV_IOENGINE_H
#define ENV_IOENGINE_H

#include "env/swapdev.h"

#include <sys/types.h>
#include <sys/uio.h>

/* Requests under way at once. */
#define URING_DEPTH  32
#define POOL_THREADS 4

/* A file, or what of it is somebody's.  => the caller's, and stays as it is
 * while a request is under way; but fd may come to be the same file opened
 * again */
struct iofile {
	int fd;
	off_t begin; /* where the pages begin in it */
	/* error is 0 or an errno, ENODATA: the file ends there; io->len says
	 * how many bytes were moved.  => any thread, no lock held */
	void (*end)(struct iofile *, struct vm_io *, int error);
};

struct ioengine {
	const struct ioengine_ops *ops;
	const struct vm_env *env;
};

/* store[0] and store[1] of a request are the engine's. */
struct ioengine_ops {
	const char *name;
	/* => 0 or an errno */
	int (*create)(const struct vm_env *, struct ioengine **);
	void (*start)(struct ioengine *, struct iofile *, struct vm_io *);
	/* Send to the disk what was written to the file so far; nobody waits
	 * for it.  => from its end() only
	 * => false: it is still at the last such request */
	bool (*send)(struct ioengine *, struct iofile *);
	void (*destroy)(struct ioengine *); /* nothing is under way */
};

extern const struct ioengine_ops ioring, iopool;

/* ioengine_create: the first that works here.  => 0 or an errno */
int ioengine_create(const struct vm_env *, struct ioengine **);

/* --------------------------------------------------------- for the engines */

/* The file of a request, once it has been started. */
static inline struct iofile *
ioengine_file(const struct vm_io *io)
{
	return io->store[1];
}

/*
 * A request as the kernel wants it: pages that follow one another in memory
 * are one piece.  A transfer may end early; then it goes on where it ended.
 */
struct iovecs {
	struct iovec piece[VM_CLUSTER_MAX];
	unsigned first, npieces; /* those before first are done */
	off_t at;                /* in the file */
};

void iovecs_init(struct iovecs *, const struct vm_io *);

/*
 * iovecs_result: what a call said, bytes or -errno, about a request.
 * => EAGAIN: it is not at its end, go on; 0: all moved; else why not
 */
int iovecs_result(struct iovecs *, ssize_t result);

/* iovecs_end: the request has ended; tells its file. */
void iovecs_end(const struct iovecs *, struct vm_io *, int error);

#endif
