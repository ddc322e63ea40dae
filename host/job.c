/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * job.c - see job.h.
 *
 * The handler knows the program by a variable: handlers have no other way to
 * be told.
 */
#include "host/job.h"

#include "host/run.h"

#include <signal.h>
#include <unistd.h>

static volatile sig_atomic_t program;

static void
pass_on(int sig, siginfo_t *info, void *context)
{
	(void)context;
	if (info->si_code == SI_KERNEL)
		return;
	if (program > 0) {
		(void)kill((pid_t)program, sig);
	} else if (sig != SIGCONT) {
		/* When this has returned; then nothing of the run is left. */
		(void)signal(sig, SIG_DFL);
		(void)raise(sig);
	}
}

void
job_program_gone(void)
{
	program = 0;
}

void
job_init(struct run *run)
{
	static const int passed[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR2,
		SIGCONT };
	static const int ignored[] = { SIGTSTP, SIGTTIN, SIGTTOU, SIGPIPE };
	struct sigaction act = { .sa_sigaction = pass_on,
		.sa_flags = SA_SIGINFO | SA_RESTART };

	program = run->first;
	for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++)
		(void)sigaction(passed[i], &act, NULL);
	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		(void)signal(ignored[i], SIG_IGN);
}

void
job_signal(struct task *t)
{
	if (t->tid == t->run->first && t->info.si_code == SI_KERNEL &&
	    (t->signal == SIGTSTP || t->signal == SIGTTIN ||
		t->signal == SIGTTOU))
		t->run->tty_stop = true;
}

void
job_stopped(struct task *t)
{
	if (t->tid != t->run->first || !t->run->tty_stop)
		return;
	t->run->tty_stop = false;
	(void)raise(SIGSTOP);
}
