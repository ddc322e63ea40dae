/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arena.c - see arena.h.
 *
 * Classes are 16 bytes and then two for each power of two, up to 64 KB:
 *
 *	16 32 48 64 96 128 192 ... 32768 49152 65536
 *
 * A request that is a multiple of a page falls into a class that is one, too,
 * and such blocks are cut at the boundary of a page.
 */
#include "env/arena.h"

#include "env/posix.h"
#include "vm/vm_types.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#define SMALLEST 16
#define LARGEST  ((size_t)1 << 16)
#define CHUNK    ((size_t)1 << 18)

_Static_assert(LARGEST == (size_t)2 << ((ARENA_CLASSES - 1) / 2 + 4),
    "the last class");

struct arena_block {
	struct arena_block *next;
};

struct arena_chunk {
	struct arena_chunk *next;
	char pad[SMALLEST - sizeof(void *)];
};

static size_t
class_size(unsigned class)
{
	unsigned power = class / 2;

	if (class == 0)
		return SMALLEST;
	return class % 2 == 0 ? (size_t)3 << (power + 3) :
				(size_t)2 << (power + 4);
}

static unsigned
class_of(size_t size)
{
	unsigned class = 0;

	while (class_size(class) < size)
		class ++;
	return class;
}

static void *
from_kernel(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* => locked */
static bool
add_chunk(struct arena *arena)
{
	struct arena_chunk *chunk = from_kernel(CHUNK);

	if (chunk == NULL)
		return false;
	chunk->next = arena->chunks;
	arena->chunks = chunk;
	arena->next = (char *)(chunk + 1);
	arena->end = (char *)chunk + CHUNK;
	return true;
}

/* What is left over when a chunk is full, or in front of a page, is not used.
 * => locked */
static void *
cut(struct arena *arena, size_t size)
{
	size_t align = (size & VM_PAGE_MASK) == 0 ? VM_PAGE_SIZE : SMALLEST;
	size_t skip = -(uintptr_t)arena->next & (align - 1);
	char *p;

	if ((size_t)(arena->end - arena->next) < skip + size) {
		if (!add_chunk(arena))
			return NULL;
		skip = -(uintptr_t)arena->next & (align - 1);
	}
	p = arena->next + skip;
	arena->next = p + size;
	return p;
}

static void *
arena_alloc(void *ctx, size_t size)
{
	struct arena *arena = ctx;
	struct arena_block *block;
	unsigned class;

	if (size > LARGEST)
		return from_kernel(size);
	class = class_of(size);
	vm_mutex_lock(&arena->lock);
	block = arena->free[class];
	if (block != NULL)
		arena->free[class] = block->next;
	else
		block = cut(arena, class_size(class));
	arena->blocks += block != NULL;
	vm_mutex_unlock(&arena->lock);
	return block;
}

static void
arena_free(void *ctx, void *p, size_t size)
{
	struct arena *arena = ctx;
	struct arena_block *block = p;
	unsigned class;

	if (size > LARGEST) {
		(void)munmap(p, size);
		return;
	}
	class = class_of(size);
	vm_mutex_lock(&arena->lock);
	block->next = arena->free[class];
	arena->free[class] = block;
	arena->blocks--;
	vm_mutex_unlock(&arena->lock);
}

static void
arena_wait(void *ctx, const _Atomic uint32_t *word, uint32_t value)
{
	(void)ctx;
	posix_env.wait(posix_env.ctx, word, value);
}

static void
arena_wake(void *ctx, const _Atomic uint32_t *word)
{
	(void)ctx;
	posix_env.wake(posix_env.ctx, word);
}

/* No stdio: its lock may be held by whom the fault has interrupted. */
static void
arena_log(void *ctx, const char *text, size_t len)
{
	struct arena *arena = ctx;
	union {
		const char *in;
		void *out;
	} same = { .in = text }; /* writev only reads it */
	struct iovec line[] = { { (char[]){ "bsdvm: " }, 7 }, { same.out, len },
		{ (char[]){ "\n" }, 1 } };

	if (arena->log != NULL)
		arena->log(arena->log_arg, text, len);
	else if (writev(STDERR_FILENO, line, 3) < 0)
		return; /* nobody hears it */
}

void
arena_init(struct arena *arena)
{
	memset(arena, 0, sizeof(*arena));
	arena->env = posix_env;
	arena->env.ctx = arena;
	arena->env.alloc = arena_alloc;
	arena->env.free = arena_free;
	arena->env.wait = arena_wait;
	arena->env.wake = arena_wake;
	arena->env.log = arena_log;
	vm_mutex_init(&arena->lock, &arena->env);
}

void
arena_fini(struct arena *arena)
{
	struct arena_chunk *chunk, *next;

	VM_ASSERT(arena->blocks == 0);
	for (chunk = arena->chunks; chunk != NULL; chunk = next) {
		next = chunk->next;
		(void)munmap(chunk, CHUNK);
	}
}
