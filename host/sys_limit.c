/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys_limit.c - limits on memory, processors, and the memory of others.
 *
 * RLIMIT_AS would hit what the supervisor maps in the process, so the host
 * never hears of it.  Other limits run as they are and are noted.
 */
#include "host/cpu.h"
#include "host/filter.h"
#include "host/limit.h"
#include "host/run.h"
#include "host/space.h"
#include "host/stub.h"
#include "host/syscall.h"
#include "host/trace.h"
#include "host/user.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define RED_ZONE VM_PAGE_SIZE /* below the stack pointer, in use */

/* --------------------------------------------------------------- limits */

/* As far as its gap goes. */
static void
limit_growth(struct vm_map *map, rlim_t limit)
{
	vm_map_lock(map);
	map->stack_limit = limit;
	vm_map_unlock(map);
}

/* What is beyond a lowered limit, and below what the task uses of the stack,
 * goes.  Who is not on that stack cannot tell what others use. */
static void
cut_stack(struct task *t, rlim_t limit)
{
	struct space *space = t->space;
	vaddr_t start = space->stack_start, end = space->stack_end, to;
	uint64_t sp = trace_regs(t)->rsp;

	if (limit >= end - start || sp <= start || sp >= end)
		return;
	to = end - vm_round_page(limit);
	if (to > vm_trunc_page(sp) - RED_ZONE)
		to = vm_trunc_page(sp) - RED_ZONE;
	if (to > start && vm_munmap(space->vm, start, to - start) == 0)
		space->stack_start = to;
}

/* The stack may grow to a raised limit, if nothing is in the way. */
static void
widen_stack(struct space *space, rlim_t limit)
{
	vaddr_t end, at;
	struct vm_mmap_args args = { .flags = VM_MMAP_FIXED |
		    VM_MMAP_NOREPLACE | VM_MMAP_PRIVATE | VM_MMAP_STACK,
		.max_prot = VM_PROT_ALL };
	const struct vm_map_entry *e;

	vm_map_lock_read(&space->vm->map);
	e = vm_map_lookup(&space->vm->map, space->stack_start);
	end = space->stack_end;
	if (e != NULL)
		args.prot = e->prot;
	vm_map_unlock_read(&space->vm->map);
	if (e == NULL || limit >= end - VM_PAGE_SIZE)
		return;
	args.addr = end - vm_round_page(limit);
	if (args.addr >= space->stack_start)
		return;
	args.len = space->stack_start - args.addr;
	if (vm_mmap(space->vm, &args, &at) == 0)
		space->stack_start = args.addr;
}

static void
limit_stack(struct task *t, struct task *of, rlim_t limit)
{
	struct space *space = of->space;

	if (space->vm->map.design->stack == VM_STACK_GROWS) {
		limit_growth(&space->vm->map, limit);
		return;
	}
	if (t == of)
		cut_stack(t, limit);
	widen_stack(space, limit);
	space_limit_size(space, &space->as_limit);
}

/* Whose limits a call that has ended was about: prlimit names a process. */
static struct task *
limited(struct task *t)
{
	pid_t pid = t->nr == SYS_prlimit64 ? (pid_t)trace_regs(t)->rdi : 0;

	return pid == 0 ? t : task_find(t->run, pid);
}

/* The host knows best what has come of the call. */
static void
after_limit(struct task *t, long result)
{
	struct task *of = limited(t);
	struct rlimit now;

	if (result != 0 || of == NULL || of->space == NULL)
		return;
	limit_note(of);
	if (prlimit(of->tid, RLIMIT_STACK, NULL, &now) == 0)
		limit_stack(t, of, now.rlim_cur);
}

static bool
is_noted(int which)
{
	return which == RLIMIT_DATA || which == RLIMIT_MEMLOCK ||
	    which == RLIMIT_STACK || which == RLIMIT_RSS;
}

static int
set_as_limit(struct space *space, const struct rlimit *new)
{
	if (new->rlim_cur > new->rlim_max)
		return -EINVAL;
	if (new->rlim_max > space->as_limit.rlim_max && geteuid() != 0)
		return -EPERM;
	space_limit_size(space, new);
	return 0;
}

/* What a limit call asks: 0 for an address means no such part. */
struct limit_call {
	struct space *space; /* whose limit */
	int which;
	uint64_t new, old;
};

static int64_t
answer_as_limit(struct task *t, const struct limit_call *c)
{
	struct rlimit old = c->space->as_limit, new;
	int error = 0;

	if (c->new != 0) {
		if (user_read(t, c->new, &new, sizeof(new)) != 0)
			return -EFAULT;
		error = set_as_limit(c->space, &new);
	}
	if (error == 0 && c->old != 0 &&
	    user_write(t, c->old, &old, sizeof(old)) != 0)
		return -EFAULT;
	return error;
}

static void
limit(struct task *t, const struct sysargs_call *call,
    const struct limit_call *c)
{
	if (c->which == RLIMIT_AS) {
		syscall_answer(t, answer_as_limit(t, c));
		return;
	}
	if (c->new != 0 && is_noted(c->which))
		t->at_exit = after_limit;
	syscall_prepare_and_run(t, call);
}

static void
sys_prlimit64(struct task *t, const struct sysargs_call *call)
{
	struct limit_call c = { .which = (int)call->args[1],
		.new = call->args[2],
		.old = call->args[3] };
	pid_t pid = (pid_t)call->args[0];
	struct task *other = pid == 0 ? t : task_find(t->run, pid);

	c.space = other == NULL ? NULL : other->space;
	if (c.space != NULL)
		limit(t, call, &c);
	else
		syscall_prepare_and_run(t, call);
}

static void
sys_getrlimit(struct task *t, const struct sysargs_call *call)
{
	struct limit_call c = { .space = t->space,
		.which = (int)call->args[0],
		.old = call->args[1] };

	limit(t, call, &c);
}

static void
sys_setrlimit(struct task *t, const struct sysargs_call *call)
{
	struct limit_call c = { .space = t->space,
		.which = (int)call->args[0],
		.new = call->args[1] };

	limit(t, call, &c);
}

/* ----------------------------------------------------------- processors */

static struct task *
target(struct task *t, uint64_t pid)
{
	return pid == 0 ? t : task_find(t->run, (pid_t)pid);
}

static void
sys_sched_setaffinity(struct task *t, const struct sysargs_call *call)
{
	struct task *other = target(t, call->args[0]);
	size_t len = call->args[1];
	cpu_set_t set, usable;

	CPU_ZERO(&set);
	if (len > sizeof(set))
		len = sizeof(set);
	if (other == NULL) {
		syscall_prepare_and_run(t, call);
		return;
	}
	if (user_read(t, call->args[2], &set, len) != 0) {
		syscall_answer(t, -EFAULT);
		return;
	}
	CPU_AND(&usable, &set, &t->run->cpus);
	if (CPU_COUNT(&usable) == 0) {
		syscall_answer(t, -EINVAL);
		return;
	}
	cpu_wanted(other, &usable);
	syscall_answer(t, 0);
}

static void
sys_sched_getaffinity(struct task *t, const struct sysargs_call *call)
{
	struct task *other = target(t, call->args[0]);
	size_t len = call->args[1];
	cpu_set_t set;
	long size = syscall(SYS_sched_getaffinity, 0, sizeof(set), &set);

	if (other == NULL) {
		syscall_prepare_and_run(t, call);
		return;
	}
	if (size < 0 || len < (size_t)size || len % sizeof(long) != 0)
		syscall_answer(t, -EINVAL);
	else if (user_write(t, call->args[2], &other->cpus, (size_t)size) != 0)
		syscall_answer(t, -EFAULT);
	else
		syscall_answer(t, size);
}

/* ---------------------------------------------------- memory of others */

static int
read_iov(struct task *t, uint64_t addr, uint64_t n, struct iovec *iov)
{
	if (n > IOV_MAX)
		return -EINVAL;
	return user_read(t, addr, iov, n * sizeof(*iov)) != 0 ? -EFAULT : 0;
}

/* Copy one piece, at most a page long; how much was copied. */
static size_t
copy_piece(struct task *from, uint64_t src, struct task *to, uint64_t dst,
    size_t len)
{
	char page[VM_PAGE_SIZE];
	size_t got, put = 0;

	(void)user_read_most(from, src, page, len, &got);
	if (got > 0)
		(void)user_write_most(to, dst, page, got, &put);
	return put;
}

struct transfer {
	struct task *from, *to;
	const struct iovec *src, *dst;
	size_t nsrc, ndst;
};

static ssize_t
copy_all(const struct transfer *x)
{
	size_t i = 0, j = 0, at_i = 0, at_j = 0, total = 0, n, done;

	while (i < x->nsrc && j < x->ndst) {
		n = x->src[i].iov_len - at_i;
		if (n > x->dst[j].iov_len - at_j)
			n = x->dst[j].iov_len - at_j;
		if (n > VM_PAGE_SIZE)
			n = VM_PAGE_SIZE;
		done = copy_piece(x->from, (uint64_t)x->src[i].iov_base + at_i,
		    x->to, (uint64_t)x->dst[j].iov_base + at_j, n);
		total += done;
		if (done < n)
			return total > 0 ? (ssize_t)total : -EFAULT;
		at_i += n;
		at_j += n;
		if (at_i == x->src[i].iov_len) {
			i++;
			at_i = 0;
		}
		if (at_j == x->dst[j].iov_len) {
			j++;
			at_j = 0;
		}
	}
	return (ssize_t)total;
}

static ssize_t
do_process_vm(struct task *t, struct task *other, const uint64_t *a, bool write)
{
	static struct iovec local[IOV_MAX], remote[IOV_MAX];
	struct transfer x = { .from = write ? t : other,
		.to = write ? other : t,
		.src = write ? local : remote,
		.dst = write ? remote : local,
		.nsrc = write ? a[2] : a[4],
		.ndst = write ? a[4] : a[2] };
	int error = a[5] != 0 ? -EINVAL : read_iov(t, a[1], a[2], local);

	if (error == 0)
		error = read_iov(t, a[3], a[4], remote);
	return error != 0 ? error : copy_all(&x);
}

/*
 * May the task reach into the other's memory?  The host decides, about a byte
 * of the stub, which every process has.  0 or a negative errno.
 */
static int64_t
ask_host(struct task *t, const struct task *other)
{
	struct stub_call call = { SYS_process_vm_readv,
		{ (uint64_t)other->tid, 0, 1, 0, 1, 0 } };
	struct iovec byte[2] = { { NULL, 1 }, { NULL, 1 } };
	uint64_t at;

	if (other->space == t->space)
		return 0;
	at = stub_scratch(t, byte, sizeof(byte));
	byte[0].iov_base = (char *)(uintptr_t)(at + sizeof(byte));
	byte[1].iov_base = (char *)(uintptr_t)STUB_BASE;
	call.args[1] = stub_scratch(t, byte, sizeof(byte));
	call.args[3] = at + sizeof(*byte);
	return stub_run(t, &call, 1) ? 0 : t->stub_error;
}

static void
sys_process_vm(struct task *t, const struct sysargs_call *call)
{
	struct task *other = target(t, call->args[0]);
	int64_t result;

	if (other == NULL || other->space == NULL) {
		syscall_prepare_and_run(t, call);
		return;
	}
	result = ask_host(t, other);
	if (t->at == TASK_DEAD)
		return;
	if (result == 0)
		result = do_process_vm(t, other, call->args,
		    call->nr == SYS_process_vm_writev);
	syscall_answer(t, result);
}

const struct syscall_entry_of sys_limit_calls[] = {
	{ SYS_prlimit64, sys_prlimit64 },
	{ SYS_getrlimit, sys_getrlimit },
	{ SYS_setrlimit, sys_setrlimit },
	{ SYS_sched_setaffinity, sys_sched_setaffinity },
	{ SYS_sched_getaffinity, sys_sched_getaffinity },
	{ SYS_process_vm_readv, sys_process_vm },
	{ SYS_process_vm_writev, sys_process_vm },
	{ 0, NULL },
};
