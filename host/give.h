/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * give.h - how a new program comes by the memory file.
 *
 * The numbers of descriptors are the program's own, all of them: a process has
 * no descriptor of ours, but for a moment after exec, when nothing of ours is
 * mapped yet.  The program is made to make a call that does not exist; the
 * filter hands that to a listener, and the supervisor answers it by putting
 * the memory file where the process has a number free:
 *
 *	program			supervisor
 *	FILTER_GIVE ----------> listener: here it is	(seccomp_unotify(2))
 *	mmap, close
 *
 * The caller (stub.c) has it mapped and closed before the program runs.
 */
#ifndef HOST_GIVE_H
#define HOST_GIVE_H

#include "host/task.h"

#include <sys/resource.h>

/* give_say: in the child, before its first exec: here is the listener. */
void give_say(int channel, int listener);

/* give_hear: a task without a space has stopped: perhaps the child has said. */
void give_hear(struct task *);

/*
 * give_file: the task has been continued towards FILTER_GIVE: answer it.  The
 * descriptor, or -errno, is what its call returns.
 *
 * limit	the RLIMIT_NOFILE of the process, which may have been widened
 *		for the call: give_end puts it back
 */
void give_file(struct task *, struct rlimit *limit);
void give_end(struct task *, const struct rlimit *limit);

#endif
