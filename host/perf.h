/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * perf.h - instructions that this thread has executed outside of the kernel.
 *
 * The processor counts them, where there is such a counter and the kernel lets
 * us have it; in many virtual machines there is none.
 */
#ifndef HOST_PERF_H
#define HOST_PERF_H

#include <stdbool.h>
#include <stdint.h>

/* => a descriptor for perf_read and close; -1: not to be had here */
int perf_open(void);
/* Instructions since perf_open.  => false: not known */
bool perf_read(int fd, uint64_t *instructions);

#endif
