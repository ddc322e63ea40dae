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

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ALL (UINT64_MAX >> VM_PAGE_SHIFT)

/* Names that mean something else to everybody who uses them. */
static bool
is_of_caller(const char *path)
{
	return strncmp(path, "/proc/", 6) == 0 ||
	    strncmp(path, "/dev/", 5) == 0;
}

/*
 * A path of the program's, from its root and working directory; not all of
 * them can be followed from here.
 */
static bool
stat_path(struct task *t, uint64_t addr, struct stat *st)
{
	char name[4096], path[64 + sizeof(name)];

	if (user_read_string(t, addr, name, sizeof(name)) != 0 ||
	    is_of_caller(name))
		return false;
	(void)snprintf(path, sizeof(path), "/proc/%d/%s/%s", (int)t->tid,
	    name[0] == '/' ? "root" : "cwd", name);
	return stat(path, st) == 0;
}

static struct vm_object *
find(struct task *t, const struct sysargs_call *call, int arg, bool path)
{
	struct stat st;

	if (!(path ? stat_path(t, call->args[arg], &st) :
		     task_stat_fd(t, (int)call->args[arg], &st)) ||
	    !S_ISREG(st.st_mode))
		return NULL;
	return file_find(t->run, &st);
}

/* => 0 or a VM_E* code */
static int
flush(struct task *t, struct vm_object *obj)
{
	return t->run->writable_files > 0 ? vm_object_flush(obj, 0, ALL) : 0;
}

/* An open file of the program's: its flags, and where it reads and writes. */
static bool
position(const struct task *t, int fd, uint64_t *pos, bool *appends)
{
	char path[64], text[256];
	unsigned long long at, flags;
	ssize_t n;
	int info;

	(void)snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", (int)t->tid,
	    fd);
	info = open(path, O_RDONLY | O_CLOEXEC);
	if (info < 0)
		return false;
	n = read(info, text, sizeof(text) - 1);
	(void)close(info);
	text[n > 0 ? n : 0] = '\0';
	if (sscanf(text, "pos: %llu flags: %llo", &at, &flags) != 2)
		return false;
	*pos = at;
	*appends = (flags & O_APPEND) != 0;
	return true;
}

/* ----------------------------------------------------- after the call */

static void
finish(struct task *t)
{
	struct vm_object *obj = t->change.object;

	t->change.object = NULL;
	vm_object_unref(obj);
}

/* Pages that are no longer of the file, whatever the program did to them. */
static void
cut(struct task *t, uint64_t start)
{
	vm_object_truncate(t->change.object, start);
	file_changed(t->change.object);
}

/* The last bytes that the call has written, where it writes on by itself. */
static void
find_end(const struct task *t, uint64_t len, uint64_t *start, uint64_t *end)
{
	const struct change *c = &t->change;
	uint64_t pos;
	bool appends;

	*end = *start + len;
	if (c->appends) {
		pos = file_size(c->object);
	} else if (c->positioned || !position(t, c->fd, &pos, &appends) ||
	    pos < len) {
		return;
	}
	if (pos - len < *start)
		*start = pos - len;
	if (pos > *end)
		*end = pos;
}

static void
after_write(struct task *t, long result)
{
	uint64_t start = t->change.start, end;

	if (t->nr == SYS_ioctl && result == 0) {
		vm_object_toss(t->change.object, 0, ALL);
		file_changed(t->change.object);
	} else if (result > 0) {
		find_end(t, (uint64_t)result, &start, &end);
		file_refresh(t->change.object, start, end);
	}
	finish(t);
}

static void
after_cut(struct task *t, long result)
{
	if (result >= 0 && t->nr == SYS_fallocate) {
		vm_object_toss(t->change.object, 0, ALL);
		file_changed(t->change.object);
	} else if (result >= 0) {
		cut(t, file_size(t->change.object));
	}
	finish(t);
}

/* It was not clear by its name what the call would open. */
static void
after_open(struct task *t, long result)
{
	struct stat st;

	if (result < 0 || !task_stat_fd(t, (int)result, &st) ||
	    !S_ISREG(st.st_mode))
		return;
	t->change.object = file_find(t->run, &st);
	if (t->change.object == NULL)
		return;
	cut(t, file_size(t->change.object));
	finish(t);
}

/* Killed in the call: it may have written all that it was asked to. */
void
coherence_forget(struct task *t, bool ran)
{
	const struct change *c = &t->change;
	uint64_t end;

	if (c->object == NULL)
		return;
	end = file_size(c->object);
	if (ran && c->cuts) {
		after_cut(t, 0);
		return;
	}
	if (end > c->start && c->most < end - c->start)
		end = c->start + c->most;
	if (ran && c->start < end)
		file_refresh(c->object, c->start, end);
	finish(t);
}

/* ---------------------------------------------------- before the call */

/* Where an argument that is an offset, or the address of one, says. */
static bool
told(struct task *t, const struct sysargs_call *call, uint64_t *start)
{
	switch (call->nr) {
	case SYS_pwrite64:
	case SYS_pwritev:
		*start = call->args[3];
		return true;
	case SYS_pwritev2:
		*start = call->args[3];
		return *start != (uint64_t)-1;
	case SYS_splice:
	case SYS_copy_file_range:
		return call->args[3] != 0 &&
		    user_read(t, call->args[3], start, sizeof(*start)) == 0;
	default:
		return false;
	}
}

#define APPEND 0x10 /* RWF_APPEND */

static void
find_start(struct task *t, const struct sysargs_call *call, int fd)
{
	struct change *c = &t->change;
	uint64_t pos = 0;
	bool appends = false;

	(void)position(t, fd, &pos, &appends);
	c->fd = fd;
	c->start = pos;
	c->positioned = told(t, call, &c->start);
	c->appends = appends ||
	    (call->nr == SYS_pwritev2 && (call->args[5] & APPEND));
	if (c->appends)
		c->start = file_size(c->object);
	c->most = call->nr == SYS_write || call->nr == SYS_pwrite64 ?
	    call->args[2] :
	    UINT64_MAX;
}

/* Whether every page of the file is looked at anew after the call. */
static bool
tosses(const struct sysargs_call *call)
{
	return call->nr == SYS_fallocate || call->nr == SYS_ioctl;
}

static bool
truncates(struct task *t, const struct sysargs_call *call)
{
	return (sysargs_open_flags(call, &syscall_memory, t) & O_TRUNC) != 0;
}

/* What the host has not been given it cannot make last. */
static int
before_reading(struct task *t, const struct sysargs_call *call,
    const struct sysargs_file *f)
{
	struct vm_object *obj = find(t, call, f->reads, f->by_path);
	bool sync = call->nr == SYS_fsync || call->nr == SYS_fdatasync;
	int error;

	if (obj == NULL)
		return 0;
	error = flush(t, obj);
	vm_object_unref(obj);
	return sync && error != 0 ? -EIO : 0;
}

/* Dirty pages that cannot be written stay: they must not be tossed. */
static int
before_change(struct task *t, const struct sysargs_call *call,
    struct vm_object *obj, void (*then)(struct task *, long))
{
	if (obj == NULL)
		return 0;
	if (flush(t, obj) != 0 && tosses(call)) {
		vm_object_unref(obj);
		return -EIO;
	}
	t->change = (struct change){ .object = obj, .cuts = then == after_cut };
	t->at_exit = then;
	return 0;
}

static int
before_writing(struct task *t, const struct sysargs_call *call, int fd)
{
	struct vm_object *obj = find(t, call, fd, false);
	int error = before_change(t, call, obj, after_write);

	if (obj != NULL && error == 0)
		find_start(t, call, (int)call->args[fd]);
	return error;
}

static int
before_opening(struct task *t, const struct sysargs_call *call, int path)
{
	struct vm_object *obj = find(t, call, path, true);

	if (obj == NULL)
		t->at_exit = after_open;
	return before_change(t, call, obj, after_cut);
}

int
coherence_prepare(struct task *t, const struct sysargs_call *call,
    const struct sysargs_info *info)
{
	const struct sysargs_file *f = &info->file;
	int error = 0;

	if (f->reads == SYSARGS_ALL) {
		file_flush_all(t->run);
	} else if (f->reads >= 0 && t->run->writable_files > 0) {
		error = before_reading(t, call, f);
	}
	if (error != 0)
		return error;
	if (f->writes >= 0)
		return before_writing(t, call, f->writes);
	if (f->cuts >= 0)
		return before_change(t, call,
		    find(t, call, f->cuts, f->by_path), after_cut);
	if (f->opens >= 0 && truncates(t, call))
		return before_opening(t, call, f->opens);
	return 0;
}
