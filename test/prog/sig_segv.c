/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sig_segv.c: the program's own SIGSEGV and SIGBUS.
 *
 * A memory system that works by faults must tell its own from the program's.
 * The program's faults arrive at its handler with the right code, address and
 * context; a SIGSEGV that somebody sent arrives as sent; and while SIGSEGV is
 * blocked or ignored, touching fresh memory works and changes neither the
 * handler nor the mask.
 */
#include <ucontext.h>

#include "prog.h"

#define NON_CANONICAL ((char *)0x5a5a000000000000)

static volatile greg_t seen_cr2, seen_err, seen_trap;
static volatile int seen_pid, seen_value;
static volatile sig_atomic_t seen_count;

static void
remember(int signo, siginfo_t *info, void *context)
{
	const greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	seen_cr2 = regs[REG_CR2];
	seen_err = regs[REG_ERR];
	seen_trap = regs[REG_TRAPNO];
	prog_caught(signo, info, context);
}

static void
sent(int signo, siginfo_t *info, void *context)
{
	(void)context;
	prog_seen.signo = signo;
	prog_seen.code = info->si_code;
	seen_pid = info->si_pid;
	seen_value = info->si_value.sival_int;
	seen_count++;
}

static void
handle(int signo, void (*handler)(int, siginfo_t *, void *), int flags)
{
	struct sigaction act = { .sa_sigaction = handler,
		.sa_flags = SA_SIGINFO | flags };

	prog_seen.signo = 0;
	REQUIRE(sigaction(signo, &act, NULL) == 0);
}

static void
codes(void)
{
	char *p = prog_anon(4);

	REQUIRE(UNMAPPED(NULL));
	REQUIRE(UNMAPPED((char *)8));
	REQUIRE(mprotect(p, PAGE, PROT_NONE) == 0);
	REQUIRE(mprotect(p + PAGE, PAGE, PROT_READ) == 0);
	REQUIRE(munmap(p + 2 * PAGE, PAGE) == 0);
	for (size_t i = 0; i < PAGE; i += 1021) {
		REQUIRE(NO_READ(p + i));
		REQUIRE(NO_WRITE(p + i));
		REQUIRE(NO_WRITE(p + PAGE + i));
		REQUIRE(UNMAPPED(p + 2 * PAGE + i));
		REQUIRE(
		    prog_refused(p + 2 * PAGE + i, true, SIGSEGV, SEGV_MAPERR));
	}
	REQUIRE(prog_probe(p + PAGE, false).signo == 0);
	REQUIRE(munmap(p, 4 * PAGE) == 0);
}

/* An address no page table can hold: a protection fault without address. */
static void
non_canonical(void)
{
	struct prog_fault fault = prog_probe(NON_CANONICAL, false);

	REQUIRE(fault.signo == SIGSEGV);
	REQUIRE(fault.code == SI_KERNEL);
	REQUIRE(fault.addr == 0);
}

/* What debuggers and collectors read: trap number, error code, address. */
static volatile char *
refused_store(void)
{
	volatile char *p = prog_anon(1);

	handle(SIGSEGV, remember, 0);
	REQUIRE(mprotect((void *)(uintptr_t)p, PAGE, PROT_READ) == 0);
	if (sigsetjmp(prog_back, 1) == 0)
		p[123] = 1;
	signal(SIGSEGV, SIG_DFL);
	REQUIRE(prog_seen.signo == SIGSEGV);
	REQUIRE(munmap((void *)(uintptr_t)p, PAGE) == 0);
	return (p + 123);
}

static void
context_address(void)
{
	volatile char *p = refused_store();

	REQUIRE(seen_cr2 == (greg_t)(uintptr_t)p);
	handle(SIGSEGV, remember, 0);
	if (sigsetjmp(prog_back, 1) == 0)
		(void)p[5];
	signal(SIGSEGV, SIG_DFL);
	REQUIRE(seen_cr2 == (greg_t)(uintptr_t)(p + 5));
}

static void
context_trap(void)
{
	volatile char *p = refused_store();

	REQUIRE(seen_trap == 14);
	REQUIRE((seen_err & 6) == 6);
	handle(SIGSEGV, remember, 0);
	if (sigsetjmp(prog_back, 1) == 0)
		(void)*p;
	signal(SIGSEGV, SIG_DFL);
	REQUIRE((seen_err & 6) == 4);
}

/* An access across two pages faults at the first bad byte's page. */
static void
straddling_access(void)
{
	char *p = prog_anon(2);
	struct prog_fault fault = { 0, 0, 0 };

	handle(SIGSEGV, prog_caught, 0);
	REQUIRE(munmap(p + PAGE, PAGE) == 0);
	if (sigsetjmp(prog_back, 1) == 0) {
		uint64_t wide;

		memcpy(&wide, p + PAGE - 4, sizeof(wide));
		__asm__ volatile("" ::"r"(wide));
	}
	fault.addr = prog_seen.addr;
	REQUIRE(prog_seen.signo == SIGSEGV);
	REQUIRE(fault.addr == (uintptr_t)(p + PAGE));
	signal(SIGSEGV, SIG_DFL);
	REQUIRE(munmap(p, PAGE) == 0);
}

static void
many_jumps(void)
{
	char *p = prog_map(PAGE, PROT_NONE, PRIVATE);
	char *fresh = prog_anon(500);

	for (size_t i = 0; i < 500; i++) {
		REQUIRE(NO_READ(p + i));
		fresh[i * PAGE] = 1;
	}
	REQUIRE(munmap(p, PAGE) == 0);
	REQUIRE(munmap(fresh, 500 * PAGE) == 0);
}

static void
kill_by_default(void *arg)
{
	volatile char *p = arg;

	p[0] = 1;
}

static void
default_kills(void)
{
	char *p = prog_map(2 * PAGE, PROT_READ, PRIVATE);
	int fd = prog_file(1, 1);
	char *past = prog_map_file(fd, 2, RW, MAP_SHARED) + PAGE;

	prog_dies(kill_by_default, p, SIGSEGV);
	prog_dies(kill_by_default, NULL, SIGSEGV);
	prog_dies(kill_by_default, past, SIGBUS);
	prog_dies(kill_by_default, NON_CANONICAL, SIGSEGV);
	REQUIRE(munmap(p, 2 * PAGE) == 0);
	REQUIRE(close(fd) == 0);
}

static void
kill_blocked(void *arg)
{
	sigset_t set;

	handle(SIGSEGV, prog_caught, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGSEGV);
	REQUIRE(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	kill_by_default(arg);
}

static void
kill_ignored(void *arg)
{
	signal(SIGSEGV, SIG_IGN);
	kill_by_default(arg);
}

/* A real fault is not held off by the mask, nor by SIG_IGN. */
static void
blocked_kills(void)
{
	char *p = prog_map(PAGE, PROT_READ, PRIVATE);

	prog_dies(kill_blocked, p, SIGSEGV);
	prog_dies(kill_ignored, p, SIGSEGV);
	REQUIRE(munmap(p, PAGE) == 0);
}

static void
kill_in_handler(int signo)
{
	(void)signo;
	kill_by_default(NULL);
}

static void
kill_twice(void *arg)
{
	signal(SIGSEGV, kill_in_handler);
	kill_by_default(arg);
}

static void
fault_in_handler(void)
{
	prog_dies(kill_twice, NULL, SIGSEGV);
}

/* Fresh memory of all kinds, touched while the signal cannot be taken. */
static void
touch_fresh(void)
{
	int fd = prog_file(8, 3);
	char *file = prog_map_file(fd, 8, RW, MAP_PRIVATE);
	char *anon = prog_anon(64), *shared = prog_map(8 * PAGE, RW, SHARED);
	pid_t pid = prog_fork();

	prog_fill(anon, 64 * PAGE, 1);
	REQUIRE(prog_same(file + 7 * PAGE, PAGE, 10));
	prog_fill(file, PAGE, 2);
	prog_fill(shared, 8 * PAGE, 4);
	REQUIRE(prog_same(anon, 64 * PAGE, 1));
	if (pid == 0)
		_exit(0);
	prog_join(pid);
	prog_fill(anon, 64 * PAGE, 5);
	REQUIRE(munmap(file, 8 * PAGE) == 0);
	REQUIRE(munmap(anon, 64 * PAGE) == 0);
	REQUIRE(munmap(shared, 8 * PAGE) == 0);
	REQUIRE(close(fd) == 0);
}

static void
require_handler(void (*handler)(int, siginfo_t *, void *))
{
	struct sigaction act;

	REQUIRE(sigaction(SIGSEGV, NULL, &act) == 0);
	REQUIRE(act.sa_sigaction == handler);
	REQUIRE(act.sa_flags & SA_SIGINFO);
}

static void
blocked_fresh(void)
{
	sigset_t set, old, now;
	char *none = prog_map(PAGE, PROT_NONE, PRIVATE);

	handle(SIGSEGV, prog_caught, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGSEGV);
	sigaddset(&set, SIGBUS);
	REQUIRE(sigprocmask(SIG_BLOCK, &set, &old) == 0);
	touch_fresh();
	REQUIRE(sigprocmask(SIG_BLOCK, NULL, &now) == 0);
	REQUIRE(sigismember(&now, SIGSEGV) == 1);
	REQUIRE(sigismember(&now, SIGUSR1) == 0);
	require_handler(prog_caught);
	REQUIRE(sigprocmask(SIG_SETMASK, &old, NULL) == 0);
	require_handler(prog_caught);
	REQUIRE(NO_READ(none));
	require_handler(prog_caught);
	signal(SIGSEGV, SIG_DFL);
	REQUIRE(munmap(none, PAGE) == 0);
}

static void
all_blocked_fresh(void)
{
	sigset_t set, old;

	sigfillset(&set);
	REQUIRE(sigprocmask(SIG_SETMASK, &set, &old) == 0);
	touch_fresh();
	REQUIRE(sigprocmask(SIG_SETMASK, &old, NULL) == 0);
}

static void
ignored_fresh(void)
{
	struct sigaction act;

	signal(SIGSEGV, SIG_IGN);
	touch_fresh();
	REQUIRE(sigaction(SIGSEGV, NULL, &act) == 0);
	REQUIRE(act.sa_handler == SIG_IGN);
	signal(SIGSEGV, SIG_DFL);
	touch_fresh();
	REQUIRE(sigaction(SIGSEGV, NULL, &act) == 0);
	REQUIRE(act.sa_handler == SIG_DFL);
}

/* SA_RESETHAND must be used up by the program's fault, not by ours. */
static void
one_shot(void)
{
	struct sigaction act;
	volatile char *none = prog_map(PAGE, PROT_NONE, PRIVATE);

	handle(SIGSEGV, prog_caught, (int)SA_RESETHAND);
	touch_fresh();
	require_handler(prog_caught);
	if (sigsetjmp(prog_back, 1) == 0)
		(void)*none;
	REQUIRE(prog_seen.signo == SIGSEGV);
	REQUIRE(sigaction(SIGSEGV, NULL, &act) == 0);
	REQUIRE(act.sa_handler == SIG_DFL);
	REQUIRE(munmap((void *)(uintptr_t)none, PAGE) == 0);
}

/* Sent by kill, raise and sigqueue: information of the sender. */
static void
as_sent(void)
{
	union sigval value = { .sival_int = 4711 };

	handle(SIGSEGV, sent, 0);
	REQUIRE(kill(getpid(), SIGSEGV) == 0);
	REQUIRE(prog_seen.signo == SIGSEGV && prog_seen.code == SI_USER);
	REQUIRE(seen_pid == getpid());
	REQUIRE(raise(SIGSEGV) == 0);
	REQUIRE(prog_seen.code == SI_TKILL);
	REQUIRE(sigqueue(getpid(), SIGSEGV, value) == 0);
	REQUIRE(prog_seen.code == SI_QUEUE);
	REQUIRE(seen_value == 4711);
	REQUIRE(seen_count == 3);
	touch_fresh();
	REQUIRE(seen_count == 3);
	signal(SIGSEGV, SIG_DFL);
}

static void
kill_by_sending(void *arg)
{
	(void)arg;
	kill(getpid(), SIGSEGV);
}

static void
pending_while_blocked(void)
{
	sigset_t set, old, pending;

	prog_dies(kill_by_sending, NULL, SIGSEGV);
	handle(SIGSEGV, sent, 0);
	seen_count = 0;
	sigemptyset(&set);
	sigaddset(&set, SIGSEGV);
	REQUIRE(sigprocmask(SIG_BLOCK, &set, &old) == 0);
	REQUIRE(kill(getpid(), SIGSEGV) == 0);
	touch_fresh();
	REQUIRE(sigpending(&pending) == 0);
	REQUIRE(sigismember(&pending, SIGSEGV) == 1);
	REQUIRE(seen_count == 0);
	REQUIRE(sigprocmask(SIG_SETMASK, &old, NULL) == 0);
	REQUIRE(seen_count == 1);
	REQUIRE(prog_seen.code == SI_USER);
	signal(SIGSEGV, SIG_DFL);
}

/* Waited for, not handled. */
static void
waited_for(void)
{
	sigset_t set, old;
	siginfo_t info;

	sigemptyset(&set);
	sigaddset(&set, SIGSEGV);
	REQUIRE(sigprocmask(SIG_BLOCK, &set, &old) == 0);
	REQUIRE(kill(getpid(), SIGSEGV) == 0);
	touch_fresh();
	REQUIRE(sigwaitinfo(&set, &info) == SIGSEGV);
	REQUIRE(info.si_code == SI_USER);
	REQUIRE(sigprocmask(SIG_SETMASK, &old, NULL) == 0);
}

static void
bus_errors(void)
{
	int fd = prog_file(2, 4);
	char *p = prog_map_file(fd, 6, RW, MAP_SHARED);

	for (size_t i = 0; i < PAGE; i += 1021) {
		REQUIRE(PAST_END(p + 2 * PAGE + i));
		REQUIRE(
		    prog_refused(p + 5 * PAGE + i, true, SIGBUS, BUS_ADRERR));
	}
	REQUIRE(munmap(p, 6 * PAGE) == 0);
	REQUIRE(close(fd) == 0);
}

/* What is not allowed is not allowed past the end either. */
static void
protection_first(void)
{
	int fd = prog_file(2, 4);
	char *p = prog_map_file(fd, 6, PROT_READ, MAP_SHARED);

	REQUIRE(NO_WRITE(p));
	REQUIRE(PAST_END(p + 2 * PAGE));
	REQUIRE(NO_WRITE(p + 2 * PAGE));
	REQUIRE(munmap(p, 6 * PAGE) == 0);
	REQUIRE(close(fd) == 0);
}

/* Each thread gets its own fault. */
static _Thread_local sigjmp_buf thread_back;
static _Thread_local volatile uintptr_t thread_addr;

static void
thread_caught(int signo, siginfo_t *info, void *context)
{
	(void)signo;
	(void)context;
	thread_addr = (uintptr_t)info->si_addr;
	siglongjmp(thread_back, 1);
}

static void *
thread_faults(void *arg)
{
	volatile char *p = arg;
	volatile char *fresh = prog_anon(200);

	for (int i = 0; i < 200; i++) {
		thread_addr = 0;
		if (sigsetjmp(thread_back, 1) == 0)
			p[i] = 1;
		REQUIRE(thread_addr == (uintptr_t)(p + i));
		fresh[(size_t)i * PAGE] = 1;
	}
	REQUIRE(munmap((void *)(uintptr_t)fresh, 200 * PAGE) == 0);
	return (NULL);
}

static void
in_threads(void)
{
	char *p = prog_map(8 * PAGE, PROT_NONE, PRIVATE);
	pthread_t threads[8];

	handle(SIGSEGV, thread_caught, 0);
	for (size_t i = 0; i < COUNT(threads); i++)
		threads[i] = prog_thread(thread_faults, p + i * PAGE);
	for (size_t i = 0; i < COUNT(threads); i++)
		REQUIRE(pthread_join(threads[i], NULL) == 0);
	signal(SIGSEGV, SIG_DFL);
	REQUIRE(munmap(p, 8 * PAGE) == 0);
}

/* Other traps of the processor pass untouched. */
static void
trap(int signo, siginfo_t *info, void *ctx)
{
	prog_caught(signo, info, ctx);
}

static void
other_traps(void)
{
	volatile int zero = 0, one = 1;

	handle(SIGFPE, trap, 0);
	handle(SIGILL, trap, 0);
	handle(SIGTRAP, trap, 0);
	if (sigsetjmp(prog_back, 1) == 0)
		one = one / zero;
	REQUIRE(prog_seen.signo == SIGFPE && prog_seen.code == FPE_INTDIV);
	if (sigsetjmp(prog_back, 1) == 0)
		__asm__ volatile("ud2");
	REQUIRE(prog_seen.signo == SIGILL);
	if (sigsetjmp(prog_back, 1) == 0)
		__asm__ volatile("int3");
	REQUIRE(prog_seen.signo == SIGTRAP);
	signal(SIGFPE, SIG_DFL);
	signal(SIGILL, SIG_DFL);
	signal(SIGTRAP, SIG_DFL);
}

int
main(int argc, char **argv)
{
	static const struct prog_check checks[] = {
		{ "codes", codes },
		{ "non-canonical", non_canonical },
		{ "context-address", context_address },
		{ "context-trap", context_trap },
		{ "straddling-access", straddling_access },
		{ "many-jumps", many_jumps },
		{ "default-kills", default_kills },
		{ "blocked-kills", blocked_kills },
		{ "fault-in-handler", fault_in_handler },
		{ "blocked-fresh", blocked_fresh },
		{ "all-blocked-fresh", all_blocked_fresh },
		{ "ignored-fresh", ignored_fresh },
		{ "one-shot", one_shot },
		{ "as-sent", as_sent },
		{ "pending-while-blocked", pending_while_blocked },
		{ "waited-for", waited_for },
		{ "bus-errors", bus_errors },
		{ "protection-first", protection_first },
		{ "in-threads", in_threads },
		{ "other-traps", other_traps },
	};

	return (prog_main(argc, argv, checks, COUNT(checks)));
}
