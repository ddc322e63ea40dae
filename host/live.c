/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live.c - see live.h.
 *
 * The line of --watch is rewritten in place, twice a second:
 *
 *	netbsd 3.5 s: resident 31.2M free 0.8M faults/s 812 ...
 */
#include "host/live.h"

#include "host/message.h"
#include "host/run.h"
#include "host/size.h"
#include "host/space.h"
#include "vm/vm_oom.h"

#include <signal.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define INTERVAL 0.5 /* seconds between two lines */
#define LINE_LEN 160
#define WIDTH    80 /* of a terminal that does not tell */

#define MB(npages) ((double)size_kb(npages) / 1024)

static volatile sig_atomic_t asked;

static void
on_usr1(int sig)
{
	(void)sig; /* a wait ends with EINTR, too */
	asked = 1;
}

static double
seconds(const struct run *run)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - run->started.tv_sec) +
	    (double)(now.tv_nsec - run->started.tv_nsec) / 1e9;
}

static unsigned long long
load(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

void
live_init(struct run *run)
{
	const struct sigaction act = { .sa_handler = on_usr1 };

	(void)sigaction(SIGUSR1, &act, &run->at_usr1);
	run->watching = run->options->watch && isatty(STDERR_FILENO);
	if (run->options->watch && !run->watching)
		message("--watch: standard error is no terminal: nothing is "
			"shown");
}

/* ------------------------------------------------------------- a report */

static void
report_space(struct space *space)
{
	struct vm_oom_size size;

	vm_oom_size(space->vm, &size);
	message("process %d, %s: %lluK of its own resident, %lluK in swap; "
		"%lluK shared",
	    (int)space->pid, space->name, size_kb(size.resident),
	    size_kb(size.swapped), size_kb(size.shared));
}

static void
report_swap(const struct vm_swap_info *d)
{
	message("swap %s: %lluK, %lluK in use, %lluK bad; %llu pages read, "
		"%llu written, %llu failed",
	    d->name, size_kb(d->npages), size_kb(d->used), size_kb(d->bad),
	    (unsigned long long)d->reads, (unsigned long long)d->writes,
	    (unsigned long long)d->errors);
}

static void
report(struct run *run)
{
	struct vm_swap_info swap;
	const struct vm_stats *s = &run->sys->stats;

	message("%s after %.1f s: %lluK of memory, %lluK free; %lluK of swap, "
		"%lluK in use",
	    run->options->design->name, seconds(run),
	    size_kb(vm_page_count(run->sys)),
	    size_kb(vm_page_free_count(run->sys)),
	    size_kb(vm_swap_total(run->sys)),
	    size_kb(vm_swap_in_use(run->sys)));
	message("%llu faults, %llu page-ins, %llu page-outs, %llu stops",
	    load(&s->faults), load(&s->pageins), load(&s->pageouts),
	    (unsigned long long)run->stops);
	for (unsigned i = 0; vm_swap_nth(run->sys, i, &swap); i++)
		report_swap(&swap);
	LIST_FOREACH(struct space, space, &run->spaces, link)
		report_space(space);
}

/* --------------------------------------------------------------- a line */

/* A line that wraps could not be taken back. */
static size_t
line_room(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
		size.ws_col = WIDTH;
	return size.ws_col < LINE_LEN ? size.ws_col : LINE_LEN;
}

static void
draw(struct run *run, double now)
{
	const struct vm_stats *s = &run->sys->stats;
	const unsigned long long counts[] = { load(&s->faults),
		load(&s->pageins), load(&s->pageouts) };
	double rate[3], passed = now - run->watched_at;
	size_t free = vm_page_free_count(run->sys);
	char line[LINE_LEN];

	for (unsigned i = 0; i < 3; i++) {
		rate[i] = (double)(counts[i] - run->watched[i]) / passed;
		run->watched[i] = counts[i];
	}
	run->watched_at = now;
	(void)snprintf(line, line_room(),
	    "%s %.1f s: resident %.1fM free %.1fM faults/s %.0f "
	    "page-ins/s %.0f page-outs/s %.0f swap %.1fM",
	    run->options->design->name, now, MB(vm_page_count(run->sys) - free),
	    MB(free), rate[0], rate[1], rate[2], MB(vm_swap_in_use(run->sys)));
	message_draw(line);
}

void
live_look(struct run *run)
{
	double now;

	if (asked) {
		asked = 0;
		report(run);
	}
	if (!run->watching)
		return;
	now = seconds(run);
	if (now - run->watched_at >= INTERVAL)
		draw(run, now);
}

void
live_call(const struct run *run, uint64_t nr, uint64_t fd)
{
	if (run->watching && (nr == SYS_write || nr == SYS_writev) &&
	    (fd == STDOUT_FILENO || fd == STDERR_FILENO))
		message_clear();
}

void
live_fini(void)
{
	message_clear();
}
