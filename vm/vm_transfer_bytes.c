/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_transfer_bytes.c - a range of bytes is handed over.
 *
 *	from	[ ..aa ][ aaaa ][ aaaa ][ aa.. ]
 *		   |copy   |       |	  |copy
 *	to	[ 00aa ][ aaaa ][ aaaa ][ aa00 ]	from then:
 *							[ ..aa ]  [ aa.. ]
 *
 * All pages come to the other space at once, as loans do (vm_transfer_pages).
 * Those of the ends are made for it: each is written in a space of its own,
 * lent, and left by that space.  The whole ones leave `from` last, so until
 * then it has everything, and what arrived can be unmapped again.
 */
#include "vm/vm_transfer.h"

#include "vm/vm_mmap.h"

struct handover {
	struct vmspace *from;
	vaddr_t start, end;     /* bytes */
	vaddr_t first, last;    /* the whole pages are [first, last) */
	struct vm_page **pages; /* of all, lent */
	size_t npages;          /* so far */
	char *buf;              /* of a page */
};

static void
plan(struct handover *h)
{
	h->first = vm_round_page(h->start);
	h->last = vm_trunc_page(h->end);
	if (h->last < h->first)
		h->last = h->first; /* both ends are in one page */
}

/* The page that [va, end) is in, as zeroes and those bytes. */
static int
make_page(struct handover *h, struct vmspace *vs, vaddr_t va, vaddr_t end)
{
	const struct vm_mmap_args args = {
		.len = VM_PAGE_SIZE,
		.prot = VM_PROT_RW,
		.flags = VM_MMAP_PRIVATE,
	};
	vaddr_t at;
	size_t done;
	int error = vm_mmap(vs, &args, &at);

	if (error == 0)
		error = vmspace_read(h->from, va, h->buf, end - va, &done);
	if (error == 0)
		error = vmspace_write(vs, at + (va & VM_PAGE_MASK), h->buf,
		    end - va, &done);
	return error != 0 ? error :
			    vm_loan(vs, at, VM_PAGE_SIZE, &h->pages[h->npages]);
}

static int
lend_part(struct handover *h, vaddr_t va, vaddr_t end)
{
	const struct vm_map *map = &h->from->map;
	struct vmspace *vs;
	int error;

	if (va == end)
		return 0;
	error = vmspace_create(map->sys, map->design, &vs);
	if (error != 0)
		return error;
	error = make_page(h, vs, va, end);
	if (error == 0)
		h->npages++;
	vmspace_unref(vs);
	return error;
}

static int
lend_whole(struct handover *h)
{
	vsize_t len = h->last - h->first;
	int error = 0;

	if (len != 0)
		error = vm_loan(h->from, h->first, len, h->pages + h->npages);
	if (error == 0)
		h->npages += vm_atop(len);
	return error;
}

static int
lend_all(struct handover *h)
{
	vaddr_t low = h->first < h->end ? h->first : h->end;
	int error = lend_part(h, h->start, low);

	if (error == 0)
		error = lend_whole(h);
	if (error == 0)
		error = lend_part(h, low == h->end ? low : h->last, h->end);
	return error;
}

/* A borrowed page that `from` has left is owned from the next look at it on:
 * this one.  Until then it would count as wired. */
static void
adopt(struct vm_map *map, vaddr_t va, size_t npages)
{
	const struct vm_cow_ops *cow = map->design->cow;
	struct vm_resolve r = {
		.sys = map->sys,
		.pmap = map->pmap,
		.access = VM_PROT_READ,
		.depth = VM_RESOLVE_MAKE,
	};

	vm_map_lock_read(map);
	for (size_t i = 0; i < npages; i++) {
		r.va = va + vm_ptoa(i);
		r.entry = vm_map_lookup(map, r.va);
		if (r.entry == NULL)
			continue;
		cow->lock(r.entry);
		(void)cow->resolve(&r);
		cow->unlock(r.entry);
	}
	vm_map_unlock_read(map);
}

/* What has arrived is unmapped again.  => whole entries: it needs no memory */
static void
take_back(struct vmspace *to, vaddr_t at, size_t npages)
{
	int error = vm_munmap(to, at, vm_ptoa(npages));

	VM_ASSERT(error == 0);
	(void)error;
}

static int
hand_over(struct handover *h, struct vmspace *to, vaddr_t *at)
{
	int error = lend_all(h);

	if (error == 0)
		error = vm_transfer_pages(to, h->pages, h->npages, at);
	if (error != 0) {
		vm_unloan(to->map.sys, h->pages, h->npages);
		return error;
	}
	if (h->first != h->last)
		error = vm_munmap(h->from, h->first, h->last - h->first);
	if (error == 0)
		adopt(&to->map, *at, h->npages);
	else
		take_back(to, *at, h->npages);
	return error;
}

int
vm_transfer(struct vmspace *from, vaddr_t addr, vsize_t len, struct vmspace *to,
    vaddr_t *at)
{
	struct vm_system *sys = from->map.sys;
	struct handover h = { .from = from, .start = addr, .end = addr + len };
	vaddr_t place = vm_trunc_page(*at);
	size_t bytes;
	int error;

	if (len == 0)
		return VM_EINVAL;
	if (!vm_range_fits(addr, len))
		return VM_EFAULT;
	if (vm_atop(len) > vm_page_count(sys))
		return VM_EAGAIN;
	plan(&h);
	bytes = (vm_atop(len) + 2) * sizeof(h.pages[0]);
	h.pages = vm_alloc(sys, bytes);
	h.buf = vm_alloc(sys, VM_PAGE_SIZE);
	error = h.pages == NULL || h.buf == NULL ? VM_ENOMEM :
						   hand_over(&h, to, &place);
	if (h.buf != NULL)
		vm_free(sys, h.buf, VM_PAGE_SIZE);
	if (h.pages != NULL)
		vm_free(sys, h.pages, bytes);
	if (error == 0)
		*at = place + (addr & VM_PAGE_MASK);
	return error;
}
