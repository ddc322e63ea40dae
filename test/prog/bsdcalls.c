/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bsdcalls.c: what <bsdvm/syscall.h> gives a program.  On Linux itself every
 * call has to fail with ENOSYS, and that is all that is checked there.
 *
 * Memory is given in every way to a child, which gets the descriptor over a
 * Unix socket; what cannot be given, or taken again, is refused.
 */
#include "prog.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <bsdvm/syscall.h>

#define NPAGES ((size_t)24)
#define BYTES  (NPAGES * PAGE)

static bool
is_linux(void)
{
	struct bsdvm_sys_stats stats;

	return (
	    bsdvm_sys_stats(&stats, sizeof(stats)) == -1 && errno == ENOSYS);
}

/* The call fails, with this error, or on Linux with ENOSYS. */
#define FAILS(call, error)                                         \
	do {                                                       \
		errno = 0;                                         \
		REQUIRE((intptr_t)(call) == -1 ||                  \
		    (void *)(intptr_t)(call) == NULL);             \
		REQUIRE(errno == (is_linux() ? ENOSYS : (error))); \
	} while (0)

static void
nothing_on_linux(void)
{
	char *p = prog_anon(1);
	size_t len = 7;

	if (!is_linux())
		return;
	FAILS(bsdvm_sys_minherit(p, PAGE, BSDVM_SYS_INHERIT_ZERO), 0);
	FAILS(bsdvm_sys_mimmutable(p, PAGE), 0);
	FAILS(bsdvm_sys_mquery(p, PAGE, 0), 0);
	FAILS(bsdvm_sys_give(p, PAGE, BSDVM_SYS_GIVE_COPY), 0);
	FAILS(bsdvm_sys_take(0, NULL, &len), 0);
	FAILS(bsdvm_sys_swapctl(BSDVM_SYS_SWAP_COUNT, NULL, 0), 0);
	REQUIRE(len == 7);
}

static void
tells(void)
{
	struct bsdvm_sys_stats a, b;
	char *p;

	if (is_linux())
		return;
	REQUIRE(bsdvm_sys_stats(&a, sizeof(a)) == (int)sizeof(a));
	p = prog_anon(NPAGES);
	memset(p, 1, BYTES);
	b.faults = 77;
	REQUIRE(bsdvm_sys_stats(&b, 8) == 8);
	REQUIRE(b.faults == 77 && b.pages_total == a.pages_total);
	REQUIRE(bsdvm_sys_stats(&b, 4096) == (int)sizeof(b));
	REQUIRE(b.faults > a.faults && b.map_bytes >= a.map_bytes + BYTES);
	REQUIRE(bsdvm_sys_stats((struct bsdvm_sys_stats *)8, 64) == -1);
	REQUIRE(errno == EFAULT);
}

/* What a child finds of a page that was full of ones. */
static int
child_finds(char *p)
{
	pid_t pid = prog_fork();
	int status;

	if (pid == 0) {
		if (UNMAPPED(p))
			_exit(3);
		p[0]++;
		_exit(p[0]);
	}
	status = prog_wait(pid);
	REQUIRE(WIFEXITED(status));
	return (WEXITSTATUS(status));
}

static void
inherits(void)
{
	char *p = prog_anon(4);

	if (is_linux())
		return;
	memset(p, 1, 4 * PAGE);
	REQUIRE(bsdvm_sys_minherit(p, PAGE, BSDVM_SYS_INHERIT_SHARE) == 0);
	REQUIRE(
	    bsdvm_sys_minherit(p + PAGE, PAGE, BSDVM_SYS_INHERIT_NONE) == 0);
	if (bsdvm_sys_minherit(p + 2 * PAGE, PAGE, BSDVM_SYS_INHERIT_ZERO) == 0)
		REQUIRE(child_finds(p + 2 * PAGE) == 1);
	else
		REQUIRE(errno == EINVAL);
	REQUIRE(child_finds(p + PAGE) == 3);
	REQUIRE(child_finds(p + 3 * PAGE) == 2);
	REQUIRE(p[3 * PAGE] == 1);
	REQUIRE(child_finds(p) == 2);
	REQUIRE(p[0] == 2);
	REQUIRE(bsdvm_sys_minherit(p, PAGE, 4) == -1 && errno == EINVAL);
}

static void
stays(void)
{
	char *p = prog_anon(4);

	if (is_linux())
		return;
	if (bsdvm_sys_mimmutable(p, 2 * PAGE) != 0) {
		REQUIRE(errno == EINVAL); /* not in this design */
		return;
	}
	REQUIRE(munmap(p, PAGE) == -1);
	REQUIRE(mprotect(p + PAGE, PAGE, PROT_READ) == -1);
	REQUIRE(mprotect(p + 2 * PAGE, PAGE, PROT_READ) == 0);
	p[0] = 1;
}

static void
queries(void)
{
	char *p, *q;

	if (is_linux())
		return;
	p = bsdvm_sys_mquery(NULL, BYTES, 0);
	REQUIRE(p != NULL);
	q = mmap(p, BYTES, RW, PRIVATE | MAP_FIXED_NOREPLACE, -1, 0);
	REQUIRE(q == p);
	REQUIRE(bsdvm_sys_mquery(p + PAGE, PAGE, 1) == NULL && errno == EEXIST);
	REQUIRE(munmap(p, BYTES) == 0);
	REQUIRE(bsdvm_sys_mquery(p + PAGE, PAGE, 1) == p + PAGE);
	REQUIRE(bsdvm_sys_mquery(p, 0, 0) == NULL && errno == EINVAL);
	REQUIRE(bsdvm_sys_mquery(p, (size_t)1 << 62, 0) == NULL);
	REQUIRE(bsdvm_sys_mquery(p, SIZE_MAX, 0) == NULL);
}

/* ---- passing memory ---- */

static void
send_fd(int to, int fd)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	char mark = 1;
	struct iovec one = { &mark, 1 };
	struct msghdr m = { .msg_iov = &one,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };

	control.head = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)),
		.cmsg_level = SOL_SOCKET,
		.cmsg_type = SCM_RIGHTS };
	memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	REQUIRE(sendmsg(to, &m, 0) == 1);
}

static int
receive_fd(int from)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	char byte;
	struct iovec one = { &byte, 1 };
	struct msghdr m = { .msg_iov = &one,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	int fd;

	REQUIRE(recvmsg(from, &m, 0) == 1);
	REQUIRE(control.head.cmsg_type == SCM_RIGHTS);
	memcpy(&fd, CMSG_DATA(&control.head), sizeof(fd));
	return (fd);
}

/* The other process: takes what comes, writes to it, says so, ends. */
static void
taker(int from, int how)
{
	int fd = receive_fd(from);
	size_t len = 0;
	char *p = bsdvm_sys_take(fd, NULL, &len);

	REQUIRE(p != NULL);
	REQUIRE(len == BYTES);
	REQUIRE(prog_same(p, BYTES, (unsigned)how));
	FAILS(bsdvm_sys_take(fd, NULL, &len), EINVAL);
	REQUIRE(close(fd) == 0);
	prog_fill(p, BYTES, 100);
	prog_tell(from);
	prog_hear(from);
	REQUIRE(prog_same(p, BYTES, how == BSDVM_SYS_GIVE_SHARE ? 101 : 100));
	REQUIRE(munmap(p, BYTES) == 0);
	_exit(0);
}

static bool
leaves(int how)
{
	return (how == BSDVM_SYS_GIVE_DONATE || how == BSDVM_SYS_GIVE_TRANSFER);
}

static void
give(int how)
{
	char *p;
	int sockets[2], fd;
	pid_t pid;

	REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0);
	pid = prog_fork();
	if (pid == 0)
		taker(sockets[1], how);
	p = prog_anon(NPAGES);
	prog_fill(p, BYTES, (unsigned)how);
	fd = bsdvm_sys_give(p, BYTES, how);
	REQUIRE(fd >= 0);
	send_fd(sockets[0], fd);
	REQUIRE(close(fd) == 0);
	prog_hear(sockets[0]);
	if (leaves(how)) {
		REQUIRE(UNMAPPED(p) && UNMAPPED(p + BYTES - PAGE));
	} else {
		REQUIRE(prog_same(p, BYTES,
		    how == BSDVM_SYS_GIVE_SHARE ? 100 : (unsigned)how));
		prog_fill(p, BYTES, 101);
	}
	prog_tell(sockets[0]);
	prog_join(pid);
	if (!leaves(how))
		REQUIRE(munmap(p, BYTES) == 0);
	REQUIRE(close(sockets[0]) == 0 && close(sockets[1]) == 0);
}

static void
gives(void)
{
	for (int how = BSDVM_SYS_GIVE_SHARE;
	     how <= BSDVM_SYS_GIVE_TRANSFER && !is_linux(); how++)
		give(how);
}

/* In the same process, pieces with different protections, and a file. */
static void
gives_entries(void)
{
	int file = prog_file(4, 9), fd;
	char *p = prog_anon(8), *q;
	size_t len;

	if (is_linux())
		return;
	REQUIRE(mmap(p + 2 * PAGE, 4 * PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED,
		    file, 0) == p + 2 * PAGE);
	memset(p, 1, 2 * PAGE);
	fd = bsdvm_sys_give(p, 8 * PAGE, BSDVM_SYS_GIVE_DONATE);
	REQUIRE(fd >= 0);
	q = bsdvm_sys_take(fd, p, &len);
	REQUIRE(q == p && len == 8 * PAGE);
	REQUIRE(p[2 * PAGE - 1] == 1 && prog_same(p + 2 * PAGE, PAGE, 9));
	REQUIRE(NO_WRITE(p + 2 * PAGE));
	REQUIRE(prog_zero(p + 6 * PAGE, 2 * PAGE));
	REQUIRE(close(fd) == 0 && close(file) == 0);
}

static void
refuses(void)
{
	char *p = prog_anon(4);
	int pair[2], fd;
	size_t len;

	REQUIRE(pipe(pair) == 0);
	REQUIRE(munmap(p + PAGE, PAGE) == 0);
	FAILS(bsdvm_sys_give(p, 4 * PAGE, BSDVM_SYS_GIVE_SHARE), EFAULT);
	FAILS(bsdvm_sys_give(p, 4 * PAGE, BSDVM_SYS_GIVE_LOAN), EFAULT);
	FAILS(bsdvm_sys_give(p, 4 * PAGE, BSDVM_SYS_GIVE_TRANSFER), EFAULT);
	FAILS(bsdvm_sys_give(p + 1, PAGE, BSDVM_SYS_GIVE_COPY), EINVAL);
	FAILS(bsdvm_sys_give(p, 0, BSDVM_SYS_GIVE_COPY), EINVAL);
	FAILS(bsdvm_sys_give(p, PAGE, 5), EINVAL);
	FAILS(bsdvm_sys_give(p, SIZE_MAX - PAGE, BSDVM_SYS_GIVE_LOAN), EFAULT);
	FAILS(bsdvm_sys_take(pair[0], NULL, &len), EINVAL);
	FAILS(bsdvm_sys_take(pair[1], NULL, &len), EINVAL);
	FAILS(bsdvm_sys_take(-1, NULL, &len), EBADF);
	FAILS(bsdvm_sys_call(99, 0, 0, 0, 0), ENOSYS);
	if (is_linux())
		return;
	fd = bsdvm_sys_give(p + 2 * PAGE, PAGE, BSDVM_SYS_GIVE_DONATE);
	REQUIRE(fd >= 0);
	REQUIRE(
	    bsdvm_sys_take(fd, NULL, (size_t *)8) == NULL && errno == EFAULT);
	REQUIRE(bsdvm_sys_take(fd, NULL, &len) != NULL && len == PAGE);
}

/* What nobody can take any more is not kept. */
static void
goes(void)
{
	struct bsdvm_sys_stats a, b;
	char *p = prog_anon(NPAGES);
	int fd;

	if (is_linux())
		return;
	REQUIRE(bsdvm_sys_stats(&a, sizeof(a)) > 0);
	for (int i = 0; i < 50; i++) {
		memset(p, i, BYTES);
		fd = bsdvm_sys_give(p, BYTES, BSDVM_SYS_GIVE_COPY);
		REQUIRE(fd >= 0 && close(fd) == 0);
	}
	REQUIRE(bsdvm_sys_stats(&b, sizeof(b)) > 0);
	REQUIRE(a.pages_free < b.pages_free + 4 * NPAGES);
}

static void
swaps(void)
{
	char words[] = "1M,priority=3", wrong[] = ",priority=x";
	struct bsdvm_sys_swap d[8];
	int n;

	if (is_linux())
		return;
	n = bsdvm_sys_swapctl(BSDVM_SYS_SWAP_COUNT, NULL, 0);
	REQUIRE(n >= 0 && n < 8);
	REQUIRE(bsdvm_sys_swapctl(BSDVM_SYS_SWAP_ON, words, 0) == 0);
	REQUIRE(bsdvm_sys_swapctl(BSDVM_SYS_SWAP_STATS, d, 8) == n + 1);
	REQUIRE(strcmp(d[n].name, words) == 0);
	REQUIRE(d[n].priority == 3 && d[n].pages >= 200);
	REQUIRE(bsdvm_sys_swapctl(BSDVM_SYS_SWAP_STATS, d, 0) == 0);
	REQUIRE(bsdvm_sys_swapctl(BSDVM_SYS_SWAP_OFF, words, 0) == 0);
	REQUIRE(bsdvm_sys_swapctl(BSDVM_SYS_SWAP_COUNT, NULL, 0) == n);
	FAILS(bsdvm_sys_swapctl(BSDVM_SYS_SWAP_OFF, words, 0), EINVAL);
	FAILS(bsdvm_sys_swapctl(BSDVM_SYS_SWAP_ON, wrong, 0), EINVAL);
	FAILS(bsdvm_sys_swapctl(BSDVM_SYS_SWAP_ON, (void *)8, 0), EFAULT);
	FAILS(bsdvm_sys_swapctl(9, d, 8), EINVAL);
	FAILS(bsdvm_sys_swapctl(BSDVM_SYS_SWAP_STATS, d, -1), EINVAL);
}

int
main(int argc, char **argv)
{
	static const struct prog_check checks[] = {
		{ "nothing-on-linux", nothing_on_linux },
		{ "tells", tells },
		{ "inherits", inherits },
		{ "stays", stays },
		{ "queries", queries },
		{ "gives", gives },
		{ "gives-entries", gives_entries },
		{ "refuses", refuses },
		{ "goes", goes },
		{ "swaps", swaps },
	};

	return (prog_main(argc, argv, checks, COUNT(checks)));
}
