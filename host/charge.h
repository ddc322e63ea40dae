/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * charge.h - whether there is memory to promise, under --no-overcommit.
 *
 * The library refuses and does not say how much was missing.  A program hears
 * ENOMEM; where there is no program yet to hear it, people have to.
 */
#ifndef HOST_CHARGE_H
#define HOST_CHARGE_H

#include "host/run.h"

/*
 * charge_refuses: memory is not overcommitted, and so many bytes more of it
 * would be refused.
 */
bool charge_refuses(struct run *, vsize_t more);

/* charge_explain: what is promised, and how much that would need: text for
 * people, behind "killed: " or the like. */
void charge_explain(struct run *, vsize_t more, char *text, size_t size);

#endif
