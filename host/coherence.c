/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * coherence.c - see coherence.h.
 *
 * Nearly always there is nothing to do, and that must be cheap: reading asks
 * only whether any file is mapped shared and writable; writing asks whether
 * the file has an object, which costs one stat(2).
 */
#include "host/coherence.h"

#include "host/file.h"
#include "host/run.h"
#include "host/syscall.h"
#include "host/trace.h"
#include "host/user.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ALL (UINT64_MAX >> VM_PAGE_SHIFT)

static bool
stat_fd(const struct task *t, int fd, struct stat *st)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)t->tid, fd);
	return fd >= 0 && stat(path, st) == 0;
}

/* A path of the program's, from its root and working directory. */
static bool
stat_path(struct task *t, uint64_t addr, struct stat *st)
{
	char path[64 + 4096];
	int n = snprintf(path, sizeof(path), "/proc/%d/", (int)t->tid), more;
	char first;

	if (user_read(t, addr, &first, 1) != 0)
		return false;
	more = snprintf(path + n, sizeof(path) - (size_t)n, "%s/",
	    first == '/' ? "root" : "cwd");
	n += more;
	return user_read_string(t, addr, path + n, sizeof(path) - (size_t)n) ==
	    0 &&
	    stat(path, st) == 0;
}

static struct vm_object *
find(struct task *t, const struct sysargs_call *call, int arg, bool path)
{
	struct stat st;

	if (!(path ? stat_path(t, call->args[arg], &st) :
		     stat_fd(t, (int)call->args[arg], &st)) ||
	    !S_ISREG(st.st_mode))
		return NULL;
	return file_find(t->run, &st);
}

static void
flush(struct task *t, struct vm_object *obj)
{
	if (t->run->writable_files > 0)
		(void)vm_object_flush(obj, 0, ALL);
}

/* ----------------------------------------------------- after the call */

static void
changed(struct task *t, uint64_t start, uint64_t end)
{
	struct vm_object *obj = t->changing;

	t->changing = NULL;
	vm_object_toss(obj, vm_atop(start), vm_atop(end + VM_PAGE_MASK));
	file_changed(obj);
	vm_object_unref(obj);
}

void
coherence_forget(struct task *t, bool ran)
{
	if (t->changing != NULL)
		changed(t, 0, ran ? ALL << VM_PAGE_SHIFT : 0);
}

/* Where the call has written: `result` bytes, up to the file's position. */
static void
after_write(struct task *t, long result)
{
	uint64_t start = 0, end = ALL << VM_PAGE_SHIFT;

	if (t->nr == SYS_pwrite64 || t->nr == SYS_pwritev) {
		start = trace_regs(t)->r10;
		end = start + (result > 0 ? (uint64_t)result : 0);
	}
	if (result <= 0)
		end = start;
	changed(t, start, end);
}

static void
after_cut(struct task *t, long result)
{
	if (result < 0)
		changed(t, 0, 0);
	else if (t->nr == SYS_fallocate)
		changed(t, 0, ALL << VM_PAGE_SHIFT);
	else
		changed(t, vm_trunc_page(file_size(t->changing)),
		    ALL << VM_PAGE_SHIFT);
}

/* ---------------------------------------------------- before the call */

static void
begin(struct task *t, struct vm_object *obj, void (*then)(struct task *, long))
{
	if (obj == NULL)
		return;
	flush(t, obj);
	t->changing = obj;
	t->at_exit = then;
}

static bool
truncates(struct task *t, const struct sysargs_call *call)
{
	return (sysargs_open_flags(call, &syscall_memory, t) & O_TRUNC) != 0;
}

void
coherence_prepare(struct task *t, const struct sysargs_call *call,
    const struct sysargs_info *info)
{
	const struct sysargs_file *f = &info->file;
	struct vm_object *obj;

	if (f->reads == SYSARGS_ALL) {
		file_flush_all(t->run);
	} else if (f->reads >= 0 && t->run->writable_files > 0) {
		obj = find(t, call, f->reads, f->by_path);
		if (obj != NULL) {
			flush(t, obj);
			vm_object_unref(obj);
		}
	}
	if (f->writes >= 0)
		begin(t, find(t, call, f->writes, false), after_write);
	else if (f->cuts >= 0)
		begin(t, find(t, call, f->cuts, f->by_path), after_cut);
	else if (f->opens >= 0 && truncates(t, call))
		begin(t, find(t, call, f->opens, true), after_cut);
}
