/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proc_text.h - what the files of /proc say about an address space (proc(5)).
 */
#ifndef HOST_PROC_TEXT_H
#define HOST_PROC_TEXT_H

#include <stdio.h>

struct space;

typedef void proc_text_fn(struct space *, FILE *);

proc_text_fn proc_text_maps, proc_text_smaps, proc_text_rollup;
proc_text_fn proc_text_statm, proc_text_cmdline, proc_text_environ;

#endif
