/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * file.c - see file.h.
 *
 * The stamp of a file (size and times) is taken when its pages are known to
 * be the file's bytes.  A file whose stamp differs at the next mmap has been
 * changed by somebody we do not trace.
 */
#include "host/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

struct stamp {
	off_t size;
	struct timespec mtime, ctime;
};

struct file {
	struct list link; /* on run->files */
	struct run *run;
	struct vm_object *object;
	int fd;
	bool writable;
	struct stamp stamp;
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

static int
file_read(void *file, uint64_t off, void *const *pages, unsigned npages,
    size_t *done)
{
	struct file *f = file;
	struct iovec iov[VM_CLUSTER_MAX];
	size_t len = vm_ptoa(npages);
	ssize_t got;

	*done = 0;
	while (*done < len) {
		unsigned n = fill_iov(iov, pages + vm_atop(*done), len - *done);

		got = preadv(f->fd, iov, (int)n, (off_t)(off + *done));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return VM_EIO;
		*done += (size_t)got;
		if (got == 0 || (*done & VM_PAGE_MASK) != 0)
			break; /* the end of the file */
	}
	return VM_OK;
}

static int
file_write(void *file, uint64_t off, void *const *pages, size_t len)
{
	struct file *f = file;
	struct iovec iov[VM_CLUSTER_MAX];
	size_t done = 0;
	struct stat st;
	ssize_t put;

	if (!f->writable)
		return VM_EIO;
	while (done < len) {
		unsigned n = fill_iov(iov, pages + vm_atop(done), len - done);

		put = pwritev(f->fd, iov, (int)n, (off_t)(off + done));
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0 || (put & (ssize_t)VM_PAGE_MASK) != 0) {
			if (put > 0 && done + (size_t)put == len)
				break;
			return VM_EIO;
		}
		done += (size_t)put;
	}
	if (fstat(f->fd, &st) == 0)
		f->stamp = stamp_of(&st);
	return VM_OK;
}

static int
size_of(void *file, uint64_t *bytes)
{
	struct file *f = file;
	struct stat st;
	off_t end;

	if (fstat(f->fd, &st) != 0)
		return VM_EIO;
	*bytes = (uint64_t)st.st_size;
	if (S_ISBLK(st.st_mode)) {
		end = lseek(f->fd, 0, SEEK_END);
		*bytes = end < 0 ? 0 : (uint64_t)end;
	}
	return VM_OK;
}

static void
file_close(void *file)
{
	struct file *f = file;

	list_remove(&f->link);
	f->run->writable_files -= f->writable;
	(void)close(f->fd);
	free(f);
}

/* Where the file is now, as the host puts it. */
static size_t
path_of(const struct file *f, char *buf, size_t size)
{
	char link[64];
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", f->fd);
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

static const struct vm_file_ops file_ops = {
	.read = file_read,
	.write = file_write,
	.size = size_of,
	.close = file_close,
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
	vm_object_toss(obj, 0, UINT64_MAX >> VM_PAGE_SHIFT);
	file_changed(obj);
}

/* The object is there; fd may be better than the one it has. */
static struct vm_object *
use_found(struct vm_object *obj, int fd, bool writable, const struct stat *st)
{
	struct file *f = vm_file_handle(obj);

	if (writable && !f->writable) {
		(void)close(f->fd);
		f->fd = fd;
		f->writable = true;
		f->run->writable_files++;
	} else {
		(void)close(fd);
	}
	forget_stale(obj, f, st);
	return obj;
}

static struct vm_object *
make_new(struct run *run, int fd, bool writable, const struct stat *st)
{
	struct file *f = malloc(sizeof(*f));
	struct vm_object *obj = NULL;
	bool taken = false;

	if (f != NULL) {
		*f = (struct file){ .run = run,
			.fd = fd,
			.writable = writable,
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
	run->writable_files += writable;
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

	if (f != NULL && fstat(f->fd, &st) == 0)
		f->stamp = stamp_of(&st);
}

uint64_t
file_size(const struct vm_object *obj)
{
	struct file *f = vm_file_handle(obj);
	uint64_t bytes;

	return f != NULL && size_of(f, &bytes) == VM_OK ? bytes : 0;
}

void
file_flush_all(struct run *run)
{
	LIST_FOREACH(struct file, f, &run->files, link)
		if (f->writable)
			(void)vm_object_flush(f->object, 0,
			    UINT64_MAX >> VM_PAGE_SHIFT);
}
