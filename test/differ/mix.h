/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mix.h - designs that no system has, for the test's sake.
 *
 *	netbsd			the design
 *	netbsd+list		with another index of entries
 *	netbsd+twotrees+best	and another choice of place
 *	netbsd+hash		with another index of pages
 */
#ifndef TEST_DIFFER_MIX_H
#define TEST_DIFFER_MIX_H

#include "vm/vm_design.h"

/* The design of that name; false: a part of the name is not known. */
bool mix_design(struct vm_design *, const char *name);

/* The i-th of those worth a run of their own; NULL behind the last. */
const char *mix_nth(unsigned i);

#endif
