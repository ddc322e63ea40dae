/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * posix.h - the environment of an ordinary process.  Public.
 *
 * Memory comes from the C library, waiting is the futex(2) of Linux, messages
 * go to standard error as lines that begin with "bsdvm: ".  There is no state
 * in it: one constant serves every vm_system of the process.
 *
 * Beside it stands panic.c: a vm_panic() (base/check.h) that prints
 *
 *	bsdvm: panic: WHAT (FILE:LINE)
 *
 * and aborts.  A program that defines vm_panic() itself gets its own.
 */
#ifndef ENV_POSIX_H
#define ENV_POSIX_H

#include "vm/vm_env.h"

extern const struct vm_env posix_env;

#endif
