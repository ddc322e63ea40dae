/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_fixed.c: where mappings go, and what they replace.
 *
 * MAP_FIXED replaces whatever is there, MAP_FIXED_NOREPLACE refuses, a plain
 * address is a hint.  Also the mappings that are files without being files
 * (/dev/zero, memfd) and the errors of mmap and munmap.
 */
#include "prog.h"

static char *
map_at(char *at, size_t npages, int flags)
{
	return (mmap(at, npages * PAGE, RW, PRIVATE | flags, -1, 0));
}

static bool
no_map(void *at, size_t len, int flags, int fd, off_t off, int error)
{
	errno = 0;
	return (
	    mmap(at, len, RW, flags, fd, off) == MAP_FAILED && errno == error);
}

static void
replaces_middle(void)
{
	char *p = prog_anon(16);

	prog_fill(p, 16 * PAGE, 1);
	REQUIRE(map_at(p + 4 * PAGE, 8, MAP_FIXED) == p + 4 * PAGE);
	REQUIRE(prog_same(p, 4 * PAGE, 1));
	REQUIRE(prog_zero(p + 4 * PAGE, 8 * PAGE));
	prog_fill(p, 16 * PAGE, 2);
	REQUIRE(prog_same(p, 16 * PAGE, 2));
	REQUIRE(munmap(p, 16 * PAGE) == 0);
}

/* One mapping over several others and the holes between them. */
static void
replaces_many(void)
{
	char *p = prog_anon(32);

	prog_fill(p, 32 * PAGE, 3);
	for (size_t i = 2; i < 30; i += 4)
		REQUIRE(munmap(p + i * PAGE, PAGE) == 0);
	for (size_t i = 3; i < 30; i += 4)
		REQUIRE(mprotect(p + i * PAGE, PAGE, PROT_READ) == 0);
	REQUIRE(map_at(p + PAGE, 30, MAP_FIXED) == p + PAGE);
	REQUIRE(prog_same(p, PAGE, 3));
	REQUIRE(prog_zero(p + PAGE, 30 * PAGE));
	prog_fill(p + PAGE, 30 * PAGE, 4);
	REQUIRE(munmap(p, 32 * PAGE) == 0);
}

static void
file_over_anon(void)
{
	int fd = prog_file(8, 20);
	char *p = prog_anon(12);

	prog_fill(p, 12 * PAGE, 5);
	REQUIRE(mmap(p + 2 * PAGE, 4 * PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED,
		    fd, 2 * PAGE) == p + 2 * PAGE);
	for (unsigned i = 2; i < 6; i++)
		REQUIRE(prog_same(p + i * PAGE, PAGE, 20 + i));
	REQUIRE(NO_WRITE(p + 2 * PAGE));
	REQUIRE(prog_same(p, 2 * PAGE, 5));
	REQUIRE(map_at(p + 3 * PAGE, 1, MAP_FIXED) == p + 3 * PAGE);
	REQUIRE(prog_zero(p + 3 * PAGE, PAGE));
	REQUIRE(prog_same(p + 4 * PAGE, PAGE, 24));
	REQUIRE(munmap(p, 12 * PAGE) == 0);
	REQUIRE(close(fd) == 0);
}

static void
no_replace(void)
{
	char *p = prog_anon(8);

	prog_fill(p, 8 * PAGE, 6);
	REQUIRE(no_map(p, PAGE, PRIVATE | MAP_FIXED_NOREPLACE, -1, 0, EEXIST));
	REQUIRE(munmap(p + 4 * PAGE, 4 * PAGE) == 0);
	REQUIRE(no_map(p + 3 * PAGE, 2 * PAGE, PRIVATE | MAP_FIXED_NOREPLACE,
	    -1, 0, EEXIST));
	REQUIRE(map_at(p + 4 * PAGE, 4, MAP_FIXED_NOREPLACE) == p + 4 * PAGE);
	REQUIRE(prog_zero(p + 4 * PAGE, 4 * PAGE));
	REQUIRE(prog_same(p, 4 * PAGE, 6));
	REQUIRE(munmap(p, 8 * PAGE) == 0);
}

/* A free hint is taken; a taken one leads elsewhere and harms nothing. */
static void
hints(void)
{
	char *p = prog_anon(16), *q;

	prog_fill(p, 4 * PAGE, 7);
	REQUIRE(munmap(p + 4 * PAGE, 12 * PAGE) == 0);
	REQUIRE(map_at(p + 8 * PAGE, 2, 0) == p + 8 * PAGE);
	q = map_at(p, 4, 0);
	REQUIRE(q != MAP_FAILED && q != p);
	REQUIRE(prog_zero(q, 4 * PAGE));
	REQUIRE(prog_same(p, 4 * PAGE, 7));
	REQUIRE(munmap(p, 16 * PAGE) == 0);
	REQUIRE(munmap(q, 4 * PAGE) == 0);
}

static void
low_addresses(void)
{
	char *p = mmap(NULL, PAGE, RW, PRIVATE | MAP_32BIT, -1, 0);

	REQUIRE(p != MAP_FAILED);
	REQUIRE((uintptr_t)p < ((uintptr_t)1 << 31));
	p[0] = 1;
	REQUIRE(munmap(p, PAGE) == 0);
	p = (char *)((uintptr_t)1 << 32);
	REQUIRE(map_at(p, 4, MAP_FIXED_NOREPLACE) == p);
	REQUIRE(prog_zero(p, 4 * PAGE));
	REQUIRE(munmap(p, 4 * PAGE) == 0);
}

static void
mmap_errors(void)
{
	int fd = prog_file(1, 1);
	int ro = open("/dev/null", O_RDONLY);
	uintptr_t top = (uintptr_t)1 << 47;

	REQUIRE(no_map(NULL, 0, PRIVATE, -1, 0, EINVAL));
	REQUIRE(no_map(NULL, SIZE_MAX - PAGE + 1, PRIVATE, -1, 0, ENOMEM));
	REQUIRE(no_map(NULL, (size_t)1 << 47, PRIVATE, -1, 0, ENOMEM));
	REQUIRE(no_map((void *)1, PAGE, PRIVATE | MAP_FIXED, -1, 0, EINVAL));
	REQUIRE(no_map((void *)top, PAGE, PRIVATE | MAP_FIXED, -1, 0, ENOMEM));
	REQUIRE(no_map(NULL, PAGE, MAP_ANONYMOUS, -1, 0, EINVAL));
	REQUIRE(no_map(NULL, PAGE, MAP_PRIVATE, -1, 0, EBADF));
	REQUIRE(no_map(NULL, PAGE, MAP_PRIVATE, fd, 1, EINVAL));
	REQUIRE(no_map(NULL, PAGE, MAP_SHARED, ro, 0, EACCES));
	REQUIRE(close(fd) == 0 && close(ro) == 0);
	fd = open(".", O_RDONLY | O_DIRECTORY);
	REQUIRE(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED);
	REQUIRE(errno == ENODEV);
	REQUIRE(close(fd) == 0);
}

static void
munmap_errors(void)
{
	char *p = prog_anon(4);

	REQUIRE(munmap(p + 1, PAGE) == -1 && errno == EINVAL);
	REQUIRE(munmap(p, 0) == -1 && errno == EINVAL);
	REQUIRE(munmap(p, SIZE_MAX) == -1 && errno == EINVAL);
	REQUIRE(munmap(p + 3 * PAGE, 1) == 0);
	REQUIRE(UNMAPPED(p + 4 * PAGE - 1));
	REQUIRE(munmap(p, 4 * PAGE) == 0);
	REQUIRE(munmap(p, 4 * PAGE) == 0);
}

static void
dev_zero(void)
{
	int fd = open("/dev/zero", O_RDWR);
	char *private, *shared;
	pid_t pid;

	REQUIRE(fd >= 0);
	private = mmap(NULL, 8 * PAGE, RW, MAP_PRIVATE, fd, 0);
	shared = mmap(NULL, 8 * PAGE, RW, MAP_SHARED, fd, 0);
	REQUIRE(private != MAP_FAILED && shared != MAP_FAILED);
	REQUIRE(close(fd) == 0);
	REQUIRE(prog_zero(private, 8 * PAGE));
	prog_fill(private, 4 * PAGE, 8);
	REQUIRE(prog_zero(shared, 4 * PAGE));
	pid = prog_fork();
	if (pid == 0) {
		REQUIRE(prog_same(private, 4 * PAGE, 8));
		prog_fill(private, 8 * PAGE, 9);
		prog_fill(shared, 8 * PAGE, 9);
		_exit(0);
	}
	prog_join(pid);
	REQUIRE(prog_same(private, 4 * PAGE, 8));
	REQUIRE(prog_zero(private + 4 * PAGE, 4 * PAGE));
	REQUIRE(prog_same(shared, 8 * PAGE, 9));
	REQUIRE(munmap(private, 8 * PAGE) == 0);
	REQUIRE(munmap(shared, 8 * PAGE) == 0);
}

static void
memfd_shared(void)
{
	int fd = memfd_create("prog", MFD_CLOEXEC);
	unsigned char page[PAGE];
	char *a, *b;
	pid_t pid;

	REQUIRE(fd >= 0);
	REQUIRE(ftruncate(fd, 8 * (off_t)PAGE) == 0);
	a = prog_map_file(fd, 8, RW, MAP_SHARED);
	b = mmap(NULL, 4 * PAGE, RW, MAP_SHARED, fd, 4 * PAGE);
	REQUIRE(b != MAP_FAILED);
	prog_fill(a + 4 * PAGE, 4 * PAGE, 10);
	REQUIRE(prog_same(b, 4 * PAGE, 10));
	REQUIRE(pread(fd, page, PAGE, 4 * PAGE) == (ssize_t)PAGE);
	REQUIRE(prog_same(page, PAGE, 10));
	pid = prog_fork();
	if (pid == 0) {
		prog_fill(b, PAGE, 11);
		prog_fill(page, PAGE, 12);
		REQUIRE(pwrite(fd, page, PAGE, 0) == (ssize_t)PAGE);
		_exit(0);
	}
	prog_join(pid);
	REQUIRE(prog_same(a + 4 * PAGE, PAGE, 11));
	REQUIRE(prog_same(a, PAGE, 12));
	REQUIRE(munmap(a, 8 * PAGE) == 0);
	REQUIRE(prog_same(b, PAGE, 11));
	REQUIRE(munmap(b, 4 * PAGE) == 0);
	REQUIRE(close(fd) == 0);
}

/* A sealed memfd refuses writable shared mappings. */
static void
memfd_sealed(void)
{
	int fd = memfd_create("prog", MFD_ALLOW_SEALING);
	char *p;

	REQUIRE(fd >= 0);
	REQUIRE(write(fd, "sealed", 6) == 6);
	p = mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0);
	REQUIRE(p != MAP_FAILED);
	REQUIRE(munmap(p, PAGE) == 0);
	REQUIRE(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) == 0);
	REQUIRE(no_map(NULL, PAGE, MAP_SHARED, fd, 0, EPERM));
	p = mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 0);
	REQUIRE(p != MAP_FAILED);
	REQUIRE(memcmp(p, "sealed", 6) == 0);
	p[0] = 'S';
	REQUIRE(munmap(p, PAGE) == 0);
	REQUIRE(close(fd) == 0);
}

/* While a writable mapping is there, the seal is refused. */
static void
memfd_seal_busy(void)
{
	int fd = memfd_create("prog", MFD_ALLOW_SEALING);
	char *p;

	REQUIRE(fd >= 0 && ftruncate(fd, (off_t)PAGE) == 0);
	p = prog_map_file(fd, 1, RW, MAP_SHARED);
	REQUIRE(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) == -1 && errno == EBUSY);
	REQUIRE(munmap(p, PAGE) == 0);
	REQUIRE(close(fd) == 0);
}

/* Those that are there go on writing, and are seen; no new ones. */
static void
memfd_seal_future(void)
{
	int fd = memfd_create("prog", MFD_ALLOW_SEALING);
	char *p, *q, c;

	REQUIRE(fd >= 0 && ftruncate(fd, 2 * (off_t)PAGE) == 0);
	p = prog_map_file(fd, 2, RW, MAP_SHARED);
	p[0] = 'a';
	REQUIRE(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE) == 0);
	REQUIRE(pread(fd, &c, 1, 0) == 1 && c == 'a');
	p[0] = 'b';
	p[PAGE] = 'c';
	REQUIRE(pread(fd, &c, 1, 0) == 1 && c == 'b');
	REQUIRE(pwrite(fd, "d", 1, 0) == -1 && errno == EPERM);
	REQUIRE(no_map(NULL, PAGE, MAP_SHARED, fd, 0, EPERM));
	q = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	REQUIRE(q != MAP_FAILED);
	REQUIRE(mprotect(q, PAGE, RW) == -1 && errno == EACCES);
	REQUIRE(q[0] == 'b');
	REQUIRE(munmap(p, 2 * PAGE) == 0);
	REQUIRE(q[PAGE] == 'c');
	REQUIRE(pread(fd, &c, 1, (off_t)PAGE) == 1 && c == 'c');
	REQUIRE(munmap(q, 2 * PAGE) == 0);
	REQUIRE(close(fd) == 0);
}

/* Many mappings and unmappings at the same place stay independent. */
static void
churn(void)
{
	char *base = prog_map(256 * PAGE, PROT_NONE, PRIVATE | MAP_NORESERVE);
	uint32_t x = 99;

	for (int i = 0; i < 2000; i++) {
		size_t first, n;

		x = x * 1664525 + 1013904223;
		first = (x >> 24) % 240;
		n = 1 + (x >> 16) % 16;
		if (x & 0x1000) {
			REQUIRE(munmap(base + first * PAGE, n * PAGE) == 0);
			continue;
		}
		REQUIRE(map_at(base + first * PAGE, n, MAP_FIXED) ==
		    base + first * PAGE);
		REQUIRE(prog_zero(base + first * PAGE, PAGE));
		base[first * PAGE] = 1;
		base[(first + n) * PAGE - 1] = 1;
	}
	REQUIRE(munmap(base, 256 * PAGE) == 0);
}

int
main(int argc, char **argv)
{
	static const struct prog_check checks[] = {
		{ "replaces-middle", replaces_middle },
		{ "replaces-many", replaces_many },
		{ "file-over-anon", file_over_anon },
		{ "no-replace", no_replace },
		{ "hints", hints },
		{ "low-addresses", low_addresses },
		{ "mmap-errors", mmap_errors },
		{ "munmap-errors", munmap_errors },
		{ "dev-zero", dev_zero },
		{ "memfd-shared", memfd_shared },
		{ "memfd-sealed", memfd_sealed },
		{ "memfd-seal-busy", memfd_seal_busy },
		{ "memfd-seal-future", memfd_seal_future },
		{ "churn", churn },
	};

	return (prog_main(argc, argv, checks, COUNT(checks)));
}
