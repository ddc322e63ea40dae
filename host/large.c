/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * large.c - see large.h.
 *
 * The descriptor is a copy of the program's: its position is the same one.
 * Regular files and devices that are memory never end short for want of data,
 * nor make anybody wait, which is what makes it safe to work on them in
 * pieces.  An error before the first byte is left to the kernel to find.
 */
#include "host/large.h"

#include "host/limit.h"
#include "host/run.h"
#include "host/space.h"
#include "host/user.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define SHARE    4                 /* of memory, for one call */
#define PIECE    ((size_t)1 << 16) /* moved at once */
#define CALL_MAX 0x7ffff000u       /* Linux moves no more in a call */

#define MEMORY_DEVICES 1  /* major number: mem(4) and its kin */
#define KMSG           11 /* the one of them whose reader waits */

uint64_t
large_most(const struct run *run)
{
	return run->options->memory / SHARE;
}

static bool
reads(const struct sysargs_call *call)
{
	return call->nr == SYS_read || call->nr == SYS_pread64;
}

static bool
positioned(const struct sysargs_call *call)
{
	return call->nr == SYS_pread64 || call->nr == SYS_pwrite64;
}

/* What runs over the end of user space is the kernel's to refuse. */
static bool
is_inside(struct task *t, uint64_t va, uint64_t len)
{
	uint64_t max = t->space->vm->map.index.max;

	return va <= max && len <= max - va;
}

/* What /proc and its like make up has no size, and one may have to wait. */
static bool
is_ready(const struct sysargs_call *call, const struct stat *st)
{
	if (S_ISREG(st->st_mode))
		return !reads(call) || st->st_size > 0;
	return S_ISBLK(st->st_mode) ||
	    (S_ISCHR(st->st_mode) && major(st->st_rdev) == MEMORY_DEVICES &&
		minor(st->st_rdev) != KMSG);
}

bool
large_is(struct task *t, const struct sysargs_call *call)
{
	struct stat st;

	if ((!reads(call) && call->nr != SYS_write &&
		call->nr != SYS_pwrite64) ||
	    call->args[2] <= large_most(t->run) ||
	    !is_inside(t, call->args[1], call->args[2]) ||
	    !task_stat_fd(t, (int)call->args[0], &st))
		return false;
	return is_ready(call, &st);
}

/* How far from the place of a write a file may be written: RLIMIT_FSIZE. */
static uint64_t
room(struct task *t, const struct sysargs_call *call, int fd)
{
	uint64_t limit = limit_file(t), at;
	struct stat st;

	if (reads(call) || limit == RLIM_INFINITY || fstat(fd, &st) != 0 ||
	    !S_ISREG(st.st_mode))
		return UINT64_MAX;
	if ((fcntl(fd, F_GETFL) & O_APPEND) != 0)
		at = (uint64_t)st.st_size;
	else if (positioned(call))
		at = call->args[3];
	else
		at = (uint64_t)lseek(fd, 0, SEEK_CUR);
	return at < limit ? limit - at : 0;
}

/* One piece, `done` bytes from the beginning; as many as were moved. */
static ssize_t
move_once(const struct sysargs_call *call, int fd, void *buf, size_t n,
    uint64_t done)
{
	off_t at = (off_t)(call->args[3] + done);

	if (reads(call))
		return positioned(call) ? pread(fd, buf, n, at) :
					  read(fd, buf, n);
	return positioned(call) ? pwrite(fd, buf, n, at) : write(fd, buf, n);
}

/* What was read and has no place in the program is read again. */
static void
step_back(const struct sysargs_call *call, int fd, size_t n)
{
	if (n != 0 && !positioned(call))
		(void)lseek(fd, -(off_t)n, SEEK_CUR);
}

/* A tick may end any of them early. */
static size_t
move(const struct sysargs_call *call, int fd, void *buf, size_t n,
    uint64_t done)
{
	ssize_t moved;

	do
		moved = move_once(call, fd, buf, n, done);
	while (moved < 0 && errno == EINTR);
	return moved < 0 ? 0 : (size_t)moved;
}

/* => bytes; 0: that is the end of it */
static size_t
piece(struct task *t, const struct sysargs_call *call, int fd, size_t n,
    uint64_t done)
{
	static char buf[PIECE] __attribute__((aligned(VM_PAGE_SIZE)));
	vaddr_t va = call->args[1] + done;
	size_t moved, copied = 0;

	if (!reads(call)) {
		(void)user_read_most(t, va, buf, n, &copied);
		return copied == 0 ? 0 : move(call, fd, buf, copied, done);
	}
	moved = move(call, fd, buf, n, done);
	(void)user_write_most(t, va, buf, moved, &copied);
	step_back(call, fd, moved - copied);
	return copied;
}

bool
large_call(struct task *t, const struct sysargs_call *call, int64_t *result)
{
	uint64_t len = call->args[2] < CALL_MAX ? call->args[2] : CALL_MAX;
	uint64_t done = 0, most;
	size_t n, moved;
	int fd;

	if (!large_is(t, call))
		return false;
	fd = task_fd(t, (int)call->args[0]);
	if (fd < 0)
		return false;
	most = room(t, call, fd);
	if (len > most)
		len = most;
	do {
		n = len - done < PIECE ? (size_t)(len - done) : PIECE;
		moved = piece(t, call, fd, n, done);
		done += moved;
	} while (moved > 0 && done < len);
	(void)close(fd);
	*result = (int64_t)done;
	return done > 0;
}
