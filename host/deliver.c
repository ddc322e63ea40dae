/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * deliver.c - see deliver.h.
 *
 *	regular file	what it has from the offset on, as far as that is known
 *	block device, /dev/zero	all of it
 *	others		SMALL; a socket all, if the caller waits for it
 */
#include "host/deliver.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#define SMALL (1u << 20) /* always made ready; more than pipes hold */

/* The flags of a call that receives from a socket; -1 of another. */
static int64_t
receive_flags(const struct sysargs_call *call)
{
	switch (call->nr) {
	case SYS_recvfrom:
	case SYS_recvmmsg:
		return (uint32_t)call->args[3];
	case SYS_recvmsg:
		return (uint32_t)call->args[2];
	default:
		return -1;
	}
}

/* Files of /proc say that they are empty. */
static uint64_t
file_most(const struct sysargs_call *call, uint64_t size)
{
	if (size == 0)
		return SMALL;
	if (call->nr != SYS_pread64)
		return size;
	return call->args[3] < size ? size - call->args[3] : 0;
}

/* /dev/zero and /dev/random and their like: what is memory, not /dev/null. */
static bool
fills_all(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && major(st->st_rdev) == 1 &&
	    minor(st->st_rdev) != 3;
}

static uint64_t
read_most(struct task *t, const struct sysargs_call *call, int fd)
{
	struct stat st;

	if (!task_stat_fd(t, fd, &st))
		return UINT64_MAX;
	if (S_ISREG(st.st_mode))
		return file_most(call, (uint64_t)st.st_size);
	if (S_ISBLK(st.st_mode) || fills_all(&st))
		return UINT64_MAX;
	return SMALL;
}

uint64_t
deliver_most(struct task *t, const struct sysargs_call *call, uint64_t len)
{
	const struct sysargs_info *info;
	int64_t flags;
	uint64_t most = UINT64_MAX;

	if (len <= SMALL)
		return len;
	info = sysargs_info(call);
	flags = receive_flags(call);
	if (flags >= 0)
		most = (flags & MSG_WAITALL) ? UINT64_MAX : SMALL;
	else if (info->file.reads >= 0)
		most = read_most(t, call, (int)call->args[info->file.reads]);
	if (most < SMALL)
		most = SMALL;
	return len < most ? len : most;
}
