/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map.c - the mmap family on pointers.
 *
 * What a call gains in mappings need not be entered: the first access does it.
 * That is done here where the caller has asked for pages that do not fault.
 */
#include "pmap/host_self.h"
#include "self/window.h"

#include <string.h>

#define MMAP_FLAGS                                                      \
	(BSDVM_SHARED | BSDVM_PRIVATE | BSDVM_FIXED | BSDVM_NOREPLACE | \
	    BSDVM_POPULATE | BSDVM_LOCKED)

_Static_assert(BSDVM_SHARED == VM_MMAP_SHARED &&
	BSDVM_PRIVATE == VM_MMAP_PRIVATE && BSDVM_FIXED == VM_MMAP_FIXED &&
	BSDVM_NOREPLACE == VM_MMAP_NOREPLACE &&
	BSDVM_POPULATE == VM_MMAP_POPULATE && BSDVM_LOCKED == VM_MMAP_WIRED,
    "the same flags");
_Static_assert(BSDVM_READ == VM_PROT_READ && BSDVM_WRITE == VM_PROT_WRITE &&
	BSDVM_EXEC == VM_PROT_EXEC,
    "the same protection");
_Static_assert((int)BSDVM_INHERIT_ZERO == (int)VM_INHERIT_ZERO &&
	(int)BSDVM_INHERIT_NONE == (int)VM_INHERIT_NONE,
    "the same inheritance");
_Static_assert((int)BSDVM_POPULATE_WRITE == (int)VM_MADV_POPULATE_WRITE &&
	(int)BSDVM_DISCARD == (int)VM_MADV_DISCARD &&
	(int)BSDVM_REMOVE == (int)VM_MADV_REMOVE,
    "the same advice");
_Static_assert(BSDVM_MS_SYNC == VM_MS_SYNC &&
	BSDVM_MS_INVALIDATE == VM_MS_INVALIDATE &&
	BSDVM_MAYMOVE == VM_MREMAP_MAYMOVE,
    "the same flags");
_Static_assert((int)BSDVM_SHARE == (int)VM_PASS_SHARE &&
	(int)BSDVM_COPY == (int)VM_PASS_COPY &&
	(int)BSDVM_DONATE == (int)VM_PASS_DONATE,
    "the same ways");

static void *
pointer(const struct bsdvm_space *space, vaddr_t va)
{
	return space->window + va;
}

/* An address of a certain space; NULL is 0. */
static bool
address(const struct bsdvm_space *space, const void *p, vaddr_t *va)
{
	*va = p == NULL ? 0 : (vaddr_t)((const char *)p - space->window);
	return p == NULL || window_of(p) == space;
}

static bool
is_prot(unsigned prot)
{
	return (prot & ~(unsigned)VM_PROT_ALL) == 0;
}

/* ------------------------------------------------------------ mapping */

int
bsdvm_mmap(struct bsdvm_space *space, const struct bsdvm_mapping *m,
    void **addr)
{
	struct vm_mmap_args args = { .len = m->len,
		.prot = (vm_prot_t)m->prot,
		.flags = m->flags,
		.align = m->align,
		.object = m->object != NULL ? m->object->obj : NULL,
		.offset = m->offset };
	vaddr_t va;
	int error;

	if ((m->flags & ~MMAP_FLAGS) != 0 || !is_prot(m->prot) ||
	    !address(space, m->addr, &args.addr) ||
	    (m->object != NULL && m->object->sys != space->sys))
		return BSDVM_EINVAL;
	if ((m->flags & (BSDVM_SHARED | BSDVM_PRIVATE)) == 0)
		args.flags |= VM_MMAP_PRIVATE;
	if ((m->flags & BSDVM_SHARED) && m->object != NULL &&
	    m->object->readonly)
		args.max_prot = VM_PROT_READ | VM_PROT_EXEC;
	error = bsdvm_thread_init();
	if (error == 0)
		error = vm_mmap(space->vs, &args, &va);
	if (error != 0)
		return error;
	if (m->flags & (BSDVM_POPULATE | BSDVM_LOCKED))
		(void)host_self_enter(self_pmap(space));
	*addr = pointer(space, va);
	return 0;
}

int
bsdvm_map_anon(struct bsdvm_space *space, size_t len, void **addr)
{
	const struct bsdvm_mapping m = { .len = len,
		.prot = BSDVM_READ | BSDVM_WRITE };

	return bsdvm_mmap(space, &m, addr);
}

int
bsdvm_munmap(void *addr, size_t len)
{
	struct self_range r;

	return self_range(addr, len, &r) ? vm_munmap(r.space->vs, r.va, len) :
					   BSDVM_EINVAL;
}

int
bsdvm_mprotect(void *addr, size_t len, unsigned prot)
{
	struct self_range r;

	if (!is_prot(prot) || !self_range(addr, len, &r))
		return BSDVM_EINVAL;
	return vm_mprotect(r.space->vs, r.va, len, (vm_prot_t)prot);
}

int
bsdvm_mlock(void *addr, size_t len)
{
	struct self_range r;
	int error;

	if (!self_range(addr, len, &r))
		return BSDVM_EINVAL;
	error = vm_mlock(r.space->vs, r.va, len);
	if (error == 0)
		(void)host_self_enter(self_pmap(r.space));
	return error;
}

int
bsdvm_munlock(void *addr, size_t len)
{
	struct self_range r;

	return self_range(addr, len, &r) ? vm_munlock(r.space->vs, r.va, len) :
					   BSDVM_EINVAL;
}

/* The answers go through a buffer: the caller's may lie in a window. */
int
bsdvm_mincore(void *addr, size_t len, unsigned char *vec)
{
	uint8_t part[64];
	struct self_range r;
	size_t n;
	int error = 0;

	if (!self_range(addr, len, &r) || !vm_range_fits(r.va, len))
		return BSDVM_EINVAL;
	len = vm_round_page(len);
	for (; len > 0 && error == 0; len -= n, r.va += n) {
		n = len < vm_ptoa(sizeof(part)) ? len : vm_ptoa(sizeof(part));
		error = vm_mincore(r.space->vs, r.va, n, part);
		if (error == 0)
			memcpy(vec, part, vm_atop(n));
		vec += vm_atop(n);
	}
	return error;
}

int
bsdvm_mremap(void *addr, size_t len, size_t new_len, unsigned flags,
    void **new_addr)
{
	struct vm_mremap_args args = { .old_len = len,
		.new_len = new_len,
		.flags = flags };
	struct self_range r;
	vaddr_t va;
	int error;

	if ((flags & ~BSDVM_MAYMOVE) != 0 || len == 0 ||
	    !self_range(addr, len, &r))
		return BSDVM_EINVAL;
	args.old_addr = r.va;
	error = vm_mremap(r.space->vs, &args, &va);
	if (error == 0)
		*new_addr = pointer(r.space, va);
	return error;
}

int
bsdvm_minherit(void *addr, size_t len, enum bsdvm_inherit inherit)
{
	struct self_range r;

	if (inherit > BSDVM_INHERIT_ZERO || !self_range(addr, len, &r))
		return BSDVM_EINVAL;
	return vm_minherit(r.space->vs, r.va, len, (enum vm_inherit)inherit);
}

int
bsdvm_madvise(void *addr, size_t len, enum bsdvm_advice advice)
{
	struct self_range r;
	int error;

	if (advice > BSDVM_POPULATE_WRITE || !self_range(addr, len, &r))
		return BSDVM_EINVAL;
	error = vm_madvise(r.space->vs, r.va, len, (enum vm_madvise)advice);
	if (error == 0 && advice >= BSDVM_POPULATE_READ)
		(void)host_self_enter(self_pmap(r.space));
	return error;
}

int
bsdvm_msync(void *addr, size_t len, unsigned flags)
{
	struct self_range r;

	return self_range(addr, len, &r) ?
	    vm_msync(r.space->vs, r.va, len, flags) :
	    BSDVM_EINVAL;
}

/* --------------------------------------------------------------- bytes */

/*
 * The core copies with locks held, which a fault of the other side would want:
 * what lies in a window itself goes through a buffer.
 */
static bool
is_plain(const void *buf, size_t len)
{
	const char *end = (const char *)buf + len;

	return window_of(buf) == NULL && window_of(end) == NULL;
}

/* Through a buffer, as much as that holds. */
static int
read_part(const struct self_range *r, void *buf, size_t len, size_t *done)
{
	char part[VM_PAGE_SIZE];
	int error;

	if (len > sizeof(part))
		len = sizeof(part);
	error = vmspace_read(r->space->vs, r->va, part, len, done);
	memcpy(buf, part, *done);
	return error;
}

static int
write_part(const struct self_range *r, const void *buf, size_t len,
    size_t *done)
{
	char part[VM_PAGE_SIZE];

	if (len > sizeof(part))
		len = sizeof(part);
	memcpy(part, buf, len);
	return vmspace_write(r->space->vs, r->va, part, len, done);
}

int
bsdvm_read(const void *addr, void *buf, size_t len, size_t *done)
{
	bool plain = is_plain(buf, len);
	size_t got = 0, all = 0;
	struct self_range r;
	int error = 0;

	if (!self_range(addr, len, &r))
		return BSDVM_EINVAL;
	for (; all < len && error == 0; all += got, r.va += got)
		error = plain ?
		    vmspace_read(r.space->vs, r.va, buf, len, &got) :
		    read_part(&r, (char *)buf + all, len - all, &got);
	if (done != NULL)
		*done = all;
	return error;
}

int
bsdvm_write(void *addr, const void *buf, size_t len, size_t *done)
{
	bool plain = is_plain(buf, len);
	size_t put = 0, all = 0;
	struct self_range r;
	int error = 0;

	if (!self_range(addr, len, &r))
		return BSDVM_EINVAL;
	for (; all < len && error == 0; all += put, r.va += put)
		error = plain ?
		    vmspace_write(r.space->vs, r.va, buf, len, &put) :
		    write_part(&r, (const char *)buf + all, len - all, &put);
	if (done != NULL)
		*done = all;
	return error;
}

/* ---------------------------------------------------------------- holds */

struct hold {
	struct vm_held held;
	struct vmspace *vs;
};
_Static_assert(sizeof(struct hold) <= sizeof(struct bsdvm_hold) &&
	_Alignof(struct hold) <= _Alignof(struct bsdvm_hold),
    "a hold fits");

int
bsdvm_hold(void *addr, size_t len, unsigned access, struct bsdvm_hold *out)
{
	struct hold *hold = (struct hold *)out;
	struct self_range r;
	int error;

	if (!is_prot(access) || !self_range(addr, len, &r))
		return BSDVM_EINVAL;
	error = vm_vslock(r.space->vs, r.va, len, (vm_prot_t)access,
	    &hold->held);
	if (error != 0)
		return error;
	hold->vs = r.space->vs;
	if (!host_self_enter(self_pmap(r.space))) {
		window_give_back(r.space);
		if (!host_self_enter(self_pmap(r.space))) {
			bsdvm_release(out);
			return BSDVM_ENOMEM;
		}
	}
	return 0;
}

void
bsdvm_release(struct bsdvm_hold *out)
{
	struct hold *hold = (struct hold *)out;

	vm_vsunlock(hold->vs, &hold->held);
}

/* ------------------------------------------------- from space to space */

int
bsdvm_lend(const void *addr, size_t len, struct bsdvm_space *to, void **at)
{
	struct self_range r;
	vaddr_t va;
	int error;

	if (!self_range(addr, len, &r) || r.space->sys != to->sys ||
	    !address(to, *at, &va))
		return BSDVM_EINVAL;
	error = vm_loan_to(r.space->vs, r.va, len, to->vs, &va);
	if (error == 0)
		*at = pointer(to, va);
	return error;
}

int
bsdvm_pass(void *addr, size_t len, enum bsdvm_pass how, struct bsdvm_space *to,
    void **at)
{
	struct vm_extract_args args = { .to = to->vs,
		.len = len,
		.how = (enum vm_pass)how };
	struct self_range r;
	vaddr_t va;
	int error;

	if (how > BSDVM_DONATE || !self_range(addr, len, &r) ||
	    r.space->sys != to->sys || !address(to, *at, &va))
		return BSDVM_EINVAL;
	args.from = r.space->vs;
	args.start = r.va;
	error = vm_extract(&args, &va);
	if (error == 0)
		*at = pointer(to, va);
	return error;
}
