/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run.h - one `bsdvm run`: the program, all its processes, and their memory.
 */
#ifndef HOST_RUN_H
#define HOST_RUN_H

#include "env/counted.h"
#include "env/ioengine.h"
#include "host/result.h"
#include "host/swapspec.h"
#include "host/task.h"
#include "vm/vm.h"
#include "vm/vm_swap.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

#define RUN_SWAPS_MAX 16

struct run_options {
	const struct vm_design *design;
	vsize_t memory;    /* bytes */
	bool plain_faults; /* nothing around a fault but by the design */
	bool stats, maps;  /* print at the end */
	bool watch;        /* a line of progress */
	bool no_overcommit, no_swap_spaces;
	bool check;                         /* check.h */
	const char *stats_file, *maps_file; /* NULL: standard error */
	struct swapspec swaps[RUN_SWAPS_MAX];
	unsigned nswaps;
	char **argv;
};

/* Exit statuses of bsdvm itself. */
#define RUN_FAILED         125
#define RUN_NOT_EXECUTABLE 126
#define RUN_NOT_FOUND      127

struct shm_segment;

struct run {
	const struct run_options *options;
	struct vm_system *sys;
	struct vm_machine *machine;
	pthread_t thread;             /* that traces: the only one of host/ */
	struct counted_env memory;    /* of the system's own structures */
	uint64_t memory_fixed;        /* bytes that it begins with */
	struct vm_swap_cipher cipher; /* of swap; ctx NULL: none */
	struct task_table tasks;
	struct list spaces;
	struct list unread;   /* tasks with a status not yet looked at */
	struct list waiting;  /* tasks with a stop put off: putoff.c */
	struct vm_env env;    /* tells the event loop, too */
	uint64_t *slots_used; /* bit per slot of the stub region */
	unsigned slots_hint;
	struct list files;       /* that have objects: file.c, which has */
	struct ioengine *engine; /* to read them; NULL: none yet, or none */
	bool engine_tried;       /* to be had */
	unsigned writable_files; /* mapped shared and writable: file.c */
	struct list shm;         /* sys_shm.c */
	uint64_t shm_next;
	struct list parcels;    /* parcel.c */
	struct list swap_names; /* swap.c: of devices added by a program */
	FILE *stats_out, *maps_out;
	bool output_lost; /* one could not be written; a message said so */
	struct {
		uint64_t looked, brought; /* when: nanoseconds */
		bool wait;                /* somebody does, for memory */
	} sleepers;                       /* sleeper.c */
	struct rlimit as_limit;           /* RLIMIT_AS of the program */
	struct rlimit file_limit;         /* RLIMIT_FSIZE of it, and what is */
	struct sigaction at_file_limit;   /* done about the signal of that */
	struct sigaction at_usr1;         /* what the program does about it */
	cpu_set_t cpus;                   /* that bsdvm was given */
	int cpu;                          /* the supervisor's */

	int channel;  /* to the program before its first exec: give.c */
	int listener; /* of the filter: give.c */

	pid_t first;   /* the program */
	int status;    /* of the program, as of waitpid */
	bool finished; /* the program has ended */
	bool tty_stop; /* the terminal has stopped it: job.c */
	struct timespec started;

	/* Counters for --stats. */
	uint64_t stops, faults, faults_parked, calls_parked, frames_parked,
	    syscalls, signals, stub_runs, processes;
	size_t entries_peak;
	uint64_t entries_reserved; /* in use, but not for the program */
	uint64_t in_use_peak, pages_peak;
	bool swap_has_changed; /* swap.c: and a message said so */
	bool watching;         /* live.c */
	double watched_at;     /* when the line was written, seconds */
	uint64_t watched[3];   /* what it counts, then */
	double check_next;     /* check.c: the clock then, seconds */
	struct {
		uint64_t rereads;    /* up to which it has looked */
		double began, noted; /* many of them, the clock, seconds */
		bool told;
	} scarce; /* scarce.c */
	int perf; /* perf.h */
	unsigned killed_no_memory;
};

/*
 * run_program: => the exit status for the command; result says the same, and
 * what was counted, if the run came to its end
 */
int run_program(const struct run_options *, struct run_result *result);

#endif
