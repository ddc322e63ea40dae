/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_stack.c - mapping stacks, and checking that one is used as such.
 *
 * How a stack grows is in vm_map_stack.c.
 */
#include "vm/vm_stack.h"

/* ---- mapping ---- */

static bool
args_are_valid(const struct vm_stack_args *a)
{
	vaddr_t all = a->top | a->max | a->soft | a->first | a->guard;

	return (all & VM_PAGE_MASK) == 0 && a->max != 0 && a->max <= a->top &&
	    a->soft != 0 && a->soft <= a->max && a->first != 0 &&
	    a->first <= a->soft && a->guard <= a->max - a->first;
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

/* Map both parts.  => write-locked; on error nothing is mapped */
static int
insert_parts(struct vm_map *map, struct vm_map_insert_args *used,
    const struct vm_map_insert_args *unused, struct vm_map_dead *dead)
{
	vaddr_t at;
	int error = 0;

	if (map->wire_future) {
		used->flags |= VM_ENTRY_LOCKED; /* faults wire its pages */
		error = vm_map_may_wire(map, used->len, used->len);
	}
	if (error == 0)
		error = vm_map_insert(map, used, dead, &at);
	if (error != 0 || unused->len == 0)
		return error;
	error = vm_map_insert(map, unused, dead, &at);
	if (error != 0) /* alone: nothing to cut */
		(void)vm_map_remove(map, used->start, used->start + used->len,
		    dead);
	return error;
}

int
vm_stack_map(struct vmspace *vs, const struct vm_stack_args *a)
{
	struct vm_map *map = &vs->map;
	const struct vm_design *d = map->design;
	struct vm_map_insert_args used, unused;
	struct vm_map_dead dead;
	vsize_t len = d->stack == VM_STACK_GROWS ? a->first : a->soft;
	int error;

	if (!args_are_valid(a))
		return VM_EINVAL;
	used = used_part(a, len);
	unused = unused_part(d, a, len);
	vm_map_dead_init(&dead);
	vm_map_lock(map);
	error = insert_parts(map, &used, &unused, &dead);
	if (error == 0)
		map->stack_limit = a->soft;
	vm_map_unlock(map);
	vm_map_bury(map, &dead);
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
