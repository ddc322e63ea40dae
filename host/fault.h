/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fault.h - page faults of traced tasks.
 */
#ifndef HOST_FAULT_H
#define HOST_FAULT_H

#include "host/task.h"

/*
 * fault: the task is TASK_AT_SIGNAL with a SIGSEGV or SIGBUS that the processor
 * caused.  The page is made usable and the task goes on, or it gets the signal
 * that it deserves.
 */
void fault(struct task *);

/*
 * A fault that has to wait, for a page that is read or for memory, is put off:
 * its task stays as it is, and others go on.
 *
 * fault_retry: go on with those whose waiting is over.
 * fault_is_due: whether there is one.
 * fault_leave: the task goes, maybe in the middle of such a fault.
 */
void fault_retry(struct run *);
bool fault_is_due(const struct run *);
void fault_leave(struct task *);

#endif
