/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zstd.c - a compressed file as memory, decompressed where it is touched.
 *
 *	zstd [FILE]
 *
 *	file	[ block 0 | block 1 | block 2 ... ]   each a frame of zstd
 *		     |		   decompress
 *	memory	[ 64 KB   | 64 KB   | 64 KB   ... ]   16 pages each
 *
 * FILE (or a text that is made up) is compressed to a temporary file, which is
 * then a pager: get() reads the blocks that the pages are in and decompresses
 * them.  Memory has room for a small part of it, and pages that are not used
 * go, to be decompressed again.
 */
#include <bsdvm/vm.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#define BLOCK  ((size_t)64 << 10)
#define BLOCKS ((size_t)4096) /* at most */

struct archive {
	int fd;
	uint64_t size;           /* bytes, decompressed */
	off_t start[BLOCKS + 1]; /* of block i in the file */
	size_t nblocks, decompressed;
	pthread_mutex_t lock; /* of all below */
	ZSTD_DCtx *context;
	char packed[ZSTD_COMPRESSBOUND(65536)], block[65536];
	size_t current; /* which block is there */
};

_Noreturn static void
give_up(const char *what, const char *why)
{
	(void)fprintf(stderr, "zstd: %s: %s\n", what, why);
	exit(1);
}

/* => locked; 0, or an error */
static int
load(struct archive *a, size_t i)
{
	size_t len = (size_t)(a->start[i + 1] - a->start[i]);

	if (a->current == i)
		return 0;
	a->current = BLOCKS;
	if (pread(a->fd, a->packed, len, a->start[i]) != (ssize_t)len ||
	    ZSTD_isError(ZSTD_decompressDCtx(a->context, a->block, BLOCK,
		a->packed, len)))
		return BSDVM_EIO;
	a->current = i;
	a->decompressed++;
	return 0;
}

static int
get(void *arg, uint64_t offset, void *const *pages, size_t *npages)
{
	struct archive *a = arg;
	int error = 0;

	(void)pthread_mutex_lock(&a->lock);
	for (size_t i = 0; i < *npages && error == 0; i++) {
		error = load(a, (offset + i * BSDVM_PAGE_SIZE) / BLOCK);
		if (error == 0)
			memcpy(pages[i],
			    a->block + (offset + i * BSDVM_PAGE_SIZE) % BLOCK,
			    BSDVM_PAGE_SIZE);
	}
	(void)pthread_mutex_unlock(&a->lock);
	return error;
}

static const struct bsdvm_pager pager = { .get = get };

/* ------------------------------------------------------------ compress */

static void
add_block(struct archive *a, const void *bytes, size_t len)
{
	size_t n = ZSTD_compress(a->packed, sizeof(a->packed), bytes, len, 3);

	if (ZSTD_isError(n))
		give_up("compress", ZSTD_getErrorName(n));
	if (a->nblocks == BLOCKS)
		give_up("file", "too large");
	if (pwrite(a->fd, a->packed, n, a->start[a->nblocks]) != (ssize_t)n)
		give_up("temporary file", "cannot be written");
	a->start[a->nblocks + 1] = a->start[a->nblocks] + (off_t)n;
	a->nblocks++;
	a->size += len;
}

/* Lines with a number. */
static size_t
make_up(char *block)
{
	static unsigned line;
	size_t n = 0;

	for (; n + 64 <= BLOCK; line++)
		n += (size_t)sprintf(block + n,
		    "%08u the quick brown fox jumps over the lazy dog %6u\n",
		    line, line * 2654435761u % 999983);
	memset(block + n, '.', BLOCK - n);
	return line < 250000 ? BLOCK : 0;
}

static uint64_t
sum_of(const unsigned char *p, size_t len, uint64_t sum)
{
	for (size_t i = 0; i < len; i++)
		sum = sum * 31 + p[i];
	return sum;
}

/* => the sum of all that was compressed */
static uint64_t
compress(struct archive *a, FILE *in)
{
	uint64_t sum = 0;
	size_t len;

	for (;;) {
		len = in != NULL ? fread(a->block, 1, BLOCK, in) :
				   make_up(a->block);
		if (len == 0)
			return sum;
		sum = sum_of((unsigned char *)a->block, len, sum);
		add_block(a, a->block, len);
	}
}

int
main(int argc, char **argv)
{
	static struct archive a = { .lock = PTHREAD_MUTEX_INITIALIZER,
		.current = BLOCKS };
	const struct bsdvm_config config = { .memory = (uint64_t)4 << 20 };
	struct bsdvm_mapping m = { .prot = BSDVM_READ };
	FILE *in = argc > 1 ? fopen(argv[1], "re") : NULL;
	struct bsdvm_system *sys;
	struct bsdvm_space *space;
	FILE *packed = tmpfile();
	uint64_t sum;
	void *text;

	a.context = ZSTD_createDCtx();
	if (packed == NULL || a.context == NULL || (argc > 1 && in == NULL))
		give_up(argc > 1 ? argv[1] : "begin", "cannot be opened");
	a.fd = fileno(packed);
	sum = compress(&a, in);
	m.len = a.size;
	if (bsdvm_system_create(&config, &sys, NULL) != 0 ||
	    bsdvm_space_create(sys, &space) != 0 ||
	    bsdvm_object_pager(sys, &pager, &a, a.size, &m.object) != 0 ||
	    bsdvm_mmap(space, &m, &text) != 0)
		give_up("memory", "cannot be had");
	bsdvm_object_release(m.object);
	if (sum_of(text, a.size, 0) != sum)
		give_up("text", "is not what it was");
	(void)printf("%zu MB, as %zu KB on disk, in 4 MB of memory: "
		     "%zu blocks of 64 KB, decompressed %zu times\n",
	    (size_t)(a.size >> 20), (size_t)a.start[a.nblocks] >> 10, a.nblocks,
	    a.decompressed);
	bsdvm_space_destroy(space);
	return bsdvm_system_destroy(sys);
}
