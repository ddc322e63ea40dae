/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * size.h - sizes as people write them: bytes, or with K, M or G after them.
 */
#ifndef HOST_SIZE_H
#define HOST_SIZE_H

#include <stdbool.h>
#include <stdint.h>

/* size_parse: "64M".  => false: not a size, or more than fits */
bool size_parse(const char *text, uint64_t *bytes);

#endif
