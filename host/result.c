/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * result.c - see result.h.
 */
#include "host/result.h"

#include <inttypes.h>
#include <string.h>

const struct result_number *
result_find(const struct run_result *r, const char *name)
{
	for (size_t i = 0; i < r->count; i++)
		if (strcmp(r->numbers[i].name, name) == 0)
			return &r->numbers[i];
	return NULL;
}

uint64_t
result_value(const struct run_result *r, const char *name)
{
	const struct result_number *n = result_find(r, name);

	return n == NULL ? 0 : n->value;
}

void
result_begin_json(FILE *f, const struct run_result *r)
{
	fprintf(f, "{\"design\":\"%s\"", r->design);
}

void
result_end_json(FILE *f, const struct run_result *r)
{
	for (size_t i = 0; i < r->count; i++) {
		const struct result_number *n = &r->numbers[i];

		if (n->value == RESULT_UNKNOWN)
			fprintf(f, ",\"%s\":null", n->name);
		else
			fprintf(f, ",\"%s\":%" PRIu64, n->name, n->value);
	}
	fprintf(f, ",\"wall_seconds\":%.6f}", r->wall_seconds);
}
