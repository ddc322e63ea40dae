/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_swapio.c - pages to slots and back.
 *
 *	vm_swap_start --> prepare --> begin --> start() of the device
 *	   (references,  (checksum)  (encrypt)       |
 *	      keys)                     ^       vm_io_done
 *	                                |            v
 *	   done <-- finish <------- page by page <- ended (decrypt, check)
 *
 * A device may say that it is done before its start() has returned, and from
 * another thread.  Both come to let_go(), and whoever is last goes on:
 * nothing of the transfer is touched while the device may still be in it, and
 * a transfer of many requests does not nest deeper and deeper on a device
 * that completes at once.
 *
 * A transfer has references to its slots, so that neither they nor the device
 * can be given away before it has ended.
 */
#include "vm/vm_swap.h"

#include "base/bits.h"
#include "base/checksum.h"
#include "base/mem.h"
#include "vm/pmap.h"
#include "vm/vm_swapcrypt.h"
#include "vm/vm_swapdev.h"

static uint32_t
index_of(const struct vm_swapio *sio, unsigned i)
{
	return vm_swapdev_index(sio->dev, sio->slot) + i;
}

static void *
data_of(const struct vm_swapio *sio, unsigned i)
{
	return pmap_page_data(sio->sys->machine, sio->pages[i]);
}

/* The same page has another checksum in another slot. */
static uint32_t
sum_of(const struct vm_swapio *sio, unsigned i)
{
	return checksum_block(data_of(sio, i), VM_PAGE_SIZE, sio->slot + i);
}

static uint64_t
bits_of(unsigned first, unsigned n)
{
	return bits_below(n) << first;
}

/* ---- beginning ---- */

/* Refer to the slots, and have keys for what will be written. */
static int
hold_slots(struct vm_swapio *sio)
{
	struct vm_swap *sw = sio->sys->swap;
	struct vm_swapdev *sd;
	uint32_t first;
	int error = 0;

	vm_mutex_lock(&sw->lock);
	sd = vm_swapdev_of(sw, sio->slot);
	VM_ASSERT(sd != NULL);
	first = vm_swapdev_index(sd, sio->slot);
	VM_ASSERT(sio->npages <= sd->npages - first);
	for (uint32_t i = first; i < first + sio->npages; i++) {
		VM_ASSERT((sd->refs[i] & ~VM_SWAP_BAD) != 0);
		sd->refs[i]++;
	}
	if (sio->io.write && sd->crypt != NULL)
		error = vm_swapcrypt_keys(sw, sd, first, sio->npages);
	vm_mutex_unlock(&sw->lock);
	sio->dev = sd;
	return error;
}

static void
encrypt(struct vm_swapio *sio)
{
	char *to = sio->bounce;

	for (unsigned i = 0; i < sio->npages; i++, to += VM_PAGE_SIZE) {
		vm_swapcrypt_encrypt(sio->sys->swap, sio->dev, index_of(sio, i),
		    data_of(sio, i), to);
		sio->io.addr[i] = to;
	}
}

/* The next request is about n pages from pages[first] on. */
static void
aim(struct vm_swapio *sio, unsigned first, unsigned n)
{
	sio->first = first;
	sio->io.npages = n;
	sio->io.offset = (uint64_t)index_of(sio, first) << VM_PAGE_SHIFT;
	for (unsigned i = 0; i < n; i++)
		sio->io.addr[i] = data_of(sio, first + i);
}

static void
prepare(struct vm_swapio *sio)
{
	aim(sio, 0, sio->npages);
	for (unsigned i = 0; sio->io.write && i < sio->npages; i++)
		sio->dev->sums[index_of(sio, i)] = sum_of(sio, i);
}

/* ---- ending ---- */

static void
count_end(struct vm_swapio *sio)
{
	struct vm_swap *sw = sio->sys->swap;
	unsigned nbad = bits_count(sio->bad), ngood = sio->npages - nbad;

	vm_mutex_lock(&sw->lock);
	if (sio->io.write)
		sio->dev->writes += ngood;
	else
		sio->dev->reads += ngood;
	sio->dev->errors += nbad;
	vm_mutex_unlock(&sw->lock);
	if (sio->io.write)
		VM_COUNT_N(sio->sys, swap_writes, ngood);
	else
		VM_COUNT_N(sio->sys, swap_reads, ngood);
	VM_COUNT_N(sio->sys, swap_errors, nbad);
}

/* What to say: that of a read is one, whatever failed. */
static int
error_of(const struct vm_swapio *sio)
{
	if (sio->bad == 0)
		return 0;
	return sio->io.write ? sio->io.error : VM_EIO;
}

/* All is over.  Another transfer, which may begin now, or NULL. */
static struct vm_swapio *
finish(struct vm_swapio *sio)
{
	struct vm_swapio *next = NULL;

	sio->error = error_of(sio);
	if (sio->bounce != NULL)
		next = vm_swapcrypt_put(sio->sys->swap, sio);
	count_end(sio);
	vm_swap_free(sio->sys, sio->slot, sio->npages);
	sio->done(sio);
	return next;
}

/* Is what was read what was written? */
static bool
is_right(struct vm_swapio *sio, unsigned i)
{
	uint32_t at = index_of(sio, i);

	if (sio->dev->crypt != NULL &&
	    !vm_swapcrypt_decrypt(sio->sys->swap, sio->dev, at,
		data_of(sio, i)))
		return false;
	return sum_of(sio, i) == sio->dev->sums[at];
}

static void
verify(struct vm_swapio *sio)
{
	unsigned end = sio->first + sio->io.npages;

	for (unsigned i = sio->first; i < end; i++) {
		if (is_right(sio, i))
			continue;
		sio->bad |= bits_of(i, 1);
		VM_COUNT(sio->sys, swap_wrong);
	}
}

/* A request has ended.  What is to be begun next, the same transfer again or
 * another one; or NULL. */
static struct vm_swapio *
ended(struct vm_swapio *sio)
{
	unsigned end = sio->first + sio->io.npages;

	if (sio->io.error != 0 && !sio->io.write && sio->io.npages > 1) {
		VM_COUNT(sio->sys, swap_retries);
		aim(sio, 0, 1);
		return sio;
	}
	if (sio->io.error != 0)
		sio->bad |= bits_of(sio->first, sio->io.npages);
	else if (!sio->io.write)
		verify(sio);
	if (end == sio->npages)
		return finish(sio);
	aim(sio, end, 1);
	return sio;
}

/* ---- requests ---- */

/* True for the last one: it goes on with the transfer. */
static bool
let_go(struct vm_swapio *sio)
{
	return atomic_fetch_sub(&sio->holds, 1) == 1;
}

/* Begin a request.  When it has ended already: what is to be begun next. */
static struct vm_swapio *
begin(struct vm_swapio *sio)
{
	struct vm_swapdev *sd = sio->dev;

	if (sio->bounce != NULL)
		encrypt(sio);
	if (sio->io.write)
		VM_COUNT(sio->sys, swap_write_io);
	else
		VM_COUNT(sio->sys, swap_read_io);
	atomic_store(&sio->holds, 2);
	sd->is.ops->start(sd->is.dev, &sio->io);
	return let_go(sio) ? ended(sio) : NULL;
}

static void
begin_all(struct vm_swapio *sio)
{
	while (sio != NULL)
		sio = begin(sio);
}

static void
request_done(struct vm_io *io)
{
	struct vm_swapio *sio = container_of(io, struct vm_swapio, io);

	if (let_go(sio))
		begin_all(ended(sio));
}

void
vm_swap_start(struct vm_swapio *sio)
{
	VM_ASSERT(sio->npages > 0);
	VM_ASSERT(sio->npages <= VM_CLUSTER_MAX);
	sio->io.done = request_done;
	sio->bounce = NULL;
	sio->bad = 0;
	list_init(&sio->link);
	if (hold_slots(sio) != 0) {
		sio->bad = bits_of(0, sio->npages);
		sio->io.error = VM_ENOMEM; /* not the device's fault */
		(void)finish(sio);
		return;
	}
	prepare(sio);
	if (!sio->io.write || sio->dev->crypt == NULL ||
	    vm_swapcrypt_get(sio->sys->swap, sio))
		begin_all(sio);
}

/* ---- waiting ---- */

struct sync_read {
	struct vm_swapio sio;
	struct vm_event *event;
	_Atomic bool ended; /* from here on the reader may be gone */
};

static void
read_ended(struct vm_swapio *sio)
{
	struct sync_read *r = sio->arg;
	struct vm_event *event = r->event;
	const struct vm_env *env = sio->sys->env;

	atomic_store(&r->ended, true);
	vm_event_signal(event, env);
}

static void
wait_for(struct sync_read *r)
{
	uint32_t seen = vm_event_count(r->event);

	while (!atomic_load(&r->ended)) {
		vm_event_wait(r->event, seen, r->sio.sys->env);
		seen = vm_event_count(r->event);
	}
}

int
vm_swap_read(struct vm_system *sys, vm_slot_t slot,
    struct vm_page *const *pages, unsigned n, uint64_t *bad)
{
	struct sync_read r;

	VM_ASSERT(n <= VM_CLUSTER_MAX);
	memset(&r, 0, sizeof(r));
	r.event = &sys->swap->ended[slot % VM_SWAP_EVENTS];
	r.sio.sys = sys;
	r.sio.slot = slot;
	r.sio.npages = n;
	memcpy(r.sio.pages, pages, n * sizeof(*pages));
	r.sio.done = read_ended;
	r.sio.arg = &r;
	vm_swap_start(&r.sio);
	wait_for(&r);
	*bad = r.sio.bad;
	return r.sio.error;
}
