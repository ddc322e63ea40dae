/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plugin.c: a shared object with data, zeroed data, thread-local data, a
 * constructor and a destructor.  Compiled with -DSTEP=NUMBER.
 */
#include <stdio.h>

#ifndef STEP
#define STEP 1
#endif

int plugin_add(int);

static int sum = STEP;
static int zeroes[50000];
static _Thread_local int calls;

__attribute__((constructor)) static void
loaded(void)
{
	if (STEP == 2)
		printf("plugin2 loaded\n");
}

__attribute__((destructor)) static void
unloaded(void)
{
	if (STEP == 2)
		printf("plugin2 unloaded\n");
}

int
plugin_add(int n)
{
	zeroes[n] += STEP;
	calls++;
	sum += zeroes[n] + calls;
	return (sum);
}
