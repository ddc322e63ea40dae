/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host_sysargs_test.c - host/sysargs.h: which memory does a system call use?
 *
 * The memory of the caller is an array that stands at MEM; everything around
 * it cannot be read.  What the walker reports is kept in order:
 *
 *	0          MEM         MEM + MEM_SIZE                    2^47
 *	|- nothing -|- readable -|--------- not readable ---------|
 *
 * Whether the table tells the truth is asked in host_sysargs_kernel_test.c.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "host/filter.h"
#include "host/systab.h"
#include "vm/vm_types.h"

#define MEM      UINT64_C(0x7f0000000000)
#define MEM_SIZE (64 * VM_PAGE_SIZE)
#define MEM_END  (MEM + MEM_SIZE)
#define NOWHERE  UINT64_C(0x123456789000)
#define USER_END ((UINT64_C(1) << 47) - VM_PAGE_SIZE)
#define RANGES   4096

/* Newer than the headers of Debian 12. */
enum {
	NR_FUTEX_WAITV = 449,
	NR_FUTEX_REQUEUE = 456,
	NR_LISTMOUNT = 458,
};

struct range {
	uint64_t addr;
	uint64_t len;
	bool writes;
};

struct world {
	unsigned char mem[MEM_SIZE];
	struct range ranges[RANGES];
	size_t nranges;
	size_t checked;
	size_t reads;
};

static struct world world;

static int
setup(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	return (0);
}

static int
world_read(void *ctx, uint64_t addr, void *buf, size_t len)
{
	struct world *w = ctx;

	assert_true(len <= VM_PAGE_SIZE);
	w->reads++;
	if (addr < MEM || addr > MEM_END || len > MEM_END - addr)
		return (VM_EFAULT);
	memcpy(buf, w->mem + (addr - MEM), len);
	return (0);
}

static void
world_range(void *ctx, uint64_t addr, uint64_t len, bool writes)
{
	struct world *w = ctx;

	assert_true(len > 0);
	assert_true(addr >= VM_PAGE_SIZE);
	assert_true(addr < USER_END && len <= USER_END - addr);
	assert_true(w->nranges < RANGES);
	w->ranges[w->nranges++] = (struct range){ addr, len, writes };
}

static const struct sysargs_ops ops = { world_read, world_range };

static void
put(uint64_t addr, const void *data, size_t len)
{
	assert_true(addr >= MEM && addr + len <= MEM_END);
	memcpy(world.mem + (addr - MEM), data, len);
}

static void
put_long(uint64_t addr, uint64_t value)
{
	put(addr, &value, sizeof(value));
}

static void
put_int(uint64_t addr, uint32_t value)
{
	put(addr, &value, sizeof(value));
}

static void
put_string(uint64_t addr, const char *s)
{
	put(addr, s, strlen(s) + 1);
}

static void
put_iov(uint64_t addr, uint64_t base, uint64_t len)
{
	put_long(addr, base);
	put_long(addr + 8, len);
}

/* Walk a call, from an empty list of ranges. */
static int
walk(const struct sysargs_call *call)
{
	world.nranges = world.checked = world.reads = 0;
	return (sysargs_walk(call, &ops, &world));
}

#define CALL(number, ...) \
	(&(struct sysargs_call){ .nr = (number), .args = { __VA_ARGS__ } })
#define WALK(number, ...) assert_int_equal(walk(CALL(number, __VA_ARGS__)), 0)
#define WALK_FAULTS(number, ...) \
	assert_int_equal(walk(CALL(number, __VA_ARGS__)), VM_EFAULT)

/* The next range that was reported is this one. */
static void
next(uint64_t addr, uint64_t len, bool writes)
{
	const struct range *r = &world.ranges[world.checked];

	assert_true(world.checked < world.nranges);
	assert_int_equal(r->addr, addr);
	assert_int_equal(r->len, len);
	assert_int_equal(r->writes, writes);
	world.checked++;
}

static void
next_in(uint64_t addr, uint64_t len)
{
	next(addr, len, false);
}

static void
next_out(uint64_t addr, uint64_t len)
{
	next(addr, len, true);
}

static void
no_more(void)
{
	assert_int_equal(world.checked, world.nranges);
}

/* -------------------------------------------------------------- the table */

static void
every_number_has_a_row(void **state)
{
	(void)state;
	for (uint32_t nr = 0; nr < SYS_ROWS; nr++) {
		bool hole = nr >= 337 && nr <= 422;

		if ((sys_rows[nr].info.name == NULL) != hole)
			fail_msg("number %u", nr);
	}
}

/* Do the rows have the names of the kernel's header, as far as it goes? */
static void
rows_have_the_names_of_the_header(void **state)
{
	const char *path = "/usr/include/x86_64-linux-gnu/asm/unistd_64.h";
	FILE *f = fopen(path, "r");
	char line[256], name[128];
	unsigned nr, n = 0;

	(void)state;
	if (f == NULL) {
		print_message("skip: there is no %s\n", path);
		skip();
		return;
	}
	while (fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "#define __NR_%127s %u", name, &nr) != 2)
			continue;
		if (nr < SYS_ROWS)
			assert_string_equal(sys_rows[nr].info.name, name);
		n++;
	}
	(void)fclose(f);
	assert_true(n > 350);
}

static size_t
count_bufs(const struct sys_buf *bufs, size_t most)
{
	size_t n = 0;

	while (n < most && bufs[n].kind != SYS_END)
		n++;
	return (n);
}

/* size: of the record that the pointer stands in */
static void
check_buf(const struct sys_buf *b, size_t size)
{
	assert_true(b->how != 0);
	assert_true(b->at % 8 == 0);
	assert_true(b->at + 8U <= size);
	assert_true(b->shape < SYS_SHAPES);
	if (b->kind == SYS_COUNT) {
		assert_true(b->unit >= 1);
		assert_true(b->width == 2 || b->width == 4 || b->width == 8);
		assert_true((size_t)b->by + b->width <= size);
	}
	if (b->kind == SYS_COUNT_AT)
		assert_true(b->unit >= 1 && b->by + 8U <= size);
	if (b->kind == SYS_SIZE)
		assert_true(b->head > 0);
}

static void
check_bufs(const struct sys_buf *bufs)
{
	for (size_t i = 0; i < count_bufs(bufs, SYS_BUFS); i++)
		check_buf(&bufs[i], 6 * 8);
}

static void
check_class(const struct sysargs_info *info, const struct sys_buf *bufs)
{
	bool uses = count_bufs(bufs, SYS_BUFS) > 0 ||
	    info->file.reads != SYSARGS_NONE ||
	    info->file.writes != SYSARGS_NONE ||
	    info->file.cuts != SYSARGS_NONE;

	if (info->class == SYSARGS_PLAIN || info->class == SYSARGS_DENY)
		assert_false(uses);
	if (info->class == SYSARGS_BUFFERS)
		assert_true(uses);
	if (info->class != SYSARGS_DENY)
		assert_int_equal(info->error, 0);
}

static void
rows_make_sense(void **state)
{
	(void)state;
	for (uint32_t nr = 0; nr < SYS_ROWS; nr++) {
		if (sys_rows[nr].info.name == NULL)
			continue;
		check_bufs(sys_rows[nr].bufs);
		check_class(&sys_rows[nr].info, sys_rows[nr].bufs);
	}
	for (size_t i = 0; i < sys_ncmds; i++) {
		check_bufs(sys_cmds[i].bufs);
		check_class(&sys_cmds[i].info, sys_cmds[i].bufs);
	}
	for (size_t s = 0; s < SYS_SHAPES; s++)
		for (size_t i = 0; i < count_bufs(sys_shapes[s], SYS_FIELDS);
		     i++)
			check_buf(&sys_shapes[s][i], 128);
}

static void
commands_stand_in_order(void **state)
{
	const struct sys_cmd *c = sys_cmds;
	size_t first, end;

	(void)state;
	for (size_t i = 0; i < sys_ncmds; i++, c++) {
		assert_true(c->nr < SYS_ROWS);
		assert_true(sys_rows[c->nr].command >= 0);
		assert_string_equal(c->info.name, sys_rows[c->nr].info.name);
		assert_true(c->first <= c->last);
		assert_true(i == 0 || c->nr >= c[-1].nr);
		sys_cmds_of(c->nr, &first, &end);
		assert_true(first <= i && i < end);
	}
	for (uint32_t nr = 0; nr < SYS_ROWS; nr++) {
		sys_cmds_of(nr, &first, &end);
		assert_int_equal(first < end,
		    sys_rows[nr].info.name != NULL &&
			sys_rows[nr].command >= 0);
	}
}

static const struct sysargs_info *
info(uint32_t nr, uint64_t arg0, uint64_t arg1)
{
	return (sysargs_info(CALL(nr, arg0, arg1)));
}

static void
info_knows_calls_and_commands(void **state)
{
	(void)state;
	assert_int_equal(info(SYS_getppid, 0, 0)->class, SYSARGS_PLAIN);
	assert_int_equal(info(SYS_mmap, 0, 0)->class, SYSARGS_MEMORY);
	assert_int_equal(info(SYS_execve, 0, 0)->class, SYSARGS_PROCESS);
	assert_int_equal(info(SYS_rt_sigaction, 0, 0)->class, SYSARGS_SIGNAL);
	assert_int_equal(info(SYS_ptrace, 0, 0)->class, SYSARGS_DENY);
	assert_int_equal(info(SYS_ptrace, 0, 0)->error, EPERM);
	assert_int_equal(info(SYS_fcntl, 1, F_GETFL)->class, SYSARGS_PLAIN);
	assert_int_equal(info(SYS_fcntl, 1, F_SETLK)->class, SYSARGS_BUFFERS);
	assert_int_equal(info(SYS_fcntl, 1, 9999)->class, SYSARGS_BUFFERS);
	assert_int_equal(info(SYS_prctl, PR_SET_VMA, 0)->class, SYSARGS_DENY);
	assert_int_equal(info(SYS_prctl, PR_SET_MM, 0)->class, SYSARGS_MEMORY);
	assert_int_equal(info(SYS_close, 3, 0)->class, SYSARGS_PLAIN);
	assert_string_equal(info(SYS_prctl, PR_SET_MM, 0)->name, "prctl");
}

static void
info_of_a_strange_number_is_unknown(void **state)
{
	(void)state;
	assert_int_equal(info(400, 0, 0)->class, SYSARGS_UNKNOWN);
	assert_int_equal(info(SYS_ROWS, 0, 0)->class, SYSARGS_UNKNOWN);
	assert_int_equal(info(UINT32_MAX, 0, 0)->class, SYSARGS_UNKNOWN);
	assert_string_equal(info(UINT32_MAX, 0, 0)->name, "?");
}

static void
info_knows_files(void **state)
{
	struct sysargs_file f;

	(void)state;
	f = info(SYS_sendfile, 0, 0)->file;
	assert_int_equal(f.reads, 1);
	assert_int_equal(f.writes, 0);
	assert_int_equal(f.cuts, SYSARGS_NONE);
	f = info(SYS_truncate, 0, 0)->file;
	assert_int_equal(f.cuts, 0);
	assert_true(f.by_path);
	f = info(SYS_openat, 0, 0)->file;
	assert_int_equal(f.opens, 1);
	f = info(SYS_ioctl, 0, 0x40049409)->file; /* FICLONE */
	assert_int_equal(f.reads, 2);
	assert_int_equal(f.writes, 0);
	assert_int_equal(info(SYS_sync, 0, 0)->file.reads, SYSARGS_ALL);
	assert_int_equal(info(SYS_stat, 0, 0)->file.reads, SYSARGS_NONE);
}

static uint64_t
open_flags(const struct sysargs_call *call)
{
	return (sysargs_open_flags(call, &ops, &world));
}

static void
open_flags_stand_in_many_places(void **state)
{
	(void)state;
	put_long(MEM, O_TRUNC);
	assert_int_equal(open_flags(CALL(SYS_open, 0, O_APPEND)), O_APPEND);
	assert_int_equal(open_flags(CALL(SYS_openat, 0, 0, 7)), 7);
	assert_true(open_flags(CALL(SYS_creat, 0)) & O_TRUNC);
	assert_int_equal(open_flags(CALL(SYS_openat2, 0, 0, MEM)), O_TRUNC);
	assert_int_equal(open_flags(CALL(SYS_openat2, 0, 0, NOWHERE)), 0);
	assert_int_equal(open_flags(CALL(SYS_read, 0, MEM, 7)), 0);
}

/* -------------------------------------------------------- sizes and counts */

static void
plain_calls_have_no_ranges(void **state)
{
	(void)state;
	WALK(SYS_getppid, MEM, MEM, MEM, MEM, MEM, MEM);
	no_more();
	WALK(SYS_fcntl, 0, F_DUPFD, MEM);
	no_more();
}

static void
fixed_sizes(void **state)
{
	(void)state;
	WALK(SYS_fstat, 3, NOWHERE + 5);
	next_out(NOWHERE + 5, sizeof(struct stat));
	no_more();
	WALK(SYS_rt_sigaction, 2, MEM, MEM + 100, 8);
	next_in(MEM, 32);
	next_out(MEM + 100, 32);
	no_more();
}

static void
null_and_kernel_addresses_are_no_ranges(void **state)
{
	(void)state;
	WALK(SYS_rt_sigaction, 2, 0, 0, 8);
	no_more();
	WALK(SYS_fstat, 3, 4095);
	no_more();
	WALK(SYS_fstat, 3, USER_END);
	no_more();
	WALK(SYS_fstat, 3, UINT64_MAX - 3);
	no_more();
	WALK(SYS_fstat, 3, USER_END - 10);
	next_out(USER_END - 10, 10);
	no_more();
}

static void
counted_bytes(void **state)
{
	(void)state;
	WALK(SYS_read, 0, MEM, 12345);
	next_out(MEM, 12345);
	no_more();
	WALK(SYS_write, 0, MEM, 12345);
	next_in(MEM, 12345);
	no_more();
	WALK(SYS_write, 0, MEM, 0);
	no_more();
}

/* A transfer is never longer than MAX_RW_COUNT, and never wraps around. */
static void
absurd_counts_are_cut(void **state)
{
	(void)state;
	WALK(SYS_read, 0, NOWHERE, UINT64_MAX);
	next_out(NOWHERE, 0x7ffff000);
	WALK(SYS_read, 0, USER_END - 100, UINT64_MAX);
	next_out(USER_END - 100, 100);
	WALK(SYS_msgsnd, 0, NOWHERE, UINT64_MAX);
	next_in(NOWHERE, 8 + 0x7ffff000);
	WALK(NR_LISTMOUNT, 0, NOWHERE, UINT64_MAX / 4);
	next_out(NOWHERE, 0x7ffff000);
}

/* An int below zero is an error, whatever stands in the upper half. */
static void
int_counts_ignore_the_upper_half(void **state)
{
	(void)state;
	WALK(SYS_poll, MEM, UINT64_C(0xdeadbeef00000003), 0);
	next_out(MEM, 24);
	WALK(SYS_poll, MEM, 0xffffffff, 0);
	no_more();
	WALK(SYS_epoll_wait, 3, MEM, (uint64_t)INT64_MIN, 0);
	no_more();
	WALK(SYS_epoll_wait, 3, MEM, 4, 0);
	next_out(MEM, 4 * sizeof(struct epoll_event));
}

static void
lengths_in_memory(void **state)
{
	(void)state;
	put_int(MEM, 28);
	WALK(SYS_getsockname, 3, NOWHERE, MEM);
	next_out(NOWHERE, 28);
	next_out(MEM, 4);
	no_more();
	put_int(MEM, 0x80000000);
	WALK(SYS_getsockname, 3, NOWHERE, MEM);
	next_out(MEM, 4);
	no_more();
	WALK(SYS_accept, 3, 0, 0);
	no_more();
	WALK_FAULTS(SYS_getsockname, 3, MEM, NOWHERE);
	next_out(NOWHERE, 4);
	no_more();
}

static void
structs_that_say_their_own_length(void **state)
{
	(void)state;
	put_string(MEM, "f");
	put_int(MEM + 64, 20);
	WALK(SYS_name_to_handle_at, 3, MEM, MEM + 64, MEM + 128, 0);
	next_in(MEM, 2);
	next_out(MEM + 64, 28);
	next_out(MEM + 128, 8);
	no_more();
}

static void
descriptor_sets_are_whole_longs(void **state)
{
	(void)state;
	WALK(SYS_select, 1, MEM, MEM + 8, 0, MEM + 16);
	next_out(MEM, 8);
	next_out(MEM + 8, 8);
	next_out(MEM + 16, 16);
	no_more();
	WALK(SYS_select, 65, MEM);
	next_out(MEM, 16);
	WALK(SYS_select, 0, MEM, MEM, MEM);
	no_more();
	WALK(SYS_select, INT32_MAX, NOWHERE);
	next_out(NOWHERE, 1 << 17);
	WALK(SYS_select, 0xffffffff, MEM);
	no_more();
}

/* ---------------------------------------------------------------- strings */

static void
strings_end_at_their_nul(void **state)
{
	(void)state;
	put_string(MEM, "/etc/passwd");
	WALK(SYS_stat, MEM, MEM + 512);
	next_in(MEM, 12);
	next_out(MEM + 512, sizeof(struct stat));
	no_more();
	assert_int_equal(world.reads, 1);
}

/*	 ... page | next page		the NUL is the first byte there	*/
static void
strings_cross_pages(void **state)
{
	uint64_t start = MEM + 2 * VM_PAGE_SIZE - 3;

	(void)state;
	put_string(start, "abc");
	WALK(SYS_chdir, start);
	next_in(start, 4);
	no_more();
}

/* The last byte of the readable memory is the NUL: nothing beyond is read. */
static void
strings_may_end_at_the_end_of_memory(void **state)
{
	(void)state;
	put_string(MEM_END - 4, "abc");
	WALK(SYS_chdir, MEM_END - 4);
	next_in(MEM_END - 4, 4);
	no_more();
}

static void
strings_without_end(void **state)
{
	(void)state;
	memset(world.mem, 'x', sizeof(world.mem));
	WALK(SYS_chdir, MEM + 1);
	next_in(MEM + 1, 4096);
	no_more();
	WALK_FAULTS(SYS_chdir, MEM_END - 10);
	next_in(MEM_END - 10, 10);
	no_more();
	WALK_FAULTS(SYS_chdir, NOWHERE);
	no_more();
	WALK(SYS_prctl, PR_SET_NAME, MEM);
	next_in(MEM, 15);
	no_more();
}

static void
exec_takes_strings(void **state)
{
	(void)state;
	put_string(MEM, "/bin/true");
	put_string(MEM + 100, "true");
	put_string(MEM + 200, "-x");
	put_long(MEM + 300, MEM + 100);
	put_long(MEM + 308, MEM + 200);
	WALK(SYS_execve, MEM, MEM + 300, 0);
	next_in(MEM, 10);
	next_in(MEM + 100, 5);
	next_in(MEM + 200, 3);
	next_in(MEM + 300, 24);
	no_more();
}

/* Pointers up to the end of memory, all to one empty string. */
static void
exec_arrays_without_end(void **state)
{
	uint64_t array = MEM_END - 1000 * sizeof(uint64_t);

	(void)state;
	put_string(MEM, "p");
	for (unsigned i = 0; i < 1000; i++)
		put_long(array + i * sizeof(uint64_t), MEM + 1);
	WALK_FAULTS(SYS_execve, MEM, array, 0);
	assert_int_equal(world.nranges, 1 + 1000 + 1);
	world.checked = world.nranges - 1;
	next_in(array, 8000);
}

/* One string of 128 KB, named again and again: 8 MB are enough. */
static void
exec_strings_are_limited(void **state)
{
	(void)state;
	memset(world.mem, 'x', sizeof(world.mem));
	for (unsigned i = 0; i < 1000; i++)
		put_long(MEM + i * sizeof(uint64_t), MEM + 8000);
	WALK(SYS_execve, 0, MEM, 0);
	assert_in_range(world.nranges, 60, 70);
	next_in(MEM + 8000, 128 << 10);
}

/* ------------------------------------------------------- nested structures */

static void
iovecs(void **state)
{
	(void)state;
	put_iov(MEM, NOWHERE, 10);
	put_iov(MEM + 16, 0, 10);
	put_iov(MEM + 32, NOWHERE + 4096, 0);
	put_iov(MEM + 48, NOWHERE + 8192, 20);
	WALK(SYS_readv, 0, MEM, 4);
	next_in(MEM, 64);
	next_out(NOWHERE, 10);
	next_out(NOWHERE + 8192, 20);
	no_more();
	WALK(SYS_pwritev2, 0, MEM, 1);
	next_in(MEM, 16);
	next_in(NOWHERE, 10);
	no_more();
}

static void
iovecs_that_cannot_be_read(void **state)
{
	(void)state;
	WALK_FAULTS(SYS_readv, 0, NOWHERE, 2);
	next_in(NOWHERE, 32);
	no_more();
	put_iov(MEM_END - 16, NOWHERE, 10);
	WALK_FAULTS(SYS_readv, 0, MEM_END - 16, 2);
	next_in(MEM_END - 16, 32);
	no_more();
}

static void
iovecs_are_limited(void **state)
{
	uint64_t n = MEM_SIZE / 16;

	(void)state;
	for (uint64_t i = 0; i < n; i++)
		put_iov(MEM + 16 * i, NOWHERE + i, UINT64_MAX);
	WALK(SYS_writev, 0, MEM, INT32_MAX);
	assert_int_equal(world.nranges, 1 + 1024);
	next_in(MEM, 0x7ffff000);
	next_in(NOWHERE, 0x7ffff000);
	world.checked = 1024;
	next_in(NOWHERE + 1023, 0x7ffff000);
}

static void
put_msg(uint64_t at, uint64_t name, uint64_t iov, uint64_t control)
{
	put_long(at, name);
	put_int(at + 8, 110);
	put_long(at + 16, iov);
	put_long(at + 24, 1);
	put_long(at + 32, control);
	put_long(at + 40, 24);
}

static void
messages(void **state)
{
	(void)state;
	put_iov(MEM + 512, NOWHERE, 10);
	put_msg(MEM, NOWHERE + 4096, MEM + 512, NOWHERE + 8192);
	WALK(SYS_sendmsg, 3, MEM, 0);
	next_in(MEM, sizeof(struct msghdr));
	next_in(NOWHERE + 4096, 110);
	next_in(MEM + 512, 16);
	next_in(NOWHERE, 10);
	next_in(NOWHERE + 8192, 24);
	no_more();
	WALK(SYS_recvmsg, 3, MEM, 0);
	next_out(MEM, sizeof(struct msghdr));
	next_out(NOWHERE + 4096, 110);
	next_in(MEM + 512, 16);
	next_out(NOWHERE, 10);
	next_out(NOWHERE + 8192, 24);
	no_more();
}

static void
many_messages(void **state)
{
	(void)state;
	put_iov(MEM + 512, NOWHERE, 10);
	put_msg(MEM, 0, MEM + 512, 0);
	put_msg(MEM + sizeof(struct mmsghdr), 0, MEM + 512, NOWHERE);
	WALK(SYS_recvmmsg, 3, MEM, 2, 0, MEM + 256);
	next_out(MEM, 2 * sizeof(struct mmsghdr));
	next_in(MEM + 512, 16);
	next_out(NOWHERE, 10);
	next_in(MEM + 512, 16);
	next_out(NOWHERE, 10);
	next_out(NOWHERE, 24);
	next_out(MEM + 256, 16);
	no_more();
}

/* The kernel receives the first before it looks at the second. */
static void
messages_before_a_bad_one_count(void **state)
{
	const uint64_t last = MEM_END - sizeof(struct mmsghdr);

	(void)state;
	put_iov(MEM + 512, NOWHERE, 10);
	put_msg(last, 0, MEM + 512, 0);
	WALK_FAULTS(SYS_recvmmsg, 3, last, 2, 0, 0);
	next_out(last, 2 * sizeof(struct mmsghdr));
	next_in(MEM + 512, 16);
	next_out(NOWHERE, 10);
	no_more();
}

static void
pselect_has_a_mask_behind_a_pointer(void **state)
{
	(void)state;
	put_long(MEM, NOWHERE);
	put_long(MEM + 8, 8);
	WALK(SYS_pselect6, 8, 0, 0, 0, 0, MEM);
	next_in(MEM, 16);
	next_in(NOWHERE, 8);
	no_more();
	WALK_FAULTS(SYS_pselect6, 8, MEM, 0, 0, 0, NOWHERE);
	next_out(MEM, 8);
	next_in(NOWHERE, 16);
	no_more();
}

/* What is behind the end of a struct of an older program counts as zero. */
static void
structs_of_older_programs(void **state)
{
	(void)state;
	put_long(MEM + 8, NOWHERE);         /* pidfd */
	put_long(MEM + 24, NOWHERE + 4096); /* parent_tid */
	put_long(MEM + 64, NOWHERE + 8192); /* set_tid */
	put_long(MEM + 72, 2);
	WALK(SYS_clone3, MEM, 64);
	next_in(MEM, 64);
	next_out(NOWHERE, 4);
	next_out(NOWHERE + 4096, 4);
	no_more();
	WALK(SYS_clone3, MEM, 88);
	next_in(MEM, 88);
	next_out(NOWHERE, 4);
	next_out(NOWHERE + 4096, 4);
	next_in(NOWHERE + 8192, 8);
	no_more();
	WALK(SYS_clone3, MEM, 7);
	next_in(MEM, 7);
	no_more();
}

static void
arrays_of_structs_with_pointers(void **state)
{
	(void)state;
	put_long(MEM + 8, NOWHERE);
	put_long(MEM + 24 + 8, NOWHERE + 64);
	WALK(NR_FUTEX_WAITV, MEM, 2, 0, 0, 0);
	next_in(MEM, 48);
	next_out(NOWHERE, 4);
	next_out(NOWHERE + 64, 4);
	no_more();
	WALK(NR_FUTEX_REQUEUE, MEM, 0, 0, 0);
	next_in(MEM, 48);
	next_out(NOWHERE, 4);
	next_out(NOWHERE + 64, 4);
	no_more();
}

static void
socket_filters(void **state)
{
	const uint16_t len = 3;

	(void)state;
	put(MEM, &len, sizeof(len));
	put_long(MEM + 8, NOWHERE);
	WALK(SYS_setsockopt, 3, SOL_SOCKET, SO_ATTACH_FILTER, MEM, 16);
	next_in(MEM, 16);
	next_in(NOWHERE, 24);
	no_more();
	WALK(SYS_setsockopt, 3, SOL_SOCKET, SO_SNDBUF, MEM, 4);
	next_in(MEM, 4);
	no_more();
}

/* --------------------------------------------------------------- commands */

static void
fcntl_commands(void **state)
{
	(void)state;
	WALK(SYS_fcntl, 3, F_GETLK, MEM);
	next_out(MEM, sizeof(struct flock));
	WALK(SYS_fcntl, 3, F_OFD_SETLKW, MEM);
	next_in(MEM, sizeof(struct flock));
	WALK(SYS_fcntl, 3, F_SETFL, MEM);
	no_more();
	WALK(SYS_fcntl, 3, 4321, MEM + 96);
	next_out(MEM + 96, 4000);
	no_more();
}

static void
ioctl_requests(void **state)
{
	(void)state;
	WALK(SYS_ioctl, 3, TCGETS, MEM);
	next_out(MEM, 36);
	no_more();
	WALK(SYS_ioctl, 3, TCFLSH, MEM);
	no_more();
	WALK(SYS_ioctl, 3, _IOR('x', 1, char[100]), MEM);
	next_out(MEM, 100);
	no_more();
}

/* Requests that nobody knows: what their number says, and guesses. */
static void
ioctl_numbers_say_the_size(void **state)
{
	(void)state;
	put_long(MEM + 16, NOWHERE + 96);
	put_long(MEM + 32, NOWHERE); /* not in the struct */
	WALK(SYS_ioctl, 3, _IOW('x', 1, char[32]), MEM);
	next_in(MEM, 32);
	next_out(NOWHERE + 96, 4000);
	no_more();
	WALK(SYS_ioctl, 3, _IO('x', 1), MEM + 96);
	next_out(MEM + 96, 4000);
	no_more();
	WALK(SYS_ioctl, 3, _IO('x', 1), 17);
	no_more();
}

static void
ioctls_of_interfaces(void **state)
{
	(void)state;
	put_int(MEM, 400);
	put_long(MEM + 8, NOWHERE);
	WALK(SYS_ioctl, 3, SIOCGIFCONF, MEM);
	next_out(MEM, sizeof(struct ifconf));
	next_out(NOWHERE, 400);
	no_more();
	WALK(SYS_ioctl, 3, SIOCGIFFLAGS, MEM + 64);
	next_out(MEM + 64, sizeof(struct ifreq));
	no_more();
}

static void
futex_operations(void **state)
{
	(void)state;
	WALK(SYS_futex, MEM, FUTEX_WAIT, 0, MEM + 64, MEM + 128);
	next_out(MEM, 4);
	next_in(MEM + 64, 16);
	no_more();
	WALK(SYS_futex, MEM, FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME,
	    0, MEM + 64);
	next_out(MEM, 4);
	next_in(MEM + 64, 16);
	no_more();
	WALK(SYS_futex, MEM, FUTEX_WAKE_OP_PRIVATE, 0, MEM + 64, MEM + 128);
	next_out(MEM, 4);
	next_out(MEM + 128, 4);
	no_more();
	WALK(SYS_futex, MEM, FUTEX_WAKE, 1, MEM + 64, MEM + 128);
	next_out(MEM, 4);
	no_more();
	WALK(SYS_futex, MEM, FUTEX_WAKE_PRIVATE, 1, MEM + 64, MEM + 128);
	no_more();
}

static void
semaphore_commands(void **state)
{
	(void)state;
	WALK(SYS_semctl, 0, 0, SETVAL, MEM);
	no_more();
	WALK(SYS_semctl, 0, 0, GETALL, MEM);
	next_out(MEM, 64000);
	WALK(SYS_semctl, 0, 0, IPC_STAT, MEM);
	next_out(MEM, sizeof(struct semid_ds));
	no_more();
}

/* ---------------------------------------------------------------- unknown */

static void
unknown_numbers_are_guessed(void **state)
{
	(void)state;
	WALK(9999, 3, MEM + 96, UINT64_MAX, 0, NOWHERE, 4095);
	next_out(MEM + 96, 4000);
	next_out(NOWHERE, 4096);
	no_more();
}

/* No call of the table, whatever its arguments, walks for ever. */
static void
any_arguments_do(void **state)
{
	static const uint64_t values[] = { 0, 1, MEM, MEM_END - 3, NOWHERE,
		INT32_MAX, UINT32_MAX, UINT64_MAX, MEM + 4095 };
	const size_t n = sizeof(values) / sizeof(values[0]);
	struct sysargs_call call;
	uint64_t seed = 1;

	(void)state;
	for (size_t i = 0; i < sizeof(world.mem); i += 16)
		put_long(MEM + i, MEM + i / 2);
	for (call.nr = 0; call.nr < SYS_ROWS; call.nr++) {
		for (unsigned round = 0; round < 20; round++) {
			for (size_t a = 0; a < 6; a++) {
				seed = seed * 6364136223846793005U + 1442695U;
				call.args[a] = values[(seed >> 33) % n];
			}
			(void)walk(&call);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_number_has_a_row, setup),
		cmocka_unit_test_setup(rows_have_the_names_of_the_header,
		    setup),
		cmocka_unit_test_setup(rows_make_sense, setup),
		cmocka_unit_test_setup(commands_stand_in_order, setup),
		cmocka_unit_test_setup(info_knows_calls_and_commands, setup),
		cmocka_unit_test_setup(info_of_a_strange_number_is_unknown,
		    setup),
		cmocka_unit_test_setup(info_knows_files, setup),
		cmocka_unit_test_setup(open_flags_stand_in_many_places, setup),
		cmocka_unit_test_setup(plain_calls_have_no_ranges, setup),
		cmocka_unit_test_setup(fixed_sizes, setup),
		cmocka_unit_test_setup(null_and_kernel_addresses_are_no_ranges,
		    setup),
		cmocka_unit_test_setup(counted_bytes, setup),
		cmocka_unit_test_setup(absurd_counts_are_cut, setup),
		cmocka_unit_test_setup(int_counts_ignore_the_upper_half, setup),
		cmocka_unit_test_setup(lengths_in_memory, setup),
		cmocka_unit_test_setup(structs_that_say_their_own_length,
		    setup),
		cmocka_unit_test_setup(descriptor_sets_are_whole_longs, setup),
		cmocka_unit_test_setup(strings_end_at_their_nul, setup),
		cmocka_unit_test_setup(strings_cross_pages, setup),
		cmocka_unit_test_setup(strings_may_end_at_the_end_of_memory,
		    setup),
		cmocka_unit_test_setup(strings_without_end, setup),
		cmocka_unit_test_setup(exec_takes_strings, setup),
		cmocka_unit_test_setup(exec_arrays_without_end, setup),
		cmocka_unit_test_setup(exec_strings_are_limited, setup),
		cmocka_unit_test_setup(iovecs, setup),
		cmocka_unit_test_setup(iovecs_that_cannot_be_read, setup),
		cmocka_unit_test_setup(iovecs_are_limited, setup),
		cmocka_unit_test_setup(messages, setup),
		cmocka_unit_test_setup(many_messages, setup),
		cmocka_unit_test_setup(messages_before_a_bad_one_count, setup),
		cmocka_unit_test_setup(pselect_has_a_mask_behind_a_pointer,
		    setup),
		cmocka_unit_test_setup(structs_of_older_programs, setup),
		cmocka_unit_test_setup(arrays_of_structs_with_pointers, setup),
		cmocka_unit_test_setup(socket_filters, setup),
		cmocka_unit_test_setup(fcntl_commands, setup),
		cmocka_unit_test_setup(ioctl_requests, setup),
		cmocka_unit_test_setup(ioctl_numbers_say_the_size, setup),
		cmocka_unit_test_setup(ioctls_of_interfaces, setup),
		cmocka_unit_test_setup(futex_operations, setup),
		cmocka_unit_test_setup(semaphore_commands, setup),
		cmocka_unit_test_setup(unknown_numbers_are_guessed, setup),
		cmocka_unit_test_setup(any_arguments_do, setup),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
