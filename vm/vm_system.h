/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_system.h - one virtual memory system, and the only root of state.
 *
 * A process may hold many.  Each layer keeps its own part behind a pointer
 * whose type only that layer knows; vm_init.c puts the parts together.
 */
#ifndef VM_SYSTEM_H
#define VM_SYSTEM_H

#include "base/alloc.h"
#include "base/list.h"
#include "vm/vm_env.h"
#include "vm/vm_lock.h"
#include "vm/vm_stats.h"

struct vm_machine;

struct vm_system {
	const struct vm_env *env;     /* (c) the host */
	struct base_alloc alloc;      /* (c) its allocator, for base/ */
	struct vm_machine *machine;   /* (c) the MMU port */
	struct vm_freelist *freelist; /* (c) free pages: vm_freelist.c */
	struct vm_pages *pages;       /* (c) those in use: vm_page.c */
	struct vm_pageq *pageq;       /* (c) paging queues: vm_pageq.c */
	struct vm_swap *swap;         /* (c) slots and devices: vm_swap.c */
	struct vm_reads *reads;       /* (c) that nobody waits in: vm_read.c */
	struct vm_swapouts *swapouts; /* (c) on the way out: vm_swapout.c */
	struct vm_pageouts *pageouts; /* (c) page daemon: vm_pageout.c */
	const struct vm_paging *paging; /* (c) which pages go: paging/ */
	struct vm_objects *objects;     /* (c) all there are: vm_objects.h */
	struct vm_writes *writes;       /* (c) to files: vm_object_write.c */
	struct vm_pagehash *pagehash;   /* (c) once made: pageindex/hash.c */
	/* (c) page index of objects that are made without a space */
	const struct vm_pageindex_ops *pageindex;
	struct vm_cow_pools *cow_pools; /* (c) cow/cow_pool.c */
	struct vm_entries *entries;     /* (c) vm_map_entry.c */
	struct vm_mutex spaces_lock;
	struct list spaces;            /* every vmspace, under spaces_lock */
	_Atomic size_t slot_bytes;     /* arrays of amaps, for vm_metadata */
	_Atomic uint64_t amap_names;   /* given: cow/amap_track.h */
	_Atomic size_t index_bytes;    /* of page indexes, likewise */
	_Atomic size_t paging_pages;   /* on their way out: vm_swapout.h */
	_Atomic size_t busy_pages;     /* in transit, either way: vm_page.h */
	_Atomic size_t file_pages;     /* in memory, not wired: vm_page.h */
	struct base_alloc index_alloc; /* (c) counts them */
	/* pages promised (vm_charge.c) */
	_Atomic uint64_t charged_wired, charged_anon;
	bool counts_anon; /* (c) vm_system_overcommit */
	/* Pages made dirty of late, and by how many spaces: vm_throttle.c */
	struct {
		_Atomic size_t npages;
		_Atomic uint32_t period, spaces, before;
	} writers;
	/* (pass lock) since dirty ones were laundered: paging/laundry.c */
	size_t freed_clean;
	/* One look at whole spaces, before pages: vm_swapper.c */
	void (*scan_spaces)(struct vm_system *);
	struct {
		_Atomic uint64_t passes; /* begun; from 1 on */
		unsigned behind; /* (pass lock) in a row that left too little */
		_Atomic bool off;
	} swapper;
	struct vm_stats stats;
};

static inline void *
vm_alloc(const struct vm_system *sys, size_t size)
{
	return sys->env->alloc(sys->env->ctx, size);
}

static inline void
vm_free(const struct vm_system *sys, void *p, size_t size)
{
	if (p != NULL)
		sys->env->free(sys->env->ctx, p, size);
}

/* The same, counted. */
static inline void *
vm_alloc_counted(const struct vm_system *sys, size_t size,
    _Atomic size_t *bytes)
{
	void *p = vm_alloc(sys, size);

	if (p != NULL)
		(void)atomic_fetch_add_explicit(bytes, size,
		    memory_order_relaxed);
	return p;
}

static inline void
vm_free_counted(const struct vm_system *sys, void *p, size_t size,
    _Atomic size_t *bytes)
{
	if (p == NULL)
		return;
	(void)atomic_fetch_sub_explicit(bytes, size, memory_order_relaxed);
	vm_free(sys, p, size);
}

#endif
