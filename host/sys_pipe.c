/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys_pipe.c - vmsplice.
 *
 * The host would put the frames themselves into the pipe, where nobody sees
 * that they are still in use.  So bytes are copied, which a program cannot
 * tell from pages that it leaves alone, as it must:
 *
 *	into a pipe	pwritev2 that does not wait, as much as there is room
 *			for; if there is none, write of one piece, which waits
 *	out of a pipe	readv, or preadv2 that does not wait
 *
 * The other call runs in the stub in place of the program's: should a signal
 * come, the program's own begins again.
 */
#include "host/stub.h"
#include "host/syscall.h"
#include "host/trace.h"
#include "host/user.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef RWF_NOWAIT
#define RWF_NOWAIT 8
#endif

#define ALL_FLAGS \
	(SPLICE_F_MOVE | SPLICE_F_NONBLOCK | SPLICE_F_MORE | SPLICE_F_GIFT)

struct pipe_end {
	bool is_pipe, writes, waits;
};

static struct pipe_end
look_at(struct task *t, int program_fd)
{
	struct pipe_end end = { .is_pipe = false };
	int fd = task_fd(t, program_fd), mode;
	struct stat st;

	if (fd < 0)
		return end;
	mode = fcntl(fd, F_GETFL);
	end.is_pipe = (mode & O_PATH) == 0 && fstat(fd, &st) == 0 &&
	    S_ISFIFO(st.st_mode);
	end.writes = (mode & O_ACCMODE) != O_RDONLY;
	end.waits = (mode & O_NONBLOCK) == 0;
	(void)close(fd);
	return end;
}

/* The first piece that has bytes, at most as many as go in at once. */
static bool
first_piece(struct task *t, const uint64_t *a, struct iovec *piece)
{
	for (uint64_t i = 0; i < a[2] && i < IOV_MAX; i++) {
		if (user_read(t, a[1] + i * sizeof(*piece), piece,
			sizeof(*piece)) != 0)
			return false;
		if (piece->iov_len > PIPE_BUF)
			piece->iov_len = PIPE_BUF;
		if (piece->iov_len > 0)
			return true;
	}
	return false;
}

/* There was no room, but the program wants to wait for some. */
static void
after_write(struct task *t, long result)
{
	if (result != -EAGAIN && result != -EOPNOTSUPP)
		return;
	t->pipe_full = true;
	trace_regs(t)->orig_rax = SYS_vmsplice;
	syscall_rewind(t);
}

static struct stub_call
instead_of(struct task *t, const uint64_t *a, const struct pipe_end *end)
{
	bool waits = end->waits && (a[3] & SPLICE_F_NONBLOCK) == 0;
	uint64_t nr = end->writes ? SYS_pwritev2 : SYS_preadv2;
	struct iovec piece;

	if (!end->writes && waits)
		return (struct stub_call){ SYS_readv, { a[0], a[1], a[2] } };
	if (waits && t->pipe_full && first_piece(t, a, &piece))
		return (struct stub_call){ SYS_write,
			{ a[0], (uint64_t)piece.iov_base, piece.iov_len } };
	if (waits)
		t->at_exit = after_write;
	return (struct stub_call){ nr,
		{ a[0], a[1], a[2], UINT64_MAX, 0, RWF_NOWAIT } };
}

static void
sys_vmsplice(struct task *t, const struct sysargs_call *call)
{
	const uint64_t *a = call->args;
	struct pipe_end end = look_at(t, (int)a[0]);
	struct sysargs_call vector = { end.writes ? SYS_writev : SYS_readv,
		{ a[0], a[1], a[2] } };
	struct stub_call instead;

	if ((a[3] & ~(uint64_t)ALL_FLAGS) != 0) {
		syscall_answer(t, -EINVAL);
	} else if (!end.is_pipe) {
		syscall_answer(t, -EBADF);
	} else if (syscall_prepare(t, &vector)) {
		instead = instead_of(t, a, &end);
		t->pipe_full = false;
		stub_resume_with(t, &instead);
	}
}

const struct syscall_entry_of sys_pipe_calls[] = {
	{ SYS_vmsplice, sys_vmsplice },
	{ 0, NULL },
};
