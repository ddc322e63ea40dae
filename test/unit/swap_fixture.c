/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * swap_fixture.c - a small system with devices to swap to, for unit tests.
 */
#include "test/unit/swap_fixture.h"

#include "vm/vm_page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct swapfx *
sx_create(void)
{
	const struct soft_config config = {
		.npages = FX_FRAMES,
		.device_pages = 4,
		.va_min = FX_BASE,
		.va_max = FX_BASE + FX_CELLS * FX_PAGE,
		.ncpus = 1,
	};
	struct swapfx *sx = calloc(1, sizeof(*sx));

	if (sx == NULL)
		abort();
	sx->fx = fixture_create(&config);
	if (sx->fx == NULL)
		abort();
	sx->sys = sx->fx->sys;
	sx->env = fixture_env();
	for (unsigned i = 0; i < SX_PAGES; i++)
		sx->pages[i] = vm_page_alloc(sx->sys, NULL, 0);
	return sx;
}

const char *
sx_destroy(struct swapfx *sx)
{
	const char *left = NULL;

	vm_swap_check(sx->sys);
	for (unsigned i = 0; i < SX_PAGES; i++)
		vm_page_free(sx->sys, sx->pages[i]);
	if (vm_swap_in_use(sx->sys) != 0)
		left = "slots are in use";
	if (left == NULL)
		left = fixture_destroy(sx->fx);
	for (unsigned i = 0; i < sx->ndevices; i++) {
		if (left == NULL && !sx->devices[i].faulty.closed)
			left = "a device was not closed";
		ramswap_fini(&sx->devices[i].ram);
	}
	free(sx);
	return left;
}

int
sx_setup(void **state)
{
	*state = sx_create();
	return 0;
}

int
sx_teardown(void **state)
{
	const char *left = sx_destroy(*state);

	if (left != NULL)
		fprintf(stderr, "# %s\n", left);
	return left == NULL ? 0 : -1;
}

int
sx_add(struct swapfx *sx, uint64_t npages, int priority)
{
	struct sx_device *d = &sx->devices[sx->ndevices];
	const struct vm_swap_device device = {
		.ops = &faultyswap_ops,
		.dev = &d->faulty,
		.name = "test",
		.npages = npages,
		.priority = priority,
	};
	int error;

	if (ramswap_init(&d->ram, &sx->env, npages) != 0)
		abort();
	faultyswap_init(&d->faulty, &ramswap_ops, &d->ram);
	error = vm_swap_add(sx->sys, &device, &d->id);
	if (error == 0)
		sx->ndevices++;
	else
		ramswap_fini(&d->ram);
	return error;
}

char *
sx_bytes(struct swapfx *sx, unsigned device, uint64_t page)
{
	return sx->devices[device].ram.bytes + page * VM_PAGE_SIZE;
}

static unsigned char *
data_of(struct swapfx *sx, unsigned i)
{
	return pmap_page_data(sx->fx->machine, sx->pages[i]);
}

void
sx_fill(struct swapfx *sx, unsigned i, unsigned n, int byte)
{
	for (unsigned k = 0; k < n; k++)
		memset(data_of(sx, i + k), byte + (int)k, VM_PAGE_SIZE);
}

bool
sx_is(struct swapfx *sx, unsigned i, unsigned n, int byte)
{
	for (unsigned k = 0; k < n; k++) {
		const unsigned char *p = data_of(sx, i + k);

		if (p[0] != (unsigned char)(byte + (int)k) ||
		    memcmp(p, p + 1, VM_PAGE_SIZE - 1) != 0)
			return false;
	}
	return true;
}

static void
count_end(struct vm_swapio *sio)
{
	struct sx_io *io = sio->arg;

	io->ended++;
}

void
sx_start(struct swapfx *sx, struct sx_io *io, bool write, vm_slot_t slot,
    unsigned i, unsigned n)
{
	memset(io, 0xa5, sizeof(*io));
	io->ended = 0;
	io->sio.io.write = write;
	io->sio.sys = sx->sys;
	io->sio.slot = slot;
	io->sio.npages = n;
	memcpy(io->sio.pages, sx->pages + i, n * sizeof(sx->pages[0]));
	io->sio.done = count_end;
	io->sio.arg = io;
	vm_swap_start(&io->sio);
}

int
sx_write(struct swapfx *sx, vm_slot_t slot, unsigned i, unsigned n)
{
	struct sx_io io;

	sx_start(sx, &io, true, slot, i, n);
	if (io.ended != 1)
		abort();
	return io.sio.error;
}

int
sx_read(struct swapfx *sx, vm_slot_t slot, unsigned i, unsigned n,
    uint64_t *bad)
{
	return vm_swap_read(sx->sys, slot, sx->pages + i, n, bad);
}
