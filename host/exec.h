/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exec.h - taking over a process that has just called exec.
 */
#ifndef HOST_EXEC_H
#define HOST_EXEC_H

#include "host/task.h"

/*
 * exec_adopt: the task is at the event of its exec: what the kernel has mapped
 * for the new program becomes ours, and the program begins.
 */
void exec_adopt(struct task *);

#endif
