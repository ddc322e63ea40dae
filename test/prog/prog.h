/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * prog.h: what the programs of this directory share.
 *
 * Each program is one C file with a table of named checks.  prog_main() runs
 * them in order and prints "ok NAME" for each; the first that does not hold
 * prints one line on standard error and ends the program with PROG_FAILED.
 * The output is the same on every run, so that a run on Linux itself and a
 * run on another memory system can be compared byte for byte.
 *
 *	NAME			run every check
 *	NAME CHECK...		run those only
 *	NAME -l			list the checks
 *	NAME -n NUMBER ...	set prog_count, a size that the program explains
 *
 * A check that needs a second process uses prog_fork() and prog_join(); when
 * the child has failed and said so, the parent ends in the same way without a
 * second line.  Only x86-64 with pages of 4096 bytes is meant.
 */
#ifndef PROG_H
#define PROG_H

#include <sys/mman.h>
#include <sys/types.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PAGE        ((size_t)4096)
#define PROG_FAILED 99
#define COUNT(a)    (sizeof(a) / sizeof((a)[0]))
#define RW          (PROT_READ | PROT_WRITE)
#define PRIVATE     (MAP_PRIVATE | MAP_ANONYMOUS)
#define SHARED      (MAP_SHARED | MAP_ANONYMOUS)

#define REQUIRE(condition)                                         \
	do {                                                       \
		if (!(condition))                                  \
			prog_fail(__FILE__, __LINE__, #condition); \
	} while (0)

#define FAIL(text) prog_fail(__FILE__, __LINE__, (text))

struct prog_check {
	const char *name;
	void (*run)(void);
};

/* What an access did: signo is 0 when it went through. */
struct prog_fault {
	int signo;
	int code;
	uintptr_t addr;
};

static const char *prog_current = "start";
static long prog_count;
static sigjmp_buf prog_back;
static volatile struct prog_fault prog_seen;

static inline _Noreturn void
prog_fail(const char *file, int line, const char *what)
{
	const char *slash = strrchr(file, '/');
	char text[512];
	int error = errno;
	int len;

	len = snprintf(text, sizeof(text), "%s: %s:%d: %s (errno %d: %s)\n",
	    prog_current, slash != NULL ? slash + 1 : file, line, what, error,
	    strerror(error));
	if (len >= (int)sizeof(text))
		len = (int)sizeof(text) - 1;
	_exit(
	    write(2, text, (size_t)len) == len ? PROG_FAILED : PROG_FAILED + 1);
}

/* Memory and its contents. */

static inline void *
prog_map(size_t len, int prot, int flags)
{
	void *p = mmap(NULL, len, prot, flags, -1, 0);

	REQUIRE(p != MAP_FAILED);
	return (p);
}

static inline char *
prog_anon(size_t npages)
{
	return (prog_map(npages * PAGE, RW, PRIVATE));
}

static inline unsigned char
prog_byte(unsigned seed, size_t i)
{
	return ((unsigned char)((i * 2654435761u >> 11) + i + seed * 37u));
}

static inline void
prog_fill(void *p, size_t len, unsigned seed)
{
	unsigned char *bytes = p;

	for (size_t i = 0; i < len; i++)
		bytes[i] = prog_byte(seed, i);
}

static inline bool
prog_same(const void *p, size_t len, unsigned seed)
{
	const unsigned char *bytes = p;

	for (size_t i = 0; i < len; i++)
		if (bytes[i] != prog_byte(seed, i))
			return (false);
	return (true);
}

static inline bool
prog_zero(const void *p, size_t len)
{
	const unsigned char *bytes = p;

	for (size_t i = 0; i < len; i++)
		if (bytes[i] != 0)
			return (false);
	return (true);
}

/* An unlinked file of npages pages in the current directory; page i holds
   the pattern of seed + i. */
static inline int
prog_file(size_t npages, unsigned seed)
{
	char name[] = "prog.XXXXXX";
	unsigned char page[PAGE];
	int fd = mkstemp(name);

	REQUIRE(fd >= 0);
	REQUIRE(unlink(name) == 0);
	for (size_t i = 0; i < npages; i++) {
		prog_fill(page, PAGE, seed + (unsigned)i);
		REQUIRE(write(fd, page, PAGE) == (ssize_t)PAGE);
	}
	return (fd);
}

static inline char *
prog_map_file(int fd, size_t npages, int prot, int flags)
{
	void *p = mmap(NULL, npages * PAGE, prot, flags, fd, 0);

	REQUIRE(p != MAP_FAILED);
	return (p);
}

/* Processes and threads. */

static inline pid_t
prog_fork(void)
{
	pid_t pid = fork();

	REQUIRE(pid >= 0);
	return (pid);
}

static inline int
prog_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) != pid)
		REQUIRE(errno == EINTR);
	if (WIFEXITED(status) && WEXITSTATUS(status) == PROG_FAILED)
		_exit(PROG_FAILED);
	return (status);
}

static inline void
prog_join(pid_t pid)
{
	int status = prog_wait(pid);

	REQUIRE(WIFEXITED(status));
	REQUIRE(WEXITSTATUS(status) == 0);
}

/* Run work in a child and require that signal signo kills it. */
static inline void
prog_dies(void (*work)(void *), void *arg, int signo)
{
	pid_t pid = prog_fork();
	int status;

	if (pid == 0) {
		work(arg);
		_exit(0);
	}
	status = prog_wait(pid);
	REQUIRE(WIFSIGNALED(status));
	REQUIRE(WTERMSIG(status) == signo);
}

static inline pthread_t
prog_thread(void *(*work)(void *), void *arg)
{
	pthread_t thread;

	REQUIRE(pthread_create(&thread, NULL, work, arg) == 0);
	return (thread);
}

static inline void
prog_pause(long msec)
{
	struct timespec left = { msec / 1000, msec % 1000 * 1000000 };

	while (nanosleep(&left, &left) != 0)
		REQUIRE(errno == EINTR);
}

/* One byte through a pipe, as a turn handed over. */
static inline void
prog_tell(int fd)
{
	REQUIRE(write(fd, "!", 1) == 1);
}

static inline void
prog_hear(int fd)
{
	char c;

	REQUIRE(read(fd, &c, 1) == 1);
}

/* Faults. */

static inline void
prog_caught(int signo, siginfo_t *info, void *context)
{
	(void)context;
	prog_seen.signo = signo;
	prog_seen.code = info->si_code;
	prog_seen.addr = (uintptr_t)info->si_addr;
	siglongjmp(prog_back, 1);
}

/* Read or write one byte at p and say what happened.  One thread only. */
static inline struct prog_fault
prog_probe(volatile void *p, bool write)
{
	struct sigaction act = { .sa_sigaction = prog_caught,
		.sa_flags = SA_SIGINFO };
	struct sigaction segv, bus;
	volatile char *byte = p;

	prog_seen.signo = prog_seen.code = 0;
	prog_seen.addr = 0;
	REQUIRE(sigaction(SIGSEGV, &act, &segv) == 0);
	REQUIRE(sigaction(SIGBUS, &act, &bus) == 0);
	if (sigsetjmp(prog_back, 1) == 0) {
		if (write)
			*byte = 1;
		else
			(void)*byte;
	}
	REQUIRE(sigaction(SIGSEGV, &segv, NULL) == 0);
	REQUIRE(sigaction(SIGBUS, &bus, NULL) == 0);
	return ((struct prog_fault){ prog_seen.signo, prog_seen.code,
	    prog_seen.addr });
}

/* Is the access refused with this signal and code, and for this address? */
static inline bool
prog_refused(volatile void *p, bool write, int signo, int code)
{
	struct prog_fault fault = prog_probe(p, write);

	return (fault.signo == signo && fault.code == code &&
	    fault.addr == (uintptr_t)p);
}

#define UNMAPPED(p) prog_refused((p), false, SIGSEGV, SEGV_MAPERR)
#define NO_READ(p)  prog_refused((p), false, SIGSEGV, SEGV_ACCERR)
#define NO_WRITE(p) prog_refused((p), true, SIGSEGV, SEGV_ACCERR)
#define PAST_END(p) prog_refused((p), false, SIGBUS, BUS_ADRERR)

/* The program. */

static inline bool
prog_wanted(const char *name, int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		if (strcmp(name, argv[i]) == 0)
			return (true);
	return (argc == 0);
}

static inline int
prog_main(int argc, char **argv, const struct prog_check *checks, size_t n)
{
	bool list = argc > 1 && strcmp(argv[1], "-l") == 0;

	REQUIRE(sysconf(_SC_PAGESIZE) == (long)PAGE);
	if (argc > 2 && strcmp(argv[1], "-n") == 0) {
		prog_count = strtol(argv[2], NULL, 0);
		argc -= 2;
		argv += 2;
	}
	for (size_t i = 0; i < n; i++) {
		if (!list && !prog_wanted(checks[i].name, argc - 1, argv + 1))
			continue;
		prog_current = checks[i].name;
		if (!list)
			checks[i].run();
		printf(list ? "%s\n" : "ok %s\n", checks[i].name);
		fflush(stdout);
	}
	return (0);
}

#endif
