/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys_file.c: system calls about files, with buffers in awkward memory.
 *
 * sysbuf.h says what is done with each of them.  Every call here leaves the
 * current directory as it found it.
 */
#include <poll.h>
#include <pty.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/uio.h>
#include <sys/xattr.h>

#include "sysbuf.h"

static const char text[] = "0123456789abcdefghijklmnopqrstuv";

#define LEN ((size_t)32)

/* A file, "f", with the text in it, and its descriptor. */
static int
file(void)
{
	int fd = open("f", O_RDWR | O_CREAT | O_TRUNC, 0600);

	REQUIRE(fd >= 0);
	REQUIRE(write(fd, text, LEN) == (ssize_t)LEN);
	REQUIRE(lseek(fd, 0, SEEK_SET) == 0);
	return (fd);
}

static void
file_done(int fd)
{
	REQUIRE(close(fd) == 0);
	REQUIRE(unlink("f") == 0);
}

static long
op_read(void)
{
	char *buf = out(LEN);
	int fd = file();
	long r = SYS(SYS_read, fd, buf, LEN);

	if (good())
		REQUIRE(r == (long)LEN && memcmp(buf, text, LEN) == 0);
	file_done(fd);
	return (r);
}

static long
op_pread(void)
{
	char *buf = out(LEN);
	int fd = file();
	long r = SYS(SYS_pread64, fd, buf, LEN - 1, 1L);

	if (good())
		REQUIRE(r == (long)LEN - 1 && memcmp(buf, text + 1, 31) == 0);
	file_done(fd);
	return (r);
}

/* Two pieces, and the vector itself. */
static struct iovec *
pieces(char *first, char *second)
{
	struct iovec iov[2] = { { first, LEN / 2 }, { second, LEN / 2 } };

	return (in(iov, sizeof(iov)));
}

static long
read_pieces(long call)
{
	char *a = out(LEN / 2), *b = out(LEN / 2);
	struct iovec *iov = pieces(a, b);
	int fd = file();
	long r = SYS(call, fd, iov, 2L, 0L, 0L, 0L);

	if (good()) {
		REQUIRE(r == (long)LEN);
		REQUIRE(memcmp(a, text, LEN / 2) == 0);
		REQUIRE(memcmp(b, text + LEN / 2, LEN / 2) == 0);
	}
	file_done(fd);
	return (r);
}

static long
op_readv(void)
{
	return (read_pieces(SYS_readv));
}

static long
op_preadv(void)
{
	return (read_pieces(SYS_preadv));
}

static long
op_preadv2(void)
{
	return (read_pieces(SYS_preadv2));
}

static void
verify_file(long r)
{
	char copy[LEN];
	int fd = open("f", O_RDONLY);

	REQUIRE(r == (long)LEN);
	REQUIRE(read(fd, copy, LEN) == (ssize_t)LEN);
	REQUIRE(memcmp(copy, text, LEN) == 0);
	REQUIRE(close(fd) == 0);
}

static long
op_write(void)
{
	char *buf = in(text, LEN);
	int fd = file();
	long r = SYS(SYS_write, fd, buf, LEN);

	if (good())
		verify_file(r);
	file_done(fd);
	return (r);
}

static long
op_pwrite(void)
{
	char *buf = in(text, LEN);
	int fd = file();
	long r = SYS(SYS_pwrite64, fd, buf, LEN, 0L);

	if (good())
		verify_file(r);
	file_done(fd);
	return (r);
}

static long
write_pieces(long call)
{
	char *a = in(text, LEN / 2), *b = in(text + LEN / 2, LEN / 2);
	struct iovec *iov = pieces(a, b);
	int fd = file();
	long r = SYS(call, fd, iov, 2L, 0L, 0L, 0L);

	if (good())
		verify_file(r);
	file_done(fd);
	return (r);
}

static long
op_writev(void)
{
	return (write_pieces(SYS_writev));
}

static long
op_pwritev(void)
{
	return (write_pieces(SYS_pwritev));
}

static long
op_pwritev2(void)
{
	return (write_pieces(SYS_pwritev2));
}

static long
op_pipe_read(void)
{
	char *buf = out(LEN);
	int fds[2];
	long r;

	REQUIRE(pipe(fds) == 0);
	REQUIRE(write(fds[1], text, LEN) == (ssize_t)LEN);
	r = SYS(SYS_read, fds[0], buf, LEN);
	if (good())
		REQUIRE(r == (long)LEN && memcmp(buf, text, LEN) == 0);
	REQUIRE(close(fds[0]) == 0 && close(fds[1]) == 0);
	return (r);
}

static long
op_pipe_write(void)
{
	char *buf = in(text, LEN), copy[LEN];
	int fds[2];
	long r;

	REQUIRE(pipe(fds) == 0);
	r = SYS(SYS_write, fds[1], buf, LEN);
	if (good()) {
		REQUIRE(read(fds[0], copy, LEN) == (ssize_t)LEN);
		REQUIRE(memcmp(copy, text, LEN) == 0);
	}
	REQUIRE(close(fds[0]) == 0 && close(fds[1]) == 0);
	return (r);
}

static long
pipe_call(long call)
{
	int *fds = out(2 * sizeof(int));
	long r = SYS(call, fds, 0L);

	if (good()) {
		REQUIRE(write(fds[1], "x", 1) == 1);
		REQUIRE(close(fds[0]) == 0 && close(fds[1]) == 0);
	}
	return (r);
}

static long
op_pipe(void)
{
	return (pipe_call(SYS_pipe));
}

static long
op_pipe2(void)
{
	return (pipe_call(SYS_pipe2));
}

static long
op_getdents(void)
{
	char *buf = out(128);
	int fd;
	long r;

	REQUIRE(mkdir("directory", 0700) == 0);
	REQUIRE(mkdir("directory/inside", 0700) == 0);
	fd = open("directory", O_RDONLY | O_DIRECTORY);
	REQUIRE(fd >= 0);
	r = SYS(SYS_getdents64, fd, buf, 128L);
	if (good())
		REQUIRE(r == 80 && memmem(buf, 80, "inside", 7) != NULL);
	REQUIRE(close(fd) == 0);
	REQUIRE(rmdir("directory/inside") == 0);
	REQUIRE(rmdir("directory") == 0);
	return (r);
}

static long
stat_call(long call)
{
	char *path = in_string("f");
	struct stat *st = out(sizeof(*st));
	int fd = file();
	long r = SYS(call, path, st);

	if (good())
		REQUIRE(st->st_size == (off_t)LEN && S_ISREG(st->st_mode));
	file_done(fd);
	return (r);
}

static long
op_stat(void)
{
	return (stat_call(SYS_stat));
}

static long
op_lstat(void)
{
	return (stat_call(SYS_lstat));
}

static long
op_fstat(void)
{
	struct stat *st = out(sizeof(*st));
	int fd = file();
	long r = SYS(SYS_fstat, fd, st);

	if (good())
		REQUIRE(st->st_size == (off_t)LEN);
	file_done(fd);
	return (r);
}

static long
op_newfstatat(void)
{
	char *path = in_string("f");
	struct stat *st = out(sizeof(*st));
	int fd = file();
	long r = SYS(SYS_newfstatat, AT_FDCWD, path, st, 0L);

	if (good())
		REQUIRE(st->st_size == (off_t)LEN);
	file_done(fd);
	return (r);
}

static long
op_statx(void)
{
	char *path = in_string("f");
	struct statx *st = out(sizeof(*st));
	int fd = file();
	long r = SYS(SYS_statx, AT_FDCWD, path, 0L, (long)STATX_BASIC_STATS,
	    st);

	if (good())
		REQUIRE(st->stx_size == LEN);
	file_done(fd);
	return (r);
}

static long
op_statfs(void)
{
	char *path = in_string(".");
	struct statfs *st = out(sizeof(*st));
	long r = SYS(SYS_statfs, path, st);

	if (good())
		REQUIRE(st->f_bsize > 0);
	return (r);
}

static long
op_fstatfs(void)
{
	struct statfs *st = out(sizeof(*st));
	int fd = file();
	long r = SYS(SYS_fstatfs, fd, st);

	if (good())
		REQUIRE(st->f_bsize > 0);
	file_done(fd);
	return (r);
}

static long
op_getcwd(void)
{
	char here[4096], *buf;
	long r;

	REQUIRE(getcwd(here, sizeof(here)) == here);
	/* As long as the name, so that it crosses the boundary. */
	buf = out(strlen(here) + 1);
	r = SYS(SYS_getcwd, buf, strlen(here) + 1);
	if (good())
		REQUIRE(strcmp(buf, here) == 0);
	return (r);
}

static long
op_symlink_readlink(void)
{
	char *target = in_string("a-target-of-some-length");
	char *path = in_string("a-symbolic-link"), *buf = out(23);
	long r = SYS(SYS_symlink, target, path);

	if (r == 0)
		r = SYS(SYS_readlink, path, buf, 23L);
	if (good())
		REQUIRE(r == 23 && memcmp(buf, target, 23) == 0);
	(void)unlink("a-symbolic-link");
	return (r);
}

static long
op_readlinkat(void)
{
	char *path = in_string("/proc/self/fd/0"), *buf = out(256);
	long r = SYS(SYS_readlinkat, AT_FDCWD, path, buf, 256L);

	if (good())
		REQUIRE(r > 0);
	return (r);
}

static long
op_open(void)
{
	char *path = in_string("a-file-to-be-made");
	long r = SYS(SYS_open, path, (long)(O_RDWR | O_CREAT | O_EXCL), 0600L);

	if (r >= 0)
		REQUIRE(close((int)r) == 0);
	(void)unlink("a-file-to-be-made");
	return (r);
}

static long
op_openat2(void)
{
	uint64_t how[3] = { O_RDONLY | O_DIRECTORY, 0, 0 };
	char *path = in_string("/tmp/../tmp");
	long r = SYS(SYS_openat2, AT_FDCWD, path, in(how, sizeof(how)),
	    sizeof(how));

	if (r >= 0)
		REQUIRE(close((int)r) == 0);
	return (r);
}

static long
op_names(void)
{
	char *a = in_string("first-directory"), *b = in_string("second-name");
	long r = SYS(SYS_mkdir, a, 0700L);

	if (r == 0)
		r = SYS(SYS_rename, a, b);
	if (r == 0)
		r = SYS(SYS_access, b, (long)X_OK);
	if (r == 0)
		r = SYS(SYS_chdir, b);
	if (good())
		REQUIRE(chdir("..") == 0);
	if (r == 0)
		r = SYS(SYS_rmdir, b);
	(void)rmdir("first-directory");
	return (r);
}

static long
op_links(void)
{
	char *a = in_string("first-name"), *b = in_string("second-name");
	long r = SYS(SYS_mknod, a, (long)S_IFIFO | 0600, 0L);

	if (r == 0)
		r = SYS(SYS_link, a, b);
	if (r == 0)
		r = SYS(SYS_chmod, b, 0640L);
	if (r == 0)
		r = SYS(SYS_unlink, b);
	(void)unlink("first-name");
	return (r);
}

static long
op_truncate_utimens(void)
{
	struct timespec times[2] = { { 1000, 0 }, { 2000, 0 } };
	char *path = in_string("f");
	void *when = in(times, sizeof(times));
	int fd = file();
	struct stat st;
	long r = SYS(SYS_truncate, path, 10L);

	if (r == 0)
		r = SYS(SYS_utimensat, AT_FDCWD, path, when, 0L);
	REQUIRE(fstat(fd, &st) == 0);
	if (good())
		REQUIRE(st.st_size == 10 && st.st_mtim.tv_sec == 2000);
	file_done(fd);
	return (r);
}

static long
op_fcntl_locks(void)
{
	struct flock lock = { .l_type = F_WRLCK,
		.l_whence = SEEK_SET,
		.l_len = 5 };
	struct flock *set = in(&lock, sizeof(lock));
	struct flock *get = inout(&lock, sizeof(lock));
	int fd = file();
	long r = SYS(SYS_fcntl, fd, (long)F_SETLK, set);

	if (r == 0)
		r = SYS(SYS_fcntl, fd, (long)F_GETLK, get);
	if (good())
		REQUIRE(get->l_type == F_UNLCK);
	file_done(fd);
	return (r);
}

static long
op_fcntl_owner(void)
{
	struct f_owner_ex owner = { F_OWNER_PID, getpid() };
	struct f_owner_ex *set = in(&owner, sizeof(owner));
	struct f_owner_ex *get = out(sizeof(owner));
	int fds[2];
	long r;

	REQUIRE(pipe(fds) == 0);
	r = SYS(SYS_fcntl, fds[0], (long)F_SETOWN_EX, set);
	if (r == 0)
		r = SYS(SYS_fcntl, fds[0], (long)F_GETOWN_EX, get);
	if (good())
		REQUIRE(get->pid == getpid());
	REQUIRE(close(fds[0]) == 0 && close(fds[1]) == 0);
	return (r);
}

/* Offsets that the call reads and moves on. */
static long
op_sendfile(void)
{
	off_t zero = 0, *offset = inout(&zero, sizeof(zero));
	int fd = file(), fds[2];
	long r;

	REQUIRE(pipe(fds) == 0);
	r = SYS(SYS_sendfile, fds[1], fd, offset, LEN);
	if (good())
		REQUIRE(r == (long)LEN && *offset == (off_t)LEN);
	REQUIRE(close(fds[0]) == 0 && close(fds[1]) == 0);
	file_done(fd);
	return (r);
}

static long
op_splice(void)
{
	off_t one = 1, *offset = inout(&one, sizeof(one));
	int fd = file(), fds[2];
	long r;

	REQUIRE(pipe(fds) == 0);
	r = SYS(SYS_splice, fd, offset, fds[1], NULL, LEN - 1, 0L);
	if (good())
		REQUIRE(r == (long)LEN - 1 && *offset == (off_t)LEN);
	REQUIRE(close(fds[0]) == 0 && close(fds[1]) == 0);
	file_done(fd);
	return (r);
}

static long
op_copy_file_range(void)
{
	off_t from = 0, to = LEN;
	off_t *a = inout(&from, sizeof(from)), *b = inout(&to, sizeof(to));
	int fd = file();
	long r = SYS(SYS_copy_file_range, fd, a, fd, b, LEN, 0L);

	if (good())
		REQUIRE(
		    r == (long)LEN && *a == (off_t)LEN && *b == 2 * (off_t)LEN);
	file_done(fd);
	return (r);
}

static long
op_ioctl_fionread(void)
{
	int *n = out(sizeof(*n)), fds[2];
	long r;

	REQUIRE(pipe(fds) == 0);
	REQUIRE(write(fds[1], "abc", 3) == 3);
	r = SYS(SYS_ioctl, fds[0], (long)FIONREAD, n);
	if (good())
		REQUIRE(*n == 3);
	REQUIRE(close(fds[0]) == 0 && close(fds[1]) == 0);
	return (r);
}

static long
op_ioctl_terminal(void)
{
	struct termios *modes = out(sizeof(*modes));
	struct winsize size = { 24, 80, 0, 0 };
	void *set = in(&size, sizeof(size));
	struct winsize *get = out(sizeof(size));
	int fds[2];
	long r;

	REQUIRE(openpty(&fds[0], &fds[1], NULL, NULL, NULL) == 0);
	r = SYS(SYS_ioctl, fds[1], (long)TCGETS, modes);
	if (r == 0)
		r = SYS(SYS_ioctl, fds[0], (long)TIOCSWINSZ, set);
	if (r == 0)
		r = SYS(SYS_ioctl, fds[1], (long)TIOCGWINSZ, get);
	if (good())
		REQUIRE(get->ws_row == 24 && get->ws_col == 80);
	REQUIRE(close(fds[0]) == 0 && close(fds[1]) == 0);
	return (r);
}

/* Where the file system has no attributes, there is nothing to check. */
static long
op_attributes(void)
{
	char *path = in_string("f"), *name = in_string("user.attribute");
	char *value = in(text, LEN), *back = out(LEN), *list = out(64);
	int fd = file();
	long r = SYS(SYS_setxattr, path, name, value, LEN, 0L);

	if (r == 0)
		r = SYS(SYS_getxattr, path, name, back, LEN);
	if (r == (long)LEN)
		r = SYS(SYS_listxattr, path, list, 64L);
	if (good() && r >= 0) {
		REQUIRE(memcmp(back, text, LEN) == 0);
		REQUIRE(memmem(list, (size_t)r, "user.attribute", 15) != NULL);
	}
	file_done(fd);
	return (r == -EOPNOTSUPP ? (good() ? 0 : -EFAULT) : r);
}

static long
op_inotify(void)
{
	char *path = in_string("."), *buf = out(256);
	int fd = inotify_init1(IN_NONBLOCK);
	long r = SYS(SYS_inotify_add_watch, fd, path, (long)IN_CREATE);

	if (r >= 0) {
		file_done(file());
		r = SYS(SYS_read, fd, buf, 256L);
	}
	if (good())
		REQUIRE(
		    ((struct inotify_event *)(void *)buf)->mask == IN_CREATE);
	REQUIRE(close(fd) == 0);
	return (r);
}

static long
op_memfd_create(void)
{
	char *name = in_string("a-name-in-memory");
	long r = SYS(SYS_memfd_create, name, 0L);

	if (r >= 0)
		REQUIRE(close((int)r) == 0);
	return (r);
}

/* --- Waiting for descriptors. --- */

static int ready_pipe[2];

static void
ready(void)
{
	REQUIRE(pipe(ready_pipe) == 0);
	REQUIRE(write(ready_pipe[1], "x", 1) == 1);
}

static void
ready_done(void)
{
	REQUIRE(close(ready_pipe[0]) == 0 && close(ready_pipe[1]) == 0);
}

static struct pollfd *
poll_array(void)
{
	struct pollfd pfds[40];

	for (size_t i = 0; i < COUNT(pfds); i++)
		pfds[i] = (struct pollfd){ i % 2 == 0 ? ready_pipe[0] : -1,
			POLLIN, 0 };
	return (inout(pfds, sizeof(pfds)));
}

static long
op_poll(void)
{
	struct pollfd *pfds;
	long r;

	ready();
	pfds = poll_array();
	r = SYS(SYS_poll, pfds, 40L, 1000L);
	if (good())
		REQUIRE(r == 20 && pfds[38].revents == POLLIN &&
		    pfds[39].revents == 0);
	ready_done();
	return (r);
}

static long
op_ppoll(void)
{
	struct timespec second = { 1, 0 };
	sigset_t none;
	struct pollfd *pfds;
	long r;

	ready();
	sigemptyset(&none);
	pfds = poll_array();
	r = SYS(SYS_ppoll, pfds, 40L, inout(&second, sizeof(second)),
	    in(&none, 8), 8L);
	if (good())
		REQUIRE(r == 20 && pfds[38].revents == POLLIN);
	ready_done();
	return (r);
}

static long
op_select(void)
{
	struct timeval second = { 1, 0 };
	fd_set set, *rd, *wr;
	long r;

	ready();
	FD_ZERO(&set);
	FD_SET(ready_pipe[0], &set);
	FD_SET(ready_pipe[1], &set);
	rd = inout(&set, sizeof(set));
	wr = inout(&set, sizeof(set));
	r = SYS(SYS_select, (long)FD_SETSIZE, rd, wr, NULL,
	    inout(&second, sizeof(second)));
	if (good()) {
		REQUIRE(r == 2);
		REQUIRE(FD_ISSET(ready_pipe[0], rd));
		REQUIRE(!FD_ISSET(ready_pipe[1], rd));
		REQUIRE(FD_ISSET(ready_pipe[1], wr));
	}
	ready_done();
	return (r);
}

static long
op_pselect(void)
{
	struct timespec second = { 1, 0 };
	uint64_t none = 0;
	void *mask[2];
	fd_set set, *rd;
	long r;

	ready();
	FD_ZERO(&set);
	FD_SET(ready_pipe[0], &set);
	rd = inout(&set, sizeof(set));
	mask[0] = in(&none, sizeof(none));
	mask[1] = (void *)8;
	r = SYS(SYS_pselect6, (long)FD_SETSIZE, rd, NULL, NULL,
	    inout(&second, sizeof(second)), in(mask, sizeof(mask)));
	if (good())
		REQUIRE(r == 1 && FD_ISSET(ready_pipe[0], rd));
	ready_done();
	return (r);
}

static long
epoll_call(long call)
{
	struct epoll_event want = { .events = EPOLLIN, .data.u64 = 77 };
	struct epoll_event *events = out(4 * sizeof(*events));
	void *event = in(&want, sizeof(want));
	uint64_t none = 0;
	void *mask = in(&none, sizeof(none));
	int fd = epoll_create1(0);
	long r;

	ready();
	r = SYS(SYS_epoll_ctl, fd, (long)EPOLL_CTL_ADD, ready_pipe[0], event);
	/* The event for the bad half lies in the good one. */
	if (r == 0)
		r = SYS(call, fd, events, 4L,
		    call == SYS_epoll_pwait2 ? 0L : 1000L, mask, 8L);
	if (good())
		REQUIRE(r == 1 && events[0].data.u64 == 77);
	REQUIRE(close(fd) == 0);
	ready_done();
	return (r);
}

static long
op_epoll_pwait(void)
{
	return (epoll_call(SYS_epoll_pwait));
}

static long
op_epoll_pwait2(void)
{
	return (epoll_call(SYS_epoll_pwait2));
}

int
main(int argc, char **argv)
{
	static const struct sysbuf_op ops[] = {
		{ "read", op_read, true },
		{ "pread", op_pread, true },
		{ "readv", op_readv, true },
		{ "preadv", op_preadv, true },
		{ "preadv2", op_preadv2, true },
		{ "write", op_write, true },
		{ "pwrite", op_pwrite, true },
		{ "writev", op_writev, true },
		{ "pwritev", op_pwritev, true },
		{ "pwritev2", op_pwritev2, true },
		{ "pipe-read", op_pipe_read, true },
		{ "pipe-write", op_pipe_write, true },
		{ "pipe", op_pipe, false },
		{ "pipe2", op_pipe2, false },
		{ "getdents", op_getdents, true },
		{ "stat", op_stat, false },
		{ "lstat", op_lstat, false },
		{ "fstat", op_fstat, false },
		{ "newfstatat", op_newfstatat, false },
		{ "statx", op_statx, false },
		{ "statfs", op_statfs, false },
		{ "fstatfs", op_fstatfs, false },
		{ "getcwd", op_getcwd, false },
		{ "symlink-readlink", op_symlink_readlink, false },
		{ "readlinkat", op_readlinkat, true },
		{ "open", op_open, false },
		{ "openat2", op_openat2, false },
		{ "names", op_names, false },
		{ "links", op_links, false },
		{ "truncate-utimens", op_truncate_utimens, false },
		{ "fcntl-locks", op_fcntl_locks, false },
		{ "fcntl-owner", op_fcntl_owner, false },
		{ "sendfile", op_sendfile, true },
		{ "splice", op_splice, true },
		{ "copy-file-range", op_copy_file_range, true },
		{ "ioctl-fionread", op_ioctl_fionread, false },
		{ "ioctl-terminal", op_ioctl_terminal, false },
		{ "attributes", op_attributes, true },
		{ "inotify", op_inotify, true },
		{ "memfd-create", op_memfd_create, false },
		{ "poll", op_poll, false },
		{ "ppoll", op_ppoll, true },
		{ "select", op_select, true },
		{ "pselect", op_pselect, true },
		{ "epoll-pwait", op_epoll_pwait, true },
		{ "epoll-pwait2", op_epoll_pwait2, true },
	};

	return (sysbuf_main(argc, argv, ops, COUNT(ops)));
}
