/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * text.c: two small operations on strings.
 */
#include <string.h>

#include "text.h"

const char *
text_basename(const char *path)
{
	const char *slash = strrchr(path, '/');

	return (slash == NULL ? path : slash + 1);
}

const char *
text_reverse(const char *s)
{
	static char buf[64];
	size_t n = strlen(s);

	for (size_t i = 0; i < n; i++)
		buf[i] = s[n - 1 - i];
	buf[n] = '\0';
	return (buf);
}
