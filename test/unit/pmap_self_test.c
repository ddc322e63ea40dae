/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pmap_self_test.c - a program in windows of its own process.
 *
 * Ordinary loads and stores go through the windows; a handler of SIGSEGV
 * resolves their faults, as an emulator would that has no other process.
 */
#include "env/posix.h"
#include "pmap/host_self.h"
#include "vm/vm.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define ADDRESSES ((vaddr_t)256 << 20)
#define PAGES     64
#define LEN       (PAGES * VM_PAGE_SIZE)

static struct vmspace *spaces[2];      /* parent, child */
static volatile vm_prot_t next_access; /* of the test's loads and stores */

static void
resolve(struct vmspace *space, vaddr_t va)
{
	struct pmap *pm = space->map.pmap;

	while (!host_self_ready(pm, va, next_access))
		if (vm_fault(&space->map, va, next_access, 0) != 0)
			abort();
}

static void
on_fault(int sig, siginfo_t *info, void *context)
{
	char *at = info->si_addr;

	(void)sig;
	(void)context;
	for (int i = 0; i < 2; i++) {
		char *window = host_self_window(spaces[i]->map.pmap);

		if (at >= window && at < window + ADDRESSES) {
			resolve(spaces[i], (vaddr_t)(at - window));
			return;
		}
	}
	abort();
}

static void
fill(volatile char *at, char byte, size_t len)
{
	next_access = VM_PROT_WRITE;
	for (size_t i = 0; i < len; i++)
		at[i] = byte;
}

static void
expect(const volatile char *at, int byte, size_t len)
{
	next_access = VM_PROT_READ;
	for (size_t i = 0; i < len; i++)
		if (at[i] != byte)
			fail_msg("byte %zu is %d, not %d", i, at[i], byte);
}

static void
run_design(struct vm_system *sys, const struct vm_design *design)
{
	const struct vm_mmap_args args = {
		.len = LEN,
		.prot = VM_PROT_RW,
		.flags = VM_MMAP_PRIVATE,
	};
	char *parent, *child;
	vaddr_t va;

	assert_int_equal(vmspace_create(sys, design, &spaces[0]), 0);
	assert_int_equal(vm_mmap(spaces[0], &args, &va), 0);
	assert_false(host_self_ready(spaces[0]->map.pmap, va, VM_PROT_READ));
	parent = host_self_window(spaces[0]->map.pmap) + va;
	fill(parent, 'p', LEN);
	assert_int_equal(vmspace_fork(spaces[0], &spaces[1]), 0);
	child = host_self_window(spaces[1]->map.pmap) + va;
	fill(child, 'c', LEN / 2);
	expect(parent, 'p', LEN);
	fill(parent, 'q', LEN);
	expect(child, 'c', LEN / 2);
	expect(child + LEN / 2, 'p', LEN / 2);
	expect(parent, 'q', LEN);
	vm_check(sys);
	vmspace_unref(spaces[1]);
	vmspace_unref(spaces[0]);
}

/* Do plain loads and stores see what they should, under every design? */
static void
test_windows(void **state)
{
	const struct sigaction action = { .sa_sigaction = on_fault,
		.sa_flags = SA_SIGINFO | SA_NODEFER };
	const struct host_self_config config = {
		.env = &posix_env,
		.npages = 4 * PAGES,
		.va_max = ADDRESSES,
	};
	const struct vm_design *design;
	struct vm_machine *machine;
	struct vm_system *sys;
	struct sigaction old;

	(void)state;
	assert_int_equal(host_self_create(&config, &machine), 0);
	assert_int_equal(vm_system_create(&posix_env, machine, &sys), 0);
	assert_int_equal(sigaction(SIGSEGV, &action, &old), 0);
	for (unsigned i = 0; (design = vm_design_nth(i)) != NULL; i++)
		run_design(sys, design);
	assert_int_equal(sigaction(SIGSEGV, &old, NULL), 0);
	vm_system_destroy(sys);
	host_self_destroy(machine);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_windows),
	};

	return cmocka_run_group_tests_name("host_self", tests, NULL, NULL);
}
