/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vmspace.c - address spaces: creation, fork, end, and access to their bytes.
 */
#include "vm/vmspace.h"

#include "base/mem.h"
#include "vm/vm_fault.h"
#include "vm/vm_pageout.h"

#define FORK_PAGES 64 /* asked for when a fork finds no memory, then twice */
#define FORK_TRIES 64 /* as many each time, so often */

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

/* Foreign and immutable ranges lose their protection from being unmapped. */
static void
release_fixed(struct vm_map *map)
{
	struct vm_map_entry *e;

	for (e = vm_map_first(map); e != NULL; e = vm_map_next(map, e)) {
		e->flags &= (uint8_t)~VM_ENTRY_FOREIGN;
		e->marks &= (uint8_t)~VM_MARK_IMMUTABLE;
	}
}

void
vmspace_reset(struct vmspace *vs)
{
	struct vm_map *map = &vs->map;
	struct vm_map_dead dead;
	int error;

	vm_map_dead_init(&dead);
	vm_mutex_lock(&vs->brk_lock);
	vm_map_lock(map);
	release_fixed(map);
	error = vm_map_remove(map, map->index.min, map->index.max, &dead);
	VM_ASSERT(error == 0); /* nothing to cut, nothing foreign */
	(void)error;
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

static void
inherit_limits(const struct vmspace *parent, struct vmspace *child)
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
fork_entries(struct vmspace *parent, struct vmspace *child, bool *refused)
{
	struct vm_map_entry *e;
	struct vm_charge need;
	int error;

	vm_mutex_lock(&parent->brk_lock);
	vm_map_lock(&parent->map);
	vm_map_lock(&child->map);
	inherit_limits(parent, child);
	need = vm_map_fork_need(&parent->map);
	error = vm_map_charge(&child->map, &need);
	*refused = error != 0;
	for (e = vm_map_first(&parent->map); error == 0 && e != NULL;
	     e = vm_map_next(&parent->map, e))
		error = vm_map_fork_entry(&parent->map, e, &child->map);
	if (error == 0)
		vm_map_fork_done(&parent->map);
	pmap_update(parent->map.pmap);
	vm_map_unlock(&child->map);
	vm_map_unlock(&parent->map);
	vm_mutex_unlock(&parent->brk_lock);
	return error;
}

/*
 * A fork that copies at once needs a page for each that it copies, all at the
 * same time; how many that is it does not say.
 */
int
vmspace_fork(struct vmspace *parent, struct vmspace **child)
{
	struct vm_system *sys = parent->map.sys;
	size_t n = FORK_PAGES / 2, most = vm_page_count(sys);
	unsigned tries = 0;
	bool refused;
	int error;

	do {
		error = vmspace_create(sys, parent->map.design, child);
		if (error != 0)
			return error;
		error = fork_entries(parent, *child, &refused);
		if (error == 0) {
			VM_COUNT(sys, forks);
			return 0;
		}
		vmspace_unref(*child);
		*child = NULL;
		n = 2 * n < most ? 2 * n : most;
	} while (!refused && tries++ < FORK_TRIES && vm_pageout_more(sys, n));
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
