/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_swapdev.c - devices to swap to: they come, retire and go.
 *
 * The range of a device in the drum is the lowest gap that is long enough.
 * Arrays are allocated with no lock held, so that the gap is looked for twice:
 * before, because there is no point in memory for what cannot be, and after.
 */
#include "vm/vm_swapdev.h"

#include "base/mem.h"
#include "vm/vm_swapcrypt.h"

#define DRUM_END UINT32_MAX

/* ---- finding ---- */

struct vm_swapdev *
vm_swapdev_of(struct vm_swap *sw, vm_slot_t slot)
{
	LIST_FOREACH(struct vm_swapdev, sd, &sw->devs, link) {
		if (slot >= sd->first && slot - sd->first < sd->npages)
			return sd;
	}
	return NULL;
}

static struct vm_swapdev *
by_id(struct vm_swap *sw, unsigned id)
{
	LIST_FOREACH(struct vm_swapdev, sd, &sw->devs, link) {
		if (sd->id == id)
			return sd;
	}
	return NULL;
}

/* A device that has some of [first, first + n), or NULL. */
static struct vm_swapdev *
in_range(struct vm_swap *sw, uint64_t first, uint64_t n)
{
	LIST_FOREACH(struct vm_swapdev, sd, &sw->devs, link) {
		if (first < (uint64_t)sd->first + sd->npages &&
		    sd->first < first + n)
			return sd;
	}
	return NULL;
}

/* The lowest n numbers in a row that no device has; 0: there are none. */
static vm_slot_t
find_gap(struct vm_swap *sw, uint64_t n)
{
	const struct vm_swapdev *sd;
	uint64_t first = 1;

	if (n == 0 || n >= DRUM_END)
		return 0;
	while ((sd = in_range(sw, first, n)) != NULL)
		first = (uint64_t)sd->first + sd->npages;
	return first + n <= DRUM_END ? (vm_slot_t)first : 0;
}

/* ---- the order of turns ---- */

/* Behind all that have at least its priority. => lock held */
static void
into_order(struct vm_swap *sw, struct vm_swapdev *sd)
{
	LIST_FOREACH(struct vm_swapdev, other, &sw->order, turn) {
		if (other->is.priority < sd->is.priority) {
			list_insert_before(&other->turn, &sd->turn);
			return;
		}
	}
	list_insert_tail(&sw->order, &sd->turn);
}

void
vm_swapdev_had_turn(struct vm_swap *sw, struct vm_swapdev *sd)
{
	list_remove(&sd->turn);
	into_order(sw, sd);
}

/* ---- adding ---- */

static void
free_device(struct vm_system *sys, struct vm_swapdev *sd)
{
	if (sd->free.words != NULL)
		blist_fini(&sd->free);
	if (sd->crypt != NULL)
		vm_swapcrypt_fini(sys, sd);
	vm_free(sys, sd->refs, sd->npages * sizeof(*sd->refs));
	vm_free(sys, sd->sums, sd->npages * sizeof(*sd->sums));
	vm_free(sys, sd, sizeof(*sd));
}

/* A device with all its arrays, on no list; NULL: no memory. */
static struct vm_swapdev *
make_device(struct vm_system *sys, uint32_t npages)
{
	struct vm_swapdev *sd = vm_alloc(sys, sizeof(*sd));

	if (sd == NULL)
		return NULL;
	memset(sd, 0, sizeof(*sd));
	list_init(&sd->link);
	list_init(&sd->turn);
	sd->npages = npages;
	sd->refs = vm_alloc(sys, npages * sizeof(*sd->refs));
	sd->sums = vm_alloc(sys, npages * sizeof(*sd->sums));
	if (sd->refs == NULL || sd->sums == NULL ||
	    blist_init(&sd->free, npages, &sys->alloc) != 0 ||
	    (sys->swap->cipher != NULL && vm_swapcrypt_init(sys, sd) != 0)) {
		free_device(sys, sd);
		return NULL;
	}
	memset(sd->refs, 0, npages * sizeof(*sd->refs));
	memset(sd->sums, 0, npages * sizeof(*sd->sums));
	return sd;
}

static bool
has_gap(struct vm_swap *sw, uint64_t npages)
{
	bool has;

	vm_mutex_lock(&sw->lock);
	has = find_gap(sw, npages) != 0;
	vm_mutex_unlock(&sw->lock);
	return has;
}

/* Let it take part; false: meanwhile there is no gap. */
static bool
join(struct vm_swap *sw, struct vm_swapdev *sd)
{
	vm_mutex_lock(&sw->lock);
	sd->first = find_gap(sw, sd->npages);
	if (sd->first != 0) {
		sd->id = sw->next_id++;
		list_insert_tail(&sw->devs, &sd->link);
		into_order(sw, sd);
		atomic_fetch_add(&sw->total, sd->npages);
	}
	vm_mutex_unlock(&sw->lock);
	return sd->first != 0;
}

int
vm_swap_add(struct vm_system *sys, const struct vm_swap_device *device,
    unsigned *id)
{
	struct vm_swapdev *sd;

	if (!has_gap(sys->swap, device->npages))
		return VM_EINVAL;
	sd = make_device(sys, (uint32_t)device->npages);
	if (sd == NULL)
		return VM_ENOMEM;
	sd->is = *device;
	if (!join(sys->swap, sd)) {
		free_device(sys, sd);
		return VM_EINVAL;
	}
	*id = sd->id;
	return 0;
}

/* ---- removing ---- */

/* => lock held */
static void
retire(struct vm_swap *sw, struct vm_swapdev *sd, bool retired)
{
	atomic_fetch_sub(&sw->total, vm_swapdev_offers(sd));
	sd->retired = retired;
	atomic_fetch_add(&sw->total, vm_swapdev_offers(sd));
}

static int
set_retired(struct vm_swap *sw, unsigned id, bool retired)
{
	struct vm_swapdev *sd;
	int error = 0;

	vm_mutex_lock(&sw->lock);
	sd = by_id(sw, id);
	if (sd == NULL)
		error = VM_EINVAL;
	else if (retired && sd->retired)
		error = VM_EBUSY;
	else
		retire(sw, sd, retired);
	vm_mutex_unlock(&sw->lock);
	return error;
}

int
vm_swap_retire(struct vm_system *sys, unsigned id)
{
	return set_retired(sys->swap, id, true);
}

void
vm_swap_reinstate(struct vm_system *sys, unsigned id)
{
	(void)set_retired(sys->swap, id, false);
}

/* => lock held, no slot in use */
static void
leave(struct vm_swap *sw, struct vm_swapdev *sd)
{
	list_remove(&sd->link);
	list_remove(&sd->turn);
	atomic_fetch_sub(&sw->total, vm_swapdev_offers(sd));
}

static void
close_device(struct vm_system *sys, struct vm_swapdev *sd)
{
	if (sd->is.ops->close != NULL)
		sd->is.ops->close(sd->is.dev);
	free_device(sys, sd);
}

int
vm_swap_remove(struct vm_system *sys, unsigned id)
{
	struct vm_swap *sw = sys->swap;
	struct vm_swapdev *sd;
	int error = 0;

	vm_mutex_lock(&sw->lock);
	sd = by_id(sw, id);
	if (sd == NULL)
		error = VM_EINVAL;
	else if (sd->used != 0)
		error = VM_EBUSY;
	else
		leave(sw, sd);
	vm_mutex_unlock(&sw->lock);
	if (error == 0)
		close_device(sys, sd);
	return error;
}

/* ---- looking at them ---- */

static void
describe(const struct vm_swapdev *sd, struct vm_swap_info *info)
{
	*info = (struct vm_swap_info){
		.id = sd->id,
		.name = sd->is.name,
		.kind = sd->is.ops->name,
		.priority = sd->is.priority,
		.npages = sd->npages,
		.used = sd->used,
		.bad = sd->nbad,
		.retired = sd->retired,
		.reads = sd->reads,
		.writes = sd->writes,
		.errors = sd->errors,
	};
}

bool
vm_swap_nth(struct vm_system *sys, unsigned i, struct vm_swap_info *info)
{
	struct vm_swap *sw = sys->swap;
	bool found = false;

	vm_mutex_lock(&sw->lock);
	LIST_FOREACH(struct vm_swapdev, sd, &sw->devs, link) {
		if (i-- != 0)
			continue;
		describe(sd, info);
		found = true;
		break;
	}
	vm_mutex_unlock(&sw->lock);
	return found;
}

/* ---- beginning and end ---- */

void
vm_swap_set_cipher(struct vm_system *sys, const struct vm_swap_cipher *cipher)
{
	VM_ASSERT(list_is_empty(&sys->swap->devs));
	sys->swap->cipher = cipher;
}

int
vm_swap_init(struct vm_system *sys)
{
	struct vm_swap *sw = vm_alloc(sys, sizeof(*sw));

	if (sw == NULL)
		return VM_ENOMEM;
	memset(sw, 0, sizeof(*sw));
	vm_mutex_init(&sw->lock, sys->env);
	list_init(&sw->devs);
	list_init(&sw->order);
	sys->swap = sw;
	return 0;
}

void
vm_swap_fini(struct vm_system *sys)
{
	struct vm_swap *sw = sys->swap;

	VM_ASSERT(vm_swap_in_use(sys) == 0);
	LIST_FOREACH_SAFE(struct vm_swapdev, sd, next, &sw->devs, link) {
		leave(sw, sd);
		close_device(sys, sd);
	}
	vm_free(sys, sw, sizeof(*sw));
	sys->swap = NULL;
}
