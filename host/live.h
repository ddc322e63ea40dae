/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live.h - what a run is doing just now: SIGUSR1 and --watch.
 *
 * Both write to standard error, between two stops of the program's.
 */
#ifndef HOST_LIVE_H
#define HOST_LIVE_H

#include <stdint.h>

struct run;

/* live_init: SIGUSR1 asks for a report from now on, or when a program runs. */
void live_init(struct run *);
/* live_look: whether something is to be written.  Called at every stop, and
 * at every tick. */
void live_look(struct run *);
/* live_call: a call of the program's, which may write where the line is. */
void live_call(const struct run *, uint64_t nr, uint64_t fd);
/* live_fini: nothing is left of the line. */
void live_fini(void);

#endif
