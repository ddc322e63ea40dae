/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arena.h - an environment with memory of its own.  Public.
 *
 * Where a fault is resolved in a handler of a signal, the program may be in the
 * middle of malloc(), which then must not be called.  An arena takes memory
 * from the kernel in chunks and cuts them into blocks, which are kept by their
 * size for the next who wants one:
 *
 *	chunk	| head | 64 | 64 | 4096 ........ | 64 |    free      |
 *	free[]	  64 -> 64 -> .   96 -> .   128 -> ...
 *
 * Large blocks come from the kernel and go back to it; chunks with the arena.
 * Waiting is the futex of posix.h.  Any number of threads, and handlers of
 * signals that do not interrupt the arena itself.
 */
#ifndef ENV_ARENA_H
#define ENV_ARENA_H

#include "vm/vm_env.h"
#include "vm/vm_lock.h"

#define ARENA_CLASSES 24

struct arena_block;
struct arena_chunk;

struct arena {
	struct vm_env env; /* what the library is given */
	/* (c) where messages go; NULL: standard error */
	void (*log)(void *arg, const char *text, size_t len);
	void *log_arg;
	struct vm_mutex lock;
	struct arena_block *free[ARENA_CLASSES]; /* (lock) */
	struct arena_chunk *chunks;              /* (lock) */
	char *next, *end; /* (lock) of the newest chunk, not cut yet */
	size_t blocks;    /* (lock) that are out */
};

/* arena_init: nothing is taken from the kernel yet; the arena stays where it
 * is.  arena_fini: => no block is out */
void arena_init(struct arena *);
void arena_fini(struct arena *);

#endif
