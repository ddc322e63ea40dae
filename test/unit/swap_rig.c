/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * swap_rig.c - see swap_rig.h.
 */
#include "test/unit/swap_rig.h"

#include "env/posix.h"
#include "vm/vm_types.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what is told ---- */

static void
remember(void *ctx, const char *text, size_t len)
{
	struct swap_env *e = ctx;

	if (atomic_fetch_add(&e->messages, 1) == 0)
		(void)snprintf(e->last, sizeof(e->last), "%.*s", (int)len,
		    text);
}

static void *
rig_alloc(void *ctx, size_t size)
{
	struct swap_env *e = ctx;

	return e->faulty.env.alloc(e->faulty.env.ctx, size);
}

static void
rig_free(void *ctx, void *p, size_t size)
{
	struct swap_env *e = ctx;

	e->faulty.env.free(e->faulty.env.ctx, p, size);
}

void
swap_env_init(struct swap_env *e)
{
	faulty_init(&e->faulty, &posix_env);
	e->env = (struct vm_env){
		.ctx = e,
		.alloc = rig_alloc,
		.free = rig_free,
		.log = remember,
	};
	atomic_init(&e->messages, 0);
	e->last[0] = '\0';
}

/* ---- transfers ---- */

static void
ended(struct vm_io *io)
{
	struct transfer *t = container_of(io, struct transfer, io);

	(void)sem_post(&t->ended);
}

/* Every second page of a piece of memory: no two of them touch. */
void
transfer_init(struct transfer *t, unsigned npages)
{
	char *memory = aligned_alloc(VM_PAGE_SIZE, vm_ptoa(2 * npages));

	assert_non_null(memory);
	memset(memory, 0xee, vm_ptoa(2 * npages));
	memset(&t->io, 0, sizeof(t->io));
	t->io.npages = npages;
	t->io.done = ended;
	for (unsigned i = 0; i < npages; i++)
		t->io.addr[i] = memory + vm_ptoa(2 * i);
	(void)sem_init(&t->ended, 0, 0);
}

void
transfer_fini(struct transfer *t)
{
	free(t->io.addr[0]);
	(void)sem_destroy(&t->ended);
}

void
transfer_begin(struct transfer *t, const struct vm_swap_device *device,
    bool write, uint64_t first)
{
	t->io.write = write;
	t->io.offset = vm_ptoa(first);
	t->io.error = -1;
	device->ops->start(device->dev, &t->io);
}

int
transfer_wait(struct transfer *t)
{
	while (sem_wait(&t->ended) != 0)
		continue;
	return t->io.error;
}

static uint64_t
pattern(uint64_t page, unsigned version, unsigned i)
{
	return page * 0x9e3779b97f4a7c15 + version * 0x100000001ull + i;
}

void
transfer_fill(struct transfer *t, uint64_t first, unsigned version)
{
	for (unsigned p = 0; p < t->io.npages; p++)
		for (unsigned i = 0; i < VM_PAGE_SIZE / 8; i++)
			((uint64_t *)t->io.addr[p])[i] = pattern(first + p,
			    version, i);
}

bool
transfer_holds(const struct transfer *t, uint64_t first, unsigned version)
{
	for (unsigned p = 0; p < t->io.npages; p++)
		for (unsigned i = 0; i < VM_PAGE_SIZE / 8; i++)
			if (((const uint64_t *)t->io.addr[p])[i] !=
			    pattern(first + p, version, i))
				return false;
	return true;
}

void
must_write(const struct vm_swap_device *device, uint64_t first, unsigned npages,
    unsigned version)
{
	struct transfer t;

	transfer_init(&t, npages);
	transfer_fill(&t, first, version);
	transfer_begin(&t, device, true, first);
	assert_int_equal(transfer_wait(&t), VM_OK);
	transfer_fini(&t);
}

void
must_read(const struct vm_swap_device *device, uint64_t first, unsigned npages,
    unsigned version)
{
	struct transfer t;

	transfer_init(&t, npages);
	transfer_begin(&t, device, false, first);
	assert_int_equal(transfer_wait(&t), VM_OK);
	assert_true(transfer_holds(&t, first, version));
	transfer_fini(&t);
}

int
try_transfer(const struct vm_swap_device *device, bool write, uint64_t first,
    unsigned npages)
{
	struct transfer t;
	int error;

	transfer_init(&t, npages);
	transfer_begin(&t, device, write, first);
	error = transfer_wait(&t);
	transfer_fini(&t);
	return error;
}

/* ---- many at once ---- */

enum { THREADS = 4, WINDOW = 24, CLUSTER = 7 };

struct hand {
	pthread_t thread;
	const struct vm_swap_device *device;
	uint64_t first, end; /* its pages of the device */
	unsigned rounds, failed, wrong;
	struct transfer transfers[WINDOW];
};

/* Where the nth cluster of a pass is; the order is no simple one. */
static uint64_t
place(const struct hand *h, unsigned pass, unsigned n)
{
	unsigned count = (unsigned)((h->end - h->first) / CLUSTER);
	unsigned stride = 1 + 2 * (pass % 5);

	while (count % stride == 0 && stride > 1)
		stride -= 2;
	return h->first + (uint64_t)(n * stride + pass) % count * CLUSTER;
}

static void
finish(struct hand *h, unsigned pass, unsigned n, bool write)
{
	struct transfer *t = &h->transfers[n % WINDOW];

	if (transfer_wait(t) != VM_OK)
		h->failed++;
	else if (!write && !transfer_holds(t, place(h, pass, n), pass / 2))
		h->wrong++;
}

/* A pass over all clusters, WINDOW of them at once. */
static void
run_pass(struct hand *h, unsigned pass)
{
	unsigned count = (unsigned)((h->end - h->first) / CLUSTER), n;
	bool write = pass % 2 == 0;
	struct transfer *t;

	for (n = 0; n < count; n++) {
		if (n >= WINDOW)
			finish(h, pass, n - WINDOW, write);
		t = &h->transfers[n % WINDOW];
		if (write)
			transfer_fill(t, place(h, pass, n), pass / 2);
		transfer_begin(t, h->device, write, place(h, pass, n));
	}
	for (n = count > WINDOW ? count - WINDOW : 0; n < count; n++)
		finish(h, pass, n, write);
}

static void *
run_hand(void *arg)
{
	struct hand *h = arg;

	for (unsigned pass = 0; pass < 2 * h->rounds; pass++)
		run_pass(h, pass);
	return NULL;
}

unsigned
hammer(const struct vm_swap_device *device, unsigned rounds)
{
	static struct hand hands[THREADS];
	uint64_t share = device->npages / THREADS;
	unsigned failed = 0;

	for (unsigned i = 0; i < THREADS; i++) {
		hands[i] = (struct hand){ .device = device, .rounds = rounds };
		hands[i].first = i * share;
		hands[i].end = (i + 1) * share;
		for (unsigned w = 0; w < WINDOW; w++)
			transfer_init(&hands[i].transfers[w], CLUSTER);
		assert_int_equal(pthread_create(&hands[i].thread, NULL,
				     run_hand, &hands[i]),
		    0);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		(void)pthread_join(hands[i].thread, NULL);
		for (unsigned w = 0; w < WINDOW; w++)
			transfer_fini(&hands[i].transfers[w]);
		assert_int_equal(hands[i].wrong, 0);
		failed += hands[i].failed;
	}
	return failed;
}
