/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * faultyswap.c - see faultyswap.h.
 *
 * What is wrong with a transfer is decided when it starts, by its number, and
 * applied when it is carried out.  The device below is given the transfer
 * itself; while it has it, its `done` is ours, and that of the owner stands in
 * the last of the words that belong to the store, as does the device: so
 * devices below may use the first two only.
 */
#include "env/faultyswap.h"

#include "base/check.h"
#include "base/mem.h"

enum { MINE_DEVICE = 2, MINE_OWNER = 3 };

/* What the owner waits for, kept where a function pointer fits. */
union owner {
	void (*done)(struct vm_io *);
	void *word;
};

_Static_assert(sizeof(void (*)(struct vm_io *)) == sizeof(void *),
    "a function pointer fits into a word of a transfer");

static void
finish(struct faultyswap *fs, struct vm_io *io, int error)
{
	atomic_fetch_sub(&fs->under_way, 1);
	vm_io_done(io, error);
}

/* The device below has done its part. */
static void
passed_on(struct vm_io *io)
{
	struct faultyswap *fs = io->store[MINE_DEVICE];
	union owner owner = { .word = io->store[MINE_OWNER] };

	io->done = owner.done;
	finish(fs, io, io->error);
}

/* Passed on, and then a byte of each page is wrong. */
static void
changed(struct vm_io *io)
{
	for (unsigned i = 0; i < io->npages; i++)
		((char *)io->addr[i])[i * 61 % VM_PAGE_SIZE] ^= 0x10;
	passed_on(io);
}

static void
pass_on(struct faultyswap *fs, struct vm_io *io, void (*then)(struct vm_io *))
{
	union owner owner = { .done = io->done };

	io->store[MINE_DEVICE] = fs;
	io->store[MINE_OWNER] = owner.word;
	io->done = then;
	fs->under->start(fs->dev, io);
}

/* ---- what goes wrong ---- */

static bool
is_due(struct faultyswap *fs, enum faultyswap_what what, uint64_t number)
{
	bool due = number >= fs->fault[what].first &&
	    number <= fs->fault[what].last;

	if (due)
		atomic_fetch_add(&fs->faults, 1);
	return due;
}

static bool
is_broken(struct faultyswap *fs, const struct vm_io *io)
{
	uint64_t page = io->offset / VM_PAGE_SIZE;
	bool broken = page < fs->broken_end &&
	    page + io->npages > fs->broken_first;

	if (broken)
		atomic_fetch_add(&fs->faults, 1);
	return broken;
}

static void
carry_out(struct faultyswap *fs, struct vm_io *io)
{
	uint64_t number = atomic_fetch_add(io->write ? &fs->writes : &fs->reads,
			      1) +
	    1;

	atomic_fetch_add(&fs->pages, io->npages);
	if (is_broken(fs, io) ||
	    is_due(fs, io->write ? FAULTYSWAP_WRITE : FAULTYSWAP_READ, number))
		finish(fs, io, fs->error);
	else if (io->write && is_due(fs, FAULTYSWAP_LOSE, number))
		finish(fs, io, 0);
	else if (!io->write && is_due(fs, FAULTYSWAP_CHANGE, number))
		pass_on(fs, io, changed);
	else
		pass_on(fs, io, passed_on);
}

/* ---- the device ---- */

static void
faultyswap_start(void *dev, struct vm_io *io)
{
	struct faultyswap *fs = dev;

	VM_VERIFY(!fs->closed);
	VM_VERIFY(io->npages > 0 && io->npages <= VM_CLUSTER_MAX);
	VM_VERIFY((io->offset & VM_PAGE_MASK) == 0);
	atomic_fetch_add(&fs->under_way, 1);
	if (fs->hold && fs->nheld < FAULTYSWAP_HELD)
		fs->held[fs->nheld++] = io;
	else
		carry_out(fs, io);
}

static void
faultyswap_close(void *dev)
{
	struct faultyswap *fs = dev;

	VM_VERIFY(fs->under_way == 0);
	VM_VERIFY(!fs->closed);
	atomic_store(&fs->closed, true);
	if (fs->under->close != NULL)
		fs->under->close(fs->dev);
}

const struct vm_swap_device_ops faultyswap_ops = {
	.name = "faulty",
	.start = faultyswap_start,
	.close = faultyswap_close,
};

/* ---- what a test says ---- */

void
faultyswap_init(struct faultyswap *fs, const struct vm_swap_device_ops *under,
    void *dev)
{
	memset(fs, 0, sizeof(*fs));
	fs->under = under;
	fs->dev = dev;
	fs->error = VM_EIO;
}

static uint64_t
requests(const struct faultyswap *fs, enum faultyswap_what what)
{
	return what == FAULTYSWAP_WRITE || what == FAULTYSWAP_LOSE ?
	    fs->writes :
	    fs->reads;
}

void
faultyswap_fail(struct faultyswap *fs, enum faultyswap_what what, uint64_t nth,
    enum faulty_mode mode)
{
	uint64_t first = requests(fs, what) + nth;

	fs->fault[what].first = first;
	fs->fault[what].last = nth == 0 ? 0 :
	    mode == FAULTY_ONCE         ? first :
					  UINT64_MAX;
}

bool
faultyswap_is_dead(const struct faultyswap *fs, enum faultyswap_what what)
{
	return fs->fault[what].last == UINT64_MAX &&
	    requests(fs, what) + 1 >= fs->fault[what].first;
}

void
faultyswap_break(struct faultyswap *fs, uint64_t first, uint64_t end)
{
	fs->broken_first = first;
	fs->broken_end = end;
}

static struct vm_io *
take_held(struct faultyswap *fs, unsigned i)
{
	struct vm_io *io;

	VM_VERIFY(i < fs->nheld);
	io = fs->held[i];
	fs->nheld--;
	memmove(&fs->held[i], &fs->held[i + 1],
	    (fs->nheld - i) * sizeof(fs->held[0]));
	return io;
}

void
faultyswap_let_go(struct faultyswap *fs, unsigned i)
{
	carry_out(fs, take_held(fs, i));
}

void
faultyswap_fail_held(struct faultyswap *fs, unsigned i)
{
	finish(fs, take_held(fs, i), fs->error);
}
