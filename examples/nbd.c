/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nbd.c - a remote export as memory.
 *
 *	nbd URI
 *
 *	memory	[ ..... pages that are used ..... ]
 *		    get |	    ^ put
 *	server	[ nbd_pread	nbd_pwrite	  ]
 *
 * The export is mapped shared: what is touched is read from the server, what
 * is written goes back when memory is short, and at msync.  The program counts
 * its own runs in the first page, and leaves a mark in every megabyte.
 */
#include <bsdvm/vm.h>
#include <libnbd.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MARK ((size_t)1 << 20) /* bytes from one to the next */

struct export
{
	struct nbd_handle *nbd;
	pthread_mutex_t lock; /* of the handle's calls, and of the buffer */
	char buffer[64 * 4096];
	unsigned gets, puts;
};

_Noreturn static void
give_up(const char *what, const char *why)
{
	(void)fprintf(stderr, "nbd: %s: %s\n", what, why);
	exit(1);
}

/* One request for all pages, which need not follow each other in memory. */
static int
get(void *arg, uint64_t offset, void *const *pages, size_t *npages)
{
	struct export *e = arg;
	size_t n = *npages < 64 ? *npages : 64;
	int error;

	(void)pthread_mutex_lock(&e->lock);
	error = nbd_pread(e->nbd, e->buffer, n * BSDVM_PAGE_SIZE, offset, 0);
	for (size_t i = 0; i < n && error == 0; i++)
		memcpy(pages[i], e->buffer + i * BSDVM_PAGE_SIZE,
		    BSDVM_PAGE_SIZE);
	e->gets++;
	(void)pthread_mutex_unlock(&e->lock);
	*npages = n;
	return error;
}

static int
put(void *arg, uint64_t offset, void *const *pages, size_t npages)
{
	struct export *e = arg;
	int error = 0;

	(void)pthread_mutex_lock(&e->lock);
	for (size_t i = 0; i < npages && error == 0; i++)
		error = nbd_pwrite(e->nbd, pages[i], BSDVM_PAGE_SIZE,
		    offset + i * BSDVM_PAGE_SIZE, 0);
	e->puts++;
	(void)pthread_mutex_unlock(&e->lock);
	return error;
}

static int
sync_export(void *arg)
{
	struct export *e = arg;
	int error;

	(void)pthread_mutex_lock(&e->lock);
	error = nbd_can_flush(e->nbd) == 1 ? nbd_flush(e->nbd, 0) : 0;
	(void)pthread_mutex_unlock(&e->lock);
	return error;
}

static const struct bsdvm_pager pager = {
	.get = get,
	.put = put,
	.sync = sync_export,
};

/* ---------------------------------------------------------------- use */

static uint64_t
leave_marks(char *p, size_t size)
{
	uint64_t runs = ++*(uint64_t *)(void *)p;

	for (size_t at = MARK; at + sizeof(runs) <= size; at += MARK) {
		uint64_t *mark = (uint64_t *)(void *)(p + at);

		if (*mark != runs - 1)
			give_up("export",
			    "has other marks than the last run's");
		*mark = runs;
	}
	return runs;
}

static void
use(struct bsdvm_space *space, struct bsdvm_object *object, size_t size)
{
	const struct bsdvm_mapping m = { .len = size,
		.prot = BSDVM_READ | BSDVM_WRITE,
		.flags = BSDVM_SHARED,
		.object = object };
	uint64_t runs;
	void *p;

	if (bsdvm_mmap(space, &m, &p) != 0)
		give_up("mmap", "no room");
	runs = leave_marks(p, size);
	if (bsdvm_msync(p, size, BSDVM_MS_SYNC) != 0)
		give_up("msync", nbd_get_error());
	(void)printf("run %llu of an export of %zu MB, in 2 MB of memory\n",
	    (unsigned long long)runs, size >> 20);
}

int
main(int argc, char **argv)
{
	static struct export e = { .lock = PTHREAD_MUTEX_INITIALIZER };
	const struct bsdvm_config config = { .memory = (uint64_t)2 << 20 };
	struct bsdvm_object *object = NULL;
	struct bsdvm_space *space = NULL;
	struct bsdvm_system *sys;
	int64_t size;

	if (argc != 2)
		give_up("usage", "nbd URI");
	e.nbd = nbd_create();
	if (e.nbd == NULL || nbd_connect_uri(e.nbd, argv[1]) != 0)
		give_up(argv[1], nbd_get_error());
	size = nbd_get_size(e.nbd);
	if (size < (int64_t)BSDVM_PAGE_SIZE)
		give_up(argv[1], "less than a page");
	if (bsdvm_system_create(&config, &sys, NULL) != 0 ||
	    bsdvm_space_create(sys, &space) != 0 ||
	    bsdvm_object_pager(sys, &pager, &e,
		(uint64_t)size / BSDVM_PAGE_SIZE * BSDVM_PAGE_SIZE,
		&object) != 0)
		give_up("memory", "cannot be had");
	use(space, object, (size_t)size / BSDVM_PAGE_SIZE * BSDVM_PAGE_SIZE);
	bsdvm_object_release(object);
	bsdvm_space_destroy(space);
	(void)printf("%u reads, %u writes\n", e.gets, e.puts);
	(void)bsdvm_system_destroy(sys);
	nbd_close(e.nbd);
	return 0;
}
