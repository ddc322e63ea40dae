/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_swap.c - slots: taken, shared, given back.
 *
 * A slot is free in its device's bit list, or has references, or is bad; one
 * that is bad and has references becomes just bad with the last.
 */
#include "vm/vm_swap.h"

#include "vm/vm_swapcrypt.h"
#include "vm/vm_swapdev.h"

#define REFS_MAX (VM_SWAP_BAD - 1)

static uint32_t
refs_of(const struct vm_swapdev *sd, uint32_t i)
{
	return sd->refs[i] & ~VM_SWAP_BAD;
}

static bool
is_bad(const struct vm_swapdev *sd, uint32_t i)
{
	return (sd->refs[i] & VM_SWAP_BAD) != 0;
}

/* The device of a slot that is in use.  => lock held */
static struct vm_swapdev *
device_of(struct vm_swap *sw, vm_slot_t slot)
{
	struct vm_swapdev *sd = vm_swapdev_of(sw, slot);

	VM_ASSERT(sd != NULL);
	VM_ASSERT(refs_of(sd, vm_swapdev_index(sd, slot)) != 0);
	return sd;
}

uint32_t
vm_swap_refs(struct vm_system *sys, vm_slot_t slot)
{
	struct vm_swap *sw = sys->swap;
	struct vm_swapdev *sd;
	uint32_t refs = 0;

	vm_mutex_lock(&sw->lock);
	sd = vm_swapdev_of(sw, slot);
	if (sd != NULL)
		refs = refs_of(sd, vm_swapdev_index(sd, slot));
	vm_mutex_unlock(&sw->lock);
	return refs;
}

bool
vm_swap_is_bad(struct vm_system *sys, vm_slot_t slot)
{
	struct vm_swap *sw = sys->swap;
	struct vm_swapdev *sd;
	bool bad;

	vm_mutex_lock(&sw->lock);
	sd = device_of(sw, slot);
	bad = is_bad(sd, vm_swapdev_index(sd, slot));
	vm_mutex_unlock(&sw->lock);
	return bad;
}

/* ---- taking ---- */

/* The first in turn with a run of `want`; or with the longest run there is. */
static struct vm_swapdev *
choose(struct vm_swap *sw, uint32_t want)
{
	struct vm_swapdev *best = NULL;
	uint32_t longest = 0, n;

	LIST_FOREACH(struct vm_swapdev, sd, &sw->order, turn) {
		n = sd->retired ? 0 : blist_longest(&sd->free);
		if (n > longest) {
			best = sd;
			longest = n;
		}
		if (longest >= want)
			break;
	}
	return best;
}

static vm_slot_t
take_from(struct vm_swap *sw, struct vm_swapdev *sd, uint32_t want,
    uint32_t *got)
{
	uint32_t at = blist_alloc_most(&sd->free, want, sd->cursor, got);

	for (uint32_t i = at; i < at + *got; i++) {
		sd->refs[i] = 1;
		sd->sums[i]++; /* what the last user left is wrong now */
	}
	if (sd->crypt != NULL)
		vm_swapcrypt_take(sd, at, *got);
	sd->cursor = at + *got;
	sd->used += *got;
	atomic_fetch_add(&sw->in_use, *got);
	vm_swapdev_had_turn(sw, sd);
	return sd->first + at;
}

vm_slot_t
vm_swap_alloc(struct vm_system *sys, unsigned want, unsigned *got)
{
	struct vm_swap *sw = sys->swap;
	struct vm_swapdev *sd;
	vm_slot_t slot = 0;

	VM_ASSERT(want > 0);
	*got = 0;
	vm_mutex_lock(&sw->lock);
	sd = choose(sw, want);
	if (sd != NULL)
		slot = take_from(sw, sd, want, got);
	vm_mutex_unlock(&sw->lock);
	VM_COUNT_N(sys, swap_allocs, *got);
	return slot;
}

void
vm_swap_ref(struct vm_system *sys, vm_slot_t slot)
{
	struct vm_swap *sw = sys->swap;
	struct vm_swapdev *sd;
	uint32_t i;

	vm_mutex_lock(&sw->lock);
	sd = device_of(sw, slot);
	i = vm_swapdev_index(sd, slot);
	VM_ASSERT(refs_of(sd, i) < REFS_MAX);
	sd->refs[i]++;
	vm_mutex_unlock(&sw->lock);
}

/* ---- giving back ---- */

static void
mark_bad(struct vm_swap *sw, struct vm_swapdev *sd, uint32_t i)
{
	if (is_bad(sd, i))
		return;
	sd->refs[i] |= VM_SWAP_BAD;
	sd->nbad++;
	if (!sd->retired)
		atomic_fetch_sub(&sw->total, 1);
}

/* A reference less; true when that makes the slot free. */
static bool
drop_ref(struct vm_swap *sw, struct vm_swapdev *sd, uint32_t i)
{
	VM_ASSERT(refs_of(sd, i) > 0);
	sd->refs[i]--;
	if (refs_of(sd, i) != 0)
		return false;
	sd->used--;
	atomic_fetch_sub(&sw->in_use, 1);
	if (sd->crypt != NULL)
		vm_swapcrypt_drop(sw, sd, i);
	return !is_bad(sd, i);
}

/* Drop a reference to each of n; what becomes free goes back run by run. */
static uint32_t
drop_refs(struct vm_swap *sw, struct vm_swapdev *sd, uint32_t i, uint32_t n)
{
	uint32_t run = 0, nfreed = 0;

	for (; n > 0; i++, n--) {
		if (drop_ref(sw, sd, i)) {
			run++;
			nfreed++;
			continue;
		}
		if (run != 0)
			blist_free(&sd->free, i - run, run);
		run = 0;
	}
	if (run != 0)
		blist_free(&sd->free, i - run, run);
	return nfreed;
}

static void
give_back(struct vm_system *sys, vm_slot_t slot, uint32_t n, bool bad)
{
	struct vm_swap *sw = sys->swap;
	struct vm_swapdev *sd;
	uint32_t first, nfreed, nbad;

	VM_ASSERT(n > 0);
	vm_mutex_lock(&sw->lock);
	sd = device_of(sw, slot);
	first = vm_swapdev_index(sd, slot);
	VM_ASSERT(n <= sd->npages - first);
	nbad = sd->nbad;
	for (uint32_t i = first; bad && i < first + n; i++)
		mark_bad(sw, sd, i);
	nbad = sd->nbad - nbad;
	nfreed = drop_refs(sw, sd, first, n);
	vm_mutex_unlock(&sw->lock);
	VM_COUNT_N(sys, swap_frees, nfreed);
	VM_COUNT_N(sys, swap_bad, nbad);
}

void
vm_swap_free(struct vm_system *sys, vm_slot_t slot, unsigned n)
{
	give_back(sys, slot, n, false);
}

void
vm_swap_bad(struct vm_system *sys, vm_slot_t slot, unsigned n)
{
	give_back(sys, slot, n, true);
}

/* ---- looking at them ---- */

bool
vm_swap_follows(struct vm_system *sys, vm_slot_t a, vm_slot_t b)
{
	struct vm_swap *sw = sys->swap;
	bool follows;

	if (a == 0 || b != a + 1)
		return false;
	vm_mutex_lock(&sw->lock);
	follows = device_of(sw, a) == device_of(sw, b);
	vm_mutex_unlock(&sw->lock);
	return follows;
}

bool
vm_swap_is_on(struct vm_system *sys, vm_slot_t slot, unsigned id)
{
	struct vm_swap *sw = sys->swap;
	bool on;

	vm_mutex_lock(&sw->lock);
	on = device_of(sw, slot)->id == id;
	vm_mutex_unlock(&sw->lock);
	return on;
}

bool
vm_swap_is_retired(struct vm_system *sys, vm_slot_t slot)
{
	struct vm_swap *sw = sys->swap;
	bool retired;

	vm_mutex_lock(&sw->lock);
	retired = device_of(sw, slot)->retired;
	vm_mutex_unlock(&sw->lock);
	return retired;
}

uint64_t
vm_swap_total(const struct vm_system *sys)
{
	return atomic_load(&sys->swap->total);
}

uint64_t
vm_swap_in_use(const struct vm_system *sys)
{
	return atomic_load(&sys->swap->in_use);
}

bool
vm_swap_is_full(const struct vm_system *sys)
{
	struct vm_swap *sw = sys->swap;
	bool full;

	vm_mutex_lock(&sw->lock);
	full = choose(sw, 1) == NULL;
	vm_mutex_unlock(&sw->lock);
	return full;
}

/* ---- checking ---- */

/* W1, W2 */
static void
check_slots(const struct vm_swapdev *sd)
{
	uint32_t used = 0, nbad = 0;

	blist_check(&sd->free);
	for (uint32_t i = 0; i < sd->npages; i++) {
		VM_VERIFY(blist_is_free(&sd->free, i) == (sd->refs[i] == 0));
		used += refs_of(sd, i) != 0;
		nbad += is_bad(sd, i);
	}
	VM_VERIFY(used == sd->used);
	VM_VERIFY(nbad == sd->nbad);
	if (sd->crypt != NULL)
		vm_swapcrypt_check(sd);
}

/* W3: no other device begins among its numbers. */
static void
check_range(const struct vm_swap *sw, const struct vm_swapdev *sd)
{
	VM_VERIFY(sd->first != 0);
	LIST_FOREACH(struct vm_swapdev, other, &sw->devs, link) {
		VM_VERIFY(other == sd || other->first < sd->first ||
		    other->first - sd->first >= sd->npages);
	}
}

/* W3: those of higher priority come first.  Returns how many there are. */
static uint32_t
check_order(const struct vm_swap *sw)
{
	const struct vm_swapdev *before = NULL;
	uint32_t n = 0;

	LIST_FOREACH(struct vm_swapdev, sd, &sw->order, turn) {
		VM_VERIFY(
		    before == NULL || before->is.priority >= sd->is.priority);
		before = sd;
		n++;
	}
	return n;
}

void
vm_swap_check(const struct vm_system *sys)
{
	struct vm_swap *sw = sys->swap;
	uint64_t total = 0, used = 0;
	uint32_t n = 0;

	vm_mutex_lock(&sw->lock);
	LIST_FOREACH(struct vm_swapdev, sd, &sw->devs, link) {
		check_slots(sd);
		check_range(sw, sd);
		total += vm_swapdev_offers(sd);
		used += sd->used;
		n++;
	}
	VM_VERIFY(check_order(sw) == n);
	VM_VERIFY(total == sw->total);
	VM_VERIFY(used == sw->in_use);
	vm_mutex_unlock(&sw->lock);
}
