/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trial.h - one program run under several designs, its outputs compared.
 *
 *	trial_input_open		read standard input, once
 *	trial_run (mach)	-->	its output passed through, and kept
 *	trial_run (netbsd)	-->	its output compared with what was kept
 *	...
 *
 * Each run has a bsdvm process of its own, so that none leaves anything to
 * the next.  Standard output and standard error of the program are pipes.
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
	bool differs;      /* from the one that was kept */
	uint64_t at, line; /* from this byte on, in that line (from 1) */
	char last;         /* the last byte */
};

struct trial {
	struct trial_stream streams[TRIAL_STREAMS];
	struct run_result result;
};

/* What the runs have in common. */
struct trial_set {
	int input;               /* memory file, or -1: ours */
	int kept[TRIAL_STREAMS]; /* memory files, of the output passed */
};

/* => false: a message has been given */
bool trial_set_open(struct trial_set *);
void trial_set_close(struct trial_set *);

/* Have all of standard input, unless it is a terminal or another device. */
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
