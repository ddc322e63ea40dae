/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sysargs.c - reads the table of system calls.  See sysargs.h and systab.h.
 *
 * The walk goes from record to record: the arguments are the first one, a
 * struct that holds pointers is the next.  Only records and strings are copied
 * here, piece by piece into a small buffer; what they point to is reported.
 *
 *	walk_record -> walk_buf -> walk_elements -> walk_record ...
 *
 * The table nests at most three deep (arguments, msghdr, iovec), and so does
 * the recursion.
 */

#include <linux/fcntl.h>
#include <string.h>
#include <asm/unistd.h>

#include "host/systab.h"
#include "vm/vm_types.h"

enum {
	WALK_CHUNK = 256,         /* bytes of a record that are looked at */
	WALK_ELEMENTS = 1024,     /* UIO_MAXIOV: the kernel takes no more */
	WALK_EXEC = 8 << 20,      /* over the kernel's limit for argv + envp */
	WALK_STRING = 128 << 10,  /* of one string of them */
	WALK_FDS = 1 << 20,       /* files that a process may have open */
	WALK_LENGTH = 0x7ffff000, /* MAX_RW_COUNT: of one transfer */
};

#define USER_START ((uint64_t)VM_PAGE_SIZE) /* NULL and small numbers end */
#define USER_END   (((uint64_t)1 << 47) - VM_PAGE_SIZE)

struct walk {
	const struct sysargs_ops *ops;
	void *ctx;
	int error;
};

/* What is known of one call: from the row of its number or its command. */
struct walk_plan {
	const struct sysargs_info *info;
	const struct sys_buf *bufs;
};

static const struct sys_row walk_unknown = {
	SYS_INFO(?, UNKNOWN, 0, NOFILE),
	.command = -1,
	.bufs = { INOUT(0, GUESS), INOUT(1, GUESS), INOUT(2, GUESS),
	    INOUT(3, GUESS), INOUT(4, GUESS), INOUT(5, GUESS) },
};

static void walk_record(struct walk *, const unsigned char *,
    const struct sys_buf *, size_t);

/* ----------------------------------------------------------- user memory */

static bool
user_has(uint64_t addr)
{
	return (addr >= USER_START && addr < USER_END);
}

static uint64_t
user_page_rest(uint64_t addr)
{
	return (VM_PAGE_SIZE - (addr & VM_PAGE_MASK));
}

static void
walk_report(struct walk *w, uint64_t addr, uint64_t len, unsigned how)
{
	if (!user_has(addr) || len == 0)
		return;
	if (len > USER_END - addr)
		len = USER_END - addr;
	w->ops->range(w->ctx, addr, len, (how & SYS_WRITE) != 0);
}

static bool
walk_fetch(struct walk *w, uint64_t addr, void *buf, size_t len)
{
	if (user_has(addr) && len <= USER_END - addr &&
	    w->ops->read(w->ctx, addr, buf, len) == 0)
		return (true);
	w->error = VM_EFAULT;
	return (false);
}

/* --------------------------------------------------------------- numbers */

static uint64_t
record_long(const unsigned char *record, size_t at)
{
	uint64_t value;

	memcpy(&value, record + at, sizeof(value));
	return (value);
}

/* Below zero is zero: the kernel refuses the call. */
static uint64_t
number_of_int(uint32_t value)
{
	return (value > INT32_MAX ? 0 : value);
}

static uint64_t
record_number(const unsigned char *record, size_t at, size_t width)
{
	uint64_t value = 0;

	memcpy(&value, record + at, width); /* x86 is little-endian */
	return (width == 4 ? number_of_int((uint32_t)value) : value);
}

static uint64_t
clamp(uint64_t value, uint64_t most)
{
	return (value < most ? value : most);
}

/* The number that stands in user memory; 0 if it cannot be read. */
static uint64_t
walk_number_at(struct walk *w, const unsigned char *record,
    const struct sys_buf *b)
{
	uint64_t addr = record_long(record, b->by);
	uint32_t value = 0;

	if (addr != 0)
		walk_fetch(w, addr + b->off, &value, sizeof(value));
	return (number_of_int(value));
}

/* The bytes that an ioctl number speaks of; *how is the direction it names. */
static uint64_t
walk_ioc(const unsigned char *record, const struct sys_buf *b, unsigned *how)
{
	uint32_t request;

	memcpy(&request, record + b->by, sizeof(request));
	*how = request >> 31 ? SYS_READ | SYS_WRITE : SYS_READ;
	return (request >> 30 ? request >> 16 & 0x3fff : 0);
}

static uint64_t
walk_length(struct walk *w, const unsigned char *record,
    const struct sys_buf *b)
{
	uint64_t number;

	switch (b->kind) {
	case SYS_COUNT:
		number = record_number(record, b->by, b->width);
		break;
	case SYS_COUNT_AT:
		number = walk_number_at(w, record, b);
		break;
	case SYS_BITS:
		number = record_number(record, b->by, b->width);
		return ((clamp(number, WALK_FDS) + 63) / 64 * 8);
	default:
		return (b->head);
	}
	return (b->head + clamp(number, WALK_LENGTH / b->unit) * b->unit);
}

/* --------------------------------------------------------------- strings */

/*
 * Report a string up to its NUL, most bytes at most, reading no byte of a page
 * before the pages below it.  Returns its length with the NUL.
 */
static uint64_t
walk_string(struct walk *w, uint64_t start, uint64_t most)
{
	char buf[WALK_CHUNK];
	uint64_t addr = start, end = start + most, len;
	const char *nul = NULL;

	while (addr < end && nul == NULL) {
		len = clamp(clamp(end - addr, sizeof(buf)),
		    user_page_rest(addr));
		if (!walk_fetch(w, addr, buf, len))
			break;
		nul = memchr(buf, '\0', len);
		addr += nul == NULL ? len : (uint64_t)(nul - buf) + 1;
	}
	walk_report(w, start, addr - start, SYS_READ);
	return (addr - start);
}

/* Pointers up to a NULL, and the strings they point to. */
static void
walk_strings(struct walk *w, uint64_t start)
{
	uint64_t addr = start, string = 1, used = 0;

	while (string != 0 && used < WALK_EXEC) {
		if (!walk_fetch(w, addr, &string, sizeof(string)))
			break;
		if (string != 0)
			used += walk_string(w, string, WALK_STRING);
		addr += sizeof(string);
		used += sizeof(string);
	}
	walk_report(w, start, addr - start, SYS_READ);
}

/* --------------------------------------------------------------- records */

/* One struct of len bytes; what is beyond its end counts as zero. */
static void
walk_struct(struct walk *w, const struct sys_buf *b, uint64_t addr,
    uint64_t len)
{
	unsigned char buf[WALK_CHUNK] = { 0 };

	if (walk_fetch(w, addr, buf, clamp(len, sizeof(buf))))
		walk_record(w, buf, sys_shapes[b->shape], SYS_FIELDS);
}

/* Calls with many messages take one after the other; vectors are read whole. */
static bool
is_taken_singly(const struct sys_buf *b)
{
	return (b->shape == SHAPE_send_msg || b->shape == SHAPE_recv_msg);
}

/* Copy the elements of [addr, addr + len) that will be used: how many bytes. */
static uint64_t
walk_fetch_elements(struct walk *w, const struct sys_buf *b, uint64_t addr,
    unsigned char *buf, uint64_t len)
{
	uint64_t done;

	if (walk_fetch(w, addr, buf, len))
		return (len);
	for (done = 0; is_taken_singly(b) && done < len; done += b->unit)
		if (!walk_fetch(w, addr + done, buf + done, b->unit))
			break;
	return (done);
}

/* The structs of an array of len bytes, as many as the kernel takes. */
static void
walk_elements(struct walk *w, const struct sys_buf *b, uint64_t addr,
    uint64_t len)
{
	unsigned char buf[WALK_CHUNK];
	uint64_t rest = clamp(len / b->unit, WALK_ELEMENTS) * b->unit;
	uint64_t some, got;

	for (; rest > 0; rest -= some, addr += some) {
		some = clamp(rest, sizeof(buf) / b->unit * b->unit);
		got = walk_fetch_elements(w, b, addr, buf, some);
		for (uint64_t at = 0; at < got; at += b->unit)
			walk_record(w, buf + at, sys_shapes[b->shape],
			    SYS_FIELDS);
		if (got < some)
			return;
	}
}

/* A guess is a pointer if the consumer finds something mapped there. */
static void
walk_guess(struct walk *w, uint64_t addr)
{
	walk_report(w, addr, user_page_rest(addr), SYS_READ | SYS_WRITE);
}

static void
walk_target(struct walk *w, const unsigned char *record,
    const struct sys_buf *b, uint64_t addr)
{
	uint64_t len = walk_length(w, record, b);

	walk_report(w, addr, len, b->how);
	if (b->shape == SHAPE_none || len == 0)
		return;
	if (b->unit > 1)
		walk_elements(w, b, addr, len);
	else
		walk_struct(w, b, addr, len);
}

static void
walk_request(struct walk *w, const unsigned char *record,
    const struct sys_buf *b, uint64_t addr)
{
	unsigned how;
	uint64_t len = walk_ioc(record, b, &how);

	if (len == 0) {
		walk_guess(w, addr);
		return;
	}
	walk_report(w, addr, len, how);
	walk_struct(w, b, addr, len);
}

static void
walk_buf(struct walk *w, const unsigned char *record, const struct sys_buf *b)
{
	uint64_t addr = record_long(record, b->at);

	if (addr == 0)
		return;
	switch ((enum sys_kind)b->kind) {
	case SYS_STRING:
		walk_string(w, addr, b->head);
		break;
	case SYS_STRINGS:
		walk_strings(w, addr);
		break;
	case SYS_IOC:
		walk_request(w, record, b, addr);
		break;
	case SYS_GUESS:
		walk_guess(w, addr);
		break;
	case SYS_SIZE:
	case SYS_COUNT:
	case SYS_COUNT_AT:
	case SYS_BITS:
		walk_target(w, record, b, addr);
		break;
	case SYS_END:
		break;
	}
}

static void
walk_record(struct walk *w, const unsigned char *record,
    const struct sys_buf *bufs, size_t n)
{
	for (size_t i = 0; i < n && bufs[i].kind != SYS_END; i++)
		walk_buf(w, record, &bufs[i]);
}

/* ------------------------------------------------------------- the table */

static const struct sys_cmd *
walk_find_cmd(const struct sysargs_call *call, uint32_t command)
{
	size_t i, end;
	uint32_t value;

	for (sys_cmds_of(call->nr, &i, &end); i < end; i++) {
		value = command & sys_cmds[i].mask;
		if (sys_cmds[i].first <= value && value <= sys_cmds[i].last)
			return (&sys_cmds[i]);
	}
	return (NULL);
}

static const struct sys_row *
walk_find_row(uint32_t nr)
{
	if (nr >= SYS_ROWS || sys_rows[nr].info.name == NULL)
		return (&walk_unknown);
	return (&sys_rows[nr]);
}

static struct walk_plan
walk_plan(const struct sysargs_call *call)
{
	const struct sys_row *row = walk_find_row(call->nr);
	const struct sys_cmd *cmd = NULL;

	if (row->command >= 0)
		cmd = walk_find_cmd(call, (uint32_t)call->args[row->command]);
	if (cmd != NULL)
		return ((struct walk_plan){ &cmd->info, cmd->bufs });
	return ((struct walk_plan){ &row->info, row->bufs });
}

const struct sysargs_info *
sysargs_info(const struct sysargs_call *call)
{
	return (walk_plan(call).info);
}

int
sysargs_walk(const struct sysargs_call *call, const struct sysargs_ops *ops,
    void *ctx)
{
	struct walk w = { .ops = ops, .ctx = ctx, .error = VM_OK };
	struct walk_plan plan = walk_plan(call);
	unsigned char record[sizeof(call->args)];

	memcpy(record, call->args, sizeof(record));
	walk_record(&w, record, plan.bufs, SYS_BUFS);
	return (w.error);
}

uint64_t
sysargs_open_flags(const struct sysargs_call *call,
    const struct sysargs_ops *ops, void *ctx)
{
	uint64_t flags = 0;

	switch (call->nr) {
	case __NR_open:
		return (call->args[1]);
	case __NR_openat:
	case __NR_open_by_handle_at:
		return (call->args[2]);
	case __NR_creat:
		return (O_CREAT | O_WRONLY | O_TRUNC);
	case __NR_openat2:
		if (ops->read(ctx, call->args[2], &flags, sizeof(flags)) != 0)
			return (0);
		return (flags);
	default:
		return (0);
	}
}
