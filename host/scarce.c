/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scarce.c - see scarce.h.
 *
 * Without swap, or when it is full, a program that needs a little more than
 * there is takes it from the pages of its files, and reads these again and
 * again: each page that it gets makes it slower, until there are so few left
 * that no memory is to be had (vm/vm_futility.h).  It does get on, so that
 * nobody is killed for it, but it may take a minute for what takes a second.
 *
 *	|--2000--|--2000--|--2000--|----2000----|--2000--|  pages read again
 *	 <= 1 s   <= 1 s   <= 1 s      > 1 s
 *	   some seconds of that: say so;   from the beginning
 *
 * What is read for the first time does not count, however much it is.
 */
#include "host/scarce.h"

#include "host/message.h"
#include "host/oom.h"
#include "host/run.h"
#include "host/size.h"
#include "vm/vm_swap.h"

#define MANY   2000 /* pages that are read again */
#define SECOND 1.0  /* in which that is many */
#define LONG   3.0  /* seconds, after which it is said */

static double
seconds(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void
tell(struct run *run)
{
	char why[OOM_REASON];

	oom_reason(run, why, sizeof(why));
	message("short of memory: programs go on, but slowly, reading the same "
		"pages of files again and again: %lluK are too few (see -m), "
		"and %s",
	    size_kb(vm_page_count(run->sys)), why);
	run->scarce.told = true;
}

/* Many pages have been read again since the last time. */
static void
note_many(struct run *run)
{
	double now = seconds();

	if (now - run->scarce.noted > SECOND)
		run->scarce.began = now;
	run->scarce.noted = now;
	if (now - run->scarce.began >= LONG && vm_swap_is_full(run->sys))
		tell(run);
}

void
scarce_look(struct run *run)
{
	uint64_t n = atomic_load_explicit(&run->sys->stats.rereads,
	    memory_order_relaxed);

	if (run->scarce.told || n - run->scarce.rereads < MANY)
		return;
	run->scarce.rereads = n;
	note_many(run);
}
