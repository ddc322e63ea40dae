/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * swapfile.h - swap on a regular file or a block device.  Public.
 *
 * Several requests are under way at once, by io_uring where the kernel allows
 * it, else by threads.  Pages go through the host's cache of the file: one
 * that is still there is read at once, in the thread that asks.  What was
 * written is sent on to the disk a megabyte at a time, as nobody else would for
 * half a minute: the disk works while the next pages go out, and the host's
 * memory holds copies that it can drop.
 *
 * What is overwritten.  A swap file loses what it contains, so only these are
 * taken:
 *
 *	a file that does not exist, with a size: it is made, and stays
 *	one that is empty, with a size: it grows
 *	one that begins with our signature, or with that of mkswap(8)
 *	one that is blank: its first and last megabyte are zero
 *
 * Everything else has contents that somebody may miss, and is refused.  The
 * first page of the file holds the signature (mkswap's is left as it is); the
 * rest is for pages.  A file that is larger than the size asked for is used
 * up to that size and not cut; one that is smaller grows.  All its blocks are
 * allocated before the first page goes out, so that a full disk is found
 * then.  The file is locked (flock(2)), a block device opened exclusively: two
 * users never share one.
 *
 * A temporary file has no name and no signature; it goes with its user.
 */
#ifndef ENV_SWAPFILE_H
#define ENV_SWAPFILE_H

#include "env/swapdev.h"

enum swapfile_engine {
	SWAPFILE_BEST, /* the first of these that works */
	SWAPFILE_URING,
	SWAPFILE_THREADS,
};

struct swapfile_config {
	const struct vm_env *env; /* memory, and where failures are told */
	const char *path;         /* NULL: a temporary file */
	uint64_t size;            /* bytes; 0: as large as it is */
	enum swapfile_engine engine;
};

/*
 * swapfile_open: open it, checked and locked, to be used by one vm_system.
 *
 * => blocks.  Temporary files are made in $TMPDIR, else in /var/tmp
 * => false: why says it; a file that did not exist still does not, and the
 *    contents of one that did are as before
 */
bool swapfile_open(const struct swapfile_config *, struct vm_swap_device *,
    struct swapdev_why *why);

/* How one that was opened moves pages, a word for people. */
const char *swapfile_engine_of(const struct vm_swap_device *);

/* Is there io_uring in this build? */
bool swapfile_has_uring(void);

#endif
