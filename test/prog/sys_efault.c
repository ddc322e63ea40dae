/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys_efault.c: system calls given bad memory fail as they should, no more
 * and no less.
 *
 * EFAULT where the program itself would get a signal; a short count where
 * some bytes went through; no harm to data that was not transferred; and no
 * failure where a bad pointer is never used.  sysbuf.h tries single buffers of
 * many calls; here it is about what remains afterwards.
 */
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "prog.h"

/* Not constants, lest the compiler sees what will happen. */
static char *volatile kernel = (char *)0xffff888000000000;
static char *volatile nowhere = (char *)0x10;

static int fds[2];

static void
pipe_with(const char *bytes, size_t len)
{
	REQUIRE(pipe(fds) == 0);
	REQUIRE(write(fds[1], bytes, len) == (ssize_t)len);
}

static void
pipe_done(void)
{
	REQUIRE(close(fds[0]) == 0 && close(fds[1]) == 0);
}

static bool
efault(long r)
{
	return (r == -1 && errno == EFAULT);
}

/* Bytes that could not be delivered stay in the pipe. */
static void
read_only_target(void)
{
	char *p = prog_anon(2), copy[8];

	prog_fill(p, 2 * PAGE, 1);
	REQUIRE(mprotect(p, PAGE, PROT_READ) == 0);
	pipe_with("abcdefgh", 8);
	REQUIRE(efault(read(fds[0], p, 8)));
	REQUIRE(efault(read(fds[0], p + PAGE - 8, 8)));
	REQUIRE(prog_same(p, 2 * PAGE, 1));
	REQUIRE(read(fds[0], copy, 8) == 8);
	REQUIRE(memcmp(copy, "abcdefgh", 8) == 0);
	/* Opened again, the same call works. */
	REQUIRE(write(fds[1], "abcdefgh", 8) == 8);
	REQUIRE(efault(read(fds[0], p, 8)));
	REQUIRE(mprotect(p, PAGE, RW) == 0);
	REQUIRE(read(fds[0], p, 8) == 8);
	REQUIRE(memcmp(p, "abcdefgh", 8) == 0);
	REQUIRE(munmap(p, 2 * PAGE) == 0);
	pipe_done();
}

/* Read-only by nature: text, a read-only file, a page first protected after a
   fork. */
static void
read_only_kinds(void)
{
	int fd = prog_file(1, 2);
	char *file = prog_map_file(fd, 1, PROT_READ, MAP_SHARED);
	char *forked = prog_anon(1);
	static const char constant[64] = "constant";
	pid_t pid;

	pipe_with("x", 1);
	REQUIRE(efault(read(fds[0], (char *)(uintptr_t)constant, 1)));
	REQUIRE(efault(read(fds[0], (char *)(uintptr_t)&read_only_kinds, 1)));
	REQUIRE(efault(read(fds[0], file, 1)));
	forked[0] = 'a';
	pid = prog_fork();
	if (pid == 0) {
		REQUIRE(mprotect(forked, PAGE, PROT_READ) == 0);
		REQUIRE(efault(read(fds[0], forked, 1)));
		REQUIRE(forked[0] == 'a');
		_exit(0);
	}
	prog_join(pid);
	REQUIRE(read(fds[0], forked, 1) == 1);
	REQUIRE(forked[0] == 'x' && constant[0] == 'c');
	REQUIRE(prog_same(file, PAGE, 2));
	REQUIRE(munmap(file, PAGE) == 0);
	REQUIRE(munmap(forked, PAGE) == 0);
	REQUIRE(close(fd) == 0);
	pipe_done();
}

static void
unreadable_source(void)
{
	char *p = prog_anon(3);

	prog_fill(p, 3 * PAGE, 3);
	REQUIRE(mprotect(p + PAGE, PAGE, PROT_NONE) == 0);
	REQUIRE(munmap(p + 2 * PAGE, PAGE) == 0);
	REQUIRE(pipe(fds) == 0);
	REQUIRE(efault(write(fds[1], p + PAGE, 10)));
	REQUIRE(efault(write(fds[1], p + 2 * PAGE, 10)));
	REQUIRE(efault(write(fds[1], nowhere, 10)));
	REQUIRE(efault(write(fds[1], kernel, 10)));
	REQUIRE(write(fds[1], p + PAGE - 10, 10) == 10);
	REQUIRE(mprotect(p + PAGE, PAGE, PROT_READ) == 0);
	REQUIRE(write(fds[1], p + PAGE - 10, 20) == 20);
	REQUIRE(munmap(p, 3 * PAGE) == 0);
	pipe_done();
}

static int
file_of(size_t len)
{
	int fd = prog_file((len + PAGE - 1) / PAGE, 4);

	REQUIRE(ftruncate(fd, (off_t)len) == 0);
	REQUIRE(lseek(fd, 0, SEEK_SET) == 0);
	return (fd);
}

/* Files: as many bytes as there is good memory, and the position with them. */
static void
half_good_file(void)
{
	int fd = file_of(4 * PAGE);
	char *p = prog_anon(3), copy[2];

	REQUIRE(mprotect(p + 2 * PAGE, PAGE, PROT_NONE) == 0);
	REQUIRE(read(fd, p + PAGE, 2 * PAGE) == (ssize_t)PAGE);
	REQUIRE(lseek(fd, 0, SEEK_CUR) == (off_t)PAGE);
	REQUIRE(read(fd, p + 2 * PAGE - 100, PAGE) == 100);
	REQUIRE(lseek(fd, 0, SEEK_CUR) == (off_t)PAGE + 100);
	REQUIRE(efault(read(fd, p + 2 * PAGE, 1)));
	memset(p, 'z', 2 * PAGE);
	REQUIRE(pwrite(fd, p + 2 * PAGE - 50, 200, 0) == 50);
	REQUIRE(pread(fd, copy, 2, 49) == 2);
	REQUIRE(copy[0] == 'z' && (unsigned char)copy[1] == prog_byte(4, 50));
	REQUIRE(munmap(p, 3 * PAGE) == 0);
	REQUIRE(close(fd) == 0);
}

/* The good part may itself never have been touched. */
static void
half_good_untouched(void)
{
	int fd = file_of(4 * PAGE);

	for (size_t n = 1; n <= 3; n++) {
		char *p = prog_anon(4);

		REQUIRE(munmap(p + n * PAGE, (4 - n) * PAGE) == 0);
		REQUIRE(pread(fd, p, 4 * PAGE, 0) == (ssize_t)(n * PAGE));
		REQUIRE(prog_same(p, PAGE, 4));
		REQUIRE(munmap(p, 4 * PAGE) == 0);
		p = prog_anon(4);
		REQUIRE(mprotect(p + n * PAGE, (4 - n) * PAGE, PROT_READ) == 0);
		REQUIRE(pread(fd, p + 7, 4 * PAGE - 7, 0) ==
		    (ssize_t)(n * PAGE - 7));
		REQUIRE(prog_zero(p + n * PAGE, (4 - n) * PAGE));
		REQUIRE(munmap(p, 4 * PAGE) == 0);
	}
	REQUIRE(close(fd) == 0);
}

static void
vectors(void)
{
	int fd = file_of(2 * PAGE);
	char *p = prog_anon(2);
	struct iovec iov[3] = { { p, 10 }, { nowhere, 10 }, { p + 10, 10 } };
	struct iovec empty[2] = { { nowhere, 0 }, { p, 5 } };

	REQUIRE(readv(fd, iov, 3) == 10);
	REQUIRE(efault(readv(fd, iov + 1, 2)));
	REQUIRE(lseek(fd, 0, SEEK_CUR) == 10);
	REQUIRE(readv(fd, empty, 2) == 5);
	REQUIRE(efault(readv(fd, (struct iovec *)(void *)nowhere, 2)));
	iov[2].iov_len = SIZE_MAX;
	REQUIRE(readv(fd, iov, 3) == -1 && errno == EINVAL);
	REQUIRE(munmap(p, 2 * PAGE) == 0);
	REQUIRE(close(fd) == 0);
}

/* A pointer that is not used does no harm. */
static void
unused_pointers(void)
{
	struct timespec none = { 0, 0 };
	int fd = file_of(100);
	char *p = prog_anon(1);

	REQUIRE(read(fd, nowhere, 0) == 0);
	REQUIRE(write(fd, nowhere, 0) == 0);
	REQUIRE(poll((struct pollfd *)(void *)nowhere, 0, 0) == 0);
	REQUIRE(nanosleep(&none, (struct timespec *)(void *)nowhere) == 0);
	REQUIRE(lseek(fd, 0, SEEK_END) == 100);
	REQUIRE(read(fd, nowhere, 10) == 0);
	REQUIRE(lseek(fd, 0, SEEK_SET) == 0);
	/* More room than bytes: the bad part is never reached. */
	REQUIRE(mprotect(p, PAGE, PROT_READ) == 0);
	REQUIRE(mprotect(p, PAGE, RW) == 0);
	REQUIRE(pread(fd, p + PAGE - 100, 5000, 0) == 100);
	REQUIRE(read(-1, nowhere, 10) == -1 && errno == EBADF);
	REQUIRE(munmap(p, PAGE) == 0);
	REQUIRE(close(fd) == 0);
}

/* Lengths that run over the end of the address space, or over 2 GB. */
static void
absurd_lengths(void)
{
	int fd = file_of(100);
	char *p = prog_anon(1);

	REQUIRE(syscall(SYS_read, fd, p, SIZE_MAX / 2 + 1) == -1);
	REQUIRE(errno == EFAULT || errno == EINVAL);
	REQUIRE(efault(syscall(SYS_read, fd, kernel, (size_t)100)));
	REQUIRE(syscall(SYS_read, fd, p, (size_t)3 << 30) == 100);
	REQUIRE(efault(syscall(SYS_read, fd, p, (size_t)1 << 47)));
	REQUIRE(munmap(p, PAGE) == 0);
	REQUIRE(close(fd) == 0);
}

/* A string must end within good memory, and may end at its very last byte. */
static void
strings(void)
{
	char *p = prog_anon(2);
	struct stat st;

	REQUIRE(mprotect(p + PAGE, PAGE, PROT_NONE) == 0);
	memcpy(p + PAGE - 5, "/tmp", 5);
	REQUIRE(stat(p + PAGE - 5, &st) == 0);
	memcpy(p + PAGE - 4, "/tmp", 4);
	REQUIRE(efault(stat(p + PAGE - 4, &st)));
	REQUIRE(efault(stat(p + PAGE, &st)));
	REQUIRE(efault(stat(nowhere, &st)));
	REQUIRE(efault(stat("/tmp", (struct stat *)(void *)nowhere)));
	REQUIRE(efault(open(p + PAGE, O_RDONLY)));
	memset(p, '/', PAGE);
	REQUIRE(efault(open(p + PAGE - 100, O_RDONLY)));
	REQUIRE(open(p, O_RDONLY) == -1 && errno == ENAMETOOLONG);
	REQUIRE(munmap(p, 2 * PAGE) == 0);
}

/* The call does its work although its result cannot be told. */
static void
result_lost(void)
{
	char *ro = prog_map(PAGE, PROT_READ, PRIVATE);
	int before, after;

	before = dup(0);
	REQUIRE(close(before) == 0);
	REQUIRE(efault(syscall(SYS_pipe2, ro, 0)));
	after = dup(0);
	REQUIRE(after == before);
	REQUIRE(close(after) == 0);
	REQUIRE(efault(syscall(SYS_getcwd, ro, PAGE)));
	REQUIRE(efault(syscall(SYS_poll, ro, 1L, 0L)));
	REQUIRE(munmap(ro, PAGE) == 0);
}

/* A reaped child is gone even if its status could not be written. */
static void
status_lost(void)
{
	char *ro = prog_map(PAGE, PROT_READ, PRIVATE);
	pid_t pid = prog_fork();

	if (pid == 0)
		_exit(0);
	REQUIRE(efault(syscall(SYS_wait4, pid, ro, 0, NULL)));
	REQUIRE(syscall(SYS_wait4, pid, NULL, 0, NULL) == -1);
	REQUIRE(errno == ECHILD);
	REQUIRE(munmap(ro, PAGE) == 0);
}

/* The kernel looks at no more bits than there may be descriptors. */
static void
sets_of_bits(void)
{
	char *p = prog_anon(2);
	struct timeval now = { 0, 0 };

	REQUIRE(munmap(p + PAGE, PAGE) == 0);
	memset(p, 0, PAGE);
	for (int n = 1; n <= 64; n++)
		REQUIRE(syscall(SYS_select, n, p + PAGE - 8, NULL, NULL,
			    &now) == 0);
	REQUIRE(
	    syscall(SYS_select, 30000, p + PAGE - 4000, NULL, NULL, &now) == 0);
	REQUIRE(syscall(SYS_select, 1, NULL, NULL, NULL, p + PAGE - 16) == 0);
	REQUIRE(efault(syscall(SYS_select, 1, NULL, NULL, NULL, p + PAGE - 8)));
	REQUIRE(mprotect(p, PAGE, PROT_READ) == 0);
	REQUIRE(efault(syscall(SYS_select, 1, NULL, p, NULL, &now)));
	REQUIRE(munmap(p, PAGE) == 0);
}

int
main(int argc, char **argv)
{
	static const struct prog_check checks[] = {
		{ "read-only-target", read_only_target },
		{ "read-only-kinds", read_only_kinds },
		{ "unreadable-source", unreadable_source },
		{ "half-good-file", half_good_file },
		{ "half-good-untouched", half_good_untouched },
		{ "vectors", vectors },
		{ "unused-pointers", unused_pointers },
		{ "absurd-lengths", absurd_lengths },
		{ "strings", strings },
		{ "sets-of-bits", sets_of_bits },
		{ "result-lost", result_lost },
		{ "status-lost", status_lost },
	};

	return (prog_main(argc, argv, checks, COUNT(checks)));
}
