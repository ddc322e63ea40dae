/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_object.h - memory objects: pages by index, and where they come from.
 * Public: user pagers are made with it.
 *
 * An object is something that can be mapped: a file, shared anonymous memory,
 * the frames of a device.  It holds its resident pages in an index and
 * has a pager, a struct of functions that moves pages between frames and the
 * backing store.
 *
 *	vm_map_entry --> vm_object --> vm_pageindex --> vm_page
 *			    `--> vm_pager_ops, pager
 *
 * An object lives while it has references.  One whose pager says `cache`
 * lives on after the last, with its pages, until it is found again by its
 * key, or has lost them, or there are too many such objects.  When others end
 * what is left of them are pages on their way to or from swap, or from a store
 * while nobody waits, until those have arrived.
 *
 * The object's lock guards its pages and comes after that of the map and of
 * an amap, before those of the free list and the pmap.
 */
#ifndef VM_OBJECT_H
#define VM_OBJECT_H

#include "base/fmt.h"
#include "base/list.h"
#include "vm/vm_io.h"
#include "vm/vm_lock.h"
#include "vm/vm_pageindex.h"
#include "vm/vm_read.h"
#include "vm/vm_readahead.h"
#include "vm/vm_swapin.h"
#include "vm/vm_swapmap.h"
#include "vm/vm_system.h"
#include "vm/vm_types.h"

struct vm_object;
struct vm_page;

/*
 * What a pager does.  get, put and sync are called with no lock held and may
 * block; the pages are busy, consecutive from pindex, at most VM_CLUSTER_MAX.
 * Sources: 4.4BSD vm_pager.h, UVM uvm_pager.h; get_start is get without
 * PGO_SYNCIO there, and FreeBSD's getpages_async.
 */
struct vm_pager_ops {
	const char *name;

	/*
	 * get: fill the pages; bytes past the end of the store are zeroes.
	 * VM_ERANGE when the first page lies past the end altogether (later
	 * ones: *npages is lowered), VM_EIO when reading failed.
	 * NULL: pages begin as zeroes and there is nothing to read.
	 */
	int (*get)(struct vm_object *, vm_pindex_t pindex,
	    struct vm_page *const *pages, unsigned *npages);

	/*
	 * get_start: as get, but begin to fill io->npages pages, and say
	 * vm_io_done() when it has ended: before get_start returns, or later,
	 * from any thread.  It may use the other members of *io until then;
	 * from then on the object and the pager may be gone, if nobody has a
	 * reference.  Of io->len, which is all of them before, it leaves how
	 * many bytes there were, none being VM_ERANGE: what comes behind these
	 * is made zeroes, or goes, by who has asked.
	 * NULL: get is called, and waited for.
	 */
	void (*get_start)(struct vm_object *, vm_pindex_t pindex,
	    struct vm_page *const *pages, struct vm_io *io);

	/*
	 * put: begin to write io->npages pages to the store, and say
	 * vm_io_done() when it has ended: before put returns, or later, from
	 * any thread; put may use the other members of *io until then.
	 * VM_ERANGE: the store is shorter now (or io->npages was lowered: it
	 * ends there); the pages are lost as they would be without us.  Any
	 * other error: they stay dirty, and the next flush of the object that
	 * somebody asks for says VM_EIO.  NULL: pages cannot be cleaned.
	 */
	void (*put)(struct vm_object *, vm_pindex_t pindex,
	    struct vm_page *const *pages, struct vm_io *io);

	/* sync: what has been written shall last.  0 or an error.  NULL: it
	 * does as it is, or cannot. */
	int (*sync)(void *pager);

	/*
	 * punch: the store's bytes of these pages are zeroes from now on.
	 * VM_EINVAL: it cannot do that.  NULL: nor can any of its kind, or
	 * there is no store (get is NULL, too).
	 */
	int (*punch)(void *pager, vm_pindex_t pindex, vm_pindex_t npages);

	/* destroy: the object is gone, so may the pager.  With `swap`, and
	 * with get_start, from any thread.  May be NULL. */
	void (*destroy)(struct vm_system *, void *pager);

	/* describe: put a name of the store, for dumps.  May be NULL. */
	void (*describe)(void *pager, const struct fmt_out *);

	/* cache: the object outlives its last reference. */
	bool cache;
	/* swap: what get would have to read is in swap, if anywhere; then it
	 * and put are NULL. */
	bool swap;
};

/* What two mappings of the same thing have in common; 0,0: no key. */
struct vm_object_key {
	uint64_t device, inode;
};

struct vm_object {
	struct vm_mutex *lock; /* (c) its own, or that of relatives */
	struct vm_mutex own_lock;
	struct vm_system *sys;          /* (c) */
	const struct vm_pager_ops *ops; /* (c) */
	void *pager;                    /* (c) the pager's own */
	struct vm_object_key key;       /* (c) */
	_Atomic uint32_t refs;          /* (a); 0 -> 1 under the cache lock */
	struct vm_pageindex pages;      /* (lock) */
	vm_pindex_t npages;             /* (lock) resident */
	vm_pindex_t charged;     /* (lock) pages that are promised, from 0 on */
	struct vm_swapmap swap;  /* (lock) what is in swap, without a store */
	struct vm_reader reader; /* (lock) */
	struct {                 /* (lock) what has been read of a store */
		vm_pindex_t end; /* nothing from here on, */
		vm_pindex_t new; /* and so much below it was not, at most */
	} seen;
	unsigned writing;   /* (lock) requests to write under way */
	bool unsynced;      /* (lock) written since the last sync */
	bool dying;         /* (lock) goes with the last of its pages */
	int error;          /* (lock) last failed write, for msync */
	struct list link;   /* (objects lock) all objects */
	struct list chain;  /* (objects lock) those of like key */
	struct list cached; /* (objects lock) unreferenced, LRU */
			    /* (dead_lock) dying, without pages */
};

/* Answers of vm_object_resolve and of vm_cow_ops.resolve. */
enum vm_verdict {
	VM_RESOLVE_OK,     /* the page is there and may be mapped */
	VM_RESOLVE_IO,     /* pages were allocated busy: vm_object_read them */
	VM_RESOLVE_BUSY,   /* wait for the page, then ask again */
	VM_RESOLVE_NOMEM,  /* no page to be had now */
	VM_RESOLVE_SETTLE, /* clear needs-copy (map write-locked), ask again */
	VM_RESOLVE_ABSENT, /* not without going further than was asked for */
};

/*
 * vm_object_create: a new object with one reference, and with the page index
 * that the system prefers (sys->pageindex).  _indexed: with another one, as
 * the design of a space says for what is made for it.
 * => does not block        => NULL: no memory of the host
 */
struct vm_object *vm_object_create(struct vm_system *,
    const struct vm_pager_ops *, void *pager);
struct vm_object *vm_object_create_indexed(struct vm_system *,
    const struct vm_pageindex_ops *, const struct vm_pager_ops *, void *pager);

/*
 * vm_object_create_under: as _indexed, with a lock that it shares with others
 * and that outlives it.
 */
struct vm_object *vm_object_create_under(struct vm_system *,
    const struct vm_pageindex_ops *, const struct vm_pager_ops *, void *pager,
    struct vm_mutex *lock);

/*
 * vm_object_charge: pages up to `end` of anonymous memory may be used; they are
 * charged until the object goes, if such memory is (vm_system_overcommit).
 * => no lock of an object held; does not block     => VM_ENOMEM
 */
int vm_object_charge(struct vm_object *, vm_pindex_t end);

/*
 * vm_object_find: the object of a key with one more reference, or NULL.
 * vm_object_create_keyed: the object of a key, found or new; *made tells
 * which.  A pager passed for an object that was found is not used.
 */
struct vm_object *vm_object_find(struct vm_system *, struct vm_object_key);
struct vm_object *vm_object_create_keyed(struct vm_system *,
    const struct vm_pager_ops *, void *pager, struct vm_object_key, bool *made);

void vm_object_ref(struct vm_object *);

/*
 * vm_object_unref: one reference less; with the last, dirty pages are
 * written and the object is destroyed or cached.  A cached one lives while it
 * is written, and keeps what could not be for another try.
 * => no lock held; blocks for what is written to a store, for a cached one
 *    only while that is much
 */
void vm_object_unref(struct vm_object *);

static inline void
vm_object_lock(struct vm_object *obj)
{
	vm_mutex_lock(obj->lock);
}

static inline void
vm_object_unlock(struct vm_object *obj)
{
	vm_mutex_unlock(obj->lock);
}

/* The resident page at an index, busy or not; NULL.  => locked */
static inline struct vm_page *
vm_object_lookup(const struct vm_object *obj, vm_pindex_t pindex)
{
	return obj->pages.ops->lookup(&obj->pages, pindex);
}

/* The first page at or after an index, which is set to its; NULL: none.
 * => locked */
static inline struct vm_page *
vm_object_next(struct vm_object *obj, vm_pindex_t *pindex)
{
	return obj->pages.ops->next(&obj->pages, pindex);
}

/* Whether there is a page at an index, in memory or in swap; one that is freed
 * as soon as it is idle, too: its place is taken.  => locked */
static inline bool
vm_object_has(const struct vm_object *obj, vm_pindex_t pindex)
{
	return vm_object_lookup(obj, pindex) != NULL ||
	    vm_swapmap_at(&obj->swap, pindex) != 0;
}

/* The first index at or after *pindex, to which it is set, that has a page, in
 * memory or in swap, and keeps it; false: none.  => locked */
bool vm_object_next_place(struct vm_object *, vm_pindex_t *pindex);

/* What a caller of vm_object_resolve is ready for, and what it gets. */
struct vm_object_want {
	bool make;                  /* make a page that begins as zeroes */
	bool io;                    /* begin to read a page that is in store */
	enum vm_advice advice;      /* decides how far to read ahead */
	vm_pindex_t first, limit;   /* read nothing outside of [first, limit) */
	struct vm_read *read;       /* where an IO verdict leaves its run */
	const struct vm_page *near; /* a frame to be next to, or NULL */
	unsigned page_flags;        /* VM_PAGE_RESERVE, or 0 */
	struct vm_page *page; /* out: the page (OK), the busy one (BUSY) */
	uint32_t seen;        /* out: for vm_page_wait (BUSY) */
	bool zeroed;          /* out: the page was made now, of zeroes */
};

/*
 * vm_object_resolve: find page pindex, or begin to get it as far as asked.
 * => locked; does not block
 * => ABSENT: neither make nor io were asked for and would be needed
 * => IO: want->read holds busy pages, and a reference to the object when it
 *    has a store; the caller drops every lock and has them read (vm_read.h)
 */
enum vm_verdict vm_object_resolve(struct vm_object *, vm_pindex_t pindex,
    struct vm_object_want *);

/* Whether what is read for it has to be waited for: its pager cannot but. */
static inline bool
vm_object_is_waited_for(const struct vm_object *obj)
{
	return obj->ops->get != NULL && obj->ops->get_start == NULL;
}

/*
 * vm_object_wants: vm_reader_wants, of who reads the object, unless that is
 * waited for.  => locked
 */
struct vm_wants vm_object_wants(const struct vm_object *, vm_pindex_t);

/*
 * vm_object_read: have the pager fill a run made by vm_object_resolve.
 * => no lock held; blocks; the run's reference is dropped
 * => 0; VM_ERANGE, VM_EIO: the pages are free again
 */
int vm_object_read(struct vm_read *);

/*
 * vm_object_read_start: the same, while the caller does something else.
 * => no lock held; waits only for a pager without get_start.  May have ended on
 *    return
 */
void vm_object_read_start(struct vm_reading *);

/*
 * vm_object_read_ahead: begin to read [start, end) from the store, in one
 * request and for nobody in particular: up to the first page that is resident,
 * and as far as there is memory.  How long it is worth to be, and whether there
 * is memory to spare, the caller knows.
 *
 * => no lock held, a reference of the caller's; has a store.  Waits only for a
 *    pager without get_start, or if the host has no memory to begin it
 * => 0: it has begun, or `start` is resident; VM_ENOMEM: no page to be had;
 *    the error of a read that has ended already
 */
int vm_object_read_ahead(struct vm_object *, vm_pindex_t start,
    vm_pindex_t end);

/*
 * vm_object_flush: write the dirty pages of [start, end) back, in clusters,
 * and wait until what is under way there has ended.
 * _begin: begin to, and do not wait.
 * vm_object_sync: flush, and have the store keep it for good if it can.
 * => no lock held; blocks, _begin only while much is being written
 * => 0, or the error of this (_begin: not of this) or an earlier failed
 *    write, which is thereby reported; pages that failed stay dirty
 */
int vm_object_flush(struct vm_object *, vm_pindex_t start, vm_pindex_t end);
int vm_object_flush_begin(struct vm_object *, vm_pindex_t start,
    vm_pindex_t end);
int vm_object_sync(struct vm_object *, vm_pindex_t start, vm_pindex_t end);

/*
 * vm_object_toss: forget the pages of [start, end), dirty or not, out of
 * every map.  For truncation, and for stores that changed behind our back.
 * => no lock held; waits for busy pages
 */
void vm_object_toss(struct vm_object *, vm_pindex_t start, vm_pindex_t end);

/*
 * vm_object_truncate: the store has become so many bytes long: forget the
 * pages behind its end, and make the rest of its last page zeroes.  Faults
 * there find the end, also those that are waiting.
 * => as vm_object_toss
 */
void vm_object_truncate(struct vm_object *, uint64_t bytes);

/*
 * vm_object_punch: make [start, end) zeroes, in the store and for all who map
 * it.  Who writes there at the same time may or may not be too late.
 * => no lock held; blocks
 * => 0; VM_EINVAL: the store cannot do it; else what the pager says
 */
int vm_object_punch(struct vm_object *, vm_pindex_t start, vm_pindex_t end);

/*
 * vm_object_claim: the page at an index, if it is resident, for who is about to
 * change its bytes behind all mappings: it is idle, and nobody has it on loan
 * (who has keeps what it was, unless there is no memory for a copy at all).
 * => locked; the object may be unlocked meanwhile      => NULL: not resident
 */
struct vm_page *vm_object_claim(struct vm_object *, vm_pindex_t);

/*
 * vm_object_invalidate: forget the clean pages of [start, end) that are not
 * wired, so that they are read again.  => as vm_object_toss
 */
void vm_object_invalidate(struct vm_object *, vm_pindex_t start,
    vm_pindex_t end);

/* Put a page given by a device's pager into the object. => locked
 * => VM_ENOMEM */
int vm_object_insert(struct vm_object *, struct vm_page *, vm_pindex_t);

/*
 * vm_object_grab: a new page at an index that has none; near and flags as in
 * vm_page_alloc.  => locked    => NULL: no page, no memory
 */
struct vm_page *vm_object_grab(struct vm_object *, vm_pindex_t,
    const struct vm_page *near, unsigned flags);

/*
 * vm_object_move: take what is at an index, in memory, in swap or in both, over
 * into another object under the same lock, at an index that has nothing.
 * Mappings stay.  A page may be busy: its slot comes with it, so that the end
 * of the transfer finds both.
 * => locked     => VM_ENOMEM: nothing has changed
 */
int vm_object_move(struct vm_object *from, vm_pindex_t, struct vm_object *to,
    vm_pindex_t);

/*
 * vm_object_copy: the other object, under the same lock, gets a copy of what
 * is there, busy or not, at an index where it has nothing.  What is in swap, or
 * is being read from there, is copied by a reference to its slot.
 * => locked     => VM_ENOMEM: nothing has changed
 */
int vm_object_copy(struct vm_object *from, vm_pindex_t, struct vm_object *to,
    vm_pindex_t);

/*
 * vm_object_free: forget what is in [start, end), in memory and in swap, out
 * of every map; a busy page goes when it is idle.
 * => locked
 */
void vm_object_free(struct vm_object *, vm_pindex_t start, vm_pindex_t end);

/*
 * vm_object_cache_limit: keep at most n objects without references, the least
 * recently used going first, with their pages; SIZE_MAX, at first: as many as
 * memory has room for.  What cannot be written, or is being read, stays above
 * the limit.
 * => no lock held; may block        Source: 4.4BSD vm_cache_max.
 */
void vm_object_cache_limit(struct vm_system *, size_t n);

/*
 * vm_object_reclaim: free npages of cached objects, those of the oldest first,
 * which goes when it has none left.  For who wants to be rid of them; when
 * memory is short the page daemon takes pages wherever nobody uses them.
 *
 * An object none of whose pages can be freed goes all the same: what cannot be
 * written is lost; with what is being read it goes when that has arrived, and
 * its pager then, by any thread.
 * => no lock held, no busy page of the caller's; may block
 * => how many came free
 */
size_t vm_object_reclaim(struct vm_system *, size_t npages);

/* What vm_page.owner_ops is of a page that an object owns. */
extern const struct vm_page_owner vm_object_owner;

typedef void vm_object_fn(struct vm_object *, void *arg);
/* Call fn for each object, cached and dying ones too.  => fn must not block */
void vm_object_foreach(struct vm_system *, vm_object_fn *, void *arg);

/*
 * vm_object_recall: what objects have on a device that is to go, one after the
 * other, but for those that are locked by others.
 * => no lock held; does not block
 */
enum vm_recalled vm_object_recall(struct vm_recall *);
/* Of one.  => locked */
enum vm_recalled vm_object_recall_from(struct vm_object *, struct vm_recall *);

/* Bytes of the objects there are, without pagers and page indexes. */
size_t vm_object_bytes(struct vm_system *);

int vm_object_init(struct vm_system *);
void vm_object_fini(struct vm_system *);
void vm_object_check(struct vm_object *);

#endif
