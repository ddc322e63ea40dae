/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * json.c - see json.h.
 */
#include "host/json.h"

#include <stdbool.h>
#include <stddef.h>

static bool
is_tail(unsigned char byte)
{
	return (byte & 0xc0) == 0x80;
}

/* The bytes of the UTF-8 character that a string begins with; 0: it begins
 * with none.  Forms that are longer than need be, halves of surrogate pairs and
 * what is above U+10FFFF are none. */
static size_t
utf8_length(const char *s)
{
	const unsigned char *b = (const unsigned char *)s;

	if (b[0] < 0x80)
		return 1;
	if (b[0] < 0xc2 || b[0] > 0xf4 || !is_tail(b[1]))
		return 0;
	if (b[0] < 0xe0)
		return 2;
	if ((b[0] == 0xe0 && b[1] < 0xa0) || (b[0] == 0xed && b[1] > 0x9f) ||
	    (b[0] == 0xf0 && b[1] < 0x90) || (b[0] == 0xf4 && b[1] > 0x8f) ||
	    !is_tail(b[2]))
		return 0;
	if (b[0] < 0xf0)
		return 3;
	return is_tail(b[3]) ? 4 : 0;
}

void
json_string(FILE *f, const char *s)
{
	size_t len;

	(void)fputc('"', f);
	for (; *s != '\0'; s += len) {
		len = utf8_length(s);
		if (*s == '"' || *s == '\\')
			(void)fputc('\\', f);
		if (len == 0 || (unsigned char)*s < 0x20) {
			fprintf(f, "\\u%04x", (unsigned)(unsigned char)*s);
			len = 1;
		} else {
			(void)fwrite(s, 1, len, f);
		}
	}
	(void)fputc('"', f);
}
