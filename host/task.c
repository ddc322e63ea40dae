/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * task.c - see task.h.  Slots of the stub region are given out here, because
 * one lives exactly as long as its task.
 */
#include "host/task.h"

#include "base/hash.h"
#include "host/coherence.h"
#include "host/message.h"
#include "host/putoff.h"
#include "host/run.h"
#include "host/signal.h"
#include "host/space.h"
#include "host/stub.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define STAT_LEN   2048
#define STAT_STATE 3

#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL
#endif

static struct list *
bucket(struct task_table *tab, pid_t tid)
{
	return &tab->buckets[hash_mix64((uint64_t)tid) % TASK_BUCKETS];
}

void
task_table_init(struct task_table *tab)
{
	for (unsigned i = 0; i < TASK_BUCKETS; i++)
		list_init(&tab->buckets[i]);
	list_init(&tab->all);
	tab->count = 0;
}

struct task *
task_find(struct run *run, pid_t tid)
{
	LIST_FOREACH(struct task, t, bucket(&run->tasks, tid), bucket)
		if (t->tid == tid)
			return t;
	return NULL;
}

struct task *
task_create(struct run *run, pid_t tid)
{
	struct task *t = calloc(1, sizeof(*t));

	if (t == NULL || !stub_slot_alloc(run, &t->slot)) {
		message("out of memory for another thread");
		free(t);
		return NULL;
	}
	t->run = run;
	t->tid = t->tgid = tid;
	t->at = TASK_RUNNING;
	list_init(&t->in_space);
	list_init(&t->unread);
	list_init(&t->waiting);
	list_insert_tail(bucket(&run->tasks, tid), &t->bucket);
	list_insert_tail(&run->tasks.all, &t->all);
	run->tasks.count++;
	return t;
}

void
task_destroy(struct task *t)
{
	list_remove(&t->bucket);
	list_remove(&t->all);
	list_remove(&t->unread);
	LIST_FOREACH(struct task, other, &t->run->tasks.all, all)
		if (other->vfork_parent == t)
			other->vfork_parent = NULL;
	coherence_forget(t, true);
	putoff_leave(t);
	space_leave(t);
	sighand_unref(t->sighand);
	stub_slot_free(t->run, t->slot);
	t->run->tasks.count--;
	free(t);
}

void
task_replace(struct task *t, struct task *gone)
{
	pid_t tid = gone->tid;

	list_remove(&gone->bucket);
	list_remove(&gone->unread);
	gone->has_status = false;
	gone->at = TASK_DEAD;
	gone->tid = t->tid;
	list_remove(&t->bucket);
	t->tid = t->tgid = tid;
	list_insert_tail(bucket(&t->run->tasks, tid), &t->bucket);
	if (gone->vfork_parent != NULL)
		t->vfork_parent = gone->vfork_parent;
	gone->vfork_parent = NULL;
}

/* The text of a field of /proc/TID/stat, after a space; NULL: there is none. */
static const char *
stat_field(const struct task *t, int field, char *text, size_t size)
{
	char path[64], *p;
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)t->tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	n = read(fd, text, size - 1);
	(void)close(fd);
	text[n > 0 ? n : 0] = '\0';
	p = strrchr(text, ')');
	for (int i = 2; p != NULL && i < field; i++)
		p = strchr(p + 1, ' ');
	return p;
}

uint64_t
task_stat(const struct task *t, int field)
{
	char text[STAT_LEN];
	const char *p = stat_field(t, field, text, sizeof(text));

	return p != NULL ? strtoull(p, NULL, 10) : 0;
}

char
task_state(const struct task *t)
{
	char text[STAT_LEN];
	const char *p = stat_field(t, STAT_STATE, text, sizeof(text));

	return (char)(p != NULL ? p[1] : '\0');
}

int
task_fd(const struct task *t, int fd)
{
	int pidfd = (int)syscall(SYS_pidfd_open, t->tid, PIDFD_THREAD), copy;

	if (pidfd < 0) /* Linux before 6.9 knows processes only */
		pidfd = (int)syscall(SYS_pidfd_open, t->tgid, 0);
	if (pidfd < 0)
		return -errno;
	copy = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	if (copy < 0)
		copy = -errno;
	(void)close(pidfd);
	return copy;
}

bool
task_stat_fd(const struct task *t, int fd, struct stat *st)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)t->tid, fd);
	return fd >= 0 && stat(path, st) == 0;
}
