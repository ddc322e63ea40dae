/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys_net.c: system calls about sockets, with buffers in awkward memory.
 *
 * sysbuf.h says what is done with each of them.  A message header points to
 * an address, a vector of pieces and control data; all of these are buffers
 * of their own.
 */
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "sysbuf.h"

static const char text[] = "0123456789abcdefghijklmnopqrstuv";

#define LEN ((size_t)32)

static int pair[2];

static void
pair_make(int type)
{
	REQUIRE(socketpair(AF_UNIX, type, 0, pair) == 0);
}

static void
pair_done(void)
{
	REQUIRE(close(pair[0]) == 0 && close(pair[1]) == 0);
}

static void
pair_send(void)
{
	REQUIRE(send(pair[1], text, LEN, 0) == (ssize_t)LEN);
}

static long
op_socketpair(void)
{
	int *fds = out(2 * sizeof(int));
	long r = SYS(SYS_socketpair, (long)AF_UNIX, (long)SOCK_STREAM, 0L, fds);

	if (good())
		REQUIRE(close(fds[0]) == 0 && close(fds[1]) == 0);
	return (r);
}

static struct sockaddr_in
loopback(void)
{
	return ((struct sockaddr_in){ .sin_family = AF_INET,
	    .sin_addr = { htonl(INADDR_LOOPBACK) } });
}

/* bind, getsockname, connect, accept, getpeername on the loopback. */
static long
op_addresses(void)
{
	struct sockaddr_in any = loopback(), back;
	socklen_t len = sizeof(any);
	void *bind_to = in(&any, sizeof(any));
	struct sockaddr_in *name = out(sizeof(*name)),
			   *peer = out(sizeof(*peer));
	socklen_t *name_len = inout(&len, sizeof(len));
	socklen_t *peer_len = inout(&len, sizeof(len));
	int server = socket(AF_INET, SOCK_STREAM, 0);
	int client = socket(AF_INET, SOCK_STREAM, 0);
	long r = SYS(SYS_bind, server, bind_to, sizeof(any));

	if (r == 0)
		r = SYS(SYS_getsockname, server, name, name_len);
	if (r == 0) {
		REQUIRE(listen(server, 1) == 0);
		back = any;
		back.sin_port = name->sin_port;
		r = SYS(SYS_connect, client, in(&back, sizeof(back)),
		    sizeof(back));
	}
	if (r == 0)
		r = SYS(SYS_accept4, server, peer, peer_len, 0L);
	if (good()) {
		REQUIRE(peer->sin_addr.s_addr == htonl(INADDR_LOOPBACK));
		REQUIRE(*peer_len == sizeof(*peer));
	}
	if (r > 0)
		REQUIRE(close((int)r) == 0);
	REQUIRE(close(server) == 0 && close(client) == 0);
	return (r);
}

static long
op_unix_addresses(void)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = "socket" };
	socklen_t len = sizeof(un);
	void *address = in(&un, sizeof(un));
	struct sockaddr_un *peer = out(sizeof(*peer));
	socklen_t *peer_len = inout(&len, sizeof(len));
	int server = socket(AF_UNIX, SOCK_STREAM, 0);
	int client = socket(AF_UNIX, SOCK_STREAM, 0);
	long r = SYS(SYS_bind, server, address, sizeof(un));

	if (r == 0) {
		REQUIRE(listen(server, 1) == 0);
		r = SYS(SYS_connect, client, address, sizeof(un));
	}
	if (r == 0)
		r = SYS(SYS_getpeername, client, peer, peer_len);
	if (good())
		REQUIRE(strcmp(peer->sun_path, "socket") == 0);
	REQUIRE(close(server) == 0 && close(client) == 0);
	(void)unlink("socket");
	return (r);
}

/* A datagram with the sender's address. */
static long
op_recvfrom(void)
{
	struct sockaddr_in any = loopback();
	socklen_t len = sizeof(any);
	char *buf = out(LEN);
	struct sockaddr_in *from = out(sizeof(*from));
	socklen_t *from_len = inout(&len, sizeof(len));
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	long r;

	REQUIRE(bind(fd, (struct sockaddr *)&any, sizeof(any)) == 0);
	REQUIRE(getsockname(fd, (struct sockaddr *)&any, &len) == 0);
	REQUIRE(sendto(fd, text, LEN, 0, (struct sockaddr *)&any, len) ==
	    (ssize_t)LEN);
	r = SYS(SYS_recvfrom, fd, buf, LEN, 0L, from, from_len);
	if (good()) {
		REQUIRE(r == (long)LEN && memcmp(buf, text, LEN) == 0);
		REQUIRE(from->sin_port == any.sin_port);
	}
	REQUIRE(close(fd) == 0);
	return (r);
}

static long
op_sendto(void)
{
	struct sockaddr_in any = loopback();
	socklen_t len = sizeof(any);
	char copy[LEN], *buf = in(text, LEN);
	void *to;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	long r;

	REQUIRE(bind(fd, (struct sockaddr *)&any, sizeof(any)) == 0);
	REQUIRE(getsockname(fd, (struct sockaddr *)&any, &len) == 0);
	to = in(&any, sizeof(any));
	r = SYS(SYS_sendto, fd, buf, LEN, 0L, to, (long)sizeof(any));
	if (good()) {
		REQUIRE(recv(fd, copy, LEN, 0) == (ssize_t)LEN);
		REQUIRE(memcmp(copy, text, LEN) == 0);
	}
	REQUIRE(close(fd) == 0);
	return (r);
}

static long
op_stream_receive(void)
{
	char *buf = out(LEN);
	long r;

	pair_make(SOCK_STREAM);
	pair_send();
	r = SYS(SYS_recvfrom, pair[0], buf, LEN, (long)MSG_WAITALL, NULL, NULL);
	if (good())
		REQUIRE(r == (long)LEN && memcmp(buf, text, LEN) == 0);
	pair_done();
	return (r);
}

/* A message and its parts. */
struct message {
	char *a, *b;
	struct msghdr *header;
};

static struct iovec *
vector(char *a, char *b)
{
	struct iovec iov[2] = { { a, LEN / 2 }, { b, LEN / 2 } };

	return (in(iov, sizeof(iov)));
}

union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int))];
};

static void
control_fill(union control *control, int fd)
{
	memset(control, 0, sizeof(*control));
	control->header.cmsg_level = SOL_SOCKET;
	control->header.cmsg_type = SCM_RIGHTS;
	control->header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control->header), &fd, sizeof(fd));
}

static int
control_fd(const union control *control)
{
	int fd;

	REQUIRE(control->header.cmsg_type == SCM_RIGHTS);
	memcpy(&fd, CMSG_DATA(&control->header), sizeof(fd));
	return (fd);
}

static struct message
message_to_receive(union control **control)
{
	struct message m = { .a = out(LEN / 2), .b = out(LEN / 2) };
	struct msghdr header = { .msg_iov = vector(m.a, m.b),
		.msg_iovlen = 2,
		.msg_controllen = sizeof(union control) };

	*control = out(sizeof(union control));
	header.msg_control = *control;
	m.header = inout(&header, sizeof(header));
	return (m);
}

static void
send_with_fd(int fd)
{
	struct iovec iov = { (char *)(uintptr_t)text, LEN };
	union control control;
	struct msghdr header = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };

	control_fill(&control, fd);
	REQUIRE(sendmsg(pair[1], &header, 0) == (ssize_t)LEN);
}

/* Descriptors that came although the call failed are closed with all others
   above the highest of ours. */
static void
close_strays(void)
{
	for (int fd = pair[1] + 1; fd < pair[1] + 8; fd++)
		(void)close(fd);
}

static long
op_recvmsg(void)
{
	union control *control;
	struct message m = message_to_receive(&control);
	long r;

	pair_make(SOCK_STREAM);
	send_with_fd(pair[0]);
	r = SYS(SYS_recvmsg, pair[0], m.header, 0L);
	if (good()) {
		REQUIRE(r == (long)LEN);
		REQUIRE(memcmp(m.a, text, LEN / 2) == 0);
		REQUIRE(memcmp(m.b, text + LEN / 2, LEN / 2) == 0);
		REQUIRE(fcntl(control_fd(control), F_GETFD) >= 0);
	}
	close_strays();
	pair_done();
	return (r);
}

static long
op_recvmmsg(void)
{
	struct mmsghdr two[2] = { 0 }, *list;
	struct timespec second = { 1, 0 };
	char *a = out(LEN), *b = out(LEN);
	struct iovec iov[2] = { { a, LEN }, { b, LEN } };
	struct iovec *vec = in(iov, sizeof(iov));
	long r;

	for (size_t i = 0; i < 2; i++) {
		two[i].msg_hdr.msg_iov = vec + i;
		two[i].msg_hdr.msg_iovlen = 1;
	}
	list = inout(two, sizeof(two));
	pair_make(SOCK_DGRAM);
	pair_send();
	pair_send();
	r = SYS(SYS_recvmmsg, pair[0], list, 2L, 0L,
	    inout(&second, sizeof(second)));
	if (good()) {
		REQUIRE(r == 2 && list[1].msg_len == LEN);
		REQUIRE(memcmp(a, text, LEN) == 0);
		REQUIRE(memcmp(b, text, LEN) == 0);
	}
	pair_done();
	return (r);
}

static long
op_sendmsg(void)
{
	char *a = in(text, LEN / 2), *b = in(text + LEN / 2, LEN / 2);
	struct msghdr header = { .msg_iov = vector(a, b),
		.msg_iovlen = 2,
		.msg_controllen = sizeof(union control) };
	union control control;
	char copy[LEN];
	long r;

	pair_make(SOCK_STREAM);
	control_fill(&control, pair[1]);
	header.msg_control = in(&control, sizeof(control));
	r = SYS(SYS_sendmsg, pair[1], in(&header, sizeof(header)), 0L);
	if (good()) {
		REQUIRE(recv(pair[0], copy, LEN, 0) == (ssize_t)LEN);
		REQUIRE(memcmp(copy, text, LEN) == 0);
	}
	pair_done();
	return (r);
}

static long
op_sendmmsg(void)
{
	struct mmsghdr two[2] = { 0 }, *list;
	char *a = in(text, LEN), copy[LEN];
	struct iovec iov = { a, LEN }, *vec = in(&iov, sizeof(iov));
	long r;

	for (size_t i = 0; i < 2; i++) {
		two[i].msg_hdr.msg_iov = vec;
		two[i].msg_hdr.msg_iovlen = 1;
	}
	list = inout(two, sizeof(two));
	pair_make(SOCK_DGRAM);
	r = SYS(SYS_sendmmsg, pair[1], list, 2L, 0L);
	if (good()) {
		REQUIRE(r == 2 && list[1].msg_len == LEN);
		for (int i = 0; i < 2; i++) {
			REQUIRE(recv(pair[0], copy, LEN, 0) == (ssize_t)LEN);
			REQUIRE(memcmp(copy, text, LEN) == 0);
		}
	}
	pair_done();
	return (r);
}

static long
op_options(void)
{
	struct linger on = { 1, 5 }, *set = in(&on, sizeof(on));
	struct linger *get = out(sizeof(on));
	socklen_t len = sizeof(on), *get_len = inout(&len, sizeof(len));
	long r;

	pair_make(SOCK_STREAM);
	r = SYS(SYS_setsockopt, pair[0], (long)SOL_SOCKET, (long)SO_LINGER, set,
	    (long)sizeof(on));
	if (r == 0)
		r = SYS(SYS_getsockopt, pair[0], (long)SOL_SOCKET,
		    (long)SO_LINGER, get, get_len);
	if (good())
		REQUIRE(get->l_onoff == 1 && get->l_linger == 5);
	pair_done();
	return (r);
}

static long
op_ioctl(void)
{
	struct ifreq request = { .ifr_ifindex = 1 };
	struct ifreq *name = inout(&request, sizeof(request));
	int *n = out(sizeof(*n));
	long r;

	pair_make(SOCK_STREAM);
	pair_send();
	r = SYS(SYS_ioctl, pair[0], (long)SIOCGIFNAME, name);
	if (r == 0)
		r = SYS(SYS_ioctl, pair[0], (long)FIONREAD, n);
	if (good())
		REQUIRE(*n == (int)LEN && strcmp(name->ifr_name, "lo") == 0);
	pair_done();
	return (r);
}

/* A blocked receive with its buffers in place while another process sends. */
static long
op_blocked_receive(void)
{
	union control *control;
	struct message m = message_to_receive(&control);
	pid_t pid;
	long r;

	pair_make(SOCK_SEQPACKET);
	pid = prog_fork();
	if (pid == 0) {
		prog_pause(10);
		send_with_fd(pair[0]);
		_exit(0);
	}
	r = SYS(SYS_recvmsg, pair[0], m.header, 0L);
	prog_join(pid);
	if (good()) {
		REQUIRE(r == (long)LEN);
		REQUIRE(memcmp(m.b, text + LEN / 2, LEN / 2) == 0);
		REQUIRE(fcntl(control_fd(control), F_GETFD) >= 0);
	}
	close_strays();
	pair_done();
	return (r);
}

int
main(int argc, char **argv)
{
	static const struct sysbuf_op ops[] = {
		{ "socketpair", op_socketpair, false },
		{ "addresses", op_addresses, true },
		{ "unix-addresses", op_unix_addresses, true },
		{ "recvfrom", op_recvfrom, false },
		{ "sendto", op_sendto, false },
		{ "stream-receive", op_stream_receive, true },
		{ "recvmsg", op_recvmsg, true },
		{ "recvmmsg", op_recvmmsg, true },
		{ "sendmsg", op_sendmsg, true },
		{ "sendmmsg", op_sendmmsg, true },
		{ "options", op_options, false },
		{ "ioctl", op_ioctl, false },
		{ "blocked-receive", op_blocked_receive, true },
	};

	return (sysbuf_main(argc, argv, ops, COUNT(ops)));
}
