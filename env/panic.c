/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * panic.c - vm_panic() (base/check.h) for an ordinary process.
 *
 * A file of its own, so that the linker takes it out of the library only for
 * programs that do not define vm_panic() themselves.
 */
#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

void
vm_panic(const char *what, const char *file, int line)
{
	(void)fprintf(stderr, "bsdvm: panic: %s (%s:%d)\n", what, file, line);
	abort();
}
