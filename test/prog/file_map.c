/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * file_map.c: mapped files have one truth.
 *
 *	read/write/pread/pwrite  <->  the file  <->  MAP_SHARED, any process
 *	                                 |
 *	                                 v  until the first write to the page
 *	                             MAP_PRIVATE
 *
 * Bytes written one way are seen the other way at once.  Past the end of the
 * file there is SIGBUS, in the part page of the end there are zeroes, and a
 * truncated file takes its pages away from under the mapping.
 */
#include <sys/stat.h>
#include <sys/uio.h>

#include "prog.h"

#define NPAGES ((size_t)8)

static void
put(int fd, size_t page, unsigned seed)
{
	unsigned char bytes[PAGE];

	prog_fill(bytes, PAGE, seed);
	REQUIRE(pwrite(fd, bytes, PAGE, (off_t)(page * PAGE)) == (ssize_t)PAGE);
}

static bool
holds(int fd, size_t page, unsigned seed)
{
	unsigned char bytes[PAGE];

	REQUIRE(pread(fd, bytes, PAGE, (off_t)(page * PAGE)) == (ssize_t)PAGE);
	return (prog_same(bytes, PAGE, seed));
}

/* write, then the mapping; the mapping, then read; touched and untouched. */
static void
coherent(void)
{
	int fd = prog_file(NPAGES, 0);
	char *p = prog_map_file(fd, NPAGES, RW, MAP_SHARED);
	char bytes[16] = "0123456789abcdef";

	REQUIRE(prog_same(p, PAGE, 0));
	put(fd, 0, 50);
	REQUIRE(prog_same(p, PAGE, 50));
	put(fd, 1, 51);
	REQUIRE(prog_same(p + PAGE, PAGE, 51));
	prog_fill(p + 2 * PAGE, PAGE, 52);
	REQUIRE(holds(fd, 2, 52));
	for (unsigned i = 0; i < 100; i++) {
		put(fd, 3, i);
		REQUIRE(prog_same(p + 3 * PAGE, PAGE, i));
		prog_fill(p + 3 * PAGE, PAGE, i + 1);
		REQUIRE(holds(fd, 3, i + 1));
	}
	/* Across a page boundary, through the file position. */
	REQUIRE(lseek(fd, 5 * PAGE - 8, SEEK_SET) == (off_t)(5 * PAGE - 8));
	REQUIRE(write(fd, bytes, 16) == 16);
	REQUIRE(memcmp(p + 5 * PAGE - 8, bytes, 16) == 0);
	memset(p + 6 * PAGE - 4, 'z', 8);
	REQUIRE(lseek(fd, 6 * PAGE - 4, SEEK_SET) == (off_t)(6 * PAGE - 4));
	REQUIRE(read(fd, bytes, 8) == 8);
	REQUIRE(memcmp(bytes, "zzzzzzzz", 8) == 0);
	REQUIRE(munmap(p, NPAGES * PAGE) == 0);
	REQUIRE(holds(fd, 0, 50) && holds(fd, 2, 52) && holds(fd, 3, 100));
	REQUIRE(close(fd) == 0);
}

/* The file copied within itself through its own mapping. */
static void
through_itself(void)
{
	int fd = prog_file(NPAGES, 10);
	char *p = prog_map_file(fd, NPAGES, RW, MAP_SHARED);
	struct iovec iov[2] = { { p + 3 * PAGE, PAGE },
		{ p + 2 * PAGE, PAGE } };

	REQUIRE(pwrite(fd, p + PAGE, PAGE, 0) == (ssize_t)PAGE);
	REQUIRE(prog_same(p, PAGE, 11));
	REQUIRE(pread(fd, p + 5 * PAGE, PAGE, 6 * PAGE) == (ssize_t)PAGE);
	REQUIRE(prog_same(p + 5 * PAGE, PAGE, 16));
	REQUIRE(holds(fd, 5, 16));
	REQUIRE(pwritev(fd, iov, 2, 6 * PAGE) == (ssize_t)(2 * PAGE));
	REQUIRE(prog_same(p + 6 * PAGE, PAGE, 13));
	REQUIRE(prog_same(p + 7 * PAGE, PAGE, 12));
	REQUIRE(munmap(p, NPAGES * PAGE) == 0);
	REQUIRE(close(fd) == 0);
}

static void
two_mappings(void)
{
	int fd = prog_file(NPAGES, 20);
	char *a = prog_map_file(fd, NPAGES, RW, MAP_SHARED);
	char *b = prog_map_file(fd, NPAGES, PROT_READ, MAP_SHARED);
	char *c = mmap(NULL, PAGE, RW, MAP_SHARED, fd, 3 * PAGE);

	REQUIRE(c != MAP_FAILED);
	REQUIRE(prog_same(b + 3 * PAGE, PAGE, 23));
	prog_fill(a + 3 * PAGE, PAGE, 1);
	REQUIRE(prog_same(b + 3 * PAGE, PAGE, 1));
	REQUIRE(prog_same(c, PAGE, 1));
	prog_fill(c, PAGE, 2);
	REQUIRE(prog_same(a + 3 * PAGE, PAGE, 2));
	REQUIRE(munmap(a, NPAGES * PAGE) == 0);
	prog_fill(c, PAGE, 3);
	REQUIRE(prog_same(b + 3 * PAGE, PAGE, 3));
	REQUIRE(munmap(b, NPAGES * PAGE) == 0);
	REQUIRE(munmap(c, PAGE) == 0);
	REQUIRE(holds(fd, 3, 3));
	REQUIRE(close(fd) == 0);
}

/* Taking turns: the mapping here, read and write there. */
static void
two_processes(void)
{
	int fd = prog_file(NPAGES, 30), there[2], here[2];
	char *p;
	pid_t pid;

	REQUIRE(pipe(there) == 0 && pipe(here) == 0);
	pid = prog_fork();
	if (pid == 0) {
		char *q = prog_map_file(fd, NPAGES, RW, MAP_SHARED);

		for (unsigned i = 0; i < 20; i++) {
			prog_hear(there[0]);
			REQUIRE(holds(fd, 2, 100 + i));
			REQUIRE(prog_same(q + 2 * PAGE, PAGE, 100 + i));
			put(fd, 2, 200 + i);
			prog_fill(q + 4 * PAGE, PAGE, 300 + i);
			prog_tell(here[1]);
		}
		_exit(0);
	}
	p = prog_map_file(fd, NPAGES, RW, MAP_SHARED);
	for (unsigned i = 0; i < 20; i++) {
		prog_fill(p + 2 * PAGE, PAGE, 100 + i);
		prog_tell(there[1]);
		prog_hear(here[0]);
		REQUIRE(prog_same(p + 2 * PAGE, PAGE, 200 + i));
		REQUIRE(holds(fd, 4, 300 + i));
	}
	prog_join(pid);
	REQUIRE(munmap(p, NPAGES * PAGE) == 0);
	for (int i = 0; i < 2; i++)
		REQUIRE(close(there[i]) == 0 && close(here[i]) == 0);
	REQUIRE(close(fd) == 0);
}

/* A private page follows the file until it is written. */
static void
private_copy(void)
{
	int fd = prog_file(NPAGES, 40);
	char *p = prog_map_file(fd, NPAGES, RW, MAP_PRIVATE);

	prog_fill(p, PAGE, 1);
	REQUIRE(holds(fd, 0, 40));
	put(fd, 0, 2);
	REQUIRE(prog_same(p, PAGE, 1));
	p[PAGE] = 'x';
	REQUIRE(prog_same(p + 2 * PAGE, PAGE, 42));
	REQUIRE(munmap(p, NPAGES * PAGE) == 0);
	REQUIRE(holds(fd, 0, 2) && holds(fd, 1, 41));
	REQUIRE(close(fd) == 0);
}

static void
private_fork(void)
{
	int fd = prog_file(NPAGES, 50);
	char *p = prog_map_file(fd, NPAGES, RW, MAP_PRIVATE);
	pid_t pid;

	prog_fill(p, 2 * PAGE, 3);
	pid = prog_fork();
	if (pid == 0) {
		REQUIRE(prog_same(p, 2 * PAGE, 3));
		prog_fill(p, 4 * PAGE, 4);
		REQUIRE(prog_same(p + 4 * PAGE, PAGE, 54));
		REQUIRE(prog_same(p, 4 * PAGE, 4));
		_exit(0);
	}
	prog_fill(p + 4 * PAGE, PAGE, 5);
	prog_join(pid);
	REQUIRE(prog_same(p, 2 * PAGE, 3));
	REQUIRE(prog_same(p + 2 * PAGE, PAGE, 52));
	REQUIRE(prog_same(p + 4 * PAGE, PAGE, 5));
	for (unsigned i = 0; i < NPAGES; i++)
		REQUIRE(holds(fd, i, 50 + i));
	REQUIRE(munmap(p, NPAGES * PAGE) == 0);
	REQUIRE(close(fd) == 0);
}

static void
past_end(void)
{
	int fd = prog_file(2, 60);
	char *p;

	REQUIRE(ftruncate(fd, PAGE + 100) == 0);
	p = prog_map_file(fd, NPAGES, RW, MAP_SHARED);
	REQUIRE(p[PAGE + 99] == (char)prog_byte(61, 99));
	REQUIRE(prog_zero(p + PAGE + 100, PAGE - 100));
	REQUIRE(PAST_END(p + 2 * PAGE));
	REQUIRE(PAST_END(p + NPAGES * PAGE - 1));
	REQUIRE(prog_refused(p + 3 * PAGE, true, SIGBUS, BUS_ADRERR));
	REQUIRE(munmap(p, NPAGES * PAGE) == 0);
	p = prog_map_file(fd, NPAGES, RW, MAP_PRIVATE);
	REQUIRE(prog_zero(p + PAGE + 100, PAGE - 100));
	REQUIRE(prog_refused(p + 2 * PAGE, true, SIGBUS, BUS_ADRERR));
	p[2 * PAGE - 1] = 1;
	REQUIRE(munmap(p, NPAGES * PAGE) == 0);
	REQUIRE(close(fd) == 0);
}

/* What is stored past the end in the last page never gets into the file. */
static void
past_end_store(void)
{
	int fd = prog_file(1, 62);
	struct iovec iov;
	char *p, bytes[2 * PAGE];

	REQUIRE(ftruncate(fd, 100) == 0);
	p = prog_map_file(fd, 1, RW, MAP_SHARED);
	p[50] = 'a';
	p[200] = 'b';
	REQUIRE(msync(p, PAGE, MS_SYNC) == 0);
	REQUIRE(pread(fd, bytes, sizeof(bytes), 0) == 100);
	REQUIRE(bytes[50] == 'a');
	REQUIRE(munmap(p, PAGE) == 0);
	REQUIRE(lseek(fd, 0, SEEK_END) == 100);
	iov.iov_base = bytes;
	iov.iov_len = 100;
	REQUIRE(preadv(fd, &iov, 1, 0) == 100);
	REQUIRE(close(fd) == 0);
}

/* The file grows under the mapping, and the pages are there. */
static void
grown(void)
{
	int fd = prog_file(1, 63);
	char *p = prog_map_file(fd, NPAGES, RW, MAP_SHARED);

	REQUIRE(PAST_END(p + 2 * PAGE));
	REQUIRE(ftruncate(fd, 4 * (off_t)PAGE) == 0);
	REQUIRE(prog_zero(p + PAGE, 3 * PAGE));
	put(fd, 3, 7);
	REQUIRE(prog_same(p + 3 * PAGE, PAGE, 7));
	put(fd, 5, 8);
	REQUIRE(prog_same(p + 5 * PAGE, PAGE, 8));
	REQUIRE(prog_zero(p + 4 * PAGE, PAGE));
	REQUIRE(PAST_END(p + 6 * PAGE));
	prog_fill(p + 4 * PAGE, PAGE, 9);
	REQUIRE(holds(fd, 4, 9));
	REQUIRE(munmap(p, NPAGES * PAGE) == 0);
	REQUIRE(close(fd) == 0);
}

static void
truncated(void)
{
	int fd = prog_file(NPAGES, 70);
	char *shared = prog_map_file(fd, NPAGES, RW, MAP_SHARED);
	char *private = prog_map_file(fd, NPAGES, RW, MAP_PRIVATE);

	for (unsigned i = 0; i < NPAGES; i++) {
		REQUIRE(prog_same(shared + i * PAGE, PAGE, 70 + i));
		REQUIRE(prog_same(private + i * PAGE, PAGE, 70 + i));
	}
	prog_fill(shared + 6 * PAGE, PAGE, 1);
	REQUIRE(ftruncate(fd, 3 * (off_t)PAGE + 10) == 0);
	REQUIRE(PAST_END(shared + 4 * PAGE));
	REQUIRE(PAST_END(shared + 6 * PAGE));
	REQUIRE(PAST_END(private + 7 * PAGE));
	REQUIRE(prog_same(shared, PAGE, 70));
	REQUIRE(prog_zero(shared + 3 * PAGE + 10, PAGE - 10));
	REQUIRE(ftruncate(fd, NPAGES * PAGE) == 0);
	REQUIRE(prog_zero(shared + 3 * PAGE + 10, PAGE - 10));
	REQUIRE(prog_zero(shared + 4 * PAGE, 4 * PAGE));
	REQUIRE(prog_zero(private + 7 * PAGE, PAGE));
	REQUIRE(munmap(shared, NPAGES * PAGE) == 0);
	REQUIRE(munmap(private, NPAGES * PAGE) == 0);
	REQUIRE(close(fd) == 0);
}

/* Truncated by another process, which has the file open by itself. */
static void
truncated_elsewhere(void)
{
	char name[] = "truncated";
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
	char *p;
	pid_t pid;

	REQUIRE(fd >= 0);
	for (unsigned i = 0; i < 4; i++)
		put(fd, i, 80 + i);
	p = prog_map_file(fd, 4, RW, MAP_SHARED);
	for (unsigned i = 0; i < 4; i++)
		REQUIRE(prog_same(p + i * PAGE, PAGE, 80 + i));
	pid = prog_fork();
	if (pid == 0) {
		REQUIRE(truncate(name, PAGE) == 0);
		_exit(0);
	}
	prog_join(pid);
	REQUIRE(prog_same(p, PAGE, 80));
	REQUIRE(PAST_END(p + PAGE));
	REQUIRE(close(open(name, O_WRONLY | O_TRUNC)) == 0);
	REQUIRE(PAST_END(p));
	REQUIRE(munmap(p, 4 * PAGE) == 0);
	REQUIRE(close(fd) == 0);
	REQUIRE(unlink(name) == 0);
}

/* A system call whose buffer lies past the end gets EFAULT, no signal. */
/* Stores at every page that there is, and has them written, for ever. */
static _Noreturn void
store_and_sync(char *p)
{
	for (;;) {
		for (size_t i = 0; i < NPAGES; i++)
			(void)prog_probe(p + i * PAGE, true);
		(void)msync(p, NPAGES * PAGE, MS_SYNC);
	}
}

/* Nobody's stores make a file longer, not even those just made. */
static void
stays_truncated(void)
{
	int fd = prog_file(NPAGES, 1);
	char *p = prog_map_file(fd, NPAGES, RW, MAP_SHARED);
	struct stat st;
	pid_t pid = prog_fork();

	if (pid == 0)
		store_and_sync(p);
	for (unsigned i = 0; i < 100; i++) {
		REQUIRE(ftruncate(fd, (off_t)(NPAGES * PAGE)) == 0);
		sched_yield();
		REQUIRE(ftruncate(fd, (off_t)PAGE) == 0);
		for (unsigned k = 0; k < 10; k++) {
			REQUIRE(fstat(fd, &st) == 0);
			REQUIRE(st.st_size == (off_t)PAGE);
			sched_yield();
		}
	}
	REQUIRE(kill(pid, SIGKILL) == 0);
	(void)prog_wait(pid);
	REQUIRE(munmap(p, NPAGES * PAGE) == 0);
	REQUIRE(close(fd) == 0);
}

static void
past_end_in_a_call(void)
{
	int fd = prog_file(1, 85), fds[2];
	char *p = prog_map_file(fd, 4, RW, MAP_SHARED);

	REQUIRE(pipe(fds) == 0);
	REQUIRE(write(fds[1], "abcd", 4) == 4);
	REQUIRE(read(fds[0], p + 2 * PAGE, 4) == -1 && errno == EFAULT);
	REQUIRE(write(fds[1], p + 2 * PAGE, 4) == -1 && errno == EFAULT);
	REQUIRE(read(fds[0], p, 4) == 4);
	REQUIRE(memcmp(p, "abcd", 4) == 0);
	REQUIRE(munmap(p, 4 * PAGE) == 0);
	REQUIRE(close(fds[0]) == 0 && close(fds[1]) == 0);
	REQUIRE(close(fd) == 0);
}

/* The mapping keeps the file alive after close, unlink and all. */
static void
outlives_descriptor(void)
{
	int fd = prog_file(NPAGES, 90);
	char *p = prog_map_file(fd, NPAGES, RW, MAP_SHARED);
	pid_t pid;

	REQUIRE(close(fd) == 0);
	pid = prog_fork();
	if (pid == 0) {
		for (unsigned i = 0; i < NPAGES; i++)
			REQUIRE(prog_same(p + i * PAGE, PAGE, 90 + i));
		prog_fill(p, PAGE, 1);
		_exit(0);
	}
	prog_join(pid);
	REQUIRE(prog_same(p, PAGE, 1));
	REQUIRE(prog_same(p + PAGE, PAGE, 91));
	REQUIRE(munmap(p, NPAGES * PAGE) == 0);
}

/* Bytes stored before the process died are in the file. */
static void
survives_death(void)
{
	int fd = prog_file(NPAGES, 95);
	pid_t pid = prog_fork();

	if (pid == 0) {
		char *p = prog_map_file(fd, NPAGES, RW, MAP_SHARED);

		prog_fill(p + PAGE, PAGE, 1);
		raise(SIGKILL);
	}
	REQUIRE(WIFSIGNALED(prog_wait(pid)));
	REQUIRE(holds(fd, 1, 1));
	REQUIRE(holds(fd, 2, 97));
	REQUIRE(close(fd) == 0);
}

static void
msync_calls(void)
{
	int fd = prog_file(NPAGES, 98);
	char *p = prog_map_file(fd, NPAGES, RW, MAP_SHARED);

	prog_fill(p, PAGE, 1);
	REQUIRE(msync(p, NPAGES * PAGE, MS_SYNC) == 0);
	REQUIRE(msync(p, PAGE, MS_ASYNC) == 0);
	REQUIRE(msync(p, PAGE, MS_INVALIDATE) == 0);
	REQUIRE(prog_same(p, PAGE, 1));
	REQUIRE(msync(p + 1, PAGE, MS_SYNC) == -1 && errno == EINVAL);
	REQUIRE(msync(p, PAGE, MS_SYNC | MS_ASYNC) == -1 && errno == EINVAL);
	REQUIRE(munmap(p + 2 * PAGE, PAGE) == 0);
	REQUIRE(msync(p, NPAGES * PAGE, MS_SYNC) == -1 && errno == ENOMEM);
	REQUIRE(munmap(p, NPAGES * PAGE) == 0);
	REQUIRE(close(fd) == 0);
}

/* An offset far into a sparse file. */
static void
far_offset(void)
{
	int fd = prog_file(1, 99);
	off_t far = (off_t)1 << 33;
	char *p;

	REQUIRE(ftruncate(fd, far + 4 * (off_t)PAGE) == 0);
	p = mmap(NULL, 4 * PAGE, RW, MAP_SHARED, fd, far);
	REQUIRE(p != MAP_FAILED);
	REQUIRE(prog_zero(p, 4 * PAGE));
	prog_fill(p + PAGE, PAGE, 1);
	REQUIRE(holds(fd, (size_t)far / PAGE + 1, 1));
	REQUIRE(holds(fd, 0, 99));
	REQUIRE(munmap(p, 4 * PAGE) == 0);
	REQUIRE(close(fd) == 0);
}

int
main(int argc, char **argv)
{
	static const struct prog_check checks[] = {
		{ "coherent", coherent },
		{ "through-itself", through_itself },
		{ "two-mappings", two_mappings },
		{ "two-processes", two_processes },
		{ "private-copy", private_copy },
		{ "private-fork", private_fork },
		{ "past-end", past_end },
		{ "past-end-store", past_end_store },
		{ "grown", grown },
		{ "truncated", truncated },
		{ "truncated-elsewhere", truncated_elsewhere },
		{ "stays-truncated", stays_truncated },
		{ "past-end-in-a-call", past_end_in_a_call },
		{ "outlives-descriptor", outlives_descriptor },
		{ "survives-death", survives_death },
		{ "msync", msync_calls },
		{ "far-offset", far_offset },
	};

	return (prog_main(argc, argv, checks, COUNT(checks)));
}
