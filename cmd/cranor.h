/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cranor.h - `bsdvm compare --suite=cranor`: the experiments of the UVM paper.
 */
#ifndef CMD_CRANOR_H
#define CMD_CRANOR_H

#include "cmd/report.h"
#include "vm/vm_design.h"

struct cranor_options {
	const struct vm_design *const *designs;
	size_t count;
	enum report_format format;
	vsize_t memory; /* bytes, of runs of programs */
	FILE *output;   /* for the report */
};

/* => the exit status of the command: 0, or RUN_FAILED after a message */
int cranor_run(const struct cranor_options *);

#endif
