/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * interrupted.c: one process takes pages from another that is busy.
 *
 *	parent   MADV_REMOVE of a shared page, again and again
 *	child    has that page mapped, and meanwhile ...
 *
 * Whoever manages the memory has to hold the child up for a moment, wherever
 * it is just then: in the middle of a fault, of a signal, of a system call.
 * The child must not notice.
 */
#include "prog.h"

#include <ucontext.h>

#define ROUNDS 20000

static char *page;
static struct {
	atomic_bool over;
} * common;

/* The child does its work until the parent has taken the page often enough. */
static void
disturb(void (*work)(void))
{
	long rounds = prog_count != 0 ? prog_count : ROUNDS;
	pid_t pid;

	page = prog_map(PAGE, RW, SHARED);
	common = prog_map(PAGE, RW, SHARED);
	pid = prog_fork();
	if (pid == 0) {
		while (!atomic_load(&common->over))
			work();
		_exit(0);
	}
	for (long i = 0; i < rounds; i++)
		REQUIRE(madvise(page, PAGE, MADV_REMOVE) == 0);
	atomic_store(&common->over, true);
	prog_join(pid);
	REQUIRE(munmap(page, PAGE) == 0);
	REQUIRE(munmap(common, PAGE) == 0);
}

static void
touch_page(void)
{
	*(volatile char *)page = 1;
}

/* Every access faults. */
static void
fault(void)
{
	char *p = prog_map(PAGE, RW, PRIVATE);

	p[0] = 1;
	touch_page();
	REQUIRE(p[0] == 1 && p[1] == 0);
	REQUIRE(munmap(p, PAGE) == 0);
}

static void
faults(void)
{
	disturb(fault);
}

/* Faults of the program's own, which its handler sees. */
static void
bad_fault(void)
{
	touch_page();
	REQUIRE(UNMAPPED(page + ((size_t)1 << 32)));
}

static void
bad_faults(void)
{
	disturb(bad_fault);
}

static volatile sig_atomic_t traps;

static void
on_trap(int sig)
{
	(void)sig;
	traps++;
}

/* The trap comes after the instruction: it is lost if it is dropped. */
static void
trap(void)
{
	sig_atomic_t before = traps;

	touch_page();
	__asm__ volatile("int3");
	REQUIRE(traps == before + 1);
}

static void
breakpoints(void)
{
	REQUIRE(signal(SIGTRAP, on_trap) != SIG_ERR);
	disturb(trap);
}

static void
divide_handler(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)sig;
	REQUIRE(info->si_code == FPE_INTDIV);
	uc->uc_mcontext.gregs[REG_RCX] = 2;
	traps++;
}

static void
divide(void)
{
	sig_atomic_t before = traps;
	unsigned quotient = 0;

	touch_page();
	__asm__ volatile("divl %%ecx"
			 : "=a"(quotient)
			 : "0"(10), "d"(0), "c"(0)
			 : "cc");
	REQUIRE(traps == before + 1 && quotient == 5);
}

static void
divisions(void)
{
	struct sigaction act = { .sa_sigaction = divide_handler,
		.sa_flags = SA_SIGINFO };

	REQUIRE(sigaction(SIGFPE, &act, NULL) == 0);
	disturb(divide);
}

int
main(int argc, char **argv)
{
	static const struct prog_check checks[] = {
		{ "faults", faults },
		{ "bad-faults", bad_faults },
		{ "breakpoints", breakpoints },
		{ "divisions", divisions },
	};

	return (prog_main(argc, argv, checks, COUNT(checks)));
}
