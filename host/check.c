/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check.c - see check.h.
 *
 * A check looks at every entry, page and slot, so that its time grows with the
 * run.  Nine times as long passes before the next one: programs that have
 * limits of time are to keep them.
 *
 * Programs go on meanwhile.  Only the thread that traces changes the system,
 * and the threads of devices at the end of a transfer: there must be none.
 */
#include "host/check.h"

#include "host/run.h"
#include "vm/vm_check.h"
#include "vm/vm_read.h"
#include "vm/vm_swapout.h"

#define REST     9    /* times as long as a check took */
#define REST_MIN 0.02 /* seconds */

static double
seconds(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void
check_look(struct run *run)
{
	double began, took;

	if (!run->options->check)
		return;
	began = seconds();
	if (began < run->check_next)
		return;
	vm_reads_drain(run->sys);
	vm_swapout_drain(run->sys);
	vm_check(run->sys);
	took = seconds() - began;
	run->check_next = began + took + REST * took + REST_MIN;
}
