/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shm.h - System V shared memory.
 */
#ifndef HOST_SHM_H
#define HOST_SHM_H

#include "host/filter.h"

/* Where the host has the segments: between the stub and the programs. */
#define SHM_WINDOW     STUB_END
#define SHM_WINDOW_END (SHM_WINDOW + (UINT64_C(64) << 30))

struct run;
struct space;

void shm_init(struct run *);
void shm_fini(struct run *);

/* The child has what its parent has attached. */
void shm_fork(const struct space *parent, struct space *child);
/* The space is going. */
void shm_detach_all(struct space *);

#endif
