/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * self_signal_test.c - does an access that has no answer become the signal that
 * the kernel would send, for who has a handler and for who has none; do faults
 * that are not the library's reach the program; and on which stack?
 */
#include "test/unit/self_fixture.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

static sigjmp_buf back;
static siginfo_t seen;
static char *elsewhere; /* in no window, for nobody */

static void
on_signal(int signo, siginfo_t *info, void *uc)
{
	(void)uc;
	assert_int_equal(signo, info->si_signo);
	seen = *info;
	siglongjmp(back, 1);
}

static void
handle(int signo)
{
	struct sigaction action = { .sa_sigaction = on_signal,
		.sa_flags = SA_SIGINFO };

	assert_int_equal(sigaction(signo, &action, NULL), 0);
}

/* What a load or store comes to: a signal's code, or 0. */
static int
load(const volatile char *p)
{
	seen.si_signo = 0;
	if (sigsetjmp(back, 1) == 0)
		(void)*p;
	return seen.si_signo;
}

static int
store(volatile char *p)
{
	seen.si_signo = 0;
	if (sigsetjmp(back, 1) == 0)
		*p = 1;
	return seen.si_signo;
}

/* The first four pages can be had, the fifth and sixth cannot. */
static int
get(void *arg, uint64_t offset, void *const *pages, size_t *npages)
{
	(void)arg;
	for (size_t i = 0; i < *npages; i++)
		memset(pages[i], 1, PAGE);
	return offset + *npages * PAGE > 4 * PAGE;
}

static const struct bsdvm_pager pager = { .get = get };

static char *
map_pager(struct bsdvm_system *sys, struct bsdvm_space *space)
{
	struct bsdvm_mapping m = { .len = 8 * PAGE, .prot = BSDVM_READ };
	void *p;

	assert_int_equal(bsdvm_object_pager(sys, &pager, NULL, 6 * PAGE,
			     &m.object),
	    0);
	assert_int_equal(bsdvm_mmap(space, &m, &p), 0);
	bsdvm_object_release(m.object);
	return p;
}

static void
expect_signal(const char *at, int signo, int code)
{
	assert_int_equal(seen.si_signo, signo);
	assert_int_equal(seen.si_code, code);
	assert_ptr_equal(seen.si_addr, at);
}

/* Does a handler of the program's hear what has happened, and where? */
static void
test_handlers(void **state)
{
	struct bsdvm_system *sys;
	struct bsdvm_space *space;
	char *p, *q;

	(void)state;
	handle(SIGSEGV);
	handle(SIGBUS);
	sys = make_system(NULL, MB, 0);
	space = make_space(sys);
	p = make_memory(space, 4 * PAGE);
	assert_int_equal(store(p), 0);
	assert_int_equal(bsdvm_mprotect(p, PAGE, BSDVM_READ), 0);
	assert_int_equal(load(p + 5), 0);
	(void)store(p + 5);
	expect_signal(p + 5, SIGSEGV, SEGV_ACCERR);
	assert_int_equal(bsdvm_munmap(p + PAGE, PAGE), 0);
	(void)load(p + PAGE);
	expect_signal(p + PAGE, SIGSEGV, SEGV_MAPERR);
	q = map_pager(sys, space);
	assert_int_equal(load(q + 3 * PAGE), 0);
	(void)load(q + 5 * PAGE);
	expect_signal(q + 5 * PAGE, SIGBUS, BUS_OBJERR);
	(void)load(q + 6 * PAGE);
	expect_signal(q + 6 * PAGE, SIGBUS, BUS_ADRERR);
	(void)store(elsewhere);
	expect_signal(elsewhere, SIGSEGV, SEGV_ACCERR);
	bsdvm_space_destroy(space);
	assert_int_equal(bsdvm_system_destroy(sys), 0);
}

/* ------------------------------------------------------------- the end */

enum end { ACCESS, HOLE, PAGER, FOREIGN, SENT };

static void
child(enum end end)
{
	struct bsdvm_system *sys;
	struct bsdvm_space *space;
	volatile char *p;

	(void)signal(SIGSEGV, SIG_DFL); /* not that of a sanitizer */
	(void)signal(SIGBUS, SIG_DFL);
	sys = make_system(NULL, MB, 0);
	space = make_space(sys);
	p = end == PAGER ? map_pager(sys, space) : make_memory(space, PAGE);
	if (end == SENT)
		(void)raise(SIGSEGV);
	if (end == ACCESS)
		(void)bsdvm_mprotect((void *)(uintptr_t)p, PAGE, BSDVM_READ);
	if (end == HOLE)
		(void)bsdvm_munmap((void *)(uintptr_t)p, PAGE);
	if (end == PAGER)
		(void)p[5 * PAGE];
	if (end == FOREIGN)
		p = elsewhere;
	*p = 1;
	_exit(0);
}

static int
end_of(enum end end)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		child(end);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

/* Does who has no handler end by the right signal? */
static void
test_default(void **state)
{
	(void)state;
	assert_int_equal(end_of(ACCESS), SIGSEGV);
	assert_int_equal(end_of(HOLE), SIGSEGV);
	assert_int_equal(end_of(PAGER), SIGBUS);
	assert_int_equal(end_of(FOREIGN), SIGSEGV);
	assert_int_equal(end_of(SENT), SIGSEGV);
}

/* ------------------------------------------------------- own handlers */

static void
own_handler(int signo, siginfo_t *info, void *uc)
{
	if (!bsdvm_fault(info, uc))
		on_signal(info->si_signo, info, uc);
	else
		assert_int_equal(signo, SIGSEGV);
}

/* Can a program keep SIGSEGV, and ask the library? */
static void
test_no_handler(void **state)
{
	const struct bsdvm_config config = { .window = (uint64_t)1 << 30,
		.flags = BSDVM_NO_HANDLER };
	struct sigaction action = { .sa_sigaction = own_handler,
		.sa_flags = SA_SIGINFO | SA_NODEFER };
	struct bsdvm_system *sys;
	struct bsdvm_space *space;
	char *p;

	(void)state;
	assert_int_equal(sigaction(SIGSEGV, &action, NULL), 0);
	assert_int_equal(bsdvm_system_create(&config, &sys, NULL), 0);
	space = make_space(sys);
	p = make_memory(space, PAGE);
	assert_int_equal(store(p), 0);
	assert_int_equal(load(elsewhere), SIGSEGV);
	bsdvm_space_destroy(space);
	assert_int_equal(bsdvm_system_destroy(sys), 0);
}

/* ------------------------------------------------------------- stacks */

static ucontext_t caller, guest;
static unsigned guest_sum;

/* 64 KB of stack: pages that have never been used. */
static void
guest_main(void)
{
	volatile char room[64 * 1024];

	for (size_t i = 0; i < sizeof(room); i += 512)
		room[i] = 1;
	for (size_t i = 0; i < sizeof(room); i += 512)
		guest_sum += (unsigned)room[i];
}

static void *
guest_thread(void *stack)
{
	assert_int_equal(bsdvm_thread_init(), 0);
	assert_int_equal(bsdvm_thread_init(), 0);
	assert_int_equal(getcontext(&guest), 0);
	guest.uc_stack.ss_sp = stack;
	guest.uc_stack.ss_size = 256 * KB;
	guest.uc_link = &caller;
	makecontext(&guest, guest_main, 0);
	assert_int_equal(swapcontext(&caller, &guest), 0);
	return NULL;
}

/* Can the stack itself be in a window? */
static void
test_stack(void **state)
{
	struct bsdvm_system *sys = make_system(NULL, MB, 0);
	struct bsdvm_space *space = make_space(sys);
	char *p = make_memory(space, 256 * KB);
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, guest_thread, p), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(guest_sum, 64 * 1024 / 512);
	bsdvm_space_destroy(space);
	assert_int_equal(bsdvm_system_destroy(sys), 0);
}

/* ------------------------------------------------------------ mappings */

static size_t
map_count_limit(void)
{
	FILE *f = fopen("/proc/sys/vm/max_map_count", "re");
	size_t n = 0;

	if (f == NULL || fscanf(f, "%zu", &n) != 1)
		n = 0;
	if (f != NULL)
		(void)fclose(f);
	return n;
}

/* All mappings that the kernel gives: every other page is another one. */
static char *
use_up(size_t n)
{
	char *p = mmap(NULL, 2 * n * PAGE, PROT_NONE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	assert_true(p != MAP_FAILED);
	for (size_t i = 0; i < n; i++)
		if (mprotect(p + 2 * i * PAGE, PAGE, PROT_READ) != 0)
			break;
	return p;
}

/* Are mappings found in other windows when the kernel has no more? */
static void
test_no_mappings(void **state)
{
	struct bsdvm_system *sys = make_system(NULL, 8 * MB, 0);
	struct bsdvm_space *a = make_space(sys), *b = make_space(sys);
	char *p = make_memory(a, 4 * MB), *q = make_memory(b, MB), *all;
	size_t limit = map_count_limit();

	(void)state;
	if (limit == 0 || limit > 100000)
		skip();
	for (size_t i = 0; i < 4 * MB; i += 2 * PAGE)
		p[i] = 1;
	all = use_up(limit);
	fill(q, MB, 3);
	expect(q, MB, 3);
	assert_int_equal(p[0], 1);
	assert_int_equal(munmap(all, 2 * limit * PAGE), 0);
	bsdvm_space_destroy(a);
	bsdvm_space_destroy(b);
	assert_int_equal(bsdvm_system_destroy(sys), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_handlers),
		cmocka_unit_test(test_default),
		cmocka_unit_test(test_no_handler),
		cmocka_unit_test(test_stack),
		cmocka_unit_test(test_no_mappings),
	};

	elsewhere = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
	    0);
	return cmocka_run_group_tests_name("self_signal", tests, NULL, NULL);
}
