/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rig.h - a system on the soft MMU to be measured: its memory, its swap file,
 * its spaces and its page daemon.
 *
 * Nothing here returns an error: what fails ends the program with a message.
 */
#ifndef BENCH_RIG_H
#define BENCH_RIG_H

#include "vm/vm.h"

#include <err.h>
#include <pthread.h>
#include <stdbool.h>

struct rig {
	const struct vm_design *design;
	struct vm_machine *machine;
	struct vm_system *sys;
	pthread_t daemon;
	bool has_daemon;
	bool here; /* on this process, not on the soft MMU */
};

/* So many pages of memory, two processors. */
void rig_init(struct rig *, const struct vm_design *, size_t npages);
/* The same on the MMU of this process, with windows of so many pages. */
void rig_init_here(struct rig *, const struct vm_design *, size_t npages,
    size_t window);
/* => the spaces are gone; the daemon ends */
void rig_fini(struct rig *);

/* Swap so many pages to a file, which is made. */
void rig_swap_to(struct rig *, const char *path, size_t npages);

/* Fault a page in, as an access to it would. */
void rig_touch(struct rig *, struct vmspace *, vaddr_t, vm_prot_t access);

/* A thread runs vm_pageout_daemon from now on. */
void rig_start_daemon(struct rig *);

/* A space with so many pages of memory, VM_MMAP_PRIVATE or _SHARED. */
struct vmspace *rig_space(struct rig *, size_t npages, unsigned flags,
    vaddr_t *base);

static inline void
must(int error, const char *what)
{
	if (error != VM_OK)
		errx(1, "%s: error %d", what, error);
}

#endif
