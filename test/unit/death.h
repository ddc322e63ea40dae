/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * death.h - tests of panics, in a child of their own.
 *
 * A panic may leave locks held and structures half changed, so nothing can be
 * done with them afterwards.  expect_death(call, text) runs the call in a
 * forked child and wants it to abort with the text in its message, which is
 * that of the vm_panic() of env/panic.c.
 */
#ifndef TEST_UNIT_DEATH_H
#define TEST_UNIT_DEATH_H

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define expect_death(call, text)                        \
	do {                                            \
		int death_fd;                           \
		pid_t death_pid;                        \
                                                        \
		death_pid = death_fork(&death_fd);      \
		if (death_pid == 0) {                   \
			call;                           \
			_exit(0);                       \
		}                                       \
		death_check(death_pid, death_fd, text); \
	} while (0)

/* The child says on standard error what the parent reads from *fd. */
static inline pid_t
death_fork(int *fd)
{
	int ends[2];
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	(void)fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	*fd = ends[0];
	if (pid == 0) {
		(void)signal(SIGABRT, SIG_DFL);
		(void)dup2(ends[1], STDERR_FILENO);
	}
	(void)close(ends[1]);
	return pid;
}

static inline void
death_check(pid_t pid, int fd, const char *text)
{
	char said[2000];
	size_t len = 0;
	ssize_t n;
	int status;

	while (len < sizeof(said) - 1 &&
	    (n = read(fd, said + len, sizeof(said) - 1 - len)) > 0)
		len += (size_t)n;
	said[len] = '\0';
	(void)close(fd);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT)
		fail_msg("no panic about \"%s\" but: %s", text, said);
	if (strstr(said, "bsdvm: panic: ") == NULL ||
	    strstr(said, text) == NULL)
		fail_msg("a panic about \"%s\" says: %s", text, said);
}

#endif
