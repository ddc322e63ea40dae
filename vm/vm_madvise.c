/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_madvise.c - madvise and mincore.
 *
 * Each kind of advice is a function on one entry, clipped to the range; holes
 * are passed over and reported at the end, as Linux does.
 */
#include "vm/vm_fault.h"
#include "vm/vm_mmap.h"
#include "vm/vm_page.h"
#include "vm/vm_pageout.h"
#include "vm/vm_willneed.h"

static bool
is_private(const struct vm_map_entry *e)
{
	return (e->flags & VM_ENTRY_COW) != 0;
}

/* ---- contents that go ---- */

static int
discard_part(struct vm_map_part *p)
{
	return p->map->design->cow->discard(p->map->sys, p->entry,
	    vm_entry_page(p->entry, p->start), vm_atop(p->end - p->start));
}

/* What is held has a mapping no longer, and comes back by the next access. */
static void
leave_pmap(const struct vm_map_part *p)
{
	if (vm_map_is_held(p->map, p->start, p->end))
		vm_map_unwire_pages(p);
	pmap_remove(p->map->pmap, p->start, p->end);
	pmap_update(p->map->pmap);
}

static int
discard_private(struct vm_map_part *p)
{
	int error;

	leave_pmap(p);
	error = discard_part(p);
	if (error != VM_EAGAIN)
		return error;
	error = vm_map_clip(p->map, p->start, p->end);
	p->entry = vm_map_lookup(p->map, p->start);
	return error != 0 ? error : discard_part(p);
}

/* An entry that owns no private page, and would get an amap for nothing. */
static bool
has_nothing_private(const struct vm_map_entry *e)
{
	return !is_private(e) || !vm_entry_has_upper(e);
}

/* Whether the contents of an entry may be thrown away. */
static int
check_discard(const struct vm_map_entry *e)
{
	if (e->marks & VM_MARK_IMMUTABLE)
		return VM_EPERM;
	return vm_entry_is_wired(e) || (e->flags & VM_ENTRY_FOREIGN) ?
	    VM_EINVAL :
	    0;
}

static int
advise_discard(struct vm_map_part *p)
{
	int error = check_discard(p->entry);

	if (error != 0)
		return error;
	if (!has_nothing_private(p->entry))
		return discard_private(p);
	leave_pmap(p);
	return 0;
}

/* Only memory that has no other home: the contents of a file stay. */
static int
advise_free(struct vm_map_part *p)
{
	int error = check_discard(p->entry);

	if (error != 0)
		return error;
	return p->entry->object == NULL && !has_nothing_private(p->entry) ?
	    discard_private(p) :
	    0;
}

static int
advise_none(struct vm_map_part *p)
{
	(void)p;
	return 0;
}

/* ---- pages that will not be used soon ---- */

static void
retire(const struct vm_cow_page *at, void *arg)
{
	if (at->page != NULL)
		vm_pageout_retire(arg, at->page);
}

static int
advise_deactivate(struct vm_map_part *p)
{
	const struct vm_cow_ops *cow = p->map->design->cow;
	struct vm_map_entry *e = p->entry;

	cow->lock(e);
	cow->walk(e, vm_entry_page(e, p->start), vm_atop(p->end - p->start),
	    retire, p->map->sys);
	cow->unlock(e);
	pmap_update_all(p->map->sys->machine);
	return 0;
}

/* ---- inheritance, in the words of Linux ---- */

static int
advise_dofork(struct vm_map_part *p)
{
	return vm_map_inherit(p->map, p->start, p->end,
	    is_private(p->entry) ? VM_INHERIT_COPY : VM_INHERIT_SHARE);
}

static int
advise_dontfork(struct vm_map_part *p)
{
	return vm_map_inherit(p->map, p->start, p->end, VM_INHERIT_NONE);
}

static int
advise_wipeonfork(struct vm_map_part *p)
{
	if (!is_private(p->entry) || p->entry->object != NULL)
		return VM_EINVAL;
	return vm_map_inherit(p->map, p->start, p->end, VM_INHERIT_ZERO);
}

static int
advise_keeponfork(struct vm_map_part *p)
{
	if (p->entry->inherit != VM_INHERIT_ZERO)
		return 0;
	return vm_map_inherit(p->map, p->start, p->end, VM_INHERIT_COPY);
}

/* ---- how it will be used ---- */

static int
advise_normal(struct vm_map_part *p)
{
	return vm_map_advise(p->map, p->start, p->end, VM_ADV_NORMAL);
}

static int
advise_random(struct vm_map_part *p)
{
	return vm_map_advise(p->map, p->start, p->end, VM_ADV_RANDOM);
}

static int
advise_sequential(struct vm_map_part *p)
{
	return vm_map_advise(p->map, p->start, p->end, VM_ADV_SEQUENTIAL);
}

static int (*const advise_part[])(struct vm_map_part *) = {
	[VM_MADV_NORMAL] = advise_normal,
	[VM_MADV_RANDOM] = advise_random,
	[VM_MADV_SEQUENTIAL] = advise_sequential,
	[VM_MADV_WILLNEED] = advise_none,
	[VM_MADV_DEACTIVATE] = advise_deactivate,
	[VM_MADV_DISCARD] = advise_discard,
	[VM_MADV_FREE] = advise_free,
	[VM_MADV_REMOVE] = advise_none,
	[VM_MADV_POPULATE_READ] = advise_none,
	[VM_MADV_POPULATE_WRITE] = advise_none,
	[VM_MADV_DOFORK] = advise_dofork,
	[VM_MADV_DONTFORK] = advise_dontfork,
	[VM_MADV_WIPEONFORK] = advise_wipeonfork,
	[VM_MADV_KEEPONFORK] = advise_keeponfork,
};

static int
advise_locked(struct vm_map *map, vaddr_t start, vaddr_t end,
    enum vm_madvise advice)
{
	bool full = vm_map_is_full(map, start, end);
	struct vm_map_part p;
	vaddr_t va;
	int error = 0;

	for (va = start; error == 0 && vm_map_part(map, va, end, &p);
	     va = p.end)
		error = advise_part[advice](&p);
	if (error == 0 && !full)
		error = VM_ENOMEM;
	return error;
}

/* ---- what needs the map unlocked: no failure, but perhaps holes ---- */

/* Only what is shared, and could be written, can be thrown away. */
static int
removal_error(const struct vm_map_entry *e)
{
	if (e->marks & VM_MARK_IMMUTABLE)
		return VM_EPERM;
	if (vm_entry_is_wired(e) || e->object == NULL)
		return VM_EINVAL;
	if (is_private(e) || !(e->max_prot & VM_PROT_WRITE))
		return VM_EACCES;
	return 0;
}

/* Throw away the next part at or after *va, which moves behind it. */
static int
remove_part(struct vm_map *map, vaddr_t *va, vaddr_t end)
{
	struct vm_object *obj = NULL;
	vm_pindex_t first = 0, npages = 0;
	struct vm_map_part p;
	int error = 0;

	vm_map_lock_read(map);
	if (vm_map_part(map, *va, end, &p)) {
		error = removal_error(p.entry);
		obj = p.entry->object;
		first = p.entry->offset + vm_entry_page(p.entry, p.start);
		npages = vm_atop(p.end - p.start);
		*va = p.end;
	} else {
		*va = end;
	}
	if (npages != 0 && error == 0)
		vm_object_ref(obj);
	vm_map_unlock_read(map);
	if (npages == 0 || error != 0)
		return error;
	error = vm_object_punch(obj, first, first + npages);
	vm_object_unref(obj);
	return error;
}

static int
remove_shared(struct vm_map *map, vaddr_t start, vaddr_t end)
{
	int error = 0;

	while (error == 0 && start < end)
		error = remove_part(map, &start, end);
	return error;
}

static int
populate(struct vm_map *map, vaddr_t start, vaddr_t end, vm_prot_t access)
{
	vaddr_t stopped;
	int error = vm_fault_range(map, start, end, access, &stopped);

	return error == VM_EFAULT ? VM_ENOMEM : error;
}

static int
advise_unlocked(struct vm_map *map, vaddr_t start, vaddr_t end,
    enum vm_madvise advice)
{
	switch (advice) {
	case VM_MADV_WILLNEED:
		vm_willneed(map, start, end);
		return 0;
	case VM_MADV_REMOVE:
		return remove_shared(map, start, end);
	case VM_MADV_POPULATE_READ:
		return populate(map, start, end, VM_PROT_READ);
	case VM_MADV_POPULATE_WRITE:
		return populate(map, start, end, VM_PROT_WRITE);
	default:
		return 0;
	}
}

static bool
range_is_valid(vaddr_t addr, vsize_t len)
{
	return (addr & VM_PAGE_MASK) == 0 && vm_range_fits(addr, len);
}

/* Above the map's end there is a hole, like any other. */
static bool
range_is_inside(const struct vmspace *vs, vaddr_t start, vaddr_t end)
{
	return start >= vs->map.index.min && end <= vs->map.index.max;
}

int
vm_madvise(struct vmspace *vs, vaddr_t addr, vsize_t len,
    enum vm_madvise advice)
{
	struct vm_map *map = &vs->map;
	vaddr_t end;
	int error, later;

	if (!range_is_valid(addr, len) ||
	    (unsigned)advice >= sizeof(advise_part) / sizeof(advise_part[0]))
		return VM_EINVAL;
	end = addr + vm_round_page(len);
	if (len == 0)
		return 0;
	if (!range_is_inside(vs, addr, end))
		return VM_ENOMEM;
	vm_map_lock(map);
	error = advise_locked(map, addr, end, advice);
	vm_map_simplify(map, addr, end);
	vm_map_unlock(map);
	later = advise_unlocked(map, addr, end, advice);
	return later != 0 ? later : error;
}

/* ---- mincore ---- */

struct core_vec {
	uint8_t *vec;
	vm_pindex_t first; /* page of the entry that vec[0] stands for */
};

static void
mark_resident(const struct vm_cow_page *at, void *arg)
{
	struct core_vec *cv = arg;

	cv->vec[at->n - cv->first] = at->page != NULL;
}

static void
mincore_part(struct vm_map_part *p, uint8_t *vec)
{
	const struct vm_cow_ops *cow = p->map->design->cow;
	struct core_vec cv = { vec, vm_entry_page(p->entry, p->start) };

	cow->lock(p->entry);
	cow->walk(p->entry, cv.first, vm_atop(p->end - p->start), mark_resident,
	    &cv);
	cow->unlock(p->entry);
}

int
vm_mincore(struct vmspace *vs, vaddr_t addr, vsize_t len, uint8_t *vec)
{
	struct vm_map *map = &vs->map;
	struct vm_map_part p;
	vaddr_t va, end;
	vm_pindex_t i;
	int error = 0;

	if (!range_is_valid(addr, len))
		return VM_EINVAL;
	end = addr + vm_round_page(len);
	if (len == 0)
		return 0;
	vm_map_lock_read(map);
	if (!range_is_inside(vs, addr, end) || !vm_map_is_full(map, addr, end))
		error = VM_ENOMEM;
	for (i = 0; error == 0 && i < vm_atop(end - addr); i++)
		vec[i] = 0;
	for (va = addr; error == 0 && vm_map_part(map, va, end, &p); va = p.end)
		mincore_part(&p, vec + vm_atop(p.start - addr));
	vm_map_unlock_read(map);
	return error;
}
