/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_page.h - resident pages: one struct per frame, and the free ones.
 *
 * A page in use has one owner, a vm_object or a vm_anon, and the owner's lock
 * guards its fields.  A page is busy while its contents are in transit (being
 * read, written, or filled): nobody else may look at them, map or free it.
 * Who meets a busy page sets `wanted`, drops the locks, waits for the page
 * event and looks again; who has no use for it any more says `released`, and
 * whoever ends the transit frees it.
 *
 * The page knows the lock itself, so that the page daemon, which comes to a
 * page by its queue, can take it before it knows the owner (vm_pageq.h).
 *
 *	        vm_page_alloc, _own		   vm_page_busy
 *	free -----------------------> owned, idle <-------------> owned, busy
 *	  ^---------vm_page_free----------'	   vm_page_ready
 *
 * Field letters: (c) constant, (o) owner's lock, (f) free-list locks, (q)
 * lock of the queues, (p) the pmap port's own lock.
 */
#ifndef VM_PAGE_H
#define VM_PAGE_H

#include "base/list.h"
#include "base/rbtree.h"
#include "vm/vm_lock.h"
#include "vm/vm_system.h"
#include "vm/vm_types.h"

struct vm_page;
struct ptab_slot;

/* Where the contents of a page are, or may go, but in memory. */
enum vm_page_store {
	VM_STORE_SWAP,  /* a slot of swap, once it has one */
	VM_STORE_PAGER, /* the owner writes it */
	VM_STORE_NONE,  /* nowhere: the page stays */
};

/* What the page daemon asks of a page's owner.  => its lock held, all of it */
struct vm_page_owner {
	const char *name;
	enum vm_page_store (*store)(const struct vm_page *);

	/* slot: where the page is in swap, or may be put; 0: nowhere yet.
	 * set_slot: it is there; false: no memory to remember it in, which
	 * cannot be with 0.  The slot that it had is the caller's.
	 * place: a reference to the slot that is always this page's as long as
	 * it has this owner, one of a block of so many for pages in a row.
	 * 0: there is none, or others have what was there. */
	vm_slot_t (*slot)(const struct vm_page *);
	bool (*set_slot)(struct vm_page *, vm_slot_t);
	vm_slot_t (
	    *place)(struct vm_system *, struct vm_page *, unsigned block);

	/* The page goes, which is not mapped: its contents are in the store
	 * (evict), or nobody wants them, and its slot goes too (discard). */
	void (*evict)(struct vm_system *, struct vm_page *);
	void (*discard)(struct vm_system *, struct vm_page *);

	/* The page's neighbour in the same owner, so many pages on, if it is
	 * resident; NULL: there are no neighbours. */
	struct vm_page *(*neighbour)(const struct vm_page *, int distance);

	/* read_along: the page, which was, is used now; or goes unused. */
	void (*read_along)(struct vm_page *, bool used);

	/* write: begin to write the page, and what is dirty around it, where
	 * the owner keeps it; how many pages.  Unlocks.  VM_STORE_PAGER. */
	size_t (*write)(struct vm_system *, struct vm_page *);

	/* replace: another page, with the same contents, lock and pindex, takes
	 * the place of one.  Cannot fail. */
	void (*replace)(struct vm_page *old, struct vm_page *new);

	/* hold, unhold: the lock lives on though nothing is locked, while the
	 * page is busy.  unhold gets it from who held, unlocked, and lets go
	 * what has ended but for the page. */
	void (*hold)(struct vm_page *);
	void (*unhold)(struct vm_system *, struct vm_mutex *lock);
};

struct vm_page {
	struct list q;         /* (f) free list, (q) paging queue */
	struct vm_mutex *lock; /* (q) that of the owner; (c) while in use */
	void *owner;           /* (o) object or anon */
	const struct vm_page_owner *owner_ops; /* (o) which of the two */
	vm_pindex_t pindex;                    /* (o) place in the object */
	struct ptab_slot *pv;                  /* (p) mappings of this page */
	union { /* (o) links of its object's page index */
		struct rb_node node;
		struct {
			struct list link;
			struct vm_page *chain; /* (chain) */
		} hash;
	} place;
	uint32_t frame;            /* (c) frame number: pa >> VM_PAGE_SHIFT */
	_Atomic uint8_t pmap_bits; /* (p) modified, referenced */
	_Atomic uint8_t state;     /* (f) VM_PAGE_FREE..., (q) in use */
	_Atomic uint8_t activity;  /* (q) act_count, for policies that count */
	bool zeroed : 1;           /* (f) a free frame that reads as zeroes */
	bool busy : 1;             /* (o) contents in transit */
	bool filling : 1;          /* (o) busy, and has none yet */
	bool wanted : 1;           /* (o) somebody waits for busy to end */
	bool dirty : 1;            /* (o) newer than its backing store */
	bool released : 1;         /* (o) goes when it is no longer busy */
	bool ahead : 1;            /* (o) was read along, and not used yet */
	bool fictitious : 1;       /* (c) a device's frame, never free */
	uint32_t wire_count;       /* (o) wired mappings and other wirings */
	_Atomic uint32_t loans;    /* see vm_page_loan.h */
};

_Static_assert(sizeof(struct vm_page) <= 96, "vm_page is at most 96 bytes");

#define VM_PAGE_CACHES 16 /* of free pages, one for each of some processors */

enum vm_page_state {
	VM_PAGE_FREE,
	VM_PAGE_CACHED, /* free, in the first cache; then those in the others */
	/* and on no queue: wired, a device's, or looked at */
	VM_PAGE_USED = VM_PAGE_CACHED + VM_PAGE_CACHES,
	/* used, and on the queue of */
	VM_PAGE_ACTIVE,
	VM_PAGE_INACTIVE,
	VM_PAGE_LAUNDRY,     /* inactive and dirty */
	VM_PAGE_UNSWAPPABLE, /* dirty, when there was no room in swap */
	VM_PAGE_SPARE,       /* clean and not mapped: as good as free */
	VM_PAGE_STATES
};

/* Frames end here: memory, and that of devices, below 16 TB. */
#define VM_FRAME_MAX ((uint64_t)1 << 32)

static inline paddr_t
vm_page_pa(const struct vm_page *pg)
{
	return (paddr_t)pg->frame << VM_PAGE_SHIFT;
}

static inline bool
vm_page_is_used(const struct vm_page *pg)
{
	return atomic_load_explicit(&pg->state, memory_order_relaxed) >=
	    VM_PAGE_USED;
}

/*
 * vm_page_is_lent: whether somebody has the page who is not its owner, or has
 * no owner any more (vm_page_loan.h).
 */
static inline bool
vm_page_is_lent(const struct vm_page *pg)
{
	return atomic_load_explicit(&pg->loans, memory_order_relaxed) != 0;
}

/*
 * vm_page_is_pinned: whether the page has to stay as it is: it is in transit,
 * wired, lent, or a device's.  Two steps: compilers join them into one load, of
 * what is not the owner's too.  => owner's lock held, or the page is lent
 */
static inline bool
vm_page_is_pinned(const struct vm_page *pg)
{
	if (vm_page_is_lent(pg) || pg->busy || pg->fictitious)
		return true;
	return pg->wire_count != 0;
}

/* Flags of vm_page_alloc. */
#define VM_PAGE_ZERO 1 /* contents must read as zeroes */
/* May take of the emergency reserve, which is for who has just made memory and
 * lost it to others. */
#define VM_PAGE_RESERVE 2

/*
 * vm_page_alloc: a page without owner, neither busy nor wired, dirty because
 * no backing store has it, with no mappings.
 *
 * near    a page whose successor frame is preferred when free, or NULL
 * => does not block; takes the free-list locks
 * => NULL when only the reserve is left
 * Source: UVM uvm_pagealloc; the hint serves ports for which neighbouring
 * frames are cheaper to map.
 */
struct vm_page *vm_page_alloc(struct vm_system *, const struct vm_page *near,
    unsigned flags);

/* Give a page an owner, which has that lock.  => it is held */
static inline void
vm_page_own(struct vm_page *pg, const struct vm_page_owner *ops, void *owner,
    struct vm_mutex *lock, vm_pindex_t pindex)
{
	if (pg->lock != lock)
		pg->lock = lock; /* once, before it is on any queue */
	pg->owner_ops = ops;
	pg->owner = owner;
	pg->pindex = pindex;
}

/* A page that may go to a pager comes (1), or goes or is wired (-1): how many
 * there are is known, sys->file_pages.  => owner's lock held; any page */
void vm_page_count_file(struct vm_system *, const struct vm_page *, int by);

/*
 * vm_page_free_spares: let spare pages be free ones until so many are, or none
 * can be had.  For who was refused a page, as the spare ones have the same
 * owner as the page that he wanted.  => no lock held
 */
void vm_page_free_spares(struct vm_system *, size_t nfree);

/*
 * vm_page_free: back to the free list; one that is lent, when the last loan is
 * returned.
 * => owner's lock held, or the page is reachable by nobody else
 * => no mapping is left, and pmap_update has been called since the last went
 */
void vm_page_free(struct vm_system *, struct vm_page *);

/*
 * vm_page_unmap: take the page out of every pmap, complete on return.
 * vm_page_unshare: out of where it is mapped for private memory that has
 * partners: one of them has another page in its place, and they look again.
 * => owner's lock held
 */
void vm_page_unmap(struct vm_system *, struct vm_page *);
void vm_page_unshare(struct vm_system *, struct vm_page *);

/*
 * vm_page_is_dirty: whether the page is newer than what its store has, as far
 * as processors have told.
 * vm_page_withdraw: the same as vm_page_unmap, after which `dirty` alone says
 * it, since nobody can write to the page any more.
 * => owner's lock held
 */
bool vm_page_is_dirty(const struct vm_system *, struct vm_page *);
void vm_page_withdraw(struct vm_system *, struct vm_page *);

/*
 * vm_page_busy, vm_page_ready: busy begins; ends, and waiters are woken.
 * vm_page_fill: busy begins for a new page, clean, that is to be read.  What
 * is busy otherwise has its contents, and nobody writes to it: it may be read,
 * by who holds the lock.
 * => owner's lock held
 */
static inline void
vm_page_busy(struct vm_system *sys, struct vm_page *pg)
{
	VM_ASSERT(!pg->busy);
	pg->busy = true;
	(void)atomic_fetch_add(&sys->busy_pages, 1);
}

static inline void
vm_page_fill(struct vm_system *sys, struct vm_page *pg)
{
	vm_page_busy(sys, pg);
	pg->filling = true;
	pg->dirty = false;
}
void vm_page_ready(struct vm_system *, struct vm_page *);

/* Whether any page is busy; an event for when one is no longer, and free, if
 * that is what becomes of it. */
bool vm_page_any_busy(const struct vm_system *);
struct vm_event *vm_page_arrival(const struct vm_system *);

/*
 * vm_page_proved: what was read along is used, or it goes and nobody has.
 * => owner's lock held; any page
 */
void vm_page_prove(struct vm_system *, struct vm_page *, bool used);

static inline void
vm_page_proved(struct vm_system *sys, struct vm_page *pg, bool used)
{
	if (VM_UNLIKELY(pg->ahead))
		vm_page_prove(sys, pg, used);
}

/*
 * vm_page_evict: an idle page goes that nobody maps: its contents are where
 * they belong.  Of what was read along it is known now whether it was used.
 * => owner's lock held
 */
void vm_page_evict(struct vm_system *, struct vm_page *);

/*
 * vm_page_want: the count to wait for with vm_page_wait once all locks are
 * dropped.  => owner's lock held, page busy
 * vm_page_event: what it is the count of.
 */
uint32_t vm_page_want(struct vm_system *, struct vm_page *);
struct vm_event *vm_page_event(struct vm_system *, const struct vm_page *);
void vm_page_wait(struct vm_system *, const struct vm_page *, uint32_t seen);

/* Wirings keep a page resident.  => owner's lock held */
void vm_page_wire(struct vm_system *, struct vm_page *);
void vm_page_unwire(struct vm_system *, struct vm_page *);

/* The i-th page of the system, i < vm_page_count(). */
struct vm_page *vm_page_nth(const struct vm_system *, size_t i);
size_t vm_page_count(const struct vm_system *);
size_t vm_page_free_count(const struct vm_system *);
size_t vm_page_reserve(const struct vm_system *);
size_t vm_page_wired_count(const struct vm_system *);

/*
 * vm_page_shortage: an event that is signalled when a page is taken and no
 * more than `low` are left; vm_page_set_low: how many, at first none.
 */
struct vm_event *vm_page_shortage(const struct vm_system *);
void vm_page_set_low(struct vm_system *, size_t low);

/*
 * vm_page_copy: copy the contents of a frame; counted.
 * => `to` is mapped nowhere.  Who may write to `from` meanwhile gets a copy of
 *    some moment: the caller has seen to it that nobody may who must not
 */
void vm_page_copy(struct vm_system *, struct vm_page *from, struct vm_page *to);

int vm_page_init(struct vm_system *);
void vm_page_fini(struct vm_system *);
/* vm_check's part: free counts and states agree.  => nobody else runs */
void vm_page_check(const struct vm_system *);

#endif
