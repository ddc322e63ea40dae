/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * give.c - see give.h.
 *
 * The listener is made in the child, with the filter, and fetched from there
 * before the first exec closes it.  All that is ever heard from it is the call
 * of the task that we have just let go; or nothing, if that has been killed on
 * its way, which only waitpid tells.
 */
#include "host/give.h"

#include "host/event.h"
#include "host/run.h"
#include "pmap/host.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOOK_ROUND 20   /* milliseconds, between looks for its death */
#define WIDER      1024 /* numbers more, when all are taken */

void
give_say(int channel, int listener)
{
	(void)!write(channel, &listener, sizeof(listener));
}

void
give_hear(struct task *t)
{
	struct run *run = t->run;
	int number;

	if (run->channel < 0 ||
	    recv(run->channel, &number, sizeof(number), MSG_DONTWAIT) !=
		(ssize_t)sizeof(number))
		return;
	run->listener = task_fd(t, number);
	(void)close(run->channel);
	run->channel = -1;
}

/* Any thread of the run can make the call: it is there for one that we sent. */
static bool
is_call_of(const struct task *t, const struct seccomp_notif *call)
{
	struct seccomp_notif_resp no = { .id = call->id, .error = -ENOSYS };

	if ((pid_t)call->pid == t->tid)
		return true;
	(void)ioctl(t->run->listener, SECCOMP_IOCTL_NOTIF_SEND, &no);
	return false;
}

/* Wait for the call; false: the task is dead, or stands somewhere else. */
static bool
hear_call(struct task *t, uint64_t *id)
{
	struct pollfd p = { .fd = t->run->listener, .events = POLLIN };
	struct seccomp_notif call;

	while (t->at != TASK_DEAD && !t->has_status) {
		call = (struct seccomp_notif){ .id = 0 };
		if (poll(&p, 1, LOOK_ROUND) > 0 &&
		    ioctl(p.fd, SECCOMP_IOCTL_NOTIF_RECV, &call) == 0 &&
		    is_call_of(t, &call)) {
			*id = call.id;
			return true;
		}
		(void)event_poll(t->run);
	}
	return false;
}

/* An answer that a signal breaks off has been given, without its file. */
static bool
answer(struct run *run, struct seccomp_notif_addfd *file)
{
	sigset_t all, old;
	int error;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, &old);
	error = ioctl(run->listener, SECCOMP_IOCTL_NOTIF_ADDFD, file) < 0 ?
	    errno :
	    0;
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	errno = error;
	return error == 0;
}

static bool
put(struct task *t, uint64_t id, const struct give *g)
{
	struct seccomp_notif_addfd file = { .id = id,
		.flags = SECCOMP_ADDFD_FLAG_SEND,
		.srcfd = (uint32_t)g->fd,
		.newfd_flags = g->cloexec ? O_CLOEXEC : 0 };

	if (g->number >= 0) {
		file.flags |= SECCOMP_ADDFD_FLAG_SETFD;
		file.newfd = (uint32_t)g->number;
	}
	return answer(t->run, &file);
}

static void
refuse(struct task *t, uint64_t id)
{
	struct seccomp_notif_resp no = { .id = id, .error = -EMFILE };

	(void)ioctl(t->run->listener, SECCOMP_IOCTL_NOTIF_SEND, &no);
}

void
give(struct task *t, const struct give *g)
{
	uint64_t id;

	if (hear_call(t, &id) && !put(t, id, g))
		refuse(t, id);
}

/* All numbers are taken: allow some more for now. */
static bool
widen(struct task *t, const struct rlimit *limit)
{
	struct rlimit wide = { limit->rlim_max, limit->rlim_max };

	if (wide.rlim_cur == limit->rlim_cur)
		wide.rlim_cur = wide.rlim_max = limit->rlim_max + WIDER;
	return prlimit(t->tid, RLIMIT_NOFILE, &wide, NULL) == 0;
}

void
give_file(struct task *t, struct rlimit *limit)
{
	const struct give file = { .fd = pmap_host_file(t->run->machine),
		.number = -1,
		.cloexec = true };
	uint64_t id;

	(void)prlimit(t->tid, RLIMIT_NOFILE, NULL, limit);
	if (hear_call(t, &id) && !put(t, id, &file) &&
	    (errno != EMFILE || !widen(t, limit) || !put(t, id, &file)))
		refuse(t, id);
}

void
give_end(struct task *t, const struct rlimit *limit)
{
	struct rlimit now;

	if (prlimit(t->tid, RLIMIT_NOFILE, NULL, &now) == 0 &&
	    now.rlim_cur != limit->rlim_cur)
		(void)prlimit(t->tid, RLIMIT_NOFILE, limit, NULL);
}
