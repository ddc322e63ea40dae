/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys_mmap.c - the mmap family, in the words of Linux.
 *
 * Each call checks what Linux checks, in its order as far as programs can
 * tell, translates flags and errors, and leaves the rest to vm_mmap.h.  None
 * reaches the host.
 */
#include "host/file.h"
#include "host/limit.h"
#include "host/message.h"
#include "host/run.h"
#include "host/space.h"
#include "host/stub.h"
#include "host/syscall.h"
#include "host/trace.h"
#include "host/user.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define LOW_MIN   ((vaddr_t)0x40000000) /* where MAP_32BIT goes */
#define LOW_MAX   ((vaddr_t)0x80000000)
#define PROT_BITS (PROT_READ | PROT_WRITE | PROT_EXEC)

static struct vmspace *
vm_of(const struct task *t)
{
	return t->space->vm;
}

static bool
is_aligned(uint64_t addr)
{
	return (addr & VM_PAGE_MASK) == 0;
}

/* Write permission on x86 means read permission. */
static vm_prot_t
prot_of(uint64_t prot)
{
	vm_prot_t p = (vm_prot_t)(prot & PROT_BITS);

	return p & VM_PROT_WRITE ? p | VM_PROT_READ : p;
}

/* ----------------------------------------------------------------- mmap */

/* Against writing through mappings to come. */
static bool
is_sealed(int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);

	return seals >= 0 && (seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE));
}

/* May this open file be mapped in this way?  0 or a negative errno. */
static int
check_file(int fd, const struct vm_mmap_args *args, const struct stat *st)
{
	static unsigned devices;
	int mode = fcntl(fd, F_GETFL);

	if (mode < 0 || (mode & O_PATH) != 0)
		return -EBADF;
	if ((mode & O_ACCMODE) == O_WRONLY)
		return -EACCES;
	if ((args->flags & VM_MMAP_SHARED) && (args->prot & VM_PROT_WRITE) &&
	    (mode & O_ACCMODE) != O_RDWR)
		return -EACCES;
	if ((args->flags & VM_MMAP_SHARED) && (args->prot & VM_PROT_WRITE) &&
	    is_sealed(fd))
		return -EPERM;
	if (S_ISCHR(st->st_mode) && st->st_rdev != makedev(1, 5))
		message_once(&devices,
		    "devices cannot be mapped: the program gets ENODEV");
	if (!S_ISREG(st->st_mode) && !S_ISBLK(st->st_mode) &&
	    st->st_rdev != makedev(1, 5))
		return -ENODEV;
	return 0;
}

/*
 * The file in an open of our own.  The program's is shared with it: what it
 * sets there, as O_APPEND, would hold for us, and a lock on it would last as
 * long as we keep it.  The program's remains if the file cannot be opened.
 */
static int
reopen(int fd, bool writable)
{
	char path[64];
	int own;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	own = open(path,
	    (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (own < 0)
		return fd;
	(void)close(fd);
	(void)fcntl(own, F_SETFL, 0); /* nobody waits for a device any more */
	return own;
}

/* Put the object of the file into args; 0 or a negative errno. */
static int
set_file(struct task *t, struct vm_mmap_args *args, int program_fd)
{
	int fd = task_fd(t, program_fd), error;
	struct stat st;
	bool writable;

	if (fd < 0)
		return fd;
	error = fstat(fd, &st) != 0 ? -errno : check_file(fd, args, &st);
	if (error != 0 || S_ISCHR(st.st_mode)) {
		(void)close(fd);
		return error;
	}
	writable = (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR && !is_sealed(fd);
	if ((args->flags & VM_MMAP_SHARED) && !writable)
		args->max_prot = VM_PROT_READ | VM_PROT_EXEC;
	writable = writable && (args->flags & VM_MMAP_SHARED);
	args->object = file_object(t->run, reopen(fd, writable), writable);
	return args->object == NULL ? -ENOMEM : 0;
}

static unsigned
mmap_flags(uint64_t flags)
{
	unsigned f = (flags & MAP_TYPE) == MAP_PRIVATE ? VM_MMAP_PRIVATE :
							 VM_MMAP_SHARED;

	if (flags & MAP_FIXED)
		f |= VM_MMAP_FIXED;
	if (flags & MAP_FIXED_NOREPLACE)
		f |= VM_MMAP_FIXED | VM_MMAP_NOREPLACE;
	if (flags & MAP_GROWSDOWN)
		f |= VM_MMAP_STACK | VM_MMAP_DOWN;
	if (flags & MAP_POPULATE)
		f |= VM_MMAP_POPULATE;
	if (flags & MAP_LOCKED)
		f |= VM_MMAP_WIRED;
	return f;
}

static int64_t
map_it(struct task *t, const struct vm_mmap_args *args, bool low)
{
	struct vm_map *map = &vm_of(t)->map;
	vaddr_t min = map->place_min, max = map->place_max, at = 0;
	int error;

	if (low) {
		map->place_min = LOW_MIN;
		map->place_max = LOW_MAX;
	}
	error = vm_mmap(vm_of(t), args, &at);
	map->place_min = min;
	map->place_max = max;
	return error == 0 ? (int64_t)at : syscall_error(error);
}

static bool
is_locked(struct task *t, const struct vm_mmap_args *args)
{
	return (args->flags & VM_MMAP_WIRED) ||
	    vm_of(t)->map.wire_future != VM_FUTURE_PLAIN;
}

static bool
over_locked(const struct vm_map *map, vsize_t len)
{
	return map->locked > map->wired_limit ||
	    len > map->wired_limit - map->locked;
}

/* As far as limits are concerned that the library does not know, or answers
 * in another way. */
static int64_t
may_map(struct task *t, const struct vm_mmap_args *args)
{
	bool fixed = (args->flags & VM_MMAP_FIXED) != 0;
	vsize_t len = vm_round_page(args->len);
	vaddr_t start = fixed ? args->addr : 0;

	if ((args->flags & VM_MMAP_WIRED) && limit_lock(t) != 0)
		return -EPERM;
	if (is_locked(t, args) && over_locked(&vm_of(t)->map, len))
		return -EAGAIN;
	if ((args->flags & VM_MMAP_PRIVATE) && (args->prot & VM_PROT_WRITE) &&
	    (args->flags & VM_MMAP_STACK) == 0 &&
	    !limit_data(t, len, start, fixed ? start + len : start))
		return -ENOMEM;
	return 0;
}

static bool
is_type(uint64_t flags)
{
	uint64_t type = flags & MAP_TYPE;

	return type == MAP_SHARED || type == MAP_PRIVATE ||
	    (type == MAP_SHARED_VALIDATE && (flags & MAP_SYNC) == 0);
}

static int64_t
do_mmap(struct task *t, const uint64_t *a)
{
	uint64_t flags = a[3], max = t->run->machine->va_max;
	struct vm_mmap_args args = { .addr = a[0],
		.len = a[1],
		.prot = prot_of(a[2]),
		.max_prot = VM_PROT_ALL,
		.flags = mmap_flags(flags),
		.offset = flags & MAP_ANONYMOUS ? 0 : a[5] };
	int64_t result;

	if (!is_aligned(a[5]) || !is_type(flags) || a[1] == 0)
		return -EINVAL;
	if (a[1] > max || ((args.flags & VM_MMAP_FIXED) && a[0] > max - a[1]))
		return -ENOMEM;
	if (flags & MAP_ANONYMOUS) {
		if (flags & MAP_HUGETLB)
			return -ENOMEM;
	} else {
		result = set_file(t, &args, (int)a[4]);
		if (result != 0)
			return result;
	}
	if ((flags & MAP_STACK) && vm_of(t)->map.design->stack_check)
		args.flags |= VM_MMAP_STACK;
	if (!(args.flags & VM_MMAP_FIXED))
		args.addr = vm_trunc_page(args.addr);
	result = may_map(t, &args);
	if (result == 0)
		result = map_it(t, &args,
		    (flags & MAP_32BIT) && args.addr == 0);
	if (args.object != NULL)
		vm_object_unref(args.object);
	return result;
}

static void
sys_mmap(struct task *t, const struct sysargs_call *call)
{
	syscall_answer(t, do_mmap(t, call->args));
}

/*
 * Whether some of the range is the gap into which a stack may grow: to the
 * program that is a hole.
 */
static bool
has_gap(struct task *t, uint64_t addr, uint64_t len)
{
	struct vm_map *map = &vm_of(t)->map;
	const struct vm_map_entry *e;
	bool found = false;

	if (map->design->stack != VM_STACK_GROWS || !vm_range_fits(addr, len))
		return false;
	vm_map_lock_read(map);
	for (e = vm_map_ceiling(map, addr); e != NULL && e->start < addr + len;
	     e = vm_map_next(map, e))
		found |= vm_entry_is_guard(e);
	vm_map_unlock_read(map);
	return found;
}

/* -------------------------------------------------- unmap, protect, move */

/* What belongs to the host cannot be taken away; the program cannot know. */
static int64_t
answer_of(int error)
{
	return error == VM_EPERM ? -EINVAL : syscall_error(error);
}

/*
 * What the host keeps in the range stays: programs that unmap everything do
 * not look back.
 */
static int
unmap_around(struct task *t, uint64_t start, uint64_t end)
{
	struct vm_map *map = &vm_of(t)->map;
	struct vm_map_entry *e;
	uint64_t stop, next;
	int error = VM_OK;

	while (start < end && error == 0) {
		stop = next = end;
		vm_map_lock_read(map);
		e = vm_map_ceiling(map, start);
		while (e != NULL && !(e->flags & VM_ENTRY_FOREIGN))
			e = vm_map_next(map, e);
		if (e != NULL && e->start < end) {
			stop = e->start > start ? e->start : start;
			next = e->end;
		}
		vm_map_unlock_read(map);
		if (start < stop)
			error = vm_munmap(vm_of(t), start, stop - start);
		start = next;
	}
	return error;
}

static void
sys_munmap(struct task *t, const struct sysargs_call *call)
{
	uint64_t addr = call->args[0], len = call->args[1];
	uint64_t max = t->run->machine->va_max;
	int error;

	if (!is_aligned(addr) || len == 0 || addr > max || len > max - addr) {
		syscall_answer(t, -EINVAL);
		return;
	}
	error = vm_munmap(vm_of(t), addr, len);
	if (error == VM_EPERM)
		error = unmap_around(t, addr, addr + vm_round_page(len));
	syscall_answer(t, answer_of(error));
}

/* What the host calls a stack: one that grows. */
static bool
grows_down(const struct space *space, const struct vm_map_entry *e)
{
	return (e->marks & VM_MARK_DOWN) ||
	    ((e->flags & VM_ENTRY_STACK) && e->start >= space->stack_start &&
		e->end <= space->stack_end);
}

/* PROT_GROWSDOWN: from the start of the stack that addr is in. */
static int
stack_of(struct task *t, uint64_t *addr, uint64_t *len)
{
	struct vm_map *map = &vm_of(t)->map;
	const struct vm_map_entry *e;
	int error = VM_ENOMEM;

	vm_map_lock_read(map);
	e = vm_map_lookup(map, *addr);
	if (e != NULL && !vm_entry_is_guard(e))
		error = VM_EINVAL;
	if (error == VM_EINVAL && grows_down(t->space, e)) {
		*len += *addr - e->start;
		*addr = e->start;
		error = VM_OK;
	}
	vm_map_unlock_read(map);
	return error;
}

static void
sys_mprotect(struct task *t, const struct sysargs_call *call)
{
	uint64_t addr = call->args[0], len = call->args[1];
	uint64_t prot = call->args[2];
	int error = VM_OK;

	if (!is_aligned(addr) ||
	    (prot & ~(uint64_t)(PROT_BITS | 8 | PROT_GROWSDOWN)) != 0) {
		syscall_answer(t, -EINVAL);
		return;
	}
	if (len != 0 && (prot & PROT_GROWSDOWN))
		error = stack_of(t, &addr, &len);
	if (len != 0 && error == 0 && has_gap(t, addr, len))
		error = VM_ENOMEM;
	if (len != 0 && error == 0 && (prot & PROT_WRITE) &&
	    !limit_data_protect(t, addr, addr + vm_round_page(len)))
		error = VM_ENOMEM;
	if (len != 0 && error == 0)
		error = vm_mprotect(vm_of(t), addr, len, prot_of(prot));
	syscall_answer(t, error == VM_EPERM ? -EACCES : syscall_error(error));
}

static void
sys_pkey_mprotect(struct task *t, const struct sysargs_call *call)
{
	if ((int)call->args[3] == -1)
		sys_mprotect(t, call);
	else
		syscall_answer(t, -EINVAL);
}

/* What grows is data if it was. */
static bool
may_grow(struct task *t, const struct vm_mremap_args *args)
{
	vsize_t old = vm_round_page(args->old_len);
	vsize_t new = vm_round_page(args->new_len);

	return new <= old || !limit_is_data(t, args->old_addr) ||
	    limit_data(t, new - old, 0, 0);
}

static int64_t
do_mremap(struct task *t, const uint64_t *a)
{
	struct vm_mremap_args args = { .old_addr = a[0],
		.old_len = a[1],
		.new_len = a[2],
		.new_addr = a[4] };
	uint64_t flags = a[3];
	vaddr_t at;
	int error;

	if ((flags &
		~(uint64_t)(MREMAP_MAYMOVE | MREMAP_FIXED |
		    MREMAP_DONTUNMAP)) != 0 ||
	    !is_aligned(a[0]) || a[2] == 0)
		return -EINVAL;
	if ((flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) &&
	    !(flags & MREMAP_MAYMOVE))
		return -EINVAL;
	if ((flags & MREMAP_DONTUNMAP) &&
	    vm_round_page(a[1]) != vm_round_page(a[2]))
		return -EINVAL;
	if ((flags & MREMAP_FIXED) && !is_aligned(a[4]))
		return -EINVAL;
	if (flags & MREMAP_MAYMOVE)
		args.flags |= VM_MREMAP_MAYMOVE;
	if (flags & MREMAP_FIXED)
		args.flags |= VM_MREMAP_FIXED;
	if (flags & MREMAP_DONTUNMAP)
		args.flags |= VM_MREMAP_KEEP;
	if (!may_grow(t, &args))
		return -ENOMEM;
	error = vm_mremap(vm_of(t), &args, &at);
	return error == 0 ? (int64_t)at : answer_of(error);
}

static void
sys_mremap(struct task *t, const struct sysargs_call *call)
{
	syscall_answer(t, do_mremap(t, call->args));
}

static void
sys_brk(struct task *t, const struct sysargs_call *call)
{
	vaddr_t now = vm_of(t)->brk_end, want = call->args[0];

	if (want <= now || limit_data(t, want - now, 0, 0))
		(void)vm_brk(vm_of(t), want, &now);
	syscall_answer(t, (int64_t)now);
}

/* --------------------------------------------------------------- advice */

/* For advice about things that we do not have: only the range matters. */
static int
check_range(struct task *t, uint64_t addr, uint64_t len)
{
	struct vm_map *map = &vm_of(t)->map;
	bool full;

	vm_map_lock_read(map);
	full = vm_map_is_full(map, addr, vm_round_page(addr + len));
	vm_map_unlock_read(map);
	return full ? VM_OK : VM_ENOMEM;
}

/* Populating has errors of its own. */
static int
advise(struct task *t, uint64_t addr, uint64_t len, enum vm_madvise advice)
{
	int error = vm_madvise(vm_of(t), addr, len, advice);

	if (advice != VM_MADV_POPULATE_READ && advice != VM_MADV_POPULATE_WRITE)
		return error;
	if (error == VM_EIO)
		return VM_EFAULT;
	return error == VM_EACCES ? VM_EINVAL : error;
}

static int
do_madvise(struct task *t, uint64_t addr, uint64_t len, int advice)
{
	static const struct {
		int host;
		enum vm_madvise ours;
	} known[] = { { MADV_NORMAL, VM_MADV_NORMAL },
		{ MADV_RANDOM, VM_MADV_RANDOM },
		{ MADV_SEQUENTIAL, VM_MADV_SEQUENTIAL },
		{ MADV_WILLNEED, VM_MADV_WILLNEED },
		{ MADV_DONTNEED, VM_MADV_DISCARD }, { MADV_FREE, VM_MADV_FREE },
		{ MADV_REMOVE, VM_MADV_REMOVE },
		{ MADV_DONTFORK, VM_MADV_DONTFORK },
		{ MADV_DOFORK, VM_MADV_DOFORK },
		{ MADV_WIPEONFORK, VM_MADV_WIPEONFORK },
		{ MADV_KEEPONFORK, VM_MADV_KEEPONFORK },
		{ MADV_COLD, VM_MADV_DEACTIVATE },
		{ MADV_PAGEOUT, VM_MADV_DEACTIVATE },
		{ MADV_POPULATE_READ, VM_MADV_POPULATE_READ },
		{ MADV_POPULATE_WRITE, VM_MADV_POPULATE_WRITE },
		{ 24 /* MADV_DONTNEED_LOCKED */, VM_MADV_DISCARD } };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].host == advice)
			return advise(t, addr, len, known[i].ours);
	switch (advice) {
	case MADV_MERGEABLE:
	case MADV_UNMERGEABLE:
	case MADV_HUGEPAGE:
	case MADV_NOHUGEPAGE:
	case MADV_DONTDUMP:
	case MADV_DODUMP:
		return check_range(t, addr, len);
	default:
		return VM_EINVAL;
	}
}

static void
sys_madvise(struct task *t, const struct sysargs_call *call)
{
	uint64_t addr = call->args[0], len = call->args[1];
	int advice = (int)call->args[2];

	if (!is_aligned(addr) || !vm_range_fits(addr, len))
		syscall_answer(t, -EINVAL);
	else if (len == 0)
		syscall_answer(t, 0);
	else if (has_gap(t, addr, len))
		syscall_answer(t, -ENOMEM);
	else
		syscall_answer(t, answer_of(do_madvise(t, addr, len, advice)));
}

static int64_t
do_mincore(struct task *t, uint64_t addr, uint64_t len, uint64_t vec)
{
	uint8_t resident[1024];
	uint64_t n, pages;
	int error;

	if (!is_aligned(addr))
		return -EINVAL;
	if (!vm_range_fits(addr, len) || has_gap(t, addr, len))
		return -ENOMEM;
	for (pages = vm_atop(vm_round_page(len)); pages > 0; pages -= n) {
		n = pages < sizeof(resident) ? pages : sizeof(resident);
		error = vm_mincore(vm_of(t), addr, vm_ptoa(n), resident);
		if (error == 0)
			error = user_write(t, vec, resident, n) == 0 ?
			    VM_OK :
			    VM_EFAULT;
		if (error != 0)
			return syscall_error(error);
		addr += vm_ptoa(n);
		vec += n;
	}
	return 0;
}

static void
sys_mincore(struct task *t, const struct sysargs_call *call)
{
	const uint64_t *a = call->args;

	syscall_answer(t, do_mincore(t, a[0], a[1], a[2]));
}

static void
sys_msync(struct task *t, const struct sysargs_call *call)
{
	uint64_t addr = call->args[0], len = call->args[1];
	int flags = (int)call->args[2];
	unsigned ours = 0;

	if (!is_aligned(addr) ||
	    (flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) != 0 ||
	    ((flags & MS_ASYNC) && (flags & MS_SYNC))) {
		syscall_answer(t, -EINVAL);
		return;
	}
	if (flags & MS_ASYNC)
		ours |= VM_MS_ASYNC;
	if (flags & MS_SYNC)
		ours |= VM_MS_SYNC;
	if (flags & MS_INVALIDATE)
		ours |= VM_MS_INVALIDATE;
	if (has_gap(t, addr, len))
		syscall_answer(t, -ENOMEM);
	else
		syscall_answer(t,
		    len == 0 ?
			0 :
			syscall_error(vm_msync(vm_of(t), addr, len, ours)));
}

/* -------------------------------------------------------------- locking */

/* Linux locks what cannot be accessed, too, and then says ENOMEM. */
static bool
has_no_access(struct task *t, uint64_t start, uint64_t end)
{
	struct vm_map *map = &vm_of(t)->map;
	const struct vm_map_entry *e;
	bool found = false;

	vm_map_lock_read(map);
	for (e = vm_map_ceiling(map, start); e != NULL && e->start < end;
	     e = vm_map_next(map, e))
		found |= e->prot == VM_PROT_NONE;
	vm_map_unlock_read(map);
	return found;
}

static int64_t
do_mlock(struct task *t, uint64_t start, uint64_t len, bool onfault)
{
	int error = onfault ? vm_mlock_onfault(vm_of(t), start, len) :
			      vm_mlock(vm_of(t), start, len);

	if (error == 0 && has_no_access(t, start, start + vm_round_page(len)))
		error = VM_ENOMEM;
	return syscall_error(error);
}

/* Round outwards, as mlock does. */
static void
sys_mlock(struct task *t, const struct sysargs_call *call)
{
	uint64_t start = vm_trunc_page(call->args[0]);
	uint64_t len = call->args[1] + (call->args[0] - start);
	uint64_t flags = call->nr == SYS_mlock2 ? call->args[2] : 0;

	if ((flags & ~(uint64_t)MLOCK_ONFAULT) != 0)
		syscall_answer(t, -EINVAL);
	else if (!vm_range_fits(start, len))
		syscall_answer(t, -EINVAL);
	else if (call->args[1] == 0)
		syscall_answer(t, 0);
	else if (limit_lock(t) != 0)
		syscall_answer(t, -EPERM);
	else
		syscall_answer(t, do_mlock(t, start, len, flags != 0));
}

static void
sys_munlock(struct task *t, const struct sysargs_call *call)
{
	uint64_t start = vm_trunc_page(call->args[0]);
	uint64_t len = call->args[1] + (call->args[0] - start);

	if (!vm_range_fits(start, len))
		syscall_answer(t, -EINVAL);
	else if (call->args[1] == 0)
		syscall_answer(t, 0);
	else
		syscall_answer(t,
		    syscall_error(vm_munlock(vm_of(t), start, len)));
}

static void
sys_mlockall(struct task *t, const struct sysargs_call *call)
{
	uint64_t flags = call->args[0];
	unsigned ours = 0;

	if (flags == 0 || flags == MCL_ONFAULT ||
	    (flags & ~(uint64_t)(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) !=
		0) {
		syscall_answer(t, -EINVAL);
		return;
	}
	if (limit_lock(t) != 0) {
		syscall_answer(t, -EPERM);
		return;
	}
	if (flags & MCL_CURRENT)
		ours |= VM_MCL_CURRENT;
	if (flags & MCL_FUTURE)
		ours |= VM_MCL_FUTURE;
	if (flags & MCL_ONFAULT)
		ours |= VM_MCL_ONFAULT;
	syscall_answer(t, syscall_error(vm_mlockall(vm_of(t), ours)));
}

static void
sys_munlockall(struct task *t, const struct sysargs_call *call)
{
	(void)call;
	syscall_answer(t, syscall_error(vm_munlockall(vm_of(t))));
}

const struct syscall_entry_of sys_memory_calls[] = {
	{ SYS_mmap, sys_mmap },
	{ SYS_munmap, sys_munmap },
	{ SYS_mprotect, sys_mprotect },
	{ SYS_pkey_mprotect, sys_pkey_mprotect },
	{ SYS_mremap, sys_mremap },
	{ SYS_brk, sys_brk },
	{ SYS_madvise, sys_madvise },
	{ SYS_mincore, sys_mincore },
	{ SYS_msync, sys_msync },
	{ SYS_mlock, sys_mlock },
	{ SYS_mlock2, sys_mlock },
	{ SYS_munlock, sys_munlock },
	{ SYS_mlockall, sys_mlockall },
	{ SYS_munlockall, sys_munlockall },
	{ 0, NULL },
};
