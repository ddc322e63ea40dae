/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filter.h - which system calls stop a process, and where its stub stands.
 *
 * The filter is a seccomp program that the kernel runs at each system call:
 *
 *	arch is not x86-64, or x32	 -> ENOSYS
 *	PLAIN by number			 -> goes on	kernel remembers these
 *	DENY by number			 -> its error
 *	PLAIN or DENY by command	 -> goes on, or its error
 *	made by the stub code page	 -> goes on
 *	FILTER_GIVE with its key	 -> the listener hears of it
 *	the rest, and unknown numbers	 -> stops: PTRACE_EVENT_SECCOMP
 *
 * The classes are those of sysargs.h.  Numbers are searched in a balanced tree.
 *
 * The stub region is at the same address in every process: a page of code, then
 * slots of one page.  The address is one where nothing that maps memory at
 * fixed places wants to be: below the programs that the kernel loads at
 * 0x555555554000 and above, in the part that MemorySanitizer, ThreadSanitizer
 * and AddressSanitizer all leave to the application, far from the arenas of Go
 * (0xc000000000 and 0x55c000000000), the heaps of Java (up to 0x500000000000),
 * Wine, valgrind, and the kernel's own areas.
 */
#ifndef HOST_FILTER_H
#define HOST_FILTER_H

#include <stddef.h>
#include <stdint.h>
#include <linux/filter.h>

#define STUB_BASE      UINT64_C(0x550000000000)
#define STUB_CODE      STUB_BASE
#define STUB_CODE_SIZE UINT64_C(4096)
#define STUB_SLOTS     (STUB_CODE + STUB_CODE_SIZE)
#define STUB_SLOT_SIZE UINT64_C(4096)
#define STUB_NSLOTS    UINT64_C(32767)
#define STUB_END       (STUB_SLOTS + STUB_NSLOTS * STUB_SLOT_SIZE)

/*
 * The call in which a new program is given the memory file (give.h): no call
 * of Linux has the number, no program knows the key, its first argument.
 */
#define FILTER_GIVE     0x3fb5d000
#define FILTER_GIVE_KEY UINT64_C(0xb5d7319e04c8a265)

/* Room that is enough for the program. */
#define FILTER_MAX 2048

/*
 * filter_build: write the filter.
 *
 * prog		out: the program, in code
 * code, max	room for it, FILTER_MAX is enough
 * => does not allocate
 * => 0; VM_ENOMEM if max is too small
 */
int filter_build(struct sock_fprog *prog, struct sock_filter *code, size_t max);

/*
 * filter_install: put the calling thread, and all it will start, under a
 * filter, for good.
 *
 * listener	out: a descriptor, closed by exec, for seccomp_unotify(2)
 *
 * Sets no_new_privs only if the caller may not do without, so that programs
 * that root runs keep their set-user-ID bits.
 *
 * => safe after fork in a process that had threads: system calls only
 * => 0; VM_EPERM, VM_ENOTSUP if the kernel has no seccomp filters, VM_EBUSY if
 *    a filter that we are under has a listener; errno is set
 */
int filter_install(const struct sock_fprog *prog, int *listener);

#endif
