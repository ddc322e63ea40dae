/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mem.h - the four memory functions, for code that has no <string.h>.
 *
 * A freestanding C11 implementation does not promise <string.h>, yet gcc and
 * clang emit calls to these four wherever they like, so every host has them
 * anyway.  The core declares them here and uses no other string function.
 * Including this together with <string.h> is fine: the types are the same.
 */

#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

void *memcpy(void *restrict dst, const void *restrict src, size_t len);
void *memmove(void *dst, const void *src, size_t len);
void *memset(void *dst, int byte, size_t len);
int memcmp(const void *a, const void *b, size_t len);

#endif /* BASE_MEM_H */
