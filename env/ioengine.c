/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ioengine.c - see ioengine.h.
 */
#include "env/ioengine.h"

#include <errno.h>

static bool
follows(const struct iovec *piece, const void *addr)
{
	return (const char *)piece->iov_base + piece->iov_len == addr;
}

void
iovecs_init(struct iovecs *v, const struct vm_io *io)
{
	v->first = v->npieces = 0;
	v->at = ioengine_file(io)->begin + (off_t)io->offset;
	for (unsigned i = 0; i < io->npages; i++) {
		if (v->npieces == 0 ||
		    !follows(&v->piece[v->npieces - 1], io->addr[i]))
			v->piece[v->npieces++] = (struct iovec){
				.iov_base = io->addr[i]
			};
		v->piece[v->npieces - 1].iov_len += VM_PAGE_SIZE;
	}
}

/* So many bytes were moved.  => true: that was all */
static bool
advance(struct iovecs *v, size_t bytes)
{
	struct iovec *piece;

	v->at += (off_t)bytes;
	while (v->first < v->npieces) {
		piece = &v->piece[v->first];
		if (bytes < piece->iov_len) {
			piece->iov_base = (char *)piece->iov_base + bytes;
			piece->iov_len -= bytes;
			return false;
		}
		bytes -= piece->iov_len;
		v->first++;
	}
	return true;
}

/* Nothing moved and no error: the file ends there. */
int
iovecs_result(struct iovecs *v, ssize_t result)
{
	if (result == -EINTR)
		return EAGAIN;
	if (result < 0)
		return (int)-result;
	if (result == 0)
		return ENODATA;
	return advance(v, (size_t)result) ? 0 : EAGAIN;
}

void
iovecs_end(const struct iovecs *v, struct vm_io *io, int error)
{
	struct iofile *file = ioengine_file(io);

	io->len = (size_t)(v->at - file->begin - (off_t)io->offset);
	file->end(file, io, error);
}

/* In the order of preference. */
static const struct ioengine_ops *const engines[] = { &ioring, &iopool };

int
ioengine_create(const struct vm_env *env, struct ioengine **engine)
{
	int error = ENOSYS;

	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
		error = engines[i]->create(env, engine);
		if (error == 0)
			break;
	}
	return error;
}
