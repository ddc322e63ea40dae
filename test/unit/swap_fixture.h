/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * swap_fixture.h - a small system with devices to swap to, for unit tests.
 *
 *	sx_add(sx, 100, 0);		    // a device; its number is 0
 *	slot = vm_swap_alloc(sx->sys, 8, &got);
 *	sx_fill(sx, 0, 8, 'a');		    // pages[i] is filled with 'a' + i
 *	assert_int_equal(sx_write(sx, slot, 0, 8), 0);
 *
 * Each device is memory behind a faultyswap.  At the end no slot may be in
 * use, and no memory of the host left.
 */
#ifndef TEST_UNIT_SWAP_FIXTURE_H
#define TEST_UNIT_SWAP_FIXTURE_H

#include "env/faultyswap.h"
#include "env/ramswap.h"
#include "test/unit/fixture.h"
#include "vm/vm_swap.h"

#define SX_DEVICES 8
#define SX_PAGES   128

struct sx_device {
	struct ramswap ram;
	struct faultyswap faulty;
	unsigned id;
};

struct swapfx {
	struct fixture *fx;
	struct vm_env env; /* of devices */
	struct vm_system *sys;
	unsigned ndevices;
	struct sx_device devices[SX_DEVICES];
	struct vm_page *pages[SX_PAGES];
};

struct swapfx *sx_create(void);
/* NULL, or what is left. */
const char *sx_destroy(struct swapfx *);

/* Setup and teardown of cmocka. */
int sx_setup(void **state);
int sx_teardown(void **state);

/* One device more, at sx->devices[ndevices]; an error code. */
int sx_add(struct swapfx *, uint64_t npages, int priority);

/* The bytes of a slot on a device of the test. */
char *sx_bytes(struct swapfx *, unsigned device, uint64_t page);

/* pages[i + k] of the fixture is filled with byte + k, k from 0 to n - 1;
 * whether it is. */
void sx_fill(struct swapfx *, unsigned i, unsigned n, int byte);
bool sx_is(struct swapfx *, unsigned i, unsigned n, int byte);

/* A transfer of pages[i, i + n), with its done counted. */
struct sx_io {
	struct vm_swapio sio;
	unsigned ended;
};
void sx_start(struct swapfx *, struct sx_io *, bool write, vm_slot_t,
    unsigned i, unsigned n);

/* Write, and it has ended; the error, and the bad ones. */
int sx_write(struct swapfx *, vm_slot_t, unsigned i, unsigned n);
int sx_read(struct swapfx *, vm_slot_t, unsigned i, unsigned n, uint64_t *bad);

#endif
