/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stack.c: stacks grow, up to a limit, and overflow with a signal.
 *
 *	high  | the frames in use |
 *	      | grows downward    |  until the size reaches RLIMIT_STACK
 *	      : not mapped        :
 *	      |-- gap of 1 MB ----|  kept to the mapping below (MAP_GROWSDOWN)
 *	low   | another mapping   |
 *
 * The overflow is a SIGSEGV that kills, or that a handler on an alternate
 * stack can survive.
 */
#include <sys/resource.h>

#include "prog.h"

#define MEGABYTE ((size_t)1 << 20)

static volatile uintptr_t stack_low;
static sigjmp_buf overflow_back;
static volatile uintptr_t overflow_addr;
static volatile int overflow_code;

/* Use depth kilobytes of stack, check them on the way back. */
static __attribute__((noinline)) unsigned
descend(unsigned depth)
{
	volatile unsigned char frame[1024];
	unsigned sum;

	for (size_t i = 0; i < sizeof(frame); i += 64)
		frame[i] = (unsigned char)(depth + i / 64);
	if (depth == 0)
		return (0);
	sum = descend(depth - 1) + 1;
	for (size_t i = 0; i < sizeof(frame); i += 64)
		REQUIRE(frame[i] == (unsigned char)(depth + i / 64));
	return (sum);
}

/* Recurse until something stops it. */
static __attribute__((noinline)) unsigned
descend_for_ever(unsigned depth)
{
	volatile char frame[1024];

	frame[0] = (char)depth;
	stack_low = (uintptr_t)&frame[0];
	if (depth == UINT32_MAX)
		return (0);
	return (descend_for_ever(depth + 1) + (unsigned)frame[0]);
}

static void
run_for_ever(void *arg)
{
	(void)arg;
	(void)descend_for_ever(0);
}

static size_t
limit(void)
{
	struct rlimit rl;

	REQUIRE(getrlimit(RLIMIT_STACK, &rl) == 0);
	return (rl.rlim_cur == RLIM_INFINITY ? 8 * MEGABYTE : rl.rlim_cur);
}

static void
grows(void)
{
	unsigned kilobytes = (unsigned)(limit() / 1024 * 3 / 4);

	/* A frame of descend() is a little more than a kilobyte. */
	REQUIRE(descend(kilobytes * 3 / 4) == kilobytes * 3 / 4);
	REQUIRE(descend(100) == 100);
}

/* One big frame, touched at the far end first. */
static __attribute__((noinline)) void
jump(void)
{
	volatile char big[4 << 20];

	big[0] = 1;
	big[sizeof(big) - 1] = 2;
	REQUIRE(big[0] == 1 && big[sizeof(big) - 1] == 2);
}

static void
jumps(void)
{
	pid_t pid = prog_fork();

	if (pid == 0) {
		jump();
		_exit(0);
	}
	prog_join(pid);
	jump();
}

static void
overflow_kills(void)
{
	prog_dies(run_for_ever, NULL, SIGSEGV);
	prog_dies(run_for_ever, NULL, SIGSEGV);
}

static void
overflowed(int signo, siginfo_t *info, void *context)
{
	(void)signo;
	(void)context;
	overflow_addr = (uintptr_t)info->si_addr;
	overflow_code = info->si_code;
	siglongjmp(overflow_back, 1);
}

/* Overflow, be caught on the alternate stack; how far did it get? */
static size_t
overflow(void)
{
	struct sigaction act = { .sa_sigaction = overflowed,
		.sa_flags = SA_SIGINFO | SA_ONSTACK };
	stack_t alt = { .ss_sp = prog_anon(16), .ss_size = 16 * PAGE };
	stack_t off = { .ss_flags = SS_DISABLE };
	char here;
	size_t reached;

	REQUIRE(sigaltstack(&alt, NULL) == 0);
	REQUIRE(sigaction(SIGSEGV, &act, NULL) == 0);
	if (sigsetjmp(overflow_back, 1) == 0) {
		(void)descend_for_ever(0);
		FAIL("the recursion came to an end");
	}
	signal(SIGSEGV, SIG_DFL);
	REQUIRE(sigaltstack(&off, NULL) == 0);
	REQUIRE(munmap(alt.ss_sp, 16 * PAGE) == 0);
	REQUIRE(overflow_code == SEGV_MAPERR);
	REQUIRE(overflow_addr < stack_low + PAGE);
	REQUIRE(overflow_addr > stack_low - 2 * PAGE);
	reached = (size_t)((uintptr_t)&here - overflow_addr);
	return (reached);
}

static void
overflow_caught(void)
{
	for (int i = 0; i < 3; i++) {
		size_t reached = overflow();

		REQUIRE(reached > limit() - 512 * 1024);
		REQUIRE(reached <= limit() + PAGE);
	}
	grows();
}

/* The limit may change while the program runs. */
static void
limit_lowered(void)
{
	pid_t pid = prog_fork();

	if (pid == 0) {
		struct rlimit rl;

		REQUIRE(getrlimit(RLIMIT_STACK, &rl) == 0);
		/* What has grown already stays: use a fresh image. */
		rl.rlim_cur = MEGABYTE;
		REQUIRE(setrlimit(RLIMIT_STACK, &rl) == 0);
		execl("/proc/self/exe", "stack", "overflow", (char *)NULL);
		_exit(1);
	}
	prog_join(pid);
}

/* In the fresh image: 1 MB, then 2 MB. */
static int
after_exec(void)
{
	struct rlimit rl;
	size_t first = overflow(), second;

	prog_current = "limit-lowered";
	REQUIRE(first <= MEGABYTE + PAGE);
	REQUIRE(first > MEGABYTE / 2);
	REQUIRE(getrlimit(RLIMIT_STACK, &rl) == 0);
	rl.rlim_cur = 2 * MEGABYTE;
	REQUIRE(setrlimit(RLIMIT_STACK, &rl) == 0);
	second = overflow();
	REQUIRE(second <= 2 * MEGABYTE + PAGE);
	REQUIRE(second > MEGABYTE + MEGABYTE / 2);
	return (0);
}

static void *
thread_deep(void *arg)
{
	unsigned *depth = arg;

	REQUIRE(descend(*depth) == *depth);
	return (NULL);
}

/* What the C library thinks of the stack, from /proc/self/maps. */
static void
bounds(void)
{
	pthread_attr_t attr;
	void *low;
	size_t size;
	char here;

	REQUIRE(pthread_getattr_np(pthread_self(), &attr) == 0);
	REQUIRE(pthread_attr_getstack(&attr, &low, &size) == 0);
	REQUIRE(pthread_attr_destroy(&attr) == 0);
	REQUIRE((char *)low < &here && &here < (char *)low + size);
	REQUIRE(size <= limit() && size > limit() - MEGABYTE / 2);
}

/* Further down than the stack may ever get there is nothing. */
static void
nothing_below(void)
{
	uintptr_t top = (uintptr_t)environ[0] & ~(PAGE - 1);
	char *p = (char *)(top - limit() - MEGABYTE);
	unsigned char vec;

	REQUIRE(UNMAPPED(p));
	REQUIRE(mincore(p, PAGE, &vec) == -1 && errno == ENOMEM);
	REQUIRE(mprotect(p, PAGE, PROT_READ) == -1 && errno == ENOMEM);
	REQUIRE(madvise(p, PAGE, MADV_DONTNEED) == -1 && errno == ENOMEM);
	REQUIRE(msync(p, PAGE, MS_ASYNC) == -1 && errno == ENOMEM);
	REQUIRE(mlock(p, PAGE) == -1 && errno == ENOMEM);
	grows();
}

/* Memory that nobody has called a stack will do as one. */
static void
plain_memory(void)
{
	size_t size = MEGABYTE;
	char *stack = prog_anon(size / PAGE);
	unsigned depth = 500;
	pthread_attr_t attr;
	pthread_t thread;

	REQUIRE(pthread_attr_init(&attr) == 0);
	REQUIRE(pthread_attr_setstack(&attr, stack, size) == 0);
	REQUIRE(pthread_create(&thread, &attr, thread_deep, &depth) == 0);
	REQUIRE(pthread_join(thread, NULL) == 0);
	REQUIRE(pthread_attr_destroy(&attr) == 0);
	REQUIRE(munmap(stack, size) == 0);
}

static void *
thread_for_ever(void *arg)
{
	run_for_ever(arg);
	return (NULL);
}

static void
thread_dies(void *arg)
{
	pthread_join(prog_thread(thread_for_ever, arg), NULL);
}

static void
thread_overflow(void)
{
	prog_dies(thread_dies, NULL, SIGSEGV);
}

static void
thread_stacks(void)
{
	pthread_t threads[8];
	unsigned depth = 2000;

	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < COUNT(threads); i++)
			threads[i] = prog_thread(thread_deep, &depth);
		for (size_t i = 0; i < COUNT(threads); i++)
			REQUIRE(pthread_join(threads[i], NULL) == 0);
	}
}

/* A page that grows downward, size bytes of free room below it. */
static char *
grows_down(size_t room)
{
	char *base = prog_map(room + 2 * PAGE, PROT_NONE, PRIVATE);
	char *top = base + room;

	REQUIRE(munmap(base, room + 2 * PAGE) == 0);
	REQUIRE(
	    mmap(top, PAGE, RW, PRIVATE | MAP_GROWSDOWN | MAP_FIXED_NOREPLACE,
		-1, 0) == top);
	return (top);
}

static void
map_growsdown(void)
{
	size_t room = 16 * MEGABYTE;
	char *top = grows_down(room);

	top[0] = 1;
	for (size_t i = 1; i <= 64; i++)
		top[0 - i * PAGE] = (char)i;
	for (size_t i = 1; i <= 64; i++)
		REQUIRE(top[0 - i * PAGE] == (char)i);
	REQUIRE(prog_zero(top - 64 * PAGE + 1, PAGE - 1));
	REQUIRE(munmap(top - room, room + PAGE) == 0);
}

/* It stops a megabyte above the next mapping. */
static void
growsdown_gap(void)
{
	size_t room = 4 * MEGABYTE;
	char *top = grows_down(room), *wall = top - room;
	size_t grown = 0;

	REQUIRE(
	    mmap(wall, PAGE, RW, PRIVATE | MAP_FIXED_NOREPLACE, -1, 0) == wall);
	wall[0] = 7;
	while (prog_probe(top - grown - PAGE, true).signo == 0)
		grown += PAGE;
	REQUIRE(grown <= room - MEGABYTE);
	REQUIRE(grown >= room - MEGABYTE - 2 * PAGE);
	REQUIRE(UNMAPPED(top - grown - PAGE));
	REQUIRE(wall[0] == 7);
	REQUIRE(munmap(wall, room + PAGE) == 0);
}

/* A signal when the stack pointer is far below all that was touched. */
static volatile sig_atomic_t signals;

static void
count(int signo)
{
	volatile char local[PAGE];

	local[0] = (char)signo;
	signals += local[0] == signo;
}

static __attribute__((noinline)) void
signal_below(void)
{
	volatile char big[3 << 20];

	raise(SIGUSR1);
	big[0] = 1;
	REQUIRE(big[0] == 1);
}

static void
signal_far_down(void)
{
	pid_t pid = prog_fork();

	if (pid == 0) {
		signal(SIGUSR1, count);
		signal_below();
		_exit(signals != 1);
	}
	prog_join(pid);
}

int
main(int argc, char **argv)
{
	static const struct prog_check checks[] = {
		{ "signal-far-down", signal_far_down },
		{ "jumps", jumps },
		{ "grows", grows },
		{ "overflow-kills", overflow_kills },
		{ "overflow-caught", overflow_caught },
		{ "limit-lowered", limit_lowered },
		{ "bounds", bounds },
		{ "nothing-below", nothing_below },
		{ "plain-memory", plain_memory },
		{ "thread-overflow", thread_overflow },
		{ "thread-stacks", thread_stacks },
		{ "map-growsdown", map_growsdown },
		{ "growsdown-gap", growsdown_gap },
	};

	if (argc > 1 && strcmp(argv[1], "overflow") == 0)
		return (after_exec());
	return (prog_main(argc, argv, checks, COUNT(checks)));
}
