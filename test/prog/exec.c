/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exec.c: one program becomes another.
 *
 * The new image starts with nothing of the old memory; the old image stays as
 * it was when the exec fails.  An exec from any thread ends the others.
 * Arguments may be large, lie in memory never touched, or be bad.
 *
 * The program runs itself again as `exec @WORD ...` and reports by its exit
 * status.
 */
#include <linux/futex.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "prog.h"

#define SELF "/proc/thread-self/exe"

static char *const environment[] = { NULL };

/* An argument list needs char *; exec changes nothing. */
static char *
arg(const char *text)
{
	return ((char *)(uintptr_t)text);
}

static int
status_of(pid_t pid)
{
	int status = prog_wait(pid);

	REQUIRE(WIFEXITED(status));
	return (WEXITSTATUS(status));
}

/* --- The images run again. --- */

static char fresh_bss[64 * 4096];
static char fresh_data[4096] = "data";

/* Memory as a new program finds it. */
static int
image_fresh(void)
{
	char *heap = malloc(100000), *anon = prog_anon(16);

	REQUIRE(prog_zero(fresh_bss, sizeof(fresh_bss)));
	REQUIRE(memcmp(fresh_data, "data", 4) == 0);
	REQUIRE(prog_zero(anon, 16 * PAGE));
	REQUIRE(heap != NULL);
	prog_fill(heap, 100000, 1);
	prog_fill(fresh_bss, sizeof(fresh_bss), 2);
	REQUIRE(prog_same(heap, 100000, 1));
	return (0);
}

/* argv[2] is the process id that must have been kept. */
static int
image_same_process(char **argv)
{
	REQUIRE(getpid() == (pid_t)strtol(argv[2], NULL, 10));
	REQUIRE(syscall(SYS_gettid) == getpid());
	return (image_fresh());
}

static int
image_arguments(int argc, char **argv)
{
	size_t len = (size_t)strtol(argv[2], NULL, 10);

	for (int i = 3; i < argc; i++) {
		REQUIRE(strlen(argv[i]) == len);
		for (size_t j = 0; j < len; j++)
			REQUIRE(argv[i][j] == 'a' + i % 26);
	}
	return (argc - 3);
}

static int
image_countdown(char **argv)
{
	long left = strtol(argv[2], NULL, 10);
	char number[32];

	if (left == 0)
		return (image_fresh());
	prog_fill(fresh_bss, sizeof(fresh_bss), 3);
	fresh_data[0] = 'x';
	snprintf(number, sizeof(number), "%ld", left - 1);
	execl(SELF, "exec", "@countdown", number, (char *)NULL);
	return (1);
}

/* The old image's mapping at argv[2] must be gone. */
static int
image_nothing_left(char **argv)
{
	char *old = (char *)strtoul(argv[2], NULL, 16);

	return (UNMAPPED(old) ? 0 : 1);
}

static int
image(int argc, char **argv)
{
	const char *word = argv[1];

	prog_current = word;
	if (strcmp(word, "@fresh") == 0)
		return (image_fresh());
	if (strcmp(word, "@process") == 0)
		return (image_same_process(argv));
	if (strcmp(word, "@arguments") == 0)
		return (image_arguments(argc, argv));
	if (strcmp(word, "@countdown") == 0)
		return (image_countdown(argv));
	if (strcmp(word, "@nothing") == 0)
		return (image_nothing_left(argv));
	return (1);
}

/* --- The checks. --- */

static void
chain(void)
{
	pid_t pid = prog_fork();

	if (pid == 0) {
		execl(SELF, "exec", "@countdown", "20", (char *)NULL);
		_exit(1);
	}
	REQUIRE(status_of(pid) == 0);
}

static void
nothing_left(void)
{
	static const uintptr_t at = (uintptr_t)0x123450000000;
	char text[32];
	pid_t pid = prog_fork();

	if (pid == 0) {
		char *p = mmap((void *)at, 4 * PAGE, RW,
		    SHARED | MAP_FIXED_NOREPLACE, -1, 0);

		REQUIRE((uintptr_t)p == at);
		REQUIRE(mlock(p, 4 * PAGE) == 0);
		prog_fill(p, 4 * PAGE, 1);
		snprintf(text, sizeof(text), "%lx", (unsigned long)at);
		execl(SELF, "exec", "@nothing", text, (char *)NULL);
		_exit(1);
	}
	REQUIRE(status_of(pid) == 0);
}

static void
large_arguments(void)
{
	enum { NARGS = 40, LEN = 100000 };
	char *argv[NARGS + 4], number[32];
	pid_t pid;

	snprintf(number, sizeof(number), "%d", LEN);
	argv[0] = arg("exec");
	argv[1] = arg("@arguments");
	argv[2] = number;
	/* Each in pages of its own, which a child will share. */
	for (int i = 3; i < NARGS + 3; i++) {
		argv[i] = prog_map(LEN + 1, RW, PRIVATE);
		memset(argv[i], 'a' + i % 26, LEN);
	}
	argv[NARGS + 3] = NULL;
	pid = prog_fork();
	if (pid == 0) {
		/* 4 MB of arguments need 16 MB of stack limit; try half. */
		argv[NARGS / 2] = NULL;
		execve(SELF, argv, environment);
		_exit(99);
	}
	REQUIRE(status_of(pid) == NARGS / 2 - 3);
	for (int i = 3; i < NARGS + 3; i++)
		REQUIRE(munmap(argv[i], LEN + 1) == 0);
}

/* Path, strings and the vectors themselves in file pages never touched. */
static void
untouched_arguments(void)
{
	int fd = prog_file(8, 0);
	char *p = prog_map_file(fd, 8, RW, MAP_PRIVATE);
	char *vector[4] = { p + 3 * PAGE - 3, p + 4 * PAGE - 3, p + 5 * PAGE,
		NULL };
	char *path = p + PAGE - 5, *argv = p + 2 * PAGE - 16;
	pid_t pid;

	REQUIRE(pwrite(fd, SELF, sizeof(SELF), path - p) == sizeof(SELF));
	REQUIRE(pwrite(fd, vector, sizeof(vector), argv - p) == sizeof(vector));
	REQUIRE(pwrite(fd, "exec", 5, vector[0] - p) == 5);
	REQUIRE(pwrite(fd, "@arguments", 11, vector[1] - p) == 11);
	REQUIRE(pwrite(fd, "0", 2, vector[2] - p) == 2);
	pid = prog_fork();
	if (pid == 0) {
		syscall(SYS_execve, path, argv, argv + 3 * sizeof(char *));
		_exit(98);
	}
	REQUIRE(status_of(pid) == 0);
	REQUIRE(munmap(p, 8 * PAGE) == 0);
	REQUIRE(close(fd) == 0);
}

static bool
refused(const char *path, char *const argv[], int error)
{
	errno = 0;
	return (execve(path, argv, environment) == -1 && errno == error);
}

static void
make_file(const char *name, const char *text, mode_t mode)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0700);

	REQUIRE(fd >= 0);
	REQUIRE(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	REQUIRE(close(fd) == 0);
	REQUIRE(chmod(name, mode) == 0);
}

/* A failed exec leaves everything as it was. */
static void
failures(void)
{
	char *good[] = { arg("exec"), arg("@fresh"), NULL };
	char *none = prog_map(PAGE, PROT_NONE, PRIVATE);
	char *bad[] = { arg("exec"), none, NULL };
	char *memory = prog_anon(16);

	prog_fill(memory, 16 * PAGE, 4);
	make_file("plain", "#!/bin/sh\nexit 3\n", 0600);
	make_file("broken", "\177ELF nonsense", 0700);
	make_file("lost", "#!/no/such/interpreter\n", 0700);
	REQUIRE(refused("/no/such/file", good, ENOENT));
	REQUIRE(refused("plain/x", good, ENOTDIR));
	REQUIRE(refused("plain", good, EACCES));
	REQUIRE(refused(".", good, EACCES));
	REQUIRE(refused("broken", good, ENOEXEC));
	REQUIRE(refused("lost", good, ENOENT));
	REQUIRE(refused(SELF, bad, EFAULT));
	REQUIRE(refused(SELF, (char **)none, EFAULT));
	REQUIRE(refused(none, good, EFAULT));
	REQUIRE(prog_same(memory, 16 * PAGE, 4));
	REQUIRE(munmap(none, PAGE) == 0);
	REQUIRE(munmap(memory, 16 * PAGE) == 0);
	REQUIRE(unlink("plain") == 0 && unlink("broken") == 0 &&
	    unlink("lost") == 0);
}

static void
scripts(void)
{
	char *argv[] = { arg("s"), arg("one"), arg("two"), NULL };
	pid_t pid;

	make_file("inner", "#!/bin/sh\n[ \"$1$2\" = onetwo ] && exit 5\n",
	    0700);
	make_file("outer", "#!./inner one\n", 0700);
	pid = prog_fork();
	if (pid == 0) {
		execve("inner", argv, environment);
		_exit(98);
	}
	REQUIRE(status_of(pid) == 5);
	argv[1] = NULL;
	pid = prog_fork();
	if (pid == 0) {
		execve("outer", argv, environment);
		_exit(98);
	}
	/* inner is run as `inner one ./outer`. */
	REQUIRE(status_of(pid) == 1);
	REQUIRE(unlink("inner") == 0 && unlink("outer") == 0);
}

static _Atomic int busy;

static void *
in_read(void *p)
{
	int fds[2];

	REQUIRE(pipe2(fds, O_CLOEXEC) == 0);
	atomic_fetch_add(&busy, 1);
	(void)!read(fds[0], p, PAGE);
	return (NULL);
}

static void *
in_futex(void *p)
{
	atomic_fetch_add(&busy, 1);
	for (;;)
		syscall(SYS_futex, p, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
	return (NULL);
}

static void *
in_faults(void *p)
{
	(void)p;
	atomic_fetch_add(&busy, 1);
	for (;;) {
		char *q = mmap(NULL, 16 * PAGE, RW, PRIVATE, -1, 0);

		for (size_t i = 0; i < 16 && q != MAP_FAILED; i++)
			q[i * PAGE] = 1;
		(void)munmap(q, 16 * PAGE);
	}
	return (NULL);
}

static void *
in_spin(void *p)
{
	atomic_fetch_add(&busy, 1);
	for (;;)
		__atomic_add_fetch((int *)p, 1, __ATOMIC_SEQ_CST);
	return (NULL);
}

static void *
execs(void *fails)
{
	char number[32];

	if (fails != NULL) {
		REQUIRE(execl("/no/such", "none", (char *)NULL) == -1);
		REQUIRE(errno == ENOENT);
	}
	snprintf(number, sizeof(number), "%d", (int)getpid());
	execl(SELF, "exec", "@process", number, (char *)NULL);
	_exit(1);
}

/* A child with threads of each kind; one of its threads execs. */
static void
busy_child(bool from_thread, bool fails_first)
{
	static void *(*const work[])(
	    void *) = { in_read, in_futex, in_faults, in_spin, in_faults };
	static char word = 'y';

	atomic_store(&busy, 0);
	for (size_t i = 0; i < COUNT(work); i++)
		(void)prog_thread(work[i], prog_anon(1));
	while (atomic_load(&busy) < (int)COUNT(work))
		prog_pause(1);
	if (!from_thread)
		execs(fails_first ? &word : NULL);
	pthread_join(prog_thread(execs, fails_first ? &word : NULL), NULL);
}

static void
exec_among_threads(bool from_thread, bool fails_first)
{
	for (int i = 0; i < 5; i++) {
		pid_t pid = prog_fork();

		if (pid == 0) {
			busy_child(from_thread, fails_first);
			_exit(1);
		}
		REQUIRE(status_of(pid) == 0);
	}
}

static void
from_first_thread(void)
{
	exec_among_threads(false, false);
	exec_among_threads(false, true);
}

static void
from_other_thread(void)
{
	exec_among_threads(true, false);
	exec_among_threads(true, true);
}

/* Several threads exec at once: one of them wins. */
static pthread_barrier_t barrier;

static void *
execs_together(void *fails)
{
	pthread_barrier_wait(&barrier);
	return (execs(fails));
}

static void
all_at_once(void)
{
	for (int i = 0; i < 5; i++) {
		pid_t pid = prog_fork();

		if (pid == 0) {
			REQUIRE(pthread_barrier_init(&barrier, NULL, 8) == 0);
			for (int j = 0; j < 8; j++)
				(void)prog_thread(execs_together, NULL);
			for (;;)
				pause();
		}
		REQUIRE(status_of(pid) == 0);
	}
}

/* The first thread has ended when another execs. */
static void *
execs_later(void *fails)
{
	prog_pause(20);
	return (execs(fails));
}

static void
without_first_thread(void)
{
	pid_t pid = prog_fork();

	if (pid == 0) {
		(void)prog_thread(execs_later, NULL);
		pthread_exit(NULL);
	}
	REQUIRE(status_of(pid) == 0);
}

int
main(int argc, char **argv)
{
	static const struct prog_check checks[] = {
		{ "chain", chain },
		{ "nothing-left", nothing_left },
		{ "large-arguments", large_arguments },
		{ "untouched-arguments", untouched_arguments },
		{ "failures", failures },
		{ "scripts", scripts },
		{ "from-first-thread", from_first_thread },
		{ "from-other-thread", from_other_thread },
		{ "all-at-once", all_at_once },
		{ "without-first-thread", without_first_thread },
	};

	if (argc > 1 && argv[1][0] == '@')
		return (image(argc, argv));
	return (prog_main(argc, argv, checks, COUNT(checks)));
}
