/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * message.c - see message.h.
 *
 * A line that is too long is cut; a standard error that cannot be written to
 * is no reason to fail.
 */
#include "host/message.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define LINE_MAX_LEN 512

static void
say(const char *format, va_list ap)
{
	static const char head[] = "bsdvm: ";
	char line[LINE_MAX_LEN];
	size_t n = sizeof(head) - 1, room = sizeof(line) - sizeof(head);
	int len;
	ssize_t done;

	for (size_t i = 0; i < n; i++)
		line[i] = head[i];
	len = vsnprintf(line + n, room, format, ap);
	if (len > 0)
		n += (size_t)len < room ? (size_t)len : room - 1;
	line[n++] = '\n';
	done = write(STDERR_FILENO, line, n);
	(void)done;
}

void
message(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say(format, ap);
	va_end(ap);
}

void
message_once(unsigned *count, const char *format, ...)
{
	va_list ap;

	if ((*count)++ != 0)
		return;
	va_start(ap, format);
	say(format, ap);
	va_end(ap);
}
