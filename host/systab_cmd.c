/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * systab_cmd.c - system calls that are many calls, one row a command.
 *
 *	CMD(name, command, pointers...)	 buffers only
 *	CMDS(name, first, last, pointers...)
 *	FILE(name, command, files, pointers...)	 also uses the bytes of files
 *	PLAIN(name, command), PLAINS(name, first, last)	 nothing: no stop
 *	DENY(name, command, error)
 *	OWN(name, command, pointers...)	 the supervisor has a part in it
 *
 * Sorted by the number of the call; the first row that matches holds.  PLAIN
 * and DENY of one call stand in order of the commands.  What is not here does
 * what the row of the call in systab.c says.
 * Numbers stand where the headers of Debian 12 have no name yet, and for the
 * commands of other architectures.
 */

#include <asm/ioctls.h>
#include <asm/prctl.h>
#include <asm/socket.h>
#include <asm/unistd.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/fcntl.h>
#include <linux/futex.h>
#include <linux/keyctl.h>
#include <linux/mount.h>
#include <linux/msg.h>
#include <linux/prctl.h>
#include <linux/sem.h>
#include <linux/shm.h>
#include <linux/sockios.h>

#include "host/systab.h"
#include "include/bsdvm/syscall.h"

#define __NR_bsdvm BSDVM_SYSCALL

/* clang-format off */
#define MATCH(call, bits, begin, end) \
	.nr = __NR_##call, .mask = (bits), .first = (begin), .last = (end)
#define RANGE(call, begin, end) MATCH(call, UINT32_MAX, begin, end)

#define PLAINS(call, begin, end) \
	{ SYS_INFO(call, PLAIN, 0, NOFILE), RANGE(call, begin, end) }
#define DENYS(call, begin, end, error) \
	{ SYS_INFO(call, DENY, error, NOFILE), RANGE(call, begin, end) }
#define CMDS(call, begin, end, ...) \
	{ SYS_INFO(call, BUFFERS, 0, NOFILE), RANGE(call, begin, end), \
	    .bufs = { __VA_ARGS__ } }
#define FILE(call, command, files, ...) \
	{ SYS_INFO(call, BUFFERS, 0, files), RANGE(call, command, command), \
	    .bufs = { __VA_ARGS__ } }
#define PLAIN(call, command)	   PLAINS(call, command, command)
#define DENY(call, command, error) DENYS(call, command, command, error)
#define CMD(call, command, ...)	   CMDS(call, command, command, __VA_ARGS__)

#define OWN(call, command, ...) \
	{ SYS_INFO(call, MEMORY, 0, NOFILE), RANGE(call, command, command), \
	    .bufs = { __VA_ARGS__ } }

/* Segments of shared memory are the supervisor's. */
#define SHM(command, ...) OWN(shmctl, command, __VA_ARGS__)

/* A futex operation, private or shared, with any clock. */
#define FUTEX(op, ...) \
	{ SYS_INFO(futex, BUFFERS, 0, NOFILE), \
	    MATCH(futex, (uint32_t)FUTEX_CMD_MASK, op, op), \
	    .bufs = { __VA_ARGS__ } }

const struct sys_cmd sys_cmds[] = {
	PLAIN(poll, 0), /* nothing but a wait */

	CMD(ioctl, FIBMAP, INOUT(2, INT)),
	CMD(ioctl, FIGETBSZ, OUT(2, INT)),
	CMD(ioctl, TCGETS, OUT(2, SIZE(36))),
	CMDS(ioctl, TCSETS, TCSETSF, IN(2, SIZE(36))),
	CMD(ioctl, TCGETA, OUT(2, SIZE(18))),
	CMDS(ioctl, TCSETA, TCSETAF, IN(2, SIZE(18))),
	PLAINS(ioctl, TCSBRK, TIOCSCTTY),
	CMD(ioctl, TIOCGPGRP, OUT(2, INT)),
	CMD(ioctl, TIOCSPGRP, IN(2, INT)),
	CMD(ioctl, TIOCOUTQ, OUT(2, INT)),
	CMD(ioctl, TIOCSTI, IN(2, SIZE(1))),
	CMD(ioctl, TIOCGWINSZ, OUT(2, SIZE(8))),
	CMD(ioctl, TIOCSWINSZ, IN(2, SIZE(8))),
	CMD(ioctl, TIOCMGET, OUT(2, INT)),
	CMDS(ioctl, TIOCMBIS, TIOCMSET, IN(2, INT)),
	CMD(ioctl, TIOCGSOFTCAR, OUT(2, INT)),
	CMD(ioctl, TIOCSSOFTCAR, IN(2, INT)),
	CMD(ioctl, FIONREAD, OUT(2, INT)),
	PLAIN(ioctl, TIOCCONS),
	CMD(ioctl, TIOCGSERIAL, OUT(2, SIZE(72))),
	CMD(ioctl, TIOCSSERIAL, IN(2, SIZE(72))),
	CMD(ioctl, TIOCPKT, IN(2, INT)),
	CMD(ioctl, FIONBIO, IN(2, INT)),
	PLAIN(ioctl, TIOCNOTTY),
	CMD(ioctl, TIOCSETD, IN(2, INT)),
	CMD(ioctl, TIOCGETD, OUT(2, INT)),
	PLAINS(ioctl, TCSBRKP, TIOCCBRK),
	CMD(ioctl, TIOCGSID, OUT(2, INT)),
	PLAIN(ioctl, TIOCVHANGUP),
	PLAIN(ioctl, TIOCGPTPEER),
	PLAINS(ioctl, FIONCLEX, FIOCLEX),
	CMD(ioctl, FIOASYNC, IN(2, INT)),
	CMD(ioctl, TIOCGLCKTRMIOS, OUT(2, SIZE(36))),
	CMD(ioctl, TIOCSLCKTRMIOS, IN(2, SIZE(36))),
	CMD(ioctl, TIOCSERGETLSR, OUT(2, INT)),
	PLAIN(ioctl, TIOCMIWAIT),
	CMD(ioctl, TIOCGICOUNT, OUT(2, SIZE(80))),
	CMD(ioctl, FIOQSIZE, OUT(2, LONG)),
	CMD(ioctl, SIOCGIFCONF, INOUT(2, ONE(ifconf, 16))),
	CMDS(ioctl, 0x8900, 0x8bff, INOUT(2, ONE(ifreq, 40))), /* SIOC* */
	FILE(ioctl, FICLONE, COPIES(2, 0), NOTHING),
	FILE(ioctl, FICLONERANGE, WRITES(0), IN(2, SIZE(32))),
	FILE(ioctl, FIDEDUPERANGE, READS(0), INOUT(2, SELF(2, 16, 32, 24))),
	CMD(ioctl, FS_IOC_FIEMAP, INOUT(2, SELF(2, 24, 56, 32))),

	SHM(IPC_RMID, NOTHING),
	SHM(IPC_SET, IN(2, SIZE(112))),
	SHM(IPC_STAT, OUT(2, SIZE(112))),
	SHM(IPC_INFO, OUT(2, SIZE(72))),
	SHM(SHM_LOCK, NOTHING),
	SHM(SHM_UNLOCK, NOTHING),
	SHM(SHM_STAT, OUT(2, SIZE(112))),
	SHM(SHM_INFO, OUT(2, SIZE(48))),
	SHM(SHM_STAT_ANY, OUT(2, SIZE(112))),

	CMD(setsockopt, SO_ATTACH_FILTER, IN(3, GROWN32(fprog, 4))),
	CMD(setsockopt, SO_ATTACH_REUSEPORT_CBPF, IN(3, GROWN32(fprog, 4))),

	CMD(getsockopt, SO_GET_FILTER, OUT(3, SOCKLENS(8, 4)), INOUT(4, INT)),

	PLAIN(semctl, IPC_RMID),
	CMD(semctl, IPC_SET, IN(3, SIZE(104))),
	CMD(semctl, IPC_STAT, OUT(3, SIZE(104))),
	CMD(semctl, IPC_INFO, OUT(3, SIZE(40))),
	PLAINS(semctl, GETPID, GETVAL),
	CMD(semctl, GETALL, OUT(3, SIZE(2 * SEMMSL))),
	PLAINS(semctl, GETNCNT, SETVAL),
	CMD(semctl, SETALL, IN(3, SIZE(2 * SEMMSL))),
	CMD(semctl, SEM_STAT, OUT(3, SIZE(104))),
	CMD(semctl, SEM_INFO, OUT(3, SIZE(40))),
	CMD(semctl, SEM_STAT_ANY, OUT(3, SIZE(104))),

	PLAIN(msgctl, IPC_RMID),
	CMD(msgctl, IPC_SET, IN(2, SIZE(120))),
	CMD(msgctl, IPC_STAT, OUT(2, SIZE(120))),
	CMD(msgctl, IPC_INFO, OUT(2, SIZE(32))),
	CMD(msgctl, MSG_STAT, OUT(2, SIZE(120))),
	CMD(msgctl, MSG_INFO, OUT(2, SIZE(32))),
	CMD(msgctl, MSG_STAT_ANY, OUT(2, SIZE(120))),

	PLAINS(fcntl, F_DUPFD, F_SETFL),
	CMD(fcntl, F_GETLK, INOUT(2, FLOCK)),
	CMDS(fcntl, F_SETLK, F_SETLKW, IN(2, FLOCK)),
	PLAINS(fcntl, F_SETOWN, F_GETSIG),
	CMD(fcntl, F_SETOWN_EX, IN(2, SIZE(8))),
	CMD(fcntl, F_GETOWN_EX, OUT(2, SIZE(8))),
	CMD(fcntl, F_GETOWNER_UIDS, OUT(2, SIZE(8))),
	CMD(fcntl, F_OFD_GETLK, INOUT(2, FLOCK)),
	CMDS(fcntl, F_OFD_SETLK, F_OFD_SETLKW, IN(2, FLOCK)),
	PLAINS(fcntl, F_SETLEASE, F_GETPIPE_SZ), /* also F_DUPFD_CLOEXEC */
	OWN(fcntl, F_ADD_SEALS, NOTHING),
	PLAIN(fcntl, F_GET_SEALS),
	CMD(fcntl, F_GET_RW_HINT, OUT(2, LONG)),
	CMD(fcntl, F_SET_RW_HINT, IN(2, LONG)),
	CMD(fcntl, F_GET_FILE_RW_HINT, OUT(2, LONG)),
	CMD(fcntl, F_SET_FILE_RW_HINT, IN(2, LONG)),

	PLAIN(personality, 0xffffffff), /* asks only */

	CMD(sysfs, 1, IN(1, STRING)),
	CMD(sysfs, 2, OUT(2, GUESS)),
	PLAIN(sysfs, 3),

	PLAIN(prctl, PR_SET_PDEATHSIG),
	CMD(prctl, PR_GET_PDEATHSIG, OUT(1, INT)),
	PLAINS(prctl, PR_GET_DUMPABLE, PR_SET_DUMPABLE),
	DENYS(prctl, PR_GET_UNALIGN, PR_SET_UNALIGN, EINVAL),
	PLAINS(prctl, PR_GET_KEEPCAPS, PR_SET_KEEPCAPS),
	DENYS(prctl, PR_GET_FPEMU, PR_SET_FPEXC, EINVAL),
	PLAINS(prctl, PR_GET_TIMING, PR_SET_TIMING),
	CMD(prctl, PR_SET_NAME, IN(1, STRING_TO(15))),
	CMD(prctl, PR_GET_NAME, OUT(1, SIZE(16))),
	DENYS(prctl, PR_GET_ENDIAN, PR_SET_ENDIAN, EINVAL),
	DENY(prctl, PR_GET_SECCOMP, 0), /* no filter that it knows of */
	DENY(prctl, PR_SET_SECCOMP, EINVAL),
	PLAINS(prctl, PR_CAPBSET_READ, PR_CAPBSET_DROP),
	CMD(prctl, PR_GET_TSC, OUT(1, INT)),
	PLAINS(prctl, PR_SET_TSC, PR_MCE_KILL_GET),
	OWN(prctl, PR_SET_MM, NOTHING), /* for args.c; else EPERM */
	PLAIN(prctl, PR_SET_CHILD_SUBREAPER),
	CMD(prctl, PR_GET_CHILD_SUBREAPER, OUT(1, INT)),
	PLAINS(prctl, PR_SET_NO_NEW_PRIVS, PR_GET_NO_NEW_PRIVS),
	CMD(prctl, PR_GET_TID_ADDRESS, OUT(1, LONG)),
	PLAINS(prctl, PR_SET_THP_DISABLE, PR_CAP_AMBIENT),
	DENYS(prctl, PR_SVE_SET_VL, PR_SVE_GET_VL, EINVAL),
	PLAINS(prctl, PR_GET_SPECULATION_CTRL, PR_SET_SPECULATION_CTRL),
	DENYS(prctl, PR_PAC_RESET_KEYS, PR_GET_TAGGED_ADDR_CTRL, EINVAL),
	PLAINS(prctl, PR_SET_IO_FLUSHER, PR_GET_IO_FLUSHER),
	DENYS(prctl, PR_SET_SYSCALL_USER_DISPATCH, PR_PAC_GET_ENABLED_KEYS,
	    EINVAL),
	CMD(prctl, PR_SCHED_CORE, OUT(4, LONG)),
	DENYS(prctl, 63, 66, EINVAL),	/* PR_SME_SET_VL to PR_GET_MDWE */
	PLAINS(prctl, 67, 68),		/* PR_{SET,GET}_MEMORY_MERGE */
	PLAINS(prctl, 77, 78),		/* PR_TIMER_CREATE_..., PR_FUTEX_HASH */
	CMD(prctl, 0x41555856, OUT(1, BYTES(2))), /* PR_GET_AUXV */
	DENY(prctl, PR_SET_VMA, EINVAL),
	PLAIN(prctl, PR_SET_PTRACER),

	PLAINS(arch_prctl, ARCH_SET_GS, ARCH_SET_FS),
	CMDS(arch_prctl, ARCH_GET_FS, ARCH_GET_GS, OUT(1, LONG)),
	PLAINS(arch_prctl, ARCH_GET_CPUID, ARCH_SET_CPUID),
	CMDS(arch_prctl, ARCH_GET_XCOMP_SUPP, ARCH_GET_XCOMP_PERM,
	    OUT(1, LONG)),
	PLAIN(arch_prctl, ARCH_REQ_XCOMP_PERM),
	CMD(arch_prctl, ARCH_GET_XCOMP_GUEST_PERM, OUT(1, LONG)),
	PLAIN(arch_prctl, ARCH_REQ_XCOMP_GUEST_PERM),
	DENYS(arch_prctl, ARCH_MAP_VDSO_X32, ARCH_MAP_VDSO_64, EINVAL),
	DENYS(arch_prctl, 0x3001, 0x3fff, EINVAL), /* ARCH_CET_*, withdrawn */
	CMD(arch_prctl, 0x4001, OUT(1, LONG)),	/* ARCH_GET_UNTAG_MASK */
	DENY(arch_prctl, 0x4002, EINVAL),	/* ARCH_ENABLE_TAGGED_ADDR */
	CMD(arch_prctl, 0x4003, OUT(1, LONG)),	/* ARCH_GET_MAX_TAG_BITS */
	DENYS(arch_prctl, 0x5001, 0x5005, EINVAL), /* ARCH_SHSTK_* */

	/*
	 * A private futex is a process and an address, so a wake looks at no
	 * page.  A shared one is a frame, so it must have the frame that is
	 * written: all count as written, though most are only read.
	 */
	PLAIN(futex, FUTEX_WAKE_PRIVATE),
	PLAIN(futex, FUTEX_REQUEUE_PRIVATE),
	PLAIN(futex, FUTEX_WAKE_BITSET_PRIVATE),
	FUTEX(FUTEX_WAIT, INOUT(0, INT), IN(3, TIMESPEC)),
	FUTEX(FUTEX_WAKE, INOUT(0, INT)),
	FUTEX(FUTEX_REQUEUE, INOUT(0, INT), INOUT(4, INT)),
	FUTEX(FUTEX_CMP_REQUEUE, INOUT(0, INT), INOUT(4, INT)),
	FUTEX(FUTEX_WAKE_OP, INOUT(0, INT), INOUT(4, INT)),
	FUTEX(FUTEX_LOCK_PI, INOUT(0, INT), IN(3, TIMESPEC)),
	FUTEX(FUTEX_UNLOCK_PI, INOUT(0, INT)),
	FUTEX(FUTEX_TRYLOCK_PI, INOUT(0, INT)),
	FUTEX(FUTEX_WAIT_BITSET, INOUT(0, INT), IN(3, TIMESPEC)),
	FUTEX(FUTEX_WAKE_BITSET, INOUT(0, INT)),
	FUTEX(FUTEX_WAIT_REQUEUE_PI, INOUT(0, INT), IN(3, TIMESPEC),
	    INOUT(4, INT)),
	FUTEX(FUTEX_CMP_REQUEUE_PI, INOUT(0, INT), INOUT(4, INT)),
	FUTEX(FUTEX_LOCK_PI2, INOUT(0, INT), IN(3, TIMESPEC)),

	PLAIN(keyctl, KEYCTL_GET_KEYRING_ID),
	CMD(keyctl, KEYCTL_JOIN_SESSION_KEYRING, IN(1, STRING)),
	CMD(keyctl, KEYCTL_UPDATE, IN(2, BYTES(3))),
	PLAINS(keyctl, KEYCTL_REVOKE, KEYCTL_SETPERM),
	CMD(keyctl, KEYCTL_DESCRIBE, OUT(2, BYTES(3))),
	PLAINS(keyctl, KEYCTL_CLEAR, KEYCTL_UNLINK),
	CMD(keyctl, KEYCTL_SEARCH, IN(2, STRING), IN(3, STRING)),
	CMD(keyctl, KEYCTL_READ, OUT(2, BYTES(3))),
	CMD(keyctl, KEYCTL_INSTANTIATE, IN(2, BYTES(3))),
	PLAINS(keyctl, KEYCTL_NEGATE, KEYCTL_ASSUME_AUTHORITY),
	CMD(keyctl, KEYCTL_GET_SECURITY, OUT(2, BYTES(3))),
	PLAINS(keyctl, KEYCTL_SESSION_TO_PARENT, KEYCTL_REJECT),
	CMD(keyctl, KEYCTL_INSTANTIATE_IOV, IN(2, MANY(iov_in, 16, 3))),
	PLAINS(keyctl, KEYCTL_INVALIDATE, KEYCTL_GET_PERSISTENT),
	CMD(keyctl, KEYCTL_RESTRICT_KEYRING, IN(2, STRING), IN(3, STRING)),
	PLAIN(keyctl, KEYCTL_MOVE),
	CMD(keyctl, KEYCTL_CAPABILITIES, OUT(1, BYTES(2))),
	PLAIN(keyctl, KEYCTL_WATCH_KEY),

	CMD(bpf, BPF_PROG_LOAD, INOUT(1, GROWN(prog_load, 2))),

	OWN(bsdvm, BSDVM_SYS_CALL_STATS, OUT(1, BYTES(2))),
	OWN(bsdvm, BSDVM_SYS_CALL_TAKE, OUT(3, SIZE(8))),
	OWN(bsdvm, BSDVM_SYS_CALL_SWAPCTL, INOUT(2, GUESS)),

	CMD(fsconfig, FSCONFIG_SET_FLAG, IN(2, STRING)),
	CMD(fsconfig, FSCONFIG_SET_STRING, IN(2, STRING), IN(3, STRING)),
	CMD(fsconfig, FSCONFIG_SET_BINARY, IN(2, STRING), IN(3, BYTES32(4))),
	CMDS(fsconfig, FSCONFIG_SET_PATH, FSCONFIG_SET_PATH_EMPTY,
	    IN(2, STRING), IN(3, STRING)),
	CMD(fsconfig, FSCONFIG_SET_FD, IN(2, STRING)),
	PLAINS(fsconfig, FSCONFIG_CMD_CREATE, 8),
};
/* clang-format on */

const size_t sys_ncmds = sizeof(sys_cmds) / sizeof(sys_cmds[0]);

void
sys_cmds_of(uint32_t nr, size_t *first, size_t *end)
{
	size_t low = 0, high = sys_ncmds, middle;

	while (low < high) {
		middle = (low + high) / 2;
		if (sys_cmds[middle].nr < nr)
			low = middle + 1;
		else
			high = middle;
	}
	*first = low;
	while (low < sys_ncmds && sys_cmds[low].nr == nr)
		low++;
	*end = low;
}
