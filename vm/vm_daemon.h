/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_daemon.h - when memory is short: whole address spaces.  Public.
 *
 * The page daemon looks at pages; what is here looks at who has them, at each
 * of its passes.  A space that is over its limit of resident memory gives up
 * the rest before others have to give any.  And when paging cannot keep up,
 * free pages staying few for pass after pass, a space of which nobody runs
 * goes altogether:
 *
 *	runs ---- vmspace_sleeps ---> sleeps ---- chosen ---> swapped out
 *	  ^------ vmspace_runs ---------'  `<---- vmspace_runs ----'
 *
 * Its pages become inactive, in no pmap, and are written in clusters by the
 * passes to come; they come back by faults, once it runs.  The host knows who
 * sleeps, and says so.
 * Sources: 4.4BSD swapout_threads; FreeBSD vm_daemon, vm_swapout.c.
 */
#ifndef VM_DAEMON_H
#define VM_DAEMON_H

#include "vm/vmspace.h"

/*
 * vmspace_sleeps: no thread of the space runs, nor will before vmspace_runs is
 * said.  To say either twice is the same as once.
 * => any lock may be held; does not block
 */
void vmspace_sleeps(struct vmspace *);
void vmspace_runs(struct vmspace *);
bool vmspace_is_out(const struct vmspace *);

/* Bytes that the space should have resident; at first there is no limit. */
void vmspace_limit_resident(struct vmspace *, vsize_t bytes);

/* vm_system_swap_spaces: whether spaces are swapped out; at first they are. */
void vm_system_swap_spaces(struct vm_system *, bool on);

/* One look, at the beginning of a pass of the page daemon.  => nothing is
 * waited for: who is busy is left alone */
void vm_daemon_pass(struct vm_system *);

#endif
