/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_types.h - the words everybody uses.  Public.
 *
 * Addresses and lengths are in bytes, page indices (vm_pindex_t) and page
 * counts in pages; every range is [start, end).  A "page" is a struct vm_page,
 * a "frame" is the physical memory behind it.
 */
#ifndef VM_TYPES_H
#define VM_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t vaddr_t;     /* virtual address */
typedef uint64_t paddr_t;     /* physical address */
typedef uint64_t vsize_t;     /* length in bytes */
typedef uint64_t vm_pindex_t; /* position inside an object, in pages */
typedef uint32_t vm_slot_t;   /* a page-sized place in swap; 0: none */

#define VM_PAGE_SHIFT 12
#define VM_PAGE_SIZE  ((vsize_t)1 << VM_PAGE_SHIFT)
#define VM_PAGE_MASK  (VM_PAGE_SIZE - 1)

typedef uint8_t vm_prot_t; /* a set of VM_PROT_* */

#define VM_PROT_NONE  0
#define VM_PROT_READ  1
#define VM_PROT_WRITE 2
#define VM_PROT_EXEC  4
#define VM_PROT_RW    (VM_PROT_READ | VM_PROT_WRITE)
#define VM_PROT_ALL   (VM_PROT_READ | VM_PROT_WRITE | VM_PROT_EXEC)

/* What a child gets of a range (minherit(2) of the BSDs). */
enum vm_inherit {
	VM_INHERIT_SHARE, /* the same memory */
	VM_INHERIT_COPY,  /* a copy, made on write */
	VM_INHERIT_NONE,  /* nothing */
	VM_INHERIT_ZERO,  /* the same range, zero-filled */
};

/* How a range will be used; decides which neighbours a fault enters. */
enum vm_advice {
	VM_ADV_NORMAL,
	VM_ADV_RANDOM,
	VM_ADV_SEQUENTIAL,
};

/*
 * Every function that can fail returns one of these as an int; 0 is success.
 * A failure leaves things as they were unless the declaration says otherwise.
 */
enum vm_error {
	VM_OK = 0,
	VM_ENOMEM,  /* no pages, no memory of the host, or no address range */
	VM_EFAULT,  /* nothing is mapped there */
	VM_EACCES,  /* mapped, but not for this access; or above the maximum */
	VM_EINVAL,  /* the arguments make no sense together */
	VM_EEXIST,  /* the range is taken and replacing was not asked for */
	VM_ERANGE,  /* past the end of the object: SIGBUS */
	VM_EIO,     /* the backing store failed: SIGBUS */
	VM_EBUSY,   /* in use (wired, lent) */
	VM_EPERM,   /* forbidden for good (immutable) */
	VM_EAGAIN,  /* a limit on wired memory */
	VM_ENOTSUP, /* this design or port cannot */
	VM_EWAIT,   /* not without waiting, which the caller does not do */
};

static inline vaddr_t
vm_trunc_page(vaddr_t va)
{
	return va & ~VM_PAGE_MASK;
}

/* True when va + len, rounded up to pages, still is an address. */
static inline bool
vm_range_fits(vaddr_t va, vsize_t len)
{
	return len <= UINT64_MAX - VM_PAGE_MASK &&
	    va <= UINT64_MAX - VM_PAGE_MASK - len;
}

/* Round up to pages.  The caller has checked with vm_range_fits(). */
static inline vaddr_t
vm_round_page(vaddr_t va)
{
	return (va + VM_PAGE_MASK) & ~VM_PAGE_MASK;
}

static inline vm_pindex_t
vm_atop(vsize_t bytes)
{
	return bytes >> VM_PAGE_SHIFT;
}

static inline vsize_t
vm_ptoa(vm_pindex_t pages)
{
	return pages << VM_PAGE_SHIFT;
}

#endif
