/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * file.c - regular files as objects.
 *
 * Reads and writes are waited for by the thread that needs them: the one that
 * faults, or the one that makes free pages.  The kernel has a cache of its own,
 * and reads ahead in it.
 */
#include "self/frames.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

struct file {
	struct bsdvm_system *sys;
	int fd;
};

/* The first len bytes of so many pages. */
static int
fill_iov(struct iovec *iov, void *const *pages, size_t len)
{
	int n = 0;

	for (; len > 0; n++) {
		iov[n].iov_base = pages[n];
		iov[n].iov_len = len < VM_PAGE_SIZE ? len : VM_PAGE_SIZE;
		len -= iov[n].iov_len;
	}
	return n;
}

/* What has been moved of the vector is behind us. */
static void
advance(struct iovec **iov, int *n, size_t moved)
{
	while (*n > 0 && moved >= (*iov)->iov_len) {
		moved -= (*iov)->iov_len;
		(*iov)++, (*n)--;
	}
	if (*n > 0) {
		(*iov)->iov_base = (char *)(*iov)->iov_base + moved;
		(*iov)->iov_len -= moved;
	}
}

typedef ssize_t move_fn(int fd, const struct iovec *, int n, off_t);

/* As far as it goes: *done tells, where a file ends. */
static int
move(move_fn *fn, const struct file *f, struct vm_io *io, size_t *done)
{
	struct iovec vector[VM_CLUSTER_MAX], *iov = vector;
	int n = fill_iov(vector, io->addr, io->len);
	ssize_t got;

	*done = 0;
	while (n > 0) {
		got = fn(f->fd, iov, n, (off_t)(io->offset + *done));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return VM_EIO;
		if (got == 0)
			break;
		*done += (size_t)got;
		advance(&iov, &n, (size_t)got);
	}
	return 0;
}

static int
file_read(void *file, uint64_t off, void *const *pages, unsigned npages,
    size_t *done)
{
	struct vm_io io = { .offset = off, .len = vm_ptoa(npages) };
	const struct file *f = file;

	frames_need(f->sys, pages, npages);
	for (unsigned i = 0; i < npages; i++)
		io.addr[i] = pages[i];
	return move(preadv, file, &io, done);
}

static int
file_write(void *file, uint64_t off, void *const *pages, size_t len)
{
	struct vm_io io = { .offset = off, .len = len };
	size_t done;
	int error;

	for (size_t i = 0; vm_ptoa(i) < len; i++)
		io.addr[i] = pages[i];
	error = move(pwritev, file, &io, &done);
	return error == 0 && done < len ? VM_EIO : error;
}

static int
file_sync(void *file)
{
	const struct file *f = file;

	return fdatasync(f->fd) == 0 ? 0 : VM_EIO;
}

static int
file_size(void *file, uint64_t *bytes)
{
	const struct file *f = file;
	struct stat st;

	if (fstat(f->fd, &st) != 0)
		return VM_EIO;
	*bytes = (uint64_t)st.st_size;
	return 0;
}

static void
file_close(void *file)
{
	struct file *f = file;

	(void)close(f->fd);
	f->sys->env->free(f->sys->env->ctx, f, sizeof(*f));
}

static int
file_punch(void *file, uint64_t off, uint64_t len)
{
	const struct file *f = file;

	return fallocate(f->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		   (off_t)off, (off_t)len) == 0 ?
	    0 :
	    VM_EINVAL;
}

static const struct vm_file_ops file_ops = {
	.read = file_read,
	.write = file_write,
	.sync = file_sync,
	.size = file_size,
	.close = file_close,
	.punch = file_punch,
};

static struct file *
make(struct bsdvm_system *sys, int fd)
{
	struct file *f = vm_alloc(sys->vm, sizeof(*f));

	if (f == NULL)
		return NULL;
	f->sys = sys;
	f->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (f->fd >= 0)
		return f;
	vm_free(sys->vm, f, sizeof(*f));
	return NULL;
}

int
bsdvm_object_file(struct bsdvm_system *sys, int fd, struct bsdvm_object **out)
{
	struct vm_object_key key;
	struct vm_object *obj;
	struct file *f;
	struct stat st;
	bool taken;
	int error;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return BSDVM_EINVAL;
	f = make(sys, fd);
	if (f == NULL)
		return BSDVM_ENOMEM;
	key = (struct vm_object_key){ st.st_dev, st.st_ino };
	obj = vm_file_object(sys->vm, &file_ops, f, key, &taken);
	if (!taken)
		file_close(f);
	error = self_object(sys, obj, out);
	if (error == 0)
		(*out)->readonly = (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY;
	return error;
}
