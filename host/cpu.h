/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cpu.h - which processor a task runs on.
 *
 * A stop costs a tenth when the supervisor and the task are on one processor,
 * because no idle processor has to be woken.  So tasks that stop often stay on
 * the supervisor's; those that do not are free to go where they like.
 *
 * What the program itself asks for is remembered, and bounds what is free.
 */
#ifndef HOST_CPU_H
#define HOST_CPU_H

#include "host/task.h"

#include <sched.h>

/* cpu_init: settle the supervisor; before the first task is made. */
void cpu_init(struct run *);

/* The supervisor keeps to its processor, or goes to any, as threads do that it
 * begins meanwhile. */
void cpu_keep(const struct run *);
void cpu_leave(const struct run *);
/* A new task is where its parent is; NULL: it is the first. */
void cpu_born(struct task *, const struct task *parent);
/* The task asks for processors of its own. */
void cpu_wanted(struct task *, const cpu_set_t *);

/* The task has stopped. */
void cpu_stopped(struct task *);
/* Called now and then. */
void cpu_tick(struct run *);

#endif
