/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_swapper.c - spaces over their limit, and spaces that sleep.
 *
 * Of a space over its limit pages go that nobody has used since the last look,
 * and used ones only when these were too few.
 *
 * Time is counted in passes.  The space that has slept longest goes, of those
 * that have slept equally long the largest; one at a time, and then paging gets
 * some passes to write it.  What others may have in use too is left alone:
 * pages of an entry's object with more than one user (layers that relatives
 * share are not told apart), and those that the port knows to be needed, as
 * 4.4BSD leaves alone what a transfer has wired.
 *
 * The locks of the list and of maps are only tried, since who makes a pass may
 * hold some; what is below a map's is held by nobody who waits for memory.
 *
 * Source: FreeBSD vm_pageout_map_deactivate_pages.  Differs: it begins with the
 * largest object, and leaves used pages to a later look, over the limit or not.
 */
#include "vm/vm_swapper.h"

#include "vm/vm_pageout.h"
#include "vm/vm_pageq.h"

#define BEHIND_PASSES 2 /* in a row that found too little: paging is behind */
#define SLEEP_PASSES  2 /* that a space must have slept */

/* ---- giving up pages ---- */

/* Pages of one entry that may go. */
struct giving {
	struct vm_map *map;
	struct vm_map_entry *entry;
	bool shared;      /* others have the object of the entry, too */
	bool used;        /* pages that were used lately may go */
	vm_pindex_t keep; /* pages that may stay mapped */
	size_t given;
};

static bool
is_mapped(const struct giving *g, const struct vm_cow_page *at)
{
	vaddr_t va = g->entry->start + vm_ptoa(at->n);
	struct pmap_mapping m;

	return pmap_extract(g->map->pmap, va, &m) && m.page == at->page;
}

static bool
may_give(const struct giving *g, const struct vm_cow_page *at)
{
	return at->page != NULL && !vm_page_is_pinned(at->page) &&
	    (at->upper || !g->shared) &&
	    pmap_resident_count(g->map->pmap) > g->keep && is_mapped(g, at);
}

static void
give_page(const struct vm_cow_page *at, void *arg)
{
	struct giving *g = arg;
	struct vm_system *sys = g->map->sys;
	struct vm_page *pg = at->page;

	if (!may_give(g, at))
		return;
	if (vm_pageout_was_used(sys, pg) && !g->used) {
		vm_pageq_put(sys, pg, VM_PAGE_ACTIVE);
		return;
	}
	if (sys->machine->references_by_fault &&
	    pmap_is_referenced(sys->machine, pg))
		return; /* again, this moment */
	vm_page_unmap(sys, pg);
	vm_pageq_put(sys, pg, VM_PAGE_INACTIVE);
	g->given++;
}

/* => map locked */
static void
give_entries(struct giving *g)
{
	const struct vm_cow_ops *cow = g->map->design->cow;
	struct vm_map_entry *e;

	for (e = vm_map_first(g->map); e != NULL; e = vm_map_next(g->map, e)) {
		if (vm_entry_is_wired(e) || (e->flags & VM_ENTRY_FOREIGN))
			continue;
		g->entry = e;
		g->shared = e->object != NULL && e->object->refs > 1;
		cow->lock(e);
		cow->walk(e, 0, vm_entry_npages(e), give_page, g);
		cow->unlock(e);
	}
}

/* Make pages inactive until no more than `keep` are mapped. */
static size_t
give(struct vmspace *vs, vm_pindex_t keep)
{
	struct giving g = { .map = &vs->map, .keep = keep };

	if (!vm_rwlock_try_read(&vs->map.lock))
		return 0;
	if (keep != 0)
		give_entries(&g);
	g.used = true;
	if (pmap_resident_count(g.map->pmap) > keep)
		give_entries(&g);
	vm_map_unlock_read(g.map);
	return g.given;
}

static void
hold_to_limit(struct vmspace *vs)
{
	vm_pindex_t keep = vm_atop(vs->rss_limit);

	if (vs->rss_limit != UINT64_MAX &&
	    pmap_resident_count(vs->map.pmap) > keep)
		VM_COUNT_N(vs->map.sys, rss_deactivated, give(vs, keep));
}

/* ---- who goes ---- */

static bool
may_go(const struct vmspace *vs, uint64_t now)
{
	return vs->out == 0 && vs->slept != 0 &&
	    now - vs->slept >= SLEEP_PASSES &&
	    pmap_resident_count(vs->map.pmap) != 0;
}

static bool
is_better(const struct vmspace *vs, const struct vmspace *than)
{
	if (than == NULL || vs->slept != than->slept)
		return than == NULL || vs->slept < than->slept;
	return pmap_resident_count(vs->map.pmap) >
	    pmap_resident_count(than->map.pmap);
}

static struct vmspace *
choose(struct vm_system *sys)
{
	struct vmspace *best = NULL;

	LIST_FOREACH(struct vmspace, vs, &sys->spaces, link)
		if (may_go(vs, sys->swapper.passes) && is_better(vs, best))
			best = vs;
	return best;
}

static struct vm_pageout_levels
levels_of(const struct vm_system *sys)
{
	struct vm_pageout_levels levels;

	vm_pageout_get_levels(sys, &levels);
	return levels;
}

/* What paging has left; true: it is behind. */
static bool
note_behind(struct vm_system *sys)
{
	if (vm_pageout_available(sys) >= levels_of(sys).min)
		sys->swapper.behind = 0;
	else
		sys->swapper.behind++;
	return sys->swapper.behind >= BEHIND_PASSES;
}

static void
swap_out(struct vmspace *vs)
{
	struct vm_system *sys = vs->map.sys;

	vs->out = sys->swapper.passes;
	sys->swapper.behind = 0;
	VM_COUNT(sys, swapouts);
	VM_COUNT_N(sys, swapout_pages, give(vs, 0));
}

void
vm_swapper_pass(struct vm_system *sys)
{
	struct vmspace *vs;

	sys->swapper.passes++;
	if (!vm_mutex_trylock(&sys->spaces_lock))
		return;
	LIST_FOREACH(struct vmspace, each, &sys->spaces, link)
		hold_to_limit(each);
	if (note_behind(sys) && !sys->swapper.off) {
		vs = choose(sys);
		if (vs != NULL)
			swap_out(vs);
	}
	vm_mutex_unlock(&sys->spaces_lock);
}

/* ---- who comes back ---- */

static bool
has_enough(const struct vm_system *sys)
{
	return vm_pageout_available(sys) >= levels_of(sys).target;
}

/* => spaces_lock held */
static struct vmspace *
longest_out(struct vm_system *sys)
{
	struct vmspace *best = NULL;

	LIST_FOREACH(struct vmspace, vs, &sys->spaces, link)
		if (vs->wakes && (best == NULL || vs->out < best->out))
			best = vs;
	return best;
}

bool
vm_swapper_swapin(struct vm_system *sys)
{
	bool enough = has_enough(sys), waits;
	struct vmspace *vs;

	vm_mutex_lock(&sys->spaces_lock);
	vs = longest_out(sys);
	waits = vs != NULL;
	if (waits && enough)
		vmspace_runs(vs);
	vm_mutex_unlock(&sys->spaces_lock);
	if (waits && !enough)
		(void)vm_pageout_once(sys, levels_of(sys).target, false);
	return waits && enough;
}

/* ---- what the host says ---- */

void
vmspace_sleeps(struct vmspace *vs)
{
	if (vs->slept == 0)
		vs->slept = vs->map.sys->swapper.passes;
}

void
vmspace_runs(struct vmspace *vs)
{
	if (vs->slept == 0)
		return;
	vs->slept = 0;
	vs->wakes = false;
	if (atomic_exchange(&vs->out, 0) != 0)
		VM_COUNT(vs->map.sys, swapins);
}

bool
vmspace_wakes(struct vmspace *vs)
{
	if (vs->out == 0 || (!vs->wakes && has_enough(vs->map.sys))) {
		vmspace_runs(vs);
		return true;
	}
	vs->wakes = true;
	return false;
}

bool
vmspace_is_out(const struct vmspace *vs)
{
	return vs->out != 0;
}

void
vmspace_limit_resident(struct vmspace *vs, vsize_t bytes)
{
	vs->rss_limit = bytes;
}

void
vm_system_swap_spaces(struct vm_system *sys, bool on)
{
	sys->swapper.off = !on;
}
