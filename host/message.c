/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * message.c - see message.h.
 *
 * A line that is too long is cut; a standard error that cannot be written to
 * is no reason to fail.
 */
#include "host/message.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_LEN 512
#define CLEAR        "\r\033[K" /* back to the left, nothing to the right */

static int out = STDERR_FILENO;
static _Atomic bool drawn; /* there is a line of progress */

void
message_to(int fd)
{
	out = fd;
}

static void
put(const char *line, size_t n)
{
	ssize_t done = write(out, line, n);

	(void)done;
}

void
message_clear(void)
{
	if (atomic_exchange(&drawn, false))
		put(CLEAR, sizeof(CLEAR) - 1);
}

void
message_draw(const char *line)
{
	message_clear();
	put(line, strlen(line));
	drawn = true;
}

static void
say(const char *format, va_list ap)
{
	static const char head[] = "bsdvm: ";
	char line[LINE_MAX_LEN];
	size_t n = sizeof(head) - 1, room = sizeof(line) - sizeof(head);
	int len;

	for (size_t i = 0; i < n; i++)
		line[i] = head[i];
	len = vsnprintf(line + n, room, format, ap);
	if (len > 0)
		n += (size_t)len < room ? (size_t)len : room - 1;
	line[n++] = '\n';
	message_clear();
	put(line, n);
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
