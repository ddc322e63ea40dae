/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cow/slots_chunks.h - chunks of slots, for who allocates them.
 */
#ifndef VM_COW_SLOTS_CHUNKS_H
#define VM_COW_SLOTS_CHUNKS_H

#include "vm/cow/amap.h"

#define VM_CHUNK_SLOTS VM_AMAP_CHUNK

/* Sixteen slots in a row; `used` has a bit for each that is not empty. */
struct vm_chunk {
	struct list link;      /* all chunks of the amap */
	struct vm_chunk *next; /* in its bucket */
	uint32_t base;         /* its first slot */
	uint32_t used;
	struct vm_anon *anons[VM_CHUNK_SLOTS];
};

/* The chunks of an amap that has more than one. */
struct vm_chunk_hash {
	struct list all;
	uint32_t nchunks, nbuckets;
	struct vm_chunk *buckets[]; /* nbuckets, a power of two */
};

/* An amap for so few slots that they are in it. */
struct vm_amap_small {
	struct vm_amap amap;
	struct vm_chunk chunk;
};

#endif
