/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timed.c - see timed.h.
 *
 *	began ----- interrupted, rewound ----- began again ---- end
 *	  |<------------- the limit that the program gave ----->|
 *
 * A signal handler that runs in between, and calls the kernel, makes us forget
 * when the call began.
 */
#include "host/timed.h"

#include "host/trace.h"
#include "host/user.h"

#include <errno.h>
#include <limits.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SECOND UINT64_C(1000000000)

/* How the limit is given. */
enum limit {
	LIMIT_NONE,
	LIMIT_MSEC,     /* a number, below 0 for none */
	LIMIT_TIMESPEC, /* the address of one, 0 for none */
	LIMIT_RECEIVE,  /* by the socket */
	LIMIT_SEND,
};

struct timed {
	unsigned short nr;
	unsigned char arg, limit;
};

static const struct timed calls[] = {
	{ SYS_epoll_wait, 3, LIMIT_MSEC },
	{ SYS_epoll_pwait, 3, LIMIT_MSEC },
	{ SYS_epoll_pwait2, 3, LIMIT_TIMESPEC },
	{ SYS_semop, 0, LIMIT_NONE },
	{ SYS_semtimedop, 3, LIMIT_TIMESPEC },
	{ SYS_rt_sigtimedwait, 2, LIMIT_TIMESPEC },
	{ SYS_io_getevents, 4, LIMIT_TIMESPEC },
	{ SYS_io_pgetevents, 4, LIMIT_TIMESPEC },
	{ SYS_poll, 2, LIMIT_MSEC },
	{ SYS_select, 0, LIMIT_NONE },
	{ SYS_msgrcv, 0, LIMIT_NONE },
	{ SYS_msgsnd, 0, LIMIT_NONE },
	{ SYS_accept, 0, LIMIT_RECEIVE },
	{ SYS_accept4, 0, LIMIT_RECEIVE },
	{ SYS_recvfrom, 0, LIMIT_RECEIVE },
	{ SYS_recvmsg, 0, LIMIT_RECEIVE },
	{ SYS_recvmmsg, 0, LIMIT_RECEIVE },
	{ SYS_read, 0, LIMIT_RECEIVE },
	{ SYS_readv, 0, LIMIT_RECEIVE },
	{ SYS_connect, 0, LIMIT_SEND },
	{ SYS_sendto, 0, LIMIT_SEND },
	{ SYS_sendmsg, 0, LIMIT_SEND },
	{ SYS_sendmmsg, 0, LIMIT_SEND },
	{ SYS_write, 0, LIMIT_SEND },
	{ SYS_writev, 0, LIMIT_SEND },
};

static const struct timed *
find(uint64_t nr)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (calls[i].nr == nr)
			return &calls[i];
	return NULL;
}

bool
timed_gives_up(uint64_t nr)
{
	return find(nr) != NULL;
}

bool
timed_never_restarts(long nr)
{
	const struct timed *timed = find((uint64_t)nr);

	return timed != NULL && timed->limit != LIMIT_RECEIVE &&
	    timed->limit != LIMIT_SEND;
}

static uint64_t
now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * SECOND + (uint64_t)ts.tv_nsec;
}

void
timed_entry(struct task *t, uint32_t nr)
{
	t->late = t->again && (long)nr == t->nr;
	t->again = false;
	if (!t->late)
		t->began = now();
}

static uint64_t
left_of(const struct task *t, uint64_t limit)
{
	uint64_t passed = now() - t->began;

	return passed < limit ? limit - passed : 0;
}

static bool
shorten_timespec(struct task *t, uint64_t *arg)
{
	struct timespec ts;
	uint64_t left;

	if (*arg == 0 || user_read(t, *arg, &ts, sizeof(ts)) != 0 ||
	    ts.tv_sec < 0 || (uint64_t)ts.tv_sec > UINT64_MAX / 2 / SECOND ||
	    (uint64_t)ts.tv_nsec >= SECOND)
		return false;
	left = left_of(t, (uint64_t)ts.tv_sec * SECOND + (uint64_t)ts.tv_nsec);
	ts.tv_sec = (time_t)(left / SECOND);
	ts.tv_nsec = (long)(left % SECOND);
	*arg = stub_scratch(t, &ts, sizeof(ts));
	return true;
}

/* Rather a little too long than too short. */
static bool
shorten_msec(const struct task *t, uint64_t *arg)
{
	const uint64_t msec = SECOND / 1000;
	int limit = (int)*arg;

	if (limit < 0)
		return false;
	*arg = (left_of(t, (uint64_t)limit * msec) + msec - 1) / msec;
	return true;
}

bool
timed_shorten(struct task *t, struct stub_call *call)
{
	const struct user_regs_struct *r = trace_regs(t);
	const struct timed *timed = find(r->orig_rax);

	*call = (struct stub_call){ r->orig_rax,
		{ r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9 } };
	if (timed != NULL && timed->limit == LIMIT_MSEC)
		return shorten_msec(t, &call->args[timed->arg]);
	if (timed != NULL && timed->limit == LIMIT_TIMESPEC)
		return shorten_timespec(t, &call->args[timed->arg]);
	return false;
}

/* The limit of a socket in nanoseconds; 0: it has none, or is no socket. */
static uint64_t
socket_limit(const struct task *t, int fd, int option)
{
	int own = task_fd(t, fd);
	struct timeval tv = { 0, 0 };
	socklen_t len = sizeof(tv);
	int error;

	if (own < 0)
		return 0;
	error = getsockopt(own, SOL_SOCKET, option, &tv, &len);
	(void)close(own);
	return error != 0 ? 0 :
			    (uint64_t)tv.tv_sec * SECOND +
		(uint64_t)tv.tv_usec * (SECOND / 1000000);
}

int64_t
timed_expired(struct task *t)
{
	const struct user_regs_struct *r = trace_regs(t);
	const struct timed *timed = find(r->orig_rax);
	bool send = timed->limit == LIMIT_SEND;
	uint64_t limit;

	if (timed->limit != LIMIT_RECEIVE && !send)
		return 0;
	limit = socket_limit(t, (int)r->rdi, send ? SO_SNDTIMEO : SO_RCVTIMEO);
	if (limit == 0 || left_of(t, limit) != 0)
		return 0;
	return r->orig_rax == SYS_connect ? -EINPROGRESS : -EAGAIN;
}
