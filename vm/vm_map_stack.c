/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_map_stack.c - stacks that grow when they are used.
 *
 *	[ gap: guard |		       ][ stack )	before
 *	[ gap: guard |	    ][ new     ][ stack )	after a fault in `new`
 *
 * The gap is an entry with no memory.  A fault in it, next to a stack, makes
 * the gap shorter and puts a piece of stack in its place; the guard at its far
 * end always stays.
 *
 * The piece is made before the gap is touched, so there is nothing to restore
 * when there is no memory for it.
 * Source: FreeBSD vm_map_growstack, whose guard is kept in the gap as well.
 */
#include "vm/vm_map.h"

#define GROW_BYTES ((vsize_t)128 << 10) /* of one piece, at least */

/* How long the stack is that begins at e. */
static vsize_t
stack_size(const struct vm_map *map, const struct vm_map_entry *e)
{
	vaddr_t start = e->start, end = e->start;

	for (; e != NULL && e->start == end && (e->flags & VM_ENTRY_STACK) &&
	     !vm_entry_is_guard(e);
	     e = vm_map_next(map, e))
		end = e->end;
	return end - start;
}

static vsize_t
least(vsize_t a, vsize_t b)
{
	return a < b ? a : b;
}

/* How much the gap may give: not the guard, nor more than the limits. */
static vsize_t
available(const struct vm_map *map, const struct vm_map_entry *gap,
    const struct vm_map_entry *stack)
{
	vsize_t size = gap->end - gap->start, guard = vm_ptoa(gap->offset);
	vsize_t used = stack_size(map, stack);

	if (size <= guard || used >= map->stack_limit ||
	    map->size > map->size_limit)
		return 0;
	size = least(size - guard, vm_trunc_page(map->stack_limit - used));
	return least(size, vm_trunc_page(map->size_limit - map->size));
}

static uint8_t
flags_of_growth(const struct vm_map *map, const struct vm_map_entry *stack)
{
	uint8_t locked = map->wire_future != VM_FUTURE_PLAIN ? VM_ENTRY_LOCKED :
							       0;

	return VM_ENTRY_COW | VM_ENTRY_STACK | locked |
	    (stack->flags & VM_ENTRY_LOCKED);
}

/* On faults, unless either wants it at once. */
static uint8_t
marks_of_growth(const struct vm_map *map, const struct vm_map_entry *stack)
{
	if (stack->flags & VM_ENTRY_LOCKED)
		return stack->marks & VM_MARK_ONFAULT;
	return map->wire_future == VM_FUTURE_ONFAULT ? VM_MARK_ONFAULT : 0;
}

static int
charge(struct vm_map *map, const struct vm_map_entry *stack, vsize_t len)
{
	uint8_t flags = flags_of_growth(map, stack);
	struct vm_charge more = { 0 };
	int error = 0;

	if (flags & VM_ENTRY_LOCKED) {
		error = vm_map_may_wire(map, len, 0);
		more.wired = vm_atop(len);
	}
	if (vm_charge_mark(map->sys, flags, stack->prot) != 0)
		more.anon = vm_atop(len);
	return error != 0 ? error : vm_map_charge(map, &more);
}

/* So much of it as limits leave: what is needed, or more. */
static vsize_t
may_grow(struct vm_map *map, const struct vm_map_entry *stack, vsize_t need,
    vsize_t want)
{
	if (charge(map, stack, want) == 0)
		return want;
	return charge(map, stack, need) == 0 ? need : 0;
}

/* Give the end of the gap to a new entry like the stack. */
static int
take(struct vm_map *map, struct vm_map_entry *gap,
    const struct vm_map_entry *stack, vsize_t len)
{
	struct vm_map_insert_args a = {
		.start = gap->end - len,
		.len = len,
		.prot = stack->prot,
		.max_prot = stack->max_prot,
		.inherit = (enum vm_inherit)stack->inherit,
		.advice = (enum vm_advice)stack->advice,
		.flags = flags_of_growth(map, stack),
		.marks = marks_of_growth(map, stack),
	};
	struct vm_map_entry *more = vm_entry_make(map->sys, &a);

	if (more == NULL)
		return VM_ENOMEM;
	vm_entry_unlink(map, gap);
	gap->end -= len;
	if (gap->start == gap->end)
		vm_entry_free(map->sys, gap);
	else
		vm_entry_link(map, gap);
	vm_entry_link(map, more);
	vm_map_simplify(map, a.start, a.start + len);
	VM_COUNT(map->sys, stack_grows);
	return 0;
}

int
vm_map_grow_stack(struct vm_map *map, vaddr_t va)
{
	struct vm_map_entry *gap = vm_map_lookup(map, va), *stack;
	vsize_t need, most, len;

	if (gap == NULL || !(gap->marks & VM_MARK_GAP))
		return 0; /* somebody was faster */
	stack = vm_map_next(map, gap);
	if (stack == NULL || stack->start != gap->end ||
	    !(stack->flags & VM_ENTRY_STACK) || vm_entry_is_guard(stack))
		return VM_EACCES;
	need = gap->end - vm_trunc_page(va);
	most = available(map, gap, stack);
	if (need > most)
		return VM_EACCES;
	len = need < GROW_BYTES ? least(GROW_BYTES, most) : need;
	len = may_grow(map, stack, need, len);
	return len == 0 ? VM_EACCES : take(map, gap, stack, len);
}
