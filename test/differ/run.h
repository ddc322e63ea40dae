/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run.h - running a trace against system and model, in a process of its own.
 *
 * The system may panic, crash or hang: so a run is a child process that
 * writes how far it came, the operations it made up and its verdict into
 * memory that parent and child share.
 */
#ifndef TEST_DIFFER_RUN_H
#define TEST_DIFFER_RUN_H

#include "test/differ/trace.h"

/* What a run came to. */
struct run_tally {
	uint64_t used;    /* pages, at most */
	uint64_t out, in; /* pages */
	uint64_t refused; /* operations for which there was no memory */
	uint64_t faults;  /* of files and devices to swap to */
};

/* Shared with the child. */
struct run_report {
	/* Changes the world of a seed; or NULL. */
	void (*adjust)(struct trace_config *);
	struct run_tally tally;
	uint64_t seed; /* being run */
	size_t at;     /* operation being run */
	bool bad;      /* complaint says why */
	char complaint[400];
	uint64_t counts[OP_KINDS]; /* operations that succeeded */
	uint64_t errors[OP_KINDS]; /* and that ended in an error */
	struct trace trace;        /* its ops are shared too */
};

/* A report with room for max operations. */
struct run_report *run_report_create(size_t max);

/*
 * run_seeds: make up and run nops operations for each seed of [first, end).
 * False at the first that fails: the report has its seed and trace.
 */
bool run_seeds(struct run_report *, const char *design, uint64_t first,
    uint64_t end, size_t nops);

/* run_trace: run the trace in the report; noisy children may write to
 * standard error. */
bool run_trace(struct run_report *, bool noisy);

#endif
