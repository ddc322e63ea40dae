/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sysargs.h - what a Linux x86-64 system call does to user memory.
 *
 * A system call of a program whose memory is ours fails with EFAULT where the
 * host has no mapping yet, so the supervisor must know beforehand which ranges
 * the kernel is going to read and write.  A table (systab.h) says it for every
 * call as data; this file reads the table:
 *
 *	sysargs_info()	  what kind of call is it, which files does it touch
 *	sysargs_walk()	  which ranges of user memory does it touch
 *
 *	writev(fd, iov, 2)  ->  range(iov, 32, reads)
 *				range(iov[0].base, iov[0].len, reads)
 *				range(iov[1].base, iov[1].len, reads)
 *
 * Ranges are upper bounds: a buffer is as long as the caller says it is, even
 * if the kernel then uses less of it.  Nothing here knows of ptrace or of maps.
 */
#ifndef HOST_SYSARGS_H
#define HOST_SYSARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the supervisor has to do with a call. */
enum sysargs_class {
	SYSARGS_UNKNOWN, /* not in the table: any argument may be a buffer */
	SYSARGS_PLAIN,   /* uses no user memory and changes none: no stop */
	SYSARGS_BUFFERS, /* walk it, then let it run */
	SYSARGS_MEMORY,  /* the mmap family, and limits on memory: answer it */
	SYSARGS_PROCESS, /* makes, changes or ends tasks, or their CPUs */
	SYSARGS_SIGNAL,  /* changes what the supervisor tracks of signals */
	SYSARGS_DENY,    /* never runs; the answer is -error, 0 if that is 0 */
};

/* In place of the number of an argument. */
enum {
	SYSARGS_NONE = -1,
	SYSARGS_ALL = -2, /* sync(2): every file there is */
};

/*
 * What a call does to the bytes of files, for files that are also mapped.
 * Each member is the number of an argument, from 0, or SYSARGS_NONE.
 */
struct sysargs_file {
	int8_t reads;  /* fd whose bytes are read, or written to the device */
	int8_t writes; /* fd whose bytes are changed */
	int8_t cuts;   /* fd whose size or allocation is changed */
	int8_t opens;  /* path: see sysargs_open_flags() for O_TRUNC */
	bool by_path;  /* reads or cuts is not an fd but a path */
};

struct sysargs_info {
	const char *name; /* of the call, for messages; "?" if unknown */
	uint8_t class;    /* enum sysargs_class */
	uint8_t error;    /* errno of the host, for SYSARGS_DENY */
	struct sysargs_file file;
};

struct sysargs_call {
	uint32_t nr;
	uint64_t args[6];
};

/* How the walker looks at the memory of the caller, and tells what it finds. */
struct sysargs_ops {
	/*
	 * Copy [uaddr, uaddr + len) to buf; may block and fault pages in.
	 * len is at most 4096.  => 0; a VM_E* code if not all is readable
	 */
	int (*read)(void *ctx, uint64_t uaddr, void *buf, size_t len);
	/*
	 * The kernel may access [uaddr, uaddr + len), and write it if writes.
	 * len > 0; the range ends below 2^47 but is otherwise as the program
	 * gave it: it may lead over anything, may be 2 GB long, may not be
	 * mapped at all.  Resolve up to the first page that has no answer; a
	 * page that cannot be written is to be resolved for reading.
	 */
	void (*range)(void *ctx, uint64_t uaddr, uint64_t len, bool writes);
};

/*
 * sysargs_info: what is known of a call, by its command where it has commands
 * (fcntl, ioctl, futex, prctl, ...).
 *
 * => never NULL, lives for ever
 */
const struct sysargs_info *sysargs_info(const struct sysargs_call *call);

/*
 * sysargs_walk: report every range of user memory that a call may access.
 *
 * A struct or array that leads to others (iovecs) is reported before it is
 * read, and before those; strings when their length is known.  Goes over at
 * most 1024 elements of an array, and over strings of an exec until 8 MB of
 * them are found.  No allocation, no state.
 *
 * => 0; VM_EFAULT if something that leads to others could not be read: the
 *    kernel will say EFAULT itself.  All that can be found is reported anyway
 */
int sysargs_walk(const struct sysargs_call *call, const struct sysargs_ops *ops,
    void *ctx);

/*
 * sysargs_open_flags: the O_* flags of a call whose file.opens is set.
 *
 * => the flags; 0 if the call does not open or its flags cannot be read
 */
uint64_t sysargs_open_flags(const struct sysargs_call *call,
    const struct sysargs_ops *ops, void *ctx);

#endif
