/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stats.h - what --stats and --maps print.
 */
#ifndef HOST_STATS_H
#define HOST_STATS_H

#include <stdbool.h>

struct run;
struct space;

/* stats_open: => false: a file cannot be written, a message has been given */
bool stats_open(struct run *);
/* A space is about to go: its last map, its peak. */
void stats_space_gone(struct space *);
/* stats_print: the JSON object; the run is over. */
void stats_print(struct run *);

#endif
