/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * counted.h - an environment that knows how much memory it has given.  Public.
 *
 * It wraps another environment and passes everything on.  A system made on it
 * tells by `peak` how many bytes of the host it needed for its own structures:
 * maps, objects, amaps and the like.  Any number of threads may use it.
 */
#ifndef ENV_COUNTED_H
#define ENV_COUNTED_H

#include "vm/vm_env.h"

#include <stdatomic.h>

/* Field letters: (c) constant after counted_init, (a) atomic. */
struct counted_env {
	struct vm_env env;          /* (c) what the library is given */
	const struct vm_env *under; /* (c) who really has memory */
	_Atomic uint64_t bytes;     /* (a) that are out */
	_Atomic uint64_t peak;      /* (a) the most that ever were */
};

/*
 * counted_init: wrap under, which must outlive it.
 * => no fini: it owns nothing
 */
void counted_init(struct counted_env *, const struct vm_env *under);

#endif
