/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * give.h - how a program comes by files of ours.
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
 * The caller (stub.c) has it mapped and closed before the program runs.  Files
 * that we make for a program (proc.c) come the same way, and stay.
 */
#ifndef HOST_GIVE_H
#define HOST_GIVE_H

#include "host/task.h"

#include <sys/resource.h>

/* give_say: in the child, before its first exec: here is the listener. */
void give_say(int channel, int listener);

/* give_hear: a task without a space has stopped: perhaps the child has said. */
void give_hear(struct task *);

/* An open file of ours that a task gets. */
struct give {
	int fd;     /* here */
	int number; /* there, in place of what is open; -1: the lowest free */
	bool cloexec;
};

/*
 * give: the task has been continued towards FILTER_GIVE: answer it.  The
 * number, or -errno, is what its call returns.  The task may stop on its way,
 * or die: then nothing has been given.
 */
void give(struct task *, const struct give *);

/*
 * give_file: the same with the memory file, even if all numbers are taken.
 *
 * limit	the RLIMIT_NOFILE of the process, which may have been widened
 *		for the call: give_end puts it back
 */
void give_file(struct task *, struct rlimit *limit);
void give_end(struct task *, const struct rlimit *limit);

#endif
