/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * file_store.c: files that change by calls and through mappings at once.
 *
 *	page	|  bytes that calls write  |  bytes that are stored to  |
 *
 * A call changes the bytes that it names and no others, whatever somebody
 * stores to the same page, or to another one of the file, at that moment.
 */
#include <sys/file.h>
#include <sys/stat.h>

#include "prog.h"

#define ROUNDS 3000

static volatile long *word;
static atomic_bool over;
static long lost;

/* Count, and see that the last number is still there. */
static void *
store(void *arg)
{
	long n = *word;

	(void)arg;
	while (!atomic_load(&over)) {
		if (*word != n)
			lost++;
		*word = ++n;
	}
	return (NULL);
}

static void
beside(char *p, size_t at, void (*write_it)(int fd, long i), int fd)
{
	long rounds = prog_count != 0 ? prog_count : ROUNDS;
	pthread_t thread;

	word = (void *)(p + at);
	lost = 0;
	atomic_store(&over, false);
	thread = prog_thread(store, NULL);
	for (long i = 0; i < rounds; i++)
		write_it(fd, i);
	atomic_store(&over, true);
	REQUIRE(pthread_join(thread, NULL) == 0);
	REQUIRE(lost == 0);
}

static void
write_there(int fd, long i)
{
	REQUIRE(pwrite(fd, &i, sizeof(i), 16) == (ssize_t)sizeof(i));
}

static void
write_on(int fd, long i)
{
	REQUIRE(lseek(fd, 16, SEEK_SET) == 16);
	REQUIRE(write(fd, &i, sizeof(i)) == (ssize_t)sizeof(i));
}

static void
check_stores(void (*write_it)(int fd, long i), size_t at)
{
	int fd = prog_file(4, 1);
	char *p = prog_map_file(fd, 4, RW, MAP_SHARED);
	long rounds = prog_count != 0 ? prog_count : ROUNDS;
	long last = rounds - 1;

	beside(p, at, write_it, fd);
	REQUIRE(memcmp(p + 16, &last, sizeof(last)) == 0);
	REQUIRE(munmap(p, 4 * PAGE) == 0);
	REQUIRE(close(fd) == 0);
}

static void
same_page(void)
{
	check_stores(write_there, 1024);
}

static void
same_page_position(void)
{
	check_stores(write_on, 1024);
}

static void
other_page(void)
{
	check_stores(write_on, 2 * PAGE);
}

/* What is stored stays in its place, whoever appends to the file. */
static void
appending(void)
{
	int fd = prog_file(1, 1);
	char *p = prog_map_file(fd, 1, RW, MAP_SHARED), c = 0;

	REQUIRE(fcntl(fd, F_SETFL, O_APPEND) == 0);
	p[0] = 'X';
	REQUIRE(msync(p, PAGE, MS_SYNC) == 0);
	REQUIRE(lseek(fd, 0, SEEK_END) == (off_t)PAGE);
	REQUIRE(pread(fd, &c, 1, 0) == 1 && c == 'X');
	REQUIRE(munmap(p, PAGE) == 0);
	REQUIRE(close(fd) == 0);
}

/* Linux appends with pwrite too, whatever the offset. */
static void
appended(void)
{
	int fd = prog_file(1, 1);
	char *p = prog_map_file(fd, 2, PROT_READ, MAP_SHARED);

	REQUIRE(ftruncate(fd, (off_t)PAGE + 1) == 0);
	REQUIRE(p[PAGE] == 0 && p[PAGE + 1] == 0);
	REQUIRE(fcntl(fd, F_SETFL, O_APPEND) == 0);
	REQUIRE(pwrite(fd, "Z", 1, 0) == 1);
	REQUIRE(p[PAGE + 1] == 'Z');
	REQUIRE(write(fd, "Y", 1) == 1);
	REQUIRE(p[PAGE + 2] == 'Y');
	REQUIRE(munmap(p, 2 * PAGE) == 0);
	REQUIRE(close(fd) == 0);
}

/* A lock ends with the last descriptor, mapped or not. */
static void
locked(void)
{
	int fd, own;
	char *p;

	fd = open("lock", O_RDWR | O_CREAT, 0600);
	REQUIRE(fd >= 0 && ftruncate(fd, (off_t)PAGE) == 0);
	REQUIRE(flock(fd, LOCK_EX) == 0);
	p = prog_map_file(fd, 1, RW, MAP_SHARED);
	p[0] = 1;
	REQUIRE(munmap(p, PAGE) == 0);
	REQUIRE(close(fd) == 0);
	own = open("lock", O_RDWR);
	REQUIRE(own >= 0 && flock(own, LOCK_EX | LOCK_NB) == 0);
	REQUIRE(close(own) == 0 && unlink("lock") == 0);
}

/* Cut by an open, whatever the name it goes by. */
static void
cut_by(const char *name)
{
	int fd = prog_file(2, 1), again;
	char *p = prog_map_file(fd, 2, PROT_READ, MAP_SHARED), path[64];

	REQUIRE(prog_same(p + PAGE, PAGE, 2));
	(void)snprintf(path, sizeof(path), "%s/%d", name, fd);
	again = open(path, O_RDWR | O_TRUNC);
	REQUIRE(again >= 0);
	REQUIRE(PAST_END(p + PAGE));
	REQUIRE(munmap(p, 2 * PAGE) == 0);
	REQUIRE(close(fd) == 0 && close(again) == 0);
}

static void
cut(void)
{
	cut_by("/proc/self/fd");
	cut_by("/dev/fd");
}

#define PRESSED 400
#define PRESS   ((size_t)24 << 20)

/* Somebody who uses more memory than there may be. */
static pid_t
press(void)
{
	pid_t pid = prog_fork();
	volatile char *p;

	if (pid != 0)
		return (pid);
	p = prog_map(PRESS, RW, PRIVATE);
	for (;;)
		for (size_t i = 0; i < PRESS; i += PAGE)
			p[i]++;
}

static void
write_pressed(int fd, volatile int *p, int *from, int round)
{
	const size_t words = PAGE / sizeof(int), n = PRESSED * words;
	off_t at = (off_t)((size_t)(round * 587 % 1600) * PAGE);

	for (size_t i = 0; i < n; i++)
		from[i] = round;
	p += (size_t)at / sizeof(int);
	for (size_t i = 0; i < n; i += words)
		(void)p[i];
	REQUIRE(
	    pwrite(fd, from, PRESSED * PAGE, at) == (ssize_t)(PRESSED * PAGE));
	for (size_t i = 7; i < n; i += words)
		REQUIRE(p[i] == round);
}

/* What a call has written shows at once, however short memory is. */
static void
pressed(void)
{
	int fd = prog_file(2000, 1);
	volatile int *p = (int *)prog_map_file(fd, 2000, RW, MAP_SHARED);
	int *from = (int *)prog_map(PRESSED * PAGE, RW, PRIVATE);
	pid_t others[2] = { press(), press() };

	for (int round = 1; round <= 60; round++)
		write_pressed(fd, p, from, round);
	for (size_t i = 0; i < COUNT(others); i++) {
		REQUIRE(kill(others[i], SIGKILL) == 0);
		REQUIRE(waitpid(others[i], NULL, 0) == others[i]);
	}
	REQUIRE(close(fd) == 0);
}

/* A program that has been written through a mapping can be executed. */
static void
executed(void)
{
	char name[] = "prog.XXXXXX";
	int from = open("/proc/self/exe", O_RDONLY), to = mkstemp(name);
	off_t size = lseek(from, 0, SEEK_END);
	pid_t pid;
	char *p;

	REQUIRE(from >= 0 && to >= 0 && size > 0);
	REQUIRE(ftruncate(to, size) == 0 && fchmod(to, 0700) == 0);
	p = mmap(NULL, (size_t)size, RW, MAP_SHARED, to, 0);
	REQUIRE(p != MAP_FAILED);
	REQUIRE(pread(from, p, (size_t)size, 0) == size);
	REQUIRE(munmap(p, (size_t)size) == 0);
	REQUIRE(close(from) == 0 && close(to) == 0);
	pid = prog_fork();
	if (pid == 0) {
		(void)freopen("/dev/null", "w", stdout);
		(void)execl(name, name, "-l", (char *)NULL);
		FAIL("exec");
	}
	prog_join(pid);
	REQUIRE(unlink(name) == 0);
}

int
main(int argc, char **argv)
{
	static const struct prog_check checks[] = {
		{ "same-page", same_page },
		{ "same-page-position", same_page_position },
		{ "other-page", other_page },
		{ "appending", appending },
		{ "appended", appended },
		{ "locked", locked },
		{ "cut", cut },
		{ "pressed", pressed },
		{ "executed", executed },
	};

	return (prog_main(argc, argv, checks, COUNT(checks)));
}
