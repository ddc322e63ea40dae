/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * safefile.c - see safefile.h.
 */
#include "test/stress/safefile.h"

#include <sched.h>

static int
file_read(void *file, uint64_t off, void *const *pages, unsigned npages,
    size_t *done)
{
	struct safe_file *f = file;

	*done = 0;
	pthread_mutex_lock(&f->lock);
	for (unsigned i = 0; i < npages && off < f->size; i++) {
		memcpy(pages[i], f->bytes + off, VM_PAGE_SIZE);
		off += VM_PAGE_SIZE;
		*done += VM_PAGE_SIZE;
	}
	pthread_mutex_unlock(&f->lock);
	sched_yield();
	return 0;
}

static void
end_read(struct safe_file *f, struct vm_io *io)
{
	vm_io_done(io,
	    file_read(f, io->offset, io->addr, io->npages, &io->len));
}

static void
file_read_start(void *file, struct vm_io *io)
{
	struct safe_file *f = file;
	bool served;

	pthread_mutex_lock(&f->lock);
	served = f->served;
	if (served) {
		io->store[0] = f->reads;
		f->reads = io;
	}
	pthread_mutex_unlock(&f->lock);
	if (!served)
		end_read(f, io);
}

/* => false: there is none, and with `last` there will be none */
static bool
serve_one(struct safe_file *f, bool last)
{
	struct vm_io *io;

	pthread_mutex_lock(&f->lock);
	io = f->reads;
	if (io != NULL)
		f->reads = io->store[0];
	f->served = !last || io != NULL;
	pthread_mutex_unlock(&f->lock);
	if (io != NULL)
		end_read(f, io);
	return io != NULL;
}

void
safe_file_serve(struct stress_actor *a, struct safe_file *const *files,
    unsigned n)
{
	bool stop, served;

	do {
		stop = a->st->stop;
		served = false;
		for (unsigned i = 0; i < n; i++)
			served |= serve_one(files[i], stop);
		sched_yield();
	} while (!stop || served);
}

static int
file_write(void *file, uint64_t off, void *const *pages, size_t len)
{
	struct safe_file *f = file;

	sched_yield();
	pthread_mutex_lock(&f->lock);
	for (size_t i = 0; i < len / VM_PAGE_SIZE && off < f->size; i++) {
		memcpy(f->bytes + off, pages[i], VM_PAGE_SIZE);
		off += VM_PAGE_SIZE;
	}
	pthread_mutex_unlock(&f->lock);
	return 0;
}

static int
file_size(void *file, uint64_t *bytes)
{
	struct safe_file *f = file;

	pthread_mutex_lock(&f->lock);
	*bytes = f->size;
	pthread_mutex_unlock(&f->lock);
	return 0;
}

static void
file_close(void *file)
{
	struct safe_file *f = file;

	pthread_mutex_lock(&f->lock);
	f->opens--;
	pthread_mutex_unlock(&f->lock);
}

void
safe_file_init(struct safe_file *f)
{
	pthread_mutex_init(&f->lock, NULL);
	f->size = sizeof(f->bytes);
}

struct vm_object *
safe_file_object(struct stress *st, struct safe_file *f)
{
	static const struct vm_file_ops ops = { .read = file_read,
		.read_start = file_read_start,
		.write = file_write,
		.size = file_size,
		.close = file_close };
	struct vm_object_key key = { 1, (uint64_t)(uintptr_t)f };
	struct vm_object *obj;
	bool taken;

	pthread_mutex_lock(&f->lock);
	f->opens++;
	pthread_mutex_unlock(&f->lock);
	obj = vm_file_object(st->sys, &ops, f, key, &taken);
	if (!taken)
		file_close(f);
	stress_must(st, obj != NULL, "no object", 0, 0);
	return obj;
}

void
safe_file_resize(struct safe_file *f, uint64_t size)
{
	pthread_mutex_lock(&f->lock);
	if (size < f->size)
		memset(f->bytes + size, 0, f->size - size);
	f->size = size;
	pthread_mutex_unlock(&f->lock);
}

uint64_t
safe_file_word(struct safe_file *f, uint64_t off)
{
	uint64_t v;

	pthread_mutex_lock(&f->lock);
	memcpy(&v, f->bytes + off, sizeof(v));
	pthread_mutex_unlock(&f->lock);
	return v;
}
