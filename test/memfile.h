/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memfile.h - a file in memory, for tests of what maps files.
 *
 * It is the host's side of vm_file_ops.  The test looks at its bytes and
 * changes them directly, counts requests, and lets the n-th one fail.  Writes
 * past the end would make the file longer, and abort instead: a pager must
 * never do that.
 *
 * There are two kinds: of memfile_ops a transfer has ended when it returns; of
 * memfile_slow_ops a write is held back as long as the test says `hold`, a read
 * that nobody sleeps for as long as it says `hold_reads`, and they are let go
 * in whatever order; it can be synced, too.
 */
#ifndef TEST_MEMFILE_H
#define TEST_MEMFILE_H

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "vm/pager/file.h"

enum { MEMFILE_PAGES = 64, MEMFILE_PAGE = 4096, MEMFILE_HELD = 16 };

struct memfile {
	uint64_t size;     /* bytes */
	unsigned opens;    /* handles that the library has */
	unsigned requests; /* reads and writes so far */
	unsigned reads, writes;
	unsigned fail_first; /* number of the first request to fail, from 1 */
	unsigned fail_last;  /* and of the last; 0: none fails */
	unsigned failures;
	bool full;          /* every write fails; */
	unsigned bad_write; /* the write of this number, from 1 */
	bool slow;          /* it is of memfile_slow_ops */
	bool hold;          /* keep what starts: writes, */
	bool hold_reads;    /* and reads */
	unsigned nheld;
	struct vm_io *held[MEMFILE_HELD];
	unsigned syncs;
	bool sync_fails;
	uint8_t bytes[MEMFILE_PAGES * MEMFILE_PAGE];
};

/* The n-th request from now on fails, and with `on` all after it. */
static inline void
memfile_fail(struct memfile *f, unsigned n, bool on)
{
	f->fail_first = n == 0 ? 0 : f->requests + n;
	f->fail_last = n == 0 ? 0 : on ? ~0u : f->fail_first;
}

static inline bool
memfile_fails(struct memfile *f)
{
	f->requests++;
	if (f->requests < f->fail_first || f->requests > f->fail_last)
		return false;
	f->failures++;
	return true;
}

static inline int
memfile_read(void *file, uint64_t off, void *const *pages, unsigned npages,
    size_t *done)
{
	struct memfile *f = file;
	size_t len;

	f->reads++;
	if (memfile_fails(f))
		return VM_EIO;
	*done = 0;
	for (unsigned i = 0; i < npages && off + *done < f->size; i++) {
		len = (size_t)(f->size - off - *done);
		len = len < MEMFILE_PAGE ? len : MEMFILE_PAGE;
		memcpy(pages[i], f->bytes + off + *done, len);
		*done += len;
	}
	return VM_OK;
}

static inline int
memfile_write(void *file, uint64_t off, void *const *pages, size_t len)
{
	struct memfile *f = file;
	size_t done = 0, n;

	f->writes++;
	if (memfile_fails(f) || f->full || f->writes == f->bad_write)
		return VM_EIO;
	if (off + len > f->size)
		abort();
	for (unsigned i = 0; done < len; i++, done += n) {
		n = len - done < MEMFILE_PAGE ? len - done : MEMFILE_PAGE;
		memcpy(f->bytes + off + done, pages[i], n);
	}
	return VM_OK;
}

static inline int
memfile_size(void *file, uint64_t *bytes)
{
	*bytes = ((struct memfile *)file)->size;
	return VM_OK;
}

static inline void
memfile_close(void *file)
{
	struct memfile *f = file;

	if (f->opens == 0)
		abort();
	f->opens--;
}

static inline void
memfile_name(void *file, const struct fmt_out *out)
{
	(void)file;
	(void)fmt_printf(out, "a file in memory");
}

static const struct vm_file_ops memfile_ops = {
	.read = memfile_read,
	.write = memfile_write,
	.size = memfile_size,
	.close = memfile_close,
	.name = memfile_name,
};

/* As a file: what lies past its end by now is not moved. */
static inline void
memfile_carry_out(struct memfile *f, struct vm_io *io)
{
	size_t len = io->len;

	if (!io->write) {
		vm_io_done(io,
		    memfile_read(f, io->offset, io->addr, io->npages,
			&io->len));
		return;
	}
	if (io->offset >= f->size) {
		vm_io_done(io, VM_ERANGE);
		return;
	}
	if (len > f->size - io->offset)
		len = (size_t)(f->size - io->offset);
	vm_io_done(io, memfile_write(f, io->offset, io->addr, len));
}

static inline void
memfile_hold(struct memfile *f, struct vm_io *io)
{
	if (f->nheld == MEMFILE_HELD)
		abort();
	f->held[f->nheld++] = io;
}

static inline void
memfile_start(void *file, struct vm_io *io)
{
	struct memfile *f = file;

	if (f->hold)
		memfile_hold(f, io);
	else
		memfile_carry_out(f, io);
}

static inline void
memfile_read_start(void *file, struct vm_io *io)
{
	struct memfile *f = file;

	if (f->hold_reads)
		memfile_hold(f, io);
	else
		memfile_carry_out(f, io);
}

/* Let the i-th go that is held, or all of them, the last one first. */
static inline void
memfile_let_go(struct memfile *f, unsigned i)
{
	struct vm_io *io = f->held[i];

	f->held[i] = f->held[--f->nheld];
	memfile_carry_out(f, io);
}

static inline void
memfile_let_all_go(struct memfile *f)
{
	f->hold = f->hold_reads = false;
	while (f->nheld > 0)
		memfile_let_go(f, f->nheld - 1);
}

static inline int
memfile_sync(void *file)
{
	struct memfile *f = file;

	f->syncs++;
	return f->sync_fails ? VM_EIO : VM_OK;
}

/* The i-th that is held fails. */
static inline void
memfile_fail_held(struct memfile *f, unsigned i)
{
	struct vm_io *io = f->held[i];

	f->held[i] = f->held[--f->nheld];
	f->failures++;
	vm_io_done(io, VM_EIO);
}

static const struct vm_file_ops memfile_slow_ops = {
	.read = memfile_read,
	.read_start = memfile_read_start,
	.start = memfile_start,
	.sync = memfile_sync,
	.size = memfile_size,
	.close = memfile_close,
	.name = memfile_name,
};

/* The object of the file, which is known by its address. */
static inline struct vm_object *
memfile_object(struct vm_system *sys, struct memfile *f)
{
	struct vm_object_key key = { 1, (uint64_t)(uintptr_t)f };
	struct vm_object *obj;
	bool taken;

	obj = vm_file_object(sys, f->slow ? &memfile_slow_ops : &memfile_ops, f,
	    key, &taken);
	if (obj != NULL && taken)
		f->opens++;
	return obj;
}

/*
 * Change the file as a host does: what is dirty goes into the file first, and
 * what the library has of the changed part is forgotten.
 */
static inline void
memfile_change(struct vm_object *obj, struct memfile *f, uint64_t off,
    const void *bytes, size_t len)
{
	assert(off + len <= sizeof(f->bytes));
	(void)vm_object_flush(obj, 0, UINT64_MAX);
	memcpy(f->bytes + off, bytes, len);
	if (off + len > f->size)
		f->size = off + len;
	vm_object_toss(obj, vm_atop(off), vm_atop(vm_round_page(off + len)));
}

/* Bytes past a new end are gone; a longer file ends in zeroes. */
static inline void
memfile_resize(struct vm_object *obj, struct memfile *f, uint64_t size)
{
	uint64_t was = f->size;

	assert(size <= sizeof(f->bytes));
	(void)vm_object_flush(obj, 0, UINT64_MAX);
	if (size < was)
		memset(f->bytes + size, 0, was - size);
	f->size = size;
	if (size < was)
		vm_object_toss(obj, vm_atop(size), UINT64_MAX);
}

#endif
