/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * slow_read.c: a disk that stands still, for who has this loaded before libc.
 *
 * Of the file `slow-data` nothing is in the host's cache, and a read of it, by
 * a thread since there is no io_uring either, does not end as long as the file
 * `still` is there.
 */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

struct io_uring;
int io_uring_queue_init(unsigned, struct io_uring *, unsigned);

static bool
is_slow(int fd)
{
	char link[64], path[PATH_MAX];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	return (strstr(path, "slow-data") != NULL);
}

ssize_t
preadv2(int fd, const struct iovec *iov, int n, off_t at, int flags)
{
	if (is_slow(fd)) {
		errno = EAGAIN;
		return (-1);
	}
	return (syscall(SYS_preadv2, fd, iov, n, at, 0, flags));
}

ssize_t
preadv(int fd, const struct iovec *iov, int n, off_t at)
{
	while (is_slow(fd) && access("still", F_OK) == 0)
		usleep(2000);
	return (syscall(SYS_preadv, fd, iov, n, at, 0));
}

int
io_uring_queue_init(unsigned n, struct io_uring *ring, unsigned flags)
{
	(void)n, (void)ring, (void)flags;
	return (-ENOSYS);
}
