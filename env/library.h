/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * library.h - libraries that are loaded when they are needed.
 *
 * What few runs want must not make the start of every run slower: libnbd alone
 * brings 18 others with it, 3 ms.  So it is not linked; its header is used at
 * build time, for the types:
 *
 *	#define CALLS(X) X(nbd, create) X(nbd, close)
 *	struct calls { CALLS(LIBRARY_CALL) };
 *	static const char *const names[] = { CALLS(LIBRARY_NAME) };
 *
 *	library_open("libnbd.so.0", names, 2, &calls);
 *	nbd = calls.create();
 */
#ifndef ENV_LIBRARY_H
#define ENV_LIBRARY_H

#include <stddef.h>

#define LIBRARY_CALL(prefix, name) __typeof__(prefix##_##name) *name;
#define LIBRARY_NAME(prefix, name) #prefix "_" #name,

/*
 * library_open: load it and look up n names.
 *
 * calls  a structure of n pointers to functions, in that order: filled in
 * => NULL: it worked; else why not, text for people that is good until the
 *    next call
 */
const char *library_open(const char *file, const char *const *names, size_t n,
    void *calls);

#endif
