/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * faultyswap.h - a device to swap to that goes wrong when a test says so.
 *
 * It wraps another device and passes transfers on.  Reads are numbered, and
 * so are writes; one of them, or all from one on, fail, or move a wrong byte
 * without a word.  Pages can be broken for good.  Transfers can be held back
 * and let go in whatever order.
 *
 *	faultyswap_init(&fs, &ramswap_ops, &ram);
 *	vm_swap_add(sys, &(struct vm_swap_device){ .ops = &faultyswap_ops,
 *	    .dev = &fs, .name = "a bad disk", .npages = 256 }, &id);
 *	faultyswap_fail(&fs, FAULTYSWAP_READ, 3, FAULTY_ONCE);
 *
 * Any number of threads may start transfers at once.  A test sets faults
 * while none is under way, and holds back in one thread only.
 */
#ifndef ENV_FAULTYSWAP_H
#define ENV_FAULTYSWAP_H

#include "env/faulty.h"
#include "vm/vm_io.h"

#define FAULTYSWAP_HELD 64 /* held back at once, at most; others go on */

enum faultyswap_what {
	FAULTYSWAP_READ,   /* a read fails */
	FAULTYSWAP_WRITE,  /* a write fails, and nothing was written */
	FAULTYSWAP_CHANGE, /* a read succeeds; a byte of each page is wrong */
	FAULTYSWAP_LOSE,   /* a write succeeds, but nothing was written */
	FAULTYSWAP_WHATS
};

/* Field letters: (c) constant, (t) the test's, (a) atomic. */
struct faultyswap {
	const struct vm_swap_device_ops *under; /* (c) */
	void *dev;                              /* (c) */
	_Atomic uint64_t reads, writes;         /* (a) transfers so far */
	_Atomic uint64_t pages;                 /* (a) in all of them */
	_Atomic uint64_t faults;    /* (a) how often it went wrong */
	_Atomic uint64_t under_way; /* (a) started, not done */
	_Atomic bool closed;        /* (a) */
	struct {
		uint64_t first, last; /* (t) numbers of reads or writes */
	} fault[FAULTYSWAP_WHATS];
	int error;                         /* (t) of what fails; VM_EIO */
	uint64_t broken_first, broken_end; /* (t) pages that fail for good */
	bool hold;                         /* (t) hold back what starts */
	unsigned nheld;                    /* (t) */
	struct vm_io *held[FAULTYSWAP_HELD];
};

/* Wrap a device; nothing fails yet.  => no fini: it owns nothing */
void faultyswap_init(struct faultyswap *,
    const struct vm_swap_device_ops *under, void *dev);

/*
 * faultyswap_fail: the nth read or write from now on goes wrong, n = 1 being
 * the next.  Replaces what was set before for that kind.  n = 0: none.
 */
void faultyswap_fail(struct faultyswap *, enum faultyswap_what, uint64_t nth,
    enum faulty_mode);

/* Whether the next request, and all after it, will go wrong that way. */
bool faultyswap_is_dead(const struct faultyswap *, enum faultyswap_what);

/* Transfers fail that touch the pages [first, end) of the device. */
void faultyswap_break(struct faultyswap *, uint64_t first, uint64_t end);

/* Let go the i-th of those held back: it is carried out now; or it fails. */
void faultyswap_let_go(struct faultyswap *, unsigned i);
void faultyswap_fail_held(struct faultyswap *, unsigned i);

/* With a struct faultyswap as the device. */
extern const struct vm_swap_device_ops faultyswap_ops;

#endif
