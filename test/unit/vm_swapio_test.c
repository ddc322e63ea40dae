/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_swapio_test.c - does a page come back from swap as it was, or else an
 * error; and can nobody read on the device what was encrypted?
 */
#include "test/unit/base_test.h"
#include "test/unit/swap_fixture.h"

#include "env/posix.h"
#include "vm/vm_page.h"
#include "vm/vm_swapdev.h"

#include <pthread.h>

static vm_slot_t
take(struct swapfx *sx, unsigned n)
{
	unsigned got;
	vm_slot_t slot = vm_swap_alloc(sx->sys, n, &got);

	assert_int_equal(got, n);
	return slot;
}

static struct faultyswap *
device(struct swapfx *sx)
{
	return &sx->devices[0].faulty;
}

/* Read n pages over others; those that are bad, as bits. */
static uint64_t
read_bad(struct swapfx *sx, vm_slot_t slot, unsigned n)
{
	uint64_t bad = 1;
	int error;

	sx_fill(sx, 64, n, 0xcc);
	error = sx_read(sx, slot, 64, n, &bad);
	assert_int_equal(error, bad != 0 ? VM_EIO : 0);
	vm_swap_check(sx->sys);
	return bad;
}

/* Are the pages that are not bad those that were written? */
static bool
others_are(struct swapfx *sx, unsigned n, uint64_t bad, int byte)
{
	for (unsigned i = 0; i < n; i++) {
		if ((bad >> i & 1) == 0 && !sx_is(sx, 64 + i, 1, byte + (int)i))
			return false;
	}
	return true;
}

static void
write_all(struct swapfx *sx, vm_slot_t slot, unsigned n, int byte)
{
	sx_fill(sx, 0, n, byte);
	assert_int_equal(sx_write(sx, slot, 0, n), 0);
	assert_true(sx_is(sx, 0, n, byte));
}

/* Does a run of any length come back, in one request each way? */
static void
test_round_trip(void **state)
{
	struct swapfx *sx = *state;
	struct vm_stats *st = &sx->sys->stats;
	struct vm_swap_info info;
	uint64_t pages = 0;

	assert_int_equal(sx_add(sx, 100, 0), 0);
	for (unsigned n = 1; n <= VM_CLUSTER_MAX; n++) {
		vm_slot_t slot = take(sx, n);

		write_all(sx, slot, n, (int)n);
		assert_int_equal(read_bad(sx, slot, n), 0);
		assert_true(sx_is(sx, 64, n, (int)n));
		vm_swap_free(sx->sys, slot, n);
		pages += n;
		assert_int_equal(st->swap_read_io, n);
		assert_int_equal(st->swap_write_io, n);
		assert_int_equal(st->swap_reads, pages);
		assert_int_equal(st->swap_writes, pages);
	}
	assert_true(vm_swap_nth(sx->sys, 0, &info));
	assert_int_equal(info.reads, pages);
	assert_int_equal(info.writes, pages);
	assert_int_equal(info.errors, 0);
	assert_int_equal(st->swap_errors, 0);
}

/* Can part of what was written be read, and part be written again? */
static void
test_parts(void **state)
{
	struct swapfx *sx = *state;
	vm_slot_t slot;

	assert_int_equal(sx_add(sx, 100, 0), 0);
	slot = take(sx, 64);
	write_all(sx, slot, 64, 1);
	write_all(sx, slot + 20, 5, 200);
	assert_int_equal(read_bad(sx, slot + 19, 7), 0);
	assert_true(sx_is(sx, 64, 1, 20));
	assert_true(sx_is(sx, 65, 5, 200));
	assert_true(sx_is(sx, 70, 1, 26));
	assert_int_equal(read_bad(sx, slot, 64), 0);
	vm_swap_free(sx->sys, slot, 64);
}

static void
swap_pages(struct swapfx *sx, uint64_t a, uint64_t b)
{
	char page[VM_PAGE_SIZE];

	memcpy(page, sx_bytes(sx, 0, a), VM_PAGE_SIZE);
	memcpy(sx_bytes(sx, 0, a), sx_bytes(sx, 0, b), VM_PAGE_SIZE);
	memcpy(sx_bytes(sx, 0, b), page, VM_PAGE_SIZE);
}

/* Is every bit of a page of account, and its place, and its time? */
static void
test_wrong_pages(void **state)
{
	struct swapfx *sx = *state;
	struct vm_stats *st = &sx->sys->stats;
	vm_slot_t slot;

	assert_int_equal(sx_add(sx, 100, 0), 0);
	slot = take(sx, 16);
	write_all(sx, slot, 16, 1);
	for (unsigned i = 0; i < VM_PAGE_SIZE; i += 37) {
		sx_bytes(sx, 0, 3)[i] ^= (char)(1 << i % 8);
		assert_int_equal(read_bad(sx, slot, 16), 1 << 3);
		assert_true(others_are(sx, 16, 1 << 3, 1));
		sx_bytes(sx, 0, 3)[i] ^= (char)(1 << i % 8);
	}
	swap_pages(sx, 5, 9);
	assert_int_equal(read_bad(sx, slot, 16), 1 << 5 | 1 << 9);
	swap_pages(sx, 5, 9);
	assert_int_equal(read_bad(sx, slot, 16), 0);
	assert_int_equal(st->swap_retries, 0);
	faultyswap_fail(device(sx), FAULTYSWAP_LOSE, 1, FAULTY_ONCE);
	write_all(sx, slot + 2, 2, 50);
	assert_int_equal(read_bad(sx, slot, 16), 3 << 2);
	assert_true(others_are(sx, 16, 3 << 2, 1));
	faultyswap_fail(device(sx), FAULTYSWAP_CHANGE, 1, FAULTY_ONCE);
	assert_int_equal(read_bad(sx, slot + 4, 10), (1 << 10) - 1);
	assert_int_equal(read_bad(sx, slot + 4, 10), 0);
	assert_int_equal(st->swap_wrong, st->swap_errors);
	vm_swap_free(sx->sys, slot, 16);
}

/* Have equal pages checksums that are not? */
static void
test_place_in_sum(void **state)
{
	struct swapfx *sx = *state;
	const struct vm_swapdev *sd;
	vm_slot_t slot;

	assert_int_equal(sx_add(sx, 3, 0), 0);
	slot = take(sx, 3);
	sd = vm_swapdev_of(sx->sys->swap, slot);
	for (unsigned i = 0; i < 3; i++)
		write_all(sx, slot + i, 1, 0);
	assert_int_not_equal(sd->sums[0], sd->sums[1]);
	assert_int_not_equal(sd->sums[1], sd->sums[2]);
	vm_swap_free(sx->sys, slot, 3);
}

/* Is a slot that was never written to an error, and one of a new user, who
 * must not see what the last one left? */
static void
test_never_written(void **state)
{
	struct swapfx *sx = *state;
	vm_slot_t slot;

	assert_int_equal(sx_add(sx, 4, 0), 0);
	slot = take(sx, 4);
	assert_int_equal(read_bad(sx, slot, 4), 15);
	write_all(sx, slot, 4, 1);
	vm_swap_free(sx->sys, slot, 4);
	assert_int_equal(take(sx, 4), slot);
	assert_int_equal(read_bad(sx, slot, 4), 15);
	vm_swap_free(sx->sys, slot, 4);
}

/* Does a bad spot cost one page, wherever it is? */
static void
test_bad_spot(void **state)
{
	struct swapfx *sx = *state;
	struct vm_stats *st = &sx->sys->stats;
	vm_slot_t slot;

	assert_int_equal(sx_add(sx, 100, 0), 0);
	slot = take(sx, 64);
	write_all(sx, slot, 64, 1);
	for (unsigned i = 0; i < 64; i++) {
		uint64_t io = st->swap_read_io;

		faultyswap_break(device(sx), i, i + 1);
		assert_true(read_bad(sx, slot, 64) == (uint64_t)1 << i);
		assert_true(others_are(sx, 64, (uint64_t)1 << i, 1));
		assert_int_equal(st->swap_read_io, io + 65);
	}
	assert_int_equal(st->swap_retries, 64);
	assert_int_equal(st->swap_errors, 64);
	faultyswap_break(device(sx), 0, 100);
	assert_true(read_bad(sx, slot, 64) == UINT64_MAX);
	assert_true(read_bad(sx, slot + 7, 1) == 1);
	vm_swap_free(sx->sys, slot, 64);
}

/*
 * Let the n-th read fail, for every n, of a cluster that has a bad spot:
 *
 *	1: the cluster	2: page 0  3: page 1  4: page 2, broken  5: page 3 ...
 */
static void
test_nth_read(void **state)
{
	struct swapfx *sx = *state;
	vm_slot_t slot;

	assert_int_equal(sx_add(sx, 8, 0), 0);
	slot = take(sx, 8);
	write_all(sx, slot, 8, 1);
	for (unsigned n = 1; n <= 10; n++) {
		uint64_t want = 1 << 2;

		if (n >= 2 && n <= 9)
			want |= (uint64_t)1 << (n - 2);
		faultyswap_break(device(sx), 2, 3);
		faultyswap_fail(device(sx), FAULTYSWAP_READ, n, FAULTY_ONCE);
		assert_int_equal(read_bad(sx, slot, 8), want);
		assert_true(others_are(sx, 8, want, 1));
	}
	faultyswap_break(device(sx), 0, 0);
	for (unsigned n = 2; n <= 10; n++) {
		faultyswap_fail(device(sx), FAULTYSWAP_READ, 1, FAULTY_ONCE);
		faultyswap_fail(device(sx), FAULTYSWAP_CHANGE, n, FAULTY_ONCE);
		assert_int_equal(read_bad(sx, slot, 8),
		    n < 10 ? 1 << (n - 2) : 0);
	}
	vm_swap_free(sx->sys, slot, 8);
}

/* Does a write that fails say so, and can the pages go elsewhere? */
static void
test_write_fails(void **state)
{
	struct swapfx *sx = *state;
	struct vm_swap_info info;
	struct sx_io io;
	vm_slot_t slot, other;

	assert_int_equal(sx_add(sx, 100, 0), 0);
	slot = take(sx, 8);
	sx_fill(sx, 0, 8, 1);
	faultyswap_break(device(sx), 5, 6);
	sx_start(sx, &io, true, slot, 0, 8);
	assert_int_equal(io.ended, 1);
	assert_int_equal(io.sio.error, VM_EIO);
	assert_int_equal(io.sio.bad, 0xff);
	vm_swap_bad(sx->sys, slot, 8);
	other = take(sx, 8);
	write_all(sx, other, 8, 1);
	assert_int_equal(read_bad(sx, other, 8), 0);
	vm_swap_free(sx->sys, other, 8);
	assert_true(vm_swap_nth(sx->sys, 0, &info));
	assert_int_equal(info.bad, 8);
	assert_int_equal(info.errors, 8);
	assert_int_equal(info.writes, 8);
	assert_int_equal(sx->sys->stats.swap_retries, 0);
}

/* May transfers end in any order? */
static void
test_order(void **state)
{
	struct swapfx *sx = *state;
	struct sx_io io[4];
	vm_slot_t slot;

	assert_int_equal(sx_add(sx, 100, 0), 0);
	slot = take(sx, 32);
	sx_fill(sx, 0, 32, 1);
	device(sx)->hold = true;
	for (unsigned i = 0; i < 4; i++)
		sx_start(sx, &io[i], true, slot + i * 8, i * 8, 8);
	assert_int_equal(device(sx)->nheld, 4);
	for (unsigned i = 0; i < 4; i++) {
		unsigned pick = (i + 1) % (4 - i), done = 0;

		faultyswap_let_go(device(sx), pick);
		for (unsigned k = 0; k < 4; k++)
			done += io[k].ended;
		assert_int_equal(done, i + 1);
	}
	device(sx)->hold = false;
	assert_int_equal(read_bad(sx, slot, 32), 0);
	assert_true(sx_is(sx, 64, 32, 1));
	vm_swap_free(sx->sys, slot, 32);
}

/* Are slots in transit nobody else's, though their user has gone; does the
 * device stay; and does the repetition page by page go on after each? */
static void
test_in_transit(void **state)
{
	struct swapfx *sx = *state;
	unsigned got;
	struct sx_io io;
	vm_slot_t slot;

	assert_int_equal(sx_add(sx, 4, 0), 0);
	slot = take(sx, 4);
	write_all(sx, slot, 4, 1);
	device(sx)->hold = true;
	sx_start(sx, &io, false, slot, 64, 4);
	vm_swap_free(sx->sys, slot, 4);
	assert_int_equal(vm_swap_alloc(sx->sys, 1, &got), 0);
	assert_int_equal(vm_swap_remove(sx->sys, sx->devices[0].id), VM_EBUSY);
	faultyswap_fail_held(device(sx), 0);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(io.ended, 0);
		assert_int_equal(device(sx)->nheld, 1);
		faultyswap_let_go(device(sx), 0);
	}
	assert_int_equal(io.ended, 1);
	assert_int_equal(io.sio.bad, 0);
	assert_true(sx_is(sx, 64, 4, 1));
	assert_int_equal(vm_swap_in_use(sx->sys), 0);
	assert_int_equal(vm_swap_remove(sx->sys, sx->devices[0].id), 0);
}

/* ---- encryption ---- */

/* A cipher that is easily seen through, but not by who looks for a byte. */
struct toy {
	struct vm_swap_cipher cipher;
	unsigned made, wiped;
	unsigned fail_at; /* which key cannot be made */
};

static int
toy_key(void *ctx, uint8_t key[VM_SWAP_KEY])
{
	struct toy *toy = ctx;

	toy->made++;
	memset(key, (int)(1 + toy->made % 255), VM_SWAP_KEY); /* not 0 */
	return toy->made == toy->fail_at ? VM_EIO : 0;
}

static void
toy_crypt(void *ctx, const uint8_t key[VM_SWAP_KEY], vm_slot_t slot,
    const void *in, void *out)
{
	const uint8_t *from = in;
	uint8_t *to = out;

	(void)ctx;
	assert_true(key[0] != 0);
	for (unsigned i = 0; i < VM_PAGE_SIZE; i++)
		to[i] = from[i] ^
		    (uint8_t)hash_mix64(
			(uint64_t)slot << 20 | i << 8 | key[i % VM_SWAP_KEY]);
}

static void
toy_wipe(void *ctx, void *p, size_t size)
{
	struct toy *toy = ctx;

	assert_int_equal(size, VM_SWAP_KEY);
	assert_true(*(uint8_t *)p != 0);
	toy->wiped++;
	memset(p, 0, size);
}

static struct toy toy;

static struct swapfx *
encrypted(void **state, unsigned npages)
{
	struct swapfx *sx = *state;

	toy = (struct toy){
		.cipher = { &toy, toy_key, toy_crypt, toy_crypt, toy_wipe },
	};
	vm_swap_set_cipher(sx->sys, &toy.cipher);
	assert_int_equal(sx_add(sx, npages, 0), 0);
	return sx;
}

/* Do pages of one byte each stand on the device as anything but that? */
static bool
is_hidden(struct swapfx *sx, uint64_t page, unsigned n)
{
	for (; n > 0; page++, n--) {
		const char *p = sx_bytes(sx, 0, page);
		unsigned same = 0;

		for (unsigned i = 1; i < VM_PAGE_SIZE; i++)
			same += p[i] == p[0];
		if (same > 100)
			return false;
	}
	return true;
}

/* Is what is written hidden, what is read plain, the page left alone? */
static void
test_encryption(void **state)
{
	struct swapfx *sx = encrypted(state, 300);
	vm_slot_t slot = take(sx, 300);

	assert_int_equal(toy.made, 0);
	write_all(sx, slot + 100, 64, 1);
	assert_int_equal(toy.made, 2);
	assert_true(is_hidden(sx, 100, 64));
	assert_int_equal(read_bad(sx, slot + 100, 64), 0);
	assert_true(sx_is(sx, 64, 64, 1));
	write_all(sx, slot + 290, 10, 1);
	write_all(sx, slot, 10, 1);
	assert_int_equal(toy.made, 3);
	faultyswap_break(device(sx), 110, 111);
	assert_int_equal(read_bad(sx, slot + 100, 20), 1 << 10);
	assert_true(others_are(sx, 20, 1 << 10, 1));
	assert_int_equal(read_bad(sx, slot + 20, 1), 1);
	vm_swap_free(sx->sys, slot, 300);
	assert_int_equal(toy.wiped, 3);
}

/* Is a key forgotten with the last slot of its region, and a new one made? */
static void
test_keys(void **state)
{
	struct swapfx *sx = encrypted(state, 200);
	vm_slot_t slot = take(sx, 200);

	write_all(sx, slot, 2, 1);
	vm_swap_free(sx->sys, slot + 1, 127);
	vm_swap_ref(sx->sys, slot);
	vm_swap_free(sx->sys, slot, 1);
	assert_int_equal(toy.wiped, 0);
	assert_int_equal(read_bad(sx, slot, 1), 0);
	vm_swap_free(sx->sys, slot, 1);
	assert_int_equal(toy.wiped, 1);
	vm_swap_check(sx->sys);

	assert_int_equal(take(sx, 100), slot);
	assert_int_equal(read_bad(sx, slot, 1), 1);
	write_all(sx, slot + 4, 1, 1);
	assert_int_equal(toy.made, 2);
	assert_int_equal(read_bad(sx, slot, 1), 1);
	assert_int_equal(read_bad(sx, slot + 4, 1), 0);
	vm_swap_bad(sx->sys, slot, 100);
	assert_int_equal(toy.wiped, 2);
	vm_swap_free(sx->sys, slot + 128, 72);
	assert_int_equal(toy.wiped, 2);
}

/* Without a key: an error that is not the device's, and nothing written, and no
 * slot held. */
static void
test_no_key(void **state)
{
	struct swapfx *sx = encrypted(state, 200);
	vm_slot_t slot = take(sx, 200);
	struct sx_io io;

	toy.fail_at = 2;
	sx_fill(sx, 0, 64, 1);
	sx_start(sx, &io, true, slot + 100, 0, 64);
	assert_int_equal(io.ended, 1);
	assert_int_equal(io.sio.error, VM_ENOMEM);
	assert_true(io.sio.bad == UINT64_MAX);
	assert_int_equal(device(sx)->writes, 0);
	vm_swap_check(sx->sys);
	assert_int_equal(sx_write(sx, slot + 100, 0, 64), 0);
	assert_int_equal(toy.made, 3);
	vm_swap_free(sx->sys, slot, 200);
	assert_int_equal(toy.wiped, 2);
}

/* With more writes than buffers: do they go in order, each once, each with a
 * buffer to itself, and does nothing want memory or a thread that waits? */
static void
test_bounces(void **state)
{
	struct swapfx *sx = encrypted(state, 100);
	struct faultyswap *dev = device(sx);
	vm_slot_t slot = take(sx, 100);
	struct sx_io io[10];
	unsigned buffers;

	sx_fill(sx, 0, 100, 1);
	faulty_fail(&sx->fx->env, 1, FAULTY_ON);
	dev->hold = true;
	for (unsigned i = 0; i < 9; i++)
		sx_start(sx, &io[i], true, slot + i * 10, i * 10, 10);
	buffers = dev->nheld;
	assert_in_range(buffers, 1, 8);
	faultyswap_fail_held(dev, 0);
	assert_int_equal(io[0].ended, 1);
	sx_start(sx, &io[9], true, slot + 90, 90, 10);
	assert_int_equal(dev->nheld, buffers);
	assert_ptr_equal(dev->held[buffers - 1], &io[buffers].sio.io);
	dev->hold = false;
	while (dev->nheld > 0)
		faultyswap_let_go(dev, dev->nheld - 1);
	for (unsigned i = 0; i < 10; i++) {
		assert_int_equal(io[i].ended, 1);
		assert_int_equal(io[i].sio.error, i == 0 ? VM_EIO : 0);
	}
	assert_int_equal(dev->writes, 9);
	assert_int_equal(read_bad(sx, slot + 40, 60), 0);
	assert_true(sx_is(sx, 64, 60, 41));
	assert_int_equal(sx->fx->env.failures, 0);
	vm_swap_free(sx->sys, slot, 100);
}

/* ---- threads ---- */

#define WORKERS 2
#define USERS   3
#define ROUNDS  150

/* A device whose transfers are carried out by threads of its own. */
struct slow {
	struct ramswap ram;
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct vm_io *queue; /* linked by store[0] */
	bool closed;
	pthread_t workers[WORKERS];
};

static void
slow_start(void *dev, struct vm_io *io)
{
	struct slow *slow = dev;

	pthread_mutex_lock(&slow->lock);
	io->store[0] = slow->queue;
	slow->queue = io;
	pthread_cond_signal(&slow->more);
	pthread_mutex_unlock(&slow->lock);
}

static void *
slow_work(void *arg)
{
	struct slow *slow = arg;
	struct vm_io *io;

	pthread_mutex_lock(&slow->lock);
	while (!slow->closed || slow->queue != NULL) {
		io = slow->queue;
		if (io == NULL) {
			pthread_cond_wait(&slow->more, &slow->lock);
			continue;
		}
		slow->queue = io->store[0];
		pthread_mutex_unlock(&slow->lock);
		ramswap_ops.start(&slow->ram, io);
		pthread_mutex_lock(&slow->lock);
	}
	pthread_mutex_unlock(&slow->lock);
	return NULL;
}

static void
slow_close(void *dev)
{
	struct slow *slow = dev;

	pthread_mutex_lock(&slow->lock);
	slow->closed = true;
	pthread_cond_broadcast(&slow->more);
	pthread_mutex_unlock(&slow->lock);
	for (unsigned i = 0; i < WORKERS; i++)
		(void)pthread_join(slow->workers[i], NULL);
	ramswap_fini(&slow->ram);
}

static const struct vm_swap_device_ops slow_ops = {
	.name = "slow",
	.start = slow_start,
	.close = slow_close,
};

static void
slow_init(struct slow *slow, uint64_t npages)
{
	*slow = (struct slow){ .closed = false };
	assert_int_equal(ramswap_init(&slow->ram, &posix_env, npages), 0);
	pthread_mutex_init(&slow->lock, NULL);
	pthread_cond_init(&slow->more, NULL);
	for (unsigned i = 0; i < WORKERS; i++)
		assert_int_equal(pthread_create(&slow->workers[i], NULL,
				     slow_work, slow),
		    0);
}

/* A program that pages: its writes end whenever they do. */
struct user {
	struct vm_system *sys;
	struct vm_page *pages[8];
	int byte;
	_Atomic unsigned ended; /* writes */
	unsigned wrong;
	pthread_t thread;
};

static void
user_wrote(struct vm_swapio *sio)
{
	struct user *u = sio->arg;

	if (sio->error != 0)
		abort();
	atomic_fetch_add(&u->ended, 1);
}

static unsigned char *
user_data(struct user *u, unsigned i)
{
	return pmap_page_data(u->sys->machine, u->pages[i]);
}

/* Write n pages, and read them when that has ended. */
static void
user_round(struct user *u, unsigned round)
{
	struct vm_swapio sio = { .io.write = true,
		.sys = u->sys,
		.npages = 1 + round % 8,
		.done = user_wrote,
		.arg = u };
	int byte = u->byte + (int)round;
	uint64_t bad;
	unsigned got;

	sio.slot = vm_swap_alloc(u->sys, sio.npages, &got);
	if (got != sio.npages)
		abort();
	for (unsigned i = 0; i < got; i++) {
		sio.pages[i] = u->pages[i];
		memset(user_data(u, i), byte, VM_PAGE_SIZE);
	}
	vm_swap_start(&sio);
	while (atomic_load(&u->ended) != round + 1)
		sched_yield();
	for (unsigned i = 0; i < got; i++)
		memset(user_data(u, i), 0, VM_PAGE_SIZE);
	if (vm_swap_read(u->sys, sio.slot, u->pages, got, &bad) != 0)
		u->wrong++;
	for (unsigned i = 0; i < got; i++)
		u->wrong += user_data(u, i)[77] != (unsigned char)byte;
	vm_swap_free(u->sys, sio.slot, got);
}

static void *
user_run(void *arg)
{
	struct user *u = arg;

	for (unsigned round = 0; round < ROUNDS; round++)
		user_round(u, round);
	return NULL;
}

static void
users_run(struct user *users)
{
	for (unsigned i = 0; i < USERS; i++)
		assert_int_equal(pthread_create(&users[i].thread, NULL,
				     user_run, &users[i]),
		    0);
	for (unsigned i = 0; i < USERS; i++) {
		(void)pthread_join(users[i].thread, NULL);
		assert_int_equal(users[i].wrong, 0);
		for (unsigned k = 0; k < 8; k++)
			vm_page_free(users[i].sys, users[i].pages[k]);
	}
}

static void
add_slow(struct vm_system *sys, struct slow *slow)
{
	struct vm_swap_device device = { &slow_ops, slow, "slow", 300, 0 };
	unsigned id;

	slow_init(slow, device.npages);
	assert_int_equal(vm_swap_add(sys, &device, &id), 0);
}

/* Threads that page at once, on devices with threads: is all right, with and
 * without encryption? */
static void
test_threads(void **state VM_UNUSED)
{
	const struct soft_config config = { .npages = FX_FRAMES,
		.va_min = FX_BASE,
		.va_max = FX_BASE + FX_PAGE,
		.ncpus = 1 };
	struct user users[USERS];
	struct slow slow[2];
	struct vm_machine *machine;
	struct vm_system *sys;

	for (unsigned round = 0; round < 2; round++) {
		assert_int_equal(soft_machine_create(&posix_env, &config,
				     &machine),
		    0);
		assert_int_equal(vm_system_create(&posix_env, machine, &sys),
		    0);
		toy = (struct toy){
			.cipher = { &toy, toy_key, toy_crypt, toy_crypt,
			    toy_wipe },
		};
		if (round == 1)
			vm_swap_set_cipher(sys, &toy.cipher);
		add_slow(sys, &slow[0]);
		add_slow(sys, &slow[1]);
		for (unsigned i = 0; i < USERS; i++) {
			users[i] = (struct user){ .sys = sys,
				.byte = (int)i * 50 };
			for (unsigned k = 0; k < 8; k++)
				users[i].pages[k] = vm_page_alloc(sys, NULL, 0);
		}
		users_run(users);
		vm_swap_check(sys);
		assert_int_equal(vm_swap_in_use(sys), 0);
		vm_system_destroy(sys);
		soft_machine_destroy(machine);
	}
}

#define SX_TEST(f) cmocka_unit_test_setup_teardown(f, sx_setup, sx_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SX_TEST(test_round_trip),
		SX_TEST(test_parts),
		SX_TEST(test_wrong_pages),
		SX_TEST(test_place_in_sum),
		SX_TEST(test_never_written),
		SX_TEST(test_bad_spot),
		SX_TEST(test_nth_read),
		SX_TEST(test_write_fails),
		SX_TEST(test_order),
		SX_TEST(test_in_transit),
		SX_TEST(test_encryption),
		SX_TEST(test_keys),
		SX_TEST(test_no_key),
		SX_TEST(test_bounces),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
