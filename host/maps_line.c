/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * maps_line.c - see maps_line.h.
 */
#include "host/maps_line.h"

#include <string.h>

bool
maps_line_read(FILE *f, struct maps_line *m)
{
	char line[sizeof(m->name) + 128], perms[5];
	unsigned long start, end, offset, inode;
	int at = 0;

	if (fgets(line, sizeof(line), f) == NULL ||
	    sscanf(line, "%lx-%lx %4s %lx %*x:%*x %lu %n", &start, &end, perms,
		&offset, &inode, &at) < 5)
		return false;
	*m = (struct maps_line){ .start = start,
		.end = end,
		.offset = offset,
		.inode = inode,
		.shared = perms[3] == 's' };
	if (perms[0] == 'r')
		m->prot |= VM_PROT_READ;
	if (perms[1] == 'w')
		m->prot |= VM_PROT_WRITE;
	if (perms[2] == 'x')
		m->prot |= VM_PROT_EXEC;
	line[strcspn(line, "\n")] = '\0';
	(void)snprintf(m->name, sizeof(m->name), "%s", line + at);
	return true;
}
