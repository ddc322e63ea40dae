/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * slow_swap.c: a child waits for a page while its parent goes on.
 *
 * Each check has a child with NUMBER megabytes (-n NUMBER, 4 unless given), and
 * less memory than that, so that a part of them is in swap.  With NUMBER who
 * runs this sees to it that the device stands still from when the file `ready`
 * is there on, and makes the file `paused` then.  The parent does what stops a
 * process until it has seen that the child does not get its page, and makes the
 * file `went-on`; then the device may go on.
 *
 * The same of a page of a file, `slow-data`, that nobody has read yet.
 */
#include "prog.h"

#include <sys/stat.h>

enum { CALLS = 1000 };

struct common {
	volatile int ready, begun, ended;
};

static struct common *common;
static pid_t child;
static bool from_file;

static void
make_file(const char *name)
{
	int fd;

	if (prog_count <= 0)
		return;
	fd = open(name, O_CREAT | O_WRONLY, 0600);
	REQUIRE(fd >= 0);
	REQUIRE(close(fd) == 0);
}

static void
wait_file(const char *name)
{
	struct stat st;

	while (prog_count > 0 && stat(name, &st) != 0)
		prog_pause(5);
}

/* The first page that is not in memory, or the first one. */
static size_t
find_out(unsigned char *p, size_t npages)
{
	unsigned char in;
	size_t i;

	for (i = 0; i < npages; i++) {
		REQUIRE(mincore(p + i * PAGE, PAGE, &in) == 0);
		if ((in & 1) == 0)
			return (i);
	}
	return (0);
}

static void
fill(unsigned char *p, size_t npages)
{
	for (size_t i = 0; i < npages; i++)
		p[i * PAGE] = (unsigned char)(i % 251 + 1);
}

static unsigned char *
map_filled(size_t npages)
{
	unsigned char *p = prog_map(npages * PAGE, RW, PRIVATE);

	fill(p, npages);
	return (p);
}

static unsigned char *
map_new_file(size_t npages)
{
	unsigned char *p = malloc(npages * PAGE);
	int fd = open("slow-data", O_CREAT | O_TRUNC | O_RDWR, 0600);

	REQUIRE(p != NULL && fd >= 0);
	memset(p, 0, npages * PAGE);
	fill(p, npages);
	REQUIRE(write(fd, p, npages * PAGE) == (ssize_t)(npages * PAGE));
	free(p);
	return ((unsigned char *)prog_map_file(fd, npages, RW, MAP_SHARED));
}

static void
be_child(void)
{
	size_t npages = (size_t)(prog_count > 0 ? prog_count : 4) * 256, i;
	unsigned char *p;

	/* Nothing else shall be why it waits: calls do so with everybody. */
	REQUIRE(mlockall(MCL_CURRENT) == 0);
	p = from_file ? map_new_file(npages) : map_filled(npages);
	i = find_out(p, npages);
	common->ready = 1;
	while (!common->begun)
		prog_pause(1);
	REQUIRE(p[i * PAGE] == i % 251 + 1);
	common->ended = 1;
	for (i = 0; i < npages; i++)
		REQUIRE(p[i * PAGE] == i % 251 + 1);
}

/* Whether the child is stopped, as it is while somebody works at its fault. */
static bool
is_stopped(void)
{
	char path[64], text[512], *state;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)child);
	fd = open(path, O_RDONLY);
	REQUIRE(fd >= 0);
	n = read(fd, text, sizeof(text) - 1);
	REQUIRE(n > 0);
	REQUIRE(close(fd) == 0);
	text[n] = '\0';
	state = strrchr(text, ')');
	REQUIRE(state != NULL);
	return (state[2] == 't');
}

/* Calls that stop, and need no memory. */
static void
go_on(char *mine)
{
	for (int i = 0; i < CALLS; i++) {
		REQUIRE(mprotect(mine, PAGE, PROT_READ) == 0);
		REQUIRE(mprotect(mine, PAGE, RW) == 0);
	}
}

static void
begin(void)
{
	char *mine = prog_map(PAGE, RW, PRIVATE);

	common = prog_map(PAGE, RW, MAP_SHARED | MAP_ANONYMOUS);
	child = prog_fork();
	if (child == 0) {
		be_child();
		_exit(0);
	}
	while (!common->ready)
		prog_pause(1);
	REQUIRE(mlockall(MCL_CURRENT) == 0);
	go_on(mine);
	make_file("ready");
	wait_file("paused");
	common->begun = 1;
	while (prog_count > 0 && !is_stopped())
		REQUIRE(!common->ended);
	go_on(mine);
	REQUIRE(prog_count <= 0 || !common->ended);
}

/* The page comes, and is right. */
static void
comes(void)
{
	begin();
	make_file("went-on");
	prog_join(child);
}

/* The child is killed while it waits, and does not wait for that. */
static void
killed(void)
{
	int status;

	begin();
	REQUIRE(kill(child, SIGKILL) == 0);
	REQUIRE(waitpid(child, &status, 0) == child);
	REQUIRE(prog_count <= 0 || !common->ended);
	make_file("went-on");
}

static void
file_comes(void)
{
	from_file = true;
	comes();
}

static void
file_killed(void)
{
	from_file = true;
	killed();
}

int
main(int argc, char **argv)
{
	static const struct prog_check checks[] = {
		{ "comes", comes },
		{ "killed", killed },
		{ "file_comes", file_comes },
		{ "file_killed", file_killed },
	};

	return (prog_main(argc, argv, checks, COUNT(checks)));
}
