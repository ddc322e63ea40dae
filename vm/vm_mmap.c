/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_mmap.c - mmap, munmap, mprotect, minherit, brk.
 *
 * Arguments are checked here, once, against wrapping and against the map's
 * ends; below everything is page aligned and in range.
 */
#include "vm/vm_mmap.h"

#include "vm/pager/anon.h"
#include "vm/vm_fault.h"
#include "vm/vm_wire.h"

/* ---- mmap ---- */

/* A guard is nothing but a place. */
static int
check_guard(const struct vmspace *vs, const struct vm_mmap_args *a)
{
	if ((a->flags & VM_MMAP_GUARD) == 0)
		return 0;
	if (!vs->map.design->guards)
		return VM_ENOTSUP;
	if (a->prot != VM_PROT_NONE || a->object != NULL || a->offset != 0 ||
	    (a->flags & (VM_MMAP_FOREIGN | VM_MMAP_STACK)))
		return VM_EINVAL;
	return 0;
}

static int
check_args(const struct vm_mmap_args *a)
{
	bool shared = (a->flags & VM_MMAP_SHARED) != 0;
	bool private = (a->flags & (VM_MMAP_PRIVATE | VM_MMAP_GUARD)) != 0;

	if (shared == private || a->len == 0)
		return VM_EINVAL;
	if ((a->prot & ~VM_PROT_ALL) != 0 || (a->offset & VM_PAGE_MASK) != 0)
		return VM_EINVAL;
	if (!vm_range_fits(0, a->len))
		return VM_ENOMEM;
	if ((a->flags & VM_MMAP_FIXED) && !vm_range_fits(a->addr, a->len))
		return VM_EINVAL;
	if (!vm_range_fits(a->offset, a->len))
		return VM_EINVAL;
	if ((a->flags & VM_MMAP_FIXED) && (a->addr & VM_PAGE_MASK) != 0)
		return VM_EINVAL;
	if (a->max_prot != 0 && (a->prot & ~a->max_prot) != 0)
		return VM_EACCES;
	return 0;
}

/* The object to map, with a reference for the entry; NULL for private zeroes
 * and foreign ranges. */
static int
choose_object(struct vm_map *map, const struct vm_mmap_args *a,
    struct vm_object **obj)
{
	*obj = NULL;
	if (a->flags & VM_MMAP_FOREIGN)
		return 0;
	if (a->object != NULL) {
		vm_object_ref(a->object);
		*obj = a->object;
	} else if (a->flags & VM_MMAP_SHARED) {
		*obj = vm_anon_object_indexed(map->sys, map->design->pageindex);
		if (*obj == NULL)
			return VM_ENOMEM;
	}
	return 0;
}

static uint8_t
entry_flags(const struct vm_mmap_args *a)
{
	uint8_t flags = 0;

	if (a->flags & VM_MMAP_FOREIGN)
		return VM_ENTRY_FOREIGN;
	if (a->flags & (VM_MMAP_PRIVATE | VM_MMAP_GUARD))
		flags |= VM_ENTRY_COW;
	if (a->flags & VM_MMAP_STACK)
		flags |= VM_ENTRY_STACK;
	return flags;
}

static vm_prot_t
max_prot(const struct vm_mmap_args *a)
{
	if (a->flags & VM_MMAP_GUARD)
		return VM_PROT_NONE;
	return a->max_prot != 0 ? a->max_prot : VM_PROT_ALL;
}

static uint8_t
entry_marks(const struct vm_mmap_args *a)
{
	uint8_t marks = 0;

	if (a->flags & VM_MMAP_GUARD)
		marks |= VM_MARK_GUARD;
	if (a->flags & VM_MMAP_DOWN)
		marks |= VM_MARK_DOWN;
	return marks;
}

static struct vm_map_insert_args
insert_args(const struct vm_mmap_args *a, struct vm_object *obj)
{
	return (struct vm_map_insert_args){
		.start = a->addr,
		.len = vm_round_page(a->len),
		.align = a->align,
		.object = obj,
		.offset = vm_atop(a->offset),
		.prot = a->prot,
		.max_prot = max_prot(a),
		.inherit = (a->flags & VM_MMAP_SHARED) ? VM_INHERIT_SHARE :
							 VM_INHERIT_COPY,
		.advice = VM_ADV_NORMAL,
		.flags = entry_flags(a),
		.marks = entry_marks(a),
		.fixed = (a->flags & VM_MMAP_FIXED) != 0,
		.replace = (a->flags & VM_MMAP_NOREPLACE) == 0,
		.bottomup = (a->flags & VM_MMAP_BOTTOMUP) != 0,
	};
}

/* What 4.4BSD maps everything with at first. */
static bool
has_defaults(const struct vm_map_insert_args *ia)
{
	return ia->prot == VM_PROT_RW && ia->inherit == VM_INHERIT_COPY;
}

/* The second step: a pass over the new entry, which is alone in its range, for
 * each attribute; so nothing is cut, and nothing can fail. */
static void
change_attributes(struct vm_map *map, const struct vm_map_insert_args *ia,
    vaddr_t start)
{
	vaddr_t end = start + ia->len;
	int error = 0;

	if (ia->prot != VM_PROT_RW) {
		error = vm_map_protect(map, start, end, ia->prot, false);
		VM_COUNT(map->sys, map_passes);
	}
	if (error == 0 && ia->inherit != VM_INHERIT_COPY) {
		error = vm_map_inherit(map, start, end, ia->inherit);
		VM_COUNT(map->sys, map_passes);
	}
	VM_ASSERT(error == 0);
	(void)error;
}

static int
insert_two_steps(struct vm_map *map, const struct vm_map_insert_args *ia,
    struct vm_map_dead *dead, vaddr_t *addr)
{
	struct vm_map_insert_args first = *ia;
	int error;

	first.prot = VM_PROT_RW & ia->max_prot;
	first.inherit = VM_INHERIT_COPY;
	first.alone = true;
	first.uncharged = (ia->prot & VM_PROT_WRITE) == 0;
	error = vm_map_insert(map, &first, dead, addr);
	if (error == 0)
		change_attributes(map, ia, *addr);
	return error;
}

static bool
takes_two_steps(const struct vm_map *map, const struct vm_map_insert_args *ia)
{
	return map->design->two_steps && !has_defaults(ia) &&
	    (ia->flags & VM_ENTRY_FOREIGN) == 0;
}

static int
insert(struct vmspace *vs, const struct vm_map_insert_args *ia, vaddr_t *addr,
    enum vm_wire_future *wire)
{
	struct vm_map_dead dead;
	int error;

	vm_map_dead_init(&dead);
	vm_map_lock(&vs->map);
	error = takes_two_steps(&vs->map, ia) ?
	    insert_two_steps(&vs->map, ia, &dead, addr) :
	    vm_map_insert(&vs->map, ia, &dead, addr);
	*wire = vs->map.wire_future;
	vm_map_unlock(&vs->map);
	vm_map_bury(&vs->map, &dead);
	return error;
}

/* What is wanted beyond the mapping itself. */
static int
make_ready(struct vmspace *vs, const struct vm_mmap_args *a, vaddr_t addr,
    enum vm_wire_future wire)
{
	vaddr_t stopped, end = addr + vm_round_page(a->len);
	int error;

	if (a->flags & VM_MMAP_FOREIGN)
		return 0;
	if (a->flags & VM_MMAP_WIRED)
		wire = VM_FUTURE_WIRED;
	if (wire != VM_FUTURE_PLAIN) {
		error = vm_map_wire(&vs->map, addr, end, vm_wire_how(wire));
		if (error != 0)
			(void)vm_munmap(vs, addr, a->len);
		return error;
	}
	if ((a->flags & VM_MMAP_POPULATE) && a->prot != VM_PROT_NONE)
		(void)vm_fault_range(&vs->map, addr, end,
		    (a->prot & VM_PROT_WRITE) ? VM_PROT_WRITE : VM_PROT_READ,
		    &stopped);
	return 0;
}

int
vm_mmap(struct vmspace *vs, const struct vm_mmap_args *a, vaddr_t *addr)
{
	struct vm_map_insert_args ia;
	struct vm_object *obj;
	enum vm_wire_future wire;
	int error = check_args(a);

	if (error == 0)
		error = check_guard(vs, a);
	if (error == 0)
		error = choose_object(&vs->map, a, &obj);
	if (error != 0)
		return error;
	ia = insert_args(a, obj);
	error = insert(vs, &ia, addr, &wire);
	if (error != 0) {
		if (obj != NULL)
			vm_object_unref(obj);
		return error;
	}
	return make_ready(vs, a, *addr, wire);
}

/* ---- ranges of what is mapped ---- */

static bool
range_is_valid(const struct vmspace *vs, vaddr_t addr, vsize_t len)
{
	return (addr & VM_PAGE_MASK) == 0 && vm_range_fits(addr, len) &&
	    addr >= vs->map.index.min &&
	    vm_round_page(addr + len) <= vs->map.index.max;
}

int
vm_munmap(struct vmspace *vs, vaddr_t addr, vsize_t len)
{
	struct vm_map_dead dead;
	int error;

	if (len == 0 || !range_is_valid(vs, addr, len))
		return VM_EINVAL;
	vm_map_dead_init(&dead);
	vm_map_lock(&vs->map);
	error = vm_map_remove(&vs->map, addr, addr + vm_round_page(len), &dead);
	vm_map_unlock(&vs->map);
	vm_map_bury(&vs->map, &dead);
	return error;
}

int
vm_mprotect(struct vmspace *vs, vaddr_t addr, vsize_t len, vm_prot_t prot)
{
	vaddr_t end;
	int error;

	if ((addr & VM_PAGE_MASK) != 0 || (prot & ~VM_PROT_ALL) != 0)
		return VM_EINVAL;
	if (len == 0)
		return 0;
	if (!range_is_valid(vs, addr, len))
		return VM_ENOMEM;
	end = addr + vm_round_page(len);
	vm_map_lock(&vs->map);
	error = vm_map_protect(&vs->map, addr, end, prot, false);
	vm_map_unlock(&vs->map);
	if (error == 0)
		error = vm_map_rewire(&vs->map, addr, end);
	return error;
}

int
vm_minherit(struct vmspace *vs, vaddr_t addr, vsize_t len,
    enum vm_inherit inherit)
{
	int error;

	if (!range_is_valid(vs, addr, len) ||
	    (unsigned)inherit > VM_INHERIT_ZERO)
		return VM_EINVAL;
	if (inherit == VM_INHERIT_ZERO && !vs->map.design->inherit_zero)
		return VM_EINVAL;
	if (len == 0)
		return 0;
	vm_map_lock(&vs->map);
	error = vm_map_inherit(&vs->map, addr, addr + vm_round_page(len),
	    inherit);
	vm_map_unlock(&vs->map);
	return error;
}

int
vm_mimmutable(struct vmspace *vs, vaddr_t addr, vsize_t len)
{
	int error;

	if (!vs->map.design->immutable)
		return VM_ENOTSUP;
	if (!range_is_valid(vs, addr, len))
		return VM_EINVAL;
	if (len == 0)
		return 0;
	vm_map_lock(&vs->map);
	error = vm_map_freeze(&vs->map, addr, addr + vm_round_page(len));
	vm_map_unlock(&vs->map);
	return error;
}

/* ---- brk ---- */

static int
grow_heap(struct vmspace *vs, vaddr_t old, vaddr_t want)
{
	struct vm_mmap_args a = {
		.addr = old,
		.len = want - old,
		.prot = VM_PROT_RW,
		.flags = VM_MMAP_PRIVATE | VM_MMAP_FIXED | VM_MMAP_NOREPLACE,
	};
	vaddr_t addr;

	return vm_mmap(vs, &a, &addr) == 0 ? 0 : VM_ENOMEM;
}

static int
move_brk(struct vmspace *vs, vaddr_t want)
{
	vaddr_t old_end, new_end;

	if (vs->brk_start == 0) /* there is no heap */
		return VM_ENOMEM;
	if (want < vs->brk_start || want - vs->brk_start > vs->data_limit ||
	    !vm_range_fits(want, 0))
		return VM_ENOMEM;
	old_end = vm_round_page(vs->brk_end);
	new_end = vm_round_page(want);
	if (new_end > old_end)
		return grow_heap(vs, old_end, new_end);
	if (new_end < old_end)
		return vm_munmap(vs, new_end, old_end - new_end);
	return 0;
}

int
vm_brk(struct vmspace *vs, vaddr_t want, vaddr_t *now)
{
	int error = 0;

	vm_mutex_lock(&vs->brk_lock);
	if (want != 0) {
		error = move_brk(vs, want);
		if (error == 0)
			vs->brk_end = want;
	}
	*now = vs->brk_end;
	vm_mutex_unlock(&vs->brk_lock);
	return error;
}
