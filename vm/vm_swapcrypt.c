/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_swapcrypt.c - see vm_swapcrypt.h.
 *
 * A region's key stays as it is while a slot of it is in use, so that a
 * transfer, which holds references, encrypts and decrypts without the lock.
 */
#include "vm/vm_swapcrypt.h"

#include "base/mem.h"

#define BOUNCES      4
#define BOUNCE_BYTES (VM_CLUSTER_MAX * VM_PAGE_SIZE)

struct region {
	uint32_t used;            /* (l) slots in use */
	_Atomic bool keyed;       /* (a) written under the lock */
	uint8_t key[VM_SWAP_KEY]; /* (r) of any of its slots, once keyed */
};

struct vm_swapcrypt {
	void *bounces[BOUNCES]; /* (c) */
	unsigned free;          /* (l) a bit for each that is */
	struct list waiting;    /* (l) vm_swapio */
	struct region regions[];
};

/* ---- beginning and end ---- */

static size_t
crypt_size(const struct vm_swapdev *sd)
{
	size_t n = sd->npages / VM_SWAP_REGION +
	    (sd->npages % VM_SWAP_REGION != 0);

	return sizeof(struct vm_swapcrypt) + n * sizeof(struct region);
}

int
vm_swapcrypt_init(struct vm_system *sys, struct vm_swapdev *sd)
{
	struct vm_swapcrypt *sc = vm_alloc(sys, crypt_size(sd));

	if (sc == NULL)
		return VM_ENOMEM;
	memset(sc, 0, crypt_size(sd));
	list_init(&sc->waiting);
	sd->crypt = sc;
	for (unsigned i = 0; i < BOUNCES; i++) {
		sc->bounces[i] = vm_alloc(sys, BOUNCE_BYTES);
		if (sc->bounces[i] == NULL)
			return VM_ENOMEM;
		sc->free |= 1u << i;
	}
	return 0;
}

void
vm_swapcrypt_fini(struct vm_system *sys, struct vm_swapdev *sd)
{
	VM_ASSERT(list_is_empty(&sd->crypt->waiting));
	for (unsigned i = 0; i < BOUNCES; i++)
		vm_free(sys, sd->crypt->bounces[i], BOUNCE_BYTES);
	vm_free(sys, sd->crypt, crypt_size(sd));
	sd->crypt = NULL;
}

/* ---- keys ---- */

static struct region *
region_of(struct vm_swapdev *sd, uint32_t i)
{
	return &sd->crypt->regions[i / VM_SWAP_REGION];
}

void
vm_swapcrypt_take(struct vm_swapdev *sd, uint32_t i, uint32_t n)
{
	for (; n > 0; i++, n--)
		region_of(sd, i)->used++;
}

static void
forget_key(struct vm_swap *sw, struct region *r)
{
	if (!atomic_load_explicit(&r->keyed, memory_order_relaxed))
		return;
	sw->cipher->wipe(sw->cipher->ctx, r->key, sizeof(r->key));
	atomic_store_explicit(&r->keyed, false, memory_order_relaxed);
}

void
vm_swapcrypt_drop(struct vm_swap *sw, struct vm_swapdev *sd, uint32_t i)
{
	struct region *r = region_of(sd, i);

	VM_ASSERT(r->used > 0);
	if (--r->used == 0)
		forget_key(sw, r);
}

static int
have_key(struct vm_swap *sw, struct region *r)
{
	int error;

	if (atomic_load_explicit(&r->keyed, memory_order_relaxed))
		return 0;
	error = sw->cipher->make_key(sw->cipher->ctx, r->key);
	if (error == 0)
		atomic_store_explicit(&r->keyed, true, memory_order_release);
	return error;
}

int
vm_swapcrypt_keys(struct vm_swap *sw, struct vm_swapdev *sd, uint32_t i,
    uint32_t n)
{
	uint32_t last = (i + n - 1) / VM_SWAP_REGION;
	int error = 0;

	for (uint32_t r = i / VM_SWAP_REGION; error == 0 && r <= last; r++)
		error = have_key(sw, &sd->crypt->regions[r]);
	return error;
}

void
vm_swapcrypt_encrypt(struct vm_swap *sw, struct vm_swapdev *sd, uint32_t i,
    const void *in, void *out)
{
	const struct region *r = region_of(sd, i);

	VM_ASSERT(r->keyed);
	sw->cipher->encrypt(sw->cipher->ctx, r->key, sd->first + i, in, out);
}

bool
vm_swapcrypt_decrypt(struct vm_swap *sw, struct vm_swapdev *sd, uint32_t i,
    void *page)
{
	const struct region *r = region_of(sd, i);

	if (!atomic_load_explicit(&r->keyed, memory_order_acquire))
		return false;
	sw->cipher->decrypt(sw->cipher->ctx, r->key, sd->first + i, page, page);
	return true;
}

/* ---- bounce buffers ---- */

bool
vm_swapcrypt_get(struct vm_swap *sw, struct vm_swapio *sio)
{
	struct vm_swapcrypt *sc = sio->dev->crypt;
	unsigned i = 0;

	vm_mutex_lock(&sw->lock);
	while (i < BOUNCES && (sc->free & 1u << i) == 0)
		i++;
	if (i < BOUNCES) {
		sc->free &= ~(1u << i);
		sio->bounce = sc->bounces[i];
	} else {
		list_insert_tail(&sc->waiting, &sio->link);
	}
	vm_mutex_unlock(&sw->lock);
	return i < BOUNCES;
}

static void
set_free(struct vm_swapcrypt *sc, const void *bounce)
{
	unsigned i = 0;

	while (sc->bounces[i] != bounce)
		i++;
	sc->free |= 1u << i;
}

struct vm_swapio *
vm_swapcrypt_put(struct vm_swap *sw, struct vm_swapio *sio)
{
	struct vm_swapcrypt *sc = sio->dev->crypt;
	struct vm_swapio *next;

	vm_mutex_lock(&sw->lock);
	next = LIST_FIRST(struct vm_swapio, &sc->waiting, link);
	if (next != NULL) {
		list_remove(&next->link);
		next->bounce = sio->bounce;
	} else {
		set_free(sc, sio->bounce);
	}
	vm_mutex_unlock(&sw->lock);
	sio->bounce = NULL;
	return next;
}

/* ---- looking at them ---- */

void
vm_swapcrypt_check(const struct vm_swapdev *sd)
{
	const struct region *r = sd->crypt->regions;
	uint32_t used = 0;

	for (uint32_t i = 0; i < sd->npages; i++) {
		used += (sd->refs[i] & ~VM_SWAP_BAD) != 0;
		if ((i + 1) % VM_SWAP_REGION != 0 && i + 1 != sd->npages)
			continue;
		VM_VERIFY(r->used == used);
		VM_VERIFY(used != 0 || !r->keyed);
		used = 0;
		r++;
	}
}
