/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * progress.h - one line on a terminal that says what is being waited for.
 *
 * It stands on standard error, and only when that is a terminal.
 */
#ifndef CMD_PROGRESS_H
#define CMD_PROGRESS_H

#include "base/check.h"

/* Say this instead of what was said before. */
void progress(const char *format, ...) VM_PRINTFLIKE(1, 2);
/* Take the line away: something else will be printed. */
void progress_end(void);

#endif
