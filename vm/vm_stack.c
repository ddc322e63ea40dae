/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_stack.c - mapping stacks, and checking that one is used as such.
 *
 * How a stack grows is in vm_map_stack.c.
 */
#include "vm/vm_stack.h"

#include "vm/vm_mmap.h"
#include "vm/vm_wire.h"

/* ---- mapping ---- */

static bool
args_are_valid(const struct vm_stack_args *a)
{
	vaddr_t all = a->top | a->max | a->soft | a->first | a->guard;

	return (all & VM_PAGE_MASK) == 0 && (a->prot & ~VM_PROT_ALL) == 0 &&
	    a->max != 0 && a->max <= a->top && a->soft != 0 &&
	    a->soft <= a->max && a->first != 0 && a->first <= a->soft &&
	    a->guard <= a->max - a->first;
}

/* The part that can be used, `len` bytes below the top. */
static struct vm_map_insert_args
used_part(const struct vm_stack_args *a, vsize_t len)
{
	return (struct vm_map_insert_args){
		.start = a->top - len,
		.len = len,
		.prot = a->prot,
		.max_prot = VM_PROT_ALL,
		.inherit = VM_INHERIT_COPY,
		.flags = VM_ENTRY_COW | VM_ENTRY_STACK,
		.fixed = true,
		.alone = true,
	};
}

/* The part below it: a gap, or one that is not to be used. */
static struct vm_map_insert_args
unused_part(const struct vm_design *d, const struct vm_stack_args *a,
    vsize_t len)
{
	struct vm_map_insert_args ia = used_part(a, a->max);

	ia.len = a->max - len;
	ia.prot = VM_PROT_NONE;
	if (d->stack == VM_STACK_GROWS) {
		ia.max_prot = VM_PROT_NONE;
		ia.marks = VM_MARK_GUARD | VM_MARK_GAP;
		ia.offset = vm_atop(a->guard);
	} else if (d->immutable) {
		ia.marks = VM_MARK_IMMUTABLE;
	}
	return ia;
}

static int
insert(struct vm_map *map, const struct vm_map_insert_args *ia,
    enum vm_wire_future *wire)
{
	struct vm_map_dead dead; /* nothing is replaced */
	vaddr_t at;
	int error;

	vm_map_dead_init(&dead);
	vm_map_lock(map);
	error = vm_map_insert(map, ia, &dead, &at);
	*wire = map->wire_future;
	vm_map_unlock(map);
	return error;
}

static void
set_limit(struct vm_map *map, vsize_t limit)
{
	vm_map_lock(map);
	map->stack_limit = limit;
	vm_map_unlock(map);
}

int
vm_stack_map(struct vmspace *vs, const struct vm_stack_args *a)
{
	struct vm_map *map = &vs->map;
	const struct vm_design *d = map->design;
	struct vm_map_insert_args used, unused;
	enum vm_wire_future wire;
	int error;

	if (!args_are_valid(a))
		return VM_EINVAL;
	used = used_part(a, d->stack == VM_STACK_GROWS ? a->first : a->soft);
	unused = unused_part(d, a, used.len);
	error = insert(map, &used, &wire);
	if (error != 0)
		return error;
	if (wire != VM_FUTURE_PLAIN)
		error = vm_map_wire(map, used.start, a->top, vm_wire_how(wire));
	if (error == 0 && unused.len != 0)
		error = insert(map, &unused, &wire);
	if (error != 0)
		(void)vm_munmap(vs, used.start, used.len);
	else
		set_limit(map, a->soft);
	return error;
}

/* ---- checking ---- */

/* => map read-locked */
static int
look(struct vm_map *map, struct vm_stack_spot *spot, vaddr_t sp)
{
	struct vm_map_entry *e = vm_map_lookup(map, sp);

	spot->serial = 0;
	if (e == NULL || !(e->flags & VM_ENTRY_STACK))
		return VM_EFAULT;
	spot->start = e->start;
	spot->end = e->end;
	spot->serial = atomic_load(&map->serial);
	return 0;
}

int
vm_stack_check(struct vmspace *vs, struct vm_stack_spot *spot, vaddr_t sp)
{
	struct vm_map *map = &vs->map;
	int error;

	if (!map->design->stack_check)
		return 0;
	if (spot->serial == atomic_load(&map->serial) && sp >= spot->start &&
	    sp < spot->end)
		return 0;
	vm_map_lock_read(map);
	error = look(map, spot, sp);
	vm_map_unlock_read(map);
	if (error != 0)
		VM_COUNT(map->sys, stack_strays);
	return error;
}
