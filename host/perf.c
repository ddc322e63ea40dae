/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * perf.c - see perf.h.
 */
#include "host/perf.h"

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

int
perf_open(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_HARDWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_HW_INSTRUCTIONS,
		.exclude_kernel = 1,
		.exclude_hv = 1,
	};

	return (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1,
	    PERF_FLAG_FD_CLOEXEC);
}

bool
perf_read(int fd, uint64_t *instructions)
{
	return fd >= 0 &&
	    read(fd, instructions, sizeof(*instructions)) ==
	    (ssize_t)sizeof(*instructions);
}
