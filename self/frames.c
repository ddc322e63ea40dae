/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * frames.c - see frames.h.  Whoever is first to set the bit of a block makes
 * it; others may be early, and fault as they would have.
 */
#include "self/frames.h"

#include "pmap/host.h"

#include <string.h>
#include <sys/mman.h>

#define BLOCK ((size_t)256 << 10)
#define WORD  64

struct frames {
	size_t size; /* of this struct */
	_Atomic uint64_t made[];
};

int
frames_init(struct bsdvm_system *sys)
{
	size_t nblocks = vm_ptoa(sys->machine->npages) / BLOCK + 1;
	size_t size = sizeof(struct frames) +
	    (nblocks + WORD - 1) / WORD * sizeof(uint64_t);
	struct frames *frames = sys->env->alloc(sys->env->ctx, size);

	if (frames == NULL)
		return VM_ENOMEM;
	memset(frames, 0, size);
	frames->size = size;
	sys->frames = frames;
	return 0;
}

void
frames_fini(struct bsdvm_system *sys)
{
	sys->env->free(sys->env->ctx, sys->frames, sys->frames->size);
}

static void
make_block(const struct bsdvm_system *sys, size_t block, char *start)
{
#ifdef MADV_POPULATE_WRITE
	uint64_t left = vm_ptoa(sys->machine->npages) - block * BLOCK;

	(void)madvise(start, left < BLOCK ? left : BLOCK, MADV_POPULATE_WRITE);
#else
	(void)sys, (void)block, (void)start;
#endif
}

void
frames_need(struct bsdvm_system *sys, void *const *addr, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		uint64_t at = pmap_host_offset(sys->machine, addr[i]);
		size_t block = at / BLOCK;
		_Atomic uint64_t *word = &sys->frames->made[block / WORD];
		uint64_t bit = (uint64_t)1 << block % WORD;

		if ((atomic_load_explicit(word, memory_order_relaxed) & bit) !=
			0 ||
		    (atomic_fetch_or(word, bit) & bit) != 0)
			continue;
		make_block(sys, block, (char *)addr[i] - at % BLOCK);
	}
}
