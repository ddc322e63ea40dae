/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_extract.h - map entry passing: a range of one address space comes into
 * another, or to another place of the same, by its entries.  Public.
 *
 *	share	both have the same memory from then on
 *	copy	the other has what was there, copied page by page on write
 *	donate	it moves: the other has it, this one has a hole
 *
 *	from  ...[ a )[  b   )...[ c )...	    each entry with all it has:
 *		 ^start		     ^end	    protection, inheritance,
 *	to	.[ a )[  b   )...[ c )......	    advice, files, pages in swap
 *		 ^*addr
 *
 * No page is copied, read or looked at, so it costs by entries, not by pages;
 * but for wired private pages, which a copy has to have at once, and between
 * spaces of different designs, whose private pages are copied one by one
 * (counted, extract_copies).  There a file, or shared memory, is still passed
 * on as it is; private pages above a file become anonymous memory, and private
 * memory that is donated has lost those it was shared with.
 *
 * What arrives is not wired, even in a space that wires its new mappings.
 *
 * Source: UVM uvm_map_extract, and uvm_map_reserve for the places.  Differs:
 * copies; holes that stay; what is donated returns if it cannot arrive.
 */
#ifndef VM_EXTRACT_H
#define VM_EXTRACT_H

#include "vm/vm_map_extract.h"
#include "vm/vmspace.h"

#define VM_EXTRACT_FIXED    1  /* to *addr, where nothing is mapped */
#define VM_EXTRACT_RESERVED 2  /* to *addr: vm_reserve'd, with this length */
#define VM_EXTRACT_CONTIG   4  /* a hole is an error; else holes stay holes */
#define VM_EXTRACT_FIXPROT  8  /* protection: the maximum */
#define VM_EXTRACT_PROT_ALL 16 /* both: all, of any file */
/*
 * Not with DONATE: for a mapping that is soon gone again.  The entries of
 * `from` are not cut at the ends of the range, and so are not in pieces after
 * it; but all of such an entry waits to be copied, or is marked as shared.
 */
#define VM_EXTRACT_QREF 32

struct vm_extract_args {
	struct vmspace *from, *to; /* of one system; may be the same */
	vaddr_t start;             /* page aligned */
	vsize_t len;               /* page aligned, not 0 */
	enum vm_pass how;          /* VM_PASS_SHARE, COPY, DONATE */
	unsigned flags;
	vsize_t align;      /* of the place; 0, or a power of two */
	vm_prot_t max_prot; /* the receiver's maximum is no more; 0: all */
};

/*
 * vm_extract: pass [start, start + len) on; *addr is a hint, or 0, or with
 * FIXED and RESERVED the place, and tells where it is.
 *
 * Guards pass like memory.  What is immutable is not, where it arrives.  A copy
 * of shared memory is a private mapping of it, as a child gets one: pages that
 * are not written in either may show what others write later.
 *
 * => no lock held; blocks.  Who uses what is being donated finds nothing
 *    mapped from the beginning of the call on
 * => VM_EINVAL: the arguments; VM_EFAULT: nothing mapped, foreign memory, a
 *    hole with CONTIG, or nothing (any more) reserved; VM_EEXIST: FIXED, and
 *    taken; VM_EPERM: DONATE of what is immutable; VM_EBUSY: DONATE of what is
 *    wired, or held (vm_vslock.h); VM_ENOTSUP: SHARE of private memory between
 *    spaces of different designs; VM_ENOMEM: no room, no memory, or a limit;
 *    DONATE counts as address space in both until it has arrived.  Between
 *    different designs also as vm_fault
 * => on error both are as they were, and what was reserved still is; but
 *    private memory that was to be shared may be marked so
 */
int vm_extract(const struct vm_extract_args *, vaddr_t *addr);

/*
 * vm_reserve: keep a range free for VM_EXTRACT_RESERVED.  Nobody finds room in
 * it, maps there, unmaps or changes it (VM_EPERM); a child gets nothing of it,
 * and an access finds nothing mapped.  It counts as address space in use.
 * => VM_EINVAL, VM_EEXIST, VM_ENOMEM: as vm_mmap
 * vm_unreserve: it is free again.
 * => VM_EINVAL: not reserved, as exactly that range
 * => no lock held
 */
int vm_reserve(struct vmspace *, const struct vm_map_place *, vaddr_t *addr);
int vm_unreserve(struct vmspace *, vaddr_t addr, vsize_t len);

#endif
