/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fds.c: descriptors are the program's own, every one of them.
 *
 * Daemons and process pools close all descriptors there may be, limit their
 * number, fill the table, or put files at numbers of their choice.  Whatever
 * watches over the program must neither lose by that nor be seen in it, and
 * memory must go on working, also across fork and exec.
 */
#include <dirent.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "prog.h"

/* Fresh memory of every kind, and a child. */
static void
use_memory(void)
{
	char *anon = prog_anon(32), *shared = prog_map(4 * PAGE, RW, SHARED);
	pid_t pid;

	prog_fill(anon, 32 * PAGE, 1);
	pid = prog_fork();
	if (pid == 0) {
		REQUIRE(prog_same(anon, 32 * PAGE, 1));
		prog_fill(anon, 16 * PAGE, 2);
		prog_fill(shared, 4 * PAGE, 3);
		_exit(0);
	}
	prog_join(pid);
	REQUIRE(prog_same(anon, 32 * PAGE, 1));
	REQUIRE(prog_same(shared, 4 * PAGE, 3));
	REQUIRE(munmap(anon, 32 * PAGE) == 0);
	REQUIRE(munmap(shared, 4 * PAGE) == 0);
}

static void
use_memory_and_exec(void)
{
	use_memory();
	execl("/proc/self/exe", "fds", "@memory", (char *)NULL);
	_exit(1);
}

static void
in_child(void (*work)(void))
{
	pid_t pid = prog_fork();

	if (pid == 0) {
		work();
		use_memory_and_exec();
	}
	prog_join(pid);
}

static void
close_one_by_one(void)
{
	for (int fd = 3; fd < 4096; fd++)
		(void)close(fd);
}

static void
close_them_all(void)
{
	REQUIRE(syscall(SYS_close_range, 3U, ~0U, 0U) == 0);
}

static void
close_on_exec(void)
{
	REQUIRE(syscall(SYS_close_range, 3U, ~0U, 4U) == 0);
}

static void
close_unshared(void)
{
	REQUIRE(syscall(SYS_close_range, 3U, ~0U, 2U) == 0);
}

static void
take_every_number(void)
{
	for (int fd = 3; fd < 1200; fd++)
		REQUIRE(dup2(0, fd) == fd);
}

static void
fill_table(void)
{
	while (dup(0) >= 0)
		continue;
	REQUIRE(errno == EMFILE);
	use_memory();
	/* The dynamic linker of the next image wants a few. */
	for (int fd = 3; fd < 8; fd++)
		REQUIRE(close(fd) == 0);
}

static void
limit(void)
{
	struct rlimit few = { 16, 16 };

	REQUIRE(setrlimit(RLIMIT_NOFILE, &few) == 0);
}

static void
limit_to_one(void)
{
	struct rlimit one = { 4, 4 };

	close_one_by_one();
	REQUIRE(setrlimit(RLIMIT_NOFILE, &one) == 0);
}

static void
closed_one_by_one(void)
{
	in_child(close_one_by_one);
}

static void
closed_all(void)
{
	in_child(close_them_all);
	in_child(close_on_exec);
	in_child(close_unshared);
}

static void
every_number_taken(void)
{
	in_child(take_every_number);
}

static void
table_full(void)
{
	in_child(fill_table);
}

static void
limited(void)
{
	in_child(limit);
	in_child(limit_to_one);
}

/* Standard streams closed as well: the next open gets number 0. */
static void
streams_closed(void)
{
	pid_t pid = prog_fork();

	if (pid == 0) {
		for (int fd = 0; fd < 4096; fd++)
			(void)close(fd);
		use_memory();
		_exit(open("/dev/null", O_RDWR));
	}
	prog_join(pid);
}

/* In a new image: is anything open that was not handed down? */
static int
unknown(void)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	int n = 0;

	REQUIRE(dir != NULL);
	while ((entry = readdir(dir)) != NULL) {
		long fd = strtol(entry->d_name, NULL, 10);

		n += fd > 2 && fd != dirfd(dir);
	}
	REQUIRE(closedir(dir) == 0);
	return (n);
}

static void
none_unknown(void)
{
	pid_t pid = prog_fork();

	if (pid == 0) {
		close_on_exec();
		execl("/proc/self/exe", "fds", "@unknown", (char *)NULL);
		_exit(1);
	}
	prog_join(pid);
}

/* Descriptors in flight, and their closing, disturb nothing. */
static void
lowest_number(void)
{
	int a = dup(0), b = dup(0), c;

	REQUIRE(close(a) == 0);
	use_memory();
	c = dup(0);
	REQUIRE(c == a);
	REQUIRE(close(b) == 0 && close(c) == 0);
}

int
main(int argc, char **argv)
{
	static const struct prog_check checks[] = {
		{ "closed-one-by-one", closed_one_by_one },
		{ "closed-all", closed_all },
		{ "every-number-taken", every_number_taken },
		{ "table-full", table_full },
		{ "limited", limited },
		{ "streams-closed", streams_closed },
		{ "none-unknown", none_unknown },
		{ "lowest-number", lowest_number },
	};

	if (argc > 1 && strcmp(argv[1], "@memory") == 0) {
		use_memory();
		return (0);
	}
	if (argc > 1 && strcmp(argv[1], "@unknown") == 0)
		return (unknown());
	return (prog_main(argc, argv, checks, COUNT(checks)));
}
