/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shm.h - System V shared memory.
 */
#ifndef HOST_SHM_H
#define HOST_SHM_H

struct run;
struct space;

void shm_init(struct run *);
void shm_fini(struct run *);

/* The child has what its parent has attached. */
void shm_fork(const struct space *parent, struct space *child);
/* The space is going. */
void shm_detach_all(struct space *);

#endif
