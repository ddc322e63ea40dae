/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * swapspec.h - what is behind -s, as text: where to swap.
 *
 *	SIZE				a temporary file
 *	FILE				a file or block device that is there
 *	FILE:SIZE			... or is made, or grows
 *	nbd://HOST[:PORT]/EXPORT	a server of network block devices
 *	nbd+unix:///EXPORT?socket=PATH	... on this machine
 *	nbds://, nbds+unix://		... with TLS
 *
 * each maybe with `,priority=N` after it.  A file whose name is a size, up to
 * a comma maybe, or has `,word=` in it, can be named by another path to it:
 * ./64M.
 */
#ifndef HOST_SWAPSPEC_H
#define HOST_SWAPSPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SWAPSPEC_PRIORITY_MOST 32767

enum swapspec_kind {
	SWAPSPEC_TEMPORARY,
	SWAPSPEC_FILE,
	SWAPSPEC_NBD,
};

struct swapspec {
	enum swapspec_kind kind;
	const char *text; /* all of it, the caller's */
	size_t place_len; /* of the path or URI, which text begins with */
	uint64_t size;    /* bytes; 0: none was given */
	int priority;     /* those with more are used first */
};

/*
 * swapspec_parse: => NULL: it worked; else what is wrong, text for people
 */
const char *swapspec_parse(const char *text, struct swapspec *);

#endif
