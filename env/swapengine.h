/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * swapengine.h - how a swap file moves its pages: the two ways.
 *
 *	swapring	io_uring, where the kernel and the build have it
 *	swappool	some threads that read and write
 *
 * An engine is given a file and requests, and calls end() for each when its
 * bytes have been moved or cannot be.  It takes any number of requests; those
 * for which it has no hand free wait in its queue, in their order.  From then
 * on it wants no memory.
 */
#ifndef ENV_SWAPENGINE_H
#define ENV_SWAPENGINE_H

#include "env/swapdev.h"

#include <sys/types.h>
#include <sys/uio.h>

/* Requests under way at once. */
#define SWAPRING_DEPTH   32
#define SWAPPOOL_THREADS 4

struct swapengine {
	const struct swapengine_ops *ops;
	const struct vm_env *env;
	int fd;
	off_t begin; /* of the pages in the file */
	/* error is 0 or an errno; any thread, no lock held */
	void (*end)(struct swapengine *, struct vm_io *, int error);
};

struct swapengine_ops {
	const char *name;
	/* => 0 or an errno; the members of the first argument are copied */
	int (*create)(const struct swapengine *, struct swapengine **);
	void (*start)(struct swapengine *, struct vm_io *);
	void (*destroy)(struct swapengine *); /* nothing is under way */
};

extern const struct swapengine_ops swapring, swappool;

/*
 * A request as the kernel wants it: pages that follow one another in memory
 * are one piece.  A transfer may end early; then it goes on where it ended.
 */
struct swapvec {
	struct iovec piece[VM_CLUSTER_MAX];
	unsigned first, npieces; /* those before first are done */
	off_t at;                /* in the file */
};

void swapvec_init(struct swapvec *, const struct swapengine *,
    const struct vm_io *);
/* swapvec_advance: so many bytes were moved.  => true: that was all */
bool swapvec_advance(struct swapvec *, size_t bytes);

/*
 * swapvec_result: what a call said, bytes or -errno, about a request.
 * => EAGAIN: it is not at its end, go on; 0: all moved; else why not
 */
int swapvec_result(struct swapvec *, ssize_t result);

#endif
