/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * procfs.c: what /proc says about memory is what the program has.
 *
 * Collectors, sanitizers and allocators read /proc/self/maps and believe it;
 * ps reads cmdline.  Looked at are the mappings that the checks make
 * themselves, here and in a child, and that nothing is there that the program
 * cannot know.
 */
#include "prog.h"

struct line {
	uintptr_t start, end;
	char perms[5], name[256];
};

/* Read through a path; the length. */
static size_t
slurp(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n;

	REQUIRE(fd >= 0);
	REQUIRE(fcntl(fd, F_GETFD) == FD_CLOEXEC);
	REQUIRE((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY);
	while ((n = read(fd, buf + len, size - 1 - len)) > 0)
		len += (size_t)n;
	REQUIRE(n == 0);
	REQUIRE(close(fd) == 0);
	buf[len] = '\0';
	return (len);
}

/* The line of a maps file with an address. */
static bool
find(const char *path, const void *addr, struct line *l)
{
	static char text[1 << 20];
	const char *s = text;

	(void)slurp(path, text, sizeof(text));
	for (; s != NULL && *s != '\0'; s = strchr(s, '\n'), s += s != NULL) {
		l->name[0] = '\0';
		REQUIRE(sscanf(s, "%lx-%lx %4s %*x %*x:%*x %*u%*[ ]%255[^\n]",
			    &l->start, &l->end, l->perms, l->name) >= 3);
		REQUIRE(l->start < l->end);
		REQUIRE(strstr(l->name, "/memfd:") == NULL);
		if (l->start <= (uintptr_t)addr && (uintptr_t)addr < l->end)
			return (true);
	}
	return (false);
}

static bool
shows(const char *path, const void *addr, const char *perms, const char *name)
{
	struct line l;

	return (find(path, addr, &l) && strcmp(l.perms, perms) == 0 &&
	    strstr(l.name, name) != NULL);
}

static void
maps(void)
{
	char *p = prog_anon(8), *q;
	struct line l;
	int fd = prog_file(4, 1);

	q = prog_map_file(fd, 4, RW, MAP_SHARED);
	REQUIRE(mprotect(p + 2 * PAGE, PAGE, PROT_READ) == 0);
	REQUIRE(mprotect(p + 4 * PAGE, PAGE, PROT_NONE) == 0);
	REQUIRE(shows("/proc/self/maps", p, "rw-p", ""));
	REQUIRE(shows("/proc/self/maps", p + 2 * PAGE, "r--p", ""));
	REQUIRE(shows("/proc/thread-self/maps", p + 4 * PAGE, "---p", ""));
	REQUIRE(shows("/proc/self/maps", q, "rw-s", "/"));
	REQUIRE(shows("/proc/self/maps", &l, "rw-p", "[stack]"));
	REQUIRE(find("/proc/self/maps", p + 2 * PAGE, &l));
	REQUIRE(l.start == (uintptr_t)p + 2 * PAGE && l.end - l.start == PAGE);
	REQUIRE(find("/proc/self/maps", (void *)(uintptr_t)&shows, &l));
	REQUIRE(strcmp(l.perms, "r-xp") == 0);
	REQUIRE(munmap(p, 8 * PAGE) == 0);
	REQUIRE(munmap(q, 4 * PAGE) == 0);
	REQUIRE(!find("/proc/self/maps", p + 4 * PAGE, &l));
	REQUIRE(close(fd) == 0);
}

static void
by_directory(void)
{
	static char text[1 << 20];
	int dir = open("/proc/self", O_RDONLY | O_DIRECTORY), fd;
	ssize_t n;

	REQUIRE(dir >= 0);
	fd = openat(dir, "maps", O_RDONLY);
	REQUIRE(fd >= 0 && fcntl(fd, F_GETFD) == 0);
	for (size_t len = 0; (n = read(fd, text + len, 4096)) > 0;)
		len += (size_t)n;
	REQUIRE(strstr(text, "[stack]") != NULL);
	REQUIRE(lseek(fd, 0, SEEK_SET) == 0);
	REQUIRE(close(fd) == 0 && close(dir) == 0);
}

static void
heap(void)
{
	char *p = sbrk((intptr_t)(4 * PAGE));

	REQUIRE(p != (void *)-1);
	REQUIRE(shows("/proc/self/maps", p, "rw-p", "[heap]"));
}

static void
of_a_child(void)
{
	char *p = prog_anon(4), path[64];
	int up[2], down[2];
	struct line l;
	pid_t pid;

	REQUIRE(pipe(up) == 0 && pipe(down) == 0);
	pid = prog_fork();
	if (pid == 0) {
		REQUIRE(munmap(p + PAGE, PAGE) == 0);
		prog_tell(up[1]);
		prog_hear(down[0]);
		_exit(0);
	}
	prog_hear(up[0]);
	(void)snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	REQUIRE(shows(path, p, "rw-p", "") && !find(path, p + PAGE, &l));
	REQUIRE(shows("/proc/self/maps", p + PAGE, "rw-p", ""));
	prog_tell(down[1]);
	prog_join(pid);
	REQUIRE(open(path, O_RDONLY) == -1 && errno == ENOENT);
	for (int i = 0; i < 2; i++)
		REQUIRE(close(up[i]) == 0 && close(down[i]) == 0);
	REQUIRE(munmap(p, 4 * PAGE) == 0);
}

static unsigned long
resident(void)
{
	static char text[4096];
	unsigned long size, pages;

	(void)slurp("/proc/self/statm", text, sizeof(text));
	REQUIRE(sscanf(text, "%lu %lu", &size, &pages) == 2 && pages <= size);
	return (pages);
}

/* Of all kinds of counts only these follow from what the program did. */
static void
counts(void)
{
	static char text[1 << 20];
	unsigned long before = resident(), rss = 0;
	char *p = prog_anon(512), name[32], *s;

	prog_fill(p, 512 * PAGE, 1);
	REQUIRE(resident() >= before + 500);
	REQUIRE(mprotect(p + 100 * PAGE, 100 * PAGE, PROT_READ) == 0);
	(void)snprintf(name, sizeof(name), "%lx-",
	    (unsigned long)((uintptr_t)p + 100 * PAGE));
	(void)slurp("/proc/self/smaps", text, sizeof(text));
	s = strstr(text, name);
	REQUIRE(s != NULL && (s = strstr(s, "Rss:")) != NULL);
	REQUIRE(sscanf(s, "Rss: %lu kB", &rss) == 1 && rss == 400);
	REQUIRE(munmap(p, 512 * PAGE) == 0);
}

extern char **environ;

static void
arguments(void)
{
	static char text[1 << 17];
	size_t len = slurp("/proc/self/cmdline", text, sizeof(text));
	char *last = strrchr(text, '/');

	REQUIRE(len > 0 && text[len - 1] == '\0');
	REQUIRE(strncmp(last == NULL ? text : last + 1, "procfs", 6) == 0);
	len = slurp("/proc/self/environ", text, sizeof(text));
	REQUIRE(environ[0] == NULL || strcmp(text, environ[0]) == 0);
}

int
main(int argc, char **argv)
{
	static const struct prog_check checks[] = {
		{ "maps", maps },
		{ "by-directory", by_directory },
		{ "heap", heap },
		{ "of-a-child", of_a_child },
		{ "counts", counts },
		{ "arguments", arguments },
	};

	return (prog_main(argc, argv, checks, COUNT(checks)));
}
