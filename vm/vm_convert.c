/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_convert.c - see vm_convert.h.
 *
 * Of an entry with private pages only these are copied.  If it has no object
 * below, they go into a new anonymous entry; else it is taken apart, as it is
 * not known how its pages came to be there, and a file may have become
 * shorter since:
 *
 *	old	[ f f P f P P f ]	P private, f of the file
 *	new	[file)[ )[f)[   )[f]
 *		      zeroes: P and P P
 */
#include "vm/vm_convert.h"

#define CHUNK 64 /* pages that are looked at in one go: bits of a word */

struct convert {
	struct vmspace *old, *new;
	void *page; /* on its way */
};

/* ---- entries ---- */

/* Every entry of a range gets other rights; what is mapped goes. */
static void
set_rights(struct vm_map *map, const struct vm_map_entry *range, vm_prot_t prot,
    vm_prot_t max_prot)
{
	struct vm_map_entry *e;

	vm_map_lock(map);
	for (e = vm_map_ceiling(map, range->start);
	     e != NULL && e->start < range->end; e = vm_map_next(map, e)) {
		e->prot = prot;
		e->max_prot = max_prot;
	}
	pmap_remove(map->pmap, range->start, range->end);
	pmap_update(map->pmap);
	vm_map_unlock(map);
}

/* What has nothing private is the same in the other space. */
static int
convert_plain(struct convert *c, struct vm_map_entry *e)
{
	struct vm_map *old = &c->old->map, *new = &c->new->map;
	struct vm_map_entry *twin;
	struct vm_charge need;
	int error;

	vm_map_lock(old);
	error = vm_map_twin(old, e,
	    vm_entry_is_cow(e) ? VM_INHERIT_COPY : VM_INHERIT_SHARE, &twin);
	vm_map_unlock(old);
	if (error != 0)
		return error;
	need = vm_entry_need(twin);
	vm_map_lock(new);
	error = vm_map_charge(new, &need);
	if (error == 0)
		vm_entry_link(new, twin);
	vm_map_unlock(new);
	if (error != 0) {
		new->design->cow->drop(new->sys, twin);
		vm_entry_free(new->sys, twin);
	}
	return error;
}

/* Map a part of an entry anew: anonymous memory, to be filled, or what is
 * below. */
static int
map_part(struct convert *c, const struct vm_map_entry *part, bool anonymous)
{
	struct vm_map *map = &c->new->map;
	struct vm_object *obj = anonymous ? NULL : part->object;
	struct vm_map_insert_args a = {
		.start = part->start,
		.len = part->end - part->start,
		.object = obj,
		.offset = obj == NULL ? 0 : part->offset,
		.prot = VM_PROT_RW,
		.max_prot = VM_PROT_ALL,
		.inherit = (enum vm_inherit)part->inherit,
		.advice = (enum vm_advice)part->advice,
		.flags = part->flags & (VM_ENTRY_COW | VM_ENTRY_STACK),
		.marks = part->marks & (VM_MARK_DOWN | VM_MARK_CHARGED),
		.uncharged = true, /* but as it was */
		.fixed = true,
	};
	struct vm_map_dead none;
	vaddr_t start;
	int error;

	vm_map_dead_init(&none);
	if (obj != NULL)
		vm_object_ref(obj);
	vm_map_lock(map);
	error = vm_map_insert(map, &a, &none, &start);
	vm_map_unlock(map);
	if (error != 0 && obj != NULL)
		vm_object_unref(obj); /* the entry has another */
	return error;
}

/* ---- pages ---- */

struct uppers {
	vm_pindex_t first;
	uint64_t bits;
};

static void
note_upper(const struct vm_cow_page *at, void *arg)
{
	struct uppers *u = arg;

	if (at->upper)
		u->bits |= (uint64_t)1 << (at->n - u->first);
}

/* Which of the up to CHUNK pages from n on are private. */
static struct uppers
look(struct convert *c, struct vm_map_entry *e, vm_pindex_t n, vm_pindex_t len)
{
	const struct vm_cow_ops *cow = c->old->map.design->cow;
	struct uppers u = { n, 0 };

	vm_map_lock_read(&c->old->map);
	cow->lock(e);
	cow->walk(e, n, len, note_upper, &u);
	cow->unlock(e);
	vm_map_unlock_read(&c->old->map);
	return u;
}

static int
copy_page(struct convert *c, vaddr_t va)
{
	size_t done;
	int error;

	error = vmspace_read(c->old, va, c->page, VM_PAGE_SIZE, &done);
	if (error == 0)
		error = vmspace_write(c->new, va, c->page, VM_PAGE_SIZE, &done);
	if (error == 0)
		VM_COUNT(c->old->map.sys, extract_copies);
	return error;
}

/* A part whose pages are all private, or none of them is. */
static int
convert_part(struct convert *c, const struct vm_map_entry *part, bool private)
{
	vaddr_t va = part->start;
	int error = 0;

	if (part->object != NULL)
		error = map_part(c, part, private);
	for (; error == 0 && private && va < part->end; va += VM_PAGE_SIZE)
		error = copy_page(c, va);
	return error;
}

static bool
has_bit(const struct uppers *u, vm_pindex_t n)
{
	return (u->bits >> (n - u->first) & 1) != 0;
}

static int
convert_chunk(struct convert *c, struct vm_map_entry *e, vm_pindex_t n,
    vm_pindex_t end)
{
	struct uppers u = look(c, e, n, end - n);
	struct vm_map_entry part = *e;
	vm_pindex_t next;
	int error = 0;

	for (; error == 0 && n < end; n = next) {
		next = n + 1;
		while (next < end && has_bit(&u, next) == has_bit(&u, n))
			next++;
		part.start = e->start + vm_ptoa(n);
		part.end = e->start + vm_ptoa(next);
		part.offset = e->offset + n;
		error = convert_part(c, &part, has_bit(&u, n));
	}
	return error;
}

static int
convert_private(struct convert *c, struct vm_map_entry *e)
{
	struct vm_map_entry was = *e;
	vm_pindex_t n, end = vm_entry_npages(e);
	int error = 0;

	if (e->object == NULL)
		error = map_part(c, e, true);
	set_rights(&c->old->map, &was, VM_PROT_READ, VM_PROT_ALL);
	for (n = 0; error == 0 && n < end; n += CHUNK)
		error = convert_chunk(c, e, n,
		    n + CHUNK < end ? n + CHUNK : end);
	set_rights(&c->old->map, &was, was.prot, was.max_prot);
	set_rights(&c->new->map, &was, was.prot, was.max_prot);
	return error;
}

/* ---- the whole ---- */

/* Pages that are read are there, so no entry of the old space is ever cut. */
static int
convert_all(struct convert *c)
{
	struct vm_map_entry *e = vm_map_first(&c->old->map);
	int error = 0;

	for (; error == 0 && e != NULL; e = vm_map_next(&c->old->map, e))
		error = vm_entry_has_upper(e) ? convert_private(c, e) :
						convert_plain(c, e);
	return error;
}

static void
put(struct vmspace *vs, struct vm_map_cargo *cargo)
{
	vm_map_lock(&vs->map);
	vm_map_put(&vs->map, cargo);
	vm_map_unlock(&vs->map);
}

static void
take_all(struct vmspace *vs, struct vm_map_cargo *cargo)
{
	vm_map_lock(&vs->map);
	vm_map_take_all(&vs->map, cargo);
	vm_map_unlock(&vs->map);
}

/* What the new space has becomes cargo in the place of what the old one had. */
static int
fill(struct convert *c, struct vm_map_cargo *cargo)
{
	struct vm_map_cargo made;
	int error;

	vm_map_cargo_init(&made, &cargo->rights);
	put(c->old, cargo);
	error = convert_all(c);
	take_all(c->new, &made);
	if (error == 0)
		error = vm_map_cargo_charge(c->new->map.sys, &made);
	if (error == 0) {
		vm_map_cargo_take_over(cargo, &made);
		return 0;
	}
	vm_map_cargo_drop(&c->new->map, &made);
	take_all(c->old, cargo);
	return error;
}

static int
make_spaces(struct convert *c, struct vm_map *from, struct vm_map *to)
{
	int error = vmspace_create(from->sys, from->design, &c->old);

	if (error != 0)
		return error;
	error = vmspace_create(to->sys, to->design, &c->new);
	if (error != 0)
		vmspace_unref(c->old);
	return error;
}

int
vm_convert(struct vm_map *from, struct vm_map *to, struct vm_map_cargo *cargo,
    struct vmspace **originals)
{
	struct convert c;
	int error = make_spaces(&c, from, to);

	if (error != 0)
		return error;
	c.page = vm_alloc(from->sys, VM_PAGE_SIZE);
	error = c.page == NULL ? VM_ENOMEM : fill(&c, cargo);
	vm_free(from->sys, c.page, VM_PAGE_SIZE);
	vmspace_unref(c.new);
	if (error == 0)
		*originals = c.old;
	else
		vmspace_unref(c.old);
	return error;
}
