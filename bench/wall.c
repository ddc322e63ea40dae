/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wall: run a command and write down how long it took.
 *
 * `wall FILE COMMAND [ARG...]` appends one line to FILE, the nanoseconds from
 * just before the fork to just after the wait, and exits as the command did
 * (128 + N for death by signal N).  time(1) rounds to hundredths of a second
 * and a shell's date costs a process on either side of what is measured.
 *
 * The time is elapsed time: on a busy machine it includes waiting for a
 * processor.  A command that failed leaves no line.
 */

#include <sys/types.h>
#include <sys/wait.h>

#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static int64_t
now_ns(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) != 0)
		err(125, "clock_gettime");
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static int
run(char **argv)
{
	int status;
	pid_t pid = fork();

	if (pid == -1)
		err(125, "fork");
	if (pid == 0) {
		(void)execvp(argv[0], argv);
		err(127, "%s", argv[0]);
	}
	if (waitpid(pid, &status, 0) != pid)
		err(125, "waitpid");
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
				     WEXITSTATUS(status);
}

static void
append(const char *path, int64_t ns)
{
	FILE *f = fopen(path, "a");

	if (f == NULL || fprintf(f, "%jd\n", (intmax_t)ns) < 0 ||
	    fclose(f) != 0)
		err(125, "%s", path);
}

int
main(int argc, char **argv)
{
	int64_t start;
	int status;

	if (argc < 3)
		errx(125, "usage: wall file command [arg ...]");
	start = now_ns();
	status = run(argv + 2);
	if (status == 0)
		append(argv[1], now_ns() - start);
	return status;
}
