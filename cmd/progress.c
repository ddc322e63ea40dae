/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * progress.c - see progress.h.
 */
#include "cmd/progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define CLEAR "\r\033[K" /* back to the left, and nothing to the right */

void
progress(const char *format, ...)
{
	va_list ap;

	if (!isatty(STDERR_FILENO))
		return;
	va_start(ap, format);
	(void)fputs(CLEAR "bsdvm: ", stderr);
	(void)vfprintf(stderr, format, ap);
	(void)fflush(stderr);
	va_end(ap);
}

void
progress_end(void)
{
	if (isatty(STDERR_FILENO))
		(void)fputs(CLEAR, stderr);
}
