/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hog.c: wants more memory than there may be.
 *
 * Each check uses NUMBER megabytes (-n NUMBER, 8 unless given) in its own way
 * and verifies them.  Where the system refuses with an error the check prints
 * "refused" and the program goes on; so with too little memory a run either
 * ends well or is killed, and neither is an error of this program.
 */
#include <sys/uio.h>

#include "prog.h"

#define MEGABYTE ((size_t)1 << 20)

static size_t
size(void)
{
	return ((prog_count > 0 ? (size_t)prog_count : 8) * MEGABYTE);
}

/* Was it refused for lack of memory?  Any other failure is a failure. */
static bool
refused(bool failed)
{
	if (!failed)
		return (false);
	REQUIRE(errno == ENOMEM || errno == EAGAIN || errno == EFAULT);
	printf("refused: ");
	return (true);
}

static void
touch_all(char *p, size_t len)
{
	for (size_t i = 0; i < len; i += PAGE)
		p[i] = (char)(i / PAGE);
	for (size_t i = 0; i < len; i += PAGE)
		REQUIRE(p[i] == (char)(i / PAGE));
}

static void
touch_mapping(int flags)
{
	char *p = mmap(NULL, size(), RW, flags, -1, 0);

	if (refused(p == MAP_FAILED))
		return;
	touch_all(p, size());
	REQUIRE(munmap(p, size()) == 0);
}

static void
touch(void)
{
	touch_mapping(PRIVATE);
}

static void
touch_shared(void)
{
	touch_mapping(SHARED);
}

static void
populate(void)
{
	touch_mapping(PRIVATE | MAP_POPULATE);
}

static void
lock(void)
{
	char *p = mmap(NULL, size(), RW, PRIVATE, -1, 0);

	if (refused(p == MAP_FAILED))
		return;
	if (!refused(mlock(p, size()) != 0))
		touch_all(p, size());
	REQUIRE(munmap(p, size()) == 0);
}

/* One system call with a buffer of that size. */
static void
one_call(void)
{
	char *p = mmap(NULL, size(), RW, PRIVATE, -1, 0);
	int fd = open("/dev/zero", O_RDONLY);

	if (refused(p == MAP_FAILED))
		return;
	if (!refused(read(fd, p, size()) <= 0))
		REQUIRE(p[0] == 0);
	REQUIRE(munmap(p, size()) == 0);
	REQUIRE(close(fd) == 0);
}

static void
heap(void)
{
	char *blocks[256];
	size_t len = size() / COUNT(blocks), n = 0;

	while (n < COUNT(blocks) && (blocks[n] = malloc(len)) != NULL) {
		memset(blocks[n], (int)n, len);
		n++;
	}
	(void)refused(n < COUNT(blocks));
	while (n-- > 0) {
		REQUIRE(blocks[n][len - 1] == (char)n);
		free(blocks[n]);
	}
}

/* Two thirds each for parent and child: together too much. */
static void
forked(void)
{
	size_t len = size() / 3 * 2 & ~(PAGE - 1);
	char *p = mmap(NULL, len, RW, PRIVATE, -1, 0);
	pid_t pid;

	if (refused(p == MAP_FAILED))
		return;
	touch_all(p, len);
	pid = fork();
	if (refused(pid < 0))
		return;
	if (pid == 0) {
		memset(p, 1, len);
		_exit(0);
	}
	if (WIFSIGNALED(prog_wait(pid)))
		printf("child killed: ");
	REQUIRE(p[PAGE] == 1);
	REQUIRE(munmap(p, len) == 0);
}

int
main(int argc, char **argv)
{
	static const struct prog_check checks[] = {
		{ "touch", touch },
		{ "touch-shared", touch_shared },
		{ "populate", populate },
		{ "lock", lock },
		{ "one-call", one_call },
		{ "heap", heap },
		{ "forked", forked },
	};

	return (prog_main(argc, argv, checks, COUNT(checks)));
}
