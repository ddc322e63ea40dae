/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace.h - a trace: what happens to some address spaces, as data.
 *
 * An operation is a plain struct that names spaces and objects by small
 * numbers and holds no result, so that any part of a trace can be run again:
 * an operation on a space that is not there does nothing.  A trace in a file
 * is text, one operation a line, fields as KEY=VALUE in any order:
 *
 *	design=netbsd frames=64 min=0x10000 max=0x90000
 *	map space=0 addr=0x12000 len=0x3000 prot=rw max=rwx flags=private,fixed
 *	write space=0 cpu=1 addr=0x12ffe len=0x4 value=17
 *
 * Fields that are zero are left out.
 */
#ifndef TEST_DIFFER_TRACE_H
#define TEST_DIFFER_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
	TRACE_SPACES = 4,
	TRACE_CPUS = 2,
	TRACE_FILES = 2,
	TRACE_ANONS = 2,
	TRACE_SWAPS = 2,
	TRACE_HOLDS = 2, /* of a space, at once */
	TRACE_LOANS = 2,
	TRACE_POINTS = 2, /* checkpoints */
	/* Object numbers: 0 is none, then the files, then shared memory. */
	TRACE_OBJECTS = TRACE_FILES + TRACE_ANONS,
	/* What fails: FAULTYSWAP_* from here on, and BADFILE_*. */
	TRACE_FAIL_SWAP = 1,
	TRACE_FAIL_FILE = 5,
	/* The most bytes that one operation reads or writes. */
	OP_BYTES_MAX = 4 * 4096,
};

enum op_kind {
	OP_CREATE,
	OP_MAP,
	OP_UNMAP,
	OP_PROTECT,
	OP_INHERIT,
	OP_REMAP,
	OP_ADVISE,
	OP_INCORE,
	OP_SYNC,
	OP_LOCK,
	OP_UNLOCK,
	OP_LOCKALL,
	OP_UNLOCKALL,
	OP_BRK,
	OP_FORK,
	OP_EXIT,
	OP_RESET,
	OP_READ, /* as a program: through the MMU, faults resolved */
	OP_WRITE,
	OP_EXEC,
	OP_COPYIN, /* vmspace_read, vmspace_write */
	OP_COPYOUT,
	OP_FILE_READ,  /* as the host: flush, then look into the file */
	OP_FILE_WRITE, /* flush, change the file, toss its pages */
	OP_FILE_SIZE,
	OP_FORGET, /* the MMU forgets all mappings that it may */
	OP_RENEW,  /* let go of an object of shared memory, make another */
	OP_FREEZE, /* vm_mimmutable */
	OP_STACK,  /* vm_stack_map */
	OP_STACK_CHECK,
	OP_SWAP_ON, /* a device comes, goes, fails; as large as config */
	OP_SWAP_OFF,
	OP_SWAP_FAIL,
	OP_FILE_FAIL,
	OP_VSLOCK, /* a buffer is held for a system call, and let go */
	OP_VSUNLOCK,
	OP_SWAP_HOLD, /* what is begun stays under way; or no more is to */
	OP_FILE_HOLD,
	OP_LET_GO, /* of what is under way something ends */
	OP_LOAN,   /* pages are lent, given back, lent to a space */
	OP_UNLOAN,
	OP_LOAN_TO,
	OP_EXTRACT, /* map entries are passed on */
	OP_TAKE,    /* a checkpoint; a space that begins there, or goes back */
	OP_BRANCH,
	OP_BACK,
	OP_DROP,
	OP_KINDS
};

/* Flags of operations. */
enum {
	OP_LEAVE = 1, /* an access that would have to wait is given up */
	OP_FAILS = 1, /* what ends fails */
	OP_ON = 1,
	OP_COPY = 64, /* beside VM_EXTRACT_* */
	OP_DONATE = 128,
};

/*
 * addr, len	a range of bytes; file operations: offset and length or size
 *		stack: all of it, from its lowest address on
 * addr2	map: offset into the object; remap: the new address; stack:
 *		bytes at first
 *		loan_to, extract: where to look first, or 0; extract with
 *		FIXED: where
 * len2		map: alignment; remap: the new length; stack: bytes it may
 *		have now
 * flags	VM_MMAP_*, VM_MREMAP_*, VM_MS_*, VM_MCL_*; lock: 1, on faults;
 *		advise, inherit: which; fork, branch: number of the new space
 *		swap_fail, file_fail: what fails, FAULTYSWAP_*, BADFILE_*;
 *		read, write, exec: OP_LEAVE; let_go: OP_FAILS; *_hold: OP_ON;
 *		loan_to: the space it is lent to; extract: VM_EXTRACT_*, and
 *		OP_COPY or OP_DONATE, else to share
 * object	swap_*: number of the device, vslock, vsunlock: of the buffer,
 *		loan, unloan: of the loan, from 0 on; extract: the space
 *		that gets it; take, branch, back, drop: of the checkpoint
 * value	where the bytes that are written come from; create: which of the
 *		system's designs; stack: pages of its guard; swap_fail,
 *		file_fail: which request from now on; let_go: what
 */
struct op {
	uint8_t kind, space, object, cpu;
	uint8_t prot, max_prot;
	uint16_t unused; /* no hidden bytes: operations are hashed */
	uint32_t flags;
	uint32_t value;
	uint64_t addr, len, addr2, len2;
};

/* The world in which a trace runs. */
struct trace_config {
	char design[48];         /* DESIGN[+PART]... or mixed, see mix.h */
	uint64_t frames;         /* physical pages */
	uint64_t swap;           /* pages of a device for it; 0: none */
	uint64_t fail;           /* TRACE_FAIL_* + what, or 0: nothing */
	uint64_t nth;            /* request of that kind to each device, file */
	uint64_t for_ever;       /* 1: and all after it */
	uint64_t counted;        /* 1: no more anonymous memory than there is */
	uint64_t va_min, va_max; /* bytes */
	uint64_t zero_ahead;     /* pages; 0: none */
	uint64_t read_around;    /* pages of a block; 0: forward only */
	uint64_t neighbours;     /* so many times the design's; 0: 1 */
	uint64_t wired_limit;    /* bytes for each space; 0: no limit */
	uint64_t forget;         /* the MMU forgets a mapping so often */
	uint64_t copies;         /* 1: pmap_copy does something */
};

struct trace {
	struct trace_config config;
	size_t nops, max;
	struct op *ops;
};

void trace_print_config(FILE *, const struct trace_config *);
void trace_print_op(FILE *, const struct op *);
void trace_print(FILE *, const struct trace *);
/* False when the text is no trace; says where on standard error. */
bool trace_parse(FILE *, struct trace *);

/* Where the heap of each space begins: in the middle. */
static inline uint64_t
trace_heap(const struct trace_config *c)
{
	return (c->va_min + (c->va_max - c->va_min) / 2) & ~(uint64_t)4095;
}

/* The i-th of the bytes that an operation of that value writes. */
static inline uint8_t
trace_byte(uint32_t value, uint64_t i)
{
	return (uint8_t)(value + i * 7 + (i >> 8) * 29 + 1);
}

#endif
