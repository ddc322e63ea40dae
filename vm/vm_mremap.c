/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_mremap.c - mremap: resize, move and duplicate mappings.
 *
 *	grow in place	[ old ]			->  [ old | more ]
 *	move		[ old ]      (room)	->  (room)  [ old | more ]
 *	duplicate	[ old ]      (room)	->  [ old ] [ same memory ]
 *
 * `more` is a new entry that continues the last one.  Everything that may fail
 * is done first: room is found, the ends of both ranges are cut, entries are
 * made.  Then the map is changed, and what is alike joined once at the end.
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
	bool moves = fixed || (a->flags & VM_MREMAP_KEEP);
	vaddr_t max = vs->map.index.max;

	if (a->new_len == 0 || (a->old_addr & VM_PAGE_MASK) != 0 ||
	    !vm_range_fits(a->old_addr, a->old_len) ||
	    !vm_range_fits(0, a->new_len))
		return VM_EINVAL;
	if (moves && !(a->flags & (VM_MREMAP_MAYMOVE | VM_MREMAP_DUPLICATE)))
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
		if ((e->flags & VM_ENTRY_FOREIGN) || vm_entry_is_guard(e))
			return VM_EFAULT;
		if (e->marks & VM_MARK_IMMUTABLE)
			return VM_EPERM;
	}
	return 0;
}

static vsize_t
growth(const struct remap *m)
{
	return m->new_len > m->old_len ? m->new_len - m->old_len : 0;
}

/* What continues a mapping of an object must be inside the range of offsets. */
static int
check_growth(struct remap *m)
{
	const struct vm_map_entry *e = vm_map_lookup(m->map,
	    m->old + m->old_len - VM_PAGE_SIZE);
	vaddr_t end = m->old + m->old_len + growth(m);

	return e->object == NULL ||
		vm_range_fits(vm_ptoa(e->offset), end - e->start) ?
	    0 :
	    VM_EINVAL;
}

/* Whether what continues the old range is wired, as its last page is. */
static bool
growth_is_wired(struct remap *m)
{
	struct vm_map_entry *e;

	if (growth(m) == 0 || (m->flags & VM_MREMAP_DUPLICATE))
		return false;
	e = vm_map_lookup(m->map, m->old + m->old_len - VM_PAGE_SIZE);
	return vm_entry_is_wired(e);
}

/* What continues the last page of the old range, to be mapped at `at`; the
 * object's reference is still to be taken. */
static struct vm_map_insert_args
more_args(struct remap *m, vaddr_t at)
{
	struct vm_map_entry *e = vm_map_lookup(m->map,
	    m->old + m->old_len - VM_PAGE_SIZE);
	uint8_t flags = e->flags & (VM_ENTRY_COW | VM_ENTRY_STACK);

	return (struct vm_map_insert_args){
		.start = at,
		.len = growth(m),
		.object = e->object,
		.offset = e->offset + vm_atop(m->old + m->old_len - e->start),
		.prot = e->prot,
		.max_prot = e->max_prot,
		.inherit = (enum vm_inherit)e->inherit,
		.advice = (enum vm_advice)e->advice,
		.flags = growth_is_wired(m) ? flags | VM_ENTRY_LOCKED : flags,
		.marks = growth_is_wired(m) ? e->marks & VM_MARK_ONFAULT : 0,
		.fixed = true,
	};
}

/* What the call maps beyond what is mapped now. */
static struct vm_charge
needed(struct remap *m)
{
	struct vm_map_entry *e = vm_map_lookup(m->map,
	    m->old + m->old_len - VM_PAGE_SIZE);
	struct vm_charge sum = { 0 }, old;

	old = vm_map_need(m->map, m->old, m->old + m->old_len);
	if (growth_is_wired(m) && e->prot != VM_PROT_NONE)
		sum.wired = vm_atop(growth(m));
	if (vm_charge_mark(m->map->sys, e->flags, e->prot) != 0)
		sum.anon = vm_atop(growth(m));
	if (m->flags & (VM_MREMAP_DUPLICATE | VM_MREMAP_KEEP))
		sum.anon += old.anon;
	return sum;
}

static int
charge(struct remap *m)
{
	struct vm_charge sum = needed(m), less = { 0 };
	int error = 0;

	if (growth_is_wired(m))
		error = vm_map_may_wire(m->map, growth(m), 0);
	if (m->flags & VM_MREMAP_FIXED) {
		less = vm_map_need(m->map, m->fixed, m->fixed + m->new_len);
		less.wired = 0;
	}
	sum = vm_charge_beyond(&sum, &less);
	return error != 0 ? error : vm_map_charge(m->map, &sum);
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
	vaddr_t end = m->old + m->old_len, start;
	struct vm_map_insert_args a;
	int error;

	if (!vm_range_fits(end, growth(m)))
		return VM_ENOMEM;
	m->to = m->old;
	a = more_args(m, end);
	if (a.object != NULL)
		vm_object_ref(a.object);
	error = vm_map_insert(m->map, &a, &m->dead, &start);
	if (error != 0 && a.object != NULL)
		vm_object_unref(a.object); /* the entry has another */
	return error;
}

/* ---- elsewhere ---- */

/*
 * Find room for new_len bytes, of which `added` come on top of what is mapped
 * now.  With FIXED what is there has been cut at both ends afterwards, so that
 * take_room cannot fail.
 */
static int
find_room(struct remap *m, vsize_t added)
{
	struct vm_map_insert_args a = { .len = m->new_len };
	vsize_t replaced = 0;
	int error;

	if (m->flags & VM_MREMAP_FIXED) {
		m->to = m->fixed;
		error = vm_map_count(m->map, m->to, m->to + m->new_len,
		    &replaced);
	} else {
		error = vm_map_findspace(m->map, &a, &m->to);
	}
	if (error == 0 && !vm_map_fits(m->map, added, replaced))
		error = VM_ENOMEM;
	if (error == 0 && (m->flags & VM_MREMAP_FIXED))
		error = vm_map_clip(m->map, m->to, m->to + m->new_len);
	return error;
}

static void
must(int error)
{
	VM_ASSERT(error == 0); /* what could fail has been done before */
	(void)error;
}

static void
take_room(struct remap *m)
{
	if (m->flags & VM_MREMAP_FIXED)
		must(
		    vm_map_remove(m->map, m->to, m->to + m->new_len, &m->dead));
}

static bool
is_like(const struct vm_map_entry *a, const struct vm_map_entry *b)
{
	return a->prot == b->prot && a->max_prot == b->max_prot &&
	    a->inherit == b->inherit && a->advice == b->advice &&
	    vm_entry_is_wired(a) == vm_entry_is_wired(b);
}

/* Only one mapping of zeroes can be left behind; it may be in pieces. */
static int
check_keep(struct remap *m)
{
	vaddr_t end = m->old + m->old_len;
	struct vm_map_entry *first = vm_map_lookup(m->map, m->old), *e = first;

	if (!(m->flags & VM_MREMAP_KEEP))
		return 0;
	if (m->new_len != m->old_len)
		return VM_EINVAL;
	for (; e != NULL && e->start < end; e = vm_map_next(m->map, e)) {
		if (!(e->flags & VM_ENTRY_COW) || e->object != NULL ||
		    !is_like(first, e))
			return VM_EINVAL;
	}
	return 0;
}

/* Entries for what comes new: what stays at the old place, and what is more
 * at the new one.  NULL: nothing. */
struct made {
	struct vm_map_entry *fresh, *more;
};

static void
unmake(struct remap *m, struct made *made)
{
	if (made->fresh != NULL)
		vm_entry_free(m->map->sys, made->fresh);
	if (made->more != NULL)
		vm_entry_free(m->map->sys, made->more);
}

static struct vm_map_insert_args
fresh_args(struct remap *m)
{
	const struct vm_map_entry *e = vm_map_lookup(m->map, m->old);

	return (struct vm_map_insert_args){
		.start = m->old,
		.len = m->old_len,
		.prot = e->prot,
		.max_prot = e->max_prot,
		.inherit = (enum vm_inherit)e->inherit,
		.advice = (enum vm_advice)e->advice,
		.flags = VM_ENTRY_COW,
	};
}

static int
make(struct remap *m, struct made *made)
{
	struct vm_map_insert_args a;
	bool ok = true;

	made->fresh = made->more = NULL;
	if (m->flags & VM_MREMAP_KEEP) {
		a = fresh_args(m);
		made->fresh = vm_entry_make(m->map->sys, &a);
		ok = made->fresh != NULL;
	}
	if (ok && growth(m) != 0) {
		a = more_args(m, m->to + m->old_len);
		made->more = vm_entry_make(m->map->sys, &a);
		ok = made->more != NULL;
	}
	if (ok && made->more != NULL && a.object != NULL)
		ok = vm_object_charge(a.object, a.offset + vm_atop(a.len)) == 0;
	if (ok)
		return 0;
	unmake(m, made);
	return VM_ENOMEM;
}

static void
put_in(struct remap *m, struct made *made)
{
	if (made->fresh != NULL)
		vm_entry_link(m->map, made->fresh);
	if (made->more == NULL)
		return;
	if (made->more->object != NULL)
		vm_object_ref(made->more->object);
	vm_entry_link(m->map, made->more);
}

/* Cut where the old range begins, where its part that moves ends, and where
 * it ends. */
static int
cut_old(struct remap *m, vsize_t len)
{
	int error = vm_map_clip(m->map, m->old, m->old + m->old_len);

	return error != 0 ? error :
			    vm_map_clip(m->map, m->old + len, m->old + len);
}

static void
simplify(struct remap *m)
{
	vm_map_simplify(m->map, m->to, m->to + m->new_len);
	vm_map_simplify(m->map, m->old, m->old + m->old_len);
}

static int
move(struct remap *m)
{
	struct made made;
	bool keep = (m->flags & VM_MREMAP_KEEP) != 0;
	vsize_t len = m->old_len < m->new_len ? m->old_len : m->new_len;
	int error = check_keep(m);

	if (error == 0)
		error = find_room(m, keep ? m->old_len : growth(m));
	if (error == 0)
		error = cut_old(m, len);
	if (error == 0)
		error = make(m, &made);
	if (error == 0) {
		take_room(m);
		must(vm_map_remove(m->map, m->old + len, m->old + m->old_len,
		    &m->dead));
		must(vm_map_move(m->map, m->old, len, m->to));
		put_in(m, &made);
	}
	simplify(m);
	return error;
}

static int
duplicate(struct remap *m)
{
	struct made made;
	struct vm_map_dead copy;
	vsize_t len = m->old_len < m->new_len ? m->old_len : m->new_len;
	int error = find_room(m, m->new_len);

	m->flags &= ~(unsigned)VM_MREMAP_KEEP; /* it stays mapped anyway */
	if (error == 0)
		error = make(m, &made);
	if (error == 0) {
		error = vm_map_duplicate(m->map, m->old, len, m->to, &copy);
		if (error != 0)
			unmake(m, &made);
	}
	if (error == 0) {
		take_room(m);
		vm_map_link(m->map, &copy);
		put_in(m, &made);
	}
	simplify(m);
	return error;
}

/* Where the mapping ends that e is a part of, which may be in pieces. */
static vaddr_t
mapping_end(struct vm_map *map, const struct vm_map_entry *e)
{
	const struct vm_map_entry *next = vm_map_next(map, e);

	while (next != NULL && next->start == e->end && is_like(e, next) &&
	    e->advice == next->advice && e->object == next->object &&
	    e->flags == next->flags && e->marks == next->marks &&
	    e->offset + vm_entry_npages(e) == next->offset) {
		e = next;
		next = vm_map_next(map, e);
	}
	return e->end;
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
	m->old_len = mapping_end(m->map, e) - m->old;
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
	if (error == 0)
		error = check_growth(m);
	if (error == 0)
		error = charge(m);
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
