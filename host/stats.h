/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stats.h - what --stats and --maps print.
 */
#ifndef HOST_STATS_H
#define HOST_STATS_H

#include <stdbool.h>

struct run;
struct run_result;
struct space;

/* stats_open: => false: a file cannot be written, a message has been given */
bool stats_open(struct run *);
/* A space is about to go: its last map. */
void stats_space_gone(struct space *);
/* What has a peak is looked at whenever a task has been dealt with. */
void stats_sample(struct run *);
/* Everything counted; the run is over, its system still there. */
void stats_collect(struct run *, struct run_result *);
/* The same as the JSON object of --stats, if that was asked for. */
void stats_print(struct run *, const struct run_result *);

#endif
