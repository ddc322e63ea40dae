/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * message.h - what bsdvm itself has to say: one line on standard error.
 *
 * A line is written at once, so that lines of several processes do not mix,
 * and always begins with "bsdvm: ".
 */
#ifndef HOST_MESSAGE_H
#define HOST_MESSAGE_H

#include "base/check.h"

/* message: print one line, without a newline in the format. */
void message(const char *format, ...) VM_PRINTFLIKE(1, 2);

/*
 * message_once: the same, but only the first time for each `*count`, which
 * counts all of them.
 */
void message_once(unsigned *count, const char *format, ...) VM_PRINTFLIKE(2, 3);

#endif
