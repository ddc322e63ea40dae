/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uml_init: process 1 of a user-mode Linux that lives for one command.
 *
 * The kernel hands everything after `--` on its command line to process 1 as
 * arguments; this one runs them as a command, prints `status<TAB>N` (its exit
 * status, or 128 + N for death by signal N) and switches the machine off.
 * Standard output and error are the console, where the caller picks the
 * lines it knows out of the kernel's own.
 *
 * It mounts nothing and sets no environment: the commands it is meant for
 * are static and need neither.  It never returns, for a kernel whose process
 * 1 exits panics, and a panic would look like a failure of the command.
 */

#include <sys/reboot.h>
#include <sys/types.h>
#include <sys/wait.h>

#include <stdio.h>
#include <unistd.h>

static int
run(char **argv)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == -1)
		return 125;
	if (pid == 0) {
		(void)execv(argv[0], argv);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) != pid)
		continue;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
				     WEXITSTATUS(status);
}

int
main(int argc, char **argv)
{
	int status = argc > 1 ? run(argv + 1) : 125;

	(void)printf("status\t%d\n", status);
	(void)fflush(stdout);
	sync();
	for (;;)
		(void)reboot(RB_POWER_OFF);
}
