/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * alloc.h - where the containers of this layer get their memory.
 *
 * Nothing in base/ owns memory or knows where it comes from: whoever
 * initialises a radix tree or a pool hands it one of these, and keeps it
 * alive and unchanged for as long as the container lives.
 */

#ifndef BASE_ALLOC_H
#define BASE_ALLOC_H

#include <stddef.h>

/*
 * alloc	size bytes, aligned for any type; contents undefined; NULL when
 *		there is no memory
 * free		gives back what alloc gave; size is that of the allocation
 * ctx		first argument of both
 *
 * => both are called with whatever locks the caller of the container holds
 */
struct base_alloc {
	void *(*alloc)(void *ctx, size_t size);
	void (*free)(void *ctx, void *p, size_t size);
	void *ctx;
};

#endif /* BASE_ALLOC_H */
