/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pipes.c: memory and pipes, without a read or a write: vmsplice; and buffers
 * larger than what arrives in them.
 *
 * A pipe may get hold of the pages themselves.  What is in the pipe must stay
 * what it was when the program has let go of its memory, and the call waits,
 * falls short and fails as it should.
 */
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "prog.h"

static int fds[2];

static void
begin(void)
{
	REQUIRE(pipe(fds) == 0);
}

static void
end(void)
{
	REQUIRE(close(fds[0]) == 0 && close(fds[1]) == 0);
}

static bool
arrives(size_t len, unsigned seed)
{
	static unsigned char bytes[64 * PAGE];
	size_t done = 0;
	ssize_t n;

	while (done < len) {
		n = read(fds[0], bytes + done, len - done);
		REQUIRE(n > 0);
		done += (size_t)n;
	}
	return (prog_same(bytes, len, seed));
}

static void
into(void)
{
	char *p = prog_anon(4);
	struct iovec iov[3] = { { p, 100 }, { p + 100, 0 },
		{ p + 100, 3 * PAGE } };

	begin();
	prog_fill(p, 4 * PAGE, 1);
	REQUIRE(vmsplice(fds[1], iov, 3, 0) == (ssize_t)(3 * PAGE + 100));
	REQUIRE(arrives(3 * PAGE + 100, 1));
	REQUIRE(vmsplice(fds[1], iov, 0, 0) == 0);
	end();
	REQUIRE(munmap(p, 4 * PAGE) == 0);
}

static void
memory_goes(void)
{
	char *p = prog_anon(4), *q;
	struct iovec iov = { p, 4 * PAGE };

	begin();
	prog_fill(p, 4 * PAGE, 2);
	REQUIRE(
	    vmsplice(fds[1], &iov, 1, SPLICE_F_GIFT) == (ssize_t)(4 * PAGE));
	REQUIRE(munmap(p, 4 * PAGE) == 0);
	q = prog_anon(64);
	prog_fill(q, 64 * PAGE, 3);
	REQUIRE(arrives(4 * PAGE, 2));
	REQUIRE(munmap(q, 64 * PAGE) == 0);
	end();
}

static void
out_of(void)
{
	char *p = prog_anon(2), c[8];
	struct iovec iov[2] = { { p, 3 }, { p + PAGE, 5 } };

	begin();
	REQUIRE(write(fds[1], "abcdefghij", 10) == 10);
	REQUIRE(vmsplice(fds[0], iov, 2, 0) == 8);
	REQUIRE(memcmp(p, "abc", 3) == 0 && memcmp(p + PAGE, "defgh", 5) == 0);
	REQUIRE(read(fds[0], c, 8) == 2);
	REQUIRE(vmsplice(fds[0], iov, 2, SPLICE_F_NONBLOCK) == -1);
	REQUIRE(errno == EAGAIN);
	REQUIRE(close(fds[1]) == 0);
	REQUIRE(vmsplice(fds[0], iov, 2, 0) == 0);
	REQUIRE(close(fds[0]) == 0);
	REQUIRE(munmap(p, 2 * PAGE) == 0);
}

/* A pipe has room for 16 pages: the rest is left, the next call waits. */
static void
full(void)
{
	char *p = prog_anon(32);
	struct iovec iov = { p, 32 * PAGE };
	ssize_t n;
	pid_t pid;

	begin();
	prog_fill(p, 32 * PAGE, 4);
	n = vmsplice(fds[1], &iov, 1, 0);
	REQUIRE(n == (ssize_t)(16 * PAGE));
	REQUIRE(vmsplice(fds[1], &iov, 1, SPLICE_F_NONBLOCK) == -1);
	REQUIRE(errno == EAGAIN);
	pid = prog_fork();
	if (pid == 0) {
		prog_pause(50);
		REQUIRE(arrives(16 * PAGE, 4));
		_exit(0);
	}
	n = vmsplice(fds[1], &iov, 1, 0);
	REQUIRE(n > 0);
	prog_join(pid);
	REQUIRE(arrives((size_t)n, 4));
	end();
	REQUIRE(munmap(p, 32 * PAGE) == 0);
}

static void
nothing(int signo)
{
	(void)signo;
}

static void
interrupted(void)
{
	struct sigaction act = { .sa_handler = nothing };
	char c;
	struct iovec iov = { &c, 1 };

	begin();
	REQUIRE(sigaction(SIGALRM, &act, NULL) == 0);
	REQUIRE(ualarm(50000, 0) == 0);
	REQUIRE(vmsplice(fds[0], &iov, 1, 0) == -1 && errno == EINTR);
	end();
}

static void
refused(void)
{
	char *p = prog_anon(1), c;
	struct iovec iov = { &c, 1 };
	int file = prog_file(1, 1);

	begin();
	REQUIRE(vmsplice(file, &iov, 1, 0) == -1 && errno == EBADF);
	REQUIRE(vmsplice(-1, &iov, 1, 0) == -1 && errno == EBADF);
	REQUIRE(vmsplice(fds[1], &iov, 1, 0x100) == -1 && errno == EINVAL);
	REQUIRE(munmap(p, PAGE) == 0);
	iov.iov_base = p;
	REQUIRE(vmsplice(fds[1], &iov, 1, 0) == -1 && errno == EFAULT);
	REQUIRE(vmsplice(fds[1], (struct iovec *)(void *)p, 1, 0) == -1);
	REQUIRE(errno == EFAULT);
	end();
	REQUIRE(close(file) == 0);
}

/* Three bytes into a buffer larger than all memory: the rest is not touched. */
static void
large_buffer(void)
{
	size_t len = (size_t)1 << 30;
	char *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int file = prog_file(1, 1);

	REQUIRE(p != MAP_FAILED);
	begin();
	REQUIRE(write(fds[1], "abc", 3) == 3);
	REQUIRE(read(fds[0], p, len) == 3 && memcmp(p, "abc", 3) == 0);
	end();
	REQUIRE(pread(file, p, len, 0) == PAGE);
	REQUIRE(pread(file, p, len, 100) == PAGE - 100);
	REQUIRE(close(file) == 0);
	REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	REQUIRE(write(fds[1], "de", 2) == 2);
	REQUIRE(recv(fds[0], p, len, 0) == 2 && memcmp(p, "de", 2) == 0);
	end();
	REQUIRE(munmap(p, len) == 0);
}

int
main(int argc, char **argv)
{
	static const struct prog_check checks[] = {
		{ "large-buffer", large_buffer },
		{ "into", into },
		{ "memory-goes", memory_goes },
		{ "out-of", out_of },
		{ "full", full },
		{ "interrupted", interrupted },
		{ "refused", refused },
	};

	return (prog_main(argc, argv, checks, COUNT(checks)));
}
