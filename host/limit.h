/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * limit.h - limits of a program, as far as the library does not know them.
 *
 * The host keeps them, and is asked: for RLIMIT_DATA, RSS and MEMLOCK when a
 * program begins and when one changes.  RLIMIT_DATA of Linux is about all
 * private memory that may be written, where the BSDs mean the heap; and
 * RLIMIT_MEMLOCK does not hold for who has the capability.
 */
#ifndef HOST_LIMIT_H
#define HOST_LIMIT_H

#include "host/task.h"
#include "vm/vm_types.h"

/*
 * limit_of_memory: what may be why the host has no memory for us: one of our
 * own limits, as words to put behind a message; "" when there is none.
 */
const char *limit_of_memory(void);

/* limit_note: tell the library of the limits of the task's process. */
void limit_note(const struct task *);

/*
 * limit_data: may so many bytes become data, when those of [start, end) that
 * are already go, or do not count twice?  => false: RLIMIT_DATA forbids it
 */
bool limit_data(const struct task *, vsize_t bytes, vaddr_t start, vaddr_t end);

/* limit_data_protect: the same, of what can be written in a range from now. */
bool limit_data_protect(const struct task *, vaddr_t start, vaddr_t end);

/* limit_is_data: whether what is mapped at va is data */
bool limit_is_data(const struct task *, vaddr_t va);

/* limit_lock: the task wants to lock memory.  => 0, or -EPERM: it must not */
int limit_lock(const struct task *);

/* limit_file: bytes that a file it writes may have (RLIMIT_FSIZE);
 * RLIM_INFINITY: any */
uint64_t limit_file(const struct task *);

#endif
