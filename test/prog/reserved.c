/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reserved.c: memory that a program does not have, but a tracer might.
 *
 * Whoever watches a program from within its address space keeps things of its
 * own there.  The program has not mapped them: system calls that are given
 * such an address say EFAULT, and stores there are refused.  The addresses are
 * those where `bsdvm run` keeps its code, its lists of calls and its windows
 * on memory; on Linux itself nothing is mapped there.
 */
#include <linux/sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "prog.h"

#define CODE   ((char *)0x550000000000)
#define LISTS  (CODE + PAGE)
#define WINDOW (CODE + 32768 * PAGE + ((size_t)64 << 30))

static char *const places[] = { CODE, LISTS, LISTS + 100 * PAGE, WINDOW,
	WINDOW + 16 * PAGE, CODE - 8 };

/* A call has said EFAULT, and no more. */
#define REFUSED(call)                                     \
	do {                                              \
		errno = 0;                                \
		REQUIRE((call) == -1 && errno == EFAULT); \
	} while (0)

static void
buffers(void)
{
	char text[64] = { 'x' };
	int fd = prog_file(1, 1), p[2];

	REQUIRE(pipe(p) == 0);
	for (size_t i = 0; i < COUNT(places); i++) {
		REQUIRE(lseek(fd, 0, SEEK_SET) == 0);
		REFUSED(read(fd, places[i], sizeof(text)));
		REFUSED(pread(fd, places[i], sizeof(text), 0));
		REFUSED(write(p[1], places[i], sizeof(text)));
		REFUSED(getcwd(places[i], 4096) == NULL ? -1 : 0);
		REFUSED(syscall(SYS_rt_sigaction, SIGUSR1, NULL, places[i], 8));
	}
	REQUIRE(close(p[0]) == 0 && close(p[1]) == 0 && close(fd) == 0);
}

/* Vectors that stand there, and vectors that lead there. */
static void
vectors(void)
{
	char text[64];
	int fd = prog_file(1, 1), p[2];

	REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, p) == 0);
	for (size_t i = 0; i < COUNT(places); i++) {
		struct iovec there = { places[i], sizeof(text) };
		struct msghdr message = { .msg_iov = &there, .msg_iovlen = 1 };

		REQUIRE(lseek(fd, 0, SEEK_SET) == 0);
		REFUSED(readv(fd, &there, 1));
		REFUSED(readv(fd, (struct iovec *)(void *)places[i], 1));
		REFUSED(sendmsg(p[0], &message, 0));
		REFUSED(sendmsg(p[0], (struct msghdr *)(void *)places[i], 0));
	}
	REQUIRE(close(p[0]) == 0 && close(p[1]) == 0 && close(fd) == 0);
}

/* Calls that make processes write there. */
static void
new_processes(void)
{
	for (size_t i = 0; i < COUNT(places); i++) {
		struct clone_args *there = (void *)places[i];

		REFUSED(syscall(SYS_clone3, there, sizeof(*there)));
		REFUSED(execve(places[i], (char *[]){ places[i], NULL },
		    (char *[]){ NULL }));
	}
}

/* The program goes on after each of them, and so do others. */
static void
stores(void)
{
	REQUIRE(prog_probe(CODE, true).signo == SIGSEGV);
	REQUIRE(prog_probe(CODE + 16, true).signo == SIGSEGV);
}

int
main(int argc, char **argv)
{
	static const struct prog_check checks[] = {
		{ "buffers", buffers },
		{ "vectors", vectors },
		{ "new-processes", new_processes },
		{ "stores", stores },
	};

	return (prog_main(argc, argv, checks, COUNT(checks)));
}
