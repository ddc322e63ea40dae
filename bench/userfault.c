/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * userfault.c - what a fault costs that the program itself answers.
 *
 *	userfault [-n rounds] [-p pages]
 *
 * A range is touched page by page, in order; the pages come from a buffer:
 *
 *	pager		bsdvm: get() of an object (<bsdvm/vm.h>)
 *	thread		userfaultfd(2), a thread reads the faults and copies
 *	sigbus		userfaultfd(2), the thread that faults copies, in SIGBUS
 *	mprotect	mprotect(2) and a copy, in a handler of SIGSEGV
 *
 * once a page at a time, and once 16 pages for each fault.  Printed are
 * nanoseconds a page, by the clock and of the processors, medians of the
 * rounds, which take turns.  `pager again` is with frames that have been used
 * before, as all are after a while; for the others memory is new to the process
 * each time.  What the kernel does not have is left out, aloud.
 */
#include <bsdvm/vm.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PAGE   BSDVM_PAGE_SIZE
#define BATCH  16
#define ROUNDS 9

static char source[BATCH * PAGE] __attribute__((aligned(4096)));
static size_t npages = 8192;

/* The range of this round, and how many pages a fault brings. */
static struct {
	char *start;
	size_t batch;
	int uffd;
} range;

struct cost {
	double clock, cpu; /* nanoseconds a page; 0: it cannot be done */
};

static double
now(clockid_t clock)
{
	struct timespec t;

	(void)clock_gettime(clock, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static struct cost
touch(const volatile char *p)
{
	double began = now(CLOCK_MONOTONIC);
	double cpu = now(CLOCK_PROCESS_CPUTIME_ID);

	for (size_t i = 0; i < npages; i++)
		if (p[i * PAGE] != 1)
			errx(1, "page %zu is not what it should be", i);
	return (struct cost){
		(now(CLOCK_MONOTONIC) - began) / (double)npages,
		(now(CLOCK_PROCESS_CPUTIME_ID) - cpu) / (double)npages,
	};
}

static char *
reserve(int prot)
{
	char *p = mmap(NULL, npages * PAGE, prot,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		err(1, "mmap");
	return p;
}

static char *
batch_of(void *addr)
{
	size_t len = range.batch * PAGE;

	return range.start + (size_t)((char *)addr - range.start) / len * len;
}

static void
handle(int signo, void (*handler)(int, siginfo_t *, void *))
{
	struct sigaction action = { .sa_sigaction = handler,
		.sa_flags = SA_SIGINFO };

	if (sigaction(signo, &action, NULL) != 0)
		err(1, "sigaction");
}

/* ---------------------------------------------------------------- bsdvm */

static int
get(void *arg, uint64_t offset, void *const *pages, size_t *n)
{
	(void)arg;
	(void)offset;
	for (size_t i = 0; i < *n; i++)
		memcpy(pages[i], source + i % BATCH * PAGE, PAGE);
	return 0;
}

static const struct bsdvm_pager pager = { .get = get };

static struct cost
touch_object(struct bsdvm_system *sys, struct bsdvm_space *space, size_t batch)
{
	struct bsdvm_mapping m = { .len = npages * PAGE, .prot = BSDVM_READ };
	struct cost cost;
	void *p = NULL;

	if (bsdvm_object_pager(sys, &pager, NULL, m.len, &m.object) != 0 ||
	    bsdvm_mmap(space, &m, &p) != 0 ||
	    bsdvm_madvise(p, m.len, batch == 1 ? BSDVM_RANDOM : BSDVM_NORMAL) !=
		0)
		errx(1, "no mapping");
	bsdvm_object_release(m.object);
	cost = touch(p);
	(void)bsdvm_munmap(p, m.len);
	return cost;
}

static struct cost
touch_objects(size_t batch, unsigned times)
{
	const struct bsdvm_config config = { .memory = 2 * npages * PAGE };
	struct bsdvm_space *space = NULL;
	struct cost cost = { 0, 0 };
	struct bsdvm_system *sys;
	struct bsdvm_why why;

	if (bsdvm_system_create(&config, &sys, &why) != 0)
		errx(1, "%s", why.text);
	if (bsdvm_space_create(sys, &space) != 0)
		errx(1, "no space");
	while (times-- > 0)
		cost = touch_object(sys, space, batch);
	bsdvm_space_destroy(space);
	(void)bsdvm_system_destroy(sys);
	return cost;
}

static struct cost
run_pager(size_t batch)
{
	return touch_objects(batch, 1);
}

static struct cost
run_again(size_t batch)
{
	return touch_objects(batch, 4);
}

/* ------------------------------------------------------------- mprotect */

static void
on_segv(int signo, siginfo_t *info, void *uc)
{
	char *p = batch_of(info->si_addr);
	size_t len = range.batch * PAGE;

	(void)signo;
	(void)uc;
	if (mprotect(p, len, PROT_READ | PROT_WRITE) != 0)
		abort();
	memcpy(p, source, len);
}

static struct cost
run_mprotect(size_t batch)
{
	struct cost cost;

	range.start = reserve(PROT_NONE);
	range.batch = batch;
	handle(SIGSEGV, on_segv);
	cost = touch(range.start);
	(void)signal(SIGSEGV, SIG_DFL);
	(void)munmap(range.start, npages * PAGE);
	return cost;
}

/* ---------------------------------------------------------- userfaultfd */

static bool
open_uffd(uint64_t features)
{
	struct uffdio_api api = { .api = UFFD_API, .features = features };
	struct uffdio_register reg = { .range.len = npages * PAGE,
		.mode = UFFDIO_REGISTER_MODE_MISSING };

	range.uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (range.uffd < 0)
		return false;
	range.start = reserve(PROT_READ | PROT_WRITE);
	reg.range.start = (uintptr_t)range.start;
	if (ioctl(range.uffd, UFFDIO_API, &api) == 0 &&
	    ioctl(range.uffd, UFFDIO_REGISTER, &reg) == 0)
		return true;
	(void)munmap(range.start, npages * PAGE);
	(void)close(range.uffd);
	return false;
}

static void
close_uffd(void)
{
	(void)munmap(range.start, npages * PAGE);
	(void)close(range.uffd);
}

static void
copy_in(void *addr)
{
	struct uffdio_copy copy = { .dst = (uintptr_t)batch_of(addr),
		.src = (uintptr_t)source,
		.len = range.batch * PAGE };

	if (ioctl(range.uffd, UFFDIO_COPY, &copy) != 0 && errno != EEXIST)
		abort();
}

static void
on_bus(int signo, siginfo_t *info, void *uc)
{
	(void)signo;
	(void)uc;
	copy_in(info->si_addr);
}

static struct cost
run_sigbus(size_t batch)
{
	struct cost cost;

	if (!open_uffd(UFFD_FEATURE_SIGBUS))
		return (struct cost){ 0, 0 };
	range.batch = batch;
	handle(SIGBUS, on_bus);
	cost = touch(range.start);
	(void)signal(SIGBUS, SIG_DFL);
	close_uffd();
	return cost;
}

static void *
serve(void *arg)
{
	struct pollfd fds[2] = { { .fd = range.uffd, .events = POLLIN },
		{ .fd = *(int *)arg, .events = POLLIN } };
	struct uffd_msg msg;

	for (;;) {
		(void)poll(fds, 2, -1);
		if (fds[1].revents != 0)
			return NULL;
		if (read(range.uffd, &msg, sizeof(msg)) == sizeof(msg))
			copy_in((void *)(uintptr_t)msg.arg.pagefault.address);
	}
}

static struct cost
run_thread(size_t batch)
{
	pthread_t thread;
	int stop[2];
	struct cost cost;

	if (!open_uffd(0))
		return (struct cost){ 0, 0 };
	range.batch = batch;
	if (pipe(stop) != 0 ||
	    pthread_create(&thread, NULL, serve, &stop[0]) != 0)
		errx(1, "no thread");
	cost = touch(range.start);
	(void)close(stop[1]);
	(void)pthread_join(thread, NULL);
	(void)close(stop[0]);
	close_uffd();
	return cost;
}

/* ----------------------------------------------------------------- main */

static const struct way {
	const char *name;
	struct cost (*run)(size_t batch);
} ways[] = { { "pager", run_pager }, { "pager again", run_again },
	{ "thread", run_thread }, { "sigbus", run_sigbus },
	{ "mprotect", run_mprotect } };
enum { NWAYS = sizeof(ways) / sizeof(ways[0]), MOST = 64 };

static int
by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double
median(double *v, unsigned n)
{
	qsort(v, n, sizeof(*v), by_size);
	return v[n / 2];
}

static void
measure(size_t batch, unsigned rounds)
{
	double clock[NWAYS][MOST], cpu[NWAYS][MOST];

	for (unsigned r = 0; r < rounds; r++)
		for (unsigned w = 0; w < NWAYS; w++) {
			struct cost cost = ways[w].run(batch);

			clock[w][r] = cost.clock;
			cpu[w][r] = cost.cpu;
		}
	for (unsigned w = 0; w < NWAYS; w++)
		if (clock[w][0] == 0)
			(void)printf("%-12s skipped: not in this kernel\n",
			    ways[w].name);
		else
			(void)printf("%-12s %8.0f %8.0f\n", ways[w].name,
			    median(clock[w], rounds), median(cpu[w], rounds));
}

int
main(int argc, char **argv)
{
	unsigned rounds = ROUNDS;
	int option;

	while ((option = getopt(argc, argv, "n:p:")) != -1) {
		if (option == 'n')
			rounds = (unsigned)strtoul(optarg, NULL, 10);
		else if (option == 'p')
			npages = strtoul(optarg, NULL, 10);
		else
			errx(1, "userfault [-n rounds] [-p pages]");
	}
	if (rounds < 1 || rounds > MOST || npages == 0 || npages % BATCH != 0)
		errx(1, "1 to 64 rounds of a multiple of 16 pages");
	memset(source, 1, sizeof(source));
	(void)printf("one page a fault      clock      cpu\n");
	measure(1, rounds);
	(void)printf("%d pages a fault; pager: as it reads ahead\n", BATCH);
	measure(BATCH, rounds);
	return 0;
}
