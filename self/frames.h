/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * frames.h - have the kernel fill frames in blocks before they are written to.
 *
 * A frame that nobody has used yet is nothing but a place in the memory file:
 * the first store to it is a fault in the kernel, one for each page.  Who is
 * about to fill many asks for the blocks of 256 KB that they are in, each of
 * which is made by one call, once.  A system still takes no more than the
 * memory it was given.
 */
#ifndef SELF_FRAMES_H
#define SELF_FRAMES_H

#include "self/self.h"

/* => VM_ENOMEM */
int frames_init(struct bsdvm_system *);
void frames_fini(struct bsdvm_system *);

/* frames_need: n frames will be written to here; addr: where they are. */
void frames_need(struct bsdvm_system *, void *const *addr, unsigned n);

#endif
