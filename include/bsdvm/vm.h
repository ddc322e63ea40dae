/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bsdvm/vm.h - virtual memory of your own, in your own process.  Public; all
 * that a program needs, in C and in C++.
 *
 * A system has so much memory, a BSD design, and swap.  In it are address
 * spaces, each a window of addresses of the process: what is mapped there is
 * used by plain loads and stores, and a range by its pointer alone.
 *
 *	struct bsdvm_config config = { .memory = 100 << 20 };
 *	struct bsdvm_swap swap = { .size = 1 << 30 };	// a temporary file
 *	config.swaps = &swap, config.nswaps = 1;
 *	bsdvm_system_create(&config, &sys, NULL);
 *	bsdvm_space_create(sys, &space);
 *	bsdvm_map_anon(space, 400 << 20, &p);
 *	memset(p, 1, 400 << 20);			// pages to swap
 *	bsdvm_space_fork(space, &child);		// copies nothing
 *	strcpy(p, "parent");
 *	q = bsdvm_translate(child, p);			// still 1s
 *
 * Faults.  The library takes SIGSEGV.  Faults in a window are resolved by the
 * thread that made them; all others go to the handler that the program had
 * installed before, or to the default action.  So do those in a window that
 * have no answer, as the kernel would have sent them:
 *
 *	nothing mapped		SIGSEGV SEGV_MAPERR
 *	protection		SIGSEGV SEGV_ACCERR
 *	past the end		SIGBUS  BUS_ADRERR
 *	no memory, I/O error	SIGBUS  BUS_OBJERR
 *
 * What a program has to know:
 *
 * - The kernel knows nothing of faults here.  A system call whose buffer lies
 *   in a window fails with EFAULT when a page is not mapped just then:
 *   bsdvm_hold() the buffer, or use bsdvm_read() and bsdvm_write().
 * - A handler of another signal may interrupt the library.  It must not use
 *   memory of a window, nor call the library.
 * - A thread whose stack is small, or itself in a window, calls
 *   bsdvm_thread_init() at its beginning; functions that make a system, a space
 *   or a mapping do so too.
 * - After fork(2) the child has no windows, and calls nothing of this library.
 * - No thread uses memory of a space that is destroyed at the same time.
 *
 * Functions may be called by any thread, and may block.  They return 0 or an
 * error; what they would fill in is untouched then.  Addresses are page aligned
 * where mmap(2) wants it, lengths are in bytes and are rounded up to pages.
 */
#ifndef BSDVM_VM_H
#define BSDVM_VM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct bsdvm_system; /* memory, a design, swap */
struct bsdvm_space;  /* an address space: a window */
struct bsdvm_object; /* what can be mapped: a file, shared memory, a pager */
struct bsdvm_checkpoint; /* what a space was at a moment */

#define BSDVM_PAGE_SIZE ((size_t)4096)

enum bsdvm_error {
	BSDVM_OK = 0,
	BSDVM_ENOMEM,  /* no pages, no memory of the host, or no room */
	BSDVM_EFAULT,  /* nothing is mapped there */
	BSDVM_EACCES,  /* mapped, but not for this access */
	BSDVM_EINVAL,  /* the arguments make no sense; no address of a window */
	BSDVM_EEXIST,  /* the range is taken and replacing was not asked for */
	BSDVM_ERANGE,  /* past the end of the object */
	BSDVM_EIO,     /* the file, pager or swap failed */
	BSDVM_EBUSY,   /* in use: wired, lent, or not empty */
	BSDVM_EPERM,   /* forbidden for good (immutable) */
	BSDVM_EAGAIN,  /* a limit on wired memory */
	BSDVM_ENOTSUP, /* this design cannot */
};

/* A few words for people; of any number. */
const char *bsdvm_strerror(int error);

/* ---- systems ---- */

struct bsdvm_swap {
	const char *place; /* a file or device, nbd://..., NULL: a temporary
			      file.  Only what is blank, or has been swap
			      before, is taken */
	uint64_t size;     /* bytes; a file is made or grows; 0: as it is */
	int priority;      /* those with more are used first */
};

/* A program takes SIGSEGV itself, and calls bsdvm_fault(). */
#define BSDVM_NO_HANDLER 1u

/* All zeroes: the defaults. */
struct bsdvm_config {
	uint64_t memory;    /* bytes of real memory at most; 0: 64 MB */
	uint64_t window;    /* bytes of addresses of a space; 0: 64 GB */
	const char *design; /* netbsd, openbsd, freebsd, dragonfly, mach;
			       NULL: netbsd */
	const struct bsdvm_swap *swaps;
	size_t nswaps;
	unsigned flags; /* BSDVM_NO_HANDLER */
	/* Where messages go, one line each without its end; NULL: standard
	 * error.  May be called by a handler of SIGSEGV. */
	void (*log)(void *log_arg, const char *text, size_t len);
	void *log_arg;
	uint64_t reserved[4]; /* 0 */
};

/* Why a system was not made: one line for people. */
struct bsdvm_why {
	char text[256];
};

/*
 * bsdvm_system_create: a system, and a thread of it that makes free pages.
 * => BSDVM_EINVAL: the configuration; BSDVM_EIO: swap cannot be opened;
 *    BSDVM_ENOMEM; BSDVM_ENOTSUP: no memory file of the kernel's
 * bsdvm_system_destroy: => BSDVM_EBUSY: a space, object or checkpoint is left
 */
int bsdvm_system_create(const struct bsdvm_config *, struct bsdvm_system **,
    struct bsdvm_why *);
int bsdvm_system_destroy(struct bsdvm_system *);

/* bsdvm_swap_add: another place to swap to.  => as bsdvm_system_create */
int bsdvm_swap_add(struct bsdvm_system *, const struct bsdvm_swap *,
    struct bsdvm_why *);

/* The i-th design's name; NULL past the last. */
const char *bsdvm_design_name(unsigned i);

struct bsdvm_stats {
	uint64_t memory, free;          /* bytes */
	uint64_t swap_total, swap_used; /* bytes */
	uint64_t faults, forks;         /* since the beginning */
	uint64_t pageins, pageouts;     /* pages */
	uint64_t reserved[8];
};
void bsdvm_stats(struct bsdvm_system *, struct bsdvm_stats *);
/* bsdvm_counter: one of docs/counters.md.  => BSDVM_EINVAL: no such */
int bsdvm_counter(struct bsdvm_system *, const char *name, uint64_t *value);

/* ---- spaces ---- */

int bsdvm_space_create(struct bsdvm_system *, struct bsdvm_space **);
/* Everything is unmapped.  NULL: nothing. */
void bsdvm_space_destroy(struct bsdvm_space *);

/*
 * bsdvm_space_fork: a second window that begins as a copy, page by page as one
 * of the two writes; as bsdvm_minherit has said of each range.  Pointers that
 * are in the memory still point into the window of the parent: what shall be
 * forked keeps offsets, or uses bsdvm_translate.
 * => BSDVM_ENOMEM
 */
int bsdvm_space_fork(struct bsdvm_space *, struct bsdvm_space **child);

/*
 * bsdvm_checkpoint_take: what the space is now, for later.  What is shared is
 * not part of it: mapped so, or inherited so.
 * bsdvm_checkpoint_branch: a new space that begins there, as one that was
 * forked then.  Of branches one may take checkpoints, too.
 * bsdvm_checkpoint_reset: the space, any of the same system, is as it was: in
 * memory, mappings and locked ranges.  No thread uses it at the same time.
 * bsdvm_checkpoint_drop: in any order.  NULL: nothing.
 *
 * Nothing is copied but pages that are written afterwards.  A branch costs by
 * mappings; a reset of the space, or of a branch, by the pages written since.
 * => BSDVM_ENOMEM; reset also BSDVM_EINVAL: of another system, BSDVM_EAGAIN:
 *    locked memory; the space goes on unchanged
 */
int bsdvm_checkpoint_take(struct bsdvm_space *, struct bsdvm_checkpoint **);
int bsdvm_checkpoint_branch(struct bsdvm_checkpoint *, struct bsdvm_space **);
int bsdvm_checkpoint_reset(struct bsdvm_checkpoint *, struct bsdvm_space *);
void bsdvm_checkpoint_drop(struct bsdvm_checkpoint *);

/* The same place in another space; NULL: p is in no window. */
void *bsdvm_translate(struct bsdvm_space *to, const void *p);
/* Whose window p is in; NULL: none. */
struct bsdvm_space *bsdvm_space_of(const void *p);
/* The first byte of the window, where nothing is ever mapped, and its size. */
void *bsdvm_space_window(struct bsdvm_space *, size_t *size);

/* ---- mappings ---- */

#define BSDVM_NONE  0u
#define BSDVM_READ  1u
#define BSDVM_WRITE 2u
#define BSDVM_EXEC  4u

#define BSDVM_SHARED    0x01u
#define BSDVM_PRIVATE   0x02u /* if neither of both is given, too */
#define BSDVM_FIXED     0x04u /* at addr, replacing what is there */
#define BSDVM_NOREPLACE 0x08u /* with FIXED: BSDVM_EEXIST when taken */
#define BSDVM_POPULATE  0x20u /* fault it in now, as far as possible */
#define BSDVM_LOCKED    0x40u /* wire it; an error undoes all */

struct bsdvm_mapping {
	void *addr; /* a hint in the window, NULL; with FIXED the place */
	size_t len;
	unsigned prot, flags;
	size_t align;                /* 0, or a power of two */
	struct bsdvm_object *object; /* NULL: anonymous memory */
	uint64_t offset;             /* bytes into the object, page aligned */
};

/* => BSDVM_EINVAL, ENOMEM, EEXIST, EPERM; EACCES: shared, and the object cannot
 * be written; nothing has changed then but for an
 *    error of LOCKED */
int bsdvm_mmap(struct bsdvm_space *, const struct bsdvm_mapping *, void **addr);
/* Private memory of zeroes, for reading and writing. */
int bsdvm_map_anon(struct bsdvm_space *, size_t len, void **addr);

/* A range lies in one window: BSDVM_EINVAL.  A hole is BSDVM_ENOMEM, but for
 * bsdvm_munmap. */
int bsdvm_munmap(void *addr, size_t len);
int bsdvm_mprotect(void *addr, size_t len, unsigned prot);
int bsdvm_mlock(void *addr, size_t len);
int bsdvm_munlock(void *addr, size_t len);
/* vec[i] = 1: page i is in memory. */
int bsdvm_mincore(void *addr, size_t len, unsigned char *vec);

/* With MAYMOVE it may become another address of the window. */
#define BSDVM_MAYMOVE 1u
int bsdvm_mremap(void *addr, size_t len, size_t new_len, unsigned flags,
    void **new_addr);

enum bsdvm_inherit {
	BSDVM_INHERIT_SHARE, /* the same memory */
	BSDVM_INHERIT_COPY,  /* a copy, made on write; mappings begin so */
	BSDVM_INHERIT_NONE,  /* nothing */
	BSDVM_INHERIT_ZERO,  /* zeroes; NetBSD and OpenBSD, else EINVAL */
};
int bsdvm_minherit(void *addr, size_t len, enum bsdvm_inherit);

enum bsdvm_advice {
	BSDVM_NORMAL,
	BSDVM_RANDOM,
	BSDVM_SEQUENTIAL,
	BSDVM_WILLNEED,   /* begin to read it */
	BSDVM_DEACTIVATE, /* not soon; contents stay */
	BSDVM_DISCARD,    /* private contents go: zeroes, or the object's */
	BSDVM_ADVISE_FREE,
	BSDVM_REMOVE, /* punch a hole: shared contents go too */
	BSDVM_POPULATE_READ,
	BSDVM_POPULATE_WRITE,
};
int bsdvm_madvise(void *addr, size_t len, enum bsdvm_advice);

#define BSDVM_MS_ASYNC      1u
#define BSDVM_MS_SYNC       2u
#define BSDVM_MS_INVALIDATE 4u
/* bsdvm_msync: write the pages of files and pagers.  => also BSDVM_EIO: this,
 * or an earlier write has failed; BSDVM_EBUSY: invalidate, and wired */
int bsdvm_msync(void *addr, size_t len, unsigned flags);

/* ---- bytes ---- */

/*
 * bsdvm_read, bsdvm_write: copy out of or into a window; what would be a signal
 * is an error.  *done, if not NULL, tells how far it came.
 * => BSDVM_EFAULT, EACCES, ERANGE, EIO, ENOMEM; EINVAL: of no window
 */
int bsdvm_read(const void *addr, void *buf, size_t len, size_t *done);
int bsdvm_write(void *addr, const void *buf, size_t len, size_t *done);

/*
 * bsdvm_hold: keep the pages of a range mapped and in memory, so that the
 * kernel, or a device, can use them: for the time of a system call.
 *
 * access  what the kernel does: BSDVM_READ to send, BSDVM_WRITE to receive
 * hold    storage of the caller's, not in a window, until bsdvm_release
 * => as bsdvm_read; BSDVM_EAGAIN: more than may be wired
 */
struct bsdvm_hold {
	void *opaque[8];
};
int bsdvm_hold(void *addr, size_t len, unsigned access, struct bsdvm_hold *);
void bsdvm_release(struct bsdvm_hold *);

/* ---- from space to space ---- */

/*
 * bsdvm_lend: give the pages of a range to a space of the same system as
 * private memory, without copying: both may write, and copy then.  Page
 * aligned.  *at is a hint, or NULL, and tells where it is.
 * => BSDVM_EBUSY: wired; BSDVM_EAGAIN, ENOMEM; others as bsdvm_read
 */
int bsdvm_lend(const void *addr, size_t len, struct bsdvm_space *to, void **at);

enum bsdvm_pass {
	BSDVM_SHARE,  /* both have the same memory from then on */
	BSDVM_COPY,   /* the other has what was there, copied on write */
	BSDVM_DONATE, /* it moves: this one has a hole */
};
/* bsdvm_pass: the same for whole ranges, by their mappings: the cost does not
 * depend on how many pages there are.  => BSDVM_EPERM, EBUSY, ENOMEM, EFAULT */
int bsdvm_pass(void *addr, size_t len, enum bsdvm_pass, struct bsdvm_space *to,
    void **at);

/* ---- objects ---- */

/* Memory that several mappings share; it is gone with the last of them. */
int bsdvm_object_anon(struct bsdvm_system *, struct bsdvm_object **);

/*
 * bsdvm_object_file: a regular file, by a descriptor, which is duplicated.  All
 * objects of a file share its pages.  It is written through the descriptor that
 * made the first of them.  Others who write the file are not noticed.
 */
int bsdvm_object_file(struct bsdvm_system *, int fd, struct bsdvm_object **);

/*
 * A user's pager: pages from anywhere, and dirty ones back.
 *
 * get and put are called with nothing locked and may block.  get runs in the
 * thread whose access faulted, inside its handler of SIGSEGV: it may call what
 * that thread was not in the middle of, so no malloc() if malloc's own memory
 * is of this pager.  put runs in any thread, also that which makes free pages:
 * it must not wait for memory of this system, nor use what is mapped of it.
 * Several calls may be under way at once, for different pages.
 *
 * pages[i] is where page i is now, BSDVM_PAGE_SIZE bytes, only during the call;
 * they need not follow each other.  Bytes past the end of the object are
 * ignored, and read as zeroes.
 */
struct bsdvm_pager {
	/* Fill npages from offset on, at least one: *npages may be lowered.
	 * Which of them is wanted now does not show.  On an error it is asked
	 * for alone; if that fails too, the access ends with SIGBUS. */
	int (*get)(void *arg, uint64_t offset, void *const *pages,
	    size_t *npages);
	/* Store npages.  On an error they stay dirty, and bsdvm_msync says
	 * so.  NULL: shared mappings are for reading, BSDVM_EACCES. */
	int (*put)(void *arg, uint64_t offset, void *const *pages,
	    size_t npages);
	/* What was put shall last.  May be NULL. */
	int (*sync)(void *arg);
	/* No reference and no page is left; in any thread.  May be NULL. */
	void (*close)(void *arg);
};

/*
 * bsdvm_object_pager: so many bytes from a pager.  The struct stays where it
 * is until close.
 */
int bsdvm_object_pager(struct bsdvm_system *, const struct bsdvm_pager *,
    void *arg, uint64_t bytes, struct bsdvm_object **);

/* Mappings keep an object; this is of the caller's own reference.  NULL:
 * nothing.  Dirty pages are written with the last. */
void bsdvm_object_release(struct bsdvm_object *);

/* bsdvm_object_invalidate: forget the pages of a range, dirty or not, also
 * where they are mapped: the store has changed. */
int bsdvm_object_invalidate(struct bsdvm_object *, uint64_t offset,
    uint64_t len);

/* ---- threads and signals ---- */

/*
 * bsdvm_thread_init: a signal stack for this thread, of 256 KB, if it has none
 * as large.  It goes when the thread ends.  => BSDVM_ENOMEM
 */
int bsdvm_thread_init(void);

/*
 * bsdvm_fault: for programs that take SIGSEGV themselves, with SA_SIGINFO,
 * SA_NODEFER and all other signals blocked.  true: it was a fault in a window,
 * and the access may be tried again.  false: it is for the program; *info says
 * what has happened, si_signo may have become SIGBUS.
 *
 * info, ucontext  the second and third argument of the handler
 */
bool bsdvm_fault(void *info, void *ucontext);

#ifdef __cplusplus
}
#endif

#endif
