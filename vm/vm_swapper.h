/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_swapper.h - when memory is short: whole address spaces.  Public.
 *
 * The page daemon looks at pages; what is here looks at who has them, at each
 * of its passes.  A space that is over its limit of resident memory gives up
 * the rest before others have to give any.  And when paging cannot keep up, a
 * pass having left too few free pages, a space of which nobody runs goes
 * altogether:
 *
 *	runs ---- vmspace_sleeps ---> sleeps ---- chosen ---> swapped out
 *	  ^ ^---- vmspace_wakes --------'                       |
 *	  |                                               vmspace_wakes
 *	  `------ vm_swapper_swapin: there is memory ---- waits <-'
 *
 * Its pages become inactive, in no pmap, and are written in clusters by the
 * passes to come.  Who was swapped out and wakes while memory is short waits
 * until it is not, and then one at a time comes back, by faults.  The host
 * knows who sleeps, and for how long somebody may be made to wait.
 * Sources: 4.4BSD swapout_threads, scheduler; FreeBSD vm_daemon, swapper.
 */
#ifndef VM_SWAPPER_H
#define VM_SWAPPER_H

#include "vm/vmspace.h"

/*
 * vmspace_sleeps: no thread of the space runs, nor will before vmspace_wakes or
 * vmspace_runs is said.
 * vmspace_runs: it runs, however short memory is.
 * To say either twice is the same as once.
 * => any lock may be held; does not block
 */
void vmspace_sleeps(struct vmspace *);
void vmspace_runs(struct vmspace *);
bool vmspace_is_out(const struct vmspace *);

/*
 * vmspace_wakes: a thread of the space would like to run.  Ask again later.
 * => any lock may be held; does not block
 * => true: it runs, as after vmspace_runs; false: it was swapped out and memory
 *    is short: it waits for vm_swapper_swapin
 */
bool vmspace_wakes(struct vmspace *);

/*
 * vm_swapper_swapin: one of those that wait runs: the one that has been out
 * longest, if as much memory is free as the page daemon wants; else the page
 * daemon makes a pass.
 * => no lock held; as vm_pageout_once      => whether there was one
 */
bool vm_swapper_swapin(struct vm_system *);

/* Bytes that the space should have resident; at first there is no limit. */
void vmspace_limit_resident(struct vmspace *, vsize_t bytes);

/* vm_system_swap_spaces: whether spaces are swapped out; at first they are. */
void vm_system_swap_spaces(struct vm_system *, bool on);

/* One look, at the beginning of a pass of the page daemon.  => nothing is
 * waited for but the locks below a map's: who is busy is left alone */
void vm_swapper_pass(struct vm_system *);

#endif
