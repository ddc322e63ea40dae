/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * compare.h - `bsdvm compare`: one program under every design.
 */
#ifndef CMD_COMPARE_H
#define CMD_COMPARE_H

/*
 * => the program's status when all runs agree; COMPARE_DIFFERS when they do
 * not; RUN_FAILED when a run has no result
 */
int cmd_compare(int argc, char **argv);

#define COMPARE_DIFFERS 124

#endif
