/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_map_fork.c - what another entry gets of the memory of one: a child's, or
 * a second one in the same map.
 *
 * A parent whose entry already needs a copy is write-protected already, so a
 * fork after a fork does no work in the pmap at all (Cranor 1998 §5.4).
 * Sources: UVM uvm_mapent_forkshared, forkcopy, forkzero.
 */
#include "vm/vm_map.h"

#include "base/mem.h"

/* A clone of the attributes, with nothing behind it. */
static struct vm_map_entry *
clone_entry(struct vm_system *sys, const struct vm_map_entry *src)
{
	struct vm_map_entry *dst = vm_entry_alloc(sys);

	if (dst == NULL)
		return NULL;
	memcpy(dst, src, sizeof(*dst));
	dst->object = NULL;
	dst->layers.top = NULL; /* and the amap */
	dst->flags &= (uint8_t) ~(
	    VM_ENTRY_LOCKED | VM_ENTRY_WIRING | VM_ENTRY_SHARED);
	dst->marks &= (uint8_t) ~(VM_MARK_ONFAULT | VM_MARK_WAS_LOCKED);
	return dst;
}

static int
copy_backing(struct vm_map *map, struct vm_map_entry *src,
    struct vm_map_entry *dst)
{
	const struct vm_cow_ops *cow = map->design->cow;

	if (vm_map_may_be_wired(map, src))
		return cow->copy_now(map->sys, src, dst);
	return cow->copy(map->sys, map->frozen ? NULL : map->pmap, src, dst);
}

/* The same range, but zeroes. */
static void
zero_backing(struct vm_map_entry *dst)
{
	dst->offset = 0;
	dst->flags |= VM_ENTRY_COW | VM_ENTRY_NEEDS_COPY;
}

static int
give_backing(struct vm_map *map, struct vm_map_entry *src, enum vm_inherit what,
    struct vm_map_entry *dst)
{
	if ((src->flags & VM_ENTRY_FOREIGN) || vm_entry_is_guard(src))
		return 0;
	switch (what) {
	case VM_INHERIT_SHARE:
		return map->design->cow->share(map->sys, src, dst);
	case VM_INHERIT_COPY:
		return copy_backing(map, src, dst);
	case VM_INHERIT_ZERO:
	case VM_INHERIT_NONE:
		zero_backing(dst);
		break;
	}
	return 0;
}

/* What may be written by the twin alone, or was by the entry. */
static bool
is_charged(const struct vm_system *sys, const struct vm_map_entry *src,
    enum vm_inherit what)
{
	if (what == VM_INHERIT_NONE)
		return false;
	if (src->marks & VM_MARK_CHARGED)
		return true;
	return what != VM_INHERIT_SHARE &&
	    (src->flags & VM_ENTRY_FOREIGN) == 0 &&
	    vm_charge_mark(sys, VM_ENTRY_COW, src->prot) != 0;
}

int
vm_map_twin(struct vm_map *map, struct vm_map_entry *src, enum vm_inherit what,
    struct vm_map_entry **twin)
{
	bool settles = what == VM_INHERIT_SHARE && !vm_entry_is_guard(src);
	int error = settles ? vm_map_settle_first(map, src) : 0;

	if (error != 0)
		return error;
	*twin = clone_entry(map->sys, src);
	if (*twin == NULL)
		return VM_ENOMEM;
	error = give_backing(map, src, what, *twin);
	if (error != 0)
		vm_entry_free(map->sys, *twin);
	else if (is_charged(map->sys, src, what))
		(*twin)->marks |= VM_MARK_CHARGED;
	return error;
}

/*
 * Cut a twin to the part; the rest, if there is any, goes.  So references are
 * exact, and the source keeps its entry in one piece.  => NULL: no memory, and
 * all of it goes
 */
static struct vm_map_entry *
trim(const struct vm_map_part *p, struct vm_map_entry *twin,
    struct vm_map_dead *rest)
{
	struct vm_map_entry *hi;

	if (twin->end > p->end) {
		hi = vm_entry_cut(p->map, twin, p->end);
		if (hi == NULL)
			goto no_memory;
		list_insert_tail(&rest->entries, &hi->link);
	}
	if (twin->start == p->start)
		return twin;
	hi = vm_entry_cut(p->map, twin, p->start);
	list_insert_tail(&rest->entries, &twin->link);
	return hi;
no_memory:
	list_insert_tail(&rest->entries, &twin->link);
	return NULL;
}

int
vm_map_twin_part(const struct vm_map_part *p, enum vm_inherit what,
    struct vm_map_dead *rest, struct vm_map_entry **twin)
{
	int error = vm_map_twin(p->map, p->entry, what, twin);

	if (error != 0)
		return error;
	*twin = trim(p, *twin, rest);
	return *twin == NULL ? VM_ENOMEM : 0;
}

/* ---- fork ---- */

enum vm_inherit
vm_map_inherits(const struct vm_map_entry *e)
{
	return vm_entry_is_reserved(e) ? VM_INHERIT_NONE :
					 (enum vm_inherit)e->inherit;
}

struct vm_charge
vm_map_fork_need(struct vm_map *parent, vm_map_inherit_fn *what)
{
	struct vm_charge sum = { 0 };
	struct vm_map_entry *e;

	for (e = vm_map_first(parent); e != NULL; e = vm_map_next(parent, e)) {
		if (is_charged(parent->sys, e, what(e)))
			sum.anon += vm_entry_npages(e);
	}
	return sum;
}

int
vm_map_fork_entry(struct vm_map *parent, struct vm_map_entry *src,
    enum vm_inherit what, struct vm_map *child)
{
	struct vm_map_entry *dst;
	int error;

	if (what == VM_INHERIT_NONE)
		return 0;
	error = vm_map_twin(parent, src, what, &dst);
	if (error == 0)
		vm_entry_link(child, dst);
	return error;
}

void
vm_map_mark_shared(struct vm_map *map, struct vm_map_entry *e)
{
	if (vm_entry_is_cow(e) && !(e->flags & VM_ENTRY_SHARED)) {
		e->flags |= VM_ENTRY_SHARED;
		pmap_share(map->pmap, e->start, e->end);
	}
}

void
vm_map_fork_done(struct vm_map *parent, struct vm_map *child)
{
	struct vm_map_entry *e;

	(void)child;
	for (e = vm_map_first(parent); e != NULL; e = vm_map_next(parent, e)) {
		if (e->inherit == VM_INHERIT_SHARE)
			vm_map_mark_shared(parent, e);
	}
}

/* ---- a second mapping in the same map ---- */

/* The entries of [start, start + len) have a twin each. */
static void
mark_twins(struct vm_map *map, vaddr_t start, vsize_t len)
{
	struct vm_map_entry *e = vm_map_lookup(map, start);

	for (; e != NULL && e->start < start + len; e = vm_map_next(map, e))
		vm_map_mark_shared(map, e);
}

static int
duplicate_entry(struct vm_map *map, struct vm_map_entry *src, vaddr_t to,
    struct vm_map_dead *copy)
{
	struct vm_map_entry *dst;
	int error = vm_map_twin(map, src, VM_INHERIT_SHARE, &dst);

	if (error != 0)
		return error;
	dst->end = to + (src->end - src->start);
	dst->start = to;
	list_insert_tail(&copy->entries, &dst->link);
	return 0;
}

int
vm_map_duplicate(struct vm_map *map, vaddr_t start, vsize_t len, vaddr_t to,
    struct vm_map_dead *copy)
{
	struct vm_map_entry *e;
	int error = vm_map_clip(map, start, start + len);

	vm_map_dead_init(copy);
	if (error != 0)
		return error;
	for (e = vm_map_lookup(map, start);
	     error == 0 && e != NULL && e->start < start + len;
	     e = vm_map_next(map, e))
		error = duplicate_entry(map, e, e->start - start + to, copy);
	if (error != 0) /* every entry of the copy has a twin in the map */
		vm_map_bury(map, copy);
	else
		mark_twins(map, start, len);
	return error;
}

void
vm_map_link(struct vm_map *map, struct vm_map_dead *copy)
{
	LIST_FOREACH_SAFE(struct vm_map_entry, e, next, &copy->entries, link) {
		list_remove(&e->link);
		vm_entry_link(map, e);
	}
}
