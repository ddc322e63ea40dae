/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_swapoff.c - what is on a device comes back.
 *
 *	retire --> recall of objects --> recall of spaces --> remove
 *	  ^               ^                                   |  |
 *	  |               `---- others were in the way -------'  |
 *	  `----------------------- error ------------------------'
 *
 * As nothing is allocated on a retired device each slot given back brings the
 * end nearer, whatever others do: fork, fault, move and unmap.  One walk may
 * miss what is just moved about, or in transit, so walks are repeated.  None
 * finds what has left its map and waits to go until some file is written: so
 * whatever is under way is waited for before a walk counts as fruitless.
 *
 * It is one that wants memory among others, but stops before they get none: it
 * never takes the last pages.
 *
 * Lock order: a space is held by a reference while its map is locked.
 */
#include "vm/vm_swapoff.h"

#include "vm/vm_pageout.h"
#include "vm/vm_swap.h"
#include "vm/vmspace.h"

#define FRUITLESS 1000 /* walks that get no further, with nothing under way; */
#define ARRIVALS  64   /* with something, so many of them count as one */
#define TRIES     64   /* for memory, which others may take, or not be ours */

/* ---- reading ---- */

/* Memory for a run to read, and then some. */
static int
make_memory(struct vm_system *sys)
{
	struct vm_pageout_levels levels;

	vm_pageout_get_levels(sys, &levels);
	if (vm_pageout_available(sys) >= levels.min + VM_SWAPIN_MAX ||
	    vm_pageout_more(sys, VM_SWAPIN_MAX))
		return 0;
	return vm_pageout_available(sys) >= levels.min ? 0 : VM_ENOMEM;
}

/* Do what a walk has stopped for, with nothing locked. */
static int
follow(struct vm_recall *rc, enum vm_recalled v)
{
	if (v == VM_RECALL_NOMEM)
		return ++rc->tries > TRIES ? VM_ENOMEM :
					     vm_pageout_wait(rc->sys);
	rc->tries = 0;
	rc->ngone++;
	return vm_swapin(rc->sys, &rc->read);
}

static int
recall_objects(struct vm_recall *rc)
{
	enum vm_recalled v;
	int error;

	do {
		error = make_memory(rc->sys);
		if (error != 0)
			return error;
		v = vm_object_recall(rc);
		if (v != VM_RECALL_DONE)
			error = follow(rc, v);
	} while (error == 0 && v != VM_RECALL_DONE);
	return error;
}

/* ---- spaces ---- */

/* The first entry that ends behind va.  => map locked */
static struct vm_map_entry *
entry_behind(struct vm_map *map, vaddr_t va)
{
	struct vm_map_entry *e = vm_map_first(map);

	while (e != NULL && e->end <= va)
		e = vm_map_next(map, e);
	return e;
}

/* From the entry at *va on; *va is where it stopped. */
static enum vm_recalled
recall_entries(struct vm_map *map, vaddr_t *va, struct vm_recall *rc)
{
	const struct vm_cow_ops *cow = map->design->cow;
	enum vm_recalled v = VM_RECALL_DONE;
	struct vm_map_entry *e;

	vm_map_lock_read(map);
	for (e = entry_behind(map, *va); e != NULL; e = vm_map_next(map, e)) {
		cow->lock(e);
		v = cow->recall(e, rc);
		cow->unlock(e);
		if (v != VM_RECALL_DONE)
			break;
		*va = e->end;
	}
	vm_map_unlock_read(map);
	return v;
}

static int
recall_space(struct vmspace *vs, struct vm_recall *rc)
{
	enum vm_recalled v;
	vaddr_t va = 0;
	int error;

	if (vs->map.design->cow->recall == NULL)
		return 0;
	do {
		error = make_memory(rc->sys);
		if (error != 0)
			return error;
		v = recall_entries(&vs->map, &va, rc);
		if (v != VM_RECALL_DONE)
			error = follow(rc, v);
	} while (error == 0 && v != VM_RECALL_DONE);
	return error;
}

/* The space after one, or the first, with a reference; that of the one before
 * is the caller's still. */
static struct vmspace *
next_space(struct vm_system *sys, struct vmspace *vs)
{
	struct list *at;

	vm_mutex_lock(&sys->spaces_lock);
	at = vs == NULL ? &sys->spaces : &vs->link;
	for (at = at->next; at != &sys->spaces; at = at->next) {
		vs = LIST_ENTRY(at, struct vmspace, link);
		if (vmspace_try_ref(vs))
			break;
	}
	vm_mutex_unlock(&sys->spaces_lock);
	return at == &sys->spaces ? NULL : vs;
}

static int
recall_spaces(struct vm_recall *rc)
{
	struct vmspace *vs = next_space(rc->sys, NULL), *next;
	int error = 0;

	while (vs != NULL) {
		if (error == 0)
			error = recall_space(vs, rc);
		next = error == 0 ? next_space(rc->sys, vs) : NULL;
		vmspace_unref(vs);
		vs = next;
	}
	return error;
}

/* ---- the device ---- */

/* Let those go on who are in the way.  => how much that counts */
static unsigned
wait_a_while(struct vm_recall *rc)
{
	struct vm_system *sys = rc->sys;
	struct vm_event *arrived = vm_page_arrival(sys);
	uint32_t seen = vm_event_count(arrived);

	if (rc->busy != NULL) {
		vm_page_wait(sys, rc->busy, rc->seen);
		return 1;
	}
	if (vm_page_any_busy(sys)) {
		vm_event_wait(arrived, seen, sys->env);
		return 1;
	}
	if (sys->env->yield != NULL)
		sys->env->yield(sys->env->ctx);
	return ARRIVALS;
}

/* Slots of the device that somebody has. */
static uint64_t
nleft(struct vm_system *sys, unsigned id)
{
	struct vm_swap_info info;

	for (unsigned i = 0; vm_swap_nth(sys, i, &info); i++) {
		if (info.id == id)
			return info.used;
	}
	return 0;
}

static int
empty_and_remove(struct vm_system *sys, unsigned id)
{
	struct vm_recall rc = { .sys = sys, .id = id };
	unsigned fruitless = 0;
	uint64_t before;
	int error;

	while ((error = vm_swap_remove(sys, id)) == VM_EBUSY &&
	    fruitless < FRUITLESS * ARRIVALS) {
		before = nleft(sys, id);
		rc.ngone = 0;
		rc.busy = NULL;
		rc.whose = NULL;
		error = recall_objects(&rc);
		if (error == 0)
			error = recall_spaces(&rc);
		if (error != 0)
			return error;
		if (rc.ngone != 0 || nleft(sys, id) < before)
			fruitless = 0;
		else
			fruitless += wait_a_while(&rc);
	}
	return error;
}

int
vm_swapoff(struct vm_system *sys, unsigned id)
{
	int error = vm_swap_retire(sys, id);

	if (error != 0)
		return error;
	/* The pass that is going on may have a cluster there. */
	(void)vm_pageout_once(sys, 0, false);
	error = empty_and_remove(sys, id);
	if (error != 0)
		vm_swap_reinstate(sys, id);
	return error;
}
