/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * swapfile.c - see swapfile.h.
 *
 * Opening goes from what changes nothing to what does: look, open, lock, look
 * into, allocate, sign.  What is signed is ours: nothing can fail after that.
 */
#include "env/swapfile.h"

#include "env/ioengine.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_MAX_LEN 256
#define LOOKED_AT    ((uint64_t)1 << 20) /* at each end, for being blank */
#define SENT_AT_ONCE 256                 /* pages, to the disk */

struct swapfile {
	struct iofile file;
	struct ioengine *engine;
	const struct vm_env *env;
	struct swaplog log;
	_Atomic unsigned unsent; /* pages written, but not to the disk */
	char name[NAME_MAX_LEN];
};

/* What is known of it while it is being opened. */
struct opening {
	const struct swapfile_config *config;
	struct swapdev_why *why;
	const char *folder; /* of a temporary file */
	int fd;
	struct stat st;
	uint64_t has;   /* bytes it has */
	uint64_t size;  /* bytes it shall have for us, whole pages */
	uint64_t begin; /* where the pages begin */
	bool created, locked, grown, sign;
};

/* ------------------------------------------------------------- signature */

static const char signature[VM_PAGE_SIZE] = "bsdvm swap file 1\n";
static const char mkswap_signature[10] = "SWAPSPACE2"; /* ends the page */

static bool
is_signed(const char *page)
{
	return memcmp(page, signature, strlen(signature)) == 0 ||
	    memcmp(page + VM_PAGE_SIZE - sizeof(mkswap_signature),
		mkswap_signature, sizeof(mkswap_signature)) == 0;
}

/* => false: there are other bytes, or it cannot be read */
static bool
is_zero(int fd, uint64_t start, uint64_t end)
{
	static const char zero[VM_PAGE_SIZE];
	char data[VM_PAGE_SIZE];
	ssize_t n;

	for (; start < end; start += (uint64_t)n) {
		n = pread(fd, data, sizeof(data), (off_t)start);
		if (n <= 0 || memcmp(data, zero, (size_t)n) != 0)
			return false;
	}
	return true;
}

static bool
is_blank(const struct opening *o)
{
	uint64_t ends = o->has < LOOKED_AT ? o->has : LOOKED_AT;

	return is_zero(o->fd, 0, ends) && is_zero(o->fd, o->has - ends, o->has);
}

static bool
check_contents(struct opening *o)
{
	char page[VM_PAGE_SIZE] = "";

	if (o->has > 0 && pread(o->fd, page, sizeof(page), 0) < 0)
		return swapdev_refuse(o->why, "cannot be read: %s",
		    strerror(errno));
	o->sign = !is_signed(page);
	if (!o->sign || is_blank(o))
		return true;
	return swapdev_refuse(o->why,
	    "has contents and is not a swap file; name another, or empty it");
}

static bool
write_signature(struct opening *o)
{
	ssize_t n;

	if (!o->sign)
		return true;
	n = pwrite(o->fd, signature, sizeof(signature), 0);
	if (n == (ssize_t)sizeof(signature))
		return true;
	return swapdev_refuse(o->why, "cannot be written: %s",
	    n < 0 ? strerror(errno) : "the write was short");
}

/* ------------------------------------------------------------------ size */

static bool
decide_size(struct opening *o)
{
	uint64_t size = o->config->size != 0 ? o->config->size : o->has;
	uint64_t least = o->begin + vm_ptoa(SWAPDEV_LEAST);

	o->size = size & ~VM_PAGE_MASK;
	if (o->size < least)
		return swapdev_refuse(o->why,
		    "too small: %llu bytes, it takes %llu%s",
		    (unsigned long long)size, (unsigned long long)least,
		    o->config->size == 0 ? "; FILE:SIZE makes it grow" : "");
	if (S_ISBLK(o->st.st_mode) && o->size > o->has)
		return swapdev_refuse(o->why, "the device has %llu bytes only",
		    (unsigned long long)o->has);
	if (o->size > INT64_MAX)
		return swapdev_refuse(o->why, "%llu bytes are too many",
		    (unsigned long long)size);
	return true;
}

/* Writing past that limit would be answered with a signal. */
static bool
check_limit(struct opening *o)
{
	struct rlimit limit;

	if (S_ISBLK(o->st.st_mode) || getrlimit(RLIMIT_FSIZE, &limit) != 0 ||
	    limit.rlim_cur == RLIM_INFINITY || o->size <= limit.rlim_cur)
		return true;
	return swapdev_refuse(o->why,
	    "%llu bytes are more than the limit on files (ulimit -f)",
	    (unsigned long long)o->size);
}

/*
 * Where the file system cannot allocate, at least the size is right.
 * => 0 or an errno
 */
static int
allocate(int fd, uint64_t has, uint64_t size)
{
	while (fallocate(fd, 0, 0, (off_t)size) != 0) {
		if (errno == EINTR)
			continue;
		if (errno != EOPNOTSUPP && errno != ENOSYS)
			return errno;
		if (has < size && ftruncate(fd, (off_t)size) != 0)
			return errno;
		return 0;
	}
	return 0;
}

static bool
make_room(struct opening *o)
{
	int error;

	if (S_ISBLK(o->st.st_mode))
		return true;
	o->grown = o->has < o->size;
	error = allocate(o->fd, o->has, o->size);
	if (error == 0)
		return true;
	if (o->folder != NULL)
		return swapdev_refuse(o->why,
		    "no room for %llu bytes in %s (see $TMPDIR): %s",
		    (unsigned long long)o->size, o->folder, strerror(error));
	return swapdev_refuse(o->why, "no room for %llu bytes: %s",
	    (unsigned long long)o->size, strerror(error));
}

/* --------------------------------------------------------------- opening */

static bool
look(struct opening *o)
{
	if (fstat(o->fd, &o->st) != 0)
		return swapdev_refuse(o->why, "%s", strerror(errno));
	o->has = (uint64_t)o->st.st_size;
	if (S_ISBLK(o->st.st_mode) && ioctl(o->fd, BLKGETSIZE64, &o->has) != 0)
		return swapdev_refuse(o->why, "cannot tell its size: %s",
		    strerror(errno));
	return true;
}

/* Root can write a file that nobody may write; but its owner forbade it. */
static bool
check_kind(struct opening *o, const char *path)
{
	if (stat(path, &o->st) != 0) {
		if (errno == ENOENT && o->config->size != 0)
			return true;
		return swapdev_refuse(o->why, "%s%s", strerror(errno),
		    errno == ENOENT ? "; FILE:SIZE makes one" : "");
	}
	if (S_ISDIR(o->st.st_mode))
		return swapdev_refuse(o->why, "a directory");
	if (!S_ISREG(o->st.st_mode) && !S_ISBLK(o->st.st_mode))
		return swapdev_refuse(o->why,
		    "neither a regular file nor a block device");
	if (S_ISREG(o->st.st_mode) && (o->st.st_mode & 0222) == 0)
		return swapdev_refuse(o->why, "not writable: its mode is %04o",
		    (unsigned)o->st.st_mode & 07777);
	return true;
}

static bool
open_path(struct opening *o, const char *path)
{
	int flags = O_RDWR | O_CLOEXEC | O_NOCTTY;

	if (S_ISBLK(o->st.st_mode))
		flags |= O_EXCL;
	o->fd = open(path, flags);
	if (o->fd < 0 && errno == ENOENT && o->config->size != 0) {
		o->fd = open(path, flags | O_CREAT | O_EXCL, 0600);
		o->created = o->fd >= 0;
	}
	if (o->fd >= 0)
		return true;
	if (errno == EEXIST)
		return swapdev_refuse(o->why, "a symbolic link to nothing");
	if (errno == EBUSY || errno == ETXTBSY)
		return swapdev_refuse(o->why, "already in use: %s",
		    strerror(errno));
	if (errno == ENOENT)
		return swapdev_refuse(o->why,
		    "No such file or directory: its folder is not there");
	return swapdev_refuse(o->why, "not writable: %s", strerror(errno));
}

static bool
lock(struct opening *o)
{
	o->locked = flock(o->fd, LOCK_EX | LOCK_NB) == 0;
	if (o->locked)
		return true;
	if (errno == EWOULDBLOCK)
		return swapdev_refuse(o->why, "already in use as swap");
	return swapdev_refuse(o->why, "cannot be locked: %s", strerror(errno));
}

static bool
open_named(struct opening *o)
{
	const char *path = o->config->path;

	o->begin = VM_PAGE_SIZE;
	return check_kind(o, path) && open_path(o, path) && lock(o) &&
	    look(o) && check_contents(o) && decide_size(o) && check_limit(o) &&
	    make_room(o);
}

/* => -1: errno says why not */
static int
make_temporary(const char *folder)
{
	int fd = open(folder, O_TMPFILE | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
	char path[PATH_MAX];
	int n;

	if (fd >= 0)
		return fd;
	n = snprintf(path, sizeof(path), "%s/bsdvm-swap.XXXXXX", folder);
	if (n < 0 || (size_t)n >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		(void)unlink(path);
	return fd;
}

static bool
open_temporary(struct opening *o)
{
	const char *folder = getenv("TMPDIR");

	if (folder == NULL || *folder == '\0')
		folder = "/var/tmp";
	o->folder = folder;
	o->fd = make_temporary(folder);
	if (o->fd < 0)
		return swapdev_refuse(o->why, "no temporary file in %s: %s",
		    folder, strerror(errno));
	return look(o) && decide_size(o) && check_limit(o) && make_room(o);
}

/* One that was made, without the lock, may be somebody else's by now. */
static void
undo(const struct opening *o)
{
	if (o->fd < 0)
		return;
	if (o->locked && o->created)
		(void)unlink(o->config->path);
	else if (o->grown)
		(void)!ftruncate(o->fd, (off_t)o->has);
	(void)close(o->fd);
}

/* ---------------------------------------------------------------- device */

static void
tell(struct swapfile *f, const struct vm_io *io, int error)
{
	swaplog_say(&f->log, "%s of %u page%s at byte %llu failed: %s",
	    io->write ? "write" : "read", io->npages,
	    io->npages == 1 ? "" : "s", (unsigned long long)io->offset,
	    error == ENODATA ? "the file has become shorter" : strerror(error));
}

/* Together the disk takes them faster than one by one. */
static void
send(struct swapfile *f, unsigned npages)
{
	if (atomic_fetch_add(&f->unsent, npages) + npages >= SENT_AT_ONCE &&
	    f->engine->ops->send(f->engine, &f->file))
		atomic_store(&f->unsent, 0);
}

/* The thread is the engine's, so that f is there until it returns. */
static void
end(struct iofile *file, struct vm_io *io, int error)
{
	struct swapfile *f = container_of(file, struct swapfile, file);
	unsigned written = io->write && error == 0 ? io->npages : 0;

	if (error != 0)
		tell(f, io, error);
	vm_io_done(io, error != 0 ? VM_EIO : VM_OK);
	if (written != 0)
		send(f, written);
}

/* => true: its pages were in the host's cache, all of them */
static bool
read_at_once(struct swapfile *f, struct vm_io *io)
{
	struct iovecs v;

	io->store[1] = &f->file;
	iovecs_init(&v, io);
	return preadv2(f->file.fd, v.piece, (int)v.npieces, v.at, RWF_NOWAIT) ==
	    (ssize_t)vm_ptoa(io->npages);
}

static void
start(void *dev, struct vm_io *io)
{
	struct swapfile *f = dev;

	if (!io->write && read_at_once(f, io)) {
		vm_io_done(io, VM_OK);
		return;
	}
	f->engine->ops->start(f->engine, &f->file, io);
}

static void
close_file(void *dev)
{
	struct swapfile *f = dev;

	f->engine->ops->destroy(f->engine);
	(void)close(f->file.fd);
	f->env->free(f->env->ctx, f, sizeof(*f));
}

static const struct vm_swap_device_ops ops = {
	.name = "file",
	.start = start,
	.close = close_file,
};

static const struct vm_swap_device_ops block_ops = {
	.name = "block device",
	.start = start,
	.close = close_file,
};

static int
choose_engine(struct swapfile *f, const struct opening *o)
{
	switch (o->config->engine) {
	case SWAPFILE_BEST:
		return ioengine_create(f->env, &f->engine);
	case SWAPFILE_URING:
		return ioring.create(f->env, &f->engine);
	case SWAPFILE_THREADS:
		return iopool.create(f->env, &f->engine);
	}
	VM_UNREACHABLE();
}

static bool
begin_engine(struct swapfile *f, const struct opening *o)
{
	int error = choose_engine(f, o);

	if (error == 0)
		return true;
	return swapdev_refuse(o->why, "no %s: %s%s",
	    o->config->engine == SWAPFILE_URING ? "io_uring" : "threads",
	    strerror(error),
	    error == EAGAIN || error == ENOMEM ? " (see ulimit -d, -u)" : "");
}

/* => NULL: why says it */
static struct swapfile *
make_device(struct opening *o)
{
	const struct vm_env *env = o->config->env;
	const char *path = o->config->path;
	struct swapfile *f = env->alloc(env->ctx, sizeof(*f));

	if (f == NULL) {
		(void)swapdev_refuse(o->why, "out of memory");
		return NULL;
	}
	f->env = env;
	f->file = (struct iofile){ .fd = o->fd,
		.begin = (off_t)o->begin,
		.end = end };
	(void)snprintf(f->name, sizeof(f->name), "%s",
	    path != NULL ? path : "(temporary)");
	swaplog_init(&f->log, env, f->name);
	atomic_init(&f->unsent, 0);
	if (begin_engine(f, o)) {
		if (write_signature(o))
			return f;
		f->engine->ops->destroy(f->engine);
	}
	env->free(env->ctx, f, sizeof(*f));
	return NULL;
}

bool
swapfile_open(const struct swapfile_config *config,
    struct vm_swap_device *device, struct swapdev_why *why)
{
	struct opening o = { .config = config, .why = why, .fd = -1 };
	struct swapfile *f = NULL;

	if (config->path != NULL ? open_named(&o) : open_temporary(&o))
		f = make_device(&o);
	if (f == NULL) {
		undo(&o);
		return false;
	}
	*device = (struct vm_swap_device){ .ops = S_ISBLK(o.st.st_mode) ?
		    &block_ops :
		    &ops,
		.dev = f,
		.npages = vm_atop(o.size - o.begin) };
	return true;
}

const char *
swapfile_engine_of(const struct vm_swap_device *device)
{
	const struct swapfile *f = device->dev;

	return f->engine->ops->name;
}

bool
swapfile_has_uring(void)
{
	return ioring.start != NULL;
}
