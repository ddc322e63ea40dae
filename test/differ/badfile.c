/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * badfile.c - see badfile.h.
 */
#include "test/differ/badfile.h"

_Static_assert(MEMFILE_PAGES <= 64, "a bit for each page of a file");

static bool
is_write(enum badfile_what what)
{
	return what >= BADFILE_WRITE;
}

void
badfile_fail(struct badfile *f, enum badfile_what what, uint64_t nth,
    enum faulty_mode mode)
{
	uint64_t first = nth + (is_write(what) ? f->writes : f->reads);

	f->fault[what].first = first;
	f->fault[what].last = mode == FAULTY_ON ? UINT64_MAX : first;
}

bool
badfile_is_dead(const struct badfile *f)
{
	for (unsigned i = BADFILE_WRITE; i <= BADFILE_PART; i++) {
		if (f->writes + 1 >= f->fault[i].first &&
		    f->fault[i].last == UINT64_MAX)
			return true;
	}
	return false;
}

/* Whether the request of that number goes wrong that way. */
static bool
goes_wrong(struct badfile *f, enum badfile_what what, uint64_t n)
{
	bool bad = n >= f->fault[what].first && n <= f->fault[what].last;

	f->faults += bad;
	return bad;
}

static int
badfile_read(void *file, uint64_t off, void *const *pages, unsigned npages,
    size_t *done)
{
	struct badfile *f = file;
	int error;

	f->reads++;
	if (goes_wrong(f, BADFILE_READ, f->reads)) {
		f->losses++;
		return VM_EIO;
	}
	error = memfile_read(&f->mem, off, pages, npages, done);
	if (goes_wrong(f, BADFILE_SHORT, f->reads)) {
		f->losses++;
		*done /= 2;
	}
	return error;
}

static int
failed(struct badfile *f, size_t len)
{
	f->failures += (len + MEMFILE_PAGE - 1) / MEMFILE_PAGE;
	return VM_EIO;
}

static uint64_t
bits_of(uint64_t off, size_t len)
{
	uint64_t bits = 0;

	for (uint64_t i = off; i < off + len; i += MEMFILE_PAGE)
		bits |= (uint64_t)1 << (i / MEMFILE_PAGE);
	return bits;
}

static int
badfile_write(void *file, uint64_t off, void *const *pages, size_t len)
{
	struct badfile *f = file;

	f->writes++;
	if (goes_wrong(f, BADFILE_WRITE, f->writes))
		return failed(f, len);
	if (goes_wrong(f, BADFILE_LOSE, f->writes)) {
		f->lost |= bits_of(off, len);
		return VM_OK;
	}
	if (goes_wrong(f, BADFILE_PART, f->writes)) {
		(void)memfile_write(&f->mem, off, pages, len / 2);
		return failed(f, len);
	}
	return memfile_write(&f->mem, off, pages, len);
}

static void
carry_out(struct badfile *f, struct vm_io *io)
{
	vm_io_done(io,
	    badfile_read(f, io->offset, io->addr, io->npages, &io->len));
}

static void
badfile_read_start(void *file, struct vm_io *io)
{
	struct badfile *f = file;

	if (f->mem.hold_reads && f->mem.nheld < MEMFILE_HELD)
		memfile_hold(&f->mem, io);
	else
		carry_out(f, io);
}

void
badfile_let_go(struct badfile *f, unsigned i, bool fails)
{
	struct vm_io *io = f->mem.held[i];

	f->mem.held[i] = f->mem.held[--f->mem.nheld];
	if (!fails) {
		carry_out(f, io);
		return;
	}
	f->losses++;
	vm_io_done(io, VM_EIO);
}

static const struct vm_file_ops badfile_ops = {
	.read = badfile_read,
	.read_start = badfile_read_start,
	.write = badfile_write,
	.size = memfile_size, /* of its first member */
	.close = memfile_close,
	.name = memfile_name,
};

_Static_assert(offsetof(struct badfile, mem) == 0, "it is a memfile, too");

struct vm_object *
badfile_object(struct vm_system *sys, struct badfile *f)
{
	struct vm_object_key key = { 1, (uint64_t)(uintptr_t)f };
	struct vm_object *obj;
	bool taken;

	obj = vm_file_object(sys, &badfile_ops, f, key, &taken);
	if (obj != NULL && taken)
		f->mem.opens++;
	return obj;
}
