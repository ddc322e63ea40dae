/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * swap_rig.h - for the tests of swap devices: an environment that remembers
 * what it was told, transfers that can be waited for, pages with a pattern.
 *
 * The pattern of a page says which page of the device it is, and which version
 * of it; so a page that comes from elsewhere is found.
 */
#ifndef TEST_UNIT_SWAP_RIG_H
#define TEST_UNIT_SWAP_RIG_H

#include "env/faulty.h"
#include "env/swapdev.h"
#include "test/unit/death.h"

#include <semaphore.h>

/* ---- what is told ---- */

struct swap_env {
	struct vm_env env; /* what the device is given */
	struct faulty_env faulty;
	_Atomic unsigned messages;
	char last[512];
};

void swap_env_init(struct swap_env *);

/* ---- transfers ---- */

struct transfer {
	struct vm_io io;
	sem_t ended;
};

/* Begin: npages from page first of the device on, memory at pages. */
void transfer_begin(struct transfer *, const struct vm_swap_device *,
    bool write, uint64_t first);
/* => what it ended with */
int transfer_wait(struct transfer *);

/* npages of memory, one page apart from each other; free them together. */
void transfer_init(struct transfer *, unsigned npages);
void transfer_fini(struct transfer *);
void transfer_fill(struct transfer *, uint64_t first, unsigned version);
/* => false: a page has not that pattern */
bool transfer_holds(const struct transfer *, uint64_t first, unsigned version);

/* Begin, wait; write fills first, read checks: fails the test on an error. */
void must_write(const struct vm_swap_device *, uint64_t first, unsigned npages,
    unsigned version);
void must_read(const struct vm_swap_device *, uint64_t first, unsigned npages,
    unsigned version);
/* The error of one transfer. */
int try_transfer(const struct vm_swap_device *, bool write, uint64_t first,
    unsigned npages);

/*
 * Threads that keep transfers under way, each on its own part of the device:
 * write it all, read it all in another order, for some rounds.  => how many
 * transfers failed; wrong contents fail the test
 */
unsigned hammer(const struct vm_swap_device *, unsigned rounds);

#endif
