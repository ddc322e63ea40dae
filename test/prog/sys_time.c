/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys_time.c: system calls about time and signals, with buffers in awkward
 * memory.
 *
 * sysbuf.h says what is done with each of them.  All are made bare, past the
 * vdso and the C library's wrappers, with the kernel's structures.
 */
#include <linux/futex.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <sys/timex.h>

#include "sysbuf.h"

/* The kernel's struct sigaction; SA_RESTORER is needed for a handler only. */
struct kernel_sigaction {
	uint64_t handler;
	uint64_t flags;
	uint64_t restorer;
	uint64_t mask;
};

static void
nothing(int signo)
{
	(void)signo;
}

static void
alarm_soon(void)
{
	struct itimerval timer = { { 0, 5000 }, { 0, 5000 } };
	struct sigaction act = { .sa_handler = nothing };

	REQUIRE(sigaction(SIGALRM, &act, NULL) == 0);
	REQUIRE(setitimer(ITIMER_REAL, &timer, NULL) == 0);
}

static void
alarm_done(void)
{
	struct itimerval timer = { { 0, 0 }, { 0, 0 } };

	REQUIRE(setitimer(ITIMER_REAL, &timer, NULL) == 0);
}

static long
op_clock_gettime(void)
{
	struct timespec *ts = out(sizeof(*ts));
	long r = SYS(SYS_clock_gettime, (long)CLOCK_REALTIME, ts);

	if (good())
		REQUIRE(ts->tv_sec > 1500000000);
	return (r);
}

static long
op_clock_getres(void)
{
	struct timespec *ts = out(sizeof(*ts));
	long r = SYS(SYS_clock_getres, (long)CLOCK_MONOTONIC, ts);

	if (good())
		REQUIRE(ts->tv_sec == 0 && ts->tv_nsec > 0);
	return (r);
}

static long
op_gettimeofday(void)
{
	struct timeval *tv = out(sizeof(*tv));
	struct timezone *tz = out(sizeof(*tz));
	long r = SYS(SYS_gettimeofday, tv, tz);

	if (good())
		REQUIRE(tv->tv_sec > 1500000000);
	return (r);
}

static long
op_time(void)
{
	time_t *t = out(sizeof(*t));
	long r = SYS(SYS_time, t);

	if (good())
		REQUIRE(r == *t);
	return (r);
}

static long
op_times(void)
{
	struct tms *tms = out(sizeof(*tms));
	long r = SYS(SYS_times, tms);

	if (good())
		REQUIRE(tms->tms_utime >= 0);
	return (r);
}

/* Interrupted after some milliseconds of ten seconds. */
static long
sleep_result(long r, const struct timespec *left)
{
	alarm_done();
	if (good())
		REQUIRE(r == -EINTR && left->tv_sec >= 5);
	return (r == -EINTR ? 0 : r);
}

static long
op_nanosleep(void)
{
	struct timespec want = { 10, 0 };
	struct timespec *ts = in(&want, sizeof(want)),
			*left = out(sizeof(want));

	alarm_soon();
	return (sleep_result(SYS(SYS_nanosleep, ts, left), left));
}

static long
op_clock_nanosleep(void)
{
	struct timespec want = { 10, 0 };
	struct timespec *ts = in(&want, sizeof(want)),
			*left = out(sizeof(want));

	alarm_soon();
	return (sleep_result(SYS(SYS_clock_nanosleep, (long)CLOCK_MONOTONIC, 0L,
				 ts, left),
	    left));
}

static long
op_itimer(void)
{
	struct itimerval want = { { 0, 0 }, { 100, 0 } };
	struct itimerval *set = in(&want, sizeof(want));
	struct itimerval *old = out(sizeof(want)), *get = out(sizeof(want));
	long r = SYS(SYS_setitimer, (long)ITIMER_VIRTUAL, set, old);

	if (r == 0)
		r = SYS(SYS_getitimer, (long)ITIMER_VIRTUAL, get);
	if (good())
		REQUIRE(get->it_value.tv_sec >= 99);
	want.it_value.tv_sec = 0;
	REQUIRE(setitimer(ITIMER_VIRTUAL, &want, NULL) == 0);
	return (r);
}

static long
op_timer(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_NONE };
	struct itimerspec want = { { 0, 0 }, { 100, 0 } };
	int *id = out(sizeof(*id));
	struct itimerspec *old = out(sizeof(want)), *get = out(sizeof(want));
	long r = SYS(SYS_timer_create, (long)CLOCK_MONOTONIC,
	    in(&event, sizeof(event)), id);
	int timer;

	if (r != 0)
		return (r);
	timer = *id;
	r = SYS(SYS_timer_settime, timer, 0L, in(&want, sizeof(want)), old);
	if (r == 0)
		r = SYS(SYS_timer_gettime, timer, get);
	if (good())
		REQUIRE(get->it_value.tv_sec >= 99);
	REQUIRE(SYS(SYS_timer_delete, timer) == 0);
	return (r);
}

static long
op_timerfd(void)
{
	struct itimerspec want = { { 0, 0 }, { 0, 1000000 } };
	struct itimerspec *set = in(&want, sizeof(want));
	struct itimerspec *old = out(sizeof(want)), *get = out(sizeof(want));
	uint64_t *count = out(sizeof(*count));
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);
	long r = SYS(SYS_timerfd_settime, fd, 0L, set, old);

	if (r == 0)
		r = SYS(SYS_timerfd_gettime, fd, get);
	if (r == 0)
		r = SYS(SYS_read, fd, count, sizeof(*count));
	if (good())
		REQUIRE(r == 8 && *count == 1);
	REQUIRE(close(fd) == 0);
	return (r);
}

static long
op_adjtimex(void)
{
	struct timex none = { 0 };
	struct timex *a = inout(&none, sizeof(none));
	struct timex *b = inout(&none, sizeof(none));
	long r = SYS(SYS_adjtimex, a);

	if (r >= 0)
		r = SYS(SYS_clock_adjtime, (long)CLOCK_REALTIME, b);
	if (good())
		REQUIRE(a->tick > 0 && b->tick > 0);
	return (r);
}

static long
op_futex_timeout(void)
{
	struct timespec soon = { 0, 1000000 };
	uint32_t five = 5;
	void *word = in(&five, sizeof(five));
	void *timeout = in(&soon, sizeof(soon));
	long r = SYS(SYS_futex, word, (long)FUTEX_WAIT, 5L, timeout, NULL, 0L);

	return (r == -ETIMEDOUT ? 0 : r);
}

/* --- Signals. --- */

static long
op_sigaction(void)
{
	struct kernel_sigaction ignore = { .handler = 1 };
	struct kernel_sigaction *act = in(&ignore, sizeof(ignore));
	struct kernel_sigaction *old = out(sizeof(ignore));
	long r = SYS(SYS_rt_sigaction, (long)SIGUSR1, act, old, 8L);

	if (good())
		REQUIRE(old->handler == 0);
	signal(SIGUSR1, SIG_DFL);
	return (r);
}

#define BIT(signo) ((uint64_t)1 << ((signo)-1))

static void
block(uint64_t mask)
{
	REQUIRE(
	    SYS(SYS_rt_sigprocmask, (long)SIG_SETMASK, &mask, NULL, 8L) == 0);
}

static long
op_sigprocmask(void)
{
	uint64_t usr1 = BIT(SIGUSR1), *old;
	void *set = in(&usr1, sizeof(usr1));
	long r;

	old = out(sizeof(*old));
	block(BIT(SIGUSR2));
	r = SYS(SYS_rt_sigprocmask, (long)SIG_BLOCK, set, old, 8L);
	if (good())
		REQUIRE(*old == BIT(SIGUSR2));
	block(0);
	return (r);
}

static long
op_sigpending(void)
{
	uint64_t *set = out(sizeof(*set));
	struct timespec none = { 0, 0 };
	uint64_t usr1 = BIT(SIGUSR1);
	long r;

	block(usr1);
	REQUIRE(raise(SIGUSR1) == 0);
	r = SYS(SYS_rt_sigpending, set, 8L);
	if (good())
		REQUIRE(*set == usr1);
	REQUIRE(SYS(SYS_rt_sigtimedwait, &usr1, NULL, &none, 8L) == SIGUSR1);
	block(0);
	return (r);
}

static long
op_sigtimedwait(void)
{
	uint64_t usr1 = BIT(SIGUSR1);
	struct timespec second = { 1, 0 }, none = { 0, 0 };
	void *set = in(&usr1, sizeof(usr1));
	siginfo_t *info = out(128);
	long r;

	block(usr1);
	REQUIRE(raise(SIGUSR1) == 0);
	r = SYS(SYS_rt_sigtimedwait, set, info, in(&second, sizeof(second)),
	    8L);
	if (good())
		REQUIRE(r == SIGUSR1 && info->si_pid == getpid());
	(void)SYS(SYS_rt_sigtimedwait, &usr1, NULL, &none, 8L);
	block(0);
	return (r);
}

static long
op_sigqueueinfo(void)
{
	siginfo_t info = { .si_signo = SIGUSR1, .si_code = SI_QUEUE };
	struct timespec none = { 0, 0 };
	uint64_t usr1 = BIT(SIGUSR1);
	long r;

	info.si_pid = getpid();
	info.si_value.sival_int = 5;
	block(usr1);
	r = SYS(SYS_rt_sigqueueinfo, (long)getpid(), (long)SIGUSR1,
	    in(&info, 128));
	info.si_value.sival_int = 0;
	if (r == 0)
		REQUIRE(SYS(SYS_rt_sigtimedwait, &usr1, &info, &none, 8L) ==
		    SIGUSR1);
	if (good())
		REQUIRE(info.si_value.sival_int == 5);
	block(0);
	return (r);
}

static long
op_sigsuspend(void)
{
	uint64_t none = 0;
	void *mask = in(&none, sizeof(none));
	long r;

	block(BIT(SIGALRM));
	alarm_soon();
	r = SYS(SYS_rt_sigsuspend, mask, 8L);
	block(0);
	alarm_done();
	return (r == -EINTR ? 0 : r);
}

static long
op_sigaltstack(void)
{
	stack_t ss = { .ss_sp = prog_anon(4), .ss_size = 4 * PAGE };
	stack_t off = { .ss_flags = SS_DISABLE };
	void *set = in(&ss, sizeof(ss));
	stack_t *old = out(sizeof(ss));
	long r = SYS(SYS_sigaltstack, set, NULL);

	if (r == 0)
		r = SYS(SYS_sigaltstack, NULL, old);
	if (good())
		REQUIRE(old->ss_sp == ss.ss_sp && old->ss_size == 4 * PAGE);
	REQUIRE(sigaltstack(&off, NULL) == 0);
	REQUIRE(munmap(ss.ss_sp, 4 * PAGE) == 0);
	return (r);
}

static long
op_signalfd(void)
{
	uint64_t usr1 = BIT(SIGUSR1);
	void *mask = in(&usr1, sizeof(usr1));
	struct signalfd_siginfo *info = out(sizeof(*info));
	struct timespec none = { 0, 0 };
	long fd, r;

	block(usr1);
	REQUIRE(raise(SIGUSR1) == 0);
	r = fd = SYS(SYS_signalfd4, -1L, mask, 8L, 0L);
	if (fd >= 0) {
		r = SYS(SYS_read, fd, info, sizeof(*info));
		REQUIRE(close((int)fd) == 0);
	}
	if (good())
		REQUIRE(info->ssi_signo == SIGUSR1);
	(void)SYS(SYS_rt_sigtimedwait, &usr1, NULL, &none, 8L);
	block(0);
	return (r);
}

int
main(int argc, char **argv)
{
	static const struct sysbuf_op ops[] = {
		{ "clock-gettime", op_clock_gettime, false },
		{ "clock-getres", op_clock_getres, false },
		{ "gettimeofday", op_gettimeofday, false },
		{ "time", op_time, false },
		{ "times", op_times, false },
		{ "nanosleep", op_nanosleep, false },
		{ "clock-nanosleep", op_clock_nanosleep, false },
		{ "itimer", op_itimer, false },
		{ "timer", op_timer, false },
		{ "timerfd", op_timerfd, true },
		{ "adjtimex", op_adjtimex, false },
		{ "futex-timeout", op_futex_timeout, false },
		{ "sigaction", op_sigaction, false },
		{ "sigprocmask", op_sigprocmask, false },
		{ "sigpending", op_sigpending, false },
		{ "sigtimedwait", op_sigtimedwait, false },
		{ "sigqueueinfo", op_sigqueueinfo, true },
		{ "sigsuspend", op_sigsuspend, false },
		{ "sigaltstack", op_sigaltstack, false },
		{ "signalfd", op_signalfd, false },
	};

	return (sysbuf_main(argc, argv, ops, COUNT(ops)));
}
