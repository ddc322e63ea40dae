/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * systab.h - the words in which the table of system calls is written.
 *
 * One idea: the six arguments of a call are a record of 48 bytes, and a struct
 * in user memory that holds pointers is a record too.  Of each pointer in a
 * record, a struct sys_buf says where it stands and how long its target is:
 *
 *	readv		record of arguments	  shape iov_out
 *		  8:	iov -----------------> [ 0: base -----> written by
 *		 16:	how many elements	 8: length	the kernel ]
 *
 *	IN(1, MANY(iov_out, 16, 2))		P_OUT(0, P_BYTES(8))
 *
 * systab.c has a row for each number, systab_cmd.c the calls that differ by a
 * command, systab_shape.c the structs.  For sysargs.c and filter.c only.
 */
#ifndef HOST_SYSTAB_H
#define HOST_SYSTAB_H

#include "host/sysargs.h"

enum {
	SYS_ROWS = 471,  /* numbers at and above are unknown */
	SYS_BUFS = 6,    /* pointers of one call, at most */
	SYS_FIELDS = 10, /* pointers of one struct, at most */
};

/* The direction, as the kernel sees it. */
enum { SYS_READ = 1, SYS_WRITE = 2 };

/* How long the target of a pointer is. */
enum sys_kind {
	SYS_END,      /* no more pointers in this record */
	SYS_SIZE,     /* head bytes */
	SYS_COUNT,    /* head bytes and unit * number in the record at by */
	SYS_COUNT_AT, /* the same; the number is an int in user memory, off */
		      /* bytes behind what the pointer in the record at by */
		      /* points to */
	SYS_BITS,     /* as many bits as the int at by says, in whole longs */
	SYS_STRING,   /* up to its NUL, head bytes at most */
	SYS_STRINGS,  /* pointers to strings up to a NULL */
	SYS_IOC,      /* what the ioctl number at by says, else a guess */
	SYS_GUESS,    /* perhaps no pointer; if so, to the end of its page */
};

enum sys_shape {
	SHAPE_none, /* the target holds no pointers */
	SHAPE_iov_in,
	SHAPE_iov_out,
	SHAPE_send_msg,
	SHAPE_recv_msg,
	SHAPE_mask,
	SHAPE_sigevent,
	SHAPE_futex,
	SHAPE_clone,
	SHAPE_fprog,
	SHAPE_xattr_in,
	SHAPE_xattr_out,
	SHAPE_ifconf,
	SHAPE_ifreq,
	SHAPE_prog_load,
	SHAPE_words,
	SYS_SHAPES
};

/* One pointer of a record. */
struct sys_buf {
	uint8_t kind;  /* enum sys_kind */
	uint8_t how;   /* SYS_READ | SYS_WRITE */
	uint8_t at;    /* where the pointer stands in its record, bytes */
	uint8_t by;    /* where the number stands */
	uint8_t width; /* of the number: 2, 4 (signed: below 0 is 0), 8 */
	uint8_t off;
	uint8_t shape; /* enum sys_shape, of the target or its elements */
	uint16_t head;
	uint16_t unit; /* 1 with a shape: one struct of as many bytes */
};

struct sys_row {
	struct sysargs_info info;
	int8_t command; /* the argument that selects a struct sys_cmd */
	struct sys_buf bufs[SYS_BUFS];
};

/*
 * Takes the place of the row when args[command] & mask is one of first, ...,
 * last.
 */
struct sys_cmd {
	struct sysargs_info info;
	uint16_t nr;
	uint32_t mask;
	uint32_t first;
	uint32_t last;
	struct sys_buf bufs[SYS_BUFS];
};

/* By number; info.name is NULL where Linux has no such call. */
extern const struct sys_row sys_rows[SYS_ROWS];

/* Sorted by nr; of several that match, the first holds. */
extern const struct sys_cmd sys_cmds[];
extern const size_t sys_ncmds;

extern const struct sys_buf sys_shapes[SYS_SHAPES][SYS_FIELDS];

/* sys_cmds_of: the commands of a call are sys_cmds[first], ..., [end - 1]. */
void sys_cmds_of(uint32_t nr, size_t *first, size_t *end);

/* ------------------------------------------------------------- the words */
/* clang-format off */

/* The argument is a pointer, its target ... */
#define IN(arg, ...)	   { .how = SYS_READ, .at = 8 * (arg), __VA_ARGS__ }
#define OUT(arg, ...)	   { .how = SYS_WRITE, .at = 8 * (arg), __VA_ARGS__ }
#define INOUT(arg, ...) \
	{ .how = SYS_READ | SYS_WRITE, .at = 8 * (arg), __VA_ARGS__ }
#define NOTHING		   { .kind = SYS_END }

/* ... is a struct, or what another argument says, ... */
#define SIZE(n)		   .kind = SYS_SIZE, .head = (n)
#define BYTES(arg)         SYS_NUMBER(8 * (arg), 8, 1)
#define BYTES32(arg)       SYS_NUMBER(8 * (arg), 4, 1)
#define ARRAY(size, arg)   SYS_NUMBER(8 * (arg), 4, size)
#define ARRAY64(size, arg) SYS_NUMBER(8 * (arg), 8, size)
#define HEAD(size, arg)    SYS_NUMBER(8 * (arg), 8, 1), .head = (size)
#define BITS(arg)          .kind = SYS_BITS, .by = 8 * (arg), .width = 4
#define STRING             STRING_TO(4096)
#define STRING_TO(n)       .kind = SYS_STRING, .head = (n)
#define STRINGS            .kind = SYS_STRINGS
#define IOC(arg)           .kind = SYS_IOC, .by = 8 * (arg), \
	.shape = SHAPE_words
#define GUESS              .kind = SYS_GUESS
#define SOCKLEN(arg)       SOCKLENS(1, arg)
#define SOCKLENS(size, arg) \
	.kind = SYS_COUNT_AT, .by = 8 * (arg), .unit = (size)
#define SELF(arg, offset, size, start)                          \
	.kind = SYS_COUNT_AT, .by = 8 * (arg), .off = (offset), \
	.unit = (size), .head = (start)

/* ... or holds pointers itself. */
#define ONE(name, size)       SIZE(size), .shape = SHAPE_##name
#define MANY(name, size, arg) ARRAY(size, arg), .shape = SHAPE_##name
#define PAIR(name, size) \
	SIZE(2 * (size)), .unit = (size), .shape = SHAPE_##name
#define GROWN(name, arg)      BYTES(arg), .shape = SHAPE_##name
#define GROWN32(name, arg)    BYTES32(arg), .shape = SHAPE_##name

/* The same for a pointer inside a struct: byte offsets, not arguments. */
#define P_IN(offset, ...)  { .how = SYS_READ, .at = (offset), __VA_ARGS__ }
#define P_OUT(offset, ...) { .how = SYS_WRITE, .at = (offset), __VA_ARGS__ }
#define P_INOUT(offset, ...) \
	{ .how = SYS_READ | SYS_WRITE, .at = (offset), __VA_ARGS__ }
#define P_BYTES(offset)         SYS_NUMBER(offset, 8, 1)
#define P_BYTES32(offset)       SYS_NUMBER(offset, 4, 1)
#define P_ARRAY16(size, offset) SYS_NUMBER(offset, 2, size)
#define P_ARRAY32(size, offset) SYS_NUMBER(offset, 4, size)
#define P_ARRAY64(size, offset) SYS_NUMBER(offset, 8, size)
#define P_MANY(name, size, offset) \
	P_ARRAY64(size, offset), .shape = SHAPE_##name

#define SYS_NUMBER(place, bytes, size) \
	.kind = SYS_COUNT, .by = (place), .width = (bytes), .unit = (size)

/* Structs of the kernel that many calls use. */
#define INT          SIZE(4)
#define LONG         SIZE(8)
#define LONGS2       SIZE(16)
#define SIGSET       SIZE(8)
#define SIGACTION    SIZE(32)
#define SIGINFO      SIZE(128)
#define SIGALT       SIZE(24)
#define TIMESPEC     SIZE(16)
#define TIMESPECS    SIZE(32)
#define TIMEVAL      SIZE(16)
#define TIMEVALS     SIZE(32)
#define TIMEX        SIZE(208)
#define ITIMERVAL    SIZE(32)
#define ITIMERSPEC   SIZE(32)
#define RLIMIT       SIZE(16)
#define RUSAGE       SIZE(144)
#define STAT         SIZE(144)
#define STATFS       SIZE(120)
#define FLOCK        SIZE(32)
#define EVENTS(arg)  ARRAY(12, arg)
#define POLLFDS(arg) ARRAY(8, arg)
#define HANDLE(arg)  SELF(arg, 0, 1, 8)

/* The bytes of which files? */
#define NOFILE		 { -1, -1, -1, -1, false }
#define READS(fd)	 { (fd), -1, -1, -1, false }
#define WRITES(fd)	 { -1, (fd), -1, -1, false }
#define COPIES(in, out)	 { (in), (out), -1, -1, false }
#define CUTS(fd)	 { -1, -1, (fd), -1, false }
#define OPENS(path)	 { -1, -1, -1, (path), false }
#define READS_PATH(path) { (path), -1, -1, -1, true }
#define CUTS_PATH(path)	 { -1, -1, (path), -1, true }

/* What every call and every command has. */
#define SYS_INFO(call, kind, number, ...) \
	.info = { .name = #call, .class = SYSARGS_##kind, \
	    .error = (number), .file = __VA_ARGS__ }

#endif
