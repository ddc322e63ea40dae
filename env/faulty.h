/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * faulty.h - an environment whose memory runs out when a test says so.
 *
 * It wraps another environment and passes everything on.  Allocations are
 * numbered; one of them, or all from one on, fail.  Blocks and bytes that are
 * out are counted, so that a test can prove that nothing is left at the end
 * and that every block came back with the size it was asked for.  New memory
 * is filled with FAULTY_FILL, because its contents are undefined.
 *
 *	faulty_init(&f, &posix_env);
 *	vm_init(..., &f.env, ...);
 *	faulty_fail(&f, n, FAULTY_ONCE);
 *	... something that must survive it ...
 *	assert(f.failures == 1 && f.blocks == before);
 *
 * Any number of threads may use it at once.
 */
#ifndef ENV_FAULTY_H
#define ENV_FAULTY_H

#include "vm/vm_env.h"

#include <stdatomic.h>

enum { FAULTY_FILL = 0xa5 };

enum faulty_mode {
	FAULTY_ONCE, /* that allocation only */
	FAULTY_ON,   /* that one and all after it */
};

/* Field letters: (c) constant after faulty_init, (a) atomic. */
struct faulty_env {
	struct vm_env env;            /* (c) what the library is given */
	const struct vm_env *under;   /* (c) who really has memory */
	_Atomic uint64_t allocations; /* (a) asked for so far */
	_Atomic uint64_t failures;    /* (a) refused by this wrapper */
	_Atomic uint64_t fail_first;  /* (a) number of the first to fail */
	_Atomic uint64_t fail_last;   /* (a) and of the last; 0: none fails */
	_Atomic uint64_t blocks;      /* (a) blocks that are out */
	_Atomic uint64_t bytes;       /* (a) bytes that are out */
};

/*
 * faulty_init: wrap under, which must outlive it; nothing fails yet.
 * => no fini: it owns nothing
 */
void faulty_init(struct faulty_env *, const struct vm_env *under);

/*
 * faulty_fail: the nth allocation from now on fails, n = 1 being the next.
 * Replaces what was set before.  n = 0: none.
 */
void faulty_fail(struct faulty_env *, uint64_t nth, enum faulty_mode);

#endif
