/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * swap.h - where a run swaps to.
 *
 * Devices are opened and handed to the system before the program starts, so
 * that one that is no good ends the run with a message.  They have threads,
 * which get no signals and trace nobody.
 */
#ifndef HOST_SWAP_H
#define HOST_SWAP_H

#include "host/run.h"

/* swap_open: what the options say.  => false: a message has been given */
bool swap_open(struct run *);

/*
 * swap_on: a program adds a device, named with the words of -s.
 * swap_off: the device with these words goes; what is there comes back first
 * => 0 or a negative errno; a device that cannot be opened has its message
 */
int64_t swap_on(struct run *, const char *text);
int64_t swap_off(struct run *, const char *text);
/* swap_look: say it, once, when a page has come back other than it went out. */
void swap_look(struct run *);
/*
 * swap_tell: a page of this process is lost, of a file maybe, and so it gets
 * what.  Said once for each: there may be a handler that goes on.
 */
void swap_tell(struct space *, const char *what);
/* => the system, which closes the devices, is gone */
void swap_close(struct run *);

#endif
