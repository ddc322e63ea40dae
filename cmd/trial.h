/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trial.h - one program run under several designs, its outputs compared.
 *
 *	trial_read_input		read standard input, once
 *	trial_run (mach)	-->	its output passed through, and kept
 *	trial_run (netbsd)	-->	its output compared with what was kept
 *	...
 *
 * Each run has a bsdvm process of its own, so that none leaves anything to
 * the next.  Standard output and standard error of the program are pipes.
 *
 * What is kept is in temporary files without a name, and bounded.  More input
 * than that is an error.  Of more output the rest is passed on and summed up
 * only: runs are compared all the same, but nobody can say where they differ.
 */
#ifndef CMD_TRIAL_H
#define CMD_TRIAL_H

#include "host/run.h"

#include <stdbool.h>
#include <stdint.h>

enum { TRIAL_OUT, TRIAL_ERR, TRIAL_STREAMS };

enum trial_output {
	TRIAL_PASS,    /* pass on to our own, and keep it */
	TRIAL_COMPARE, /* compare with what was kept */
	TRIAL_DISCARD, /* nobody looks at it */
};

/* What came out of one of the two streams. */
struct trial_stream {
	uint64_t length;
	uint64_t sum;      /* of what was not kept */
	bool differs;      /* from that of the run whose output was passed */
	uint64_t at, line; /* from this byte on, in that line (from 1); line 0:
	                    * somewhere behind that byte */
	char last;         /* the last byte */
};

struct trial {
	struct trial_stream streams[TRIAL_STREAMS];
	struct run_result result;
	bool lost; /* some output could not be passed on; that has been said */
};

/* What the runs have in common. */
struct trial_set {
	uint64_t keep;           /* bytes that a file of these may have */
	int input;               /* file, or -1: ours */
	int kept[TRIAL_STREAMS]; /* files, of the output passed */
	struct trial_stream first[TRIAL_STREAMS]; /* what was passed */
};

/* keep: bytes.  => false: a message has been given */
bool trial_set_open(struct trial_set *, uint64_t keep);
void trial_set_close(struct trial_set *);

/* Have all of standard input, unless it is a terminal or another device.
 * => false: an error, or more than may be kept, a message has been given; or
 * trial_signal */
bool trial_read_input(struct trial_set *);

/*
 * trial_run: run it.  => false: nothing came of it, a message has been given;
 * or a signal has come that ends the whole: trial_signal
 */
bool trial_run(struct trial_set *, const struct run_options *,
    enum trial_output, struct trial *);

/* From now on signals that end a command end the trial first. */
void trial_catch_signals(void);
/* The one that has come, or 0. */
int trial_signal(void);

#endif
