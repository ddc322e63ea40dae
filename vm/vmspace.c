/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vmspace.c - address spaces: creation, fork, end, and access to their bytes.
 */
#include "vm/vmspace.h"

#include "base/mem.h"
#include "vm/vm_fault.h"
#include "vm/vm_pageout.h"

#define TRY_PAGES 64 /* asked for when there is no memory, then twice */
#define TRIES     64 /* as many each time, so often */

/* ---- beginning and end ---- */

int
vmspace_create(struct vm_system *sys, const struct vm_design *design,
    struct vmspace **out)
{
	struct vmspace *vs = vm_alloc(sys, sizeof(*vs));
	struct pmap *pmap;
	int error;

	if (vs == NULL)
		return VM_ENOMEM;
	memset(vs, 0, sizeof(*vs));
	error = pmap_create(sys->machine, &pmap);
	if (error != 0) {
		vm_free(sys, vs, sizeof(*vs));
		return error;
	}
	vm_map_init(&vs->map, sys, design, pmap);
	vm_mutex_init(&vs->brk_lock, sys->env);
	atomic_init(&vs->refs, 1);
	vs->data_limit = UINT64_MAX;
	vs->rss_limit = UINT64_MAX;
	vm_mutex_lock(&sys->spaces_lock);
	list_insert_tail(&sys->spaces, &vs->link);
	vm_mutex_unlock(&sys->spaces_lock);
	*out = vs;
	return 0;
}

void
vmspace_ref(struct vmspace *vs)
{
	atomic_fetch_add(&vs->refs, 1);
}

bool
vmspace_try_ref(struct vmspace *vs)
{
	uint32_t refs = atomic_load(&vs->refs);

	while (refs != 0) {
		if (atomic_compare_exchange_weak(&vs->refs, &refs, refs + 1))
			return true;
	}
	return false;
}

void
vmspace_reset(struct vmspace *vs)
{
	struct vm_map *map = &vs->map;
	struct vm_map_dead dead;

	vm_map_dead_init(&dead);
	vm_mutex_lock(&vs->brk_lock);
	vm_map_lock(map);
	vm_map_remove_whole(map, map->index.min, map->index.max, &dead);
	vs->brk_start = vs->brk_end = 0;
	map->wire_future = VM_FUTURE_PLAIN;
	vm_map_unlock(map);
	vm_mutex_unlock(&vs->brk_lock);
	vm_map_bury(map, &dead);
}

void
vmspace_unref(struct vmspace *vs)
{
	struct vm_system *sys = vs->map.sys;

	if (atomic_fetch_sub(&vs->refs, 1) != 1)
		return;
	vmspace_reset(vs);
	vm_mutex_lock(&sys->spaces_lock);
	list_remove(&vs->link);
	vm_mutex_unlock(&sys->spaces_lock);
	pmap_destroy(vs->map.pmap);
	vm_map_fini(&vs->map);
	vm_free(sys, vs, sizeof(*vs));
}

/* ---- fork ---- */

void
vmspace_inherit_limits(const struct vmspace *parent, struct vmspace *child)
{
	child->brk_start = parent->brk_start;
	child->brk_end = parent->brk_end;
	child->data_limit = parent->data_limit;
	atomic_store(&child->rss_limit, parent->rss_limit);
	child->map.place_min = parent->map.place_min;
	child->map.place_max = parent->map.place_max;
	child->map.size_limit = parent->map.size_limit;
	child->map.wired_limit = parent->map.wired_limit;
	child->map.stack_limit = parent->map.stack_limit;
}

/* With the break locked, the child's is that of the entries it gets. */
static int
copy_entries(struct vmspace *from, struct vmspace *to,
    const struct vmspace_copying *how, bool *refused)
{
	struct vm_map_entry *e;
	struct vm_charge need;
	int error;

	vm_mutex_lock(&from->brk_lock);
	vm_map_lock(&from->map);
	vm_map_lock(&to->map);
	vmspace_inherit_limits(from, to);
	need = vm_map_fork_need(&from->map, how->what);
	error = vm_map_charge(&to->map, &need);
	*refused = error != 0;
	for (e = vm_map_first(&from->map); error == 0 && e != NULL;
	     e = vm_map_next(&from->map, e))
		error = vm_map_fork_entry(&from->map, e, how->what(e),
		    &to->map);
	if (error == 0 && how->done != NULL)
		how->done(&from->map, &to->map);
	pmap_update(from->map.pmap);
	vm_map_unlock(&to->map);
	vm_map_unlock(&from->map);
	vm_mutex_unlock(&from->brk_lock);
	return error;
}

bool
vmspace_get_memory(struct vm_system *sys, struct vmspace_tries *t)
{
	size_t most = vm_page_count(sys);

	t->npages = t->npages == 0 ? TRY_PAGES : 2 * t->npages;
	if (t->npages > most)
		t->npages = most;
	return t->n++ < TRIES && vm_pageout_more(sys, t->npages);
}

int
vmspace_copy(struct vmspace *from, const struct vmspace_copying *how,
    struct vmspace **to)
{
	struct vm_system *sys = from->map.sys;
	struct vmspace_tries tries = { 0 };
	bool refused;
	int error;

	do {
		error = vmspace_create(sys, from->map.design, to);
		if (error != 0)
			return error;
		error = copy_entries(from, *to, how, &refused);
		if (error == 0)
			return 0;
		vmspace_unref(*to);
		*to = NULL;
	} while (!refused && vmspace_get_memory(sys, &tries));
	return error;
}

int
vmspace_fork(struct vmspace *parent, struct vmspace **child)
{
	static const struct vmspace_copying how = {
		.what = vm_map_inherits,
		.done = vm_map_fork_done,
	};
	int error = vmspace_copy(parent, &how, child);

	if (error == 0)
		VM_COUNT(parent->map.sys, forks);
	return error;
}

/* ---- bytes ---- */

/* One piece of a transfer, inside one page. */
struct piece {
	vaddr_t va;
	void *buf;
	size_t len;
	bool write;
};

/* Copy the piece if its page is mapped for it now. */
static bool
copy_mapped(struct vm_map *map, const struct piece *p)
{
	vm_prot_t need = p->write ? VM_PROT_WRITE : VM_PROT_READ;
	struct vm_map_entry *e = vm_map_lookup(map, p->va);
	struct pmap_mapping at;
	char *data;
	bool ok;

	if (e == NULL)
		return false;
	map->design->cow->lock(e);
	ok = pmap_extract(map->pmap, p->va, &at) && (at.prot & need) == need;
	if (ok) {
		if (p->write)
			at.page->dirty = true;
		data = pmap_page_data(map->sys->machine, at.page);
		data += p->va & VM_PAGE_MASK;
		if (p->write)
			memcpy(data, p->buf, p->len);
		else
			memcpy(p->buf, data, p->len);
	}
	map->design->cow->unlock(e);
	return ok;
}

static int
copy_piece(struct vm_map *map, const struct piece *p)
{
	vm_prot_t access = p->write ? VM_PROT_WRITE : VM_PROT_READ;
	bool done;
	int error;

	for (;;) {
		vm_map_lock_read(map);
		done = copy_mapped(map, p);
		vm_map_unlock_read(map);
		if (done)
			return 0;
		error = vm_fault(map, p->va, access, VM_FAULT_NARROW);
		if (error != 0)
			return error;
	}
}

static int
transfer(struct vmspace *vs, struct piece p, size_t len, size_t *done)
{
	int error;

	*done = 0;
	if (!vm_range_fits(p.va, len))
		return VM_EFAULT;
	for (; *done < len; *done += p.len) {
		p.len = VM_PAGE_SIZE - (p.va & VM_PAGE_MASK);
		if (p.len > len - *done)
			p.len = len - *done;
		error = copy_piece(&vs->map, &p);
		if (error != 0)
			return error;
		p.va += p.len;
		p.buf = (char *)p.buf + p.len;
	}
	return 0;
}

int
vmspace_read(struct vmspace *vs, vaddr_t va, void *buf, size_t len,
    size_t *done)
{
	return transfer(vs, (struct piece){ va, buf, 0, false }, len, done);
}

int
vmspace_write(struct vmspace *vs, vaddr_t va, const void *buf, size_t len,
    size_t *done)
{
	union {
		const void *in;
		void *out;
	} same = { .in = buf }; /* a piece is for both ways; not written to */

	return transfer(vs, (struct piece){ va, same.out, 0, true }, len, done);
}
