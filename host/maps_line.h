/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * maps_line.h - one line of /proc/pid/maps.
 */
#ifndef HOST_MAPS_LINE_H
#define HOST_MAPS_LINE_H

#include "vm/vm_types.h"

#include <stdio.h>

struct maps_line {
	vaddr_t start, end;
	vm_prot_t prot;
	bool shared;
	uint64_t offset; /* bytes */
	uint64_t inode;  /* 0: not a file */
	char name[4096 + 16];
};

/* => false: no more lines, or one that makes no sense */
bool maps_line_read(FILE *, struct maps_line *);

#endif
