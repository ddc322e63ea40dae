/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * args.h - where a program's arguments are, for itself and for others.
 *
 * The kernel remembers addresses of arguments, environment and heap.  What it
 * then shows of the first two in /proc it reads from memory of its own only,
 * so it could show nothing to ps.  Therefore a copy of these strings stays in
 * the process, as private memory of the host behind the windows (window.h),
 * and the kernel is told of that one.  A program that writes over its
 * arguments is seen by those who ask us (proc.h), not by others.
 */
#ifndef HOST_ARGS_H
#define HOST_ARGS_H

#include "host/task.h"

/* Fields of /proc/pid/stat, by their numbers in proc(5). */
struct args_places {
	uint64_t field[52];
};

/* args_find: ask for the places, and note them in the task's new space. */
void args_find(struct task *, struct space *, struct args_places *);

/* args_show: make the copy.  The task is stopped and has the stub. */
void args_show(struct task *, const struct args_places *);

#endif
