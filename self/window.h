/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * window.h - whose address is it?  All windows of the process.
 *
 * The one thing here that belongs to no system: a signal says an address, and
 * nothing else.  A window is a multiple of a granule long and begins at one, so
 * that a table of granules has the answer, for who may not wait:
 *
 *	address  >> 30 --> table[ . . A A A A . B B . . ] --> space
 *
 * After fork(2) the child has no windows: they would be the parent's memory,
 * without the parent's knowledge of it.
 */
#ifndef SELF_WINDOW_H
#define SELF_WINDOW_H

#include "self/self.h"

#define WINDOW_GRANULE ((size_t)1 << 30)

/*
 * window_add: from now on addresses of its window are the space's.
 * => VM_ENOMEM: the window lies where the table does not reach
 * window_remove: => nobody uses its memory any more
 */
int window_add(struct bsdvm_space *);
void window_remove(struct bsdvm_space *);

/* Whose it is; NULL: nobody's.  => no lock is taken */
struct bsdvm_space *window_of(const void *addr);

/*
 * window_give_back: all windows but this one give back the mappings that they
 * can have again.  The kernel has a limit for the process.
 */
void window_give_back(const struct bsdvm_space *but);

#endif
