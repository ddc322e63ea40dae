/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host_filter_test.c - host/filter.h: does the filter say what the table says?
 *
 * The program is run twice: here, by a small machine that does what the kernel
 * documents for such programs and counts their steps; and by the kernel, in a
 * child without a tracer, where a call that would stop fails with ENOSYS.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/filter.h"
#include "host/systab.h"
#include "vm/vm_types.h"

#define PROGRAM_IP UINT64_C(0x7f0123456789)

static struct sock_filter code[FILTER_MAX];
static struct sock_fprog prog;

/* ------------------------------------------------------------ the machine */

struct machine {
	struct seccomp_data data;
	uint32_t a;
	unsigned steps;
	bool constant; /* nothing was loaded but architecture and number */
};

static void
machine_load(struct machine *m, uint32_t offset)
{
	assert_true(offset % 4 == 0 && offset + 4 <= sizeof(m->data));
	memcpy(&m->a, (const char *)&m->data + offset, sizeof(m->a));
	if (offset >= offsetof(struct seccomp_data, instruction_pointer))
		m->constant = false;
}

static bool
machine_test(const struct machine *m, const struct sock_filter *insn)
{
	if (insn->code == (BPF_JMP | BPF_JGE | BPF_K))
		return (m->a >= insn->k);
	assert_int_equal(insn->code, BPF_JMP | BPF_JEQ | BPF_K);
	return (m->a == insn->k);
}

static uint32_t
machine_run(struct machine *m)
{
	const struct sock_filter *insn = prog.filter;

	m->steps = 0;
	m->constant = true;
	for (;; insn++, m->steps++) {
		assert_in_range(insn - prog.filter, 0, prog.len - 1);
		if (insn->code == (BPF_RET | BPF_K))
			return (insn->k);
		else if (insn->code == (BPF_LD | BPF_W | BPF_ABS))
			machine_load(m, insn->k);
		else if (insn->code == (BPF_ALU | BPF_AND | BPF_K))
			m->a &= insn->k;
		else if (insn->code == (BPF_JMP | BPF_JA))
			insn += insn->k;
		else
			insn += machine_test(m, insn) ? insn->jt : insn->jf;
	}
}

static struct machine
machine_of(uint32_t nr)
{
	return ((struct machine){ .data = { .nr = (int)nr,
				      .arch = AUDIT_ARCH_X86_64,
				      .instruction_pointer = PROGRAM_IP } });
}

static uint32_t
verdict(uint32_t nr, uint64_t ip)
{
	struct machine m = machine_of(nr);

	m.data.instruction_pointer = ip;
	return (machine_run(&m));
}

/* What the table wants for a call that the program makes. */
static uint32_t
wanted(const struct sysargs_call *call)
{
	const struct sysargs_info *info = sysargs_info(call);

	if (info->class == SYSARGS_PLAIN)
		return (SECCOMP_RET_ALLOW);
	if (info->class == SYSARGS_DENY)
		return (SECCOMP_RET_ERRNO | info->error);
	return (SECCOMP_RET_TRACE);
}

static int
setup(void **state)
{
	(void)state;
	return (filter_build(&prog, code, FILTER_MAX));
}

/* ------------------------------------------------------------------ tests */

static void
numbers_do_as_the_table_says(void **state)
{
	struct sysargs_call call = { .nr = 0 };
	struct machine m;

	(void)state;
	for (call.nr = 0; call.nr < SYS_ROWS + 100; call.nr++) {
		m = machine_of(call.nr);
		assert_int_equal(machine_run(&m), wanted(&call));
	}
}

/* The kernel remembers a verdict only if it hangs on nothing but the number. */
static void
plain_numbers_are_constant(void **state)
{
	struct machine m;

	(void)state;
	for (uint32_t nr = 0; nr < SYS_ROWS; nr++) {
		m = machine_of(nr);
		if (machine_run(&m) == SECCOMP_RET_ALLOW)
			assert_true(m.constant || sys_rows[nr].command >= 0);
	}
	m = machine_of(SYS_getppid);
	assert_int_equal(machine_run(&m), SECCOMP_RET_ALLOW);
	assert_true(m.constant);
}

static void
check_command(uint32_t nr, uint32_t command)
{
	size_t arg = (size_t)sys_rows[nr].command;
	struct sysargs_call call = { .nr = nr };
	struct machine m = machine_of(nr);

	call.args[arg] = command;
	m.data.args[arg] = command | UINT64_C(0xdead) << 32;
	if (machine_run(&m) != wanted(&call))
		fail_msg("%s, command %#x", sys_rows[nr].info.name, command);
}

/* All commands and their neighbours; all small numbers. */
static void
commands_do_as_the_table_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < sys_ncmds; i++) {
		for (uint32_t d = 0; d <= 2; d++) {
			check_command(sys_cmds[i].nr,
			    sys_cmds[i].first + d - 1);
			check_command(sys_cmds[i].nr, sys_cmds[i].last + d - 1);
		}
		for (uint32_t c = 0; c < 0x6000; c++)
			check_command(sys_cmds[i].nr, c);
	}
}

static void
the_stub_may_do_everything(void **state)
{
	(void)state;
	assert_int_equal(verdict(SYS_mmap, PROGRAM_IP), SECCOMP_RET_TRACE);
	assert_int_equal(verdict(SYS_mmap, STUB_CODE), SECCOMP_RET_ALLOW);
	assert_int_equal(verdict(SYS_mmap, STUB_CODE + STUB_CODE_SIZE - 1),
	    SECCOMP_RET_ALLOW);
	assert_int_equal(verdict(SYS_read, STUB_CODE + 2), SECCOMP_RET_ALLOW);
	assert_int_equal(verdict(SYS_fcntl, STUB_CODE + 2), SECCOMP_RET_ALLOW);
	assert_int_equal(verdict(9999, STUB_CODE + 2), SECCOMP_RET_ALLOW);
}

static void
nothing_beside_the_code_page_is_the_stub(void **state)
{
	static const uint64_t others[] = { STUB_CODE - 1, STUB_SLOTS,
		STUB_CODE + (UINT64_C(1) << 32), (uint32_t)STUB_CODE,
		STUB_CODE + (UINT64_C(1) << 63), 0, UINT64_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_equal(verdict(SYS_mmap, others[i]),
		    SECCOMP_RET_TRACE);
}

static void
other_machines_get_enosys(void **state)
{
	struct machine m = machine_of(SYS_getppid);

	(void)state;
	m.data.arch = AUDIT_ARCH_I386;
	assert_int_equal(machine_run(&m), SECCOMP_RET_ERRNO | ENOSYS);
	assert_int_equal(verdict(SYS_getppid | 0x40000000, PROGRAM_IP),
	    SECCOMP_RET_ERRNO | ENOSYS);
	assert_int_equal(verdict(UINT32_MAX, STUB_CODE),
	    SECCOMP_RET_ERRNO | ENOSYS);
}

/* Some 200 runs: 8 comparisons, each perhaps with a JA, and a few loads. */
static void
the_search_is_short(void **state)
{
	struct machine m;
	unsigned most = 0;

	(void)state;
	for (uint32_t nr = 0; nr < SYS_ROWS; nr++) {
		m = machine_of(nr);
		(void)machine_run(&m);
		most = m.steps > most ? m.steps : most;
	}
	assert_in_range(most, 8, 24);
}

static void
small_buffers_are_refused(void **state)
{
	struct sock_filter small[FILTER_MAX];
	struct sock_fprog p;

	(void)state;
	for (size_t n = 0; n < prog.len; n++)
		assert_int_equal(filter_build(&p, small, n), VM_ENOMEM);
	assert_int_equal(filter_build(&p, small, prog.len), VM_OK);
	assert_int_equal(p.len, prog.len);
	assert_memory_equal(p.filter, prog.filter, prog.len * sizeof(small[0]));
}

static uint32_t
verdict_on_giving(uint32_t nr, uint64_t key)
{
	struct machine m = machine_of(nr);

	m.data.args[0] = key;
	return (machine_run(&m));
}

static void
only_the_key_reaches_the_listener(void **state)
{
	const uint64_t key = FILTER_GIVE_KEY;

	(void)state;
	assert_int_equal(verdict_on_giving(FILTER_GIVE, key),
	    SECCOMP_RET_USER_NOTIF);
	for (unsigned bit = 0; bit < 64; bit++)
		assert_int_equal(verdict_on_giving(FILTER_GIVE,
				     key ^ UINT64_C(1) << bit),
		    SECCOMP_RET_TRACE);
	assert_int_equal(verdict_on_giving(FILTER_GIVE - 1, key),
	    SECCOMP_RET_TRACE);
	assert_int_equal(verdict_on_giving(FILTER_GIVE + 1, key),
	    SECCOMP_RET_TRACE);
}

/* ------------------------------------------------------------- the kernel */

static bool
fails(long result, int error)
{
	return (result == -1 && errno == error);
}

/* What a process under the filter sees; the number of the first surprise. */
static int
life_under_the_filter(void)
{
	static int futex, listener;

	if (filter_install(&prog, &listener) != VM_OK || listener < 0)
		return (1);
	if (syscall(SYS_getppid) <= 0)
		return (2);
	if (syscall(SYS_fcntl, 0, F_GETFD) < 0)
		return (3);
	if (syscall(SYS_futex, &futex, FUTEX_WAKE_PRIVATE, 1) != 0)
		return (4);
	if (!fails(syscall(SYS_ptrace, 0, 0, 0, 0), EPERM))
		return (5);
	if (!fails(syscall(SYS_rseq, 0, 0, 0, 0), ENOSYS))
		return (6);
	if (!fails(syscall(SYS_close, 1000), EBADF))
		return (7);
	if (syscall(SYS_prctl, PR_GET_SECCOMP) != 0)
		return (8);
	if (!fails(syscall(SYS_getrandom, NULL, 0, 0), ENOSYS))
		return (9); /* stops, and there is no tracer */
	if (!fails(syscall(9999), ENOSYS))
		return (10);
	return (0);
}

/* The child tells by shared memory and dies by a signal: write, exit stop. */
static void
the_kernel_takes_the_filter(void **state)
{
	volatile int *status;
	pid_t pid;

	(void)state;
	status = mmap(NULL, VM_PAGE_SIZE, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(status != MAP_FAILED);
	*status = -1;
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		*status = life_under_the_filter();
		(void)syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(*status, 0);
	(void)munmap((void *)(uintptr_t)status, VM_PAGE_SIZE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_do_as_the_table_says),
		cmocka_unit_test(plain_numbers_are_constant),
		cmocka_unit_test(commands_do_as_the_table_says),
		cmocka_unit_test(the_stub_may_do_everything),
		cmocka_unit_test(nothing_beside_the_code_page_is_the_stub),
		cmocka_unit_test(other_machines_get_enosys),
		cmocka_unit_test(the_search_is_short),
		cmocka_unit_test(small_buffers_are_refused),
		cmocka_unit_test(only_the_key_reaches_the_listener),
		cmocka_unit_test(the_kernel_takes_the_filter),
	};

	return (cmocka_run_group_tests(tests, setup, NULL));
}
