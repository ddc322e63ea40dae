/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * size.c - see size.h.
 */
#include "host/size.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool
size_parse(const char *text, uint64_t *bytes)
{
	static const char units[] = "KMGT";
	char *end;
	const char *unit;
	unsigned long long n;
	unsigned shift = 0;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno != 0)
		return false;
	if (*end != '\0') {
		unit = strchr(units, *end & ~0x20);
		if (unit == NULL || *unit == '\0' || end[1] != '\0')
			return false;
		shift = 10 * (unsigned)(unit - units + 1);
	}
	*bytes = (uint64_t)n << shift;
	return *bytes >> shift == n;
}
