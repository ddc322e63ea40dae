/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * window.h - how frames are mapped where no descriptor of the file is open.
 *
 * Every process has the memory file mapped at fixed addresses behind the stub
 * region, once for each protection: the windows.  Nobody looks through them.
 * But a part of a shared mapping can be mapped a second time, by mremap(2)
 * from an old length of zero, and that takes no descriptor:
 *
 *	| stub | SysV segments | r-- | rw- | r-x | rwx | args |    | program ...
 *					  `-- mremap(at, 0, len, to) --^
 *
 * The range from the stub to the end of the windows is the host's: a foreign
 * entry of each map, and kept out of each pmap.
 */
#ifndef HOST_WINDOW_H
#define HOST_WINDOW_H

#include "host/stub.h"

enum {
	WINDOW_CALLS = 6,    /* to make the windows */
	WINDOW_OP_CALLS = 3, /* to carry out an operation, at most */
};

/* Behind them there is room for strings: args.h. */
#define WINDOW_ARGS_SIZE (UINT64_C(8) << 20)
uint64_t window_args(const struct run *);

/* Where all that ends, in every process of the run. */
uint64_t window_end(const struct run *);

/* The WINDOW_CALLS calls that make the windows from a descriptor, close it, and
 * take the permission to write from the code of the stub. */
void window_make(const struct run *, uint64_t fd, struct stub_call *);

/* The calls that carry out an operation.  => how many, <= WINDOW_OP_CALLS */
size_t window_calls(const struct run *, const struct pmap_host_op *,
    struct stub_call *);

#endif
