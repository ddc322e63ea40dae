/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jit.c: code made at run time.
 *
 * A function is written into memory and called: in one mapping that is
 * writable and executable, in one that is first written and then made
 * executable, through two views of one memfd, and changed between calls.
 * Memory that is not executable must refuse to be called.
 */
#include "prog.h"

#define RWX (RW | PROT_EXEC)
#define RX  (PROT_READ | PROT_EXEC)

/* mov eax, value; ret */
static void
emit(char *code, int value)
{
	code[0] = (char)0xb8;
	memcpy(code + 1, &value, sizeof(value));
	code[5] = (char)0xc3;
}

static int
call(const char *code)
{
	int (*function)(void);

	memcpy(&function, &code, sizeof(function));
	return (function());
}

static void
call_caught(int signo, siginfo_t *info, void *context)
{
	prog_caught(signo, info, context);
}

/* Does a call to code fault there with SEGV_ACCERR? */
static bool
call_refused(const char *code)
{
	struct sigaction act = { .sa_sigaction = call_caught,
		.sa_flags = SA_SIGINFO };

	prog_seen.signo = 0;
	REQUIRE(sigaction(SIGSEGV, &act, NULL) == 0);
	if (sigsetjmp(prog_back, 1) == 0)
		(void)call(code);
	signal(SIGSEGV, SIG_DFL);
	return (prog_seen.signo == SIGSEGV && prog_seen.code == SEGV_ACCERR &&
	    prog_seen.addr == (uintptr_t)code);
}

static void
writable_code(void)
{
	char *p = prog_map(16 * PAGE, RWX, PRIVATE);

	for (int i = 0; i < 1000; i++) {
		char *at = p + (size_t)(i % 16) * PAGE + (size_t)(i % 100) * 8;

		emit(at, i);
		REQUIRE(call(at) == i);
	}
	REQUIRE(munmap(p, 16 * PAGE) == 0);
}

static void
write_then_execute(void)
{
	char *p = prog_anon(8);

	for (int i = 0; i < 50; i++) {
		for (int j = 0; j < 8; j++)
			emit(p + (size_t)j * PAGE, i + j);
		REQUIRE(mprotect(p, 8 * PAGE, RX) == 0);
		for (int j = 0; j < 8; j++)
			REQUIRE(call(p + (size_t)j * PAGE) == i + j);
		REQUIRE(NO_WRITE(p));
		REQUIRE(mprotect(p, 8 * PAGE, RW) == 0);
	}
	REQUIRE(munmap(p, 8 * PAGE) == 0);
}

/* A function across two pages. */
static void
straddling(void)
{
	char *p = prog_map(2 * PAGE, RWX, PRIVATE);

	for (size_t i = 1; i < 6; i++) {
		emit(p + PAGE - i, (int)i);
		REQUIRE(call(p + PAGE - i) == (int)i);
	}
	REQUIRE(munmap(p, 2 * PAGE) == 0);
}

static void
two_views(void)
{
	int fd = memfd_create("jit", 0);
	char *w, *x;

	REQUIRE(fd >= 0);
	REQUIRE(ftruncate(fd, 4 * (off_t)PAGE) == 0);
	w = prog_map_file(fd, 4, RW, MAP_SHARED);
	x = prog_map_file(fd, 4, RX, MAP_SHARED);
	for (int i = 0; i < 200; i++) {
		emit(w + (size_t)(i % 4) * PAGE, i);
		REQUIRE(call(x + (size_t)(i % 4) * PAGE) == i);
	}
	REQUIRE(NO_WRITE(x));
	REQUIRE(munmap(w, 4 * PAGE) == 0);
	REQUIRE(call(x + 3 * PAGE) == 199);
	REQUIRE(munmap(x, 4 * PAGE) == 0);
	REQUIRE(close(fd) == 0);
}

static void
refused(void)
{
	char *p = prog_anon(2);

	emit(p, 1);
	REQUIRE(call_refused(p));
	REQUIRE(mprotect(p, PAGE, RX) == 0);
	REQUIRE(call(p) == 1);
	REQUIRE(mprotect(p, PAGE, PROT_READ) == 0);
	REQUIRE(call_refused(p));
	REQUIRE(mprotect(p, PAGE, PROT_NONE) == 0);
	REQUIRE(call_refused(p));
	REQUIRE(call_refused(p + PAGE));
	REQUIRE(munmap(p, 2 * PAGE) == 0);
}

static void
forked(void)
{
	char *p = prog_map(PAGE, RWX, PRIVATE);
	pid_t pid;

	emit(p, 1);
	REQUIRE(call(p) == 1);
	pid = prog_fork();
	if (pid == 0) {
		REQUIRE(call(p) == 1);
		emit(p, 2);
		REQUIRE(call(p) == 2);
		_exit(0);
	}
	emit(p, 3);
	REQUIRE(call(p) == 3);
	prog_join(pid);
	REQUIRE(call(p) == 3);
	REQUIRE(munmap(p, PAGE) == 0);
}

/* Code mapped from a file and run without having been read before. */
static void
from_file(void)
{
	int fd = prog_file(2, 0);
	char code[8], *p;

	emit(code, 77);
	REQUIRE(pwrite(fd, code, 6, (off_t)PAGE + 16) == 6);
	p = prog_map_file(fd, 2, RX, MAP_PRIVATE);
	REQUIRE(call(p + PAGE + 16) == 77);
	REQUIRE(munmap(p, 2 * PAGE) == 0);
	p = prog_map_file(fd, 2, PROT_EXEC, MAP_PRIVATE);
	REQUIRE(call(p + PAGE + 16) == 77);
	REQUIRE(munmap(p, 2 * PAGE) == 0);
	REQUIRE(close(fd) == 0);
}

int
main(int argc, char **argv)
{
	static const struct prog_check checks[] = {
		{ "writable-code", writable_code },
		{ "write-then-execute", write_then_execute },
		{ "straddling", straddling },
		{ "two-views", two_views },
		{ "refused", refused },
		{ "forked", forked },
		{ "from-file", from_file },
	};

	return (prog_main(argc, argv, checks, COUNT(checks)));
}
