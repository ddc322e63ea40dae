/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * swapengine.c - see swapengine.h.
 */
#include "env/swapengine.h"

#include <errno.h>

static bool
follows(const struct iovec *piece, const void *addr)
{
	return (const char *)piece->iov_base + piece->iov_len == addr;
}

void
swapvec_init(struct swapvec *v, const struct swapengine *engine,
    const struct vm_io *io)
{
	v->first = v->npieces = 0;
	v->at = engine->begin + (off_t)io->offset;
	for (unsigned i = 0; i < io->npages; i++) {
		if (v->npieces == 0 ||
		    !follows(&v->piece[v->npieces - 1], io->addr[i]))
			v->piece[v->npieces++] = (struct iovec){
				.iov_base = io->addr[i]
			};
		v->piece[v->npieces - 1].iov_len += VM_PAGE_SIZE;
	}
}

bool
swapvec_advance(struct swapvec *v, size_t bytes)
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
swapvec_result(struct swapvec *v, ssize_t result)
{
	if (result == -EINTR)
		return EAGAIN;
	if (result < 0)
		return (int)-result;
	if (result == 0)
		return ENODATA;
	return swapvec_advance(v, (size_t)result) ? 0 : EAGAIN;
}
