/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * malloc.c - malloc() on an mmap() of our own, for SQLite.
 *
 *	malloc [ROWS [MEGABYTES OF MEMORY]]
 *
 * SQLite takes its memory from functions that it is given.  These are a simple
 * allocator of powers of two on bsdvm_map_anon(), with 4 MB of memory and the
 * rest in swap.  A database that SQLite has in memory, with an index, a join
 * and a sort, is several times as large.
 *
 *	block	| size | bytes of the program ... |
 *	free[i]	blocks of 2^i that nobody uses
 */
#include <bsdvm/vm.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLASSES 24
#define CHUNK   ((size_t)1 << 20)
#define HEAD    ((size_t)16)

struct block {
	size_t class;
	struct block *next; /* where the bytes begin, if it is free */
};

static struct {
	struct bsdvm_space *space;
	struct block *free[CLASSES];
	char *next, *end; /* of the newest chunk */
	size_t mapped;
} heap;

/* ------------------------------------------------------------ allocator */

static void *
cut(size_t size)
{
	size_t len = size > CHUNK ? size : CHUNK;
	void *chunk;

	if ((size_t)(heap.end - heap.next) < size) {
		if (bsdvm_map_anon(heap.space, len, &chunk) != 0)
			return NULL;
		heap.next = chunk;
		heap.end = heap.next + len;
		heap.mapped += len;
	}
	heap.next += size;
	return heap.next - size;
}

static void *
heap_malloc(int n)
{
	size_t class = 5;
	struct block *b;

	while (((size_t)1 << class) < (size_t)n + HEAD)
		if (++class == CLASSES)
			return NULL;
	b = heap.free[class];
	if (b != NULL)
		heap.free[class] = b->next;
	else
		b = cut((size_t)1 << class);
	if (b == NULL)
		return NULL;
	b->class = class;
	return (char *)b + HEAD;
}

static struct block *
block_of(void *p)
{
	return (struct block *)(void *)((char *)p - HEAD);
}

static void
heap_free(void *p)
{
	struct block *b = block_of(p);

	b->next = heap.free[b->class];
	heap.free[b->class] = b;
}

static int
heap_size(void *p)
{
	return (int)(((size_t)1 << block_of(p)->class) - HEAD);
}

static void *
heap_realloc(void *p, int n)
{
	void *q;

	if (n <= heap_size(p))
		return p;
	q = heap_malloc(n);
	if (q != NULL) {
		memcpy(q, p, (size_t)heap_size(p));
		heap_free(p);
	}
	return q;
}

static int
heap_roundup(int n)
{
	return (n + 7) & ~7;
}

static int
heap_init(void *arg)
{
	return arg == NULL ? SQLITE_OK : SQLITE_ERROR;
}

static void
heap_fini(void *arg)
{
	(void)arg;
}

/* ---------------------------------------------------------------- use */

_Noreturn static void
give_up(const char *what, const char *why)
{
	(void)fprintf(stderr, "malloc: %s: %s\n", what, why);
	exit(1);
}

static int
print_row(void *arg, int n, char **values, char **names)
{
	(void)arg;
	(void)names;
	(void)printf("%s: %s\n", values[0], n > 1 ? values[1] : "");
	return 0;
}

static void
work(const char *rows)
{
	static const char script[] =
	    "create table t(id integer primary key, k int, s text);"
	    "with recursive n(i) as (select 1 union all select i + 1 from n"
	    " limit %s) insert into t"
	    " select i, i * 7919 %% 100003, printf('%%0100d', i) from n;"
	    "create index ti on t(k);"
	    "select 'sum', sum(a.id - b.id) from t a, t b where a.k = b.k;"
	    "select 'last', substr(s, 95) from t order by s desc limit 1;";
	char *sql = sqlite3_mprintf(script, rows), *why = NULL;
	sqlite3 *db;

	if (sqlite3_open(":memory:", &db) != SQLITE_OK || sql == NULL)
		give_up("database", "cannot be opened");
	if (sqlite3_exec(db, sql, print_row, NULL, &why) != SQLITE_OK)
		give_up("SQL", why);
	sqlite3_free(sql);
	(void)sqlite3_close(db);
	(void)sqlite3_shutdown();
}

int
main(int argc, char **argv)
{
	const sqlite3_mem_methods methods = { heap_malloc, heap_free,
		heap_realloc, heap_size, heap_roundup, heap_init, heap_fini,
		NULL };
	const struct bsdvm_swap swap = { .size = (uint64_t)512 << 20 };
	uint64_t memory = argc > 2 ? strtoul(argv[2], NULL, 10) : 4;
	const struct bsdvm_config config = { .memory = memory << 20,
		.swaps = &swap,
		.nswaps = 1 };
	struct bsdvm_system *sys;
	struct bsdvm_stats stats;
	struct bsdvm_why why;

	if (bsdvm_system_create(&config, &sys, &why) != 0)
		give_up("system", why.text);
	if (bsdvm_space_create(sys, &heap.space) != 0 ||
	    sqlite3_config(SQLITE_CONFIG_MALLOC, &methods) != SQLITE_OK)
		give_up("begin", "no memory");
	work(argc > 1 ? argv[1] : "50000");
	bsdvm_stats(sys, &stats);
	(void)printf("heap of %zu MB in %llu MB of memory, %llu pages read\n",
	    heap.mapped >> 20, (unsigned long long)memory,
	    (unsigned long long)stats.pageins);
	bsdvm_space_destroy(heap.space);
	return bsdvm_system_destroy(sys);
}
