/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * library.c - see library.h.
 *
 * A library stays: some begin threads or keep addresses for the end of the
 * process, and loading one again is cheap.
 */
#include "env/library.h"

#include <dlfcn.h>
#include <string.h>

const char *
library_open(const char *file, const char *const *names, size_t n, void *calls)
{
	void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL), *address;

	if (library == NULL)
		return dlerror();
	for (size_t i = 0; i < n; i++) {
		address = dlsym(library, names[i]);
		if (address == NULL)
			return dlerror();
		memcpy((char *)calls + i * sizeof(address), &address,
		    sizeof(address));
	}
	return NULL;
}
