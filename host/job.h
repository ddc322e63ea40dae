/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * job.h - bsdvm as a job of a shell.
 *
 * The shell knows bsdvm, not the program.  Signals of the terminal reach both;
 * those sent to bsdvm alone are passed on.  When the terminal stops the
 * program, bsdvm stops too, so that the shell notices.
 */
#ifndef HOST_JOB_H
#define HOST_JOB_H

#include "host/task.h"

/* job_init: from now on signals go to the program. */
void job_init(struct run *);
/* The task is about to get t->signal; it has been stopped by one. */
void job_signal(struct task *);
void job_stopped(struct task *);
/* The program has ended: from now on signals end the run. */
void job_program_gone(void);

#endif
