/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * swapnbd.h - swap on a server of network block devices (NBD).  Public.
 *
 * By libnbd, which is loaded when the first one is opened.  One thread of the
 * device has the connection; several requests are under way at once.
 *
 * When the connection breaks, or the server does not answer for a minute,
 * every request under way and all later ones fail, and one message says so.
 * Nothing reconnects: what the server had not written would be wrong then.
 */
#ifndef ENV_SWAPNBD_H
#define ENV_SWAPNBD_H

#include "env/swapdev.h"

struct swapnbd_config {
	const struct vm_env *env; /* memory, and where failures are told */
	const char *uri;          /* nbd://HOST[:PORT]/EXPORT and its kin */
	int seconds;              /* to wait for an answer; 0: a minute */
};

/* Is it the URI of such a server, of a scheme that libnbd knows? */
bool swapnbd_is_uri(const char *text);

/*
 * swapnbd_open: connect, to be used by one vm_system.
 *
 * => blocks, ten seconds at most once the name of the host is known
 * => false: why says it
 */
bool swapnbd_open(const struct swapnbd_config *, struct vm_swap_device *,
    struct swapdev_why *why);

/* Is there NBD in this build? */
bool swapnbd_is_built(void);

#endif
