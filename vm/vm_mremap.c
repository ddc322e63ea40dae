/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_mremap.c - mremap: resize, move and duplicate mappings.
 *
 *	grow in place	[ old ]			->  [ old | more ]
 *	move		[ old ]      (room)	->  (room)  [ old | more ]
 *	duplicate	[ old ]      (room)	->  [ old ] [ same memory ]
 *
 * `more` is a new entry that continues the last one; it is inserted first,
 * since that may fail, and merges with it where it can.
 *
 * Sources: NetBSD uvm_mremap.c; Linux mremap(2) for KEEP and old_len 0.
 */
#include "vm/vm_mmap.h"
#include "vm/vm_wire.h"

/* One call, with the lengths rounded up. */
struct remap {
	struct vm_map *map;
	vaddr_t old;
	vsize_t old_len, new_len;
	vaddr_t fixed; /* with VM_MREMAP_FIXED */
	unsigned flags;
	struct vm_map_dead dead;
	vaddr_t to; /* where it is in the end */
};

static bool
overlap(vaddr_t a, vsize_t alen, vaddr_t b, vsize_t blen)
{
	return a < b + blen && b < a + alen;
}

static int
check_args(const struct vmspace *vs, const struct vm_mremap_args *a)
{
	bool fixed = (a->flags & VM_MREMAP_FIXED) != 0;
	vaddr_t max = vs->map.index.max;

	if (a->new_len == 0 || (a->old_addr & VM_PAGE_MASK) != 0 ||
	    !vm_range_fits(a->old_addr, a->old_len) ||
	    !vm_range_fits(0, a->new_len))
		return VM_EINVAL;
	if (!fixed)
		return 0;
	if ((a->new_addr & VM_PAGE_MASK) != 0 ||
	    !vm_range_fits(a->new_addr, a->new_len) ||
	    a->new_addr < vs->map.index.min ||
	    a->new_addr + vm_round_page(a->new_len) > max)
		return VM_EINVAL;
	if (overlap(a->old_addr, vm_round_page(a->old_len), a->new_addr,
		vm_round_page(a->new_len)))
		return VM_EINVAL;
	return 0;
}

/* The old range must be there, and ours. */
static int
check_old(struct remap *m)
{
	vaddr_t end = m->old + m->old_len;
	struct vm_map_entry *e = vm_map_lookup(m->map, m->old);

	if (e == NULL || !vm_map_is_full(m->map, m->old, end))
		return VM_EFAULT;
	for (; e != NULL && e->start < end; e = vm_map_next(m->map, e)) {
		if (e->flags & VM_ENTRY_FOREIGN)
			return VM_EFAULT;
	}
	return 0;
}

static vsize_t
growth(const struct remap *m)
{
	return m->new_len > m->old_len ? m->new_len - m->old_len : 0;
}

/* Insert what continues the last page of the old range at `at`. */
static int
insert_more(struct remap *m, vaddr_t at)
{
	struct vm_map_entry *e = vm_map_lookup(m->map,
	    m->old + m->old_len - VM_PAGE_SIZE);
	struct vm_map_insert_args a = {
		.start = at,
		.len = growth(m),
		.object = e->object,
		.offset = e->offset + vm_atop(m->old + m->old_len - e->start),
		.prot = e->prot,
		.max_prot = e->max_prot,
		.inherit = (enum vm_inherit)e->inherit,
		.advice = (enum vm_advice)e->advice,
		.flags = e->flags &
		    (uint8_t) ~(VM_ENTRY_NEEDS_COPY | VM_ENTRY_WIRING),
		.fixed = true,
		.wired = vm_entry_is_wired(e) &&
		    !(m->flags & VM_MREMAP_DUPLICATE),
	};
	vaddr_t start;
	int error;

	if (a.len == 0)
		return 0;
	if (a.object != NULL)
		vm_object_ref(a.object);
	error = vm_map_insert(m->map, &a, &m->dead, &start);
	if (error != 0 && a.object != NULL)
		vm_object_unref(a.object); /* the entry has another */
	return error;
}

/* ---- in place ---- */

static int
shrink(struct remap *m)
{
	m->to = m->old;
	if (m->new_len == m->old_len)
		return 0;
	return vm_map_remove(m->map, m->old + m->new_len, m->old + m->old_len,
	    &m->dead);
}

static int
grow_in_place(struct remap *m)
{
	vaddr_t end = m->old + m->old_len;

	if (!vm_range_fits(end, growth(m)))
		return VM_ENOMEM;
	m->to = m->old;
	return insert_more(m, end);
}

/* ---- elsewhere ---- */

/* Find or make room for new_len bytes. */
static int
make_room(struct remap *m)
{
	struct vm_map_insert_args a = { .len = m->new_len };

	if (!(m->flags & VM_MREMAP_FIXED))
		return vm_map_findspace(m->map, &a, &m->to);
	m->to = m->fixed;
	return vm_map_remove(m->map, m->to, m->to + m->new_len, &m->dead);
}

/* An entry of fresh zeroes for the old range, when it is to stay mapped. */
static int
prepare_fresh(struct remap *m, struct vm_map_entry **fresh)
{
	struct vm_map_entry *e = vm_map_lookup(m->map, m->old);

	*fresh = NULL;
	if (!(m->flags & VM_MREMAP_KEEP))
		return 0;
	if (m->new_len != m->old_len || e->end < m->old + m->old_len ||
	    !(e->flags & VM_ENTRY_COW) || e->object != NULL)
		return VM_EINVAL;
	*fresh = vm_entry_alloc(m->map->sys);
	if (*fresh == NULL)
		return VM_ENOMEM;
	(*fresh)->start = m->old;
	(*fresh)->end = m->old + m->old_len;
	(*fresh)->prot = e->prot;
	(*fresh)->max_prot = e->max_prot;
	(*fresh)->inherit = e->inherit;
	(*fresh)->advice = e->advice;
	(*fresh)->flags = VM_ENTRY_COW | VM_ENTRY_NEEDS_COPY;
	return 0;
}

static void
undo_more(struct remap *m)
{
	if (growth(m) != 0)
		(void)vm_map_remove(m->map, m->to + m->old_len,
		    m->to + m->new_len, &m->dead);
}

static int
move(struct remap *m)
{
	struct vm_map_entry *fresh;
	vsize_t len = m->old_len < m->new_len ? m->old_len : m->new_len;
	int error = vm_map_clip(m->map, m->old, m->old + m->old_len);

	if (error != 0)
		return error;
	error = prepare_fresh(m, &fresh);

	if (error == 0)
		error = make_room(m);
	if (error == 0)
		error = insert_more(m, m->to + m->old_len);
	if (error == 0) {
		error = vm_map_move(m->map, m->old, len, m->to);
		if (error != 0)
			undo_more(m);
	}
	if (error != 0) {
		if (fresh != NULL)
			vm_entry_free(m->map->sys, fresh);
		return error;
	}
	if (fresh != NULL)
		vm_entry_link(m->map, fresh);
	if (len < m->old_len) /* cannot fail: the ends have been cut */
		error = vm_map_remove(m->map, m->old + len, m->old + m->old_len,
		    &m->dead);
	return error;
}

static int
duplicate(struct remap *m)
{
	vsize_t len = m->old_len < m->new_len ? m->old_len : m->new_len;
	int error = make_room(m);

	if (error == 0)
		error = insert_more(m, m->to + m->old_len);
	if (error == 0) {
		error = vm_map_duplicate(m->map, m->old, len, m->to);
		if (error != 0)
			undo_more(m);
	}
	return error;
}

/* Linux: an old length of 0 asks for another mapping of shared memory. */
static int
become_duplicate(struct remap *m)
{
	struct vm_map_entry *e = vm_map_lookup(m->map, m->old);

	if (e == NULL)
		return VM_EFAULT;
	if ((e->flags & (VM_ENTRY_COW | VM_ENTRY_FOREIGN)) != 0 ||
	    !(m->flags & VM_MREMAP_MAYMOVE))
		return VM_EINVAL;
	m->flags |= VM_MREMAP_DUPLICATE;
	m->old_len = e->end - m->old;
	if (m->old_len > m->new_len)
		m->old_len = m->new_len;
	return (m->flags & VM_MREMAP_FIXED) &&
		overlap(m->old, m->old_len, m->fixed, m->new_len) ?
	    VM_EINVAL :
	    0;
}

static int
remap_locked(struct remap *m)
{
	int error = 0;

	if (m->old_len == 0)
		error = become_duplicate(m);
	if (error == 0)
		error = check_old(m);
	if (error != 0)
		return error;
	if (m->flags & VM_MREMAP_DUPLICATE)
		return duplicate(m);
	if (!(m->flags & (VM_MREMAP_FIXED | VM_MREMAP_KEEP))) {
		if (m->new_len <= m->old_len)
			return shrink(m);
		if (grow_in_place(m) == 0)
			return 0;
	}
	return (m->flags & VM_MREMAP_MAYMOVE) ? move(m) : VM_ENOMEM;
}

/* Whether the call makes a wired mapping longer: what continues the last page
 * is wired as that is. */
static bool
growth_of_wired(struct remap *m)
{
	struct vm_map_entry *e;
	bool wired;

	if (m->old_len == 0 || growth(m) == 0 ||
	    (m->flags & VM_MREMAP_DUPLICATE))
		return false;
	vm_map_lock_read(m->map);
	e = vm_map_lookup(m->map, m->old + m->old_len - VM_PAGE_SIZE);
	wired = e != NULL && vm_entry_is_wired(e);
	vm_map_unlock_read(m->map);
	return wired;
}

int
vm_mremap(struct vmspace *vs, const struct vm_mremap_args *a, vaddr_t *addr)
{
	struct remap m = { .map = &vs->map, .old = a->old_addr };
	int error = check_args(vs, a);

	if (error != 0)
		return error;
	m.old_len = vm_round_page(a->old_len);
	m.new_len = vm_round_page(a->new_len);
	m.fixed = a->new_addr;
	m.flags = a->flags;
	if (growth_of_wired(&m) && !vmspace_may_wire(vs, growth(&m)))
		return VM_ENOMEM;
	vm_map_dead_init(&m.dead);
	vm_map_lock(m.map);
	error = remap_locked(&m);
	vm_map_unlock(m.map);
	vm_map_bury(m.map, &m.dead);
	if (error != 0)
		return error;
	*addr = m.to;
	(void)vm_map_rewire(m.map, m.to, m.to + m.new_len);
	return 0;
}
