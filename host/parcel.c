/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * parcel.c - see parcel.h.
 */
#include "host/parcel.h"

#include "host/run.h"
#include "host/space.h"
#include "host/syscall.h"
#include "include/bsdvm/syscall.h"
#include "vm/vm_extract.h"
#include "vm/vm_transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct parcel {
	struct list link; /* on run->parcels */
	struct vmspace *vm;
	vaddr_t start;
	vsize_t len;
	int fd;     /* the end to write to, which nobody does */
	ino_t pipe; /* both ends have it */
};

/* --------------------------------------------------------------- pipes */

/* An end of a pipe that the program has open in this way, for us; or a
 * negative errno. */
static int
open_end(struct task *t, int program_fd, int way, ino_t *pipe)
{
	int fd = task_fd(t, program_fd);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) != 0 || !S_ISFIFO(st.st_mode) ||
	    (fcntl(fd, F_GETFL) & O_ACCMODE) != way) {
		(void)close(fd);
		return -EINVAL;
	}
	*pipe = st.st_ino;
	return fd;
}

static bool
is_wanted(const struct parcel *p)
{
	struct pollfd end = { p->fd, POLLOUT, 0 };

	return poll(&end, 1, 0) <= 0 || !(end.revents & POLLERR);
}

static struct parcel *
find(struct run *run, ino_t pipe)
{
	LIST_FOREACH(struct parcel, p, &run->parcels, link)
		if (p->pipe == pipe)
			return p;
	return NULL;
}

/* -------------------------------------------------------- their lives */

static struct parcel *
create(struct run *run)
{
	struct parcel *p = calloc(1, sizeof(*p));

	if (p == NULL ||
	    vmspace_create(run->sys, run->options->design, &p->vm) != 0) {
		free(p);
		return NULL;
	}
	p->fd = -1;
	return p;
}

static void
destroy(struct parcel *p)
{
	vmspace_unref(p->vm);
	if (p->fd >= 0)
		(void)close(p->fd);
	free(p);
}

void
parcel_sweep(struct run *run)
{
	LIST_FOREACH_SAFE(struct parcel, p, next, &run->parcels, link)
		if (!is_wanted(p)) {
			list_remove(&p->link);
			destroy(p);
		}
}

void
parcel_fini(struct run *run)
{
	LIST_FOREACH_SAFE(struct parcel, p, next, &run->parcels, link) {
		list_remove(&p->link);
		destroy(p);
	}
}

/* ---------------------------------------------------------------- give */

static int
pass(struct vmspace *from, const struct parcel_of *of, struct parcel *p)
{
	static const enum vm_pass how[] = {
		[BSDVM_SYS_GIVE_SHARE] = VM_PASS_SHARE,
		[BSDVM_SYS_GIVE_COPY] = VM_PASS_COPY,
		[BSDVM_SYS_GIVE_DONATE] = VM_PASS_DONATE,
	};
	struct vm_extract_args args = {
		.from = from,
		.to = p->vm,
		.start = of->start,
		.len = p->len,
		.how = how[of->how],
		.flags = VM_EXTRACT_CONTIG,
	};

	return vm_extract(&args, &p->start);
}

/* What is lent is private memory of the parcel already: a loan that its owner
 * leaves is a transfer. */
static int
lend(struct vmspace *from, const struct parcel_of *of, struct parcel *p)
{
	int error = vm_loan_to(from, of->start, p->len, p->vm, &p->start);

	if (error == 0 && of->how == BSDVM_SYS_GIVE_TRANSFER)
		error = vm_munmap(from, of->start, p->len);
	return error;
}

static int64_t
fill(struct task *t, const struct parcel_of *of, struct parcel *p)
{
	struct vmspace *from = t->space->vm;

	p->len = vm_round_page(of->len);
	return syscall_error(of->how <= BSDVM_SYS_GIVE_DONATE ?
		pass(from, of, p) :
		lend(from, of, p));
}

static int64_t
check(const struct parcel_of *of)
{
	if (of->how > BSDVM_SYS_GIVE_TRANSFER || of->len == 0 ||
	    (of->start & VM_PAGE_MASK) != 0)
		return -EINVAL;
	return vm_range_fits(of->start, of->len) ? 0 : -EFAULT;
}

int64_t
parcel_give(struct task *t, const struct parcel_of *of)
{
	int64_t error = check(of);
	struct parcel *p;

	if (error != 0)
		return error;
	parcel_sweep(t->run);
	p = create(t->run);
	if (p == NULL)
		return -ENOMEM;
	p->fd = open_end(t, of->fd, O_WRONLY, &p->pipe);
	error = p->fd < 0                 ? p->fd :
	    find(t->run, p->pipe) != NULL ? -EEXIST :
					    fill(t, of, p);
	if (error != 0)
		destroy(p);
	else
		list_insert_tail(&t->run->parcels, &p->link);
	return error;
}

/* ---------------------------------------------------------------- take */

int64_t
parcel_take(struct task *t, int fd, vaddr_t hint, vsize_t *len)
{
	struct vm_extract_args args = { .how = VM_PASS_DONATE };
	ino_t pipe;
	int end = open_end(t, fd, O_RDONLY, &pipe), error;
	struct parcel *p;

	if (end < 0)
		return end;
	(void)close(end);
	p = find(t->run, pipe);
	if (p == NULL)
		return -EINVAL;
	args.from = p->vm;
	args.to = t->space->vm;
	args.start = p->start;
	args.len = *len = p->len;
	error = vm_extract(&args, &hint);
	if (error != 0)
		return syscall_error(error);
	list_remove(&p->link);
	destroy(p);
	return (int64_t)hint;
}
