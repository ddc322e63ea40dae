/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proc.c - see proc.h.
 *
 * Before the open its path is looked at, because that is cheap: the last part
 * must be one of a few names.  After it the host says what has been opened; the
 * descriptor is replaced before the program sees it.
 */
#include "host/proc.h"

#include "host/give.h"
#include "host/proc_text.h"
#include "host/run.h"
#include "host/space.h"
#include "host/stub.h"
#include "host/syscall.h"
#include "host/trace.h"
#include "host/user.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PATH_LONGEST 64 /* that could be one of ours */

static const struct {
	const char *name;
	proc_text_fn *text;
} files[] = {
	{ "maps", proc_text_maps },
	{ "smaps", proc_text_smaps },
	{ "smaps_rollup", proc_text_rollup },
	{ "statm", proc_text_statm },
	{ "cmdline", proc_text_cmdline },
	{ "environ", proc_text_environ },
};

static proc_text_fn *
find(const char *path)
{
	const char *name = strrchr(path, '/');

	name = name == NULL ? path : name + 1;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (strcmp(files[i].name, name) == 0)
			return files[i].text;
	return NULL;
}

/* The process of the run that /proc/N/... or /proc/N/task/M/... is about. */
static struct space *
space_of(struct run *run, const char *path)
{
	struct task *t;
	char *end;
	long pid;

	if (strncmp(path, "/proc/", 6) != 0)
		return NULL;
	pid = strtol(path + 6, &end, 10);
	if (strncmp(end, "/task/", 6) == 0)
		pid = strtol(end + 6, &end, 10);
	t = end[0] == '/' && strchr(end + 1, '/') == NULL ?
	    task_find(run, (pid_t)pid) :
	    NULL;
	return t == NULL ? NULL : t->space;
}

/* What has been opened, as the host calls it. */
static bool
path_of(const struct task *t, long fd, char *path, size_t size)
{
	char link[64];
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/%d/fd/%ld", (int)t->tid, fd);
	n = readlink(link, path, size - 1);
	path[n > 0 ? n : 0] = '\0';
	return n > 0 && (size_t)n < size - 1;
}

/* A file with the text, to be read only; -1. */
static int
make_file(struct space *space, proc_text_fn *text)
{
	int fd = memfd_create("proc", MFD_CLOEXEC), copy;
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
	char path[64];

	if (f == NULL)
		return -1;
	text(space, f);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	copy = fflush(f) == 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	(void)fclose(f);
	return copy;
}

static void
after_open(struct task *t, long result)
{
	struct give file = { .number = (int)result,
		.cloexec = t->opens_cloexec };
	char path[PATH_LONGEST];
	struct space *space;

	if (result < 0 || !path_of(t, result, path, sizeof(path)) ||
	    find(path) == NULL || (space = space_of(t->run, path)) == NULL)
		return;
	file.fd = make_file(space, find(path));
	if (file.fd < 0)
		return;
	(void)stub_give(t, &file);
	(void)close(file.fd);
}

void
proc_prepare(struct task *t, const struct sysargs_call *call,
    const struct sysargs_info *info)
{
	char path[PATH_LONGEST];
	uint64_t flags;

	if (info->file.opens < 0 || t->at_exit != NULL ||
	    user_read_string(t, call->args[info->file.opens], path,
		sizeof(path)) != 0 ||
	    find(path) == NULL)
		return;
	flags = sysargs_open_flags(call, &syscall_memory, t);
	if (flags & O_PATH)
		return;
	t->opens_cloexec = (flags & O_CLOEXEC) != 0;
	t->at_exit = after_open;
}
