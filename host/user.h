/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user.h - the memory of the program, from the supervisor.
 *
 * The supervisor reads and writes the frames themselves; it needs no mapping
 * in the process.  For what the kernel is going to touch, the pages are made
 * usable in the process and remembered as promised (task->promises), until
 * its next stop.
 */
#ifndef HOST_USER_H
#define HOST_USER_H

#include "host/task.h"
#include "vm/vm_types.h"

/* => 0 or a VM_E* code; nothing is known of buf then.  VM_EWAIT, if the task
 * asks (putoff.h): not yet */
int user_read(struct task *, uint64_t addr, void *buf, size_t len);
int user_write(struct task *, uint64_t addr, const void *buf, size_t len);

/* user_read_most, user_write_most: the same, up to the first page that has no
 * answer: *done bytes.  They never ask. */
int user_read_most(struct task *, uint64_t addr, void *buf, size_t len,
    size_t *done);
int user_write_most(struct task *, uint64_t addr, const void *buf, size_t len,
    size_t *done);

/*
 * user_read_string: at most size - 1 bytes, always ended by a NUL.
 * => 0 or a VM_E* code; VM_ENOMEM: longer than that
 */
int user_read_string(struct task *, uint64_t addr, char *buf, size_t size);

/*
 * user_prepare: the kernel will access [addr, addr + len) for the task.
 * Pages that cannot be written are prepared for reading; the first that has
 * no answer ends it.
 */
void user_prepare(struct task *, uint64_t addr, uint64_t len, bool write);

/* user_go_on: make usable what task->rest was, up to what has no answer. */
void user_go_on(struct task *, const struct promise *rest);

/* user_keep: all that was prepared is usable still: since then the page daemon
 * may have taken some of it, to make the rest usable. */
void user_keep(struct task *);

#endif
