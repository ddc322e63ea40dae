/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_map.c - the entries of a map: finding, inserting, cutting, joining and
 * removing them.  Attributes are in vm_map_attr.c, forking in vm_map_fork.c.
 *
 * Every entry is on the ordered list and in the index.  `gap` of an entry is
 * the free space behind it, so each change of an end, or of a neighbour, is
 * followed by set_gap() on the entry before the change.
 *
 * Sources: UVM uvm_map.c (one-step insert with merging, two-phase unmap,
 * findspace on gaps), 4.4BSD vm_map.c (clip, simplify).
 */
#include "vm/vm_map.h"

#include "base/mem.h"
#include "base/pool.h"
#include "vm/vm_page.h"

#define SLAB_BYTES 16384

struct vm_entries {
	struct vm_mutex lock;
	struct pool pool;
};

/* ---- memory of entries ---- */

struct vm_map_entry *
vm_entry_alloc(struct vm_system *sys)
{
	struct vm_map_entry *e;

	vm_mutex_lock(&sys->entries->lock);
	e = pool_get(&sys->entries->pool);
	vm_mutex_unlock(&sys->entries->lock);
	if (e != NULL) {
		memset(e, 0, sizeof(*e));
		VM_COUNT(sys, entries_allocated);
	}
	return e;
}

void
vm_entry_free(struct vm_system *sys, struct vm_map_entry *e)
{
	vm_mutex_lock(&sys->entries->lock);
	pool_put(&sys->entries->pool, e);
	vm_mutex_unlock(&sys->entries->lock);
	VM_COUNT(sys, entries_freed);
}

size_t
vm_entry_bytes(struct vm_system *sys)
{
	size_t bytes;

	vm_mutex_lock(&sys->entries->lock);
	bytes = pool_used_bytes(&sys->entries->pool);
	vm_mutex_unlock(&sys->entries->lock);
	return bytes;
}

/* ---- neighbours and gaps ---- */

struct vm_map_entry *
vm_map_first(const struct vm_map *map)
{
	return LIST_FIRST(struct vm_map_entry, &map->index.entries, link);
}

struct vm_map_entry *
vm_map_next(const struct vm_map *map, const struct vm_map_entry *e)
{
	return LIST_NEXT(struct vm_map_entry, e, &map->index.entries, link);
}

/* Set the gap behind e, or with NULL that before the first entry. */
static void
set_gap(struct vm_map *map, struct vm_map_entry *e)
{
	struct vm_index *ix = &map->index;
	struct vm_map_entry *next = e == NULL ? vm_map_first(map) :
						vm_map_next(map, e);
	vaddr_t end = next == NULL ? ix->max : next->start;

	if (e == NULL) {
		ix->first_gap = end - ix->min;
		return;
	}
	e->gap = end - e->end;
	ix->ops->resized(ix, e);
}

/* ---- lookup ---- */

struct vm_map_entry *
vm_map_lookup(struct vm_map *map, vaddr_t va)
{
	struct vm_map_entry *e = map->index.ops->floor(&map->index, va);

	VM_ASSERT(vm_rwlock_is_locked(&map->lock));
	return e != NULL && va < e->end ? e : NULL;
}

struct vm_map_entry *
vm_map_ceiling(struct vm_map *map, vaddr_t va)
{
	struct vm_map_entry *e = map->index.ops->floor(&map->index, va);

	if (e == NULL)
		return vm_map_first(map);
	return va < e->end ? e : vm_map_next(map, e);
}

bool
vm_map_part(struct vm_map *map, vaddr_t va, vaddr_t end, struct vm_map_part *p)
{
	struct vm_map_entry *e = va < end ? vm_map_ceiling(map, va) : NULL;

	if (e == NULL || e->start >= end)
		return false;
	p->map = map;
	p->entry = e;
	p->start = e->start > va ? e->start : va;
	p->end = e->end < end ? e->end : end;
	return true;
}

bool
vm_map_is_full(struct vm_map *map, vaddr_t start, vaddr_t end)
{
	struct vm_map_entry *e = vm_map_lookup(map, start);

	while (e != NULL && e->end < end && e->gap == 0)
		e = vm_map_next(map, e);
	return e != NULL && e->end >= end;
}

/* ---- linking ---- */

void
vm_entry_link(struct vm_map *map, struct vm_map_entry *e)
{
	struct vm_index *ix = &map->index;
	struct vm_map_entry *prev = ix->ops->floor(ix, e->start);
	struct vm_map_entry *next;

	VM_ASSERT(prev == NULL || prev->end <= e->start);
	list_insert_after(prev == NULL ? &ix->entries : &prev->link, &e->link);
	next = vm_map_next(map, e);
	VM_ASSERT(e->start < e->end);
	VM_ASSERT(next == NULL || e->end <= next->start);
	e->gap = (next == NULL ? ix->max : next->start) - e->end;
	ix->ops->insert(ix, e);
	atomic_fetch_add(&map->serial, 1);
	set_gap(map, prev);
	vm_map_count_in(map, e);
	if (++map->nentries > map->nentries_peak)
		map->nentries_peak = map->nentries;
}

void
vm_entry_unlink(struct vm_map *map, struct vm_map_entry *e)
{
	struct vm_map_entry *prev = vm_index_prev(&map->index, e);

	map->index.ops->remove(&map->index, e);
	list_remove(&e->link);
	atomic_fetch_add(&map->serial, 1);
	set_gap(map, prev);
	vm_map_count_out(map, e);
	map->nentries--;
}

/* ---- cutting and joining ---- */

/* Cut e at va, which lies strictly inside. */
static int
clip_at(struct vm_map *map, struct vm_map_entry *e, vaddr_t va)
{
	struct vm_map_entry *hi = vm_entry_alloc(map->sys);
	vm_pindex_t n = vm_entry_page(e, va);

	if (hi == NULL)
		return VM_ENOMEM;
	memcpy(hi, e, sizeof(*hi));
	hi->start = va;
	vm_map_count_out(map, e);
	e->end = va;
	vm_map_count_in(map, e);
	map->design->cow->split(map->sys, e, hi, n);
	vm_entry_link(map, hi);
	VM_COUNT(map->sys, entries_clipped);
	return 0;
}

static int
clip_boundary(struct vm_map *map, vaddr_t va)
{
	struct vm_map_entry *e = vm_map_lookup(map, va);

	return e == NULL || e->start == va ? 0 : clip_at(map, e, va);
}

int
vm_map_clip(struct vm_map *map, vaddr_t start, vaddr_t end)
{
	int error = clip_boundary(map, start);

	if (error == 0)
		error = clip_boundary(map, end);
	if (error != 0)
		vm_map_simplify(map, start, end);
	return error;
}

static bool
attributes_agree(const struct vm_map_entry *a, const struct vm_map_entry *b)
{
	return a->prot == b->prot && a->max_prot == b->max_prot &&
	    a->inherit == b->inherit && a->advice == b->advice &&
	    ((a->flags ^ b->flags) &
		(VM_ENTRY_LOCKED | VM_ENTRY_WIRING | VM_ENTRY_STACK)) == 0 &&
	    a->marks == b->marks && (a->marks & VM_MARK_GAP) == 0 &&
	    ((a->flags | b->flags) & VM_ENTRY_FOREIGN) == 0;
}

/* Where wiring cuts entries they stay cut at the ends of what is held. */
static bool
is_cut(const struct vm_map *map, vaddr_t va)
{
	if (!map->design->hold_cuts)
		return false;
	LIST_FOREACH(struct vm_held, h, &map->held, link) {
		if (h->start == va || h->end == va)
			return true;
	}
	return false;
}

/* Join hi into lo where nobody could tell the difference. */
static bool
try_join(struct vm_map *map, struct vm_map_entry *lo, struct vm_map_entry *hi)
{
	if (lo->end != hi->start || !attributes_agree(lo, hi) ||
	    is_cut(map, hi->start) || !map->design->cow->join(map->sys, lo, hi))
		return false;
	vm_map_count_out(map, lo);
	lo->end = hi->end; /* first, so that the index sees no gap open */
	vm_map_count_in(map, lo);
	vm_entry_unlink(map, hi);
	vm_entry_free(map->sys, hi);
	VM_COUNT(map->sys, entries_merged);
	return true;
}

void
vm_map_simplify(struct vm_map *map, vaddr_t start, vaddr_t end)
{
	struct vm_map_entry *e, *next;

	if (map->design->merge == VM_MERGE_NEW)
		return;
	e = vm_map_ceiling(map, start == 0 ? 0 : start - 1);
	while (e != NULL && e->start <= end) {
		next = vm_map_next(map, e);
		if (next == NULL || next->start > end)
			return;
		if (!try_join(map, e, next))
			e = next;
	}
}

/* Where entries are not joined whenever they are alike: a new one. */
static void
join_new(struct vm_map *map, struct vm_map_entry *e)
{
	struct vm_map_entry *prev = vm_index_prev(&map->index, e);

	if (prev != NULL && e->object == NULL)
		(void)try_join(map, prev, e);
}

/* ---- settling ---- */

static bool
is_unsettled(const struct vm_map_entry *e)
{
	return e != NULL && (e->flags & VM_ENTRY_NEEDS_COPY) != 0;
}

/* Let a settled neighbour grow over e; true when one did. */
static bool
join_settled(struct vm_map *map, struct vm_map_entry *e)
{
	struct vm_map_entry *prev = vm_index_prev(&map->index, e);
	struct vm_map_entry *next = vm_map_next(map, e);

	if (vm_entry_has_upper(e) || map->design->merge == VM_MERGE_NEW)
		return false;
	if (prev != NULL && !is_unsettled(prev) && try_join(map, prev, e))
		return true;
	return next != NULL && !is_unsettled(next) && try_join(map, e, next);
}

/* Cut out of e the part around va that is better settled alone. */
static int
clip_chunk(struct vm_map *map, struct vm_map_entry *e, vaddr_t va,
    vm_pindex_t want)
{
	vm_pindex_t first, last;
	vaddr_t base = e->start;

	map->design->cow->chunk(e, vm_entry_page(e, va), want, &first, &last);
	return vm_map_clip(map, base + vm_ptoa(first), base + vm_ptoa(last));
}

static int
settle(struct vm_map *map, struct vm_map_entry *e)
{
	const struct vm_design *d = map->design;

	return d->cow->settle(map->sys, e, d->pageindex);
}

int
vm_map_settle_first(struct vm_map *map, struct vm_map_entry *e)
{
	int error;

	if (!is_unsettled(e))
		return 0;
	error = clip_chunk(map, e, e->start, vm_entry_npages(e));
	return error != 0 ? error : settle(map, e);
}

int
vm_map_settle(struct vm_map *map, vaddr_t va, vm_pindex_t want)
{
	struct vm_map_entry *e = vm_map_lookup(map, va);
	int error;

	if (!is_unsettled(e))
		return 0;
	error = clip_chunk(map, e, va, want);
	if (error != 0)
		return error;
	e = vm_map_lookup(map, va);
	if (!is_unsettled(e) || join_settled(map, e))
		return 0;
	return settle(map, e);
}

/* ---- findspace ---- */

static bool
is_free(struct vm_map *map, vaddr_t start, vsize_t len)
{
	struct vm_map_entry *e = vm_map_ceiling(map, start);

	return e == NULL || e->start >= start + len;
}

static bool
is_inside(const struct vm_map *map, vaddr_t start, vsize_t len)
{
	return start >= map->index.min && start < map->index.max &&
	    len <= map->index.max - start;
}

static bool
hint_serves(struct vm_map *map, const struct vm_map_insert_args *a)
{
	vaddr_t hint = vm_trunc_page(a->start);

	return hint != 0 && (a->align == 0 || hint % a->align == 0) &&
	    is_inside(map, hint, a->len) && is_free(map, hint, a->len);
}

int
vm_map_findspace(struct vm_map *map, const struct vm_map_insert_args *a,
    vaddr_t *start)
{
	struct vm_gap_want w = {
		.min = map->place_min,
		.max = map->place_max,
		.len = a->len,
		.align = a->align < VM_PAGE_SIZE ? VM_PAGE_SIZE : a->align,
		.topdown = !a->bottomup,
		.fit = map->design->fit,
	};

	if ((a->align & (a->align - 1)) != 0)
		return VM_EINVAL;
	if (hint_serves(map, a)) {
		*start = vm_trunc_page(a->start);
		return 0;
	}
	if (map->index.ops->find_gap(&map->index, &w, start))
		return 0;
	w.min = map->index.min;
	w.max = map->index.max;
	return map->index.ops->find_gap(&map->index, &w, start) ? 0 : VM_ENOMEM;
}

/* ---- removing ---- */

void
vm_map_dead_init(struct vm_map_dead *dead)
{
	list_init(&dead->entries);
}

void
vm_map_bury(struct vm_map *map, struct vm_map_dead *dead)
{
	LIST_FOREACH_SAFE(struct vm_map_entry, e, next, &dead->entries, link) {
		list_remove(&e->link);
		map->design->cow->drop(map->sys, e);
		vm_entry_free(map->sys, e);
	}
}

int
vm_map_count(struct vm_map *map, vaddr_t start, vaddr_t end, vsize_t *bytes)
{
	struct vm_map_part p;

	*bytes = 0;
	for (; vm_map_part(map, start, end, &p); start = p.end) {
		if (vm_entry_is_fixed(p.entry))
			return VM_EPERM;
		if (!vm_entry_is_guard(p.entry))
			*bytes += p.end - p.start;
	}
	return 0;
}

/* Take whole entries out of the map and the pmap.  Cannot fail. */
static void
remove_clipped(struct vm_map *map, vaddr_t start, vaddr_t end,
    struct vm_map_dead *dead)
{
	struct vm_map_entry *e = vm_map_ceiling(map, start), *next;
	struct vm_map_part all;
	bool any = false;

	for (; e != NULL && e->start < end; e = next, any = true) {
		next = vm_map_next(map, e);
		all = vm_map_whole(map, e);
		if (vm_map_may_be_wired(map, e))
			vm_map_unwire_pages(&all);
		vm_entry_unlink(map, e);
		list_insert_tail(&dead->entries, &e->link);
	}
	if (any) {
		pmap_remove(map->pmap, start, end);
		pmap_update(map->pmap);
	}
}

int
vm_map_remove(struct vm_map *map, vaddr_t start, vaddr_t end,
    struct vm_map_dead *dead)
{
	vsize_t bytes;
	int error;

	VM_ASSERT(vm_rwlock_is_write_locked(&map->lock));
	error = vm_map_count(map, start, end, &bytes);
	if (error == 0)
		error = vm_map_clip(map, start, end);
	if (error == 0)
		remove_clipped(map, start, end, dead);
	return error;
}

/* ---- inserting ---- */

struct vm_map_entry *
vm_entry_make(struct vm_system *sys, const struct vm_map_insert_args *a)
{
	struct vm_map_entry *e = vm_entry_alloc(sys);

	if (e == NULL)
		return NULL;
	e->start = a->start;
	e->end = a->start + a->len;
	e->object = a->object;
	e->offset = a->offset;
	e->prot = a->prot;
	e->max_prot = a->max_prot;
	e->inherit = (uint8_t)a->inherit;
	e->advice = (uint8_t)a->advice;
	e->flags = a->flags;
	e->marks = a->marks;
	if (!a->uncharged)
		e->marks |= vm_charge_mark(sys, a->flags, a->prot);
	if (a->flags & VM_ENTRY_COW)
		e->flags |= VM_ENTRY_NEEDS_COPY;
	return e;
}

/* Decide where, and how many bytes that are charged now will go from there. */
static int
choose_place(struct vm_map *map, const struct vm_map_insert_args *a,
    vaddr_t *start, vsize_t *replaced)
{
	*replaced = 0;
	if (!a->fixed)
		return vm_map_findspace(map, a, start);
	*start = a->start;
	if (!is_inside(map, a->start, a->len))
		return VM_EINVAL;
	if (is_free(map, a->start, a->len))
		return 0;
	if (!a->replace)
		return VM_EEXIST;
	return vm_map_count(map, a->start, a->start + a->len, replaced);
}

bool
vm_map_fits(const struct vm_map *map, vsize_t len, vsize_t replaced)
{
	vsize_t size = map->size - replaced;

	return size <= map->size_limit && len <= map->size_limit - size;
}

/* Take what the entry needs more than what is at its place now. */
static int
charge_instead(struct vm_map *map, const struct vm_map_entry *e, vaddr_t start)
{
	struct vm_charge more = vm_entry_need(e);
	struct vm_charge less = vm_map_need(map, start,
	    start + (e->end - e->start));

	more = vm_charge_beyond(&more, &less);
	return vm_map_charge(map, &more);
}

int
vm_map_insert(struct vm_map *map, const struct vm_map_insert_args *a,
    struct vm_map_dead *dead, vaddr_t *start)
{
	struct vm_map_entry *e;
	vsize_t replaced;
	int error;

	VM_ASSERT(vm_rwlock_is_write_locked(&map->lock));
	VM_ASSERT(a->len != 0 && a->len % VM_PAGE_SIZE == 0);
	error = choose_place(map, a, start, &replaced);
	if (error != 0)
		return error;
	if ((a->marks & VM_MARK_GUARD) == 0 &&
	    !vm_map_fits(map, a->len, replaced))
		return VM_ENOMEM;
	e = vm_entry_make(map->sys, a);
	if (e == NULL)
		return VM_ENOMEM;
	error = charge_instead(map, e, *start);
	if (error == 0 && a->fixed)
		error = vm_map_clip(map, *start, *start + a->len);
	if (error == 0 && e->object != NULL)
		error = vm_object_charge(e->object,
		    e->offset + vm_entry_npages(e));
	if (error != 0) {
		vm_entry_free(map->sys, e);
		return error;
	}
	if (a->fixed)
		remove_clipped(map, *start, *start + a->len, dead);
	e->start = *start;
	e->end = *start + a->len;
	vm_entry_link(map, e);
	if (a->alone)
		return 0;
	if (map->design->merge == VM_MERGE_NEW)
		join_new(map, e);
	else
		vm_map_simplify(map, *start, *start + a->len);
	return 0;
}

/* ---- beginning and end ---- */

void
vm_map_init(struct vm_map *map, struct vm_system *sys,
    const struct vm_design *design, struct pmap *pmap, vaddr_t min, vaddr_t max)
{
	memset(map, 0, sizeof(*map));
	vm_rwlock_init(&map->lock, sys->env);
	vm_mutex_init(&map->wire_lock, sys->env);
	map->sys = sys;
	map->design = design;
	map->pmap = pmap;
	map->index.ops = design->index;
	map->index.min = map->place_min = min;
	map->index.max = map->place_max = max;
	map->index.first_gap = max - min;
	map->size_limit = map->wired_limit = map->stack_limit = UINT64_MAX;
	atomic_init(&map->serial, 1);
	list_init(&map->index.entries);
	list_init(&map->held);
	design->index->init(&map->index);
}

void
vm_map_fini(struct vm_map *map)
{
	VM_ASSERT(map->nentries == 0 && map->size == 0 && map->locked == 0);
	VM_ASSERT(map->taken.wired == 0 && map->taken.anon == 0);
	VM_ASSERT(list_is_empty(&map->held));
	(void)map;
}

int
vm_map_init_system(struct vm_system *sys)
{
	struct vm_entries *es = vm_alloc(sys, sizeof(*es));

	if (es == NULL)
		return VM_ENOMEM;
	vm_mutex_init(&es->lock, sys->env);
	pool_init(&es->pool, &sys->alloc, sizeof(struct vm_map_entry), 16,
	    SLAB_BYTES);
	sys->entries = es;
	return 0;
}

void
vm_map_fini_system(struct vm_system *sys)
{
	pool_fini(&sys->entries->pool);
	vm_free(sys, sys->entries, sizeof(*sys->entries));
	sys->entries = NULL;
}

/* ---- checking ---- */

static void
check_entry(const struct vm_map *map, const struct vm_map_entry *e)
{
	struct vm_map_entry *next = vm_map_next(map, e);

	VM_VERIFY(e->start < e->end);
	VM_VERIFY(e->start >= map->index.min && e->end <= map->index.max);
	VM_VERIFY((e->start & VM_PAGE_MASK) == 0);
	VM_VERIFY((e->end & VM_PAGE_MASK) == 0);
	VM_VERIFY((e->prot & ~e->max_prot) == 0);
	VM_VERIFY(next == NULL || e->end <= next->start);
	VM_VERIFY(
	    e->gap == (next == NULL ? map->index.max : next->start) - e->end);
}

void
vm_map_check(struct vm_map *map)
{
	struct vm_map_entry *e;
	vsize_t size = 0, locked = 0;
	struct vm_charge need = { 0 }, more;
	size_t n = 0;

	for (e = vm_map_first(map); e != NULL; e = vm_map_next(map, e), n++) {
		check_entry(map, e);
		size += vm_entry_size(e);
		locked += vm_entry_is_wired(e) ? e->end - e->start : 0;
		more = vm_entry_need(e);
		vm_charge_add(&need, &more);
		map->design->cow->lock(e);
		map->design->cow->check(e);
		map->design->cow->unlock(e);
	}
	LIST_FOREACH(struct vm_held, h, &map->held, link)
		need.wired += vm_atop(h->end - h->start);
	e = vm_map_first(map);
	VM_VERIFY(map->index.first_gap ==
	    (e == NULL ? map->index.max : e->start) - map->index.min);
	VM_VERIFY(n == map->nentries);
	VM_VERIFY(size == map->size && locked == map->locked); /* M3 */
	VM_VERIFY(need.wired == map->need.wired && need.anon == map->need.anon);
	map->index.ops->check(&map->index);
}
