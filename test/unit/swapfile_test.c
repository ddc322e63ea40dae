/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * swapfile_test.c - do swap files bring back what went out, by both engines,
 * with many requests under way (pthread_create: swap_rig.c)?  What is refused,
 * in which words, and what has changed then?  What becomes of a file that
 * shrinks, or of a disk that fills up, under them?
 */
#include "env/ioengine.h"
#include "env/swapfile.h"
#include "test/unit/swap_rig.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/fiemap.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MB ((uint64_t)1 << 20)

static char folder[64];
static struct swap_env rig;

static const char *
path(const char *name)
{
	static char text[128];

	(void)snprintf(text, sizeof(text), "%s/%s", folder, name);
	return text;
}

static int
set_up(void **state)
{
	(void)state;
	(void)snprintf(folder, sizeof(folder), "/tmp/bsdvm-swap.XXXXXX");
	swap_env_init(&rig);
	return mkdtemp(folder) == NULL;
}

static int
tear_down(void **state)
{
	char command[128];

	(void)state;
	assert_int_equal(atomic_load(&rig.faulty.blocks), 0);
	(void)snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static bool
try_open(const char *name, uint64_t size, enum swapfile_engine engine,
    struct vm_swap_device *device, struct swapdev_why *why)
{
	const struct swapfile_config config = {
		.env = &rig.env,
		.path = name == NULL ? NULL : path(name),
		.size = size,
		.engine = engine,
	};

	why->text[0] = '\0';
	return swapfile_open(&config, device, why);
}

static struct vm_swap_device
must_open(const char *name, uint64_t size)
{
	struct swapdev_why why;
	struct vm_swap_device device;

	if (!try_open(name, size, SWAPFILE_BEST, &device, &why))
		fail_msg("%s", why.text);
	return device;
}

static void
must_refuse(const char *name, uint64_t size, const char *word)
{
	struct swapdev_why why;
	struct vm_swap_device device;

	if (try_open(name, size, SWAPFILE_BEST, &device, &why))
		fail_msg("%s was opened", name);
	if (strstr(why.text, word) == NULL)
		fail_msg("%s: \"%s\" has no \"%s\"", name, why.text, word);
	assert_int_equal(atomic_load(&rig.faulty.blocks), 0);
}

static void
make_file(const char *name, uint64_t size)
{
	int fd = open(path(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	(void)close(fd);
}

static void
poke(const char *name, uint64_t at, const char *text)
{
	int fd = open(path(name), O_WRONLY);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, text, strlen(text), (off_t)at),
	    (ssize_t)strlen(text));
	(void)close(fd);
}

static void
must_contain(const char *name, uint64_t at, const char *text)
{
	char data[64] = "";
	int fd = open(path(name), O_RDONLY);

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, data, strlen(text), (off_t)at),
	    (ssize_t)strlen(text));
	assert_string_equal(data, text);
	(void)close(fd);
}

static uint64_t
size_of(const char *name)
{
	struct stat st;

	assert_int_equal(stat(path(name), &st), 0);
	return (uint64_t)st.st_size;
}

/* ---- transfers ---- */

static void
hammer_engine(enum swapfile_engine engine, const char *name)
{
	struct swapdev_why why;
	struct vm_swap_device device;

	if (!try_open("swap", 8 * MB, engine, &device, &why)) {
		printf("skip: %s\n", why.text);
		skip();
	}
	assert_string_equal(swapfile_engine_of(&device), name);
	assert_int_equal(device.npages, 8 * MB / VM_PAGE_SIZE - 1);
	assert_int_equal(hammer(&device, 3), 0);
	swapdev_close(&device);
	assert_int_equal(atomic_load(&rig.messages), 0);
}

/* Does everything come back, with many requests under way? */
static void
test_many_uring(void **state)
{
	(void)state;
	hammer_engine(SWAPFILE_URING, "io_uring");
}

static void
test_many_threads(void **state)
{
	(void)state;
	hammer_engine(SWAPFILE_THREADS, "threads");
}

/* Does an engine read what is in no cache, which it else is not asked for? */
struct bare {
	struct iofile file;
	struct ioengine *engine;
};

static void
bare_end(struct iofile *file, struct vm_io *io, int error)
{
	(void)file;
	vm_io_done(io, error == 0 ? VM_OK : VM_EIO);
}

static void
bare_start(void *dev, struct vm_io *io)
{
	struct bare *b = dev;

	b->engine->ops->start(b->engine, &b->file, io);
}

static void
hammer_bare(const struct ioengine_ops *which)
{
	static const struct vm_swap_device_ops ops = { .start = bare_start };
	struct bare b = { .file = { .end = bare_end } };
	struct vm_swap_device device = { .ops = &ops,
		.dev = &b,
		.npages = 2000 };

	b.file.fd = open(path("bare"), O_RDWR | O_CREAT, 0600);
	assert_true(b.file.fd >= 0);
	if (which->create(&rig.env, &b.engine) != 0) {
		printf("skip: no %s here\n", which->name);
		skip();
	}
	assert_int_equal(hammer(&device, 3), 0);
	assert_int_equal(try_transfer(&device, false, 1990, 20), VM_EIO);
	b.engine->ops->destroy(b.engine);
	(void)close(b.file.fd);
}

static void
test_bare_uring(void **state)
{
	(void)state;
	hammer_bare(&ioring);
}

static void
test_bare_threads(void **state)
{
	(void)state;
	hammer_bare(&iopool);
}

/* Whether the disk has this byte: before, its block has been allocated only. */
static bool
is_on_disk(const char *name, uint64_t at)
{
	union {
		struct fiemap map;
		char room[sizeof(struct fiemap) + sizeof(struct fiemap_extent)];
	} ask = {
		.map = { .fm_start = at, .fm_length = 1, .fm_extent_count = 1 }
	};
	int fd = open(path(name), O_RDONLY);
	int error = ioctl(fd, FS_IOC_FIEMAP, &ask);

	(void)close(fd);
	return error == 0 && ask.map.fm_mapped_extents == 1 &&
	    (ask.map.fm_extents[0].fe_flags & FIEMAP_EXTENT_UNWRITTEN) == 0;
}

static bool
is_soon_on_disk(const char *name, uint64_t at)
{
	for (unsigned i = 0; i < 1000; i++) {
		if (is_on_disk(name, at))
			return true;
		(void)usleep(10000);
	}
	return false;
}

static bool
knows_what_is_on_disk(const char *name)
{
	int fd = open(path(name), O_RDWR | O_CREAT, 0600);
	bool knows;

	assert_true(fd >= 0);
	assert_int_equal(fallocate(fd, 0, 0, MB), 0);
	knows = !is_on_disk(name, 0) && pwrite(fd, "x", 1, 0) == 1 &&
	    !is_on_disk(name, 0) && fdatasync(fd) == 0 && is_on_disk(name, 0);
	(void)close(fd);
	return knows;
}

/* Does what goes out go on to the disk, without anybody's asking? */
static void
must_send(enum swapfile_engine engine)
{
	struct swapdev_why why;
	struct vm_swap_device device;

	if (!knows_what_is_on_disk("other")) {
		printf("skip: no telling what the disk has\n");
		skip();
	}
	if (!try_open("swap", 8 * MB, engine, &device, &why)) {
		printf("skip: %s\n", why.text);
		skip();
	}
	for (unsigned i = 0; i < 320; i += 64)
		must_write(&device, 256 + i, 64, 1);
	assert_true(is_soon_on_disk("swap", MB + VM_PAGE_SIZE));
	swapdev_close(&device);
}

static void
test_sends_uring(void **state)
{
	(void)state;
	must_send(SWAPFILE_URING);
}

static void
test_sends_threads(void **state)
{
	(void)state;
	must_send(SWAPFILE_THREADS);
}

static void
note_done(struct vm_io *io)
{
	(void)io;
}

/* A transfer that ends early, at every place: does it go on there, and is it
 * known how far it came? */
static void
test_piecewise(void **state)
{
	static char memory[6 * VM_PAGE_SIZE];
	struct iofile file = { .begin = 100, .end = bare_end };
	struct vm_io io = { .npages = 4,
		.offset = VM_PAGE_SIZE,
		.store = { NULL, &file },
		.done = note_done };
	struct iovecs v;

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		io.addr[i] = memory + vm_ptoa(i < 2 ? i : i + 1);
	for (size_t n = 1; n < vm_ptoa(4); n += 511) {
		iovecs_init(&v, &io);
		assert_int_equal(v.npieces, 2);
		assert_int_equal(iovecs_result(&v, (ssize_t)n), EAGAIN);
		assert_int_equal(v.at, 100 + VM_PAGE_SIZE + n);
		assert_ptr_equal(v.piece[v.first].iov_base,
		    memory + n + (n < vm_ptoa(2) ? 0 : VM_PAGE_SIZE));
		assert_int_equal(iovecs_result(&v, -EINTR), EAGAIN);
		iovecs_end(&v, &io, ENODATA);
		assert_int_equal(io.len, n);
		assert_int_equal(iovecs_result(&v, (ssize_t)(vm_ptoa(4) - n)),
		    0);
		iovecs_end(&v, &io, 0);
		assert_int_equal(io.len, vm_ptoa(4));
	}
	iovecs_init(&v, &io);
	assert_int_equal(iovecs_result(&v, -EIO), EIO);
	assert_int_equal(iovecs_result(&v, 0), ENODATA);
}

/* Transfers of every length, pages that touch and pages that do not? */
static void
test_lengths(void **state)
{
	static char memory[VM_CLUSTER_MAX * VM_PAGE_SIZE]
	    __attribute__((aligned(4096)));
	struct vm_swap_device device = must_open(NULL, MB);
	struct transfer t;
	void *own;

	(void)state;
	for (unsigned n = 1; n <= VM_CLUSTER_MAX; n++) {
		must_write(&device, n, n, n);
		must_read(&device, n, n, n);
	}
	must_read(&device, VM_CLUSTER_MAX, VM_CLUSTER_MAX, VM_CLUSTER_MAX);
	transfer_init(&t, VM_CLUSTER_MAX);
	own = t.io.addr[0];
	for (unsigned i = 0; i < VM_CLUSTER_MAX; i++)
		t.io.addr[i] = memory + vm_ptoa(i);
	transfer_fill(&t, 100, 7);
	transfer_begin(&t, &device, true, 100);
	assert_int_equal(transfer_wait(&t), VM_OK);
	must_read(&device, 100, VM_CLUSTER_MAX, 7);
	t.io.addr[0] = own;
	transfer_fini(&t);
	swapdev_close(&device);
}

/* ---- what is taken ---- */

/* Is a file that was swap taken again, as large as it is? */
static void
test_again(void **state)
{
	struct vm_swap_device device = must_open("swap", MB);

	(void)state;
	must_write(&device, 254, 1, 5);
	swapdev_close(&device);
	device = must_open("swap", 0);
	assert_int_equal(device.npages, 255);
	must_read(&device, 254, 1, 5);
	swapdev_close(&device);
	assert_int_equal(size_of("swap"), MB);
}

/* Does one that is too small grow, and one that is larger stay? */
static void
test_sizes(void **state)
{
	struct vm_swap_device device;

	(void)state;
	make_file("swap", 0);
	must_refuse("swap", 0, "too small");
	device = must_open("swap", MB);
	swapdev_close(&device);
	device = must_open("swap", 2 * MB);
	assert_int_equal(device.npages, 511);
	swapdev_close(&device);
	poke("swap", MB, "mine");
	device = must_open("swap", MB);
	assert_int_equal(device.npages, 255);
	must_write(&device, 0, 64, 1);
	must_write(&device, 191, 64, 1);
	swapdev_close(&device);
	assert_int_equal(size_of("swap"), 2 * MB);
	must_contain("swap", MB, "mine");
	make_file("odd", 256 * VM_PAGE_SIZE + 100);
	device = must_open("odd", 0);
	assert_int_equal(device.npages, 255);
	swapdev_close(&device);
}

/* Is what somebody may miss left alone? */
static void
test_contents(void **state)
{
	struct vm_swap_device device;

	(void)state;
	make_file("swap", 4 * MB);
	device = must_open("swap", 0); /* a hole all over */
	swapdev_close(&device);

	make_file("image", 4 * MB);
	poke("image", 65536, "file system");
	must_refuse("image", 0, "not a swap file");
	must_refuse("image", 8 * MB, "not a swap file");
	must_contain("image", 65536, "file system");
	assert_int_equal(size_of("image"), 4 * MB);

	make_file("image", 4 * MB);
	poke("image", 4 * MB - 4, "tail");
	must_refuse("image", 0, "not a swap file");

	make_file("linux", 4 * MB);
	poke("linux", 1024, "label");
	poke("linux", VM_PAGE_SIZE - 10, "SWAPSPACE2");
	device = must_open("linux", 0);
	must_write(&device, 0, 64, 1);
	swapdev_close(&device);
	must_contain("linux", 1024, "label");
	must_contain("linux", VM_PAGE_SIZE - 10, "SWAPSPACE2");
}

/* Is a temporary file nowhere to be seen, and where TMPDIR says? */
static void
test_temporary(void **state)
{
	struct swapdev_why why;
	struct vm_swap_device device;

	(void)state;
	assert_int_equal(setenv("TMPDIR", folder, 1), 0);
	device = must_open(NULL, MB);
	assert_int_equal(device.npages, 256);
	must_write(&device, 192, 64, 1);
	must_read(&device, 192, 64, 1);
	assert_int_equal(rmdir(folder), 0); /* it is empty */
	swapdev_close(&device);
	assert_false(try_open(NULL, MB, SWAPFILE_BEST, &device, &why));
	assert_non_null(strstr(why.text, "no temporary file in /tmp/"));
	assert_int_equal(mkdir(folder, 0700), 0);
	(void)unsetenv("TMPDIR");
}

/* ---- what is refused ---- */

static void
test_refusals(void **state)
{
	struct vm_swap_device device, other;
	struct swapdev_why why;

	(void)state;
	must_refuse("none", 0, "No such file");
	must_refuse("none/swap", MB, "No such file");
	must_refuse("", 0, "a directory");
	assert_int_equal(mkfifo(path("pipe"), 0600), 0);
	assert_int_equal(symlink("nothing", path("link")), 0);
	must_refuse("link", MB, "symbolic link to nothing");
	must_refuse("pipe", 0, "neither a regular file nor a block device");
	must_refuse("new", 16 * VM_PAGE_SIZE, "too small");
	assert_int_equal(access(path("new"), F_OK), -1);
	make_file("small", 1000);
	must_refuse("small", 0, "too small: 1000 bytes");
	make_file("readonly", MB);
	assert_int_equal(chmod(path("readonly"), 0400), 0);
	must_refuse("readonly", 0, "not writable");
	device = must_open("swap", MB);
	assert_false(try_open("swap", 0, SWAPFILE_BEST, &other, &why));
	assert_non_null(strstr(why.text, "already in use"));
	assert_false(try_open("swap", MB, SWAPFILE_BEST, &other, &why));
	swapdev_close(&device);
}

/* A limit on the size of files: refused, instead of death by SIGXFSZ? */
static void
test_limit(void **state)
{
	struct rlimit limit, before;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = before;
	limit.rlim_cur = MB;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	must_refuse("swap", 2 * MB, "ulimit -f");
	assert_int_equal(access(path("swap"), F_OK), -1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
}

/* Does each allocation that fails refuse the file, and leave it as it was? */
static void
fail_each(const char *name, uint64_t size)
{
	static const enum swapfile_engine engines[] = { SWAPFILE_URING,
		SWAPFILE_THREADS };
	struct swapdev_why why;
	struct vm_swap_device device;

	for (unsigned i = 0; i < 2; i++) {
		for (unsigned n = 1; n <= 2; n++) {
			faulty_fail(&rig.faulty, n, FAULTY_ONCE);
			assert_false(
			    try_open(name, size, engines[i], &device, &why));
			assert_int_equal(atomic_load(&rig.faulty.blocks), 0);
		}
	}
	faulty_fail(&rig.faulty, 0, FAULTY_ONCE);
}

static void
test_no_memory(void **state)
{
	char first = 'x';
	int fd;

	(void)state;
	fail_each("swap", MB);
	assert_int_equal(access(path("swap"), F_OK), -1);
	make_file("blank", 2 * MB);
	fail_each("blank", 0);
	fail_each("blank", 3 * MB);
	assert_int_equal(size_of("blank"), 2 * MB);
	fd = open(path("blank"), O_RDONLY);
	assert_int_equal(read(fd, &first, 1), 1);
	assert_int_equal(first, 0);
	(void)close(fd);
}

/* ---- when things go wrong later ---- */

/* A file that shrinks: is a page that is gone an error, once told? */
static void
test_shrinks(void **state)
{
	struct vm_swap_device device = must_open("swap", 4 * MB);

	(void)state;
	must_write(&device, 0, 64, 1);
	must_write(&device, 500, 64, 1);
	assert_int_equal(truncate(path("swap"), MB), 0);
	must_read(&device, 0, 64, 1);
	assert_int_equal(try_transfer(&device, false, 500, 64), VM_EIO);
	assert_int_equal(try_transfer(&device, false, 500, 1), VM_EIO);
	assert_int_equal(try_transfer(&device, false, 230, 64), VM_EIO);
	assert_int_equal(atomic_load(&rig.messages), 1);
	assert_non_null(strstr(rig.last, "has become shorter"));
	assert_non_null(strstr(rig.last, "read of 64 pages"));
	swapdev_close(&device);
}

static bool
mount_small(void)
{
	if (mount("tmpfs", folder, "tmpfs", 0, "size=4m") == 0)
		return true;
	printf("skip: no file system can be mounted: %s\n", strerror(errno));
	return false;
}

static void
fill(const char *name)
{
	static const char data[65536];
	int fd = open(path(name), O_WRONLY | O_CREAT | O_APPEND, 0600);

	assert_true(fd >= 0);
	while (write(fd, data, sizeof(data)) > 0)
		continue;
	(void)close(fd);
}

/* A full disk: found at the start, with nothing left behind? */
static void
test_full_at_start(void **state)
{
	struct vm_swap_device device;

	(void)state;
	if (!mount_small())
		skip();
	must_refuse("swap", 8 * MB, "no room for 8388608 bytes: No space");
	assert_int_equal(access(path("swap"), F_OK), -1);
	make_file("hole", 16 * MB);
	must_refuse("hole", 0, "no room");
	assert_int_equal(size_of("hole"), 16 * MB);
	device = must_open("swap", 2 * MB);
	swapdev_close(&device);
	must_refuse("swap", 8 * MB, "no room");
	assert_int_equal(size_of("swap"), 2 * MB);
	(void)umount(folder);
}

/* One that fills up later, where it can: an error, once told? */
static void
test_full_later(void **state)
{
	struct vm_swap_device device;

	(void)state;
	if (!mount_small())
		skip();
	for (unsigned e = SWAPFILE_URING; e <= SWAPFILE_THREADS; e++) {
		struct swapdev_why why;

		atomic_store(&rig.messages, 0);
		if (!try_open("swap", 2 * MB, e, &device, &why))
			continue;
		must_write(&device, 0, 64, 1);
		assert_int_equal(truncate(path("swap"), 65536), 0);
		fill("other");
		assert_int_equal(try_transfer(&device, true, 100, 64), VM_EIO);
		assert_int_equal(try_transfer(&device, true, 200, 1), VM_EIO);
		assert_int_equal(atomic_load(&rig.messages), 1);
		assert_non_null(strstr(rig.last, "No space left"));
		assert_non_null(strstr(rig.last, "write of 64 pages"));
		must_read(&device, 0, 15, 1);
		swapdev_close(&device);
		assert_int_equal(unlink(path("other")), 0);
	}
	(void)umount(folder);
}

/* ---- a kernel that refuses calls ---- */

static bool
forbid(uint32_t call, uint32_t error)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

enum { RIGHT, WRONG, NO_FILTERS };

/* Must be right, in a process of its own. */
static void
alone(int (*work)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(work());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == NO_FILTERS) {
		printf("skip: no seccomp filters\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), RIGHT);
}

static int
without_uring(void)
{
	struct swapdev_why why;
	struct vm_swap_device device;

	if (!forbid(SYS_io_uring_setup, EPERM))
		return NO_FILTERS;
	if (try_open("swap", MB, SWAPFILE_URING, &device, &why) ||
	    !try_open("swap", MB, SWAPFILE_BEST, &device, &why) ||
	    strcmp(swapfile_engine_of(&device), "threads") != 0)
		return WRONG;
	must_write(&device, 0, 64, 1);
	must_read(&device, 0, 64, 1);
	swapdev_close(&device);
	return RIGHT;
}

/* Where io_uring is forbidden: are threads taken? */
static void
test_forbidden(void **state)
{
	(void)state;
	alone(without_uring);
}

static int
without_lock(void)
{
	struct swapdev_why why;
	struct vm_swap_device device;

	if (!forbid(SYS_flock, EWOULDBLOCK))
		return NO_FILTERS;
	if (try_open("swap", MB, SWAPFILE_BEST, &device, &why) ||
	    strstr(why.text, "already in use") == NULL)
		return WRONG;
	return access(path("swap"), F_OK) == 0 ? RIGHT : WRONG;
}

/* Made, but another was faster to take it: is it left to that one? */
static void
test_lost_race(void **state)
{
	(void)state;
	alone(without_lock);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_many_uring),
		TEST(test_many_threads),
		TEST(test_bare_uring),
		TEST(test_bare_threads),
		TEST(test_sends_uring),
		TEST(test_sends_threads),
		TEST(test_piecewise),
		TEST(test_lengths),
		TEST(test_again),
		TEST(test_sizes),
		TEST(test_contents),
		TEST(test_temporary),
		TEST(test_refusals),
		TEST(test_limit),
		TEST(test_no_memory),
		TEST(test_shrinks),
		TEST(test_full_at_start),
		TEST(test_full_later),
		TEST(test_forbidden),
		TEST(test_lost_race),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
