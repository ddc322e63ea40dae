/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * micro: what single memory operations cost, seen from inside a program.
 *
 * One static binary is run under several systems (native Linux, bsdvm run,
 * user-mode Linux) and prints, for each row, `row<TAB>nanoseconds`: the
 * median over the rounds of the wall time of one operation.  Its one idea is
 * that the same instructions ask every system for the same thing, so rows of
 * two systems may be divided by one another.
 *
 * What the numbers mean: elapsed time, with everything the system does on
 * behalf of the operation, in this process or another.  What they do not
 * mean: processor time (a system that works on a second processor meanwhile
 * is not charged for it), latency of the worst case (medians hide it), or the
 * cost in a big program (caches are warm and the maps are small here).
 *
 * Rows that touch pages walk upwards, one byte a page, as most programs do;
 * the -scattered row walks the same pages in an order no read-ahead guesses.
 * Huge pages are declined, so that a page is 4 KiB on every system.
 *
 * It needs nothing but a C library and the kernel: no /proc, no /dev, no
 * writable directory unless it has to make the file for file-read itself.
 */

#include <sys/mman.h>
#include <sys/types.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	MAX_ROUNDS = 99,
	NS_PER_MS = 1000000,
	/* Odd, so it visits every page of a power of two, and far. */
	SCATTER_STRIDE = 2531,
};

/* The settings of a run, the same for every row. */
struct setup {
	size_t page;        /* bytes */
	size_t npages;      /* pages of a big mapping, a power of two */
	uint64_t op_ns;     /* repeat a cheap operation at least so long */
	uint64_t budget_ns; /* begin no further round of a row after this */
	long rounds;        /* at most, 1..MAX_ROUNDS */
	const char *path;   /* file to map, or NULL to make one */
	int fd;             /* the file, once needed; -1 before */
};

/* One row: round() returns the nanoseconds of one operation. */
struct row {
	const char *name;
	const char *what;
	double (*round)(struct setup *);
};

static uint64_t
now_ns(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) != 0)
		err(1, "clock_gettime");
	return (uint64_t)ts.tv_sec * 1000000000U + (uint64_t)ts.tv_nsec;
}

static size_t
big_len(const struct setup *s)
{
	return s->npages * s->page;
}

/* A private anonymous mapping of len bytes, small pages only. */
static unsigned char *
map_anon(size_t len)
{
	void *p;

	p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
	    -1, 0);
	if (p == MAP_FAILED)
		err(1, "mmap of %zu bytes", len);
	/* A system without huge pages may refuse: then it needs no asking. */
	(void)madvise(p, len, MADV_NOHUGEPAGE);
	return p;
}

static void
unmap(void *p, size_t len)
{
	if (munmap(p, len) != 0)
		err(1, "munmap");
}

/* Write one byte in each page of [p, p + npages pages), upwards. */
static void
dirty(const struct setup *s, unsigned char *p, unsigned char value)
{
	volatile unsigned char *q = p;

	for (size_t i = 0; i < s->npages; i++)
		q[i * s->page] = value;
}

static unsigned char *
map_dirty(const struct setup *s)
{
	unsigned char *p = map_anon(big_len(s));

	dirty(s, p, 1);
	return p;
}

/*
 * Time of one op, from as many in a row as fill op_ns.  The doubling costs at
 * most as much again as the last and only measured run.
 */
static double
repeat(const struct setup *s, void (*op)(const struct setup *))
{
	uint64_t start, spent;
	uint64_t n = 1;

	for (;;) {
		start = now_ns();
		for (uint64_t i = 0; i < n; i++)
			op(s);
		spent = now_ns() - start;
		if (spent >= s->op_ns)
			return (double)spent / (double)n;
		n *= 2;
	}
}

static double
per_page(const struct setup *s, uint64_t start)
{
	return (double)(now_ns() - start) / (double)s->npages;
}

static void
op_getppid(const struct setup *s)
{
	(void)s;
	(void)getppid();
}

static double
row_getppid(struct setup *s)
{
	return repeat(s, op_getppid);
}

static double
row_zero_fill(struct setup *s)
{
	unsigned char *p = map_anon(big_len(s));
	uint64_t start = now_ns();
	double ns;

	dirty(s, p, 1);
	ns = per_page(s, start);
	unmap(p, big_len(s));
	return ns;
}

static double
row_zero_fill_scattered(struct setup *s)
{
	volatile unsigned char *p = map_anon(big_len(s));
	uint64_t start = now_ns();
	double ns;

	for (size_t i = 0, n = 0; i < s->npages; i++) {
		p[n * s->page] = 1;
		n = (n + SCATTER_STRIDE) & (s->npages - 1);
	}
	ns = per_page(s, start);
	unmap((void *)(uintptr_t)p, big_len(s));
	return ns;
}

static void
wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			err(1, "waitpid");
	if (status != 0)
		errx(1, "child failed, status 0x%x", (unsigned)status);
}

/* The child's half of the cow row: write to every page, report the time. */
static void
cow_child(const struct setup *s, unsigned char *p, int out)
{
	uint64_t start = now_ns();
	double ns;

	dirty(s, p, 2);
	ns = per_page(s, start);
	_exit(write(out, &ns, sizeof(ns)) == sizeof(ns) ? 0 : 1);
}

/* The parent keeps its pages all the while, so each write must copy. */
static double
row_cow(struct setup *s)
{
	unsigned char *p = map_dirty(s);
	double ns;
	pid_t pid;
	int fds[2];

	if (pipe(fds) != 0)
		err(1, "pipe");
	pid = fork();
	if (pid == -1)
		err(1, "fork");
	if (pid == 0)
		cow_child(s, p, fds[1]);
	if (read(fds[0], &ns, sizeof(ns)) != sizeof(ns))
		errx(1, "no answer from the child");
	wait_for(pid);
	if (p[0] != 1)
		errx(1, "the child's write is seen in the parent");
	(void)close(fds[0]);
	(void)close(fds[1]);
	unmap(p, big_len(s));
	return ns;
}

static double
row_munmap(struct setup *s)
{
	unsigned char *p = map_dirty(s);
	uint64_t start = now_ns();

	unmap(p, big_len(s));
	return per_page(s, start);
}

static void
op_fork(const struct setup *s)
{
	pid_t pid = fork();

	(void)s;
	if (pid == -1)
		err(1, "fork");
	if (pid == 0)
		_exit(0);
	wait_for(pid);
}

static double
row_fork(struct setup *s)
{
	unsigned char *p = map_dirty(s);
	double ns = repeat(s, op_fork);

	unmap(p, big_len(s));
	return ns;
}

static void
op_map(const struct setup *s)
{
	void *p;

	p = mmap(NULL, s->page, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		err(1, "mmap");
	unmap(p, s->page);
}

static void
op_map_touch(const struct setup *s)
{
	volatile unsigned char *p;

	p = mmap(NULL, s->page, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		err(1, "mmap");
	p[0] = 1;
	unmap((void *)(uintptr_t)p, s->page);
}

static double
row_map(struct setup *s)
{
	return repeat(s, op_map);
}

static double
row_map_touch(struct setup *s)
{
	return repeat(s, op_map_touch);
}

/* An unlinked file of our own, for when none is given. */
static int
make_file(const struct setup *s)
{
	char name[] = "/tmp/micro.XXXXXX";
	int fd = mkstemp(name);
	char *buf = calloc(1, s->page);

	if (fd == -1 || buf == NULL)
		err(1, "%s", name);
	(void)unlink(name);
	for (size_t i = 0; i < s->npages; i++)
		if (write(fd, buf, s->page) != (ssize_t)s->page)
			err(1, "write to %s", name);
	free(buf);
	return fd;
}

/* Read the file once, so that no round measures a disk. */
static void
warm_file(const struct setup *s)
{
	char *buf = malloc(s->page);

	if (buf == NULL)
		err(1, NULL);
	for (size_t i = 0; i < s->npages; i++)
		if (pread(s->fd, buf, s->page, (off_t)(i * s->page)) !=
		    (ssize_t)s->page)
			errx(1, "the file is shorter than the mapping");
	free(buf);
}

static void
open_file(struct setup *s)
{
	if (s->path == NULL)
		s->fd = make_file(s);
	else if ((s->fd = open(s->path, O_RDONLY | O_CLOEXEC)) == -1)
		err(1, "%s", s->path);
	warm_file(s);
}

static double
row_file_read(struct setup *s)
{
	const volatile unsigned char *q;
	uint64_t start;
	double ns;
	void *p;

	if (s->fd == -1)
		open_file(s);
	p = mmap(NULL, big_len(s), PROT_READ, MAP_PRIVATE, s->fd, 0);
	if (p == MAP_FAILED)
		err(1, "mmap of the file");
	q = p;
	start = now_ns();
	for (size_t i = 0; i < s->npages; i++)
		(void)q[i * s->page];
	ns = per_page(s, start);
	unmap(p, big_len(s));
	return ns;
}

static const struct row rows[] = {
	{ "getppid", "a system call that touches no memory", row_getppid },
	{ "zero-fill", "first write to a page, upwards, per page",
	    row_zero_fill },
	{ "cow", "first write to a page after fork, in the child, per page",
	    row_cow },
	{ "munmap", "munmap of a big dirty mapping, per page", row_munmap },
	{ "fork", "fork + _exit + wait, the big mapping resident", row_fork },
	{ "map-unmap", "mmap + munmap of one page never touched", row_map },
	{ "map-touch-unmap", "mmap + write + munmap of one page",
	    row_map_touch },
	{ "file-read", "first read of a page of a private file mapping",
	    row_file_read },
	{ "zero-fill-scattered", "zero-fill in an unguessable order",
	    row_zero_fill_scattered },
};

enum { NROWS = sizeof(rows) / sizeof(rows[0]) };

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
run_row(const struct row *row, struct setup *s)
{
	double ns[MAX_ROUNDS];
	uint64_t start = now_ns();
	size_t n = 0;

	do {
		ns[n++] = row->round(s);
	} while (n < (size_t)s->rounds && now_ns() - start < s->budget_ns);
	qsort(ns, n, sizeof(ns[0]), compare);
	printf("%s\t%.1f\n", row->name,
	    n % 2 != 0 ? ns[n / 2] : (ns[n / 2 - 1] + ns[n / 2]) / 2);
	(void)fflush(stdout);
}

static void
run_named(const char *name, struct setup *s)
{
	for (size_t i = 0; i < NROWS; i++) {
		if (strcmp(rows[i].name, name) == 0) {
			run_row(&rows[i], s);
			return;
		}
	}
	errx(2, "%s: no such row", name);
}

static _Noreturn void
usage(void)
{
	(void)fprintf(stderr,
	    "usage: micro [-b ms] [-f file] [-m MiB] [-r rounds] [-t ms] "
	    "[row ...]\n"
	    "  -b  begin no further round of a row after so long (1500)\n"
	    "  -f  map this file, at least as long as -m, for file-read\n"
	    "  -m  size of the big mapping, a power of two (32)\n"
	    "  -r  rounds of a row at most (5)\n"
	    "  -t  repeat cheap operations at least so long (20)\n");
	for (size_t i = 0; i < NROWS; i++)
		(void)fprintf(stderr, "%-20s %s\n", rows[i].name, rows[i].what);
	exit(2);
}

static uint64_t
number(const char *arg, uint64_t max)
{
	char *end;
	unsigned long n = strtoul(arg, &end, 10);

	if (end == arg || *end != '\0' || n == 0 || n > max)
		usage();
	return n;
}

static void
set_size(struct setup *s, uint64_t mib)
{
	if ((mib & (mib - 1)) != 0)
		usage();
	s->npages = (size_t)(mib << 20) / s->page;
}

static void
parse(int argc, char **argv, struct setup *s)
{
	int ch;

	while ((ch = getopt(argc, argv, "b:f:m:r:t:")) != -1) {
		if (ch == 'b')
			s->budget_ns = number(optarg, 600000) * NS_PER_MS;
		else if (ch == 'f')
			s->path = optarg;
		else if (ch == 'm')
			set_size(s, number(optarg, 1024));
		else if (ch == 'r')
			s->rounds = (long)number(optarg, MAX_ROUNDS);
		else if (ch == 't')
			s->op_ns = number(optarg, 60000) * NS_PER_MS;
		else
			usage();
	}
}

int
main(int argc, char **argv)
{
	struct setup s = {
		.page = (size_t)sysconf(_SC_PAGESIZE),
		.op_ns = 20 * (uint64_t)NS_PER_MS,
		.budget_ns = 1500 * (uint64_t)NS_PER_MS,
		.rounds = 5,
		.fd = -1,
	};

	set_size(&s, 32);
	parse(argc, argv, &s);
	for (int i = optind; i < argc; i++)
		run_named(argv[i], &s);
	for (size_t i = 0; optind == argc && i < NROWS; i++)
		run_row(&rows[i], &s);
	return 0;
}
