/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_extract.c - see vm_extract.h.
 *
 *	reserve a place in `to`
 *	pick the entries in `from`	they are cargo; DONATE leaves places
 *	convert them			to another design
 *	deliver them into `to`
 *	done, or undo in reverse
 *
 * One map is locked at a time, so `from` and `to` may be the same.  The last
 * step fails only if the place has gone, with all that its space had, or
 * somebody has used it; then donated entries find their own places again.
 */
#include "vm/vm_extract.h"

#include "vm/vm_convert.h"

/* One call. */
struct extract {
	const struct vm_extract_args *args;
	struct vm_map *from, *to;
	struct vm_map_pick pick;
	vaddr_t place; /* in `to` */
	struct vm_map_cargo cargo;
	/* Of another design: entries as they were, which the cargo has been
	 * made of; or NULL. */
	struct vmspace *originals;
	struct vm_map_dead rest; /* of from's design, to be dropped */
};

/* ---- arguments ---- */

static bool
is_inside(const struct vm_map *map, vaddr_t start, vsize_t len)
{
	return vm_range_fits(start, len) && start >= map->index.min &&
	    start + len <= map->index.max;
}

static int
check_args(const struct vm_extract_args *a, vaddr_t addr)
{
	const unsigned known = VM_EXTRACT_FIXED | VM_EXTRACT_RESERVED |
	    VM_EXTRACT_CONTIG | VM_EXTRACT_FIXPROT | VM_EXTRACT_PROT_ALL |
	    VM_EXTRACT_QREF;
	bool exact = (a->flags & (VM_EXTRACT_FIXED | VM_EXTRACT_RESERVED)) != 0;

	if (a->from->map.sys != a->to->map.sys || (a->flags & ~known) != 0 ||
	    (unsigned)a->how > VM_PASS_DONATE ||
	    (a->max_prot & ~VM_PROT_ALL) != 0)
		return VM_EINVAL;
	if (a->len == 0 || ((a->start | a->len) & VM_PAGE_MASK) != 0 ||
	    !is_inside(&a->from->map, a->start, a->len))
		return VM_EINVAL;
	if ((a->flags & VM_EXTRACT_QREF) && a->how == VM_PASS_DONATE)
		return VM_EINVAL;
	if (exact &&
	    ((addr & VM_PAGE_MASK) != 0 ||
		!is_inside(&a->to->map, addr, a->len)))
		return VM_EINVAL;
	return 0;
}

static struct vm_map_rights
rights_of(const struct vm_extract_args *a)
{
	return (struct vm_map_rights){
		.limit = a->max_prot == 0 ? VM_PROT_ALL : a->max_prot,
		.all = (a->flags & VM_EXTRACT_PROT_ALL) != 0,
		.maximum = (a->flags & VM_EXTRACT_FIXPROT) != 0,
	};
}

static void
begin(struct extract *x, const struct vm_extract_args *a, vaddr_t addr)
{
	struct vm_map_rights rights = rights_of(a);

	x->args = a;
	x->from = &a->from->map;
	x->to = &a->to->map;
	x->place = addr;
	x->originals = NULL;
	x->pick = (struct vm_map_pick){
		.start = a->start,
		.end = a->start + a->len,
		.how = a->how,
		.contiguous = (a->flags & VM_EXTRACT_CONTIG) != 0,
		.whole = (a->flags & VM_EXTRACT_QREF) != 0,
		.foreign = x->from->design->cow != x->to->design->cow,
	};
	vm_map_cargo_init(&x->cargo, &rights);
	vm_map_dead_init(&x->rest);
}

/* ---- the place ---- */

int
vm_reserve(struct vmspace *vs, const struct vm_map_place *p, vaddr_t *addr)
{
	struct vm_map_place whole = *p;
	int error;

	if (p->len == 0 || !vm_range_fits(0, p->len) ||
	    (p->fixed && (p->start & VM_PAGE_MASK) != 0))
		return VM_EINVAL;
	whole.len = vm_round_page(p->len);
	vm_map_lock(&vs->map);
	error = vm_map_reserve(&vs->map, &whole, addr);
	vm_map_unlock(&vs->map);
	return error;
}

int
vm_unreserve(struct vmspace *vs, vaddr_t addr, vsize_t len)
{
	const struct vm_map_rights none = { 0 };
	struct vm_map_cargo nothing;
	struct vm_map_dead dead;
	int error;

	if (len == 0 || (addr & VM_PAGE_MASK) != 0 ||
	    !is_inside(&vs->map, addr, len))
		return VM_EINVAL;
	vm_map_cargo_init(&nothing, &none);
	vm_map_dead_init(&dead);
	vm_map_lock(&vs->map);
	error = vm_map_replace(&vs->map, addr, addr + vm_round_page(len),
	    &nothing, &dead);
	vm_map_unlock(&vs->map);
	vm_map_bury(&vs->map, &dead);
	return error == 0 ? 0 : VM_EINVAL;
}

static bool
has_place(const struct extract *x)
{
	return (x->args->flags & VM_EXTRACT_RESERVED) != 0;
}

static int
reserve(struct extract *x)
{
	struct vm_map_place p = {
		.start = x->place,
		.len = x->args->len,
		.align = x->args->align,
		.fixed = (x->args->flags & VM_EXTRACT_FIXED) != 0,
	};

	return has_place(x) ? 0 : vm_reserve(x->args->to, &p, &x->place);
}

/* ---- from one to the other ---- */

/* A copy of wired memory is made at once. */
static int
pick(struct extract *x)
{
	struct vmspace_tries tries = { 0 };
	int error;

	do {
		vm_map_lock(x->from);
		error = vm_map_pick(x->from, &x->pick, &x->cargo, &x->rest);
		vm_map_unlock(x->from);
		vm_map_bury(x->from, &x->rest);
	} while (error == VM_ENOMEM && !x->cargo.refused &&
	    vmspace_get_memory(x->from->sys, &tries));
	return error;
}

static int
deliver(struct extract *x)
{
	vaddr_t distance = x->place - x->pick.start;
	struct vm_map_dead dead;
	int error;

	vm_map_dead_init(&dead);
	vm_map_cargo_shift(&x->cargo, distance);
	vm_map_lock(x->to);
	error = vm_map_replace(x->to, x->place, x->place + x->args->len,
	    &x->cargo, &dead);
	vm_map_unlock(x->to);
	if (error != 0)
		vm_map_cargo_shift(&x->cargo, 0 - distance);
	vm_map_bury(x->to, &dead);
	return error;
}

/* What was donated has arrived, or has been copied for good. */
static void
done(struct extract *x)
{
	if (x->originals != NULL)
		vmspace_unref(x->originals);
	if (x->pick.how != VM_PASS_DONATE)
		return;
	vm_map_lock(x->from);
	vm_map_pick_done(x->from, &x->pick, &x->cargo, &x->rest);
	vm_map_unlock(x->from);
	vm_map_bury(x->from, &x->rest);
}

/* The cargo is what it was before it was converted. */
static void
revert(struct extract *x)
{
	vm_map_cargo_drop(x->to, &x->cargo);
	vm_map_lock(&x->originals->map);
	vm_map_take_all(&x->originals->map, &x->cargo);
	vm_map_unlock(&x->originals->map);
	vmspace_unref(x->originals);
}

static void
undo(struct extract *x)
{
	if (x->originals != NULL)
		revert(x);
	if (x->pick.how == VM_PASS_DONATE) {
		vm_map_lock(x->from);
		vm_map_put_back(x->from, &x->pick, &x->cargo, &x->rest);
		vm_map_unlock(x->from);
		vm_map_bury(x->from, &x->rest);
	}
	vm_map_cargo_drop(x->from, &x->cargo);
	if (!has_place(x))
		(void)vm_unreserve(x->args->to, x->place, x->args->len);
}

int
vm_extract(const struct vm_extract_args *a, vaddr_t *addr)
{
	struct extract x;
	int error = check_args(a, *addr);

	if (error != 0)
		return error;
	begin(&x, a, *addr);
	error = reserve(&x);
	if (error != 0)
		return error;
	error = pick(&x);
	if (error == 0 && x.pick.foreign)
		error = vm_convert(x.from, x.to, &x.cargo, &x.originals);
	if (error == 0)
		error = deliver(&x);
	if (error != 0) {
		undo(&x);
		return error;
	}
	done(&x);
	*addr = x.place;
	return 0;
}
