/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sleeper.h - which processes sleep, and when one that was swapped out may run.
 *
 * The library swaps out whole address spaces (vm/vm_swapper.h), but does not
 * know who sleeps.  A process does, all its threads, when it has neither
 * stopped for us nor used any processor time for two seconds.  Nobody is looked
 * at while a quarter of memory is free.
 *
 * One that was swapped out and stops for us wants to run.  While memory is
 * short its stop stays unread, but for no more than a second.
 */
#ifndef HOST_SLEEPER_H
#define HOST_SLEEPER_H

#include "host/task.h"

/* sleeper_look: what is to be done now and then, at every turn of the loop. */
void sleeper_look(struct run *);

/* sleeper_wakes: the task has an unread status.  => false: it stays unread,
 * since memory is short; ask again */
bool sleeper_wakes(struct task *);

/* sleeper_stir: the task is about to be stopped by us.  What it does until it
 * is back where it was does not count. */
void sleeper_stir(struct task *);

#endif
