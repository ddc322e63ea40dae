/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live.h - what a run is doing just now: SIGUSR1 and --watch.
 *
 * Both write to standard error, between two stops of the program's.
 */
#ifndef HOST_LIVE_H
#define HOST_LIVE_H

struct run;

/* live_init: SIGUSR1 asks for a report from now on. */
void live_init(struct run *);
/* live_look: whether something is to be written.  Called at every stop, and
 * at every tick. */
void live_look(struct run *);
/* live_fini: nothing is left of the line. */
void live_fini(struct run *);

#endif
