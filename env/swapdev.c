/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * swapdev.c - see swapdev.h.
 */
#include "env/swapdev.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void
swapdev_close(const struct vm_swap_device *device)
{
	if (device->ops->close != NULL)
		device->ops->close(device->dev);
}

bool
swapdev_refuse(struct swapdev_why *why, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(why->text, sizeof(why->text), format, ap);
	va_end(ap);
	return false;
}

/* ----------------------------------------------------------------- queue */

void
swapqueue_init(struct swapqueue *q)
{
	(void)pthread_mutex_init(&q->lock, NULL);
	q->first = q->last = NULL;
	q->closing = false;
}

void
swapqueue_fini(struct swapqueue *q)
{
	VM_ASSERT(q->first == NULL);
	(void)pthread_mutex_destroy(&q->lock);
}

bool
swapqueue_put(struct swapqueue *q, struct vm_io *io)
{
	bool was_empty;

	io->store[0] = NULL;
	(void)pthread_mutex_lock(&q->lock);
	was_empty = q->first == NULL;
	if (was_empty)
		q->first = io;
	else
		q->last->store[0] = io;
	q->last = io;
	(void)pthread_mutex_unlock(&q->lock);
	return was_empty;
}

struct vm_io *
swapqueue_take_locked(struct swapqueue *q)
{
	struct vm_io *io = q->first;

	if (io != NULL)
		q->first = io->store[0];
	return io;
}

struct vm_io *
swapqueue_take(struct swapqueue *q)
{
	struct vm_io *io;

	(void)pthread_mutex_lock(&q->lock);
	io = swapqueue_take_locked(q);
	(void)pthread_mutex_unlock(&q->lock);
	return io;
}

void
swapqueue_close(struct swapqueue *q)
{
	(void)pthread_mutex_lock(&q->lock);
	q->closing = true;
	(void)pthread_mutex_unlock(&q->lock);
}

bool
swapqueue_is_closing(struct swapqueue *q)
{
	bool closing;

	(void)pthread_mutex_lock(&q->lock);
	closing = q->closing;
	(void)pthread_mutex_unlock(&q->lock);
	return closing;
}

/* --------------------------------------------------------------- threads */

/* A thread begins with the signals blocked that its maker has blocked. */
int
swapdev_thread(pthread_t *thread, void *(*run)(void *), void *arg)
{
	sigset_t all, before;
	int error;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(thread, NULL, run, arg);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error;
}

/* -------------------------------------------------------------- messages */

void
swaplog_init(struct swaplog *log, const struct vm_env *env, const char *name)
{
	log->env = env;
	log->name = name;
	atomic_init(&log->told, 0);
}

void
swaplog_say(struct swaplog *log, const char *format, ...)
{
	char line[512];
	va_list ap;
	int n;

	if (atomic_fetch_add(&log->told, 1) != 0 || log->env->log == NULL)
		return;
	n = snprintf(line, sizeof(line), "swap %s: ", log->name);
	if (n < 0 || (size_t)n >= sizeof(line))
		n = 0;
	va_start(ap, format);
	(void)vsnprintf(line + n, sizeof(line) - (size_t)n, format, ap);
	va_end(ap);
	log->env->log(log->env->ctx, line, strlen(line));
}
