/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * table.h - tables for people: columns of text, as wide as they must be.
 *
 * Cells are appended one after the other, row by row.  The first column is
 * flush left, the others right.  Running out of memory is remembered and told
 * once, by table_print.
 */
#ifndef CMD_TABLE_H
#define CMD_TABLE_H

#include "base/check.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct table {
	size_t columns;
	size_t count, room;
	char **cells;
	bool failed; /* no memory for a cell */
};

void table_init(struct table *, size_t columns);
void table_fini(struct table *);
/* Append a cell. */
void table_cell(struct table *, const char *format, ...) VM_PRINTFLIKE(2, 3);
/* Empty cells to the end of the row. */
void table_end_row(struct table *);
/* => false: a cell is missing */
bool table_print(const struct table *, FILE *);

/* The same strings for machines: quoted as CSV wants it. */
void table_csv_string(FILE *, const char *);

#endif
