/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sysbuf.h: system calls whose buffers lie in awkward memory.
 *
 *	        page 0          page 1
 *	|...........[buffer |  buffer]..........|
 *
 * A sysbuf_op is a system call written once: it asks in(), out() and inout()
 * for its buffers, makes the call, checks the results if good(), and returns
 * the result or -errno.  sysbuf_run() then makes the call with its buffers in
 * every kind of place where it must work, each across two pages, and after
 * that with one buffer at a time where it must fail with EFAULT:
 *
 *	fresh		never touched; what is read comes from a private file
 *	shared		never touched, shared anonymous or shared file
 *	forked		touched, then shared copy-on-write with a living child
 *	dropped		touched, then given back with MADV_DONTNEED
 *	read-only	fails for what the call writes
 *	no-access	fails
 *	half		the part in page 1 is past the end of a mapped file
 *
 * The rare call that does not answer EFAULT is marked lenient; what it
 * answers is printed.
 */
#ifndef SYSBUF_H
#define SYSBUF_H

#include <sys/syscall.h>

#include "prog.h"

enum sysbuf_place {
	FRESH,
	SHARED_FRESH,
	FORKED,
	DROPPED,
	READ_ONLY,
	NO_ACCESS,
	HALF
};

enum sysbuf_use { USE_IN = 1, USE_OUT = 2 };

struct sysbuf_op {
	const char *name;
	long (*call)(void);
	bool lenient;
};

struct sysbuf {
	char *base;
	size_t npages;
	pid_t child;
};

static const char *const sysbuf_places[] = { "fresh", "shared", "forked",
	"dropped", "read-only", "no-access", "half" };

static enum sysbuf_place sysbuf_place;
static struct sysbuf sysbuf_all[16];
static int sysbuf_count;
static int sysbuf_bad;     /* which buffer is the bad one */
static bool sysbuf_spoilt; /* the call cannot do what it should */
static int sysbuf_file = -1;

#define SYS(...) sysbuf_result(syscall(__VA_ARGS__))

static inline long
sysbuf_result(long r)
{
	return (r == -1 ? -errno : r);
}

/* May the call be expected to have done its work? */
static inline bool
good(void)
{
	return (!sysbuf_spoilt);
}

/* Where in its pages a buffer begins: half of it before the boundary, as far
   as alignment allows. */
static inline size_t
sysbuf_at(size_t len)
{
	if (len >= 16)
		return (PAGE - (len / 2 & ~(size_t)7) % PAGE);
	return (len >= 8 ? PAGE - 4 : PAGE - len);
}

static inline char *
sysbuf_map_file(struct sysbuf *b, size_t at, const void *content, size_t len,
    int flags)
{
	off_t offset = (off_t)PAGE * 64 * (b - sysbuf_all);
	void *p;

	if (content != NULL)
		REQUIRE(pwrite(sysbuf_file, content, len, offset + (off_t)at) ==
		    (ssize_t)len);
	p = mmap(NULL, b->npages * PAGE, RW, flags, sysbuf_file, offset);
	REQUIRE(p != MAP_FAILED);
	return (p);
}

/* A child that shares every page with us until it is killed. */
static inline pid_t
sysbuf_child(void)
{
	pid_t pid = prog_fork();

	if (pid == 0) {
		for (;;)
			pause();
	}
	return (pid);
}

static inline void
sysbuf_touch(struct sysbuf *b, size_t at, const void *content, size_t len)
{
	memset(b->base, 0xa5, b->npages * PAGE);
	if (content != NULL)
		memcpy(b->base + at, content, len);
}

static inline void
sysbuf_spoil(struct sysbuf *b, size_t at, size_t len, int use)
{
	size_t split = at + len <= PAGE ? 0 : PAGE;

	if (b - sysbuf_all != sysbuf_bad)
		return;
	if (sysbuf_place == READ_ONLY) {
		REQUIRE(mprotect(b->base, b->npages * PAGE, PROT_READ) == 0);
		sysbuf_spoilt |= (use & USE_OUT) != 0;
		return;
	}
	if (sysbuf_place == NO_ACCESS)
		REQUIRE(mprotect(b->base, b->npages * PAGE, PROT_NONE) == 0);
	else
		REQUIRE(mmap(b->base + split, b->npages * PAGE - split, RW,
			    MAP_SHARED | MAP_FIXED, sysbuf_file,
			    (off_t)1 << 40) != MAP_FAILED);
	sysbuf_spoilt = true;
}

static inline void *
sysbuf_new(const void *content, size_t len, int use)
{
	struct sysbuf *b = &sysbuf_all[sysbuf_count];
	size_t at = sysbuf_at(len);
	int kind = sysbuf_place == SHARED_FRESH ? MAP_SHARED : MAP_PRIVATE;

	REQUIRE(sysbuf_count < (int)COUNT(sysbuf_all));
	REQUIRE(len < 60 * PAGE);
	b->npages = 2 + len / PAGE;
	b->child = 0;
	if ((use & USE_IN) != 0 && sysbuf_place != FORKED)
		b->base = sysbuf_map_file(b, at, content, len, kind);
	else
		b->base = prog_map(b->npages * PAGE, RW, kind | MAP_ANONYMOUS);
	if (sysbuf_place == FORKED) {
		sysbuf_touch(b, at, content, len);
		b->child = sysbuf_child();
	} else if (sysbuf_place == DROPPED) {
		sysbuf_touch(b, at, content, len);
		REQUIRE(madvise(b->base, b->npages * PAGE, MADV_DONTNEED) == 0);
	} else if (sysbuf_place >= READ_ONLY)
		sysbuf_spoil(b, at, len, use);
	sysbuf_count++;
	return (b->base + at);
}

/* What the call reads, writes, or both: len bytes across a page boundary. */
static inline void *
in(const void *content, size_t len)
{
	return (sysbuf_new(content, len, USE_IN));
}

static inline void *
out(size_t len)
{
	return (sysbuf_new(NULL, len, USE_OUT));
}

static inline void *
inout(const void *content, size_t len)
{
	return (sysbuf_new(content, len, USE_IN | USE_OUT));
}

static inline void *
in_string(const char *text)
{
	return (in(text, strlen(text) + 1));
}

static inline void
sysbuf_reset(void)
{
	while (sysbuf_count > 0) {
		struct sysbuf *b = &sysbuf_all[--sysbuf_count];

		REQUIRE(munmap(b->base, b->npages * PAGE) == 0);
		if (b->child > 0) {
			REQUIRE(kill(b->child, SIGKILL) == 0);
			prog_wait(b->child);
		}
	}
	sysbuf_spoilt = false;
}

/* One bad buffer at a time; EFAULT each time it matters. */
static inline void
sysbuf_run_bad(const struct sysbuf_op *op, int nbuffers)
{
	for (sysbuf_bad = 0; sysbuf_bad < nbuffers; sysbuf_bad++) {
		long r = op->call();

		errno = r < 0 ? (int)-r : 0;
		if (sysbuf_spoilt && op->lenient)
			printf(" %s:%d:%ld", sysbuf_places[sysbuf_place],
			    sysbuf_bad, r);
		else if (sysbuf_spoilt)
			REQUIRE(r == -EFAULT);
		else
			REQUIRE(r >= 0);
		sysbuf_reset();
	}
}

static inline void
sysbuf_run(const struct sysbuf_op *op)
{
	char name[64];
	int nbuffers = 0;

	printf("%s:", op->name);
	for (int place = FRESH; place <= HALF; place++) {
		snprintf(name, sizeof(name), "%s, %s", op->name,
		    sysbuf_places[place]);
		prog_current = name;
		sysbuf_place = (enum sysbuf_place)place;
		if (place >= READ_ONLY) {
			sysbuf_run_bad(op, nbuffers);
			continue;
		}
		errno = (int)-op->call();
		REQUIRE(errno <= 0);
		nbuffers = sysbuf_count;
		sysbuf_reset();
	}
	printf(" ok\n");
	fflush(stdout);
}

static inline int
sysbuf_main(int argc, char **argv, const struct sysbuf_op *ops, size_t n)
{
	bool list = argc > 1 && strcmp(argv[1], "-l") == 0;
	off_t size = (off_t)(PAGE * 64 * COUNT(sysbuf_all));

	sysbuf_file = prog_file(0, 0);
	REQUIRE(ftruncate(sysbuf_file, size) == 0);
	for (size_t i = 0; i < n; i++) {
		if (list)
			printf("%s\n", ops[i].name);
		else if (prog_wanted(ops[i].name, argc - 1, argv + 1))
			sysbuf_run(&ops[i]);
	}
	return (0);
}

#endif
