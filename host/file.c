/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * file.c - see file.h.
 *
 * The stamp of a file (size and times) is taken when its pages are known to
 * be the file's bytes.  A file whose stamp differs at the next mmap has been
 * changed by somebody we do not trace.
 *
 * What the host has in its cache is read at once.  For the rest an engine
 * reads, whose threads touch nothing but the frames and the descriptor for
 * reading, which stays the same; everything else here is done by the thread
 * that traces.
 */
#include "host/file.h"

#include "env/posix.h"
#include "host/cpu.h"
#include "pmap/host.h"
#include "vm/vm_object_page.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#define WINDOW_SIZE ((uint64_t)1 << 36) /* of a sealed file, see below */

struct stamp {
	off_t size;
	struct timespec mtime, ctime;
};

struct file {
	struct list link; /* on run->files */
	struct run *run;
	struct vm_object *object;
	struct iofile io; /* to read from; not for writing, if that can be */
	int write_fd;     /* -1: nobody writes; it may be that of io */
	bool in_memory;   /* of the host: reading it takes no time */
	struct stamp stamp;
	char *window; /* all of it, mapped here; or NULL */
};

static struct stamp
stamp_of(const struct stat *st)
{
	return (struct stamp){ st->st_size, st->st_mtim, st->st_ctim };
}

static bool
same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool
same_stamp(const struct stamp *a, const struct stamp *b)
{
	return a->size == b->size && same_time(a->mtime, b->mtime) &&
	    same_time(a->ctime, b->ctime);
}

/* ------------------------------------------------- what the core calls */

static unsigned
fill_iov(struct iovec *iov, void *const *pages, size_t len)
{
	unsigned n = 0;

	for (; len > 0; n++) {
		iov[n].iov_base = pages[n];
		iov[n].iov_len = len < VM_PAGE_SIZE ? len : VM_PAGE_SIZE;
		len -= iov[n].iov_len;
	}
	return n;
}

/* How many of the pages from the first on follow each other in memory. */
static size_t
run_length(void *const *pages, size_t len)
{
	size_t run = VM_PAGE_SIZE;

	while (run < len && (char *)pages[vm_atop(run)] == (char *)*pages + run)
		run += VM_PAGE_SIZE;
	return run < len ? run : len;
}

/*
 * Put bytes into frames by writing to the memory file.  Most frames have not
 * been touched here before: a store would fault, and the kernel would fill the
 * page with zeroes first.
 */
static int
fill_frames(const struct run *run, void *const *pages, const char *from,
    size_t len)
{
	int fd = pmap_host_file(run->machine);
	size_t part;
	ssize_t put;

	for (; len > 0; pages += vm_atop(part), from += part, len -= part) {
		part = run_length(pages, len);
		put = pwrite(fd, from, part,
		    (off_t)pmap_host_offset(run->machine, *pages));
		if (put != (ssize_t)part)
			return VM_EIO; /* the host has no more memory */
	}
	return VM_OK;
}

static char buffer[VM_CLUSTER_MAX * VM_PAGE_SIZE];

static int
file_read(void *file, uint64_t off, void *const *pages, unsigned npages,
    size_t *done)
{
	struct file *f = file;
	size_t len = vm_ptoa(npages);
	ssize_t got;

	*done = 0;
	while (*done < len) {
		got = pread(f->io.fd, buffer + *done, len - *done,
		    (off_t)(off + *done));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return VM_EIO;
		if (got == 0)
			break; /* the end of the file */
		*done += (size_t)got;
	}
	return fill_frames(f->run, pages, buffer, *done);
}

/* => true: all that lies inside the file was in the host's cache */
static bool
read_cached(struct file *f, struct vm_io *io)
{
	const struct iovec iov = { buffer, io->len };

	if (preadv2(f->io.fd, &iov, 1, (off_t)io->offset, RWF_NOWAIT) !=
	    (ssize_t)io->len)
		return false;
	vm_io_done(io, fill_frames(f->run, io->addr, buffer, io->len));
	return true;
}

/* By an engine.  Reading ends short at the end of the file. */
static void
read_ended(struct iofile *file, struct vm_io *io, int error)
{
	(void)file;
	vm_io_done(io, error == 0 || error == ENODATA ? VM_OK : VM_EIO);
}

/* There is one as soon as something has to be read that is not in the host's
 * memory; or none, if the host has no threads for us. */
static bool
has_engine(struct run *run)
{
	if (run->engine_tried)
		return run->engine != NULL;
	run->engine_tried = true;
	cpu_leave(run); /* its threads shall not keep to where we are */
	if (ioengine_create(&posix_env, &run->engine) != 0)
		run->engine = NULL;
	cpu_keep(run);
	return run->engine != NULL;
}

/* What has failed an engine's thread tries again: it has the engine. */
static void
file_read_start(void *file, struct vm_io *io)
{
	struct file *f = file;
	bool tracing = pthread_equal(f->run->thread, pthread_self());

	if (tracing && !f->in_memory && read_cached(f, io))
		return;
	if (tracing && (f->in_memory || !has_engine(f->run)))
		vm_io_done(io,
		    file_read(f, io->offset, io->addr, io->npages, &io->len));
	else
		f->run->engine->ops->start(f->run->engine, &f->io, io);
}

static int
write_by_call(struct file *f, uint64_t off, void *const *pages, size_t len)
{
	struct iovec iov[VM_CLUSTER_MAX];
	size_t done = 0;
	ssize_t put;

	while (done < len) {
		unsigned n = fill_iov(iov, pages + vm_atop(done), len - done);

		put = pwritev(f->write_fd, iov, (int)n, (off_t)(off + done));
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0 || (put & (ssize_t)VM_PAGE_MASK) != 0) {
			if (put > 0 && done + (size_t)put == len)
				break;
			return VM_EIO;
		}
		done += (size_t)put;
	}
	return VM_OK;
}

/* Copy to memory that may have lost its file: no signal comes of that. */
static int
copy_out(char *to, void *const *pages, size_t len)
{
	struct iovec from[VM_CLUSTER_MAX], all = { to, len };
	unsigned n = fill_iov(from, pages, len);

	return process_vm_writev(getpid(), from, n, &all, 1, 0) ==
		(ssize_t)len ?
	    VM_OK :
	    VM_EIO;
}

/* Through a mapping, which never makes the file longer. */
static int
write_by_mapping(struct file *f, uint64_t off, void *const *pages, size_t len)
{
	void *p;
	int error;

	if (f->window != NULL)
		return off + len > WINDOW_SIZE ?
		    VM_EIO :
		    copy_out(f->window + off, pages, len);
	p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, f->write_fd,
	    (off_t)off);
	if (p == MAP_FAILED)
		return VM_EIO;
	error = copy_out(p, pages, len);
	(void)munmap(p, len);
	return error;
}

/*
 * Somebody of the run may be about to make the file shorter: a write that had
 * asked for the size before would make it longer again.
 */
static bool
is_being_cut(const struct file *f)
{
	LIST_FOREACH(struct task, t, &f->run->tasks.all, all)
		if (t->change.object == f->object)
			return true;
	return false;
}

/* Who maps a file may fill it, whatever the limit on what a call writes. */
static bool
is_past_limit(uint64_t end)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_FSIZE, &limit) == 0 && end > limit.rlim_cur;
}

static int
file_write(void *file, uint64_t off, void *const *pages, size_t len)
{
	struct file *f = file;
	struct stat st;
	int error;

	if (f->write_fd < 0)
		return VM_EIO;
	if (f->window != NULL || is_being_cut(f) ||
	    (fcntl(f->write_fd, F_GETFL) & O_APPEND) != 0 ||
	    is_past_limit(off + len))
		error = write_by_mapping(f, off, pages, len);
	else
		error = write_by_call(f, off, pages, len);
	if (fstat(f->io.fd, &st) != 0)
		return error;
	if (error != 0 && (uint64_t)st.st_size < off + len)
		error = VM_ERANGE; /* what is lost lies beyond its end */
	f->stamp = stamp_of(&st);
	return error;
}

static int
file_sync(void *file)
{
	struct file *f = file;

	if (fdatasync(f->io.fd) != 0 && errno != EINVAL && errno != EROFS)
		return VM_EIO;
	return VM_OK; /* or there is nothing that could be lost */
}

static int
size_of(void *file, uint64_t *bytes)
{
	struct file *f = file;
	struct stat st;
	off_t end;

	if (fstat(f->io.fd, &st) != 0)
		return VM_EIO;
	*bytes = (uint64_t)st.st_size;
	if (S_ISBLK(st.st_mode)) {
		end = lseek(f->io.fd, 0, SEEK_END);
		*bytes = end < 0 ? 0 : (uint64_t)end;
	}
	return VM_OK;
}

static void
close_for_writing(struct file *f)
{
	if (f->write_fd < 0)
		return;
	f->run->writable_files--;
	if (f->write_fd != f->io.fd)
		(void)close(f->write_fd);
	f->write_fd = -1;
}

/* Files are found by keys, and so are cached while they are read: only who maps
 * and unmaps lets go of them, which is the thread that traces; or the system at
 * its end, when nothing is being read any more. */
static void
file_close(void *file)
{
	struct file *f = file;

	VM_ASSERT(pthread_equal(f->run->thread, pthread_self()));
	list_remove(&f->link);
	close_for_writing(f);
	if (f->window != NULL)
		(void)munmap(f->window, WINDOW_SIZE);
	(void)close(f->io.fd);
	free(f);
}

/* Where the file is now, as the host puts it. */
static size_t
path_of(const struct file *f, char *buf, size_t size)
{
	char link[64];
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", f->io.fd);
	n = readlink(link, buf, size - 1);
	buf[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

static void
put_name(void *file, const struct fmt_out *out)
{
	char path[PATH_MAX];

	(void)path_of(file, path, sizeof(path));
	(void)fmt_printf(out, "%s", path);
}

static int
punch(void *file, uint64_t off, uint64_t len)
{
	struct file *f = file;
	struct stat st;

	if (fallocate(f->write_fd >= 0 ? f->write_fd : f->io.fd,
		FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)off,
		(off_t)len) != 0)
		return errno == EPERM ? VM_EPERM : VM_EINVAL;
	if (fstat(f->io.fd, &st) == 0)
		f->stamp = stamp_of(&st);
	return VM_OK;
}

static const struct vm_file_ops file_ops = {
	.read = file_read,
	.read_start = file_read_start,
	.write = file_write,
	.sync = file_sync,
	.size = size_of,
	.close = file_close,
	.punch = punch,
	.name = put_name,
};

/* -------------------------------------------------------------- objects */

static struct vm_object_key
key_of(const struct stat *st)
{
	return (struct vm_object_key){ st->st_dev, st->st_ino };
}

struct vm_object *
file_find(struct run *run, const struct stat *st)
{
	return vm_object_find(run->sys, key_of(st));
}

static void
forget_stale(struct vm_object *obj, struct file *f, const struct stat *st)
{
	struct stamp now = stamp_of(st);

	if (same_stamp(&f->stamp, &now))
		return;
	(void)vm_object_flush(obj, 0, UINT64_MAX >> VM_PAGE_SHIFT);
	vm_object_invalidate(obj, 0, UINT64_MAX >> VM_PAGE_SHIFT);
	file_changed(obj);
}

/* The object is there; fd may be what it has not, for writing. */
static struct vm_object *
use_found(struct vm_object *obj, int fd, bool writable, const struct stat *st)
{
	struct file *f = vm_file_handle(obj);

	if (writable && f->write_fd < 0) {
		f->write_fd = fd;
		f->run->writable_files++;
	} else {
		(void)close(fd);
	}
	forget_stale(obj, f, st);
	return obj;
}

static bool
is_in_memory(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) != 0)
		return false;
	return fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC ||
	    fs.f_type == PROC_SUPER_MAGIC || fs.f_type == SYSFS_MAGIC;
}

/* The same file for reading; or fd, if that is not to be had. */
static int
reopen(int fd)
{
	char path[64];
	int own;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	own = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	return own < 0 ? fd : own;
}

static struct vm_object *
make_new(struct run *run, int fd, bool writable, const struct stat *st)
{
	struct file *f = malloc(sizeof(*f));
	struct vm_object *obj = NULL;
	bool taken = false;

	if (f != NULL) {
		*f = (struct file){ .run = run,
			.io = { .fd = fd, .end = read_ended },
			.write_fd = -1,
			.in_memory = is_in_memory(fd),
			.stamp = stamp_of(st) };
		obj = vm_file_object(run->sys, &file_ops, f, key_of(st),
		    &taken);
	}
	if (!taken) {
		(void)close(fd);
		free(f);
		return obj;
	}
	f->object = obj;
	list_insert_tail(&run->files, &f->link);
	if (writable) {
		f->write_fd = fd;
		f->io.fd = reopen(fd);
		run->writable_files++;
	}
	return obj;
}

struct vm_object *
file_object(struct run *run, int fd, bool writable)
{
	struct vm_object *obj;
	struct stat st;

	if (fstat(fd, &st) != 0) {
		(void)close(fd);
		return NULL;
	}
	obj = file_find(run, &st);
	if (obj != NULL)
		return use_found(obj, fd, writable, &st);
	return make_new(run, fd, writable, &st);
}

void
file_changed(struct vm_object *obj)
{
	struct file *f = vm_file_handle(obj);
	struct stat st;

	if (f != NULL && fstat(f->io.fd, &st) == 0)
		f->stamp = stamp_of(&st);
}

/* Bytes of a page that is resident, if it still is.  One that is being read may
 * come to have what was there before. */
static void
put_bytes(struct vm_object *obj, uint64_t off, const void *from, size_t len)
{
	struct file *f = vm_file_handle(obj);
	struct vm_page *pg;

	vm_object_lock(obj);
	pg = vm_object_claim(obj, vm_atop(off));
	if (pg != NULL)
		memcpy((char *)pmap_page_data(f->run->machine, pg) +
			(off & VM_PAGE_MASK),
		    from, len);
	vm_object_unlock(obj);
}

void
file_refresh(struct vm_object *obj, uint64_t start, uint64_t end)
{
	struct file *f = vm_file_handle(obj);
	vm_pindex_t pindex = vm_atop(start);
	char bytes[VM_PAGE_SIZE];
	struct vm_page *pg;
	uint64_t from, to;
	ssize_t got;

	for (;; pindex++) {
		vm_object_lock(obj);
		pg = vm_object_next(obj, &pindex);
		vm_object_unlock(obj);
		if (pg == NULL || vm_ptoa(pindex) >= end)
			break;
		from = vm_ptoa(pindex) > start ? vm_ptoa(pindex) : start;
		to = vm_ptoa(pindex + 1) < end ? vm_ptoa(pindex + 1) : end;
		got = pread(f->io.fd, bytes, to - from, (off_t)from);
		if (got < 0)
			continue;
		memset(bytes + got, 0, sizeof(bytes) - (size_t)got);
		put_bytes(obj, from, bytes, to - from);
	}
	file_changed(obj);
}

size_t
file_path(const struct vm_object *obj, char *buf, size_t size)
{
	struct file *f = vm_file_handle(obj);

	buf[0] = '\0';
	return f == NULL ? 0 : path_of(f, buf, size);
}

void
file_keep_writing(struct vm_object *obj)
{
	struct file *f = vm_file_handle(obj);
	void *p;

	if (f == NULL || f->window != NULL || f->write_fd < 0)
		return;
	p = mmap(NULL, WINDOW_SIZE, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_NORESERVE, f->write_fd, 0);
	if (p != MAP_FAILED)
		f->window = p;
}

uint64_t
file_size(const struct vm_object *obj)
{
	struct file *f = vm_file_handle(obj);
	uint64_t bytes;

	return f != NULL && size_of(f, &bytes) == VM_OK ? bytes : 0;
}

static void
end_writing(struct file *f)
{
	if (vm_object_flush(f->object, 0, UINT64_MAX >> VM_PAGE_SHIFT) == 0 &&
	    f->write_fd != f->io.fd)
		close_for_writing(f); /* else it is tried again */
}

void
file_end_writing(struct run *run)
{
	if (run->writable_files == 0)
		return;
	LIST_FOREACH(struct file, f, &run->files, link)
		if (f->write_fd >= 0 && f->window == NULL &&
		    atomic_load(&f->object->refs) == 0)
			end_writing(f);
}

void
file_flush_all(struct run *run)
{
	LIST_FOREACH(struct file, f, &run->files, link)
		if (f->write_fd >= 0)
			(void)vm_object_flush(f->object, 0,
			    UINT64_MAX >> VM_PAGE_SHIFT);
}

void
file_fini(struct run *run)
{
	if (run->engine != NULL)
		run->engine->ops->destroy(run->engine);
}
