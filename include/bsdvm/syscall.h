/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bsdvm/syscall.h - what the BSDs can do with memory and Linux cannot, for
 * programs under `bsdvm run`.
 *
 * Inline functions around one system call whose number Linux does not use:
 * there is nothing to link with.  Without bsdvm, and on other machines than
 * x86-64, each fails with ENOSYS, so a program can try, and do without.
 *
 *	one process				another that agrees
 *	fd = bsdvm_sys_give(p, len, how)
 *	... fd passes over a Unix socket,
 *	    or by fork			--> p = bsdvm_sys_take(fd, NULL, &len)
 *
 * What fails returns -1 (NULL where a pointer is returned) and sets errno.
 * Addresses are page aligned, lengths in bytes are rounded up to pages.
 * Sources: OpenBSD minherit(2), mimmutable(2), mquery(2), swapctl(2); Cranor
 * 1998 ch. 7 for what is given.
 */
#ifndef BSDVM_SYSCALL_H
#define BSDVM_SYSCALL_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

/* The call's number, and its first argument. */
#define BSDVM_SYSCALL 423
enum {
	BSDVM_SYS_CALL_STATS = 1,
	BSDVM_SYS_CALL_MINHERIT,
	BSDVM_SYS_CALL_MIMMUTABLE,
	BSDVM_SYS_CALL_MQUERY,
	BSDVM_SYS_CALL_GIVE,
	BSDVM_SYS_CALL_TAKE,
	BSDVM_SYS_CALL_SWAPCTL
};

/* What a child gets of a range. */
enum {
	BSDVM_SYS_INHERIT_SHARE = 0, /* the same memory */
	BSDVM_SYS_INHERIT_COPY = 1,  /* a copy */
	BSDVM_SYS_INHERIT_NONE = 2,  /* a hole */
	BSDVM_SYS_INHERIT_ZERO = 3   /* zeroes; not with every design: EINVAL */
};

/* How memory is given. */
enum {
	BSDVM_SYS_GIVE_SHARE = 0,  /* both have the same from now on */
	BSDVM_SYS_GIVE_COPY = 1,   /* copied on write, entry by entry */
	BSDVM_SYS_GIVE_DONATE = 2, /* it moves: a hole is left */
	BSDVM_SYS_GIVE_LOAN = 3, /* its pages are lent: private memory there */
	BSDVM_SYS_GIVE_TRANSFER = 4 /* the same, and a hole is left */
};

enum {
	BSDVM_SYS_SWAP_COUNT = 1, /* how many devices there are */
	BSDVM_SYS_SWAP_STATS = 2, /* tell of them */
	BSDVM_SYS_SWAP_ON = 3,    /* add one, named as behind -s */
	BSDVM_SYS_SWAP_OFF = 4    /* remove it */
};

/* One device to swap to. */
struct bsdvm_sys_swap {
	uint64_t pages, in_use, bad;
	int32_t priority;
	uint32_t reserved;
	char name[256]; /* cut if it is longer */
};

/* From the beginning of the run, all processes; the last two are of this. */
struct bsdvm_sys_stats {
	uint64_t pages_total, pages_free;
	uint64_t swap_pages, swap_in_use;
	uint64_t faults, forks;
	uint64_t pageins, pageouts;
	uint64_t swap_reads, swap_writes; /* pages */
	uint64_t loans, loan_copies, extract_copies;
	uint64_t map_entries, map_bytes;
};

/* ---- the calls themselves ---- */

#if defined(__linux__) && defined(__x86_64__) && !defined(__ILP32__)

static inline long
bsdvm_sys_raw(long nr, const long *a)
{
	register long a3 __asm__("r10") = a[3];
	register long a4 __asm__("r8") = a[4];
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(nr), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(a3),
			 "r"(a4)
			 : "rcx", "r11", "memory");
	return result;
}

#define BSDVM_SYS_NR_PIPE2  293
#define BSDVM_SYS_NR_CLOSE  3
#define BSDVM_SYS_O_CLOEXEC 02000000

#else

static inline long
bsdvm_sys_raw(long nr, const long *a)
{
	(void)nr;
	(void)a;
	return -ENOSYS;
}

#define BSDVM_SYS_NR_PIPE2  (-1)
#define BSDVM_SYS_NR_CLOSE  (-1)
#define BSDVM_SYS_O_CLOEXEC 0

#endif

/* The result as libc has it: -1 and errno. */
static inline long
bsdvm_sys_result(long result)
{
	if (result >= 0 || result < -4095)
		return result;
	errno = (int)-result;
	return -1;
}

static inline long
bsdvm_sys_call(long what, long a, long b, long c, long d)
{
	const long args[5] = { what, a, b, c, d };

	return bsdvm_sys_result(bsdvm_sys_raw(BSDVM_SYSCALL, args));
}

static inline void *
bsdvm_sys_pointer(long result)
{
	return result == -1 ? NULL : (void *)(uintptr_t)result;
}

/* ---- attributes ---- */

/* bsdvm_sys_minherit: what a child gets of the range.
 * => EINVAL; ENOMEM; EPERM: immutable */
static inline int
bsdvm_sys_minherit(void *addr, size_t len, int inherit)
{
	return (int)bsdvm_sys_call(BSDVM_SYS_CALL_MINHERIT,
	    (long)(uintptr_t)addr, (long)len, inherit, 0);
}

/* bsdvm_sys_mimmutable: the range stays mapped as it is, with its protection,
 * until exec or exit.  => EINVAL: also where the design has no such thing */
static inline int
bsdvm_sys_mimmutable(void *addr, size_t len)
{
	return (int)bsdvm_sys_call(BSDVM_SYS_CALL_MIMMUTABLE,
	    (long)(uintptr_t)addr, (long)len, 0, 0);
}

/* bsdvm_sys_mquery: where mmap would put a mapping of len bytes with this hint,
 * without mapping it; with fixed, whether it could be exactly there.
 * => ENOMEM: no room; EINVAL */
static inline void *
bsdvm_sys_mquery(void *addr, size_t len, int fixed)
{
	return bsdvm_sys_pointer(bsdvm_sys_call(BSDVM_SYS_CALL_MQUERY,
	    (long)(uintptr_t)addr, (long)len, fixed, 0));
}

/* ---- passing memory on ---- */

/*
 * bsdvm_sys_give: a descriptor that stands for the memory of a range, for one
 * bsdvm_sys_take.  It is a pipe's end: it passes over Unix sockets, is
 * inherited, is closed on exec.  When it is closed everywhere untaken, the
 * memory goes.
 * => EFAULT: something there is not mapped; EPERM: immutable; EBUSY: locked
 *    memory cannot be lent or moved; EAGAIN: more lent than may be; ENOMEM
 * => on error nothing has changed
 */
static inline int
bsdvm_sys_give(void *addr, size_t len, int how)
{
	int fds[2] = { -1, -1 };
	const long make[5] = { (long)(uintptr_t)fds, BSDVM_SYS_O_CLOEXEC, 0, 0,
		0 };
	long made = bsdvm_sys_raw(BSDVM_SYS_NR_PIPE2, make), given;
	long shut[5] = { 0, 0, 0, 0, 0 };

	if (made < 0)
		return (int)bsdvm_sys_result(made);
	given = bsdvm_sys_call(BSDVM_SYS_CALL_GIVE, (long)(uintptr_t)addr,
	    (long)len, how, fds[1]);
	shut[0] = fds[1];
	(void)bsdvm_sys_raw(BSDVM_SYS_NR_CLOSE, shut);
	if (given >= 0)
		return fds[0];
	shut[0] = fds[0];
	(void)bsdvm_sys_raw(BSDVM_SYS_NR_CLOSE, shut);
	return -1;
}

/*
 * bsdvm_sys_take: map what the descriptor stands for, near addr or, NULL,
 * anywhere; *len tells how much it is.  The descriptor is of no use then: close
 * it.
 * => EINVAL: nothing was given with it, or it has been taken; ENOMEM
 * => on error it can be tried again
 */
static inline void *
bsdvm_sys_take(int fd, void *addr, size_t *len)
{
	return bsdvm_sys_pointer(bsdvm_sys_call(BSDVM_SYS_CALL_TAKE, fd,
	    (long)(uintptr_t)addr, (long)(uintptr_t)len, 0));
}

/* ---- looking, and swap ---- */

/* bsdvm_sys_stats: fill in what there is of size bytes.  => how many, or -1 */
static inline int
bsdvm_sys_stats(struct bsdvm_sys_stats *stats, size_t size)
{
	return (int)bsdvm_sys_call(BSDVM_SYS_CALL_STATS, (long)(uintptr_t)stats,
	    (long)size, 0, 0);
}

/*
 * bsdvm_sys_swapctl: COUNT: returns it.  STATS: arg is n struct bsdvm_sys_swap,
 * and how many there were is returned.  ON, OFF: arg is a string; for ON with
 * the words of `bsdvm run -s`, for OFF the same as when it was added.
 * => EINVAL: not words of -s, or nothing is swapped to there; EBUSY; ENOMEM:
 *    what is there fits nowhere else, or too many devices; EIO; for ON also
 *    what opening gave, after a message of bsdvm's
 */
static inline int
bsdvm_sys_swapctl(int what, void *arg, int n)
{
	return (int)bsdvm_sys_call(BSDVM_SYS_CALL_SWAPCTL, what,
	    (long)(uintptr_t)arg, n, 0);
}

#endif
