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

#endif
