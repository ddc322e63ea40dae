/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * size.h - sizes as people write and read them.
 */
#ifndef HOST_SIZE_H
#define HOST_SIZE_H

#include "vm/vm_types.h"

#include <stdbool.h>
#include <stdint.h>

/* size_parse: bytes, or with K, M, G or T after them: "64M".  => false: not a
 * size, or more than fits */
bool size_parse(const char *text, uint64_t *bytes);

/* Pages in KB, for %llu. */
static inline unsigned long long
size_kb(uint64_t npages)
{
	return npages << (VM_PAGE_SHIFT - 10);
}

#endif
