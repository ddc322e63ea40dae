/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sig_stack.c: where signal frames go.
 *
 * The kernel writes a frame of some kilobytes to the stack, or to the
 * alternate stack, when it delivers a signal.  These checks deliver signals to
 * stacks never touched, shared after a fork, mapped from a file, and deep
 * below what is in use; handlers nest, and touch fresh memory with everything
 * blocked.
 */
#include "prog.h"

#define ALT_PAGES ((size_t)16)

static char *volatile handler_sp;
static volatile sig_atomic_t runs;

static void
on_stack(int signo)
{
	char here;

	(void)signo;
	handler_sp = (char *)((uintptr_t)&here & ~(uintptr_t)15);
	runs++;
}

static void
handle(int signo, void (*handler)(int), int flags)
{
	struct sigaction act = { .sa_handler = handler, .sa_flags = flags };

	REQUIRE(sigaction(signo, &act, NULL) == 0);
}

static void
use_stack(char *stack)
{
	stack_t ss = { .ss_sp = stack, .ss_size = ALT_PAGES * PAGE };

	REQUIRE(sigaltstack(&ss, NULL) == 0);
}

static void
use_no_stack(void)
{
	stack_t ss = { .ss_flags = SS_DISABLE };

	REQUIRE(sigaltstack(&ss, NULL) == 0);
}

static void
deliver(char *stack)
{
	handler_sp = NULL;
	REQUIRE(raise(SIGUSR1) == 0);
	REQUIRE(handler_sp > stack);
	REQUIRE(handler_sp < stack + ALT_PAGES * PAGE);
}

static void
untouched(void)
{
	handle(SIGUSR1, on_stack, SA_ONSTACK);
	for (int i = 0; i < 20; i++) {
		char *stack = prog_anon(ALT_PAGES);

		use_stack(stack);
		deliver(stack);
		REQUIRE(prog_zero(stack, PAGE));
		use_no_stack();
		REQUIRE(munmap(stack, ALT_PAGES * PAGE) == 0);
	}
}

static void
untouched_other_kinds(void)
{
	int fd = prog_file(ALT_PAGES, 1);
	char *private = prog_map_file(fd, ALT_PAGES, RW, MAP_PRIVATE);
	char *shared = prog_map(ALT_PAGES * PAGE, RW, SHARED);

	handle(SIGUSR1, on_stack, SA_ONSTACK);
	use_stack(private);
	deliver(private);
	REQUIRE(prog_same(private, PAGE, 1));
	use_stack(shared);
	deliver(shared);
	REQUIRE(madvise(private, ALT_PAGES * PAGE, MADV_DONTNEED) == 0);
	use_stack(private);
	deliver(private);
	use_no_stack();
	REQUIRE(munmap(private, ALT_PAGES * PAGE) == 0);
	REQUIRE(munmap(shared, ALT_PAGES * PAGE) == 0);
	REQUIRE(close(fd) == 0);
}

/* After a fork the frame must go to a copy, on both sides. */
static void
forked(void)
{
	char *stack = prog_anon(ALT_PAGES);
	pid_t pid;

	prog_fill(stack, ALT_PAGES * PAGE, 2);
	handle(SIGUSR1, on_stack, SA_ONSTACK);
	use_stack(stack);
	pid = prog_fork();
	if (pid == 0) {
		deliver(stack);
		REQUIRE(prog_same(stack, PAGE, 2));
		REQUIRE(!prog_same(stack, ALT_PAGES * PAGE, 2));
		_exit(0);
	}
	prog_join(pid);
	REQUIRE(prog_same(stack, ALT_PAGES * PAGE, 2));
	pid = prog_fork();
	if (pid == 0) {
		prog_pause(30);
		REQUIRE(prog_same(stack, ALT_PAGES * PAGE, 2));
		_exit(0);
	}
	deliver(stack);
	prog_join(pid);
	use_no_stack();
	REQUIRE(munmap(stack, ALT_PAGES * PAGE) == 0);
}

/* The fork happens in the handler, on the alternate stack. */
static volatile pid_t handler_child;

static void
fork_here(int signo)
{
	volatile char local[2 * PAGE];

	(void)signo;
	local[0] = 1;
	handler_child = fork();
	local[PAGE] = local[0];
}

static void
fork_in_handler(void)
{
	char *stack = prog_anon(ALT_PAGES);

	handle(SIGUSR1, fork_here, SA_ONSTACK);
	use_stack(stack);
	REQUIRE(raise(SIGUSR1) == 0);
	if (handler_child == 0)
		_exit(0);
	REQUIRE(handler_child > 0);
	prog_join(handler_child);
	use_no_stack();
	REQUIRE(munmap(stack, ALT_PAGES * PAGE) == 0);
}

static void
raise_for_death(void *arg)
{
	handle(SIGUSR1, on_stack, SA_ONSTACK);
	use_stack(arg);
	REQUIRE(munmap(arg, ALT_PAGES * PAGE) == 0);
	raise(SIGUSR1);
}

/* No room for the frame: the kernel's SIGSEGV, which kills. */
static void
no_stack_kills(void)
{
	char *stack = prog_anon(ALT_PAGES);

	prog_dies(raise_for_death, stack, SIGSEGV);
	REQUIRE(munmap(stack, ALT_PAGES * PAGE) == 0);
}

/* Handlers that raise the next signal, each touching a page of its own. */
static char *nest_page[8];

static void
nest(int signo)
{
	int depth = signo - SIGRTMIN;
	volatile char local[1000];

	local[0] = local[999] = (char)depth;
	nest_page[depth] = prog_anon(1);
	nest_page[depth][0] = (char)depth;
	runs++;
	if (depth + 1 < (int)COUNT(nest_page))
		REQUIRE(raise(signo + 1) == 0);
	REQUIRE(local[0] == depth && local[999] == depth);
	REQUIRE(nest_page[depth][0] == depth);
	REQUIRE(munmap(nest_page[depth], PAGE) == 0);
}

static void
nested_on(int flags)
{
	char *stack = prog_anon(ALT_PAGES);

	use_stack(stack);
	for (size_t i = 0; i < COUNT(nest_page); i++)
		handle(SIGRTMIN + (int)i, nest, flags);
	runs = 0;
	REQUIRE(raise(SIGRTMIN) == 0);
	REQUIRE(runs == (int)COUNT(nest_page));
	use_no_stack();
	REQUIRE(munmap(stack, ALT_PAGES * PAGE) == 0);
}

static void
nested(void)
{
	nested_on(0);
}

static char *nest_stack;

/* Eight frames of some kilobytes each need a larger alternate stack. */
static void
nested_on_alternate(void)
{
	stack_t ss = { .ss_size = 64 * PAGE };

	for (size_t i = 0; i < COUNT(nest_page); i++)
		handle(SIGRTMIN + (int)i, nest, SA_ONSTACK);
	nest_stack = prog_anon(64);
	ss.ss_sp = nest_stack;
	REQUIRE(sigaltstack(&ss, NULL) == 0);
	runs = 0;
	REQUIRE(raise(SIGRTMIN) == 0);
	REQUIRE(runs == (int)COUNT(nest_page));
	use_no_stack();
	REQUIRE(munmap(nest_stack, 64 * PAGE) == 0);
}

/* A handler with every signal blocked, SIGSEGV too, touching fresh memory. */
static char *masked_memory;

static void
masked(int signo)
{
	prog_fill(masked_memory, 32 * PAGE, (unsigned)signo);
	REQUIRE(prog_same(masked_memory, 32 * PAGE, (unsigned)signo));
	runs++;
}

static void
full_mask(void)
{
	struct sigaction act = { .sa_handler = masked, .sa_flags = SA_ONSTACK };
	char *stack = prog_anon(ALT_PAGES);

	sigfillset(&act.sa_mask);
	REQUIRE(sigaction(SIGUSR1, &act, NULL) == 0);
	use_stack(stack);
	runs = 0;
	for (int i = 0; i < 10; i++) {
		masked_memory = prog_anon(32);
		REQUIRE(raise(SIGUSR1) == 0);
		REQUIRE(munmap(masked_memory, 32 * PAGE) == 0);
	}
	REQUIRE(runs == 10);
	use_no_stack();
	REQUIRE(munmap(stack, ALT_PAGES * PAGE) == 0);
}

/* SIGSEGV on an alternate stack never touched, with the page opened there. */
static void
open_page(int signo, siginfo_t *info, void *context)
{
	void *page = (void *)((uintptr_t)info->si_addr & ~(PAGE - 1));

	(void)signo;
	(void)context;
	REQUIRE(mprotect(page, PAGE, RW) == 0);
	runs++;
}

static void
segv_on_alternate(void)
{
	struct sigaction act = { .sa_sigaction = open_page,
		.sa_flags = SA_SIGINFO | SA_ONSTACK };
	volatile char *p = prog_map(4 * PAGE, PROT_NONE, PRIVATE);

	REQUIRE(sigaction(SIGSEGV, &act, NULL) == 0);
	runs = 0;
	for (size_t i = 0; i < 4; i++) {
		char *stack = prog_anon(ALT_PAGES);

		use_stack(stack);
		p[i * PAGE] = 5;
		use_no_stack();
		REQUIRE(p[i * PAGE] == 5);
		REQUIRE(munmap(stack, ALT_PAGES * PAGE) == 0);
	}
	REQUIRE(runs == 4);
	signal(SIGSEGV, SIG_DFL);
	REQUIRE(munmap((void *)(uintptr_t)p, 4 * PAGE) == 0);
}

/* Threads: each with an alternate stack, and each signalled deep down. */
static __attribute__((noinline)) void
raise_deep(void)
{
	volatile char big[64 * 4096];

	REQUIRE(pthread_kill(pthread_self(), SIGUSR2) == 0);
	big[0] = 1;
	REQUIRE(big[0] == 1);
}

static void
count_run(int signo)
{
	(void)signo;
	__atomic_add_fetch(&runs, 1, __ATOMIC_SEQ_CST);
}

static void *
thread_signalled(void *arg)
{
	char *stack = prog_anon(ALT_PAGES);

	use_stack(stack);
	REQUIRE(pthread_kill(pthread_self(), SIGUSR1) == 0);
	raise_deep();
	use_no_stack();
	REQUIRE(munmap(stack, ALT_PAGES * PAGE) == 0);
	return (arg);
}

static void
in_threads(void)
{
	pthread_t threads[8];

	runs = 0;
	handle(SIGUSR1, count_run, SA_ONSTACK);
	handle(SIGUSR2, count_run, 0);
	for (int round = 0; round < 4; round++) {
		for (size_t i = 0; i < COUNT(threads); i++)
			threads[i] = prog_thread(thread_signalled, NULL);
		for (size_t i = 0; i < COUNT(threads); i++)
			REQUIRE(pthread_join(threads[i], NULL) == 0);
	}
	REQUIRE(runs == 4 * 2 * (int)COUNT(threads));
}

int
main(int argc, char **argv)
{
	static const struct prog_check checks[] = {
		{ "untouched", untouched },
		{ "untouched-other-kinds", untouched_other_kinds },
		{ "forked", forked },
		{ "fork-in-handler", fork_in_handler },
		{ "no-stack-kills", no_stack_kills },
		{ "nested", nested },
		{ "nested-on-alternate", nested_on_alternate },
		{ "full-mask", full_mask },
		{ "segv-on-alternate", segv_on_alternate },
		{ "in-threads", in_threads },
	};

	return (prog_main(argc, argv, checks, COUNT(checks)));
}
