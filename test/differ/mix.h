/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mix.h - designs that no system has, for the test's sake.
 *
 *	netbsd			the design
 *	netbsd+list		with another index of entries
 *	netbsd+twotrees+best	and another choice of place
 *	netbsd+hash		with another index of pages
 *	mixed			all designs in one system
 */
#ifndef TEST_DIFFER_MIX_H
#define TEST_DIFFER_MIX_H

#include "vm/vm_design.h"

enum { MIX_MAX = 8 };

/* A space is created in one of n designs; a fork keeps that of its parent. */
struct mix {
	struct vm_design designs[MIX_MAX];
	unsigned n;
};

/* What the name stands for; false: a part of it is not known. */
bool mix_named(struct mix *, const char *name);

/* Whether all designs of it free what nobody can reach at once. */
bool mix_is_prompt(const struct mix *);

/* The i-th of those worth a run of their own; NULL behind the last. */
const char *mix_nth(unsigned i);

#endif
