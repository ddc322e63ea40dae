/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scarce.h - programs that get on so slowly that somebody should know why.
 */
#ifndef HOST_SCARCE_H
#define HOST_SCARCE_H

struct run;

/*
 * scarce_look: once in a run one line, when programs have done hardly anything
 * but read the same pages of files for some seconds, while nothing else can go.
 */
void scarce_look(struct run *);

#endif
