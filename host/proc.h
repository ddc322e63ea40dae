/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proc.h - files of /proc that show the memory of a process.
 *
 * The host shows its own mappings there, which mean nothing to a program, and
 * cannot read what is not its own anonymous memory.  So a task of the run that
 * opens one of
 *
 *	/proc/PID/{maps,smaps,smaps_rollup,statm,cmdline,environ}
 *
 * of a process of the run gets a file with what the library knows, as it is at
 * that moment.  The open itself is the host's, and with it all errors.
 */
#ifndef HOST_PROC_H
#define HOST_PROC_H

#include "host/sysargs.h"
#include "host/task.h"

/* proc_prepare: a call is going to run: if it opens such a file, remember. */
void proc_prepare(struct task *, const struct sysargs_call *,
    const struct sysargs_info *);

#endif
