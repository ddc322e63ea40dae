/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exec.c - see exec.h.
 *
 * The kernel is the loader: it has mapped the program, its interpreter, a
 * stack with arguments, and the vdso.  Each of these mappings is entered into
 * an empty vmspace:
 *
 *	of a file	the file's object; pages that the kernel has written
 *			to (the end of .data, made zero) by content
 *	anonymous	zero-filled; pages that exist, by content
 *	[stack]		the same, and all that RLIMIT_STACK allows below it; or
 *			a gap, where the design has stacks that grow
 *	[vdso] [vvar]	stay the kernel's: foreign entries
 *
 * Then the stub region is mapped and, with the first operations that the task
 * runs, everything else that the kernel has mapped goes.
 */
#include "host/exec.h"

#include "host/args.h"
#include "host/charge.h"
#include "host/file.h"
#include "host/filter.h"
#include "host/limit.h"
#include "host/maps_line.h"
#include "host/message.h"
#include "host/process.h"
#include "host/run.h"
#include "host/signal.h"
#include "host/space.h"
#include "host/stub.h"
#include "host/trace.h"
#include "host/user.h"
#include "vm/vm_stack.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define PLACE_MIN    ((vaddr_t)0x10000)
#define STACK_MOST   ((vsize_t)1 << 30)   /* when there is no limit */
#define STACK_SPACE  ((vsize_t)128 << 20) /* below the stack, for growth */
#define PAGE_PRESENT ((uint64_t)1 << 63)
#define PAGE_OF_FILE ((uint64_t)1 << 61)

struct adoption {
	struct task *task;
	struct space *space;
	vaddr_t place_max;      /* end of the highest mapping below the stack */
	vaddr_t below;          /* end of the mapping before this one */
	vaddr_t vdso;           /* its code */
	vaddr_t kept, kept_end; /* the kernel's own mappings */
	vsize_t wanted;         /* by the last mapping */
	struct args_places places;
};

/* ------------------------------------------------------------ contents */

static int
copy_page(struct adoption *a, vaddr_t va)
{
	char page[VM_PAGE_SIZE];
	struct iovec to = { page, sizeof(page) };
	struct iovec from = { (void *)va, sizeof(page) };

	if (process_vm_readv(a->task->tid, &to, 1, &from, 1, 0) !=
	    (ssize_t)sizeof(page))
		return VM_OK; /* it is not to be read: nothing to keep */
	return user_write(a->task, va, page, sizeof(page));
}

/* The pages of the mapping that are not (or no longer) of its file. */
static int
copy_pages(struct adoption *a, const struct maps_line *m, int pagemap)
{
	uint64_t page[256];
	vaddr_t va = m->start;
	ssize_t got;
	int error = VM_OK;

	while (va < m->end && error == 0) {
		size_t n = (m->end - va) >> VM_PAGE_SHIFT;

		if (n > 256)
			n = 256;
		got = pread(pagemap, page, n * 8,
		    (off_t)(va >> VM_PAGE_SHIFT) * 8);
		if (got != (ssize_t)(n * 8))
			return VM_EIO;
		for (size_t i = 0; i < n && error == 0; i++, va += VM_PAGE_SIZE)
			if ((page[i] & (PAGE_PRESENT | PAGE_OF_FILE)) ==
			    PAGE_PRESENT)
				error = copy_page(a, va);
	}
	return error;
}

static int
copy_contents(struct adoption *a, const struct maps_line *m)
{
	char path[64];
	int fd, error;

	if ((m->prot & VM_PROT_WRITE) == 0)
		return VM_OK;
	(void)snprintf(path, sizeof(path), "/proc/%d/pagemap",
	    (int)a->task->tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return VM_EIO;
	error = copy_pages(a, m, fd);
	(void)close(fd);
	return error;
}

/* ------------------------------------------------------------ mappings */

static struct vm_object *
open_object(struct adoption *a, const struct maps_line *m)
{
	char path[sizeof(m->name) + 32];
	struct stat st;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/root%s", (int)a->task->tid,
	    m->name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && (fstat(fd, &st) != 0 || st.st_ino != m->inode)) {
		(void)close(fd);
		fd = -1;
	}
	if (fd < 0) {
		(void)snprintf(path, sizeof(path), "/proc/%d/map_files/%lx-%lx",
		    (int)a->task->tid, m->start, m->end);
		fd = open(path, O_RDONLY | O_CLOEXEC);
	}
	if (fd < 0) {
		message("%s: cannot be read", m->name);
		return NULL;
	}
	return file_object(a->space->run, fd, false);
}

static int
map_line(struct adoption *a, const struct maps_line *m)
{
	struct vm_mmap_args args = { .addr = m->start,
		.len = m->end - m->start,
		.prot = m->prot,
		.max_prot = VM_PROT_ALL,
		.flags = VM_MMAP_FIXED | VM_MMAP_NOREPLACE | VM_MMAP_PRIVATE,
		.offset = m->offset };
	vaddr_t at;
	int error;

	if (m->inode != 0) {
		args.object = open_object(a, m);
		if (args.object == NULL)
			return VM_EIO;
	}
	a->wanted = args.len;
	error = vm_mmap(a->space->vm, &args, &at);
	if (args.object != NULL)
		vm_object_unref(args.object);
	return error != 0 ? error : copy_contents(a, m);
}

static vsize_t
stack_limit(const struct task *t)
{
	struct rlimit limit;

	if (prlimit(t->tid, RLIMIT_STACK, NULL, &limit) != 0 ||
	    limit.rlim_cur > STACK_MOST)
		return STACK_MOST;
	return vm_trunc_page(limit.rlim_cur);
}

/*
 * One that grows may do so into all the room there is, should the limit be
 * raised later; of others no more is mapped than the limit allows, so that the
 * program finds nothing below its stack.
 */
static int
map_stack(struct adoption *a, const struct maps_line *m)
{
	bool grows = a->space->vm->map.design->stack == VM_STACK_GROWS;
	vsize_t room = m->end - a->below - VM_PAGE_SIZE;
	struct vm_stack_args args = { .top = m->end,
		.soft = stack_limit(a->task),
		.first = m->end - m->start,
		.prot = m->prot };
	int error;

	if (args.soft < args.first)
		args.soft = args.first;
	if (args.soft > room)
		args.soft = room;
	args.max = grows && room < STACK_MOST ? room : STACK_MOST;
	if (!grows)
		args.max = args.soft;
	a->wanted = args.max;
	if (args.max > args.first && grows)
		args.guard = VM_PAGE_SIZE;
	error = vm_stack_map(a->space->vm, &args);
	if (error == 0)
		a->space->stack_start = args.top - args.max;
	a->space->stack_end = args.top;
	return error != 0 ? error : copy_contents(a, m);
}

static bool
is_kept(const struct maps_line *m)
{
	return strncmp(m->name, "[v", 2) == 0;
}

/* The vdso and what belongs to it are next to each other. */
static void
keep(struct adoption *a, const struct maps_line *m)
{
	if (a->kept == 0)
		a->kept = m->start;
	a->kept_end = m->end;
	if (strcmp(m->name, "[vdso]") == 0)
		a->vdso = m->start;
}

static int
adopt_line(struct adoption *a, const struct maps_line *m)
{
	int error = VM_OK;

	if (m->start >= a->space->run->machine->va_max)
		return VM_OK;
	if (strcmp(m->name, "[stack]") == 0) {
		error = map_stack(a, m);
	} else {
		if (is_kept(m))
			keep(a, m);
		else
			error = map_line(a, m);
		if (a->space->stack_start == 0)
			a->place_max = m->end;
	}
	a->below = m->end;
	return error;
}

static int
adopt_maps(struct adoption *a)
{
	char path[64];
	struct maps_line m;
	FILE *f;
	int error = VM_OK;

	(void)snprintf(path, sizeof(path), "/proc/%d/maps", (int)a->task->tid);
	f = fopen(path, "re");
	if (f == NULL)
		return VM_EIO;
	while (error == 0 && maps_line_read(f, &m))
		error = adopt_line(a, &m);
	(void)fclose(f);
	if (error == 0 && a->kept != 0)
		error = space_keep_out(a->space, a->kept, a->kept_end);
	return error;
}

/* ---------------------------------------------------- limits and places */

static void
set_limits(struct adoption *a)
{
	struct vmspace *vm = a->space->vm;

	args_find(a->task, a->space, &a->places);
	limit_note(a->task);
	space_limit_size(a->space, &a->space->as_limit);
	vm->map.place_min = PLACE_MIN;
	vm->map.place_max = a->place_max;
	if (a->place_max < a->space->stack_start / 2)
		vm->map.place_max = a->space->stack_start - STACK_SPACE;
}

static void
set_name(struct task *t)
{
	char path[64], exe[256];
	const char *base;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/exe", (int)t->tid);
	n = readlink(path, exe, sizeof(exe) - 1);
	exe[n > 0 ? n : 0] = '\0';
	base = strrchr(exe, '/');
	base = base == NULL ? exe : base + 1;
	(void)snprintf(t->space->name, sizeof(t->space->name), "%.*s",
	    (int)sizeof(t->space->name) - 1, base);
}

/* --------------------------------------------------------------- tasks */

static struct space *
new_space(struct task *t)
{
	struct space *space = space_create(t->run);

	if (space == NULL)
		return NULL;
	space->pid = t->tid;
	space->as_limit = t->space != NULL ? t->space->as_limit :
					     t->run->as_limit;
	return space;
}

static void
kill_at_start(const struct adoption *a, int error)
{
	struct run *run = a->space->run;
	const char *why = "its memory cannot be taken over";
	char text[160], all[200];

	if (error == VM_ENOMEM && charge_refuses(run, a->wanted)) {
		charge_explain(run, a->wanted, text, sizeof(text));
		why = text;
	} else if (error == VM_ENOMEM) {
		why = "out of memory (see -m)";
	}
	(void)snprintf(all, sizeof(all), "killed at its start: %s%s", why,
	    why == text && a->space->stack_end != 0 ? " (see ulimit -s)" : "");
	signal_kill(a->task, all);
}

static bool
adopt(struct task *t, struct space *space)
{
	struct adoption a = { .task = t, .space = space };
	size_t offset;
	int error;

	error = adopt_maps(&a);
	set_name(t);
	if (error != 0) {
		kill_at_start(&a, error);
		return false;
	}
	set_limits(&a);
	if (!stub_vdso_syscall(&offset) || a.vdso == 0 ||
	    !stub_map(t, a.vdso + offset)) {
		if (t->at != TASK_DEAD)
			signal_kill(t,
			    "killed: it has no vdso or no room (see "
			    "ulimit -v)");
		return false;
	}
	args_show(t, &a.places);
	return t->at != TASK_DEAD;
}

/* The program begins by reading its arguments: that needs no fault. */
static void
prepare_arguments(struct task *t)
{
	uint64_t sp = trace_regs(t)->rsp;

	if (sp < t->space->stack_end)
		user_prepare(t, sp, t->space->stack_end - sp, true);
	t->npromises = 0;
}

void
exec_adopt(struct task *t)
{
	struct space *space;

	process_forget_threads(t);
	process_fork_over(t->run);
	t->exiting = t->in_stub = t->undone = t->forking = false;
	t->clear_tid = 0;
	t->missed = 0;
	t->at_exit = NULL;
	t->npromises = 0;
	space = new_space(t);
	if (space == NULL || sighand_exec(t) != 0) {
		signal_kill(t, "killed at its start: out of memory");
		return;
	}
	space_join(t, space);
	process_release_parent(t);
	if (!adopt(t, space))
		return;
	pmap_host_forget(space->pmap);
	prepare_arguments(t);
	stub_resume(t, STUB_NO_CALL);
}
