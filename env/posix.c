/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * posix.c - see posix.h.
 *
 * The futexes are private to the process: a word of the library is never in
 * memory shared with another one.  A wake wakes everybody who sleeps on the
 * word, because the words of vm_lock.h do not say how many should run.
 */
#include "env/posix.h"

#include "base/check.h"
#include "vm/vm_types.h"

#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

_Static_assert(alignof(max_align_t) >= 16, "malloc aligns as vm_env asks");

static void *
posix_alloc(void *ctx, size_t size)
{
	(void)ctx;
	VM_ASSERT(size > 0);
	if ((size & VM_PAGE_MASK) == 0)
		return aligned_alloc(VM_PAGE_SIZE, size);
	return malloc(size);
}

static void
posix_free(void *ctx, void *p, size_t size)
{
	(void)ctx;
	(void)size;
	free(p);
}

/*
 * The word goes to the kernel as a number: syscall() takes no pointer to an
 * atomic, and the kernel only reads it.
 */
static void
posix_wait(void *ctx, const _Atomic uint32_t *word, uint32_t value)
{
	(void)ctx;
	(void)syscall(SYS_futex, (uintptr_t)word, FUTEX_WAIT_PRIVATE, value,
	    NULL, NULL, 0);
}

static void
posix_wake(void *ctx, const _Atomic uint32_t *word)
{
	(void)ctx;
	(void)syscall(SYS_futex, (uintptr_t)word, FUTEX_WAKE_PRIVATE, INT_MAX,
	    NULL, NULL, 0);
}

static void
posix_yield(void *ctx)
{
	(void)ctx;
	(void)sched_yield();
}

static unsigned
posix_cpu(void *ctx)
{
	int cpu = sched_getcpu();

	(void)ctx;
	return cpu < 0 ? 0 : (unsigned)cpu;
}

static void
posix_log(void *ctx, const char *text, size_t len)
{
	(void)ctx;
	(void)fprintf(stderr, "bsdvm: %.*s\n",
	    len > INT_MAX ? INT_MAX : (int)len, text);
}

const struct vm_env posix_env = {
	.alloc = posix_alloc,
	.free = posix_free,
	.wait = posix_wait,
	.wake = posix_wake,
	.yield = posix_yield,
	.cpu = posix_cpu,
	.log = posix_log,
};
