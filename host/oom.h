/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * oom.h - no memory can be made: a process has to go.
 */
#ifndef HOST_OOM_H
#define HOST_OOM_H

#include "host/task.h"

/*
 * oom: the task wants memory and there is none.  Somebody is killed, as the
 * design has it, and one line says who, how large, and why.
 * => true: it is not the task's own process: it tries again, for which it has
 *    to be let go
 */
bool oom(struct task *);

#define OOM_REASON 80 /* room for a reason */

/* oom_reason: why no memory can be made, as a part of a sentence. */
void oom_reason(const struct run *, char *text, size_t size);

#endif
