/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_mmap.h - the mmap family on an address space.  Public.
 *
 * Addresses and lengths are in bytes.  Lengths are rounded up to pages; an
 * address must be page aligned unless it is a hint.  Every sum is checked: a
 * range that wraps is VM_EINVAL (VM_ENOMEM where POSIX says so), never a small
 * range.  Functions take the map's lock themselves: none may be held; all of
 * them may block.
 */
#ifndef VM_MMAP_H
#define VM_MMAP_H

#include "vm/vmspace.h"

#define VM_MMAP_SHARED    0x01
#define VM_MMAP_PRIVATE   0x02  /* exactly one of the two */
#define VM_MMAP_FIXED     0x04  /* at addr, replacing what is there */
#define VM_MMAP_NOREPLACE 0x08  /* with FIXED: VM_EEXIST when taken */
#define VM_MMAP_STACK     0x10  /* marked so; does not grow by itself */
#define VM_MMAP_POPULATE  0x20  /* fault it in now, as far as possible */
#define VM_MMAP_WIRED     0x40  /* wire what can be read; an error undoes all */
#define VM_MMAP_BOTTOMUP  0x80  /* the lowest room instead of the highest */
#define VM_MMAP_FOREIGN   0x100 /* reserve; the host maps it, faults fail */
#define VM_MMAP_GUARD     0x200 /* a place with nothing in it (FreeBSD) */
#define VM_MMAP_DOWN      0x400 /* a mark for the host, which lets it grow */

struct vm_mmap_args {
	vaddr_t addr;             /* a hint, or with FIXED the place */
	vsize_t len;              /* not 0: VM_EINVAL */
	vm_prot_t prot, max_prot; /* max_prot 0: all */
	unsigned flags;
	vsize_t align; /* 0, or a power of two; not looked at with FIXED */
	/*
	 * What to map: NULL is anonymous memory.  The call takes a reference
	 * of its own; the caller keeps his.
	 */
	struct vm_object *object;
	uint64_t offset; /* bytes into the object, page aligned */
};

/*
 * vm_mmap: map; *addr tells where.
 * => VM_EINVAL, VM_ENOMEM, VM_EEXIST, VM_EACCES (prot above max_prot),
 *    VM_EPERM (over a foreign or immutable range), VM_ENOTSUP (GUARD)
 * => on error what was mapped before still is, but for an error of wiring
 *    (WIRED, or mlockall for the future): then the range is unmapped
 */
int vm_mmap(struct vmspace *, const struct vm_mmap_args *, vaddr_t *addr);

/* VM_EINVAL, VM_ENOMEM, VM_EPERM.  Holes are no error. */
int vm_munmap(struct vmspace *, vaddr_t, vsize_t len);

/* VM_EINVAL, VM_ENOMEM (a hole), VM_EACCES: nothing has changed.  An error of
 * vm_fault when copies for wired pages could not be made: it has. */
int vm_mprotect(struct vmspace *, vaddr_t, vsize_t len, vm_prot_t);
/* Also VM_EINVAL: ZERO where the design lacks it; VM_EPERM: immutable. */
int vm_minherit(struct vmspace *, vaddr_t, vsize_t len, enum vm_inherit);

/*
 * vm_mimmutable: what is mapped in the range stays as it is until the space
 * ends: to unmap it, map over it, protect, inherit, move or discard it is
 * VM_EPERM.  A child's copy is immutable too.
 * => VM_EINVAL, VM_ENOMEM; VM_ENOTSUP: the design lacks it
 * Source: OpenBSD mimmutable(2).
 */
int vm_mimmutable(struct vmspace *, vaddr_t, vsize_t len);

#define VM_MREMAP_MAYMOVE 1
#define VM_MREMAP_FIXED   2 /* to new_addr, replacing what is there */
/* The old range stays mapped, empty (Linux DONTUNMAP). */
#define VM_MREMAP_KEEP 4
/* A second mapping of the same memory; private memory becomes shared between
 * the two. */
#define VM_MREMAP_DUPLICATE 8

/*
 * vm_mremap: resize, move, both, or duplicate one mapping.
 * => VM_EFAULT: a hole in the old range, or foreign; VM_EPERM: a foreign range
 *    at the fixed target; VM_EINVAL: the arguments, FIXED or KEEP without
 *    MAYMOVE, KEEP of anything but private zeroes with the same attributes and
 *    the same length, an object mapped past its byte 2^64; VM_ENOMEM: no room,
 *    no memory, or a limit of the map; VM_EAGAIN: what grows is wired, and over
 *    the system's limit
 * => on error the old range is as it was, and so is the target
 * Source: NetBSD mremap(2), Linux mremap(2).
 */
struct vm_mremap_args {
	vaddr_t old_addr;
	vsize_t old_len; /* 0 with a shared mapping: duplicate (Linux) */
	vsize_t new_len; /* not 0 */
	vaddr_t new_addr;
	unsigned flags;
};
int vm_mremap(struct vmspace *, const struct vm_mremap_args *, vaddr_t *addr);

/* Advice: what the BSDs mean, and what Linux means by the same words. */
enum vm_madvise {
	VM_MADV_NORMAL,
	VM_MADV_RANDOM,
	VM_MADV_SEQUENTIAL,
	VM_MADV_WILLNEED,   /* read it, as far as there is memory */
	VM_MADV_DEACTIVATE, /* BSD MADV_DONTNEED: not soon; contents stay */
	VM_MADV_DISCARD,    /* Linux MADV_DONTNEED: private contents go now */
	VM_MADV_FREE,       /* private contents may go; they go now */
	VM_MADV_REMOVE,     /* punch a hole: shared contents go too */
	VM_MADV_POPULATE_READ,
	VM_MADV_POPULATE_WRITE,
	VM_MADV_DOFORK,     /* Linux: inherit as a copy again */
	VM_MADV_DONTFORK,   /* Linux: children get nothing of it */
	VM_MADV_WIPEONFORK, /* Linux: children get zeroes */
	VM_MADV_KEEPONFORK,
};

/*
 * vm_madvise: VM_ENOMEM: a hole, after the rest has been done (Linux);
 * VM_EINVAL: wired, shared or foreign where the advice forbids it; VM_EACCES:
 * REMOVE of what is private, or could never be written; VM_EPERM: immutable.
 * DISCARD, FREE and REMOVE end at the first entry that refuses, POPULATE at the
 * first page that has no answer: what comes before has been done.  WILLNEED
 * begins to read what is in swap and does not wait; it waits for files, and
 * fails for holes only (vm_willneed.h).
 */
int vm_madvise(struct vmspace *, vaddr_t, vsize_t len, enum vm_madvise);

/* vm_mincore: vec[i] = 1 when page i is resident. VM_ENOMEM: a hole. */
int vm_mincore(struct vmspace *, vaddr_t, vsize_t len, uint8_t *vec);

#define VM_MS_ASYNC      1
#define VM_MS_SYNC       2
#define VM_MS_INVALIDATE 4
/*
 * vm_msync: write pages of files.  SYNC: they are in the file, and for good if
 * it can keep them; ASYNC: writing has begun; neither of them: they have been
 * written.  INVALIDATE: and what is clean then is forgotten.
 * => VM_ENOMEM: a hole; VM_EBUSY: invalidate and wired; VM_EIO: this, or an
 *    earlier write of the file that nobody has been told of, has failed; the
 *    pages stay dirty
 */
int vm_msync(struct vmspace *, vaddr_t, vsize_t len, unsigned flags);

/*
 * vm_mlock: VM_ENOMEM: a hole, over the map's wired_limit, no memory, or a page
 * that cannot be had; VM_EAGAIN: over the system's limit.  On error what was
 * locked before still is, and no more.
 * vm_munlock: VM_ENOMEM: a hole, or no memory.  Locking does not nest.
 */
int vm_mlock(struct vmspace *, vaddr_t, vsize_t len);
/* The same, but only pages that are mapped now are wired, others when they are
 * faulted in (Linux MLOCK_ONFAULT); one that moves when it is next used. */
int vm_mlock_onfault(struct vmspace *, vaddr_t, vsize_t len);
int vm_munlock(struct vmspace *, vaddr_t, vsize_t len);
#define VM_MCL_CURRENT 1
#define VM_MCL_FUTURE  2
#define VM_MCL_ONFAULT 4 /* with either: as vm_mlock_onfault */
/* vm_mlockall: errors as vm_mlock, but it passes over what cannot be read.  On
 * error nothing has changed. */
int vm_mlockall(struct vmspace *, unsigned flags);
int vm_munlockall(struct vmspace *);

/*
 * vm_brk: move the end of the heap; 0 asks.  *now is the end after the call,
 * also when the move failed (VM_ENOMEM), as brk(2) of Linux answers.
 */
int vm_brk(struct vmspace *, vaddr_t want, vaddr_t *now);

#endif
