/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * small_machine.c: preloaded, it shows programs a machine of 512 MB.
 *
 * A program that takes a share of all memory takes little then, and the same
 * on every machine.
 */
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#define MEMORY (512ul << 20)

int
sysinfo(struct sysinfo *info)
{
	if (syscall(SYS_sysinfo, info) != 0)
		return (-1);
	info->totalram = MEMORY / info->mem_unit;
	info->freeram = info->totalram / 2;
	info->sharedram = info->bufferram = 0;
	info->totalswap = info->freeswap = 0;
	return (0);
}
