/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host_sysargs_kernel_test.c - does the table of system calls tell the truth?
 *
 * The kernel is asked.  Each buffer of a call is placed at the end of its own
 * pad, before a page that is not accessible:
 *
 *	pad  |............ [buffer]|guard|
 *
 * The walker says which ranges the call uses.  They must be the buffers, no
 * byte more or less.  Then only the pages of these ranges are made accessible,
 * for reading or for writing as the walker said, and the call is made: EFAULT
 * means that the table has forgotten something.  Last, each buffer is moved by
 * one byte so that its last byte is in the guard page: if the call does not
 * say EFAULT then, the table says too much.
 *
 * One line of samples[] is one test.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <asm/prctl.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/futex.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/sysargs.h"
#include "vm/vm_types.h"

enum {
	BUFS = 6,
	LINKS = 4,
	RANGES = 16,
	PAD_PAGES = 2,
	ANY = -1,    /* a result: any but EFAULT */
	NESTED = -1, /* an argument: another buffer points there */
};

#define PAD_SIZE  (PAD_PAGES * VM_PAGE_SIZE)
#define PAD_SPACE (PAD_SIZE + VM_PAGE_SIZE)

/* What happens when the last byte of a buffer is not accessible. */
enum cut {
	CUT_FAULTS, /* the call fails with EFAULT */
	CUT_SHORT,  /* it may also transfer less than before */
	CUT_NOT,    /* nothing that could be relied on */
};

struct buf {
	int arg;
	enum cut cut;
	size_t size;
	const void *data; /* size bytes; NULL: zeroes */
	bool more;        /* the table may say that it is longer */
};

/* At bytes into buffer from there is a pointer to buffer to. */
struct link {
	uint8_t from;
	uint8_t at;
	uint8_t to;
};

struct sample {
	const char *name;
	uint32_t nr;
	uint64_t args[6];
	int error; /* errno of the call; 0: it must not fail; ANY */
	void (*before)(void);
	struct buf bufs[BUFS];
	struct link links[LINKS];
};

/* ---------------------------------------------- what samples can refer to */

/* Descriptors have fixed numbers. */
enum {
	FD_MEM = 200, /* a memory file of 16 KB */
	FD_ZERO,      /* /dev/zero */
	FD_PIPE,      /* to read: 512 bytes are in it */
	FD_PIPE_IN,
	FD_DGRAM, /* a datagram of 100 bytes waits here */
	FD_DGRAM_TO,
	FD_UDP,   /* bound to loopback, sends to itself */
	FD_EPOLL, /* FD_PIPE is ready */
	FD_TIMER,
	FD_PTY,
	FD_DIR,  /* the directory of the test, which is its current one */
	FD_FILE, /* "file" in it, of 512 bytes; "link" points there */
	FD_INOTIFY,
};

/* Numbers that are known at run time only: stand-ins in args. */
enum { SEM, MSG, TIMER, MQ, PID, VARS };

#define VAR(i)    (UINT64_C(0xabcd00000000) + (i))
#define IS_VAR(x) ((x) >= VAR(0) && (x) < VAR(VARS))
#define MINUS(n)  (UINT64_MAX - (n) + 1)
#define CWD       MINUS(100) /* AT_FDCWD */
#define HERE      MINUS(2)   /* KEY_SPEC_PROCESS_KEYRING */
#define MQ_NAME   "sysargs_kernel_test"

static uint64_t vars[VARS];
static char dir[] = "/tmp/sysargs.XXXXXX";
static char bytes[512];

static const uint64_t zeroes[32], ones = UINT64_MAX, middle = 256;
static const uint64_t two_longs[2] = { 0, 4096 };
static const uint32_t two = 2, four = 4, seven = 7, sixteen = 16;
static const uint32_t thirty_two = 32, sixty_four = 64;
static const struct timespec moment = { .tv_nsec = 1 };
static const struct timespec moments[2];
static const uint64_t no_signal, sigusr1 = UINT64_C(1) << (SIGUSR1 - 1);
static const uint64_t mask_arg[2] = { 0, 8 };
static const uint64_t bad_stack[3] = { 0, 99, 0 };
static const struct sembuf sem_up = { 0, 1, IPC_NOWAIT };
static const uint64_t message[3] = { 1, 0, 0 };
static const struct pollfd one_fd = { FD_PIPE, POLLIN, 0 };
static const struct epoll_event event = { .events = EPOLLIN };
static const struct flock write_lock = { .l_type = F_WRLCK };
static const struct flock read_lock = { .l_type = F_RDLCK };
static const uint32_t owner[2] = { 1, 0 }; /* F_OWNER_PID */
static const struct sockaddr_in loopback = { .sin_family = AF_INET,
	.sin_addr = { 0x0100007f } };
static const struct sockaddr_un no_socket = { .sun_family = AF_UNIX,
	.sun_path = "no such socket" };
static const uint32_t cap_header[2] = { 0x20080522, 0 };
static const uint64_t iov[2] = { 0, 100 };
static const uint64_t iovs[4] = { 0, 100, 0, 33 };
static const struct iovec remote = { bytes, 100 };
static const uint64_t msg[7] = { 0, 0, 0, 1, 0, 0, 0 };
static const uint64_t msg_full[7] = { 0, 16, 0, 1, 0, 64, 0 };
static const uint64_t mmsg[8] = { 0, 0, 0, 1, 0, 0, 0, 0 };
static const struct ifreq lo = { .ifr_name = "lo" };
static const uint64_t ifconf[2] = { 80, 0 };
static const struct sock_filter program[2] = { { 0x80, 0, 0, 0 },
	{ 0x06, 0, 0, 0xffff } };
static const uint64_t fprog[2] = { 2, 0 };
static const siginfo_t queued = { .si_signo = SIGUSR1, .si_code = SI_QUEUE };
static const uint64_t quiet[8] = { 0, UINT64_C(1) << 32 }; /* SIGEV_NONE */
static const uint64_t waiters[6] = { 1, 0, 2, 1, 0, 2 };   /* 32 bits wide */
static const uint64_t mount_req[3] = { 24, UINT64_MAX, 0 };
static const uint64_t xattr_args[2] = { 0, 5 };
static const uint64_t mq_attr[8] = { 0, 1, 8, 0 };
static const uint64_t bad_clone[8] = { UINT64_MAX };
static const uint64_t sched_attr[7] = { 56 };
static const uint64_t pointers[3], one_pointer[2];

static void
raise_blocked(void)
{
	(void)raise(SIGUSR1);
}

static void
make_zombie(void)
{
	pid_t pid = fork();
	siginfo_t si;

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &si, WEXITED | WNOWAIT), 0);
}

static void
drain_queue(void)
{
	uint64_t m[3];

	while (msgrcv((int)vars[MSG], m, 16, 0, IPC_NOWAIT) >= 0)
		;
}

static void
fill_queue(void)
{
	drain_queue();
	assert_int_equal(msgsnd((int)vars[MSG], message, 16, IPC_NOWAIT), 0);
}

static void
fill_mq(void)
{
	(void)syscall(SYS_mq_timedsend, vars[MQ], bytes, 8, 0, &moment);
}

static void
drain_mq(void)
{
	(void)syscall(SYS_mq_timedreceive, vars[MQ], bytes, 8, NULL, &moment);
}

static void
rewind_dir(void)
{
	assert_int_equal(lseek(FD_DIR, 0, SEEK_SET), 0);
}

static void
send_udp(void)
{
	struct sockaddr_in me;
	socklen_t len = sizeof(me);

	assert_int_equal(getsockname(FD_UDP, (struct sockaddr *)&me, &len), 0);
	assert_int_equal(sendto(FD_UDP, bytes, 100, 0, (struct sockaddr *)&me,
			     len),
	    100);
}

/* ---------------------------------------------------------------- samples */

#define OUT(a, n)                       \
	{                               \
		.arg = (a), .size = (n) \
	}
#define IN(a, what)                                               \
	{                                                         \
		.arg = (a), .size = sizeof(what), .data = &(what) \
	}
#define PART(a, n)                                     \
	{                                              \
		.arg = (a), .size = (n), .data = bytes \
	}
#define TEXT(a, text)                                            \
	{                                                        \
		.arg = (a), .size = sizeof(text), .data = (text) \
	}
#define OUT_SHORT(a, n)                                   \
	{                                                 \
		.arg = (a), .size = (n), .cut = CUT_SHORT \
	}
#define IN_SHORT(a, n)                                                   \
	{                                                                \
		.arg = (a), .size = (n), .data = bytes, .cut = CUT_SHORT \
	}
#define OUT_ANY(a, n)                                   \
	{                                               \
		.arg = (a), .size = (n), .cut = CUT_NOT \
	}
#define IN_ANY(a, what)                                            \
	{                                                          \
		.arg = (a), .size = sizeof(what), .data = &(what), \
		.cut = CUT_NOT                                     \
	}
#define MORE(a, n)                                                    \
	{                                                             \
		.arg = (a), .size = (n), .cut = CUT_NOT, .more = true \
	}
#define BUFS(...)  .bufs = { __VA_ARGS__ }
#define LINKS(...) .links = { __VA_ARGS__ }
#define FAILS(e)   .error = (e)
#define BEFORE(f)  .before = (f)

/* clang-format off */
static struct sample samples[] = {
	/* Files by descriptor. */
	{ "read", SYS_read, { FD_ZERO, 0, 100 }, BUFS(OUT_SHORT(1, 100)) },
	{ "write", SYS_write, { FD_MEM, 0, 100 }, BUFS(IN_SHORT(1, 100)) },
	{ "pread64", SYS_pread64, { FD_MEM, 0, 100 },
	    BUFS(OUT_SHORT(1, 100)) },
	{ "pwrite64", SYS_pwrite64, { FD_MEM, 0, 100 },
	    BUFS(IN_SHORT(1, 100)) },
	{ "readv", SYS_readv, { FD_ZERO, 0, 2 }, BUFS(IN(1, iovs),
	    OUT_SHORT(NESTED, 100), OUT_SHORT(NESTED, 33)),
	    LINKS({ 0, 0, 1 }, { 0, 16, 2 }) },
	{ "writev", SYS_writev, { FD_MEM, 0, 1 },
	    BUFS(IN(1, iov), IN_SHORT(NESTED, 100)), LINKS({ 0, 0, 1 }) },
	{ "preadv", SYS_preadv, { FD_MEM, 0, 1 },
	    BUFS(IN(1, iov), OUT_SHORT(NESTED, 100)), LINKS({ 0, 0, 1 }) },
	{ "pwritev", SYS_pwritev, { FD_MEM, 0, 1 },
	    BUFS(IN(1, iov), IN_SHORT(NESTED, 100)), LINKS({ 0, 0, 1 }) },
	{ "preadv2", SYS_preadv2, { FD_MEM, 0, 1 },
	    BUFS(IN(1, iov), OUT_SHORT(NESTED, 100)), LINKS({ 0, 0, 1 }) },
	{ "pwritev2", SYS_pwritev2, { FD_MEM, 0, 1 },
	    BUFS(IN(1, iov), IN_SHORT(NESTED, 100)), LINKS({ 0, 0, 1 }) },
	{ "sendfile", SYS_sendfile, { FD_MEM, FD_FILE, 0, 10 },
	    BUFS(IN(2, zeroes[0])) },
	{ "splice in", SYS_splice, { FD_FILE, 0, FD_PIPE_IN, 0, 10 },
	    BUFS(IN(1, zeroes[0])) },
	{ "splice out", SYS_splice, { FD_PIPE, 0, FD_MEM, 0, 10 },
	    BUFS(IN(3, zeroes[0])) },
	{ "copy_file_range", SYS_copy_file_range,
	    { FD_FILE, 0, FD_FILE, 0, 9 },
	    BUFS(IN(1, zeroes[0]), IN(3, middle)) },
	{ "fstat", SYS_fstat, { FD_FILE }, BUFS(OUT(1, 144)) },
	{ "fstatfs", SYS_fstatfs, { FD_FILE }, BUFS(OUT(1, 120)) },
	{ "getdents", SYS_getdents, { FD_DIR, 0, 512 }, BEFORE(rewind_dir),
	    BUFS(OUT_ANY(1, 512)) },
	{ "getdents64", SYS_getdents64, { FD_DIR, 0, 512 }, BEFORE(rewind_dir),
	    BUFS(OUT_ANY(1, 512)) },
	{ "cachestat", 451, { FD_FILE }, BUFS(IN(1, two_longs), OUT(2, 40)) },
	{ "pipe", SYS_pipe, { 0 }, BUFS(OUT(0, 8)) },
	{ "pipe2", SYS_pipe2, { 0 }, BUFS(OUT(0, 8)) },
	{ "memfd_create", SYS_memfd_create, { 0 }, BUFS(TEXT(0, "x")) },
	{ "fsetxattr", SYS_fsetxattr, { FD_FILE, 0, 0, 5 }, FAILS(ANY),
	    BUFS(TEXT(1, "user.x"), PART(2, 5)) },
	{ "fgetxattr", SYS_fgetxattr, { FD_FILE, 0, 0, 5 }, FAILS(ANY),
	    BUFS(TEXT(1, "user.x"), OUT_ANY(2, 5)) },
	{ "flistxattr", SYS_flistxattr, { FD_FILE, 0, 64 }, FAILS(ANY),
	    BUFS(OUT_ANY(1, 64)) },

	/* Commands of descriptors. */
	{ "fcntl F_GETLK", SYS_fcntl, { FD_FILE, F_GETLK },
	    BUFS(IN(2, write_lock)) },
	{ "fcntl F_SETLK", SYS_fcntl, { FD_FILE, F_SETLK },
	    BUFS(IN(2, write_lock)) },
	{ "fcntl F_OFD_GETLK", SYS_fcntl, { FD_FILE, F_OFD_GETLK },
	    BUFS(IN(2, read_lock)) },
	{ "fcntl F_GETOWN_EX", SYS_fcntl, { FD_PIPE, F_GETOWN_EX },
	    BUFS(OUT(2, 8)) },
	{ "fcntl F_SETOWN_EX", SYS_fcntl, { FD_PIPE, F_SETOWN_EX },
	    BUFS(IN(2, owner)) },
	{ "fcntl F_GETOWNER_UIDS", SYS_fcntl, { FD_PIPE, 17 }, FAILS(ANY),
	    BUFS(OUT_ANY(2, 8)) },
	{ "fcntl F_GET_RW_HINT", SYS_fcntl, { FD_FILE, F_GET_RW_HINT },
	    BUFS(OUT(2, 8)) },
	{ "fcntl F_SET_RW_HINT", SYS_fcntl, { FD_FILE, F_SET_RW_HINT },
	    BUFS(IN(2, zeroes[0])) },
	{ "ioctl FIONREAD", SYS_ioctl, { FD_PIPE, FIONREAD },
	    BUFS(OUT(2, 4)) },
	{ "ioctl FIONBIO", SYS_ioctl, { FD_UDP, FIONBIO }, BUFS(IN(2, two)) },
	{ "ioctl FIOQSIZE", SYS_ioctl, { FD_FILE, FIOQSIZE },
	    BUFS(OUT(2, 8)) },
	{ "ioctl FIGETBSZ", SYS_ioctl, { FD_FILE, FIGETBSZ },
	    BUFS(OUT(2, 4)) },
	{ "ioctl FS_IOC_GETVERSION", SYS_ioctl, { FD_FILE, FS_IOC_GETVERSION },
	    FAILS(ANY), BUFS(OUT_ANY(2, 8)) },
	{ "ioctl TIOCGWINSZ", SYS_ioctl, { FD_PTY, TIOCGWINSZ },
	    BUFS(OUT(2, 8)) },
	{ "ioctl TIOCSWINSZ", SYS_ioctl, { FD_PTY, TIOCSWINSZ },
	    BUFS(IN(2, zeroes[0])) },
	{ "ioctl TCGETS", SYS_ioctl, { FD_PTY, TCGETS }, BUFS(OUT(2, 36)) },
	{ "ioctl TCSETS", SYS_ioctl, { FD_PTY, TCSETS }, BUFS(PART(2, 36)) },
	{ "ioctl TCGETA", SYS_ioctl, { FD_PTY, TCGETA }, BUFS(OUT_ANY(2, 18)) },
	{ "ioctl TIOCGPTN", SYS_ioctl, { FD_PTY, TIOCGPTN },
	    BUFS(OUT(2, 4)) },
	{ "ioctl SIOCGIFFLAGS", SYS_ioctl, { FD_UDP, SIOCGIFFLAGS },
	    BUFS(IN(2, lo)) },
	{ "ioctl SIOCGIFCONF", SYS_ioctl, { FD_UDP, SIOCGIFCONF },
	    BUFS(IN(2, ifconf), OUT_ANY(NESTED, 80)), LINKS({ 0, 8, 1 }) },

	/* Files by name. */
	{ "open", SYS_open, { 0 }, BUFS(TEXT(0, "file")) },
	{ "openat", SYS_openat, { CWD }, BUFS(TEXT(1, "file")) },
	{ "openat2", SYS_openat2, { CWD, 0, 0, 24 },
	    BUFS(TEXT(1, "file"), PART(2, 24)) },
	{ "creat", SYS_creat, { 0, 0600 }, BUFS(TEXT(0, "file2")) },
	{ "stat", SYS_stat, { 0 }, BUFS(TEXT(0, "file"), OUT(1, 144)) },
	{ "lstat", SYS_lstat, { 0 }, BUFS(TEXT(0, "link"), OUT(1, 144)) },
	{ "newfstatat", SYS_newfstatat, { CWD },
	    BUFS(TEXT(1, "file"), OUT(2, 144)) },
	{ "statx", SYS_statx, { CWD, 0, 0, 0x7ff },
	    BUFS(TEXT(1, "file"), OUT(4, 256)) },
	{ "statfs", SYS_statfs, { 0 }, BUFS(TEXT(0, "."), OUT(1, 120)) },
	{ "ustat", SYS_ustat, { 0 }, FAILS(ANY), BUFS(OUT_ANY(1, 32)) },
	{ "access", SYS_access, { 0 }, BUFS(TEXT(0, "file")) },
	{ "faccessat", SYS_faccessat, { CWD }, BUFS(TEXT(1, "file")) },
	{ "faccessat2", SYS_faccessat2, { CWD }, BUFS(TEXT(1, "file")) },
	{ "truncate", SYS_truncate, { 0, 512 }, BUFS(TEXT(0, "file")) },
	{ "getcwd", SYS_getcwd, { 0, sizeof(dir) },
	    BUFS(OUT(0, sizeof(dir))) },
	{ "chdir", SYS_chdir, { 0 }, BUFS(TEXT(0, ".")) },
	{ "rename", SYS_rename, { 0 },
	    BUFS(TEXT(0, "file"), TEXT(1, "file")) },
	{ "renameat", SYS_renameat, { CWD, 0, CWD },
	    BUFS(TEXT(1, "file"), TEXT(3, "file")) },
	{ "renameat2", SYS_renameat2, { CWD, 0, CWD, 0, 1 }, FAILS(EEXIST),
	    BUFS(TEXT(1, "file"), TEXT(3, "link")) },
	{ "mkdir", SYS_mkdir, { 0 }, FAILS(EEXIST), BUFS(TEXT(0, "/")) },
	{ "mkdirat", SYS_mkdirat, { CWD }, FAILS(EEXIST),
	    BUFS(TEXT(1, "/")) },
	{ "rmdir", SYS_rmdir, { 0 }, FAILS(ENOENT), BUFS(TEXT(0, "no")) },
	{ "link", SYS_link, { 0 }, FAILS(EEXIST),
	    BUFS(TEXT(0, "file"), TEXT(1, "link")) },
	{ "linkat", SYS_linkat, { CWD, 0, CWD }, FAILS(EEXIST),
	    BUFS(TEXT(1, "file"), TEXT(3, "link")) },
	{ "unlink", SYS_unlink, { 0 }, FAILS(ENOENT), BUFS(TEXT(0, "no")) },
	{ "unlinkat", SYS_unlinkat, { CWD }, FAILS(ENOENT),
	    BUFS(TEXT(1, "no")) },
	{ "symlink", SYS_symlink, { 0 }, FAILS(EEXIST),
	    BUFS(TEXT(0, "file"), TEXT(1, "link")) },
	{ "symlinkat", SYS_symlinkat, { 0, CWD }, FAILS(EEXIST),
	    BUFS(TEXT(0, "file"), TEXT(2, "link")) },
	{ "readlink", SYS_readlink, { 0, 0, 4 },
	    BUFS(TEXT(0, "link"), OUT(1, 4)) },
	{ "readlinkat", SYS_readlinkat, { CWD, 0, 0, 4 },
	    BUFS(TEXT(1, "link"), OUT(2, 4)) },
	{ "chmod", SYS_chmod, { 0, 0600 }, BUFS(TEXT(0, "file")) },
	{ "fchmodat", SYS_fchmodat, { CWD, 0, 0600 }, BUFS(TEXT(1, "file")) },
	{ "fchmodat2", 452, { CWD, 0, 0600 }, BUFS(TEXT(1, "file")) },
	{ "chown", SYS_chown, { 0, MINUS(1), MINUS(1) },
	    BUFS(TEXT(0, "file")) },
	{ "lchown", SYS_lchown, { 0, MINUS(1), MINUS(1) },
	    BUFS(TEXT(0, "file")) },
	{ "fchownat", SYS_fchownat, { CWD, 0, MINUS(1), MINUS(1) },
	    BUFS(TEXT(1, "file")) },
	{ "mknod", SYS_mknod, { 0, S_IFREG }, FAILS(EEXIST),
	    BUFS(TEXT(0, "file")) },
	{ "mknodat", SYS_mknodat, { CWD, 0, S_IFREG }, FAILS(EEXIST),
	    BUFS(TEXT(1, "file")) },
	{ "utime", SYS_utime, { 0 }, BUFS(TEXT(0, "file"), IN(1, two_longs)) },
	{ "utimes", SYS_utimes, { 0 }, BUFS(TEXT(0, "file"), IN(1, moments)) },
	{ "futimesat", SYS_futimesat, { CWD },
	    BUFS(TEXT(1, "file"), IN(2, moments)) },
	{ "utimensat", SYS_utimensat, { CWD },
	    BUFS(TEXT(1, "file"), IN(2, moments)) },
	{ "name_to_handle_at", SYS_name_to_handle_at, { CWD }, FAILS(ANY),
	    BUFS(TEXT(1, "file"), IN(2, zeroes[0]), OUT_ANY(3, 8)) },
	{ "setxattr", SYS_setxattr, { 0, 0, 0, 5 }, FAILS(ANY),
	    BUFS(TEXT(0, "file"), TEXT(1, "user.x"), PART(2, 5)) },
	{ "getxattr", SYS_getxattr, { 0, 0, 0, 5 }, FAILS(ANY),
	    BUFS(TEXT(0, "file"), TEXT(1, "user.x"), OUT_ANY(2, 5)) },
	{ "listxattr", SYS_listxattr, { 0, 0, 64 }, FAILS(ANY),
	    BUFS(TEXT(0, "file"), OUT_ANY(1, 64)) },
	{ "setxattrat", 463, { CWD, 0, 0, 0, 0, 16 }, FAILS(ANY),
	    BUFS(TEXT(1, "file"), TEXT(3, "user.x"), IN(4, xattr_args),
	    PART(NESTED, 5)), LINKS({ 2, 0, 3 }) },
	{ "getxattrat", 464, { CWD, 0, 0, 0, 0, 16 }, FAILS(ANY),
	    BUFS(TEXT(1, "file"), TEXT(3, "user.x"), IN(4, xattr_args),
	    OUT_ANY(NESTED, 5)), LINKS({ 2, 0, 3 }) },
	{ "listxattrat", 465, { CWD, 0, 0, 0, 64 }, FAILS(ANY),
	    BUFS(TEXT(1, "file"), OUT_ANY(3, 64)) },
	{ "removexattrat", 466, { CWD }, FAILS(ANY),
	    BUFS(TEXT(1, "file"), TEXT(3, "user.x")) },
	{ "removexattr", SYS_removexattr, { 0 }, FAILS(ANY),
	    BUFS(TEXT(0, "file"), TEXT(1, "user.x")) },
	{ "file_getattr", 468, { CWD, 0, 0, 24 }, FAILS(ANY),
	    BUFS(TEXT(1, "file"), OUT_ANY(2, 24)) },
	{ "inotify_add_watch", SYS_inotify_add_watch, { FD_INOTIFY, 0, 1 },
	    BUFS(TEXT(1, ".")) },
	{ "mount", SYS_mount, { 0 }, FAILS(ANY), BUFS(TEXT(0, "no"),
	    TEXT(1, "no"), TEXT(2, "nofs"), OUT_ANY(4, 4096)) },
	{ "umount2", SYS_umount2, { 0 }, FAILS(ANY), BUFS(TEXT(0, "no")) },
	{ "open_tree", SYS_open_tree, { CWD }, FAILS(ANY),
	    BUFS(TEXT(1, "file")) },
	{ "statmount", 457, { 0, 0, 512 }, FAILS(ANY),
	    BUFS(IN(0, mount_req), OUT_ANY(1, 512)) },
	{ "listmount", 458, { 0, 0, 4 }, FAILS(ANY),
	    BUFS(IN(0, mount_req), OUT_ANY(1, 32)) },

	/* Waiting. */
	{ "poll", SYS_poll, { 0, 1 }, BUFS(IN(0, one_fd)) },
	{ "ppoll", SYS_ppoll, { 0, 1, 0, 0, 8 },
	    BUFS(IN(0, one_fd), IN(2, moment), IN(3, no_signal)) },
	{ "select", SYS_select, { 64 }, BUFS(IN(1, zeroes[0]),
	    IN(2, zeroes[0]), IN(3, zeroes[0]), IN(4, moments[0])) },
	{ "select 130", SYS_select, { 130 },
	    BUFS(PART(1, 24), IN(4, moments[0])) },
	{ "pselect6", SYS_pselect6, { 64 }, BUFS(IN(1, zeroes[0]),
	    IN(2, zeroes[0]), IN(3, zeroes[0]), IN(4, moments[0])) },
	{ "pselect6 with a mask", SYS_pselect6, { 64 },
	    BUFS(IN(4, moments[0]), IN(5, mask_arg), IN(NESTED, no_signal)),
	    LINKS({ 1, 0, 2 }) },
	{ "epoll_wait", SYS_epoll_wait, { FD_EPOLL, 0, 1 },
	    BUFS(OUT(1, 12)) },
	{ "epoll_pwait", SYS_epoll_pwait, { FD_EPOLL, 0, 1, 0, 0, 8 },
	    BUFS(OUT(1, 12), IN(4, no_signal)) },
	{ "epoll_pwait2", SYS_epoll_pwait2, { FD_EPOLL, 0, 1, 0, 0, 8 },
	    BUFS(OUT(1, 12), IN(3, moment), IN(4, no_signal)) },
	{ "epoll_ctl", SYS_epoll_ctl, { FD_EPOLL, EPOLL_CTL_MOD, FD_PIPE },
	    BUFS(IN(3, event)) },
	{ "futex FUTEX_WAIT", SYS_futex, { 0, FUTEX_WAIT, 1 }, FAILS(EAGAIN),
	    BUFS(IN_ANY(0, seven), IN(3, moment)) },
	{ "futex FUTEX_WAKE", SYS_futex, { 0, FUTEX_WAKE, 1 },
	    BUFS(IN_ANY(0, seven)) },
	{ "futex FUTEX_WAKE_OP", SYS_futex, { 0, FUTEX_WAKE_OP, 1, 1 },
	    BUFS(IN_ANY(0, seven), IN_ANY(4, seven)) },
	{ "futex FUTEX_CMP_REQUEUE", SYS_futex,
	    { 0, FUTEX_CMP_REQUEUE, 1, 1, 0, 7 },
	    BUFS(IN_ANY(0, seven), IN_ANY(4, seven)) },
	{ "futex FUTEX_WAIT_BITSET_PRIVATE", SYS_futex,
	    { 0, FUTEX_WAIT_BITSET_PRIVATE, 1, 0, 0, 1 }, FAILS(EAGAIN),
	    BUFS(IN_ANY(0, seven), IN(3, moment)) },
	{ "futex FUTEX_TRYLOCK_PI", SYS_futex, { 0, FUTEX_TRYLOCK_PI },
	    BUFS(OUT_ANY(0, 4)) },
	{ "futex FUTEX_LOCK_PI", SYS_futex, { 0, FUTEX_LOCK_PI },
	    BUFS(OUT_ANY(0, 4), IN(3, moment)) },
	{ "futex_waitv", SYS_futex_waitv, { 0, 2, 0, 0, 1 }, FAILS(EAGAIN),
	    BUFS(IN(0, waiters), IN_ANY(NESTED, seven), IN_ANY(NESTED, seven),
	    IN(3, moment)), LINKS({ 0, 8, 1 }, { 0, 32, 2 }) },
	{ "futex_wake", 454, { 0, 1, 1, 2 }, BUFS(IN_ANY(0, seven)) },
	{ "futex_wait", 455, { 0, 1, 1, 2, 0, 1 }, FAILS(EAGAIN),
	    BUFS(IN_ANY(0, seven), IN(4, moment)) },
	{ "futex_requeue", 456, { 0 }, FAILS(EAGAIN), BUFS(IN(0, waiters),
	    IN_ANY(NESTED, seven), IN_ANY(NESTED, seven)),
	    LINKS({ 0, 8, 1 }, { 0, 32, 2 }) },

	/* Sockets. */
	{ "socketpair", SYS_socketpair, { AF_UNIX, SOCK_DGRAM },
	    BUFS(OUT(3, 8)) },
	{ "connect", SYS_connect, { FD_DGRAM, 0, sizeof(no_socket) },
	    FAILS(ENOENT), BUFS(IN(1, no_socket)) },
	{ "bind", SYS_bind, { FD_UDP, 0, 16 }, FAILS(EINVAL),
	    BUFS(IN(1, loopback)) },
	{ "getsockname", SYS_getsockname, { FD_UDP },
	    BUFS(OUT(1, 16), IN(2, sixteen)) },
	{ "getpeername", SYS_getpeername, { FD_DGRAM },
	    BUFS(OUT(1, 2), IN(2, two)) },
	{ "setsockopt", SYS_setsockopt,
	    { FD_UDP, SOL_SOCKET, SO_BROADCAST, 0, 4 }, BUFS(IN(3, seven)) },
	{ "setsockopt SO_ATTACH_FILTER", SYS_setsockopt,
	    { FD_UDP, SOL_SOCKET, SO_ATTACH_FILTER, 0, 16 },
	    BUFS(IN(3, fprog), IN(NESTED, program)), LINKS({ 0, 8, 1 }) },
	{ "getsockopt", SYS_getsockopt, { FD_UDP, SOL_SOCKET, SO_SNDBUF },
	    BUFS(OUT(3, 4), IN(4, four)) },
	{ "getsockopt SO_GET_FILTER", SYS_getsockopt,
	    { FD_UDP, SOL_SOCKET, SO_GET_FILTER },
	    BUFS(OUT(3, 16), IN(4, two)) },
	{ "sendto", SYS_sendto, { FD_DGRAM_TO, 0, 100, MSG_DONTWAIT },
	    BUFS(PART(1, 100)) },
	{ "sendto with a name", SYS_sendto, { FD_UDP, 0, 100, 0, 0, 16 },
	    FAILS(ANY), BUFS(OUT_ANY(1, 100), IN(4, loopback)) },
	{ "recvfrom", SYS_recvfrom, { FD_UDP, 0, 100, MSG_PEEK },
	    BEFORE(send_udp), BUFS(OUT(1, 100), OUT(4, 16), IN(5, sixteen)) },
	{ "sendmsg", SYS_sendmsg, { FD_DGRAM_TO, 0, MSG_DONTWAIT },
	    BUFS(IN(1, msg), IN(NESTED, iov), PART(NESTED, 100)),
	    LINKS({ 0, 16, 1 }, { 1, 0, 2 }) },
	{ "recvmsg", SYS_recvmsg, { FD_UDP, 0, MSG_PEEK }, BEFORE(send_udp),
	    BUFS(IN(1, msg_full), OUT(NESTED, 16), IN(NESTED, iov),
	    OUT(NESTED, 100), OUT_ANY(NESTED, 64)),
	    LINKS({ 0, 0, 1 }, { 0, 16, 2 }, { 2, 0, 3 }, { 0, 32, 4 }) },
	{ "sendmmsg", SYS_sendmmsg, { FD_DGRAM_TO, 0, 1, MSG_DONTWAIT },
	    BUFS(IN_ANY(1, mmsg), IN(NESTED, iov), PART(NESTED, 100)),
	    LINKS({ 0, 16, 1 }, { 1, 0, 2 }) },
	{ "recvmmsg", SYS_recvmmsg, { FD_DGRAM, 0, 1, MSG_PEEK },
	    BUFS(IN_ANY(1, mmsg), IN(NESTED, iov), OUT(NESTED, 100),
	    IN(4, moment)), LINKS({ 0, 16, 1 }, { 1, 0, 2 }) },

	/* System V and POSIX interprocess communication, keys. */
	{ "semop", SYS_semop, { VAR(SEM), 0, 1 }, BUFS(IN(1, sem_up)) },
	{ "semtimedop", SYS_semtimedop, { VAR(SEM), 0, 1 },
	    BUFS(IN(1, sem_up), IN(3, moment)) },
	{ "semctl GETALL", SYS_semctl, { VAR(SEM), 0, GETALL },
	    BUFS(MORE(3, 6)) },
	{ "semctl SETALL", SYS_semctl, { VAR(SEM), 0, SETALL },
	    BUFS(MORE(3, 6)) },
	{ "semctl IPC_STAT", SYS_semctl, { VAR(SEM), 0, IPC_STAT },
	    BUFS(OUT(3, 104)) },
	{ "semctl IPC_INFO", SYS_semctl, { 0, 0, IPC_INFO },
	    BUFS(OUT(3, 40)) },
	{ "msgsnd", SYS_msgsnd, { VAR(MSG), 0, 16, IPC_NOWAIT },
	    BEFORE(drain_queue), BUFS(IN(1, message)) },
	{ "msgrcv", SYS_msgrcv, { VAR(MSG), 0, 16, 0, IPC_NOWAIT },
	    BEFORE(fill_queue), BUFS(OUT(1, 24)) },
	{ "msgctl IPC_STAT", SYS_msgctl, { VAR(MSG), IPC_STAT },
	    BUFS(OUT(2, 120)) },
	{ "msgctl IPC_INFO", SYS_msgctl, { 0, IPC_INFO }, BUFS(OUT(2, 32)) },
	{ "shmctl IPC_INFO", SYS_shmctl, { 0, IPC_INFO }, BUFS(OUT(2, 72)) },
	{ "shmctl SHM_INFO", SYS_shmctl, { 0, SHM_INFO }, BUFS(OUT(2, 48)) },
	{ "mq_open", SYS_mq_open, { 0, O_CREAT | O_RDWR, 0600 },
	    BUFS(TEXT(0, MQ_NAME), IN(3, mq_attr)) },
	{ "mq_timedsend", SYS_mq_timedsend, { VAR(MQ), 0, 8 },
	    BEFORE(drain_mq), BUFS(PART(1, 8), IN(4, moment)) },
	{ "mq_timedreceive", SYS_mq_timedreceive, { VAR(MQ), 0, 8 },
	    BEFORE(fill_mq), BUFS(OUT(1, 8), OUT(3, 4), IN(4, moment)) },
	{ "mq_getsetattr", SYS_mq_getsetattr, { VAR(MQ) },
	    BUFS(IN(1, mq_attr), OUT(2, 64)) },
	{ "mq_notify", SYS_mq_notify, { VAR(MQ) }, FAILS(ANY),
	    BUFS(IN(1, quiet)) },
	{ "mq_unlink", SYS_mq_unlink, { 0 }, FAILS(ANY),
	    BUFS(TEXT(0, MQ_NAME)) },
	{ "add_key", SYS_add_key, { 0, 0, 0, 5, HERE }, FAILS(ANY),
	    BUFS(TEXT(0, "user"), TEXT(1, "bsdvm:x"), PART(2, 5)) },
	{ "request_key", SYS_request_key, { 0, 0, 0, HERE }, FAILS(ANY),
	    BUFS(TEXT(0, "user"), TEXT(1, "bsdvm:x")) },
	{ "keyctl KEYCTL_DESCRIBE", SYS_keyctl, { 6, HERE, 0, 100 },
	    FAILS(ANY), BUFS(OUT_ANY(2, 100)) },
	{ "keyctl KEYCTL_SEARCH", SYS_keyctl, { 10, HERE }, FAILS(ANY),
	    BUFS(TEXT(2, "user"), TEXT(3, "bsdvm:x")) },

	/* Time. */
	{ "nanosleep", SYS_nanosleep, { 0 },
	    BUFS(IN(0, moment), OUT_ANY(1, 16)) },
	{ "clock_nanosleep", SYS_clock_nanosleep, { CLOCK_MONOTONIC },
	    BUFS(IN(2, moment), OUT_ANY(3, 16)) },
	{ "time", SYS_time, { 0 }, BUFS(OUT(0, 8)) },
	{ "gettimeofday", SYS_gettimeofday, { 0 },
	    BUFS(OUT(0, 16), OUT(1, 8)) },
	{ "clock_gettime", SYS_clock_gettime, { 0 }, BUFS(OUT(1, 16)) },
	{ "clock_getres", SYS_clock_getres, { 0 }, BUFS(OUT(1, 16)) },
	{ "adjtimex", SYS_adjtimex, { 0 }, BUFS(PART(0, 208)) },
	{ "clock_adjtime", SYS_clock_adjtime, { 0 }, BUFS(PART(1, 208)) },
	{ "getitimer", SYS_getitimer, { 1 }, BUFS(OUT(1, 32)) },
	{ "setitimer", SYS_setitimer, { 1 }, BUFS(PART(1, 32), OUT(2, 32)) },
	{ "timer_create", SYS_timer_create, { CLOCK_MONOTONIC },
	    BUFS(IN(1, quiet), OUT(2, 4)) },
	{ "timer_settime", SYS_timer_settime, { VAR(TIMER) },
	    BUFS(PART(2, 32), OUT(3, 32)) },
	{ "timer_gettime", SYS_timer_gettime, { VAR(TIMER) },
	    BUFS(OUT(1, 32)) },
	{ "timerfd_settime", SYS_timerfd_settime, { FD_TIMER },
	    BUFS(PART(2, 32), OUT(3, 32)) },
	{ "timerfd_gettime", SYS_timerfd_gettime, { FD_TIMER },
	    BUFS(OUT(1, 32)) },

	/* Signals. */
	{ "rt_sigaction", SYS_rt_sigaction, { SIGUSR2, 0, 0, 8 },
	    BUFS(PART(1, 32), OUT(2, 32)) },
	{ "rt_sigprocmask", SYS_rt_sigprocmask, { SIG_BLOCK, 0, 0, 8 },
	    BUFS(IN(1, no_signal), OUT(2, 8)) },
	{ "rt_sigpending", SYS_rt_sigpending, { 0, 8 }, BUFS(OUT(0, 8)) },
	{ "rt_sigtimedwait", SYS_rt_sigtimedwait, { 0, 0, 0, 8 },
	    BEFORE(raise_blocked),
	    BUFS(IN(0, sigusr1), OUT(1, 128), IN(2, moment)) },
	{ "rt_sigqueueinfo", SYS_rt_sigqueueinfo, { VAR(PID), SIGUSR1 },
	    BUFS(IN_ANY(2, queued)) },
	{ "rt_tgsigqueueinfo", SYS_rt_tgsigqueueinfo,
	    { VAR(PID), VAR(PID), SIGUSR1 }, BUFS(IN_ANY(3, queued)) },
	{ "sigaltstack", SYS_sigaltstack, { 0 }, BUFS(OUT(1, 24)) },
	{ "sigaltstack set", SYS_sigaltstack, { 0 }, FAILS(EINVAL),
	    BUFS(IN(0, bad_stack)) },
	{ "signalfd", SYS_signalfd, { MINUS(1), 0, 8 },
	    BUFS(IN(1, sigusr1)) },
	{ "signalfd4", SYS_signalfd4, { MINUS(1), 0, 8 },
	    BUFS(IN(1, sigusr1)) },

	/* Processes. */
	{ "execve", SYS_execve, { 0 }, FAILS(ENOEXEC),
	    BUFS(TEXT(0, "garbage"), IN(1, pointers), TEXT(NESTED, "a"),
	    TEXT(NESTED, "bb")), LINKS({ 1, 0, 2 }, { 1, 8, 3 }) },
	{ "execveat", SYS_execveat, { CWD }, FAILS(ENOEXEC),
	    BUFS(TEXT(1, "garbage"), IN(2, one_pointer), TEXT(NESTED, "a"),
	    IN(3, pointers), TEXT(NESTED, "e=f"), TEXT(NESTED, "g")),
	    LINKS({ 1, 0, 2 }, { 3, 0, 4 }, { 3, 8, 5 }) },
	{ "clone3", SYS_clone3, { 0, 64 }, FAILS(EINVAL),
	    BUFS(IN(0, bad_clone)) },
	{ "wait4", SYS_wait4, { MINUS(1) }, BEFORE(make_zombie),
	    BUFS(OUT(1, 4), OUT(3, 144)) },
	{ "waitid", SYS_waitid, { P_ALL, 0, 0, WEXITED }, BEFORE(make_zombie),
	    BUFS(OUT_ANY(2, 128), OUT(4, 144)) },
	{ "process_vm_readv", SYS_process_vm_readv, { VAR(PID), 0, 1, 0, 1 },
	    BUFS(IN(1, iov), OUT_SHORT(NESTED, 100), IN(3, remote)),
	    LINKS({ 0, 0, 1 }) },
	{ "process_vm_writev", SYS_process_vm_writev, { VAR(PID), 0, 1, 0, 1 },
	    BUFS(IN(1, iov), IN_SHORT(NESTED, 100), IN(3, remote)),
	    LINKS({ 0, 0, 1 }) },
	{ "getrusage", SYS_getrusage, { 0 }, BUFS(OUT(1, 144)) },
	{ "times", SYS_times, { 0 }, BUFS(OUT(0, 32)) },
	{ "getrlimit", SYS_getrlimit, { RLIMIT_CORE }, BUFS(OUT(1, 16)) },
	{ "setrlimit", SYS_setrlimit, { RLIMIT_CORE }, BUFS(PART(1, 16)) },
	{ "prlimit64", SYS_prlimit64, { 0, RLIMIT_CORE },
	    BUFS(PART(2, 16), OUT(3, 16)) },
	{ "getgroups", SYS_getgroups, { 64 }, FAILS(ANY),
	    BUFS(OUT_ANY(1, 256)) },
	{ "getresuid", SYS_getresuid, { 0 },
	    BUFS(OUT(0, 4), OUT(1, 4), OUT(2, 4)) },
	{ "getresgid", SYS_getresgid, { 0 },
	    BUFS(OUT(0, 4), OUT(1, 4), OUT(2, 4)) },
	{ "capget", SYS_capget, { 0 }, BUFS(IN(0, cap_header), OUT(1, 24)) },
	{ "capget of a version", SYS_capget, { 0 }, BUFS(OUT_ANY(0, 8)) },
	{ "get_robust_list", SYS_get_robust_list, { 0 },
	    BUFS(OUT(1, 8), OUT(2, 8)) },
	{ "getcpu", SYS_getcpu, { 0 }, BUFS(OUT(0, 4), OUT(1, 4)) },
	{ "sched_setparam", SYS_sched_setparam, { 0 },
	    BUFS(IN(1, owner[1])) },
	{ "sched_getparam", SYS_sched_getparam, { 0 }, BUFS(OUT(1, 4)) },
	{ "sched_setscheduler", SYS_sched_setscheduler, { 0 },
	    BUFS(IN(2, owner[1])) },
	{ "sched_rr_get_interval", SYS_sched_rr_get_interval, { 0 },
	    BUFS(OUT(1, 16)) },
	{ "sched_setattr", SYS_sched_setattr, { 0 }, FAILS(ANY),
	    BUFS(IN(1, sched_attr)) },
	{ "sched_getattr", SYS_sched_getattr, { 0, 0, 48 },
	    BUFS(OUT(1, 48)) },
	{ "sched_setaffinity", SYS_sched_setaffinity, { 0, 8 },
	    BUFS(IN(2, ones)) },
	{ "sched_getaffinity", SYS_sched_getaffinity, { 0, 128 },
	    BUFS(OUT_ANY(2, 128)) },
	{ "get_mempolicy", SYS_get_mempolicy, { 0, 0, 1024 },
	    BUFS(OUT(0, 4), OUT(1, 128)) },
	{ "prctl PR_SET_NAME", SYS_prctl, { PR_SET_NAME },
	    BUFS(TEXT(1, "sysargs")) },
	{ "prctl PR_GET_NAME", SYS_prctl, { PR_GET_NAME },
	    BUFS(OUT(1, 16)) },
	{ "prctl PR_GET_PDEATHSIG", SYS_prctl, { PR_GET_PDEATHSIG },
	    BUFS(OUT(1, 4)) },
	{ "prctl PR_GET_CHILD_SUBREAPER", SYS_prctl, { 37 },
	    BUFS(OUT(1, 4)) },
	{ "prctl PR_GET_TSC", SYS_prctl, { PR_GET_TSC }, BUFS(OUT(1, 4)) },
	{ "prctl PR_GET_TID_ADDRESS", SYS_prctl, { 40 }, FAILS(ANY),
	    BUFS(OUT_ANY(1, 8)) },
	{ "prctl PR_GET_AUXV", SYS_prctl, { 0x41555856, 0, 64 }, FAILS(ANY),
	    BUFS(OUT_ANY(1, 64)) },
	{ "arch_prctl ARCH_GET_FS", SYS_arch_prctl, { ARCH_GET_FS },
	    BUFS(OUT(1, 8)) },
	{ "arch_prctl ARCH_GET_GS", SYS_arch_prctl, { ARCH_GET_GS },
	    BUFS(OUT(1, 8)) },
	{ "arch_prctl ARCH_GET_XCOMP_SUPP", SYS_arch_prctl, { 0x1021 },
	    FAILS(ANY), BUFS(OUT_ANY(1, 8)) },
	{ "lsm_get_self_attr", 459, { 100 }, FAILS(ANY),
	    BUFS(OUT_ANY(1, 32), IN_ANY(2, thirty_two)) },
	{ "lsm_list_modules", 461, { 0 }, FAILS(ANY),
	    BUFS(OUT_ANY(0, 64), IN(1, sixty_four)) },

	/* The system. */
	{ "uname", SYS_uname, { 0 }, BUFS(OUT(0, 390)) },
	{ "sysinfo", SYS_sysinfo, { 0 }, BUFS(OUT(0, 112)) },
	{ "syslog", SYS_syslog, { 3, 0, 100 }, FAILS(ANY),
	    BUFS(OUT_ANY(1, 100)) },
	{ "sysfs 1", SYS_sysfs, { 1 }, FAILS(ANY), BUFS(TEXT(1, "proc")) },
	{ "sysfs 2", SYS_sysfs, { 2, 0 }, FAILS(ANY), BUFS(OUT_ANY(2, 32)) },
	{ "getrandom", SYS_getrandom, { 0, 100 }, BUFS(OUT_SHORT(0, 100)) },
	{ "modify_ldt", SYS_modify_ldt, { 0, 0, 100 }, FAILS(ANY),
	    BUFS(OUT_ANY(1, 100)) },
	{ "bpf", SYS_bpf, { 0, 0, 64 }, FAILS(ANY), BUFS(OUT_ANY(1, 64)) },
	{ "perf_event_open", SYS_perf_event_open,
	    { 0, 0, MINUS(1), MINUS(1) }, FAILS(ANY), BUFS(OUT_ANY(0, 144)) },
	{ "landlock_create_ruleset", 444, { 0, 16 }, FAILS(ANY),
	    BUFS(OUT_ANY(0, 16)) },
};
/* clang-format on */

/* ------------------------------------------------------------------- pads */

struct range {
	uint64_t addr;
	uint64_t len;
	bool writes;
};

/* One sample as it stands in memory. */
struct scene {
	const struct sample *s;
	struct sysargs_call call;
	uint64_t at[BUFS]; /* where the buffers are */
	struct range ranges[RANGES];
	size_t nranges;
};

static unsigned char *pads;

static unsigned char *
pad(size_t i)
{
	return (pads + i * PAD_SPACE);
}

static void
pad_allow(size_t i, int prot)
{
	assert_int_equal(mprotect(pad(i), PAD_SIZE, prot), 0);
}

static void *
pointer(uint64_t addr)
{
	return ((void *)(uintptr_t)addr);
}

static size_t
count_bufs(const struct sample *s)
{
	size_t n = 0;

	while (n < BUFS && s->bufs[n].size > 0)
		n++;
	return (n);
}

/* Put buffer i so that `beyond` of its bytes are in the guard page. */
static void
place_buf(struct scene *sc, size_t i, size_t beyond)
{
	const struct buf *b = &sc->s->bufs[i];
	unsigned char *start = pad(i) + PAD_SIZE - b->size + beyond;

	pad_allow(i, PROT_READ | PROT_WRITE);
	if (b->data != NULL)
		memcpy(start, b->data, b->size - beyond);
	else
		memset(start, 0, b->size - beyond);
	sc->at[i] = (uintptr_t)start;
	if (b->arg != NESTED)
		sc->call.args[b->arg] = sc->at[i];
}

/* Of a link that leads over the end of a pad, as much as fits. */
static void
place_link(const struct scene *sc, const struct link *l)
{
	uint64_t where = sc->at[l->from] + l->at;
	uint64_t room = (uintptr_t)pad(l->from) + PAD_SIZE - where;

	memcpy(pointer(where), &sc->at[l->to], room < 8 ? room : 8);
}

/* Put all buffers of a sample; the last byte of one may be cut off. */
static void
place(struct scene *sc, const struct sample *s, size_t cut)
{
	*sc = (struct scene){ .s = s, .call = { .nr = s->nr } };
	for (size_t a = 0; a < 6; a++)
		sc->call.args[a] = IS_VAR(s->args[a]) ?
		    vars[s->args[a] - VAR(0)] :
		    s->args[a];
	for (size_t i = 0; i < count_bufs(s); i++)
		place_buf(sc, i, i == cut ? 1 : 0);
	for (size_t i = 0; i < LINKS; i++)
		if (s->links[i].to != 0)
			place_link(sc, &s->links[i]);
}

/* The buffer that has this address, BUFS if none. */
static size_t
find_buf(const struct scene *sc, uint64_t addr)
{
	for (size_t i = 0; i < count_bufs(sc->s); i++)
		if (addr >= sc->at[i] && addr < sc->at[i] + sc->s->bufs[i].size)
			return (i);
	return (BUFS);
}

/* ------------------------------------------------------------------ tests */

static int
scene_read(void *ctx, uint64_t addr, void *buf, size_t len)
{
	struct scene *sc = ctx;
	size_t i = find_buf(sc, addr);

	if (i == BUFS || len > sc->at[i] + sc->s->bufs[i].size - addr)
		return (VM_EFAULT);
	memcpy(buf, pointer(addr), len);
	return (0);
}

static void
scene_range(void *ctx, uint64_t addr, uint64_t len, bool writes)
{
	struct scene *sc = ctx;

	assert_true(sc->nranges < RANGES);
	sc->ranges[sc->nranges++] = (struct range){ addr, len, writes };
}

static const struct sysargs_ops ops = { scene_read, scene_range };

/* Is each range a buffer, and each buffer a range? */
static void
check_ranges(const struct scene *sc)
{
	bool seen[BUFS] = { false };

	for (size_t r = 0; r < sc->nranges; r++) {
		size_t i = find_buf(sc, sc->ranges[r].addr);

		if (i == BUFS)
			fail_msg("range %zu is no buffer", r);
		assert_int_equal(sc->ranges[r].addr, sc->at[i]);
		if (sc->s->bufs[i].more)
			assert_true(sc->ranges[r].len >= sc->s->bufs[i].size);
		else
			assert_int_equal(sc->ranges[r].len,
			    sc->s->bufs[i].size);
		seen[i] = true;
	}
	for (size_t i = 0; i < count_bufs(sc->s); i++)
		if (!seen[i])
			fail_msg("buffer %zu is no range", i);
}

/* Only what the walker reported is accessible. */
static void
allow_ranges(const struct scene *sc)
{
	for (size_t i = 0; i < BUFS; i++)
		pad_allow(i, PROT_NONE);
	for (size_t r = 0; r < sc->nranges; r++)
		pad_allow(find_buf(sc, sc->ranges[r].addr),
		    PROT_READ | (sc->ranges[r].writes ? PROT_WRITE : 0));
}

/* Make the call.  Returns its result or -errno. */
static long
make_call(const struct scene *sc)
{
	const uint64_t *a = sc->call.args;
	long result;

	if (sc->s->before != NULL)
		sc->s->before();
	result = syscall(sc->call.nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	return (result == -1 ? -errno : result);
}

static void
check_result(const struct scene *sc, long result)
{
	if (result == -EFAULT)
		fail_msg("the table forgets something");
	if (sc->s->error == 0 && result < 0)
		fail_msg("it fails with %s", strerror((int)-result));
	if (sc->s->error > 0)
		assert_int_equal(-result, sc->s->error);
}

/* Cut a byte off one buffer.  full: the result with all of it */
static void
check_cut(const struct sample *s, size_t i, long full)
{
	struct scene sc;
	long result;

	if (s->bufs[i].cut == CUT_NOT)
		return;
	place(&sc, s, i);
	result = make_call(&sc);
	if (result == -EFAULT)
		return;
	if (s->bufs[i].cut == CUT_FAULTS || result >= full)
		fail_msg("buffer %zu is longer than it needs: %ld", i, result);
}

static void
check_sample(void **state)
{
	const struct sample *s = *state;
	struct scene sc;
	long result;

	place(&sc, s, BUFS);
	assert_int_equal(sysargs_walk(&sc.call, &ops, &sc), 0);
	check_ranges(&sc);
	allow_ranges(&sc);
	result = make_call(&sc);
	if (result == -ENOSYS) {
		print_message("skip: this kernel does not have it\n");
		skip();
		return;
	}
	check_result(&sc, result);
	for (size_t i = 0; i < count_bufs(s); i++)
		check_cut(s, i, result);
}

/* ------------------------------------------------------------------ setup */

static void
set_fd(int number, int fd)
{
	assert_true(fd >= 0);
	assert_int_equal(dup2(fd, number), number);
	assert_int_equal(close(fd), 0);
}

static void
make_file(const char *name, int flags, mode_t mode)
{
	int fd = open(name, O_CREAT | O_RDWR | flags, mode);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
	assert_int_equal(close(fd), 0);
}

static void
set_files(void)
{
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chdir(dir), 0);
	make_file("file", 0, 0600);
	make_file("garbage", 0, 0700);
	assert_int_equal(symlink("file", "link"), 0);
	set_fd(FD_FILE, open("file", O_RDWR));
	set_fd(FD_DIR, open(".", O_RDONLY | O_DIRECTORY));
	set_fd(FD_MEM, memfd_create("mem", 0));
	assert_int_equal(ftruncate(FD_MEM, 16384), 0);
	set_fd(FD_ZERO, open("/dev/zero", O_RDWR));
	set_fd(FD_PTY, posix_openpt(O_RDWR | O_NOCTTY));
}

static void
set_channels(void)
{
	struct epoll_event ev = event;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	set_fd(FD_PIPE, fds[0]);
	set_fd(FD_PIPE_IN, fds[1]);
	assert_int_equal(write(FD_PIPE_IN, bytes, 512), 512);
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), 0);
	set_fd(FD_DGRAM, fds[0]);
	set_fd(FD_DGRAM_TO, fds[1]);
	assert_int_equal(send(FD_DGRAM_TO, bytes, 100, 0), 100);
	set_fd(FD_UDP, socket(AF_INET, SOCK_DGRAM, 0));
	assert_int_equal(bind(FD_UDP, (const struct sockaddr *)&loopback,
			     sizeof(loopback)),
	    0);
	set_fd(FD_EPOLL, epoll_create1(0));
	assert_int_equal(epoll_ctl(FD_EPOLL, EPOLL_CTL_ADD, FD_PIPE, &ev), 0);
	set_fd(FD_TIMER, timerfd_create(CLOCK_MONOTONIC, 0));
	set_fd(FD_INOTIFY, inotify_init1(0));
}

static void
set_vars(void)
{
	uint64_t event_none[8];
	int timer = -1;

	memcpy(event_none, quiet, sizeof(event_none));
	vars[PID] = (uint64_t)getpid();
	vars[SEM] = (uint64_t)semget(IPC_PRIVATE, 3, 0600);
	vars[MSG] = (uint64_t)msgget(IPC_PRIVATE, 0600);
	(void)syscall(SYS_timer_create, CLOCK_MONOTONIC, event_none, &timer);
	vars[TIMER] = (uint64_t)timer;
	vars[MQ] = (uint64_t)syscall(SYS_mq_open, MQ_NAME,
	    O_CREAT | O_RDWR | O_NONBLOCK, 0600, mq_attr);
}

static int
setup(void **state)
{
	sigset_t set;

	(void)state;
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGUSR1);
	assert_int_equal(sigprocmask(SIG_BLOCK, &set, NULL), 0);
	pads = mmap(NULL, BUFS * PAD_SPACE, PROT_NONE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(pads != MAP_FAILED);
	set_files();
	set_channels();
	set_vars();
	return (0);
}

static int
teardown(void **state)
{
	(void)state;
	(void)semctl((int)vars[SEM], 0, IPC_RMID);
	(void)msgctl((int)vars[MSG], IPC_RMID, NULL);
	(void)syscall(SYS_mq_unlink, MQ_NAME);
	(void)unlink("file");
	(void)unlink("file2");
	(void)unlink("link");
	(void)unlink("garbage");
	(void)chdir("/");
	(void)rmdir(dir);
	return (0);
}

int
main(void)
{
	static struct CMUnitTest tests[sizeof(samples) / sizeof(samples[0])];
	const size_t n = sizeof(tests) / sizeof(tests[0]);

	for (size_t i = 0; i < n; i++)
		tests[i] = (struct CMUnitTest){ .name = samples[i].name,
			.test_func = check_sample,
			.initial_state = &samples[i] };
	return (_cmocka_run_group_tests("kernel", tests, n, setup, teardown));
}
