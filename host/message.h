/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * message.h - what bsdvm itself has to say: one line on standard error.
 *
 * A line is written at once, so that lines of several processes do not mix,
 * and always begins with "bsdvm: ".  On a terminal there may be a line of
 * progress, which goes before anything else is written.
 */
#ifndef HOST_MESSAGE_H
#define HOST_MESSAGE_H

#include "base/check.h"

/* message: print one line, without a newline in the format.  => any thread */
void message(const char *format, ...) VM_PRINTFLIKE(1, 2);

/*
 * message_once: the same, but only the first time for each `*count`, which
 * counts all of them.
 */
void message_once(unsigned *count, const char *format, ...) VM_PRINTFLIKE(2, 3);

/* message_to: lines go to this descriptor from now on. */
void message_to(int fd);

/* message_draw: put this line of progress in the place of the one before. */
void message_draw(const char *line);
/* message_clear: nothing is left of it. */
void message_clear(void);

#endif
